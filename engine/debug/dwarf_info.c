/* SPDX-License-Identifier: Apache-2.0 */
/* DWARF's units, entries and address ranges (3, 7.5; 2.17). */
#include "debug/dwarf.h"

#define TAG_SUBPROGRAM 0x2e
#define TAG_INLINED 0x1d

/* ---- entries ---- */

static struct dw_value *
slot(struct dw_die *die, uint64_t attribute)
{
    switch (attribute) {
    case 0x03:
        return &die->name;
    case 0x6e: /* linkage_name, and what MIPS called it */
    case 0x2007:
        return &die->linkage;
    case 0x10:
        return &die->lines;
    case 0x11:
        return &die->low;
    case 0x12:
        return &die->high;
    case 0x31: /* abstract_origin */
    case 0x47: /* specification */
        return &die->origin;
    case 0x55:
        return &die->ranges;
    case 0x57:
        return &die->call_column;
    case 0x58:
        return &die->call_file;
    case 0x59:
        return &die->call_line;
    case 0x72:
        return &die->str_base;
    case 0x73:
        return &die->addr_base;
    case 0x74:
        return &die->rng_base;
    default:
        return NULL;
    }
}

bool
dw_die_read(struct dwarf *d, const struct dw_unit *u, uint64_t offset,
            struct dw_die *out)
{
    struct dw_section unit = {d->info.p, (size_t)u->end};
    struct dw_cursor c = dw_at(d, &unit, offset), abbrev;
    uint64_t code = dw_uleb(&c);

    *out = (struct dw_die){0};
    if (c.bad)
        return false;
    if (code) {
        abbrev = dw_abbrev(d, u, code);
        out->tag = (uint32_t)dw_uleb(&abbrev);
        out->children = dw_fixed(&abbrev, 1) != 0;
        while (!abbrev.bad && !c.bad) {
            uint64_t name = dw_uleb(&abbrev);
            uint32_t form = (uint32_t)dw_uleb(&abbrev);
            int64_t implicit = form == 0x21 ? dw_sleb(&abbrev) : 0;
            struct dw_value v, *to;

            if (!name && !form)
                break;
            v = dw_form(&c, u, form, implicit);
            to = slot(out, name);
            if (to && !to->kind)
                *to = v;
        }
        if (abbrev.bad || c.bad)
            return false;
    }
    out->next = (uint64_t)(c.p - d->info.p);
    return true;
}

/* ---- units ---- */

bool
dw_unit_next(struct dwarf *d, uint64_t *offset, struct dw_unit *u)
{
    struct dw_cursor c = dw_at(d, &d->info, *offset);
    uint8_t type = 1; /* compile unit */

    if (c.bad || c.p == c.end)
        return false;
    *u = (struct dw_unit){.start = *offset};
    dw_length(&c, &u->is64);
    u->end = *offset = (uint64_t)(c.end - d->info.p);
    u->version = (uint16_t)dw_fixed(&c, 2);
    if (u->version >= 5) {
        type = (uint8_t)dw_fixed(&c, 1);
        u->addr_size = (uint8_t)dw_fixed(&c, 1);
        u->abbrev = dw_offset(&c, u->is64);
    } else {
        u->abbrev = dw_offset(&c, u->is64);
        u->addr_size = (uint8_t)dw_fixed(&c, 1);
    }
    u->first = (uint64_t)(c.p - d->info.p);
    if (c.bad)
        return false;
    if (u->version < 4 || u->version > 5 || (type != 1 && type != 3) ||
        u->addr_size < 1 || u->addr_size > 8)
        u->version = 0; /* not for us */
    return true;
}

/* The unit's own entry: bases, then what needs them. */
static bool
unit_head(struct dwarf *d, struct dw_unit *u, struct dw_die *die)
{
    if (!u->version || !dw_die_read(d, u, u->first, die))
        return false;
    u->str_offsets_base = die->str_base.kind ? die->str_base.u
                          : u->is64          ? 16
                                             : 8;
    u->addr_base = die->addr_base.kind ? die->addr_base.u : u->is64 ? 16 : 8;
    u->rnglists_base = die->rng_base.kind ? die->rng_base.u : u->is64 ? 20 : 12;
    u->low = die->low.kind ? dw_address(d, u, &die->low) : 0;
    u->has_lines = die->lines.kind != DW_NONE;
    u->lines = die->lines.u;
    return true;
}

/* ---- ranges ---- */

static bool
in_ranges4(struct dwarf *d, const struct dw_unit *u, uint64_t at, uint64_t pc)
{
    struct dw_cursor c = dw_at(d, &d->ranges, at);
    uint64_t base = u->low, highest = UINT64_MAX >> (64 - 8 * u->addr_size);

    while (!c.bad) {
        uint64_t from = dw_fixed(&c, u->addr_size);
        uint64_t to = dw_fixed(&c, u->addr_size);

        if (c.bad || (!from && !to))
            return false;
        if (from == highest)
            base = to;
        else if (from < highest - 1 && pc >= base + from && pc < base + to)
            return true;
    }
    return false;
}

