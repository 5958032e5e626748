/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of structs and arrays; see gc.h.
 *
 *   small objects   blocks of 64 KiB, aligned to their size, cells of one size
 *                   class each, one byte of state per cell
 *   large objects   one allocation each, in a table by address
 *
 * Both kinds are found from an arbitrary word by hashing, so that conservative
 * roots need no cooperation from anybody.
 */
#include "gc.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 65536u
#define MIN_CELL 16u
#define CLASSES 40u
#define LARGEST_CELL 8192u
#define FIRST_THRESHOLD (1u << 20)
#define HEADER offsetof(struct gc_object, bytes)

enum cell_state { CELL_FREE, CELL_USED, CELL_MARKED };

struct gc_block {
    struct gc_block *next; /* all blocks */
    uint32_t cell, count;
    uint32_t used;
    uint8_t *cells;
    uint8_t state[]; /* one per cell */
};

struct free_cell {
    struct free_cell *next;
};

struct large {
    struct gc_object *object; /* NULL: empty */
    uint64_t size;
    bool marked;
};

/* Sets of addresses, open addressing. */
struct set {
    uintptr_t *keys; /* 0: empty */
    uint32_t mask, used;
};

struct gc_heap {
    struct gc_block *blocks;
    struct free_cell *free[CLASSES];
    struct set block_set;
    struct large *large; /* open addressing */
    uint32_t large_mask, nlarge;
    uint64_t allocated, threshold; /* since the last collection */
    uint64_t held;                 /* bytes, counted against the quota */
    struct gc_object **stack;      /* to be traced */
    size_t depth, depth_cap;
    bool overflow; /* the stack could not grow: trace again */
};

/* ---- size classes: by 16 up to 512, then two per doubling ---- */

static uint32_t
class_of(uint64_t size)
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

static uint32_t
hash(uintptr_t key)
{
    return (uint32_t)(((uint64_t)key * 0x9e3779b97f4a7c15u) >> 32);
}

static bool
set_has(const struct set *s, uintptr_t key)
{
    if (!s->keys)
        return false;
    for (uint32_t i = hash(key) & s->mask; s->keys[i]; i = (i + 1) & s->mask)
        if (s->keys[i] == key)
            return true;
    return false;
}

static void
set_put(struct set *s, uintptr_t key)
{
    uint32_t i = hash(key) & s->mask;

    while (s->keys[i])
        i = (i + 1) & s->mask;
    s->keys[i] = key;
    s->used++;
}

/* Make room for one more key. */
static bool
set_reserve(struct set *s)
{
    struct set bigger = {.mask = s->keys ? s->mask * 2 + 1 : 63};

    if (s->keys && s->used * 2 <= s->mask)
        return true;
    bigger.keys = calloc((size_t)bigger.mask + 1, sizeof *bigger.keys);
    if (!bigger.keys)
        return false;
    for (uint32_t i = 0; s->keys && i <= s->mask; i++)
        if (s->keys[i])
            set_put(&bigger, s->keys[i]);
    free(s->keys);
    *s = bigger;
    return true;
}

static struct large *
large_find(const struct gc_heap *h, uintptr_t at)
{
    if (!h->large)
        return NULL;
    for (uint32_t i = hash(at) & h->large_mask; h->large[i].object;
         i = (i + 1) & h->large_mask)
        if ((uintptr_t)h->large[i].object == at)
            return &h->large[i];
    return NULL;
}

static void
large_put(struct large *table, uint32_t mask, struct large entry)
{
    uint32_t i = hash((uintptr_t)entry.object) & mask;

    while (table[i].object)
        i = (i + 1) & mask;
    table[i] = entry;
}

