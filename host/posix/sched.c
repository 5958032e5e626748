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
 * Timers. watch_ns is the earliest deadline that some sleeping thread will wake
 * up for. Threads that run look at the timers at every switch and poll; when
 * the last of them goes to sleep, it takes the next deadline with it.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pith_errno.h"

#define SLICE_NS 4000000u
#define EVENTS_EVERY_NS 500000u
#define STALE_CALLS 4
#define WORKERS_MAX 64

static struct {
    /* The first line is read without the lock, too. */
    _Alignas(64) _Atomic uint32_t ready_count;
    _Atomic uint32_t sleepers;   /* threads asleep that nobody has woken */
    _Atomic bool halting;
    _Atomic uint64_t looked_ns;  /* last look at events and timers */
    /* under the lock */
    struct host_task *first, *last;
    uint32_t waking;             /* woken, but not yet back */
    uint32_t stale;              /* ways out with the same task ready */
    _Atomic uint32_t taken;      /* counts tasks taken from the queue */
    struct heap timers;
    uint64_t watch_ns;
    int exit_code;
    uint32_t nworkers, running;
    struct worker workers[WORKERS_MAX];
    pthread_t threads[WORKERS_MAX];
} sched;

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

static uint32_t
load32(_Atomic uint32_t *v)
{
    return atomic_load_explicit(v, memory_order_relaxed);
}

/* Written under the lock only: no read-modify-write needed. */
static void
add32(_Atomic uint32_t *v, int by)
{
    atomic_store_explicit(v, load32(v) + (uint32_t)by, memory_order_relaxed);
}

static void
wake_thread(void)
{
    if (!load32(&sched.sleepers))
        return;
    add32(&sched.sleepers, -1);
    sched.waking++;
    event_wake_thread();
}

/* Work lies around: more ready tasks than threads on their way. */
static void
share_work(void)
{
    if (load32(&sched.ready_count) > sched.waking)
        wake_thread();
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
        share_work();
}

static struct host_task *
take_ready(void)
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

static uint64_t
next_deadline(void)
{
    struct heap_node *n = heap_first(&sched.timers);

    return n ? n->key : HOST_FOREVER;
}

static void
run_timers(uint64_t now)
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

    run_timers(now);
    if (now - atomic_load_explicit(&sched.looked_ns, memory_order_relaxed) <
        EVENTS_EVERY_NS)
        return;
    atomic_store_explicit(&sched.looked_ns, now, memory_order_relaxed);
    if (event_expected() && !load32(&sched.sleepers) && !sched.waking)
        event_deliver(r, event_sleep(r, 0));
}

/* ---- switching -------------------------------------------------------- */

static void
reap(struct worker *w)
{
    struct host_task *t = w->ended;

    w->ended = NULL;
    if (t)
        task_recycle(t);
}

static void
put_on(struct worker *w, struct host_task *t, uint64_t now)
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
    struct host_task *n;

    t->run_ns += now - t->since_ns;
    look_around(now);
    n = atomic_load_explicit(&sched.halting, memory_order_relaxed)
            ? NULL
            : take_ready();
    if (n)
        put_on(w, n, now);
    else
        w->current = NULL;
    if (n && n != t && load32(&sched.ready_count))
        share_work();
    if (t->state == TASK_ENDED) {
        w->ended = t;
        fiber_switch_last(&t->fiber, n ? &n->fiber : &w->fiber);
    } else if (n != t) {
        fiber_switch(&t->fiber, n ? &n->fiber : &w->fiber);
        reap(worker_self());
    }
}

static void
task_entry(void *arg)
{
    struct host_task *t = arg;

    fiber_entered(&t->fiber);
    reap(worker_self());
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
    struct host_task *t = host_task_self();

    t->state = TASK_ENDED;
    switch_away(t);
    abort();
}

bool
host_task_park(uint64_t deadline_ns)
{
    struct host_task *t = host_task_self();

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
    struct host_task *t = host_task_self();

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
           host_mono_ns() - host_task_self()->since_ns >= SLICE_NS;
}

