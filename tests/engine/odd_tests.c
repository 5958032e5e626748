/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that do not fit 16 bits, damaged modules, threads, many instances. */
#include "harness.h"

#include <pthread.h>
#include <time.h>

static const struct engine_config plain;

/* ---- frames of more than 65536 slots -------------------------------------------- */

#define WIDE_LOCALS 49990u

/* (func $sum (param v128 i64) (result i64) lane 0 + lane 1 + i64) */
static void
put_sum(struct bytes *code)
{
    static const uint8_t text[] = {
        0x20, 0, 0xfd, 0x1d, 0, 0x20, 0, 0xfd, 0x1d, 1, 0x7c, 0x20, 1, 0x7c,
        0x0b};
    struct bytes body = {0};

    put_u(&body, 0);
    put_all(&body, text, sizeof text);
    put_sized(code, &body);
}

/* Uses its last locals, calls from far up, returns through a block. */
static void
put_wide(struct bytes *code)
{
    struct bytes b = {0};
    uint32_t last = WIDE_LOCALS; /* one parameter before */

    put_u(&b, 1);
    put_u(&b, WIDE_LOCALS);
    put(&b, 0x7b);
    put(&b, 0x20); /* local.get 0 */
    put_u(&b, 0);
    put_all(&b, "\xfd\x12", 2); /* i64x2.splat */
    put(&b, 0x21);              /* local.set last */
    put_u(&b, last);
    put_all(&b, "\x02\x7e", 2); /* block (result i64) */
    put(&b, 0x20);
    put_u(&b, last);
    put(&b, 0x42); /* i64.const 5 */
    put_s(&b, 5);
    put_all(&b, "\x10\x00", 2); /* call 0 */
    put(&b, 0x42);
    put_s(&b, -1);
    put(&b, 0x7c); /* i64.add */
    put_all(&b, "\x0c\x00\x0b\x0b", 4); /* br 0 end end */
    put_sized(code, &b);
}

void
test_wide(void)
{
    struct bytes b = {0}, s = {0};
    struct engine_module *m;
    struct engine_store *store;
    struct engine_config c = {.stack_bytes = 8 << 20};
    struct engine_instance *in;
    struct engine_extern f;
    union engine_value arg = {.i64 = 100}, result;

    put_header(&b);
    put_all(&s, "\x02\x60\x02\x7b\x7e\x01\x7e\x60\x01\x7e\x01\x7e", 12);
    put_section(&b, 1, &s);
    put_all(&s, "\x02\x00\x01", 3);
    put_section(&b, 3, &s);
    put_all(&s, "\x01\x01w\x00\x01", 5);
    put_section(&b, 7, &s);
    put_u(&s, 2);
    put_sum(&s);
    put_wide(&s);
    put_section(&b, 10, &s);
    m = load(&b);
    CHECK(m != NULL);
    store = engine_store_create(&c);
    CHECK(engine_instance_create(store, m, NULL, &in, NULL) == ENGINE_OK);
    CHECK(engine_instance_export(in, "w", 1, &f));
    CHECK(engine_call(store, f.func, &arg, &result) == ENGINE_OK);
    CHECK(result.i64 == 204);
    arg.i64 = 1;
    CHECK(engine_call(store, f.func, &arg, &result) == ENGINE_OK);
    CHECK(result.i64 == 6);
    engine_store_destroy(store);

    /* a frame larger than the stack is a trap, not a crash */
    store = engine_store_create(&plain);
    CHECK(engine_instance_create(store, m, NULL, &in, NULL) == ENGINE_OK);
    CHECK(engine_instance_export(in, "w", 1, &f));
    CHECK(engine_call(store, f.func, &arg, &result) == ENGINE_OK);
    engine_store_destroy(store);
    c.stack_bytes = 64 << 10;
    store = engine_store_create(&c);
    CHECK(engine_instance_create(store, m, NULL, &in, NULL) == ENGINE_OK);
    CHECK(engine_instance_export(in, "w", 1, &f));
    CHECK(engine_call(store, f.func, &arg, &result) ==
          ENGINE_STACK_EXHAUSTED);
    engine_store_destroy(store);
    engine_module_unref(m);
    free(b.p);
}

/* ---- damage ---------------------------------------------------------------------------- */

/* Load bytes; if they are a module, instantiate and run every export a bit. */
static void
survive(const uint8_t *p, size_t n)
{
    struct engine_config c = {.fuel = 20000,
                              .memory_bytes = 8 << 20,
                              .table_elements = 100000,
                              .stack_bytes = 64 << 10};
    struct world w = {0};
    struct report r = {{0}, 0};

    if (engine_module_load(p, n, NULL, NULL, &w.module, &r) < 0)
        return;
    w.store = engine_store_create(&c);
    if (engine_module_imports(w.module) <= 8) {
        for (uint32_t i = 0; i < engine_module_imports(w.module); i++)
            if (engine_module_import(w.module, i)->kind != ENGINE_FUNC)
                goto out;
        world_link(&w);
        if (engine_instance_create(w.store, w.module, w.imports, &w.instance,
                                   &r))
            goto out;
        for (uint32_t i = 0; i < engine_module_exports(w.module); i++) {
            const struct engine_port *e = engine_module_export(w.module, i);
            union engine_value args[8] = {{.i64 = 3}}, results[8];
            struct engine_extern f;

            if (e->kind != ENGINE_FUNC || e->functype->nparams > 8 ||
                e->functype->nresults > 8)
                continue;
            if (engine_instance_export(w.instance, e->name, e->name_len, &f))
                engine_call(w.store, f.func, args, results);
        }
    }
out:
    world_close(&w);
}

