/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions: objects and unwinding (4.5.8).
 *
 * Exception objects are freed when no live value can reach them: every
 * exceptions_limit-th creation marks from the value stack (conservatively: any
 * slot that equals an object's address), globals, tables and passive segments,
 * and sweeps. Payloads may hold exceptions in turn, so marking works through a
 * list.
 */
#include "cont.h"
#include "gc.h"

#include <stdlib.h>

/* ---- collection
 * --------------------------------------------------------------- */

struct marker {
    struct exception **sorted; /* by address */
    uint32_t n;
    struct exception **todo;
    uint32_t ntodo;
};

static int
by_address(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)*(struct exception *const *)a;
    uintptr_t y = (uintptr_t)*(struct exception *const *)b;

    return x < y ? -1 : x > y;
}

static void
mark(struct marker *m, uint64_t slot)
{
    uint32_t lo = 0, hi = m->n;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if ((uintptr_t)m->sorted[mid] < slot)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo < m->n && (uintptr_t)m->sorted[lo] == slot &&
        !m->sorted[lo]->marked) {
        m->sorted[lo]->marked = true;
        m->todo[m->ntodo++] = m->sorted[lo];
    }
}

static void
mark_word(void *m, uint64_t word)
{
    mark(m, word);
}

static void
mark_instance(struct marker *m, const struct engine_instance *in)
{
    const struct engine_module *mod = in->module;

    for (uint32_t i = 0; i < mod->global_slots; i++)
        mark(m, in->global_values[i]);
    /* What failed to link stays in the store half made. */
    for (uint32_t i = 0; in->globals && i < mod->nglobals_imported; i++)
        if (in->globals[i])
            mark(m, in->globals[i]->value->u64);
    for (uint32_t i = 0; in->elems && i < mod->nelems; i++)
        for (uint32_t k = 0; k < in->elems[i].n; k++)
            mark(m, (uintptr_t)in->elems[i].refs[k]);
}

static void
sweep(struct engine_store *s)
{
    struct exception **at = &s->exceptions, *e;

    while ((e = *at)) {
        if (e->marked) {
            e->marked = false;
            at = &e->next;
            continue;
        }
        *at = e->next;
        free(e);
        s->nexceptions--;
    }
}

static void
collect(struct engine_store *s, uint64_t *top)
{
    struct marker m = {0};

    m.sorted = calloc((size_t)s->nexceptions * 2 + 1, sizeof *m.sorted);
    if (!m.sorted)
        return; /* next time */
    m.todo = m.sorted + s->nexceptions;
    for (struct exception *e = s->exceptions; e; e = e->next)
        m.sorted[m.n++] = e;
    qsort(m.sorted, m.n, sizeof *m.sorted, by_address);
    for (uint64_t *p = s->stack; p < top; p++)
        mark(&m, *p);
    mark(&m, (uintptr_t)s->exception);
    for (struct engine_instance *in = s->instances; in; in = in->next)
        mark_instance(&m, in);
    for (struct engine_global *g = s->globals; g; g = g->next)
        mark(&m, g->own.u64);
    for (struct engine_table *t = s->tables; t; t = t->next)
        if (heap_top(vt_heap(t->vt)) == HEAP_EXN)
            for (uint64_t i = 0; i < t->size; i++)
                mark(&m, (uintptr_t)t->elems[i]);
    gc_visit(s->gc, mark_word, &m);
    while (m.ntodo) {
        struct exception *e = m.todo[--m.ntodo];

        for (uint32_t i = 0; i < e->nslots; i++)
            mark(&m, e->slots[i]);
    }
    sweep(s);
    free(m.sorted);
}

struct exception *
exception_create(struct engine_store *s, struct engine_tag *tag,
                 uint32_t nslots, uint64_t *top)
{
    struct exception *e;

    if (s->nexceptions >= s->exceptions_limit) {
        collect(s, top);
        s->exceptions_limit = s->nexceptions * 2 + 1024;
    }
    e = calloc(1, sizeof *e + nslots * sizeof e->slots[0]);
    if (!e)
        return NULL;
    e->tag = tag;
    e->nslots = nslots;
    e->next = s->exceptions;
    s->exceptions = e;
    s->nexceptions++;
    return e;
}

