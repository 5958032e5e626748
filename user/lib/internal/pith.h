/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libpith's own sources share. SYS(name) opens the body of the function
 * that internal/syscall.h calls for SYS_name; its arguments are a to f.
 *
 * A signal handler runs inside a system call, with the kernel's frames below
 * it, so a longjmp out of it cannot unwind at once. It is noted, the handler
 * returns, and `left` performs it as soon as the call is back in the program.
 */
#ifndef PITH_INTERNAL_H
#define PITH_INTERNAL_H

#include "syscall.h"
#include "pith_import.h"
#include "../../../abi/pith/abi.h"

#define SYS(name) \
    long __sys_##name(long a, long b, long c, long d, long e, long f) \
    { \
        (void)a; \
        (void)b; \
        (void)c; \
        (void)d; \
        (void)e; \
        (void)f; \
        return

#define END \
    ; \
    }

/* src/sigmask.c */
extern volatile int __pith_pending; /* left must look: a jump, late handlers */
extern volatile int __pith_busy;    /* no handler may run now (src/fork.c) */
extern int __pith_depth;            /* of handlers under way */
extern uint64_t __pith_late_set;    /* signals kept back while busy */
void __pith_look(void);

static inline long
left(long result)
{
    if (__builtin_expect(__pith_pending, 0))
        __pith_look();
    return result;
}

#define P(x) ((void *)(x))
#define LL(low, high) \
    ((int64_t)((uint64_t)(uint32_t)(high) << 32 | (uint32_t)(low)))

#endif
