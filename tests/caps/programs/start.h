/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of these tests that start themselves as other apps, with grants. */
#ifndef START_H
#define START_H

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "msg.h"

#define E_(name) PITH_E_##name
enum { /* lib/errno.def */
    PITH_E_AGAIN = 6, PITH_E_EXIST = 20, PITH_E_NOENT = 44, PITH_E_INVAL = 28,
    PITH_E_MSGSIZE = 35, PITH_E_BUSY = 10, PITH_E_PERM = 63, PITH_E_ACCES = 2,
    PITH_E_BADF = 8, PITH_E_FAULT = 21, PITH_E_NOTCAPABLE = 76, PITH_E_SRCH = 71,
};

static int passed, failed;
static const char *self;

/* Start `self role` with those grants; its pid or -E. */
static inline int
start(const char *grants, const char *role)
{
    const char *argv[] = {self, role, NULL}, *envp[] = {NULL};
    pith_gp a[3] = {gp(argv[0]), gp(argv[1]), 0}, e[1] = {0};
    struct pith_spawn s = {.flags = grants ? PITH_SPAWN_GRANTS : 0,
                           .grants = gp(grants)};

    (void)argv, (void)envp;
    return pith_spawn(self, a, e, &s);
}

static inline int
code_of(int pid)
{
    int status;

    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static inline void
nap(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

static inline int
control(int op, const char *app, const char *text, int arg)
{
    return pith_app_control(op, app, text, text ? (int)strlen(text) : 0, arg);
}

/* All of the audit log, up to 200 kB of it. */
static inline const char *
audit_text(void)
{
    static char text[200000];
    int fd = open("/proc/audit", O_RDONLY);
    ssize_t n = 0, r;

    while ((r = read(fd, text + n, sizeof text - 1 - (size_t)n)) > 0)
        n += r;
    text[n] = 0;
    close(fd);
    return text;
}

#endif
