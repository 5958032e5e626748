/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: birth, life and end; see thread.h. */
#include "thread.h"

#include <stdatomic.h>
#include <string.h>

#include "lib.h"
#include "pith_errno.h"
#include "proc_internal.h"
#include "profile.h"

#define START "wasi_thread_start"
#define TID_MAX 0x1fffffff /* wasi-threads: 29 bits */

uint32_t thread_total;

/* Acquire: who sees that the others are gone sees all that they did. */
bool
thread_others(const struct proc *p)
{
    return atomic_load_explicit(&p->main.next, memory_order_acquire) != NULL;
}

/*
 * A process with one thread is asked that by this thread. With several, the
 * task knows: it holds its thread.
 */
struct thread *
thread_self(struct proc *p)
{
    struct host_task *t;

    if (!thread_others(p))
        return &p->main;
    t = host_task_self();
    return t ? *host_task_local(t) : &p->main;
}

bool
thread_is_main(struct proc *p)
{
    return thread_self(p) == &p->main;
}

uint32_t
thread_count(const struct proc *p)
{
    const struct thread *t;
    uint32_t n = 0;

    for (t = &p->main; t; t = t->next)
        n++;
    return n;
}

void
thread_poke_all(struct proc *p)
{
    const struct host_task *me = host_task_self();
    struct thread *t;

    atomic_store_explicit(&p->attention, 1, memory_order_relaxed);
    for (t = &p->main; t; t = t->next) {
        if (!t->task || t->task == me)
            continue;
        if (t->store)
            engine_store_interrupt(t->store);
        if (p->ready)
            host_task_unpark(t->task);
    }
}

uint64_t
thread_proc_cpu_ns(struct proc *p)
{
    uint64_t ns;

    if (!thread_others(p))
        return proc_cpu_ns(p);
    kernel_lock();
    ns = proc_cpu_ns(p);
    kernel_leave();
    return ns;
}

uint64_t
thread_cpu_ns(struct proc *p)
{
    return host_task_cpu_ns(thread_self(p)->task);
}

/* ---- waiting in shared memory ---------------------------------------- */

void
thread_block(void *ctx, uint64_t ns)
{
    struct thread *t = ctx;
    struct proc *p = t->proc;
    uint64_t now, until = HOST_FOREVER;

    if (ns != UINT64_MAX) {
        now = host_mono_ns();
        until = ns < HOST_FOREVER - now ? now + ns : HOST_FOREVER;
    }
    kernel_lock();
    if (!signal_pending(p)) {
        wait_blocked(true);
        host_task_park(until);
        wait_blocked(false);
    }
    kernel_leave();
}

void
thread_wake(void *ctx)
{
    struct thread *t = ctx;

    kernel_lock();
    host_task_unpark(t->task);
    kernel_leave();
}

/* ---- the end --------------------------------------------------------- */

static void
leave_process(struct thread *t)
{
    struct proc *p = t->proc;
    struct thread *at = &p->main;

    while (at->next != t)
        at = at->next;
    p->ended_cpu_ns += host_task_cpu_ns(t->task);
    p->ended_switches += host_task_switches(t->task);
    p->ended_syscalls += t->syscalls;
    at->next = t->next;
    thread_total--;
    *host_task_local(t->task) = NULL;
    host_task_unpark(p->main.task);
    host_free(t);
}

void
thread_join_all(struct proc *p)
{
    while (thread_others(p))
        host_task_park(HOST_FOREVER);
}

/* ---- life ------------------------------------------------------------ */

/* Lock held; released while it runs. */
static enum engine_status
run(struct thread *t)
{
    union engine_value args[2] = {{.i32 = (uint32_t)t->tid}, {.i32 = t->arg}};
    struct proc *p = t->proc;
    struct engine_extern e;
    enum engine_status st;

    if (p->dying || p->pending_exec)
        return ENGINE_EXIT;
    t->store = proc_store_create(t);
    if (!t->store)
        return ENGINE_NO_MEMORY;
    kernel_leave();
    st = exec_link(t, NULL);
    if (st == ENGINE_OK &&
        engine_instance_export(t->instance, START, sizeof START - 1, &e))
        st = engine_call(t->store, e.func, args, NULL);
    proc_note_trap(t, st);
    kernel_lock();
    return st;
}

static _Noreturn void
thread_end(struct thread *t)
{
    struct engine_store *s = t->store;

    if (s) {
        t->store = NULL;
        kernel_leave();
        engine_store_destroy(s);
        kernel_lock();
    }
    leave_process(t);
    host_task_exit();
}

static void
thread_main(void *arg)
{
    struct thread *t = arg;
    struct proc *p = t->proc;
    enum engine_status st;

    *host_task_local(t->task) = t;
    profile_begin(t);
    st = run(t);
    if (st != ENGINE_OK && st != ENGINE_EXIT)
        proc_set_status(t, st);
    if (p->dying)
        thread_poke_all(p);
    thread_end(t);
}

void
thread_taken(void *arg)
{
    thread_end(arg);
}

/* ---- birth ----------------------------------------------------------- */

static bool
starts_threads(struct proc *p)
{
    const struct engine_module *m = p->image->module;
    uint32_t i;

    for (i = 0; i < engine_module_exports(m); i++) {
        const struct engine_port *e = engine_module_export(m, i);

        if (e->name_len == sizeof START - 1 && !memcmp(e->name, START, e->name_len))
            return e->kind == ENGINE_FUNC && e->functype->nparams == 2 &&
                   !e->functype->nresults &&
                   e->functype->params[0].kind == ENGINE_I32 &&
                   e->functype->params[1].kind == ENGINE_I32;
    }
    return false;
}

/* RLIMIT_NPROC counts threads as Linux does, here those of the process. */
static bool
too_many(const struct proc *p)
{
    uint32_t n = thread_count(p);

    return n >= THREADS_MAX || n >= p->rlimit[PITH_RLIMIT_NPROC].cur ||
           thread_total + proc_count() >= PROC_MAX;
}

static int32_t
new_tid(struct proc *p)
{
    const struct thread *t;

    do {
        p->last_tid = p->last_tid < TID_MAX ? p->last_tid + 1 : 1;
        for (t = &p->main; t && t->tid != p->last_tid; t = t->next)
            continue;
    } while (t);
    return p->last_tid;
}

int
thread_spawn(struct proc *p, uint32_t arg)
{
    struct thread *t;
    int r;

    if (!starts_threads(p) || !p->memory ||
        !engine_memory_is_shared(p->memory))
        return -E_NOTSUP;
    if (p->dying || p->pending_exec || too_many(p))
        return -E_AGAIN;
    t = host_alloc(sizeof *t);
    if (!t)
        return -E_NOMEM;
    t->proc = p;
    t->tid = new_tid(p);
    t->arg = arg;
    r = host_task_create(&t->task, thread_main, t, VALUE_STACK);
    if (r < 0) {
        host_free(t);
        return r;
    }
    t->next = atomic_load(&p->main.next);
    atomic_store(&p->main.next, t);
    thread_total++;
    return t->tid;
}
