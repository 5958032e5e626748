/* SPDX-License-Identifier: Apache-2.0 */
/* Groups, sessions, limits, grants, clocks. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "usertests.h"

static pid_t
in_group(pid_t group)
{
    posix_spawnattr_t attr;
    pid_t p;

    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attr, group);
    p = child_with("sleep", "90000", NULL, &attr);
    posix_spawnattr_destroy(&attr);
    return p;
}

static void
groups(void)
{
    pid_t a = in_group(0), b = in_group(a), c = in_group(0);
    int status, n = 0;

    CHECK(a > 0 && getpgid(a) == a && getpgid(b) == a && getpgid(c) == c);
    CHECK(getpgid(99998) == -1 && errno == ESRCH);
    CHECK(setpgid(c, a) == 0 && getpgid(c) == a);
    CHECK(setpgid(c, 99998) == -1 && errno == EPERM);
    CHECK(setpgid(1 + c, 0) == -1);
    CHECK(waitpid(-a, &status, WNOHANG) == 0);
    CHECK(kill(-a, SIGTERM) == 0);
    while (waitpid(-a, &status, 0) > 0)
        n += WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
    CHECK(n == 3 && errno == ECHILD);
    CHECK(kill(-a, SIGTERM) == -1 && errno == ESRCH);
}

static void
sessions(void)
{
    posix_spawnattr_t attr;

    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID);
    CHECK(code_of(child_with("mask", "", NULL, &attr)) == 12);
    posix_spawnattr_destroy(&attr);
    if (getpgrp() == getpid())
        CHECK(setsid() == -1 && errno == EPERM);
}

static void
orphaned_group(void)
{
    char arg[8];
    pid_t c = 0;
    int fd[2], i;

    CHECK(pipe(fd) == 0);
    snprintf(arg, sizeof arg, "%d", fd[1]);
    CHECK(code_of(child("stopper", arg)) == 0);
    CHECK(read(fd[0], &c, sizeof c) == sizeof c && c > 0);
    for (i = 0; i < 60000 && kill(c, 0) == 0; i++) {
        pause_ms(1);
        waitpid(c, NULL, WNOHANG); /* ours now if we are process 1 */
    }
    CHECK(kill(c, 0) == -1);
    close(fd[0]);
    close(fd[1]);
}

void
test_job(void)
{
    groups();
    sessions();
    orphaned_group();
}

void
test_limit(void)
{
    struct rlimit l, old;
    struct rusage u;
    pid_t p;
    int status;

    CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0 && old.rlim_cur >= 256);
    l = old;
    l.rlim_cur = 20;
    CHECK(setrlimit(RLIMIT_NOFILE, &l) == 0);
    CHECK(code_of(child("nofile", "")) == 17);
    CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
    l.rlim_max = old.rlim_max;
    l.rlim_cur = old.rlim_max + 1;
    CHECK(setrlimit(RLIMIT_NOFILE, &l) == -1);

    getrlimit(RLIMIT_NPROC, &old);
    l = old;
    l.rlim_cur = 1;
    CHECK(setrlimit(RLIMIT_NPROC, &l) == 0);
    CHECK(child("exit", "0") == -1 && errno == EAGAIN);
    CHECK(setrlimit(RLIMIT_NPROC, &old) == 0);

    getrlimit(RLIMIT_CPU, &old);
    l.rlim_cur = 1;
    l.rlim_max = RLIM_INFINITY;
    CHECK(setrlimit(RLIMIT_CPU, &l) == 0);
    p = child("spin", "");
    status = reap(p);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU);
    CHECK(setrlimit(RLIMIT_CPU, &old) == 0);
    CHECK(getrusage(RUSAGE_CHILDREN, &u) == 0 && u.ru_utime.tv_sec >= 1);
    CHECK(getrusage(RUSAGE_SELF, &u) == 0 && u.ru_maxrss > 0);

    CHECK(getpriority(PRIO_PROCESS, 0) == 0);
    CHECK(setpriority(PRIO_PROCESS, 0, 5) == 0 &&
          getpriority(PRIO_PROCESS, 0) == 5);
    CHECK(setpriority(PRIO_PROCESS, 0, 0) == 0);
}

void
test_time(void)
{
    struct timespec a, b, want = {0, 20000000};
    long ms;

    clock_gettime(CLOCK_MONOTONIC, &a);
    CHECK(nanosleep(&want, NULL) == 0);
    clock_gettime(CLOCK_MONOTONIC, &b);
    ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
    CHECK(ms >= 20 && ms < 60000);
    clock_gettime(CLOCK_REALTIME, &a);
    CHECK(a.tv_sec > 1600000000);
    a.tv_nsec += 10000000;
    if (a.tv_nsec >= 1000000000)
        a.tv_sec++, a.tv_nsec -= 1000000000;
    CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &a, NULL) == 0);
    clock_gettime(CLOCK_REALTIME, &b);
    CHECK(b.tv_sec > a.tv_sec ||
          (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec));
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a) == 0 &&
          a.tv_sec < 60);
    want.tv_nsec = 1000000000;
    CHECK(nanosleep(&want, NULL) == -1 && errno == EINVAL);
}
