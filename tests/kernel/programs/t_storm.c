/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many processes at once, killed, stopped and continued at random while they
 * run, sleep, read, spawn and exec: everybody must be accounted for in the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "usertests.h"

#define AT_ONCE 40
#define ROUNDS 600

static unsigned seed = 1;

static unsigned
next(unsigned n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static pid_t
start_one(int fd)
{
    static const char *const what[][2] = {
        {"spin", ""},     {"sleep", "5000"}, {"exec", "spin:0"},
        {"exit", "0"},    {"sleep", "1"},    {"exec", "sleep:3000"},
        {"family", "30"},
    };
    unsigned k = next(8);
    char arg[8];

    if (k == 7) {
        snprintf(arg, sizeof arg, "%d", fd);
        return child("read", arg);
    }
    return child(what[k][0], what[k][1]);
}

static void
disturb(pid_t p)
{
    static const int signals[] = {SIGSTOP, SIGCONT, SIGTERM, SIGKILL, SIGUSR1,
                                  SIGHUP, SIGCONT, SIGCHLD, SIGWINCH};

    kill(p, signals[next(sizeof signals / sizeof signals[0])]);
}

void
test_storm(void)
{
    pid_t pid[AT_ONCE] = {0};
    int i, k, fd[2], status, started = 0, ended = 0;

    CHECK(pipe(fd) == 0);
    for (i = 0; i < ROUNDS; i++) {
        k = (int)next(AT_ONCE);
        if (!pid[k]) {
            pid[k] = start_one(fd[0]);
            CHECK(pid[k] > 0);
            started++;
        } else if (waitpid(pid[k], &status, WNOHANG) == pid[k]) {
            pid[k] = 0;
            ended++;
        } else {
            disturb(pid[k]);
        }
        if (next(20) == 0)
            pause_ms(1);
    }
    for (k = 0; k < AT_ONCE; k++) {
        if (pid[k]) {
            kill(pid[k], SIGKILL);
            CHECK(waitpid(pid[k], &status, 0) == pid[k]);
            ended++;
        }
    }
    CHECK(started == ended);
    /* Grandchildren that became ours, if we are process 1. */
    for (i = 0; i < 30000 && waitpid(-1, &status, WNOHANG) >= 0; i++)
        pause_ms(2);
    CHECK(waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD);
    close(fd[0]);
    close(fd[1]);
}
