/* SPDX-License-Identifier: Apache-2.0 */
/* Calls both ways, and how they fail. */
#include "capi_test.h"

#include <pthread.h>
#include <unistd.h>

#include "modules.h"
#include "wasm_pith.h"

/* ---- calls ---- */

static void
test_multi_value(struct world *w)
{
    wasm_val_t args[] = {i32_val(-3), WASM_I64_VAL(INT64_MIN),
                         WASM_F32_VAL(1.5f), WASM_F64_VAL(-2.25)};
    wasm_val_t r[4];

    CHECK(!call(world_func(w, "swap"), 4, args, 4, r));
    CHECK(r[0].kind == WASM_F64 && r[0].of.f64 == -2.25);
    CHECK(r[1].kind == WASM_F32 && r[1].of.f32 == 1.5f);
    CHECK(r[2].kind == WASM_I64 && r[2].of.i64 == INT64_MIN);
    CHECK(r[3].kind == WASM_I32 && r[3].of.i32 == -3);
}

static void
test_bad_arguments(struct world *w)
{
    wasm_func_t *add = world_func(w, "add");
    wasm_val_t args[3] = {i32_val(1), WASM_I64_VAL(2), i32_val(3)};
    wasm_val_t r = i32_val(99);

    CHECK(trap_says(call(add, 1, args, 1, &r), "number of arguments"));
    CHECK(trap_says(call(add, 3, args, 1, &r), "number of arguments"));
    CHECK(trap_says(wasm_func_call(add, NULL, NULL), "number of arguments"));
    CHECK(trap_says(call(add, 2, args, 1, &r), "not of the parameter's type"));
    CHECK(trap_says(call(world_func(w, "v128"), 0, NULL, 1, &r), "v128"));
    CHECK(r.of.i32 == 99);
    args[1] = i32_val(2);
    CHECK(!call(add, 2, args, 0, NULL)); /* the result is dropped */
}

static wasm_trap_t *
recurse(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    wasm_val_t v[2] = {args->data[0], i32_val(0)};

    if (!v[0].of.i32)
        return NULL;
    v[0].of.i32--;
    results->data[0].of.i32 = -1;
    return call(*(wasm_func_t **)env, 2, v, 1, results->data);
}

/* host -> wasm -> host -> ..., within the engine's bound and beyond. */
static void
test_nesting(struct world *w)
{
    wasm_func_t *add = NULL, *level;
    wasm_val_t init = i32_val(0), v[2] = {i32_val(100), i32_val(0)}, r;
    wasm_importtype_vec_t types;
    wasm_extern_t *imports[4];
    wasm_extern_vec_t iv = WASM_ARRAY_VEC(imports), exports;
    wasm_instance_t *in;

    (void)init;
    wasm_module_imports(w->module, &types);
    level = NULL;
    for (int i = 0; i < 3; i++)
        imports[i] = wasm_func_as_extern(
            wasm_func_new_with_env(w->store,
                                   wasm_externtype_as_functype_const(
                                       wasm_importtype_type(types.data[i])),
                                   recurse, &add, NULL));
    imports[3] = wasm_global_as_extern(w->level);
    in = wasm_instance_new(w->store, w->module, &iv, NULL);
    wasm_instance_exports(in, &exports);
    for (size_t i = 0; i < exports.size && !add; i++) {
        level = wasm_extern_as_func(exports.data[i]);
        if (level && wasm_func_param_arity(level) == 2)
            add = level;
    }
    CHECK(!call(add, 2, v, 1, &r) && r.of.i32 == 0);
    v[0].of.i32 = 100000;
    CHECK(trap_says(call(add, 2, v, 1, &r), "call stack exhausted"));
    for (int i = 0; i < 3; i++)
        wasm_extern_delete(imports[i]);
    wasm_instance_delete(in);
    wasm_extern_vec_delete(&exports);
    wasm_importtype_vec_delete(&types);
}

