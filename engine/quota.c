/* SPDX-License-Identifier: Apache-2.0 */
/* What stores may use together; see quota.h. */
#include "quota.h"

#include <stdlib.h>

#include "limits.h"
#include "runtime.h"

struct quota *
quota_create(const struct engine_config *c)
{
    struct quota *q = calloc(1, sizeof *q);

    if (!q)
        return NULL;
    atomic_init(&q->refs, 1);
    q->memory_max = c->memory_bytes ? c->memory_bytes : UINT64_MAX;
    q->table_max = c->table_elements ? c->table_elements : LIMIT_TABLE_SIZE;
    q->fuel_max = c->fuel ? c->fuel : UINT64_MAX;
    q->light = c->light_bytes;
    q->take = c->take;
    q->give = c->give;
    return q;
}

struct quota *
quota_ref(struct quota *q)
{
    atomic_fetch_add_explicit(&q->refs, 1, memory_order_relaxed);
    return q;
}

void
quota_unref(struct quota *q)
{
    if (q && atomic_fetch_sub_explicit(&q->refs, 1, memory_order_acq_rel) == 1)
        free(q);
}

/* What was used before goes to *before. */
static bool
take(_Atomic uint64_t *used, uint64_t max, uint64_t n, uint64_t *before)
{
    uint64_t now = atomic_load_explicit(used, memory_order_relaxed);

    do {
        if (now > max || n > max - now)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(
        used, &now, now + n, memory_order_relaxed, memory_order_relaxed));
    *before = now;
    return true;
}

/*
 * What so many bytes of memory count for all stores together: of the stack that a
 * program begins with it seldom touches more than an eighth.
 */
static uint64_t
weight(const struct quota *q, uint64_t bytes)
{
    uint64_t light = bytes < q->light ? bytes : q->light;

    return bytes - light / 8 * 7;
}

static bool
ask(const struct quota *q, uint64_t bytes, uint64_t held)
{
    uint64_t begun = atomic_load_explicit(&q->begun, memory_order_relaxed);

    return !q->take || !bytes || q->take(bytes, held > begun ? held - begun : 0);
}

bool
quota_take_memory(struct quota *q, uint64_t bytes)
{
    uint64_t held;

    if (!take(&q->memory_used, q->memory_max, bytes, &held))
        return false;
    if (ask(q, weight(q, held + bytes) - weight(q, held), held + bytes))
        return true;
    atomic_fetch_sub_explicit(&q->memory_used, bytes, memory_order_relaxed);
    return false;
}

bool
quota_begin_memory(struct quota *q, uint64_t bytes)
{
    atomic_fetch_add_explicit(&q->begun, bytes, memory_order_relaxed);
    if (quota_take_memory(q, bytes))
        return true;
    atomic_fetch_sub_explicit(&q->begun, bytes, memory_order_relaxed);
    return false;
}

void
quota_give_memory(struct quota *q, uint64_t bytes)
{
    uint64_t held = atomic_fetch_sub_explicit(&q->memory_used, bytes,
                                              memory_order_relaxed);

    if (q->give)
        q->give(weight(q, held) - weight(q, held - bytes));
}

bool
quota_take_elements(struct quota *q, uint64_t n)
{
    uint64_t held, bytes = n * sizeof(void *);

    if (!take(&q->table_used, q->table_max, n, &held))
        return false;
    if (ask(q, bytes, held * sizeof(void *) + bytes))
        return true;
    atomic_fetch_sub_explicit(&q->table_used, n, memory_order_relaxed);
    return false;
}

void
quota_give_elements(struct quota *q, uint64_t n)
{
    atomic_fetch_sub_explicit(&q->table_used, n, memory_order_relaxed);
    if (q->give)
        q->give(n * sizeof(void *));
}

void
quota_burn(struct quota *q, uint64_t units)
{
    if (units)
        atomic_fetch_add_explicit(&q->fuel_used, units, memory_order_relaxed);
}

uint64_t
quota_fuel_left(const struct quota *q)
{
    uint64_t used = atomic_load_explicit(&q->fuel_used, memory_order_relaxed);

    if (q->fuel_max == UINT64_MAX)
        return UINT64_MAX;
    return used < q->fuel_max ? q->fuel_max - used : 0;
}
