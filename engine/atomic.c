/* SPDX-License-Identifier: Apache-2.0 */
/* Atomic instructions; see atomic.h and op/atomic.def. */
#include "atomic.h"

#include "op/atomic.h"
#include "park.h"

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

static uint64_t
load(const struct atomic_op *o, const uint8_t *p)
{
    return o->size == 2 ? op_i32_atomic_load(p) : op_i64_atomic_load(p);
}

/* 0: woken; 1: another value was there; 2: time is over. */
static enum engine_status
wait_on(struct engine_store *s, struct engine_memory *m,
        const struct atomic_op *o, const uint8_t *p, uint64_t *sp)
{
    uint64_t want = o->size == 2 ? (uint32_t)sp[1] : sp[1];
    enum engine_status st;
    struct park_bucket *b;
    bool woken;

    if (!m->shared)
        return ENGINE_NOT_SHARED;
    b = park_lock(p);
    if (load(o, p) != want) {
        park_unlock(b);
        sp[0] = 1;
        return ENGINE_OK;
    }
    st = park(b, s, p, (int64_t)sp[2], memory_is_private(m), &woken);
    sp[0] = woken ? 0 : 2;
    return st;
}

/* ---- all of them ---- */

enum engine_status
atomic_execute(struct engine_store *s, struct engine_memory *m, uint32_t op,
               uint64_t offset, uint64_t *sp)
{
    const struct atomic_op *o = &atomic_ops[op];
    uint64_t bytes = (uint64_t)1 << o->size;
    uint64_t at = (m->is64 ? sp[0] : (uint32_t)sp[0]) + offset, size;

    if (o->shape == ATOMIC_FENCE) {
        op_atomic_fence();
        return ENGINE_OK;
    }
    if (at & (bytes - 1))
        return ENGINE_UNALIGNED;
    size = memory_bytes(m);
    if (at < offset || size < bytes || at > size - bytes)
        return ENGINE_MEMORY_BOUNDS;
    if (o->shape == ATOMIC_WAIT)
        return wait_on(s, m, o, m->base + at, sp);
    if (o->shape == ATOMIC_NOTIFY)
        sp[0] = m->shared ? park_notify(m->base + at, (uint32_t)sp[1]) : 0;
    else
        execute(op, m->base + at, sp);
    return ENGINE_OK;
}
