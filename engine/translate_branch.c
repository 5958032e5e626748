/* SPDX-License-Identifier: Apache-2.0 */
/* Branches: conditions fused with comparisons, loop ends with steps, tables. */
#include "translate.h"

static bool
fits_branch(const struct insn *i)
{
    /* immediates of branches have 16 bits */
    switch (i->code) {
#include "op/unrow.h"
#include "op/norow.h"
#undef CMP
#undef BINT
#define IS(name) case OP_##name:
#define CMP(n, ...) EACH_IMMEDIATE(n, IS)
#define BINT(n, ...) CMP(n)
#include "op/all.def"
#include "op/unrow.h"
#undef IS
        return i->imm == (int16_t)i->imm;
    default:
        return true;
    }
}

/* Pop the condition; fuse it with the comparison that made it if possible. */
struct condition
t_pop_condition(struct translator *t)
{
    uint32_t i = t->sp - 1;
    const struct operand *o = &t->stack[i];
    struct condition c = {OP_br_if_s, OP_br_z_s, 0, 0};

    if (o->kind == OPERAND_SLOT && !t->wide && t->raw != t->n && t_written(t)) {
        struct insn *p = t_written(t);
        const struct op_meta *meta = &op_meta[p->code];

        if (meta->bt && p->a == o->slot && fits_branch(p)) {
            c.yes = meta->bt;
            c.no = meta->bf;
            c.a = p->b;
            c.b = p->c;
            t->n--;
            t->last = 0;
            t_drop(t, 1);
            return c;
        }
    }
    if (t_acc(t, i, CLASS_I)) {
        c.yes = OP_br_if_r;
        c.no = OP_br_z_r;
    } else {
        c.a = t_source(t, i);
    }
    t_drop(t, 1);
    return c;
}

/* Emit a conditional branch; returns its index, to be patched or chained. */
uint32_t
t_emit_condition(struct translator *t, const struct condition *c, bool want,
                 bool backward)
{
    t->last = t->last_call = 0;
    return t_emit(t, (want ? c->yes : c->no) + (backward ? 1u : 0u), c->a, c->b,
                  0);
}

struct frame *
t_label_frame(struct translator *t, uint32_t depth)
{
    return &t->frames[t->nframes - 1 - depth];
}

/* An unconditional jump to a label whose values are in place. */
void
t_jump(struct translator *t, struct frame *f)
{
    bool loop = f->kind == FRAME_LOOP;
    uint32_t at = t_emit(t, loop ? OP_br_l : OP_br, 0, 0, 0);

    t->last = t->last_call = 0;
    if (loop)
        t_patch(t, at, f->start);
    else
        t_chain(t, &f->fix, at);
}

void
t_branch(struct translator *t, uint32_t depth)
{
    struct frame *f = t_label_frame(t, depth);

    if (depth == t->nframes - 1) {
        t_return_values(t);
        return;
    }
    t_settle(t, t_label_arity(f));
    t_move_values(t, f);
    t_jump(t, f);
}

/* The branch of a loop's end as a step, its operand in r0 or in a slot. */
static unsigned
step_op(unsigned branch, bool acc)
{
    static const struct {
        uint16_t rs, ri, ss, si, step;
    } steps[] = {
#define STEP(c)                                                                \
    {OP_i32_##c##_br_rs_l, OP_i32_##c##_br_ri_l, OP_i32_##c##_br_ss_l,         \
     OP_i32_##c##_br_si_l, OP_i32_step_##c##_s}
        STEP(ne),   STEP(lt_s), STEP(lt_u), STEP(gt_s),
        STEP(gt_u), STEP(le_s), STEP(ge_s)};

    if (acc && branch == OP_br_if_r_l)
        return OP_i32_step_ne_i;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (branch == (acc ? steps[i].rs : steps[i].ss))
            return steps[i].step;
        if (branch == (acc ? steps[i].ri : steps[i].si))
            return steps[i].step + 1u;
    }
    return OP_none;
}

/*
 * i += d; if (i cmp n) goto loop, in one: at is the backward branch, behind the
 * addition to the same slot.
 */
static void
fuse_step(struct translator *t, uint32_t at)
{
    struct insn *b = &t->out[at], *add = b - 1;
    int32_t distance = b->imm + 1;
    bool acc;
    unsigned op;

    if (t->failed || t->wide || t_is_plain(t) || at < t->label + 1 ||
        t->raw == at || add->a != add->b || add->imm != (int16_t)add->imm ||
        distance != (int16_t)distance)
        return;
    acc = add->code == OP_i32_add_si_B;
    if (!acc && (add->code != OP_i32_add_si || b->a != add->a))
        return;
    op = step_op((unsigned)b->code, acc);
    if (op == OP_none || (b->b == add->a && b->code != OP_br_if_r_l &&
                          (op - OP_i32_step_ne_s) % 2 == 0))
        return; /* no such step, or i compared with itself */
    add->code = op;
    add->d = (uint16_t)add->imm;
    add->c = (uint16_t)distance;
    add->b = b->code == OP_br_if_r_l ? 0 : b->b;
    t->n--;
    t_label(t);
}

/* Branch if the condition holds (or not), after which code goes on here. */
static void
branch_if(struct translator *t, const struct condition *c, uint32_t depth,
          bool want)
{
    struct frame *f = t_label_frame(t, depth);
    bool loop = f->kind == FRAME_LOOP;
    uint32_t at;

    if (depth != t->nframes - 1 && t_in_place(t, f, t_label_arity(f))) {
        at = t_emit_condition(t, c, want, loop);
        if (loop) {
            t_patch(t, at, f->start);
            fuse_step(t, at);
        } else {
            t_chain(t, &f->fix, at);
        }
        return;
    }
    at = t_emit_condition(t, c, !want, false);
    t_label(t); /* no accumulator into the detour */
    if (depth == t->nframes - 1) {
        t_return_values(t);
    } else {
        t_move_values(t, f);
        t_jump(t, f);
    }
    t_patch(t, at, t->n);
    t_label(t);
}

