/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: arrays of references under the store's quota (4.2.7). */
#include "runtime.h"

#include <stdlib.h>

static bool
reserve(struct engine_table *t, uint64_t n)
{
    uint64_t cap = t->capacity ? t->capacity : 4;
    void **p;

    if (n <= t->capacity)
        return true;
    if (n > SIZE_MAX / sizeof *p / 2)
        return false;
    while (cap < n)
        cap *= 2;
    if (!t->capacity)
        cap = n; /* most tables never grow */
    p = realloc(t->elems, (size_t)cap * sizeof *p);
    if (!p)
        return false;
    t->elems = p;
    t->capacity = cap;
    return true;
}

uint64_t
table_grow(struct engine_table *t, uint64_t n, void *init)
{
    uint64_t old = t->size;

    if (old > t->max || n > t->max - old ||
        !quota_take_elements(t->store->quota, n))
        return UINT64_MAX;
    if (!reserve(t, old + n)) {
        quota_give_elements(t->store->quota, n);
        return UINT64_MAX;
    }
    for (uint64_t i = old; i < old + n; i++)
        t->elems[i] = init;
    t->size = old + n;
    return old;
}

struct engine_table *
table_create(struct engine_store *s, const struct table_type *type, void *init)
{
    struct engine_table *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->vt = type->vt;
    t->is64 = type->limits.is64;
    t->max = t->declared_max = type->limits.max;
    if (!t->is64 && t->max > UINT32_MAX)
        t->max = UINT32_MAX;
    t->store = s;
    if (table_grow(t, type->limits.min, init) == UINT64_MAX) {
        free(t);
        return NULL;
    }
    t->next = s->tables;
    s->tables = t;
    return t;
}
