/* SPDX-License-Identifier: Apache-2.0 */
/* The harness: see capi_test.h. */
#include "capi_test.h"

#include "modules.h"

static int passed, failed;

void
check(bool ok, const char *file, int line, const char *what)
{
    if (ok) {
        passed++;
        return;
    }
    failed++;
    printf("%s:%d: %s\n", file, line, what);
}

wasm_byte_vec_t
bytes_of(const void *p, size_t n)
{
    wasm_byte_vec_t v = {n, (wasm_byte_t *)(uintptr_t)p};

    return v;
}

wasm_trap_t *
call(wasm_func_t *f, size_t n, wasm_val_t *args, size_t r, wasm_val_t *results)
{
    wasm_val_vec_t a = {n, args}, b = {r, results};

    return wasm_func_call(f, &a, &b);
}

static int32_t
call_n(wasm_func_t *f, size_t n, wasm_val_t *args)
{
    wasm_val_t result = WASM_INIT_VAL;
    wasm_trap_t *t = call(f, n, args, 1, &result);

    CHECK(!t);
    CHECK(t || result.kind == WASM_I32);
    wasm_trap_delete(t);
    return t ? -1 : result.of.i32;
}

int32_t
call_1(wasm_func_t *f, int32_t a)
{
    wasm_val_t args[] = {i32_val(a)};

    return call_n(f, 1, args);
}

int32_t
call_2(wasm_func_t *f, int32_t a, int32_t b)
{
    wasm_val_t args[] = {i32_val(a), i32_val(b)};

    return call_n(f, 2, args);
}

bool
trap_says(wasm_trap_t *t, const char *text)
{
    wasm_message_t m;
    bool same;

    if (!t)
        return false;
    wasm_trap_message(t, &m);
    same = m.size && !m.data[m.size - 1] && strstr(m.data, text);
    if (!same)
        printf("the trap says: %s\n", m.data);
    wasm_name_delete(&m);
    wasm_trap_delete(t);
    return same;
}

/* ---- worlds ---- */

static wasm_trap_t *
add(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)env;
    results->data[0].of.i32 = args->data[0].of.i32 + args->data[1].of.i32;
    return NULL;
}

static wasm_trap_t *
pass(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)env;
    wasm_val_copy(&results->data[0], &args->data[0]);
    return NULL;
}

static wasm_trap_t *
swap(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)env;
    for (size_t i = 0; i < 4; i++)
        results->data[i] = args->data[3 - i];
    return NULL;
}

wasm_func_t *
host_func(wasm_store_t *s, wasm_functype_t *type,
          wasm_func_callback_with_env_t f, void *env)
{
    wasm_func_t *func = wasm_func_new_with_env(s, type, f, env, NULL);

    wasm_functype_delete(type);
    return func;
}

static wasm_functype_t *
swap_type(void)
{
    wasm_valtype_t *p[] = {wasm_valtype_new_i32(), wasm_valtype_new_i64(),
                           wasm_valtype_new_f32(), wasm_valtype_new_f64()};
    wasm_valtype_t *r[] = {wasm_valtype_new_f64(), wasm_valtype_new_f32(),
                           wasm_valtype_new_i64(), wasm_valtype_new_i32()};
    wasm_valtype_vec_t params, results;

    wasm_valtype_vec_new(&params, 4, p);
    wasm_valtype_vec_new(&results, 4, r);
    return wasm_functype_new(&params, &results);
}

static void
start(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->engine = wasm_engine_new();
    w->store = wasm_store_new(w->engine);
}

static void
load(struct world *w, const void *bytes, size_t size, wasm_extern_t **imports,
     size_t n)
{
    wasm_byte_vec_t binary = bytes_of(bytes, size);
    wasm_extern_vec_t v = {n, imports};

    w->module = wasm_module_new(w->store, &binary);
    w->instance = wasm_instance_new(w->store, w->module, &v, NULL);
    wasm_instance_exports(w->instance, &w->exports);
}

void
world_open_with(struct world *w, const void *bytes, size_t size,
                wasm_extern_t **imports, size_t n)
{
    start(w);
    load(w, bytes, size, imports, n);
}

void
world_open(struct world *w)
{
    wasm_globaltype_t *type =
        wasm_globaltype_new(wasm_valtype_new_i32(), WASM_VAR);
    wasm_val_t init = i32_val(3);
    wasm_func_t *f[3];
    wasm_extern_t *imports[4];

    start(w);
    f[0] = host_func(w->store,
                     wasm_functype_new_2_1(wasm_valtype_new_i32(),
                                           wasm_valtype_new_i32(),
                                           wasm_valtype_new_i32()),
                     add, NULL);
    f[1] = host_func(w->store,
                     wasm_functype_new_1_1(wasm_valtype_new_externref(),
                                           wasm_valtype_new_externref()),
                     pass, NULL);
    f[2] = host_func(w->store, swap_type(), swap, NULL);
    w->level = wasm_global_new(w->store, type, &init);
    wasm_globaltype_delete(type);
    for (int i = 0; i < 3; i++)
        imports[i] = wasm_func_as_extern(f[i]);
    imports[3] = wasm_global_as_extern(w->level);
    load(w, module_everything, sizeof module_everything, imports, 4);
    for (int i = 0; i < 3; i++)
        wasm_func_delete(f[i]);
}

void
world_close(struct world *w)
{
    wasm_extern_vec_delete(&w->exports);
    wasm_global_delete(w->level);
    wasm_instance_delete(w->instance);
    wasm_module_delete(w->module);
    wasm_store_delete(w->store);
    wasm_engine_delete(w->engine);
}

wasm_extern_t *
world_get(const struct world *w, const char *name)
{
    wasm_exporttype_vec_t types;
    wasm_extern_t *found = NULL;

    wasm_module_exports(w->module, &types);
    for (size_t i = 0; i < types.size; i++) {
        const wasm_name_t *n = wasm_exporttype_name(types.data[i]);

        if (n->size == strlen(name) && !memcmp(n->data, name, n->size))
            found = w->exports.data[i];
    }
    wasm_exporttype_vec_delete(&types);
    if (!found) {
        printf("there is no export %s\n", name);
        exit(1);
    }
    return found;
}

wasm_func_t *
world_func(const struct world *w, const char *name)
{
    return wasm_extern_as_func(world_get(w, name));
}

int
main(void)
{
    test_types();
    test_modules();
    test_serialize();
    test_calls();
    test_traps();
    test_bounds();
    test_externs();
    test_linking();
    test_refs();
    test_lifetimes();
    test_gc();
    test_tags();
    test_threads();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
