/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One valid module made into another that may not be: statements put in
 * anywhere, whole bodies put before the old ones, constants and operations
 * exchanged, pieces doubled, moved and left out.
 */
#include "tiers.h"

#include <string.h>

#include "module.h"
#include "gen_op.h"

uint64_t
rng_next(struct rng *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint32_t
rng_below(struct rng *r, uint32_t n)
{
    return n ? (uint32_t)(rng_next(r) >> 33) % n : 0;
}

uint64_t
rng_value(struct rng *r)
{
    static const uint64_t numbers[] = {0,
                                       1,
                                       2,
                                       3,
                                       8,
                                       31,
                                       32,
                                       63,
                                       64,
                                       127,
                                       128,
                                       255,
                                       256,
                                       0x7fff,
                                       0x8000,
                                       0xffff,
                                       0x10000,
                                       0x7fffffff,
                                       0x80000000,
                                       0xffffffff,
                                       0x100000000,
                                       0x7fffffffffffffff,
                                       0x8000000000000000,
                                       0xffffffffffffffff,
                                       0x3f800000,
                                       0xbf800000,
                                       0x7f800000,
                                       0xff800000,
                                       0x7fc00000,
                                       0x7fa00000,
                                       0x4f000000,
                                       0x4effffff,
                                       0xcf000000,
                                       0x5f000000,
                                       0x3ff0000000000000,
                                       0xbff0000000000000,
                                       0x7ff0000000000000,
                                       0xfff0000000000000,
                                       0x7ff8000000000000,
                                       0x7ff4000000000000,
                                       0x41e0000000000000,
                                       0xc1e0000000200000,
                                       0x43e0000000000000,
                                       0x43f0000000000000,
                                       0x3690000000000000,
                                       0x0000000000000001};

    switch (rng_below(r, 4)) {
    case 0:
        return rng_next(r);
    case 1:
        return (uint64_t)1 << rng_below(r, 64);
    case 2:
        return (uint64_t)((int64_t)rng_below(r, 300) - 100);
    default:
        return numbers[rng_below(r, sizeof numbers / sizeof *numbers)];
    }
}

/* One body at work. Its places hold as long as it has not been changed. */
struct work {
    struct edit *e;
    struct rng *rng;
    uint32_t func;
    struct places places;
    struct locals locals;
};

static const uint8_t *
code_at(const struct work *w, uint32_t place)
{
    return w->e->bodies[w->func].p + w->places.at[place];
}

/* Two more groups of locals at the end: an i32 for loops, two of any type for
 * the changes to come. */
static void
add_locals(struct work *w)
{
    struct bytes head = {0};
    const uint8_t *start = w->e->bodies[w->func].p, *p = start;
    uint32_t groups = leb_u32(&p);

    bytes_u64(&head, groups + 2);
    bytes_add(&head, p, w->locals.code - (size_t)(p - start));
    bytes_u8(&head, 1);
    bytes_u8(&head, VT_I32);
    bytes_u8(&head, 2);
    bytes_u8(&head, (uint8_t)(VT_V128 + rng_below(w->rng, 5)));
    edit_splice(w->e, w->func, 0, w->locals.code, &head);
    bytes_free(&head);
}

/* Put in statements, or at the start a result of our own. */
static bool
insert(struct work *w, bool whole)
{
    const struct type_def *t = type_get(w->e->m->code[w->func].type);
    struct bytes code = {0};
    uint32_t at = w->places.at[whole ? 0 : rng_below(w->rng, w->places.n)];
    uint32_t counter = UINT32_MAX;
    bool ok = true;
    struct gen g = {.rng = w->rng,
                    .m = w->e->m,
                    .out = &code,
                    .locals = &w->locals,
                    .func = w->func,
                    .left = 10 + rng_below(w->rng, whole ? 120 : 50)};

    if (w->locals.n < 1000 && rng_one_in(w->rng, 2))
        counter = w->locals.n;
    g.counter = counter;
    for (uint32_t n = 1 + rng_below(w->rng, whole ? 8 : 3); n && g.left; n--)
        gen_statement(&g);
    for (uint32_t i = 0; whole && i < t->nresults; i++)
        ok = ok && gen_value(&g, t->vt[t->nparams + i], 4);
    if (whole)
        bytes_u8(&code, 0x0f);
    if (ok)
        edit_splice(w->e, w->func, at, 0, &code);
    if (ok && counter != UINT32_MAX)
        add_locals(w);
    bytes_free(&code);
    return ok;
}

/* The instruction's own bytes without immediates. */
static size_t
opcode_length(const uint8_t *p)
{
    const uint8_t *q = p + 1;

    if (*p >= 0xfb && *p <= 0xfe)
        leb_u32(&q);
    return (size_t)(q - p);
}

static bool
exchange_operation(struct work *w, uint32_t place)
{
    const struct gen_op *o = gen_op_at(code_at(w, place)), *other;
    struct bytes code = {0};

    for (unsigned i = 0; o && i < 1000; i++) {
        other = &gen_ops[rng_below(w->rng, (uint32_t)gen_nops)];
        if (other == o || !gen_op_alike(o, other))
            continue;
        if (other->prefix)
            bytes_u8(&code, other->prefix);
        bytes_u64(&code, other->sub);
        if (!other->prefix)
            code.n = 0, bytes_u8(&code, (uint8_t)other->sub);
        edit_splice(w->e, w->func, w->places.at[place],
                    opcode_length(code_at(w, place)), &code);
        bytes_free(&code);
        return true;
    }
    return false;
}

static bool
exchange_constant(struct work *w, uint32_t place)
{
    const uint8_t *p = code_at(w, place);
    struct bytes code = {0};
    uint64_t v = rng_value(w->rng);

    if (*p < 0x41 || *p > 0x44)
        return false;
    bytes_u8(&code, *p);
    if (*p == 0x41)
        bytes_s64(&code, (int32_t)(uint32_t)v);
    else if (*p == 0x42)
        bytes_s64(&code, (int64_t)v);
    else
        bytes_add(&code, &v, *p == 0x43 ? 4 : 8);
    edit_splice(w->e, w->func, w->places.at[place],
                w->places.at[place + 1] - w->places.at[place], &code);
    bytes_free(&code);
    return true;
}

/* Behind an operation another one on its result. */
static bool
extend(struct work *w, uint32_t place)
{
    const struct gen_op *o = gen_op_at(code_at(w, place)), *next;
    struct bytes code = {0};
    struct gen g = {.rng = w->rng,
                    .m = w->e->m,
                    .out = &code,
                    .locals = &w->locals,
                    .func = w->func,
                    .counter = UINT32_MAX,
                    .left = 10};

    for (unsigned i = 0; o && o->out && i < 1000; i++) {
        next = &gen_ops[rng_below(w->rng, (uint32_t)gen_nops)];
        if (next->in[0] != o->out || next->out != o->out || next->memory ||
            next->lanes || next->nin > 2)
            continue;
        if (next->nin == 2)
            gen_value(&g, next->in[1], 2);
        if (next->prefix) {
            bytes_u8(&code, next->prefix);
            bytes_u64(&code, next->sub);
        } else {
            bytes_u8(&code, (uint8_t)next->sub);
        }
        edit_splice(w->e, w->func, w->places.at[place + 1], 0, &code);
        bytes_free(&code);
        return true;
    }
    return false;
}

/* A piece is left out, or doubled, or put where another is. */
static bool
move_piece(struct work *w)
{
    uint32_t n = w->places.n - 1, from = rng_below(w->rng, n);
    uint32_t length = 1 + rng_below(w->rng, 8), to = rng_below(w->rng, n);
    struct bytes code = {0};

    if (from + length > n)
        length = n - from;
    if (!length)
        return false;
    if (!rng_one_in(w->rng, 3))
        bytes_add(&code, code_at(w, from),
                  w->places.at[from + length] - w->places.at[from]);
    if (!code.n)
        edit_splice(w->e, w->func, w->places.at[from],
                    w->places.at[from + length] - w->places.at[from], &code);
    else
        edit_splice(w->e, w->func, w->places.at[to], 0, &code);
    bytes_free(&code);
    return true;
}

/* The final end is not a place to change. */
static bool
change(struct work *w)
{
    for (unsigned i = 0; i < 20; i++) {
        uint32_t place = rng_below(w->rng, w->places.n - 1);
        bool done;

        switch (rng_below(w->rng, 10)) {
        case 0:
        case 1:
            done = w->places.n > 1 && exchange_operation(w, place);
            break;
        case 2:
            done = w->places.n > 1 && exchange_constant(w, place);
            break;
        case 3:
            done = w->places.n > 1 && extend(w, place);
            break;
        case 4:
            done = w->places.n > 2 && move_piece(w);
            break;
        case 5:
        case 6:
            done = insert(w, true);
            break;
        default:
            done = insert(w, false);
        }
        if (done)
            return true;
    }
    return false;
}

bool
mutate(const struct engine_module *m, struct rng *rng, struct bytes *out)
{
    struct edit e;
    struct work w = {.e = &e, .rng = rng};
    uint32_t last = UINT32_MAX;
    bool changed = false;

    if (!edit_open(&e, m))
        return false;
    for (unsigned n = 0; n < 2; n++) {
        w.func = rng_below(rng, e.n);
        if (w.func == last) /* its places are those of the module */
            break;
        last = w.func;
        edit_places(&e, w.func, &w.places);
        edit_locals(&e, w.func, &w.locals);
        changed = change(&w) || changed;
        places_free(&w.places);
        locals_free(&w.locals);
    }
    if (changed)
        edit_write(&e, out);
    edit_close(&e);
    return changed;
}
