/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules. A serialized module is
 *
 *   0  "pithwasm"
 *   8  u32 1, the version of this form
 *  12  u32 0
 *  16  u64 bytes in the module
 *  24  u64 FNV-1a of the module
 *  32  the module
 *
 * little endian: translation is lazy and quick, so there is nothing better to
 * keep. The hash finds accidents; against malice the module is validated again.
 */
#include "capi.h"

#define MAGIC "pithwasm"
#define VERSION 1u
#define HEADER 32u

struct wasm_shared_module_t {
    int nothing; /* its address is the engine's module's */
};

static void
release(const uint8_t *bytes, size_t size, void *ctx)
{
    (void)bytes;
    (void)size;
    free(ctx);
}

static struct engine_module *
load(const uint8_t *bytes, size_t size)
{
    struct engine_module *m;
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy)
        return NULL;
    if (size)
        memcpy(copy, bytes, size);
    if (engine_module_load(copy, size, release, copy, &m, NULL) < 0)
        return NULL;
    return m;
}

static wasm_module_t *
wrap(wasm_store_t *s, struct engine_module *m)
{
    void *r;

    if (!m)
        return NULL;
    r = ref_create(s, REF_MODULE, m, sizeof(struct wasm_ref_t));
    if (!r)
        engine_module_unref(m);
    return r;
}

static struct engine_module *
module_of(const wasm_module_t *m)
{
    return ref_of(m)->object;
}

wasm_module_t *
wasm_module_new(wasm_store_t *s, const wasm_byte_vec_t *binary)
{
    return wrap(s, load((const uint8_t *)binary->data, binary->size));
}

bool
wasm_module_validate(wasm_store_t *s, const wasm_byte_vec_t *binary)
{
    struct engine_module *m;

    (void)s;
    if (engine_module_load((const uint8_t *)binary->data, binary->size, NULL,
                           NULL, &m, NULL) < 0)
        return false;
    engine_module_unref(m);
    return true;
}

/* ---- what it needs and offers ---- */

void
wasm_module_imports(const wasm_module_t *module, wasm_importtype_vec_t *out)
{
    const struct engine_module *m = module_of(module);

    wasm_importtype_vec_new_uninitialized(out, engine_module_imports(m));
    for (uint32_t i = 0; i < out->size; i++) {
        const struct engine_port *p = engine_module_import(m, i);
        wasm_name_t from, name;

        wasm_name_new(&from, p->module_len, p->module);
        wasm_name_new(&name, p->name_len, p->name);
        out->data[i] =
            wasm_importtype_new(&from, &name, externtype_from_port(p));
    }
}

void
wasm_module_exports(const wasm_module_t *module, wasm_exporttype_vec_t *out)
{
    const struct engine_module *m = module_of(module);

    wasm_exporttype_vec_new_uninitialized(out, engine_module_exports(m));
    for (uint32_t i = 0; i < out->size; i++) {
        const struct engine_port *p = engine_module_export(m, i);
        wasm_name_t name;

        wasm_name_new(&name, p->name_len, p->name);
        out->data[i] = wasm_exporttype_new(&name, externtype_from_port(p));
    }
}

/* ---- out and in ---- */

static void
put(uint8_t *to, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t
get(const uint8_t *from, unsigned n)
{
    uint64_t v = 0;

    for (unsigned i = n; i-- > 0;)
        v = v << 8 | from[i];
    return v;
}

static uint64_t
fnv(const uint8_t *p, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

void
wasm_module_serialize(const wasm_module_t *module, wasm_byte_vec_t *out)
{
    size_t n;
    const uint8_t *bytes = engine_module_bytes(module_of(module), &n);
    uint8_t *to;

    wasm_byte_vec_new_uninitialized(out, n + HEADER);
    if (!out->size)
        return;
    to = (uint8_t *)out->data;
    memcpy(to, MAGIC, 8);
    put(to + 8, VERSION, 4);
    put(to + 16, n, 8);
    put(to + 24, fnv(bytes, n), 8);
    memcpy(to + HEADER, bytes, n);
}

wasm_module_t *
wasm_module_deserialize(wasm_store_t *s, const wasm_byte_vec_t *from)
{
    const uint8_t *p = (const uint8_t *)from->data;
    size_t n = from->size - HEADER;

    if (from->size < HEADER || memcmp(p, MAGIC, 8) != 0 ||
        get(p + 8, 8) != VERSION || get(p + 16, 8) != n ||
        get(p + 24, 8) != fnv(p + HEADER, n))
        return NULL;
    return wrap(s, load(p + HEADER, n));
}

/* ---- between threads ---- */

wasm_shared_module_t *
wasm_module_share(const wasm_module_t *module)
{
    return (wasm_shared_module_t *)engine_module_ref(module_of(module));
}

wasm_module_t *
wasm_module_obtain(wasm_store_t *s, const wasm_shared_module_t *shared)
{
    return wrap(s,
                engine_module_ref((struct engine_module *)(uintptr_t)shared));
}

void
wasm_shared_module_delete(wasm_shared_module_t *shared)
{
    engine_module_unref((struct engine_module *)shared);
}
