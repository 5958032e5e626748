/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wide arithmetic (the proposal of that name): 128-bit integers as two i64,
 * low half first. v holds the operands and takes the result. Portable: there is
 * no 128-bit type on 32-bit machines.
 */
#ifndef ENGINE_OP_WIDE_H
#define ENGINE_OP_WIDE_H

#include <stdint.h>

#define WIDE_INLINE static inline __attribute__((always_inline, unused))

WIDE_INLINE void
op_i64_add128(uint64_t v[4])
{
    uint64_t low = v[0] + v[2];

    v[1] = v[1] + v[3] + (low < v[0]);
    v[0] = low;
}

WIDE_INLINE void
op_i64_sub128(uint64_t v[4])
{
    uint64_t borrow = v[0] < v[2];

    v[0] -= v[2];
    v[1] = v[1] - v[3] - borrow;
}

WIDE_INLINE void
op_i64_mul_wide_u(uint64_t v[2])
{
    uint64_t a = v[0], b = v[1];
    uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
    uint64_t low = al * bl, mid = ah * bl + (low >> 32);
    uint64_t mid2 = al * bh + (uint32_t)mid;

    v[0] = mid2 << 32 | (uint32_t)low;
    v[1] = ah * bh + (mid >> 32) + (mid2 >> 32);
}

WIDE_INLINE void
op_i64_mul_wide_s(uint64_t v[2])
{
    uint64_t a = v[0], b = v[1];

    op_i64_mul_wide_u(v);
    v[1] -= (a >> 63 ? b : 0) + (b >> 63 ? a : 0);
}

#endif