static uint64_t
indexed(struct dwarf *d, const struct dw_unit *u, struct dw_cursor *c)
{
    struct dw_value v = {DW_ADDRX, dw_uleb(c), NULL};

    return dw_address(d, u, &v);
}

static bool
in_ranges5(struct dwarf *d, const struct dw_unit *u, uint64_t at, uint64_t pc)
{
    struct dw_cursor c = dw_at(d, &d->rnglists, at);
    uint64_t base = u->low, from, to;

    while (!c.bad) {
        switch (dw_fixed(&c, 1)) {
        case 1: /* base_addressx */
            base = indexed(d, u, &c);
            continue;
        case 2: /* startx_endx */
            from = indexed(d, u, &c);
            to = indexed(d, u, &c);
            break;
        case 3: /* startx_length */
            from = indexed(d, u, &c);
            to = from + dw_uleb(&c);
            break;
        case 4: /* offset_pair */
            from = base + dw_uleb(&c);
            to = base + dw_uleb(&c);
            break;
        case 5: /* base_address */
            base = dw_fixed(&c, u->addr_size);
            continue;
        case 6: /* start_end */
            from = dw_fixed(&c, u->addr_size);
            to = dw_fixed(&c, u->addr_size);
            break;
        case 7: /* start_length */
            from = dw_fixed(&c, u->addr_size);
            to = from + dw_uleb(&c);
            break;
        default:
            return false;
        }
        if (!c.bad && pc >= from && pc < to)
            return true;
    }
    return false;
}

static bool
covers(struct dwarf *d, const struct dw_unit *u, const struct dw_die *die,
       uint64_t pc)
{
    if (die->ranges.kind == DW_RNGX) {
        unsigned size = u->is64 ? 8 : 4;
        struct dw_cursor c;

        if (die->ranges.u > d->rnglists.size / size)
            return false;
        c = dw_at(d, &d->rnglists, u->rnglists_base + die->ranges.u * size);
        return in_ranges5(d, u, u->rnglists_base + dw_fixed(&c, size), pc);
    }
    if (die->ranges.kind && u->version >= 5)
        return in_ranges5(d, u, die->ranges.u, pc);
    if (die->ranges.kind)
        return in_ranges4(d, u, die->ranges.u, pc);
    if (die->low.kind && die->high.kind) {
        uint64_t low = dw_address(d, u, &die->low);
        uint64_t high = dw_address(d, u, &die->high);

        if (die->high.kind == DW_CONST) /* a length */
            high += low;
        return pc >= low && pc < high;
    }
    return false;
}

bool
dw_unit_find(struct dwarf *d, uint64_t pc, struct dw_unit *u)
{
    struct dw_die die;
    uint64_t at = 0;

    while (dw_unit_next(d, &at, u))
        if (unit_head(d, u, &die) && covers(d, u, &die, pc))
            return true;
    return false;
}

/* ---- what is around an address ---- */

uint32_t
dw_scopes(struct dwarf *d, const struct dw_unit *u, uint64_t pc,
          struct dw_die *out, uint32_t max)
{
    uint64_t at = u->first;
    uint32_t depth = 0, n = 0, inside = 0;
    struct dw_die die;

    dw_abbrev_index(d, u);
    while (at < u->end && dw_die_read(d, u, at, &die)) {
        bool function = die.tag == TAG_SUBPROGRAM;

        if (n && depth <= inside) /* left the innermost scope's children? */
            break;
        if (n < max && (function || (n && die.tag == TAG_INLINED)) &&
            covers(d, u, &die, pc)) {
            if (function)
                n = 0; /* one within another: count from here */
            out[n++] = die;
            inside = depth;
            if (!die.children)
                break;
        }
        at = die.next;
        if (!die.tag) {
            if (depth <= 1)
                break;
            depth--;
        } else if (die.children) {
            depth++;
        }
    }
    return n;
}

static bool
unit_of(struct dwarf *d, uint64_t offset, struct dw_unit *u)
{
    uint64_t at = 0;
    struct dw_die die;

    while (dw_unit_next(d, &at, u))
        if (offset >= u->first && offset < u->end)
            return unit_head(d, u, &die);
    return false;
}

const char *
dw_die_name(struct dwarf *d, const struct dw_unit *u, const struct dw_die *die)
{
    struct dw_unit other = *u;
    struct dw_die at = *die;

    for (int hops = 0; hops < 8; hops++) {
        const char *name = dw_text(d, &other, &at.name);

        if (!name)
            name = dw_text(d, &other, &at.linkage);
        if (name)
            return name;
        if (at.origin.kind != DW_REF)
            return NULL;
        if ((at.origin.u < other.first || at.origin.u >= other.end) &&
            !unit_of(d, at.origin.u, &other))
            return NULL;
        if (!dw_die_read(d, &other, at.origin.u, &at))
            return NULL;
    }
    return NULL;
}
