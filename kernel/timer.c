/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers: a heap, and one kernel task that sleeps until the first deadline and
 * then calls what is due. It starts with the first timer and parks for ever
 * when there is none.
 */
#include <stddef.h>

#include "lib.h"
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
