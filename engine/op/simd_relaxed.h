/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relaxed SIMD. The specification leaves each of these a choice; ours is the
 * same on every machine and tier, so that a program has one meaning:
 *
 *   swizzle            as i8x16.swizzle (an index over 15 gives 0)
 *   trunc              as trunc_sat (NaN 0, out of range saturates)
 *   madd, nmadd        two roundings, a * b first: needs no FMA unit, and a
 *                      software fma would cost a hundred times as much
 *   laneselect         as v128.bitselect, bit by bit
 *   min, max           as min and max (NaN wins, -0 < +0)
 *   q15mulr            as q15mulr_sat_s
 *   dot_i8x16_i7x16    both operands signed, sums wrap
 *
 * Specification: WebAssembly 3.0, 4.3.2 and 4.3.3 (relaxed operations). See
 * simd.h.
 */
#ifndef ENGINE_OP_SIMD_RELAXED_H
#define ENGINE_OP_SIMD_RELAXED_H

#include "op/simd_float.h"
#include "op/simd_int.h"
#include "op/v128.h"

#define SAME_UN(name, strict)                                                  \
    V128_INLINE struct v128 op_##name(struct v128 a)                           \
    {                                                                          \
        return op_##strict(a);                                                 \
    }
#define SAME_BIN(name, strict)                                                 \
    V128_INLINE struct v128 op_##name(struct v128 a, struct v128 b)            \
    {                                                                          \
        return op_##strict(a, b);                                              \
    }
#define SAME_TER(name, strict)                                                 \
    V128_INLINE struct v128 op_##name(struct v128 a, struct v128 b,            \
                                      struct v128 c)                           \
    {                                                                          \
        return op_##strict(a, b, c);                                           \
    }
SAME_BIN(i8x16_relaxed_swizzle, i8x16_swizzle)
SAME_UN(i32x4_relaxed_trunc_f32x4_s, i32x4_trunc_sat_f32x4_s)
SAME_UN(i32x4_relaxed_trunc_f32x4_u, i32x4_trunc_sat_f32x4_u)
SAME_UN(i32x4_relaxed_trunc_f64x2_s_zero, i32x4_trunc_sat_f64x2_s_zero)
SAME_UN(i32x4_relaxed_trunc_f64x2_u_zero, i32x4_trunc_sat_f64x2_u_zero)
SAME_TER(i8x16_relaxed_laneselect, v128_bitselect)
SAME_TER(i16x8_relaxed_laneselect, v128_bitselect)
SAME_TER(i32x4_relaxed_laneselect, v128_bitselect)
SAME_TER(i64x2_relaxed_laneselect, v128_bitselect)
SAME_BIN(f32x4_relaxed_min, f32x4_min)
SAME_BIN(f32x4_relaxed_max, f32x4_max)
SAME_BIN(f64x2_relaxed_min, f64x2_min)
SAME_BIN(f64x2_relaxed_max, f64x2_max)
SAME_BIN(i16x8_relaxed_q15mulr_s, i16x8_q15mulr_sat_s)
#undef SAME_UN
#undef SAME_BIN
#undef SAME_TER

#define MADD(name, f)                                                          \
    V128_INLINE struct v128 op_##name##_relaxed_madd(                          \
        struct v128 a, struct v128 b, struct v128 c)                           \
    {                                                                          \
        return of_##f(v_##f(a) * v_##f(b) + v_##f(c));                         \
    }                                                                          \
    V128_INLINE struct v128 op_##name##_relaxed_nmadd(                         \
        struct v128 a, struct v128 b, struct v128 c)                           \
    {                                                                          \
        return of_##f(-(v_##f(a) * v_##f(b)) + v_##f(c));                      \
    }
MADD(f32x4, f32x4)
MADD(f64x2, f64x2)
#undef MADD

V128_INLINE struct v128
op_i16x8_relaxed_dot_i8x16_i7x16_s(struct v128 a, struct v128 b)
{
    s8x16 x = v_s8x16(a), y = v_s8x16(b);
    u16x8 r;

    for (unsigned i = 0; i < 8; i++)
        r[i] = (uint16_t)(x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1]);
    return of_u16x8(r);
}

V128_INLINE struct v128
op_i32x4_relaxed_dot_i8x16_i7x16_add_s(struct v128 a, struct v128 b,
                                       struct v128 c)
{
    struct v128 pairs = op_i16x8_relaxed_dot_i8x16_i7x16_s(a, b);

    return op_i32x4_add(op_i32x4_extadd_pairwise_i16x8_s(pairs), c);
}

#endif
