/* SPDX-License-Identifier: Apache-2.0 */
/* What each operation is to the compiler: stencil family, operands. */
#include "config.h"

#if ENGINE_JIT
#include "jit.h"

#include "atomic.h"

/* ---- the table ---- */

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
    SMALL(i32_add) SMALL(i32_sub) SMALL(i32_mul) SMALL(i32_and) SMALL(
        i32_or) SMALL(i32_xor) SMALL(i32_shl) SMALL(i32_shr_s) SMALL(i32_shr_u)
        SMALL(i32_rotl) SMALL(i32_rotr) SMALL(i64_add) SMALL(i64_sub) SMALL(
            i64_mul) SMALL(i64_and) SMALL(i64_or) SMALL(i64_xor) SMALL(i64_shl)
            SMALL(i64_shr_s) SMALL(i64_shr_u) SMALL(i64_rotl) SMALL(
                i64_rotr) LARGE(i32_div_s,
                                SIGNED_DIVISION) LARGE(i32_div_u,
                                                       0) LARGE(i32_rem_s,
                                                                SIGNED_DIVISION)
                LARGE(i32_rem_u, 0) LARGE(i64_div_s, SIGNED_DIVISION) LARGE(
                    i64_div_u, 0) LARGE(i64_rem_s,
                                        SIGNED_DIVISION) LARGE(i64_rem_u,
                                                               0) COMPARES(i32)
                    COMPARES(i64) BRANCHES(i32_test, i32_test, 0) BRANCHES(
                        i32_testz, i32_testz,
                        0) TEST_OP(br_if) TEST_OP(br_z) TEST64_OP(br_if64)
                        TEST64_OP(br_z64) FSMALL(f64_add, DBL, COMMUTES) FSMALL(
                            f64_sub, DBL,
                            0) FSMALL(f64_mul, DBL,
                                      COMMUTES) FSMALL(f64_div, DBL, 0)
                            FLARGE(f64_min, DBL) FLARGE(f64_max, DBL) FLARGE(
                                f64_copysign, DBL)
                                FSMALL(f32_add, FLT, COMMUTES) FSMALL(
                                    f32_sub, FLT,
                                    0) FSMALL(f32_mul, FLT,
                                              COMMUTES) FSMALL(f32_div, FLT, 0)
                                    FLARGE(f32_min, FLT) FLARGE(f32_max, FLT) FLARGE(
                                        f32_copysign,
                                        FLT) OTHER(f32x4_canonical) OTHER(f64x2_canonical)
                                        OTHER(mov) OTHER(mov2) OTHER(movn) OTHER(
                                            const32) OTHER(const64) OTHER(const128)
                                            OTHER(br) OTHER(br_l) OTHER(
                                                br_table_s) OTHER(select_s)
                                                OTHER(select128) OTHER(
                                                    unreachable) OTHER(ret)
                                                    OTHER(ret_i) OTHER(
                                                        ret_d) OTHER(ret_f)
                                                        OTHER(ret_n) OTHER(
                                                            call) OTHER(call_import)
                                                            OTHER(call_indirect)
                                                                OTHER(
                                                                    call_table)
                                                                    OTHER(
                                                                        call_ref)
                                                                        OTHER(
                                                                            ret_call)
    /* Not ret_call_import: loops of tail calls across instances must not grow
     * the native stack, so these functions are the interpreter's. */
    OTHER(ret_call_table) OTHER(ret_call_ref) OTHER(throw) OTHER(throw_ref)
        OTHER(global_get) OTHER(global_get_float) OTHER(global_get_far) OTHER(
            global_set) OTHER(global_set_far) OTHER(ref_func) OTHER(ref_is_null)
            OTHER(ref_non_null) OTHER(table_get) OTHER(table_set)
                OTHER(table_size) OTHER(table_grow) OTHER(table_fill)
                    OTHER(table_copy) OTHER(table_init) OTHER(elem_drop)
                        OTHER(table_ref) OTHER(address) OTHER(memory_size)
                            OTHER(memory_grow) OTHER(memory_fill)
                                OTHER(memory_copy) OTHER(memory_init)
                                    OTHER(data_drop) OTHER(gc) OTHER(atomic)
                                        OTHER(i64_add128) OTHER(i64_sub128)
                                            OTHER(i64_mul_wide_s)
                                                OTHER(i64_mul_wide_u)
                                                    OTHER(i8x16_shuffle)};