static bool
large_reserve(struct gc_heap *h)
{
    uint32_t mask = h->large ? h->large_mask * 2 + 1 : 63;
    struct large *table;

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
static uint8_t *
cell_state(const struct gc_heap *h, uintptr_t at)
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
    struct large *l;
    uint8_t *state;

    if (!at || word & 5 || word != (uintptr_t)word)
        return;
    state = cell_state(h, at);
    if (state) {
        if (*state != CELL_USED)
            return;
        *state = CELL_MARKED;
        push(h, (struct gc_object *)at);
        return;
    }
    l = large_find(h, at);
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

static void
trace(struct gc_heap *h, const struct gc_object *o)
{
    const struct type_def *t = type_get(o->type);

    if (t->kind == TYPE_STRUCT)
        mark_words(h, o->slots, t->param_slots);
    else if (vt_is_ref(t->vt[0]))
        mark_words(h, o->slots, o->length);
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
    const struct type_def *t = type_get(o->type);
    const struct visit *v = ctx;
    uint64_t n = 0;

    (void)h;
    if (t->kind == TYPE_STRUCT)
        n = t->param_slots;
    else if (vt_is_ref(t->vt[0]))
        n = o->length;
    for (uint64_t i = 0; i < n; i++)
        v->f(v->ctx, o->slots[i]);
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
    struct free_cell **list = &h->free[class_of(b->cell)];

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
    uint64_t live = 0;

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
        set_put(&h->block_set, (uintptr_t)b);
        live += BLOCK_BYTES;
        at = &b->next;
    }
    return live;
}

/* Empty slot i, moving back what was pushed past it. */
static void
large_delete(struct gc_heap *h, uint32_t i)
{
    uint32_t mask = h->large_mask;

    free(h->large[i].object);
    for (uint32_t j = (i + 1) & mask; h->large[j].object; j = (j + 1) & mask) {
        uint32_t home = hash((uintptr_t)h->large[j].object) & mask;

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
    uint64_t live = 0;

    if (!h->large)
        return 0;
    for (uint32_t i = 0; i <= h->large_mask; i++)
        while (h->large[i].object && !h->large[i].marked)
            large_delete(h, i);
    for (uint32_t i = 0; i <= h->large_mask; i++)
        if (h->large[i].object) {
            h->large[i].marked = false;
            live += h->large[i].size;
        }
    return live;
}

static void
collect(struct gc_heap *h, struct engine_store *s, const uint64_t *top)
{
    uint64_t live;

    mark(h, s, top);
    live = sweep_blocks(h) + sweep_large(h);
    s->memory_bytes -= h->held - live;
    h->held = live;
    h->allocated = 0;
    h->threshold = live > FIRST_THRESHOLD ? live : FIRST_THRESHOLD;
}

/* ---- allocation ---- */

static bool
charge(struct gc_heap *h, struct engine_store *s, uint64_t bytes)
{
    if (s->memory_quota &&
        (bytes > s->memory_quota || s->memory_bytes > s->memory_quota - bytes))
        return false;
    s->memory_bytes += bytes;
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
        s->memory_bytes -= BLOCK_BYTES;
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
    set_put(&h->block_set, (uintptr_t)b);
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
    uint32_t class = class_of(size);
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
    struct large entry = {.size = size};

    if (size > SIZE_MAX / 2 || !large_reserve(h) || !charge(h, s, size))
        return NULL;
    entry.object = calloc(1, (size_t)size);
    if (!entry.object) {
        s->memory_bytes -= size;
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
    if (t->kind == TYPE_STRUCT)
        size += (uint64_t)t->param_slots * 8;
    else
        size += (uint64_t)length * gc_element_size(t->vt[0]);
    if (top && s->gc->allocated > s->gc->threshold)
        collect(s->gc, s, top);
    o = alloc_bytes(s->gc, s, size);
    if (!o && top) {
        collect(s->gc, s, top);
        o = alloc_bytes(s->gc, s, size);
    }
    if (!o)
        return NULL;
    s->gc->allocated += size;
    o->type = type;
    o->length = length;
    return o;
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
    free(h->large);
    free(h->block_set.keys);
    free(h->stack);
    free(h);
}
