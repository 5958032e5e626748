/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AArch64. Holes are instructions, and what they are for; engine/jit's
 * put_aarch64.c knows how to change which. Slots and offsets of the instance
 * are immediates of loads, stores and additions that nothing else has
 * (engine/jit/stencil/aarch64.h), found by the base register; what is left in
 * the immediate is added. The base of memory 0 is a hole by itself.
 *
 * Every instruction that reads fp or mem in a way that is not understood here
 * ends the program.
 */
#include "stencils.h"

#define IN 20u /* preserve_none's registers */
#define FP 21u
#define MEM 22u
#define N32 0x3b1d4e6fu

static const char *const kinds[] = {
    "A",    "B",     "C",    "D",   "I",         "MEM_N", "MEM_M",
    "NEXT", "TAKEN", "TRAP", "K32", "K32_FIXED", "N32",   "K64",
    "SHL",  "SHL32", "SHR",  "ROR", "ROL",       "PAGE",  "LOW"};
enum kind {
    A,
    B,
    C,
    D,
    I,
    MEM_N,
    MEM_M,
    NEXT,
    TAKEN,
    TRAP,
    KIND_K32,
    KIND_K32_FIXED, /* no instruction may go */
    KIND_N32,
    KIND_K64,
    SHL,
    SHL32, /* of 32 bits in a register of 64 */
    SHR,
    ROR,
    ROL,
    PAGE,
    LOW
};
static const unsigned magic[] = {
    [A] = 0xe10, [B] = 0xc30, [C] = 0xa50, [D] = 0x870, [I] = 0xff0};

static uint32_t
word(const struct stencil *s, unsigned i)
{
    return get32(s->bytes + (size_t)i * 4);
}

static void
put_word(struct stencil *s, unsigned i, uint32_t w)
{
    put32(s->bytes + (size_t)i * 4, w);
}

/* ---- jumps ---- */

static bool
is_b(uint32_t w)
{
    return (w & 0xfc000000) == 0x14000000;
}

static bool
is_test_bit(uint32_t w)
{
    return (w & 0x7e000000) == 0x36000000;
}

static bool
is_conditional(uint32_t w)
{
    return (w & 0xff000010) == 0x54000000 || (w & 0x7e000000) == 0x34000000 ||
           is_test_bit(w);
}

static uint32_t
opposite(uint32_t w)
{
    return (w & 0xff000010) == 0x54000000 ? w ^ 1 : w ^ 0x01000000;
}

static int32_t
signed_field(uint32_t w, unsigned shift, unsigned bits)
{
    return (int32_t)(w << (32 - bits - shift)) >> (32 - bits);
}

/* Where a jump within the stencil goes; the number of instructions or more:
 * this is none. */
static unsigned
goal(struct stencil *s, unsigned i)
{
    uint32_t w = word(s, i);

    if (hole_at(s, i * 4))
        return MAX_BYTES;
    if (is_b(w))
        return i + (unsigned)signed_field(w, 0, 26);
    if (is_test_bit(w))
        return i + (unsigned)signed_field(w, 5, 14);
    if (is_conditional(w))
        return i + (unsigned)signed_field(w, 5, 19);
    return MAX_BYTES;
}

static bool
is_goal(struct stencil *s, unsigned i)
{
    for (unsigned k = 0; k < s->size / 4; k++)
        if (goal(s, k) == i)
            return true;
    return false;
}

/* A jump to a jump out goes out itself; bit tests only reach the end. */
static void
shortcut(struct stencil *s)
{
    for (unsigned i = 0; i < s->size / 4; i++) {
        unsigned to = goal(s, i);
        const struct hole *h = to < s->size / 4 ? hole_at(s, to * 4) : NULL;

        if (h && is_b(word(s, to)) &&
            (!is_test_bit(word(s, i)) || h->kind == NEXT))
            add_hole(s, i * 4, h->kind);
    }
}

static void
drop_last(struct stencil *s)
{
    struct hole *h = hole_at(s, s->size - 4);

    if (h)
        remove_hole(s, h);
    s->size -= 4;
}

