/* SPDX-License-Identifier: Apache-2.0 */
/* What each instruction reads, writes, and does to the flow. */
#include "config.h"

#if ENGINE_JIT
#include "jit.h"

#include "atomic.h"
#include "cont.h"

static inline void
use(struct operands *o, uint32_t slot, enum reg_class c)
{
    o->use[o->uses] = (uint16_t)slot;
    o->use_class[o->uses++] = (uint8_t)c;
}

static inline void
def(struct operands *o, uint32_t slot, enum reg_class c)
{
    o->defines = true;
    o->def = (uint16_t)slot;
    o->def_class = (uint8_t)c;
}

static void
reads(struct operands *o, uint32_t slot, uint32_t n)
{
    if (!n)
        return;
    o->reads[o->ranges] = (uint16_t)slot;
    o->nreads[o->ranges++] = (uint16_t)n;
}

static void
writes(struct operands *o, uint32_t slot, uint32_t n)
{
    o->writes = (uint16_t)slot;
    o->nwrites = (uint16_t)n;
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
        o->length++;
        __attribute__((fallthrough));
    case OP_table_fill:
        reads(o, p->a, 1);
        reads(o, p->b, 1);
        reads(o, p->c, 1);
        break;
    default:
        o->length = 0; /* unknown */
        break;
    }
}

static void
three(struct operands *o, const struct insn *p, uint32_t len)
{
    o->length = len;
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

    o->length = 3;
    o->calls = a->shape == ATOMIC_WAIT; /* may poll */
    reads(o, p[2].uimm, counts[a->shape]);
    if (o->calls)
        writes(o, p[2].uimm, 1);
    else if (a->shape != ATOMIC_STORE)
        def(o, p[2].uimm, INT);
}

static void
cont_operands(const struct insn *p, struct operands *o)
{
    o->length = p->code == OP_cont_suspend ? 3 : 4;
    o->calls = true;
    reads(o, p[1].uimm, p->a);
    if (p->code == OP_cont_resume) {
        o->length += HANDLER_WORDS * p->b;
        writes(o, p[1].uimm, p[1].b);
    } else {
        writes(o, p[1].uimm, p->b);
    }
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
        o->length = 3;
        o->calls = p->uimm > 8;
        reads(o, p[2].uimm, p->uimm);
        writes(o, p[1].uimm, p->uimm);
        break;
    case OP_const64:
        o->length = 2;
        def(o, p->a, ANY);
        break;
    case OP_const32:
        def(o, p->a, ANY);
        break;
    case OP_const128:
        o->length = 2;
        writes(o, p->a, 2);
        break;
    case OP_br_table_s:
        o->flow = FLOW_TABLE;
        o->length = 1 + p->uimm + 1;
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
        o->flow = FLOW_END;
        use(o, p->b, INT);
        break;
    case OP_ret_d:
    case OP_ret_f:
        o->flow = FLOW_END;
        use(o, p->b, p->code == OP_ret_d ? DBL : FLT);
        break;
    case OP_ret_n:
        o->flow = FLOW_END;
        o->length = 2;
        o->calls = p->uimm > 8;
        reads(o, p[1].uimm, p->uimm);
        break;
    case OP_call:
        /* (func_types, for code has much else between the types) */
        call_operands(o, p->a,
                      module_func_type(
                          m, m->nfuncs_imported +
                                 p->uimm / (uint32_t)sizeof(struct func_code)));
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
        o->flow = FLOW_END;
        o->length = 2;
        o->calls = true;
        reads(o, p[1].uimm, p->b);
        if (p->code == OP_ret_call_table || p->code == OP_ret_call_ref)
            reads(o, p[1].b, 1);
        break;
    case OP_throw:
        o->flow = FLOW_END;
        o->length = 2;
        o->calls = true;
        reads(o, p[1].uimm, type_get(m->tags[p->uimm])->param_slots);
        break;
    case OP_throw_ref:
        o->flow = FLOW_END;
        o->calls = true;
        reads(o, p->a, 1);
        break;
    case OP_cont_resume:
    case OP_cont_suspend:
    case OP_cont_switch:
        cont_operands(p, o);
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
        writes(o, p->a, p->b);
        break;
    case OP_global_set_far:
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
        o->length = 2;
        o->calls = p[1].code == OP_table_grow;
        after_r0(p + 1, o);
        break;
    case OP_address:
        o->length = 4;
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
        writes(o, p->a, 1);
        break;
    case OP_memory_grow:
        o->length = 2;
        o->calls = true;
        reads(o, p->b, 1);
        writes(o, p->a, 1);
        break;
    case OP_elem_drop:
    case OP_data_drop:
        break;
    case OP_gc:
        if (jit_gc_operands(p, o))
            break;
        o->calls = true;
        reads(o, p[2].uimm, p[1].b);
        writes(o, p[2].uimm, 2);
        break;
    case OP_atomic:
        atomic_operands(p, o);
        break;
    case OP_i64_add128:
    case OP_i64_sub128:
        reads(o, p->uimm, 4);
        writes(o, p->uimm, 2);
        break;
    case OP_i64_mul_wide_s:
    case OP_i64_mul_wide_u:
        reads(o, p->uimm, 2);
        writes(o, p->uimm, 2);
        break;
    case OP_f32x4_canonical:
    case OP_f64x2_canonical:
        reads(o, p->b, 2);
        writes(o, p->a, 2);
        break;
    case OP_i8x16_shuffle:
        o->length = 2;
        reads(o, p->b, 2);
        reads(o, p->c, 2);
        writes(o, p->a, 2);
        break;
    case OP_br:
    case OP_br_l:
        o->flow = FLOW_JUMP;
        break;
    case OP_unreachable:
    case OP_ret:
        o->flow = FLOW_END;
        break;
    default:
        o->length = 0; /* not on its own */
        break;
    }
}

void
jit_operands(const struct jit *j, uint32_t i, struct operands *o)
{
    const struct insn *p = &j->code[i];
    const struct how_to *h = &jit_how[p->code];

    o->at = i;
    o->length = 1;
    o->nwrites = 0;
    o->uses = o->ranges = 0;
    o->defines = o->calls = false;
    o->flow = FLOW_ON;
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
        o->flow = FLOW_BRANCH;
        use(o, p->a, h->from);
        use(o, p->b, h->from);
        break;
    case HOW_BRANCH_IMM:
    case HOW_TEST:
        o->flow = FLOW_BRANCH;
        use(o, p->a, INT);
        break;
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
        o->length = 0;
        break;
    }
}
#endif
