/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWARF's line programs (6.2): a byte code that makes rows of (address, file,
 * line, column). It is run until a row covers the address asked for.
 */
#include "debug/dwarf.h"

#include <stdio.h>
#include <string.h>

struct header {
    struct dw_unit unit; /* sizes for forms */
    uint8_t min_length, opcode_base, range;
    int8_t base;
    uint8_t operands[256]; /* of the standard opcodes */
    struct dw_cursor tables, program;
};

static bool
header_read(struct dwarf *d, const struct dw_unit *u, struct header *h)
{
    struct dw_cursor c;
    uint64_t length;

    if (!u->has_lines)
        return false;
    *h = (struct header){.unit = *u};
    c = dw_at(d, &d->line, u->lines);
    dw_length(&c, &h->unit.is64);
    h->unit.version = (uint16_t)dw_fixed(&c, 2);
    if (h->unit.version < 2 || h->unit.version > 5)
        return false;
    if (h->unit.version >= 5) {
        h->unit.addr_size = (uint8_t)dw_fixed(&c, 1);
        dw_fixed(&c, 1); /* segment selectors */
    }
    length = dw_offset(&c, h->unit.is64);
    h->program = c;
    dw_skip(&h->program, length);
    h->min_length = (uint8_t)dw_fixed(&c, 1);
    if (h->unit.version >= 4)
        dw_fixed(&c, 1); /* operations in an instruction: one */
    dw_fixed(&c, 1);     /* default_is_stmt */
    h->base = (int8_t)(uint8_t)dw_fixed(&c, 1);
    h->range = (uint8_t)dw_fixed(&c, 1);
    h->opcode_base = (uint8_t)dw_fixed(&c, 1);
    for (unsigned i = 1; i < h->opcode_base; i++)
        h->operands[i] = (uint8_t)dw_fixed(&c, 1);
    h->tables = c;
    return !c.bad && !h->program.bad && h->range && h->opcode_base &&
           h->unit.addr_size >= 1 && h->unit.addr_size <= 8;
}

/* ---- file names ---- */

/* The i-th entry of a DWARF 5 table; *c is behind the table when i is too
 * large. */
static bool
entry5(struct dw_cursor *c, const struct dw_unit *u, uint64_t i,
       const char **name, uint64_t *dir)
{
    uint8_t formats = (uint8_t)dw_fixed(c, 1);
    struct dw_cursor format = *c;
    uint64_t n;

    for (unsigned k = 0; k < formats; k++) {
        dw_uleb(c);
        dw_uleb(c);
    }
    n = dw_uleb(c);
    for (uint64_t at = 0; at < n && !c->bad && formats; at++) {
        struct dw_cursor f = format;

        for (unsigned k = 0; k < formats; k++) {
            uint64_t what = dw_uleb(&f);
            struct dw_value v = dw_form(c, u, (uint32_t)dw_uleb(&f), 0);

            if (at == i && what == 1)
                *name = dw_text(c->d, u, &v);
            else if (at == i && what == 2)
                *dir = v.u;
        }
        if (at == i)
            return *name != NULL;
    }
    return false;
}

static bool
file5(const struct header *h, uint64_t i, const char **name, const char **dir)
{
    struct dw_cursor c = h->tables, dirs = h->tables;
    uint64_t at = 0, none = 0;
    const char *skipped = NULL;

    entry5(&c, &h->unit, UINT64_MAX, &skipped, &none);
    if (!entry5(&c, &h->unit, i, name, &at))
        return false;
    if (at && !entry5(&dirs, &h->unit, at, dir, &none))
        *dir = NULL;
    return true;
}

static bool
file4(const struct header *h, uint64_t i, const char **name, const char **dir)
{
    struct dw_cursor c = h->tables, dirs = h->tables;
    const char *s = "";
    uint64_t at = 0;

    if (!i)
        return false;
    while ((s = dw_string(&c)) && *s) /* directories */
        ;
    while ((s = dw_string(&c)) && *s) {
        at = dw_uleb(&c);
        dw_uleb(&c);
        dw_uleb(&c);
        if (!--i)
            break;
    }
    if (i || !s || c.bad)
        return false;
    *name = s;
    while (at && (s = dw_string(&dirs)) && *s)
        if (!--at)
            *dir = s;
    return true;
}

