/* SPDX-License-Identifier: Apache-2.0 */
/* Globals, tables, memories, tags, and externs in general. */
#include "capi.h"

struct engine_extern
ref_extern(const struct wasm_ref_t *r)
{
    static const enum engine_kind kinds[] = {
        [REF_FUNC] = ENGINE_FUNC,   [REF_GLOBAL] = ENGINE_GLOBAL,
        [REF_TABLE] = ENGINE_TABLE, [REF_MEMORY] = ENGINE_MEMORY,
        [REF_TAG] = ENGINE_TAG,
    };
    struct engine_extern e = {.kind = kinds[r->kind]};

    e.func = r->object;
    return e;
}

struct wasm_ref_t *
ref_from_extern(struct wasm_store_t *s, const struct engine_extern *e)
{
    static const enum ref_kind kinds[] = {
        [ENGINE_FUNC] = REF_FUNC,   [ENGINE_GLOBAL] = REF_GLOBAL,
        [ENGINE_TABLE] = REF_TABLE, [ENGINE_MEMORY] = REF_MEMORY,
        [ENGINE_TAG] = REF_TAG,
    };

    return ref_intern(s, kinds[e->kind], e->func);
}

wasm_externkind_t
wasm_extern_kind(const wasm_extern_t *e)
{
    return ref_of(e)->kind; /* the same order */
}

wasm_externtype_t *
wasm_extern_type(const wasm_extern_t *ref)
{
    struct engine_extern e;
    struct engine_port p;

    if (!ref_object(ref))
        return NULL;
    e = ref_extern(ref_of(ref));
    engine_extern_type(&e, &p);
    return externtype_from_port(&p);
}

static struct engine_port
port_of(const void *ref)
{
    struct engine_extern e = ref_extern(ref);
    struct engine_port p;

    engine_extern_type(&e, &p);
    return p;
}

/* ---- globals ---- */

wasm_global_t *
wasm_global_new(wasm_store_t *s, const wasm_globaltype_t *type,
                const wasm_val_t *init)
{
    struct engine_valtype t = wasm_globaltype_content(type)->type;
    union engine_value v;

    if (!val_to_engine(s, init, t, &v))
        return NULL;
    return (wasm_global_t *)ref_intern(
        s, REF_GLOBAL,
        engine_global_create(s->engine, t,
                             wasm_globaltype_mutability(type) == WASM_VAR, v));
}

wasm_globaltype_t *
wasm_global_type(const wasm_global_t *g)
{
    return wasm_externtype_as_globaltype(
        wasm_extern_type(wasm_global_as_extern_const(g)));
}

void
wasm_global_get(const wasm_global_t *g, wasm_val_t *out)
{
    const struct engine_global *global = ref_object(g);

    *out = (wasm_val_t)WASM_INIT_VAL;
    if (global)
        val_from_engine(ref_of(g)->store, engine_global_get(global),
                        engine_global_type(global, NULL), out);
}

void
wasm_global_set(wasm_global_t *g, const wasm_val_t *from)
{
    struct engine_global *global = ref_object(g);
    struct engine_valtype t;
    union engine_value v;
    bool mutable_;

    if (!global)
        return;
    t = engine_global_type(global, &mutable_);
    if (mutable_ && val_to_engine(ref_of(g)->store, from, t, &v))
        engine_global_set(global, v);
}

/* ---- tables ---- */

wasm_table_t *
wasm_table_new(wasm_store_t *s, const wasm_tabletype_t *type, wasm_ref_t *init)
{
    struct engine_port p = port_of_table(type);
    struct engine_table *t;
    void *ref;

    if (p.min > p.max || !ref_to_engine(s, init, p.type, &ref))
        return NULL;
    t = engine_table_create(s->engine, p.type, 0, p.max, p.is64);
    if (!t || engine_table_grow(t, p.min, ref) == UINT64_MAX)
        return NULL; /* if there is one, it is the store's */
    return (wasm_table_t *)ref_intern(s, REF_TABLE, t);
}

wasm_tabletype_t *
wasm_table_type(const wasm_table_t *t)
{
    return wasm_externtype_as_tabletype(
        wasm_extern_type(wasm_table_as_extern_const(t)));
}

