/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs and arrays: fields and elements by stencils, tests and casts by a
 * helper that leaves registers alone, everything else by one that does not.
 * Operands are in neighbouring slots, the result comes to the first.
 */
#include "config.h"

#if ENGINE_JIT
#include "jit/emit.h"

#include "gc.h"

static enum reg_class
class_of(uint32_t vt)
{
    return vt == VT_F64 ? DBL : vt == VT_F32 ? FLT : INT;
}

/* The storage type of the field or element that the instruction is about. */
static uint32_t
storage(const struct insn *p)
{
    const struct type_def *t = type_get(p->uimm);

    return t->vt[p->b <= GC_STRUCT_SET ? p[1].uimm : 0];
}

static uint32_t
field_offset(const struct insn *p)
{
    const struct type_def *t = type_get(p->uimm);
    uint32_t at = 0;

    for (uint32_t k = 0; k < p[1].uimm; k++)
        at += vt_slots(t->vt[k]);
    return (uint32_t)offsetof(struct gc_object, slots) + at * 8;
}

static void
uses(struct operands *o, uint32_t slot, enum reg_class c)
{
    o->use[o->uses] = (uint16_t)slot;
    o->use_class[o->uses++] = (uint8_t)c;
}

static void
defines(struct operands *o, uint32_t slot, enum reg_class c)
{
    o->defines = true;
    o->def = (uint16_t)slot;
    o->def_class = (uint8_t)c;
}

bool
jit_gc_operands(const struct insn *p, struct operands *o)
{
    uint32_t slot = p[2].uimm;

    o->length = 3;
    switch ((enum gc_opcode)p->b) {
    case GC_STRUCT_GET:
    case GC_STRUCT_GET_S:
    case GC_STRUCT_GET_U:
    case GC_ARRAY_GET:
    case GC_ARRAY_GET_S:
    case GC_ARRAY_GET_U:
        if (storage(p) == VT_V128)
            return false;
        uses(o, slot, INT);
        if (p->b > GC_STRUCT_SET)
            uses(o, slot + 1, INT);
        defines(o, slot, class_of(storage(p)));
        return true;
    case GC_STRUCT_SET:
    case GC_ARRAY_SET:
        if (storage(p) == VT_V128)
            return false;
        uses(o, slot, INT);
        if (p->b == GC_ARRAY_SET)
            uses(o, ++slot, INT);
        uses(o, slot + 1, class_of(storage(p)));
        return true;
    case GC_ARRAY_LEN:
        uses(o, slot, INT);
        defines(o, slot, INT);
        return true;
    case GC_REF_TEST:
    case GC_REF_TEST_NULL:
    case GC_BR_ON_CAST:
    case GC_BR_ON_CAST_FAIL:
        o->reads[o->ranges] = (uint16_t)slot;
        o->nreads[o->ranges++] = 1;
        defines(o, slot, INT);
        return true;
    case GC_REF_CAST:
    case GC_REF_CAST_NULL:
        o->reads[o->ranges] = (uint16_t)slot;
        o->nreads[o->ranges++] = 1;
        return true;
    default:
        return false;
    }
}

/* ---- fields and elements ---- */

/* The element of the array in the first operand to r0. */
static void
element(struct jit *j, const struct insn *p, uint32_t i)
{
    static const uint16_t by_size[] = {[1] = ST_element0,
                                       [2] = ST_element1,
                                       [4] = ST_element2,
                                       [8] = ST_element3};
    uint32_t slot = p[2].uimm;
    unsigned y = jit_int_source(j, slot + 1, i);
    unsigned x = jit_in_register(j, slot, i);

    PUT(by_size[gc_element_size(storage(p))] + x * 9 + y, .b = slot + 1);
}

