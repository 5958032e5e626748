/* SPDX-License-Identifier: Apache-2.0 */
/* Loads, stores and whole-memory instructions; addresses and updates fused. */
#include "translate.h"

#include "mem.h"

struct memarg
t_memarg(struct translator *t)
{
    struct memarg a = {0};

    if (leb_u32(&t->p) & 0x40)
        a.memory = leb_u32(&t->p);
    a.offset = leb_u(&t->p);
    a.direct = a.memory == 0 && !t->m->memories[0].is64 &&
               !t->m->memories[0].byte_pages && a.offset < GUARD_OFFSET;
    return a;
}

/* r0 = checked host address of size bytes; operand i is the address. */
void
t_address(struct translator *t, uint32_t i, const struct memarg *a,
          uint32_t size)
{
    uint32_t at = t_source(t, i);

    t_emit4(t, OP_address, 0, at, size, 0);
    t_data(t, a->memory);
    t_data_u64(t, a->offset);
    t->last = t->last_call = 0;
}

/*
 * Was operand i made by an add just now? Then take the add away and use its
 * operands: base, and index shifted by k (or by nothing).
 */
static bool
fuse_address(struct translator *t, uint32_t i, uint32_t k, uint64_t offset,
             uint32_t *base, uint32_t *index, bool *scaled)
{
    const struct insn *add, *shl;

    if (t->wide || t->raw == t->n || !t_producer(t) || offset > UINT16_MAX ||
        t->stack[i].kind != OPERAND_SLOT)
        return false;
    add = &t->out[t->n - 1];
    if (add->a != t->stack[i].slot)
        return false;
    if (add->code == OP_i32_add_ss) {
        *base = add->b;
        *index = add->c;
        *scaled = false;
        t->n--;
        t->last = 0;
        return true;
    }
    if (add->code != OP_i32_add_rs || t->n < t->label + 2)
        return false;
    shl = add - 1;
    if (t->raw == t->n - 1 || shl->code != OP_i32_shl_si_R || shl->uimm != k ||
        k == 0)
        return false;
    *base = add->c;
    *index = shl->b;
    *scaled = true;
    t->n -= 2;
    t->last = 0;
    return true;
}

/* Was operand i made by adding a constant to r0 just now? Take that away. */
static bool
take_add_ri(struct translator *t, uint32_t i, uint32_t *imm)
{
    const struct insn *p = t_producer(t);

    if (t->wide || !p || p->code != OP_i32_add_ri ||
        t->stack[i].kind != OPERAND_SLOT || p->a != t->stack[i].slot)
        return false;
    *imm = p->uimm;
    t->n--;
    t->last = 0;
    return true;
}

void
t_load(struct translator *t, uint32_t code)
{
    const struct plain *f = &t_plain[code];
    enum operand_class c = (enum operand_class)f->result;
    struct memarg a = t_memarg(t);
    uint32_t x, base, index;
    bool scaled;

    if (!a.direct) {
        t_address(t, t->sp - 1, &a, 1u << f->size);
        t_drop(t, 1);
        t_emit(t, f->op + LOAD_P, t_push_slot(t, c), 0, 0);
    } else if (a.offset == 0 && t->stack[t->sp - 1].kind == OPERAND_ADD) {
        struct operand sum = t->stack[t->sp - 1];

        t_drop(t, 1);
        t_emit(t, f->op + LOAD_W, t_push_slot(t, c), sum.local,
               (uint32_t)sum.addend);
    } else if (a.offset == 0 && take_add_ri(t, t->sp - 1, &x)) {
        t_drop(t, 1);
        t_emit(t, f->op + LOAD_W + 1u, t_push_slot(t, c), 0, x);
    } else if (fuse_address(t, t->sp - 1, f->size, a.offset, &base, &index,
                            &scaled)) {
        t_drop(t, 1);
        t_emit4(t, f->op + (scaled ? 2u : 3u), t_push_slot(t, c), base, index,
                (uint32_t)a.offset);
    } else {
        bool r = t_acc(t, t->sp - 1, CLASS_I);

        x = r ? 0 : t_source(t, t->sp - 1);
        t_drop(t, 1);
        t_emit(t, f->op + (r ? 1u : 0u), t_push_slot(t, c), x,
               (uint32_t)a.offset);
    }
    t_result(t);
}

/* p->x += constant: the load and the addition were just emitted. */
static bool
increment(struct translator *t, const struct insn *p, uint32_t at,
          uint32_t offset)
{
    const struct insn *l = p - 1;
    int32_t by = p->code == OP_i32_add_ri ? p->imm : -p->imm;

    if ((p->code != OP_i32_add_ri && p->code != OP_i32_sub_ri) ||
        t->n < t->label + 2 || l->code != OP_i32_load_s_R || l->b != at ||
        l->uimm != offset || p->imm == INT32_MIN || by != (int16_t)by)
        return false;
    t->n -= 2;
    t_emit(t, OP_i32_increment, at, (uint16_t)by, offset);
    return true;
}

