/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the scheduler share: lock.c, task.c, sched.c, event.c. */
#ifndef POSIX_INTERNAL_H
#define POSIX_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

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
    bool blocked;                      /* in a host call (kernel_unlock) */
};

#define WORKERS_MAX 64
/* The scheduler's state. */
struct sched {
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
    _Atomic uint32_t blocked;    /* workers in host calls */
    uint32_t active;             /* workers with a task, blocked ones too */
    uint32_t cpus;               /* how many may run tasks at once */
    uint32_t nworkers;
    uint32_t starting;           /* threads created but not yet here */
    struct worker workers[WORKERS_MAX];
    pthread_t threads[WORKERS_MAX];
};
extern struct sched sched;

/* lock.c: give the lock up and do nothing else. */
void lock_release(void);

static inline uint32_t
load32(_Atomic uint32_t *v)
{
    return atomic_load_explicit(v, memory_order_relaxed);
}

/* Written under the lock only: no read-modify-write needed. */
static inline void
add32(_Atomic uint32_t *v, int by)
{
    atomic_store_explicit(v, load32(v) + (uint32_t)by, memory_order_relaxed);
}

/* sched.c; lock held */
void sched_ready(struct host_task *t); /* parked or new: to the run queue */
struct host_task *sched_take(void);    /* from the run queue; NULL: empty */
void sched_put_on(struct worker *w, struct host_task *t, uint64_t now);
void sched_reap(struct worker *w);     /* free the task that ended on w */
void sched_wake_thread(void);          /* one that sleeps, if any does */
void sched_share(void);                /* wake one if work lies around */
void sched_run_timers(uint64_t now);
uint64_t sched_next_deadline(void);
void worker_set_self(struct worker *w);
bool sched_full(void); /* as many tasks run as there are CPUs */
void worker_add(void); /* one more thread, if there may be one */
/* The thread that calls has the lock: it is no longer in a host call. */
void sched_unblock(void);
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