wasm_ref_t *
wasm_table_get(const wasm_table_t *t, wasm_table_size_t i)
{
    const struct engine_table *table = ref_object(t);
    struct wasm_ref_t *ref;
    void *elem;

    if (!table || !engine_table_get(table, i, &elem))
        return NULL;
    ref_from_engine(ref_of(t)->store, elem, port_of(t).type, &ref);
    return ref;
}

bool
wasm_table_set(wasm_table_t *t, wasm_table_size_t i, wasm_ref_t *from)
{
    struct engine_table *table = ref_object(t);
    void *ref;

    return table &&
           ref_to_engine(ref_of(t)->store, from, port_of(t).type, &ref) &&
           engine_table_set(table, i, ref);
}

wasm_table_size_t
wasm_table_size(const wasm_table_t *t)
{
    const struct engine_table *table = ref_object(t);
    uint64_t n = table ? engine_table_size(table) : 0;

    return n > UINT32_MAX ? UINT32_MAX : (wasm_table_size_t)n;
}

bool
wasm_table_grow(wasm_table_t *t, wasm_table_size_t delta, wasm_ref_t *init)
{
    struct engine_table *table = ref_object(t);
    void *ref;

    return table &&
           ref_to_engine(ref_of(t)->store, init, port_of(t).type, &ref) &&
           engine_table_grow(table, delta, ref) != UINT64_MAX;
}

/* ---- memories ---- */

wasm_memory_t *
wasm_memory_new(wasm_store_t *s, const wasm_memorytype_t *type)
{
    struct engine_port p = port_of_memory(type);
    struct engine_memory *m;

    if (p.min > p.max || (p.shared && p.max == UINT64_MAX))
        return NULL;
    if (!p.is64 && (p.min > 65536 || (p.max != UINT64_MAX && p.max > 65536)))
        return NULL;
    m = p.shared ? engine_memory_create_shared(s->engine, p.min, p.max, p.is64)
                 : engine_memory_create(s->engine, p.min, p.max, p.is64);
    return (wasm_memory_t *)ref_intern(s, REF_MEMORY, m);
}

wasm_memorytype_t *
wasm_memory_type(const wasm_memory_t *m)
{
    return wasm_externtype_as_memorytype(
        wasm_extern_type(wasm_memory_as_extern_const(m)));
}

byte_t *
wasm_memory_data(wasm_memory_t *m)
{
    struct engine_memory *memory = ref_object(m);

    return memory ? (byte_t *)engine_memory_base(memory) : NULL;
}

size_t
wasm_memory_data_size(const wasm_memory_t *m)
{
    const struct engine_memory *memory = ref_object(m);

    return memory ? (size_t)engine_memory_size(memory) : 0;
}

wasm_memory_pages_t
wasm_memory_size(const wasm_memory_t *m)
{
    return (wasm_memory_pages_t)(wasm_memory_data_size(m) / MEMORY_PAGE_SIZE);
}

bool
wasm_memory_grow(wasm_memory_t *m, wasm_memory_pages_t delta)
{
    struct engine_memory *memory = ref_object(m);

    return memory && engine_memory_grow(memory, delta) != UINT64_MAX;
}

/* ---- tags ---- */

wasm_tag_t *
wasm_tag_new(wasm_store_t *s, const wasm_tagtype_t *type)
{
    struct engine_valtype *types;
    struct engine_functype t;
    struct engine_tag *tag;

    /* of exceptions; continuations' tags, which have results, are not wasm.h's */
    if (wasm_functype_results(wasm_tagtype_functype(type))->size != 0 ||
        !functype_to_engine(wasm_tagtype_functype(type), &t, &types))
        return NULL;
    tag = engine_tag_create(s->engine, &t);
    free(types);
    return (wasm_tag_t *)ref_intern(s, REF_TAG, tag);
}

wasm_tagtype_t *
wasm_tag_type(const wasm_tag_t *t)
{
    return wasm_externtype_as_tagtype(
        wasm_extern_type(wasm_tag_as_extern_const(t)));
}