static void
trim(struct stencil *s)
{
    struct hole *h, *over;
    unsigned last;

    shortcut(s);
    while (s->size > 4) {
        last = s->size / 4 - 1;
        if (!is_b(word(s, last)))
            die("%s does not end in a jump", s->family);
        h = hole_at(s, last * 4);
        if (!h)
            return;
        if (is_goal(s, last) && h->kind != NEXT && last > 1 &&
            is_test_bit(word(s, last - 2)) && goal(s, last - 2) == last &&
            (over = hole_at(s, last * 4 - 4)) && over->kind == NEXT) {
            /* test L; b next; L: b taken */
            put_word(s, last - 2, opposite(word(s, last - 2)));
            over->kind = h->kind;
            add_hole(s, last * 4 - 8, NEXT);
            drop_last(s);
            return;
        }
        if (is_goal(s, last) || !is_b(word(s, last - 1)))
            break;
        drop_last(s); /* nobody comes here */
    }
    h = hole_at(s, s->size - 4);
    if (h && h->kind == NEXT) {
        drop_last(s);
        return;
    }
    over = s->size > 4 ? hole_at(s, s->size - 8) : NULL;
    if (h && over && over->kind == NEXT) {
        unsigned i = s->size / 4 - 2;

        if (is_conditional(word(s, i)) && !is_test_bit(word(s, i))) {
            put_word(s, i, opposite(word(s, i)));
            over->kind = h->kind;
            drop_last(s);
        }
    }
}

/* ---- slots, fields, memory ---- */

static void
immediate_hole(struct stencil *s, unsigned i, unsigned base, unsigned scale)
{
    uint32_t w = word(s, i), offset = (w >> 10 & 0xfff) << scale;

    for (unsigned k = A; k <= I; k++)
        if ((k == I) == (base == IN) && offset - magic[k] < 16) {
            put_word(s, i,
                     (w & ~(0xfffu << 10)) | ((offset - magic[k]) >> scale)
                                                 << 10);
            add_hole(s, i * 4, k);
            return;
        }
    if (base != IN)
        die("%s: offset %u from register %u", s->family, offset, base);
}

static void
operand(struct stencil *s, unsigned i, unsigned reg, unsigned kind)
{
    if (reg == MEM)
        add_hole(s, i * 4, kind);
    else if (reg == FP)
        die("%s: instruction %u reads fp: %08x", s->family, i, word(s, i));
}

static void
address(struct stencil *s, unsigned i)
{
    uint32_t w = word(s, i);
    unsigned n = w >> 5 & 31, m = w >> 16 & 31;

    if ((w & 0x3b000000) == 0x39000000) { /* load, store: immediate */
        if (n == FP || n == IN)
            immediate_hole(s, i, n,
                           (w & 0x04800000) == 0x04800000 ? 4 : w >> 30);
        else if (n == MEM)
            operand(s, i, w >> 10 & 0xfff ? FP : MEM, MEM_N);
    } else if ((w & 0xff800000) == 0x91000000) { /* add, immediate */
        if ((n == FP || n == IN) && !(w >> 22 & 1))
            immediate_hole(s, i, n, 0);
        else
            operand(s, i, n == MEM || n == FP ? FP : 0, MEM_N);
    } else if ((w & 0x3b200c00) == 0x38200800) { /* load, store: registers */
        operand(s, i, n, MEM_N);
        operand(s, i, m, MEM_M);
    } else if ((w & 0x0a000000) == 0x08000000) { /* other loads, stores */
        operand(s, i, n == MEM || n == FP ? FP : 0, MEM_N);
    } else if ((w & 0x0e000000) == 0x0a000000) { /* arithmetic */
        operand(s, i, n, MEM_N);
        if ((w & 0x1fe00800) != 0x1a400800) /* (a comparison of immediates) */
            operand(s, i, m, MEM_M);
        if ((w & 0x1f000000) == 0x1b000000)
            operand(s, i, (w >> 10 & 31) == MEM ? FP : w >> 10 & 31, MEM_M);
    } else if ((w & 0xfe000000) == 0xd6000000 ||
               (w & 0xfc000000) == 0x94000000 ||
               (w & 0x9f000000) == 0x10000000) {
        die("%s: instruction %u calls or jumps: %08x", s->family, i, w);
    }
}

/* ---- immediates ---- */

static bool
is_movz(uint32_t w)
{
    return (w & 0x7fe00000) == 0x52800000;
}

/* movk of part hw of the same register */
static bool
is_movk(uint32_t w, unsigned hw, uint32_t first)
{
    return (w & 0x7f800000) == 0x72800000 && (w >> 21 & 3) == hw &&
           (w & 31) == (first & 31);
}

static uint32_t
imm16(uint32_t w)
{
    return w >> 5 & 0xffff;
}

/* movz and what follows: how many instructions, 0: not one of ours. */
static unsigned
move_hole(struct stencil *s, unsigned i, bool wanted, bool fixed)
{
    unsigned n = s->size / 4 - i;
    uint32_t w = word(s, i), v;

    if (n < 2 || !is_movk(word(s, i + 1), 1, w))
        return 0;
    v = imm16(w) | imm16(word(s, i + 1)) << 16;
    if (v == N32) {
        add_hole(s, i * 4, KIND_N32);
        return 2;
    }
    if (wanted && v == (uint32_t)K64 && n >= 4 &&
        is_movk(word(s, i + 3), 3, w)) {
        add_hole(s, i * 4, KIND_K64);
        return 4;
    }
    if (!wanted || v != K32)
        return 0;
    add_hole(s, i * 4, fixed ? KIND_K32_FIXED : KIND_K32);
    return 2;
}

