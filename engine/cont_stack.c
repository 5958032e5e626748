/* SPDX-License-Identifier: Apache-2.0 */
/* Continuations as objects, and the memory of their stacks: see cont.h. */
#include "cont.h"

#include <stdlib.h>

#include "gc_heap.h"

#define SPARE_SLOTS 64u /* a stack of at most so many is kept for the next */

static uint64_t
stack_bytes(const struct cont_stack *c)
{
    return sizeof *c + (uint64_t)c->capacity * 8;
}

void
cont_release(struct gc_heap *h, struct engine_store *s, struct cont_stack *c)
{
    uint64_t bytes = stack_bytes(c);
    struct cont_stack *spare = h->spare;

    *c->at = c->next;
    if (c->next)
        c->next->at = c->at;
    h->allocated -= bytes < h->allocated ? bytes : h->allocated;
    if (c->capacity <= SPARE_SLOTS &&
        (!spare || spare->capacity < c->capacity)) {
        h->spare = c;
        c = spare;
    }
    if (!c)
        return;
    h->stack_bytes -= stack_bytes(c);
    quota_give_memory(s->quota, stack_bytes(c));
    free(c);
}

void
cont_sweep(struct gc_heap *h, struct engine_store *s)
{
    struct cont_stack *c, *next;

    for (c = h->stacks; c; c = next) {
        const uint8_t *state = gc_cell_state(h, (uintptr_t)c->owner);

        next = c->next;
        if (!state || *state != CELL_MARKED)
            cont_release(h, s, c);
    }
}

void
cont_free_all(struct gc_heap *h)
{
    struct cont_stack *c;

    while ((c = h->stacks)) {
        h->stacks = c->next;
        free(c);
    }
    free(h->spare);
    h->spare = NULL;
}

static struct cont_stack *
stack_create(struct gc_heap *h, struct engine_store *s, uint32_t nslots)
{
    struct cont_stack *c = h->spare;
    uint32_t capacity = (nslots + 7u) & ~7u;
    uint64_t bytes = sizeof *c + (uint64_t)capacity * 8;

    if (c && c->capacity >= nslots) {
        h->spare = NULL;
        capacity = c->capacity;
    } else {
        if (!quota_take_memory(s->quota, bytes))
            return NULL;
        c = malloc((size_t)bytes);
        if (!c) {
            quota_give_memory(s->quota, bytes);
            return NULL;
        }
        h->stack_bytes += bytes;
    }
    *c = (struct cont_stack){.at = &h->stacks,
                             .next = h->stacks,
                             .inner = NO_PROMPT,
                             .outer = NO_PROMPT,
                             .nslots = nslots,
                             .capacity = capacity};
    if (c->next)
        c->next->at = &c->next;
    h->stacks = c;
    h->allocated += stack_bytes(c);
    return c;
}

struct continuation *
cont_create(struct engine_instance *in, uint32_t type, uint32_t nslots,
            uint64_t *top)
{
    struct continuation *k =
        (struct continuation *)(void *)gc_alloc(in, type, 0, top);
    struct engine_store *s = in->store;

    if (!k)
        return NULL;
    k->stack = stack_create(s->gc, s, nslots);
    if (!k->stack) {
        /* (the object is empty and nobody has it: it may go) */
        gc_collect(s->gc, s, top);
        k = (struct continuation *)(void *)gc_alloc(in, type, 0, NULL);
        if (k)
            k->stack = stack_create(s->gc, s, nslots);
        if (!k || !k->stack)
            return NULL;
    }
    k->stack->owner = k;
    return k;
}
