/* SPDX-License-Identifier: Apache-2.0 */
/* Modules: loading, lifetime, imports, exports, custom sections, names. */
#include "module.h"

#include <stdlib.h>

#include "module_cache.h"
#include "optimise.h"
#include "perfmap.h"
#include "pith_errno.h"
#include "ready.h"

static void
ports_free(struct port *p, uint32_t n)
{
    for (uint32_t i = 0; p && i < n; i++) {
        free((void *)(uintptr_t)p[i].pub.module);
        free((void *)(uintptr_t)p[i].pub.name);
    }
    free(p);
}

static void
names_free(struct engine_module *m)
{
    for (uint32_t i = 0; m->names && i < m->nfuncs; i++)
        free(m->names[i]);
    free(m->names);
}

static void
module_free(struct engine_module *m)
{
    names_free(m);
    optimise_end(m);
    translate_free(m);
    for (uint32_t i = 0; i < m->ngroups; i++)
        type_release(m->groups[i]);
    ports_free(m->imports, m->nimports);
    ports_free(m->exports, m->nexports);
    free(m->types);
    free(m->groups);
    free(m->export_hash);
    free(m->func_types);
    free(m->tables);
    free(m->memories);
    free(m->globals);
    free(m->global_slot);
    free(m->tags);
    free(m->func_declared);
    free(m->code);
    free(m->elems);
    free(m->datas);
    free(m->customs);
    if (m->release)
        m->release(m->bytes, m->size, m->ctx);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

static int
decode(struct engine_module *m, const struct engine_file *file,
       struct report *report)
{
    struct known_module known;
    int r;

    m->ready = ready_find(m);
    if (module_cache_open(&known, m, file))
        m->known = &known;
    r = decode_module(m, report);
    if (r == 0 && !m->known && !m->ready)
        module_cache_write(m, file);
    m->known = NULL;
    module_cache_close(&known);
    return r;
}

static int
load(const uint8_t *bytes, size_t size,
     void (*release)(const uint8_t *, size_t, void *), void *ctx,
     const struct engine_file *file, bool passing, struct engine_module **out,
     struct report *report)
{
    struct engine_module *m = calloc(1, sizeof *m);
    int r;

    *out = NULL;
    if (!m) {
        if (release)
            release(bytes, size, ctx);
        report_set(report, 0, "out of memory");
        return -E_NOMEM;
    }
    pthread_mutex_init(&m->lock, NULL);
    atomic_init(&m->refs, 1);
    m->bytes = bytes;
    m->size = size;
    m->release = release;
    m->ctx = ctx;
    m->passing = passing;
    r = decode(m, file, report);
    if (r == 0)
        translate_init(m);
    if (r == 0 && perfmap_on())
        module_func_name(m, 0); /* makes them all, for who compiles */
    if (r == 0)
        optimise_loaded(m);
    if (r == 0 && atomic_load(&m->objects)) /* compiled code calls it */
        code_warm(m);
    if (r == 0 && engine_options()->eager &&
        engine_options()->tier == ENGINE_TIER_JIT)
        r = translate_all(m);
    if (r < 0) {
        module_free(m);
        return r;
    }
    *out = m;
    return 0;
}

int
engine_module_load_file(const uint8_t *bytes, size_t size,
                        void (*release)(const uint8_t *, size_t, void *),
                        void *ctx, const struct engine_file *file,
                        struct engine_module **out, struct report *report)
{
    return load(bytes, size, release, ctx, file, false, out, report);
}

int
module_load_passing(const uint8_t *bytes, size_t size,
                    void (*release)(const uint8_t *, size_t, void *),
                    void *ctx, struct engine_module **out,
                    struct report *report)
{
    return load(bytes, size, release, ctx, NULL, true, out, report);
}

int
engine_module_load(const uint8_t *bytes, size_t size,
                   void (*release)(const uint8_t *, size_t, void *), void *ctx,
                   struct engine_module **out, struct report *report)
{
    return engine_module_load_file(bytes, size, release, ctx, NULL, out,
                                   report);
}

struct engine_module *
engine_module_ref(struct engine_module *m)
{
    atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}

void
engine_module_unref(struct engine_module *m)
{
    if (m && atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) == 1)
        module_free(m);
}

uint32_t
engine_module_imports(const struct engine_module *m)
{
    return m->nimports;
}

const struct engine_port *
engine_module_import(const struct engine_module *m, uint32_t i)
{
    return i < m->nimports ? &m->imports[i].pub : NULL;
}

uint32_t
engine_module_exports(const struct engine_module *m)
{
    return m->nexports;
}

const struct engine_port *
engine_module_export(const struct engine_module *m, uint32_t i)
{
    return i < m->nexports ? &m->exports[i].pub : NULL;
}

const uint8_t *
engine_module_custom(const struct engine_module *m, const char *name,
                     size_t *size)
{
    size_t len = strlen(name);

    for (uint32_t i = 0; i < m->ncustoms; i++) {
        const struct custom *c = &m->customs[i];

        if (c->name_len == len && !memcmp(c->name, name, len)) {
            *size = c->size;
            return c->data;
        }
    }
    *size = 0;
    return NULL;
}

size_t
engine_module_footprint(const struct engine_module *m)
{
    return sizeof *m + m->size + m->arena_bytes + m->ntypes * sizeof(uint32_t) +
           m->code_bytes;
}

/* ---- function names
 * ------------------------------------------------------------ */

/* A copy for people: control characters do not reach a terminal. */
static char *
clean_copy(const uint8_t *s, size_t len)
{
    char *copy = malloc(len + 1);

    if (!copy)
        return NULL;
    for (size_t i = 0; i < len; i++)
        copy[i] = s[i] < 0x20 || s[i] == 0x7f ? '?' : (char)s[i];
    copy[len] = '\0';
    return copy;
}

static void
names_set(struct engine_module *m, uint32_t i, const uint8_t *s, size_t len)
{
    if (i < m->nfuncs && !m->names[i])
        m->names[i] = clean_copy(s, len);
}

/* Subsection 1 of the name section (7.4.1); errors end it early. */
static void
names_section(struct engine_module *m)
{
    size_t size;
    const uint8_t *p = engine_module_custom(m, "name", &size);
    struct reader r;

    if (!p)
        return;
    r = (struct reader){p, p + size, p, NULL, 0};
    while (reader_left(&r) && !reader_failed(&r)) {
        uint8_t id = read_u8(&r);
        uint32_t len = read_u32(&r), n;
        struct reader sub = reader_sub(&r, len);

        if (id != 1 || reader_failed(&r))
            continue;
        for (n = read_u32(&sub); n && !reader_failed(&sub); n--) {
            uint32_t func = read_u32(&sub);
            size_t name_len;
            const uint8_t *name = reader_name(&sub, &name_len);

            if (!reader_failed(&sub))
                names_set(m, func, name, name_len);
        }
    }
}

const char *
module_func_name(struct engine_module *m, uint32_t i)
{
    const char *name;

    pthread_mutex_lock(&m->lock);
    if (!m->names && (m->names = calloc(m->nfuncs, sizeof *m->names))) {
        names_section(m);
        for (uint32_t k = 0; k < m->nexports; k++) {
            const struct port *p = &m->exports[k];

            if (p->pub.kind == ENGINE_FUNC)
                names_set(m, p->index, (const uint8_t *)p->pub.name,
                          p->pub.name_len);
        }
    }
    name = m->names && i < m->nfuncs ? m->names[i] : NULL;
    pthread_mutex_unlock(&m->lock);
    return name;
}
