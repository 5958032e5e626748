/* SPDX-License-Identifier: Apache-2.0 */
/* DWARF's encodings: cursors, forms (7.5.6), abbreviations (7.5.3). */
#include "debug/dwarf.h"

#include <stdlib.h>
#include <string.h>

#define MAX_CODE (1u << 20)

/* ---- cursors ---- */

static bool
spend(struct dw_cursor *c)
{
    if (c->d->work)
        c->d->work--;
    else
        c->bad = true;
    if (c->bad)
        c->p = c->end;
    return !c->bad;
}

struct dw_cursor
dw_at(struct dwarf *d, const struct dw_section *s, uint64_t offset)
{
    struct dw_cursor c = {d, s->p, s->p, true};

    if (s->p && offset <= s->size) {
        c.p = s->p + offset;
        c.end = s->p + s->size;
        c.bad = false;
    }
    return c;
}

static void
fail(struct dw_cursor *c)
{
    c->bad = true;
    c->p = c->end;
}

uint64_t
dw_fixed(struct dw_cursor *c, unsigned n)
{
    uint64_t v = 0;

    if (!spend(c))
        return 0;
    if ((size_t)(c->end - c->p) < n) {
        fail(c);
        return 0;
    }
    for (unsigned i = 0; i < n; i++)
        v |= (uint64_t)c->p[i] << 8 * i;
    c->p += n;
    return v;
}

/* A LEB128 number's bits, and how many; longer than 64 bits: the rest is cut
 * off. */
static uint64_t
leb(struct dw_cursor *c, unsigned *bits)
{
    uint64_t v = 0;

    *bits = 0;
    while (spend(c)) {
        uint8_t b;

        if (c->p == c->end) {
            fail(c);
            return 0;
        }
        b = *c->p++;
        if (*bits < 64)
            v |= (uint64_t)(b & 0x7f) << *bits;
        *bits += 7;
        if (!(b & 0x80))
            break;
    }
    return v;
}

uint64_t
dw_uleb(struct dw_cursor *c)
{
    unsigned bits;

    return leb(c, &bits);
}

int64_t
dw_sleb(struct dw_cursor *c)
{
    unsigned bits;
    uint64_t v = leb(c, &bits);

    if (bits && bits < 64 && v >> (bits - 1) & 1)
        v |= ~(uint64_t)0 << bits;
    return (int64_t)v;
}

const char *
dw_string(struct dw_cursor *c)
{
    const uint8_t *s = c->p, *nul;

    if (!spend(c))
        return NULL;
    nul = c->p == c->end ? NULL : memchr(s, 0, (size_t)(c->end - s));
    if (!nul) {
        fail(c);
        return NULL;
    }
    /* What a long string costs to skip is not free. */
    c->d->work -= c->d->work < (uint64_t)(nul - s) / 64
                      ? c->d->work
                      : (uint64_t)(nul - s) / 64;
    c->p = nul + 1;
    return (const char *)s;
}

void
dw_skip(struct dw_cursor *c, uint64_t n)
{
    if (!spend(c))
        return;
    if (n > (size_t)(c->end - c->p))
        fail(c);
    else
        c->p += n;
}

void
dw_length(struct dw_cursor *c, bool *is64)
{
    uint64_t n = dw_fixed(c, 4);

    *is64 = n == 0xffffffff;
    if (*is64)
        n = dw_fixed(c, 8);
    if (c->bad || n > (size_t)(c->end - c->p))
        fail(c);
    else
        c->end = c->p + n;
}

/* ---- forms ---- */

static struct dw_value
value(enum dw_kind kind, uint64_t u)
{
    return (struct dw_value){kind, u, NULL};
}

static struct dw_value
block(struct dw_cursor *c, uint64_t n)
{
    dw_skip(c, n);
    return value(DW_NONE, 0);
}

static struct dw_value
string_in(struct dwarf *d, const struct dw_section *s, uint64_t offset)
{
    struct dw_cursor at = dw_at(d, s, offset);

    return (struct dw_value){DW_STRING, 0, dw_string(&at)};
}

