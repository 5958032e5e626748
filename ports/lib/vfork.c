/* SPDX-License-Identifier: Apache-2.0 */
/* vfork by posix_spawn: see vfork.h. */
#define PITH_VFORK_C
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "vfork.h"

/* Descriptors a child may touch, and where copies of them are kept. */
#define WATCHED 64
#define COPIES 128
#define SIGNALS 32

extern char **environ;

jmp_buf vfork_env;
static int as_child;
static pid_t child;
static short flags;
static pid_t group;
static struct {
    int copy, fd_flags;
} saved[WATCHED];
static struct sigaction actions[SIGNALS];
static sigset_t mask, defaults;

void
vfork_begin(void)
{
    as_child = 1;
    flags = POSIX_SPAWN_SETSIGDEF;
    sigemptyset(&defaults);
    for (int fd = 0; fd < WATCHED; fd++) {
        saved[fd].fd_flags = fcntl(fd, F_GETFD);
        saved[fd].copy = saved[fd].fd_flags < 0
            ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, COPIES);
    }
    for (int s = 1; s < SIGNALS; s++)
        sigaction(s, 0, &actions[s]);
    sigprocmask(SIG_SETMASK, 0, &mask);
}

pid_t
vfork_pid(void)
{
    return child;
}

/* The process is itself again, and vfork returns to it with the child's id. */
static _Noreturn void
resume(pid_t pid)
{
    for (int fd = 0; fd < WATCHED; fd++) {
        if (saved[fd].copy < 0) {
            if (saved[fd].fd_flags < 0)
                close(fd);
            continue;
        }
        dup3(saved[fd].copy, fd, saved[fd].fd_flags & FD_CLOEXEC
            ? O_CLOEXEC : 0);
        close(saved[fd].copy);
    }
    for (int s = 1; s < SIGNALS; s++)
        sigaction(s, &actions[s], 0);
    sigprocmask(SIG_SETMASK, &mask, 0);
    as_child = 0;
    child = pid;
    longjmp(vfork_env, 1);
}

static int
spawn(const char *file, char *const argv[],
      int (*call)(pid_t *, const char *, const posix_spawn_file_actions_t *,
                  const posix_spawnattr_t *, char *const[], char *const[]))
{
    posix_spawnattr_t attr;
    pid_t pid;
    int error;

    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, flags);
    posix_spawnattr_setpgroup(&attr, group);
    posix_spawnattr_setsigdefault(&attr, &defaults);
    error = call(&pid, file, 0, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    if (!error)
        resume(pid);
    errno = error;
    return -1;
}

int
vfork_execvp(const char *file, char *const argv[])
{
    return as_child ? spawn(file, argv, posix_spawnp) : execvp(file, argv);
}

int
vfork_execv(const char *path, char *const argv[])
{
    return as_child ? spawn(path, argv, posix_spawn) : execv(path, argv);
}

int
vfork_execl(const char *path, const char *arg, ...)
{
    char *argv[64] = {(char *)arg};
    va_list ap;

    va_start(ap, arg);
    for (int n = 0; argv[n] && n < 62;)
        argv[++n] = va_arg(ap, char *);
    va_end(ap);
    return vfork_execv(path, argv);
}

/* A child that could not exec still has to exist for its parent to wait for:
 * a shell that does nothing but exit with the code. */
_Noreturn void
vfork_exit(int code)
{
    if (as_child) {
        char text[24];
        char *argv[] = {(char *)"sh", (char *)"-c", text, 0};
        snprintf(text, sizeof text, "exit %d", code & 255);
        flags &= ~(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETPGROUP);
        spawn("/bin/sh", argv, posix_spawn);
        resume(-1);
    }
    _exit(code);
}

/* A handler is reset by exec. Until then it stays: the child may end, and its
 * parent, whose handlers these are, wants to hear of it. */
int
vfork_sigaction(int sig, const struct sigaction *new, struct sigaction *old)
{
    if (!as_child || !new || new->sa_handler != SIG_DFL)
        return sigaction(sig, new, old);
    if (old)
        *old = actions[sig];
    return sigaddset(&defaults, sig);
}

int
vfork_setpgid(pid_t pid, pid_t to)
{
    if (!as_child || pid)
        return setpgid(pid, to);
    flags |= POSIX_SPAWN_SETPGROUP;
    group = to;
    return 0;
}

pid_t
vfork_setsid(void)
{
    if (!as_child)
        return setsid();
    flags |= POSIX_SPAWN_SETSID;
    return 0;
}
