/* SPDX-License-Identifier: Apache-2.0 */
/* Mark and sweep; see gc_heap.h. */
#include "gc_heap.h"

#include <stdlib.h>
#include <string.h>

#include "cont.h"

/* ---- marking ---- */

static void
push(struct gc_heap *h, struct gc_object *o)
{
    if (h->depth == h->depth_cap) {
        size_t cap = h->depth_cap ? h->depth_cap * 2 : 1024;
        struct gc_object **p = realloc(h->stack, cap * sizeof(void *));

        if (!p) {
            h->overflow = true;
            return;
        }
        h->stack = p;
        h->depth_cap = cap;
    }
    h->stack[h->depth++] = o;
}

/* Mark what word may be a reference to, as any or as extern. */
static void
mark_word(struct gc_heap *h, uint64_t word)
{
    uintptr_t at = (uintptr_t)word & ~(uintptr_t)2;
    struct gc_large *l;
    uint8_t *state;

    if (!at || word & 5 || word != (uintptr_t)word)
        return;
    state = gc_cell_state(h, at);
    if (state) {
        if (*state != CELL_USED)
            return;
        *state = CELL_MARKED;
        push(h, (struct gc_object *)at);
        return;
    }
    l = gc_large_find(h, at);
    if (l && !l->marked) {
        l->marked = true;
        push(h, l->object);
    }
}

static void
mark_words(struct gc_heap *h, const uint64_t *words, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        mark_word(h, words[i]);
}

static void
mark_pointers(struct gc_heap *h, void *const *pointers, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        mark_word(h, (uintptr_t)pointers[i]);
}

/* What may be references in o. */
static const uint64_t *
words_of(const struct gc_object *o, uint64_t *n)
{
    const struct type_def *t = type_get(o->type);
    const struct cont_stack *c;

    *n = 0;
    switch (t->kind) {
    case TYPE_STRUCT:
        *n = t->param_slots;
        break;
    case TYPE_CONT:
        c = ((const struct continuation *)(const void *)o)->stack;
        if (!c)
            break;
        *n = c->nslots;
        return c->slots;
    default:
        if (vt_is_ref(t->vt[0]))
            *n = o->length;
    }
    return o->slots;
}

static void
trace(struct gc_heap *h, const struct gc_object *o)
{
    uint64_t n;
    const uint64_t *words = words_of(o, &n);

    mark_words(h, words, n);
}

static void
drain(struct gc_heap *h)
{
    while (h->depth)
        trace(h, h->stack[--h->depth]);
}

/* f for every object in a state, CELL_USED or CELL_MARKED. */
static void
each_object(struct gc_heap *h, enum cell_state state,
            void (*f)(struct gc_heap *h, const struct gc_object *o, void *ctx),
            void *ctx)
{
    for (struct gc_block *b = h->blocks; b; b = b->next)
        for (uint32_t i = 0; i < b->count; i++)
            if (b->state[i] == state)
                f(h,
                  (struct gc_object *)(void *)(b->cells + (size_t)i * b->cell),
                  ctx);
    for (uint32_t i = 0; h->large && i <= h->large_mask; i++)
        if (h->large[i].object && h->large[i].marked == (state == CELL_MARKED))
            f(h, h->large[i].object, ctx);
}

static void
trace_again(struct gc_heap *h, const struct gc_object *o, void *ctx)
{
    (void)ctx;
    trace(h, o);
    drain(h);
}

struct visit {
    void (*f)(void *ctx, uint64_t word);
    void *ctx;
};

static void
visit_object(struct gc_heap *h, const struct gc_object *o, void *ctx)
{
    const struct visit *v = ctx;
    uint64_t n;
    const uint64_t *words = words_of(o, &n);

    (void)h;
    for (uint64_t i = 0; i < n; i++)
        v->f(v->ctx, words[i]);
}

void
gc_visit(struct gc_heap *h, void (*f)(void *ctx, uint64_t word), void *ctx)
{
    struct visit v = {f, ctx};

    if (h)
        each_object(h, CELL_USED, visit_object, &v);
}

