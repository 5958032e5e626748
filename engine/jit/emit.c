/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions to stencils. An operand's place is the number that stencils'
 * names use: a register, or IN_SLOT.
 */
#include "config.h"

#if ENGINE_JIT
#define STENCIL_DATA
#include "jit.h"

#include <stddef.h>

/* ---- stencils ---- */

void
jit_bytes(struct jit *j, const void *p, size_t n)
{
    if (n > j->cap - j->at) {
        j->failed = true;
        return;
    }
    memcpy(j->buf + j->at, p, n);
    j->at += n;
}

void
jit_patch(struct jit *j, uint32_t at, uint32_t target)
{
    uint32_t v;

    memcpy(&v, j->buf + at, sizeof v);
    v += target - at;
    memcpy(j->buf + at, &v, sizeof v);
}

uint32_t
jit_pool_size(void)
{
    return sizeof stencil_pool;
}

void
jit_pool_copy(void *to)
{
    memcpy(to, stencil_pool, sizeof stencil_pool);
}

struct holes {
    uint32_t a, b, c, d, i; /* slots; memory offset */
    uint64_t k;
    uint32_t taken; /* instruction */
};

void
jit_fixup(struct jit *j, uint32_t at, uint32_t insn)
{
    if (j->nfixups == j->fixups_cap &&
        !t_grow(j->t, &j->fixups, &j->fixups_cap, sizeof *j->fixups)) {
        j->failed = true;
        return;
    }
    j->fixups[j->nfixups++] = (struct fixup){at, insn};
}

void
jit_cold(struct jit *j, uint32_t at, uint32_t insn, enum helper helper)
{
    if (j->ncolds == j->colds_cap &&
        !t_grow(j->t, &j->colds, &j->colds_cap, sizeof *j->colds)) {
        j->failed = true;
        return;
    }
    j->colds[j->ncolds++] =
        (struct cold){.at = at,
                      .back = at + 4, /* unless told otherwise */
                      .insn = insn,
                      .helper = (uint8_t)helper};
}

static void
add32(uint8_t *p, uint64_t v)
{
    uint32_t old;

    memcpy(&old, p, sizeof old);
    old += (uint32_t)v;
    memcpy(p, &old, sizeof old);
}

/* The stencil's index; insn for traps. */
static void
put(struct jit *j, unsigned stencil, uint32_t insn, struct holes h)
{
    size_t start = j->at;
    unsigned size = stencils[stencil].size;

    if (!stencils[stencil].holes) {
        j->failed = true;
        return;
    }
    jit_bytes(j, stencil_bytes + stencils[stencil].at, size);
    if (j->failed)
        return;
    for (const uint16_t *p = stencil_holes + stencils[stencil].holes - 1;
         *p != 0xffff; p++) {
        uint32_t at = (uint32_t)start + (*p & 0xfff);
        uint8_t *to = j->buf + at;

        switch ((enum hole_kind)(*p >> 12)) {
        case HOLE_A:
            add32(to, h.a * 8u);
            break;
        case HOLE_B:
            add32(to, h.b * 8u);
            break;
        case HOLE_C:
            add32(to, h.c * 8u);
            break;
        case HOLE_D:
            add32(to, h.d * 8u);
            break;
        case HOLE_I:
            add32(to, h.i);
            break;
        case HOLE_NEXT:
            add32(to, start + size - at);
            break;
        case HOLE_TAKEN:
            jit_fixup(j, at, h.taken);
            break;
        case HOLE_TRAP:
            jit_cold(j, at, insn,
                     stencil == ST_loop             ? HELPER_POLL
                     : stencil == ST_k_find_element ? HELPER_INDIRECT
                     : stencil == ST_find_ref       ? HELPER_INDIRECT
                                                    : HELPER_TRAP);
            break;
        case HOLE_K32:
            add32(to, h.k);
            break;
        case HOLE_K32_NEG:
            add32(to, 0 - h.k);
            break;
        case HOLE_K8:
            *to = (uint8_t)h.k;
            break;
        case HOLE_K16:
            memcpy(to, &h.k, 2);
            break;
        case HOLE_K64:
            memcpy(to, &h.k, 8);
            break;
        case HOLE_CONST: /* memory.c knows where */
            jit_fixup(j, at, JIT_POOL);
            break;
        }
    }
}

#define PUT(stencil, ...) put(j, stencil, i, (struct holes){__VA_ARGS__})

/* ---- registers ---- */

static struct segment *
segment_at(struct jit *j, uint32_t slot, uint32_t pos)
{
    struct segment *s;

    if (j->current[slot] == NONE)
        return NULL;
    s = &j->segments[j->current[slot]];
    return s->reg && pos <= s->end ? s : NULL;
}

static unsigned
file_of(const struct segment *s)
{
    return s->class == DBL;
}

/* Segments that begin up to pos take their registers. */
static void
advance(struct jit *j, uint32_t pos)
{
    while (j->next_segment < j->nsegments &&
           j->segments[j->next_segment].start <= pos) {
        const struct segment *s = &j->segments[j->next_segment];

        j->current[s->slot] = j->next_segment;
        if (s->reg) {
            j->owner[file_of(s)][s->reg] = j->next_segment;
            j->valid[file_of(s)] |= 1u << s->reg;
            if (s->write_through || s->clean)
                j->dirty[file_of(s)] &= ~(1u << s->reg);
            else
                j->dirty[file_of(s)] |= 1u << s->reg;
        }
        j->next_segment++;
    }
}

