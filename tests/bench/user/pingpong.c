/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pingpong [N]: a byte to and fro between two processes over two pipes, and
 * how fast one pipe moves 64 KiB blocks. The other process is this program
 * again, started with posix_spawn. Builds on any Unix.
 */
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

extern char **environ;

static char block[65536];

/* descriptor 0 in, 1 out */
static int
echo_bytes(void)
{
    char b;

    while (read(0, &b, 1) == 1)
        if (write(1, &b, 1) != 1)
            return 1;
    return 0;
}

static int
swallow(void)
{
    ssize_t n;

    while ((n = read(0, block, sizeof block)) > 0)
        ;
    return n < 0;
}

static pid_t
start(const char *self, const char *part, int in, int out, int unused)
{
    char *argv[] = {(char *)self, (char *)part, NULL};
    posix_spawn_file_actions_t fa;
    pid_t pid = -1;

    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, in, 0);
    if (out >= 0)
        posix_spawn_file_actions_adddup2(&fa, out, 1);
    posix_spawn_file_actions_addclose(&fa, unused);
    if (posix_spawn(&pid, self, &fa, NULL, argv, environ) != 0) {
        fprintf(stderr, "pingpong: cannot start %s again\n", self);
        exit(1);
    }
    posix_spawn_file_actions_destroy(&fa);
    return pid;
}

static void
ping(const char *self, long n)
{
    int there[2], back[2];
    int64_t begun;
    char b = 'x';
    pid_t pid;

    if (pipe(there) < 0 || pipe(back) < 0)
        exit(1);
    pid = start(self, "echo", there[0], back[1], there[1]);
    close(there[0]);
    close(back[1]);
    begun = bench_ns();
    for (long i = 0; i < n; i++)
        if (write(there[1], &b, 1) != 1 || read(back[0], &b, 1) != 1)
            exit(1);
    bench_say("round trip", (double)(bench_ns() - begun) / (double)n / 1000,
              "us");
    close(there[1]);
    close(back[0]);
    waitpid(pid, NULL, 0);
}

static void
stream(const char *self, long blocks)
{
    int p[2];
    int64_t begun;
    pid_t pid;
    double seconds;

    if (pipe(p) < 0)
        exit(1);
    pid = start(self, "swallow", p[0], -1, p[1]);
    close(p[0]);
    begun = bench_ns();
    for (long i = 0; i < blocks; i++)
        for (size_t done = 0; done < sizeof block;) {
            ssize_t k = write(p[1], block + done, sizeof block - done);

            if (k <= 0)
                exit(1);
            done += (size_t)k;
        }
    close(p[1]);
    waitpid(pid, NULL, 0);
    seconds = (double)(bench_ns() - begun) / 1e9;
    bench_say("throughput", (double)blocks * sizeof block / seconds / 1e6,
              "MB/s");
}

int
main(int argc, char **argv)
{
    long n = argc > 1 ? atol(argv[1]) : 100000;

    if (argc > 1 && strcmp(argv[1], "echo") == 0)
        return echo_bytes();
    if (argc > 1 && strcmp(argv[1], "swallow") == 0)
        return swallow();
    ping(argv[0], n);
    stream(argv[0], n / 25 + 1);
    return 0;
}
