/* SPDX-License-Identifier: Apache-2.0 */
/* Memory back end without an MMU's help: malloc, and explicit checks. */
#include "mem.h"

#if !ENGINE_GUARD

#include <stdlib.h>

#define ROOMY ((uint64_t)1 << 20)
#ifndef SHARED_MOST /* fuzzers count what is reserved: less, for them */
#define SHARED_MOST ((uint64_t)1 << (sizeof(void *) > 4 ? 36 : 30))
#endif

/* What does not move needs its room from the start: as much of the maximum as
 * there is. Zeros that nobody touched cost no memory on most hosts. */
static bool
alloc_shared(struct engine_memory *m, uint64_t bytes)
{
    uint64_t room = SHARED_MOST;

    if (m->max_pages <= SHARED_MOST >> m->page_shift)
        room = ((m->max_pages << m->page_shift) + 0xffff) & ~(uint64_t)0xffff;
    for (; room >= bytes && !m->base; room = room / 2 & ~(uint64_t)0xffff) {
        m->base = calloc(room ? (size_t)room : 1, 1);
        m->mapped = room;
        if (!room)
            break;
    }
    return m->base != NULL;
}

bool
mem_alloc(struct engine_memory *m, uint64_t bytes)
{
    if (bytes > SIZE_MAX)
        return false;
    if (m->shared)
        return alloc_shared(m, bytes);
    m->base = calloc(bytes ? (size_t)bytes : 1, 1);
    m->mapped = bytes;
    return m->base != NULL;
}

static bool
resize(struct engine_memory *m, uint64_t bytes)
{
    uint8_t *p = bytes > SIZE_MAX ? NULL : realloc(m->base, (size_t)bytes);

    if (!p)
        return false;
    memset(p + m->mapped, 0, (size_t)(bytes - m->mapped));
    m->base = p;
    m->mapped = bytes;
    return true;
}

/* Large memories get an eighth more than they ask for, if there is so much:
 * growing page by page must not copy everything each time. */
bool
mem_extend(struct engine_memory *m, uint64_t bytes)
{
    if (bytes <= m->mapped)
        return true;
    if (m->shared)
        return false;
    if (bytes > ROOMY && resize(m, bytes + bytes / 8))
        return true;
    return resize(m, bytes);
}

void
mem_free(struct engine_memory *m)
{
    free(m->base);
}

void
mem_trim(void)
{
}

void
mem_soon(void *p, size_t bytes)
{
    (void)p;
    (void)bytes;
}

void *
stack_alloc(size_t bytes)
{
    return calloc(1, bytes);
}

void
stack_free(void *p, size_t bytes)
{
    (void)bytes;
    free(p);
}

void
engine_thread_init(void)
{
}

void
mem_run(struct activation *act, struct engine_func *f, uint64_t *fp)
{
    (void)act;
    interp_run(f, fp);
}

#endif
