/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure RUNS COMMAND [ARGS...]: run a command RUNS times and print the
 * medians as `cpu_seconds wall_seconds max_rss_kb`, where cpu is user + system
 * time of the whole process tree that it waited for. Its output is dropped. A
 * command that fails ends the measurement with its exit code.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double
seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

int
main(int argc, char **argv)
{
    enum { MAX_RUNS = 101 };
    double cpu[MAX_RUNS], wall[MAX_RUNS], rss[MAX_RUNS];
    int runs = argc > 2 ? atoi(argv[1]) : 0;

    if (runs < 1 || runs > MAX_RUNS) {
        fprintf(stderr, "usage: measure RUNS COMMAND [ARGS...]\n");
        return 2;
    }
    for (int i = 0; i < runs; i++) {
        struct timespec a, b;
        struct rusage u;
        int status;

        clock_gettime(CLOCK_MONOTONIC, &a);
        pid_t pid = fork();
        if (pid == 0) {
            int null = open("/dev/null", O_RDWR);
            dup2(null, 0);
            dup2(null, 1);
            execvp(argv[2], argv + 2);
            _exit(127);
        }
        if (pid < 0 || wait4(pid, &status, 0, &u) < 0) {
            perror("measure");
            return 1;
        }
        clock_gettime(CLOCK_MONOTONIC, &b);
        if (!WIFEXITED(status) || WEXITSTATUS(status))
            return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        cpu[i] = seconds(u.ru_utime) + seconds(u.ru_stime);
        wall[i] = (double)(b.tv_sec - a.tv_sec) +
                  (double)(b.tv_nsec - a.tv_nsec) * 1e-9;
        rss[i] = (double)u.ru_maxrss;
    }
    qsort(cpu, (size_t)runs, sizeof *cpu, compare);
    qsort(wall, (size_t)runs, sizeof *wall, compare);
    qsort(rss, (size_t)runs, sizeof *rss, compare);
    printf("%.4f %.4f %.0f\n", cpu[runs / 2], wall[runs / 2], rss[runs / 2]);
    return 0;
}
