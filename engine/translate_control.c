/* SPDX-License-Identifier: Apache-2.0 */
/* if, else, end, and the walk over a body. */
#include "translate.h"

static void
if_(struct translator *t)
{
    struct condition c = t_pop_condition(t);
    struct frame *f = t_frame_push(t, FRAME_IF);

    if (!f)
        return;
    t_read_blocktype(t, f);
    t_frame_open(t, f); /* moves and constants do not disturb the condition */
    f->else_fix = t_emit_condition(t, &c, false, false) + 1;
    t_label(t);
}

static void
else_(struct translator *t)
{
    struct frame *f = &t->frames[t->nframes - 1];

    t_finish_arm(t, f);
    t_patch(t, f->else_fix - 1, t->n);
    f->else_fix = 0;
    f->kind = FRAME_ELSE;
    t_drop(t, t->sp - f->height);
    for (uint32_t i = 0; i < f->nparams; i++)
        t_push_vt(t, f->types[i]);
    t->pending = t->sp;
    t->dead = false;
    t_label(t);
}

void
t_end_block(struct translator *t)
{
    struct frame *f = &t->frames[t->nframes - 1];

    if (!t->dead) {
        t_settle(t, f->nresults);
        if (f->kind == FRAME_LOOP) { /* its label is not its end */
            f->kind = FRAME_BLOCK;
            f->fix = 0;
        }
        t_move_values(t, f);
    }
    if (f->kind == FRAME_TRY_TABLE)
        t_try_table_end(t, f);
    if (f->kind == FRAME_IF && f->else_fix)
        t_patch(t, f->else_fix - 1, t->n);
    t_patch_chain(t, f->kind == FRAME_LOOP ? 0 : f->fix);
    t_drop(t, t->sp - f->height);
    for (uint32_t i = 0; i < f->nresults; i++)
        t_push_vt(t, t_frame_results(f)[i]);
    t->pending = t->sp;
    t->nframes--;
    t->dead = false;
    t_label(t);
}

/* The function's end: a return, unless nothing gets there. */
static void
function_end(struct translator *t)
{
    struct frame *f = &t->frames[0];

    if (!t->dead)
        t_return_values(t);
    t->nframes--;
    (void)f;
}

/* ---- the walk
 * ------------------------------------------------------------------------------------------------
 */

bool
t_control(struct translator *t, uint8_t op)
{
    switch (op) {
    case 0x00:
        t_emit(t, OP_unreachable, 0, 0, 0);
        t->dead = true;
        break;
    case 0x02:
        t_block(t, FRAME_BLOCK);
        break;
    case 0x03:
        t_block(t, FRAME_LOOP);
        break;
    case 0x04:
        if_(t);
        break;
    case 0x05:
        else_(t);
        break;
    case 0x06:
        t_legacy_try(t);
        break;
    case 0x07:
        t_legacy_catch(t, leb_u32(&t->p));
        break;
    case 0x08:
        t_throw(t);
        break;
    case 0x09:
        t_emit(t, OP_throw_ref,
               t_near(t, t_label_frame(t, leb_u32(&t->p))->exn, 1), 0, 0);
        t->dead = true;
        break;
    case 0x0a:
        t_emit(t, OP_throw_ref, t_source(t, t->sp - 1), 0, 0);
        t->dead = true;
        break;
    case 0x0b:
        if (t->nframes == 1)
            function_end(t);
        else
            t_end_block(t);
        break;
    case 0x0c:
        t_branch(t, leb_u32(&t->p));
        t->dead = true;
        break;
    case 0x0d:
        t_br_if(t);
        break;
    case 0x0e:
        t_br_table(t);
        break;
    case 0x0f:
        t_return_values(t);
        t->dead = true;
        break;
    case 0x10:
        t_call(t);
        break;
    case 0x11:
        t_call_indirect(t);
        break;
    case 0x12:
        t_return_call(t);
        break;
    case 0x13:
        t_return_call_indirect(t);
        break;
    case 0x14:
        t_call_ref(t);
        break;
    case 0x15:
        t_return_call_ref(t);
        break;
    case 0x18:
        t_legacy_delegate(t);
        break;
    case 0x19:
        t_legacy_catch(t, EH_ALL);
        break;
    case 0x1f:
        t_try_table(t);
        break;
    case 0xd5:
    case 0xd6:
        t_br_on_null(t, op == 0xd6);
        break;
    case 0xfb:
        return t_br_on_cast(t);
    default:
        return false;
    }
    return true;
}

/* Skip to the else, catch or end that makes code reachable again. */
static uint8_t
skip_dead(struct translator *t)
{
    uint32_t depth = 0;

    for (;;) {
        uint8_t op = *t->p++;

        switch (op) {
        case 0x02:
        case 0x03:
        case 0x04:
        case 0x06:
        case 0x1f:
            depth++;
            break;
        case 0x05:
        case 0x07:
        case 0x19:
            if (!depth)
                return op;
            break;
        case 0x0b:
        case 0x18:
            if (!depth)
                return op;
            depth--;
            break;
        default:
            break;
        }
        t_skip_immediates(&t->p, op);
    }
}

void
t_body(struct translator *t)
{
    while (t->nframes && !t->failed && !t->needs_wide) {
        uint8_t op;

        if (t->n <= t->want)
            t->found = (uint32_t)(t->p - t->m->bytes);
        if (t->stop && t->p >= t->m->bytes + t->stop)
            return;
        op = t->dead ? skip_dead(t) : *t->p++;
        t->scratch = 0;
        if ((op >= 0x20 && op <= 0xd4) || /* most, and none of theirs */
            (!t_control(t, op) && !t_cont(t, op)))
            t_operation(t, op);
    }
}
