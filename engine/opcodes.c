/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of opcodes, seen as text; see opcodes.h. immediates.c is apart,
 * for who only skips code: names are most of this. */
#include "opcodes.h"

#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const struct opcode rest[] = {
#define X(code, name, immediates) [code] = {name, 0, true},
#include "opcode_rest.def"
#undef X
};

static const struct opcode plain[] = {
#define N1(code, name, from, to) [code] = {#name, 0, false},
#define N2(code, name, from, to) [code] = {#name, 0, false},
#define LD(code, name, to, size) [code] = {#name, size, false},
#define ST(code, name, from, size) [code] = {#name, size, false},
#include "opcode.def"
#undef N1
#undef N2
#undef LD
#undef ST
};

static const struct opcode simd[] = {
#define X(code, name, SHAPE, type, size, lanes) [code] = {#name, size, false},
#include "op/simd.def"
#undef X
};

static const struct opcode atomic[] = {
#define X(code, name, SHAPE, type, size) [code] = {#name, size, false},
#include "op/atomic.def"
#undef X
};

static struct opcode
at(const struct opcode *table, size_t n, uint32_t i)
{
    return i < n ? table[i] : (struct opcode){0};
}

struct opcode
opcode_get(uint8_t prefix, uint32_t sub)
{
    static const uint32_t base[] = {0x200, 0x100}; /* 0xfb, 0xfc */
    struct opcode o;

    if (prefix == 0xfd)
        return at(simd, COUNT(simd), sub);
    if (prefix == 0xfe)
        return at(atomic, COUNT(atomic), sub);
    if (prefix) {
        if (sub >= 0x100)
            return (struct opcode){0};
        sub += base[prefix - 0xfb];
    }
    o = at(rest, COUNT(rest), sub);
    return o.name ? o : at(plain, COUNT(plain), sub);
}

/* The first '_' is a dot; "atomic_" and the "rmw" behind that end in one too.
 */
void
opcode_name(uint8_t prefix, const struct opcode *o, char *out, size_t room)
{
    char *p;

    snprintf(out, room, "%s", o->name);
    if (o->dotted || !(p = strchr(out, '_')))
        return;
    *p++ = '.';
    if (prefix != 0xfe || strncmp(p, "atomic_", 7) != 0)
        return;
    p += 7;
    p[-1] = '.';
    if (!strncmp(p, "rmw", 3) && (p = strchr(p, '_')))
        *p = '.';
}
