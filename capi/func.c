/* SPDX-License-Identifier: Apache-2.0 */
/* Functions: made by the host, called from wasm; and the other way round. */
#include "capi.h"

#define FEW 8 /* values that need no allocation */

/* ---- wasm calls the host ---- */

/* One argument, as the engine passes it. */
static union engine_value
from_slot(struct engine_valtype t, uint64_t slot)
{
    union engine_value v = {0};

    if (t.kind == ENGINE_REF)
        v.ref = (void *)(uintptr_t)slot;
    else if (t.kind == ENGINE_I32 || t.kind == ENGINE_F32)
        v.i32 = (uint32_t)slot;
    else
        v.i64 = slot;
    return v;
}

static uint64_t
to_slot(struct engine_valtype t, const union engine_value *v)
{
    if (t.kind == ENGINE_REF)
        return (uintptr_t)v->ref;
    return t.kind == ENGINE_I32 || t.kind == ENGINE_F32 ? v->i32 : v->i64;
}

static bool
args_from_slots(struct host_func *f, const uint64_t *slots, wasm_val_t *args)
{
    for (uint32_t i = 0; i < f->type->nparams; i++) {
        struct engine_valtype t = f->type->params[i];

        if (!val_from_engine(f->store, from_slot(t, slots[i]), t, &args[i]))
            return false;
    }
    return true;
}

static bool
results_to_slots(struct host_func *f, const wasm_val_t *results,
                 uint64_t *slots)
{
    for (uint32_t i = 0; i < f->type->nresults; i++) {
        struct engine_valtype t = f->type->results[i];
        union engine_value v;

        if (!val_to_engine(f->store, &results[i], t, &v))
            return false;
        slots[i] = to_slot(t, &v);
    }
    return true;
}

static void
delete_all(wasm_val_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        wasm_val_delete(&v[i]);
}

static enum engine_status
run_callback(struct host_func *f, wasm_val_t *args, wasm_val_t *results,
             uint64_t *slots)
{
    const wasm_val_vec_t a = {f->type->nparams, args};
    wasm_val_vec_t r = {f->type->nresults, results};
    wasm_trap_t *trap;
    bool fits;

    trap = f->with_env ? f->with_env(f->env, &a, &r) : f->plain(&a, &r);
    if (trap)
        return trap_throw(f->store, trap);
    fits = results_to_slots(f, results, slots);
    delete_all(results, f->type->nresults);
    if (fits)
        return ENGINE_OK;
    return trap_throw(
        f->store, trap_from_text(f->store, "a host function returned a value "
                                           "that is not of its result type"));
}

static enum engine_status
call_host(struct engine_store *engine, struct engine_instance *caller,
          void *env, uint64_t *slots)
{
    struct host_func *f = env;
    uint32_t np = f->type->nparams, nr = f->type->nresults;
    wasm_val_t few[FEW] = {{0}}, *v = few;
    enum engine_status st = ENGINE_NO_MEMORY;

    (void)engine;
    (void)caller;
    if (np + nr > FEW)
        v = calloc(np + nr, sizeof *v);
    if (!v)
        return ENGINE_NO_MEMORY;
    for (uint32_t i = 0; i < nr; i++)
        v[np + i].kind = kind_of_type(f->type->results[i]);
    if (args_from_slots(f, slots, v))
        st = run_callback(f, v, v + np, slots);
    delete_all(v, np);
    if (v != few)
        free(v);
    return st;
}

/* Fill f and make its function; false: out of memory or v128 in the type. */
static struct engine_func *
make(struct host_func *f, const wasm_functype_t *type)
{
    struct engine_func *func = NULL;
    struct engine_valtype *types;
    struct engine_functype t;

    if (!functype_to_engine(type, &t, &types))
        return NULL;
    if (!engine_functype_has_v128(&t))
        func = engine_func_host(f->store->engine, &t, call_host, f);
    free(types);
    return func;
}

