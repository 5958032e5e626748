/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translating the families that one handler each passes on (op/extra.h):
 * structs and arrays, atomics, wide arithmetic. Their operands go to their
 * canonical slots, which lie side by side; the slot's number is in a data word,
 * so that frames of any size work.
 */
#include "translate.h"

#include "atomic.h"
#include "gc.h"

uint32_t
t_operands(struct translator *t, uint32_t n, uint32_t *slots)
{
    uint32_t base;

    t_flush(t);
    base = n ? t->stack[t->sp - n].slot : t->top;
    *slots = t->top - base;
    return base;
}

void
t_results(struct translator *t, uint32_t n, const uint32_t *results,
          uint32_t nresults)
{
    t_drop(t, n);
    for (uint32_t i = 0; i < nresults; i++)
        t_push_vt(t, results[i]);
    t->pending = t->sp;
    t->last = t->last_call = 0;
}

/* One result, or none: bottom. */
static void
done(struct translator *t, uint32_t n, uint32_t vt)
{
    t_results(t, n, &vt, vt != VT_BOTTOM);
}

/* ---- structs and arrays ---- */

static void
emit_gc(struct translator *t, enum gc_opcode op, uint32_t n, uint32_t x,
        uint32_t y, uint32_t vt)
{
    uint32_t slots, base = t_operands(t, n, &slots);

    t_emit(t, OP_gc, 0, op, x);
    t_emit(t, OP_none, 0, slots, y);
    t_data(t, base);
    done(t, n, vt);
}

static uint32_t
type_index(struct translator *t)
{
    return t->m->types[leb_u32(&t->p)];
}

/* What a field or element is on the stack. */
static uint32_t
unpacked(uint32_t vt)
{
    return vt == VT_I8 || vt == VT_I16 ? VT_I32 : vt;
}

static void
structs(struct translator *t, enum gc_opcode op)
{
    uint32_t x = type_index(t), y;
    const struct type_def *d = type_get(x);

    if (op == GC_STRUCT_NEW || op == GC_STRUCT_NEW_DEFAULT) {
        emit_gc(t, op, op == GC_STRUCT_NEW ? d->nparams : 0, x, 0, VT_REF);
        return;
    }
    y = leb_u32(&t->p);
    if (op == GC_STRUCT_SET)
        emit_gc(t, op, 2, x, y, VT_BOTTOM);
    else
        emit_gc(t, op, 1, x, y, unpacked(d->vt[y]));
}

/* Operands and second immediate of the instructions on arrays. */
static void
arrays(struct translator *t, enum gc_opcode op)
{
    static const uint8_t counts[] = {
        [GC_ARRAY_NEW] = 2,       [GC_ARRAY_NEW_DEFAULT] = 1,
        [GC_ARRAY_NEW_DATA] = 2,  [GC_ARRAY_NEW_ELEM] = 2,
        [GC_ARRAY_GET] = 2,       [GC_ARRAY_GET_S] = 2,
        [GC_ARRAY_GET_U] = 2,     [GC_ARRAY_SET] = 3,
        [GC_ARRAY_FILL] = 4,      [GC_ARRAY_COPY] = 5,
        [GC_ARRAY_INIT_DATA] = 4, [GC_ARRAY_INIT_ELEM] = 4,
    };
    uint32_t x = type_index(t), y = 0, n = counts[op], vt = VT_BOTTOM;

    switch (op) {
    case GC_ARRAY_NEW_FIXED:
        n = y = leb_u32(&t->p);
        vt = VT_REF;
        break;
    case GC_ARRAY_NEW_DATA:
    case GC_ARRAY_NEW_ELEM:
        y = leb_u32(&t->p);
        vt = VT_REF;
        break;
    case GC_ARRAY_NEW:
    case GC_ARRAY_NEW_DEFAULT:
        vt = VT_REF;
        break;
    case GC_ARRAY_COPY:
    case GC_ARRAY_INIT_DATA:
    case GC_ARRAY_INIT_ELEM:
        y = leb_u32(&t->p);
        break;
    case GC_ARRAY_GET:
    case GC_ARRAY_GET_S:
    case GC_ARRAY_GET_U:
        vt = unpacked(type_get(x)->vt[0]);
        break;
    default:
        break;
    }
    emit_gc(t, op, n, x, y, vt);
}

