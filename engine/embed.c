/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an embedder does to objects from outside: look at their types, read,
 * write and grow them, and pass references in and out.
 */
#include "gc.h"
#include "runtime.h"

#include "limits.h"

/* ---- types ---- */

bool
engine_functype_has_v128(const struct engine_functype *t)
{
    for (uint32_t i = 0; i < t->nparams; i++)
        if (t->params[i].kind == ENGINE_V128)
            return true;
    for (uint32_t i = 0; i < t->nresults; i++)
        if (t->results[i].kind == ENGINE_V128)
            return true;
    return false;
}

void
engine_extern_type(const struct engine_extern *e, struct engine_port *out)
{
    *out = (struct engine_port){.kind = e->kind, .max = UINT64_MAX};
    switch (e->kind) {
    case ENGINE_FUNC:
        out->functype = engine_func_type(e->func);
        break;
    case ENGINE_TAG:
        out->functype = &type_get(e->tag->type)->functype;
        break;
    case ENGINE_TABLE:
        out->type = vt_public(e->table->vt);
        out->min = e->table->size;
        out->max = e->table->declared_max;
        out->is64 = e->table->is64;
        break;
    case ENGINE_MEMORY:
        out->min = memory_bytes(e->memory) >> e->memory->page_shift;
        out->max = e->memory->declared_max;
        out->is64 = e->memory->is64;
        out->shared = e->memory->shared;
        break;
    case ENGINE_GLOBAL:
        out->type = engine_global_type(e->global, &out->mutable_);
        break;
    }
}

void
engine_valtype_hold(struct engine_valtype t)
{
    if (t.kind == ENGINE_REF && t.heap >= 0)
        type_hold((uint32_t)t.heap);
}

void
engine_valtype_release(struct engine_valtype t)
{
    if (t.kind == ENGINE_REF && t.heap >= 0)
        type_release((uint32_t)t.heap);
}

enum engine_hierarchy
engine_valtype_hierarchy(struct engine_valtype t)
{
    switch (heap_top(vt_heap(vt_from_public(t)))) {
    case HEAP_FUNC:
        return ENGINE_HIERARCHY_FUNC;
    case HEAP_EXTERN:
        return ENGINE_HIERARCHY_EXTERN;
    case HEAP_EXN:
        return ENGINE_HIERARCHY_EXN;
    case HEAP_CONT:
        return ENGINE_HIERARCHY_CONT;
    default:
        return ENGINE_HIERARCHY_ANY;
    }
}

/* ---- references ---- */

bool
engine_ref_is(const void *ref, struct engine_valtype t)
{
    if (!ref)
        return t.nullable;
    return gc_ref_is((uintptr_t)ref, vt_heap(vt_from_public(t)));
}

void *
engine_ref_convert(void *ref)
{
    uintptr_t v = (uintptr_t)ref;

    return (void *)(v && !(v & 1) ? v ^ 2 : v);
}

bool
engine_externref_is_host(const void *ref)
{
    return ((uintptr_t)ref & 3) == 0;
}

/* ---- objects ---- */

uint64_t
engine_memory_grow(struct engine_memory *m, uint64_t pages)
{
    return memory_grow(m, pages);
}

bool
engine_table_get(const struct engine_table *t, uint64_t i, void **out)
{
    if (i >= t->size)
        return false;
    *out = t->elems[i];
    return true;
}

bool
engine_table_set(struct engine_table *t, uint64_t i, void *ref)
{
    if (i >= t->size)
        return false;
    t->elems[i] = ref;
    return true;
}

uint64_t
engine_table_grow(struct engine_table *t, uint64_t n, void *init)
{
    return table_grow(t, n, init);
}

struct engine_tag *
engine_tag_create(struct engine_store *s, const struct engine_functype *type)
{
    struct engine_tag *t = store_alloc(s, 1, sizeof *t);
    uint32_t id;

    if (!t || type_intern_public(type, &id) < 0)
        return NULL;
    if (!store_hold_type(s, id)) {
        type_release(id);
        return NULL;
    }
    t->type = id;
    return t;
}

/* ---- modules ---- */

const uint8_t *
engine_module_bytes(const struct engine_module *m, size_t *size)
{
    *size = m->size;
    return m->bytes;
}

uint32_t
engine_module_body(const struct engine_module *m, uint32_t func)
{
    if (func < m->nfuncs_imported || func >= m->nfuncs)
        return 0;
    return m->code[func - m->nfuncs_imported].body;
}

/* ---- what a store refers to ---- */

struct visit {
    void (*f)(void *ctx, uint64_t word);
    void *ctx;
};

static void
visit_words(const struct visit *v, const uint64_t *words, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        v->f(v->ctx, words[i]);
}

static void
visit_pointers(const struct visit *v, void *const *pointers, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        v->f(v->ctx, (uintptr_t)pointers[i]);
}

void
instance_visit(const struct engine_instance *in,
               void (*f)(void *ctx, uint64_t word), void *ctx)
{
    const struct visit v = {f, ctx};

    visit_words(&v, in->global_values, in->module->global_slots);
    for (uint32_t i = 0; in->elems && i < in->module->nelems; i++)
        visit_pointers(&v, in->elems[i].refs, in->elems[i].n);
}

void
engine_store_visit(struct engine_store *s, void (*f)(void *ctx, uint64_t word),
                   void *ctx)
{
    const struct visit v = {f, ctx};

    visit_words(&v, s->stack, (uint64_t)(s->sp - s->stack));
    for (struct engine_instance *in = s->instances; in; in = in->next)
        if (!load_is_leaving(in))
            instance_visit(in, f, ctx);
    for (struct engine_global *g = s->globals; g; g = g->next)
        f(ctx, g->own.u64);
    for (struct engine_table *t = s->tables; t; t = t->next)
        visit_pointers(&v, t->elems, t->size);
    for (struct exception *e = s->exceptions; e; e = e->next)
        visit_words(&v, e->slots, e->nslots);
    gc_visit(s->gc, f, ctx);
}
