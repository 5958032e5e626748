/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translating stack switching; cont.h says what the instructions look like. A
 * handler of resume has a pad, as a clause of try_table has: the payload is put
 * where the label wants it, and the pad is a jump there.
 */
#include "translate.h"

#include "cont.h"
#include "gc.h"

static const struct type_def *
cont_index(struct translator *t)
{
    return type_get(t->m->types[leb_u32(&t->p)]);
}

static void
new_(struct translator *t)
{
    const struct type_def *ct = cont_index(t);
    uint32_t slots, base = t_operands(t, 1, &slots);

    t_emit(t, OP_gc, 0, GC_CONT_NEW, ct->id);
    t_emit(t, OP_none, 0, slots, 0);
    t_data(t, base);
    t_results(t, 1, &(uint32_t){VT_REF}, 1);
}

static void
bind(struct translator *t)
{
    const struct type_def *from = cont_index(t), *to = cont_index(t);
    uint32_t n = type_cont_func(from)->nparams - type_cont_func(to)->nparams;
    uint32_t slots, base = t_operands(t, n + 1, &slots);

    t_emit(t, OP_gc, 0, GC_CONT_BIND, from->id);
    t_emit(t, OP_none, 0, slots, to->id);
    t_data(t, base);
    t_results(t, n + 1, &(uint32_t){VT_REF}, 1);
}

static void
suspend(struct translator *t)
{
    uint32_t tag = leb_u32(&t->p), slots, base, at;
    const struct type_def *e = type_get(t->m->tags[tag]);

    base = t_operands(t, e->nparams, &slots);
    at = t_emit(t, OP_cont_suspend, slots, e->result_slots, tag);
    t_data(t, base);
    t_data(t, at);
    t_results(t, e->nparams, e->vt + e->nparams, e->nresults);
}

static void
switch_(struct translator *t)
{
    const struct type_def *ct = cont_index(t), *f = type_cont_func(ct), *back;
    uint32_t tag = leb_u32(&t->p), slots, at;
    uint32_t base = t_operands(t, f->nparams, &slots);

    back = type_cont_func(type_get(vt_heap(f->vt[f->nparams - 1])));
    at = t_emit(t, OP_cont_switch, slots, back->param_slots, ct->id);
    t_data(t, base);
    t_data(t, at);
    t_data(t, tag);
    t_results(t, f->nparams, back->vt, back->nparams);
}

/* ---- resume ---- */

static uint32_t
label_type(const struct frame *f)
{
    const uint32_t *types =
        f->kind == FRAME_LOOP ? f->types : t_frame_results(f);

    return vt_heap(types[t_label_arity(f) - 1]);
}

static void
on_label(struct translator *t, struct clause *c)
{
    const struct type_def *e = type_get(t->m->tags[c->tag]);
    uint32_t depth = leb_u32(&t->p), height = t->sp;
    struct frame *f = t_label_frame(t, depth);
    bool outer = depth == t->nframes - 1;

    c->pad = t->n;
    c->slot = outer ? t->top : f->base;
    t_label(t);
    if (!outer) {
        c->ref = label_type(f);
        if (c->slot + f->result_slots + f->param_slots > t->max)
            t->max = c->slot + f->result_slots + f->param_slots;
        t_jump(t, f);
        return;
    }
    c->ref = vt_heap(t->type->vt[t->type->nparams + t->type->nresults - 1]);
    for (uint32_t i = 0; i < e->nparams; i++)
        t_push_vt(t, e->vt[i]);
    t_push_vt(t, VT_REF);
    t_return_values(t);
    t_drop(t, t->sp - height);
}

/* Handlers are kept as clauses from first on, their pads emitted. */
static uint32_t
handlers(struct translator *t, uint32_t *first)
{
    uint32_t n = leb_u32(&t->p), over = 0;

    *first = t->nclauses;
    if (n)
        over = t_emit(t, OP_br, 0, 0, 0);
    for (uint32_t i = 0; i < n && !t->failed; i++) {
        uint8_t kind = *t->p++;
        struct clause c = {leb_u32(&t->p), EH_NO_REF, 0, 0};

        if (kind == 0)
            on_label(t, &c);
        if (t->nclauses == t->clauses_cap &&
            !t_grow(t, &t->clauses, &t->clauses_cap, sizeof *t->clauses))
            break;
        t->clauses[t->nclauses++] = c;
    }
    if (n)
        t_patch(t, over, t->n);
    t_label(t);
    return n;
}

/* To the compiler, a label of a handler is one of an exception's. */
static void
landing(struct translator *t, uint32_t at, uint32_t end, const struct clause *c)
{
    if (t->nhandlers == t->handlers_cap &&
        !t_grow(t, &t->handlers, &t->handlers_cap, sizeof *t->handlers))
        return;
    t->handlers[t->nhandlers++] = (struct eh_entry){.from = at,
                                                    .to = end,
                                                    .target = c->pad,
                                                    .tag = EH_SUSPEND,
                                                    .slot = c->slot,
                                                    .ref = EH_NO_REF};
}

static void
handler_words(struct translator *t, uint32_t at, uint32_t end,
              const struct clause *c)
{
    bool label = c->pad != EH_NO_REF;

    t_emit(t, OP_none, label, 0, c->tag);
    t_data(t, c->pad - t->n);
    t_data(t, c->slot);
    t_data(t, c->ref);
    if (label)
        landing(t, at, end, c);
}

static void
resume(struct translator *t, uint8_t op)
{
    const struct type_def *ct = cont_index(t), *f = type_cont_func(ct),
                          *e = NULL;
    uint32_t tag = 0, slots, base, at, n, first, operand_count;

    if (op == 0xe4) {
        tag = leb_u32(&t->p);
        e = type_get(t->m->tags[tag]);
    }
    operand_count = op == 0xe3 ? f->nparams : op == 0xe4 ? e->nparams : 1;
    base = t_operands(t, operand_count + 1, &slots);
    n = handlers(t, &first);
    at = t_emit(t, OP_cont_resume, slots, n, ct->id);
    t_emit(t, OP_none, op - 0xe3u, f->result_slots, base);
    t_data(t, tag);
    for (uint32_t i = 0; i < n && !t->failed; i++)
        handler_words(t, at, at + RESUME_WORDS + HANDLER_WORDS * n + 1,
                      &t->clauses[first + i]);
    t_emit(t, OP_none, 0, n, 0);
    t->nclauses = first;
    t_results(t, operand_count + 1, f->vt + f->nparams, f->nresults);
}

bool
t_cont(struct translator *t, uint8_t op)
{
    switch (op) {
    case 0xe0:
        new_(t);
        return true;
    case 0xe1:
        bind(t);
        return true;
    case 0xe2:
        suspend(t);
        return true;
    case 0xe3:
    case 0xe4:
    case 0xe5:
        resume(t, op);
        return true;
    case 0xe6:
        switch_(t);
        return true;
    default:
        return false;
    }
}
