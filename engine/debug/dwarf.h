/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small reader of DWARF 4 and 5 as compilers put it into wasm modules:
 * custom sections .debug_info, .debug_abbrev, .debug_line, ... whose addresses
 * count from the start of the code section's contents.
 *
 *   pc --> unit (.debug_info: low/high pc or ranges)
 *      --> its subprogram and the inlined subroutines within that cover pc
 *      --> its line program: file, line, column
 *
 * Nothing is indexed or kept: a question costs one pass over the units' heads,
 * one over a unit. All bytes are hostile: a cursor that runs out is at its end
 * and yields zeros; `work` bounds how often anything is read, in proportion to
 * the sections' size, so that sections which refer to each other in circles
 * end. Not here: split DWARF (.dwo, external_debug_info), type units, DWARF 2
 * and 3, supplementary files.
 */
#ifndef ENGINE_DEBUG_DWARF_H
#define ENGINE_DEBUG_DWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "debug.h"

struct dw_section {
    const uint8_t *p;
    size_t size;
};

struct dwarf {
    struct dw_section info, abbrev, str, line, line_str, ranges, rnglists, addr,
        str_offsets;
    uint64_t work; /* reads left */
    /* The abbreviations of the unit being walked: offset by code. */
    uint64_t table; /* where they start; UINT64_MAX: none are indexed */
    uint32_t *codes, ncodes, codes_cap;
};

struct dw_cursor {
    struct dwarf *d;
    const uint8_t *p, *end;
    bool bad;
};

struct dw_unit {
    uint64_t start, end, first; /* in .debug_info; first: its DIE */
    uint64_t abbrev;
    uint16_t version;
    bool is64; /* 64-bit DWARF: offsets take eight bytes */
    uint8_t addr_size;
    uint64_t low; /* base of its ranges */
    uint64_t str_offsets_base, addr_base, rnglists_base;
    bool has_lines;
    uint64_t lines; /* in .debug_line */
};

enum dw_kind {
    DW_NONE,
    DW_CONST,
    DW_ADDR,
    DW_ADDRX,
    DW_STRING, /* s */
    DW_STRX,
    DW_REF,    /* offset in .debug_info */
    DW_OFFSET, /* in another section */
    DW_RNGX,
};

struct dw_value {
    enum dw_kind kind;
    uint64_t u;
    const char *s;
};

/* A debugging information entry: the attributes that matter here. */
struct dw_die {
    uint64_t next; /* offset of what follows it */
    uint32_t tag;  /* 0: end of a list of children */
    bool children;
    struct dw_value name, linkage, origin, low, high, ranges;
    struct dw_value call_file, call_line, call_column;
    struct dw_value lines, str_base, addr_base, rng_base;
};

/* ---- dwarf_form.c ---- */

struct dw_cursor dw_at(struct dwarf *d, const struct dw_section *s,
                       uint64_t offset);
/* Little-endian of n <= 8 bytes; LEB128; a string inside its section. */
uint64_t dw_fixed(struct dw_cursor *c, unsigned n);
uint64_t dw_uleb(struct dw_cursor *c);
int64_t dw_sleb(struct dw_cursor *c);
const char *dw_string(struct dw_cursor *c);
void dw_skip(struct dw_cursor *c, uint64_t n);
/* A unit's length: its end as a cursor bound; sets *is64. */
void dw_length(struct dw_cursor *c, bool *is64);
static inline uint64_t
dw_offset(struct dw_cursor *c, bool is64)
{
    return dw_fixed(c, is64 ? 8 : 4);
}
struct dw_value dw_form(struct dw_cursor *c, const struct dw_unit *u,
                        uint32_t form, int64_t implicit);
/* What a value stands for, with the unit's tables; NULL and 0 when unknown. */
const char *dw_text(struct dwarf *d, const struct dw_unit *u,
                    const struct dw_value *v);
uint64_t dw_address(struct dwarf *d, const struct dw_unit *u,
                    const struct dw_value *v);
/* The abbreviation of a code: a cursor at its tag; bad when there is none. */
struct dw_cursor dw_abbrev(struct dwarf *d, const struct dw_unit *u,
                           uint64_t code);
/* Make dw_abbrev quick for this unit. */
void dw_abbrev_index(struct dwarf *d, const struct dw_unit *u);

/* ---- dwarf_info.c ---- */

/* The unit that starts at *offset, which moves behind it; false at the end. */
bool dw_unit_next(struct dwarf *d, uint64_t *offset, struct dw_unit *u);
bool dw_die_read(struct dwarf *d, const struct dw_unit *u, uint64_t offset,
                 struct dw_die *out);
/* The unit of pc. */
bool dw_unit_find(struct dwarf *d, uint64_t pc, struct dw_unit *u);
/*
 * The subprogram that covers pc, then what is inlined there, outermost first;
 * returns how many of max.
 */
uint32_t dw_scopes(struct dwarf *d, const struct dw_unit *u, uint64_t pc,
                   struct dw_die *out, uint32_t max);
const char *dw_die_name(struct dwarf *d, const struct dw_unit *u,
                        const struct dw_die *die);

/* ---- dwarf_line.c ---- */

struct dw_row {
    uint64_t address;
    uint32_t file, line, column;
};
/* The row of the unit's line program that covers pc. */
bool dw_line_find(struct dwarf *d, const struct dw_unit *u, uint64_t pc,
                  struct dw_row *out);
/* The name of the unit's file number i into out. */
void dw_file_name(struct dwarf *d, const struct dw_unit *u, uint64_t i,
                  char *out, size_t room);

#endif
