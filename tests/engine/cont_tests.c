/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Continuations (engine/cont.h) beyond what the proposal's suite asks: kinds of
 * code that mix, limits, memory, polls. On each tier that there is; cont.wat
 * says what the functions do.
 */
#include "harness.h"

static const struct engine_config plain;

struct pair { /* cont.wasm and, under it, cont_relay.wasm */
    struct engine_module *module, *relay;
    struct engine_store *store;
    struct engine_instance *instance;
};

static const uint8_t *files[2];
static size_t sizes[2];

static struct engine_module *
module_of(int i)
{
    struct engine_module *m = NULL;
    struct report r = {.text = ""};

    if (engine_module_load(files[i], sizes[i], NULL, NULL, &m, &r) < 0) {
        printf("cont: %s\n", r.text);
        exit(2);
    }
    return m;
}

static enum engine_status
call(struct pair *p, const char *name, uint32_t a, uint32_t b, uint32_t *result)
{
    union engine_value args[2] = {{.i32 = a}, {.i32 = b}}, out = {.i64 = 0};
    struct engine_extern f;
    enum engine_status st;

    if (!engine_instance_export(p->instance, name, strlen(name), &f)) {
        printf("no export %s\n", name);
        exit(2);
    }
    st = engine_call(p->store, f.func, args, &out);
    if (result)
        *result = out.i32;
    return st;
}

static bool
gives(struct pair *p, const char *name, uint32_t a, uint32_t b, uint32_t want)
{
    uint32_t got = 0;
    enum engine_status st = call(p, name, a, b, &got);

    if (st != ENGINE_OK || got != want)
        printf("%s(%u, %u): %s, %u\n", name, a, b, engine_status_text(st), got);
    return st == ENGINE_OK && got == want;
}

/* 77: suspend in a call of its own. */
static enum engine_status
back(struct engine_store *s, struct engine_instance *caller, void *env,
     uint64_t *slots)
{
    struct pair *p = env;

    (void)s;
    (void)caller;
    if (slots[0] == 77)
        return call(p, "suspender", 1, 0, NULL);
    slots[0] += 1000;
    return ENGINE_OK;
}

/* What the relay calls: the other instance's suspender, once it is there. */
static enum engine_status
unset(struct engine_store *s, struct engine_instance *caller, void *env,
      uint64_t *slots)
{
    (void)s;
    (void)caller;
    (void)env;
    (void)slots;
    return ENGINE_EXIT;
}

static struct engine_func *
host_func(struct pair *p, engine_host_fn *fn)
{
    static const struct engine_valtype i32 = {.kind = ENGINE_I32};
    static const struct engine_functype type = {1, 1, &i32, &i32};

    return engine_func_host(p->store, &type, fn, p);
}

static struct engine_instance *
make(struct pair *p, struct engine_module *m,
     const struct engine_extern *imports)
{
    struct engine_instance *in = NULL;
    struct report r = {.text = ""};

    if (engine_instance_create(p->store, m, imports, &in, &r) != ENGINE_OK) {
        printf("cont: %s\n", r.text);
        exit(2);
    }
    return in;
}

/* A first instance suspends for the relay of the second, whose functions are
 * tested: tags are the first's. */
static void
pair_open(struct pair *p, const struct engine_config *config)
{
    struct engine_extern imports[2] = {{.kind = ENGINE_FUNC},
                                       {.kind = ENGINE_FUNC}};
    struct engine_extern get = {.kind = ENGINE_FUNC}, table;

    memset(p, 0, sizeof *p);
    p->module = module_of(0);
    p->relay = module_of(1);
    p->store = engine_store_create(config);
    imports[0].func = host_func(p, back);
    imports[1].func = host_func(p, unset);
    p->instance = make(p, p->module, imports);
    engine_instance_export(p->instance, "relayed", 7, &get);
    engine_instance_export(p->instance, "relays", 6, &table);
    p->instance = make(p, p->relay, &get);
    engine_instance_export(p->instance, "relay", 5, &imports[1]);
    p->instance = make(p, p->module, imports);
    engine_instance_export(p->instance, "suspender", 9, &get);
    engine_table_set(table.table, 0, get.func);
}

static void
pair_close(struct pair *p)
{
    engine_store_destroy(p->store);
    engine_module_unref(p->module);
    engine_module_unref(p->relay);
}

/* ---- values ---- */

static void
test_results(void)
{
    uint32_t v = 3;
    struct pair p;

    pair_open(&p, &plain);
    CHECK(gives(&p, "generator", 1000, 0, 1000 * 1001));
    CHECK(gives(&p, "mixed", 100, 0, 2 * 100 * 101 + 100));
    CHECK(gives(&p, "deep", 1000, 0, 1042));
    CHECK(gives(&p, "elsewhere", 100, 300, 405));
    CHECK(gives(&p, "nested", 100, 0, 108));
    for (uint32_t i = 0; i < 10; i++)
        v = 2 * v + i;
    CHECK(gives(&p, "values", 3, 0, 5118 + 4095 + v));
    CHECK(gives(&p, "bound", 5, 0, 5));
    CHECK(gives(&p, "host", 5, 0, 1005));
    CHECK(gives(&p, "over_host", 5, 0, 1005));
    CHECK(gives(&p, "exception", 8, 0, 1020));
    CHECK(gives(&p, "throw_into", 8, 0, 108));
    CHECK(gives(&p, "throw_into_new", 8, 0, 8));
    CHECK(gives(&p, "tail", 10, 0, 110));
    CHECK(gives(&p, "switch", 1001, 0, 7));
    CHECK(gives(&p, "through", 10, 0, 120));
    pair_close(&p);
}

