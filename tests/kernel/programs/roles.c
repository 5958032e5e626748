/* SPDX-License-Identifier: Apache-2.0 */
/* What the children of usertests do. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "usertests.h"

static int
do_exit(char *arg)
{
    return atoi(arg);
}

static int
do_spin(char *arg)
{
    volatile unsigned long n = 0;

    (void)arg;
    for (;;)
        n++;
}

static int
do_sleep(char *arg)
{
    pause_ms(atoi(arg));
    return 7;
}

static int
do_trap(char *arg)
{
    (void)arg;
    close(2); /* the message is not what is tested here */
    __builtin_trap();
}

static int
recurse(int n)
{
    volatile char room[256];

    room[0] = (char)n;
    return recurse(n + 1) + room[0];
}

static int
do_overflow(char *arg)
{
    close(2);
    return recurse(atoi(arg));
}

static int
do_mask(char *arg)
{
    sigset_t set;
    struct sigaction a;

    (void)arg;
    sigprocmask(SIG_BLOCK, NULL, &set);
    sigaction(SIGUSR2, NULL, &a);
    return (sigismember(&set, SIGUSR1) ? 1 : 0) |
           (a.sa_handler == SIG_IGN ? 2 : 0) |
           (getpgrp() == getpid() ? 4 : 0) | (getsid(0) == getpid() ? 8 : 0);
}

/* Which of descriptors 3 to 9 are open, as bits 0 to 6. */
static int
do_fds(char *arg)
{
    int fd, bits = 0;

    (void)arg;
    for (fd = 3; fd < 10; fd++)
        bits |= (fcntl(fd, F_GETFD) >= 0) << (fd - 3);
    return bits;
}

/* exec: this program in another role; arg is role:arg. */
static int
do_exec(char *arg)
{
    char *colon = strchr(arg, ':');
    char *argv[] = {self, arg, colon + 1, NULL};

    *colon = 0;
    execv(self, argv);
    return 98;
}

/* Leave a grandchild behind that reports its parent through descriptor arg. */
static int
do_orphan(char *arg)
{
    return child("tell-parent", arg) > 0 ? 0 : 1;
}

static int
do_tell_parent(char *arg)
{
    pid_t up = getppid();
    int i;

    for (i = 0; i < 60000 && up != 1; i++) {
        pause_ms(1);
        up = getppid();
    }
    return write(atoi(arg), &up, sizeof up) == sizeof up ? 0 : 1;
}

static int
do_reraise(char *arg)
{
    raise(atoi(arg));
    return 97;
}

static int
do_getpid(char *arg)
{
    return getpid() == atoi(arg) ? 0 : 1;
}

static int
do_read(char *arg)
{
    char c;

    return read(atoi(arg), &c, 1) == 1 ? c : 96;
}

/* Start a child in the same group that stops, then end, so that its group
 * becomes an orphan: SIGHUP must end it. Its pid goes to descriptor arg. */
static int
do_stopper(char *arg)
{
    pid_t c;
    int status;

    setpgid(0, 0);
    c = child("sleep", "5000");
    kill(c, SIGSTOP);
    waitpid(c, &status, WUNTRACED);
    if (write(atoi(arg), &c, sizeof c) != sizeof c)
        return 1;
    return WIFSTOPPED(status) ? 0 : 1;
}

static int
do_nofile(char *arg)
{
    int n = 0;

    (void)arg;
    while (dup(0) >= 0)
        n++;
    return errno == EMFILE ? n : 95;
}

/* Children of its own, some of which it waits for. */
static int
do_family(char *arg)
{
    int i, n = atoi(arg) / 10;

    for (i = 0; i < n; i++) {
        if (i % 2)
            reap(child("exit", "1"));
        else
            child("sleep", "10");
    }
    return 0;
}

static const struct {
    const char *name;
    int (*play)(char *arg);
} roles[] = {
    {"exit", do_exit},         {"spin", do_spin},
    {"sleep", do_sleep},       {"trap", do_trap},
    {"overflow", do_overflow}, {"mask", do_mask},
    {"fds", do_fds},           {"exec", do_exec},
    {"orphan", do_orphan},     {"tell-parent", do_tell_parent},
    {"reraise", do_reraise},   {"getpid", do_getpid},
    {"read", do_read},         {"stopper", do_stopper},
    {"nofile", do_nofile},     {"family", do_family},
};

int
play(const char *role, char *arg)
{
    size_t i;

    for (i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (!strcmp(role, roles[i].name))
            return roles[i].play(arg);
    }
    return -1;
}
