/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a little of everything, for ever: asks the app that its argument names
 * and waits for the answer, writes, renames and removes files, starts itself
 * and waits for the end, makes pipes and sockets, tries what it may not, prints.
 * Once in a while it crashes (every 12 s, so that it is not given up).
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CRASH_SECONDS 12

static char line[4096];

static void
files(int n)
{
    char name[32];
    int fd;

    snprintf(name, sizeof name, "f%d", n % 8);
    fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0600);
    if (fd < 0 || write(fd, line, sizeof line) != sizeof line)
        abort();
    close(fd);
    if (n % 3 == 0 && rename(name, "kept") < 0)
        abort();
    if (n % 3 == 1 && unlink(name) < 0)
        abort();
}

static void
child(const char *self)
{
    char path[128], *argv[] = {(char *)self, NULL}, *env[] = {NULL};
    pid_t pid;

    snprintf(path, sizeof path, "/apps/%s/load.wasm", getenv("PITH_APP"));
    if (posix_spawn(&pid, path, NULL, NULL, argv, env) == 0)
        waitpid(pid, NULL, 0);
}

static void
descriptors(void)
{
    int p[2], s[2];

    if (pipe(p) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, s) < 0)
        abort();
    write(s[0], "x", 1);
    close(p[0]), close(p[1]), close(s[0]), close(s[1]);
}

int
main(int argc, char **argv)
{
    struct timespec nap = {0, 20000000};
    time_t start = time(NULL);

    if (argc < 3)
        return 0; /* a child */
    if (chdir(argv[2]) < 0)
        abort();
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("@supervisor: ready\n");
    for (int n = 0; time(NULL) - start < CRASH_SECONDS; n++) {
        printf("@%s: number %d\n", argv[1], n);
        if (!fgets(line, sizeof line, stdin))
            return 0;
        files(n);
        descriptors();
        if (n % 10 == 0)
            child(argv[0]);
        if (n % 20 == 0) {
            printf("round %d: %s", n, line);
            close(open("/etc/shadow", O_RDONLY));
        }
        nanosleep(&nap, NULL);
    }
    abort();
}
