/* SPDX-License-Identifier: Apache-2.0 */
/* References: who owns them, which object has which, host information. */
#include "capi.h"

/* ---- the store's list and index ---- */

static size_t
bucket_of(const struct wasm_store_t *s, enum ref_kind kind, const void *object)
{
    uint64_t h = ((uintptr_t)object >> 3 ^ kind) * 0x9e3779b97f4a7c15u;

    return (size_t)(h >> 32) & (s->nbuckets - 1);
}

static void
index_put(struct wasm_store_t *s, struct wasm_ref_t *r)
{
    size_t b = bucket_of(s, r->kind, r->object);

    r->chain = s->buckets[b];
    s->buckets[b] = r;
}

static bool
index_grow(struct wasm_store_t *s)
{
    struct wasm_ref_t **old = s->buckets, **p;
    size_t n = s->nbuckets, more = n ? n * 2 : 64;

    if (s->ninterned < n)
        return true;
    p = calloc(more, sizeof(void *));
    if (!p)
        return n > 0; /* slower, that is all */
    s->buckets = p;
    s->nbuckets = more;
    for (size_t i = 0; i < n; i++)
        for (struct wasm_ref_t *r = old[i], *next; r; r = next) {
            next = r->chain;
            index_put(s, r);
        }
    free(old);
    return true;
}

static void
index_remove(struct wasm_store_t *s, struct wasm_ref_t *r)
{
    struct wasm_ref_t **at = &s->buckets[bucket_of(s, r->kind, r->object)];

    while (*at != r)
        at = &(*at)->chain;
    *at = r->chain;
    s->ninterned--;
}

static void
list_remove(struct wasm_ref_t *r)
{
    if (r->prev)
        r->prev->next = r->next;
    else
        r->store->refs = r->next;
    if (r->next)
        r->next->prev = r->prev;
    r->prev = r->next = NULL;
}

static void
list_put(struct wasm_store_t *s, struct wasm_ref_t *r)
{
    r->prev = NULL;
    r->next = s->refs;
    if (s->refs)
        s->refs->prev = r;
    s->refs = r;
}

/* ---- lifetimes ---- */

void *
ref_create(struct wasm_store_t *s, enum ref_kind kind, void *object,
           size_t size)
{
    struct wasm_ref_t *r = calloc(1, size);

    if (!r)
        return NULL;
    r->kind = (uint8_t)kind;
    r->store = s;
    r->object = object;
    r->owners = 1;
    if (s)
        list_put(s, r);
    return r;
}

struct wasm_ref_t *
ref_intern(struct wasm_store_t *s, enum ref_kind kind, void *object)
{
    struct wasm_ref_t *r;

    if (!object || !index_grow(s))
        return NULL;
    r = s->buckets[bucket_of(s, kind, object)];
    while (r && (r->object != object || r->kind != kind))
        r = r->chain;
    if (r) {
        r->owners++;
        return r;
    }
    r = ref_create(s, kind, object, sizeof *r);
    if (!r)
        return NULL;
    r->interned = true;
    index_put(s, r);
    s->ninterned++;
    return r;
}

static void
finalize(struct wasm_ref_t *r)
{
    void (*f)(void *) = r->finalizer;
    void *info = r->info;

    r->finalizer = NULL;
    r->info = NULL;
    if (f)
        f(info);
}

static void
ref_free(struct wasm_ref_t *r)
{
    if (r->kind == REF_TRAP)
        trap_finish((struct trap *)r);
    if (r->kind == REF_MODULE)
        engine_module_unref(r->object);
    free(r);
}

void
ref_own(struct wasm_ref_t *r)
{
    if (r)
        r->owners++;
}

void
ref_unown(struct wasm_ref_t *r)
{
    if (!r || --r->owners)
        return;
    if (!r->store) {
        ref_free(r);
        return;
    }
    if (r->store->closing || r->held)
        return;
    if (r->interned) {
        if (r->info || r->finalizer)
            return;
        index_remove(r->store, r);
        value_unpin(r);
    } else {
        r->owners = 1; /* the finalizer may still look at it */
        finalize(r);
        if (--r->owners)
            return;
    }
    list_remove(r);
    ref_free(r);
}

