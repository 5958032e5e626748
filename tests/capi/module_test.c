/* SPDX-License-Identifier: Apache-2.0 */
/* Types, and modules before they run: what they need and offer, bad bytes,
 * serialization, sharing between threads. */
#include "capi_test.h"

#include <pthread.h>

#include "modules.h"

/* ---- types ---- */

static void
test_functype(void)
{
    wasm_functype_t *t = wasm_functype_new_3_2(
        wasm_valtype_new_i32(), wasm_valtype_new_externref(),
        wasm_valtype_new(WASM_V128), wasm_valtype_new_f64(),
        wasm_valtype_new_funcref());
    wasm_functype_t *copy = wasm_functype_copy(t);
    const wasm_valtype_vec_t *p, *r;
    wasm_externtype_t *e;

    wasm_functype_delete(t);
    p = wasm_functype_params(copy);
    r = wasm_functype_results(copy);
    CHECK(p->size == 3 && r->size == 2);
    CHECK(wasm_valtype_kind(p->data[0]) == WASM_I32);
    CHECK(wasm_valtype_kind(p->data[1]) == WASM_EXTERNREF);
    CHECK(wasm_valtype_is_num(p->data[2]) && wasm_valtype_is_ref(r->data[1]));
    CHECK(wasm_valtype_kind(r->data[1]) == WASM_FUNCREF);
    e = wasm_functype_as_externtype(copy);
    CHECK(wasm_externtype_kind(e) == WASM_EXTERN_FUNC);
    CHECK(wasm_externtype_as_functype(e) == copy);
    CHECK(!wasm_externtype_as_globaltype(e) &&
          !wasm_externtype_as_tagtype_const(e));
    wasm_externtype_delete(e);
    CHECK(!wasm_valtype_new(77));
}

static void
test_others(void)
{
    wasm_limits_t limits = {2, wasm_limits_max_default};
    wasm_tabletype_t *t =
        wasm_tabletype_new(wasm_valtype_new_funcref(), &limits);
    wasm_externtype_t *copy =
        wasm_externtype_copy(wasm_tabletype_as_externtype_const(t));
    wasm_externtype_t *list[2];
    wasm_externtype_vec_t v, w;
    wasm_importtype_t *im, *im2;
    wasm_name_t module, name;

    CHECK(wasm_tabletype_limits(wasm_externtype_as_tabletype(copy))->max ==
          wasm_limits_max_default);
    CHECK(!wasm_tabletype_new(wasm_valtype_new_i32(), &limits));
    list[0] = wasm_tabletype_as_externtype(t);
    list[1] = wasm_memorytype_as_externtype(wasm_memorytype_new(&limits));
    wasm_externtype_vec_new(&v, 2, list);
    wasm_externtype_vec_copy(&w, &v);
    wasm_externtype_vec_delete(&v);
    CHECK(w.size == 2 && v.size == 0 &&
          wasm_externtype_kind(w.data[1]) == WASM_EXTERN_MEMORY);
    wasm_externtype_vec_delete(&w);
    wasm_name_new_from_string(&module, "env");
    wasm_name_new_from_string_nt(&name, "x");
    im = wasm_importtype_new(&module, &name, copy);
    im2 = wasm_importtype_copy(im);
    wasm_importtype_delete(im);
    CHECK(wasm_importtype_module(im2)->size == 3 &&
          wasm_importtype_name(im2)->size == 2);
    CHECK(wasm_externtype_kind(wasm_importtype_type(im2)) == WASM_EXTERN_TABLE);
    wasm_importtype_delete(im2);
}

void
test_types(void)
{
    wasm_extern_vec_t none;

    test_functype();
    test_others();
    wasm_extern_vec_new_uninitialized(&none, 5);
    CHECK(none.size == 5 && !none.data[4]);
    wasm_extern_vec_delete(&none);
    wasm_extern_vec_new_uninitialized(&none, SIZE_MAX / 2);
    CHECK(none.size == 0 && !none.data);
}

/* ---- modules ---- */

void
test_modules(void)
{
    wasm_engine_t *engine = wasm_engine_new_with_config(wasm_config_new());
    wasm_store_t *store = wasm_store_new(engine);
    wasm_byte_vec_t b = bytes_of(module_everything, sizeof module_everything);
    wasm_module_t *m = wasm_module_new(store, &b);
    wasm_importtype_vec_t im;
    wasm_exporttype_vec_t ex;
    size_t valid = 0;

    CHECK(m && wasm_module_validate(store, &b));
    wasm_module_imports(m, &im);
    CHECK(im.size == 4);
    CHECK(!memcmp(wasm_importtype_name(im.data[1])->data, "pass", 4));
    CHECK(wasm_externtype_kind(wasm_importtype_type(im.data[3])) ==
          WASM_EXTERN_GLOBAL);
    wasm_module_exports(m, &ex);
    CHECK(ex.size == 20);
    CHECK(wasm_globaltype_mutability(wasm_externtype_as_globaltype_const(
              wasm_exporttype_type(ex.data[1]))) == WASM_CONST);
    CHECK(wasm_tabletype_limits(wasm_externtype_as_tabletype_const(
                                    wasm_exporttype_type(ex.data[2])))
              ->max == 8);
    CHECK(wasm_memorytype_limits(wasm_externtype_as_memorytype_const(
                                     wasm_exporttype_type(ex.data[4])))
              ->max == 3);
    wasm_importtype_vec_delete(&im);
    wasm_exporttype_vec_delete(&ex);
    wasm_module_delete(m);
    for (size_t n = 0; n < sizeof module_everything; n++) {
        b.size = n;
        valid += wasm_module_validate(store, &b);
        m = wasm_module_new(store, &b);
        valid += m != NULL;
        wasm_module_delete(m);
    }
    /* the header, that and the types, that and the imports; counted twice */
    CHECK(valid == 6);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
}

