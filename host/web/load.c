/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_code_load in a browser: the module is compiled and instantiated at
 * once, in the Worker of the program that it joins, beside its instance. It is
 * rewritten as programs are, so that its loops poll too. Nothing of it is kept
 * here but which elements are its own; the browser lets go of it when nothing
 * refers to it any more.
 */
#include <string.h>

#include "../../engine/limits.h"
#include "../../engine/load.h"
#include "engine_internal.h"
#include "pith_errno.h"
#include "report.h"

/* bases64: which of the two bases are i64. An enum engine_status; TABLE_BOUNDS:
 * there are no such elements. */
IMPORT(code_load)
int host_js_code_load(const void *bytes, size_t n, struct engine_code *code,
                      uint32_t bases64, const _Atomic uint32_t *poll,
                      char *text, size_t room);
IMPORT(code_drop) void host_js_code_drop(uint32_t table_base, uint32_t n);

struct load {
    bool used;
    uint32_t table_base, table_size, bytes;
};

struct loads {
    struct load *at;           /* by number - 1 */
    uint32_t cap, free, count; /* none is free before `free` */
    size_t bytes;
};

void
loads_finish(struct engine_store *s)
{
    if (s->loads)
        host_free(s->loads->at);
    host_free(s->loads);
}

static int
reserve(struct engine_store *s, size_t bytes)
{
    struct loads *l = s->loads;

    if (!l)
        l = s->loads = host_alloc(sizeof *l);
    if (!l || l->count >= LIMIT_CODE_MODULES ||
        bytes > LIMIT_CODE_BYTES_ALL - l->bytes)
        return -E_NOMEM;
    while (l->free < l->cap && l->at[l->free].used)
        l->free++;
    if (l->free == l->cap) {
        uint32_t cap = l->cap ? 2 * l->cap : 16;
        struct load *more = host_realloc(l->at, cap * sizeof *more);

        if (!more)
            return -E_NOMEM;
        memset(more + l->cap, 0, (cap - l->cap) * sizeof *more);
        l->at = more;
        l->cap = cap;
    }
    return 0;
}

/* ---- may it join? ----------------------------------------------------------
 */

static bool
is_there(const struct engine_module *of, const struct engine_port *p)
{
    struct module_export e;

    if (p->module_len != 3 || memcmp(p->module, "env", 3) != 0)
        return false;
    if (p->kind == ENGINE_MEMORY)
        return load_named(p, "memory") && of->memories + of->imported_memories &&
               p->is64 == of->is64 && p->shared == of->shared;
    if (p->kind == ENGINE_TABLE && load_named(p, "__indirect_function_table"))
        return of->tables + of->imported_tables;
    if (p->kind == ENGINE_GLOBAL &&
        (load_named(p, "__memory_base") || load_named(p, "__table_base")))
        return true;
    return module_export_find(of, p->name, p->name_len, &e) &&
           e.kind == p->kind;
}

static int
check(const struct engine_module *m, const struct engine_module *of,
      struct report *report)
{
    const char *why = load_cannot_join(m->memories, m->tables, m->tags,
                                       m->has_start);

    if (why) {
        report_set(report, 0, "%s", why);
        return -E_NOEXEC;
    }
    for (uint32_t i = 0; i < m->nimports; i++) {
        const struct engine_port *p = &m->imports[i];

        if (!is_there(of, p))
            return load_lacks(p, report);
    }
    return 0;
}

/* 1: the memory's, 2: the table's. */
static uint32_t
bases64(const struct engine_module *m)
{
    uint32_t bits = 0;

    for (uint32_t i = 0; i < m->nimports; i++) {
        const struct engine_port *p = &m->imports[i];

        if (p->kind != ENGINE_GLOBAL || p->type.kind != ENGINE_I64)
            continue;
        if (load_named(p, "__memory_base"))
            bits |= 1;
        else if (load_named(p, "__table_base"))
            bits |= 2;
    }
    return bits;
}

/* ---- loading ---------------------------------------------------------------
 */

static int
join(struct engine_instance *in, struct engine_module *m,
     struct engine_code *code, struct report *report)
{
    char text[160] = "";
    int st;

    st = host_js_code_load(m->compiled, m->compiled_size, code, bases64(m),
                           m->polls ? &in->store->interrupt : NULL, text,
                           sizeof text);
    if (st == ENGINE_OK)
        return 0;
    report_set(report, 0, "%s", text);
    return st == ENGINE_NO_MEMORY      ? -E_NOMEM
           : st == ENGINE_TABLE_BOUNDS ? -E_INVAL
                                       : -E_NOEXEC;
}

static int
load(struct engine_instance *in, const uint8_t *bytes, size_t size,
     struct engine_code *code, struct report *report)
{
    struct engine_module *m = host_alloc(sizeof *m);
    struct loads *l = in->store->loads;
    int r;

    if (!m)
        return -E_NOMEM;
    m->bytes = bytes;
    m->size = (uint32_t)size;
    r = module_read(m, report);
    if (r == 0)
        r = check(m, in->module, report);
    if (r == 0)
        r = module_rewrite(m);
    if (r == 0)
        r = join(in, m, code, report);
    else if (r != -E_NOMEM)
        r = -E_NOEXEC;
    host_free(m->compiled);
    module_finish(m);
    host_free(m);
    if (r < 0)
        return r;
    l->at[l->free++] =
        (struct load){true, code->table_base, code->table_size, (uint32_t)size};
    l->count++;
    l->bytes += size;
    return (int)l->free;
}

int
engine_code_load(struct engine_instance *in, const uint8_t *bytes, size_t size,
                 void (*release)(const uint8_t *, size_t, void *), void *ctx,
                 struct engine_code *code, struct report *report)
{
    int r = size > LIMIT_CODE_BYTES ? -E_2BIG : reserve(in->store, size);

    if (r == 0)
        r = load(in, bytes, size, code, report);
    if (release)
        release(bytes, size, ctx);
    return r;
}

int
engine_code_drop(struct engine_instance *in, int number)
{
    struct loads *l = in->store->loads;
    struct load *own;

    if (!l || number < 1 || (uint32_t)number > l->cap ||
        !l->at[number - 1].used)
        return -E_BADF;
    own = &l->at[number - 1];
    own->used = false;
    host_js_code_drop(own->table_base, own->table_size);
    l->count--;
    l->bytes -= own->bytes;
    if (l->free > (uint32_t)number - 1)
        l->free = (uint32_t)number - 1;
    return 0;
}