uint32_t
t_heap_type(struct translator *t)
{
    int64_t h = leb_s(&t->p);

    return h < 0 ? HEAP_ABSTRACT | (uint32_t)(h + 0x80) : t->m->types[h];
}

void
t_ref_test(struct translator *t, uint32_t heap, bool nullable)
{
    emit_gc(t, nullable ? GC_REF_TEST_NULL : GC_REF_TEST, 1, heap, 0, VT_I32);
}

/* An i31 is the number twice, and one (gc.h): by instructions on integers. */
static void
i31(struct translator *t, enum gc_opcode op)
{
    struct operand one = {
        .kind = OPERAND_CONST, .class = CLASS_I, .is32 = true, .value = 1};

    if (op != GC_REF_I31) {
        t_emit(t, OP_ref_non_null, t_source(t, t->sp - 1), 0, 0);
        t->last = 0;
        t_numeric(t, 0xa7); /* i32.wrap_i64 */
        t_push(t, one);
        t_numeric(t, op == GC_I31_GET_S ? 0x75 : 0x76); /* i32.shr */
        return;
    }
    t_push(t, one);
    t_numeric(t, 0x74); /* i32.shl */
    t_numeric(t, 0xad); /* i64.extend_i32_u */
    one.is32 = false;
    t_push(t, one);
    t_numeric(t, 0x84); /* i64.or */
}

void
t_prefix_fb(struct translator *t)
{
    enum gc_opcode op = (enum gc_opcode)leb_u32(&t->p);

    if (op <= GC_STRUCT_SET)
        structs(t, op);
    else if (op == GC_ARRAY_LEN)
        emit_gc(t, op, 1, 0, 0, VT_I32);
    else if (op <= GC_ARRAY_INIT_ELEM)
        arrays(t, op);
    else if (op <= GC_REF_TEST_NULL)
        emit_gc(t, op, 1, t_heap_type(t), 0, VT_I32);
    else if (op <= GC_REF_CAST_NULL)
        emit_gc(t, op, 1, t_heap_type(t), 0, VT_REF);
    else if (op >= GC_REF_I31)
        i31(t, op);
    else
        emit_gc(t, op, 1, 0, 0, VT_REF);
}

/* References are compared as what they are: numbers. */
void
t_ref_eq(struct translator *t)
{
    t_numeric(t, 0x51); /* i64.eq */
}

/* ---- atomics ---- */

void
t_prefix_fe(struct translator *t)
{
    static const uint8_t counts[] = {
        [ATOMIC_LOAD] = 1,    [ATOMIC_STORE] = 2,  [ATOMIC_RMW] = 2,
        [ATOMIC_CMPXCHG] = 3, [ATOMIC_NOTIFY] = 2, [ATOMIC_WAIT] = 3,
    };
    uint32_t op = leb_u32(&t->p), memory = 0, slots, base, vt;
    const struct atomic_op *o = &atomic_ops[op];
    uint64_t offset;

    if (o->shape == ATOMIC_FENCE) {
        t->p++; /* one thread at a time uses a store: nothing to order */
        return;
    }
    if (leb_u32(&t->p) & 0x40)
        memory = leb_u32(&t->p);
    offset = leb_u(&t->p);
    base = t_operands(t, counts[o->shape], &slots);
    t_emit(t, OP_atomic, 0, op, memory);
    t_data_u64(t, offset);
    t_data(t, base);
    vt = o->shape == ATOMIC_STORE    ? VT_BOTTOM
         : o->shape == ATOMIC_NOTIFY ? VT_I32
         : o->shape == ATOMIC_WAIT   ? VT_I32
                                     : o->vt;
    done(t, counts[o->shape], vt);
}

/* ---- wide arithmetic: 0xfc 19 to 22 ---- */

void
t_wide(struct translator *t, uint32_t op)
{
    static const uint16_t codes[] = {OP_i64_add128, OP_i64_sub128,
                                     OP_i64_mul_wide_s, OP_i64_mul_wide_u};
    uint32_t n = op < 21 ? 4 : 2, slots, base = t_operands(t, n, &slots);

    t_emit(t, codes[op - 19], 0, 0, base);
    done(t, n, VT_I64);
    done(t, 0, VT_I64);
}