static void
load_reg(struct jit *j, const struct segment *s, uint32_t i)
{
    if (file_of(s))
        PUT(ST_fmov + s->reg * 9u + IN_SLOT, .b = s->slot);
    else
        PUT(ST_mov + s->reg * 9u + IN_SLOT, .b = s->slot);
    j->valid[file_of(s)] |= 1u << s->reg;
    j->dirty[file_of(s)] &= ~(1u << s->reg);
}

static void
store_reg(struct jit *j, const struct segment *s, uint32_t i)
{
    if (file_of(s))
        PUT(ST_fstore + s->reg, .a = s->slot);
    else
        PUT(ST_store + s->reg, .a = s->slot);
    j->dirty[file_of(s)] &= ~(1u << s->reg);
}

/* The slot itself holds the value, whatever register does as well. */
static void
flush(struct jit *j, uint32_t slot, uint32_t i)
{
    const struct segment *s = segment_at(j, slot, 2 * i);

    if (s && j->dirty[file_of(s)] >> s->reg & 1)
        store_reg(j, s, i);
}

static void
flush_range(struct jit *j, uint32_t slot, uint32_t n, uint32_t i)
{
    for (; n; n--, slot++)
        flush(j, slot, i);
}

/* The slot was written: a register with its old value is not it. */
static void
written(struct jit *j, uint32_t slot, uint32_t i)
{
    const struct segment *s = segment_at(j, slot, 2 * i + 1);

    if (s) {
        j->valid[file_of(s)] &= ~(1u << s->reg);
        j->dirty[file_of(s)] &= ~(1u << s->reg);
    }
}

static unsigned
source(struct jit *j, uint32_t slot, unsigned file, uint32_t i)
{
    const struct segment *s = segment_at(j, slot, 2 * i);

    if (!s)
        return IN_SLOT;
    if (file_of(s) != file) {
        flush(j, slot, i);
        return IN_SLOT;
    }
    if (!(j->valid[file] >> s->reg & 1))
        load_reg(j, s, i);
    return s->reg;
}

static unsigned
int_source(struct jit *j, uint32_t slot, uint32_t i)
{
    return source(j, slot, 0, i);
}

/* Where to compute the result: its register, or 0 (finish stores that). */
static unsigned
target(struct jit *j, uint32_t slot, unsigned file, uint32_t i)
{
    const struct segment *s;

    advance(j, 2 * i + 1);
    s = segment_at(j, slot, 2 * i + 1);
    return s && file_of(s) == file ? s->reg : 0;
}

static void
finish(struct jit *j, uint32_t slot, unsigned file, unsigned reg, uint32_t i)
{
    const struct segment *s = segment_at(j, slot, 2 * i + 1);

    if (reg) {
        j->valid[file] |= 1u << reg;
        j->dirty[file] |= 1u << reg;
        if (s->write_through)
            store_reg(j, s, i);
        return;
    }
    if (file)
        PUT(ST_fstore, .a = slot);
    else
        PUT(ST_store, .a = slot);
    written(j, slot, i);
}

static void
move(struct jit *j, unsigned to, unsigned from, uint32_t slot, uint32_t i)
{
    if (to != from)
        PUT(ST_mov + to * 9 + from, .b = slot);
}

static void
fmove(struct jit *j, unsigned to, unsigned from, uint32_t slot, uint32_t i)
{
    if (to != from)
        PUT(ST_fmov + to * 9 + from, .b = slot);
}

static bool
lives_on(const struct jit *j, unsigned file, unsigned r, uint32_t pos)
{
    uint32_t s = j->owner[file][r];

    return s != NONE && j->segments[s].reg == r && j->segments[s].end >= pos;
}

/* Before code outside runs: what lives on goes to slots. */
static void
save_all(struct jit *j, uint32_t i)
{
    for (unsigned file = 0; file < 2; file++)
        for (unsigned r = 1; r < NREGS; r++)
            if (lives_on(j, file, r, 2 * i + 1) &&
                j->valid[file] >> r & j->dirty[file] >> r & 1)
                store_reg(j, &j->segments[j->owner[file][r]], i);
}

static void
forget_all(struct jit *j)
{
    j->valid[0] = j->valid[1] = 0;
    j->dirty[0] = j->dirty[1] = 0;
}

/* At a block's end all that lives on is in its register. */
static void
restore_all(struct jit *j, uint32_t i)
{
    for (unsigned file = 0; file < 2; file++)
        for (unsigned r = 1; r < NREGS; r++)
            if (lives_on(j, file, r, 2 * i + 1) && !(j->valid[file] >> r & 1))
                load_reg(j, &j->segments[j->owner[file][r]], i);
}

static void
block_state(struct jit *j)
{
    for (unsigned file = 0; file < 2; file++) {
        j->valid[file] = 0xff;
        j->dirty[file] = 0;
        for (unsigned r = 1; r < NREGS; r++) {
            uint32_t s = j->owner[file][r];

            if (s != NONE && !j->segments[s].write_through &&
                !j->segments[s].clean)
                j->dirty[file] |= 1u << r;
        }
    }
}

/* ---- integers ---- */