/* ---- operands ---- */

static void
use(struct operands *o, uint32_t slot, enum reg_class c)
{
    o->use[o->uses] = slot;
    o->use_class[o->uses++] = (uint8_t)c;
}

static void
def(struct operands *o, uint32_t slot, enum reg_class c)
{
    o->def = slot;
    o->def_class = (uint8_t)c;
}

static void
reads(struct operands *o, uint32_t slot, uint32_t n)
{
    if (!n)
        return;
    if (!o->nreads) {
        o->reads = slot;
        o->nreads = n;
    } else if (!o->nreads2) {
        o->reads2 = slot;
        o->nreads2 = n;
    } else {
        o->reads3 = slot;
        o->nreads3 = n;
    }
}

static void
writes(struct operands *o, uint32_t slot, uint32_t n)
{
    o->writes = slot;
    o->nwrites = n;
}

static enum reg_class
class_of(uint32_t vt)
{
    return vt == VT_F64 ? DBL : vt == VT_F32 ? FLT : INT;
}

static void
call_operands(struct operands *o, uint32_t at, const struct type_def *type)
{
    o->calls = true;
    reads(o, at, type->param_slots);
    if (type->nresults == 1 && type->result_slots == 1)
        def(o, at, class_of(type->vt[type->nparams]));
    else if (type->nresults)
        writes(o, at, type->result_slots);
}

static void
vector_operands(const struct insn *p, enum vector_shape shape,
                struct operands *o)
{
    switch (shape) {
    case SHAPE_LOAD:
    case SHAPE_SPLAT:
        reads(o, p->b, 1);
        writes(o, p->a, 2);
        break;
    case SHAPE_STORE:
        reads(o, p->a, 1);
        reads(o, p->b, 2);
        break;
    case SHAPE_EXTRACT:
    case SHAPE_TEST:
        reads(o, p->b, 2);
        writes(o, p->a, 1);
        break;
    case SHAPE_REPLACE:
    case SHAPE_SHIFT:
        reads(o, p->b, 2);
        reads(o, p->c, 1);
        writes(o, p->a, 2);
        break;
    case SHAPE_TER:
        reads(o, p->d, 2);
        __attribute__((fallthrough));
    case SHAPE_BIN:
        reads(o, p->c, 2);
        __attribute__((fallthrough));
    default:
        reads(o, p->b, 2);
        writes(o, p->a, 2);
        break;
    }
}

/* What instructions behind `address` move, from slot b or to slot a. */
enum r0_form { R0_NONE, R0_LOAD, R0_STORE, R0_VLOAD, R0_VSTORE, R0_VLANE };
#include "op/unrow.h"
#include "op/norow.h"
#undef LOAD
#undef STORE
#undef SIMD_LOAD
#undef SIMD_STORE
#undef SIMD_LOAD_LANE
#undef SIMD_STORE_LANE
#define LOAD(n, ...) [OP_##n##_p] = R0_LOAD,
#define STORE(n, ...) [OP_##n##_p] = R0_STORE,
#define SIMD_LOAD(n, ...) [OP_##n##_p] = R0_VLOAD,
#define SIMD_STORE(n, ...) [OP_##n##_p] = R0_VSTORE,
#define SIMD_LOAD_LANE(n, ...) [OP_##n##_p] = R0_VLANE,
#define SIMD_STORE_LANE(n, ...) [OP_##n##_p] = R0_VSTORE,
static const uint8_t r0_forms[OP_COUNT] = {
#include "op/all.def"
};
#include "op/unrow.h"