struct dw_value
dw_form(struct dw_cursor *c, const struct dw_unit *u, uint32_t form,
        int64_t implicit)
{
    struct dwarf *d = c->d;

    for (int hops = 0; form == 0x16 && hops < 4; hops++) /* indirect */
        form = (uint32_t)dw_uleb(c);
    switch (form) {
    case 0x01: /* addr */
        return value(DW_ADDR, dw_fixed(c, u->addr_size));
    case 0x03: /* block2, block4, block, block1, exprloc */
        return block(c, dw_fixed(c, 2));
    case 0x04:
        return block(c, dw_fixed(c, 4));
    case 0x09:
    case 0x18:
        return block(c, dw_uleb(c));
    case 0x0a:
        return block(c, dw_fixed(c, 1));
    case 0x05: /* data2, data4, data8, data1, flag */
        return value(DW_CONST, dw_fixed(c, 2));
    case 0x06:
        return value(DW_CONST, dw_fixed(c, 4));
    case 0x07:
        return value(DW_CONST, dw_fixed(c, 8));
    case 0x0b:
    case 0x0c:
        return value(DW_CONST, dw_fixed(c, 1));
    case 0x1e: /* data16 */
        return block(c, 16);
    case 0x08: /* string, strp, line_strp */
        return (struct dw_value){DW_STRING, 0, dw_string(c)};
    case 0x0e:
        return string_in(d, &d->str, dw_offset(c, u->is64));
    case 0x1f:
        return string_in(d, &d->line_str, dw_offset(c, u->is64));
    case 0x0d: /* sdata, udata, implicit_const, flag_present */
        return value(DW_CONST, (uint64_t)dw_sleb(c));
    case 0x0f:
        return value(DW_CONST, dw_uleb(c));
    case 0x21:
        return value(DW_CONST, (uint64_t)implicit);
    case 0x19:
        return value(DW_CONST, 1);
    case 0x10: /* ref_addr, ref1, ref2, ref4, ref8, ref_udata */
        return value(DW_REF, dw_offset(c, u->is64));
    case 0x11:
        return value(DW_REF, u->start + dw_fixed(c, 1));
    case 0x12:
        return value(DW_REF, u->start + dw_fixed(c, 2));
    case 0x13:
        return value(DW_REF, u->start + dw_fixed(c, 4));
    case 0x14:
        return value(DW_REF, u->start + dw_fixed(c, 8));
    case 0x15:
        return value(DW_REF, u->start + dw_uleb(c));
    case 0x17: /* sec_offset */
        return value(DW_OFFSET, dw_offset(c, u->is64));
    case 0x1a: /* strx, strx1 to strx4 */
        return value(DW_STRX, dw_uleb(c));
    case 0x25:
    case 0x26:
    case 0x27:
    case 0x28:
        return value(DW_STRX, dw_fixed(c, form - 0x24));
    case 0x1b: /* addrx, addrx1 to addrx4 */
        return value(DW_ADDRX, dw_uleb(c));
    case 0x29:
    case 0x2a:
    case 0x2b:
    case 0x2c:
        return value(DW_ADDRX, dw_fixed(c, form - 0x28));
    case 0x22: /* loclistx */
        return value(DW_NONE, dw_uleb(c));
    case 0x23: /* rnglistx */
        return value(DW_RNGX, dw_uleb(c));
    case 0x1c: /* ref_sup4; ref_sup8, ref_sig8; strp_sup */
        return block(c, 4);
    case 0x20:
    case 0x24:
        return block(c, 8);
    case 0x1d:
        return block(c, u->is64 ? 8 : 4);
    default:
        fail(c); /* its size is not known */
        return value(DW_NONE, 0);
    }
}

/* base + index * size as an offset; UINT64_MAX when that is none. */
static uint64_t
element(uint64_t base, uint64_t index, unsigned size)
{
    uint64_t at;

    if (__builtin_mul_overflow(index, size, &at) ||
        __builtin_add_overflow(at, base, &at))
        return UINT64_MAX;
    return at;
}

const char *
dw_text(struct dwarf *d, const struct dw_unit *u, const struct dw_value *v)
{
    if (v->kind == DW_STRX) {
        unsigned size = u->is64 ? 8 : 4;
        struct dw_cursor c =
            dw_at(d, &d->str_offsets, element(u->str_offsets_base, v->u, size));
        uint64_t at = dw_fixed(&c, size);

        if (c.bad)
            return NULL;
        return string_in(d, &d->str, at).s;
    }
    return v->kind == DW_STRING ? v->s : NULL;
}

uint64_t
dw_address(struct dwarf *d, const struct dw_unit *u, const struct dw_value *v)
{
    struct dw_cursor c;

    if (v->kind != DW_ADDRX)
        return v->u;
    c = dw_at(d, &d->addr, element(u->addr_base, v->u, u->addr_size));
    return dw_fixed(&c, u->addr_size);
}

/* ---- abbreviations ---- */

/* Behind the abbreviation whose tag c is at. */
static void
skip_abbrev(struct dw_cursor *c)
{
    dw_uleb(c);
    dw_fixed(c, 1);
    while (!c->bad) {
        uint64_t name = dw_uleb(c), form = dw_uleb(c);

        if (form == 0x21)
            dw_sleb(c);
        if (!name && !form)
            return;
    }
}

struct dw_cursor
dw_abbrev(struct dwarf *d, const struct dw_unit *u, uint64_t code)
{
    struct dw_cursor c = dw_at(d, &d->abbrev, u->abbrev);

    if (d->table == u->abbrev && code < d->ncodes && d->codes[code])
        return dw_at(d, &d->abbrev, d->codes[code]);
    while (!c.bad) {
        uint64_t have = dw_uleb(&c);

        if (!have)
            fail(&c);
        else if (have == code)
            break;
        else
            skip_abbrev(&c);
    }
    return c;
}

static bool
codes_room(struct dwarf *d, uint32_t code)
{
    uint32_t cap = d->codes_cap ? d->codes_cap : 256, *p;

    if (code < d->codes_cap)
        return true;
    while (cap <= code)
        cap *= 2;
    p = realloc(d->codes, cap * sizeof *p);
    if (!p)
        return false;
    memset(p + d->codes_cap, 0, (cap - d->codes_cap) * sizeof *p);
    d->codes = p;
    d->codes_cap = cap;
    return true;
}

void
dw_abbrev_index(struct dwarf *d, const struct dw_unit *u)
{
    struct dw_cursor c = dw_at(d, &d->abbrev, u->abbrev);

    if (d->table == u->abbrev)
        return;
    if (d->codes)
        memset(d->codes, 0, d->codes_cap * sizeof *d->codes);
    d->ncodes = 0;
    d->table = u->abbrev;
    while (!c.bad) {
        uint64_t code = dw_uleb(&c);
        size_t at = (size_t)(c.p - d->abbrev.p);

        if (!code)
            break;
        if (code < MAX_CODE && at <= UINT32_MAX &&
            codes_room(d, (uint32_t)code)) {
            if (!d->codes[code]) /* the first one counts */
                d->codes[code] = (uint32_t)at;
            if (code >= d->ncodes)
                d->ncodes = (uint32_t)code + 1;
        }
        skip_abbrev(&c);
    }
}