static void
constant(struct jit *j, unsigned r, uint64_t v, uint32_t i)
{
    if (v == 0)
        PUT(ST_zero + r);
    else if (v <= UINT32_MAX)
        PUT(ST_k_const32 + r, .k = v);
    else
        PUT(ST_k_const64 + r, .k = v);
}

static void
binary(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned st = h->stencil, x = int_source(j, p->b, i), y, d;
    uint32_t xs = p->b, ys = p->c;

    y = int_source(j, p->c, i);
    d = target(j, p->a, 0, i);
    if (h->flags & COMMUTES && d && d == y && d != x) {
        unsigned swap = x;

        x = y;
        y = swap;
        xs = p->c;
        ys = p->b;
    }
    if (st == ST_i32_add && d != x && x < 8 && y < 8) {
        PUT(ST_sum32 + d * 64 + x * 8 + y);
    } else if (d && d == y && d != x) {
        move(j, 0, x, xs, i);
        PUT(st + y, .b = ys);
        move(j, d, 0, 0, i);
    } else {
        move(j, d, x, xs, i);
        PUT(st + d * 10 + y, .b = ys);
    }
    finish(j, p->a, 0, d, i);
}

static void
binary_imm(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned st = h->stencil, x = int_source(j, p->b, i);
    unsigned d = target(j, p->a, 0, i);
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
        move(j, d, x, p->b, i);
        PUT(ST_i64_add + d * 10 + IMMEDIATE, .k = 0x7fffffff);
        PUT(ST_i64_add + d * 10 + IMMEDIATE, .k = 1);
    } else if (st == ST_i64_and && k < 0) { /* (that stencil has 32 bits) */
        constant(j, 0, (uint64_t)(int64_t)k, i);
        PUT(st + x, .b = p->b);
        move(j, d, 0, 0, i);
    } else {
        if (h->flags & SHIFTS)
            k &= st >= ST_i64_add ? 63 : 31;
        move(j, d, x, p->b, i);
        PUT(st + d * 10 + IMMEDIATE, .k = (uint64_t)(int64_t)k);
    }
    finish(j, p->a, 0, d, i);
}

static void
large(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned x = int_source(j, p->b, i), y, d;

    y = int_source(j, p->c, i);
    move(j, 0, x, p->b, i);
    PUT(h->stencil + y, .b = p->c);
    d = target(j, p->a, 0, i);
    move(j, d, 0, 0, i);
    finish(j, p->a, 0, d, i);
}

/* The frame's last slot is nobody's. */
static void
spare_constant(struct jit *j, uint64_t v, uint32_t i)
{
    constant(j, 0, v, i);
    PUT(ST_store, .a = j->code[0].uimm - 1);
}

static void
large_imm(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned x = int_source(j, p->b, i), d;
    bool wide = h->stencil >= ST_i64_add;

    if (p->imm > 0) {
        static const uint16_t small[][2] = {
            {ST_i32_div_s, ST_by_i32_div_s}, {ST_i32_div_u, ST_by_i32_div_u},
            {ST_i32_rem_s, ST_by_i32_rem_s}, {ST_i32_rem_u, ST_by_i32_rem_u},
            {ST_i64_div_s, ST_by_i64_div_s}, {ST_i64_div_u, ST_by_i64_div_u},
            {ST_i64_rem_s, ST_by_i64_rem_s}, {ST_i64_rem_u, ST_by_i64_rem_u}};

        move(j, 0, x, p->b, i);
        for (unsigned k = 0; k < 8; k++)
            if (small[k][0] == h->stencil)
                PUT(small[k][1], .i = p->uimm);
    } else {
        spare_constant(j, wide ? (uint64_t)(int64_t)p->imm : p->uimm, i);
        move(j, 0, x, p->b, i);
        PUT(h->stencil + IN_SLOT, .b = j->code[0].uimm - 1);
    }
    d = target(j, p->a, 0, i);
    move(j, d, 0, 0, i);
    finish(j, p->a, 0, d, i);
}

static void
set(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned x = int_source(j, p->b, i), y = int_source(j, p->c, i), d;

    if (x == IN_SLOT) {
        move(j, 0, x, p->b, i);
        x = 0;
    }
    PUT(h->stencil + x * 10 + y, .b = p->c);
    d = target(j, p->a, 0, i);
    move(j, d, 0, 0, i);
    finish(j, p->a, 0, d, i);
}

/* Compilers of stencils turn x <= k into x < k + 1: not at the ends. */
static bool
comparable(const struct how_to *h, int32_t k)
{
    if (k == INT32_MIN || k == INT32_MAX)
        return false;
    return !(h->flags & UNSIGNED) || (k != 0 && k != -1);
}

/* x cmp k by the stencils st (10 per x) or, exchanged, swapped. */
static void
compare_imm(struct jit *j, unsigned st, unsigned swapped, bool simple,
            uint32_t slot, int32_t k, bool wide, uint32_t taken, uint32_t i)
{
    unsigned x = int_source(j, slot, i);

    if (simple) {
        if (x == IN_SLOT) {
            move(j, 0, x, slot, i);
            x = 0;
        }
        PUT(st + x * 10 + IMMEDIATE, .k = (uint64_t)(int64_t)k, .taken = taken);
        return;
    }
    constant(j, 0, wide ? (uint64_t)(int64_t)k : (uint32_t)k, i);
    PUT(swapped + x, .b = slot, .taken = taken);
}

