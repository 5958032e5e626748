/* SPDX-License-Identifier: Apache-2.0 */
/* What proc.c, spawn.c, run.c, job.c and signal.c share; lock held. */
#ifndef KERNEL_PROC_INTERNAL_H
#define KERNEL_PROC_INTERNAL_H

#include "exec.h"
#include "proc.h"

/* Processes in the system. Each takes four mappings of the host, of which Linux
 * gives 65,530 by default. */
#define PROC_MAX 15000u
#define PID_MAX 99999
#define VALUE_STACK (1u << 20)
#define HANDLER_DEPTH 32u   /* nested signal handlers: each takes C stack */
#define JUMP_TRIES 64u

/* proc.c */

/*
 * A new process in state CREATED, in the table, with everything inherited that
 * spawn and fork inherit alike; not yet its files. parent NULL: a process of
 * the host's. -E_AGAIN (too many), -E_NOMEM.
 */
int proc_create(struct proc *parent, struct proc **out);
/* Undo proc_create for one that never ran. May block (closes files). */
void proc_discard(struct proc *p);
/* Everything of a process that has stopped running: files, memory, children;
 * leaves a zombie or nothing. Own task; p is gone afterwards. */
void proc_finish(struct proc *p);
void proc_free(struct proc *p); /* a zombie that was waited for */
extern struct wait_queue proc_all_gone; /* woken when the last is freed */
/* c is no longer its parent's child: when it ends it is gone. */
void proc_disown(struct proc *c);
/* Tell the parent that p stopped, continued or ended. */
void proc_tell_parent(struct proc *p, int sig);

/* run.c: the main function of a process's first task. */
void proc_main(void *arg);
/* Begin: the task exists and may run p. */
void proc_begin(struct proc *p);
/* Program name, arguments and environment; takes a's memory over. */
void proc_set_args(struct proc *p, struct exec_args *a);
void proc_drop_store(struct proc *p);
enum engine_status proc_poll(struct engine_store *s, void *user);
/* For a thread; those after the first share the first's limits. */
struct engine_store *proc_store_create(struct thread *t);
/* Why p cannot go on, without the lock. What it was killed for counts more: its
 * time may be over while it is linked. */
void proc_trouble(struct proc *p, const char *why);
/* The same for traps, without the lock: keeps what is left, too. */
void proc_note_trap(struct thread *t, enum engine_status st);
/* Thread t ended with st, which ends p unless that is known already. Lock held;
 * t still has its store. */
void proc_set_status(struct thread *t, enum engine_status st);

/* signal.c */
/* p's grants changed: a call that waits begins anew. */
void proc_regranted(struct proc *p);
void signal_reset_for_exec(struct proc *p);
/* Send without regard to who may; from is for pending bookkeeping. */
static inline uint64_t
sig_bit(int sig)
{
    return 1ull << (sig - 1);
}
#define SIG_UNBLOCKABLE (sig_bit(PITH_SIGKILL) | sig_bit(PITH_SIGSTOP))

/* job.c */
struct session *session_create(int32_t sid);
bool group_in_session(int32_t pgid, const struct session *s);
/* p is about to end or leave its group: groups that thereby become orphaned
 * and have stopped members get SIGHUP and SIGCONT. */
void groups_orphaned_by(struct proc *p);

extern uint32_t proc_stopped_count; /* processes with ->stopped */

/* limits.c */
void limits_init(struct proc *p);
/* At polls: CPU time. */
void limits_check(struct proc *p);
void limits_arm(struct proc *p); /* deadline_ns */

#endif
