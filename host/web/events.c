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

IMPORT(process)
void host_js_process(int pid, int parent, int ended, int status,
                     const char *name, size_t n);
IMPORT(changed) void host_js_changed(int what, const char *path, size_t n);

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
        host_js_process(p->pid, p->parent ? p->parent->pid : 0,
                        p->state == PROC_TERMINATED, p->status, p->name,
                        strlen(p->name));
}

static void
tell_file(const char *path, enum vfs_change what)
{
    if (atomic_load(&listening) & LISTEN_FILES)
        host_js_changed((int)what, path, strlen(path));
}

void
web_events_start(void)
{
    proc_watch = tell_process;
    vfs_changed = tell_file;
}