static void
mark_instance(struct gc_heap *h, const struct engine_instance *in)
{
    const struct engine_module *m = in->module;

    mark_words(h, in->global_values, m->global_slots);
    for (uint32_t i = 0; in->elems && i < m->nelems; i++)
        mark_pointers(h, in->elems[i].refs, in->elems[i].n);
    for (uint32_t i = 0; in->globals && i < m->nglobals_imported; i++)
        if (in->globals[i])
            mark_word(h, in->globals[i]->value->u64);
}

static void
mark(struct gc_heap *h, struct engine_store *s, const uint64_t *top)
{
    mark_words(h, s->stack, (uint64_t)(top - s->stack));
    for (struct engine_instance *in = s->instances; in; in = in->next)
        mark_instance(h, in);
    for (struct engine_global *g = s->globals; g; g = g->next)
        mark_word(h, g->own.u64);
    for (struct engine_table *t = s->tables; t; t = t->next)
        mark_pointers(h, t->elems, t->size);
    for (struct exception *e = s->exceptions; e; e = e->next)
        mark_words(h, e->slots, e->nslots);
    drain(h);
    while (h->overflow) {
        h->overflow = false;
        each_object(h, CELL_MARKED, trace_again, NULL);
    }
}

/* ---- sweeping ---- */

/* Put every cell that is not marked on its class's list. */
static void
sweep_block(struct gc_heap *h, struct gc_block *b)
{
    struct free_cell **list = &h->free[gc_class_of(b->cell)];

    b->used = 0;
    for (uint32_t i = b->count; i--;) {
        if (b->state[i] == CELL_MARKED) {
            b->state[i] = CELL_USED;
            b->used++;
        } else {
            b->state[i] = CELL_FREE;
        }
    }
    if (!b->used)
        return;
    for (uint32_t i = b->count; i--;)
        if (b->state[i] == CELL_FREE) {
            struct free_cell *f =
                (struct free_cell *)(void *)(b->cells + (size_t)i * b->cell);

            f->next = *list;
            *list = f;
        }
}

static uint64_t
sweep_blocks(struct gc_heap *h)
{
    struct gc_block **at = &h->blocks, *b;
    uint64_t held = 0;

    memset(h->free, 0, sizeof h->free);
    if (h->block_set.keys)
        memset(h->block_set.keys, 0,
               ((size_t)h->block_set.mask + 1) * sizeof(uintptr_t));
    h->block_set.used = 0;
    while ((b = *at)) {
        sweep_block(h, b);
        if (!b->used) {
            *at = b->next;
            free(b);
            continue;
        }
        gc_set_put(&h->block_set, (uintptr_t)b);
        held += BLOCK_BYTES;
        h->live += (uint64_t)b->used * b->cell;
        at = &b->next;
    }
    return held;
}

/* Empty slot i, moving back what was pushed past it. */
static void
large_delete(struct gc_heap *h, uint32_t i)
{
    uint32_t mask = h->large_mask;

    free(h->large[i].object);
    for (uint32_t j = (i + 1) & mask; h->large[j].object; j = (j + 1) & mask) {
        uint32_t home = gc_hash((uintptr_t)h->large[j].object) & mask;

        if (((j - home) & mask) >= ((j - i) & mask)) {
            h->large[i] = h->large[j];
            i = j;
        }
    }
    h->large[i].object = NULL;
    h->nlarge--;
}

static uint64_t
sweep_large(struct gc_heap *h)
{
    uint64_t held = 0;

    if (!h->large)
        return 0;
    for (uint32_t i = 0; i <= h->large_mask; i++)
        while (h->large[i].object && !h->large[i].marked)
            large_delete(h, i);
    for (uint32_t i = 0; i <= h->large_mask; i++)
        if (h->large[i].object) {
            h->large[i].marked = false;
            held += h->large[i].size;
        }
    h->live += held;
    return held;
}

void
gc_collect(struct gc_heap *h, struct engine_store *s, const uint64_t *top)
{
    uint64_t held;

    s->gc_work += (h->held + h->stack_bytes + atomic_load_explicit(&s->quota->table_used,
                                               memory_order_relaxed)) >>
                  12;
    mark(h, s, top);
    cont_sweep(h, s);
    h->live = 0;
    held = sweep_blocks(h) + sweep_large(h);
    quota_give_memory(s->quota, h->held - held);
    h->held = held;
    h->allocated = 0;
    h->live += h->stack_bytes;
    h->threshold = h->live > FIRST_THRESHOLD ? h->live : FIRST_THRESHOLD;
}
