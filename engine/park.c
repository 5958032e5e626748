/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for places in shared memory; see park.h. */
#include "park.h"

#include <pthread.h>
#include <time.h>

#define BUCKETS 64u
#define SLICE_NS 2000000u /* between polls of a thread that sleeps by itself */

/* On the stack of the thread or fiber that waits; under the bucket's lock. */
struct waiter {
    struct waiter *next, *prev;
    const void *place;
    struct engine_store *store;
    bool queued;
    pthread_cond_t cond; /* for stores without hooks */
};

struct park_bucket {
    pthread_mutex_t lock;
    struct waiter *first, *last;
};

static struct park_bucket buckets[BUCKETS] = {
    [0 ... BUCKETS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};

struct park_bucket *
park_lock(const void *place)
{
    uint64_t h = (uint64_t)(uintptr_t)place * 0x9e3779b97f4a7c15u;
    struct park_bucket *b = &buckets[(h >> 32) % BUCKETS];

    pthread_mutex_lock(&b->lock);
    return b;
}

void
park_unlock(struct park_bucket *b)
{
    pthread_mutex_unlock(&b->lock);
}

static void
enqueue(struct park_bucket *b, struct waiter *w)
{
    w->queued = true;
    w->prev = b->last;
    if (b->last)
        b->last->next = w;
    else
        b->first = w;
    b->last = w;
}

static void
dequeue(struct park_bucket *b, struct waiter *w)
{
    w->queued = false;
    if (w->prev)
        w->prev->next = w->next;
    else
        b->first = w->next;
    if (w->next)
        w->next->prev = w->prev;
    else
        b->last = w->prev;
}

/* ---- time ---- */

static uint64_t
now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t
left(uint64_t deadline)
{
    uint64_t t;

    if (deadline == UINT64_MAX)
        return UINT64_MAX;
    t = now(CLOCK_MONOTONIC);
    return deadline > t ? deadline - t : 0;
}

/* ---- waiting ---- */

/* A condition variable's clock is the wall's: it may be set meanwhile, which
 * makes one slice longer or shorter. */
static void
sleep_on(struct waiter *w, struct park_bucket *b, uint64_t ns)
{
    uint64_t until = now(CLOCK_REALTIME) + ns;
    struct timespec t = {.tv_sec = (time_t)(until / 1000000000u),
                         .tv_nsec = (long)(until % 1000000000u)};

    pthread_cond_timedwait(&w->cond, &b->lock, &t);
}

/*
 * One sleep; the lock is held before and after. A store with fuel comes to its
 * end even here: each slice costs what running for a poll's interval does.
 */
static enum engine_status
sleep_once(struct park_bucket *b, struct waiter *w, uint64_t ns)
{
    struct engine_store *s = w->store;
    bool metered = s->quota->fuel_max != UINT64_MAX;
    enum engine_status st;

    if ((metered || !s->block) && ns > SLICE_NS)
        ns = SLICE_NS;
    if (s->block) {
        park_unlock(b);
        s->block(s->block_ctx, ns);
    } else {
        sleep_on(w, b, ns);
        if (!w->queued)
            return ENGINE_OK;
        park_unlock(b);
    }
    if (metered)
        s->budget -= s->poll_interval;
    st = store_poll(s);
    pthread_mutex_lock(&b->lock);
    return st;
}

enum engine_status
park(struct park_bucket *b, struct engine_store *s, const void *place,
     int64_t timeout, bool alone, bool *woken)
{
    struct waiter w = {
        .place = place, .store = s, .cond = PTHREAD_COND_INITIALIZER};
    uint64_t deadline = UINT64_MAX, ns;
    enum engine_status st = ENGINE_OK;

    if (timeout >= 0)
        deadline = now(CLOCK_MONOTONIC) + (uint64_t)timeout;
    if (alone && timeout < 0 && !s->poll && s->quota->fuel_max == UINT64_MAX) {
        park_unlock(b);
        return ENGINE_OUT_OF_FUEL;
    }
    enqueue(b, &w);
    while (w.queued && st == ENGINE_OK && (ns = left(deadline)))
        st = sleep_once(b, &w, ns);
    *woken = !w.queued;
    if (w.queued)
        dequeue(b, &w);
    park_unlock(b);
    pthread_cond_destroy(&w.cond);
    return st;
}

/* ---- waking ---- */

/* The waiter cannot be gone before the lock is released. */
static void
wake(struct waiter *w)
{
    if (w->store->wake)
        w->store->wake(w->store->block_ctx);
    else
        pthread_cond_signal(&w->cond);
}

uint32_t
park_notify(const void *place, uint32_t n)
{
    struct park_bucket *b = park_lock(place);
    struct waiter *w, *next;
    uint32_t done = 0;

    for (w = b->first; w && done < n; w = next) {
        next = w->next;
        if (w->place != place)
            continue;
        dequeue(b, w);
        wake(w);
        done++;
    }
    park_unlock(b);
    return done;
}
