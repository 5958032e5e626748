/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of all programs together. What they may make the machine spend is
 * counted in one sum: linear memories, tables and objects (the engine asks,
 * engine_config.take), files in memory, pipes and sockets, caches, program files.
 * Whoever wants more than there is is refused, ENOMEM or ENOSPC, before anything
 * is taken; so it is the one that grows that is told, and it may go on without.
 *
 *     | taken ...                           | for small ones | never: the kernel's |
 *     0                                     limit - limit/8  limit       the machine
 *
 * The more a program has grown, the more must be left for others when it grows on:
 * sixteen times as much, up to an eighth of all. What is new takes what it needs to
 * begin with. So what is hungry stops early enough for a shell, ls and kill to start
 * beside it.
 *
 * Who cannot even begin has the largest process killed (memory_relieve). What is not
 * counted (stacks, compiled code, the kernel's small things) is the
 * reserve's; where a machine is ours alone (host_memory_low) and that comes to its
 * end as well, the largest process is killed and the log says so (memory_watch).
 *
 * All but the last two: any thread, any lock.
 */
#ifndef KERNEL_MEMORY_H
#define KERNEL_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Once, before programs run. bytes 0: seven eighths of what the host has; then the
 * stack that a program begins with, most of which it never touches, counts an
 * eighth. Of a limit that was given it counts whole, so that it does hold.
 */
void memory_limit_set(uint64_t bytes);
uint64_t memory_limit(void);
uint64_t memory_light(void); /* for engine_config.light_bytes */
uint64_t memory_used(void);
/* The machine is at its end (memory_watch): nobody gets any for now. */
void memory_set_low(bool low);
/* Is so little left that what has much gets nothing? */
bool memory_is_short(void);
/* At most max, and no more than limit / part: for a cache. */
uint64_t memory_share(uint64_t max, uint32_t part);

/* For who has grown so much then. False, and nothing taken: there is not enough. */
bool memory_take(uint64_t bytes, uint64_t grown);
void memory_charge(uint64_t bytes); /* it is taken already */
void memory_give(uint64_t bytes);

/* Running programs call this now and then, without the lock. */
void memory_watch(void);
/*
 * A program could not begin (fork, exec): the largest is killed, if it has much
 * more than for_whom, and waited for. True: try again. Lock held, may block.
 */
struct proc;
bool memory_relieve(struct proc *for_whom);
#define RELIEFS 4 /* how often, at most */

#endif
