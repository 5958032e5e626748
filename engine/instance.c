/* SPDX-License-Identifier: Apache-2.0 */
/* Instances: linking, initialisation, exports, fork (4.5.4). */
#include "runtime.h"

#include <stdlib.h>

#include "limits.h"
#include "mem.h"
#include "native_table.h"
#include "optimise.h"
#include "pith_errno.h"

struct engine_func *
instance_func(struct engine_instance *in, uint32_t i)
{
    const struct engine_module *m = in->module;
    struct engine_func *f;

    if (i < m->nfuncs_imported)
        return in->func_imports[i];
    i -= m->nfuncs_imported;
    f = &in->funcs[i];
    if (!f->entry) {
        f->instance = in;
        f->index = i + m->nfuncs_imported;
        f->type = m->func_types[f->index];
        f->store = in->store;
        f->entry = &m->code[i].entry;
    }
    return f;
}

/* ---- linking
 * ----------------------------------------------------------------------- */

static bool
limits_match(uint64_t size, uint64_t max, const struct limits *want)
{
    return size >= want->min && (want->max == UINT64_MAX || max <= want->max);
}

static bool
import_matches(const struct port *p, const struct engine_extern *e)
{
    if (e->kind != p->pub.kind || !e->func)
        return false;
    switch (e->kind) {
    case ENGINE_FUNC:
        return type_is_subtype(e->func->type, p->type);
    case ENGINE_TABLE:
        return e->table->vt == p->type && e->table->is64 == p->limits.is64 &&
               limits_match(e->table->size, e->table->declared_max, &p->limits);
    case ENGINE_MEMORY:
        return e->memory->is64 == p->limits.is64 &&
               e->memory->shared == p->limits.shared &&
               e->memory->page_shift == (p->limits.byte_pages ? 0 : 16) &&
               limits_match(memory_bytes(e->memory) >> e->memory->page_shift,
                            e->memory->declared_max, &p->limits);
    case ENGINE_GLOBAL:
        if (e->global->mutable_ != p->mutable_)
            return false;
        return p->mutable_ ? e->global->vt == p->type
                           : vt_matches(e->global->vt, p->type);
    case ENGINE_TAG:
        return e->tag->type == p->type;
    }
    return false;
}

static void
link_import(struct engine_instance *in, const struct engine_extern *e,
            uint32_t at[5])
{
    uint32_t i = at[e->kind]++;

    switch (e->kind) {
    case ENGINE_FUNC:
        in->func_imports[i] = e->func;
        break;
    case ENGINE_TABLE:
        in->tables[i] = e->table;
        break;
    case ENGINE_MEMORY:
        in->memories[i] = e->memory;
        break;
    case ENGINE_GLOBAL:
        in->globals[i] = e->global;
        break;
    case ENGINE_TAG:
        in->tags[i] = e->tag;
        break;
    }
}

bool
instance_link(struct engine_instance *in, const struct engine_extern *imports,
              struct report *report)
{
    static const char *const kinds[] = {"function", "table", "memory", "global",
                                        "tag"};
    const struct engine_module *m = in->module;
    uint32_t at[5] = {0};

    for (uint32_t i = 0; i < m->nimports; i++) {
        const struct port *p = &m->imports[i];

        if (!imports || !import_matches(p, &imports[i])) {
            report_set(report, 0,
                       "incompatible import: %s \"%s\" \"%s\" has another type",
                       kinds[p->pub.kind], p->pub.module, p->pub.name);
            return false;
        }
        if (imports[i].kind == ENGINE_MEMORY && imports[i].memory->shared &&
            !memory_attach(imports[i].memory, in->store)) {
            report_set(report, 0, "out of memory");
            return false;
        }
        link_import(in, &imports[i], at);
    }
    return true;
}

/* ---- allocation
 * -------------------------------------------------------------------- */

/* Undo instance_alloc: nobody has seen it. */
void
instance_abandon(struct engine_instance *in)
{
    in->store->instances = in->next;
    engine_module_unref(in->module);
    free(in);
}

