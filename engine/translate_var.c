/* SPDX-License-Identifier: Apache-2.0 */
/* Variables, constants, select, references; which instruction goes where. */
#include "translate.h"

/* p += k; q += l, both just emitted, in one. */
static void
pair_sums(struct translator *t)
{
    struct insn *q = t_producer(t), *p;

    if (t->wide || !q || q->code != OP_i32_add_si || q->a != q->b ||
        q->imm != (int16_t)q->imm || t->n < t->label + 2 || t->raw == t->n - 1)
        return;
    p = q - 1;
    if (p->code != OP_i32_add_si || p->a != p->b || p->imm != (int16_t)p->imm)
        return;
    p->code = OP_i32_add_add;
    p->c = (uint16_t)p->imm;
    p->d = (uint16_t)q->imm;
    p->b = q->a;
    t->n--;
}

void
t_set_local(struct translator *t, uint32_t local, bool tee)
{
    uint32_t slot = t->local_slot[local], i = t->sp - 1;
    struct operand *o = &t->stack[i];
    bool read = false; /* the old value is still wanted */

    for (uint32_t k = t->pending; k < i; k++)
        if ((t->stack[k].kind == OPERAND_LOCAL ||
             t->stack[k].kind == OPERAND_ADD) &&
            t->stack[k].local == slot) {
            t_materialise(t, k);
            read = true;
        }
    if (o->kind == OPERAND_SLOT && t->last == t->n && t->last && !read &&
        !t->wide) {
        t_written(t)->a = (uint16_t)slot;
    } else if (!read && o->kind == OPERAND_SLOT && o->class != CLASS_V &&
               t_acc(t, i, (enum operand_class)o->class)) {
        t_emit(t,
               o->class == CLASS_I   ? OP_st_r
               : o->class == CLASS_D ? OP_st_d
                                     : OP_st_f,
               slot, 0, 0);
    } else if (o->kind != OPERAND_LOCAL || o->local != slot) {
        t_move(t, slot, i);
    }
    pair_sums(t);
    t->last = t->last_call = 0;
    if (tee) {
        o->kind = OPERAND_LOCAL;
        o->local = slot;
        if (t->pending > i)
            t->pending = i;
    } else {
        t_drop(t, 1);
    }
}

static void
get_local(struct translator *t, uint32_t local)
{
    struct operand o = {.kind = OPERAND_LOCAL,
                        .class = t->local_class[local],
                        .local = t->local_slot[local]};

    t_push(t, o);
}

static void
push_const(struct translator *t, enum operand_class c, bool is32, uint64_t v)
{
    struct operand o = {
        .kind = OPERAND_CONST, .class = (uint8_t)c, .is32 = is32, .value = v};

    t_push(t, o);
}

static void
global_get_op(struct translator *t)
{
    uint32_t g = leb_u32(&t->p), vt = t->m->globals[g].vt;
    enum operand_class c = t_class(vt);

    if (g < t->m->nglobals_imported || c == CLASS_V)
        t_emit(t, OP_global_get_far, t_push_slot(t, c), vt_slots(vt), g);
    else
        t_emit(t, c == CLASS_I ? OP_global_get : OP_global_get_float,
               t_push_slot(t, c), 0, t->m->global_slot[g]);
    t_result(t);
}

/*
 * The shadow stack: global = (local = global - n) on entry, global = local + n
 * on return. The operand is the value to set.
 */
static bool
global_sum(struct translator *t, uint32_t vt, uint32_t global)
{
    struct operand *o = &t->stack[t->sp - 1];
    struct insn *p = t_producer(t);

    if (t->wide || vt != VT_I32 || global > UINT16_MAX)
        return false;
    if (o->kind == OPERAND_ADD) {
        t_emit(t, OP_global_set_sum, o->local, global, (uint32_t)o->addend);
        return true;
    }
    if (!p || t->n < t->label + 2 || o->kind != OPERAND_LOCAL ||
        p->a != o->local ||
        (p->code != OP_i32_sub_ri && p->code != OP_i32_add_ri) ||
        p[-1].code != OP_global_get_R || p[-1].uimm != global)
        return false;
    p[-1].code = OP_global_add;
    p[-1].a = p->a;
    p[-1].b = (uint16_t)global;
    p[-1].uimm = p->code == OP_i32_sub_ri ? 0 - p->uimm : p->uimm;
    t->n--;
    return true;
}