static void
set_imm(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned d;

    compare_imm(j, h->stencil, h->swapped, comparable(h, p->imm), p->b, p->imm,
                h->stencil >= ST_set_i64_eq, 0, i);
    d = target(j, p->a, 0, i);
    move(j, d, 0, 0, i);
    finish(j, p->a, 0, d, i);
}

static void
unary(struct jit *j, const struct insn *p, uint32_t i)
{
    unsigned x = int_source(j, p->b, i), d = target(j, p->a, 0, i);

    if (jit_how[p->code].stencil == ST_i32_wrap_i64 && d == x && d) {
        PUT(ST_i32_wrap_i64 + d * 9 + d);
        finish(j, p->a, 0, d, i);
        return;
    }
    PUT(jit_how[p->code].stencil + d * 9 + x, .b = p->b);
    finish(j, p->a, 0, d, i);
}

/* ---- branches: at a block's end ---- */

static void
branch(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned x, y;

    restore_all(j, i);
    x = int_source(j, p->a, i);
    y = int_source(j, p->b, i);
    if (x == IN_SLOT && y < 8) {
        PUT(h->swapped + y * 10 + IN_SLOT, .b = p->a,
            .taken = i + (uint32_t)p->imm);
        return;
    }
    if (x == IN_SLOT) {
        move(j, 0, x, p->a, i);
        x = 0;
    }
    PUT(h->stencil + x * 10 + y, .b = p->b, .taken = i + (uint32_t)p->imm);
}

static void
branch_imm(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    int32_t k = (int16_t)p->b;

    restore_all(j, i);
    if (k == 0 && (h->stencil == ST_br_i32_ne || h->stencil == ST_br_i32_eq)) {
        unsigned x = int_source(j, p->a, i);

        PUT((h->stencil == ST_br_i32_ne ? ST_br_if : ST_br_z) + x, .b = p->a,
            .taken = i + (uint32_t)p->imm);
        return;
    }
    compare_imm(j, h->stencil, h->swapped, comparable(h, k), p->a, k,
                h->stencil >= ST_br_i64_eq && h->stencil <= ST_br_i64_ne,
                i + (uint32_t)p->imm, i);
}

static void
test(struct jit *j, const struct insn *p, uint32_t i)
{
    unsigned x;

    restore_all(j, i);
    x = int_source(j, p->a, i);
    PUT(jit_how[p->code].stencil + x, .b = p->a, .taken = i + (uint32_t)p->imm);
}

/* ---- floats ---- */

static void
fbinary(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned st = h->stencil, x = source(j, p->b, 1, i), y, d;

    y = source(j, p->c, 1, i);
    d = target(j, p->a, 1, i);
    if (h->flags & COMMUTES && d && d == y && d != x) {
        PUT(st + d * 9 + x, .b = p->b);
        finish(j, p->a, 1, d, i);
        return;
    }
    if (h->how == HOW_FLARGE || (d && d == y && d != x)) {
        fmove(j, 0, x, p->b, i);
        PUT(st + y, .b = p->c);
        fmove(j, d, 0, 0, i);
    } else {
        fmove(j, d, x, p->b, i);
        PUT(st + d * 9 + y, .b = p->c);
    }
    finish(j, p->a, 1, d, i);
}

static unsigned
float_pair(struct jit *j, uint32_t a, uint32_t b, uint32_t i)
{
    unsigned x = source(j, a, 1, i), y = source(j, b, 1, i);

    if (x == IN_SLOT) {
        fmove(j, 0, x, a, i);
        x = 0;
    }
    return x * 9 + y;
}

static void
fset(struct jit *j, const struct insn *p, uint32_t i)
{
    unsigned d;

    PUT(jit_how[p->code].stencil + float_pair(j, p->b, p->c, i), .b = p->c);
    d = target(j, p->a, 0, i);
    move(j, d, 0, 0, i);
    finish(j, p->a, 0, d, i);
}

static void
fbranch(struct jit *j, const struct insn *p, uint32_t i)
{
    restore_all(j, i);
    PUT(jit_how[p->code].stencil + float_pair(j, p->a, p->b, i), .b = p->b,
        .taken = i + (uint32_t)p->imm);
}

static void
convert(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned to = h->to != INT, d;

    PUT(h->stencil + source(j, p->b, h->from != INT, i), .b = p->b);
    d = target(j, p->a, to, i);
    if (to)
        fmove(j, d, 0, 0, i);
    else
        move(j, d, 0, 0, i);
    finish(j, p->a, to, d, i);
}

/* ---- memory ---- */

/* An offset that is no signed 32-bit displacement is added to the address in
 * r0. Returns the address's place. */
static unsigned
address(struct jit *j, uint32_t slot, uint32_t *offset, uint32_t i)
{
    unsigned x = int_source(j, slot, i);

    if (*offset <= INT32_MAX)
        return x;
    if (x == IN_SLOT)
        PUT(ST_load32, .b = slot);
    else
        move(j, 0, x, 0, i);
    PUT(ST_i64_add + IMMEDIATE, .k = INT32_MAX);
    *offset -= INT32_MAX;
    if (*offset > INT32_MAX) {
        PUT(ST_i64_add + IMMEDIATE, .k = INT32_MAX);
        *offset -= INT32_MAX;
    }
    return 0;
}

