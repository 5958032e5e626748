/* SPDX-License-Identifier: Apache-2.0 */
/* Walking the stack: backtraces of traps (engine_backtrace), and of code that
 * runs (engine_stack). */
#include "runtime.h"

#include <stdlib.h>

#include "limits.h"

uint64_t *
walk_special(struct walk *w)
{
    uint64_t *bridge = w->fp - BRIDGE_SLOTS;

    w->in = (struct engine_instance *)(uintptr_t)bridge[0];
    w->pc = (const struct insn *)(uintptr_t)bridge[1];
    w->fp = bridge - (bridge[2] >> 32);
    if (link_is_special(w->pc)) /* a tail call put its bridge on another */
        w->fp += w->pc->a;
    return &bridge[1];
}

bool
walk_out(struct walk *w, const struct code_range *range)
{
    w->pc = (const struct insn *)(uintptr_t)w->fp[range->link];
    if (!link_is_special(w->pc))
        w->fp -= w->pc->a;
    while (link_is_special(w->pc))
        walk_special(w);
    return w->pc != interp_halt;
}

struct record {
    struct engine_frame *frames;
    uint32_t n, max;
    bool exact; /* offsets and slots too */
};

static void
record_activation(struct record *r, struct walk w)
{
    struct code_range range;

    while (r->n < r->max && w.pc && w.pc != interp_halt &&
           module_find_pc(w.in->module, w.pc, &range)) {
        struct engine_frame *f = &r->frames[r->n++];

        *f = (struct engine_frame){.instance = w.in};
        f->func = range.func + w.in->module->nfuncs_imported;
        f->name = module_func_name(w.in->module, f->func);
        if (r->exact) {
            f->offset = module_pc_offset(w.in->module, &range, w.pc);
            f->slots = atomic_load(&w.in->module->code[range.func].native)
                           ? NULL
                           : w.fp;
        }
        if (!walk_out(&w, &range))
            break;
    }
}

static void
record_outer(struct record *r, struct engine_store *s,
             const struct activation *a)
{
    for (; a; a = a->prev)
        if (a->pc)
            record_activation(
                r, (struct walk){a->in, step_origin(s, a->pc), a->fp});
}

/* A record of s's last backtrace; what is there already is forgotten. */
static struct record
start(struct engine_store *s)
{
    s->nframes = 0;
    if (!s->frames)
        s->frames = calloc(LIMIT_BACKTRACE, sizeof *s->frames);
    return (struct record){.frames = s->frames,
                           .max = s->frames ? LIMIT_BACKTRACE : 0,
                           .exact = true};
}

void
trap_record(struct engine_store *s, struct engine_instance *in,
            const struct insn *pc, uint64_t *fp)
{
    struct record r = start(s);

    record_activation(&r, (struct walk){in, step_origin(s, pc), fp});
    record_outer(&r, s, s->act ? s->act->prev : NULL);
    s->nframes = r.n;
}

void
engine_backtrace_here(struct engine_store *s)
{
    struct record r = start(s);

    record_outer(&r, s, s->act);
    s->nframes = r.n;
}

uint32_t
engine_stack(struct engine_store *s, struct engine_frame *frames, uint32_t max)
{
    struct record r = {.frames = frames, .max = max};

    record_outer(&r, s, s->act);
    return r.n;
}

uint32_t
engine_backtrace(struct engine_store *s, const struct engine_frame **frames)
{
    *frames = s->frames;
    return s->nframes;
}
