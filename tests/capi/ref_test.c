/* SPDX-License-Identifier: Apache-2.0 */
/* References: identity, host information, finalizers, the order of ends. */
#include "capi_test.h"

#include "modules.h"

static int finalized;

static void
finalize(void *info)
{
    CHECK(info != NULL);
    finalized++;
}

/* ref through a wasm function; owned. */
static wasm_ref_t *
through(const struct world *w, const char *name, wasm_ref_t *ref)
{
    wasm_val_t v = ref_val(ref), r = WASM_INIT_VAL;
    wasm_trap_t *t = call(world_func(w, name), 1, &v, 1, &r);

    CHECK(!t);
    wasm_trap_delete(t);
    return r.of.ref;
}

static void
keep(const struct world *w, wasm_ref_t *ref)
{
    wasm_val_t v = ref_val(ref);

    CHECK(!call(world_func(w, "keep"), 1, &v, 0, NULL));
}

void
test_refs(void)
{
    struct world w, other;
    wasm_foreign_t *foreign;
    wasm_ref_t *r, *all[4];
    wasm_val_t v;

    world_open(&w);
    world_open(&other);
    foreign = wasm_foreign_new(w.store);
    all[0] = NULL;
    all[1] = wasm_foreign_as_ref(foreign);
    all[2] = wasm_func_as_ref(world_func(&w, "add"));
    all[3] = wasm_instance_as_ref(w.instance);
    for (int i = 0; i < 4; i++) {
        r = through(&w, "pass", all[i]);
        CHECK(r == all[i]);
        wasm_ref_delete(r);
    }
    r = through(&w, "func", all[2]);
    CHECK(wasm_ref_as_func(r) == world_func(&w, "add"));
    wasm_ref_delete(r);
    v = ref_val(all[1]);
    CHECK(trap_says(call(world_func(&w, "func"), 1, &v, 1, &v),
                    "not of the parameter's type"));
    CHECK(trap_says(call(world_func(&other, "pass"), 1, &v, 1, &v),
                    "not of the parameter's type"));
    keep(&w, all[1]);
    wasm_foreign_delete(foreign);
    CHECK(!call(world_func(&w, "kept"), 0, NULL, 1, &v));
    CHECK(v.of.ref == all[1]);
    wasm_val_delete(&v);
    world_close(&other);
    world_close(&w);
}

/* ---- ends ---- */

static void
test_foreign_ends(struct world *w)
{
    wasm_foreign_t *f = wasm_foreign_new(w->store), *g;
    int info;

    finalized = 0;
    wasm_foreign_set_host_info_with_finalizer(f, &info, finalize);
    g = wasm_foreign_copy(f);
    CHECK(wasm_foreign_get_host_info(g) == &info);
    wasm_foreign_delete(f);
    CHECK(finalized == 0);
    wasm_foreign_delete(g);
    CHECK(finalized == 1); /* wasm never had it */
    f = wasm_foreign_new(w->store);
    wasm_foreign_set_host_info_with_finalizer(f, &info, finalize);
    wasm_foreign_set_host_info_with_finalizer(f, &finalized, finalize);
    CHECK(finalized == 2);
    keep(w, wasm_foreign_as_ref(f));
    wasm_foreign_delete(f);
    CHECK(finalized == 2); /* wasm has it */
}

static int ended;

static void
end_one(void *info)
{
    (void)info;
    ended++;
}

/* What wasm code has let go of ends before the store does. */
static void
test_let_go(struct world *w)
{
    wasm_table_t *t = wasm_extern_as_table(world_get(w, "refs"));
    wasm_foreign_t *first = wasm_foreign_new(w->store);
    int refused = 0;
    wasm_ref_t *r;

    wasm_foreign_set_host_info(first, w);
    CHECK(wasm_table_set(t, 0, wasm_foreign_as_ref(first)));
    wasm_foreign_delete(first);
    for (int i = 0; i < 10000; i++) {
        wasm_foreign_t *f = wasm_foreign_new(w->store);

        wasm_foreign_set_host_info_with_finalizer(f, &ended, end_one);
        refused += !wasm_table_set(t, 1, wasm_foreign_as_ref(f));
        wasm_foreign_delete(f);
    }
    CHECK(!refused && ended > 5000 && ended < 10000);
    r = wasm_table_get(t, 0);
    CHECK(wasm_ref_as_foreign(r) && wasm_ref_get_host_info(r) == w);
    wasm_ref_delete(r);
    r = wasm_table_get(t, 1);
    CHECK(wasm_ref_get_host_info(r) == &ended);
    wasm_ref_delete(r);
}

