/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goes to a limit of its, the one that its app's name says, and tells how far it
 * came.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int depth;

/* Not a loop, and nothing of it on the C stack. */
static void __attribute__((noinline))
tell(int n)
{
    printf("depth %d\n", n);
}

static int __attribute__((noinline))
down(int n)
{
    int r;

    if (n % 100 == 0)
        tell(n);
    if (n > 1000000)
        return n;
    r = down(n + 1);
    depth = n;
    return r;
}

static void
disk(void)
{
    char page[4096] = "";
    long n = 0;
    int fd = open("file", O_CREAT | O_WRONLY | O_TRUNC, 0600);

    while (n < 1000 && write(fd, page, sizeof page) == sizeof page)
        n++;
    printf("disk %ld KB: %s\n", n * 4, strerror(errno));
    unlink("file");
    close(fd);
    fd = open("file", O_CREAT | O_WRONLY, 0600);
    printf("again: %s\n", write(fd, page, sizeof page) > 0 ? "room" : "none");
}

static void
files(void)
{
    int n = 3;

    while (n < 1000 && dup(0) >= 0)
        n++;
    printf("files %d: %s\n", n, strerror(errno));
}

static void
flood(const char *to)
{
    for (long n = 0;; n++)
        printf("@%s: %ld\n", to, n);
}

static void
kills(void)
{
    int done = 0, refused = 0;

    for (int pid = 1; pid < 200; pid++)
        if (pid != getpid()) {
            done += kill(pid, SIGKILL) == 0;
            refused += errno == EPERM;
        }
    printf("killed %s, refused %s\n", done ? "some" : "none",
           refused ? "some" : "none");
}

int
main(void)
{
    const char *what = getenv("PITH_APP");
    volatile unsigned n = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(what, "depth") == 0)
        printf("%d\n", down(1));
    else if (strcmp(what, "disk") == 0)
        disk();
    else if (strcmp(what, "files") == 0)
        files();
    else if (strcmp(what, "slow-talk") == 0 || strcmp(what, "fast-talk") == 0)
        flood("sink");
    else if (strncmp(what, "kill", 4) == 0)
        kills();
    else
        for (;;)
            n++; /* cpu, fuel */
    for (;;)
        pause();
}
