/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86-64. Places to fill hold the addend already: whoever fills one adds the
 * value, and for relative ones subtracts the place's own address. A conditional
 * jump over a jump becomes the opposite conditional jump.
 *
 * A displacement that may become one byte when its value is small has SHORT in
 * its number: put_x86_64.c then closes the gap.
 */
#include "stencils.h"

static const char *const kinds[] = {"A",    "B",     "C",    "D",    "I",
                                    "NEXT", "TAKEN", "TRAP", "K32",  "K32_NEG",
                                    "K8",   "K16",   "K64",  "CONST"};
enum kind {
    A,
    B,
    C,
    D,
    I,
    NEXT,
    TAKEN,
    TRAP,
    KIND_K32,
    KIND_K32_NEG,
    KIND_K8,
    KIND_K16,
    KIND_K64,
    CONST
};

/* ---- immediates ---- */

static bool
covered(const struct stencil *s, unsigned at)
{
    for (unsigned i = 0; i < s->nholes; i++)
        if (at + 3 >= s->holes[i].at && at <= s->holes[i].at + 3u)
            return true;
    return false;
}

/* At byte at: is it the constant, as which kind? */
static bool
immediate_at(const struct stencil *s, unsigned at, enum kind *kind,
             uint32_t *addend)
{
    uint32_t v;
    uint64_t k = K64;

    *addend = 0;
    if (at + 8 <= s->size && memcmp(s->bytes + at, &k, 8) == 0) {
        *kind = KIND_K64;
        return true;
    }
    if (at + 4 > s->size || covered(s, at))
        return false;
    v = get32(s->bytes + at);
    *kind = KIND_K32;
    *addend = v - K32;
    if (*addend + 1 <= 2)
        return true;
    *kind = KIND_K32_NEG;
    *addend = v + K32;
    return *addend == 0;
}

static bool
find_immediate(struct stencil *s)
{
    unsigned found = 0, last = s->size - 1;
    enum kind kind;
    uint32_t addend;

    for (unsigned at = 0; at < s->size; at++) {
        if (!immediate_at(s, at, &kind, &addend))
            continue;
        if (found++)
            return false;
        add_hole(s, at, kind);
        if (kind == KIND_K64)
            memset(s->bytes + at, 0, 8);
        else
            put32(s->bytes + at, addend);
        at += 3;
    }
    if (found)
        return true;
    if (s->size > 2 && s->bytes[last] == (K32 >> 8 & 0xff) &&
        s->bytes[last - 1] == (K32 & 0xff)) {
        add_hole(s, last - 1, KIND_K16);
        s->bytes[last] = s->bytes[last - 1] = 0;
        return true;
    }
    if (s->size > 1 && s->bytes[last] == K8) {
        add_hole(s, last, KIND_K8);
        s->bytes[last] = 0;
        return true;
    }
    return false;
}

/* ---- jumps ---- */

static void
trim(struct stencil *s)
{
    struct hole *h, *over;

    if (s->size < 5 || s->bytes[s->size - 5] != 0xe9)
        return;
    h = hole_at(s, s->size - 4);
    if (!h)
        die("%s does not end in a jump", s->family);
    if (h->kind == NEXT) {
        remove_hole(s, h);
        s->size -= 5;
        return;
    }
    over = s->size >= 11 ? hole_at(s, s->size - 9) : NULL;
    if (over && over->kind == NEXT && s->bytes[s->size - 11] == 0x0f &&
        (s->bytes[s->size - 10] & 0xf0) == 0x80) {
        s->bytes[s->size - 10] ^= 1;
        over->kind = h->kind;
        remove_hole(s, h);
        s->size -= 5;
    }
}

/* ---- displacements ---- */

#define SHORT 0x800u      /* in a hole's number */
#define LARGEST_SHORT 32u /* bytes: as many as are copied without counting */

/* movd and movq, whose second byte looks like a jump: prefix 0f 7e. */
static bool
is_movq(const struct stencil *s, unsigned at)
{
    uint8_t prefix = at >= 2 ? s->bytes[at - 2] : 0;

    return s->bytes[at] == 0x7e && s->bytes[at - 1] == 0x0f &&
           (prefix == 0x66 || prefix == 0xf3 || (prefix & 0xf0) == 0x40);
}

/* Might there be a jump within the stencil, over what is going to shrink? It
 * would be a short one. Their opcodes are looked for without telling them from
 * other bytes. */
static bool
may_jump_within(const struct stencil *s)
{
    for (unsigned at = 0; at < s->size; at++) {
        uint8_t b = s->bytes[at];

        if (b == 0xeb || (b >= 0xe0 && b <= 0xe3) ||
            ((b & 0xf0) == 0x70 && (!at || !is_movq(s, at))))
            return true;
    }
    return false;
}

static void
shorten(struct stencil *s)
{
    if (s->size >= SHORT)
        die("%s is too long", s->family);
    for (unsigned i = 0; i < s->nholes; i++)
        if (s->holes[i].kind == NEXT)
            return;
    if (s->size > LARGEST_SHORT || may_jump_within(s))
        return;
    for (unsigned i = 0; i < s->nholes; i++) {
        struct hole *h = &s->holes[i];
        const uint8_t *p = s->bytes + h->at;

        /* disp32(%r13); disp32(%r14,index) */
        if ((h->kind <= D && h->at >= 1 && (p[-1] & 0xc7) == 0x85) ||
            (h->kind == I && h->at >= 2 && (p[-2] & 0xc7) == 0x84 &&
             (p[-1] & 7) == 6))
            h->mark = SHORT;
    }
}

static void
finish(struct stencil *s)
{
    trim(s);
    if (wants_immediate(s) && !find_immediate(s))
        none(s);
    shorten(s);
}

/* ---- relocations ---- */

static enum kind
kind_of(const char *name)
{
    if (strncmp(name, "hole_", 5) == 0 && name[5] >= 'a' && name[5] <= 'd')
        return (enum kind)(A + (name[5] - 'a'));
    if (strcmp(name, "hole_i") == 0)
        return I;
    if (strcmp(name, "next") == 0)
        return NEXT;
    if (strcmp(name, "taken") == 0)
        return TAKEN;
    if (strcmp(name, "trap") == 0)
        return TRAP;
    die("what is %s?", name);
}

static void
relocate(struct stencil *s, const struct object *o, const Elf64_Rela *r)
{
    const Elf64_Sym *sym = &o->symbols[ELF64_R_SYM(r->r_info)];
    const char *name = o->names + sym->st_name;
    unsigned at = (unsigned)r->r_offset;
    uint32_t addend = (uint32_t)r->r_addend;

    switch (ELF64_R_TYPE(r->r_info)) {
    case R_X86_64_PC32:
        if (sym->st_shndx != SHN_UNDEF) {
            put32(s->bytes + at, addend + pool_add(o, sym, 0));
            add_hole(s, at, CONST);
            break;
        }
        __attribute__((fallthrough));
    case R_X86_64_PLT32:
    case R_X86_64_32:
    case R_X86_64_32S:
        put32(s->bytes + at, addend);
        add_hole(s, at, kind_of(name));
        break;
    default:
        die("%s: relocation %u of %s", s->family,
            (unsigned)ELF64_R_TYPE(r->r_info), name);
    }
}

const struct machine machine_x86_64 = {
    .elf = EM_X86_64,
    .name = "x86-64",
    .kinds = kinds,
    .nkinds = sizeof kinds / sizeof kinds[0],
    .kind_shift = 12,
    .unit = 1,
    .relocate = relocate,
    .finish = finish,
};
