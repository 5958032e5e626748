/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules that join a running instance (engine_code_load): each is an instance
 * of its own, linked against the memory, the table and the exports of the one
 * that it joins.
 *
 *     load --number--> drop: its elements become null, it is leaving
 *                        `--sweep--> nothing refers to it: freed
 *
 * A sweep looks for words that may be a reference to one of its functions, or
 * to the instance itself: whoever called out of it to another instance left
 * that in a bridge on the value stack (op/control.h), whatever code runs. What
 * is left stays for the next sweep; they come when there are as many leaving as
 * the last one left, and some.
 */
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "load.h"
#include "mem.h"
#include "pith_errno.h"

#define CHARGE_EACH 8192u /* bytes of ours for a module, besides ... */
#define CHARGE_BYTE 8u    /* ... so many for each of its own */
#define SWEEP_LEAST 64u
#define TRIM_FROM 500u /* modules; the memory of some is not worth it */

struct load {
    struct block *blocks; /* all that store_alloc gave for it */
    uint64_t charge;      /* of the quota */
    size_t bytes;
    uint32_t table_base, table_size;
    bool leaving, marked;
    bool stays; /* things of its types may outlive it */
    struct engine_instance *todo; /* in a sweep */
};

struct loads {
    struct engine_instance **at; /* by number - 1; NULL: free */
    uint32_t cap, free;          /* none is free before that */
    uint32_t count, most, leaving, sweep_at;
    size_t bytes;
};

void
load_free(struct engine_instance *in)
{
    struct block *b;

    if (!in->load)
        return;
    while ((b = in->load->blocks)) {
        in->load->blocks = b->next;
        free(b);
    }
    quota_give_memory(in->store->quota, in->load->charge);
    free(in->load);
}

void
loads_finish(struct engine_store *s)
{
    if (!s->loads)
        return;
    free(s->loads->at);
    if (s->loads->most >= TRIM_FROM)
        mem_trim();
    free(s->loads);
}

/* ---- sweeping ------------------------------------------------------------ */

struct range {
    uintptr_t from, to; /* inclusive */
    struct engine_instance *in;
};
struct sweep {
    struct range *ranges;
    size_t n;
    uintptr_t low, high;
    struct engine_instance *todo; /* marked, not looked at */
};

static int
compare_ranges(const void *a, const void *b)
{
    const struct range *x = a, *y = b;

    return x->from < y->from ? -1 : x->from > y->from;
}

static void
sweep_word(void *ctx, uint64_t word)
{
    struct sweep *w = ctx;
    size_t lo = 0, hi = w->n;
    struct load *l;

    if (word < w->low || word > w->high)
        return;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (w->ranges[mid].to < word)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == w->n || word < w->ranges[lo].from)
        return;
    l = w->ranges[lo].in->load;
    if (l->marked)
        return;
    l->marked = true;
    l->todo = w->todo;
    w->todo = w->ranges[lo].in;
}

static void
add_range(struct sweep *w, const void *from, size_t size,
          struct engine_instance *in)
{
    struct range r = {(uintptr_t)from, (uintptr_t)from + size - 1, in};

    if (!size)
        return;
    w->ranges[w->n++] = r;
    if (r.from < w->low)
        w->low = r.from;
    if (r.to > w->high)
        w->high = r.to;
}

static bool
sweep_begin(struct sweep *w, struct engine_store *s)
{
    struct engine_instance *in;

    *w = (struct sweep){.low = UINTPTR_MAX};
    w->ranges = calloc(2 * (size_t)s->loads->leaving, sizeof *w->ranges);
    if (!w->ranges)
        return false;
    for (in = s->instances; in; in = in->next) {
        if (!load_is_leaving(in))
            continue;
        in->load->marked = false;
        add_range(w, in, sizeof *in, in);
        add_range(w, in->funcs,
                  (in->module->nfuncs - in->module->nfuncs_imported) *
                      sizeof *in->funcs,
                  in);
    }
    qsort(w->ranges, w->n, sizeof *w->ranges, compare_ranges);
    return true;
}

/* The C stack too: what has called out may be in somebody's variable. */
__attribute__((no_sanitize("address"))) static void
sweep_native_stack(struct sweep *w, const struct engine_store *s)
{
    uintptr_t at = (uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)7;
    uintptr_t end = s->native_low + s->native_stack;

    for (; s->depth && at < end; at += sizeof(uintptr_t))
        sweep_word(w, *(volatile const uintptr_t *)at);
}

static void
sweep_free(struct engine_store *s, struct engine_instance *in)
{
    s->loads->count--;
    s->loads->leaving--;
    s->loads->bytes -= in->load->bytes;
    load_free(in);
    engine_module_unref(in->module);
    free(in);
}

static void
sweep(struct engine_store *s)
{
    struct engine_instance **at = &s->instances, *in;
    struct sweep w;

    if (!s->loads || !s->loads->leaving || !sweep_begin(&w, s))
        return;
    engine_store_visit(s, sweep_word, &w);
    for (struct activation *a = s->act; a; a = a->prev)
        sweep_word(&w, (uintptr_t)a->in);
    sweep_word(&w, (uintptr_t)s->native_in);
    sweep_native_stack(&w, s);
    while ((in = w.todo)) {
        w.todo = in->load->todo;
        instance_visit(in, sweep_word, &w);
    }
    while ((in = *at)) {
        if (load_is_leaving(in) && !in->load->marked && !in->load->stays) {
            *at = in->next;
            sweep_free(s, in);
        } else {
            at = &in->next;
        }
    }
    free(w.ranges);
    s->nframes = 0; /* they may be of what is gone */
    if (s->shapes)
        memset(s->shapes, 0, FRAME_SHAPES * sizeof *s->shapes);
    s->loads->sweep_at = 2 * s->loads->leaving + SWEEP_LEAST;
}

bool
load_is_leaving(const struct engine_instance *in)
{
    return in->load && in->load->leaving;
}

/* ---- what a module may be ------------------------------------------------- */

/* Structs and arrays of a type are told by its number, which the module keeps. */
static bool
has_heap_types(const struct engine_module *m)
{
    for (uint32_t i = 0; i < m->ntypes; i++)
        if (type_get(m->types[i])->kind != TYPE_FUNC)
            return true;
    return false;
}

/* ---- imports ------------------------------------------------------------- */

/* An immutable number. Nobody else sees it. */
static bool
constant(struct engine_store *s, const struct port *p, uint32_t value,
         struct engine_extern *out)
{
    struct engine_global *g = store_alloc(s, 1, sizeof *g);

    if (!g)
        return false;
    g->vt = p->type == VT_I64 ? VT_I64 : VT_I32;
    g->value = &g->own;
    g->own.u64 = value;
    out->kind = ENGINE_GLOBAL;
    out->global = g;
    return true;
}

static bool
find_import(struct engine_instance *in, const struct port *p,
            const struct engine_code *c, struct engine_extern *out)
{
    const struct engine_port *pub = &p->pub;

    *out = (struct engine_extern){.kind = pub->kind};
    if (pub->module_len != 3 || memcmp(pub->module, "env", 3) != 0)
        return false;
    if (pub->kind == ENGINE_MEMORY && load_named(pub, "memory")) {
        out->memory = in->module->nmemories ? in->memories[0] : NULL;
        return out->memory != NULL;
    }
    if (pub->kind == ENGINE_TABLE &&
        load_named(pub, "__indirect_function_table")) {
        out->table = in->module->ntables ? in->tables[0] : NULL;
        return out->table != NULL;
    }
    if (pub->kind == ENGINE_GLOBAL && load_named(pub, "__memory_base"))
        return constant(in->store, p, c->memory_base, out);
    if (pub->kind == ENGINE_GLOBAL && load_named(pub, "__table_base"))
        return constant(in->store, p, c->table_base, out);
    return engine_instance_export(in, pub->name, pub->name_len, out) &&
           out->kind == pub->kind;
}

static int
find_imports(struct engine_instance *in, const struct engine_module *m,
             const struct engine_code *c, struct engine_extern *out,
             struct report *report)
{
    for (uint32_t i = 0; i < m->nimports; i++) {
        const struct engine_port *p = &m->imports[i].pub;

        if (!find_import(in, &m->imports[i], c, &out[i]))
            return load_lacks(p, report);
    }
    return 0;
}

/* ---- loading ------------------------------------------------------------- */

static struct loads *
loads_of(struct engine_store *s)
{
    if (!s->loads && (s->loads = calloc(1, sizeof *s->loads)))
        s->loads->sweep_at = SWEEP_LEAST;
    return s->loads;
}

/* A number for one more of so many bytes, and room for it in the quota. */
static int
reserve(struct engine_store *s, size_t bytes, uint64_t *charge)
{
    struct loads *l = loads_of(s);

    if (!l)
        return -E_NOMEM;
    if (l->count >= LIMIT_CODE_MODULES ||
        bytes > LIMIT_CODE_BYTES_ALL - l->bytes)
        sweep(s);
    if (l->count >= LIMIT_CODE_MODULES ||
        bytes > LIMIT_CODE_BYTES_ALL - l->bytes)
        return -E_NOMEM;
    while (l->free < l->cap && l->at[l->free])
        l->free++;
    if (l->free == l->cap) {
        uint32_t cap = l->cap ? 2 * l->cap : 16;
        struct engine_instance **more =
            realloc(l->at, cap * sizeof(struct engine_instance *));

        if (!more)
            return -E_NOMEM;
        memset(more + l->cap, 0, (cap - l->cap) * sizeof *more);
        l->at = more;
        l->cap = cap;
    }
    *charge = CHARGE_EACH + (uint64_t)CHARGE_BYTE * bytes;
    return quota_take_memory(s->quota, *charge) ? 0 : -E_NOMEM;
}

/* Where its elements are to be, if it must not grow for them. */
static int
check_elements(const struct engine_instance *in, const struct engine_code *c)
{
    uint64_t size = in->module->ntables ? in->tables[0]->size : 0;

    if (c->table_base == ENGINE_CODE_GROW)
        return in->module->ntables || !c->table_size ? 0 : -E_INVAL;
    return c->table_base <= size && c->table_size <= size - c->table_base
               ? 0
               : -E_INVAL;
}

static int
grow_table(struct engine_instance *in, struct engine_code *c)
{
    uint64_t base = in->module->ntables ? in->tables[0]->size : 0;

    if (c->table_base != ENGINE_CODE_GROW)
        return 0;
    if (base + c->table_size >= UINT32_MAX ||
        (c->table_size &&
         table_grow(in->tables[0], c->table_size, NULL) == UINT64_MAX))
        return -E_NOMEM;
    c->table_base = (uint32_t)base;
    return 0;
}

static void
set_table_base(const struct engine_instance *own, const struct engine_code *c)
{
    const struct engine_module *m = own->module;

    for (uint32_t i = 0, g = 0; i < m->nimports; i++) {
        if (m->imports[i].pub.kind != ENGINE_GLOBAL)
            continue;
        if (load_named(&m->imports[i].pub, "__table_base"))
            own->globals[g]->value->u64 = c->table_base;
        g++;
    }
}

static void
clear_elements(struct engine_instance *in, const struct load *l)
{
    struct engine_table *t = in->module->ntables ? in->tables[0] : NULL;

    for (uint64_t i = 0; t && i < l->table_size; i++)
        t->elems[l->table_base + i] = NULL;
}

/* Make m an instance in in's store. What is allocated meanwhile is its own. */
static int
join(struct engine_instance *in, struct engine_module *m,
     struct engine_code *c, struct load *l, struct engine_instance **out,
     struct report *report)
{
    struct engine_store *s = in->store;
    struct engine_extern *imports;
    struct engine_instance *own = NULL;
    enum engine_status st;
    int r;

    imports = calloc(m->nimports + 1, sizeof *imports);
    r = imports ? find_imports(in, m, c, imports, report) : -E_NOMEM;
    if (r == 0) {
        own = instance_alloc(s, m);
        r = own ? 0 : -E_NOMEM;
    }
    if (r == 0 && !instance_link(own, imports, report)) {
        instance_abandon(own);
        r = -E_NOEXEC;
    }
    free(imports);
    if (r < 0)
        return r;
    own->load = l;
    *out = own;
    r = grow_table(in, c);
    if (r < 0)
        return r;
    set_table_base(own, c);
    l->table_base = c->table_base;
    l->table_size = c->table_size;
    st = instance_fill(own, report);
    if (st == ENGINE_OK)
        return 0;
    clear_elements(in, l);
    report_set(report, 0, "a segment of it: %s", engine_status_text(st));
    return st == ENGINE_NO_MEMORY ? -E_NOMEM : -E_NOEXEC;
}

static int
load_module(struct engine_instance *in, struct engine_module *m,
            struct engine_code *c, size_t bytes, uint64_t charge,
            struct report *report)
{
    struct engine_store *s = in->store;
    struct block *others = s->blocks;
    struct engine_instance *own = NULL;
    struct load *l = calloc(1, sizeof *l);
    struct block *b;
    int r;

    if (!l) {
        quota_give_memory(s->quota, charge);
        return -E_NOMEM;
    }
    l->charge = charge;
    l->bytes = bytes;
    l->stays = has_heap_types(m);
    s->blocks = NULL;
    r = join(in, m, c, l, &own, report);
    l->blocks = s->blocks;
    s->blocks = others;
    if (!own) {
        while ((b = l->blocks)) {
            l->blocks = b->next;
            free(b);
        }
        quota_give_memory(s->quota, charge);
        free(l);
        return r;
    }
    if (++s->loads->count > s->loads->most)
        s->loads->most = s->loads->count;
    s->loads->bytes += bytes;
    if (r < 0) { /* its segments may have left something behind */
        l->leaving = true;
        s->loads->leaving++;
        return r;
    }
    s->loads->at[s->loads->free++] = own;
    return (int)s->loads->free;
}

int
engine_code_load(struct engine_instance *in, const uint8_t *bytes, size_t size,
                 void (*release)(const uint8_t *, size_t, void *), void *ctx,
                 struct engine_code *code, struct report *report)
{
    struct engine_module *m = NULL;
    const char *why = NULL;
    uint64_t charge;
    int r = check_elements(in, code);

    if (r == 0 && size > LIMIT_CODE_BYTES)
        r = -E_2BIG;
    if (r == 0)
        r = reserve(in->store, size, &charge);
    if (r < 0) {
        if (release)
            release(bytes, size, ctx);
        return r;
    }
    r = module_load_passing(bytes, size, release, ctx, &m, report);
    if (r == 0 && (why = load_cannot_join(
                      m->nmemories > m->nmemories_imported,
                      m->ntables > m->ntables_imported,
                      m->ntags > m->ntags_imported, m->start != UINT32_MAX)))
        report_set(report, 0, "%s", why);
    if (r == 0 && !why)
        r = load_module(in, m, code, size, charge, report);
    else
        quota_give_memory(in->store->quota, charge);
    engine_module_unref(m);
    return why || r == -E_INVAL ? -E_NOEXEC : r;
}

int
engine_code_drop(struct engine_instance *in, int number)
{
    struct loads *l = in->store->loads;
    struct engine_instance *own;

    if (!l || number < 1 || (uint32_t)number > l->cap || !l->at[number - 1])
        return -E_BADF;
    own = l->at[number - 1];
    l->at[number - 1] = NULL;
    if (l->free > (uint32_t)number - 1)
        l->free = (uint32_t)number - 1;
    clear_elements(in, own->load);
    own->load->leaving = true;
    l->leaving++;
    if (l->leaving >= l->sweep_at)
        sweep(in->store);
    return 0;
}
