/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel costs: null system call, spawn and wait, ping-pong over two
 * pipes, and how many sleeping processes fit. bench WHAT [N]
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
__attribute__((import_module("pith"), import_name("getpid"))) int
raw_getpid(void);
__attribute__((import_module("pith"), import_name("getppid"))) int
raw_getppid(void);
__attribute__((import_module("pith"), import_name("sched_yield"))) int
raw_yield(void);

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void
null_call(int n)
{
    double a = now(), b, c;
    int i;

    for (i = 0; i < n; i++)
        raw_getpid();
    b = now();
    for (i = 0; i < n; i++)
        raw_getppid();
    c = now();
    printf("null system call: %.1f ns, with the kernel lock: %.1f ns\n",
           (b - a) / n, (c - b) / n);
}

static pid_t
start(const char *path, char *const *argv)
{
    pid_t pid;
    int r = posix_spawn(&pid, path, NULL, NULL, argv, environ);

    if (r) {
        fprintf(stderr, "spawn: %s\n", strerror(r));
        exit(1);
    }
    return pid;
}

static void
spawns(int n, const char *path)
{
    char *argv[] = {(char *)path, NULL};
    double a = now();
    int i;

    for (i = 0; i < n; i++)
        waitpid(start(path, argv), NULL, 0);
    printf("spawn and wait: %.1f us\n", (now() - a) / n / 1e3);
}

static void
echo(int n)
{
    char c;

    while (n-- && read(0, &c, 1) == 1)
        write(1, &c, 1);
}

static void
ping_pong(int n, char *self)
{
    posix_spawn_file_actions_t fa;
    int to[2], from[2], i;
    char count[16], c = 'x';
    char *argv[] = {self, "echo", count, NULL};
    double a;
    pid_t pid;

    snprintf(count, sizeof count, "%d", n + 1);
    if (pipe(to) || pipe(from))
        exit(1);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, to[0], 0);
    posix_spawn_file_actions_adddup2(&fa, from[1], 1);
    if (posix_spawn(&pid, self, &fa, NULL, argv, environ))
        exit(1);
    for (i = -1, a = 0; i < n; i++) {
        if (i == 0)
            a = now();
        write(to[1], &c, 1);
        read(from[0], &c, 1);
    }
    printf("ping-pong over pipes: %.2f us a round trip\n",
           (now() - a) / n / 1e3);
    waitpid(pid, NULL, 0);
}

static void
sleepers(int n, const char *path)
{
    char *argv[] = {(char *)path, "sleep", NULL};
    double a = now();
    int i;

    for (i = 0; i < n; i++)
        start(path, argv);
    printf("%d sleeping processes, started in %.0f ms\n", n,
           (now() - a) / 1e6);
    fflush(stdout);
    getchar(); /* whoever measures says when it is done */
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
    while (wait(NULL) > 0)
        continue;
}

int
main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    int n = argc > 2 ? atoi(argv[2]) : 0;

    if (!strcmp(what, "null"))
        null_call(n ? n : 5000000);
    else if (!strcmp(what, "spawn") && argc > 3)
        spawns(n ? n : 2000, argv[3]);
    else if (!strcmp(what, "echo"))
        echo(n);
    else if (!strcmp(what, "ping"))
        ping_pong(n ? n : 200000, argv[0]);
    else if (!strcmp(what, "sleepers") && argc > 3)
        sleepers(n ? n : 10000, argv[3]);
    else
        return 2;
    return 0;
}