/* Everything but memories and tables; nothing runs, nothing is linked. */
struct engine_instance *
instance_alloc(struct engine_store *s, struct engine_module *m)
{
    struct engine_instance *in;
    struct engine_global *globals;
    struct engine_tag *tags;
    uint32_t own_globals = m->nglobals - m->nglobals_imported;
    uint32_t own_tags = m->ntags - m->ntags_imported;

    in = calloc(1, sizeof *in + m->global_slots * sizeof in->global_values[0]);
    if (!in)
        return NULL;
    if (s->quota->fuel_max != UINT64_MAX) { /* one tier counts it throughout */
        optimise_not(m);
        if (atomic_load(&m->cold))
            code_warm(m);
    }
    in->module = engine_module_ref(m);
    in->store = s;
    in->next = s->instances;
    s->instances = in;
    in->code = m->code;
    in->native = &native_table;
    in->stack_limit = s->stack_limit;
    in->mem0 = &memory_none;
    in->func_imports = store_alloc(s, m->nfuncs_imported, sizeof(void *));
    in->funcs =
        store_alloc(s, m->nfuncs - m->nfuncs_imported, sizeof *in->funcs);
    in->memories = store_alloc(s, m->nmemories, sizeof(void *));
    in->tables = store_alloc(s, m->ntables, sizeof(void *));
    in->globals = store_alloc(s, m->nglobals, sizeof(void *));
    in->tags = store_alloc(s, m->ntags, sizeof(void *));
    in->elems = store_alloc(s, m->nelems, sizeof *in->elems);
    in->data_length = store_alloc(s, m->ndatas, sizeof *in->data_length);
    globals = store_alloc(s, own_globals, sizeof *globals);
    tags = store_alloc(s, own_tags, sizeof *tags);
    if (!in->func_imports || !in->funcs || !in->memories || !in->tables ||
        !in->globals || !in->tags || !in->elems || !in->data_length ||
        !globals || !tags) {
        instance_abandon(in); /* the store owns the rest */
        return NULL;
    }
    for (uint32_t i = 0; i < own_globals; i++) {
        uint32_t g = m->nglobals_imported + i;

        globals[i].vt = m->globals[g].vt;
        globals[i].mutable_ = m->globals[g].mutable_;
        globals[i].value =
            (union slot_value *)(void *)&in->global_values[m->global_slot[g]];
        in->globals[g] = &globals[i];
    }
    for (uint32_t i = 0; i < own_tags; i++) {
        tags[i].type = m->tags[m->ntags_imported + i];
        in->tags[m->ntags_imported + i] = &tags[i];
    }
    return in;
}

void
instance_set_hot(struct engine_instance *in)
{
    if (in->module->nmemories)
        in->mem0 = in->memories[0];
    in->mem = in->mem0->base;
    if (in->module->ntables)
        in->table0 = in->tables[0];
}

/* ---- initialisation
 * -------------------------------------------------------------------- */

static void
set_global(struct engine_instance *in, uint32_t i, const union slot_value *v)
{
    uint64_t *at = in->globals[i]->value->v128;

    at[0] = v->v128[0];
    if (in->globals[i]->vt == VT_V128)
        at[1] = v->v128[1];
}

static bool
init_globals(struct engine_instance *in)
{
    const struct engine_module *m = in->module;

    for (uint32_t i = m->nglobals_imported; i < m->nglobals; i++) {
        union slot_value v;

        if (!constexpr_eval(in, m->globals[i].init, &v))
            return false;
        set_global(in, i, &v);
    }
    return true;
}

static enum engine_status
make_memories(struct engine_instance *in, struct report *report)
{
    const struct engine_module *m = in->module;

    for (uint32_t i = m->nmemories_imported; i < m->nmemories; i++) {
        in->memories[i] = memory_create(in->store, &m->memories[i]);
        if (!in->memories[i]) {
            report_set(report, 0,
                       "no room for a memory of %llu pages (64 KiB each)",
                       (unsigned long long)m->memories[i].min);
            return ENGINE_NO_MEMORY;
        }
    }
    return ENGINE_OK;
}

static enum engine_status
make_tables(struct engine_instance *in, struct report *report)
{
    const struct engine_module *m = in->module;

    for (uint32_t i = m->ntables_imported; i < m->ntables; i++) {
        const struct table_type *t = &m->tables[i];
        union slot_value init = {0};

        if (t->has_init && !constexpr_eval(in, t->init, &init))
            return ENGINE_NO_MEMORY;
        in->tables[i] = table_create(in->store, t, (void *)(uintptr_t)init.u64);
        if (!in->tables[i]) {
            report_set(report, 0, "no room for a table of %llu elements",
                       (unsigned long long)t->limits.min);
            return ENGINE_NO_MEMORY;
        }
    }
    return ENGINE_OK;
}

/* The items of a segment, into refs. */
static bool
elem_eval(struct engine_instance *in, const struct elem_segment *e, void **refs)
{
    const uint8_t *base = in->module->bytes, *p = base + e->at;

    for (uint32_t i = 0; i < e->count; i++) {
        if (e->exprs) {
            struct const_expr item = {(uint32_t)(p - base), 0};
            union slot_value v;

            if (!constexpr_eval(in, item, &v))
                return false;
            p = constexpr_skip(p);
            refs[i] = (void *)(uintptr_t)v.u64;
        } else {
            refs[i] = instance_func(in, leb_u32(&p));
        }
    }
    return true;
}

static bool
offset_eval(struct engine_instance *in, struct const_expr e, uint64_t *out)
{
    union slot_value v;

    if (!constexpr_eval(in, e, &v))
        return false;
    *out = v.u64;
    return true;
}

