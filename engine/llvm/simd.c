/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vectors: a table of what each operation is on lanes of which type. What has
 * no counterpart in LLVM is run by the interpreter, on spilled operands.
 * Relaxed operations are what op/simd_relaxed.h makes them.
 */
#include "build.h"

#include <stdio.h>

enum lanes { L8, L16, L32, L64, LF32, LF64, LANES };
enum shape {
    S_NONE, S_LOAD, S_STORE, S_LOAD_LANE, S_STORE_LANE, S_SHUFFLE, S_SPLAT,
    S_EXTRACT, S_REPLACE, S_UN, S_BIN, S_TER, S_SHIFT, S_TEST, S_CONST
};
enum v {
    V_NONE, V_ADD, V_SUB, V_MUL, V_DIV, V_CMP, V_FCMP, V_AND, V_ANDNOT, V_OR,
    V_XOR, V_NOT, V_SELECT, V_INTRINSIC, V_AVGR, V_ABS, V_NEG, V_POPCNT, V_SHL,
    V_SHR_S, V_SHR_U, V_EXTEND, V_EXTMUL, V_EXTADD, V_DOT, V_NARROW, V_Q15,
    V_ALL, V_ANY, V_BITMASK, V_FABS, V_FNEG, V_ROUND, V_FMIN, V_FMAX, V_PMIN,
    V_PMAX, V_CONVERT, V_TRUNC, V_DEMOTE, V_PROMOTE, V_MADD, V_NMADD, V_SWIZZLE,
    V_EXTRACT_S, V_DOT8, V_DOT8_ADD
};

