/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: compiled objects from disk. The input is how many objects
 * there are, then what follows the header of a file of the cache: their sizes
 * and bytes. The header is made to fit (a checksum is no defence against who
 * can compute one), the file read, the objects loaded into a module and looked
 * up as the engine would. What they contain does not run.
 *
 * Seeds: (printf '\1'; tail -c +137 FILE.pith), FILE.pith from `pith compile`.
 */
#include "object_cache.c" /* its parse() is its own */
#include "native.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUNCS = 40, TYPES = 3 };

/* FUNCS functions that do nothing, TYPES types. */
static size_t
make_module(uint8_t *p)
{
    static const uint8_t head[] = {0,    'a', 's',  'm',  1,    0,   0,
                                   0,    1,   12,   TYPES, 0x60, 0,   0,
                                   0x60, 1,   0x7f, 0,    0x60, 0,   1,
                                   0x7e, 3,   FUNCS + 1, FUNCS};
    size_t n = sizeof head;

    memcpy(p, head, n);
    memset(p + n, 0, FUNCS);
    n += FUNCS;
    p[n++] = 10;
    p[n++] = (uint8_t)(0x80 | ((1 + 3 * FUNCS) & 0x7f));
    p[n++] = (1 + 3 * FUNCS) >> 7;
    p[n++] = FUNCS;
    for (unsigned i = 0; i < FUNCS; i++, n += 3)
        memcpy(p + n, "\2\0\x0b", 3);
    return n;
}

/* What a file with this body would be; its header is right. */
static bool
open_file(struct object_cache *c, struct engine_module *m, uint32_t n,
          const uint8_t *body_, size_t size)
{
    struct header h, want;

    identify(m, &want);
    h = want;
    h.n = n;
    h.size = sizeof h + size;
    checksum(body_, size, h.checksum);
    memset(c, 0, sizeof *c);
    c->size = (size_t)h.size;
    /* exactly as long, so that a byte too far is seen; aligned as a mapping */
    c->map = aligned_alloc(16, c->size);
    if (!c->map)
        return false;
    memcpy(c->map, &h, sizeof h);
    memcpy(c->map + sizeof h, body_, size);
    return parse(c, &want);
}

static void
look(struct engine_module *m)
{
    for (uint32_t i = 0; i < FUNCS; i++) {
        uintptr_t at = (uintptr_t)atomic_load(&m->code[i].fast);
        struct native_code code;

        if (at && (!native_code_find(at, &code) || code.module != m ||
                   !atomic_load(&m->code[i].native)))
            abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[1000];
    struct report report = {.text = ""};
    struct object_cache c;
    struct engine_module *m;

    if (!size)
        return 0;
    if (engine_module_load(bytes, make_module(bytes), NULL, NULL, &m, &report))
        abort();
    if (open_file(&c, m, data[0], data + 1, size - 1)) {
        for (uint32_t i = 0; i < c.n; i++)
            if (c.blobs[i].bytes + c.blobs[i].size > c.map + c.size)
                abort();
        if (object_load(m, c.blobs, c.n) == 0)
            look(m);
    }
    free(c.blobs);
    free(c.map);
    engine_module_unref(m);
    return 0;
}
