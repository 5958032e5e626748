/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fibers: stacks to switch between within a thread.
 *
 *     guard page | <--- C stack grows down --- top | what the owner wants
 *
 * fiber_switch saves the callee-saved registers on the stack it leaves and the
 * stack pointer in the fiber; everything else is the compiler's, since it is an
 * ordinary call. Floating-point control words are taken to be the same in all
 * fibers. The switch itself is host/posix/fiber_<cpu>.S.
 */
#ifndef POSIX_FIBER_H
#define POSIX_FIBER_H

#include <stddef.h>

#include "sanitize.h"

struct fiber {
    void *sp;               /* while it is switched out */
    void *bottom;           /* lowest usable byte of its stack */
    size_t bytes;
    struct sanitize_fiber sanitize;
};

/* A new one: entry(arg) runs at the first switch to it, and never returns.
 * The stack is the caller's. */
void fiber_init(struct fiber *f, void *bottom, size_t bytes,
                void (*entry)(void *), void *arg);
/* The calling thread's own stack as a fiber. */
void fiber_adopt(struct fiber *f);
/* What fiber_init acquired; not the stack. Not the one that runs. */
void fiber_finish(struct fiber *f);
void fiber_switch(struct fiber *from, struct fiber *to);
/* The same for a fiber that will not run again. */
void fiber_switch_last(struct fiber *from, struct fiber *to);
/* First thing in entry, to complete the switch. */
void fiber_entered(struct fiber *f);

#endif
