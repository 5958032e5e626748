/* SPDX-License-Identifier: Apache-2.0 */
/* Atomic instructions; see atomic.h and op/atomic.def. */
#include "atomic.h"

#include <time.h>

#include "op/atomic.h"

const struct atomic_op atomic_ops[ATOMIC_OPS] = {
#define X(sub, name, SHAPE, TYPE, size)                                        \
    [sub] = {ATOMIC_##SHAPE, VT_##TYPE, size},
#include "op/atomic.def"
#undef X
};

/* ---- the bodies by number ---- */

#define DO_LOAD(name, t) sp[0] = op_##name(p)
#define DO_STORE(name, t) op_##name(p, (t)sp[1])
#define DO_RMW(name, t) sp[0] = op_##name(p, (t)sp[1])
#define DO_CMPXCHG(name, t) sp[0] = op_##name(p, (t)sp[1], (t)sp[2])
#define DO_FENCE(name, t) op_##name()
#define DO_NOTIFY(name, t) (void)0
#define DO_WAIT(name, t) (void)0
#define CARRIER_I32 uint32_t
#define CARRIER_I64 uint64_t

static void
execute(uint32_t op, uint8_t *p, uint64_t *sp)
{
    switch (op) {
#define X(sub, name, SHAPE, TYPE, size)                                        \
    case sub:                                                                  \
        DO_##SHAPE(name, CARRIER_##TYPE);                                      \
        break;
#include "op/atomic.def"
#undef X
    }
}

/* ---- waiting ---- */

static int64_t
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/*
 * Until other threads can share a memory nobody can notify: a wait on the
 * expected value lasts until its time is over or a poll ends it. Waiting burns
 * fuel, a poll's worth at a time, so that a store with fuel comes to its end.
 */
static enum engine_status
wait_for(struct engine_store *s, int64_t timeout)
{
    static const struct timespec pause = {0, 200000};
    int64_t start = now();

    while (timeout < 0 || now() - start < timeout) {
        enum engine_status st;

        if (timeout < 0 && !s->poll && s->fuel == UINT64_MAX)
            return ENGINE_OUT_OF_FUEL; /* nobody could ever end it */
        s->budget -= s->poll_interval;
        st = store_poll(s);
        if (st != ENGINE_OK)
            return st;
        nanosleep(&pause, NULL);
    }
    return ENGINE_OK;
}

/* 1: another value was there; 2: time is over. */
static enum engine_status
wait_on(struct engine_memory *m, const struct atomic_op *o, const uint8_t *p,
        uint64_t *sp)
{
    uint64_t value =
        o->size == 2 ? op_i32_atomic_load(p) : op_i64_atomic_load(p);
    uint64_t want = o->size == 2 ? (uint32_t)sp[1] : sp[1];

    if (!m->shared)
        return ENGINE_NOT_SHARED;
    if (value != want) {
        sp[0] = 1;
        return ENGINE_OK;
    }
    sp[0] = 2;
    return wait_for(m->store, (int64_t)sp[2]);
}

/* ---- all of them ---- */

enum engine_status
atomic_execute(struct engine_memory *m, uint32_t op, uint64_t offset,
               uint64_t *sp)
{
    const struct atomic_op *o = &atomic_ops[op];
    uint64_t bytes = (uint64_t)1 << o->size;
    uint64_t at = (m->is64 ? sp[0] : (uint32_t)sp[0]) + offset;

    if (o->shape == ATOMIC_FENCE) {
        op_atomic_fence();
        return ENGINE_OK;
    }
    if (at & (bytes - 1))
        return ENGINE_UNALIGNED;
    if (at < offset || m->bytes < bytes || at > m->bytes - bytes)
        return ENGINE_MEMORY_BOUNDS;
    if (o->shape == ATOMIC_WAIT)
        return wait_on(m, o, m->base + at, sp);
    if (o->shape == ATOMIC_NOTIFY)
        sp[0] = 0; /* nobody waits: see wait_for */
    else
        execute(op, m->base + at, sp);
    return ENGINE_OK;
}
