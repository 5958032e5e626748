/* SPDX-License-Identifier: Apache-2.0 */
/* Flame graphs and perf maps as functions: flame.c's golden files are made by
 * `flame OUT.svg OUT.folded < stacks`; `flame --perf-map FILE.wasm` prints the
 * map. */
#include "flame.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "debug.h"
#include "native.h"
#include "perfmap.h"

static void *
add_ranges(void *arg)
{
    for (int i = 0; i < 500; i++)
        perfmap_add((char *)arg + i * 16, 16, "app.wasm", "two\nlines");
    return NULL;
}

/* From two threads: every line must come out whole. */
static int
perf_map(const char *wasm)
{
    static char code[2][8000];
    static uint8_t bytes[4096];
    struct engine_module *m;
    char line[600];
    pthread_t t[2];
    FILE *f;

    perfmap_add(code, 16, "app.wasm", "too early");
    if (perfmap_start() < 0)
        return 1;
    for (int i = 0; i < 2; i++)
        if (pthread_create(&t[i], NULL, add_ranges, code[i]))
            return 1;
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    f = fopen(wasm, "r"); /* function 0 of it is "compiled" */
    if (!f ||
        engine_module_load(bytes, fread(bytes, 1, sizeof bytes, f), NULL, NULL,
                           &m, NULL) < 0 ||
        !engine_module_funcs(m))
        return 1;
    fclose(f);
    native_tell_perf(m, 0, code, 64);
    engine_module_unref(m);
    f = fopen(perfmap_name(), "r");
    if (!f)
        return 1;
    while (fgets(line, sizeof line, f))
        fputs(line, stdout);
    fclose(f);
    return remove(perfmap_name()) != 0;
}

int
main(int argc, char **argv)
{
    struct flame flame = {0};
    char line[4096];
    FILE *svg, *folded;

    if (argc == 3 && strcmp(argv[1], "--perf-map") == 0)
        return perf_map(argv[2]);
    if (argc != 3)
        return 2;
    while (fgets(line, sizeof line, stdin)) {
        char *space = strrchr(line, ' ');

        if (!space)
            return 2;
        *space = '\0';
        flame_add(&flame, line, strtoull(space + 1, NULL, 10));
    }
    svg = fopen(argv[1], "w");
    folded = fopen(argv[2], "w");
    if (!svg || !folded)
        return 1;
    flame_svg(&flame, "a <title> & more", svg);
    flame_folded(&flame, folded);
    flame_finish(&flame);
    return fclose(svg) || fclose(folded);
}
