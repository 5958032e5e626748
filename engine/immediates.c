/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of opcodes, as far as to skip an instruction; see opcodes.h. */
#include "opcodes.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char rest[][4] = {
#define X(code, name, immediates) [code] = immediates,
#include "opcode_rest.def"
#undef X
};

static const char plain[][2] = {
#define N1(code, name, from, to) [code] = "",
#define N2(code, name, from, to) [code] = "",
#define LD(code, name, to, size) [code] = "a",
#define ST(code, name, from, size) [code] = "a",
#include "opcode.def"
#undef N1
#undef N2
#undef LD
#undef ST
};

#define SIMD_LOAD "a"
#define SIMD_STORE "a"
#define SIMD_LOAD_LANE "a1"
#define SIMD_STORE_LANE "a1"
#define SIMD_CONST "q"
#define SIMD_SHUFFLE "Q"
#define SIMD_SPLAT ""
#define SIMD_EXTRACT "1"
#define SIMD_REPLACE "1"
#define SIMD_UN ""
#define SIMD_BIN ""
#define SIMD_TER ""
#define SIMD_SHIFT ""
#define SIMD_TEST ""
static const char simd[][3] = {
#define X(code, name, SHAPE, type, size, lanes) [code] = SIMD_##SHAPE,
#include "op/simd.def"
#undef X
};

#define ATOMIC_LOAD "a"
#define ATOMIC_STORE "a"
#define ATOMIC_RMW "a"
#define ATOMIC_CMPXCHG "a"
#define ATOMIC_FENCE "z"
#define ATOMIC_NOTIFY "a"
#define ATOMIC_WAIT "a"
static const char atomic[][2] = {
#define X(code, name, SHAPE, type, size) [code] = ATOMIC_##SHAPE,
#include "op/atomic.def"
#undef X
};

const char *
opcode_immediates(uint8_t prefix, uint32_t sub)
{
    if (prefix == 0xfd)
        return sub < COUNT(simd) ? simd[sub] : "";
    if (prefix == 0xfe)
        return sub < COUNT(atomic) ? atomic[sub] : "";
    if (prefix && sub >= 0x100)
        return "";
    if (prefix)
        sub += prefix == 0xfb ? 0x200 : 0x100;
    if (sub < COUNT(plain) && plain[sub][0])
        return plain[sub];
    return sub < COUNT(rest) ? rest[sub] : "";
}