static wasm_func_t *
func_new(const struct host_func *like, const wasm_functype_t *type)
{
    struct wasm_store_t *s = like->store;
    struct host_func *f = malloc(sizeof *f);
    struct engine_func *func;
    struct wasm_ref_t *r = NULL;

    if (f) {
        *f = *like;
        func = make(f, type);
        r = func ? ref_intern(s, REF_FUNC, func) : NULL;
        if (r)
            f->type = engine_func_type(func);
    }
    if (!r) {
        free(f); /* nobody has the engine's function, so nobody calls it */
        return NULL;
    }
    f->next = s->funcs;
    s->funcs = f;
    return (wasm_func_t *)r;
}

wasm_func_t *
wasm_func_new(wasm_store_t *s, const wasm_functype_t *type,
              wasm_func_callback_t callback)
{
    return func_new(&(struct host_func){.store = s, .plain = callback}, type);
}

wasm_func_t *
wasm_func_new_with_env(wasm_store_t *s, const wasm_functype_t *type,
                       wasm_func_callback_with_env_t callback, void *env,
                       void (*finalizer)(void *))
{
    return func_new(&(struct host_func){.store = s,
                                        .with_env = callback,
                                        .env = env,
                                        .finalizer = finalizer},
                    type);
}

/* ---- looking at functions ---- */

wasm_functype_t *
wasm_func_type(const wasm_func_t *f)
{
    const struct engine_func *func = ref_object(f);

    return func ? functype_from_engine(engine_func_type(func)) : NULL;
}

size_t
wasm_func_param_arity(const wasm_func_t *f)
{
    const struct engine_func *func = ref_object(f);

    return func ? engine_func_type(func)->nparams : 0;
}

size_t
wasm_func_result_arity(const wasm_func_t *f)
{
    const struct engine_func *func = ref_object(f);

    return func ? engine_func_type(func)->nresults : 0;
}

/* ---- the host calls wasm ---- */

static const char *
refuse_shape(const struct engine_functype *t, const wasm_val_vec_t *args)
{
    if (engine_functype_has_v128(t))
        return "v128 has no value in this interface";
    if ((args ? args->size : 0) != t->nparams)
        return "wrong number of arguments";
    return NULL;
}

static bool
take_results(struct wasm_store_t *s, const struct engine_functype *t,
             const union engine_value *v, wasm_val_vec_t *results)
{
    size_t n = results ? results->size : 0;
    bool ok = true;

    if (n > t->nresults)
        n = t->nresults;
    for (size_t i = 0; i < n; i++)
        ok &= val_from_engine(s, v[i], t->results[i], &results->data[i]);
    if (!ok)
        delete_all(results->data, n);
    return ok;
}

static wasm_trap_t *
call(struct wasm_store_t *s, struct engine_func *func, union engine_value *v,
     const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    const struct engine_functype *t = engine_func_type(func);
    enum engine_status st;

    for (uint32_t i = 0; i < t->nparams; i++)
        if (!val_to_engine(s, &args->data[i], t->params[i], &v[i]))
            return trap_from_text(s, "an argument is not of the "
                                     "parameter's type");
    st = engine_call(s->engine, func, v, v + t->nparams);
    if (st == ENGINE_OK && !take_results(s, t, v + t->nparams, results))
        st = ENGINE_NO_MEMORY;
    return st == ENGINE_OK ? NULL : trap_from_engine(s, st, NULL);
}

wasm_trap_t *
wasm_func_call(const wasm_func_t *f, const wasm_val_vec_t *args,
               wasm_val_vec_t *results)
{
    struct engine_func *func = ref_object(f);
    struct wasm_store_t *s = ref_of(f)->store;
    union engine_value few[FEW], *v = few;
    const struct engine_functype *t;
    const char *why;
    wasm_trap_t *trap;

    if (!func)
        return trap_from_text(NULL, "the function's store has ended");
    t = engine_func_type(func);
    why = refuse_shape(t, args);
    if (why)
        return trap_from_text(s, why);
    if (t->nparams + t->nresults > FEW)
        v = calloc(t->nparams + t->nresults, sizeof *v);
    if (!v)
        return trap_from_text(s, engine_status_text(ENGINE_NO_MEMORY));
    store_enter(s);
    trap = call(s, func, v, args, results);
    if (v != few)
        free(v);
    return trap;
}