static void
load(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned file = h->to != INT, d, x;
    uint32_t offset = p->uimm;

    x = address(j, p->b, &offset, i);
    d = target(j, p->a, file, i);
    PUT(h->stencil + d * 9 + x, .b = p->b, .i = offset);
    finish(j, p->a, file, d, i);
}

static void
store(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned st = h->stencil, file = h->from != INT, y, x;
    uint32_t offset = p->uimm;

    y = source(j, p->b, file, i);
    x = address(j, p->a, &offset, i);
    if (file && y == IN_SLOT)
        PUT((h->from == DBL ? ST_i64_store : ST_i32_store) + x * 10 + IN_SLOT,
            .a = p->a, .b = p->b, .i = offset);
    else if (file)
        PUT(st + x * 8 + y, .a = p->a, .i = offset);
    else
        PUT(st + x * 10 + y, .a = p->a, .b = p->b, .i = offset);
}

static void
store_imm(struct jit *j, const struct insn *p, uint32_t i)
{
    uint32_t offset = p->uimm;
    unsigned x = address(j, p->a, &offset, i);

    PUT(jit_how[p->code].stencil + x * 10 + IMMEDIATE, .a = p->a, .i = offset,
        .k = (uint64_t)(int64_t)(int16_t)p->b);
}

/* ---- moves ---- */

static void
move_slot(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct segment *s = segment_at(j, p->b, 2 * i);
    unsigned from = s && file_of(s), x = source(j, p->b, from, i), d, to;

    advance(j, 2 * i + 1);
    s = segment_at(j, p->a, 2 * i + 1);
    to = s ? file_of(s) : from;
    d = target(j, p->a, to, i);
    if (!d && x < 8) {
        if (from)
            PUT(ST_fstore + x, .a = p->a);
        else
            PUT(ST_store + x, .a = p->a);
        written(j, p->a, i);
        return;
    }
    if (from != to && x < 8)
        PUT((to ? ST_fromint : ST_toint) + d * 8 + x);
    else if (to)
        fmove(j, d, x, p->b, i);
    else
        move(j, d, x, p->b, i);
    finish(j, p->a, to, d, i);
}

static void
move_constant(struct jit *j, uint32_t slot, uint64_t v, uint32_t i)
{
    const struct segment *s;
    unsigned file, d;

    advance(j, 2 * i + 1);
    s = segment_at(j, slot, 2 * i + 1);
    file = s && file_of(s);
    d = target(j, slot, file, i);
    if (!d && v <= INT32_MAX) {
        PUT(ST_k_store, .a = slot, .k = v);
        written(j, slot, i);
        return;
    }
    if (file && v == 0) {
        PUT(ST_fzero + d);
    } else if (file) {
        constant(j, 0, v, i);
        PUT(ST_fromint + d * 8);
    } else {
        constant(j, d, v, i);
    }
    finish(j, slot, file, d, i);
}

/* n slots, as memmove; up to 8. */
static void
move_few(struct jit *j, uint32_t to, uint32_t from, uint32_t n, uint32_t i)
{
    for (uint32_t k = 0; k < n; k++) {
        uint32_t at = to < from ? k : n - 1 - k;

        PUT(ST_mov + IN_SLOT, .b = from + at);
        PUT(ST_store, .a = to + at);
    }
}

static void
move_slots(struct jit *j, uint32_t to, uint32_t from, uint32_t n, uint32_t i)
{
    if (n <= 8) {
        move_few(j, to, from, n, i);
        return;
    }
    save_all(j, i);
    constant(j, 2, n, i);
    jit_machine_helper(j, HELPER_MOVE, to, from, true, false);
    forget_all(j);
}

static void
select_(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct segment *s = segment_at(j, p->b, 2 * i);
    unsigned x, y, c, d;

    c = int_source(j, p->d, i);
    if ((s && file_of(s)) || ((s = segment_at(j, p->c, 2 * i)) && file_of(s))) {
        x = source(j, p->b, 1, i);
        y = source(j, p->c, 1, i);
        if (y < 8) {
            fmove(j, 0, x, p->b, i);
            PUT(ST_fselect + y * 9 + c, .c = p->d);
            advance(j, 2 * i + 1);
            d = target(j, p->a, 1, i);
            fmove(j, d, 0, 0, i);
            finish(j, p->a, 1, d, i);
            return;
        }
    }
    x = int_source(j, p->b, i);
    y = int_source(j, p->c, i);
    d = target(j, p->a, 0, i);
    if (d && (d == y || d == c) && d != x) {
        move(j, 0, x, p->b, i);
        PUT(ST_select + y * 9 + c, .b = p->c, .c = p->d);
        move(j, d, 0, 0, i);
    } else {
        move(j, d, x, p->b, i);
        PUT(ST_select + d * 81 + y * 9 + c, .b = p->c, .c = p->d);
    }
    finish(j, p->a, 0, d, i);
}

