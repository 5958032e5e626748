/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: what is kept of modules on disk (cache_file.h), with files
 * that are whole, so that their content is looked at: a checksum is no defence
 * against who can compute one. The input is the body of a file of compiled
 * objects, which are loaded into a module and looked up as the engine would;
 * what they contain does not run. Or, if it begins with 'M', what is known of a
 * module's bodies, which is used to load that module.
 *
 * Seeds: tail -c +129 FILE.pith, FILE.pith from `pith compile`.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "module_cache.h"
#include "native.h"
#include "object_cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { FUNCS = 40, TYPES = 3 };

/* ---- the files: cache_file.c is not there ---- */

static const uint8_t *content;
static size_t content_size;
static struct engine_file module_file;

void
cache_engine(uint8_t out[SHA256_BYTES])
{
    memset(out, 0, SHA256_BYTES);
}

/* Exactly as long as it is, so that a byte too far is seen. */
bool
cache_file_open(struct cache_file *f, const char *name,
                const struct cache_key *key)
{
    (void)name;
    (void)key;
    memset(f, 0, sizeof *f);
    f->map = malloc(content_size ? content_size : 1); /* aligned enough */
    if (!f->map)
        return false;
    if (content_size)
        memcpy(f->map, content, content_size);
    if (key->kind[4] == 'm' && content_size >= sizeof module_file)
        memcpy(f->map, &module_file, sizeof module_file);
    f->mapped = f->size = content_size;
    f->body = f->map;
    return true;
}

void
cache_file_remove(const char *name)
{
    (void)name;
}

void
cache_file_close(struct cache_file *f)
{
    free(f->map);
    memset(f, 0, sizeof *f);
}

int
cache_file_write(const char *name, const struct cache_key *key,
                 const void *body, size_t size)
{
    (void)name;
    (void)key;
    (void)body;
    (void)size;
    return 0;
}

/* ---- the module ---- */

/* FUNCS functions that do nothing, TYPES types, and a custom section that makes
 * it as large as modules are of which something is kept. */
static uint8_t bytes[MODULE_CACHE_LEAST + 1024];
static size_t small, large;

static size_t
make_module(uint8_t *p)
{
    static const uint8_t head[] = {
        0, 'a',  's', 'm',  1, 0,    0, 0, 1,    12, TYPES,     0x60, 0,
        0, 0x60, 1,   0x7f, 0, 0x60, 0, 1, 0x7e, 3,  FUNCS + 1, FUNCS};
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

static char dir[] = "/tmp/fuzz-object-XXXXXX", path[sizeof dir + 32];

static void
clean_up(void)
{
    remove(path);
    remove(dir);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct engine_options o = {.tier = ENGINE_TIER_INTERP, .cache = dir};
    size_t rest = MODULE_CACHE_LEAST;
    FILE *f;

    (void)argc;
    (void)argv;
    small = large = make_module(bytes);
    bytes[large++] = 0;
    for (unsigned i = 0; i < 3; i++, rest >>= 7)
        bytes[large++] = (uint8_t)(rest & 0x7f) | (i < 2 ? 0x80 : 0);
    large += MODULE_CACHE_LEAST;
    module_file.size = large;
    /* where object_cache.c looks whether there is anything at all */
    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/%zx-", dir, small);
    f = fopen(path, "w");
    if (!f || fclose(f))
        return 1;
    atexit(clean_up);
    engine_configure(&o);
    return 0;
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

static void
objects(void)
{
    struct report report = {.text = ""};
    struct object_cache c;
    struct engine_module *m;

    if (engine_module_load(bytes, small, NULL, NULL, &m, &report))
        abort();
    if (object_cache_open(&c, m)) {
        for (uint32_t i = 0; i < c.n; i++)
            if (c.blobs[i].size > content_size ||
                c.blobs[i].bytes + c.blobs[i].size > c.file.body + content_size)
                abort();
        if (object_load(m, c.blobs, c.n) == 0)
            look(m);
        object_cache_close(&c);
    }
    engine_module_unref(m);
}

static void
bodies(void)
{
    struct report report = {.text = ""};
    struct engine_module *m;

    if (engine_module_load_file(bytes, large, NULL, NULL, &module_file, &m,
                                &report))
        return;
    for (uint32_t i = 0; i < FUNCS; i++)
        if (m->code[i].body > large || m->code[i].length > large ||
            m->code[i].body + m->code[i].length > large)
            abort();
    engine_module_unref(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    content = data;
    content_size = size;
    if (size && data[0] == 'M') {
        content = data + 1;
        content_size--;
        bodies();
    } else {
        objects();
    }
    return 0;
}
