/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constant expressions (3.4.13): checked at load by decode_const_expr, computed
 * at instantiation by constexpr_eval. Both keep a small stack on the heap-free
 * way: nesting is bounded by STACK, which is far beyond what producers emit.
 */
#include "decode.h"
#include "gc.h"
#include "runtime.h"

#include "limits.h"
#include "pith_errno.h"

#define STACK 1024

struct check {
    struct engine_module *m;
    struct reader *r;
    uint32_t stack[STACK];
    uint32_t sp;
};

static void
push(struct check *c, uint32_t vt)
{
    if (c->sp == STACK)
        reader_fail(c->r, -E_2BIG, "constant expression too deep");
    else
        c->stack[c->sp++] = vt;
}

static void
check_binary(struct check *c, uint32_t vt)
{
    if (c->sp < 2 || c->stack[c->sp - 1] != vt || c->stack[c->sp - 2] != vt)
        reader_fail(c->r, -E_INVAL, "type mismatch in constant expression");
    else
        c->sp--;
}

static void
check_global(struct check *c)
{
    uint32_t i = read_u32(c->r);

    if (reader_failed(c->r))
        return;
    if (i >= c->m->nglobals)
        reader_fail(c->r, -E_INVAL, "unknown global %u", (unsigned)i);
    else if (c->m->globals[i].mutable_)
        reader_fail(c->r, -E_INVAL, "constant expression required");
    else
        push(c, c->m->globals[i].vt);
}

static void
check_func(struct check *c)
{
    uint32_t i = read_u32(c->r);

    if (reader_failed(c->r))
        return;
    if (i >= c->m->nfuncs) {
        reader_fail(c->r, -E_INVAL, "unknown function %u", (unsigned)i);
        return;
    }
    decode_declare_func(c->m, i);
    push(c, VT_REF | c->m->func_types[i]);
}

static void
check_pop(struct check *c, uint32_t vt)
{
    if (vt == VT_I8 || vt == VT_I16)
        vt = VT_I32;
    if (c->sp && vt_matches(c->stack[c->sp - 1], vt))
        c->sp--;
    else
        reader_fail(c->r, -E_INVAL, "type mismatch in constant expression");
}

/* struct.new, array.new and their kin, on a type of this kind. */
static void
check_new(struct check *c, uint32_t op)
{
    enum type_kind kind =
        op <= GC_STRUCT_NEW_DEFAULT ? TYPE_STRUCT : TYPE_ARRAY;
    uint32_t i = read_u32(c->r), n;
    const struct type_def *t;

    n = op == GC_ARRAY_NEW_FIXED ? read_u32(c->r) : 0;
    if (i >= c->m->ntypes || type_get(c->m->types[i])->kind != kind) {
        reader_fail(c->r, -E_INVAL, "unknown type in constant expression");
        return;
    }
    t = type_get(c->m->types[i]);
    if (op == GC_ARRAY_NEW || op == GC_ARRAY_NEW_DEFAULT)
        check_pop(c, VT_I32);
    if (op == GC_ARRAY_NEW)
        n = 1;
    if (op == GC_STRUCT_NEW || op == GC_STRUCT_NEW_DEFAULT)
        n = t->nparams;
    while (n-- && !reader_failed(c->r)) {
        uint32_t vt = t->vt[kind == TYPE_STRUCT ? n : 0];

        if (op != GC_STRUCT_NEW_DEFAULT)
            check_pop(c, vt);
        else if (!vt_is_defaultable(vt))
            reader_fail(c->r, -E_INVAL, "field type is not defaultable");
    }
    if (op == GC_ARRAY_NEW_DEFAULT && !vt_is_defaultable(t->vt[0]))
        reader_fail(c->r, -E_INVAL, "array type is not defaultable");
    push(c, VT_REF | t->id);
}

