/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes memory as fast as it can, and holds it: hog WAY SECONDS. The ways:
 *
 *     grow    its own linear memory, by malloc
 *     map     the same by mmap
 *     files   files of /tmp and /dev/shm that have no name, and a memfd
 *     pipes   full pipes, and full sockets
 *     bomb    children without end, each of which grows
 *
 * When it gets no more it says so once, and asks again until it is killed or the
 * time is over. Two more are for who tests: `hog pause SECONDS`, and `hog take MB`,
 * which must get so much.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MB ((size_t)1 << 20)
#define FDS 1000

static time_t end;
static bool said;

/* Refused: says so once. */
static void
refused(const char *what, size_t bytes)
{
    if (!said)
        printf("refused: %s after %zu MB: %s\n", what, bytes / MB,
               strerror(errno));
    fflush(stdout);
    said = true;
    usleep(1000);
}

static void
grow(bool map)
{
    size_t step = MB, have = 0;

    while (time(NULL) < end) {
        char *p = map ? mmap(NULL, step, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                      : malloc(step);

        if (p && p != MAP_FAILED) {
            memset(p, 0x55, step);
            have += step;
        } else if (step > 4096) {
            step /= 2;
        } else {
            refused(map ? "mmap" : "malloc", have);
        }
    }
}

/* As much as goes into it; how much. */
static size_t
fill(int fd)
{
    static char block[1 << 16];
    size_t have = 0;
    ssize_t n;

    memset(block, 0x55, sizeof block);
    while (time(NULL) < end && (n = write(fd, block, sizeof block)) > 0)
        have += (size_t)n;
    return have;
}

static int
unnamed(const char *dir)
{
    char name[64];
    int fd;

    snprintf(name, sizeof name, "%s/hog.%d", dir, (int)getpid());
    fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);
    unlink(name);
    return fd;
}

static void
files(void)
{
    int fds[] = {unnamed("/tmp"), unnamed("/dev/shm"), memfd_create("hog", 0)};
    size_t have = 0;

    while (time(NULL) < end) {
        for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
            have += fill(fds[i]);
        refused("files", have);
    }
}

static void
pipes(void)
{
    size_t have = 0;
    int fds[2];

    for (int n = 0; n < FDS && time(NULL) < end; n += 2) {
        if (n & 2 ? pipe2(fds, O_NONBLOCK) < 0
                  : socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) <
                        0)
            break;
        have += fill(fds[1]);
    }
    while (time(NULL) < end)
        refused("pipes", have);
}

static void
bomb(void)
{
    while (time(NULL) < end) {
        pid_t child = fork();

        if (child == 0) {
            said = true;
            grow(false);
            _exit(0);
        }
        if (child < 0)
            refused("fork", 0);
    }
    while (wait(NULL) > 0)
        continue;
}

static int
take(size_t megabytes)
{
    char *p = malloc(megabytes * MB);

    if (p)
        memset(p, 0x55, megabytes * MB);
    puts(p ? "taken" : "not taken");
    return !p;
}

int
main(int argc, char **argv)
{
    const char *way = argc > 2 ? argv[1] : "";
    int n = argc > 2 ? atoi(argv[2]) : 0;

    signal(SIGPIPE, SIG_IGN);
    end = time(NULL) + n;
    if (strcmp(way, "grow") == 0 || strcmp(way, "map") == 0)
        grow(*way == 'm');
    else if (strcmp(way, "files") == 0)
        files();
    else if (strcmp(way, "pipes") == 0)
        pipes();
    else if (strcmp(way, "bomb") == 0)
        bomb();
    else if (strcmp(way, "pause") == 0)
        sleep((unsigned)n);
    else if (strcmp(way, "take") == 0)
        return take((size_t)n);
    else
        return 2;
    return 0;
}
