/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's heap, in the memory that all Workers share.
 *
 *     __heap_base .. cpu_area (stacks of Workers) .. heap ------> memory.grow
 *
 *     block: | header: size, in use | previous size | payload ... |
 *
 * Sizes are multiples of 16. Free blocks lie in lists by size: exact ones below
 * 1 KiB, one a power of two above, and neighbours are joined when freed, so
 * that large page caches come and go without leaving holes. One lock, held for
 * tens of nanoseconds.
 */
#include <stdbool.h>
#include <string.h>

#include "host.h"
#include "web.h"

#define UNIT 16u
#define SMALL_MAX 1024u
#define SMALL_BINS (SMALL_MAX / UNIT)
#define BINS (SMALL_BINS + 22u)
#define IN_USE 1u
#define WASM_PAGE 65536u
#define GROW_MIN (4u << 20)

struct block {
    uint32_t size;      /* with the header; bit 0: in use */
    uint32_t prev_size; /* of the block before; 0: none */
    uint32_t pad[2];    /* payloads are aligned to 16 */
    struct block *next, *prev; /* of free blocks only */
};
#define HEADER 16u
#define BLOCK_MIN 32u

static struct {
    struct web_lock lock;
    struct block *bin[BINS];
    char *end; /* of the heap; a header in use of size 0 stands there */
    size_t used;
} heap;

static uint32_t
size_of(const struct block *b)
{
    return b->size & ~IN_USE;
}

static struct block *
after(struct block *b)
{
    return (struct block *)(void *)((char *)b + size_of(b));
}

static uint32_t
bin_of(uint32_t size)
{
    uint32_t bin;

    if (size < SMALL_MAX)
        return size / UNIT;
    bin = SMALL_BINS + (31u - (uint32_t)__builtin_clz(size)) - 10u;
    return bin < BINS ? bin : BINS - 1;
}

static void
list_add(struct block *b)
{
    struct block **at = &heap.bin[bin_of(size_of(b))];

    b->prev = NULL;
    b->next = *at;
    if (*at)
        (*at)->prev = b;
    *at = b;
}

static void
list_remove(struct block *b)
{
    if (b->next)
        b->next->prev = b->prev;
    if (b->prev)
        b->prev->next = b->next;
    else
        heap.bin[bin_of(size_of(b))] = b->next;
}

/* Give back the block (not in a list), joined with free neighbours. */
static void
release(struct block *b)
{
    struct block *n;

    b->size &= ~IN_USE;
    n = after(b);
    if (!(n->size & IN_USE)) {
        list_remove(n);
        b->size += n->size;
    }
    if (b->prev_size) {
        n = (struct block *)(void *)((char *)b - b->prev_size);
        if (!(n->size & IN_USE)) {
            list_remove(n);
            n->size += b->size;
            b = n;
        }
    }
    after(b)->prev_size = b->size;
    list_add(b);
}

static void
put_end(char *at, uint32_t prev_size)
{
    struct block *b = (struct block *)(void *)(at - HEADER);

    b->size = IN_USE;
    b->prev_size = prev_size;
    heap.end = at;
}

static bool
grow(uint32_t need)
{
    uint32_t bytes = need + HEADER < GROW_MIN ? GROW_MIN : need + HEADER;
    uint32_t pages = (bytes + WASM_PAGE - 1) / WASM_PAGE;
    size_t old = __builtin_wasm_memory_grow(0, pages);
    struct block *b;
    char *from;

    if (old == SIZE_MAX)
        return false;
    from = (char *)(old * WASM_PAGE);
    if (from != heap.end)
        return false; /* nobody else grows this memory */
    b = (struct block *)(void *)(from - HEADER); /* the old end mark */
    b->size = pages * WASM_PAGE | IN_USE;
    put_end(from + pages * WASM_PAGE, size_of(b));
    release(b);
    return true;
}

static void
begin(void)
{
    char *from = (char *)web_heap_begin();
    char *to = (char *)(__builtin_wasm_memory_size(0) * WASM_PAGE);
    struct block *b = (struct block *)(void *)from;

    b->size = ((uint32_t)(to - from) - HEADER) | IN_USE;
    b->prev_size = 0;
    put_end(to, size_of(b));
    release(b);
}

static struct block *
find(uint32_t size)
{
    uint32_t bin;
    struct block *b;

    for (bin = bin_of(size); bin < BINS; bin++) {
        for (b = heap.bin[bin]; b; b = b->next) {
            if (b->size >= size)
                return b;
        }
    }
    return NULL;
}

static struct block *
take(uint32_t size)
{
    struct block *b = find(size), *rest;

    if (!b && grow(size))
        b = find(size);
    if (!b)
        return NULL;
    list_remove(b);
    if (b->size - size >= BLOCK_MIN) {
        rest = (struct block *)(void *)((char *)b + size);
        rest->size = b->size - size;
        rest->prev_size = size;
        after(rest)->prev_size = rest->size;
        list_add(rest);
        b->size = size;
    }
    b->size |= IN_USE;
    heap.used += size;
    return b;
}

static uint32_t
block_size(size_t bytes)
{
    uint32_t size;

    if (bytes > UINT32_MAX / 2)
        return 0;
    size = ((uint32_t)bytes + HEADER + UNIT - 1) & ~(UNIT - 1);
    return size < BLOCK_MIN ? BLOCK_MIN : size;
}

static void *
alloc(size_t bytes)
{
    uint32_t size = block_size(bytes);
    struct block *b = NULL;

    web_lock(&heap.lock);
    if (!heap.end)
        begin();
    if (size)
        b = take(size);
    web_unlock(&heap.lock);
    return b ? (char *)b + HEADER : NULL;
}

void *
host_alloc(size_t bytes)
{
    void *p = alloc(bytes);

    return p ? memset(p, 0, bytes) : NULL;
}

void
host_free(void *p)
{
    struct block *b;

    if (!p)
        return;
    b = (struct block *)(void *)((char *)p - HEADER);
    web_lock(&heap.lock);
    heap.used -= size_of(b);
    release(b);
    web_unlock(&heap.lock);
}

void *
host_realloc(void *p, size_t bytes)
{
    uint32_t had;
    void *to;

    if (!p)
        return alloc(bytes);
    had = size_of((struct block *)(void *)((char *)p - HEADER)) - HEADER;
    if (bytes <= had && bytes >= had / 2)
        return p;
    to = alloc(bytes);
    if (!to)
        return NULL;
    memcpy(to, p, bytes < had ? bytes : had);
    host_free(p);
    return to;
}

uint64_t
host_heap_used(void)
{
    uint64_t used;

    web_lock(&heap.lock);
    used = heap.used;
    web_unlock(&heap.lock);
    return used;
}

void
host_memory(uint64_t *total, uint64_t *free_)
{
    web_lock(&heap.lock);
    *total = WEB_MEMORY_MAX;
    *free_ = WEB_MEMORY_MAX - heap.used;
    web_unlock(&heap.lock);
}

bool
host_memory_low(void)
{
    return false; /* the browser says no in time */
}
