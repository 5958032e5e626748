/* SPDX-License-Identifier: Apache-2.0 */
/* Calls, traps with names, fuel, polls, quotas, fork. */
#include "harness.h"

static const struct engine_config plain;

void
test_calls(void)
{
    struct world w;
    uint32_t r;

    world_open(&w, &plain);
    CHECK(run(&w, "add", 2, 40, &r) == ENGINE_OK && r == 42);
    CHECK(run(&w, "nest", 50, 0, &r) == ENGINE_OK && r == 50);
    CHECK(run(&w, "indirect", 1, 5, &r) == ENGINE_OK && r == 15);
    /* host functions sit in tables too */
    CHECK(run(&w, "indirect", 2, 3, &r) == ENGINE_OK && r == 3);
    CHECK(run(&w, "apply_many", 200000, 0, &r) == ENGINE_OK && r == 0);
    /* an exit unwinds through wasm; the store stays usable */
    CHECK(run(&w, "exit_through", 1, 0, NULL) == ENGINE_EXIT);
    CHECK(run(&w, "add", 1, 1, &r) == ENGINE_OK && r == 2);
    world_close(&w);
}

static void
test_backtrace(void)
{
    struct world w;
    const struct engine_frame *f;
    uint32_t n;

    world_open(&w, &plain);
    CHECK(run(&w, "peek", 0x7ffffff0, 0, NULL) == ENGINE_MEMORY_BOUNDS);
    n = engine_backtrace(w.store, &f);
    CHECK(n == 3);
    CHECK(n == 3 && f[0].name && !strcmp(f[0].name, "inner"));
    CHECK(n == 3 && f[1].name && !strcmp(f[1].name, "middle"));
    CHECK(n == 3 && f[2].name && !strcmp(f[2].name, "peek"));
    CHECK(n == 3 && f[0].instance == w.instance && f[0].offset > 8 &&
          f[0].offset < guest_size);
    CHECK(run(&w, "unreachable", 0, 0, NULL) == ENGINE_UNREACHABLE);
    n = engine_backtrace(w.store, &f);
    CHECK(n == 1 && f[0].name && !strcmp(f[0].name, "unreachable"));
    world_close(&w);
}

static void
test_depth(void)
{
    struct world w;
    uint32_t r;
    const struct engine_frame *f;

    world_open(&w, &plain);
    /* wasm recursion ends with a trap, and again, and then all is well */
    CHECK(run(&w, "deep", 100000000, 0, NULL) == ENGINE_STACK_EXHAUSTED);
    CHECK(engine_backtrace(w.store, &f) > 100);
    CHECK(run(&w, "deep", 100000000, 0, NULL) == ENGINE_STACK_EXHAUSTED);
    CHECK(run(&w, "deep", 3, 0, &r) == ENGINE_OK && r == 0);
    /* so does recursion through the host */
    CHECK(run(&w, "nest", 100000, 0, NULL) == ENGINE_STACK_EXHAUSTED);
    CHECK(run(&w, "nest", 20, 0, &r) == ENGINE_OK && r == 20);
    world_close(&w);
}

static int polls;
static struct world *polled;

static enum engine_status
stop_at_third(struct engine_store *s, void *user)
{
    uint32_t r = 0;

    (void)s;
    CHECK(user == &polls);
    CHECK(run(polled, "add", 3, 4, &r) == ENGINE_OK && r == 7);
    return ++polls == 3 ? ENGINE_EXIT : ENGINE_OK;
}

static void
test_fuel(void)
{
    struct engine_config c = {.fuel = 1000000};
    struct world w;
    uint32_t r;
    uint64_t used;

    world_open(&w, &c);
    CHECK(run(&w, "count_to", 1000, 0, &r) == ENGINE_OK && r == 1000);
    used = engine_store_fuel_used(w.store);
    CHECK(used >= 1000 && used < 1100);
    CHECK(run(&w, "spin", 0, 0, NULL) == ENGINE_OUT_OF_FUEL);
    CHECK(engine_store_fuel_used(w.store) >= 1000000);
    CHECK(engine_store_fuel_used(w.store) < 1000100);
    CHECK(run(&w, "count_to", 1000, 0, NULL) == ENGINE_OUT_OF_FUEL);
    world_close(&w);

    /* without a limit, polls still come; they may call in and may stop all */
    c = (struct engine_config){
        .user = &polls, .poll = stop_at_third, .poll_interval = 5000};
    world_open(&w, &c);
    polled = &w;
    CHECK(run(&w, "spin", 0, 0, NULL) == ENGINE_EXIT);
    CHECK(polls == 3);
    used = engine_store_fuel_used(w.store);
    CHECK(used >= 15000 && used < 15100);
    world_close(&w);
}

