/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is killed when refusing does not help: somebody small finds no memory to begin
 * with (memory_relieve), or a machine of our own has none left although nobody was
 * given more than there is (memory_watch). It is the process with the most; one at
 * a time, for it takes a moment until its memory is free.
 */
#include <stdatomic.h>

#include "app.h"
#include "exec.h"
#include "host.h"
#include "lib.h"
#include "memory.h"
#include "proc_internal.h"

#define LOOK_NS 5000000u    /* at most so often */
#define PATIENCE_NS 500000000u /* with one that was killed */

static uint64_t
held(const struct proc *p)
{
    uint64_t bytes = 0;

    if (p->main.store)
        bytes = engine_store_memory_bytes(p->main.store);
    if (p->image)
        bytes += engine_module_footprint(p->image->module);
    return bytes;
}

/* Not the first one, which starts the others. Lock held. */
static struct proc *
largest(void)
{
    struct proc *found = NULL;
    uint64_t most = 0;

    for (struct proc *p = proc_first(); p; p = p->next) {
        uint64_t bytes = held(p);

        if (p->pid == 1 || p->dying || p->state == PROC_TERMINATED ||
            bytes < most)
            continue;
        found = p;
        most = bytes;
    }
    return found;
}

/* Lock held. NULL: none has more than that. */
static struct proc *
kill_largest(uint64_t least)
{
    struct proc *p = largest();

    if (!p || held(p) < least)
        return NULL;
    kernel_log("out of memory: killed %s (process %d), which had the most: "
               "%llu KB",
               p->name, (int)p->pid, (unsigned long long)(held(p) >> 10));
    proc_kill(p, PITH_SIGKILL,
              "killed: there was no memory left, and it had the most");
    return p;
}

/* Is a process that was killed not gone yet? */
static bool
going(int32_t pid)
{
    const struct proc *p = pid ? proc_find(pid) : NULL;

    return p && p->dying && p->state != PROC_TERMINATED;
}

static int32_t last; /* that was killed */

bool
memory_relieve(struct proc *for_whom)
{
    uint64_t end = host_mono_ns() + PATIENCE_NS;
    struct proc *p;

    exec_cache_flush();
    if (!going(last)) {
        p = kill_largest(4 * held(for_whom) + memory_limit() / 64);
        if (!p || p == for_whom)
            return false;
        last = p->pid;
    }
    while (going(last) && host_mono_ns() < end)
        host_task_park(host_mono_ns() + LOOK_NS);
    return true;
}

void
memory_watch(void)
{
    static _Atomic uint64_t next;
    static uint64_t when;
    uint64_t now, due = atomic_load_explicit(&next, memory_order_relaxed);
    struct proc *p;
    bool low;

    if (due == HOST_FOREVER)
        return; /* somebody looks */
    now = host_mono_ns();
    if (now < due || !atomic_compare_exchange_strong(&next, &due, HOST_FOREVER))
        return;
    low = host_memory_low();
    memory_set_low(low);
    if (low) {
        kernel_lock();
        exec_cache_flush();
        if ((!going(last) || now - when > PATIENCE_NS) &&
            (p = kill_largest(0))) {
            last = p->pid;
            when = now;
        }
        kernel_leave();
    }
    atomic_store(&next, now + LOOK_NS);
}