/* ---- how it goes wrong ---- */

static void
test_traps(void)
{
    const struct engine_frame *f;
    struct pair p;
    uint32_t n;

    pair_open(&p, &plain);
    CHECK(call(&p, "twice", 1, 0, NULL) == ENGINE_CONT_CONSUMED);
    CHECK(call(&p, "bound_twice", 1, 0, NULL) == ENGINE_CONT_CONSUMED);
    CHECK(call(&p, "of_itself", 1, 0, NULL) == ENGINE_CONT_CONSUMED);
    CHECK(call(&p, "null", 1, 0, NULL) == ENGINE_NULL_REFERENCE);
    CHECK(call(&p, "unhandled", 1, 0, NULL) == ENGINE_UNHANDLED_TAG);
    /* no handler is seen through a function of the host */
    CHECK(call(&p, "over_host", 77, 0, NULL) == ENGINE_UNHANDLED_TAG);
    CHECK(call(&p, "uncaught", 1, 0, NULL) == ENGINE_EXCEPTION);
    CHECK(call(&p, "trap", 1, 0, NULL) == ENGINE_DIVIDE_BY_ZERO);
    n = engine_backtrace(p.store, &f);
    CHECK(n == 3);
    CHECK(n == 3 && f[0].name && !strcmp(f[0].name, "even"));
    CHECK(n == 3 && f[1].name && !strcmp(f[1].name, "drive"));
    CHECK(n == 3 && f[2].name && !strcmp(f[2].name, "trap"));
    CHECK(gives(&p, "generator", 10, 0, 110));
    pair_close(&p);
}

/* The value stack bounds frames wherever they are moved, the native one what
 * machine code resumes. */
static void
test_stacks(void)
{
    uint32_t n = 1000, got;
    struct pair p;

    pair_open(&p, &plain);
    CHECK(call(&p, "deep", 10000000, 0, NULL) == ENGINE_STACK_EXHAUSTED);
    CHECK(call(&p, "nested", 10000000, 0, NULL) == ENGINE_STACK_EXHAUSTED);
    while (call(&p, "deep", n, 0, &got) == ENGINE_OK && got == n + 42)
        n += 500;
    CHECK(n > 2000);
    n -= 600;
    CHECK(gives(&p, "deep", n, 0, n + 42));
    CHECK(call(&p, "elsewhere", n, n / 2, NULL) == ENGINE_STACK_EXHAUSTED);
    for (uint32_t m = 0; m < 2000; m += 7) {
        enum engine_status st = call(&p, "elsewhere", n, m, &got);

        if (st != ENGINE_STACK_EXHAUSTED &&
            (st != ENGINE_OK || got != n + m + 5))
            CHECK(false);
    }
    CHECK(gives(&p, "elsewhere", n / 3, n / 3, n / 3 * 2 + 5));
    pair_close(&p);
}

/* ---- memory, fuel ---- */

static void
test_memory_of_them(void)
{
    const struct engine_config small = {.memory_bytes = 8u << 20};
    struct pair p;
    uint64_t before;

    pair_open(&p, &small);
    before = engine_store_memory_bytes(p.store);
    CHECK(gives(&p, "kept", 100, 0, 333300));
    /* those that reach only themselves are collected */
    CHECK(gives(&p, "dropped", 300000, 0, 1));
    CHECK(engine_store_memory_bytes(p.store) - before < 8u << 20);
    CHECK(call(&p, "kept", 10000000, 0, NULL) == ENGINE_NO_MEMORY);
    pair_close(&p);
}

static enum engine_status
stop(struct engine_store *s, void *user)
{
    uint32_t *left = user;

    (void)s;
    return (*left)-- ? ENGINE_OK : ENGINE_EXIT;
}

static void
test_polls(void)
{
    struct engine_config c = {.fuel = 100000};
    uint32_t left = 50;
    struct pair p;

    pair_open(&p, &c);
    CHECK(call(&p, "forever", 1, 0, NULL) == ENGINE_OUT_OF_FUEL);
    pair_close(&p);
    c = (struct engine_config){.poll = stop, .user = &left};
    pair_open(&p, &c);
    CHECK(call(&p, "forever", 1, 0, NULL) == ENGINE_EXIT);
    left = 50;
    CHECK(call(&p, "busy", 1, 0, NULL) == ENGINE_EXIT);
    left = 1000000;
    CHECK(gives(&p, "generator", 10, 0, 110));
    pair_close(&p);
}

void
test_cont(const uint8_t *bytes, size_t size, const uint8_t *relay,
          size_t relay_size)
{
    static const char *const tiers[] = {"--tier=interp", "--tier=jit",
                                        "--tier=llvm"};
    struct engine_options before = *engine_options();

    files[0] = bytes;
    files[1] = relay;
    sizes[0] = size;
    sizes[1] = relay_size;
    for (size_t i = 0; i < sizeof tiers / sizeof tiers[0]; i++) {
        engine_option(tiers[i]);
        if (i == 2)
            engine_option("--eager");
        test_results();
        test_traps();
        test_stacks();
        test_memory_of_them();
        test_polls();
    }
    engine_configure(&before);
}