void
test_hostile(void)
{
    uint8_t *copy = malloc(guest_size);
    uint32_t seed = 1;
    int refused = 0;

    if (!copy)
        return;
    /* every prefix is refused: nothing ends early by luck (custom sections
     * may, so stop before the first) */
    for (size_t n = 8; n < guest_size && n < 600; n++) {
        struct engine_module *m;
        uint8_t *exact = malloc(n);

        memcpy(exact, guest, n);
        if (engine_module_load(exact, n, NULL, NULL, &m, NULL) < 0)
            refused++;
        else
            engine_module_unref(m);
        free(exact);
    }
    CHECK(refused > 500);
    for (int round = 0; round < 4000; round++) {
        memcpy(copy, guest, guest_size);
        for (int k = 0; k < 1 + round % 3; k++) {
            seed = seed * 1664525u + 1013904223u;
            copy[8 + (seed >> 8) % (guest_size - 8)] = (uint8_t)(seed >> 3);
        }
        survive(copy, guest_size);
    }
    CHECK(true); /* still here */
    free(copy);
}

/* ---- threads share a module ---------------------------------------------------------------- */

static void *
worker(void *arg)
{
    struct world *shared = arg, w = {.module = shared->module};
    uint32_t r = 0;
    int *good = malloc(sizeof *good);

    engine_thread_init();
    w.store = engine_store_create(&plain);
    world_link(&w);
    *good = 0;
    if (engine_instance_create(w.store, w.module, w.imports, &w.instance,
                               NULL) == ENGINE_OK)
        *good = run(&w, "nest", 30, 0, &r) == ENGINE_OK && r == 30 &&
                run(&w, "peek", 0x7ffffff0, 0, NULL) == ENGINE_MEMORY_BOUNDS &&
                run(&w, "indirect", 1, 2, &r) == ENGINE_OK && r == 6;
    engine_store_destroy(w.store);
    return good;
}

void
test_threads(void)
{
    for (int round = 0; round < 20; round++) {
        pthread_t t[4];
        struct world w;

        world_open(&w, &plain); /* a fresh module: nothing translated yet */
        for (int i = 0; i < 4; i++)
            pthread_create(&t[i], NULL, worker, &w);
        for (int i = 0; i < 4; i++) {
            void *good;

            pthread_join(t[i], &good);
            CHECK(*(int *)good);
            free(good);
        }
        world_close(&w);
    }
}

/* ---- many instances ------------------------------------------------------------------------- */

static size_t
status_kib(const char *key)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[128];
    size_t kib = 0;

    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key)))
            kib = (size_t)strtoull(line + strlen(key) + 1, NULL, 10);
    if (f)
        fclose(f);
    return kib;
}

static size_t
mappings(void)
{
    FILE *f = fopen("/proc/self/maps", "r");
    size_t n = 0;
    int c;

    while (f && (c = getc(f)) != EOF)
        n += c == '\n';
    if (f)
        fclose(f);
    return n;
}

#define MANY 10000

void
test_many(void)
{
    struct engine_config c = {.stack_bytes = 16 << 10};
    int live = sizeof(void *) > 4 ? MANY : 100, made = 0;
    struct world first, *w = calloc(MANY, sizeof *w);
    size_t before = status_kib("VmRSS");
    struct timespec a, b;
    uint32_t r;

#if defined(__SANITIZE_ADDRESS__)
    live = 300;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    live = 300;
#endif
#endif
    world_open(&first, &plain);
    for (int i = 0; i < live; i++) {
        w[i].module = engine_module_ref(first.module);
        w[i].store = engine_store_create(&c);
        world_link(&w[i]);
        made += engine_instance_create(w[i].store, w[i].module, w[i].imports,
                                       &w[i].instance, NULL) == ENGINE_OK &&
                run(&w[i], "bump", 0, 0, &r) == ENGINE_OK && r == 1;
    }
    CHECK(made == live);
    CHECK(mappings() < 65000);
    printf("%d live instances: %zu KiB each, %zu mappings\n", live,
           (status_kib("VmRSS") - before) / (size_t)live, mappings());
    for (int i = 0; i < live; i++)
        world_close(&w[i]);
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < 1000; i++) {
        w[0].module = engine_module_ref(first.module);
        w[0].store = engine_store_create(&c);
        world_link(&w[0]);
        engine_instance_create(w[0].store, w[0].module, w[0].imports,
                               &w[0].instance, NULL);
        world_close(&w[0]);
    }
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("store and pooled instance, made and gone: %.1f us\n",
           ((double)(b.tv_sec - a.tv_sec) * 1e9 +
            (double)(b.tv_nsec - a.tv_nsec)) / 1e6);
    world_close(&first);
    free(w);
}
