/* SPDX-License-Identifier: Apache-2.0 */
/* Globals, tables, memories, tags; linking them. */
#include "capi_test.h"

#include "modules.h"

static void
test_globals(struct world *w)
{
    wasm_global_t *counter = wasm_extern_as_global(world_get(w, "counter"));
    wasm_global_t *constant = wasm_extern_as_global(world_get(w, "constant"));
    wasm_globaltype_t *type = wasm_global_type(counter);
    wasm_val_t v = WASM_I64_VAL(-7), wrong = i32_val(1), none;

    CHECK(wasm_valtype_kind(wasm_globaltype_content(type)) == WASM_I64);
    CHECK(wasm_globaltype_mutability(type) == WASM_VAR);
    CHECK(!wasm_global_new(w->store, type, &wrong));
    wasm_globaltype_delete(type);
    wasm_global_set(counter, &v);
    wasm_global_set(counter, &wrong); /* refused */
    wasm_global_get(counter, &none);
    CHECK(none.kind == WASM_I64 && none.of.i64 == -7);
    wasm_global_set(constant, &wrong); /* refused */
    wasm_global_get(constant, &none);
    CHECK(none.of.i32 == 42);
    v = i32_val(8);
    wasm_global_set(w->level, &v);
    CHECK(!call(world_func(w, "level"), 0, NULL, 1, &none));
    CHECK(none.of.i32 == 8);
}

static void
test_tables(struct world *w)
{
    wasm_table_t *t = wasm_extern_as_table(world_get(w, "table"));
    wasm_func_t *seven = world_func(w, "seven");
    wasm_foreign_t *foreign = wasm_foreign_new(w->store);
    wasm_tabletype_t *type;
    wasm_ref_t *r;

    CHECK(wasm_table_size(t) == 4 && !wasm_table_get(t, 0) &&
          !wasm_table_get(t, 4));
    r = wasm_table_get(t, 1);
    CHECK(wasm_ref_same(r, wasm_func_as_ref(seven)));
    CHECK(wasm_ref_as_func(r) == seven && !wasm_ref_as_table(r));
    CHECK(wasm_table_set(t, 0, r));
    wasm_ref_delete(r);
    CHECK(call_1(world_func(w, "call"), 0) == 7);
    CHECK(!wasm_table_set(t, 4, NULL));
    CHECK(!wasm_table_set(t, 0, wasm_foreign_as_ref(foreign)));
    CHECK(wasm_table_grow(t, 2, wasm_func_as_ref(seven)));
    CHECK(call_1(world_func(w, "call"), 5) == 7);
    CHECK(!wasm_table_grow(t, 3, NULL) && wasm_table_grow(t, 2, NULL));
    CHECK(!wasm_table_grow(t, UINT32_MAX, NULL) && wasm_table_size(t) == 8);
    type = wasm_table_type(t);
    CHECK(wasm_tabletype_limits(type)->min == 8 &&
          wasm_tabletype_limits(type)->max == 8);
    CHECK(!wasm_table_new(w->store, type, wasm_foreign_as_ref(foreign)));
    wasm_tabletype_delete(type);
    t = wasm_extern_as_table(world_get(w, "refs"));
    CHECK(wasm_table_set(t, 2, wasm_foreign_as_ref(foreign)));
    CHECK(wasm_table_set(t, 1, wasm_func_as_ref(seven)));
    wasm_foreign_delete(foreign);
    r = wasm_table_get(t, 2);
    CHECK(wasm_ref_as_foreign(r) == foreign);
    wasm_ref_delete(r);
    r = wasm_table_get(t, 1);
    CHECK(wasm_ref_as_func(r) == seven);
    wasm_ref_delete(r);
}

static void
test_hostile_sizes(wasm_store_t *s)
{
    wasm_limits_t l[] = {{UINT32_MAX, wasm_limits_max_default},
                         {65537, wasm_limits_max_default},
                         {2, 1},
                         {20000000, wasm_limits_max_default}};

    for (int i = 0; i < 4; i++) {
        wasm_tabletype_t *t =
            wasm_tabletype_new(wasm_valtype_new_externref(), &l[i]);
        wasm_memorytype_t *m = wasm_memorytype_new(&l[i]);
        wasm_table_t *table = wasm_table_new(s, t, NULL);

        CHECK(!wasm_memory_new(s, m));
        CHECK((table != NULL) == (i == 1));
        wasm_table_delete(table);
        wasm_tabletype_delete(t);
        wasm_memorytype_delete(m);
    }
}

static void
test_memories(struct world *w)
{
    wasm_memory_t *m = wasm_extern_as_memory(world_get(w, "memory"));
    wasm_limits_t limits = {1, 2};
    wasm_memorytype_t *type = wasm_memory_type(m);
    wasm_val_t one = i32_val(1), r;

    CHECK(wasm_memorytype_limits(type)->max == 3);
    wasm_memorytype_delete(type);
    CHECK(wasm_memory_size(m) == 1 &&
          wasm_memory_data_size(m) == MEMORY_PAGE_SIZE);
    wasm_memory_data(m)[100] = 77;
    CHECK(call_1(world_func(w, "load"), 100) == 77);
    CHECK(wasm_memory_grow(m, 1) && wasm_memory_size(m) == 2);
    CHECK(call_1(world_func(w, "load"), 100) == 77 &&
          call_1(world_func(w, "load"), 0x1ffff) == 0);
    CHECK(!call(world_func(w, "grow"), 1, &one, 1, &r) && r.of.i32 == 2);
    CHECK(wasm_memory_size(m) == 3 && !wasm_memory_grow(m, 1) &&
          !wasm_memory_grow(m, UINT32_MAX));
    type = wasm_memorytype_new(&limits);
    m = wasm_memory_new(w->store, type);
    wasm_memorytype_delete(type);
    CHECK(m && wasm_memory_size(m) == 1);
    wasm_memory_delete(m);
    test_hostile_sizes(w->store);
}

