/* SPDX-License-Identifier: Apache-2.0 */
/* Structured control: frames, the values that labels take, returns. */
#include "translate.h"

static uint32_t
slots_of(const uint32_t *vt, uint32_t n)
{
    uint32_t slots = 0;

    for (uint32_t i = 0; i < n; i++)
        slots += vt_slots(vt[i]);
    return slots;
}

const uint32_t *
t_frame_results(const struct frame *f)
{
    return f->types ? f->types + f->nparams : &f->single;
}

struct frame *
t_frame_push(struct translator *t, enum frame_kind kind)
{
    struct frame *f;

    if (t->nframes == t->frames_cap &&
        !t_grow(t, &t->frames, &t->frames_cap, sizeof *t->frames))
        return NULL;
    f = &t->frames[t->nframes++];
    *f = (struct frame){.kind = (uint8_t)kind};
    return f;
}

/* Only the class matters here, and which continuation (cont.h). */
static uint32_t
reference_type(const struct translator *t, const uint8_t *p)
{
    int64_t heap = *p == 0x63 || *p == 0x64 ? (p++, leb_s(&p)) : -1;

    return heap < 0 ? VT_FUNCREF : VT_REF | t->m->types[heap];
}

void
t_read_blocktype(struct translator *t, struct frame *f)
{
    if ((*t->p & 0xc0) == 0x40) {
        const uint8_t *p = t->p;
        uint8_t b = *p;

        if (b != 0x40) {
            f->single = b < VT_V128 ? reference_type(t, p) : b;
            f->nresults = 1;
        }
        t_skip_valtype(&t->p);
    } else {
        const struct type_def *type = type_get(t->m->types[leb_s(&t->p)]);

        f->types = type->vt;
        f->nparams = type->nparams;
        f->nresults = type->nresults;
        f->param_slots = type->param_slots;
        f->result_slots = type->result_slots;
        return;
    }
    f->result_slots = slots_of(&f->single, f->nresults);
}

/* The frame starts here: its parameters are the top operands, in their slots.
 */
void
t_frame_open(struct translator *t, struct frame *f)
{
    t_flush(t);
    f->height = t->sp - f->nparams;
    f->base = f->nparams ? t->stack[f->height].slot : t->top;
}

void
t_block(struct translator *t, enum frame_kind kind)
{
    struct frame *f = t_frame_push(t, kind);

    if (!f)
        return;
    t_read_blocktype(t, f);
    t_frame_open(t, f);
    f->start = t->n;
    t_label(t);
}

void
t_chain(struct translator *t, uint32_t *fix, uint32_t at)
{
    if (t->failed)
        return;
    t->out[at].uimm = *fix;
    *fix = at + 1;
}

void
t_patch(struct translator *t, uint32_t at, uint32_t target)
{
    if (!t->failed)
        t->out[at].imm = (int32_t)(target - at);
}

void
t_patch_chain(struct translator *t, uint32_t fix)
{
    while (fix && !t->failed) {
        uint32_t at = fix - 1;

        fix = t->out[at].uimm;
        t_patch(t, at, t->n);
    }
}

/* ---- values at labels
 * ---------------------------------------------------------------------- */

uint32_t
t_label_arity(const struct frame *f)
{
    return f->kind == FRAME_LOOP ? f->nparams : f->nresults;
}

/* Are the top n operands where the label at base wants them? */
bool
t_in_place(const struct translator *t, const struct frame *f, uint32_t n)
{
    uint32_t first = t->sp - n;

    if (!n)
        return true;
    if (t->stack[first].slot != f->base)
        return false;
    for (uint32_t i = first > t->pending ? first : t->pending; i < t->sp; i++)
        if (t->stack[i].kind != OPERAND_SLOT)
            return false;
    return true;
}

/* More than one value moves as a block, so all must be in their slots. */
void
t_settle(struct translator *t, uint32_t n)
{
    uint32_t i = t->sp - n;

    if (n > 1)
        for (i = i > t->pending ? i : t->pending; i < t->sp; i++)
            t_materialise(t, i);
}

void
t_move_values(struct translator *t, const struct frame *f)
{
    uint32_t n = t_label_arity(f);
    uint32_t slots = f->kind == FRAME_LOOP ? f->param_slots : f->result_slots;

    if (t_in_place(t, f, n))
        return;
    if (n == 1)
        t_move(t, f->base, t->sp - 1);
    else
        t_copy(t, f->base, t->stack[t->sp - n].slot, slots);
}

/* ---- returning
 * ----------------------------------------------------------------------------------
 */

void
t_return_values(struct translator *t)
{
    uint32_t n = t->type->nresults, i = t->sp - 1;
    enum operand_class c;
    static const struct {
        uint16_t slot, acc;
    } ops[] = {[CLASS_I] = {OP_ret_i, OP_ret_i_r},
               [CLASS_D] = {OP_ret_d, OP_ret_d_r},
               [CLASS_F] = {OP_ret_f, OP_ret_f_r}};

    if (!n) {
        t_emit(t, OP_ret, t->link, 0, 0);
        return;
    }
    c = (enum operand_class)t->stack[i].class;
    if (n == 1 && c != CLASS_V) {
        if (t_acc(t, i, c))
            t_emit(t, ops[c].acc, t->link, 0, 0);
        else
            t_emit(t, ops[c].slot, t->link, t_source(t, i), 0);
        return;
    }
    for (uint32_t k = t->sp - n; k < t->sp; k++)
        t_materialise(t, k);
    t_emit(t, OP_ret_n, t->link, 0, t->type->result_slots);
    t_data(t, t->stack[t->sp - n].slot);
}