void
test_limits(void)
{
    test_backtrace();
    test_depth();
    test_fuel();
}

void
test_memory(void)
{
    struct engine_config c = {.memory_bytes = (uint64_t)64 << 16};
    struct world w;
    struct engine_memory *m;
    uint64_t size;
    uint32_t r;

    world_open(&w, &c);
    m = engine_instance_memory(w.instance);
    size = engine_memory_size(m);
    CHECK(engine_store_memory_bytes(w.store) == size);
    CHECK(run(&w, "grow", 10, 0, &r) == ENGINE_OK && r == size >> 16);
    CHECK(engine_memory_size(m) == size + (10 << 16));
    CHECK(engine_store_memory_bytes(w.store) == size + (10 << 16));
    CHECK(run(&w, "grow", 64, 0, &r) == ENGINE_OK && r == UINT32_MAX);
    CHECK(run(&w, "grow", 0x10000, 0, &r) == ENGINE_OK && r == UINT32_MAX);
    /* new pages are zero and accessible to their last word */
    CHECK(run(&w, "peek", (uint32_t)engine_memory_size(m) - 4, 0, &r) ==
              ENGINE_OK &&
          r == 2);
    CHECK(run(&w, "peek", (uint32_t)engine_memory_size(m) - 3, 0, NULL) ==
          ENGINE_MEMORY_BOUNDS);
    CHECK(run(&w, "peek", UINT32_MAX, 0, NULL) == ENGINE_MEMORY_BOUNDS);
    world_close(&w);

    c.memory_bytes = 65536;
    w.store = engine_store_create(&c);
    CHECK(!engine_memory_create(w.store, 2, 2, false));
    CHECK(engine_store_memory_bytes(w.store) == 0);
    engine_store_destroy(w.store);

    c = (struct engine_config){.table_elements = 100};
    w.store = engine_store_create(&c);
    {
        struct engine_valtype funcref = {ENGINE_REF, true, -0x10};

        CHECK(engine_table_create(w.store, funcref, 60, 60, false) != NULL);
        CHECK(engine_table_create(w.store, funcref, 60, 60, false) == NULL);
    }
    engine_store_destroy(w.store);
}

void
test_clone(void)
{
    struct world w, copy = {0};
    uint32_t r;

    world_open(&w, &plain);
    run(&w, "bump", 0, 0, NULL);
    run(&w, "set_indirect", 0, 1, NULL);
    run(&w, "grow", 3, 0, NULL);

    copy.module = engine_module_ref(w.module);
    copy.store = engine_store_create(&plain);
    world_link(&copy);
    CHECK(engine_instance_clone(copy.store, w.instance, copy.imports,
                                &copy.instance) == 0);
    CHECK(run(&copy, "cell", 0, 0, &r) == ENGINE_OK && r == 8);
    CHECK(run(&copy, "bump", 0, 0, &r) == ENGINE_OK && r == 2);
    CHECK(run(&w, "cell", 0, 0, &r) == ENGINE_OK && r == 8);
    CHECK(run(&copy, "cell", 0, 0, &r) == ENGINE_OK && r == 9);
    CHECK(engine_memory_size(engine_instance_memory(copy.instance)) ==
          engine_memory_size(engine_instance_memory(w.instance)));
    world_close(&w); /* the copy stands alone */
    CHECK(run(&copy, "indirect", 0, 5, &r) == ENGINE_OK && r == 15);
    CHECK(run(&copy, "indirect", 2, 4, &r) == ENGINE_OK && r == 4);
    CHECK(run(&copy, "nest", 9, 0, &r) == ENGINE_OK && r == 9);
    world_close(&copy);
}
