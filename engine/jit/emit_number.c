/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic. */
#include "config.h"

#if ENGINE_JIT
#include "jit/emit.h"

/* ---- integers ---- */

void
jit_emit_binary(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned st = h->stencil, x, y, d;
    uint32_t xs = p->b, ys = p->c;

    if (h->flags & COMMUTES && jit_is_fresh(j, ys)) {
        xs = p->c;
        ys = p->b;
    }
    x = jit_fresh_source(j, xs, i);
    y = jit_int_source(j, ys, i);
    d = jit_target(j, p->a, 0, i);
    if (h->flags & COMMUTES && d && d == y && d != x) {
        unsigned swap = x, slot = xs;

        x = y;
        y = swap;
        xs = ys;
        ys = slot;
    }
    if (st == ST_i32_add && d != x && x < 8 && y < 8) {
        PUT(ST_sum32 + d * 64 + x * 8 + y);
    } else if (d && d == y && d != x) {
        jit_move(j, 0, 0, x, xs, i);
        PUT(st + y, .b = ys);
        jit_result(j, p->a, 0, i);
        return;
    } else {
        jit_move(j, 0, d, x, xs, i);
        PUT(st + d * 10 + y, .b = ys);
    }
    jit_finish(j, p->a, 0, d, i);
}

void
jit_emit_binary_imm(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned st = h->stencil, x = jit_fresh_source(j, p->b, i);
    unsigned d = jit_target(j, p->a, 0, i);
    int32_t k = p->imm;

    if (st == ST_i32_sub) {
        st = ST_i32_add;
        k = (int32_t)(0 - (uint32_t)k);
    } else if (st == ST_i64_sub && k != INT32_MIN) {
        st = ST_i64_add;
        k = -k;
    }
    if ((st == ST_i32_add || st == ST_i64_add) && x < 8 && d != x) {
        PUT((st == ST_i32_add ? ST_k_lea32 : ST_k_lea64) + d * 8 + x,
            .k = (uint64_t)(int64_t)k);
    } else if (st == ST_i64_sub) { /* 2^31 */
        jit_move(j, 0, d, x, p->b, i);
        PUT(ST_i64_add + d * 10 + IMMEDIATE, .k = 0x7fffffff);
        PUT(ST_i64_add + d * 10 + IMMEDIATE, .k = 1);
    } else if (st == ST_i64_and && k < 0) { /* (that stencil has 32 bits) */
        jit_constant(j, 0, (uint64_t)(int64_t)k, i);
        PUT(st + (x ? x : IN_SLOT), .b = p->b);
        jit_result(j, p->a, 0, i);
        return;
    } else {
        if (h->flags & SHIFTS)
            k &= st >= ST_i64_add ? 63 : 31;
        jit_move(j, 0, d, x, p->b, i);
        PUT(st + d * 10 + IMMEDIATE, .k = (uint64_t)(int64_t)k);
    }
    jit_finish(j, p->a, 0, d, i);
}

void
jit_emit_large(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned x = jit_fresh_source(j, p->b, i), y;

    y = jit_int_source(j, p->c, i);
    jit_move(j, 0, 0, x, p->b, i);
    PUT(h->stencil + y, .b = p->c);
    jit_result(j, p->a, 0, i);
}

/* The frame's last slot is nobody's. */
static void
spare_constant(struct jit *j, uint64_t v, uint32_t i)
{
    jit_constant(j, 0, v, i);
    PUT(ST_store, .a = j->code[0].uimm - 1);
}

void
jit_emit_large_imm(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned x = jit_int_source(j, p->b, i);
    bool wide = h->stencil >= ST_i64_add;

    if (p->imm > 0) {
        static const uint16_t small[][2] = {
            {ST_i32_div_s, ST_by_i32_div_s}, {ST_i32_div_u, ST_by_i32_div_u},
            {ST_i32_rem_s, ST_by_i32_rem_s}, {ST_i32_rem_u, ST_by_i32_rem_u},
            {ST_i64_div_s, ST_by_i64_div_s}, {ST_i64_div_u, ST_by_i64_div_u},
            {ST_i64_rem_s, ST_by_i64_rem_s}, {ST_i64_rem_u, ST_by_i64_rem_u}};

        jit_move(j, 0, 0, x, p->b, i);
        for (unsigned k = 0; k < 8; k++)
            if (small[k][0] == h->stencil)
                PUT(small[k][1], .i = p->uimm);
    } else {
        spare_constant(j, wide ? (uint64_t)(int64_t)p->imm : p->uimm, i);
        jit_move(j, 0, 0, x, p->b, i);
        PUT(h->stencil + IN_SLOT, .b = j->code[0].uimm - 1);
    }
    jit_result(j, p->a, 0, i);
}

void
jit_emit_unary(struct jit *j, const struct insn *p, uint32_t i)
{
    unsigned x = jit_fresh_source(j, p->b, i), d = jit_target(j, p->a, 0, i);

    if (jit_how[p->code].stencil == ST_i32_wrap_i64 && d == x && d) {
        PUT(ST_i32_wrap_i64 + d * 9 + d);
        jit_finish(j, p->a, 0, d, i);
        return;
    }
    PUT(jit_how[p->code].stencil + d * 9 + x, .b = p->b);
    jit_finish(j, p->a, 0, d, i);
}

/* ---- floats ---- */

void
jit_emit_fbinary(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned st = h->stencil, x = jit_source(j, p->b, 1, i), y, d;

    y = jit_source(j, p->c, 1, i);
    d = jit_target(j, p->a, 1, i);
    if (h->flags & COMMUTES && d && d == y && d != x) {
        PUT(st + d * 9 + x, .b = p->b);
        jit_finish(j, p->a, 1, d, i);
        return;
    }
    if (h->how == HOW_FLARGE || (d && d == y && d != x)) {
        jit_move(j, 1, 0, x, p->b, i);
        PUT(st + y, .b = p->c);
        jit_result(j, p->a, 1, i);
        return;
    }
    jit_move(j, 1, d, x, p->b, i);
    PUT(st + d * 9 + y, .b = p->c);
    jit_finish(j, p->a, 1, d, i);
}

void
jit_emit_convert(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];

    PUT(h->stencil + jit_source(j, p->b, h->from != INT, i), .b = p->b);
    jit_result(j, p->a, h->to != INT, i);
}
#endif
