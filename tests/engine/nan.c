/* SPDX-License-Identifier: Apache-2.0 */
/* The guest of nan_tests.c: every way to make a NaN, and its bits. */
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name))) name
typedef unsigned u32;
typedef unsigned long long u64;

static volatile double d0, dnan, d1 = 1;
static volatile float f0, fnan, f1 = 1;
static volatile v128_t vd, vf; /* volatile: nothing is known of them */

static u32
odd64(double x)
{
    return __builtin_bit_cast(u64, x) != (u64)0x7ff8 << 48;
}

static u32
odd32(float x)
{
    return __builtin_bit_cast(u32, x) != 0x7fc00000u;
}

static u32
odd128(v128_t v, v128_t want)
{
    return !wasm_i8x16_all_true(wasm_i8x16_eq(v, want));
}

/* How many of the results are NaNs other than the canonical ones. */
u32
EXPORT(odd)(void)
{
    dnan = __builtin_bit_cast(double, 0xfff4000000001234ull);
    fnan = __builtin_bit_cast(float, 0xff812345u);
    vd = wasm_f64x2_splat(dnan);
    vf = wasm_f32x4_splat(fnan);
    v128_t d_ok = wasm_i64x2_splat((long long)0x7ff8 << 48);
    v128_t f_ok = wasm_i32x4_splat(0x7fc00000);
    u32 n = 0;

    n += odd64(d0 / d0) + odd64(dnan + d1) + odd64(d1 - dnan) +
         odd64(dnan * d1) + odd64(d0 * dnan + d1) + odd64(dnan * dnan - d0);
    n += odd64(__builtin_sqrt(-d1)) + odd64(__builtin_floor(dnan)) +
         odd64(__builtin_ceil(dnan)) + odd64(__builtin_trunc(dnan)) +
         odd64(__builtin_rint(dnan)) + odd64((double)fnan) +
         odd64(dnan + 2.5) + odd64(__builtin_wasm_min_f64(dnan, d1)) +
         odd64(__builtin_wasm_max_f64(d1, dnan));
    n += odd32(f0 / f0) + odd32(fnan + f1) + odd32(f1 - fnan) +
         odd32(fnan * f1) + odd32(__builtin_sqrtf(-f1)) +
         odd32(__builtin_floorf(fnan)) + odd32((float)dnan) +
         odd32(__builtin_wasm_min_f32(fnan, f1));
    n += odd128(wasm_f64x2_add(vd, vd), d_ok) + odd128(wasm_f64x2_div(vd, vd), d_ok);
    n += odd128(wasm_f64x2_sqrt(vd), d_ok) + odd128(wasm_f64x2_max(vd, vd), d_ok);
    n += odd128(wasm_f64x2_ceil(vd), d_ok) + odd128(wasm_f64x2_nearest(vd), d_ok);
    n += odd128(wasm_f64x2_promote_low_f32x4(vf), d_ok);
    n += odd128(wasm_f32x4_mul(vf, vf), f_ok) + odd128(wasm_f32x4_sub(vf, vf), f_ok);
    n += odd128(wasm_f32x4_min(vf, vf), f_ok) + odd128(wasm_f32x4_trunc(vf), f_ok);
    /* what only moves bits keeps them */
    n += 1 - odd64(-dnan) + 1 - odd64(__builtin_copysign(dnan, d1));
    n += 1 - odd32(-fnan) + 1 - odd128(wasm_f32x4_neg(vf), f_ok);
    return n;
}