void
ref_finalize_all(struct wasm_store_t *s)
{
    struct wasm_ref_t *done = NULL, *r;

    while ((r = s->refs)) { /* finalizers may add some */
        s->refs = r->next;
        if (r->next)
            r->next->prev = NULL;
        r->next = done;
        done = r;
        finalize(r);
    }
    s->refs = done;
}

void
ref_end_all(struct wasm_ref_t *list)
{
    struct wasm_ref_t *next;

    for (struct wasm_ref_t *r = list; r; r = r->next) {
        r->store = NULL;
        r->owners++; /* until its turn below */
    }
    for (; list; list = next) {
        next = list->next;
        list->prev = list->next = NULL;
        finalize(list); /* given to it by another's finalizer */
        ref_unown(list);
    }
}

/* ---- the public face of all kinds ---- */

static void
set_info(struct wasm_ref_t *r, void *info, void (*finalizer)(void *))
{
    if (!r)
        return;
    finalize(r);
    r->info = info;
    r->finalizer = finalizer;
}

#define REF_BASE(name)                                                         \
    void wasm_##name##_delete(wasm_##name##_t *r)                              \
    {                                                                          \
        ref_unown(ref_of(r));                                                  \
    }                                                                          \
    wasm_##name##_t *wasm_##name##_copy(const wasm_##name##_t *r)              \
    {                                                                          \
        ref_own(ref_of(r));                                                    \
        return (wasm_##name##_t *)ref_of(r);                                   \
    }                                                                          \
    bool wasm_##name##_same(const wasm_##name##_t *a,                          \
                            const wasm_##name##_t *b)                          \
    {                                                                          \
        return a == b;                                                         \
    }                                                                          \
    void *wasm_##name##_get_host_info(const wasm_##name##_t *r)                \
    {                                                                          \
        return r ? ref_of(r)->info : NULL;                                     \
    }                                                                          \
    void wasm_##name##_set_host_info(wasm_##name##_t *r, void *info)           \
    {                                                                          \
        set_info(ref_of(r), info, NULL);                                       \
    }                                                                          \
    void wasm_##name##_set_host_info_with_finalizer(                           \
        wasm_##name##_t *r, void *info, void (*finalizer)(void *))             \
    {                                                                          \
        set_info(ref_of(r), info, finalizer);                                  \
    }

/* A reference seen as another type, when is says that it is one. */
#define VIEW(from, to, fn, is)                                                 \
    wasm_##to##_t *fn(wasm_##from##_t *r)                                      \
    {                                                                          \
        return r && is(ref_of(r)) ? (wasm_##to##_t *)ref_of(r) : NULL;         \
    }                                                                          \
    const wasm_##to##_t *fn##_const(const wasm_##from##_t *r)                  \
    {                                                                          \
        return r && is(ref_of(r)) ? (const wasm_##to##_t *)ref_of(r) : NULL;   \
    }
#define REF(name, is)                                                          \
    REF_BASE(name)                                                             \
    VIEW(name, ref, wasm_##name##_as_ref, is_any)                              \
    VIEW(ref, name, wasm_ref_as_##name, is)
#define EXTERN(name, is)                                                       \
    REF(name, is)                                                              \
    VIEW(name, extern, wasm_##name##_as_extern, is_any)                        \
    VIEW(extern, name, wasm_extern_as_##name, is)

#define is_any(r) (r) != NULL
#define is_func(r) (r)->kind == REF_FUNC
#define is_global(r) (r)->kind == REF_GLOBAL
#define is_table(r) (r)->kind == REF_TABLE
#define is_memory(r) (r)->kind == REF_MEMORY
#define is_tag(r) (r)->kind == REF_TAG
#define is_instance(r) (r)->kind == REF_INSTANCE
#define is_module(r) (r)->kind == REF_MODULE
#define is_trap(r) (r)->kind == REF_TRAP
#define is_foreign(r) (r)->kind == REF_FOREIGN
#define is_extern(r) (r)->kind <= REF_TAG

REF_BASE(ref)
EXTERN(func, is_func)
EXTERN(global, is_global)
EXTERN(table, is_table)
EXTERN(memory, is_memory)
EXTERN(tag, is_tag)
REF(extern, is_extern)
REF(instance, is_instance)
REF(module, is_module)
REF(trap, is_trap)
REF(foreign, is_foreign)

wasm_foreign_t *
wasm_foreign_new(wasm_store_t *s)
{
    return ref_create(s, REF_FOREIGN, NULL, sizeof(struct wasm_ref_t));
}