static void
check_gc(struct check *c)
{
    uint32_t op = read_u32(c->r);
    bool nullable;

    switch (op) {
    case GC_STRUCT_NEW:
    case GC_STRUCT_NEW_DEFAULT:
    case GC_ARRAY_NEW:
    case GC_ARRAY_NEW_DEFAULT:
    case GC_ARRAY_NEW_FIXED:
        check_new(c, op);
        break;
    case GC_ANY_CONVERT_EXTERN:
    case GC_EXTERN_CONVERT_ANY:
        nullable = c->sp && c->stack[c->sp - 1] & VT_NULLABLE;
        check_pop(c, op == GC_ANY_CONVERT_EXTERN
                         ? VT_EXTERNREF
                         : VT_REF | VT_NULLABLE | HEAP_ANY);
        push(c, VT_REF | (nullable ? VT_NULLABLE : 0) |
                    (op == GC_ANY_CONVERT_EXTERN ? HEAP_ANY : HEAP_EXTERN));
        break;
    case GC_REF_I31:
        check_pop(c, VT_I32);
        push(c, VT_REF | HEAP_I31);
        break;
    default:
        reader_fail(c->r, -E_INVAL, "constant expression required");
    }
}

static void
check_op(struct check *c, uint8_t op)
{
    struct reader *r = c->r;

    switch (op) {
    case 0x41:
        read_s32(r);
        push(c, VT_I32);
        break;
    case 0x42:
        read_s64(r);
        push(c, VT_I64);
        break;
    case 0x43:
        read_bytes(r, 4);
        push(c, VT_F32);
        break;
    case 0x44:
        read_bytes(r, 8);
        push(c, VT_F64);
        break;
    case 0xfb:
        check_gc(c);
        break;
    case 0xfd:
        if (read_u32(r) != 12)
            reader_fail(r, -E_INVAL, "constant expression required");
        read_bytes(r, 16);
        push(c, VT_V128);
        break;
    case 0xd0:
        push(c, VT_REF | VT_NULLABLE | decode_heaptype(c->m, r));
        break;
    case 0xd2:
        check_func(c);
        break;
    case 0x23:
        check_global(c);
        break;
    case 0x6a:
    case 0x6b:
    case 0x6c:
        check_binary(c, VT_I32);
        break;
    case 0x7c:
    case 0x7d:
    case 0x7e:
        check_binary(c, VT_I64);
        break;
    default:
        reader_fail(r, -E_INVAL, "constant expression required (opcode 0x%02x)",
                    op);
    }
}

void
decode_const_expr(struct engine_module *m, struct reader *r, uint32_t vt,
                  struct const_expr *e)
{
    struct check c = {.m = m, .r = r, .sp = 0};
    uint8_t op;

    e->at = (uint32_t)reader_offset(r);
    while ((op = read_u8(r)) != 0x0b && !reader_failed(r))
        check_op(&c, op);
    e->end = (uint32_t)reader_offset(r);
    if (!reader_failed(r) && (c.sp != 1 || !vt_matches(c.stack[0], vt)))
        reader_fail(r, -E_INVAL, "type mismatch in constant expression");
}

/* ---- evaluation -----------------------------------------------------------
 */

static void
eval_binary(union slot_value *v, uint8_t op)
{
    uint64_t x = v[0].u64, y = v[1].u64;

    switch (op) {
    case 0x6a:
        v->u64 = (uint32_t)(x + y);
        break;
    case 0x6b:
        v->u64 = (uint32_t)(x - y);
        break;
    case 0x6c:
        v->u64 = (uint32_t)(x * y);
        break;
    case 0x7c:
        v->u64 = x + y;
        break;
    case 0x7d:
        v->u64 = x - y;
        break;
    default:
        v->u64 = x * y;
        break;
    }
}

static void
eval_global(struct engine_instance *in, uint32_t i, union slot_value *out)
{
    const struct engine_global *g = in->globals[i];

    memcpy(out, g->value, g->vt == VT_V128 ? 16 : 8);
}

