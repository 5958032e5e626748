/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte memory of a program: one array that grows with what is allocated.
 * Blocks have sizes of powers of two, from 16 bytes; whose they are stands
 * beside the memory (block[]), where programs cannot reach it. Freed blocks
 * wait in a list a size.
 */
#include <stdlib.h>
#include <string.h>

#include "tvm.h"

#define GRAIN 16u
#define PAGE 4096u
#define PAGE_CLASS 8u /* blocks from here on begin at a page */

static unsigned
class_of(uint64_t size)
{
    unsigned c = 0;

    while (((uint64_t)GRAIN << c) < size)
        c++;
    return c;
}

uint8_t *
tvm_look(struct tvm *t, uint64_t address, uint64_t n, bool write)
{
    uint64_t from = write ? t->const_end : TVM_CONST_AT;

    if (address < from || n > t->mem_size || address > t->mem_size - n)
        return NULL;
    return t->mem + address;
}

uint8_t *
tvm_at(struct tvm *t, uint64_t address, uint64_t n, bool write)
{
    uint8_t *p = tvm_look(t, address, n, write);

    if (p)
        return p;
    if (write && tvm_look(t, address, n, false))
        tvm_fail(t, "it writes to its constants, at %u", (unsigned)address);
    else
        tvm_fail(t, "it reaches for %llu bytes at %lld, outside its memory",
                 (unsigned long long)n, (long long)address);
    return NULL;
}

/* Memory up to end, and a byte a grain of it. */
static bool
grow(struct tvm *t, uint64_t end)
{
    uint64_t size = t->mem_size, grains;
    uint8_t *p;

    if (end > t->limits.memory)
        return false;
    if (end <= size)
        return true;
    while (size < end)
        size += size / 2 + PAGE;
    if (size > t->limits.memory)
        size = t->limits.memory;
    grains = (size - t->heap) / GRAIN + 1;
    p = realloc(t->block, (size_t)grains);
    if (!p)
        return false;
    memset(p + (t->mem_size - t->heap) / GRAIN + 1, 0,
           (size_t)(grains - (t->mem_size - t->heap) / GRAIN - 1));
    t->block = p;
    p = realloc(t->mem, (size_t)size);
    if (!p)
        return false;
    memset(p + t->mem_size, 0, (size_t)(size - t->mem_size));
    t->mem = p;
    t->mem_size = (uint32_t)size;
    return true;
}

uint32_t
tvm_alloc(struct tvm *t, uint64_t size, enum tvm_kind kind)
{
    unsigned c = class_of(size);
    uint64_t at, bytes = (uint64_t)GRAIN << c;

    if (c >= TVM_CLASSES)
        return 0;
    if (t->free_list[c].n) {
        at = t->free_list[c].at[--t->free_list[c].n];
        memset(t->mem + at, 0, (size_t)bytes);
    } else {
        at = t->heap_end;
        if (c >= PAGE_CLASS)
            at = (at + PAGE - 1) & ~(uint64_t)(PAGE - 1);
        if (!grow(t, at + bytes))
            return 0;
        t->heap_end = (uint32_t)(at + bytes);
    }
    t->block[(at - t->heap) / GRAIN] =
        (uint8_t)(c + 1u + ((unsigned)kind << 5));
    t->stats.allocations++;
    return (uint32_t)at;
}

/* The entry of a block that begins there; NULL: none does. */
static uint8_t *
entry_of(const struct tvm *t, uint64_t address)
{
    uint8_t *b;

    if (address < t->heap || address >= t->heap_end || address % GRAIN)
        return NULL;
    b = &t->block[(address - t->heap) / GRAIN];
    return *b ? b : NULL;
}

bool
tvm_free(struct tvm *t, uint64_t address)
{
    uint8_t *b = entry_of(t, address);
    unsigned c;
    uint32_t *more, room;

    if (!b)
        return false;
    c = (*b & 31u) - 1u;
    *b = 0;
    if (t->free_list[c].n == t->free_list[c].room) {
        room = t->free_list[c].room * 2 + 8;
        more = realloc(t->free_list[c].at, room * sizeof *more);
        if (!more)
            return true; /* lost until the program ends */
        t->free_list[c].at = more;
        t->free_list[c].room = room;
    }
    t->free_list[c].at[t->free_list[c].n++] = (uint32_t)address;
    return true;
}

uint32_t
tvm_block_size(const struct tvm *t, uint64_t address)
{
    const uint8_t *b = entry_of(t, address);

    return b ? GRAIN << ((*b & 31u) - 1u) : 0;
}

enum tvm_kind
tvm_kind_of(const struct tvm *t, uint64_t address)
{
    const uint8_t *b = entry_of(t, address);

    if (address >= TVM_CONST_AT && address < t->const_end)
        return TVM_STRING;
    return b ? (enum tvm_kind)(*b >> 5) : TVM_NUMBER;
}