void
test_externs(void)
{
    struct world w;

    world_open(&w);
    CHECK(wasm_extern_kind(world_get(&w, "table")) == WASM_EXTERN_TABLE);
    CHECK(!wasm_extern_as_func(world_get(&w, "table")));
    CHECK(wasm_func_as_extern(world_func(&w, "seven")) ==
          world_get(&w, "seven"));
    test_globals(&w);
    test_tables(&w);
    test_memories(&w);
    world_close(&w);
}

/* ---- linking ---- */

static void
refuse(struct world *w, wasm_extern_t **imports, size_t n, const char *why)
{
    wasm_extern_vec_t v = {n, imports};
    wasm_trap_t *trap = NULL;

    CHECK(!wasm_instance_new(w->store, w->module, &v, &trap));
    CHECK(trap_says(trap, why));
    CHECK(!wasm_instance_new(w->store, w->module, &v, NULL));
}

void
test_linking(void)
{
    struct world w, other;
    wasm_extern_t *imports[4] = {0};
    wasm_byte_vec_t b = bytes_of(module_start, sizeof module_start);
    wasm_extern_vec_t none = WASM_EMPTY_VEC;
    wasm_module_t *m;
    wasm_trap_t *trap;
    wasm_frame_t *origin;

    world_open(&w);
    world_open(&other);
    CHECK(!wasm_instance_new(w.store, NULL, &none, &trap));
    CHECK(trap_says(trap, "no module"));
    refuse(&w, NULL, 0, "number of imports");
    refuse(&w, imports, 4, "NULL");
    for (int i = 0; i < 4; i++)
        imports[i] = wasm_func_as_extern(world_func(&w, "add"));
    refuse(&w, imports, 4, "pass"); /* the second does not fit */
    imports[0] = wasm_func_as_extern(world_func(&other, "add"));
    refuse(&w, imports, 4, "another store");
    imports[0] = wasm_global_as_extern(w.level);
    refuse(&w, imports, 4, "incompatible import");
    m = wasm_module_new(w.store, &b);
    CHECK(!wasm_instance_new(w.store, m, &none, &trap) && trap);
    origin = wasm_trap_origin(trap);
    CHECK(origin && wasm_frame_func_index(origin) == 0);
    wasm_frame_delete(origin);
    CHECK(trap_says(trap, "unreachable"));
    wasm_module_delete(m);
    world_close(&other);
    world_close(&w);
}

/* ---- tags ---- */

static wasm_trap_t *
throw_through(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    wasm_val_t v = i32_val(31);

    (void)args;
    (void)results;
    return call(*(wasm_func_t **)env, 1, &v, 0, NULL);
}

void
test_tags(void)
{
    struct world w;
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    wasm_tagtype_t *type =
        wasm_tagtype_new(wasm_functype_new_1_0(wasm_valtype_new_i32()));
    wasm_tagtype_t *bad =
        wasm_tagtype_new(wasm_functype_new_0_1(wasm_valtype_new_i32()));
    wasm_tag_t *tag = wasm_tag_new(store, type);
    wasm_func_t *throw = NULL;
    wasm_func_t *f =
        host_func(store, wasm_functype_new_0_0(), throw_through, &throw);
    wasm_byte_vec_t b = bytes_of(module_tags, sizeof module_tags);
    wasm_extern_t *imports[] = {wasm_tag_as_extern(tag),
                                wasm_func_as_extern(f)};
    wasm_extern_vec_t v = WASM_ARRAY_VEC(imports);
    wasm_val_t arg = i32_val(4);

    CHECK(!wasm_tag_new(store, bad));
    memset(&w, 0, sizeof w);
    w.engine = engine;
    w.store = store;
    w.module = wasm_module_new(store, &b);
    w.instance = wasm_instance_new(store, w.module, &v, NULL);
    wasm_instance_exports(w.instance, &w.exports);
    CHECK(wasm_extern_kind(w.exports.data[0]) == WASM_EXTERN_TAG);
    CHECK(wasm_tag_same(wasm_extern_as_tag(w.exports.data[0]), tag));
    wasm_tagtype_delete(type);
    type = wasm_tag_type(tag);
    CHECK(wasm_functype_params(wasm_tagtype_functype(type))->size == 1);
    throw = world_func(&w, "throw");
    CHECK(trap_says(call(throw, 1, &arg, 0, NULL), "uncaught exception"));
    /* an exception that reached the host is a trap from then on */
    CHECK(trap_says(call(world_func(&w, "catch"), 0, NULL, 1, &arg),
                    "uncaught exception"));
    wasm_tagtype_delete(type);
    wasm_tagtype_delete(bad);
    wasm_tag_delete(tag);
    wasm_func_delete(f);
    world_close(&w);
}
