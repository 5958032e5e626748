/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIMD bodies on integer lanes: comparisons, arithmetic, saturation, shifts,
 * widening and narrowing arithmetic, tests. See simd.h.
 *
 * SELECT is a lane-wise conditional: m is all ones or all zeros per lane, as
 * vector comparisons give it.
 */
#ifndef ENGINE_OP_SIMD_INT_H
#define ENGINE_OP_SIMD_INT_H

#include "op/simd_lane.h"
#include "op/v128.h"

/* A vector with n in every lane. */
#define EACH(v, n) ((v){0} + (__typeof__(((v){0})[0]))(n))
#define SELECT(m, a, b) (((a) & (m)) | ((b) & ~(m)))

/* name(a, b) of the lanes seen as view: of_out(expression in x and y). */
#define BIN(name, view, out, expression)                                       \
    V128_INLINE struct v128 op_##name(struct v128 a, struct v128 b)            \
    {                                                                          \
        view x = v_##view(a), y = v_##view(b);                                 \
                                                                               \
        return of_##out((out)(expression));                                    \
    }
#define UN(name, view, out, expression)                                        \
    V128_INLINE struct v128 op_##name(struct v128 a)                           \
    {                                                                          \
        view x = v_##view(a);                                                  \
                                                                               \
        return of_##out((out)(expression));                                    \
    }

/* ---- what every width has ------------------------------------------------ */

