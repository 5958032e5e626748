/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sleepers [N]: N processes that sleep at the same time. Says how long it took
 * to start them all and to see them all end, then waits for a line on standard
 * input with all of them alive in between if HOLD is set, so that the host can
 * measure what they weigh. Builds on any Unix.
 */
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

extern char **environ;

int
main(int argc, char **argv)
{
    long n = argc > 1 ? atol(argv[1]) : 1000;
    char *child[] = {argv[0], "-", NULL};
    pid_t *pids = calloc((size_t)n + 1, sizeof *pids);
    int64_t start = bench_ns();
    char line[8];

    if (argc == 2 && strcmp(argv[1], "-") == 0) {
        sleep(3600);
        return 0;
    }
    for (long i = 0; i < n; i++)
        if (posix_spawn(&pids[i], argv[0], NULL, NULL, child, environ) != 0) {
            fprintf(stderr, "sleepers: only %ld started\n", i);
            n = i;
        }
    bench_say("started", (double)n, "processes");
    bench_say("start", (double)(bench_ns() - start) / (double)n / 1000,
              "us each");
    fflush(stdout);
    if (getenv("HOLD"))
        (void)!read(0, line, sizeof line);
    start = bench_ns();
    for (long i = 0; i < n; i++)
        kill(pids[i], SIGKILL);
    for (long i = 0; i < n; i++)
        waitpid(pids[i], NULL, 0);
    bench_say("end", (double)(bench_ns() - start) / (double)n / 1000,
              "us each");
    return 0;
}
