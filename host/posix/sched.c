/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler; see posix.h for the picture.
 *
 * Idle threads. One that finds no work sleeps in event_sleep(). Waking it costs
 * microseconds, so a task that becomes ready wakes nobody by itself: in the
 * usual case the one that made it ready parks soon and the same thread runs it
 * next (a pipe's ping-pong never leaves its thread). Somebody is woken when
 * work would lie around: at a second ready task, at the fourth way out of the
 * kernel or the second poll of running code with the same task still waiting,
 * and before a thread blocks in the host (kernel_unlock).
 *
 * Blocked threads. As many tasks run at once as there are CPUs, not counting
 * those that sit in a host call: when a thread goes there (kernel_unlock) and
 * nobody else is free, another thread is made, so that a slow disk does not
 * stop the system. When it comes back there may be one too many for a moment;
 * the next one to switch goes idle.
 *
 * Timers. watch_ns is the earliest deadline that some sleeping thread will wake
 * up for. Threads that run look at the timers at every switch and poll; when
 * the last of them goes to sleep, it takes the next deadline with it.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "pith_errno.h"

#define SLICE_NS 4000000u
#define EVENTS_EVERY_NS 500000u
#define STALE_CALLS 4

struct sched sched;

static _Thread_local struct worker *this_worker;

/* Not inlined, so that no caller keeps the address of a thread's variable
 * across a switch that may end on another thread. */
__attribute__((noinline)) struct worker *
worker_self(void)
{
    struct worker *w = this_worker;

    __asm__ volatile("" : "+r"(w));
    return w;
}

void
worker_set_self(struct worker *w)
{
    this_worker = w;
}

/* For code that runs in tasks only. */
static struct host_task *
self(void)
{
    return worker_self()->current;
}

struct host_task *
host_task_self(void)
{
    struct worker *w = worker_self();

    return w ? w->current : NULL;
}

void *
host_task_arg(struct host_task *t)
{
    return t->arg;
}

void **
host_task_local(struct host_task *t)
{
    return &t->local;
}

void *
host_task_value_stack(struct host_task *t, size_t *bytes)
{
    *bytes = t->value_bytes;
    return t->value_stack;
}

uint64_t
host_task_cpu_ns(const struct host_task *t)
{
    if (t->state != TASK_RUNNING)
        return t->run_ns;
    return t->run_ns + host_mono_ns() - t->since_ns;
}

uint64_t
host_task_switches(const struct host_task *t)
{
    return t->switches;
}

void
sched_wake_thread(void)
{
    if (!load32(&sched.sleepers))
        return;
    add32(&sched.sleepers, -1);
    sched.waking++;
    event_wake_thread();
}

bool
sched_full(void)
{
    return sched.active >= sched.cpus + load32(&sched.blocked);
}

/* Work lies around: more ready tasks than threads on their way. */
void
sched_share(void)
{
    if (load32(&sched.ready_count) > sched.waking && !sched_full())
        sched_wake_thread();
}

void
sched_ready(struct host_task *t)
{
    uint32_t n = load32(&sched.ready_count);

    t->state = TASK_READY;
    t->next = NULL;
    if (sched.last)
        sched.last->next = t;
    else
        sched.first = t;
    sched.last = t;
    add32(&sched.ready_count, 1);
    if (n > 0 || !worker_self()) /* a worker will soon look itself */
        sched_share();
}

struct host_task *
sched_take(void)
{
    struct host_task *t = sched.first;

    if (!t)
        return NULL;
    sched.first = t->next;
    if (!sched.first)
        sched.last = NULL;
    t->next = NULL;
    add32(&sched.ready_count, -1);
    add32(&sched.taken, 1);
    sched.stale = 0;
    return t;
}

uint64_t
sched_next_deadline(void)
{
    struct heap_node *n = heap_first(&sched.timers);

    return n ? n->key : HOST_FOREVER;
}

void
sched_run_timers(uint64_t now)
{
    struct heap_node *n;

    while ((n = heap_first(&sched.timers)) && n->key <= now) {
        struct host_task *t =
            (struct host_task *)(void *)((char *)n -
                                         offsetof(struct host_task, timer));

        heap_remove(&sched.timers, n);
        t->unparked = false;
        sched_ready(t);
    }
}

/* Timers always; the host's events when nobody sleeps on them. */
static void
look_around(uint64_t now)
{
    struct event_result r[EVENT_BATCH];

    sched_run_timers(now);
    if (now - atomic_load_explicit(&sched.looked_ns, memory_order_relaxed) <
        EVENTS_EVERY_NS)
        return;
    atomic_store_explicit(&sched.looked_ns, now, memory_order_relaxed);
    if (event_expected() && !load32(&sched.sleepers) && !sched.waking)
        event_deliver(r, event_sleep(r, 0));
}

/* ---- switching ------------------------------------------------------- */

void
sched_reap(struct worker *w)
{
    struct host_task *t = w->ended;

    w->ended = NULL;
    if (t)
        task_recycle(t);
}

void
sched_put_on(struct worker *w, struct host_task *t, uint64_t now)
{
    w->current = t;
    t->state = TASK_RUNNING;
    t->since_ns = now;
    t->switches++;
}

/*
 * Leave the running task t, whose new state is set, for the next ready one or
 * the idle loop. Returns when t runs again, maybe on another thread.
 */
static void
switch_away(struct host_task *t)
{
    struct worker *w = worker_self();
    uint64_t now = host_mono_ns();
    struct host_task *n = NULL;

    t->run_ns += now - t->since_ns;
    look_around(now);
    if (!atomic_load_explicit(&sched.halting, memory_order_relaxed) &&
        sched.active <= sched.cpus + load32(&sched.blocked))
        n = sched_take();
    if (n)
        sched_put_on(w, n, now);
    else
        w->current = NULL;
    if (n && n != t && load32(&sched.ready_count))
        sched_share();
    if (t->state == TASK_ENDED) {
        w->ended = t;
        fiber_switch_last(&t->fiber, n ? &n->fiber : &w->fiber);
    } else if (n != t) {
        fiber_switch(&t->fiber, n ? &n->fiber : &w->fiber);
        sched_reap(worker_self());
    }
}

static void
task_entry(void *arg)
{
    struct host_task *t = arg;

    fiber_entered(&t->fiber);
    sched_reap(worker_self());
    t->main(t->arg);
    host_task_exit();
}

int
host_task_create(struct host_task **out, void (*main)(void *), void *arg,
                 size_t stack_bytes)
{
    struct host_task *t = task_create(task_entry, stack_bytes);

    if (!t)
        return -E_AGAIN;
    t->main = main;
    t->arg = arg;
    sched_ready(t);
    *out = t;
    return 0;
}

_Noreturn void
host_task_exit(void)
{
    struct host_task *t = self();

    t->state = TASK_ENDED;
    switch_away(t);
    abort();
}

bool
host_task_park(uint64_t deadline_ns)
{
    struct host_task *t = self();

    if (t->token) {
        t->token = false;
        return true;
    }
    if (deadline_ns != HOST_FOREVER) {
        if (deadline_ns <= host_mono_ns())
            return false;
        heap_insert(&sched.timers, &t->timer, deadline_ns);
    }
    t->state = TASK_PARKED;
    switch_away(t);
    return t->unparked;
}

void
host_task_unpark(struct host_task *t)
{
    if (t->state != TASK_PARKED) {
        t->token = true;
        return;
    }
    heap_remove(&sched.timers, &t->timer);
    t->unparked = true;
    sched_ready(t);
}

void
host_task_yield(void)
{
    struct host_task *t = self();

    if (!sched.first && !atomic_load(&sched.halting)) {
        look_around(host_mono_ns());
        if (!sched.first)
            return;
    }
    sched_ready(t);
    switch_away(t);
}

bool
host_task_should_yield(void)
{
    return load32(&sched.ready_count) &&
           host_mono_ns() - self()->since_ns >= SLICE_NS;
}

bool
host_task_tick(void)
{
    struct host_task *t = self();
    uint64_t now = host_mono_ns();
    bool used_up = now - t->since_ns >= SLICE_NS, yielded = false;
    uint32_t ready = load32(&sched.ready_count), taken = load32(&sched.taken);
    /* Waiting since the last tick: other threads should help. */
    bool left_over = ready && taken == t->tick_taken;

    t->tick_taken = taken;
    if (!atomic_load_explicit(&sched.halting, memory_order_relaxed) &&
        !(ready && used_up) && !(left_over && load32(&sched.sleepers)) &&
        now - atomic_load_explicit(&sched.looked_ns, memory_order_relaxed) <
            EVENTS_EVERY_NS)
        return false;
    kernel_lock();
    look_around(now);
    if (left_over)
        sched_share();
    if (atomic_load(&sched.halting) || (used_up && sched.first)) {
        sched_ready(t);
        switch_away(t);
        yielded = true;
    }
    kernel_leave();
    return yielded;
}

/* ---- the lock's two ways out ----------------------------------------- */

/* This thread may be away for long: see that others do what is left. */
static void
hand_over(void)
{
    uint32_t ready = load32(&sched.ready_count), coming = sched.waking;

    if (load32(&sched.sleepers)) {
        if (ready > coming ||
            (!coming && sched_next_deadline() < sched.watch_ns))
            sched_wake_thread();
        return;
    }
    /* Nobody sleeps on the host's events; the threads that run look at them
     * now and then, unless all of them are away. */
    coming += sched.starting;
    if (ready > coming ||
        (!coming && sched.active == load32(&sched.blocked)))
        worker_add();
}

void
kernel_unlock(void)
{
    struct worker *w = worker_self();

    if (w && w->current && !w->blocked) {
        w->blocked = true;
        add32(&sched.blocked, 1);
    }
    hand_over();
    lock_release();
}

void
sched_unblock(void)
{
    struct worker *w = worker_self();

    if (w && w->blocked) {
        w->blocked = false;
        add32(&sched.blocked, -1);
    }
}

void
kernel_leave(void)
{
    if (load32(&sched.ready_count) && load32(&sched.sleepers) &&
        ++sched.stale >= STALE_CALLS)
        sched_share();
    lock_release();
}
