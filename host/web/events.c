/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events for the page: processes that begin and end, files that change. Told as
 * long as somebody listens (pith.js, on).
 */
#include <stdatomic.h>
#include <string.h>

#include "proc.h"
#include "vfs.h"
#include "web.h"

enum { LISTEN_PROCESS = 1, LISTEN_FILES = 2 }; /* machine.js knows them */

static _Atomic uint32_t listening;

/* By the page, at any time. */
EXPORT(void, set_events, uint32_t mask)
{
    atomic_store(&listening, mask);
}

static void
tell_process(const struct proc *p)
{
    if (atomic_load(&listening) & LISTEN_PROCESS)
        web_tell(NEWS_PROCESS, p->pid, p->parent ? p->parent->pid : 0,
                 p->state == PROC_TERMINATED ? p->status : -1, p->name,
                 strlen(p->name));
}

static void
tell_file(const char *path, enum vfs_change what)
{
    if (atomic_load(&listening) & LISTEN_FILES)
        web_tell(NEWS_CHANGED, (int)what, 0, 0, path, strlen(path));
}

void
web_events_start(void)
{
    proc_watch = tell_process;
    vfs_changed = tell_file;
}
