/* SPDX-License-Identifier: Apache-2.0 */
/* Stores: lifetime, fuel and polls, host objects, calls from the host. */
#include "gc.h"
#include "runtime.h"

#include <stdlib.h>

#include "limits.h"
#include "mem.h"
#include "optimise.h"
#include "pith_errno.h"

#define DEFAULT_STACK ((size_t)1 << 20)
#define DEFAULT_NATIVE ((size_t)512 << 10)
#define DEFAULT_POLL 20000u

void *
store_alloc(struct engine_store *s, size_t n, size_t size)
{
    struct block *b;

    if (size && n > (SIZE_MAX - sizeof *b) / size)
        return NULL;
    b = calloc(1, sizeof *b + n * size);
    if (!b)
        return NULL;
    b->next = s->blocks;
    s->blocks = b;
    return b->align_;
}

bool
store_hold_type(struct engine_store *s, uint32_t id)
{
    if (s->nheld == s->held_cap) {
        uint32_t cap = s->held_cap ? s->held_cap * 2 : 64;
        uint32_t *p = realloc(s->held, cap * sizeof *p);

        if (!p)
            return false;
        s->held = p;
        s->held_cap = cap;
    }
    s->held[s->nheld++] = id;
    return true;
}

static void
refill(struct engine_store *s)
{
    uint64_t left = quota_fuel_left(s->quota);

    s->slice = s->poll_interval;
    if (left < (uint64_t)s->slice)
        s->slice = (int64_t)left;
    s->budget = s->slice;
}

struct engine_store *
engine_store_create(const struct engine_config *c)
{
    struct engine_store *s = calloc(1, sizeof *s);
    size_t bytes = c->stack_bytes ? c->stack_bytes : DEFAULT_STACK;

    if (!s)
        return NULL;
    s->user = c->user;
    s->stack = c->stack;
    if (!s->stack) {
        s->stack = stack_alloc(bytes);
        s->stack_owned = true;
    }
    s->quota = c->share ? quota_ref(c->share->quota) : quota_create(c);
    if (!s->stack || !s->quota) {
        if (s->stack_owned && s->stack)
            stack_free(s->stack, bytes);
        quota_unref(s->quota);
        free(s);
        return NULL;
    }
    s->stack_limit = s->stack + bytes / sizeof *s->stack;
    s->sp = s->stack;
    s->native_stack = c->native_stack ? c->native_stack : DEFAULT_NATIVE;
    s->poll_interval = c->poll_interval ? c->poll_interval
                                        : engine_options()->poll_interval;
    if (!s->poll_interval)
        s->poll_interval = DEFAULT_POLL;
    if (s->poll_interval > INT32_MAX)
        s->poll_interval = INT32_MAX;
    s->poll = c->poll;
    s->block = c->block;
    s->wake = c->wake;
    s->block_ctx = c->block_ctx;
    s->exceptions_limit = 1024;
    refill(s);
    engine_thread_init();
    return s;
}

void
engine_store_destroy(struct engine_store *s)
{
    struct engine_instance *in;
    struct engine_memory *m;
    struct engine_table *t;
    struct exception *e;
    struct block *b;

    if (!s)
        return;
    while ((m = s->memories)) {
        s->memories = m->next;
        memory_destroy(m);
    }
    memory_detach_all(s);
    while ((t = s->tables)) {
        s->tables = t->next;
        quota_give_elements(s->quota, t->size);
        free(t->elems);
        free(t);
    }
    while ((e = s->exceptions)) {
        s->exceptions = e->next;
        free(e);
    }
    if (s->gc)
        quota_give_memory(s->quota, gc_heap_bytes(s->gc));
    gc_heap_free(s->gc);
    while ((in = s->instances)) {
        s->instances = in->next;
        load_free(in);
        engine_module_unref(in->module);
        free(in);
    }
    for (uint32_t i = 0; i < s->nheld; i++)
        type_release(s->held[i]);
    while ((b = s->blocks)) {
        s->blocks = b->next;
        free(b);
    }
    free(s->held);
    free(s->frames);
    loads_finish(s);
    if (s->stack_owned)
        stack_free(s->stack,
                   (size_t)(s->stack_limit - s->stack) * sizeof *s->stack);
    quota_burn(s->quota, (uint64_t)(s->slice - s->budget));
    quota_unref(s->quota);
    free(s);
}

void *
engine_store_user(struct engine_store *s)
{
    return s->user;
}

uint64_t
engine_store_fuel_used(const struct engine_store *s)
{
    return atomic_load_explicit(&s->quota->fuel_used, memory_order_relaxed) +
           (uint64_t)(s->slice - s->budget);
}

uint64_t
engine_store_memory_bytes(const struct engine_store *s)
{
    return atomic_load_explicit(&s->quota->memory_used, memory_order_relaxed);
}

void
engine_store_interrupt(struct engine_store *s)
{
    atomic_store_explicit(&s->interrupted, true, memory_order_relaxed);
}

enum engine_status
store_poll(struct engine_store *s)
{
    enum engine_status st = ENGINE_OK;
    bool sampled;

    quota_burn(s->quota, (uint64_t)(s->slice - s->budget));
    s->slice = s->budget = 0;
    if (!quota_fuel_left(s->quota))
        return ENGINE_OUT_OF_FUEL;
    refill(s);
    atomic_store_explicit(&s->interrupted, false, memory_order_relaxed);
    sampled = tierup_sample(s);
    if (s->poll)
        st = s->poll(s, s->user);
    if (sampled)
        tierup_go_on(s);
    return st;
}

/* ---- objects of the host
 * --------------------------------------------------------- */