/* A shift or rotation by K8? */
static bool
shift_hole(struct stencil *s, unsigned i)
{
    uint32_t w = word(s, i);
    unsigned r = w >> 16 & 63, l = w >> 10 & 63, bits = w >> 31 ? 64 : 32;

    if ((w & 0x7f800000) == 0x53000000 && r == bits - K8 && l == bits - 1 - K8)
        add_hole(s, i * 4, SHL);
    else if ((w & 0xff800000) == 0xd3000000 && r == 64 - K8 && l == 31 - K8)
        add_hole(s, i * 4, SHL32);
    else if ((w & 0x3f800000) == 0x13000000 && r == K8 &&
             (l == 31 || l == bits - 1))
        add_hole(s, i * 4, SHR);
    else if ((w & 0x7fa00000) == 0x13800000 && l == K8)
        add_hole(s, i * 4, ROR);
    else if ((w & 0x7fa00000) == 0x13800000 && l == bits - K8)
        add_hole(s, i * 4, ROL);
    else
        return false;
    return true;
}

/* How many immediates there are. */
static unsigned
immediates(struct stencil *s)
{
    bool wanted = wants_immediate(s), fixed = false;
    unsigned found = 0;

    for (unsigned i = 0; i < s->size / 4; i++)
        fixed = fixed || goal(s, i) != MAX_BYTES;
    for (unsigned k = 0; k < s->nholes; k++) /* a jump over the constant */
        fixed = fixed || (s->holes[k].kind == NEXT &&
                          !is_b(word(s, s->holes[k].at / 4)));
    for (unsigned i = 0; i < s->size / 4; i++) {
        if (is_movz(word(s, i))) {
            unsigned n = move_hole(s, i, wanted, fixed);

            found += n != 0;
            i += n ? n - 1 : 0;
        } else if (wanted && !hole_at(s, i * 4)) {
            found += shift_hole(s, i);
        }
    }
    return found;
}

static void
finish(struct stencil *s)
{
    unsigned n;

    trim(s);
    for (unsigned i = 0; i < s->size / 4; i++)
        address(s, i);
    n = immediates(s);
    if (wants_immediate(s) && n != 1)
        none(s);
}

/* ---- relocations ---- */

static void
relocate(struct stencil *s, const struct object *o, const Elf64_Rela *r)
{
    const Elf64_Sym *sym = &o->symbols[ELF64_R_SYM(r->r_info)];
    const char *name = o->names + sym->st_name;
    unsigned at = (unsigned)r->r_offset, scale = 0;
    uint32_t w = get32(s->bytes + at), v;

    switch (ELF64_R_TYPE(r->r_info)) {
    case R_AARCH64_JUMP26:
        add_hole(s, at,
                 strcmp(name, "next") == 0    ? NEXT
                 : strcmp(name, "taken") == 0 ? TAKEN
                 : strcmp(name, "trap") == 0
                     ? TRAP
                     : (die("%s jumps to %s", s->family, name), NEXT));
        return;
    case R_AARCH64_ADR_PREL_PG_HI21: /* the place in the pool, for now */
        v = pool_add(o, sym, (uint64_t)r->r_addend);
        put32(s->bytes + at, w | (v & 3) << 29 | v >> 2 << 5);
        add_hole(s, at, PAGE);
        return;
    case R_AARCH64_LDST128_ABS_LO12_NC:
        scale++;
        __attribute__((fallthrough));
    case R_AARCH64_LDST64_ABS_LO12_NC:
        scale++;
        __attribute__((fallthrough));
    case R_AARCH64_LDST32_ABS_LO12_NC:
        scale += 2;
        __attribute__((fallthrough));
    case R_AARCH64_ADD_ABS_LO12_NC:
        v = pool_add(o, sym, (uint64_t)r->r_addend) & 0xfff;
        put32(s->bytes + at, w | v >> scale << 10);
        add_hole(s, at, LOW);
        return;
    default:
        die("%s: relocation %u of %s", s->family,
            (unsigned)ELF64_R_TYPE(r->r_info), name);
    }
}

const struct machine machine_aarch64 = {
    .elf = EM_AARCH64,
    .name = "AArch64",
    .kinds = kinds,
    .nkinds = sizeof kinds / sizeof kinds[0],
    .kind_shift = 10,
    .unit = 4,
    .relocate = relocate,
    .finish = finish,
};
