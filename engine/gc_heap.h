/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of structs and arrays inside: gc_heap.c finds and allocates,
 * gc_collect.c marks and sweeps. See gc.h.
 *
 *   small objects   blocks of 64 KiB, aligned to their size, cells of one size
 *                   class each, one byte of state per cell
 *   large objects   one allocation each, in a table by address
 *
 * Both kinds are found from an arbitrary word by hashing, so that conservative
 * roots need no cooperation from anybody.
 */
#ifndef ENGINE_GC_HEAP_H
#define ENGINE_GC_HEAP_H

#include "gc.h"

#define BLOCK_BYTES 65536u
#define MIN_CELL 16u
#define CLASSES 40u
#define LARGEST_CELL 8192u
/* Bytes to allocate before the first collection; a build that wants to test the
 * collector makes it small. */
#ifndef FIRST_THRESHOLD
#define FIRST_THRESHOLD (1u << 20)
#endif
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

struct gc_large {
    struct gc_object *object; /* NULL: empty */
    uint64_t size;
    bool marked;
};

/* Sets of addresses, open addressing. */
struct gc_set {
    uintptr_t *keys; /* 0: empty */
    uint32_t mask, used;
};

struct gc_heap {
    struct gc_block *blocks;
    struct free_cell *free[CLASSES];
    struct gc_set block_set;
    struct gc_large *large; /* open addressing */
    uint32_t large_mask, nlarge;
    uint64_t allocated, threshold; /* since the last collection */
    uint64_t held;                 /* bytes, counted against the quota */
    struct cont_stack *stacks;     /* of continuations (cont.h) */
    struct cont_stack *spare;      /* a small one to use again */
    uint64_t stack_bytes;          /* counted against the quota, too */
    uint64_t live;                 /* bytes of objects after the last one */
    struct gc_object **stack;      /* to be traced */
    size_t depth, depth_cap;
    bool overflow; /* the stack could not grow: trace again */
};

uint32_t gc_class_of(uint64_t size);

uint32_t gc_hash(uintptr_t key);
void gc_set_put(struct gc_set *s, uintptr_t key);
/* The state byte of the cell that at is the address of, or NULL. */
uint8_t *gc_cell_state(const struct gc_heap *h, uintptr_t at);
struct gc_large *gc_large_find(const struct gc_heap *h, uintptr_t at);

/* Free what neither roots nor the stack below top reach. */
void gc_collect(struct gc_heap *h, struct engine_store *s, const uint64_t *top);

#endif
