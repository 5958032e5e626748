/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every instruction's name in the text format and its immediates, from the
 * tables that the rest of the engine is made of.
 */
#ifndef ENGINE_OPCODES_H
#define ENGINE_OPCODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct opcode {
    const char *name; /* NULL: there is no such instruction */
    uint8_t align;    /* log2 of the natural alignment, with a */
    bool dotted;      /* the name is the text format's already */
};

/* prefix 0: one byte, sub; 0xfb to 0xfe: the number after the prefix. */
struct opcode opcode_get(uint8_t prefix, uint32_t sub);
/* Its immediates, "" also when there is no such instruction: letters of
 * opcode_rest.def, and
 *   a memory argument
 *   q sixteen bytes     Q sixteen lanes
 *   1 one lane          z a zero byte */
const char *opcode_immediates(uint8_t prefix, uint32_t sub);
/* Its name with dots where the text format has them. */
void opcode_name(uint8_t prefix, const struct opcode *o, char *out,
                 size_t room);

#endif