/* Information of an object is found through every reference to it. */
static void
test_object_info(struct world *w)
{
    wasm_func_t *f = wasm_func_copy(world_func(w, "seven"));
    wasm_table_t *t = wasm_extern_as_table(world_get(w, "table"));
    wasm_ref_t *r;

    wasm_func_set_host_info_with_finalizer(f, &finalized, finalize);
    wasm_func_delete(f);
    wasm_extern_vec_delete(&w->exports);
    wasm_instance_exports(w->instance, &w->exports);
    t = wasm_extern_as_table(world_get(w, "table"));
    r = wasm_table_get(t, 1);
    CHECK(wasm_ref_get_host_info(r) == &finalized);
    wasm_ref_delete(r);
}

struct envs {
    wasm_func_t *func; /* deleted by the finalizer */
    wasm_store_t *store;
    bool done;
};

static void
finish_env(void *env)
{
    struct envs *e = env;

    wasm_func_delete(e->func);
    wasm_foreign_delete(wasm_foreign_new(e->store));
    e->done = true;
}

static wasm_trap_t *
nothing(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)env;
    (void)args;
    (void)results;
    return NULL;
}

/* References that outlive their store can be deleted, and do no harm. */
static void
test_late_deletes(struct world *w)
{
    wasm_func_t *f = wasm_func_copy(world_func(w, "forever"));
    wasm_trap_t *t = call(f, 0, NULL, 0, NULL), *copy = wasm_trap_copy(t);
    wasm_frame_t *origin = wasm_trap_origin(t);
    wasm_memory_t *m =
        wasm_memory_copy(wasm_extern_as_memory(world_get(w, "memory")));
    wasm_module_t *module = wasm_module_copy(w->module);

    world_close(w);
    CHECK(!wasm_memory_data(m) && !wasm_func_type(f));
    CHECK(trap_says(call(f, 0, NULL, 0, NULL), "has ended"));
    wasm_trap_delete(t);
    CHECK(wasm_frame_instance(origin) != NULL);
    wasm_frame_delete(origin);
    wasm_func_delete(f);
    wasm_memory_delete(m);
    wasm_module_delete(module);
    CHECK(trap_says(copy, "call stack exhausted"));
}

void
test_lifetimes(void)
{
    struct world w;
    struct envs env = {0};
    wasm_functype_t *type = wasm_functype_new_0_0();

    world_open(&w);
    test_let_go(&w);
    test_foreign_ends(&w);
    test_object_info(&w);
    wasm_instance_set_host_info_with_finalizer(w.instance, &w, finalize);
    env.store = w.store;
    env.func = wasm_func_copy(world_func(&w, "add"));
    wasm_func_delete(
        wasm_func_new_with_env(w.store, type, nothing, &env, finish_env));
    wasm_functype_delete(type);
    CHECK(finalized == 2 && !env.done);
    test_late_deletes(&w); /* closes w */
    CHECK(finalized == 5 && env.done && ended == 10000);
}

/* ---- what is neither func nor extern ---- */

void
test_gc(void)
{
    struct world w;
    wasm_val_t n = i32_val(1234), made, seen, r, churn = i32_val(200000);
    wasm_foreign_t *foreign;
    wasm_ref_t *a, *b;

    world_open_with(&w, module_gc, sizeof module_gc, NULL, 0);
    CHECK(!call(world_func(&w, "make"), 1, &n, 1, &made));
    CHECK(made.kind == WASM_EXTERNREF && made.of.ref);
    a = through(&w, "out", made.of.ref);
    b = through(&w, "in", a);
    CHECK(wasm_ref_same(a, made.of.ref) && wasm_ref_same(a, b));
    wasm_ref_delete(a);
    wasm_ref_delete(b);
    /* the only reference is ours, and the collector runs */
    CHECK(!call(world_func(&w, "churn"), 1, &churn, 0, NULL));
    CHECK(!call(world_func(&w, "get"), 1, &made, 1, &r) && r.of.i32 == 1234);
    CHECK(!call(world_func(&w, "i31"), 1, &n, 1, &seen) && seen.of.ref);
    CHECK(trap_says(call(world_func(&w, "get"), 1, &seen, 1, &r),
                    "not of the parameter's type"));
    a = through(&w, "out", seen.of.ref);
    CHECK(a == seen.of.ref);
    wasm_ref_delete(a);
    foreign = wasm_foreign_new(w.store);
    a = through(&w, "in", wasm_foreign_as_ref(foreign));
    CHECK(wasm_ref_as_foreign(a) == foreign);
    r = ref_val(a);
    CHECK(trap_says(call(world_func(&w, "get"), 1, &r, 1, &r),
                    "not of the parameter's type"));
    wasm_ref_delete(a);
    wasm_foreign_delete(foreign);
    r = ref_val(NULL);
    CHECK(
        trap_says(call(world_func(&w, "get"), 1, &r, 1, &r), "null reference"));
    for (int i = 0; i < 100; i++) {
        n.of.i32 = i;
        CHECK(!call(world_func(&w, "make"), 1, &n, 1, &r));
        wasm_val_delete(&r);
    }
    wasm_val_delete(&seen);
    wasm_val_delete(&made);
    world_close(&w);
}
