/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AArch64: stencils into the buffer, their holes filled.
 *
 * What does not fit a load's or store's immediate is added to the base before
 * the stencil, in x11 to x15. Constants that fit an instruction's immediate go
 * there: the compiler could not know. A move that only feeds the stencil behind
 * it becomes that one's operand: stencils are of two addresses, instructions of
 * three.
 */
#include "config.h"

#if ENGINE_JIT && defined(__aarch64__)
#define STENCIL_DATA
#include "jit/aarch64.h"
#include "jit/emit.h"
#include "jit/stencils.h"

static uint32_t
get(const struct jit *j, size_t at)
{
    uint32_t w;

    memcpy(&w, j->buf + at, sizeof w);
    return w;
}

static void
set(struct jit *j, size_t at, uint32_t w)
{
    memcpy(j->buf + at, &w, sizeof w);
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

/* ---- jumps ---- */

static bool
is_b(uint32_t w) /* or bl */
{
    return (w & 0x7c000000) == 0x14000000;
}

static bool
is_test_bit(uint32_t w)
{
    return (w & 0x7e000000) == 0x36000000;
}

static uint32_t
field(int64_t v, unsigned bits, unsigned shift)
{
    return ((uint32_t)v & ((1u << bits) - 1)) << shift;
}

/* A pool's page, as seen from at; the instruction holds the place in the pool.
 * Chunks begin with a page. */
static uint32_t
page(const struct jit *j, uint32_t w, uint32_t at, uint32_t target)
{
    uint32_t to = target + j->start + ((w >> 29 & 3) | (w >> 5 & 0x7ffff) << 2);
    int64_t d = (int64_t)(to >> 12) - (int64_t)((at + j->start) >> 12);

    return (w & 0x9f00001f) | field(d, 2, 29) | field(d >> 2, 19, 5);
}

void
jit_patch(struct jit *j, uint32_t at, uint32_t target)
{
    uint32_t w = get(j, at);
    int32_t d = (int32_t)(target - at) / 4;
    unsigned bits = is_b(w) ? 26 : is_test_bit(w) ? 14 : 19;

    if ((w & 0x9f000000) == 0x90000000) {
        set(j, at, page(j, w, at, target));
        return;
    }
    if (d < -(1 << (bits - 1)) || d >= 1 << (bits - 1)) {
        j->failed = true;
        j->far = true; /* once more, with long jumps */
        return;
    }
    if (bits == 26)
        w = (w & ~0x03ffffffu) | field(d, 26, 0);
    else
        w = (w & ~field(-1, bits, 5)) | field(d, bits, 5);
    set(j, at, w);
}

static void
jump_hole(struct jit *j, uint32_t at, unsigned kind, unsigned stencil,
          uint32_t insn, uint32_t taken)
{
    if (kind == HOLE_TAKEN)
        jit_fixup(j, at, taken);
    else
        jit_cold(j, at, insn,
                 stencil == ST_loop             ? HELPER_LOOP
                 : stencil == ST_k_find_element ? HELPER_INDIRECT
                 : stencil == ST_find_ref       ? HELPER_INDIRECT
                                                : HELPER_TRAP);
}

/* ---- bases ---- */

/* By how much the immediate of ldr, str or add is shifted. */
static unsigned
immediate_scale(uint32_t w)
{
    if ((w & 0x3b000000) != 0x39000000)
        return 0;
    return (w & 0x04800000) == 0x04800000 ? 4 : w >> 30;
}

/* Does the offset fit into what the instruction (ldr, str, add) has already? */
static bool
fits(uint32_t w, uint64_t offset)
{
    unsigned scale = immediate_scale(w);

    return !(offset & ((1u << scale) - 1)) &&
           (offset >> scale) + (w >> 10 & 0xfff) < 4096;
}

static uint32_t
add_offset(uint32_t w, uint64_t offset)
{
    unsigned scale = immediate_scale(w);

    return w + (uint32_t)(offset >> scale << 10);
}

static uint64_t
offset_of(unsigned kind, const struct holes *h)
{
    return kind == HOLE_A   ? h->a * 8ull
           : kind == HOLE_B ? h->b * 8ull
           : kind == HOLE_C ? h->c * 8ull
           : kind == HOLE_D ? h->d * 8ull
                            : h->i;
}

/* Bases that this stencil needs, computed; bits by kind. */
static uint32_t
bases(struct jit *j, struct stencil st, const struct holes *h)
{
    const uint8_t *bytes = stencil_bytes + st.at;
    uint32_t done = 0;

    for (const uint16_t *p = stencil_holes + st.holes - 1; *p != 0xffff; p++) {
        unsigned kind = *p >> 10;
        uint32_t w;

        if (kind > HOLE_MEM_M)
            continue;
        memcpy(&w, bytes + (*p & 0x3ff) * 4u, sizeof w);
        if (kind == HOLE_MEM_M)
            kind = HOLE_MEM_N;
        if (done >> kind & 1 ||
            (kind == HOLE_MEM_N ? h->i == 0 : fits(w, offset_of(kind, h))))
            continue;
        done |= 1u << kind;
        if (kind == HOLE_MEM_N)
            a64_add(j, X_OFFSET, X_MEM, h->i);
        else
            a64_add(j, X_BASE + kind, kind == HOLE_I ? X_IN : X_FP,
                    offset_of(kind, h));
    }
    return done;
}

/* ---- immediates ---- */

/* 64 bits as a logical instruction's immediate (N, immr, imms), or 0. */
static uint32_t
bitmask(uint64_t v)
{
    unsigned size = 64, ones, r = 0;
    uint64_t all;

    if (v + 1 <= 1)
        return 0;
    while (size > 2 && (v ^ v >> size / 2) << (64 - size / 2) == 0)
        size /= 2;
    all = ~(uint64_t)0 >> (64 - size);
    v &= all;
    ones = (unsigned)__builtin_popcountll(v);
    while (v != ~(uint64_t)0 >> (64 - ones) && r < size) {
        v = (v << 1 | v >> (size - 1)) & all;
        r++;
    }
    if (r == size)
        return 0;
    return (uint32_t)(size == 64) << 22 | r << 16 |
           ((~(2 * size - 1) & 0x3f) | (ones - 1)) << 10;
}

/* op with xm = v as an instruction with an immediate, or 0. */
static uint32_t
with_immediate(uint32_t op, unsigned rm, uint64_t v)
{
    bool wide = op >> 31, minus = v >> 63, sp;
    uint64_t amount = minus ? 0 - v : v;
    uint32_t n;

    if ((op >> 16 & 31) != rm || (op >> 5 & 31) == rm)
        return 0;
    sp = (op >> 5 & 31) == X_SP || ((op & 31) == X_SP && !(op >> 29 & 1));
    if ((op & 0x1fe0fc00) == 0x0b000000 && amount < 4096 && !sp)
        return ((op & 0xe00003ff) ^ (minus ? 0x40000000u : 0)) | 0x11000000 |
               (uint32_t)amount << 10;
    if ((op & 0x1fe0fc00) != 0x0a000000)
        return 0;
    n = bitmask(wide ? v : (v & UINT32_MAX) | v << 32);
    return n && (wide || !(n >> 22)) ? (op & 0xe00003ff) | 0x12000000 | n : 0;
}

/* movz, movk at at, to hold v: in fewer instructions where the stencil allows
 * it. Returns by how many bytes it became shorter. */
static uint32_t
constant(struct jit *j, size_t at, uint64_t v, bool may_shrink)
{
    uint32_t w = get(j, at), n = 0, imm = 0;
    unsigned rd = w & 31;
    bool minus = v >> 63;
    size_t next = at + 8;

    if (may_shrink && next < j->at) {
        uint32_t op = get(j, next);

        imm = with_immediate(op, rd, v);
        if (!imm && v == 0 &&
            ((op & 0x3fc0001f) == (0x39000000 | rd) ||
             (op & 0x3fe00c1f) == (0x38200800 | rd)))
            imm = op | X_ZR; /* store zero */
    }
    if (imm) {
        set(j, next, imm);
    } else {
        w = (minus ? 0x92800000 : 0x52800000) | rd;
        set(j, at, w | (uint32_t)((minus ? ~v : v) & 0xffff) << 5);
        n = 1;
        if (!may_shrink || (v >> 16 & 0xffff) != (minus ? 0xffff : 0)) {
            w = (minus ? 0xf2a00000 : 0x72a00000) | rd;
            set(j, at + 4, w | (uint32_t)(v >> 16 & 0xffff) << 5);
            n = 2;
        }
    }
    memmove(j->buf + at + n * 4, j->buf + next, j->at - next);
    j->at -= 8 - n * 4;
    return 8 - n * 4;
}

static void
constant64(struct jit *j, size_t at, uint64_t v)
{
    for (unsigned k = 0; k < 4; k++)
        set(j, at + k * 4,
            (get(j, at + k * 4) & ~(0xffffu << 5)) |
                (uint32_t)(v >> k * 16 & 0xffff) << 5);
}

static uint32_t
shift(uint32_t w, unsigned kind, unsigned k)
{
    unsigned bits = w >> 31 ? 64 : 32, r = k, l = w >> 10 & 63;

    k &= bits - 1;
    if (kind == HOLE_SHL || kind == HOLE_SHL32) {
        r = (0 - k) & (bits - 1);
        l = (kind == HOLE_SHL32 ? 31 : bits - 1) - k;
    } else if (kind == HOLE_ROR || kind == HOLE_ROL) {
        r = w >> 16 & 31; /* the other register */
        l = kind == HOLE_ROR ? k : (0 - k) & (bits - 1);
        return (w & ~(63u << 10)) | l << 10;
    }
    return (w & ~(0xfffu << 10)) | r << 16 | l << 10;
}

/* ---- moves ---- */

/* Does w compute rd from rd, by integer or (file) float registers? Then with rs
 * in place of what it reads as rd, else 0. */
static uint32_t
from_other(uint32_t w, unsigned file, unsigned rd, unsigned rs)
{
    unsigned n = w >> 5 & 31, m = w >> 16 & 31;
    bool reads_m;

    if ((w & 31) != rd || n != rd)
        return 0;
    if (file) {
        if ((w & 0xff200c00) != 0x1e200800)
            return 0;
        reads_m = true;
    } else if ((w & 0x1f000000) == 0x0b000000 ||
               (w & 0x1f000000) == 0x0a000000 || /* shifted register */
               (w & 0x7fe00000) == 0x1ac00000 || /* two sources */
               (w & 0x7fe0fc00) == 0x1b007c00 || /* mul */
               (w & 0x7f800000) == 0x13800000) { /* extr */
        reads_m = true;
    } else if ((w & 0x3f800000) == 0x11000000 || /* add, sub immediate */
               (w & 0x1f800000) == 0x12000000 || /* logical immediate */
               (w & 0x3f800000) == 0x13000000) { /* bit field */
        reads_m = false;
    } else {
        return 0;
    }
    w = (w & ~(31u << 5)) | rs << 5;
    if (reads_m && m == rd)
        w = (w & ~(31u << 16)) | rs << 16;
    return w;
}

/* Is w a move? Of which file? */
static bool
is_move(uint32_t w, unsigned *file)
{
    *file = (w & 0xffe0fc00) == 0x4ea01c00 && (w >> 5 & 31) == (w >> 16 & 31);
    return *file || (w & 0xffe0ffe0) == 0xaa0003e0;
}

/* The move before start, if it is this instruction's, into the stencil. */
static void
fold_move(struct jit *j, size_t start, uint32_t insn)
{
    uint32_t move, w = 0;
    unsigned file;
    size_t at = start;

    if (j->moved != start || j->moved_insn != insn)
        return;
    move = get(j, start - 4);
    is_move(move, &file);
    for (; at < j->at; at += 4) { /* past other operands */
        w = get(j, at);
        if (((w & 0x3b400000) != 0x39400000 || (w >> 5 & 31) < X_BASE) &&
            (w & 0x1f800000) != 0x12800000)
            break;
        if (!file == !(w >> 26 & 1) &&
            ((w & 31) == (move & 31) || (w & 31) == (move >> 16 & 31)))
            return;
    }
    w = at < j->at ? from_other(w, file, move & 31, move >> 16 & 31) : 0;
    if (!w)
        return;
    set(j, at, w);
    memmove(j->buf + start - 4, j->buf + start, j->at - start);
    j->at -= 4;
}

static void
note_move(struct jit *j, size_t start, uint32_t insn)
{
    unsigned file;

    j->moved = 0;
    if (j->at == start + 4 && is_move(get(j, start), &file)) {
        j->moved = (uint32_t)j->at;
        j->moved_insn = insn;
    }
}

/* ---- stencils ---- */

/* Conditional jumps out of the stencil, from its middle even, by way of long
 * ones behind it. */
static void
long_jumps(struct jit *j, unsigned stencil, uint32_t start, uint32_t insn,
           const struct holes *h)
{
    struct stencil st = stencil_get(stencil);
    size_t skip = j->at;
    bool any = false;

    for (const uint16_t *p = stencil_holes + st.holes - 1; *p != 0xffff; p++) {
        unsigned kind = *p >> 10;
        uint32_t at = start + (*p & 0x3ff) * 4u;

        if ((kind != HOLE_TAKEN && kind != HOLE_TRAP) || is_b(get(j, at)))
            continue;
        if (!any)
            a64(j, 0x14000000);
        any = true;
        jit_patch(j, at, (uint32_t)j->at);
        jump_hole(j, (uint32_t)j->at, kind, stencil, insn, h->taken);
        a64(j, 0x14000000);
    }
    if (any && !j->failed)
        jit_patch(j, (uint32_t)skip, (uint32_t)j->at);
}

/* An immediate of stencils: kinds from K32 on. Returns by how many bytes the
 * stencil became shorter. */
static uint32_t
fill_number(struct jit *j, uint32_t at, enum hole_kind kind,
            const struct holes *h)
{
    uint32_t w = get(j, at);

    switch (kind) {
    case HOLE_K32:
        return constant(j, at, h->k, !j->far);
    case HOLE_K32_FIXED:
        return constant(j, at, h->k, false);
    case HOLE_N32:
        set(j, at, (w & ~(0xffffu << 5)) | (h->i & 0xffff) << 5);
        w = get(j, at + 4);
        set(j, at + 4, (w & ~(0xffffu << 5)) | h->i >> 16 << 5);
        break;
    case HOLE_K64:
        constant64(j, at, h->k);
        break;
    case HOLE_PAGE: /* memory.c knows where */
        jit_fixup(j, at, JIT_POOL);
        break;
    case HOLE_LOW: {
        unsigned scale = immediate_scale(w);
        uint32_t low = (w >> 10 & 0xfff) << scale;

        low = (low + jit_pool_place()) & 0xfff;
        set(j, at, (w & ~(0xfffu << 10)) | low >> scale << 10);
        break;
    }
    default:
        set(j, at, shift(w, kind, (unsigned)h->k));
        break;
    }
    return 0;
}

void
jit_put(struct jit *j, unsigned stencil, uint32_t insn, const struct holes *h)
{
    struct stencil st = stencil_get(stencil);
    unsigned size = st.size;
    uint32_t start, shorter = 0, base, notes = j->nfixups + j->ncolds;

    if (!st.holes) {
        j->failed = true;
        return;
    }
    base = bases(j, st, h);
    start = (uint32_t)j->at;
    jit_bytes(j, stencil_bytes + st.at, size);
    if (j->failed)
        return;
    for (const uint16_t *p = stencil_holes + st.holes - 1; *p != 0xffff; p++) {
        uint32_t at = start + (*p & 0x3ff) * 4u - shorter, w = get(j, at);
        enum hole_kind kind = (enum hole_kind)(*p >> 10);

        if (kind <= HOLE_I) {
            if (base >> kind & 1)
                w = (w & ~(31u << 5)) | (X_BASE + kind) << 5;
            else
                w = add_offset(w, offset_of(kind, h));
            set(j, at, w);
        } else if (kind <= HOLE_MEM_M) {
            unsigned place = kind == HOLE_MEM_N ? 5 : 16;

            if (h->i)
                set(j, at, (w & ~(31u << place)) | X_OFFSET << place);
        } else if (kind == HOLE_NEXT) {
            jit_patch(j, at, start + size - shorter);
        } else if (kind <= HOLE_TRAP) {
            if (!j->far || is_b(w))
                jump_hole(j, at, kind, stencil, insn, h->taken);
        } else {
            shorter += fill_number(j, at, kind, h);
        }
    }
    if (j->far)
        long_jumps(j, stencil, start, insn, h);
    else if (notes == j->nfixups + j->ncolds)
        fold_move(j, start, insn);
    note_move(j, start, insn);
}
#endif
