/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the parts of the extractor: main.c reads object files and prints the
 * table, one file per machine knows its relocations, jumps and immediates.
 *
 *   object --relocate--> stencil with holes --finish--> the same, as it is
 *                                                       copied
 */
#ifndef TOOLS_STENCILS_H
#define TOOLS_STENCILS_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Constants to look for: engine/jit/stencil/stencil.h. */
#define K8 0x17
#define K32 0x5a3c6917u
#define K64 0x5a3c69175b3d6a18u

enum { MAX_HOLES = 48, MAX_BYTES = 4092 };

struct hole {
    uint16_t at;
    uint8_t kind;  /* the machine's, and so is: */
    uint16_t mark; /* more bits of the number that is printed */
};

struct stencil {
    char family[64];
    unsigned digits[3], ndigits;
    uint8_t bytes[MAX_BYTES];
    unsigned size, nholes;
    bool absent;
    struct hole holes[MAX_HOLES];
};

struct object {
    const uint8_t *data;
    const Elf64_Shdr *sections;
    const Elf64_Sym *symbols;
    size_t nsections, nsymbols;
    const char *names;
};

struct machine {
    unsigned elf;
    const char *name;
    /* Names of the kinds of holes, for the header; a hole is printed as
     * kind << kind_shift | at / unit. */
    const char *const *kinds;
    unsigned nkinds, kind_shift, unit;
    void (*relocate)(struct stencil *s, const struct object *o,
                     const Elf64_Rela *r);
    /* Jumps to what follows go; other holes are found. */
    void (*finish)(struct stencil *s);
};
extern const struct machine machine_x86_64, machine_aarch64;

_Noreturn void die(const char *format, ...);
void add_hole(struct stencil *s, unsigned at, unsigned kind);
struct hole *hole_at(struct stencil *s, unsigned at);
void remove_hole(struct stencil *s, const struct hole *h);
/* The stencil does not exist. */
void none(struct stencil *s);
/* Does it have a hole for an immediate, by its name? */
bool wants_immediate(const struct stencil *s);
/* The offset in the pool of the constant at a symbol + offset. */
uint32_t pool_add(const struct object *o, const Elf64_Sym *sym,
                  uint64_t offset);

static inline uint32_t
get32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static inline void
put32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, sizeof v);
}

#endif
