/* SPDX-License-Identifier: Apache-2.0 */
/* Linear memories: quotas and limits over the back end of mem.h. */
#include "mem.h"

#include <stdlib.h>

/* Bytes a host can address at all. */
#define MAX_BYTES ((uint64_t)1 << (sizeof(void *) > 4 ? 46 : 31))

struct engine_memory memory_none;

/* Back ends deal in whole 64 KiB, whatever the program's pages are. */
static uint64_t
reserve(uint64_t bytes)
{
    return (bytes + 0xffff) & ~(uint64_t)0xffff;
}

static bool
quota_take(struct engine_store *s, uint64_t bytes)
{
    if (bytes > s->memory_quota - s->memory_bytes)
        return false;
    s->memory_bytes += bytes;
    return true;
}

struct engine_memory *
memory_create(struct engine_store *s, const struct limits *l)
{
    struct engine_memory *m;
    uint8_t shift = l->byte_pages ? 0 : 16;
    uint64_t bytes = l->min << shift;

    if (l->min > MAX_BYTES >> shift || !quota_take(s, bytes))
        return NULL;
    m = calloc(1, sizeof *m);
    if (!m)
        goto fail;
    m->is64 = l->is64;
    m->shared = l->shared;
    m->page_shift = shift;
    m->max_pages = m->declared_max = l->max;
    if (!l->is64 && m->max_pages > (uint64_t)1 << (32 - shift))
        m->max_pages = (uint64_t)1 << (32 - shift);
    m->store = s;
    if (!mem_alloc(m, reserve(bytes)))
        goto fail;
    m->bytes = bytes;
    m->next = s->memories;
    s->memories = m;
    return m;
fail:
    s->memory_bytes -= bytes;
    free(m);
    return NULL;
}

uint64_t
memory_grow(struct engine_memory *m, uint64_t pages)
{
    uint64_t old = m->bytes >> m->page_shift, max = m->max_pages, more;

    if (max > MAX_BYTES >> m->page_shift)
        max = MAX_BYTES >> m->page_shift;
    if (old > max || pages > max - old)
        return UINT64_MAX;
    if (!pages)
        return old;
    more = pages << m->page_shift;
    if (!quota_take(m->store, more))
        return UINT64_MAX;
    if (reserve(m->bytes + more) != reserve(m->bytes) &&
        !mem_extend(m, reserve(m->bytes + more))) {
        m->store->memory_bytes -= more;
        return UINT64_MAX;
    }
    m->bytes += more;
    return old;
}

uint8_t *
engine_memory_base(struct engine_memory *m)
{
    return m->base;
}

uint64_t
engine_memory_size(const struct engine_memory *m)
{
    return m->bytes;
}

bool
engine_memory_is64(const struct engine_memory *m)
{
    return m->is64;
}
