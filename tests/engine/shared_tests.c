/* SPDX-License-Identifier: Apache-2.0 */
/* One shared memory, many stores and threads. */
#include "harness.h"

#include <pthread.h>
#include <unistd.h>

#define THREADS 4

static struct engine_module *module;

/* A store of its own in the memory m. */
static bool
join_memory(struct world *w, const struct engine_config *c,
            struct engine_memory *m)
{
    *w = (struct world){.store = engine_store_create(c)};
    w->imports[0] = (struct engine_extern){.kind = ENGINE_MEMORY, .memory = m};
    return engine_instance_create(w->store, module, w->imports, &w->instance,
                                  NULL) == ENGINE_OK;
}

/* The first store makes the memory, and goes; a reference stays. */
static struct engine_memory *
make_memory(uint64_t max)
{
    struct engine_config c = {.memory_bytes = 64 << 20};
    struct engine_store *s = engine_store_create(&c);
    struct engine_memory *m =
        engine_memory_ref(engine_memory_create_shared(s, 2, max, false));

    engine_store_destroy(s);
    return m;
}

struct job {
    pthread_t id;
    struct engine_memory *memory;
    const char *name;
    uint32_t a, b, result;
    enum engine_status status;
    struct engine_config config;
    struct engine_store *_Atomic store;
};

static void *
job_main(void *arg)
{
    struct job *j = arg;
    struct world w;

    j->status = ENGINE_UNLINKABLE;
    if (join_memory(&w, &j->config, j->memory)) {
        j->store = w.store;
        j->status = run(&w, j->name, j->a, j->b, &j->result);
    }
    j->store = NULL;
    engine_store_destroy(w.store);
    return NULL;
}

static void
job_start(struct job *j, struct engine_memory *m, const char *name, uint32_t a,
          uint32_t b)
{
    *j = (struct job){.memory = m, .name = name, .a = a, .b = b};
    CHECK(pthread_create(&j->id, NULL, job_main, j) == 0);
}

static void
test_counting(void)
{
    struct engine_memory *m = make_memory(16);
    struct job j[THREADS];
    uint32_t most = 0;

    for (int i = 0; i < THREADS; i++)
        job_start(&j[i], m, "count", 20000, 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(j[i].id, NULL);
        CHECK(j[i].status == ENGINE_OK);
        most = j[i].result > most ? j[i].result : most;
    }
    CHECK(most == THREADS * 20000);
    engine_memory_unref(m);
}

/* All grow at once; the pages are distinct, empty, and there. */
static void
test_growing(void)
{
    struct engine_memory *m = make_memory(2 + THREADS * 50);
    uint8_t *base = engine_memory_base(m);
    struct job j[THREADS];
    struct world w;
    uint32_t r;

    for (int i = 0; i < THREADS; i++)
        job_start(&j[i], m, "climb", 50, 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(j[i].id, NULL);
        CHECK(j[i].status == ENGINE_OK && j[i].result == 0);
    }
    CHECK(engine_memory_base(m) == base);
    CHECK(engine_memory_size(m) == (uint64_t)(2 + THREADS * 50) << 16);
    CHECK(join_memory(&w, &(struct engine_config){0}, m));
    CHECK(run(&w, "peek", 100 << 16, 0, &r) == ENGINE_OK && r == 100);
    CHECK(run(&w, "grow", 1, 0, &r) == ENGINE_OK && r == UINT32_MAX);
    engine_store_destroy(w.store);
    engine_memory_unref(m);
}

/* A trap ends the store that made it, and no other. */
static void
test_faults(void)
{
    struct engine_memory *m = make_memory(16);
    struct job j[THREADS];

    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < THREADS; i++)
            job_start(&j[i], m, i & 1 ? "peek" : "count",
                      i & 1 ? 0x7ffffff0 : 1000, 0);
        for (int i = 0; i < THREADS; i++) {
            pthread_join(j[i].id, NULL);
            CHECK(j[i].status == (i & 1 ? ENGINE_MEMORY_BOUNDS : ENGINE_OK));
        }
    }
    engine_memory_unref(m);
}

