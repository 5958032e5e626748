/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wait queues. Everything is under the kernel lock, so no wake-up is lost:
 *
 *     while (!condition) {
 *         r = wait_on(&q, deadline);      sleeps without the lock
 *         if (r < 0) return r;            -E_INTR, -E_TIMEDOUT
 *     }
 *
 *     condition = true; wake(&q);
 */
#ifndef KERNEL_WAIT_H
#define KERNEL_WAIT_H

#include "heap.h"
#include "host.h"

struct wait_entry {
    struct wait_entry *next, *prev;
    struct wait_queue *queue; /* NULL when not queued */
    struct host_task *task;
    bool shared;              /* a poll's: stays queued when woken */
    bool woken;
};
struct wait_queue {
    struct wait_entry *first, *last;
};

#define WAIT_QUEUE_INIT {0, 0}
void wait_queue_init(struct wait_queue *q);

/*
 * Sleep until woken (0), a signal is to be handled (-E_INTR), or
 * host_mono_ns() >= deadline_ns (-E_TIMEDOUT; HOST_FOREVER: never). A woken
 * sleeper must test its condition again.
 */
int wait_on(struct wait_queue *q, uint64_t deadline_ns);
/* The same, but only SIGKILL interrupts it. For short waits. */
int wait_on_killable(struct wait_queue *q, uint64_t deadline_ns);
void wake(struct wait_queue *q);     /* all */
/* The one that waits longest, and polls that wait even longer. */
void wake_one(struct wait_queue *q);
/* Must the current task, if it is a process, go and see to a signal? For code
 * that parks by itself, as host/ does. */
bool wait_interrupted(void);
/* For the same code: the current process is shown as blocked meanwhile. */
void wait_blocked(bool blocked);

/*
 * Waiting on several queues (poll): file_ops.poll calls poll_wait() for each
 * queue whose wake may change its answer; p may be NULL (just asking).
 */
struct poll_waiter;
struct poll_waiter *poll_waiter_create(void); /* NULL: no memory */
void poll_waiter_destroy(struct poll_waiter *w); /* leaves all queues */
int poll_wait(struct poll_waiter *w, struct wait_queue *q); /* 0, -E_NOMEM */
int poll_sleep(struct poll_waiter *w, uint64_t deadline_ns); /* as wait_on */

/* Timers: fn(arg) runs in a kernel task with the lock held. */
struct timer {
    struct heap_node node;
    uint64_t deadline_ns;
    void (*fn)(void *arg);
    void *arg;
    bool armed;
};
void timer_arm(struct timer *t, uint64_t deadline_ns); /* re-arms too */
void timer_cancel(struct timer *t);

#endif
