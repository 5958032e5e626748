/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork: a copy of an instance in another store (engine_instance_clone).
 *
 * References to functions of the instance and to its imports are translated to
 * the copy's; host pointers (externref) and i31 are copied. What else a program
 * may hold (functions of a third instance, exceptions, structs and arrays)
 * belongs to the old store: the clone refuses, -E_NOTSUP.
 */
#include "runtime.h"

#include <stdlib.h>

#include "pith_errno.h"

#define COPY_PAGE 4096u

struct clone {
    struct engine_instance *from, *to;
    int err;
};

/* ---- references
 * ---------------------------------------------------------------- */

/* What the program has loaded is not there in the copy (engine_code_load). */
static void *
clone_func(struct clone *c, uint32_t vt, struct engine_func *f)
{
    const struct engine_module *m = c->from->module;
    struct engine_func *g = NULL;

    if (f->instance && f->instance->load && vt & VT_NULLABLE)
        return NULL;
    if (f->instance == c->from) {
        g = instance_func(c->to, f->index);
    } else {
        for (uint32_t i = 0; i < m->nfuncs_imported && !g; i++)
            if (c->from->func_imports[i] == f)
                g = c->to->func_imports[i];
    }
    if (!g)
        c->err = -E_NOTSUP;
    return g;
}

/* i31 and the host's own pointers mean the same everywhere (gc.h). */
static void *
clone_ref(struct clone *c, uint32_t vt, void *ref)
{
    uint32_t top = heap_top(vt_heap(vt));
    uintptr_t bits = (uintptr_t)ref & 3;

    if (!ref)
        return NULL;
    if (top == HEAP_FUNC)
        return clone_func(c, vt, ref);
    if ((top == HEAP_EXTERN && bits != 2) || (top == HEAP_ANY && bits))
        return ref;
    c->err = -E_NOTSUP;
    return NULL;
}

/* ---- memories
 * -------------------------------------------------------------------- */

/* (memcmp's loop in a small libc goes by bytes.) */
static bool
is_zero(const uint8_t *p, size_t n)
{
    uint64_t v[4];

    for (; n >= sizeof v; p += sizeof v, n -= sizeof v) {
        memcpy(v, p, sizeof v);
        if (v[0] | v[1] | v[2] | v[3])
            return false;
    }
    while (n && !*p)
        p++, n--;
    return n == 0;
}

/* Pages of zeros stay untouched in the copy. */
static void
copy_bytes(uint8_t *to, const uint8_t *from, uint64_t n)
{
    for (uint64_t at = 0; at < n; at += COPY_PAGE) {
        size_t k = n - at < COPY_PAGE ? (size_t)(n - at) : COPY_PAGE;

        if (!is_zero(from + at, k))
            memcpy(to + at, from + at, k);
    }
}

static int
clone_memories(struct clone *c)
{
    const struct engine_module *m = c->from->module;

    for (uint32_t i = 0; i < m->nmemories; i++) {
        const struct engine_memory *from = c->from->memories[i];
        struct engine_memory *to = c->to->memories[i];
        uint64_t bytes = memory_bytes(from);

        if (i >= m->nmemories_imported) {
            struct limits l = m->memories[i];

            l.min = bytes >> from->page_shift;
            to = c->to->memories[i] = memory_create(c->to->store, &l);
            if (!to)
                return -E_NOMEM;
        }
        if (to == from)
            continue; /* shared between the stores by their host */
        if (to->bytes < bytes &&
            memory_grow(to, (bytes - to->bytes) >> to->page_shift) ==
                UINT64_MAX)
            return -E_NOMEM;
        copy_bytes(to->base, from->base, bytes);
    }
    return 0;
}

/* ---- tables, globals, segments
 * ----------------------------------------------------- */

static int
clone_tables(struct clone *c)
{
    const struct engine_module *m = c->from->module;

    for (uint32_t i = 0; i < m->ntables; i++) {
        const struct engine_table *from = c->from->tables[i];
        struct engine_table *to = c->to->tables[i];

        if (i >= m->ntables_imported) {
            to = c->to->tables[i] =
                table_create(c->to->store, &m->tables[i], NULL);
            if (!to)
                return -E_NOMEM;
        }
        if (to->size < from->size &&
            table_grow(to, from->size - to->size, NULL) == UINT64_MAX)
            return -E_NOMEM;
        for (uint64_t k = 0; k < from->size; k++)
            to->elems[k] = clone_ref(c, from->vt, from->elems[k]);
    }
    return c->err;
}

static int
clone_globals(struct clone *c)
{
    const struct engine_module *m = c->from->module;

    for (uint32_t i = 0; i < m->nglobals; i++) {
        const struct engine_global *from = c->from->globals[i];
        struct engine_global *to = c->to->globals[i];

        if (i < m->nglobals_imported && !from->mutable_)
            continue; /* the host gave it */
        if (vt_is_ref(from->vt)) {
            to->value->u64 = (uintptr_t)clone_ref(
                c, from->vt, (void *)(uintptr_t)from->value->u64);
            continue;
        }
        to->value->v128[0] = from->value->v128[0];
        if (from->vt == VT_V128)
            to->value->v128[1] = from->value->v128[1];
    }
    return c->err;
}

static int
clone_segments(struct clone *c)
{
    const struct engine_module *m = c->from->module;

    for (uint32_t i = 0; i < m->ndatas; i++)
        c->to->data_length[i] = c->from->data_length[i];
    for (uint32_t i = 0; i < m->nelems; i++) {
        const struct elem_refs *from = &c->from->elems[i];
        struct elem_refs *to = &c->to->elems[i];

        if (!from->n)
            continue;
        to->refs = store_alloc(c->to->store, from->n, sizeof(void *));
        if (!to->refs)
            return -E_NOMEM;
        for (uint32_t k = 0; k < from->n; k++)
            to->refs[k] = clone_ref(c, m->elems[i].vt, from->refs[k]);
        to->n = from->n;
    }
    return c->err;
}

int
engine_instance_clone(struct engine_store *to, struct engine_instance *i,
                      const struct engine_extern *imports,
                      struct engine_instance **out)
{
    struct clone c = {.from = i};
    int r;

    *out = NULL;
    c.to = instance_alloc(to, i->module);
    if (!c.to)
        return -E_NOMEM;
    if (!instance_link(c.to, imports, NULL)) {
        instance_abandon(c.to);
        return -E_INVAL;
    }
    if ((r = clone_memories(&c)) < 0 || (r = clone_tables(&c)) < 0 ||
        (r = clone_globals(&c)) < 0 || (r = clone_segments(&c)) < 0)
        return r; /* the store owns what was made */
    instance_set_hot(c.to);
    *out = c.to;
    return 0;
}