static void
global(struct jit *j, const struct insn *p, uint32_t i)
{
    uint32_t at = (uint32_t)offsetof(struct engine_instance, global_values) +
                  p->uimm * 8u;
    const struct segment *s;
    unsigned file, x;

    if (p->code == OP_global_set) {
        s = segment_at(j, p->a, 2 * i);
        file = s && file_of(s);
        x = source(j, p->a, file, i);
        if (x == IN_SLOT) {
            move(j, 0, x, p->a, i);
            x = 0;
            file = 0;
        }
        PUT((file ? ST_fglobal_set : ST_global_set) + x, .i = at);
        return;
    }
    advance(j, 2 * i + 1);
    s = segment_at(j, p->a, 2 * i + 1);
    file = s && file_of(s);
    x = target(j, p->a, file, i);
    PUT((file ? ST_fglobal_get : ST_global_get) + x, .i = at);
    finish(j, p->a, file, x, i);
}

/* ---- code outside ---- */

/* Slots that the instruction reads itself; what lives on, if it runs code. */
static void
operands_to_memory(struct jit *j, const struct operands *o, uint32_t i)
{
    flush_range(j, o->reads, o->nreads, i);
    flush_range(j, o->reads2, o->nreads2, i);
    flush_range(j, o->reads3, o->nreads3, i);
    if (o->calls)
        save_all(j, i);
}

static void
results_in_memory(struct jit *j, const struct operands *o, uint32_t i)
{
    if (o->calls)
        forget_all(j);
    advance(j, 2 * i + 1);
    for (uint32_t k = 0; k < o->nwrites; k++)
        written(j, o->writes + k, i);
}

/* The interpreter runs it. */
static void
step(struct jit *j, const struct operands *o, uint32_t i)
{
    struct native_step *s =
        arena_alloc(&j->keep, sizeof *s + (o->len + 1) * sizeof s->code[0]);

    if (!s) {
        j->failed = true;
        return;
    }
    s->origin = j->published + i;
    s->n = o->len + 1;
    memcpy(s->code, s->origin, o->len * sizeof s->code[0]);
    s->code[o->len].code = interp_code(OP_step_end);
    operands_to_memory(j, o, i);
    save_all(j, i);
    jit_machine_helper(j, HELPER_STEP, (uintptr_t)s, 0, false, false);
    forget_all(j);
    results_in_memory(j, o, i);
}

static void
call_result(struct jit *j, const struct operands *o, uint32_t i)
{
    unsigned file, d;

    results_in_memory(j, o, i);
    if (o->def == NONE)
        return;
    file = o->def_class != INT;
    d = target(j, o->def, file, i);
    if (!d) {
        written(j, o->def, i);
        return; /* the callee put it into the slot */
    }
    if (file)
        fmove(j, d, 0, 0, i);
    else
        move(j, d, 0, 0, i);
    finish(j, o->def, file, d, i);
}

static void
call(struct jit *j, const struct insn *p, const struct operands *o, uint32_t i)
{
    const struct insn *pc = j->published + i;

    if (p->code == OP_call_indirect || p->code == OP_call_ref) {
        unsigned x = int_source(j, p->b, i);

        if (p->code == OP_call_indirect && x == IN_SLOT)
            PUT(ST_load32, .b = p->b);
        else
            move(j, 0, x, p->b, i);
    }
    operands_to_memory(j, o, i);
    switch (p->code) {
    case OP_call:
        jit_machine_call(j, pc, p->uimm / (uint32_t)sizeof(struct func_code));
        break;
    case OP_call_import:
        jit_machine_helper(j, HELPER_IMPORT, (uintptr_t)pc, 0, false, false);
        break;
    case OP_call_table:
        jit_machine_helper(j, HELPER_INDIRECT, 0, (uintptr_t)pc, true, false);
        break;
    default:
        if (p->code == OP_call_indirect)
            PUT(ST_k_find_element, .k = p->uimm);
        else
            PUT(ST_find_ref);
        jit_machine_call_found(j, pc);
        /* (the entry's poll may be of the same instruction) */
        for (uint32_t k = j->ncolds;
             k-- > 0 && j->colds[k].helper == HELPER_INDIRECT &&
             j->colds[k].insn == i;)
            j->colds[k].back = (uint32_t)j->at;
        break;
    }
    forget_all(j);
    call_result(j, o, i);
}

static void
tail_call(struct jit *j, const struct insn *p, const struct operands *o,
          uint32_t i)
{
    operands_to_memory(j, o, i);
    if (p->code != OP_ret_call || p->b > 8) {
        jit_machine_helper(j, HELPER_TAIL, (uintptr_t)(j->published + i), 0,
                           false, true);
        return;
    }
    jit_machine_tail_begin(j, p[1].a);
    move_few(j, 0, p[1].uimm, p->b, i);
    jit_machine_tail(j, p->uimm / (uint32_t)sizeof(struct func_code));
}

static void
trap_with(struct jit *j, enum engine_status st, uint32_t i)
{
    constant(j, 0, st, i);
    jit_cold(j, jit_machine_jump_out(j), i, HELPER_TRAP);
}

static void
return_(struct jit *j, const struct insn *p, uint32_t i)
{
    unsigned x;

    switch (p->code) {
    case OP_ret_i:
        x = int_source(j, p->b, i);
        move(j, 0, x, p->b, i);
        PUT(ST_store, .a = 0);
        break;
    case OP_ret_d:
    case OP_ret_f:
        x = source(j, p->b, 1, i);
        fmove(j, 0, x, p->b, i);
        PUT(ST_fstore, .a = 0);
        break;
    case OP_ret_n:
        flush_range(j, p[1].uimm, p->uimm, i);
        move_slots(j, 0, p[1].uimm, p->uimm, i);
        break;
    default:
        break;
    }
    jit_machine_ret(j);
}