/* last is the number of a lane's highest bit. */
#define COMMON(name, u, s, last)                                               \
    BIN(name##_eq, u, u, x == y)                                               \
    BIN(name##_ne, u, u, x != y)                                               \
    BIN(name##_lt_s, s, u, x < y)                                              \
    BIN(name##_gt_s, s, u, x > y)                                              \
    BIN(name##_le_s, s, u, x <= y)                                             \
    BIN(name##_ge_s, s, u, x >= y)                                             \
    BIN(name##_add, u, u, x + y)                                               \
    BIN(name##_sub, u, u, x - y)                                               \
    UN(name##_neg, u, u, -x)                                                   \
    V128_INLINE struct v128 op_##name##_abs(struct v128 a)                     \
    {                                                                          \
        u x = v_##u(a), sign = (u)(v_##s(a) < 0);                              \
                                                                               \
        return of_##u((x ^ sign) - sign);                                      \
    }                                                                          \
    V128_INLINE struct v128 op_##name##_shl(struct v128 a, uint32_t n)         \
    {                                                                          \
        return of_##u(v_##u(a) << EACH(u, n & last));                          \
    }                                                                          \
    V128_INLINE struct v128 op_##name##_shr_u(struct v128 a, uint32_t n)       \
    {                                                                          \
        return of_##u(v_##u(a) >> EACH(u, n & last));                          \
    }                                                                          \
    V128_INLINE struct v128 op_##name##_shr_s(struct v128 a, uint32_t n)       \
    {                                                                          \
        return of_##s(v_##s(a) >> EACH(s, n & last));                          \
    }                                                                          \
    V128_INLINE uint32_t op_##name##_all_true(struct v128 a)                   \
    {                                                                          \
        return !op_v128_any_true(of_##u((u)(v_##u(a) == 0)));                  \
    }
COMMON(i8x16, u8x16, s8x16, 7u)
COMMON(i16x8, u16x8, s16x8, 15u)
COMMON(i32x4, u32x4, s32x4, 31u)
COMMON(i64x2, u64x2, s64x2, 63u)
#undef COMMON

/* ---- what all but i64x2 have ---- */

#define NARROWER(name, u, s)                                                   \
    BIN(name##_lt_u, u, u, x < y)                                              \
    BIN(name##_gt_u, u, u, x > y)                                              \
    BIN(name##_le_u, u, u, x <= y)                                             \
    BIN(name##_ge_u, u, u, x >= y)                                             \
    BIN(name##_min_u, u, u, SELECT((u)(x < y), x, y))                          \
    BIN(name##_max_u, u, u, SELECT((u)(x > y), x, y))                          \
    BIN(name##_min_s, s, s, SELECT((s)(x < y), x, y))                          \
    BIN(name##_max_s, s, s, SELECT((s)(x > y), x, y))
NARROWER(i8x16, u8x16, s8x16)
NARROWER(i16x8, u16x8, s16x8)
NARROWER(i32x4, u32x4, s32x4)
#undef NARROWER

/*
 * i8x16 and i16x8: saturating arithmetic and rounding averages. A signed sum
 * overflowed when its sign differs from both operands'; it saturates to the
 * bound of x's sign, which is MAX + (x < 0).
 */
#define SATURATING(name, u, s, last, MAX)                                      \
    BIN(name##_add_sat_u, u, u, (x + y) | (u)((x + y) < x))                    \
    BIN(name##_sub_sat_u, u, u, (x - y) & (u)(x >= y))                         \
    V128_INLINE struct v128 op_##name##_add_sat_s(struct v128 a,               \
                                                  struct v128 b)               \
    {                                                                          \
        u x = v_##u(a), y = v_##u(b), sum = x + y;                             \
        u over = (u)((s)((x ^ sum) & (y ^ sum)) < 0);                          \
                                                                               \
        return of_##u(SELECT(over, (x >> last) + MAX, sum));                   \
    }                                                                          \
    V128_INLINE struct v128 op_##name##_sub_sat_s(struct v128 a,               \
                                                  struct v128 b)               \
    {                                                                          \
        u x = v_##u(a), y = v_##u(b), difference = x - y;                      \
        u over = (u)((s)((x ^ y) & (x ^ difference)) < 0);                     \
                                                                               \
        return of_##u(SELECT(over, (x >> last) + MAX, difference));            \
    }                                                                          \
    BIN(name##_avgr_u, u, u, (x | y) - ((x ^ y) >> 1))
SATURATING(i8x16, u8x16, s8x16, 7, 0x7f)
SATURATING(i16x8, u16x8, s16x8, 15, 0x7fff)
#undef SATURATING

BIN(i16x8_mul, u16x8, u16x8, x *y)
BIN(i32x4_mul, u32x4, u32x4, x *y)
BIN(i64x2_mul, u64x2, u64x2, x *y)

/* ---- single widths ---- */

V128_INLINE struct v128
op_i8x16_popcnt(struct v128 a)
{
    u8x16 x = v_u8x16(a);

    x -= (x >> 1) & 0x55;
    x = (x & 0x33) + ((x >> 2) & 0x33);
    return of_u8x16((x + (x >> 4)) & 0x0f);
}

/* Rounded product of Q15 fractions; only -1 * -1 leaves the range. */
V128_INLINE struct v128
op_i16x8_q15mulr_sat_s(struct v128 a, struct v128 b)
{
    s16x8 x = v_s16x8(a), y = v_s16x8(b), r;

    for (unsigned i = 0; i < 8; i++) {
        int32_t product = ((int32_t)x[i] * y[i] + 0x4000) >> 15;

        r[i] = (int16_t)(product > INT16_MAX ? INT16_MAX : product);
    }
    return of_s16x8(r);
}

/* ---- bitmasks: the lanes' sign bits, lane 0 in bit 0 ---- */

/*
 * Eight sign bits at distance 8 meet in the top byte when multiplied by ones
 * at distance 7.
 */
V128_INLINE uint32_t
v128_bitmask_8(uint64_t lanes)
{
    return (uint32_t)((((lanes >> 7) & 0x0101010101010101u) *
                       0x0102040810204080u) >>
                      56);
}

V128_INLINE uint32_t
op_i8x16_bitmask(struct v128 a)
{
    u64x2 x = v_u64x2(a);

    return v128_bitmask_8(x[0]) | v128_bitmask_8(x[1]) << 8;
}

#define BITMASK(name, u, last)                                                 \
    V128_INLINE uint32_t op_##name##_bitmask(struct v128 a)                    \
    {                                                                          \
        u x = v_##u(a);                                                        \
        uint32_t r = 0;                                                        \
                                                                               \
        for (unsigned i = 0; i < sizeof x / sizeof x[0]; i++)                  \
            r |= (uint32_t)(x[i] >> last) << i;                                \
        return r;                                                              \
    }
BITMASK(i16x8, u16x8, 15)
BITMASK(i32x4, u32x4, 31)
BITMASK(i64x2, u64x2, 63)
#undef BITMASK

/* ---- narrowing: clamp, then keep the low half of each lane ---- */

V128_INLINE struct v128
v128_low_halves_16(struct v128 a, struct v128 b)
{
    return of_u8x16(__builtin_shufflevector(v_u8x16(a), v_u8x16(b), 0, 2, 4, 6,
                                            8, 10, 12, 14, 16, 18, 20, 22, 24,
                                            26, 28, 30));
}

V128_INLINE struct v128
v128_low_halves_32(struct v128 a, struct v128 b)
{
    return of_u16x8(__builtin_shufflevector(v_u16x8(a), v_u16x8(b), 0, 2, 4, 6,
                                            8, 10, 12, 14));
}

#define CLAMP(name, s, MIN, MAX)                                               \
    V128_INLINE struct v128 v128_clamp_##name(struct v128 a)                   \
    {                                                                          \
        s x = v_##s(a);                                                        \
        s min = (s){0} + MIN, max = (s){0} + MAX;                              \
                                                                               \
        x = SELECT((s)(x < min), min, x);                                      \
        x = SELECT((s)(x > max), max, x);                                      \
        return of_##s(x);                                                      \
    }
CLAMP(16_s, s16x8, INT8_MIN, INT8_MAX)
CLAMP(16_u, s16x8, 0, UINT8_MAX)
CLAMP(32_s, s32x4, INT16_MIN, INT16_MAX)
CLAMP(32_u, s32x4, 0, UINT16_MAX)
#undef CLAMP

#define NARROW(name, width, sign)                                              \
    V128_INLINE struct v128 op_##name(struct v128 a, struct v128 b)            \
    {                                                                          \
        return v128_low_halves_##width(v128_clamp_##width##_##sign(a),         \
                                       v128_clamp_##width##_##sign(b));        \
    }
NARROW(i8x16_narrow_i16x8_s, 16, s)
NARROW(i8x16_narrow_i16x8_u, 16, u)
NARROW(i16x8_narrow_i32x4_s, 32, s)
NARROW(i16x8_narrow_i32x4_u, 32, u)
#undef NARROW

/* ---- pairs
 * ------------------------------------------------------------------- */

/* In lanes twice as wide, the even lane is the low half, the odd the high. */
UN(i16x8_extadd_pairwise_i8x16_s, s16x8, s16x8,
   ((s16x8)((u16x8)x << 8) >> 8) + (x >> 8))
UN(i16x8_extadd_pairwise_i8x16_u, u16x8, u16x8, (x & 0xff) + (x >> 8))
UN(i32x4_extadd_pairwise_i16x8_s, s32x4, s32x4,
   ((s32x4)((u32x4)x << 16) >> 16) + (x >> 16))
UN(i32x4_extadd_pairwise_i16x8_u, u32x4, u32x4, (x & 0xffff) + (x >> 16))

/*
 * Products of even and of odd lanes, both as 32-bit lanes. -32768 squared,
 * twice, wraps.
 */
V128_INLINE struct v128
op_i32x4_dot_i16x8_s(struct v128 a, struct v128 b)
{
    u32x4 x = v_u32x4(a), y = v_u32x4(b);
    u32x4 even =
        (u32x4)((s32x4)(x << 16) >> 16) * (u32x4)((s32x4)(y << 16) >> 16);
    u32x4 odd = (u32x4)((s32x4)x >> 16) * (u32x4)((s32x4)y >> 16);

    return of_u32x4(even + odd);
}

/* ---- widening multiplication
 * --------------------------------------------------- */

#define EXTMUL(name, half, from)                                               \
    V128_INLINE struct v128 op_##name##_extmul_##half##_##from(struct v128 a,  \
                                                               struct v128 b)  \
    {                                                                          \
        return op_##name##_mul(op_##name##_extend_##half##_##from(a),          \
                               op_##name##_extend_##half##_##from(b));         \
    }
#define EXTMULS(name, from)                                                    \
    EXTMUL(name, low, from##_s)                                                \
    EXTMUL(name, high, from##_s)                                               \
    EXTMUL(name, low, from##_u)                                                \
    EXTMUL(name, high, from##_u)
EXTMULS(i16x8, i8x16)
EXTMULS(i32x4, i16x8)
EXTMULS(i64x2, i32x4)
#undef EXTMULS
#undef EXTMUL

#endif