static void
load(struct jit *j, const struct insn *p, unsigned x, uint32_t offset,
     uint32_t i)
{
    bool sign = p->b == GC_STRUCT_GET_S || p->b == GC_ARRAY_GET_S;
    unsigned st = ST_object_load64;

    switch (storage(p)) {
    case VT_I8:
        st = sign ? ST_object_load8_s : ST_object_load8_u;
        break;
    case VT_I16:
        st = sign ? ST_object_load16_s : ST_object_load16_u;
        break;
    case VT_I32:
        st = ST_object_load32;
        break;
    case VT_F32:
        st = ST_object_fload32;
        break;
    case VT_F64:
        st = ST_object_fload64;
        break;
    default:
        break;
    }
    PUT(st + x, .i = offset);
    jit_result(j, p[2].uimm, class_of(storage(p)) != INT, i);
}

/* To r0 and the offset; of size bytes. */
static void
store(struct jit *j, const struct insn *p, uint32_t slot, uint32_t size,
      uint32_t offset, uint32_t i)
{
    static const uint16_t by_size[] = {[1] = ST_object_store8,
                                       [2] = ST_object_store16,
                                       [4] = ST_object_store32,
                                       [8] = ST_object_store64};
    enum reg_class c = class_of(storage(p));
    unsigned y = jit_source(j, slot, c != INT, i);

    if (c != INT && y != IN_SLOT)
        PUT((c == DBL ? ST_object_fstore64 : ST_object_fstore32) + y,
            .i = offset);
    else
        PUT(by_size[size] + y, .b = slot, .i = offset);
}

static void
array_set(struct jit *j, const struct insn *p, uint32_t i)
{
    uint32_t slot = p[2].uimm + 2;

    /* (what comes to a register now is not loaded in between, over r0) */
    jit_source(j, slot, class_of(storage(p)) != INT, i);
    element(j, p, i);
    store(j, p, slot, gc_element_size(storage(p)), 0, i);
}

static void
struct_set(struct jit *j, const struct insn *p, uint32_t i)
{
    uint32_t slot = p[2].uimm;
    unsigned x;

    jit_source(j, slot + 1, class_of(storage(p)) != INT, i);
    x = jit_in_register(j, slot, i);
    jit_move(j, 0, 0, x, 0, i);
    PUT(ST_non_null);
    store(j, p, slot + 1, 8, field_offset(p), i);
}

/* ---- the rest ---- */

static void
helper(struct jit *j, enum helper h, uint32_t i)
{
    jit_machine_helper(j, h, (uintptr_t)(j->published + i), 0, false, false);
}

void
jit_emit_gc(struct jit *j, const struct insn *p, const struct operands *o,
            uint32_t i)
{
    unsigned x;

    switch ((enum gc_opcode)p->b) {
    case GC_STRUCT_GET:
    case GC_STRUCT_GET_S:
    case GC_STRUCT_GET_U:
        if (o->calls)
            break;
        x = jit_in_register(j, p[2].uimm, i);
        PUT(ST_non_null + x);
        load(j, p, x, field_offset(p), i);
        return;
    case GC_ARRAY_GET:
    case GC_ARRAY_GET_S:
    case GC_ARRAY_GET_U:
        if (o->calls)
            break;
        element(j, p, i);
        load(j, p, 0, 0, i);
        return;
    case GC_STRUCT_SET:
        if (o->calls)
            break;
        struct_set(j, p, i);
        return;
    case GC_ARRAY_SET:
        if (o->calls)
            break;
        array_set(j, p, i);
        return;
    case GC_ARRAY_LEN:
        PUT(ST_array_length + jit_in_register(j, p[2].uimm, i));
        jit_result(j, p[2].uimm, 0, i);
        return;
    case GC_REF_TEST:
    case GC_REF_TEST_NULL:
    case GC_BR_ON_CAST:
    case GC_BR_ON_CAST_FAIL:
        jit_emit_operands_to_memory(j, o, i);
        helper(j, HELPER_CAST, i);
        jit_result(j, p[2].uimm, 0, i);
        return;
    case GC_REF_CAST:
    case GC_REF_CAST_NULL:
        jit_emit_operands_to_memory(j, o, i);
        helper(j, HELPER_CAST, i);
        return;
    default:
        break;
    }
    jit_emit_operands_to_memory(j, o, i);
    helper(j, HELPER_GC, i);
    jit_emit_results_in_memory(j, o, i);
}
#endif