static const struct simd_op {
    uint8_t shape, size;
} shapes[OP_COUNT] = {
#define X(code, name, shape, type, size, lanes) X_##shape(name, shape, size)
#define X_ONE(name, shape, size) [OP_##name] = {S_##shape, size},
#define X_TWO(name, shape, size)                                               \
    [OP_##name] = {S_##shape, size}, [OP_##name##_p] = {S_##shape, size},
#define X_P(name, shape, size) [OP_##name##_p] = {S_##shape, size},
#define X_LOAD X_TWO
#define X_STORE X_TWO
#define X_LOAD_LANE X_P
#define X_STORE_LANE X_P
#define X_CONST(...)
#define X_SHUFFLE X_ONE
#define X_SPLAT X_ONE
#define X_EXTRACT X_ONE
#define X_REPLACE X_ONE
#define X_UN X_ONE
#define X_BIN X_ONE
#define X_TER X_ONE
#define X_SHIFT X_ONE
#define X_TEST X_ONE
#include "op/simd.def"
#undef X
};

/* flag: high half; signed; the predicate or other detail of the operation */
#define HIGH 2
#define SIGNED 1
static const struct meaning {
    uint8_t v, lanes, flag;
    const char *name; /* of an intrinsic */
} meanings[OP_COUNT] = {
#define M(n, ...) [OP_##n] = {__VA_ARGS__}
#define INT(p, l)                                                              \
    M(p##_add, V_ADD, l, 0, 0), M(p##_sub, V_SUB, l, 0, 0),                    \
        M(p##_eq, V_CMP, l, LLVMIntEQ, 0), M(p##_ne, V_CMP, l, LLVMIntNE, 0),  \
        M(p##_lt_s, V_CMP, l, LLVMIntSLT, 0),                                  \
        M(p##_gt_s, V_CMP, l, LLVMIntSGT, 0),                                  \
        M(p##_le_s, V_CMP, l, LLVMIntSLE, 0),                                  \
        M(p##_ge_s, V_CMP, l, LLVMIntSGE, 0), M(p##_abs, V_ABS, l, 0, 0),      \
        M(p##_neg, V_NEG, l, 0, 0), M(p##_shl, V_SHL, l, 0, 0),                \
        M(p##_shr_s, V_SHR_S, l, 0, 0), M(p##_shr_u, V_SHR_U, l, 0, 0),        \
        M(p##_all_true, V_ALL, l, 0, 0), M(p##_bitmask, V_BITMASK, l, 0, 0)
    INT(i8x16, L8), INT(i16x8, L16), INT(i32x4, L32), INT(i64x2, L64),
#define UNSIGNED(p, l)                                                         \
    M(p##_lt_u, V_CMP, l, LLVMIntULT, 0),                                      \
        M(p##_gt_u, V_CMP, l, LLVMIntUGT, 0),                                  \
        M(p##_le_u, V_CMP, l, LLVMIntULE, 0),                                  \
        M(p##_ge_u, V_CMP, l, LLVMIntUGE, 0),                                  \
        M(p##_min_s, V_INTRINSIC, l, 0, "llvm.smin"),                          \
        M(p##_min_u, V_INTRINSIC, l, 0, "llvm.umin"),                          \
        M(p##_max_s, V_INTRINSIC, l, 0, "llvm.smax"),                          \
        M(p##_max_u, V_INTRINSIC, l, 0, "llvm.umax")
    UNSIGNED(i8x16, L8), UNSIGNED(i16x8, L16), UNSIGNED(i32x4, L32),
#define SATURATING(p, l)                                                       \
    M(p##_add_sat_s, V_INTRINSIC, l, 0, "llvm.sadd.sat"),                      \
        M(p##_add_sat_u, V_INTRINSIC, l, 0, "llvm.uadd.sat"),                  \
        M(p##_sub_sat_s, V_INTRINSIC, l, 0, "llvm.ssub.sat"),                  \
        M(p##_sub_sat_u, V_INTRINSIC, l, 0, "llvm.usub.sat"),                  \
        M(p##_avgr_u, V_AVGR, l, 0, 0)
    SATURATING(i8x16, L8), SATURATING(i16x8, L16),
    M(i16x8_mul, V_MUL, L16, 0, 0), M(i32x4_mul, V_MUL, L32, 0, 0),
    M(i64x2_mul, V_MUL, L64, 0, 0), M(i8x16_popcnt, V_POPCNT, L8, 0, 0),
#define WIDER(p, q, l)                                                         \
    M(p##_extend_low_##q##_s, V_EXTEND, l, SIGNED, 0),                         \
        M(p##_extend_high_##q##_s, V_EXTEND, l, SIGNED | HIGH, 0),             \
        M(p##_extend_low_##q##_u, V_EXTEND, l, 0, 0),                          \
        M(p##_extend_high_##q##_u, V_EXTEND, l, HIGH, 0),                      \
        M(p##_extmul_low_##q##_s, V_EXTMUL, l, SIGNED, 0),                     \
        M(p##_extmul_high_##q##_s, V_EXTMUL, l, SIGNED | HIGH, 0),             \
        M(p##_extmul_low_##q##_u, V_EXTMUL, l, 0, 0),                          \
        M(p##_extmul_high_##q##_u, V_EXTMUL, l, HIGH, 0)
    WIDER(i16x8, i8x16, L8), WIDER(i32x4, i16x8, L16), WIDER(i64x2, i32x4, L32),
    M(i16x8_extadd_pairwise_i8x16_s, V_EXTADD, L8, SIGNED, 0),
    M(i16x8_extadd_pairwise_i8x16_u, V_EXTADD, L8, 0, 0),
    M(i32x4_extadd_pairwise_i16x8_s, V_EXTADD, L16, SIGNED, 0),
    M(i32x4_extadd_pairwise_i16x8_u, V_EXTADD, L16, 0, 0),
    M(i32x4_dot_i16x8_s, V_DOT, L16, 0, 0),
    M(i8x16_narrow_i16x8_s, V_NARROW, L16, SIGNED, 0),
    M(i8x16_narrow_i16x8_u, V_NARROW, L16, 0, 0),
    M(i16x8_narrow_i32x4_s, V_NARROW, L32, SIGNED, 0),
    M(i16x8_narrow_i32x4_u, V_NARROW, L32, 0, 0),
    M(i16x8_q15mulr_sat_s, V_Q15, L16, 0, 0),
    M(i16x8_relaxed_q15mulr_s, V_Q15, L16, 0, 0),
    M(v128_not, V_NOT, L64, 0, 0), M(v128_and, V_AND, L64, 0, 0),
    M(v128_andnot, V_ANDNOT, L64, 0, 0), M(v128_or, V_OR, L64, 0, 0),
    M(v128_xor, V_XOR, L64, 0, 0), M(v128_bitselect, V_SELECT, L64, 0, 0),
    M(i8x16_relaxed_laneselect, V_SELECT, L64, 0, 0),
    M(i16x8_relaxed_laneselect, V_SELECT, L64, 0, 0),
    M(i32x4_relaxed_laneselect, V_SELECT, L64, 0, 0),
    M(i64x2_relaxed_laneselect, V_SELECT, L64, 0, 0),
    M(v128_any_true, V_ANY, L64, 0, 0),
#define FLOATS(p, l)                                                           \
    M(p##_add, V_ADD, l, 0, 0), M(p##_sub, V_SUB, l, 0, 0),                    \
        M(p##_mul, V_MUL, l, 0, 0), M(p##_div, V_DIV, l, 0, 0),                \
        M(p##_eq, V_FCMP, l, LLVMRealOEQ, 0),                                  \
        M(p##_ne, V_FCMP, l, LLVMRealUNE, 0),                                  \
        M(p##_lt, V_FCMP, l, LLVMRealOLT, 0),                                  \
        M(p##_gt, V_FCMP, l, LLVMRealOGT, 0),                                  \
        M(p##_le, V_FCMP, l, LLVMRealOLE, 0),                                  \
        M(p##_ge, V_FCMP, l, LLVMRealOGE, 0), M(p##_abs, V_FABS, l, 0, 0),     \
        M(p##_neg, V_FNEG, l, 0, 0),                                           \
        M(p##_ceil, V_ROUND, l, 0, "llvm.ceil"),                               \
        M(p##_floor, V_ROUND, l, 0, "llvm.floor"),                             \
        M(p##_trunc, V_ROUND, l, 0, "llvm.trunc"),                             \
        M(p##_nearest, V_ROUND, l, 0, "llvm.nearbyint"),                       \
        M(p##_sqrt, V_ROUND, l, 0, "llvm.sqrt"), M(p##_min, V_FMIN, l, 0, 0),  \
        M(p##_max, V_FMAX, l, 0, 0), M(p##_pmin, V_PMIN, l, 0, 0),             \
        M(p##_pmax, V_PMAX, l, 0, 0), M(p##_relaxed_min, V_FMIN, l, 0, 0),     \
        M(p##_relaxed_max, V_FMAX, l, 0, 0),                                   \
        M(p##_relaxed_madd, V_MADD, l, 0, 0),                                  \
        M(p##_relaxed_nmadd, V_NMADD, l, 0, 0)
    FLOATS(f32x4, LF32), FLOATS(f64x2, LF64),
    M(f32x4_convert_i32x4_s, V_CONVERT, LF32, SIGNED, 0),
    M(f32x4_convert_i32x4_u, V_CONVERT, LF32, 0, 0),
    M(f64x2_convert_low_i32x4_s, V_CONVERT, LF64, SIGNED, 0),
    M(f64x2_convert_low_i32x4_u, V_CONVERT, LF64, 0, 0),
#define TRUNC_SAT(n, l, f) M(n, V_TRUNC, l, f, 0)
    TRUNC_SAT(i32x4_trunc_sat_f32x4_s, LF32, SIGNED),
    TRUNC_SAT(i32x4_trunc_sat_f32x4_u, LF32, 0),
    TRUNC_SAT(i32x4_trunc_sat_f64x2_s_zero, LF64, SIGNED),
    TRUNC_SAT(i32x4_trunc_sat_f64x2_u_zero, LF64, 0),
    TRUNC_SAT(i32x4_relaxed_trunc_f32x4_s, LF32, SIGNED),
    TRUNC_SAT(i32x4_relaxed_trunc_f32x4_u, LF32, 0),
    TRUNC_SAT(i32x4_relaxed_trunc_f64x2_s_zero, LF64, SIGNED),
    TRUNC_SAT(i32x4_relaxed_trunc_f64x2_u_zero, LF64, 0),
    M(f32x4_demote_f64x2_zero, V_DEMOTE, LF64, 0, 0),
    M(f64x2_promote_low_f32x4, V_PROMOTE, LF32, 0, 0),
    M(i8x16_swizzle, V_SWIZZLE, L8, 0, 0),
    M(i8x16_relaxed_swizzle, V_SWIZZLE, L8, 0, 0),
    M(i8x16_extract_lane_s, V_EXTRACT_S, L8, SIGNED, 0),
    M(i8x16_extract_lane_u, V_EXTRACT_S, L8, 0, 0),
    M(i16x8_extract_lane_s, V_EXTRACT_S, L16, SIGNED, 0),
    M(i16x8_extract_lane_u, V_EXTRACT_S, L16, 0, 0),
    M(i32x4_extract_lane, V_EXTRACT_S, L32, 0, 0),
    M(i64x2_extract_lane, V_EXTRACT_S, L64, 0, 0),
    M(f32x4_extract_lane, V_EXTRACT_S, LF32, 0, 0),
    M(f64x2_extract_lane, V_EXTRACT_S, LF64, 0, 0),
#define LANE(p, l)                                                             \
    M(p##_splat, V_NONE, l, 0, 0), M(p##_replace_lane, V_NONE, l, 0, 0)
    LANE(i8x16, L8), LANE(i16x8, L16), LANE(i32x4, L32), LANE(i64x2, L64),
    LANE(f32x4, LF32), LANE(f64x2, LF64),
};

/* ---- types ---- */

static unsigned
lane_count(unsigned l)
{
    static const uint8_t n[LANES] = {16, 8, 4, 2, 4, 2};

    return n[l];
}

static LLVMTypeRef
lane_type(struct build *b, unsigned l)
{
    LLVMTypeRef t[LANES] = {b->i8, b->i16, b->i32, b->i64, b->f32, b->f64};

    return t[l];
}

static LLVMTypeRef
vector_type(struct build *b, unsigned l)
{
    return LLVMVectorType(lane_type(b, l), lane_count(l));
}

/* The type of a scalar operand or result of these lanes. */
static enum type
scalar_type(unsigned l)
{
    return l == L64 ? I64 : l == LF32 ? F32 : l == LF64 ? F64 : I32;
}

static LLVMValueRef
as(struct build *b, uint32_t slot, unsigned l)
{
    return bits(b, get(b, slot, V128), vector_type(b, l));
}

static void
put_v(struct build *b, uint32_t slot, LLVMValueRef v)
{
    put(b, slot, V128, bits(b, v, b->ty[V128]));
}

static LLVMValueRef
splat(struct build *b, LLVMValueRef x, unsigned n)
{
    LLVMTypeRef t = LLVMVectorType(LLVMTypeOf(x), n);
    LLVMValueRef v = LLVMBuildInsertElement(b->b, LLVMGetPoison(t), x,
                                            const_i32(b, 0), "");

    return LLVMBuildShuffleVector(
        b->b, v, LLVMGetPoison(t),
        LLVMConstNull(LLVMVectorType(b->i32, n)), "");
}

/* n elements of x (and y behind), from first on, each step-th. */
static LLVMValueRef
lanes_of(struct build *b, LLVMValueRef x, LLVMValueRef y, unsigned first,
         unsigned step, unsigned n)
{
    LLVMValueRef mask[16];

    for (unsigned i = 0; i < n; i++)
        mask[i] = const_i32(b, first + i * step);
    return LLVMBuildShuffleVector(b->b, x,
                                  y ? y : LLVMGetPoison(LLVMTypeOf(x)),
                                  LLVMConstVector(mask, n), "");
}

static LLVMValueRef
extended(struct build *b, LLVMValueRef x, bool is_signed)
{
    LLVMTypeRef t = LLVMTypeOf(x);
    unsigned width = LLVMGetIntTypeWidth(LLVMGetElementType(t));

    t = LLVMVectorType(LLVMIntTypeInContext(b->c, width * 2),
                       LLVMGetVectorSize(t));
    return is_signed ? LLVMBuildSExt(b->b, x, t, "")
                     : LLVMBuildZExt(b->b, x, t, "");
}

static LLVMValueRef
half(struct build *b, LLVMValueRef x, unsigned l, unsigned flag)
{
    unsigned n = lane_count(l) / 2;

    return extended(b, lanes_of(b, x, NULL, flag & HIGH ? n : 0, 1, n),
                    flag & SIGNED);
}

static LLVMValueRef
constant(struct build *b, LLVMTypeRef vector, uint64_t v)
{
    LLVMValueRef all[16];
    unsigned n = LLVMGetVectorSize(vector);

    for (unsigned i = 0; i < n; i++)
        all[i] = LLVMConstInt(LLVMGetElementType(vector), v, true);
    (void)b;
    return LLVMConstVector(all, n);
}

static LLVMValueRef
call2(struct build *b, const char *name, LLVMValueRef x, LLVMValueRef y)
{
    LLVMValueRef args[] = {x, y};

    return intrinsic(b, name, LLVMTypeOf(x), args, 2);
}

/* ---- operations of two vectors ---- */

static LLVMValueRef
average(struct build *b, LLVMValueRef x, LLVMValueRef y)
{
    LLVMTypeRef t = LLVMTypeOf(x);
    LLVMValueRef sum;

    x = extended(b, x, false);
    y = extended(b, y, false);
    sum = LLVMBuildAdd(b->b, LLVMBuildAdd(b->b, x, y, ""),
                       constant(b, LLVMTypeOf(x), 1), "");
    sum = LLVMBuildLShr(b->b, sum, constant(b, LLVMTypeOf(x), 1), "");
    return LLVMBuildTrunc(b->b, sum, t, "");
}

static LLVMValueRef
narrow(struct build *b, LLVMValueRef x, LLVMValueRef y, unsigned l,
       bool is_signed)
{
    unsigned n = lane_count(l) * 2, width = l == L16 ? 8 : 16;
    int64_t top = is_signed ? (1 << (width - 1)) - 1 : (1 << width) - 1;
    int64_t low = is_signed ? -top - 1 : 0;
    LLVMValueRef v = lanes_of(b, x, y, 0, 1, n);

    v = call2(b, "llvm.smin", v, constant(b, LLVMTypeOf(v), (uint64_t)top));
    v = call2(b, "llvm.smax", v, constant(b, LLVMTypeOf(v), (uint64_t)low));
    return LLVMBuildTrunc(
        b->b, v, LLVMVectorType(LLVMIntTypeInContext(b->c, width), n), "");
}

static LLVMValueRef
q15(struct build *b, LLVMValueRef x, LLVMValueRef y)
{
    LLVMTypeRef t = LLVMTypeOf(x), wide;
    LLVMValueRef v =
        LLVMBuildMul(b->b, extended(b, x, true), extended(b, y, true), "");

    wide = LLVMTypeOf(v);
    v = LLVMBuildAdd(b->b, v, constant(b, wide, 0x4000), "");
    v = LLVMBuildAShr(b->b, v, constant(b, wide, 15), "");
    v = call2(b, "llvm.smin", v, constant(b, wide, 32767));
    return LLVMBuildTrunc(b->b, v, t, "");
}

/* Products, neighbours added. */
static LLVMValueRef
dot(struct build *b, LLVMValueRef x, LLVMValueRef y, unsigned n)
{
    LLVMValueRef v =
        LLVMBuildMul(b->b, extended(b, x, true), extended(b, y, true), "");

    return LLVMBuildAdd(b->b, lanes_of(b, v, NULL, 0, 2, n),
                        lanes_of(b, v, NULL, 1, 2, n), "");
}

static LLVMValueRef
pairs_added(struct build *b, LLVMValueRef x, unsigned l, bool is_signed)
{
    unsigned n = lane_count(l) / 2;

    return LLVMBuildAdd(
        b->b, extended(b, lanes_of(b, x, NULL, 0, 2, n), is_signed),
        extended(b, lanes_of(b, x, NULL, 1, 2, n), is_signed), "");
}

static LLVMValueRef
mask_of(struct build *b, LLVMValueRef c, unsigned l)
{
    unsigned width = 128 / lane_count(l);

    return LLVMBuildSExt(
        b->b, c,
        LLVMVectorType(LLVMIntTypeInContext(b->c, width), lane_count(l)), "");
}

static LLVMValueRef
arithmetic(struct build *b, unsigned v, bool is_float, LLVMValueRef x,
           LLVMValueRef y)
{
    switch (v) {
    case V_ADD:
        return is_float ? LLVMBuildFAdd(b->b, x, y, "")
                        : LLVMBuildAdd(b->b, x, y, "");
    case V_SUB:
        return is_float ? LLVMBuildFSub(b->b, x, y, "")
                        : LLVMBuildSub(b->b, x, y, "");
    case V_MUL:
        return is_float ? LLVMBuildFMul(b->b, x, y, "")
                        : LLVMBuildMul(b->b, x, y, "");
    case V_AND:
        return LLVMBuildAnd(b->b, x, y, "");
    case V_ANDNOT:
        return LLVMBuildAnd(b->b, x, LLVMBuildNot(b->b, y, ""), "");
    case V_OR:
        return LLVMBuildOr(b->b, x, y, "");
    case V_XOR:
        return LLVMBuildXor(b->b, x, y, "");
    default:
        return LLVMBuildFDiv(b->b, x, y, "");
    }
}

/* i8x16.swizzle; NULL: not with this processor. */
static LLVMValueRef
swizzle(struct build *b, LLVMValueRef x, LLVMValueRef index)
{
#if defined(__x86_64__)
    LLVMValueRef args[] = {x, NULL};

    if (!b->rounds)
        return NULL;
    args[1] = call2(b, "llvm.uadd.sat", index,
                    constant(b, LLVMTypeOf(index), 0x70));
    return intrinsic(b, "llvm.x86.ssse3.pshuf.b.128", NULL, args, 2);
#else
    LLVMValueRef args[] = {x, index};

    return intrinsic(b, "llvm.aarch64.neon.tbl1", LLVMTypeOf(x), args, 2);
#endif
}

static LLVMValueRef
binary(struct build *b, const struct meaning *m, LLVMValueRef x, LLVMValueRef y)
{
    switch (m->v) {
    case V_CMP:
        return mask_of(
            b, LLVMBuildICmp(b->b, (LLVMIntPredicate)m->flag, x, y, ""),
            m->lanes);
    case V_FCMP:
        return mask_of(
            b, LLVMBuildFCmp(b->b, (LLVMRealPredicate)m->flag, x, y, ""),
            m->lanes);
    case V_INTRINSIC:
        return call2(b, m->name, x, y);
    case V_AVGR:
        return average(b, x, y);
    case V_EXTMUL:
        return LLVMBuildMul(b->b, half(b, x, m->lanes, m->flag),
                            half(b, y, m->lanes, m->flag), "");
    case V_DOT:
        return dot(b, x, y, 4);
    case V_NARROW:
        return narrow(b, x, y, m->lanes, m->flag & SIGNED);
    case V_Q15:
        return q15(b, x, y);
    case V_FMIN:
    case V_FMAX:
        return float_min_max(b, x, y, m->v == V_FMAX);
    case V_PMIN:
        return pick(b, LLVMBuildFCmp(b->b, LLVMRealOLT, y, x, ""), y, x);
    case V_PMAX:
        return pick(b, LLVMBuildFCmp(b->b, LLVMRealOLT, x, y, ""), y, x);
    case V_SWIZZLE:
        return swizzle(b, x, y);
    case V_NONE:
        return NULL;
    default:
        return arithmetic(b, m->v, m->lanes >= LF32, x, y);
    }
}

/* ---- of one ---- */

static LLVMValueRef
float_sign(struct build *b, const struct meaning *m, LLVMValueRef x)
{
    bool f32 = m->lanes == LF32;
    LLVMTypeRef t = vector_type(b, f32 ? L32 : L64);
    LLVMValueRef sign =
        constant(b, t, f32 ? (uint64_t)1 << 31 : (uint64_t)1 << 63);
    LLVMValueRef v = bits(b, x, t);

    return m->v == V_FNEG
               ? LLVMBuildXor(b->b, v, sign, "")
               : LLVMBuildAnd(b->b, v, LLVMBuildNot(b->b, sign, ""), "");
}

static LLVMValueRef
with_zeros(struct build *b, LLVMValueRef x)
{
    return lanes_of(b, x, LLVMConstNull(LLVMTypeOf(x)), 0, 1, 4);
}

static LLVMValueRef
to_integers(struct build *b, const struct meaning *m, LLVMValueRef x)
{
    const char *name =
        m->flag & SIGNED ? "llvm.fptosi.sat" : "llvm.fptoui.sat";
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMTypeRef types[] = {LLVMVectorType(b->i32, lane_count(m->lanes)),
                           LLVMTypeOf(x)};
    LLVMValueRef fn = LLVMGetIntrinsicDeclaration(b->mod, id, types, 2);

    x = LLVMBuildCall2(b->b, LLVMGlobalGetValueType(fn), fn, &x, 1, "");
    return m->lanes == LF64 ? with_zeros(b, x) : x;
}

static LLVMValueRef
from_integers(struct build *b, const struct meaning *m, LLVMValueRef x)
{
    LLVMTypeRef t = vector_type(b, m->lanes);

    x = bits(b, x, vector_type(b, L32));
    if (m->lanes == LF64)
        x = lanes_of(b, x, NULL, 0, 1, 2);
    return m->flag & SIGNED ? LLVMBuildSIToFP(b->b, x, t, "")
                            : LLVMBuildUIToFP(b->b, x, t, "");
}

static LLVMValueRef
unary(struct build *b, const struct meaning *m, LLVMValueRef x)
{
    LLVMTypeRef t = LLVMTypeOf(x);

    switch (m->v) {
    case V_NOT:
        return LLVMBuildNot(b->b, x, "");
    case V_ABS:
        return pick(b, LLVMBuildICmp(b->b, LLVMIntSLT, x, LLVMConstNull(t), ""),
                    LLVMBuildNeg(b->b, x, ""), x);
    case V_NEG:
        return LLVMBuildNeg(b->b, x, "");
    case V_POPCNT:
        return intrinsic(b, "llvm.ctpop", t, &x, 1);
    case V_EXTEND:
        return half(b, x, m->lanes, m->flag);
    case V_EXTADD:
        return pairs_added(b, x, m->lanes, m->flag & SIGNED);
    case V_FABS:
    case V_FNEG:
        return float_sign(b, m, x);
    case V_ROUND:
        if (!b->rounds && strcmp(m->name, "llvm.sqrt") != 0)
            return NULL;
        return intrinsic(b, m->name, t, &x, 1);
    case V_CONVERT:
        return from_integers(b, m, x);
    case V_TRUNC:
        return to_integers(b, m, x);
    case V_DEMOTE:
        return with_zeros(
            b, LLVMBuildFPTrunc(b->b, x, LLVMVectorType(b->f32, 2), ""));
    case V_PROMOTE:
        return LLVMBuildFPExt(b->b, lanes_of(b, x, NULL, 0, 1, 2),
                              vector_type(b, LF64), "");
    default:
        return NULL;
    }
}

static LLVMValueRef
test(struct build *b, const struct meaning *m, LLVMValueRef x)
{
    unsigned n = lane_count(m->lanes);
    LLVMTypeRef all = LLVMIntTypeInContext(b->c, n);
    LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(x)), c;

    if (m->v == V_BITMASK) {
        c = bits(b, LLVMBuildICmp(b->b, LLVMIntSLT, x, zero, ""), all);
    } else if (m->v == V_ALL) {
        c = bits(b, LLVMBuildICmp(b->b, LLVMIntEQ, x, zero, ""), all);
        c = LLVMBuildICmp(b->b, LLVMIntEQ, c, LLVMConstNull(all), "");
    } else {
        c = bits(b, x, b->i128);
        c = LLVMBuildICmp(b->b, LLVMIntNE, c, LLVMConstNull(b->i128), "");
    }
    return LLVMBuildZExt(b->b, c, b->i32, "");
}

static LLVMValueRef
shift(struct build *b, const struct meaning *m, LLVMValueRef x, LLVMValueRef by)
{
    LLVMTypeRef lane = lane_type(b, m->lanes);
    unsigned n = lane_count(m->lanes);

    by = LLVMBuildAnd(b->b, by, const_i32(b, 128 / n - 1), "");
    by = LLVMBuildIntCast2(b->b, by, lane, false, "");
    by = splat(b, by, n);
    return m->v == V_SHL     ? LLVMBuildShl(b->b, x, by, "")
           : m->v == V_SHR_S ? LLVMBuildAShr(b->b, x, by, "")
                             : LLVMBuildLShr(b->b, x, by, "");
}

static LLVMValueRef
ternary(struct build *b, const struct meaning *m, const struct insn *i)
{
    LLVMValueRef x = as(b, i->b, m->lanes), y = as(b, i->c, m->lanes);
    LLVMValueRef z = as(b, i->d, m->lanes);

    switch (m->v) {
    case V_SELECT:
        x = LLVMBuildAnd(b->b, x, z, "");
        y = LLVMBuildAnd(b->b, y, LLVMBuildNot(b->b, z, ""), "");
        return LLVMBuildOr(b->b, x, y, "");
    case V_MADD:
    case V_NMADD:
        x = LLVMBuildFMul(b->b, x, y, "");
        if (m->v == V_NMADD)
            x = LLVMBuildFNeg(b->b, x, "");
        return LLVMBuildFAdd(b->b, x, z, "");
    default:
        return NULL;
    }
}

/* ---- memory ---- */

static LLVMValueRef
pointer(struct build *b, const struct insn *i, uint32_t slot, bool checked)
{
    return checked ? b->r0 : memory_pointer(b, get(b, slot, I32), i->uimm);
}

static bool
is_checked(unsigned op, unsigned plain)
{
    return op != plain;
}

/* What is loaded: n lanes of a type, then extended, repeated or completed. */
static void
load_vector(struct build *b, const struct insn *i)
{
    static const struct {
        uint16_t op;
        uint8_t lanes, n, how; /* how: SIGNED, 0: extend; 2: splat; 3: zero */
    } loads[] = {
        {OP_v128_load, L64, 2, 4},         {OP_v128_load8x8_s, L8, 8, 1},
        {OP_v128_load8x8_u, L8, 8, 0},     {OP_v128_load16x4_s, L16, 4, 1},
        {OP_v128_load16x4_u, L16, 4, 0},   {OP_v128_load32x2_s, L32, 2, 1},
        {OP_v128_load32x2_u, L32, 2, 0},   {OP_v128_load8_splat, L8, 1, 2},
        {OP_v128_load16_splat, L16, 1, 2}, {OP_v128_load32_splat, L32, 1, 2},
        {OP_v128_load64_splat, L64, 1, 2}, {OP_v128_load32_zero, L32, 1, 3},
        {OP_v128_load64_zero, L64, 1, 3}};
    LLVMTypeRef t;
    LLVMValueRef v;
    unsigned k = 0;

    while (loads[k].op != i->code && loads[k].op + 1u != i->code)
        k++;
    t = lane_type(b, loads[k].lanes);
    if (loads[k].n > 1)
        t = LLVMVectorType(t, loads[k].n);
    v = memory_load(
        b, t, pointer(b, i, i->b, is_checked((unsigned)i->code, loads[k].op)));
    if (loads[k].how < 2)
        v = extended(b, v, loads[k].how & SIGNED);
    else if (loads[k].how == 2)
        v = splat(b, v, lane_count(loads[k].lanes));
    else if (loads[k].how == 3)
        v = LLVMBuildInsertElement(
            b->b, LLVMConstNull(vector_type(b, loads[k].lanes)), v,
            const_i32(b, 0), "");
    put_v(b, i->a, v);
}

static void
lane_memory(struct build *b, const struct insn *i, const struct simd_op *s)
{
    LLVMValueRef v = as(b, i->b, s->size), lane = const_i32(b, i->c), x;

    if (s->shape == S_STORE_LANE) {
        memory_store(b, LLVMBuildExtractElement(b->b, v, lane, ""), b->r0);
        return;
    }
    x = memory_load(b, lane_type(b, s->size), b->r0);
    put_v(b, i->a, LLVMBuildInsertElement(b->b, v, x, lane, ""));
}

/* ---- lanes ---- */

static void
splat_op(struct build *b, const struct insn *i, unsigned l)
{
    LLVMValueRef x = get(b, i->b, scalar_type(l));

    if (l < L32)
        x = LLVMBuildTrunc(b->b, x, lane_type(b, l), "");
    put_v(b, i->a, splat(b, x, lane_count(l)));
}

static void
extract_op(struct build *b, const struct insn *i, const struct meaning *m)
{
    LLVMValueRef v = LLVMBuildExtractElement(b->b, as(b, i->b, m->lanes),
                                             const_i32(b, i->c), "");

    if (m->lanes < L32)
        v = m->flag & SIGNED ? LLVMBuildSExt(b->b, v, b->i32, "")
                             : LLVMBuildZExt(b->b, v, b->i32, "");
    put(b, i->a, scalar_type(m->lanes), v);
}

static void
replace_op(struct build *b, const struct insn *i, unsigned l)
{
    LLVMValueRef x = get(b, i->c, scalar_type(l));

    if (l < L32)
        x = LLVMBuildTrunc(b->b, x, lane_type(b, l), "");
    put_v(b, i->a,
          LLVMBuildInsertElement(b->b, as(b, i->b, l), x, const_i32(b, i->d),
                                 ""));
}

static void
shuffle_op(struct build *b, const struct insn *i)
{
    const uint8_t *lane = (const uint8_t *)(i + 1);
    LLVMValueRef mask[16];

    for (unsigned k = 0; k < 16; k++)
        mask[k] = const_i32(b, lane[k]);
    put_v(b, i->a,
          LLVMBuildShuffleVector(b->b, as(b, i->b, L8), as(b, i->c, L8),
                                 LLVMConstVector(mask, 16), ""));
}

/* ---- the rest ---- */

/* Vectors of one, two or three slots through the frame. */
static void
by_interpreter(struct build *b, uint32_t at, const struct insn *i,
               unsigned shape)
{
    unsigned n = shape == S_TER ? 3 : shape == S_BIN ? 2 : 1;
    const uint16_t slots[] = {i->b, i->c, i->d};

    if (!b->framed)
        for (unsigned k = 0; k < n; k++)
            spill(b, b->fp, slots[k], V128, get(b, slots[k], V128));
    run_step(b, at, insn_words(i));
    if (!b->framed)
        put(b, i->a, V128, spilled(b, b->fp, i->a, V128));
}

static void
compute(struct build *b, uint32_t at, const struct insn *i, unsigned shape)
{
    const struct meaning *m = &meanings[i->code];
    LLVMValueRef v = NULL;

    if (shape == S_UN)
        v = unary(b, m, as(b, i->b, m->lanes));
    else if (shape == S_BIN)
        v = binary(b, m, as(b, i->b, m->lanes), as(b, i->c, m->lanes));
    else
        v = ternary(b, m, i);
    if (v)
        put_v(b, i->a, v);
    else
        by_interpreter(b, at, i, shape);
}

bool
op_simd(struct build *b, uint32_t at, const struct insn *i)
{
    const struct simd_op *s = &shapes[i->code];
    const struct meaning *m = &meanings[i->code];

    switch (s->shape) {
    case S_NONE:
        if (i->code != OP_f32x4_canonical && i->code != OP_f64x2_canonical)
            return false;
        put_v(b, i->a,
              canonical_nan(
                  b, as(b, i->b, i->code == OP_f32x4_canonical ? LF32 : LF64)));
        break;
    case S_LOAD:
        load_vector(b, i);
        break;
    case S_STORE:
        memory_store(b, get(b, i->b, V128),
                     pointer(b, i, i->a, i->code != OP_v128_store));
        break;
    case S_LOAD_LANE:
    case S_STORE_LANE:
        lane_memory(b, i, s);
        break;
    case S_SHUFFLE:
        shuffle_op(b, i);
        break;
    case S_SPLAT:
        splat_op(b, i, m->lanes);
        break;
    case S_EXTRACT:
        extract_op(b, i, m);
        break;
    case S_REPLACE:
        replace_op(b, i, m->lanes);
        break;
    case S_SHIFT:
        put_v(b, i->a,
              shift(b, m, as(b, i->b, m->lanes), get(b, i->c, I32)));
        break;
    case S_TEST:
        put(b, i->a, I32, test(b, m, as(b, i->b, m->lanes)));
        break;
    default:
        compute(b, at, i, s->shape);
        break;
    }
    return true;
}
