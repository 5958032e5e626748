/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear memories: quotas and limits over the back end of mem.h.
 *
 * A shared memory belongs to no store. Every store that uses it holds a
 * reference (memory_attach), and so may the host. Its base never moves; its size
 * only grows, under share->lock, and is read without it (memory_bytes).
 */
#include "mem.h"

#include <pthread.h>
#include <stdlib.h>

/* Bytes a host can address at all. */
#define MAX_BYTES ((uint64_t)1 << (sizeof(void *) > 4 ? 46 : 31))

struct engine_memory memory_none;

struct memory_share {
    _Atomic uint32_t refs;
    struct quota *quota; /* of the store that made it */
    pthread_mutex_t lock;
    struct memory_use *users;
};

struct memory_use { /* one store's; under the memory's lock */
    struct memory_use *next;  /* of the memory */
    struct memory_use *other; /* of the store */
    struct engine_memory *memory;
    struct engine_store *store;
};

/* Back ends deal in whole 64 KiB, whatever the program's pages are. */
static uint64_t
reserve(uint64_t bytes)
{
    return (bytes + 0xffff) & ~(uint64_t)0xffff;
}

static struct quota *
quota_of(struct engine_memory *m)
{
    return m->share ? m->share->quota : m->store->quota;
}

/* ---- sharing ---- */

static bool
make_shared(struct engine_memory *m, struct engine_store *s)
{
    m->share = calloc(1, sizeof *m->share);
    if (!m->share)
        return false;
    atomic_init(&m->share->refs, 1);
    pthread_mutex_init(&m->share->lock, NULL);
    m->share->quota = quota_ref(s->quota);
    return true;
}

static void
share_free(struct memory_share *h)
{
    pthread_mutex_destroy(&h->lock);
    quota_unref(h->quota);
    free(h);
}

struct engine_memory *
engine_memory_ref(struct engine_memory *m)
{
    if (m->share)
        atomic_fetch_add_explicit(&m->share->refs, 1, memory_order_relaxed);
    return m;
}

void
memory_destroy(struct engine_memory *m)
{
    quota_give_memory(quota_of(m), m->bytes);
    mem_free(m);
    if (m->share)
        share_free(m->share);
    free(m);
}

void
engine_memory_unref(struct engine_memory *m)
{
    if (m && m->share &&
        atomic_fetch_sub_explicit(&m->share->refs, 1, memory_order_acq_rel) ==
            1)
        memory_destroy(m);
}

bool
memory_is_private(const struct engine_memory *m)
{
    return !m->share ||
           atomic_load_explicit(&m->share->refs, memory_order_acquire) == 1;
}

bool
memory_attach(struct engine_memory *m, struct engine_store *s)
{
    struct memory_use *u;

    for (u = s->uses; u; u = u->other)
        if (u->memory == m)
            return true;
    u = calloc(1, sizeof *u);
    if (!u)
        return false;
    u->memory = engine_memory_ref(m);
    u->store = s;
    u->other = s->uses;
    s->uses = u;
    pthread_mutex_lock(&m->share->lock);
    u->next = m->share->users;
    m->share->users = u;
    pthread_mutex_unlock(&m->share->lock);
    return true;
}

void
memory_detach_all(struct engine_store *s)
{
    struct memory_use *u, **at;

    while ((u = s->uses)) {
        struct memory_share *h = u->memory->share;

        s->uses = u->other;
        pthread_mutex_lock(&h->lock);
        for (at = &h->users; *at != u; at = &(*at)->next)
            continue;
        *at = u->next;
        pthread_mutex_unlock(&h->lock);
        engine_memory_unref(u->memory);
        free(u);
    }
}

/*
 * Each store that runs has a C stack of its own with its innermost activation
 * on it, above everything that this activation called: the nearest one above sp
 * is the one. The others' are compared, never looked into.
 */
