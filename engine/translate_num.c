/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numeric instructions: operands from slots, accumulators, immediates, and the
 * fused forms that replace what was just emitted (t_producer).
 */
#include "translate.h"

bool
t_immediate(const struct operand *o, int32_t *imm)
{
    int64_t v;

    if (o->kind != OPERAND_CONST)
        return false;
    v = o->is32 ? (int32_t)(uint32_t)o->value : (int64_t)o->value;
    *imm = (int32_t)v;
    return v == *imm;
}

static void
swap_operands(struct translator *t)
{
    struct operand *x = &t->stack[t->sp - 2], *y = &t->stack[t->sp - 1];
    struct operand swap = *x;
    uint32_t sx = x->slot, sy = y->slot;

    *x = *y;
    *y = swap;
    x->slot = sx;
    y->slot = sy;
}

/* i32: local + constant, (local + constant) + constant: compute it later. */
static bool
sum(struct translator *t, bool subtract)
{
    struct operand *x = &t->stack[t->sp - 2], *y = &t->stack[t->sp - 1];
    uint32_t addend;

    if (t->wide || t_is_plain(t) || y->kind != OPERAND_CONST ||
        (x->kind != OPERAND_LOCAL && x->kind != OPERAND_ADD))
        return false;
    addend = subtract ? 0 - (uint32_t)y->value : (uint32_t)y->value;
    if (x->kind == OPERAND_ADD)
        addend += (uint32_t)x->addend;
    t_drop(t, 1);
    x->kind = OPERAND_ADD;
    x->addend = (int32_t)addend;
    if (t->pending > t->sp - 1)
        t->pending = t->sp - 1;
    return true;
}

/* (x >> shift) & mask, the shift just emitted. */
static bool
field(struct translator *t)
{
    struct operand *x = &t->stack[t->sp - 2], *y = &t->stack[t->sp - 1];
    struct insn *p = t_producer(t);
    uint32_t shift, from, mask;
    bool r;

    if (t->wide || y->kind != OPERAND_CONST || x->kind != OPERAND_SLOT ||
        y->value > UINT16_MAX || !p || p->a != x->slot ||
        (p->code != OP_i32_shr_u_si && p->code != OP_i32_shr_u_ri))
        return false;
    r = p->code == OP_i32_shr_u_ri;
    shift = p->uimm & 31;
    from = p->b;
    mask = (uint32_t)y->value;
    t->n--;
    t_drop(t, 2);
    t_emit4(t, r ? OP_i32_field_r : OP_i32_field_s, t_push_slot(t, CLASS_I),
            from, mask, shift);
    t_result(t);
    return true;
}

/* (x & mask) << k, or a field << k: the first part just emitted. */
static bool
field_shifted(struct translator *t)
{
    struct operand *x = &t->stack[t->sp - 2], *y = &t->stack[t->sp - 1];
    struct insn *p = t_producer(t);
    uint32_t k, mask, shift = 0, from;
    bool r;

    if (t->wide || y->kind != OPERAND_CONST || x->kind != OPERAND_SLOT || !p ||
        p->a != x->slot)
        return false;
    from = p->b;
    k = (uint32_t)y->value & 31;
    if (p->code == OP_i32_field_s || p->code == OP_i32_field_r) {
        r = p->code == OP_i32_field_r;
        mask = p->c;
        shift = p->d;
        if (shift > 31)
            return false;
    } else if ((p->code == OP_i32_and_si || p->code == OP_i32_and_ri) &&
               p->uimm <= UINT16_MAX) {
        r = p->code == OP_i32_and_ri;
        mask = p->uimm;
    } else {
        return false;
    }
    t->n--;
    t_drop(t, 2);
    t_emit4(t, r ? OP_i32_field_r : OP_i32_field_s, t_push_slot(t, CLASS_I),
            from, mask, k << 8 | shift);
    t_result(t);
    return true;
}

/* Families with an operand in memory, by wasm opcode. */
static const struct memory_family {
    uint16_t op;   /* its first member: _sm, then _rm, _rw */
    uint16_t load; /* the loads it takes: _s, _w */
    bool commutes;
} memory_families[0x108] = {
    [0x6a] = {OP_i32_add_sm, OP_i32_load_s, true},
    [0xa0] = {OP_f64_add_sm, OP_f64_load_s, true},
    [0xa1] = {OP_f64_sub_sm, OP_f64_load_s, false},
    [0xa2] = {OP_f64_mul_sm, OP_f64_load_s, true},
    [0x92] = {OP_f32_add_sm, OP_f32_load_s, true},
    [0x93] = {OP_f32_sub_sm, OP_f32_load_s, false},
    [0x94] = {OP_f32_mul_sm, OP_f32_load_s, true},
};

