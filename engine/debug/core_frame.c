/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a frame's locals and operands are. Nothing about that is kept while
 * programs run: the function is validated again up to the instruction, which
 * yields the types, and translated again up to there, which yields the places.
 */
#include <stdlib.h>

#include "debug/core.h"
#include "leb.h"
#include "translate.h"
#include "validate.h"

/* ---- buffers ---- */

void
bytes_add(struct bytes *b, const void *p, size_t n)
{
    if (b->failed)
        return;
    if (n > b->cap - b->n) {
        size_t cap = b->cap ? b->cap * 2 : 256;
        uint8_t *q;

        while (cap - b->n < n)
            cap *= 2;
        q = realloc(b->p, cap);
        if (!q) {
            b->failed = true;
            return;
        }
        b->p = q;
        b->cap = cap;
    }
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
}

void
bytes_u8(struct bytes *b, uint8_t v)
{
    bytes_add(b, &v, 1);
}

void
bytes_u64(struct bytes *b, uint64_t v)
{
    uint8_t leb[LEB_MAX];

    bytes_add(b, leb, leb_put_u(leb, v));
}

void
bytes_s64(struct bytes *b, int64_t v)
{
    uint8_t leb[LEB_MAX];

    bytes_add(b, leb, leb_put_s(leb, v));
}

void
bytes_name(struct bytes *b, const char *s)
{
    size_t n = strlen(s);

    bytes_u64(b, n);
    bytes_add(b, s, n);
}

void
bytes_free(struct bytes *b)
{
    free(b->p);
    *b = (struct bytes){0};
}

/* ---- values ---- */

#define UNKNOWN 0x01

void
core_value(struct bytes *b, uint32_t vt, const uint64_t *slots)
{
    uint8_t le[8];

    for (int i = 0; i < 8; i++)
        le[i] = (uint8_t)(*slots >> 8 * i);
    switch (vt) {
    case VT_I32:
        bytes_u8(b, VT_I32);
        bytes_s64(b, (int32_t)(uint32_t)*slots);
        break;
    case VT_I64:
        bytes_u8(b, VT_I64);
        bytes_s64(b, (int64_t)*slots);
        break;
    case VT_F32:
        bytes_u8(b, VT_F32);
        bytes_add(b, le, 4);
        break;
    case VT_F64:
        bytes_u8(b, VT_F64);
        bytes_add(b, le, 8);
        break;
    default: /* vectors and references: the format has none */
        bytes_u8(b, UNKNOWN);
        break;
    }
}

static uint32_t
local_type(const struct validator *v, uint32_t i)
{
    uint32_t lo = 0, hi = v->nruns;

    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;

        if (v->runs[mid].end <= i)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < v->nruns ? v->runs[lo].vt : VT_BOTTOM;
}

struct frame_values {
    const struct engine_frame *f;
    const uint64_t *limit; /* slots from here on are another frame's */
    struct validator *v;
    struct translator t;
    bool known; /* t is of use */
};

static void
locals(struct bytes *b, const struct frame_values *k)
{
    const uint64_t *slots = k->f->slots;

    bytes_u64(b, k->v->nlocals);
    for (uint32_t i = 0; i < k->v->nlocals; i++)
        if (k->known && i < k->t.nlocals)
            core_value(b, local_type(k->v, i), slots + k->t.local_slot[i]);
        else
            bytes_u8(b, UNKNOWN);
}

static void
operand(struct bytes *b, const struct frame_values *k, uint32_t i)
{
    const struct operand *o = &k->t.stack[i];
    uint32_t vt = k->v->stack[i];
    const uint64_t *slots = k->f->slots;
    uint64_t value;

    switch (o->kind) {
    case OPERAND_CONST:
        value = o->value;
        break;
    case OPERAND_LOCAL:
        value = slots[o->local];
        break;
    case OPERAND_ADD:
        value = (uint32_t)slots[o->local] + (uint32_t)o->addend;
        break;
    default:
        value = slots[o->slot];
        break;
    }
    core_value(b, o->class == CLASS_V ? VT_V128 : vt, &value);
}

/* Was the top operand left in an accumulator rather than its slot? */
static bool
in_accumulator(struct translator *t)
{
    const struct operand *o = &t->stack[t->sp - 1];
    const struct insn *i = t_written(t);

    return o->kind == OPERAND_SLOT && i &&
           (i->a == o->slot || t->last_call == t->n);
}

static void
operands(struct bytes *b, struct frame_values *k)
{
    uint32_t n = k->v->sp;
    bool known = k->known && k->t.sp == n;

    /* Arguments have become the callee's. */
    while (known && n && k->limit &&
           k->f->slots + k->t.stack[n - 1].slot >= k->limit)
        n--;
    bytes_u64(b, n);
    for (uint32_t i = 0; i < n; i++)
        if (known && !(i + 1 == k->t.sp && in_accumulator(&k->t)))
            operand(b, k, i);
        else
            bytes_u8(b, UNKNOWN);
}

void
core_frame_values(struct bytes *b, const struct engine_frame *f,
                  const struct engine_frame *inner)
{
    struct engine_module *m = f->instance->module;
    uint32_t func = f->func - m->nfuncs_imported;
    const struct func_code *c = &m->code[func];
    struct frame_values k = {.f = f, .v = validator_create(m)};
    struct reader r = {m->bytes + c->body, m->bytes + f->offset, m->bytes, NULL,
                       0};

    if (!k.v || f->offset <= c->body || f->offset >= c->body + c->length) {
        bytes_u64(b, 0);
        bytes_u64(b, 0);
        goto out;
    }
    /* It ends in an error: the bytes end before the function does. */
    validator_func(k.v, func, &r);
    k.t.want = UINT32_MAX;
    k.t.stop = f->offset;
    k.known = f->slots && t_translate(&k.t, m, func);
    k.limit = inner ? inner->slots : NULL;
    locals(b, &k);
    operands(b, &k);
out:
    t_buffers_free(&k.t);
    validator_destroy(k.v);
}
