/* SPDX-License-Identifier: Apache-2.0 */
/* What each operation is to the compiler: stencil family, classes. */
#include "config.h"

#if ENGINE_JIT
#include "jit.h"

#define FLAG_i32_add COMMUTES
#define FLAG_i32_sub 0
#define FLAG_i32_mul COMMUTES
#define FLAG_i32_and COMMUTES
#define FLAG_i32_or COMMUTES
#define FLAG_i32_xor COMMUTES
#define FLAG_i32_shl SHIFTS
#define FLAG_i32_shr_s SHIFTS
#define FLAG_i32_shr_u SHIFTS
#define FLAG_i32_rotl SHIFTS
#define FLAG_i32_rotr SHIFTS
#define FLAG_i64_add COMMUTES
#define FLAG_i64_sub 0
#define FLAG_i64_mul COMMUTES
#define FLAG_i64_and COMMUTES
#define FLAG_i64_or COMMUTES
#define FLAG_i64_xor COMMUTES
#define FLAG_i64_shl SHIFTS
#define FLAG_i64_shr_s SHIFTS
#define FLAG_i64_shr_u SHIFTS
#define FLAG_i64_rotl SHIFTS
#define FLAG_i64_rotr SHIFTS

#define SMALL(n)                                                               \
    [OP_##n##_ss] = {HOW_BIN, INT, INT, FLAG_##n, ST_##n, 0},                  \
    [OP_##n##_si] = {HOW_BIN_IMM, INT, INT, FLAG_##n, ST_##n, 0},
#define LARGE(n, flags)                                                        \
    [OP_##n##_ss] = {HOW_LARGE, INT, INT, flags, ST_##n, 0},                   \
    [OP_##n##_si] = {HOW_LARGE_IMM, INT, INT, flags, ST_##n, 0},
#define COMPARE(n, s, flags)                                                   \
    [OP_##n##_ss] = {HOW_SET, INT, INT, flags, ST_set_##n, ST_set_##s},        \
    [OP_##n##_si] = {HOW_SET_IMM, INT, INT, flags, ST_set_##n, ST_set_##s},    \
    BRANCHES(n, s, flags)
#define BRANCHES(n, s, flags)                                                  \
    [OP_##n##_br_ss] = {HOW_BRANCH, INT, INT, flags, ST_br_##n, ST_br_##s},    \
    [OP_##n##_br_ss_l] = {HOW_BRANCH, INT, INT, flags, ST_br_##n, ST_br_##s},  \
    [OP_##n##                                                                  \
        _br_si] = {HOW_BRANCH_IMM, INT, INT, flags, ST_br_##n, ST_br_##s},     \
    [OP_##n##                                                                  \
        _br_si_l] = {HOW_BRANCH_IMM, INT, INT, flags, ST_br_##n, ST_br_##s},
#define COMPARES(t)                                                            \
    COMPARE(t##_eq, t##_eq, 0)                                                 \
    COMPARE(t##_ne, t##_ne, 0)                                                 \
    COMPARE(t##_lt_s, t##_gt_s, 0)                                             \
    COMPARE(t##_lt_u, t##_gt_u, UNSIGNED)                                      \
    COMPARE(t##_gt_s, t##_lt_s, 0)                                             \
    COMPARE(t##_gt_u, t##_lt_u, UNSIGNED)                                      \
    COMPARE(t##_le_s, t##_ge_s, 0)                                             \
    COMPARE(t##_le_u, t##_ge_u, UNSIGNED)                                      \
    COMPARE(t##_ge_s, t##_le_s, 0)                                             \
    COMPARE(t##_ge_u, t##_le_u, UNSIGNED)
#define TEST_OP(n)                                                             \
    [OP_##n##_s] = {HOW_TEST, INT, INT, 0, ST_##n, 0},                         \
    [OP_##n##_s_l] = {HOW_TEST, INT, INT, 0, ST_##n, 0},
#define TEST64_OP(n)                                                           \
    [OP_##n] = {HOW_TEST, INT, INT, 0, ST_##n, 0},                             \
    [OP_##n##_l] = {HOW_TEST, INT, INT, 0, ST_##n, 0},

#define IN_I INT
#define IN_D DBL
#define IN_F FLT
#define UN_I_I(n) [OP_##n##_s] = {HOW_UNARY, INT, INT, 0, ST_##n, 0},
#define CONVERT(n, C, D)                                                       \
    [OP_##n##_s] = {HOW_CONVERT, IN_##C, IN_##D, 0, ST_##n, 0},
#define UN_I_D(n) CONVERT(n, I, D)
#define UN_I_F(n) CONVERT(n, I, F)
#define UN_D_I(n) CONVERT(n, D, I)
#define UN_D_D(n) CONVERT(n, D, D)
#define UN_D_F(n) CONVERT(n, D, F)
#define UN_F_I(n) CONVERT(n, F, I)
#define UN_F_D(n) CONVERT(n, F, D)
#define UN_F_F(n) CONVERT(n, F, F)
#define FSMALL(n, c, flags) [OP_##n##_ss] = {HOW_FBIN, c, c, flags, ST_##n, 0},
#define FLARGE(n, c) [OP_##n##_ss] = {HOW_FLARGE, c, c, 0, ST_##n, 0},
#define OTHER(n) [OP_##n] = {.how = HOW_OTHER},
#define VEC(n, shape) [OP_##n] = {HOW_VECTOR, SHAPE_##shape, 0, 0, ST_##n, 0},

#include "op/unrow.h"
#include "op/norow.h"
#undef UN
#undef UNT
#undef FCMP
#undef LOAD
#undef STORE
#undef SIMD_LOAD
#undef SIMD_STORE
#undef SIMD_SPLAT
#undef SIMD_EXTRACT
#undef SIMD_REPLACE
#undef SIMD_UN
#undef SIMD_BIN
#undef SIMD_TER
#undef SIMD_SHIFT
#undef SIMD_TEST
#define UN(n, C, T, D, R, e, pre) UN_##C##_##D(n)
#define UNT(n, T, e, ts, fs, tr, fr) UN_I_I(n)
#define FCMP(n, C, e)                                                          \
    [OP_##n##_ss] = {HOW_FSET, IN_##C, INT, 0, ST_set_##n, 0},                 \
    [OP_##n##_brt_ss] = {HOW_FBRANCH, IN_##C, INT, 0, ST_brt_##n, 0},          \
    [OP_##n##_brt_ss_l] = {HOW_FBRANCH, IN_##C, INT, 0, ST_brt_##n, 0},        \
    [OP_##n##_brf_ss] = {HOW_FBRANCH, IN_##C, INT, 0, ST_brf_##n, 0},          \
    [OP_##n##_brf_ss_l] = {HOW_FBRANCH, IN_##C, INT, 0, ST_brf_##n, 0},
#define LOAD(n, T, R, D, k)                                                    \
    [OP_##n##_s] = {HOW_LOAD, INT, IN_##D, 0, ST_##n, 0},
#define STORE(n, T, C, k)                                                      \
    [OP_##n##_ss] = {HOW_STORE, IN_##C, 0, 0, ST_##n, 0},                      \
    [OP_##n##_si] = {HOW_STORE_IMM, IN_##C, 0, 0, ST_##n, 0},
#define SIMD_LOAD(n, t, s) VEC(n, LOAD)
#define SIMD_STORE(n, t, s) VEC(n, STORE)
#define SIMD_SPLAT(n, t, s) VEC(n, SPLAT)
#define SIMD_EXTRACT(n, t, s) VEC(n, EXTRACT)
#define SIMD_REPLACE(n, t, s) VEC(n, REPLACE)
#define SIMD_UN(n, t, s) VEC(n, UN)
#define SIMD_BIN(n, t, s) VEC(n, BIN)
#define SIMD_TER(n, t, s) VEC(n, TER)
#define SIMD_SHIFT(n, t, s) VEC(n, SHIFT)
#define SIMD_TEST(n, t, s) VEC(n, TEST)

const struct how_to jit_how[OP_COUNT] = {
#include "op/all.def"
    /* clang-format off */
    SMALL(i32_add) SMALL(i32_sub) SMALL(i32_mul) SMALL(i32_and) SMALL(i32_or)
    SMALL(i32_xor) SMALL(i32_shl) SMALL(i32_shr_s) SMALL(i32_shr_u)
    SMALL(i32_rotl) SMALL(i32_rotr)
    SMALL(i64_add) SMALL(i64_sub) SMALL(i64_mul) SMALL(i64_and) SMALL(i64_or)
    SMALL(i64_xor) SMALL(i64_shl) SMALL(i64_shr_s) SMALL(i64_shr_u)
    SMALL(i64_rotl) SMALL(i64_rotr)
    LARGE(i32_div_s, SIGNED_DIVISION) LARGE(i32_div_u, 0)
    LARGE(i32_rem_s, SIGNED_DIVISION) LARGE(i32_rem_u, 0)
    LARGE(i64_div_s, SIGNED_DIVISION) LARGE(i64_div_u, 0)
    LARGE(i64_rem_s, SIGNED_DIVISION) LARGE(i64_rem_u, 0)
    COMPARES(i32) COMPARES(i64)
    BRANCHES(i32_test, i32_test, 0) BRANCHES(i32_testz, i32_testz, 0)
    TEST_OP(br_if) TEST_OP(br_z) TEST64_OP(br_if64) TEST64_OP(br_z64)
    FSMALL(f64_add, DBL, COMMUTES) FSMALL(f64_sub, DBL, 0)
    FSMALL(f64_mul, DBL, COMMUTES) FSMALL(f64_div, DBL, 0)
    FLARGE(f64_min, DBL) FLARGE(f64_max, DBL) FLARGE(f64_copysign, DBL)
    FSMALL(f32_add, FLT, COMMUTES) FSMALL(f32_sub, FLT, 0)
    FSMALL(f32_mul, FLT, COMMUTES) FSMALL(f32_div, FLT, 0)
    FLARGE(f32_min, FLT) FLARGE(f32_max, FLT) FLARGE(f32_copysign, FLT)
    OTHER(f32x4_canonical) OTHER(f64x2_canonical) OTHER(i8x16_shuffle)
    OTHER(mov) OTHER(mov2) OTHER(movn)
    OTHER(const32) OTHER(const64) OTHER(const128)
    OTHER(br) OTHER(br_l) OTHER(br_table_s) OTHER(select_s) OTHER(select128)
    OTHER(unreachable) OTHER(ret) OTHER(ret_i) OTHER(ret_d) OTHER(ret_f)
    OTHER(ret_n)
    OTHER(call) OTHER(call_import) OTHER(call_indirect) OTHER(call_table)
    OTHER(call_ref)
    /* Not ret_call_import: loops of tail calls across instances must not grow
     * the native stack, so these functions are the interpreter's. */
    OTHER(ret_call) OTHER(ret_call_table) OTHER(ret_call_ref)
    OTHER(throw) OTHER(throw_ref)
    OTHER(cont_resume) OTHER(cont_suspend) OTHER(cont_switch)
    OTHER(global_get) OTHER(global_get_float) OTHER(global_get_far)
    OTHER(global_set) OTHER(global_set_far)
    OTHER(ref_func) OTHER(ref_is_null) OTHER(ref_non_null)
    OTHER(table_get) OTHER(table_set) OTHER(table_size) OTHER(table_grow)
    OTHER(table_fill) OTHER(table_copy) OTHER(table_init) OTHER(elem_drop)
    OTHER(table_ref)
    OTHER(address) OTHER(memory_size) OTHER(memory_grow) OTHER(memory_fill)
    OTHER(memory_copy) OTHER(memory_init) OTHER(data_drop)
    OTHER(gc) OTHER(atomic)
    OTHER(i64_add128) OTHER(i64_sub128) OTHER(i64_mul_wide_s)
    OTHER(i64_mul_wide_u)
    /* clang-format on */
};
#endif
