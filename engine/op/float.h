/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalar float semantics: what C leaves open or gets differently from
 * WebAssembly 3.0, 4.3.3 (floating-point operations) and 4.3.4 (conversions).
 * Pure inline functions, used by the scalar opcodes and by SIMD lanes.
 *
 * Not here because C's operator is already right: add, sub, mul, div, the
 * comparisons, integer to float, promote, demote. sqrt is __builtin_sqrt.
 *
 * Assumptions: IEEE 754 binary32/64, round to nearest, no excess precision
 * (i386: -mfpmath=sse), compiled with -ffp-contract=off -fno-math-errno and
 * without -ffast-math. SSE2 is enough: roundings need no SSE4.1 and no libm.
 *
 * NaNs: results of arithmetic are quiet; a payload may be passed on (spec
 * 4.3.3, NaN propagation: canonical in, canonical out). abs, neg and copysign
 * touch the sign bit only, so they work on the bits.
 */
#ifndef ENGINE_OP_FLOAT_H
#define ENGINE_OP_FLOAT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "engine.h"

#define FLOAT_INLINE static inline __attribute__((always_inline, unused))

#define F32_SIGN 0x80000000u
#define F64_SIGN 0x8000000000000000u
#define F32_QUIET 0x00400000u
#define F64_QUIET 0x0008000000000000u
/* From here on (in magnitude) every float is an integer. */
#define F32_INTEGRAL 8388608.0f
#define F64_INTEGRAL 4503599627370496.0

FLOAT_INLINE uint32_t
f32_bits(float x)
{
    uint32_t u;

    memcpy(&u, &x, sizeof u);
    return u;
}

FLOAT_INLINE float
f32_of(uint32_t u)
{
    float x;

    memcpy(&x, &u, sizeof x);
    return x;
}

FLOAT_INLINE uint64_t
f64_bits(double x)
{
    uint64_t u;

    memcpy(&u, &x, sizeof u);
    return u;
}

FLOAT_INLINE double
f64_of(uint64_t u)
{
    double x;

    memcpy(&x, &u, sizeof x);
    return x;
}

/* ---- sign ------------------------------------------------------------- */

/* On bits, so that a signalling NaN stays what it is. */
#define FLOAT_SIGN_OPS(f, bits, SIGN)                                          \
    FLOAT_INLINE bits f##_abs_bits(bits x)                                     \
    {                                                                          \
        return x & ~SIGN;                                                      \
    }                                                                          \
    FLOAT_INLINE bits f##_neg_bits(bits x)                                     \
    {                                                                          \
        return x ^ SIGN;                                                       \
    }                                                                          \
    FLOAT_INLINE bits f##_copysign_bits(bits x, bits sign)                     \
    {                                                                          \
        return (x & ~SIGN) | (sign & SIGN);                                    \
    }
FLOAT_SIGN_OPS(f32, uint32_t, F32_SIGN)
FLOAT_SIGN_OPS(f64, uint64_t, F64_SIGN)
#undef FLOAT_SIGN_OPS

/* ---- minimum and maximum ---------------------------------------------- */

/*
 * A NaN wins, -0 < +0.
 */
#define FLOAT_MIN_MAX(f, type)                                                 \
    FLOAT_INLINE type f##_min(type a, type b)                                  \
    {                                                                          \
        if (a < b)                                                             \
            return a;                                                          \
        if (b < a)                                                             \
            return b;                                                          \
        return a == b ? f##_of(f##_bits(a) | f##_bits(b)) : a + b;             \
    }                                                                          \
    FLOAT_INLINE type f##_max(type a, type b)                                  \
    {                                                                          \
        if (a > b)                                                             \
            return a;                                                          \
        if (b > a)                                                             \
            return b;                                                          \
        return a == b ? f##_of(f##_bits(a) & f##_bits(b)) : a + b;             \
    }
FLOAT_MIN_MAX(f32, float)
FLOAT_MIN_MAX(f64, double)
#undef FLOAT_MIN_MAX

/* ---- rounding --------------------------------------------------------- */

/*
 * Adding and subtracting 2^23 (2^52) rounds a smaller magnitude to an integer,
 * ties to even, because no fraction bits are left. floor, ceil and trunc then
 * step back by one where that went the wrong way; the result has x's sign
 * (roundings of -0.3 and -0 give -0). Larger magnitudes and infinities are
 * themselves, NaNs become quiet.
 */
