/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIMD bodies on float lanes and conversions. The semantics and the tricks are
 * those of float.h, spelled for four or two lanes at once; masks stand where
 * float.h has conditions. See simd.h.
 */
#ifndef ENGINE_OP_SIMD_FLOAT_H
#define ENGINE_OP_SIMD_FLOAT_H

#include "op/float.h"
#include "op/simd_int.h"
#include "op/v128.h"

/* ---- both widths ---- */

/* f: the float vector; u: the unsigned vector of the same shape. */
#define FLOATS(name, f, u)                                                     \
    BIN(name##_eq, f, u, x == y)                                               \
    BIN(name##_ne, f, u, x != y)                                               \
    BIN(name##_lt, f, u, x < y)                                                \
    BIN(name##_gt, f, u, x > y)                                                \
    BIN(name##_le, f, u, x <= y)                                               \
    BIN(name##_ge, f, u, x >= y)                                               \
    BIN(name##_add, f, f, x + y)                                               \
    BIN(name##_sub, f, f, x - y)                                               \
    BIN(name##_mul, f, f, x *y)                                                \
    BIN(name##_div, f, f, x / y)                                               \
    BIN(name##_pmin, f, u, SELECT((u)(y < x), (u)y, (u)x))                     \
    BIN(name##_pmax, f, u, SELECT((u)(x < y), (u)y, (u)x))
FLOATS(f32x4, f32x4, u32x4)
FLOATS(f64x2, f64x2, u64x2)
#undef FLOATS

#define FLOAT_BITS(name, f, u, SIGN, QUIET, INTEGRAL)                          \
    UN(name##_abs, u, u, x & ~SIGN)                                            \
    UN(name##_neg, u, u, x ^ SIGN)                                             \
    /* Equal operands: zeros of either sign are merged by their bits. */       \
    V128_INLINE struct v128 op_##name##_min(struct v128 a, struct v128 b)      \
    {                                                                          \
        f x = v_##f(a), y = v_##f(b);                                          \
        u lt = (u)(x < y), gt = (u)(x > y), eq = (u)(x == y);                  \
                                                                               \
        return of_##u(((u)x & (lt | eq)) | ((u)y & (gt | eq)) |                \
                      ((u)(x + y) & ~(lt | gt | eq)));                         \
    }                                                                          \
    V128_INLINE struct v128 op_##name##_max(struct v128 a, struct v128 b)      \
    {                                                                          \
        f x = v_##f(a), y = v_##f(b);                                          \
        u lt = (u)(x < y), gt = (u)(x > y), eq = (u)(x == y);                  \
                                                                               \
        return of_##u(((u)x & gt) | ((u)y & lt) | ((u)x & (u)y & eq) |         \
                      ((u)(x + y) & ~(lt | gt | eq)));                         \
    }                                                                          \
    /* r, rounded from a, gets x's sign; x itself where it is integral. */     \
    V128_INLINE u v128_##name##_rounded(f x, f r)                              \
    {                                                                          \
        u bits = (u)x;                                                         \
        u small = (u)((f)(bits & ~SIGN) < INTEGRAL);                           \
        u quiet = (u)(x != x) & QUIET;                                         \
                                                                               \
        return SELECT(small, ((u)r & ~SIGN) | (bits & SIGN), bits | quiet);    \
    }                                                                          \
    /* Nearest integer of x; any value where |x| >= INTEGRAL. */               \
    V128_INLINE f v128_##name##_round(f x)                                     \
    {                                                                          \
        u sign = (u)x & SIGN;                                                  \
        f magnitude = (f)((u)x ^ sign);                                        \
                                                                               \
        return (f)((u)((magnitude + INTEGRAL) - INTEGRAL) | sign);             \
    }                                                                          \
    V128_INLINE f v128_##name##_one(u mask)                                    \
    {                                                                          \
        return (f)(mask & (u)((f){0} + 1));                                    \
    }                                                                          \
    UN(name##_nearest, f, u, v128_##name##_rounded(x, v128_##name##_round(x))) \
    V128_INLINE struct v128 op_##name##_floor(struct v128 a)                   \
    {                                                                          \
        f x = v_##f(a), r = v128_##name##_round(x);                            \
                                                                               \
        r -= v128_##name##_one((u)(r > x));                                    \
        return of_##u(v128_##name##_rounded(x, r));                            \
    }                                                                          \
    V128_INLINE struct v128 op_##name##_ceil(struct v128 a)                    \
    {                                                                          \
        f x = v_##f(a), r = v128_##name##_round(x);                            \
                                                                               \
        r += v128_##name##_one((u)(r < x));                                    \
        return of_##u(v128_##name##_rounded(x, r));                            \
    }                                                                          \
    V128_INLINE struct v128 op_##name##_trunc(struct v128 a)                   \
    {                                                                          \
        f x = v_##f(a), magnitude = (f)((u)x & ~SIGN);                         \
        f r = (magnitude + INTEGRAL) - INTEGRAL;                               \
                                                                               \
        r -= v128_##name##_one((u)(r > magnitude));                            \
        return of_##u(v128_##name##_rounded(x, r));                            \
    }
FLOAT_BITS(f32x4, f32x4, u32x4, F32_SIGN, F32_QUIET, F32_INTEGRAL)
FLOAT_BITS(f64x2, f64x2, u64x2, F64_SIGN, F64_QUIET, F64_INTEGRAL)
#undef FLOAT_BITS

V128_INLINE struct v128
op_f32x4_sqrt(struct v128 a)
{
    f32x4 x = v_f32x4(a);

    for (unsigned i = 0; i < 4; i++)
        x[i] = __builtin_sqrtf(x[i]);
    return of_f32x4(x);
}

V128_INLINE struct v128
op_f64x2_sqrt(struct v128 a)
{
    f64x2 x = v_f64x2(a);

    for (unsigned i = 0; i < 2; i++)
        x[i] = __builtin_sqrt(x[i]);
    return of_f64x2(x);
}

/* ---- conversions ---- */

UN(f32x4_convert_i32x4_s, s32x4, f32x4, __builtin_convertvector(x, f32x4))
UN(f32x4_convert_i32x4_u, u32x4, f32x4, __builtin_convertvector(x, f32x4))

V128_INLINE struct v128
op_f64x2_convert_low_i32x4_s(struct v128 a)
{
    s32x4 x = v_s32x4(a);

    return of_f64x2((f64x2){(double)x[0], (double)x[1]});
}

V128_INLINE struct v128
op_f64x2_convert_low_i32x4_u(struct v128 a)
{
    u32x4 x = v_u32x4(a);

    return of_f64x2((f64x2){(double)x[0], (double)x[1]});
}

V128_INLINE struct v128
op_f64x2_promote_low_f32x4(struct v128 a)
{
    f32x4 x = v_f32x4(a);

    return of_f64x2((f64x2){(double)x[0], (double)x[1]});
}

V128_INLINE struct v128
op_f32x4_demote_f64x2_zero(struct v128 a)
{
    f64x2 x = v_f64x2(a);

    return of_f32x4((f32x4){(float)x[0], (float)x[1], 0, 0});
}

/*
 * Lanes that C cannot convert are replaced before (NaN and what is out of
 * range become 0) and after (what was too large or too small).
 */
V128_INLINE struct v128
op_i32x4_trunc_sat_f32x4_s(struct v128 a)
{
    f32x4 x = v_f32x4(a);
    u32x4 big = (u32x4)(x >= 2147483648.0f);
    u32x4 small = (u32x4)(x < -2147483648.0f);
    f32x4 safe = (f32x4)((u32x4)x & ~(big | small) & (u32x4)(x == x));
    u32x4 r = (u32x4) __builtin_convertvector(safe, s32x4);

    return of_u32x4(r | (big & 0x7fffffffu) | (small & 0x80000000u));
}

/* What does not fit a signed lane is converted less 2^31. */
V128_INLINE struct v128
op_i32x4_trunc_sat_f32x4_u(struct v128 a)
{
    f32x4 x = v_f32x4(a);
    u32x4 all = (u32x4)(x >= 4294967296.0f);
    u32x4 top = (u32x4)(x >= 2147483648.0f) & ~all;
    f32x4 safe = (f32x4)((u32x4)x & ~all & (u32x4)(x > 0));
    f32x4 less = safe - (f32x4)(top & (u32x4)((f32x4){0} + 2147483648.0f));
    u32x4 r = (u32x4) __builtin_convertvector(less, s32x4);

    return of_u32x4((r ^ (top & 0x80000000u)) | all);
}

V128_INLINE struct v128
op_i32x4_trunc_sat_f64x2_s_zero(struct v128 a)
{
    f64x2 x = v_f64x2(a);

    return of_u32x4(
        (u32x4){i32_trunc_sat_f64_s(x[0]), i32_trunc_sat_f64_s(x[1]), 0, 0});
}

V128_INLINE struct v128
op_i32x4_trunc_sat_f64x2_u_zero(struct v128 a)
{
    f64x2 x = v_f64x2(a);

    return of_u32x4(
        (u32x4){i32_trunc_sat_f64_u(x[0]), i32_trunc_sat_f64_u(x[1]), 0, 0});
}

#endif