static enum engine_status
keep_on(struct engine_store *s, void *user)
{
    (void)s;
    return *(atomic_bool *)user ? ENGINE_EXIT : ENGINE_OK;
}

static void
test_waiting(void)
{
    struct engine_memory *m = make_memory(16);
    struct job j[THREADS], a, b;
    atomic_bool stop = false;
    bool good = true;
    struct world w;
    uint32_t r, woken = 0;

    job_start(&a, m, "turns", 5000, 0);
    job_start(&b, m, "turns", 5000, 1);
    pthread_join(a.id, NULL);
    pthread_join(b.id, NULL);
    CHECK(a.status == ENGINE_OK && b.status == ENGINE_OK);
    CHECK(b.result == 10000);
    CHECK(join_memory(&w, &(struct engine_config){0}, m));
    CHECK(run(&w, "wait", 7, 1000, &r) == ENGINE_OK && r == 1);
    CHECK(run(&w, "wait", 10000, 20, &r) == ENGINE_OK && r == 2);
    for (int i = 0; i < THREADS; i++)
        job_start(&j[i], m, "wait", 10000, UINT32_MAX);
    while (good && woken < THREADS) { /* all but one of them one by one */
        good = run(&w, "wake", woken < THREADS - 1 ? 1 : 1000, 0, &r) ==
                   ENGINE_OK &&
               r <= 1;
        woken += r;
        usleep(100);
    }
    CHECK(good);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(j[i].id, NULL);
        CHECK(j[i].status == ENGINE_OK && j[i].result == 0);
    }
    /* a poll ends an endless wait; so does fuel */
    a = (struct job){.memory = m, .name = "wait", .a = 10000, .b = UINT32_MAX,
                     .config = {.poll = keep_on, .user = &stop}};
    CHECK(pthread_create(&a.id, NULL, job_main, &a) == 0);
    usleep(5000);
    stop = true;
    pthread_join(a.id, NULL);
    CHECK(a.status == ENGINE_EXIT);
    b = (struct job){.memory = m, .name = "wait", .a = 10000, .b = UINT32_MAX,
                     .config = {.fuel = 100000}};
    CHECK(pthread_create(&b.id, NULL, job_main, &b) == 0);
    pthread_join(b.id, NULL);
    CHECK(b.status == ENGINE_OUT_OF_FUEL);
    engine_store_destroy(w.store);
    engine_memory_unref(m);
}

/* Stores that share have one quota and one tank of fuel. */
static void
test_sharing_limits(void)
{
    struct engine_config c = {.memory_bytes = 4 << 16, .fuel = 1000000};
    struct engine_store *s = engine_store_create(&c);
    struct engine_memory *m = engine_memory_create_shared(s, 2, 100, false);
    struct engine_config d = {.share = s};
    struct job j[THREADS];
    struct world w;
    uint32_t r;

    CHECK(join_memory(&w, &d, m));
    CHECK(run(&w, "grow", 3, 0, &r) == ENGINE_OK && r == UINT32_MAX);
    CHECK(run(&w, "grow", 2, 0, &r) == ENGINE_OK && r == 2);
    CHECK(engine_store_memory_bytes(s) == 4 << 16);
    for (int i = 0; i < THREADS; i++) {
        j[i] = (struct job){.memory = m, .name = "spin", .config = d};
        CHECK(pthread_create(&j[i].id, NULL, job_main, &j[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(j[i].id, NULL);
        CHECK(j[i].status == ENGINE_OUT_OF_FUEL);
    }
    CHECK(engine_store_fuel_used(s) >= 1000000);
    CHECK(engine_store_fuel_used(s) < 1000000 + (THREADS + 1) * 20100);
    engine_store_destroy(w.store);
    engine_store_destroy(s);
}

void
test_shared(const uint8_t *bytes, size_t size)
{
    struct report report = {{0}, 0};

    if (engine_module_load(bytes, size, NULL, NULL, &module, &report) < 0) {
        printf("shared guest: %s\n", report.text);
        exit(2);
    }
    test_counting();
    test_growing();
    test_faults();
    test_waiting();
    test_sharing_limits();
    engine_module_unref(module);
}
