/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and allocating objects; see gc_heap.h. */
#include "gc_heap.h"

#include <stdlib.h>
#include <string.h>

#include "cont.h"
#include "limits.h"

/* ---- size classes: by 16 up to 512, then two per doubling ---- */

uint32_t
gc_class_of(uint64_t size)
{
    uint32_t c = 32, step = 512;

    if (size <= 512)
        return size ? (uint32_t)(size - 1) / MIN_CELL : 0;
    while (size > step * 2) {
        c += 2;
        step *= 2;
    }
    return size > step + step / 2 ? c + 1 : c;
}

static uint32_t
class_size(uint32_t c)
{
    uint32_t step;

    if (c < 32)
        return (c + 1) * MIN_CELL;
    step = 512u << (c - 32) / 2;
    return (c - 32) % 2 ? step * 2 : step + step / 2;
}

/* ---- finding ---- */

uint32_t
gc_hash(uintptr_t key)
{
    return (uint32_t)(((uint64_t)key * 0x9e3779b97f4a7c15u) >> 32);
}

static bool
set_has(const struct gc_set *s, uintptr_t key)
{
    if (!s->keys)
        return false;
    for (uint32_t i = gc_hash(key) & s->mask; s->keys[i]; i = (i + 1) & s->mask)
        if (s->keys[i] == key)
            return true;
    return false;
}

void
gc_set_put(struct gc_set *s, uintptr_t key)
{
    uint32_t i = gc_hash(key) & s->mask;

    while (s->keys[i])
        i = (i + 1) & s->mask;
    s->keys[i] = key;
    s->used++;
}

/* Make room for one more key. */
static bool
set_reserve(struct gc_set *s)
{
    struct gc_set bigger = {.mask = s->keys ? s->mask * 2 + 1 : 63};

    if (s->keys && s->used * 2 <= s->mask)
        return true;
    bigger.keys = calloc((size_t)bigger.mask + 1, sizeof *bigger.keys);
    if (!bigger.keys)
        return false;
    for (uint32_t i = 0; s->keys && i <= s->mask; i++)
        if (s->keys[i])
            gc_set_put(&bigger, s->keys[i]);
    free(s->keys);
    *s = bigger;
    return true;
}

struct gc_large *
gc_large_find(const struct gc_heap *h, uintptr_t at)
{
    if (!h->large)
        return NULL;
    for (uint32_t i = gc_hash(at) & h->large_mask; h->large[i].object;
         i = (i + 1) & h->large_mask)
        if ((uintptr_t)h->large[i].object == at)
            return &h->large[i];
    return NULL;
}

static void
large_put(struct gc_large *table, uint32_t mask, struct gc_large entry)
{
    uint32_t i = gc_hash((uintptr_t)entry.object) & mask;

    while (table[i].object)
        i = (i + 1) & mask;
    table[i] = entry;
}

static bool
large_reserve(struct gc_heap *h)
{
    uint32_t mask = h->large ? h->large_mask * 2 + 1 : 63;
    struct gc_large *table;

    if (h->large && h->nlarge * 2 <= h->large_mask)
        return true;
    table = calloc((size_t)mask + 1, sizeof *table);
    if (!table)
        return false;
    for (uint32_t i = 0; h->large && i <= h->large_mask; i++)
        if (h->large[i].object)
            large_put(table, mask, h->large[i]);
    free(h->large);
    h->large = table;
    h->large_mask = mask;
    return true;
}

/* The state byte of the cell that at is the address of, or NULL. */
uint8_t *
gc_cell_state(const struct gc_heap *h, uintptr_t at)
{
    uintptr_t base = at & ~(uintptr_t)(BLOCK_BYTES - 1);
    struct gc_block *b = (struct gc_block *)base;
    uintptr_t offset;

    if (!set_has(&h->block_set, base) || at < (uintptr_t)b->cells)
        return NULL;
    offset = at - (uintptr_t)b->cells;
    if (offset % b->cell || offset / b->cell >= b->count)
        return NULL;
    return &b->state[offset / b->cell];
}

/* ---- allocation ---- */

static bool
charge(struct gc_heap *h, struct engine_store *s, uint64_t bytes)
{
    if (!quota_take_memory(s->quota, bytes))
        return false;
    h->held += bytes;
    return true;
}