#define FLOAT_ROUNDINGS(f, type, SIGN, QUIET, INTEGRAL)                        \
    FLOAT_INLINE type f##_magnitude(type x)                                    \
    {                                                                          \
        return f##_of(f##_bits(x) & ~SIGN);                                    \
    }                                                                          \
    FLOAT_INLINE type f##_with_sign(type x, type sign)                         \
    {                                                                          \
        return f##_of(f##_copysign_bits(f##_bits(x), f##_bits(sign)));         \
    }                                                                          \
    FLOAT_INLINE type f##_integral(type x)                                     \
    {                                                                          \
        return x != x ? f##_of(f##_bits(x) | QUIET) : x;                       \
    }                                                                          \
    FLOAT_INLINE type f##_nearest(type x)                                      \
    {                                                                          \
        type a = f##_magnitude(x);                                             \
                                                                               \
        if (!(a < INTEGRAL))                                                   \
            return f##_integral(x);                                            \
        return f##_with_sign((a + INTEGRAL) - INTEGRAL, x);                    \
    }                                                                          \
    FLOAT_INLINE type f##_trunc(type x)                                        \
    {                                                                          \
        type a = f##_magnitude(x), r;                                          \
                                                                               \
        if (!(a < INTEGRAL))                                                   \
            return f##_integral(x);                                            \
        r = (a + INTEGRAL) - INTEGRAL;                                         \
        return f##_with_sign(r - (r > a ? (type)1 : (type)0), x);              \
    }                                                                          \
    FLOAT_INLINE type f##_floor(type x)                                        \
    {                                                                          \
        type r;                                                                \
                                                                               \
        if (!(f##_magnitude(x) < INTEGRAL))                                    \
            return f##_integral(x);                                            \
        r = f##_nearest(x);                                                    \
        return f##_with_sign(r - (r > x ? (type)1 : (type)0), x);              \
    }                                                                          \
    FLOAT_INLINE type f##_ceil(type x)                                         \
    {                                                                          \
        type r;                                                                \
                                                                               \
        if (!(f##_magnitude(x) < INTEGRAL))                                    \
            return f##_integral(x);                                            \
        r = f##_nearest(x);                                                    \
        return f##_with_sign(r + (r < x ? (type)1 : (type)0), x);              \
    }
FLOAT_ROUNDINGS(f32, float, F32_SIGN, F32_QUIET, F32_INTEGRAL)
FLOAT_ROUNDINGS(f64, double, F64_SIGN, F64_QUIET, F64_INTEGRAL)
#undef FLOAT_ROUNDINGS

/* ---- float to integer -------------------------------------------------- */

/*
 * For each pair: <int>_trunc_<float>_<sign>(x, &out) traps with the status it
 * returns; <int>_trunc_sat_<float>_<sign>(x) saturates, NaN to 0. The bounds
 * are exact in the float type: in range is low OP x < high, where OP is '<'
 * when low itself is out of range and '<=' where the next float below the
 * range's start is not the start minus one.
 */
#define FLOAT_TRUNC(name, sat, type, ctype, utype, low, OP, high, MIN, MAX)    \
    FLOAT_INLINE enum engine_status name(type x, utype *out)                   \
    {                                                                          \
        if (low OP x && x < high) {                                            \
            *out = (utype)(ctype)x;                                            \
            return ENGINE_OK;                                                  \
        }                                                                      \
        return x != x ? ENGINE_BAD_CONVERSION : ENGINE_INTEGER_OVERFLOW;       \
    }                                                                          \
    FLOAT_INLINE utype sat(type x)                                             \
    {                                                                          \
        if (low OP x && x < high)                                              \
            return (utype)(ctype)x;                                            \
        return x != x ? 0 : x < 0 ? (utype)MIN : (utype)MAX;                   \
    }
FLOAT_TRUNC(i32_trunc_f32_s, i32_trunc_sat_f32_s, float, int32_t, uint32_t,
            -2147483648.0f, <=, 2147483648.0f, INT32_MIN, INT32_MAX)
FLOAT_TRUNC(i32_trunc_f32_u, i32_trunc_sat_f32_u, float, uint32_t, uint32_t,
            -1.0f, <, 4294967296.0f, 0, UINT32_MAX)
FLOAT_TRUNC(i32_trunc_f64_s, i32_trunc_sat_f64_s, double, int32_t, uint32_t,
            -2147483649.0, <, 2147483648.0, INT32_MIN, INT32_MAX)
FLOAT_TRUNC(i32_trunc_f64_u, i32_trunc_sat_f64_u, double, uint32_t, uint32_t,
            -1.0, <, 4294967296.0, 0, UINT32_MAX)
FLOAT_TRUNC(i64_trunc_f32_s, i64_trunc_sat_f32_s, float, int64_t, uint64_t,
            -9223372036854775808.0f, <=, 9223372036854775808.0f, INT64_MIN,
            INT64_MAX)
FLOAT_TRUNC(i64_trunc_f32_u, i64_trunc_sat_f32_u, float, uint64_t, uint64_t,
            -1.0f, <, 18446744073709551616.0f, 0, UINT64_MAX)
FLOAT_TRUNC(i64_trunc_f64_s, i64_trunc_sat_f64_s, double, int64_t, uint64_t,
            -9223372036854775808.0, <=, 9223372036854775808.0, INT64_MIN,
            INT64_MAX)
FLOAT_TRUNC(i64_trunc_f64_u, i64_trunc_sat_f64_u, double, uint64_t, uint64_t,
            -1.0, <, 18446744073709551616.0, 0, UINT64_MAX)
#undef FLOAT_TRUNC

#endif
