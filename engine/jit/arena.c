/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is given back all at once. */
#include "config.h"

#if ENGINE_JIT
#include "jit.h"

#include <stdlib.h>

#define FIRST_BYTES ((size_t)1 << 12) /* small modules may be many */
#define BLOCK_BYTES ((size_t)1 << 18)

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    uint64_t bytes[];
};

void *
arena_take(struct arena *a, size_t bytes)
{
    struct arena_block *b = a->blocks;
    void *p;

    bytes = (bytes + 15) & ~(size_t)15;
    if (!b || bytes > b->size - b->used) {
        size_t size = b ? 4 * b->size : FIRST_BYTES;

        if (size > BLOCK_BYTES)
            size = BLOCK_BYTES;
        if (size < bytes)
            size = bytes;
        b = malloc(sizeof *b + size);
        if (!b)
            return NULL;
        b->next = a->blocks;
        b->size = size;
        b->used = 0;
        a->blocks = b;
    }
    p = (uint8_t *)b->bytes + b->used;
    b->used += bytes;
    return p;
}

void *
arena_alloc(struct arena *a, size_t bytes)
{
    void *p = arena_take(a, bytes);

    return p ? memset(p, 0, bytes) : NULL;
}

void
arena_reset(struct arena *a, bool all)
{
    struct arena_block *b = a->blocks, *next;

    a->blocks = NULL;
    for (; b; b = next) {
        next = b->next;
        if (!all && !a->blocks && b->size <= BLOCK_BYTES) {
            b->used = 0;
            b->next = NULL;
            a->blocks = b;
        } else {
            free(b);
        }
    }
}
#endif