/* The instruction behind `address`, `table_ref`: its r0 form. */
static void
after_r0(const struct insn *p, struct operands *o)
{
    switch ((enum r0_form)r0_forms[p->code]) {
    case R0_LOAD:
        writes(o, p->a, 1);
        return;
    case R0_STORE:
        reads(o, p->b, 1);
        return;
    case R0_VLANE:
        reads(o, p->b, 2);
        writes(o, p->a, 2);
        return;
    case R0_VLOAD:
        writes(o, p->a, 2);
        return;
    case R0_VSTORE:
        reads(o, p->b, 2);
        return;
    case R0_NONE:
        break;
    }
    switch (p->code) {
    case OP_table_get:
        reads(o, p->b, 1);
        writes(o, p->a, 1);
        break;
    case OP_table_set:
        reads(o, p->a, 1);
        reads(o, p->b, 1);
        break;
    case OP_table_size:
        writes(o, p->a, 1);
        break;
    case OP_table_grow:
        reads(o, p->b, 1);
        reads(o, p->c, 1);
        writes(o, p->a, 1);
        break;
    case OP_table_init:
        o->len++;
        __attribute__((fallthrough));
    case OP_table_fill:
        reads(o, p->a, 1);
        reads(o, p->b, 1);
        reads(o, p->c, 1);
        break;
    default:
        o->len = 0; /* unknown */
        break;
    }
}

static void
three(struct operands *o, const struct insn *p, uint32_t len)
{
    o->calls = true;
    o->len = len;
    reads(o, p->a, 1);
    reads(o, p->b, 1);
    reads(o, p->c, 1);
}

static void
atomic_operands(const struct insn *p, struct operands *o)
{
    static const uint8_t counts[] = {
        [ATOMIC_LOAD] = 1,    [ATOMIC_STORE] = 2,  [ATOMIC_RMW] = 2,
        [ATOMIC_CMPXCHG] = 3, [ATOMIC_NOTIFY] = 2, [ATOMIC_WAIT] = 3,
    };
    const struct atomic_op *a = &atomic_ops[p->b];

    o->len = 3;
    o->calls = true;
    reads(o, p[2].uimm, counts[a->shape]);
    if (a->shape != ATOMIC_STORE)
        writes(o, p[2].uimm, 1);
}

