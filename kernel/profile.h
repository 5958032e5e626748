/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sampling profile of all processes: stacks, and how many samples each got.
 *
 * A sample is due each time a process has used another period of CPU time.
 * Nobody interrupts it for that: its own time is looked at where it passes by
 * anyway, and what is due goes to the stretch that has just ended there.
 *
 *     wasm ----poll----poll--- call( host function )---poll---
 *               ^        ^        ^                ^      ^
 *            the code that polls, or calls,    the function called,
 *            is what ran until here            on top of the caller
 *
 * So time in host functions is theirs to the nanosecond, time in wasm is right
 * to a poll's distance (profiled stores poll often), and every period counts
 * exactly once. Waiting is not CPU time and does not appear.
 */
#ifndef KERNEL_PROFILE_H
#define KERNEL_PROFILE_H

#include "proc.h"

#define PROFILE_PERIOD_NS 1000000u
#define PROFILE_POLL 5000u /* the engine's units between polls */

/* Before the first process starts. */
void profile_start(void);
bool profile_on(void);
/* t's task begins: it is sampled from now on, if profiling is on. */
void profile_begin(struct thread *t);
/* t's own task, without the lock, if t->profile_due: what ran until now was the
 * program, was the host function of this name. */
void profile_poll(struct thread *t);
void profile_call(struct thread *t, const char *name);

/*
 * All stacks so far, in no order, as "process;outermost;...;innermost" and
 * their samples; a host function's name is in brackets. Lock held, or after the
 * end.
 */
void profile_each(void (*fn)(void *ctx, const char *stack, uint64_t samples),
                  void *ctx);

#endif
