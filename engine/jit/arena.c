/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is given back all at once. */
#include "config.h"

#if ENGINE_JIT
#include "jit.h"

#include <stdlib.h>

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
        size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;

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
    struct arena_block *b = a->blocks;

    while (b && (all || b->next || b->size > BLOCK_BYTES)) {
        struct arena_block *next = b->next;

        free(b);
        b = next;
    }
    if (b)
        b->used = 0;
    a->blocks = b;
}
#endif
