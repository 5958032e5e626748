/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers: a heap, and one kernel task that sleeps until the first deadline and
 * then calls what is due. It starts with the first timer and parks for ever
 * when there is none.
 */
#include <stddef.h>

#include "call.h"
#include "pith_errno.h"
#include "wait.h"

static struct heap timers;
static struct host_task *runner;

static void
run_timers(void *arg)
{
    (void)arg;
    for (;;) {
        struct heap_node *n = heap_first(&timers);
        struct timer *t;

        if (!n || n->key > host_mono_ns()) {
            host_task_park(n ? n->key : HOST_FOREVER);
            continue;
        }
        t = (struct timer *)(void *)((char *)n - offsetof(struct timer, node));
        heap_remove(&timers, n);
        t->armed = false;
        t->fn(t->arg);
    }
}

void
timer_arm(struct timer *t, uint64_t deadline_ns)
{
    heap_remove(&timers, &t->node);
    heap_insert(&timers, &t->node, deadline_ns);
    t->deadline_ns = deadline_ns;
    t->armed = true;
    if (!runner) {
        /* No memory for it: the next timer tries again, and runs this one. */
        if (host_task_create(&runner, run_timers, NULL, 0) < 0)
            runner = NULL;
    } else if (heap_first(&timers) == &t->node) {
        host_task_unpark(runner);
    }
}

void
timer_cancel(struct timer *t)
{
    heap_remove(&timers, &t->node);
    t->armed = false;
}

int
call_nanosleep(struct proc *p, uint64_t deadline_ns, uint64_t *left_ns)
{
    struct wait_queue nobody = WAIT_QUEUE_INIT;
    uint64_t now;
    int r;

    (void)p;
    do
        r = wait_on(&nobody, deadline_ns);
    while (r == 0);
    now = host_mono_ns();
    *left_ns = deadline_ns > now ? deadline_ns - now : 0;
    return r == -E_TIMEDOUT ? 0 : r;
}