struct engine_store *
memory_running_store(struct engine_memory *m, uintptr_t sp)
{
    struct engine_store *found = NULL;
    uintptr_t best = UINTPTR_MAX;

    pthread_mutex_lock(&m->share->lock);
    for (struct memory_use *u = m->share->users; u; u = u->next) {
        uintptr_t act =
            (uintptr_t)__atomic_load_n(&u->store->act, __ATOMIC_RELAXED);

        if (act > sp && act - sp < best) {
            best = act - sp;
            found = u->store;
        }
    }
    pthread_mutex_unlock(&m->share->lock);
    return found;
}

/* ---- making and growing ---- */

/* The store's use is the first reference. */
static struct engine_memory *
adopt_shared(struct engine_memory *m, struct engine_store *s)
{
    bool ok = memory_attach(m, s);

    engine_memory_unref(m);
    return ok ? m : NULL;
}

struct engine_memory *
memory_create(struct engine_store *s, const struct limits *l)
{
    struct engine_memory *m;
    uint8_t shift = l->byte_pages ? 0 : 16;
    uint64_t bytes = l->min << shift;
    /* of the pages that 32 bits count, -1 is how memory.grow says no */
    uint64_t most = l->is64 ? UINT64_MAX : shift ? 65536 : UINT32_MAX - 1u;

    if (l->min > most || l->min > MAX_BYTES >> shift || !quota_begin_memory(s->quota, bytes))
        return NULL;
    m = calloc(1, sizeof *m);
    if (!m)
        goto fail;
    m->is64 = l->is64;
    m->shared = l->shared;
    m->page_shift = shift;
    m->declared_max = l->max;
    m->max_pages = l->max < most ? l->max : most;
    if (l->shared && !make_shared(m, s))
        goto fail;
    m->store = l->shared ? NULL : s;
    if (!mem_alloc(m, reserve(bytes)))
        goto fail;
    m->bytes = bytes;
    if (l->shared)
        return adopt_shared(m, s);
    m->next = s->memories;
    s->memories = m;
    return m;
fail:
    quota_give_memory(s->quota, bytes);
    if (m && m->share)
        share_free(m->share);
    free(m);
    return NULL;
}

static uint64_t
grow(struct engine_memory *m, uint64_t pages)
{
    uint64_t old = m->bytes >> m->page_shift, max = m->max_pages, more;

    if (max > MAX_BYTES >> m->page_shift)
        max = MAX_BYTES >> m->page_shift;
    if (old > max || pages > max - old)
        return UINT64_MAX;
    if (!pages)
        return old;
    more = pages << m->page_shift;
    if (!quota_take_memory(quota_of(m), more))
        return UINT64_MAX;
    if (reserve(m->bytes + more) != reserve(m->bytes) &&
        !mem_extend(m, reserve(m->bytes + more))) {
        quota_give_memory(quota_of(m), more);
        return UINT64_MAX;
    }
    __atomic_store_n(&m->bytes, m->bytes + more, __ATOMIC_RELEASE);
    return old;
}

uint64_t
memory_grow(struct engine_memory *m, uint64_t pages)
{
    uint64_t old;

    if (!m->share)
        return grow(m, pages);
    pthread_mutex_lock(&m->share->lock);
    old = grow(m, pages);
    pthread_mutex_unlock(&m->share->lock);
    return old;
}

uint8_t *
engine_memory_base(struct engine_memory *m)
{
    return m->base;
}

uint64_t
engine_memory_size(const struct engine_memory *m)
{
    return memory_bytes(m);
}

static bool
inside(const struct engine_memory *m, uint64_t at, size_t n)
{
    uint64_t size = memory_bytes(m);

    return at <= size && n <= size - at;
}

bool
engine_memory_read(struct engine_memory *m, uint64_t from, void *to, size_t n)
{
    if (!inside(m, from, n))
        return false;
    memcpy(to, m->base + from, n);
    return true;
}

bool
engine_memory_write(struct engine_memory *m, uint64_t to, const void *from,
                    size_t n)
{
    if (!inside(m, to, n))
        return false;
    memcpy(m->base + to, from, n);
    return true;
}

bool
engine_memory_is64(const struct engine_memory *m)
{
    return m->is64;
}

bool
engine_memory_is_shared(const struct engine_memory *m)
{
    return m->shared;
}