/* The row's targets are where registers are whole. */
static void
table(struct jit *j, const struct insn *p, uint32_t i)
{
    unsigned x;

    restore_all(j, i);
    x = int_source(j, p->a, i);
    if (p->b) {
        if (x == IN_SLOT)
            move(j, 0, x, p->a, i);
        else
            move(j, 0, x, 0, i);
        PUT(ST_k_table_zero, .k = (uint64_t)-(int64_t)(int16_t)p->b);
    } else if (x == IN_SLOT) {
        PUT(ST_load32, .b = p->a);
    } else {
        move(j, 0, x, 0, i);
    }
    jit_machine_table(j, i);
    for (uint32_t k = 0; k <= p->uimm; k++) {
        uint32_t zero = 0, at = (uint32_t)j->at;

        jit_bytes(j, &zero, sizeof zero);
        if (!j->failed) /* relative to the table's start */
            add32(j->buf + at, k * 4u);
        jit_fixup(j, at, i + 1 + k + (uint32_t)p[1 + k].imm);
    }
}

static void
vector(struct jit *j, const struct insn *p, const struct operands *o,
       uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    uint32_t k = h->from == SHAPE_EXTRACT                          ? p->c
                 : h->from == SHAPE_REPLACE                        ? p->d
                 : h->from == SHAPE_LOAD || h->from == SHAPE_STORE ? p->uimm
                                                                   : 0;

    operands_to_memory(j, o, i);
    if (k > INT32_MAX) {
        step(j, o, i);
        return;
    }
    PUT(h->stencil, .a = p->a, .b = p->b, .c = p->c, .d = p->d, .i = k);
    results_in_memory(j, o, i);
}

static void
vector_constant(struct jit *j, const struct insn *p, const struct operands *o,
                uint32_t i)
{
    uint64_t v[2];

    memcpy(v, p + 1, sizeof v);
    for (unsigned k = 0; k < 2; k++) {
        if (v[k] <= INT32_MAX) {
            PUT(ST_k_store, .a = p->a + k, .k = v[k]);
        } else {
            constant(j, 0, v[k], i);
            PUT(ST_store, .a = p->a + k);
        }
    }
    results_in_memory(j, o, i);
}

static void
reference(struct jit *j, const struct insn *p, uint32_t i)
{
    unsigned x, d;

    if (p->code == OP_ref_non_null) {
        x = int_source(j, p->a, i);
        if (x == IN_SLOT) {
            move(j, 0, x, p->a, i);
            x = 0;
        }
        PUT(ST_non_null + x);
        return;
    }
    x = int_source(j, p->b, i);
    d = target(j, p->a, 0, i);
    PUT(ST_i64_eqz + d * 9 + x, .b = p->b);
    finish(j, p->a, 0, d, i);
}

static void
other(struct jit *j, const struct insn *p, const struct operands *o, uint32_t i)
{
    switch (p->code) {
    case OP_mov:
        move_slot(j, p, i);
        break;
    case OP_const32:
        move_constant(j, p->a, p->uimm, i);
        break;
    case OP_const64:
        move_constant(j, p->a, insn_u64(p + 1), i);
        break;
    case OP_const128:
        vector_constant(j, p, o, i);
        break;
    case OP_mov2:
    case OP_select128:
        operands_to_memory(j, o, i);
        PUT(p->code == OP_mov2 ? ST_mov2 : ST_select128, .a = p->a, .b = p->b,
            .c = p->c, .d = p->d);
        results_in_memory(j, o, i);
        break;
    case OP_movn:
        operands_to_memory(j, o, i);
        move_slots(j, p[1].uimm, p[2].uimm, p->uimm, i);
        results_in_memory(j, o, i);
        break;
    case OP_br:
    case OP_br_l:
        restore_all(j, i);
        if (i + (uint32_t)p->imm != i + 1)
            jit_machine_jump(j, i + (uint32_t)p->imm);
        break;
    case OP_br_table_s:
        table(j, p, i);
        break;
    case OP_select_s:
        select_(j, p, i);
        break;
    case OP_unreachable:
        trap_with(j, ENGINE_UNREACHABLE, i);
        break;
    case OP_ret:
    case OP_ret_i:
    case OP_ret_d:
    case OP_ret_f:
    case OP_ret_n:
        return_(j, p, i);
        break;
    case OP_call:
    case OP_call_import:
    case OP_call_indirect:
    case OP_call_table:
    case OP_call_ref:
        call(j, p, o, i);
        break;
    case OP_ret_call:
    case OP_ret_call_table:
    case OP_ret_call_ref:
        tail_call(j, p, o, i);
        break;
    case OP_global_get:
    case OP_global_get_float:
    case OP_global_set:
        global(j, p, i);
        break;
    case OP_ref_is_null:
    case OP_ref_non_null:
        reference(j, p, i);
        break;
    case OP_table_ref:
        if (o->len > 1)
            step(j, o, i);
        break;
    default:
        step(j, o, i);
        break;
    }
}