static void
other_operands(const struct jit *j, const struct insn *p, struct operands *o)
{
    const struct engine_module *m = j->m;

    switch (p->code) {
    case OP_mov:
        use(o, p->b, ANY);
        def(o, p->a, ANY);
        break;
    case OP_mov2:
        reads(o, p->b, 2);
        writes(o, p->a, 2);
        break;
    case OP_movn:
        o->len = 3;
        o->calls = p->uimm > 8;
        reads(o, p[2].uimm, p->uimm);
        writes(o, p[1].uimm, p->uimm);
        break;
    case OP_const64:
        o->len = 2;
        def(o, p->a, ANY);
        break;
    case OP_const32:
        def(o, p->a, ANY);
        break;
    case OP_const128:
        o->len = 2;
        writes(o, p->a, 2);
        break;
    case OP_br_table_s:
        o->len = 1 + p->uimm + 1;
        use(o, p->a, INT);
        break;
    case OP_select_s:
        use(o, p->b, ANY);
        use(o, p->c, ANY);
        use(o, p->d, INT);
        def(o, p->a, ANY);
        break;
    case OP_select128:
        reads(o, p->b, 2);
        reads(o, p->c, 2);
        reads(o, p->d, 1);
        writes(o, p->a, 2);
        break;
    case OP_ret_i:
        use(o, p->b, INT);
        break;
    case OP_ret_d:
    case OP_ret_f:
        use(o, p->b, p->code == OP_ret_d ? DBL : FLT);
        break;
    case OP_ret_n:
        o->len = 2;
        o->calls = p->uimm > 8;
        reads(o, p[1].uimm, p->uimm);
        break;
    case OP_call:
        call_operands(
            o, p->a,
            type_get(m->code[p->uimm / sizeof(struct func_code)].type));
        break;
    case OP_call_import:
        call_operands(o, p->a, module_func_type(m, p->uimm));
        break;
    case OP_call_table:
        call_operands(o, p->a, type_get(p->uimm));
        reads(o, p->b, 1);
        break;
    case OP_call_indirect:
    case OP_call_ref:
        call_operands(o, p->a, type_get(p->uimm));
        use(o, p->b, INT);
        break;
    case OP_ret_call:
    case OP_ret_call_table:
    case OP_ret_call_ref:
        o->len = 2;
        o->calls = true;
        reads(o, p[1].uimm, p->b);
        if (p->code == OP_ret_call_table || p->code == OP_ret_call_ref)
            reads(o, p[1].b, 1);
        break;
    case OP_throw:
        o->len = 2;
        o->calls = true;
        reads(o, p[1].uimm, type_get(m->tags[p->uimm])->param_slots);
        break;
    case OP_throw_ref:
        o->calls = true;
        reads(o, p->a, 1);
        break;
    case OP_global_get:
        def(o, p->a, INT);
        break;
    case OP_global_get_float:
        def(o, p->a, DBL);
        break;
    case OP_global_set:
        use(o, p->a, ANY);
        break;
    case OP_global_get_far:
        o->calls = true;
        writes(o, p->a, p->b);
        break;
    case OP_global_set_far:
        o->calls = true;
        reads(o, p->a, p->b);
        break;
    case OP_ref_func:
        o->calls = true;
        writes(o, p->a, 1);
        break;
    case OP_ref_is_null:
        use(o, p->b, INT);
        def(o, p->a, INT);
        break;
    case OP_ref_non_null:
        use(o, p->a, INT);
        break;
    case OP_table_ref:
        if (p[1].code == OP_call_table || p[1].code == OP_ret_call_table)
            break;
        o->len = 2;
        o->calls = true;
        after_r0(p + 1, o);
        break;
    case OP_address:
        o->len = 4;
        o->calls = true;
        reads(o, p->b, 1);
        after_r0(p + 3, o);
        break;
    case OP_table_copy:
    case OP_memory_copy:
    case OP_memory_init:
        three(o, p, 3);
        break;
    case OP_memory_fill:
        three(o, p, 2);
        break;
    case OP_memory_size:
        o->calls = true;
        writes(o, p->a, 1);
        break;
    case OP_memory_grow:
        o->len = 2;
        o->calls = true;
        reads(o, p->b, 1);
        writes(o, p->a, 1);
        break;
    case OP_elem_drop:
    case OP_data_drop:
        o->calls = true;
        break;
    case OP_gc:
        o->len = 3;
        o->calls = true;
        reads(o, p[2].uimm, p[1].b);
        writes(o, p[2].uimm, 2);
        break;
    case OP_atomic:
        atomic_operands(p, o);
        break;
    case OP_i64_add128:
    case OP_i64_sub128:
        o->calls = true;
        reads(o, p->uimm, 4);
        writes(o, p->uimm, 2);
        break;
    case OP_i64_mul_wide_s:
    case OP_i64_mul_wide_u:
        o->calls = true;
        reads(o, p->uimm, 2);
        writes(o, p->uimm, 2);
        break;
    case OP_f32x4_canonical:
    case OP_f64x2_canonical:
        o->calls = true;
        reads(o, p->b, 2);
        writes(o, p->a, 2);
        break;
    case OP_i8x16_shuffle:
        o->len = 2;
        o->calls = true;
        reads(o, p->b, 2);
        reads(o, p->c, 2);
        writes(o, p->a, 2);
        break;
    default: /* br, br_l, unreachable, ret */
        break;
    }
}

void
jit_operands(const struct jit *j, uint32_t i, struct operands *o)
{
    const struct insn *p = &j->code[i];
    const struct how_to *h = &jit_how[p->code];

    o->len = 1;
    o->def = NONE;
    o->uses = 0;
    o->calls = false;
    o->nreads = o->nreads2 = o->nreads3 = o->nwrites = 0;
    switch (h->how) {
    case HOW_BIN:
    case HOW_LARGE:
    case HOW_SET:
    case HOW_FBIN:
    case HOW_FLARGE:
    case HOW_FSET:
        use(o, p->b, h->from);
        use(o, p->c, h->from);
        def(o, p->a, h->to);
        break;
    case HOW_BIN_IMM:
    case HOW_LARGE_IMM:
    case HOW_SET_IMM:
    case HOW_UNARY:
    case HOW_CONVERT:
    case HOW_LOAD:
        use(o, p->b, h->from);
        def(o, p->a, h->to);
        break;
    case HOW_BRANCH:
    case HOW_FBRANCH:
        use(o, p->a, h->from);
        use(o, p->b, h->from);
        break;
    case HOW_BRANCH_IMM:
    case HOW_TEST:
    case HOW_STORE_IMM:
        use(o, p->a, INT);
        break;
    case HOW_STORE:
        use(o, p->a, INT);
        use(o, p->b, h->from);
        break;
    case HOW_VECTOR:
        vector_operands(p, h->from, o);
        break;
    case HOW_OTHER:
        other_operands(j, p, o);
        break;
    default:
        o->len = 0;
        break;
    }
}
#endif
