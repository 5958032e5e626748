/* SPDX-License-Identifier: Apache-2.0 */
/* Memory back end without an MMU's help: malloc, and explicit checks. */
#include "mem.h"

#if !ENGINE_GUARD

#include <stdlib.h>

bool
mem_alloc(struct engine_memory *m, uint64_t bytes)
{
    if (bytes > SIZE_MAX)
        return false;
    m->base = calloc(bytes ? (size_t)bytes : 1, 1);
    m->mapped = bytes;
    return m->base != NULL;
}

bool
mem_extend(struct engine_memory *m, uint64_t bytes)
{
    uint8_t *p;

    if (bytes > SIZE_MAX)
        return false;
    p = realloc(m->base, (size_t)bytes);
    if (!p)
        return false;
    memset(p + m->mapped, 0, (size_t)(bytes - m->mapped));
    m->base = p;
    m->mapped = bytes;
    return true;
}

void
mem_free(struct engine_memory *m)
{
    free(m->base);
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