static enum engine_status
init_elem(struct engine_instance *in, uint32_t i)
{
    const struct elem_segment *e = &in->module->elems[i];
    struct engine_table *t;
    uint64_t at;

    if (e->mode == SEGMENT_DECLARED)
        return ENGINE_OK;
    if (e->mode == SEGMENT_PASSIVE) {
        in->elems[i].refs = store_alloc(in->store, e->count, sizeof(void *));
        if (!in->elems[i].refs || !elem_eval(in, e, in->elems[i].refs))
            return ENGINE_NO_MEMORY;
        in->elems[i].n = e->count;
        return ENGINE_OK;
    }
    t = in->tables[e->table];
    if (!offset_eval(in, e->offset, &at))
        return ENGINE_NO_MEMORY;
    if (at > t->size || e->count > t->size - at)
        return ENGINE_TABLE_BOUNDS;
    if (!e->count)
        return ENGINE_OK; /* an empty table has no elems to point into */
    return elem_eval(in, e, t->elems + at) ? ENGINE_OK : ENGINE_NO_MEMORY;
}

static enum engine_status
init_data(struct engine_instance *in, uint32_t i)
{
    const struct data_segment *d = &in->module->datas[i];
    struct engine_memory *m;
    uint64_t at;

    if (d->mode == SEGMENT_PASSIVE) {
        in->data_length[i] = d->length;
        return ENGINE_OK;
    }
    m = in->memories[d->memory];
    if (!offset_eval(in, d->offset, &at))
        return ENGINE_NO_MEMORY;
    if (at > memory_bytes(m) || d->length > memory_bytes(m) - at)
        return ENGINE_MEMORY_BOUNDS;
    if (d->length) {
        mem_soon(m->base + at, d->length);
        memcpy(m->base + at, in->module->bytes + d->at, d->length);
    }
    return ENGINE_OK;
}

/* Tables of many functions touch most of in->funcs. */
static void
expect_elements(struct engine_instance *in)
{
    const struct engine_module *m = in->module;
    size_t n = 0, own = m->nfuncs - m->nfuncs_imported;

    for (uint32_t i = 0; i < m->nelems; i++)
        n += m->elems[i].count;
    if (n >= own / 8)
        mem_soon(in->funcs, own * sizeof *in->funcs);
}

enum engine_status
instance_fill(struct engine_instance *in, struct report *report)
{
    const struct engine_module *m = in->module;
    enum engine_status st;

    if (!init_globals(in))
        return ENGINE_NO_MEMORY;
    if ((st = make_memories(in, report)) || (st = make_tables(in, report)))
        return st;
    instance_set_hot(in);
    expect_elements(in);
    for (uint32_t i = 0; i < m->nelems; i++)
        if ((st = init_elem(in, i)))
            return st;
    for (uint32_t i = 0; i < m->ndatas; i++)
        if ((st = init_data(in, i)))
            return st;
    if (m->start == UINT32_MAX)
        return ENGINE_OK;
    return engine_call(in->store, instance_func(in, m->start), NULL, NULL);
}

enum engine_status
engine_instance_create(struct engine_store *s, struct engine_module *m,
                       const struct engine_extern *imports,
                       struct engine_instance **out, struct report *report)
{
    struct engine_instance *in = instance_alloc(s, m);
    enum engine_status st;

    s->nframes = 0;
    *out = NULL;
    if (!in)
        return ENGINE_NO_MEMORY;
    if (!instance_link(in, imports, report)) {
        instance_abandon(in);
        return ENGINE_UNLINKABLE;
    }
    st = instance_fill(in, report);
    if (st != ENGINE_OK)
        report_set(report, 0, "while instantiating: %s",
                   engine_status_text(st));
    *out = in;
    return st;
}

/* ---- looking at instances
 * --------------------------------------------------------------- */

static bool
extern_of(struct engine_instance *in, enum engine_kind kind, uint32_t i,
          struct engine_extern *out)
{
    out->kind = kind;
    switch (kind) {
    case ENGINE_FUNC:
        out->func = instance_func(in, i);
        break;
    case ENGINE_TABLE:
        out->table = in->tables[i];
        break;
    case ENGINE_MEMORY:
        out->memory = in->memories[i];
        break;
    case ENGINE_GLOBAL:
        out->global = in->globals[i];
        break;
    case ENGINE_TAG:
        out->tag = in->tags[i];
        break;
    }
    return out->func != NULL;
}

bool
engine_instance_export(struct engine_instance *in, const char *name,
                       size_t name_len, struct engine_extern *out)
{
    const struct port *p = module_find_export(in->module, name, name_len);

    return p && extern_of(in, p->pub.kind, p->index, out);
}

struct engine_module *
engine_instance_module(struct engine_instance *i)
{
    return i->module;
}

struct engine_memory *
engine_instance_memory(struct engine_instance *i)
{
    return i->module->nmemories ? i->memories[0] : NULL;
}
