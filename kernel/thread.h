/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads of a process. Each is a host task with an engine store and an
 * instance of its own; what they have in common is the process (descriptors,
 * grants, limits, signals) and one shared memory.
 *
 *     struct proc: main --next--> thread --next--> thread
 *
 * Every process has its first thread, `main`, inside. It alone runs signal
 * handlers, forks, becomes another program, and ends the process: when anybody
 * exits, traps or is killed the process is dying, every thread is poked and
 * leaves, and main, who waits for all of them, does the rest. Under the kernel
 * lock, but for the fields marked (own).
 */
#ifndef KERNEL_THREAD_H
#define KERNEL_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "../engine/engine.h"

struct grants;
struct proc;
struct host_task;

struct thread {
    struct proc *proc;
    struct thread *_Atomic next;
    int32_t tid;                       /* main: 0 */
    uint32_t arg;                      /* of wasi_thread_start */
    struct host_task *task;
    struct engine_store *store;        /* (own); others: interrupt it only */
    struct engine_instance *instance;  /* (own) */
    uint64_t syscalls;                 /* (own) */
    uint64_t profile_due; /* (own) CPU time of the next sample; 0: none */
    uint64_t profile_cpu; /* (own) host_cpu_ns() at the last one */
    bool restarting;                   /* (own) the call runs once more ... */
    bool deadline_kept;                /* (own) ... and had set this: */
    uint64_t call_deadline_ns;         /* (own) see proc_deadline() */
    char *wanted;         /* (own) what its call was refused; broker.h ... */
    struct grants *once;  /* (own) ... and what that call is allowed */
};

#define THREADS_MAX 1024u /* of a process */

/* The thread of p whose task is running. Without the lock, too. */
struct thread *thread_self(struct proc *p);
/* Has p, whose task is running, other threads? */
bool thread_others(const struct proc *p);
bool thread_is_main(struct proc *p);
uint32_t thread_count(const struct proc *p); /* lock held */
extern uint32_t thread_total; /* of all processes, besides their mains */

/*
 * One more thread: another instance of the program in the same memory, whose
 * wasi_thread_start(tid, arg) runs. tid > 0; -E_NOTSUP (no such function, or no
 * shared memory), -E_AGAIN (too many), -E_NOMEM. Lock held.
 */
int thread_spawn(struct proc *p, uint32_t arg);
/* Set p->attention, and make all threads but the running one look soon. */
void thread_poke_all(struct proc *p);
/* CPU time of p, whose task is running, and of the running thread: without the
 * lock. */
uint64_t thread_proc_cpu_ns(struct proc *p);
uint64_t thread_cpu_ns(struct proc *p);
/* Instead of what a thread's task does, where the host stopped it for good: its
 * process is dying, or becomes another program. */
void thread_taken(void *arg);
/* By main: wait until it is the only one left. They must have been told. */
void thread_join_all(struct proc *p);

/* engine_config's hooks; ctx is the struct thread. */
void thread_block(void *ctx, uint64_t ns);
void thread_wake(void *ctx);

#endif
