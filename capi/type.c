/* SPDX-License-Identifier: Apache-2.0 */
/* Types of values, functions, globals, tables, memories and tags. The five of
 * externs begin with struct wasm_externtype_t. */
#include "capi.h"

struct wasm_functype_t {
    struct wasm_externtype_t head;
    wasm_valtype_vec_t params, results;
};

struct wasm_globaltype_t {
    struct wasm_externtype_t head;
    wasm_valtype_t *content;
    wasm_mutability_t mutability;
};

struct wasm_tabletype_t {
    struct wasm_externtype_t head;
    wasm_valtype_t *element;
    wasm_limits_t limits;
    uint64_t min,
        max; /* as the engine has them; limits are as near as can be */
    bool is64;
};

struct wasm_memorytype_t {
    struct wasm_externtype_t head;
    wasm_limits_t limits;
    uint64_t min, max;
    bool is64, shared;
};

struct wasm_tagtype_t {
    struct wasm_externtype_t head;
    wasm_functype_t *functype;
};

static wasm_valtype_vec_t
take(wasm_valtype_vec_t *v)
{
    wasm_valtype_vec_t taken = {0, NULL};

    if (v) {
        taken = *v;
        wasm_valtype_vec_new_empty(v);
    }
    return taken;
}

/* ---- values ---- */

wasm_valtype_t *
valtype_from_engine(struct engine_valtype t)
{
    wasm_valtype_t *v = calloc(1, sizeof *v);

    if (!v)
        return NULL;
    v->type = t;
    engine_valtype_hold(t);
    return v;
}

wasm_valtype_t *
wasm_valtype_new(wasm_valkind_t kind)
{
    switch (kind) {
    case WASM_I32:
        return valtype_from_engine((struct engine_valtype){.kind = ENGINE_I32});
    case WASM_I64:
        return valtype_from_engine((struct engine_valtype){.kind = ENGINE_I64});
    case WASM_F32:
        return valtype_from_engine((struct engine_valtype){.kind = ENGINE_F32});
    case WASM_F64:
        return valtype_from_engine((struct engine_valtype){.kind = ENGINE_F64});
    case WASM_V128:
        return valtype_from_engine(
            (struct engine_valtype){.kind = ENGINE_V128});
    case WASM_EXTERNREF:
        return valtype_from_engine(TYPE_EXTERNREF);
    case WASM_FUNCREF:
        return valtype_from_engine(TYPE_FUNCREF);
    default:
        return NULL;
    }
}

void
wasm_valtype_delete(wasm_valtype_t *t)
{
    if (t)
        engine_valtype_release(t->type);
    free(t);
}

wasm_valtype_t *
wasm_valtype_copy(const wasm_valtype_t *t)
{
    return t ? valtype_from_engine(t->type) : NULL;
}

wasm_valkind_t
wasm_valtype_kind(const wasm_valtype_t *t)
{
    return kind_of_type(t->type);
}

/* ---- functions ---- */

static bool
complete(const wasm_valtype_vec_t *v)
{
    for (size_t i = 0; i < v->size; i++)
        if (!v->data[i])
            return false;
    return true;
}

wasm_functype_t *
wasm_functype_new(wasm_valtype_vec_t *params, wasm_valtype_vec_t *results)
{
    wasm_functype_t *t = calloc(1, sizeof *t);
    wasm_valtype_vec_t p = take(params), r = take(results);

    if (!t || !complete(&p) || !complete(&r)) {
        wasm_valtype_vec_delete(&p);
        wasm_valtype_vec_delete(&r);
        free(t);
        return NULL;
    }
    t->head.kind = WASM_EXTERN_FUNC;
    t->params = p;
    t->results = r;
    return t;
}

void
wasm_functype_delete(wasm_functype_t *t)
{
    if (!t)
        return;
    wasm_valtype_vec_delete(&t->params);
    wasm_valtype_vec_delete(&t->results);
    free(t);
}

wasm_functype_t *
wasm_functype_copy(const wasm_functype_t *t)
{
    wasm_valtype_vec_t p, r;

    if (!t)
        return NULL;
    wasm_valtype_vec_copy(&p, &t->params);
    wasm_valtype_vec_copy(&r, &t->results);
    if (p.size == t->params.size && r.size == t->results.size)
        return wasm_functype_new(&p, &r);
    wasm_valtype_vec_delete(&p);
    wasm_valtype_vec_delete(&r);
    return NULL;
}

