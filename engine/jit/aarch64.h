/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions of AArch64 that are put together by hand: the few that
 * aarch64.c and put_aarch64.c need. Registers are numbers; sp and zr are 31. */
#ifndef ENGINE_JIT_AARCH64_H
#define ENGINE_JIT_AARCH64_H

#include "jit/jit.h"

/* preserve_none's registers */
#define X_IN 20u
#define X_FP 21u
#define X_MEM 22u
#define X_BUDGET 23u
#define X_R0 24u
#define X_R1 25u
#define X_LR 30u
#define X_ZR 31u
#define X_SP 31u
/* Stencils use none of these; put_aarch64.c does from x11, before each. */
#define X_BASE 11u /* + enum hole_kind, slots */
#define X_OFFSET 15u

static inline void
a64(struct jit *j, uint32_t insn)
{
    jit_bytes(j, &insn, sizeof insn);
}

/* rd = v */
void a64_move(struct jit *j, unsigned rd, uint64_t v);
/* rd = rn + v, rd = rn - v; rd is not rn unless v < 2^24 */
void a64_add(struct jit *j, unsigned rd, unsigned rn, uint64_t v);
void a64_sub(struct jit *j, unsigned rd, unsigned rn, uint32_t v);
/* 64 bits at rn + offset, a multiple of 8 below 2^24; x8 is lost beyond 32 KiB
 */
void a64_load(struct jit *j, unsigned rt, unsigned rn, uint32_t offset);
void a64_store(struct jit *j, unsigned rt, unsigned rn, uint32_t offset);

#endif
