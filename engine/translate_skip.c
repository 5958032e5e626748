/* SPDX-License-Identifier: Apache-2.0 */
/* Skipping the immediates of instructions that cannot be reached. */
#include "translate.h"

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
skip_fd(const uint8_t **p)
{
    static const uint8_t kind[0x120] = {
#define SKIP_LOAD 1
#define SKIP_STORE 1
#define SKIP_LOAD_LANE 2
#define SKIP_STORE_LANE 2
#define SKIP_CONST 3
#define SKIP_SHUFFLE 3
#define SKIP_EXTRACT 4
#define SKIP_REPLACE 4
#define SKIP_SPLAT 0
#define SKIP_UN 0
#define SKIP_BIN 0
#define SKIP_TER 0
#define SKIP_SHIFT 0
#define SKIP_TEST 0
#define X(code, name, shape, type, size, lanes) [code] = SKIP_##shape,
#include "op/simd.def"
#undef X
    };
    uint8_t k = kind[leb_u32(p)];

    if (k == 1 || k == 2)
        skip_memarg(p);
    if (k == 2 || k == 4)
        *p += 1;
    if (k == 3)
        *p += 16;
}

static void
skip_fc(const uint8_t **p)
{
    uint32_t op = leb_u32(p);

    if (op < 8 || op >= 19)
        return;
    leb_u(p);
    if (op == 8 || op == 10 || op == 12 || op == 14)
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

void
t_skip_immediates(const uint8_t **p, uint8_t op)
{
    switch (op) {
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x06:
        skip_blocktype(p);
        break;
    case 0x1f:
        skip_blocktype(p);
        skip_catches(p);
        break;
    case 0x0e:
        for (uint32_t n = leb_u32(p) + 1; n; n--)
            leb_u(p);
        break;
    case 0x11:
    case 0x13:
        leb_u(p);
        leb_u(p);
        break;
    case 0x07:
    case 0x08:
    case 0x09:
    case 0x0c:
    case 0x0d:
    case 0x10:
    case 0x12:
    case 0x14:
    case 0x15:
    case 0x18:
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x23:
    case 0x24:
    case 0x25:
    case 0x26:
    case 0x3f:
    case 0x40:
    case 0x41:
    case 0x42:
    case 0xd0:
    case 0xd2:
    case 0xd5:
    case 0xd6:
        leb_u(p);
        break;
    case 0x1c:
        leb_u32(p);
        t_skip_valtype(p);
        break;
    case 0x43:
        *p += 4;
        break;
    case 0x44:
        *p += 8;
        break;
    case 0xfb:
        t_skip_fb(p);
        break;
    case 0xfc:
        skip_fc(p);
        break;
    case 0xfd:
        skip_fd(p);
        break;
    case 0xfe:
        t_skip_fe(p);
        break;
    default:
        if (op >= 0x28 && op <= 0x3e)
            skip_memarg(p);
        break;
    }
}