void
dw_file_name(struct dwarf *d, const struct dw_unit *u, uint64_t i, char *out,
             size_t room)
{
    const char *name = NULL, *dir = NULL;
    struct header h;

    *out = '\0';
    if (!header_read(d, u, &h) ||
        !(h.unit.version >= 5 ? file5(&h, i, &name, &dir)
                              : file4(&h, i, &name, &dir)))
        return;
    if (dir && *dir && *name != '/')
        snprintf(out, room, "%.120s/%.120s", dir, name);
    else
        snprintf(out, room, "%.240s", name);
}

/* ---- the program ---- */

struct run {
    const struct header *h;
    uint64_t pc;
    struct dw_row now, last; /* last: the row before, in this sequence */
    bool has_last, found;
    uint32_t line, file; /* of the last row with a line: 0 says "nowhere" */
};

/* A row ends what the row before it began. */
static void
row(struct run *r, bool end)
{
    if (r->has_last && r->pc >= r->last.address && r->pc < r->now.address) {
        r->found = true;
        if (!r->last.line) {
            r->last.line = r->line;
            r->last.file = r->file;
            r->last.column = 0;
        }
        return;
    }
    if (r->now.line) {
        r->line = r->now.line;
        r->file = r->now.file;
    }
    r->last = r->now;
    r->has_last = !end;
}

static void
restart(struct run *r)
{
    r->now = (struct dw_row){.file = 1, .line = 1};
    r->has_last = false;
    r->line = r->file = 0;
}

static void
advance(struct run *r, uint64_t n)
{
    r->now.address += n * r->h->min_length;
}

static void
extended(struct run *r, struct dw_cursor *c)
{
    uint64_t n = dw_uleb(c);
    struct dw_cursor in = *c;

    dw_skip(c, n);
    if (c->bad || !n)
        return;
    in.end = c->p;
    switch (dw_fixed(&in, 1)) {
    case 1: /* end_sequence */
        row(r, true);
        if (!r->found)
            restart(r);
        break;
    case 2: /* set_address */
        r->now.address = dw_fixed(&in, n - 1 < 8 ? (unsigned)(n - 1) : 8);
        break;
    default:
        break;
    }
}

static void
standard(struct run *r, struct dw_cursor *c, uint8_t op)
{
    switch (op) {
    case 1: /* copy */
        row(r, false);
        break;
    case 2: /* advance_pc */
        advance(r, dw_uleb(c));
        break;
    case 3: /* advance_line */
        r->now.line += (uint32_t)dw_sleb(c);
        break;
    case 4: /* set_file */
        r->now.file = (uint32_t)dw_uleb(c);
        break;
    case 5: /* set_column */
        r->now.column = (uint32_t)dw_uleb(c);
        break;
    case 8: /* const_add_pc */
        advance(r, (255u - r->h->opcode_base) / r->h->range);
        break;
    case 9: /* fixed_advance_pc */
        r->now.address += dw_fixed(c, 2);
        break;
    default:
        for (unsigned i = 0; i < r->h->operands[op]; i++)
            dw_uleb(c);
        break;
    }
}

bool
dw_line_find(struct dwarf *d, const struct dw_unit *u, uint64_t pc,
             struct dw_row *out)
{
    struct header h;
    struct run r = {.h = &h, .pc = pc};
    struct dw_cursor *c = &h.program;

    if (!header_read(d, u, &h))
        return false;
    restart(&r);
    while (!r.found && !c->bad && c->p != c->end) {
        uint8_t op = (uint8_t)dw_fixed(c, 1);

        if (op >= h.opcode_base) {
            unsigned n = (unsigned)op - h.opcode_base;

            advance(&r, n / h.range);
            r.now.line += (uint32_t)(h.base + (int)(n % h.range));
            row(&r, false);
        } else if (op) {
            standard(&r, c, op);
        } else {
            extended(&r, c);
        }
    }
    *out = r.last;
    return r.found;
}