void
test_calls(void)
{
    struct world w;
    wasm_func_t *add, *seven, *copy;
    wasm_functype_t *t;

    world_open(&w);
    add = world_func(&w, "add");
    seven = world_func(&w, "seven");
    CHECK(call_2(add, 40, 2) == 42);
    CHECK(wasm_func_param_arity(add) == 2 && wasm_func_result_arity(add) == 1);
    t = wasm_func_type(add);
    CHECK(wasm_functype_params(t)->size == 2);
    wasm_functype_delete(t);
    copy = wasm_func_copy(add);
    CHECK(wasm_func_same(copy, add) && !wasm_func_same(copy, seven));
    wasm_func_delete(copy);
    test_multi_value(&w);
    test_bad_arguments(&w);
    test_nesting(&w);
    world_close(&w);
}

/* ---- traps ---- */

static void
test_trap_frames(struct world *w)
{
    wasm_val_t v = i32_val(2);
    wasm_trap_t *t = call(world_func(w, "deep"), 1, &v, 0, NULL);
    wasm_frame_vec_t trace, copies;
    wasm_frame_t *origin;

    CHECK(t != NULL);
    origin = wasm_trap_origin(t);
    wasm_trap_trace(t, &trace);
    CHECK(origin && trace.size == 3);
    wasm_frame_vec_copy(&copies, &trace);
    CHECK(wasm_instance_same(wasm_frame_instance(origin), w->instance));
    CHECK(wasm_frame_func_index(origin) ==
          wasm_frame_func_index(copies.data[2]));
    /* unreachable is the byte 0x00, the others are at their call, 0x10 */
    CHECK(module_everything[wasm_frame_module_offset(origin)] == 0x00);
    CHECK(module_everything[wasm_frame_module_offset(copies.data[1])] == 0x10);
    CHECK(wasm_frame_func_offset(origin) <
          wasm_frame_func_offset(trace.data[2]));
    CHECK(wasm_frame_module_offset(trace.data[2]) -
              wasm_frame_module_offset(origin) ==
          wasm_frame_func_offset(trace.data[2]) -
              wasm_frame_func_offset(origin));
    /* body: no locals, then local.get 0 i32.eqz if unreachable */
    CHECK(wasm_frame_func_offset(origin) == 6);
    wasm_frame_delete(origin);
    wasm_frame_vec_delete(&trace);
    wasm_frame_vec_delete(&copies);
    CHECK(trap_says(t, "unreachable"));
}

static wasm_trap_t *
fail(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    struct world *w = env;
    wasm_message_t m;
    wasm_trap_t *t;

    (void)args;
    (void)results;
    wasm_name_new_from_string(&m, "the host says no"); /* without NUL */
    t = wasm_trap_new(w->store, &m);
    wasm_name_delete(&m);
    wasm_trap_set_host_info(t, env);
    return t;
}

static wasm_trap_t *
lie(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)env;
    (void)args;
    results->data[0].kind = WASM_F32;
    return NULL;
}

/* module_tags calls its second import from "catch". */
static wasm_trap_t *
call_through_wasm(struct world *w, wasm_func_callback_with_env_t f,
                  wasm_functype_t *type, const char *via)
{
    wasm_func_t *func = host_func(w->store, type, f, w);
    wasm_table_t *t = wasm_extern_as_table(world_get(w, "table"));
    wasm_val_t v = i32_val(3), r;

    CHECK(wasm_table_set(t, 3, wasm_func_as_ref(func)));
    wasm_func_delete(func);
    return call(world_func(w, via), 1, &v, 1, &r);
}

static void
test_host_traps(struct world *w)
{
    wasm_trap_t *t = call_through_wasm(
        w, fail, wasm_functype_new_0_1(wasm_valtype_new_i32()), "call");
    wasm_frame_vec_t trace;

    CHECK(t && wasm_trap_get_host_info(t) == w); /* the same object */
    wasm_trap_trace(t, &trace);
    CHECK(trace.size == 1);
    CHECK(module_everything[wasm_frame_module_offset(trace.data[0])] == 0x11);
    wasm_frame_vec_delete(&trace);
    CHECK(trap_says(t, "the host says no"));
    t = call_through_wasm(w, lie, wasm_functype_new_0_1(wasm_valtype_new_i32()),
                          "call");
    CHECK(trap_says(t, "not of its result type"));
    t = call_through_wasm(w, lie, wasm_functype_new_0_1(wasm_valtype_new_i64()),
                          "call");
    CHECK(trap_says(t, "indirect call type mismatch"));
}