/* x op load: the load, just emitted, becomes part of the operation. */
static bool
memory_binary(struct translator *t, uint32_t code)
{
    const struct memory_family *f = &memory_families[code];
    enum operand_class c = (enum operand_class)t_plain[code].operand;
    struct insn *p = t_producer(t), load;
    uint32_t other = t->sp - 2, x;
    bool w;

    if (!f->op || t->wide || !p ||
        (p->code != f->load && p->code != f->load + LOAD_W))
        return false;
    if (t->stack[t->sp - 1].kind != OPERAND_SLOT ||
        p->a != t->stack[t->sp - 1].slot) {
        if (!f->commutes || t->stack[t->sp - 2].kind != OPERAND_SLOT ||
            p->a != t->stack[t->sp - 2].slot ||
            t->stack[t->sp - 1].kind != OPERAND_LOCAL)
            return false;
        other = t->sp - 1;
    }
    if (t->stack[other].kind == OPERAND_CONST ||
        t->stack[other].kind == OPERAND_ADD)
        return false;
    load = *p;
    w = load.code != f->load;
    t->n--;
    t->last = t->last_call = 0;
    if (t_acc(t, other, c)) {
        t_drop(t, 2);
        t_emit(t, f->op + (w ? MEMORY_RW : MEMORY_RM), t_push_slot(t, c),
               load.b, load.uimm);
        t_result(t);
        return true;
    }
    if (w || load.uimm > UINT16_MAX) {
        t->out[t->n++] = load;
        t->last = other == t->sp - 2 ? t->n : 0;
        return false;
    }
    x = t_source(t, other);
    t_drop(t, 2);
    t_emit4(t, f->op, t_push_slot(t, c), x, load.b, load.uimm);
    t_result(t);
    return true;
}

/* z + x * y and z - x * y in one: the product was just made. */
static bool
multiply_add(struct translator *t, uint32_t code)
{
    struct insn *p = t_producer(t);
    struct operand *y = &t->stack[t->sp - 1], *z = &t->stack[t->sp - 2];
    struct insn mul;
    uint32_t at;
    unsigned op;

    if (t->wide || (code != 0xa0 && code != 0xa1) || !p ||
        (p->code != OP_f64_mul_ss && p->code != OP_f64_mul_sr))
        return false;
    if (y->kind != OPERAND_SLOT || p->a != y->slot) {
        if (code != 0xa0 || z->kind != OPERAND_SLOT || p->a != z->slot ||
            y->kind != OPERAND_LOCAL)
            return false;
        z = y;
    }
    if (z->kind != OPERAND_LOCAL && z->kind != OPERAND_SLOT)
        return false;
    mul = *p;
    t->n--;
    at = z->kind == OPERAND_LOCAL ? z->local : z->slot;
    op = code == 0xa0 ? OP_f64_madd_s : OP_f64_msub_s;
    t_drop(t, 2);
    if (mul.code == OP_f64_mul_sr)
        op += OP_f64_madd_r - OP_f64_madd_s;
    t_emit4(t, op, t_push_slot(t, CLASS_D), mul.b, mul.c, at);
    t_result(t);
    return true;
}

/* f64: x op constant. */
static bool
constant_binary(struct translator *t, uint32_t code)
{
    static const uint16_t ops[] = {OP_f64_add_sk, OP_f64_sub_sk, OP_f64_mul_sk,
                                   OP_f64_div_sk};
    struct operand k = t->stack[t->sp - 1];
    uint32_t other = t->sp - 2, x;
    unsigned op;
    bool r;

    if (t->wide || t_is_plain(t) || code < 0xa0 || code > 0xa3)
        return false;
    if (k.kind != OPERAND_CONST && (code == 0xa0 || code == 0xa2)) {
        k = t->stack[t->sp - 2];
        other = t->sp - 1;
    }
    if (k.kind != OPERAND_CONST || t->stack[other].kind == OPERAND_CONST)
        return false;
    op = ops[code - 0xa0];
    r = t_acc(t, other, CLASS_D);
    x = r ? 0 : t_source(t, other);
    t_drop(t, 2);
    t_emit(t, op + (r ? 3u : 0u), t_push_slot(t, CLASS_D), x, 0);
    t_data_u64(t, k.value);
    t_result(t);
    return true;
}

