/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers: integer and float arithmetic, comparisons, conversions. */
#include "build.h"

enum shape { NOT_PLAIN, BIN, CMP, CMP_BR, TEST_BR, FBIN, FCMP, FCMP_BR, UN };
enum k {
    K_ADD, K_SUB, K_MUL, K_DIV_S, K_DIV_U, K_REM_S, K_REM_U, K_AND, K_OR, K_XOR,
    K_SHL, K_SHR_S, K_SHR_U, K_ROTL, K_ROTR,
    K_DIV, K_MIN, K_MAX, K_COPYSIGN,
    K_EQZ, K_CLZ, K_CTZ, K_POPCNT, K_ZEXT, K_TRUNC, K_EXT8, K_EXT16, K_EXT32,
    K_ABS, K_NEG, K_CEIL, K_FLOOR, K_FTRUNC, K_NEAREST, K_SQRT,
    K_TO_S, K_TO_U, K_SAT_S, K_SAT_U, K_FROM_S, K_FROM_U, K_FCONV, K_BITS, K_CANON
};

/* form: FORM_I: y is an immediate, FORM_DATA: in the data behind; FORM_BACK,
 * FORM_NOT: branches */
enum { FORM_I = 1, FORM_BACK = 2, FORM_NOT = 4, FORM_DATA = 8 };

