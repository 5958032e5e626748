/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values and references across the border. What a reference looks like on the
 * other side depends on the hierarchy of the type that is asked for:
 *
 *             func               extern                  any
 *   FUNC      struct engine_func *   the wasm_ref_t itself   that, converted
 *   REF_ANY   -                  the value, converted    the value
 *   REF_EXN   -                  the wasm_ref_t itself   that, converted
 *   others    -                  the wasm_ref_t itself   that, converted
 *
 * and exn takes REF_EXN only.
 */
#include "capi.h"

wasm_valkind_t
kind_of_type(struct engine_valtype t)
{
    switch (t.kind) {
    case ENGINE_I32:
        return WASM_I32;
    case ENGINE_I64:
        return WASM_I64;
    case ENGINE_F32:
        return WASM_F32;
    case ENGINE_F64:
        return WASM_F64;
    case ENGINE_V128:
        return WASM_V128;
    default:
        return engine_valtype_hierarchy(t) == ENGINE_HIERARCHY_FUNC
                   ? WASM_FUNCREF
                   : WASM_EXTERNREF;
    }
}

/* ---- keeping engine values alive ---- */

static const struct engine_valtype type_any = {
    .kind = ENGINE_REF, .nullable = true, .heap = -0x12};
static const struct engine_valtype type_exn = {
    .kind = ENGINE_REF, .nullable = true, .heap = -0x17};

/* Room for one more; the free list can then hold all indices. */
static bool
pins_grow(struct wasm_store_t *s, struct pins *p, struct engine_valtype t)
{
    uint32_t cap = p->cap ? p->cap * 2 : 16, *list;

    if (!p->table)
        p->table = engine_table_create(s->engine, t, 0, UINT32_MAX, false);
    if (!p->table || cap < p->cap)
        return false;
    list = realloc(p->free, cap * sizeof *list);
    if (!list)
        return false;
    p->free = list;
    if (engine_table_grow(p->table, cap - p->cap, NULL) == UINT64_MAX)
        return false;
    while (p->cap < cap)
        p->free[p->nfree++] = p->cap++;
    return true;
}

static struct wasm_ref_t *
intern_pinned(struct wasm_store_t *s, enum ref_kind kind, void *value)
{
    struct pins *p = kind == REF_ANY ? &s->any : &s->exn;
    struct wasm_ref_t *r;

    if (!p->nfree && !pins_grow(s, p, kind == REF_ANY ? type_any : type_exn))
        return NULL;
    r = ref_intern(s, kind, value);
    if (r && !r->pin) {
        r->pin = p->free[--p->nfree] + 1;
        engine_table_set(p->table, r->pin - 1, value);
    }
    return r;
}

void
value_unpin(struct wasm_ref_t *r)
{
    struct pins *p = r->kind == REF_ANY ? &r->store->any : &r->store->exn;

    if (!r->pin)
        return;
    engine_table_set(p->table, r->pin - 1, NULL);
    p->free[p->nfree++] = r->pin - 1;
    r->pin = 0;
}

/* ---- to the engine ---- */

static void *
to_extern(struct wasm_ref_t *r)
{
    if (r->kind == REF_ANY)
        return engine_ref_convert(r->object);
    ref_hold(r);
    return r;
}

bool
ref_to_engine(struct wasm_store_t *s, struct wasm_ref_t *r,
              struct engine_valtype t, void **out)
{
    *out = NULL;
    if (!r)
        return t.nullable;
    if (r->store != s)
        return false;
    switch (engine_valtype_hierarchy(t)) {
    case ENGINE_HIERARCHY_FUNC:
        if (r->kind != REF_FUNC)
            return false;
        *out = r->object;
        break;
    case ENGINE_HIERARCHY_EXTERN:
        *out = to_extern(r);
        break;
    case ENGINE_HIERARCHY_ANY:
        *out =
            r->kind == REF_ANY ? r->object : engine_ref_convert(to_extern(r));
        break;
    case ENGINE_HIERARCHY_EXN:
        if (r->kind != REF_EXN)
            return false;
        *out = r->object;
        break;
    case ENGINE_HIERARCHY_CONT:
        if (r->kind != REF_CONT)
            return false;
        *out = r->object;
        break;
    }
    return engine_ref_is(*out, t);
}

bool
val_to_engine(struct wasm_store_t *s, const wasm_val_t *v,
              struct engine_valtype t, union engine_value *out)
{
    wasm_valkind_t kind = kind_of_type(t);

    *out = (union engine_value){0};
    if (wasm_valkind_is_ref(kind))
        return wasm_valkind_is_ref(v->kind) &&
               ref_to_engine(s, v->of.ref, t, &out->ref);
    if (v->kind != kind)
        return false;
    switch (kind) {
    case WASM_I32:
        out->i32 = (uint32_t)v->of.i32;
        return true;
    case WASM_I64:
        out->i64 = (uint64_t)v->of.i64;
        return true;
    case WASM_F32:
        memcpy(&out->f32, &v->of.f32, sizeof out->f32);
        return true;
    case WASM_F64:
        memcpy(&out->f64, &v->of.f64, sizeof out->f64);
        return true;
    default:
        return false;
    }
}

/* ---- from the engine ---- */

bool
ref_from_engine(struct wasm_store_t *s, void *ref, struct engine_valtype t,
                struct wasm_ref_t **out)
{
    enum engine_hierarchy h = engine_valtype_hierarchy(t);

    *out = NULL;
    if (!ref)
        return true;
    if (h == ENGINE_HIERARCHY_FUNC) {
        *out = ref_intern(s, REF_FUNC, ref);
    } else if (h == ENGINE_HIERARCHY_EXN) {
        *out = intern_pinned(s, REF_EXN, ref);
    } else if (h == ENGINE_HIERARCHY_CONT) {
        *out = intern_pinned(s, REF_CONT, ref);
    } else {
        void *as_extern =
            h == ENGINE_HIERARCHY_EXTERN ? ref : engine_ref_convert(ref);

        if (engine_externref_is_host(as_extern)) {
            *out = as_extern;
            ref_own(*out);
        } else {
            *out = intern_pinned(s, REF_ANY, engine_ref_convert(as_extern));
        }
    }
    return *out != NULL;
}

bool
val_from_engine(struct wasm_store_t *s, union engine_value v,
                struct engine_valtype t, wasm_val_t *out)
{
    memset(out, 0, sizeof *out);
    out->kind = kind_of_type(t);
    switch (out->kind) {
    case WASM_I32:
        out->of.i32 = (int32_t)v.i32;
        return true;
    case WASM_I64:
        out->of.i64 = (int64_t)v.i64;
        return true;
    case WASM_F32:
        memcpy(&out->of.f32, &v.f32, sizeof v.f32);
        return true;
    case WASM_F64:
        memcpy(&out->of.f64, &v.f64, sizeof v.f64);
        return true;
    case WASM_V128:
        return true; /* no room for it: zero */
    default:
        return ref_from_engine(s, v.ref, t, &out->of.ref);
    }
}

/* ---- the public face ---- */

void
wasm_val_delete(wasm_val_t *v)
{
    if (!v || !wasm_valkind_is_ref(v->kind))
        return;
    wasm_ref_delete(v->of.ref);
    v->of.ref = NULL;
}

void
wasm_val_copy(wasm_val_t *out, const wasm_val_t *v)
{
    *out = *v;
    if (wasm_valkind_is_ref(v->kind))
        ref_own(v->of.ref);
}
