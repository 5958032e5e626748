/* SPDX-License-Identifier: Apache-2.0 */
/* Types of externs in general, of imports and of exports. */
#include "capi.h"

struct wasm_importtype_t {
    wasm_name_t module, name;
    wasm_externtype_t *type;
};

struct wasm_exporttype_t {
    wasm_name_t name;
    wasm_externtype_t *type;
};

/* ---- externs ---- */

wasm_externkind_t
wasm_externtype_kind(const wasm_externtype_t *t)
{
    return t->kind;
}

#define EXTERNTYPE(name, KIND)                                                 \
    wasm_externtype_t *wasm_##name##_as_externtype(wasm_##name##_t *t)         \
    {                                                                          \
        return (wasm_externtype_t *)t;                                         \
    }                                                                          \
    wasm_##name##_t *wasm_externtype_as_##name(wasm_externtype_t *t)           \
    {                                                                          \
        return t && t->kind == KIND ? (wasm_##name##_t *)t : NULL;             \
    }                                                                          \
    const wasm_externtype_t *wasm_##name##_as_externtype_const(                \
        const wasm_##name##_t *t)                                              \
    {                                                                          \
        return (const wasm_externtype_t *)t;                                   \
    }                                                                          \
    const wasm_##name##_t *wasm_externtype_as_##name##_const(                  \
        const wasm_externtype_t *t)                                            \
    {                                                                          \
        return t && t->kind == KIND ? (const wasm_##name##_t *)t : NULL;       \
    }
EXTERNTYPE(functype, WASM_EXTERN_FUNC)
EXTERNTYPE(globaltype, WASM_EXTERN_GLOBAL)
EXTERNTYPE(tabletype, WASM_EXTERN_TABLE)
EXTERNTYPE(memorytype, WASM_EXTERN_MEMORY)
EXTERNTYPE(tagtype, WASM_EXTERN_TAG)

void
wasm_externtype_delete(wasm_externtype_t *t)
{
    if (!t)
        return;
    switch (t->kind) {
    case WASM_EXTERN_FUNC:
        wasm_functype_delete(wasm_externtype_as_functype(t));
        break;
    case WASM_EXTERN_GLOBAL:
        wasm_globaltype_delete(wasm_externtype_as_globaltype(t));
        break;
    case WASM_EXTERN_TABLE:
        wasm_tabletype_delete(wasm_externtype_as_tabletype(t));
        break;
    case WASM_EXTERN_MEMORY:
        wasm_memorytype_delete(wasm_externtype_as_memorytype(t));
        break;
    default:
        wasm_tagtype_delete(wasm_externtype_as_tagtype(t));
    }
}

wasm_externtype_t *
wasm_externtype_copy(const wasm_externtype_t *t)
{
    if (!t)
        return NULL;
    switch (t->kind) {
    case WASM_EXTERN_FUNC:
        return wasm_functype_as_externtype(
            wasm_functype_copy(wasm_externtype_as_functype_const(t)));
    case WASM_EXTERN_GLOBAL:
        return wasm_globaltype_as_externtype(
            wasm_globaltype_copy(wasm_externtype_as_globaltype_const(t)));
    case WASM_EXTERN_TABLE:
        return wasm_tabletype_as_externtype(
            wasm_tabletype_copy(wasm_externtype_as_tabletype_const(t)));
    case WASM_EXTERN_MEMORY:
        return wasm_memorytype_as_externtype(
            wasm_memorytype_copy(wasm_externtype_as_memorytype_const(t)));
    default:
        return wasm_tagtype_as_externtype(
            wasm_tagtype_copy(wasm_externtype_as_tagtype_const(t)));
    }
}

/* ---- imports ---- */

static wasm_name_t
take(wasm_name_t *n)
{
    wasm_name_t taken = {0, NULL};

    if (n) {
        taken = *n;
        wasm_name_new_empty(n);
    }
    return taken;
}

wasm_importtype_t *
wasm_importtype_new(wasm_name_t *module, wasm_name_t *name,
                    wasm_externtype_t *type)
{
    wasm_importtype_t *t = type ? calloc(1, sizeof *t) : NULL;
    wasm_name_t m = take(module), n = take(name);

    if (!t) {
        wasm_name_delete(&m);
        wasm_name_delete(&n);
        wasm_externtype_delete(type);
        return NULL;
    }
    t->module = m;
    t->name = n;
    t->type = type;
    return t;
}

void
wasm_importtype_delete(wasm_importtype_t *t)
{
    if (!t)
        return;
    wasm_name_delete(&t->module);
    wasm_name_delete(&t->name);
    wasm_externtype_delete(t->type);
    free(t);
}

wasm_importtype_t *
wasm_importtype_copy(const wasm_importtype_t *t)
{
    wasm_name_t module, name;

    if (!t)
        return NULL;
    wasm_name_copy(&module, &t->module);
    wasm_name_copy(&name, &t->name);
    return wasm_importtype_new(&module, &name, wasm_externtype_copy(t->type));
}

const wasm_name_t *
wasm_importtype_module(const wasm_importtype_t *t)
{
    return &t->module;
}

const wasm_name_t *
wasm_importtype_name(const wasm_importtype_t *t)
{
    return &t->name;
}

const wasm_externtype_t *
wasm_importtype_type(const wasm_importtype_t *t)
{
    return t->type;
}

/* ---- exports ---- */

wasm_exporttype_t *
wasm_exporttype_new(wasm_name_t *name, wasm_externtype_t *type)
{
    wasm_exporttype_t *t = type ? calloc(1, sizeof *t) : NULL;
    wasm_name_t n = take(name);

    if (!t) {
        wasm_name_delete(&n);
        wasm_externtype_delete(type);
        return NULL;
    }
    t->name = n;
    t->type = type;
    return t;
}

void
wasm_exporttype_delete(wasm_exporttype_t *t)
{
    if (!t)
        return;
    wasm_name_delete(&t->name);
    wasm_externtype_delete(t->type);
    free(t);
}

wasm_exporttype_t *
wasm_exporttype_copy(const wasm_exporttype_t *t)
{
    wasm_name_t name;

    if (!t)
        return NULL;
    wasm_name_copy(&name, &t->name);
    return wasm_exporttype_new(&name, wasm_externtype_copy(t->type));
}

const wasm_name_t *
wasm_exporttype_name(const wasm_exporttype_t *t)
{
    return &t->name;
}

const wasm_externtype_t *
wasm_exporttype_type(const wasm_exporttype_t *t)
{
    return t->type;
}
