/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the scheduler share: lock.c, task.c, sched.c, event.c. */
#ifndef POSIX_INTERNAL_H
#define POSIX_INTERNAL_H

#include "fiber.h"
#include "heap.h"
#include "host.h"
#include "posix.h"

enum task_state { TASK_READY, TASK_RUNNING, TASK_PARKED, TASK_ENDED };

struct host_task {
    struct fiber fiber;
    struct host_task *next;            /* run queue, or pool */
    struct host_task *all_next, *all_prev;
    enum task_state state;
    bool token;                        /* unparked before it parked */
    bool unparked;                     /* not by the deadline */
    struct heap_node timer;            /* in sched.timers while parked */
    void (*main)(void *);
    void *arg, *local;
    uint64_t since_ns, run_ns, switches;
    uint32_t tick_taken;               /* sched.taken at its last tick */
    /* memory */
    void *map, *value_stack;
    size_t map_bytes, value_bytes;
};

/* One thread that runs tasks. */
struct worker {
    struct fiber fiber;                /* the thread's own stack: idle loop */
    struct host_task *current;         /* NULL: the idle loop */
    struct host_task *ended;           /* to be freed once switched away */
    uint32_t index;
};

/* lock.c: give the lock up and do nothing else. */
void lock_release(void);

/* sched.c; lock held */
void sched_ready(struct host_task *t); /* parked or new: to the run queue */
struct worker *worker_self(void);      /* NULL: a thread that runs no tasks */

/* task.c; lock held */
struct host_task *task_create(void (*entry)(void *), size_t value_bytes);
void task_recycle(struct host_task *t);
void task_free_all(void);

/* event.c: the epoll set and the wake-up descriptor */
int event_init(void);
void event_finish(void);
void event_wake_thread(void); /* one thread in event_sleep returns; any time */
/* Without the lock: sleep until an event, a wake-up or deadline_ns. Up to
 * EVENT_BATCH results for event_deliver, which needs the lock. */
#define EVENT_BATCH 32
struct event_result {
    int fd;
    uint32_t events;
};
int event_sleep(struct event_result *out, uint64_t deadline_ns);
void event_deliver(const struct event_result *r, int n);
bool event_expected(void); /* some task waits for a host descriptor */

#endif