/*
 * Operands are described, not moved, on the path that branches: what a detour
 * materialises must hold on both paths, so do it first.
 */
static void
settle_for_detour(struct translator *t, uint32_t depth, uint32_t under)
{
    uint32_t n = t_label_arity(t_label_frame(t, depth));

    (void)under;
    if (n > 1)
        for (uint32_t i = t->sp - n; i < t->sp; i++)
            t_materialise(t, i);
    else if (n == 1 && depth == t->nframes - 1 &&
             (t->stack[t->sp - 1].kind == OPERAND_CONST ||
              t->stack[t->sp - 1].class == CLASS_V))
        t_materialise(t, t->sp - 1);
}

void
t_br_if(struct translator *t)
{
    uint32_t depth = leb_u32(&t->p);
    struct condition c = t_pop_condition(t);

    settle_for_detour(t, depth, 0);
    branch_if(t, &c, depth, true);
}

/* br_on_null, br_on_non_null */
void
t_br_on_null(struct translator *t, bool non_null)
{
    uint32_t depth = leb_u32(&t->p);
    struct condition c = {OP_br_z64, OP_br_if64, 0, 0};

    t_materialise(t, t->sp - 1);
    c.a = t_source(t, t->sp - 1);
    if (non_null) {
        settle_for_detour(t, depth, 0);
        branch_if(t, &c, depth, false);
        t_drop(t, 1);
    } else {
        struct operand ref = t->stack[t->sp - 1];

        t_drop(t, 1);
        settle_for_detour(t, depth, 0);
        if (t->wide)
            c.a = t_near(t, ref.slot, 1);
        branch_if(t, &c, depth, true);
        t_push(t, ref);
    }
}

/* br_on_cast, br_on_cast_fail: test a copy of the reference. */
bool
t_br_on_cast(struct translator *t)
{
    const uint8_t *p = t->p;
    uint32_t op = leb_u32(&p), depth, heap;
    struct condition c;
    uint8_t flags;

    if (op != 24 && op != 25)
        return false;
    flags = *p++;
    depth = leb_u32(&p);
    leb_s(&p);
    t->p = p;
    heap = t_heap_type(t);
    t_flush(t);
    t_push_vt(t, VT_REF);
    if (t->failed)
        return true;
    t_copy(t, t->stack[t->sp - 1].slot, t->stack[t->sp - 2].slot, 1);
    t->pending = t->sp;
    t_ref_test(t, heap, flags & 2);
    c = t_pop_condition(t);
    settle_for_detour(t, depth, 0);
    branch_if(t, &c, depth, op == 24);
    return true;
}

/* The index of a br_table as something minus a constant, which the table takes
 * on itself. */
static bool
index_difference(struct translator *t, bool *r, uint32_t *cond, int32_t *zero)
{
    const struct operand *o = &t->stack[t->sp - 1];
    const struct insn *p = t_producer(t);

    if (t->wide)
        return false;
    if (o->kind == OPERAND_ADD) {
        if (o->addend < -INT16_MAX || o->addend > INT16_MAX)
            return false;
        *zero = -o->addend;
        *cond = o->local;
        return true;
    }
    if (o->kind != OPERAND_SLOT || !p || p->a != o->slot ||
        (p->code != OP_i32_sub_ri && p->code != OP_i32_sub_si) ||
        p->imm != (int16_t)p->imm)
        return false;
    *zero = p->imm;
    *r = p->code == OP_i32_sub_ri;
    *cond = *r ? 0 : p->b;
    t->n--;
    return true;
}

/*
 * The table is a row of jumps behind the instruction. A label that wants values
 * moved gets a stub behind the row, one per label however often it is named.
 */
void
t_br_table(struct translator *t)
{
    uint32_t n = leb_u32(&t->p), cond = 0, first;
    const uint8_t *labels = t->p;
    int32_t zero = 0;
    bool r = false;

    if (!index_difference(t, &r, &cond, &zero)) {
        r = t_acc(t, t->sp - 1, CLASS_I);
        if (!r)
            cond = t_source(t, t->sp - 1);
    }
    t_drop(t, 1);
    t->last = t->last_call = 0;
    for (uint32_t i = t->pending; i < t->sp; i++)
        t_materialise(t, i); /* constants and moves leave r0 alone */
    t->pending = t->sp;
    t->mark++;
    t_emit(t, r ? OP_br_table_r : OP_br_table_s, cond, (uint16_t)zero, n);
    t_label(t);
    first = t->n;
    for (uint32_t i = 0; i <= n; i++) {
        uint32_t depth = leb_u32(&t->p);
        struct frame *f = t_label_frame(t, depth);

        if (depth != t->nframes - 1 && t_in_place(t, f, t_label_arity(f)))
            t_jump(t, f);
        else
            t_emit(t, OP_br, 0, 0, 0); /* to a stub, below */
    }
    for (uint32_t i = 0; i <= n && !t->failed; i++) {
        uint32_t depth = leb_u32(&labels);
        struct frame *f = t_label_frame(t, depth);

        if (depth != t->nframes - 1 && t_in_place(t, f, t_label_arity(f)))
            continue;
        if (f->mark != t->mark) {
            f->mark = t->mark;
            f->stub = t->n;
            t_label(t);
            t_branch(t, depth);
        }
        t_patch(t, first + i, f->stub);
    }
    t->dead = true;
}
