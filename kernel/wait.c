/* SPDX-License-Identifier: Apache-2.0 */
/* Wait queues and waiting on many of them; see wait.h. */
#include "wait.h"

#include "pith_errno.h"
#include "proc.h"

void
wait_queue_init(struct wait_queue *q)
{
    q->first = q->last = NULL;
}

static void
enqueue(struct wait_queue *q, struct wait_entry *e)
{
    e->queue = q;
    e->next = NULL;
    e->prev = q->last;
    if (q->last)
        q->last->next = e;
    else
        q->first = e;
    q->last = e;
}

static void
dequeue(struct wait_entry *e)
{
    struct wait_queue *q = e->queue;

    if (!q)
        return;
    if (e->prev)
        e->prev->next = e->next;
    else
        q->first = e->next;
    if (e->next)
        e->next->prev = e->prev;
    else
        q->last = e->prev;
    e->queue = NULL;
}

static void
wake_entry(struct wait_entry *e)
{
    e->woken = true;
    if (!e->shared)
        dequeue(e);
    host_task_unpark(e->task);
}

void
wake(struct wait_queue *q)
{
    struct wait_entry *e, *next;

    for (e = q->first; e; e = next) {
        next = e->next;
        wake_entry(e);
    }
}

void
wake_one(struct wait_queue *q)
{
    struct wait_entry *e, *next;

    for (e = q->first; e; e = next) {
        bool shared = e->shared;

        next = e->next;
        wake_entry(e);
        if (!shared)
            return;
    }
}

static bool
interrupted(struct proc *p, bool killable_only)
{
    return p && (killable_only ? p->dying : signal_pending(p));
}

bool
wait_interrupted(void)
{
    return interrupted(proc_current(), false);
}

void
wait_blocked(bool blocked)
{
    struct proc *p = proc_current();

    if (p && thread_is_main(p)) {
        p->state = blocked ? PROC_BLOCKED : PROC_RUNNING;
        if (p->young)
            proc_grown(p);
    }
}

/* Park once; says why it came back. `woken` tells a wake-up from others. */
static int
sleep_until(uint64_t deadline_ns, struct proc *p, bool killable_only,
            bool (*woken)(void *), void *ctx)
{
    bool unparked;

    if (interrupted(p, killable_only))
        return -E_INTR;
    wait_blocked(true);
    unparked = host_task_park(deadline_ns);
    wait_blocked(false);
    /* A wake-up goes before a signal: wake_one would be lost otherwise. */
    if (woken(ctx))
        return 0;
    if (interrupted(p, killable_only))
        return -E_INTR;
    return unparked ? 0 : -E_TIMEDOUT;
}

static bool
entry_woken(void *ctx)
{
    struct wait_entry *e = ctx;

    return e->woken;
}

static int
wait_in(struct wait_queue *q, uint64_t deadline_ns, bool killable_only)
{
    struct wait_entry e = {.task = host_task_self()};
    int r;

    enqueue(q, &e);
    r = sleep_until(deadline_ns, proc_current(), killable_only, entry_woken,
                    &e);
    dequeue(&e);
    return r;
}

int
wait_on(struct wait_queue *q, uint64_t deadline_ns)
{
    return wait_in(q, deadline_ns, false);
}

int
wait_on_killable(struct wait_queue *q, uint64_t deadline_ns)
{
    return wait_in(q, deadline_ns, true);
}

/* ---- poll ------------------------------------------------------------ */

#define WAITER_INLINE 8

struct poll_waiter {
    struct host_task *task;
    struct poll_chunk {
        struct poll_chunk *next;
        uint32_t used;
        struct wait_entry entry[WAITER_INLINE];
    } first, *last;
};

struct poll_waiter *
poll_waiter_create(void)
{
    struct poll_waiter *w = host_alloc(sizeof *w);

    if (w) {
        w->task = host_task_self();
        w->last = &w->first;
    }
    return w;
}

void
poll_waiter_destroy(struct poll_waiter *w)
{
    struct poll_chunk *c, *next;
    uint32_t i;

    if (!w)
        return;
    for (c = &w->first; c; c = next) {
        next = c->next;
        for (i = 0; i < c->used; i++)
            dequeue(&c->entry[i]);
        if (c != &w->first)
            host_free(c);
    }
    host_free(w);
}

int
poll_wait(struct poll_waiter *w, struct wait_queue *q)
{
    struct wait_entry *e;

    if (!w)
        return 0;
    if (w->last->used == WAITER_INLINE) {
        struct poll_chunk *c = host_alloc(sizeof *c);

        if (!c)
            return -E_NOMEM;
        w->last->next = c;
        w->last = c;
    }
    e = &w->last->entry[w->last->used++];
    e->task = w->task;
    e->shared = true;
    enqueue(q, e);
    return 0;
}

/* Clears the marks, so that the same registrations serve the next sleep. */
static bool
any_woken(void *ctx)
{
    struct poll_waiter *w = ctx;
    struct poll_chunk *c;
    bool any = false;
    uint32_t i;

    for (c = &w->first; c; c = c->next) {
        for (i = 0; i < c->used; i++) {
            any |= c->entry[i].woken;
            c->entry[i].woken = false;
        }
    }
    return any;
}

int
poll_sleep(struct poll_waiter *w, uint64_t deadline_ns)
{
    if (any_woken(w))
        return 0;
    return sleep_until(deadline_ns, proc_current(), false, any_woken, w);
}