/* A binary integer instruction or comparison; sr: the family has that form. */
static void
integer_binary(struct translator *t, uint32_t code, bool sr)
{
    bool commutative = t_commutes(code);
    uint32_t x, y, op;
    int32_t imm;

    if ((code == 0x6a || code == 0x6b) && sum(t, code == 0x6b))
        return;
    if (memory_binary(t, code) || (code == 0x71 && field(t)) ||
        (code == 0x74 && field_shifted(t)))
        return;

    if (t->stack[t->sp - 2].kind == OPERAND_CONST &&
        t->stack[t->sp - 1].kind == OPERAND_LOCAL && (commutative || !sr)) {
        swap_operands(t); /* only descriptors: nothing lies in a slot */
        code = t_swapped(code);
    }
    op = t_plain[code].op;
    if (t_immediate(&t->stack[t->sp - 1], &imm)) {
        bool r = t_acc(t, t->sp - 2, CLASS_I);

        x = r ? 0 : t_source(t, t->sp - 2);
        t_drop(t, 2);
        t_emit(t, op + (r ? 3 : 1), t_push_slot(t, CLASS_I), x, (uint32_t)imm);
    } else if (t->stack[t->sp - 2].kind == OPERAND_CONST &&
               (commutative || !sr) &&
               t_immediate(&t->stack[t->sp - 2], &imm)) {
        bool r = t_acc(t, t->sp - 1, CLASS_I);

        op = t_plain[t_swapped(code)].op;
        x = r ? 0 : t_source(t, t->sp - 1);
        t_drop(t, 2);
        t_emit(t, op + (r ? 3 : 1), t_push_slot(t, CLASS_I), x, (uint32_t)imm);
    } else if (t->stack[t->sp - 2].kind != OPERAND_CONST &&
               t_acc(t, t->sp - 1, CLASS_I)) {
        x = t_source(t, t->sp - 2);
        t_drop(t, 2);
        if (commutative || !sr)
            t_emit4(t, t_plain[t_swapped(code)].op + 2, t_push_slot(t, CLASS_I),
                    0, x, 0);
        else
            t_emit4(t, op + 4, t_push_slot(t, CLASS_I), x, 0, 0);
    } else if (t->stack[t->sp - 1].kind != OPERAND_CONST &&
               t_acc(t, t->sp - 2, CLASS_I)) {
        y = t_source(t, t->sp - 1);
        t_drop(t, 2);
        t_emit4(t, op + 2, t_push_slot(t, CLASS_I), 0, y, 0);
    } else {
        y = t_source(t, t->sp - 1);
        x = t_source(t, t->sp - 2);
        t_drop(t, 2);
        t_emit4(t, op, t_push_slot(t, CLASS_I), x, y, 0);
    }
    t_result(t);
}

static void
float_binary(struct translator *t, uint32_t code)
{
    const struct plain *f = &t_plain[code];
    enum operand_class c = (enum operand_class)f->operand;
    enum operand_class result = (enum operand_class)f->result;
    uint32_t x, y;

    if (memory_binary(t, code) || multiply_add(t, code) ||
        constant_binary(t, code))
        return;

    if (t->stack[t->sp - 2].kind != OPERAND_CONST && t_acc(t, t->sp - 1, c)) {
        x = t_source(t, t->sp - 2);
        t_drop(t, 2);
        t_emit4(t, f->op + 2u, t_push_slot(t, result), x, 0, 0);
    } else if (t->stack[t->sp - 1].kind != OPERAND_CONST &&
               t_acc(t, t->sp - 2, c)) {
        y = t_source(t, t->sp - 1);
        t_drop(t, 2);
        t_emit4(t, f->op + 1u, t_push_slot(t, result), 0, y, 0);
    } else {
        y = t_source(t, t->sp - 1);
        x = t_source(t, t->sp - 2);
        t_drop(t, 2);
        t_emit4(t, f->op, t_push_slot(t, result), x, y, 0);
    }
    t_result(t);
}

static void
unary(struct translator *t, const struct plain *f)
{
    bool r = t_acc(t, t->sp - 1, (enum operand_class)f->operand);
    uint32_t x = r ? 0 : t_source(t, t->sp - 1);

    t_drop(t, 1);
    t_emit(t, f->op + (r ? 1u : 0u),
           t_push_slot(t, (enum operand_class)f->result), x, 0);
    t_result(t);
}

/* Does a NaN that it gives have the bits that the machine likes? abs, neg and
 * copysign only move bits. */
static bool
makes_nan(uint32_t code)
{
    return (code >= 0x8d && code <= 0x97) || (code >= 0x9b && code <= 0xa5) ||
           code == 0xb6 || code == 0xbb;
}

static void
numeric(struct translator *t, uint32_t code)
{
    const struct plain *f = &t_plain[code];

    if (f->pops == 1)
        unary(t, f);
    else if (t_family[f->op] == FAMILY_BIN)
        integer_binary(t, code, true);
    else if (t_family[f->op] == FAMILY_CMP)
        integer_binary(t, code, false);
    else
        float_binary(t, code);
}

void
t_numeric(struct translator *t, uint32_t code)
{
    static const struct plain canonical[2] = {
        {.op = OP_f32_canonical_s, .operand = CLASS_F, .result = CLASS_F},
        {.op = OP_f64_canonical_s, .operand = CLASS_D, .result = CLASS_D}};

    numeric(t, code);
    if (t->canonical_nan && makes_nan(code))
        unary(t, &canonical[t_plain[code].result == CLASS_D]);
}
