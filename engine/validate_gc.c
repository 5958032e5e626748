/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The validator's aggregate, cast and i31 instructions: the 0xfb prefix
 * (3.4.8 - 3.4.11).
 */
#include "validate.h"

#include "limits.h"
#include "pith_errno.h"

/* What a field of storage type vt is on the stack. */
static uint32_t
unpacked(uint32_t vt)
{
    return vt == VT_I8 || vt == VT_I16 ? VT_I32 : vt;
}

const struct type_def *
v_type_index(struct validator *v, enum type_kind kind)
{
    uint32_t i = read_u32(v->r);
    const struct type_def *t;

    if (reader_failed(v->r))
        return NULL;
    if (i >= v->m->ntypes) {
        v_error(v, "unknown type");
        return NULL;
    }
    t = type_get(v->m->types[i]);
    if (t->kind == kind)
        return t;
    v_error(v, kind == TYPE_STRUCT  ? "type mismatch: expected a struct type"
               : kind == TYPE_ARRAY ? "type mismatch: expected an array type"
                                    : "type mismatch: expected a continuation "
                                      "type");
    return NULL;
}

/* ---- structs ---- */

static void
struct_new(struct validator *v, bool defaults)
{
    const struct type_def *t = v_type_index(v, TYPE_STRUCT);

    if (!t)
        return;
    for (uint32_t i = t->nparams; i-- && !reader_failed(v->r);)
        if (!defaults)
            v_pop(v, unpacked(t->vt[i]));
        else if (!vt_is_defaultable(t->vt[i]))
            v_error(v, "field type is not defaultable");
    v_push(v, ref_to(t, false));
}

/* op: 2 get, 3 get_s, 4 get_u, 5 set */
static void
struct_access(struct validator *v, uint32_t op)
{
    const struct type_def *t = v_type_index(v, TYPE_STRUCT);
    uint32_t i = read_u32(v->r), vt;

    if (!t || reader_failed(v->r))
        return;
    if (i >= t->nparams) {
        v_error(v, "unknown field");
        return;
    }
    vt = t->vt[i];
    if (op != 5 && (op == 2) != (unpacked(vt) == vt))
        v_error(v, "type mismatch: packed fields need get_s or get_u, others "
                   "get");
    if (op == 5) {
        if (!t->field_mutable[i])
            v_error(v, "immutable field");
        v_pop(v, unpacked(vt));
    }
    v_pop(v, ref_to(t, true));
    if (op != 5)
        v_push(v, unpacked(vt));
}

/* ---- arrays ---- */

static void
array_new(struct validator *v, bool defaults)
{
    const struct type_def *t = v_type_index(v, TYPE_ARRAY);

    if (!t)
        return;
    v_pop(v, VT_I32);
    if (!defaults)
        v_pop(v, unpacked(t->vt[0]));
    else if (!vt_is_defaultable(t->vt[0]))
        v_error(v, "array type is not defaultable");
    v_push(v, ref_to(t, false));
}

static void
array_new_fixed(struct validator *v)
{
    const struct type_def *t = v_type_index(v, TYPE_ARRAY);
    uint32_t n = read_u32(v->r);

    if (n > LIMIT_FIELDS)
        reader_fail(v->r, -E_2BIG, "array.new_fixed: at most %u elements",
                    (unsigned)LIMIT_FIELDS);
    if (!t)
        return;
    while (n-- && !reader_failed(v->r))
        v_pop(v, unpacked(t->vt[0]));
    v_push(v, ref_to(t, false));
}

/* A data segment for elements of t. */
static void
data_source(struct validator *v, const struct type_def *t)
{
    uint32_t data = read_u32(v->r);

    if (!t || reader_failed(v->r))
        return;
    if (v->m->data_count == UINT32_MAX)
        v_error(v, "data count section required");
    else if (data >= v->m->data_count)
        v_error(v, "unknown data segment");
    if (vt_is_ref(t->vt[0]))
        v_error(v, "array type is not numeric or vector");
}

static void
elem_source(struct validator *v, const struct type_def *t)
{
    uint32_t elem = read_u32(v->r);

    if (!t || reader_failed(v->r))
        return;
    if (elem >= v->m->nelems)
        v_error(v, "unknown elem segment");
    else if (!vt_matches(v->m->elems[elem].vt, t->vt[0]))
        v_error(v, "type mismatch: elements of the segment");
}

static void
array_new_segment(struct validator *v, bool data)
{
    const struct type_def *t = v_type_index(v, TYPE_ARRAY);

    if (data)
        data_source(v, t);
    else
        elem_source(v, t);
    if (!t)
        return;
    v_pop(v, VT_I32);
    v_pop(v, VT_I32);
    v_push(v, ref_to(t, false));
}

/* op: 11 get, 12 get_s, 13 get_u, 14 set */
static void
array_access(struct validator *v, uint32_t op)
{
    const struct type_def *t = v_type_index(v, TYPE_ARRAY);
    uint32_t vt;

    if (!t)
        return;
    vt = t->vt[0];
    if (op != 14 && (op == 11) != (unpacked(vt) == vt))
        v_error(v, "type mismatch: packed arrays need get_s or get_u, others "
                   "get");
    if (op == 14) {
        if (!t->field_mutable[0])
            v_error(v, "immutable array");
        v_pop(v, unpacked(vt));
    }
    v_pop(v, VT_I32);
    v_pop(v, ref_to(t, true));
    if (op != 14)
        v_push(v, unpacked(vt));
}

static void
array_fill(struct validator *v)
{
    const struct type_def *t = v_type_index(v, TYPE_ARRAY);

    if (!t)
        return;
    if (!t->field_mutable[0])
        v_error(v, "immutable array");
    v_pop(v, VT_I32);
    v_pop(v, unpacked(t->vt[0]));
    v_pop(v, VT_I32);
    v_pop(v, ref_to(t, true));
}