struct engine_func *
engine_func_host(struct engine_store *s, const struct engine_functype *type,
                 engine_host_fn *fn, void *env)
{
    struct engine_func *f = store_alloc(s, 1, sizeof *f);
    uint32_t id;

    if (!f || type_intern_public(type, &id) < 0)
        return NULL;
    if (!store_hold_type(s, id)) {
        type_release(id);
        return NULL;
    }
    f->type = id;
    f->host = fn;
    f->env = env;
    f->store = s;
    f->narrow = type->nresults == 1 && type_get(id)->vt[type->nparams] == VT_I32;
    return f;
}

const struct engine_functype *
engine_func_type(const struct engine_func *f)
{
    return &type_get(f->type)->functype;
}

struct engine_memory *
engine_memory_create(struct engine_store *s, uint64_t min_pages,
                     uint64_t max_pages, bool is64)
{
    struct limits l = {.min = min_pages, .max = max_pages, .is64 = is64};

    return memory_create(s, &l);
}

struct engine_memory *
engine_memory_create_shared(struct engine_store *s, uint64_t min_pages,
                            uint64_t max_pages, bool is64)
{
    struct limits l = {
        .min = min_pages, .max = max_pages, .is64 = is64, .shared = true};

    return memory_create(s, &l);
}

struct engine_table *
engine_table_create(struct engine_store *s, struct engine_valtype type,
                    uint64_t min, uint64_t max, bool is64)
{
    struct table_type t = {.vt = vt_from_public(type),
                           .limits = {.min = min, .max = max, .is64 = is64}};

    return table_create(s, &t, NULL);
}

static void
value_to_slots(uint32_t vt, const union engine_value *v, uint64_t *slots)
{
    switch (vt) {
    case VT_V128:
        memcpy(slots, v->v128, sizeof v->v128);
        break;
    case VT_I32:
    case VT_F32:
        *slots = v->i32;
        break;
    case VT_I64:
    case VT_F64:
        *slots = v->i64;
        break;
    default:
        *slots = (uintptr_t)v->ref;
    }
}

static void
value_from_slots(uint32_t vt, const uint64_t *slots, union engine_value *v)
{
    v->v128[0] = v->v128[1] = 0;
    switch (vt) {
    case VT_V128:
        memcpy(v->v128, slots, sizeof v->v128);
        break;
    case VT_I32:
    case VT_F32:
        v->i32 = (uint32_t)*slots;
        break;
    case VT_I64:
    case VT_F64:
        v->i64 = *slots;
        break;
    default:
        v->ref = (void *)(uintptr_t)*slots;
    }
}

struct engine_global *
engine_global_create(struct engine_store *s, struct engine_valtype type,
                     bool mutable_, union engine_value init)
{
    struct engine_global *g = store_alloc(s, 1, sizeof *g);

    if (!g)
        return NULL;
    g->vt = vt_from_public(type);
    g->mutable_ = mutable_;
    g->value = &g->own;
    value_to_slots(g->vt, &init, g->own.v128);
    g->next = s->globals;
    s->globals = g;
    return g;
}

struct engine_valtype
engine_global_type(const struct engine_global *g, bool *mutable_)
{
    if (mutable_)
        *mutable_ = g->mutable_;
    return vt_public(g->vt);
}

union engine_value
engine_global_get(const struct engine_global *g)
{
    union engine_value v;

    value_from_slots(g->vt, g->value->v128, &v);
    return v;
}

void
engine_global_set(struct engine_global *g, union engine_value v)
{
    value_to_slots(g->vt, &v, g->value->v128);
}

uint64_t
engine_table_size(const struct engine_table *t)
{
    return t->size;
}

/* ---- calls
 * ------------------------------------------------------------------------ */

static enum engine_status
call_slots(struct engine_store *s, struct engine_func *f, uint64_t *slots)
{
    struct activation act = {.prev = s->act, .in = f->instance, .fp = slots};
    uint64_t *prompt = s->prompt, *run_base = s->run_base;
    enum engine_status st;

    if (s->depth >= LIMIT_NATIVE_DEPTH)
        return ENGINE_STACK_EXHAUSTED;
    if (!s->depth) /* fibers may have moved it since the last time */
        s->native_low =
            (uintptr_t)__builtin_frame_address(0) - s->native_stack;
    s->nframes = 0;
    s->tail = NULL;
    s->tail_awaited = false;
    s->depth++;
    s->act = &act;
    s->prompt = NULL; /* what calls cannot be suspended */
    s->run_base = slots;
    if (f->host) {
        st = f->host(s, NULL, f->env, slots);
    } else {
        mem_run(&act, f, slots);
        st = s->status;
    }
    s->act = act.prev;
    s->prompt = prompt;
    s->run_base = run_base;
    s->depth--;
    return st;
}

enum engine_status
engine_call(struct engine_store *s, struct engine_func *f,
            const union engine_value *args, union engine_value *results)
{
    const struct type_def *t = type_get(f->type);
    uint32_t need =
        t->param_slots > t->result_slots ? t->param_slots : t->result_slots;
    uint64_t *slots = s->sp;
    enum engine_status st;

    if ((size_t)(s->stack_limit - slots) < need)
        return ENGINE_STACK_EXHAUSTED;
    for (uint32_t i = 0, at = 0; i < t->nparams; i++) {
        value_to_slots(t->vt[i], &args[i], slots + at);
        at += vt_slots(t->vt[i]);
    }
    s->sp = slots + need;
    st = call_slots(s, f, slots);
    s->sp = slots;
    for (uint32_t i = 0, at = 0; st == ENGINE_OK && i < t->nresults; i++) {
        uint32_t vt = t->vt[t->nparams + i];

        if (results)
            value_from_slots(vt, slots + at, &results[i]);
        at += vt_slots(vt);
    }
    return st;
}