static bool
block_create(struct gc_heap *h, struct engine_store *s, uint32_t class)
{
    uint32_t cell = class_size(class);
    uint32_t count =
        (BLOCK_BYTES - (uint32_t)sizeof(struct gc_block) - 8) / (cell + 1);
    struct gc_block *b;

    if (!set_reserve(&h->block_set) || !charge(h, s, BLOCK_BYTES))
        return false;
    b = aligned_alloc(BLOCK_BYTES, BLOCK_BYTES);
    if (!b) {
        quota_give_memory(s->quota, BLOCK_BYTES);
        h->held -= BLOCK_BYTES;
        return false;
    }
    b->cell = cell;
    b->count = count;
    b->used = 0;
    b->cells = (uint8_t *)b + BLOCK_BYTES - (size_t)count * cell;
    memset(b->state, CELL_FREE, count);
    b->next = h->blocks;
    h->blocks = b;
    gc_set_put(&h->block_set, (uintptr_t)b);
    for (uint32_t i = count; i--;) {
        struct free_cell *f =
            (struct free_cell *)(void *)(b->cells + (size_t)i * cell);

        f->next = h->free[class];
        h->free[class] = f;
    }
    return true;
}

static void *
small_alloc(struct gc_heap *h, struct engine_store *s, uint64_t size)
{
    uint32_t class = gc_class_of(size);
    struct free_cell *f;
    struct gc_block *b;

    if (!h->free[class] && !block_create(h, s, class))
        return NULL;
    f = h->free[class];
    h->free[class] = f->next;
    b = (struct gc_block *)((uintptr_t)f & ~(uintptr_t)(BLOCK_BYTES - 1));
    b->state[(uint32_t)((uint8_t *)f - b->cells) / b->cell] = CELL_USED;
    memset(f, 0, (size_t)size);
    return f;
}

static void *
large_alloc(struct gc_heap *h, struct engine_store *s, uint64_t size)
{
    struct gc_large entry = {.size = size};

    if (size > LIMIT_OBJECT_BYTES || !large_reserve(h) || !charge(h, s, size))
        return NULL;
    entry.object = calloc(1, (size_t)size);
    if (!entry.object) {
        quota_give_memory(s->quota, size);
        h->held -= size;
        return NULL;
    }
    large_put(h->large, h->large_mask, entry);
    h->nlarge++;
    return entry.object;
}

static void *
alloc_bytes(struct gc_heap *h, struct engine_store *s, uint64_t size)
{
    return size <= LARGEST_CELL ? small_alloc(h, s, size)
                                : large_alloc(h, s, size);
}

struct gc_object *
gc_alloc(struct engine_instance *in, uint32_t type, uint32_t length,
         uint64_t *top)
{
    const struct type_def *t = type_get(type);
    struct engine_store *s = in->store;
    uint64_t size = HEADER;
    struct gc_object *o;

    if (!s->gc && !(s->gc = calloc(1, sizeof *s->gc)))
        return NULL;
    if (!s->gc->threshold)
        s->gc->threshold = FIRST_THRESHOLD;
    if (t->kind == TYPE_CONT)
        size = sizeof(struct continuation);
    else if (t->kind == TYPE_STRUCT)
        size += (uint64_t)t->param_slots * 8;
    else
        size += (uint64_t)length * gc_element_size(t->vt[0]);
    if (top && s->gc->allocated > s->gc->threshold)
        gc_collect(s->gc, s, top);
    o = alloc_bytes(s->gc, s, size);
    if (!o && top) {
        gc_collect(s->gc, s, top);
        o = alloc_bytes(s->gc, s, size);
    }
    if (!o)
        return NULL;
    s->gc->allocated += size;
    o->type = type;
    o->length = length;
    return o;
}

uint64_t
gc_heap_bytes(const struct gc_heap *h)
{
    return h->held + h->stack_bytes;
}

void
gc_heap_free(struct gc_heap *h)
{
    struct gc_block *b;

    if (!h)
        return;
    while ((b = h->blocks)) {
        h->blocks = b->next;
        free(b);
    }
    for (uint32_t i = 0; h->large && i <= h->large_mask; i++)
        free(h->large[i].object);
    cont_free_all(h);
    free(h->large);
    free(h->block_set.keys);
    free(h->stack);
    free(h);
}