bool
host_task_tick(void)
{
    struct host_task *t = host_task_self();
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
        share_work();
    if (atomic_load(&sched.halting) || (used_up && sched.first)) {
        sched_ready(t);
        switch_away(t);
        yielded = true;
    }
    kernel_leave();
    return yielded;
}

/* ---- the lock's two ways out ------------------------------------------- */

void
kernel_unlock(void)
{
    if (load32(&sched.sleepers)) {
        if (load32(&sched.ready_count) > sched.waking ||
            (!sched.waking && next_deadline() < sched.watch_ns))
            wake_thread();
    }
    lock_release();
}

void
kernel_leave(void)
{
    if (load32(&sched.ready_count) && load32(&sched.sleepers) &&
        ++sched.stale >= STALE_CALLS)
        share_work();
    lock_release();
}

/* ---- threads ------------------------------------------------------------ */

/* Lock held; sleeps without it. */
static void
idle(void)
{
    struct event_result r[EVENT_BATCH];
    uint64_t deadline = next_deadline();
    bool watching = deadline < sched.watch_ns;
    int n;

    if (watching)
        sched.watch_ns = deadline;
    else
        deadline = HOST_FOREVER;
    add32(&sched.sleepers, 1);
    lock_release();
    n = event_sleep(r, deadline);
    kernel_lock();
    if (sched.waking)
        sched.waking--;
    else
        add32(&sched.sleepers, -1);
    if (watching)
        sched.watch_ns = HOST_FOREVER;
    event_deliver(r, n);
}

static void
worker_run(struct worker *w)
{
    this_worker = w;
    fiber_adopt(&w->fiber);
    kernel_lock();
    sched.running++;
    while (!atomic_load_explicit(&sched.halting, memory_order_relaxed)) {
        uint64_t now = host_mono_ns();
        struct host_task *t;

        run_timers(now);
        t = take_ready();
        if (!t) {
            idle();
            continue;
        }
        put_on(w, t, now);
        if (load32(&sched.ready_count))
            share_work();
        fiber_switch(&w->fiber, &t->fiber);
        reap(w);
    }
    sched.running--;
    while (load32(&sched.sleepers))
        wake_thread();
    lock_release();
    this_worker = NULL;
}

static void *
worker_thread(void *arg)
{
    worker_run(arg);
    return NULL;
}

void
host_halt(int code)
{
    if (atomic_load(&sched.halting))
        return;
    sched.exit_code = code;
    atomic_store(&sched.halting, true);
    while (load32(&sched.sleepers))
        wake_thread();
}

/* Threads leave at their next park or poll; one that is stuck in the host for
 * long is left behind, and what it may still use with it. */
static bool
join_workers(void)
{
    struct timespec until;
    bool all = true;
    uint32_t i;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 2;
    for (i = 1; i < sched.nworkers; i++)
        all &= pthread_timedjoin_np(sched.threads[i], NULL, &until) == 0;
    return all;
}

static void
start_workers(void)
{
    uint32_t n = host_cpus(), i;

    n = n < 2 ? 2 : n > WORKERS_MAX ? WORKERS_MAX : n;
    for (i = 1; i < n; i++) {
        sched.workers[i].index = i;
        if (pthread_create(&sched.threads[i], NULL, worker_thread,
                           &sched.workers[i]))
            break;
    }
    sched.nworkers = i;
}

int
posix_run(void (*boot)(void *), void *arg)
{
    struct host_task *t;
    int r = event_init();

    if (r < 0)
        return r;
    sched.watch_ns = HOST_FOREVER;
    sched.exit_code = 0;
    atomic_store(&sched.halting, false);
    kernel_lock();
    r = host_task_create(&t, boot, arg, 0);
    lock_release();
    if (r == 0) {
        start_workers();
        worker_run(&sched.workers[0]);
        r = sched.exit_code;
    }
    if (!sched.nworkers || join_workers()) {
        sched.first = sched.last = NULL;
        atomic_store(&sched.ready_count, 0);
        atomic_store(&sched.sleepers, 0);
        sched.waking = 0;
        sched.timers.root = NULL;
        task_free_all();
        event_finish();
    }
    return r;
}
