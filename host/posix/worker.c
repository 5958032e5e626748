/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads that run tasks: each takes what is ready, or sleeps on the host's
 * events and the next timer; and how all of them begin and end.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "pith_errno.h"

#define SPARE_WORKERS 8u /* to stand in for those in host calls */

/* Lock held; sleeps without it. */
static void
idle(void)
{
    struct event_result r[EVENT_BATCH];
    uint64_t deadline = sched_next_deadline();
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
    /* Wake-ups that came together may have woken just one: pass it on. */
    if (sched.waking)
        event_wake_thread();
    if (watching)
        sched.watch_ns = HOST_FOREVER;
    event_deliver(r, n);
}

static void
worker_run(struct worker *w)
{
    worker_set_self(w);
    fiber_adopt(&w->fiber);
    kernel_lock();
    if (sched.starting)
        sched.starting--;
    while (!atomic_load_explicit(&sched.halting, memory_order_relaxed)) {
        uint64_t now = host_mono_ns();
        struct host_task *t;

        sched_run_timers(now);
        t = sched_full() ? NULL : sched_take();
        if (!t) {
            idle();
            continue;
        }
        sched_put_on(w, t, now);
        sched.active++;
        if (load32(&sched.ready_count))
            sched_share();
        fiber_switch(&w->fiber, &t->fiber);
        sched.active--;
        sched_reap(w);
    }
    while (load32(&sched.sleepers))
        sched_wake_thread();
    lock_release();
    worker_set_self(NULL);
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
        sched_wake_thread();
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

void
worker_add(void)
{
    uint32_t n = sched.nworkers;

    if (n >= WORKERS_MAX || n >= sched.cpus + SPARE_WORKERS ||
        atomic_load_explicit(&sched.halting, memory_order_relaxed))
        return;
    if (pthread_create(&sched.threads[n], NULL, worker_thread,
                       &sched.workers[n]) == 0) {
        sched.nworkers++;
        sched.starting++;
    }
}

static void
start_workers(void)
{
    uint32_t n = host_cpus();

    kernel_lock();
    sched.cpus = n < 2 ? 2 : n > WORKERS_MAX ? WORKERS_MAX : n;
    sched.nworkers = 1; /* the caller */
    for (n = 1; n < sched.cpus; n++)
        worker_add();
    lock_release();
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
    sched.active = sched.starting = sched.nworkers = 0;
    atomic_store(&sched.blocked, 0);
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
