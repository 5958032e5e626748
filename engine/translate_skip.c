/* SPDX-License-Identifier: Apache-2.0 */
/* Skipping the immediates of instructions that cannot be reached. */
#include "translate.h"

#include "opcodes.h"

void
t_skip_valtype(const uint8_t **p)
{
    uint8_t b = *(*p)++;

    if (b == 0x63 || b == 0x64)
        leb_s(p);
}

static void
skip_blocktype(const uint8_t **p)
{
    if ((**p & 0xc0) == 0x40)
        t_skip_valtype(p);
    else
        leb_s(p);
}

static void
skip_memarg(const uint8_t **p)
{
    if (leb_u32(p) & 0x40)
        leb_u32(p);
    leb_u(p);
}

static void
skip_catches(const uint8_t **p)
{
    for (uint32_t n = leb_u32(p); n; n--) {
        uint8_t kind = *(*p)++;

        if (kind < 2)
            leb_u(p);
        leb_u(p);
    }
}

static void
skip_handlers(const uint8_t **p)
{
    for (uint32_t n = leb_u32(p); n; n--) {
        uint8_t kind = *(*p)++;

        leb_u(p);
        if (kind == 0)
            leb_u(p);
    }
}

/* One immediate, by its letter (opcode_rest.def, opcodes.h). */
static void
skip_immediate(const uint8_t **p, char letter)
{
    switch (letter) {
    case 'a':
        skip_memarg(p);
        break;
    case 'b':
        skip_blocktype(p);
        break;
    case 'c':
        skip_catches(p);
        break;
    case 'R':
        skip_handlers(p);
        break;
    case 'L':
        for (uint32_t n = leb_u32(p) + 1; n; n--)
            leb_u(p);
        break;
    case 'n': /* flags, label, two heap types */
        for (int i = 0; i < 4; i++)
            leb_u(p);
        break;
    case 'q':
    case 'Q':
        *p += 16;
        break;
    case 'r':
        *p += 8;
        break;
    case 's':
        *p += 4;
        break;
    case 'S':
        for (uint32_t n = leb_u32(p); n; n--)
            t_skip_valtype(p);
        break;
    case '1':
    case 'z':
        *p += 1;
        break;
    default: /* an index, a number */
        leb_u(p);
        break;
    }
}

void
t_skip_immediates(const uint8_t **p, uint8_t op)
{
    bool prefix = op >= 0xfb && op <= 0xfe;
    const char *l =
        opcode_immediates(prefix ? op : 0, prefix ? leb_u32(p) : op);

    for (; *l; l++)
        skip_immediate(p, *l);
}