static bool
eval_ref_func(struct engine_instance *in, uint32_t func, union slot_value *out)
{
    struct engine_func *f = instance_func(in, func);

    out->u64 = (uintptr_t)f;
    return f != NULL;
}

/*
 * Operands become slots above the value stack, as gc_execute wants them, and
 * the result replaces them. Nothing is collected meanwhile: v is no root.
 */
static bool
eval_gc(struct engine_instance *in, const uint8_t **p, union slot_value *v,
        uint32_t *sp)
{
    enum gc_opcode op = (enum gc_opcode)leb_u32(p);
    uint32_t x = 0, y = 0, n = op == GC_STRUCT_NEW_DEFAULT ? 0 : 1;
    uint64_t *slots = in->store->sp, *to = slots;

    if (op <= GC_ARRAY_NEW_FIXED)
        x = in->module->types[leb_u32(p)];
    if (op == GC_STRUCT_NEW)
        n = type_get(x)->nparams;
    else if (op == GC_ARRAY_NEW)
        n = 2;
    else if (op == GC_ARRAY_NEW_FIXED)
        n = y = leb_u32(p);
    if ((uint64_t)(in->store->stack_limit - slots) < (uint64_t)n * 2 + 2)
        return false;
    *sp -= n;
    for (uint32_t i = 0; i < n; i++) {
        bool wide = op <= GC_ARRAY_NEW_FIXED &&
                    type_get(x)->vt[op == GC_STRUCT_NEW ? i : 0] == VT_V128 &&
                    (op != GC_ARRAY_NEW || !i) && op != GC_ARRAY_NEW_DEFAULT;

        memcpy(to, &v[*sp + i], wide ? 16 : 8);
        to += wide ? 2 : 1;
    }
    if (gc_execute(in, op, x, y, slots, NULL) != ENGINE_OK)
        return false;
    v[*sp].u64 = slots[0];
    ++*sp;
    return true;
}

bool
constexpr_eval(struct engine_instance *in, struct const_expr e,
               union slot_value *out)
{
    const uint8_t *p = in->module->bytes + e.at;
    union slot_value v[STACK];
    uint32_t sp = 0;
    uint8_t op;

    while ((op = *p++) != 0x0b) {
        union slot_value *top = &v[sp];

        top->v128[1] = 0;
        switch (op) {
        case 0x41:
            top->u64 = (uint32_t)leb_s(&p);
            sp++;
            break;
        case 0x42:
            top->u64 = (uint64_t)leb_s(&p);
            sp++;
            break;
        case 0x43:
            top->u64 = load_le32(p);
            p += 4;
            sp++;
            break;
        case 0x44:
            top->u64 = load_le64(p);
            p += 8;
            sp++;
            break;
        case 0xfb:
            if (!eval_gc(in, &p, v, &sp))
                return false;
            break;
        case 0xfd:
            leb_u32(&p);
            memcpy(top->v128, p, 16);
            p += 16;
            sp++;
            break;
        case 0xd0:
            leb_s(&p);
            top->u64 = 0;
            sp++;
            break;
        case 0xd2:
            if (!eval_ref_func(in, leb_u32(&p), top))
                return false;
            sp++;
            break;
        case 0x23:
            eval_global(in, leb_u32(&p), top);
            sp++;
            break;
        default:
            sp--;
            eval_binary(&v[sp - 1], op);
        }
    }
    *out = v[0];
    return true;
}

const uint8_t *
constexpr_skip(const uint8_t *p)
{
    uint8_t op;

    while ((op = *p++) != 0x0b)
        switch (op) {
        case 0x43:
            p += 4;
            break;
        case 0x44:
            p += 8;
            break;
        case 0xfd:
            leb_u32(&p);
            p += 16;
            break;
        case 0x41:
        case 0x42:
        case 0xd0:
        case 0xd2:
        case 0x23:
            leb_u(&p);
            break;
        default:
            break;
        }
    return p;
}