void
test_traps(void)
{
    struct world w;
    wasm_val_t v[2] = {i32_val(1), i32_val(0)};
    wasm_trap_t *t;
    wasm_message_t none = WASM_EMPTY_VEC;

    world_open(&w);
    test_trap_frames(&w);
    test_host_traps(&w);
    CHECK(trap_says(call(world_func(&w, "div"), 2, v, 0, NULL),
                    "integer divide by zero"));
    CHECK(trap_says(call(world_func(&w, "call"), 1, v + 1, 0, NULL),
                    "uninitialized element"));
    v[0].of.i32 = 70000;
    CHECK(trap_says(call(world_func(&w, "load"), 1, v, 0, NULL),
                    "out of bounds memory access"));
    CHECK(trap_says(call(world_func(&w, "forever"), 0, NULL, 0, NULL),
                    "call stack exhausted"));
    t = wasm_trap_new(w.store, &none);
    CHECK(!wasm_trap_origin(t));
    CHECK(trap_says(t, ""));
    CHECK(call_2(world_func(&w, "add"), 1, 2) == 3); /* all is well again */
    world_close(&w);
}

/* ---- bounds (wasm_pith.h) ---- */

/* Whom to interrupt, once his thread has worked for so long that he spins. */
struct victim {
    wasm_store_t *store;
    clockid_t cpu;
    long until_ms;
};

static long
cpu_ms(clockid_t clock)
{
    struct timespec t = {0};

    CHECK(clock_gettime(clock, &t) == 0);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *
interrupt(void *arg)
{
    struct victim *v = arg;

    for (int i = 0; i < 60000 && cpu_ms(v->cpu) < v->until_ms; i++)
        usleep(1000);
    wasm_store_interrupt(v->store);
    return NULL;
}

static void
test_interrupt(void)
{
    struct world w;
    struct victim v;
    pthread_t thread;
    wasm_trap_t *t;
    wasm_frame_t *origin;

    world_open_with(&w, module_spin, sizeof module_spin, NULL, 0);
    v.store = w.store;
    CHECK(pthread_getcpuclockid(pthread_self(), &v.cpu) == 0);
    v.until_ms = cpu_ms(v.cpu) + 100;
    pthread_create(&thread, NULL, interrupt, &v);
    t = call(world_func(&w, "spin"), 0, NULL, 0, NULL);
    pthread_join(thread, NULL);
    origin = wasm_trap_origin(t);
    CHECK(origin &&
          wasm_instance_same(wasm_frame_instance(origin), w.instance));
    wasm_frame_delete(origin);
    CHECK(trap_says(t, "interrupted"));
    wasm_store_interrupt(w.store); /* before it runs */
    CHECK(trap_says(call(world_func(&w, "spin"), 0, NULL, 0, NULL),
                    "interrupted"));
    world_close(&w);
}

void
test_bounds(void)
{
    wasm_config_t *c = wasm_config_new();
    wasm_limits_t limits = {17, 100};
    wasm_byte_vec_t b = bytes_of(module_spin, sizeof module_spin);
    wasm_memorytype_t *type = wasm_memorytype_new(&limits);
    wasm_tabletype_t *ttype =
        wasm_tabletype_new(wasm_valtype_new_funcref(), &limits);
    struct world w = {0};
    wasm_extern_vec_t none = WASM_EMPTY_VEC;

    wasm_config_limit_memory(c, 1 << 20);
    wasm_config_limit_tables(c, 16);
    wasm_config_limit_fuel(c, 1000000);
    w.engine = wasm_engine_new_with_config(c);
    w.store = wasm_store_new(w.engine);
    CHECK(!wasm_memory_new(w.store, type));
    CHECK(!wasm_table_new(w.store, ttype, NULL));
    w.module = wasm_module_new(w.store, &b);
    w.instance = wasm_instance_new(w.store, w.module, &none, NULL);
    wasm_instance_exports(w.instance, &w.exports);
    CHECK(trap_says(call(world_func(&w, "spin"), 0, NULL, 0, NULL),
                    "out of fuel"));
    wasm_memorytype_delete(type);
    wasm_tabletype_delete(ttype);
    world_close(&w);
    test_interrupt();
}
