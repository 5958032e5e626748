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

extern volatile int __pith_jump_pending; /* src/signal.c */
void __pith_jump(void) __attribute__((__weak__)); /* src/setjmp.c, src/fork.c */

static inline long
left(long result)
{
    if (__builtin_expect(__pith_jump_pending, 0))
        __pith_jump();
    return result;
}

#define P(x) ((void *)(x))
#define LL(low, high) \
    ((int64_t)((uint64_t)(uint32_t)(high) << 32 | (uint32_t)(low)))

#endif
