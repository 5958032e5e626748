/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawnwait [N [PROGRAM]]: start a program and wait for its end, N times; the
 * program is this one again (which ends at once) unless another is named.
 * Builds on any Unix.
 */
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "bench.h"

extern char **environ;

int
main(int argc, char **argv)
{
    long n = argc > 1 ? atol(argv[1]) : 2000;
    const char *program = argc > 2 ? argv[2] : argv[0];
    char *child[] = {(char *)program, "-", NULL};
    int64_t start;

    if (argc == 2 && strcmp(argv[1], "-") == 0)
        return 0;
    start = bench_ns();
    for (long i = 0; i < n; i++) {
        pid_t pid;
        int status;

        if (posix_spawn(&pid, program, NULL, NULL, child, environ) != 0 ||
            waitpid(pid, &status, 0) != pid || status != 0) {
            fprintf(stderr, "spawnwait: cannot run %s\n", program);
            return 1;
        }
    }
    bench_say("spawn and wait", (double)(bench_ns() - start) / (double)n / 1000,
              "us");
    return 0;
}