const wasm_valtype_vec_t *
wasm_functype_params(const wasm_functype_t *t)
{
    return &t->params;
}

const wasm_valtype_vec_t *
wasm_functype_results(const wasm_functype_t *t)
{
    return &t->results;
}

static bool
vec_from_engine(wasm_valtype_vec_t *out, uint32_t n,
                const struct engine_valtype *types)
{
    wasm_valtype_vec_new_uninitialized(out, n);
    for (size_t i = 0; i < out->size; i++)
        out->data[i] = valtype_from_engine(types[i]);
    return out->size == n;
}

wasm_functype_t *
functype_from_engine(const struct engine_functype *t)
{
    wasm_valtype_vec_t p, r;
    bool ok = vec_from_engine(&p, t->nparams, t->params);

    if (vec_from_engine(&r, t->nresults, t->results) && ok)
        return wasm_functype_new(&p, &r);
    wasm_valtype_vec_delete(&p);
    wasm_valtype_vec_delete(&r);
    return NULL;
}

bool
functype_to_engine(const wasm_functype_t *t, struct engine_functype *out,
                   struct engine_valtype **params)
{
    size_t np = t->params.size, nr = t->results.size;
    struct engine_valtype *v;

    *params = NULL;
    if (np > UINT16_MAX || nr > UINT16_MAX)
        return false;
    v = calloc(np + nr + 1, sizeof *v);
    if (!v)
        return false;
    for (size_t i = 0; i < np; i++)
        v[i] = t->params.data[i]->type;
    for (size_t i = 0; i < nr; i++)
        v[np + i] = t->results.data[i]->type;
    out->nparams = (uint32_t)np;
    out->nresults = (uint32_t)nr;
    out->params = v;
    out->results = v + np;
    *params = v;
    return true;
}

/* ---- globals ---- */

wasm_globaltype_t *
wasm_globaltype_new(wasm_valtype_t *content, wasm_mutability_t mutability)
{
    wasm_globaltype_t *t = content ? calloc(1, sizeof *t) : NULL;

    if (!t) {
        wasm_valtype_delete(content);
        return NULL;
    }
    t->head.kind = WASM_EXTERN_GLOBAL;
    t->content = content;
    t->mutability = mutability;
    return t;
}

void
wasm_globaltype_delete(wasm_globaltype_t *t)
{
    if (t)
        wasm_valtype_delete(t->content);
    free(t);
}

wasm_globaltype_t *
wasm_globaltype_copy(const wasm_globaltype_t *t)
{
    return t ? wasm_globaltype_new(wasm_valtype_copy(t->content), t->mutability)
             : NULL;
}

const wasm_valtype_t *
wasm_globaltype_content(const wasm_globaltype_t *t)
{
    return t->content;
}

wasm_mutability_t
wasm_globaltype_mutability(const wasm_globaltype_t *t)
{
    return t->mutability;
}

/* ---- tables and memories ---- */

