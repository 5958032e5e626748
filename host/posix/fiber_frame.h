/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fiber_swap finds on the stack it switches to, lowest address first; the
 * .S file of the same processor pops it in this order. entry and arg sit in
 * registers that fiber_begin picks up.
 */
#ifndef POSIX_FIBER_FRAME_H
#define POSIX_FIBER_FRAME_H

#include <stdint.h>

#if defined(__x86_64__)
struct fiber_frame { /* sp % 16 == 0 */
    uintptr_t r15, r14, entry /* r13 */, arg /* r12 */, rbx, rbp;
    uintptr_t begin;
    uintptr_t pad;
};
#elif defined(__i386__)
struct fiber_frame {
    uintptr_t arg /* edi */, entry /* esi */, ebx, ebp;
    uintptr_t begin;
    uintptr_t pad[3];
};
#elif defined(__aarch64__)
struct fiber_frame {
    uintptr_t arg /* x19 */, entry /* x20 */, x21[8]; /* to x28 */
    uintptr_t fp, begin /* x30 */;
    uint64_t d8[8]; /* to d15 */
};
#elif defined(__riscv) && __riscv_xlen == 64
struct fiber_frame { /* sp % 16 == 0 */
    uintptr_t arg /* s0 */, entry /* s1 */, s2[10]; /* to s11 */
    uintptr_t begin /* ra */;
    uint64_t fs0[12]; /* to fs11 */
    uintptr_t pad;
};
#else
#error "no fiber switch for this processor: add fiber_<cpu>.S and its frame"
#endif

#endif
