/* SPDX-License-Identifier: Apache-2.0 */
/* Walking the stack: backtraces of traps (engine_backtrace). */
#include "runtime.h"

#include <stdlib.h>

#include "limits.h"

bool
walk_out(struct walk *w, const struct code_range *range)
{
    const struct insn *link =
        (const struct insn *)(uintptr_t)w->fp[range->link];

    if (link == interp_bridge || link == interp_return) {
        uint64_t *base = w->fp - BRIDGE_SLOTS;

        w->in = (struct engine_instance *)(uintptr_t)base[0];
        link = (const struct insn *)(uintptr_t)base[1];
        w->fp = base - (base[2] >> 32);
    } else {
        w->fp -= link->a;
    }
    w->pc = link;
    return link != interp_halt;
}

static void
record_activation(struct engine_store *s, struct walk w)
{
    struct code_range range;

    while (s->nframes < LIMIT_BACKTRACE && w.pc && w.pc != interp_halt &&
           module_find_pc(w.in->module, w.pc, &range)) {
        struct engine_frame *f = &s->frames[s->nframes++];

        f->instance = w.in;
        f->func = range.func + w.in->module->nfuncs_imported;
        f->offset = module_pc_offset(w.in->module, &range, w.pc);
        f->name = module_func_name(w.in->module, f->func);
        if (!walk_out(&w, &range))
            break;
    }
}

void
trap_record(struct engine_store *s, struct engine_instance *in,
            const struct insn *pc, uint64_t *fp)
{
    struct walk w = {in, step_origin(s, pc), fp};

    s->nframes = 0;
    if (!s->frames)
        s->frames = calloc(LIMIT_BACKTRACE, sizeof *s->frames);
    if (!s->frames)
        return;
    record_activation(s, w);
    for (struct activation *a = s->act ? s->act->prev : NULL; a; a = a->prev)
        if (a->pc)
            record_activation(s, (struct walk){a->in, a->pc, a->fp});
}

uint32_t
engine_backtrace(struct engine_store *s, const struct engine_frame **frames)
{
    *frames = s->frames;
    return s->nframes;
}
