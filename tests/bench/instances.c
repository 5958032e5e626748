/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instances FILE: what making and unmaking an instance of a program costs, its
 * store included, and what 10,000 live ones weigh. Its imports do nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine.h"

#define TURNS 20000u
#define LIVE 10000u

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static long
resident_kib(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    long size = 0, resident = 0;

    if (!f || fscanf(f, "%ld %ld", &size, &resident) != 2)
        exit(1);
    fclose(f);
    return resident * 4;
}

static enum engine_status
nothing(struct engine_store *s, struct engine_instance *caller, void *env,
        uint64_t *slots)
{
    (void)s, (void)caller, (void)env;
    slots[0] = 0;
    return ENGINE_OK;
}

static struct engine_store *
make(struct engine_module *m)
{
    static const struct engine_config config = {.fuel = UINT64_MAX};
    struct engine_extern imports[64] = {{0}};
    struct engine_store *s = engine_store_create(&config);
    struct engine_instance *in;
    struct report report = {0};
    uint32_t n = engine_module_imports(m);

    for (uint32_t i = 0; s && i < n && i < 64; i++) {
        const struct engine_port *p = engine_module_import(m, i);

        imports[i].kind = p->kind;
        if (p->kind == ENGINE_FUNC)
            imports[i].func = engine_func_host(s, p->functype, nothing, NULL);
    }
    if (!s || n > 64 ||
        engine_instance_create(s, m, imports, &in, &report) != ENGINE_OK) {
        fprintf(stderr, "instances: %s\n", report.text);
        exit(1);
    }
    return s;
}

int
main(int argc, char **argv)
{
    static uint8_t bytes[16 << 20];
    static struct engine_store *live[LIVE];
    FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;
    size_t n = f ? fread(bytes, 1, sizeof bytes, f) : 0;
    struct engine_module *m;
    struct report report = {0};
    double start;
    long before;

    if (engine_module_load(bytes, n, NULL, NULL, &m, &report) < 0) {
        fprintf(stderr, "instances FILE: %s\n", report.text);
        return 1;
    }
    for (unsigned i = 0; i < 100; i++)
        engine_store_destroy(make(m));
    start = now();
    for (unsigned i = 0; i < TURNS; i++)
        engine_store_destroy(make(m));
    printf("an instance, made and unmade: %.2f us\n",
           (now() - start) * 1e6 / TURNS);
    before = resident_kib();
    start = now();
    for (unsigned i = 0; i < LIVE; i++)
        live[i] = make(m);
    printf("%u live ones: %ld MB, %.2f us to make each\n", LIVE,
           (resident_kib() - before) / 1024, (now() - start) * 1e6 / LIVE);
    for (unsigned i = 0; i < LIVE; i++)
        engine_store_destroy(live[i]);
    engine_module_unref(m);
    return 0;
}
