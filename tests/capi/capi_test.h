/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of libpith-wasm, from outside: they include wasm.h only. A test is a
 * function; CHECK counts and goes on. struct world is a store with one module
 * of modules.h in it.
 */
#ifndef TESTS_CAPI_H
#define TESTS_CAPI_H

#include <stdio.h>
#include <stdlib.h>

#include "wasm.h"

void check(bool ok, const char *file, int line, const char *what);
#define CHECK(e) check((e), __FILE__, __LINE__, #e)

struct world {
    wasm_engine_t *engine;
    wasm_store_t *store;
    wasm_module_t *module;
    wasm_instance_t *instance;
    wasm_extern_vec_t exports;
    wasm_global_t *level; /* host.level */
};

/* module_everything, its imports given. */
void world_open(struct world *w);
/* Any module; imports are borrowed. */
void world_open_with(struct world *w, const void *bytes, size_t size,
                     wasm_extern_t **imports, size_t n);
void world_close(struct world *w);
/* An export, borrowed. */
wasm_extern_t *world_get(const struct world *w, const char *name);
wasm_func_t *world_func(const struct world *w, const char *name);

wasm_byte_vec_t bytes_of(const void *p, size_t n); /* borrowed */
/* Call with n arguments and room for r results. */
wasm_trap_t *call(wasm_func_t *f, size_t n, wasm_val_t *args, size_t r,
                  wasm_val_t *results);
/* The i32 that f(a) and f(a, b) return; -1 and a failed CHECK on a trap. */
int32_t call_1(wasm_func_t *f, int32_t a);
int32_t call_2(wasm_func_t *f, int32_t a, int32_t b);
/* Ends t. */
bool trap_says(wasm_trap_t *t, const char *text);
wasm_func_t *host_func(wasm_store_t *s, wasm_functype_t *own_type,
                       wasm_func_callback_with_env_t f, void *env);

static inline wasm_val_t
i32_val(int32_t v)
{
    wasm_val_t val = {.kind = WASM_I32, .of = {.i32 = v}};

    return val;
}

static inline wasm_val_t
ref_val(wasm_ref_t *r)
{
    wasm_val_t val = {.kind = WASM_EXTERNREF, .of = {.ref = r}};

    return val;
}

void test_types(void);
void test_modules(void);
void test_serialize(void);
void test_calls(void);
void test_traps(void);
void test_bounds(void);
void test_externs(void);
void test_linking(void);
void test_refs(void);
void test_lifetimes(void);
void test_gc(void);
void test_tags(void);
void test_threads(void);

#endif