struct engine_tag *
engine_exception_tag(struct engine_store *s)
{
    return s->exception ? s->exception->tag : NULL;
}

/* ---- unwinding
 * ------------------------------------------------------------------- */

static bool
catches(const struct eh_entry *h, const struct engine_instance *in,
        const struct exception *e)
{
    return h->tag == EH_ALL || (h->tag != EH_DELEGATE && h->tag != EH_SUSPEND &&
                                in->tags[h->tag] == e->tag);
}

/*
 * The handler for a call at offset at. Entries are innermost first; a delegate
 * hides the entries of blocks deeper than its target.
 */
static const struct eh_entry *
find_handler(const struct code_range *range, const struct engine_instance *in,
             const struct exception *e, uint32_t at)
{
    uint32_t level = UINT32_MAX;

    for (uint32_t i = 0; i < range->nhandlers; i++) {
        const struct eh_entry *h = &range->handlers[i];

        if (at < h->from || at >= h->to || h->level > level)
            continue;
        if (h->tag == EH_DELEGATE)
            level = h->parent;
        else if (catches(h, in, e))
            return h;
    }
    return NULL;
}

/* Does machine code on the native stack wait for this frame, whose link w.pc
 * is?
 */
static bool
leads_to_native(struct walk w)
{
    while (link_is_special(w.pc)) {
        if (w.pc == interp_return ||
            (w.pc == interp_prompt && (w.fp - PROMPT_SLOTS)[PROMPT_NATIVE]))
            return true;
        walk_special(&w);
    }
    return false;
}

void
exception_leave(struct walk *w)
{
    if (leads_to_native(*w))
        return;
    if (!link_is_special(w->pc))
        w->fp -= w->pc->a;
    while (link_is_special(w->pc))
        walk_special(w);
}

static const struct insn *
link_of(const struct walk *w, const struct code_range *range)
{
    return (const struct insn *)(uintptr_t)w->fp[range->link];
}

bool
exception_unwind(struct engine_store *s, struct walk *w, const uint64_t *base)
{
    struct exception *e = s->exception;
    struct code_range range;

    do {
        const struct eh_entry *h;

        if (!module_find_pc(w->in->module, w->pc, &range))
            return false;
        /* (a handler of machine code below is native_throw's to find) */
        h = find_handler(&range, w->in, e, (uint32_t)(w->pc - range.start));
        if (h) {
            prompts_drop(s, w->fp); /* the payload may come to lie there */
            if (h->tag != EH_ALL)
                memcpy(w->fp + h->slot, e->slots, e->nslots * sizeof *w->fp);
            if (h->ref != EH_NO_REF)
                w->fp[h->ref] = (uintptr_t)e;
            w->pc = range.start + h->target;
            s->exception = NULL;
            return true;
        }
    } while (
        w->fp != base &&
        !leads_to_native((struct walk){w->in, link_of(w, &range), w->fp}) &&
        walk_out(w, &range));
    return false;
}

bool
engine_poll_may_throw(const struct engine_store *s)
{
    struct walk w = {s->act->in, s->act->pc, s->act->fp};
    struct code_range range;

    while (module_find_pc(w.in->module, w.pc, &range)) {
        uint32_t at = (uint32_t)(w.pc - range.start);
        bool entered = at == 1 && w.pc == s->act->pc;

        for (uint32_t i = 0; i < range.nhandlers && !entered; i++)
            if (at >= range.handlers[i].from && at < range.handlers[i].to &&
                range.handlers[i].tag != EH_SUSPEND)
                return true;
        if ((range.nhandlers && !entered) || !walk_out(&w, &range))
            break;
    }
    return false;
}