/* Storing a result where its operand in memory was loaded: p->x += y. */
static bool
update_memory(struct translator *t, const struct plain *f, uint32_t offset)
{
    static const uint16_t families[][2] = {
        {OP_i32_store_ss, OP_i32_add_sm}, {OP_f64_store_ss, OP_f64_add_sm},
        {OP_f64_store_ss, OP_f64_sub_sm}, {OP_f64_store_ss, OP_f64_mul_sm},
        {OP_f32_store_ss, OP_f32_add_sm}, {OP_f32_store_ss, OP_f32_sub_sm},
        {OP_f32_store_ss, OP_f32_mul_sm}};
    const struct operand *to = &t->stack[t->sp - 2], *v = &t->stack[t->sp - 1];
    struct insn *p = t_producer(t);
    uint32_t at;

    if (t->wide || !p || v->kind != OPERAND_SLOT || p->a != v->slot ||
        t->raw == t->n ||
        (to->kind != OPERAND_LOCAL && to->kind != OPERAND_SLOT))
        return false;
    at = to->kind == OPERAND_LOCAL ? to->local : to->slot;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (f->op == families[i][0] &&
            p->code == (unsigned)families[i][1] + MEMORY_RM && p->b == at &&
            p->uimm == offset) {
            p->code = (unsigned)families[i][1] + MEMORY_TO;
            return true;
        }
    return f->op == OP_i32_store_ss && increment(t, p, at, offset);
}

static void
store_direct(struct translator *t, const struct plain *f, uint32_t offset)
{
    enum operand_class c = (enum operand_class)f->operand;
    uint32_t va = t->sp - 2, vv = t->sp - 1, base, index;
    int32_t imm;
    bool scaled;

    if (c == CLASS_I && t_immediate(&t->stack[vv], &imm) &&
        imm == (int16_t)imm) {
        if (t_acc(t, va, CLASS_I))
            t_emit(t, f->op + STORE_RI, 0, (uint16_t)imm, offset);
        else
            t_emit(t, f->op + STORE_SI, t_source(t, va), (uint16_t)imm, offset);
        return;
    }
    if (t->stack[vv].kind == OPERAND_LOCAL &&
        fuse_address(t, va, f->size, offset, &base, &index, &scaled)) {
        if (scaled || f->size == 0) {
            t_emit4(t, f->op + STORE_X, base, index, t->stack[vv].local,
                    offset);
            return;
        }
        /* no such form: put the add back */
        t_emit4(t, OP_i32_add_ss_R, 0, base, index, 0);
        t_emit(t, f->op + STORE_RS, 0, t->stack[vv].local, offset);
        return;
    }
    if (offset == 0 && t->stack[va].kind == OPERAND_ADD &&
        t->stack[vv].kind != OPERAND_ADD) {
        struct operand to = t->stack[va];

        if (t_acc(t, vv, c))
            t_emit(t, f->op + STORE_WR, to.local, 0, (uint32_t)to.addend);
        else
            t_emit(t, f->op + STORE_W, to.local, t_source(t, vv),
                   (uint32_t)to.addend);
        return;
    }
    if (offset == 0 && t->stack[vv].kind == OPERAND_LOCAL &&
        take_add_ri(t, va, &base)) {
        t_emit(t, f->op + STORE_V, 0, t->stack[vv].local, base);
        return;
    }
    if (update_memory(t, f, offset))
        return;
    if (t->stack[va].kind != OPERAND_CONST && t_acc(t, vv, c))
        t_emit(t, f->op + STORE_SR, t_source(t, va), 0, offset);
    else if (t->stack[vv].kind != OPERAND_CONST && t_acc(t, va, CLASS_I))
        t_emit(t, f->op + STORE_RS, 0, t_source(t, vv), offset);
    else {
        uint32_t y = t_source(t, vv), x = t_source(t, va);

        t_emit(t, f->op + STORE_SS, x, y, offset);
    }
}

void
t_store(struct translator *t, uint32_t code)
{
    const struct plain *f = &t_plain[code];
    struct memarg a = t_memarg(t);

    if (a.direct) {
        store_direct(t, f, (uint32_t)a.offset);
    } else {
        uint32_t v = t_source(t, t->sp - 1);

        t_address(t, t->sp - 2, &a, 1u << f->size);
        t_emit(t, f->op + STORE_P, 0, v, 0);
    }
    t_drop(t, 2);
    t->last = 0;
}

/* An instruction with n operands in slots and data words behind. */
void
t_emit_slots(struct translator *t, unsigned op, uint32_t n)
{
    uint32_t s[3] = {0, 0, 0};

    for (uint32_t i = 0; i < n; i++)
        s[i] = t_source(t, t->sp - n + i);
    t_drop(t, n);
    t_emit4(t, op, s[0], s[1], s[2], 0);
    t->last = 0;
}

void
t_memory_grow(struct translator *t)
{
    uint32_t memory = leb_u32(&t->p), x = t_source(t, t->sp - 1);

    t_drop(t, 1);
    t_emit(t, OP_memory_grow, t_push_slot(t, CLASS_I), x, 0);
    t_data(t, memory);
    t_result(t);
    t->last = 0;
}

void
t_memory_size(struct translator *t)
{
    uint32_t memory = leb_u32(&t->p);

    t_emit(t, OP_memory_size, t_push_slot(t, CLASS_I), 0, memory);
    t_result(t);
}
