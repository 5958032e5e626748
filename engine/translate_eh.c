/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions: try_table, and the legacy try, catch, delegate. */
#include "translate.h"

static struct eh_entry *
handler_add(struct translator *t, const struct frame *f, uint32_t tag)
{
    struct eh_entry *h;

    if (t->nhandlers == t->handlers_cap &&
        !t_grow(t, &t->handlers, &t->handlers_cap, sizeof *t->handlers))
        return NULL;
    h = &t->handlers[t->nhandlers++];
    *h = (struct eh_entry){.from = f->start,
                           .to = t->n,
                           .tag = tag,
                           .ref = EH_NO_REF,
                           .level = (uint32_t)(f - t->frames)};
    return h;
}

void
t_throw(struct translator *t)
{
    uint32_t tag = leb_u32(&t->p), at;

    at = t_arguments(t, type_get(t->m->tags[tag]));
    t_emit(t, OP_throw, 0, 0, tag);
    t_data(t, at);
    t->dead = true;
}

/*
 * A clause's pad: the unwinder puts the payload where the label wants it (for
 * the function's own label: into free operand slots) and continues at a jump.
 */
static void
try_table_clause(struct translator *t, uint32_t height)
{
    uint8_t kind = *t->p++;
    uint32_t tag = kind < 2 ? leb_u32(&t->p) : EH_ALL, depth = leb_u32(&t->p);
    const struct type_def *type =
        tag == EH_ALL ? NULL : type_get(t->m->tags[tag]);
    struct frame *f = t_label_frame(t, depth);
    bool outer = depth == t->nframes - 1;
    struct clause *c;

    if (t->nclauses == t->clauses_cap &&
        !t_grow(t, &t->clauses, &t->clauses_cap, sizeof *t->clauses))
        return;
    c = &t->clauses[t->nclauses++];
    *c = (struct clause){tag, t->n, outer ? t->top : f->base, EH_NO_REF};
    if (kind & 1)
        c->ref = c->slot + (type ? type->param_slots : 0);
    t_label(t);
    if (!outer) {
        /* the payload may lie above this frame's operands: account for it */
        if (c->slot + f->result_slots + f->param_slots > t->max)
            t->max = c->slot + f->result_slots + f->param_slots;
        t_jump(t, f);
        return;
    }
    for (uint32_t i = 0; type && i < type->nparams; i++)
        t_push_vt(t, type->vt[i]);
    if (kind & 1)
        t_push_vt(t, VT_EXNREF);
    t_return_values(t);
    t_drop(t, t->sp - height);
}

void
t_try_table(struct translator *t)
{
    struct frame new = {.kind = FRAME_TRY_TABLE}, *f;
    uint32_t over, n;

    t_read_blocktype(t, &new);
    t_frame_open(t, &new);
    new.first_clause = t->nclauses;
    n = leb_u32(&t->p);
    if (n) {
        over = t_emit(t, OP_br, 0, 0, 0);
        while (n-- && !t->failed)
            try_table_clause(t, t->sp);
        t_patch(t, over, t->n);
    }
    new.nclauses = t->nclauses - new.first_clause;
    f = t_frame_push(t, FRAME_TRY_TABLE);
    if (!f)
        return;
    *f = new;
    f->start = t->n;
    t_label(t);
}

void
t_try_table_end(struct translator *t, struct frame *f)
{
    for (uint32_t i = 0; i < f->nclauses; i++) {
        const struct clause *c = &t->clauses[f->first_clause + i];
        struct eh_entry *h = handler_add(t, f, c->tag);

        if (!h)
            return;
        h->target = c->pad;
        h->slot = c->slot;
        h->ref = c->ref;
    }
    t->nclauses = f->first_clause;
}

/*
 * A legacy try keeps the caught exception, for rethrow, in a slot below its
 * operands: an operand of its own, under the parameters.
 */
void
t_legacy_try(struct translator *t)
{
    struct frame *f = t_frame_push(t, FRAME_TRY);

    if (!f)
        return;
    t_read_blocktype(t, f);
    t_frame_open(t, f);
    f->exn = f->base;
    if (f->nparams) {
        t_copy(t, f->base + 1, f->base, f->param_slots);
        t_drop(t, f->nparams);
    }
    t_push_vt(t, VT_EXNREF);
    for (uint32_t i = 0; i < f->nparams; i++)
        t_push_vt(t, f->types[i]);
    t->pending = t->sp;
    f->start = t->n;
    t_label(t);
}

void
t_finish_arm(struct translator *t, struct frame *f)
{
    if (t->dead)
        return;
    t_settle(t, f->nresults);
    t_move_values(t, f);
    t_jump(t, f);
}

void
t_legacy_catch(struct translator *t, uint32_t tag)
{
    struct frame *f = &t->frames[t->nframes - 1];
    const struct type_def *type =
        tag == EH_ALL ? NULL : type_get(t->m->tags[tag]);
    struct eh_entry *h;

    if (f->kind == FRAME_TRY)
        f->else_fix = t->n; /* the end of what is covered */
    t_finish_arm(t, f);
    f->kind = FRAME_CATCH;
    t_drop(t, t->sp - f->height - 1);
    h = handler_add(t, f, tag);
    if (!h)
        return;
    h->to = f->else_fix;
    h->target = t->n;
    h->slot = t->top;
    h->ref = f->exn;
    t_label(t);
    t->dead = false;
    for (uint32_t i = 0; type && i < type->nparams; i++)
        t_push_vt(t, type->vt[i]);
    t->pending = t->sp;
}

void
t_legacy_delegate(struct translator *t)
{
    uint32_t depth = leb_u32(&t->p);
    struct frame *f = &t->frames[t->nframes - 1];
    struct eh_entry *h = handler_add(t, f, EH_DELEGATE);

    if (h)
        h->parent = t->nframes - 2 - depth;
    t_end_block(t);
}