static void
global_set_op(struct translator *t)
{
    uint32_t g = leb_u32(&t->p), vt = t->m->globals[g].vt;
    enum operand_class c = t_class(vt);

    if (g < t->m->nglobals_imported || c == CLASS_V)
        t_emit(t, OP_global_set_far, t_source(t, t->sp - 1), vt_slots(vt), g);
    else if (global_sum(t, vt, t->m->global_slot[g]))
        ;
    else if (c == CLASS_I && t_acc(t, t->sp - 1, c))
        t_emit(t, OP_global_set_r, 0, 0, t->m->global_slot[g]);
    else
        t_emit(t, OP_global_set, t_source(t, t->sp - 1), 0,
               t->m->global_slot[g]);
    t_drop(t, 1);
    t->last = 0;
}

static void
select_op(struct translator *t)
{
    enum operand_class c = (enum operand_class)t->stack[t->sp - 2].class;
    uint32_t cond = 0, x, y;
    bool r = false;

    if (c != CLASS_V && t->stack[t->sp - 2].kind != OPERAND_CONST &&
        t->stack[t->sp - 3].kind != OPERAND_CONST)
        r = t_acc(t, t->sp - 1, CLASS_I);
    if (!r)
        cond = t_source(t, t->sp - 1);
    y = t_source(t, t->sp - 2);
    x = t_source(t, t->sp - 3);
    t_drop(t, 3);
    t_emit4(t,
            c == CLASS_V ? OP_select128
            : r          ? OP_select_r
                         : OP_select_s,
            t_push_slot(t, c), x, y, cond);
    t_result(t);
}

static void
ref_op(struct translator *t, uint8_t op)
{
    uint32_t x;

    switch (op) {
    case 0xd0:
        leb_s(&t->p);
        push_const(t, CLASS_I, false, 0);
        break;
    case 0xd1:
        x = t_source(t, t->sp - 1);
        t_drop(t, 1);
        t_emit(t, OP_ref_is_null, t_push_slot(t, CLASS_I), x, 0);
        t_result(t);
        break;
    case 0xd2:
        x = leb_u32(&t->p);
        t_emit(t, OP_ref_func, t_push_slot(t, CLASS_I), 0, x);
        t_result(t);
        break;
    default: /* ref.as_non_null */
        t_emit(t, OP_ref_non_null, t_source(t, t->sp - 1), 0, 0);
        t->last = 0;
        break;
    }
}

/* ---- the whole
 * --------------------------------------------------------------------------------------
 */

void
t_operation(struct translator *t, uint8_t op)
{
    if (op >= 0x28 && op <= 0x35) {
        t_load(t, op);
        return;
    }
    if (op >= 0x36 && op <= 0x3e) {
        t_store(t, op);
        return;
    }
    if (op >= 0x45 && op <= 0xc4) {
        t_numeric(t, op);
        return;
    }
    switch (op) {
    case 0x1a:
        t_drop(t, 1);
        t->last = t->last_call = 0;
        break;
    case 0x1c:
        leb_u32(&t->p);
        t_skip_valtype(&t->p);
        select_op(t);
        break;
    case 0x1b:
        select_op(t);
        break;
    case 0x20:
        get_local(t, leb_u32(&t->p));
        break;
    case 0x21:
    case 0x22:
        t_set_local(t, leb_u32(&t->p), op == 0x22);
        break;
    case 0x23:
        global_get_op(t);
        break;
    case 0x24:
        global_set_op(t);
        break;
    case 0x25:
        t_table_get(t);
        break;
    case 0x26:
        t_table_set(t);
        break;
    case 0x3f:
        t_memory_size(t);
        break;
    case 0x40:
        t_memory_grow(t);
        break;
    case 0x41:
        push_const(t, CLASS_I, true, (uint32_t)leb_s(&t->p));
        break;
    case 0x42:
        push_const(t, CLASS_I, false, (uint64_t)leb_s(&t->p));
        break;
    case 0x43:
        push_const(t, CLASS_F, true, load_le32(t->p));
        t->p += 4;
        break;
    case 0x44:
        push_const(t, CLASS_D, false, load_le64(t->p));
        t->p += 8;
        break;
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd4:
        ref_op(t, op);
        break;
    case 0xd3:
        t_ref_eq(t);
        break;
    case 0xfb:
        t_prefix_fb(t);
        break;
    case 0xfc:
        t_prefix_fc(t);
        break;
    case 0xfd:
        t_prefix_fd(t);
        break;
    case 0xfe:
        t_prefix_fe(t);
        break;
    default: /* nop */
        break;
    }
}