static const struct plain_op {
    uint8_t shape, from, to, k, form;
} plain[OP_COUNT] = {
#define B(t, n, k)                                                             \
    [OP_##n##_ss] = {BIN, t, t, k, 0}, [OP_##n##_si] = {BIN, t, t, k, FORM_I}
#define BINS(t, p)                                                             \
    B(t, p##_add, K_ADD), B(t, p##_sub, K_SUB), B(t, p##_mul, K_MUL),          \
        B(t, p##_div_s, K_DIV_S), B(t, p##_div_u, K_DIV_U),                    \
        B(t, p##_rem_s, K_REM_S), B(t, p##_rem_u, K_REM_U),                    \
        B(t, p##_and, K_AND), B(t, p##_or, K_OR), B(t, p##_xor, K_XOR),        \
        B(t, p##_shl, K_SHL), B(t, p##_shr_s, K_SHR_S),                        \
        B(t, p##_shr_u, K_SHR_U), B(t, p##_rotl, K_ROTL),                      \
        B(t, p##_rotr, K_ROTR)
    BINS(I32, i32), BINS(I64, i64),
#define BR(s, t, n, k)                                                         \
    [OP_##n##_br_ss] = {s, t, t, k, 0},                                        \
    [OP_##n##_br_ss_l] = {s, t, t, k, FORM_BACK},                              \
    [OP_##n##_br_si] = {s, t, t, k, FORM_I},                                   \
    [OP_##n##_br_si_l] = {s, t, t, k, FORM_I | FORM_BACK}
#define C(t, n, k)                                                             \
    [OP_##n##_ss] = {CMP, t, I32, k, 0},                                       \
    [OP_##n##_si] = {CMP, t, I32, k, FORM_I}, BR(CMP_BR, t, n, k)
#define CMPS(t, p)                                                             \
    C(t, p##_eq, LLVMIntEQ), C(t, p##_ne, LLVMIntNE),                          \
        C(t, p##_lt_s, LLVMIntSLT), C(t, p##_lt_u, LLVMIntULT),                \
        C(t, p##_gt_s, LLVMIntSGT), C(t, p##_gt_u, LLVMIntUGT),                \
        C(t, p##_le_s, LLVMIntSLE), C(t, p##_le_u, LLVMIntULE),                \
        C(t, p##_ge_s, LLVMIntSGE), C(t, p##_ge_u, LLVMIntUGE)
    CMPS(I32, i32), CMPS(I64, i64),
    BR(TEST_BR, I32, i32_test, LLVMIntNE),
    BR(TEST_BR, I32, i32_testz, LLVMIntEQ),
#define FB(t, n, k) [OP_##n##_ss] = {FBIN, t, t, k, 0}
#define FBINS(t, p)                                                            \
    FB(t, p##_add, K_ADD), FB(t, p##_sub, K_SUB), FB(t, p##_mul, K_MUL),       \
        FB(t, p##_div, K_DIV), FB(t, p##_min, K_MIN), FB(t, p##_max, K_MAX),   \
        FB(t, p##_copysign, K_COPYSIGN)
    FBINS(F32, f32), FBINS(F64, f64),
#define K(n, k) [OP_##n##_sk] = {FBIN, F64, F64, k, FORM_DATA}
    K(f64_add, K_ADD), K(f64_sub, K_SUB), K(f64_mul, K_MUL),
    K(f64_div, K_DIV),
#define FC(t, n, k)                                                            \
    [OP_##n##_ss] = {FCMP, t, I32, k, 0},                                      \
    [OP_##n##_brt_ss] = {FCMP_BR, t, t, k, 0},                                 \
    [OP_##n##_brt_ss_l] = {FCMP_BR, t, t, k, FORM_BACK},                       \
    [OP_##n##_brf_ss] = {FCMP_BR, t, t, k, FORM_NOT},                          \
    [OP_##n##_brf_ss_l] = {FCMP_BR, t, t, k, FORM_NOT | FORM_BACK}
#define FCMPS(t, p)                                                            \
    FC(t, p##_eq, LLVMRealOEQ), FC(t, p##_ne, LLVMRealUNE),                    \
        FC(t, p##_lt, LLVMRealOLT), FC(t, p##_gt, LLVMRealOGT),                \
        FC(t, p##_le, LLVMRealOLE), FC(t, p##_ge, LLVMRealOGE)
    FCMPS(F32, f32), FCMPS(F64, f64),
#define U(n, from, to, k) [OP_##n##_s] = {UN, from, to, k, 0}
    U(i32_eqz, I32, I32, K_EQZ), U(i64_eqz, I64, I32, K_EQZ),
    U(i32_clz, I32, I32, K_CLZ), U(i64_clz, I64, I64, K_CLZ),
    U(i32_ctz, I32, I32, K_CTZ), U(i64_ctz, I64, I64, K_CTZ),
    U(i32_popcnt, I32, I32, K_POPCNT), U(i64_popcnt, I64, I64, K_POPCNT),
    U(i32_wrap_i64, I64, I32, K_TRUNC),
    U(i64_extend_i32_s, I32, I64, K_EXT32),
    U(i64_extend_i32_u, I32, I64, K_ZEXT),
    U(i32_extend8_s, I32, I32, K_EXT8), U(i32_extend16_s, I32, I32, K_EXT16),
    U(i64_extend8_s, I64, I64, K_EXT8), U(i64_extend16_s, I64, I64, K_EXT16),
    U(i64_extend32_s, I64, I64, K_EXT32),
#define FUNS(t, p)                                                             \
    U(p##_abs, t, t, K_ABS), U(p##_neg, t, t, K_NEG),                          \
        U(p##_ceil, t, t, K_CEIL), U(p##_floor, t, t, K_FLOOR),                \
        U(p##_trunc, t, t, K_FTRUNC), U(p##_nearest, t, t, K_NEAREST),         \
        U(p##_sqrt, t, t, K_SQRT)
    FUNS(F32, f32), FUNS(F64, f64),
#define TRUNCS(i, ti, f, tf)                                                   \
    U(i##_trunc_##f##_s, tf, ti, K_TO_S), U(i##_trunc_##f##_u, tf, ti, K_TO_U),\
        U(i##_trunc_sat_##f##_s, tf, ti, K_SAT_S),                             \
        U(i##_trunc_sat_##f##_u, tf, ti, K_SAT_U),                             \
        U(f##_convert_##i##_s, ti, tf, K_FROM_S),                              \
        U(f##_convert_##i##_u, ti, tf, K_FROM_U)
    TRUNCS(i32, I32, f32, F32), TRUNCS(i32, I32, f64, F64),
    TRUNCS(i64, I64, f32, F32), TRUNCS(i64, I64, f64, F64),
    U(f32_demote_f64, F64, F32, K_FCONV), U(f64_promote_f32, F32, F64, K_FCONV),
    U(i32_reinterpret_f32, F32, I32, K_BITS),
    U(i64_reinterpret_f64, F64, I64, K_BITS),
    U(f32_reinterpret_i32, I32, F32, K_BITS),
    U(f64_reinterpret_i64, I64, F64, K_BITS),
    U(f32_canonical, F32, F32, K_CANON), U(f64_canonical, F64, F64, K_CANON),
};

/* ---- integers ---- */

static LLVMValueRef
divide(struct build *b, uint32_t at, enum k k, enum type t, LLVMValueRef x,
       LLVMValueRef y)
{
    LLVMTypeRef ty = b->ty[t];
    LLVMValueRef zero = LLVMConstNull(ty), minus = LLVMConstAllOnes(ty);
    LLVMValueRef is_minus, least;

    trap_if(b, at, LLVMBuildICmp(b->b, LLVMIntEQ, y, zero, ""),
            ENGINE_DIVIDE_BY_ZERO);
    if (k == K_DIV_U)
        return LLVMBuildUDiv(b->b, x, y, "");
    if (k == K_REM_U)
        return LLVMBuildURem(b->b, x, y, "");
    is_minus = LLVMBuildICmp(b->b, LLVMIntEQ, y, minus, "");
    if (k == K_REM_S) {
        y = pick(b, is_minus, LLVMConstInt(ty, 1, false), y);
        return LLVMBuildSRem(b->b, x, y, "");
    }
    least = LLVMConstInt(
        ty, t == I32 ? (uint64_t)1 << 31 : (uint64_t)1 << 63, false);
    least = LLVMBuildICmp(b->b, LLVMIntEQ, x, least, "");
    trap_if(b, at, LLVMBuildAnd(b->b, is_minus, least, ""),
            ENGINE_INTEGER_OVERFLOW);
    return LLVMBuildSDiv(b->b, x, y, "");
}

static LLVMValueRef
rotate(struct build *b, const char *name, enum type t, LLVMValueRef x,
       LLVMValueRef y)
{
    LLVMValueRef args[] = {x, x, y};

    return intrinsic(b, name, b->ty[t], args, 3);
}

static LLVMValueRef
shift_count(struct build *b, enum type t, LLVMValueRef y)
{
    return LLVMBuildAnd(b->b, y, LLVMConstInt(b->ty[t], t == I32 ? 31 : 63, 0),
                        "");
}

static LLVMValueRef
integer(struct build *b, uint32_t at, enum k k, enum type t, LLVMValueRef x,
        LLVMValueRef y)
{
    switch (k) {
    case K_ADD:
        return LLVMBuildAdd(b->b, x, y, "");
    case K_SUB:
        return LLVMBuildSub(b->b, x, y, "");
    case K_MUL:
        return LLVMBuildMul(b->b, x, y, "");
    case K_AND:
        return LLVMBuildAnd(b->b, x, y, "");
    case K_OR:
        return LLVMBuildOr(b->b, x, y, "");
    case K_XOR:
        return LLVMBuildXor(b->b, x, y, "");
    case K_SHL:
        return LLVMBuildShl(b->b, x, shift_count(b, t, y), "");
    case K_SHR_S:
        return LLVMBuildAShr(b->b, x, shift_count(b, t, y), "");
    case K_SHR_U:
        return LLVMBuildLShr(b->b, x, shift_count(b, t, y), "");
    case K_ROTL:
        return rotate(b, "llvm.fshl", t, x, y);
    case K_ROTR:
        return rotate(b, "llvm.fshr", t, x, y);
    default:
        return divide(b, at, k, t, x, y);
    }
}

/* ---- floats ---- */

static LLVMTypeRef
bits_type(struct build *b, LLVMTypeRef t)
{
    if (LLVMGetTypeKind(t) == LLVMVectorTypeKind)
        return LLVMVectorType(bits_type(b, LLVMGetElementType(t)),
                              LLVMGetVectorSize(t));
    return t == b->f32 ? b->i32 : b->i64;
}

/* Scalars or vectors. */
LLVMValueRef
canonical_nan(struct build *b, LLVMValueRef x)
{
    LLVMTypeRef t = LLVMTypeOf(x);
    bool vector = LLVMGetTypeKind(t) == LLVMVectorTypeKind;
    bool narrow = (vector ? LLVMGetElementType(t) : t) == b->f32;
    LLVMValueRef nan = narrow ? const_i32(b, 0x7fc00000)
                              : const_i64(b, (uint64_t)0x7ff8 << 48);
    LLVMValueRef all[] = {nan, nan, nan, nan};

    if (vector)
        nan = LLVMConstVector(all, LLVMGetVectorSize(t));
    return pick(b, LLVMBuildFCmp(b->b, LLVMRealUNO, x, x, ""),
                LLVMConstBitCast(nan, t), x);
}

/* A NaN wins, and -0 is less than +0; scalars or vectors. */
LLVMValueRef
float_min_max(struct build *b, LLVMValueRef x, LLVMValueRef y, bool max)
{
    LLVMTypeRef t = LLVMTypeOf(x), it = bits_type(b, t);
    LLVMRealPredicate p = max ? LLVMRealOGT : LLVMRealOLT;
    LLVMValueRef xb = bits(b, x, it), yb = bits(b, y, it), same, sum, r;

    same = max ? LLVMBuildAnd(b->b, xb, yb, "") : LLVMBuildOr(b->b, xb, yb, "");
    sum = LLVMBuildFAdd(b->b, x, y, "");
    r = pick(b, LLVMBuildFCmp(b->b, LLVMRealUNO, x, y, ""), sum,
             bits(b, same, t));
    r = pick(b, LLVMBuildFCmp(b->b, p, y, x, ""), y, r);
    return pick(b, LLVMBuildFCmp(b->b, p, x, y, ""), x, r);
}

static LLVMValueRef
sign_mask(struct build *b, enum type t)
{
    return t == F32 ? const_i32(b, 1u << 31) : const_i64(b, (uint64_t)1 << 63);
}

static LLVMValueRef
copysign_bits(struct build *b, enum type t, LLVMValueRef x, LLVMValueRef y)
{
    LLVMTypeRef it = bits_type(b, b->ty[t]);
    LLVMValueRef sign = sign_mask(b, t), xb = bits(b, x, it);

    xb = LLVMBuildAnd(b->b, xb, LLVMBuildNot(b->b, sign, ""), "");
    y = LLVMBuildAnd(b->b, bits(b, y, it), sign, "");
    return bits(b, LLVMBuildOr(b->b, xb, y, ""), b->ty[t]);
}

static LLVMValueRef
floating(struct build *b, enum k k, enum type t, LLVMValueRef x, LLVMValueRef y)
{
    switch (k) {
    case K_ADD:
        return LLVMBuildFAdd(b->b, x, y, "");
    case K_SUB:
        return LLVMBuildFSub(b->b, x, y, "");
    case K_MUL:
        return LLVMBuildFMul(b->b, x, y, "");
    case K_DIV:
        return LLVMBuildFDiv(b->b, x, y, "");
    case K_COPYSIGN:
        return copysign_bits(b, t, x, y);
    default:
        return float_min_max(b, x, y, k == K_MAX);
    }
}

/* The first double or float out of range on either side. */
static void
bounds(struct build *b, enum type from, enum type to, bool is_signed,
       LLVMValueRef *low, LLVMValueRef *high, bool *inclusive)
{
    double top = to == I32 ? 4294967296.0 : 18446744073709551616.0;

    *inclusive = is_signed && !(to == I32 && from == F64);
    if (is_signed) {
        *low = LLVMConstReal(b->ty[from], *inclusive ? -top / 2 : -2147483649.0);
        *high = LLVMConstReal(b->ty[from], top / 2);
    } else {
        *low = LLVMConstReal(b->ty[from], -1.0);
        *high = LLVMConstReal(b->ty[from], top);
    }
}

static LLVMValueRef
truncate(struct build *b, uint32_t at, const struct plain_op *o, LLVMValueRef x)
{
    bool is_signed = o->k == K_TO_S, inclusive;
    LLVMTypeRef to = b->ty[o->to];
    LLVMValueRef low, high, in_range;

    bounds(b, (enum type)o->from, (enum type)o->to, is_signed, &low, &high,
           &inclusive);
    trap_if(b, at, LLVMBuildFCmp(b->b, LLVMRealUNO, x, x, ""),
            ENGINE_BAD_CONVERSION);
    in_range = LLVMBuildAnd(
        b->b,
        LLVMBuildFCmp(b->b, inclusive ? LLVMRealOGE : LLVMRealOGT, x, low, ""),
        LLVMBuildFCmp(b->b, LLVMRealOLT, x, high, ""), "");
    trap_if(b, at, LLVMBuildNot(b->b, in_range, ""), ENGINE_INTEGER_OVERFLOW);
    return is_signed ? LLVMBuildFPToSI(b->b, x, to, "")
                     : LLVMBuildFPToUI(b->b, x, to, "");
}

static LLVMValueRef
saturate(struct build *b, const struct plain_op *o, LLVMValueRef x)
{
    const char *name = o->k == K_SAT_S ? "llvm.fptosi.sat" : "llvm.fptoui.sat";
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMTypeRef types[] = {b->ty[o->to], b->ty[o->from]};
    LLVMValueRef fn = LLVMGetIntrinsicDeclaration(b->mod, id, types, 2);

    return LLVMBuildCall2(b->b, LLVMGlobalGetValueType(fn), fn, &x, 1, "");
}

static LLVMValueRef
counted(struct build *b, const char *name, enum type t, LLVMValueRef x)
{
    LLVMValueRef args[] = {x, LLVMConstInt(b->i1, 0, false)};

    return intrinsic(b, name, b->ty[t], args, *name && name[7] == 'p' ? 1 : 2);
}

static LLVMValueRef
extended(struct build *b, LLVMTypeRef narrow, LLVMTypeRef to, LLVMValueRef x)
{
    if (LLVMTypeOf(x) != narrow)
        x = LLVMBuildTrunc(b->b, x, narrow, "");
    return LLVMBuildSExt(b->b, x, to, "");
}

static LLVMValueRef
sign_op(struct build *b, const struct plain_op *o, LLVMValueRef x)
{
    LLVMValueRef sign = sign_mask(b, (enum type)o->from);
    LLVMValueRef v = bits(b, x, LLVMTypeOf(sign));

    v = o->k == K_NEG ? LLVMBuildXor(b->b, v, sign, "")
                      : LLVMBuildAnd(b->b, v, LLVMBuildNot(b->b, sign, ""), "");
    return bits(b, v, b->ty[o->to]);
}

static LLVMValueRef
unary(struct build *b, uint32_t at, const struct plain_op *o, LLVMValueRef x)
{
    static const char *const roundings[] = {"llvm.ceil", "llvm.floor",
                                            "llvm.trunc", "llvm.nearbyint",
                                            "llvm.sqrt"};
    LLVMTypeRef to = b->ty[o->to];

    switch ((enum k)o->k) {
    case K_EQZ:
        x = LLVMBuildICmp(b->b, LLVMIntEQ, x, LLVMConstNull(b->ty[o->from]),
                          "");
        return LLVMBuildZExt(b->b, x, to, "");
    case K_CLZ:
        return counted(b, "llvm.ctlz", (enum type)o->to, x);
    case K_CTZ:
        return counted(b, "llvm.cttz", (enum type)o->to, x);
    case K_POPCNT:
        return intrinsic(b, "llvm.ctpop", to, &x, 1);
    case K_ZEXT:
        return LLVMBuildZExt(b->b, x, to, "");
    case K_TRUNC:
        return LLVMBuildTrunc(b->b, x, to, "");
    case K_EXT8:
        return extended(b, b->i8, to, x);
    case K_EXT16:
        return extended(b, b->i16, to, x);
    case K_EXT32:
        return extended(b, b->i32, to, x);
    case K_ABS:
    case K_NEG:
        return sign_op(b, o, x);
    case K_TO_S:
    case K_TO_U:
        return truncate(b, at, o, x);
    case K_SAT_S:
    case K_SAT_U:
        return saturate(b, o, x);
    case K_FROM_S:
        return LLVMBuildSIToFP(b->b, x, to, "");
    case K_FROM_U:
        return LLVMBuildUIToFP(b->b, x, to, "");
    case K_FCONV:
        return LLVMBuildFPCast(b->b, x, to, "");
    case K_BITS:
        return bits(b, x, to);
    case K_CANON:
        return canonical_nan(b, x);
    default:
        return intrinsic(b, roundings[o->k - K_CEIL], to, &x, 1);
    }
}

/* ---- instructions ---- */

static void
branch(struct build *b, uint32_t at, const struct insn *i, LLVMValueRef c,
       bool want)
{
    LLVMBasicBlockRef to = target_block(b, at, at + i->uimm);
    LLVMBasicBlockRef on = new_block(b, "");

    LLVMBuildCondBr(b->b, c, want ? to : on, want ? on : to);
    start(b, on);
}

static bool
binary(struct build *b, uint32_t at, const struct insn *i,
       const struct plain_op *o)
{
    enum type t = (enum type)o->from;
    LLVMValueRef x = get(b, i->b, t), y;

    if (o->form & FORM_I)
        y = const_signed(b->ty[t], i->imm);
    else if (o->form & FORM_DATA)
        y = bits(b, const_i64(b, insn_u64(i + 1)), b->f64);
    else
        y = get(b, i->c, t);
    if (o->shape == CMP) {
        x = LLVMBuildICmp(b->b, (LLVMIntPredicate)o->k, x, y, "");
        x = LLVMBuildZExt(b->b, x, b->i32, "");
    } else if (o->shape == FCMP) {
        x = LLVMBuildFCmp(b->b, (LLVMRealPredicate)o->k, x, y, "");
        x = LLVMBuildZExt(b->b, x, b->i32, "");
    } else if (o->shape == BIN) {
        x = integer(b, at, (enum k)o->k, t, x, y);
    } else {
        x = floating(b, (enum k)o->k, t, x, y);
    }
    put(b, i->a, (enum type)o->to, x);
    return true;
}

static bool
compare_branch(struct build *b, uint32_t at, const struct insn *i,
               const struct plain_op *o)
{
    enum type t = (enum type)o->from;
    LLVMValueRef x = get(b, i->a, t), y;

    if (o->form & FORM_I)
        y = const_signed(b->ty[t], (int16_t)i->b);
    else
        y = get(b, i->b, t);
    if (o->shape == TEST_BR) {
        x = LLVMBuildAnd(b->b, x, y, "");
        y = LLVMConstNull(b->ty[t]);
    }
    if (o->shape == FCMP_BR)
        x = LLVMBuildFCmp(b->b, (LLVMRealPredicate)o->k, x, y, "");
    else
        x = LLVMBuildICmp(b->b, (LLVMIntPredicate)o->k, x, y, "");
    branch(b, at, i, x, !(o->form & FORM_NOT));
    return true;
}

bool
op_plain(struct build *b, uint32_t at, const struct insn *i)
{
    const struct plain_op *o = &plain[i->code];

    switch (o->shape) {
    case NOT_PLAIN:
        return false;
    case UN:
        if (!b->rounds && o->k >= K_CEIL && o->k <= K_NEAREST)
            b->failed = true;
        put(b, i->a, (enum type)o->to,
            unary(b, at, o, get(b, i->b, (enum type)o->from)));
        return true;
    case CMP_BR:
    case TEST_BR:
    case FCMP_BR:
        return compare_branch(b, at, i, o);
    default:
        return binary(b, at, i, o);
    }
}