static void
instruction(struct jit *j, uint32_t i, const struct operands *o)
{
    const struct insn *p = &j->code[i];

    switch ((enum how)jit_how[p->code].how) {
    case HOW_BIN:
        binary(j, p, i);
        break;
    case HOW_BIN_IMM:
        binary_imm(j, p, i);
        break;
    case HOW_LARGE:
        large(j, p, i);
        break;
    case HOW_LARGE_IMM:
        large_imm(j, p, i);
        break;
    case HOW_SET:
        set(j, p, i);
        break;
    case HOW_SET_IMM:
        set_imm(j, p, i);
        break;
    case HOW_BRANCH:
        branch(j, p, i);
        break;
    case HOW_BRANCH_IMM:
        branch_imm(j, p, i);
        break;
    case HOW_TEST:
        test(j, p, i);
        break;
    case HOW_UNARY:
        unary(j, p, i);
        break;
    case HOW_CONVERT:
        convert(j, p, i);
        break;
    case HOW_FBIN:
    case HOW_FLARGE:
        fbinary(j, p, i);
        break;
    case HOW_FSET:
        fset(j, p, i);
        break;
    case HOW_FBRANCH:
        fbranch(j, p, i);
        break;
    case HOW_LOAD:
        load(j, p, i);
        break;
    case HOW_STORE:
        store(j, p, i);
        break;
    case HOW_STORE_IMM:
        store_imm(j, p, i);
        break;
    case HOW_VECTOR:
        vector(j, p, o, i);
        break;
    case HOW_OTHER:
        other(j, p, o, i);
        break;
    case HOW_NONE:
        j->failed = true;
        break;
    }
}

/* ---- functions ---- */

static bool
live_at_entry(const struct jit *j, uint32_t slot)
{
    uint32_t g;

    if (!j->live_in || j->in_memory[slot])
        return true;
    g = j->global[slot];
    return g != NONE && j->live_in[g / 64] >> g % 64 & 1;
}

/* Parameters to registers, zeros to locals that are read first. */
static void
locals(struct jit *j)
{
    const struct type_def *type = j->t->type;
    uint32_t i = 0, link = j->t->link, zeros = 0, first = 0;

    advance(j, 1);
    for (uint32_t s = link + 1; s < j->t->first_operand; s++)
        if (!segment_at(j, s, 0) && live_at_entry(j, s)) {
            first = zeros++ ? first : s;
        }
    if (zeros > 16)
        jit_machine_zero(j, first, j->t->first_operand - first);
    else
        for (uint32_t s = link + 1; s < j->t->first_operand && zeros; s++)
            if (!segment_at(j, s, 0) && live_at_entry(j, s))
                PUT(ST_k_store, .a = s, .k = 0);
    for (uint32_t k = 0; k < j->nsegments && j->segments[k].start == 0; k++) {
        const struct segment *s = &j->segments[k];

        if (!s->reg)
            continue;
        if (s->slot > link && s->slot < j->t->first_operand) {
            PUT((file_of(s) ? ST_fzero : ST_zero) + s->reg);
            j->dirty[file_of(s)] |= 1u << s->reg;
            if (s->write_through || s->clean)
                store_reg(j, s, i);
        }
    }
    for (uint32_t k = 0, slot = 0; k < type->nparams; k++) {
        const struct segment *s = segment_at(j, slot, 0);

        if (s && !file_of(s) && type->vt[k] == VT_I32) {
            /* it has no upper half, whoever called */
            PUT(ST_load32 + s->reg, .b = slot);
            j->dirty[0] &= ~(1u << s->reg);
        } else if (s) {
            load_reg(j, s, i);
        }
        slot += vt_slots(type->vt[k]);
    }
}

static void
function(struct jit *j)
{
    struct operands o;
    const struct insn *e = j->code;

    jit_machine_thunk(j);
    j->body = (uint32_t)j->at;
    jit_machine_entry(j, e->a, e->uimm, 1 + (e->b >> 5));
    if (j->t->nhandlers)
        jit_machine_save_stack(j, e->a + 1u);
    locals(j);
    for (uint32_t b = 0; b < j->nblocks && !j->failed; b++) {
        const struct jit_block *k = &j->blocks[b];
        uint32_t last = k->first;

        if (b)
            advance(j, 2 * k->first);
        if (b || j->mark[k->first] & MARK_LOOP)
            block_state(j);
        for (uint32_t i = k->first; i < k->end && !j->failed; i += o.len) {
            jit_operands(j, i, &o);
            j->native_at[i] = (uint32_t)j->at;
            if (i == k->first && j->mark[i] & MARK_LOOP)
                PUT(ST_loop);
            advance(j, 2 * i);
            instruction(j, i, &o);
            for (uint32_t d = 1; d < o.len; d++)
                j->native_at[i + d] = (uint32_t)j->at;
            last = i;
        }
        if (k->next != NONE && k->taken == NONE)
            restore_all(j, last);
    }
}

void
jit_emit(struct jit *j)
{
    j->at = j->nfixups = j->ncolds = j->next_segment = 0;
    memset(j->current, 0xff, j->nslots * sizeof *j->current);
    memset(j->owner, 0xff, sizeof j->owner);
    forget_all(j);
    function(j);
    if (!j->failed)
        jit_machine_colds(j);
    for (uint32_t k = 0; k < j->nfixups && !j->failed; k++)
        if (j->fixups[k].insn < JIT_HELPER)
            jit_patch(j, j->fixups[k].at, j->native_at[j->fixups[k].insn]);
}
#endif
