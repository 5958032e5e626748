/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: what reads code, debug information and coredumps.
 *
 * The first byte says what follows: 'D' the DWARF sections and 'C' a
 * coredump's, each two bytes of length and its bytes, in the order of the
 * tables below, put into a module that is valid; anything else is a module
 * itself, which is run, and what it traps with is dumped and read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "debug.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const dwarf[] = {".debug_info",
                                    ".debug_abbrev",
                                    ".debug_line",
                                    ".debug_str",
                                    ".debug_ranges",
                                    ".debug_rnglists",
                                    ".debug_line_str",
                                    ".debug_addr",
                                    ".debug_str_offsets",
                                    "name",
                                    NULL};
static const char *const core[] = {"core",      "coremodules", "coreinstances",
                                   "corestack", "pithframes",  NULL};

#define CODE 200u

/* One function of CODE nops, and room behind. */
static size_t
module_head(uint8_t *p)
{
    static const uint8_t head[] = {0, 'a', 's',  'm', 1, 0, 0, 0, 1,
                                   4, 1,   0x60, 0,   0, 3, 2, 1, 0};
    static const uint8_t code[] = {10, 0xcd, 1, 1, 0xca, 1, 0};
    size_t n = sizeof head;

    memcpy(p, head, n);
    memcpy(p + n, code, sizeof code);
    n += sizeof code;
    memset(p + n, 1, CODE);
    n += CODE;
    p[n++] = 0x0b;
    return n;
}

static size_t
put_section(uint8_t *p, const char *name, const uint8_t *data, size_t size)
{
    size_t len = strlen(name), total = 1 + len + size, n = 0;

    p[n++] = 0;
    for (int i = 0; i < 2; i++, total >>= 7)
        p[n++] = (uint8_t)(0x80 | (total & 0x7f));
    p[n++] = (uint8_t)total;
    p[n++] = (uint8_t)len;
    memcpy(p + n, name, len);
    memcpy(p + n + len, data, size);
    return n + len + size;
}

static uint8_t *
wrap(const char *const *names, const uint8_t *data, size_t size, size_t *out)
{
    uint8_t *p = malloc(size + 1000);
    size_t n;

    if (!p)
        abort();
    n = module_head(p);
    for (; *names && size >= 2; names++) {
        size_t len = data[0] | (size_t)data[1] << 8;

        data += 2;
        size -= 2;
        if (len > size)
            len = size;
        n += put_section(p + n, *names, data, len);
        data += len;
        size -= len;
    }
    *out = n;
    return p;
}

static uint64_t written;

static bool
count(void *ctx, const void *data, size_t n)
{
    const uint8_t *p = data;

    (void)ctx;
    for (size_t i = 0; i < n; i++)
        if (p[i] == 0x1b || p[i] == 0x7f)
            abort(); /* would reach a terminal */
    written += n;
    return true;
}

static void
look(struct engine_module *m, size_t size)
{
    struct engine_sink to = {count, NULL, false};
    struct engine_place places[4];
    uint32_t step = size > 400 ? (uint32_t)(size / 400) : 1;

    for (uint32_t at = 0; at < size; at += step) {
        uint32_t n = engine_places(m, at, places, 4);

        if (n > 4)
            abort();
        for (uint32_t i = 0; i < n; i++)
            if (strnlen(places[i].file, 256) == 256 ||
                strnlen(places[i].function, 160) == 160)
                abort();
    }
    if (engine_is_core(m))
        engine_core_show(m, &to);
    engine_disasm(m, UINT32_MAX, &to);
    for (uint32_t i = 0; i < engine_module_funcs(m); i++)
        engine_ir(m, i, &to);
    engine_module_find_func(m, "f");
    if (to.failed)
        abort();
}

/* ---- traps of modules that import nothing ---- */

struct buffer {
    uint8_t *p;
    size_t n, cap;
};

static bool
append(void *ctx, const void *data, size_t n)
{
    struct buffer *b = ctx;

    if (n > b->cap - b->n) {
        b->cap = (b->n + n) * 2;
        b->p = realloc(b->p, b->cap);
        if (!b->p)
            abort();
    }
    memcpy(b->p + b->n, data, n);
    b->n += n;
    return true;
}

/* What is written is a module, and is a coredump. */
static void
dump(struct engine_store *s)
{
    struct buffer b = {0};
    struct engine_sink core = {append, &b, false};
    struct engine_sink text = {count, NULL, false};
    struct engine_module *m;
    struct report report = {.text = ""};

    if (engine_coredump(s, "fuzz", &core) < 0 ||
        engine_module_load(b.p, b.n, NULL, NULL, &m, &report) < 0 ||
        !engine_is_core(m))
        abort();
    engine_core_show(m, &text);
    engine_module_unref(m);
    free(b.p);
}

static void
run(struct engine_module *m)
{
    struct engine_config config = {
        .memory_bytes = 8 << 20, .table_elements = 10000, .fuel = 20000};
    struct engine_store *s = engine_store_create(&config);
    union engine_value args[16] = {{0}}, *results = malloc(1000 * 16);
    const struct engine_frame *frames;
    struct report report = {.text = ""};
    struct engine_instance *in = NULL;
    uint32_t dumps = 0;

    if (!s || !results)
        abort();
    if (engine_module_imports(m) == 0 &&
        engine_instance_create(s, m, NULL, &in, &report) != ENGINE_OK && in) {
        dump(s);
        in = NULL; /* half made: to look at, not to run */
    }
    for (uint32_t i = 0; in && i < engine_module_exports(m) && dumps < 4; i++) {
        const struct engine_port *p = engine_module_export(m, i);
        struct engine_extern e;

        if (p->kind != ENGINE_FUNC || p->functype->nparams > 16 ||
            p->functype->nresults > 1000 ||
            !engine_instance_export(in, p->name, p->name_len, &e))
            continue;
        if (engine_call(s, e.func, args, results) != ENGINE_OK &&
            engine_backtrace(s, &frames)) {
            dump(s);
            dumps++;
        }
    }
    engine_store_destroy(s);
    free(results);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct engine_module *m = NULL;
    struct report report = {.text = ""};
    uint8_t *made = NULL;

    if (size && (*data == 'D' || *data == 'C')) {
        made = wrap(*data == 'D' ? dwarf : core, data + 1, size - 1, &size);
        data = made;
    }
    if (engine_module_load(data, size, NULL, NULL, &m, &report)) {
        if (made)
            abort(); /* custom sections cannot make a module invalid */
    } else {
        look(m, size);
        if (!made)
            run(m);
    }
    engine_module_unref(m);
    free(made);
    return 0;
}