void
test_serialize(void)
{
    struct world w;
    wasm_byte_vec_t out, cut;
    wasm_module_t *m;
    wasm_exporttype_vec_t ex;
    size_t accepted = 0;

    world_open(&w);
    wasm_module_serialize(w.module, &out);
    CHECK(out.size > sizeof module_everything);
    m = wasm_module_deserialize(w.store, &out);
    CHECK(m != NULL);
    wasm_module_exports(m, &ex);
    CHECK(ex.size == w.exports.size);
    wasm_exporttype_vec_delete(&ex);
    wasm_module_delete(m);
    cut = out;
    for (cut.size = 0; cut.size < out.size; cut.size++)
        accepted += wasm_module_deserialize(w.store, &cut) != NULL;
    for (size_t i = 0; i < out.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            out.data[i] = (wasm_byte_t)(out.data[i] ^ 1 << bit);
            accepted += wasm_module_deserialize(w.store, &out) != NULL;
            out.data[i] = (wasm_byte_t)(out.data[i] ^ 1 << bit);
        }
    CHECK(accepted == 0);
    wasm_byte_vec_delete(&out);
    out = bytes_of(module_everything, sizeof module_everything);
    CHECK(!wasm_module_deserialize(w.store, &out));
    world_close(&w);
}

/* ---- threads ---- */

struct job {
    pthread_t thread;
    wasm_engine_t *engine;
    const wasm_shared_module_t *shared;
    int32_t seen, sum;
    bool trapped;
};

static wasm_trap_t *
count(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    struct job *j = env;

    (void)results;
    j->seen++;
    j->sum += args->data[0].of.i32;
    return NULL;
}

/* Only the imports that module_everything takes; add counts. */
static wasm_instance_t *
instantiate(struct job *j, wasm_store_t *s, wasm_module_t *m)
{
    wasm_importtype_vec_t types;
    wasm_extern_t *imports[4];
    wasm_extern_vec_t v = WASM_ARRAY_VEC(imports);
    wasm_instance_t *in;
    wasm_val_t one = i32_val(1);

    wasm_module_imports(m, &types);
    for (size_t i = 0; i < 4; i++) {
        const wasm_externtype_t *t = wasm_importtype_type(types.data[i]);

        imports[i] =
            i < 3
                ? wasm_func_as_extern(wasm_func_new_with_env(
                      s, wasm_externtype_as_functype_const(t), count, j, NULL))
                : wasm_global_as_extern(wasm_global_new(
                      s, wasm_externtype_as_globaltype_const(t), &one));
    }
    in = wasm_instance_new(s, m, &v, NULL);
    for (size_t i = 0; i < 4; i++)
        wasm_extern_delete(imports[i]);
    wasm_importtype_vec_delete(&types);
    return in;
}

static void *
run_job(void *arg)
{
    struct job *j = arg;
    struct world w = {0};
    wasm_val_t v[2] = {i32_val(5), i32_val(0)};

    w.engine = wasm_engine_new();
    w.store = wasm_store_new(j->engine);
    w.module = wasm_module_obtain(w.store, j->shared);
    w.instance = instantiate(j, w.store, w.module);
    wasm_instance_exports(w.instance, &w.exports);
    for (int i = 0; i < 200; i++) {
        wasm_val_t r;
        wasm_trap_t *t = call(world_func(&w, "add"), 2, v, 1, &r);

        j->trapped |= t != NULL;
        wasm_trap_delete(t);
    }
    v[0].of.i32 = 1 << 30;
    j->trapped |= !trap_says(call(world_func(&w, "load"), 1, v, 0, NULL),
                             "out of bounds memory access");
    world_close(&w);
    return NULL;
}

void
test_threads(void)
{
    struct job jobs[8] = {0};
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    wasm_byte_vec_t b = bytes_of(module_everything, sizeof module_everything);
    wasm_module_t *m = wasm_module_new(store, &b);
    wasm_shared_module_t *shared = wasm_module_share(m);

    wasm_module_delete(m);
    wasm_store_delete(store);
    for (int i = 0; i < 8; i++) {
        jobs[i].engine = engine;
        jobs[i].shared = shared;
        pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(jobs[i].thread, NULL);
        CHECK(jobs[i].seen == 200 && jobs[i].sum == 1000 && !jobs[i].trapped);
    }
    wasm_shared_module_delete(shared);
    wasm_engine_delete(engine);
}