static void
array_copy(struct validator *v)
{
    const struct type_def *to = v_type_index(v, TYPE_ARRAY);
    const struct type_def *from = v_type_index(v, TYPE_ARRAY);

    if (!to || !from)
        return;
    if (!to->field_mutable[0])
        v_error(v, "immutable array");
    if (to->vt[0] != from->vt[0] &&
        (!vt_is_ref(to->vt[0]) || !vt_matches(from->vt[0], to->vt[0])))
        v_error(v, "array types do not match");
    v_pop(v, VT_I32);
    v_pop(v, VT_I32);
    v_pop(v, ref_to(from, true));
    v_pop(v, VT_I32);
    v_pop(v, ref_to(to, true));
}

static void
array_init(struct validator *v, bool data)
{
    const struct type_def *t = v_type_index(v, TYPE_ARRAY);

    if (data)
        data_source(v, t);
    else
        elem_source(v, t);
    if (!t)
        return;
    if (!t->field_mutable[0])
        v_error(v, "immutable array");
    v_pop(v, VT_I32);
    v_pop(v, VT_I32);
    v_pop(v, VT_I32);
    v_pop(v, ref_to(t, true));
}

/* ---- casts ---- */

/* Continuations have no types at run time. */
static bool
castable(struct validator *v, uint32_t heap)
{
    if (heap_top(heap) != HEAP_CONT)
        return true;
    v_error(v, "invalid cast of a continuation");
    return false;
}

/* The operand may be any reference of the target's hierarchy. */
static void
cast(struct validator *v, bool nullable, bool test)
{
    uint32_t heap = decode_heaptype(v->m, v->r);

    if (reader_failed(v->r) || !castable(v, heap))
        return;
    v_pop(v, VT_REF | VT_NULLABLE | heap_top(heap));
    v_push(v, test ? VT_I32 : VT_REF | (nullable ? VT_NULLABLE : 0) | heap);
}

/*
 * br_on_cast      l rt1 rt2: [t* rt1] -> [t* rt1 \ rt2], l: [t* rt2]
 * br_on_cast_fail l rt1 rt2: [t* rt1] -> [t* rt2], l: [t* rt1 \ rt2]
 * where rt1 \ rt2 is rt1, without null when rt2 takes null.
 */
static void
br_on_cast(struct validator *v, bool fail)
{
    uint8_t flags = read_u8(v->r);
    struct ctl *c = v_label(v, read_u32(v->r));
    uint32_t from = VT_REF | decode_heaptype(v->m, v->r);
    uint32_t to = VT_REF | decode_heaptype(v->m, v->r);
    uint32_t rest, n;
    const uint32_t *types;

    if (flags > 3)
        v_error(v, "malformed cast flags");
    if (!c || reader_failed(v->r) || !castable(v, vt_heap(to)))
        return;
    from |= flags & 1 ? VT_NULLABLE : 0;
    to |= flags & 2 ? VT_NULLABLE : 0;
    if (!vt_matches(to, from)) {
        v_error(v, "type mismatch: the cast's target is not a subtype");
        return;
    }
    rest = to & VT_NULLABLE ? from & ~VT_NULLABLE : from;
    types = ctl_label_types(c, &n);
    v_pop(v, from);
    if (!n || !vt_matches(fail ? rest : to, types[n - 1])) {
        v_error(v, "type mismatch: the label of br_on_cast");
        return;
    }
    v_pop_many(v, types, n - 1);
    v_push_many(v, types, n - 1);
    v_push(v, fail ? to : rest);
}

/* any.convert_extern and extern.convert_any keep nullability. */
static void
convert(struct validator *v, uint32_t from, uint32_t to)
{
    uint32_t vt = v_pop_ref(v);

    if (!vt_matches(vt, VT_REF | VT_NULLABLE | from))
        v_error(v, "type mismatch in a conversion of references");
    v_push(v, VT_REF | (vt & VT_NULLABLE) | to);
}

/* ---- the prefix ---- */

void
v_prefix_fb(struct validator *v)
{
    uint32_t op = read_u32(v->r);

    switch (op) {
    case 0:
    case 1:
        struct_new(v, op == 1);
        break;
    case 2:
    case 3:
    case 4:
    case 5:
        struct_access(v, op);
        break;
    case 6:
    case 7:
        array_new(v, op == 7);
        break;
    case 8:
        array_new_fixed(v);
        break;
    case 9:
    case 10:
        array_new_segment(v, op == 9);
        break;
    case 11:
    case 12:
    case 13:
    case 14:
        array_access(v, op);
        break;
    case 15:
        v_pop(v, VT_REF | VT_NULLABLE | HEAP_ARRAY);
        v_push(v, VT_I32);
        break;
    case 16:
        array_fill(v);
        break;
    case 17:
        array_copy(v);
        break;
    case 18:
    case 19:
        array_init(v, op == 18);
        break;
    case 20:
    case 21:
    case 22:
    case 23:
        cast(v, op & 1, op < 22);
        break;
    case 24:
    case 25:
        br_on_cast(v, op == 25);
        break;
    case 26:
        convert(v, HEAP_EXTERN, HEAP_ANY);
        break;
    case 27:
        convert(v, HEAP_ANY, HEAP_EXTERN);
        break;
    case 28:
        v_pop(v, VT_I32);
        v_push(v, VT_REF | HEAP_I31);
        break;
    case 29:
    case 30:
        v_pop(v, VT_REF | VT_NULLABLE | HEAP_I31);
        v_push(v, VT_I32);
        break;
    default:
        reader_fail(v->r, -E_INVAL, "illegal opcode 0xfb 0x%02x", (unsigned)op);
    }
}
