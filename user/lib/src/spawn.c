/* SPDX-License-Identifier: Apache-2.0 */
/* posix_spawn is a system call; musl's list of file actions becomes its. */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>

#include "pith.h"
#include "../src/process/fdop.h"

static const uint32_t op_of[] = {
    [FDOP_CLOSE] = PITH_FDA_CLOSE, [FDOP_DUP2] = PITH_FDA_DUP2,
    [FDOP_OPEN] = PITH_FDA_OPEN,   [FDOP_CHDIR] = PITH_FDA_CHDIR,
    [FDOP_FCHDIR] = PITH_FDA_FCHDIR,
};

/* The list is newest first. NULL and *n > 0: no memory. */
static struct pith_fd_action *
actions_of(const posix_spawn_file_actions_t *fa, uint32_t *n)
{
    struct pith_fd_action *a;
    const struct fdop *op, *last = 0;
    *n = 0;
    for (op = fa ? fa->__actions : 0; op; op = op->next) {
        last = op;
        ++*n;
    }
    a = *n ? calloc(*n, sizeof *a) : 0;
    if (!a)
        return 0;
    for (uint32_t i = 0; last; last = last->prev, i++) {
        a[i].op = op_of[last->cmd];
        a[i].fd = last->fd;
        if (last->cmd == FDOP_DUP2)
            a[i].from = last->srcfd;
        if (last->cmd == FDOP_OPEN || last->cmd == FDOP_CHDIR)
            a[i].path = (pith_gp)last->path;
        if (last->cmd == FDOP_OPEN) {
            a[i].flags = (uint32_t)last->oflag;
            a[i].mode = last->mode;
        }
    }
    return a;
}

static int
spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *fa,
      const posix_spawnattr_t *attr, char *const *argv, char *const *envp,
      int search)
{
    struct pith_spawn s;
    struct pith_fd_action *actions;
    long r;
    memset(&s, 0, sizeof s);
    actions = actions_of(fa, &s.nactions);
    if (s.nactions && !actions)
        return ENOMEM;
    s.actions = (pith_gp)actions;
    s.search = search && !strchr(path, '/');
    if (attr) {
        if (attr->__flags & POSIX_SPAWN_SETPGROUP)
            s.flags |= PITH_SPAWN_SETPGROUP;
        if (attr->__flags & POSIX_SPAWN_SETSID)
            s.flags |= PITH_SPAWN_SETSID;
        if (attr->__flags & POSIX_SPAWN_SETSIGMASK)
            s.flags |= PITH_SPAWN_SETSIGMASK;
        if (attr->__flags & POSIX_SPAWN_SETSIGDEF)
            s.flags |= PITH_SPAWN_SETSIGDEF;
        s.pgroup = attr->__pgrp;
        memcpy(&s.sigmask, &attr->__mask, sizeof s.sigmask);
        memcpy(&s.sigdefault, &attr->__def, sizeof s.sigdefault);
    }
    r = left(pith_spawn(path, argv, envp, &s));
    free(actions);
    if (r < 0)
        return (int)-r;
    if (pid)
        *pid = (pid_t)r;
    return 0;
}

int
posix_spawn(pid_t *restrict pid, const char *restrict path,
            const posix_spawn_file_actions_t *fa,
            const posix_spawnattr_t *restrict attr,
            char *const argv[restrict], char *const envp[restrict])
{
    /* musl's popen and system set __fn to say "search PATH". */
    return spawn(pid, path, fa, attr, argv, envp, attr && attr->__fn);
}

int
posix_spawnp(pid_t *restrict pid, const char *restrict file,
             const posix_spawn_file_actions_t *fa,
             const posix_spawnattr_t *restrict attr,
             char *const argv[restrict], char *const envp[restrict])
{
    return spawn(pid, file, fa, attr, argv, envp, 1);
}
