/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIMD bodies that move bytes: loads, stores, splats, lanes, shuffles, and the
 * bitwise operations. See simd.h.
 */
#ifndef ENGINE_OP_SIMD_LANE_H
#define ENGINE_OP_SIMD_LANE_H

#include "op/v128.h"

/* ---- widening ----------------------------------------------------------- */

/*
 * The low or high half of a's lanes, each beside a lane of fill (its sign, or
 * zero): which is the half widened, as lanes twice as wide.
 */
V128_INLINE struct v128
v128_low_8(u8x16 a, u8x16 fill)
{
    return of_u8x16(__builtin_shufflevector(a, fill, 0, 16, 1, 17, 2, 18, 3, 19,
                                            4, 20, 5, 21, 6, 22, 7, 23));
}

V128_INLINE struct v128
v128_high_8(u8x16 a, u8x16 fill)
{
    return of_u8x16(__builtin_shufflevector(
        a, fill, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
}

V128_INLINE struct v128
v128_low_16(u16x8 a, u16x8 fill)
{
    return of_u16x8(__builtin_shufflevector(a, fill, 0, 8, 1, 9, 2, 10, 3, 11));
}

V128_INLINE struct v128
v128_high_16(u16x8 a, u16x8 fill)
{
    return of_u16x8(
        __builtin_shufflevector(a, fill, 4, 12, 5, 13, 6, 14, 7, 15));
}

V128_INLINE struct v128
v128_low_32(u32x4 a, u32x4 fill)
{
    return of_u32x4(__builtin_shufflevector(a, fill, 0, 4, 1, 5));
}

V128_INLINE struct v128
v128_high_32(u32x4 a, u32x4 fill)
{
    return of_u32x4(__builtin_shufflevector(a, fill, 2, 6, 3, 7));
}

#define EXTEND(name, from, unsigned_t, signed_t, n)                            \
    V128_INLINE struct v128 op_##name##_low_##from##_s(struct v128 a)          \
    {                                                                          \
        unsigned_t sign = (unsigned_t)((signed_t)v_##unsigned_t(a) < 0);       \
                                                                               \
        return v128_low_##n(v_##unsigned_t(a), sign);                          \
    }                                                                          \
    V128_INLINE struct v128 op_##name##_high_##from##_s(struct v128 a)         \
    {                                                                          \
        unsigned_t sign = (unsigned_t)((signed_t)v_##unsigned_t(a) < 0);       \
                                                                               \
        return v128_high_##n(v_##unsigned_t(a), sign);                         \
    }                                                                          \
    V128_INLINE struct v128 op_##name##_low_##from##_u(struct v128 a)          \
    {                                                                          \
        return v128_low_##n(v_##unsigned_t(a), (unsigned_t){0});               \
    }                                                                          \
    V128_INLINE struct v128 op_##name##_high_##from##_u(struct v128 a)         \
    {                                                                          \
        return v128_high_##n(v_##unsigned_t(a), (unsigned_t){0});              \
    }
EXTEND(i16x8_extend, i8x16, u8x16, s8x16, 8)
EXTEND(i32x4_extend, i16x8, u16x8, s16x8, 16)
EXTEND(i64x2_extend, i32x4, u32x4, s32x4, 32)
#undef EXTEND

/* ---- memory ------------------------------------------------------------- */

V128_INLINE struct v128
op_v128_load(const uint8_t *p)
{
    struct v128 a;

    memcpy(&a, p, sizeof a);
    return a;
}

V128_INLINE void
op_v128_store(uint8_t *p, struct v128 a)
{
    memcpy(p, &a, sizeof a);
}

V128_INLINE struct v128
op_v128_load64_zero(const uint8_t *p)
{
    struct v128 a = {{{0}}};

    memcpy(&a, p, 8);
    return a;
}

V128_INLINE struct v128
op_v128_load32_zero(const uint8_t *p)
{
    struct v128 a = {{{0}}};

    memcpy(&a, p, 4);
    return a;
}

#define LOAD_EXTEND(name, extend)                                              \
    V128_INLINE struct v128 op_v128_load##name(const uint8_t *p)               \
    {                                                                          \
        return op_##extend(op_v128_load64_zero(p));                            \
    }
LOAD_EXTEND(8x8_s, i16x8_extend_low_i8x16_s)
LOAD_EXTEND(8x8_u, i16x8_extend_low_i8x16_u)
LOAD_EXTEND(16x4_s, i32x4_extend_low_i16x8_s)
LOAD_EXTEND(16x4_u, i32x4_extend_low_i16x8_u)
LOAD_EXTEND(32x2_s, i64x2_extend_low_i32x4_s)
LOAD_EXTEND(32x2_u, i64x2_extend_low_i32x4_u)
#undef LOAD_EXTEND

/*
 * Lanes move as bytes here, so byte order does not come in. lane is the
 * validated immediate.
 */
#define LANE_MEMORY(n, bytes)                                                  \
    V128_INLINE struct v128 op_v128_load##n##_splat(const uint8_t *p)          \
    {                                                                          \
        struct v128 a;                                                         \
                                                                               \
        for (unsigned i = 0; i < 16; i += (bytes))                             \
            memcpy(a.u8 + i, p, bytes);                                        \
        return a;                                                              \
    }                                                                          \
    V128_INLINE struct v128 op_v128_load##n##_lane(                            \
        const uint8_t *p, struct v128 a, unsigned lane)                        \
    {                                                                          \
        memcpy(a.u8 + (bytes) * lane, p, bytes);                               \
        return a;                                                              \
    }                                                                          \
    V128_INLINE void op_v128_store##n##_lane(uint8_t *p, struct v128 a,        \
                                             unsigned lane)                    \
    {                                                                          \
        memcpy(p, a.u8 + (bytes) * lane, bytes);                               \
    }
LANE_MEMORY(8, 1)
LANE_MEMORY(16, 2)
LANE_MEMORY(32, 4)
LANE_MEMORY(64, 8)
#undef LANE_MEMORY

/* ---- lanes -------------------------------------------------------------- */

#define LANES(name, extract, view, lane_t, carrier)                            \
    V128_INLINE carrier op_##name##_##extract(struct v128 a, unsigned lane)    \
    {                                                                          \
        lane_t x[16 / sizeof(lane_t)];                                         \
        view v = v_##view(a);                                                  \
                                                                               \
        memcpy(x, &v, sizeof x);                                               \
        return (carrier)x[lane];                                               \
    }

LANES(i8x16, extract_lane_s, s8x16, int8_t, uint32_t)
LANES(i8x16, extract_lane_u, u8x16, uint8_t, uint32_t)
LANES(i16x8, extract_lane_s, s16x8, int16_t, uint32_t)
LANES(i16x8, extract_lane_u, u16x8, uint16_t, uint32_t)
LANES(i32x4, extract_lane, u32x4, uint32_t, uint32_t)
LANES(f32x4, extract_lane, u32x4, uint32_t, uint32_t)
LANES(i64x2, extract_lane, u64x2, uint64_t, uint64_t)
LANES(f64x2, extract_lane, u64x2, uint64_t, uint64_t)
#undef LANES

#define SPLAT_REPLACE(name, view, lane_t, carrier)                             \
    V128_INLINE struct v128 op_##name##_splat(carrier x)                       \
    {                                                                          \
        return of_##view((view){0} + (lane_t)x);                               \
    }                                                                          \
    V128_INLINE struct v128 op_##name##_replace_lane(struct v128 a, carrier x, \
                                                     unsigned lane)            \
    {                                                                          \
        view v = v_##view(a);                                                  \
        lane_t lanes[16 / sizeof(lane_t)];                                     \
                                                                               \
        memcpy(lanes, &v, sizeof lanes);                                       \
        lanes[lane] = (lane_t)x;                                               \
        memcpy(&v, lanes, sizeof lanes);                                       \
        return of_##view(v);                                                   \
    }
SPLAT_REPLACE(i8x16, u8x16, uint8_t, uint32_t)
SPLAT_REPLACE(i16x8, u16x8, uint16_t, uint32_t)
SPLAT_REPLACE(i32x4, u32x4, uint32_t, uint32_t)
SPLAT_REPLACE(f32x4, u32x4, uint32_t, uint32_t)
SPLAT_REPLACE(i64x2, u64x2, uint64_t, uint64_t)
SPLAT_REPLACE(f64x2, u64x2, uint64_t, uint64_t)
#undef SPLAT_REPLACE

/* ---- bytes in another order --------------------------------------------- */

V128_INLINE struct v128
op_i8x16_shuffle(struct v128 a, struct v128 b, const uint8_t lane[16])
{
    uint8_t table[32];
    struct v128 r;

    memcpy(table, &a, 16);
    memcpy(table + 16, &b, 16);
    for (unsigned i = 0; i < 16; i++)
        r.u8[i] = table[lane[i] & 31];
    return r;
}

/* An index of 16 or more selects 0. */
V128_INLINE struct v128
op_i8x16_swizzle(struct v128 a, struct v128 index)
{
    uint8_t table[32] = {0};
    u8x16 x = v_u8x16(index);
    struct v128 in, r;

    memcpy(table, &a, 16);
    in = of_u8x16(x | ((u8x16)(x > 15) & 16));
    for (unsigned i = 0; i < 16; i++)
        r.u8[i] = table[in.u8[i] & 31];
    return r;
}

/* ---- bits --------------------------------------------------------------- */

V128_INLINE struct v128
op_v128_not(struct v128 a)
{
    return of_u64x2(~v_u64x2(a));
}

V128_INLINE struct v128
op_v128_and(struct v128 a, struct v128 b)
{
    return of_u64x2(v_u64x2(a) & v_u64x2(b));
}

V128_INLINE struct v128
op_v128_andnot(struct v128 a, struct v128 b)
{
    return of_u64x2(v_u64x2(a) & ~v_u64x2(b));
}

V128_INLINE struct v128
op_v128_or(struct v128 a, struct v128 b)
{
    return of_u64x2(v_u64x2(a) | v_u64x2(b));
}

V128_INLINE struct v128
op_v128_xor(struct v128 a, struct v128 b)
{
    return of_u64x2(v_u64x2(a) ^ v_u64x2(b));
}

/* A bit of a where mask has a one, of b elsewhere. */
V128_INLINE struct v128
op_v128_bitselect(struct v128 a, struct v128 b, struct v128 mask)
{
    u64x2 m = v_u64x2(mask);

    return of_u64x2((v_u64x2(a) & m) | (v_u64x2(b) & ~m));
}

V128_INLINE uint32_t
op_v128_any_true(struct v128 a)
{
    return (a.u64[0] | a.u64[1]) != 0;
}

#endif