static uint32_t
clamp(uint64_t n)
{
    return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static uint64_t
max_of(const wasm_limits_t *l)
{
    return l->max == wasm_limits_max_default ? UINT64_MAX : l->max;
}

wasm_tabletype_t *
wasm_tabletype_new(wasm_valtype_t *element, const wasm_limits_t *limits)
{
    wasm_tabletype_t *t = NULL;

    if (element && wasm_valtype_is_ref(element))
        t = calloc(1, sizeof *t);
    if (!t) {
        wasm_valtype_delete(element);
        return NULL;
    }
    t->head.kind = WASM_EXTERN_TABLE;
    t->element = element;
    t->limits = *limits;
    t->min = limits->min;
    t->max = max_of(limits);
    return t;
}

void
wasm_tabletype_delete(wasm_tabletype_t *t)
{
    if (t)
        wasm_valtype_delete(t->element);
    free(t);
}

wasm_tabletype_t *
wasm_tabletype_copy(const wasm_tabletype_t *t)
{
    struct engine_port p;

    if (!t)
        return NULL;
    p = port_of_table(t);
    return wasm_externtype_as_tabletype(externtype_from_port(&p));
}

const wasm_valtype_t *
wasm_tabletype_element(const wasm_tabletype_t *t)
{
    return t->element;
}

const wasm_limits_t *
wasm_tabletype_limits(const wasm_tabletype_t *t)
{
    return &t->limits;
}

struct engine_port
port_of_table(const wasm_tabletype_t *t)
{
    return (struct engine_port){.kind = ENGINE_TABLE,
                                .type = t->element->type,
                                .min = t->min,
                                .max = t->max,
                                .is64 = t->is64};
}

wasm_memorytype_t *
wasm_memorytype_new(const wasm_limits_t *limits)
{
    wasm_memorytype_t *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->head.kind = WASM_EXTERN_MEMORY;
    t->limits = *limits;
    t->min = limits->min;
    t->max = max_of(limits);
    return t;
}

void
wasm_memorytype_delete(wasm_memorytype_t *t)
{
    free(t);
}

wasm_memorytype_t *
wasm_memorytype_copy(const wasm_memorytype_t *t)
{
    wasm_memorytype_t *copy = t ? malloc(sizeof *copy) : NULL;

    if (copy)
        *copy = *t;
    return copy;
}

const wasm_limits_t *
wasm_memorytype_limits(const wasm_memorytype_t *t)
{
    return &t->limits;
}

struct engine_port
port_of_memory(const wasm_memorytype_t *t)
{
    return (struct engine_port){.kind = ENGINE_MEMORY,
                                .min = t->min,
                                .max = t->max,
                                .is64 = t->is64,
                                .shared = t->shared};
}

/* ---- tags ---- */

wasm_tagtype_t *
wasm_tagtype_new(wasm_functype_t *functype)
{
    wasm_tagtype_t *t = functype ? calloc(1, sizeof *t) : NULL;

    if (!t) {
        wasm_functype_delete(functype);
        return NULL;
    }
    t->head.kind = WASM_EXTERN_TAG;
    t->functype = functype;
    return t;
}

void
wasm_tagtype_delete(wasm_tagtype_t *t)
{
    if (t)
        wasm_functype_delete(t->functype);
    free(t);
}

wasm_tagtype_t *
wasm_tagtype_copy(const wasm_tagtype_t *t)
{
    return t ? wasm_tagtype_new(wasm_functype_copy(t->functype)) : NULL;
}

const wasm_functype_t *
wasm_tagtype_functype(const wasm_tagtype_t *t)
{
    return t->functype;
}

/* ---- from the engine ---- */

static wasm_externtype_t *
table_from_port(const struct engine_port *p)
{
    wasm_limits_t limits = {clamp(p->min), clamp(p->max)};
    wasm_tabletype_t *t =
        wasm_tabletype_new(valtype_from_engine(p->type), &limits);

    if (!t)
        return NULL;
    t->min = p->min;
    t->max = p->max;
    t->is64 = p->is64;
    return &t->head;
}

static wasm_externtype_t *
memory_from_port(const struct engine_port *p)
{
    wasm_limits_t limits = {clamp(p->min), clamp(p->max)};
    wasm_memorytype_t *t = wasm_memorytype_new(&limits);

    if (!t)
        return NULL;
    t->min = p->min;
    t->max = p->max;
    t->is64 = p->is64;
    t->shared = p->shared;
    return &t->head;
}

wasm_externtype_t *
externtype_from_port(const struct engine_port *p)
{
    switch (p->kind) {
    case ENGINE_FUNC:
        return wasm_functype_as_externtype(functype_from_engine(p->functype));
    case ENGINE_GLOBAL:
        return wasm_globaltype_as_externtype(wasm_globaltype_new(
            valtype_from_engine(p->type), p->mutable_ ? WASM_VAR : WASM_CONST));
    case ENGINE_TABLE:
        return table_from_port(p);
    case ENGINE_MEMORY:
        return memory_from_port(p);
    case ENGINE_TAG:
        return wasm_tagtype_as_externtype(
            wasm_tagtype_new(functype_from_engine(p->functype)));
    }
    return NULL;
}
