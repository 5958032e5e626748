/* SPDX-License-Identifier: Apache-2.0 */
/* What the translator knows of wasm's plain instructions: opcode.def joined
 * with op/all.def. */
#include "translate.h"

#include "op/unrow.h"
#include "op/norow.h"
#undef BIN
#undef BINT
#undef CMP
#undef FBIN
#undef FCMP
#define BIN(n, ...) [OP_##n##_ss] = FAMILY_BIN,
#define BINT(n, ...) [OP_##n##_ss] = FAMILY_BIN,
#define CMP(n, ...) [OP_##n##_ss] = FAMILY_CMP,
#define FBIN(n, ...) [OP_##n##_ss] = FAMILY_FBIN,
#define FCMP(n, ...) [OP_##n##_ss] = FAMILY_FCMP,
const uint8_t t_family[OP_COUNT] = {
#include "op/all.def"
};
#include "op/unrow.h"

const struct plain t_plain[0x108] = {
#define N1(code, name, operand, result)                                        \
    [code] = {OP_##name##_s, 1, CLASS_##operand, CLASS_##result, 0},
#define N2(code, name, operand, result)                                        \
    [code] = {OP_##name##_ss, 2, CLASS_##operand, CLASS_##result, 0},
#define LD(code, name, result, size)                                           \
    [code] = {OP_##name##_s, 1, CLASS_I, CLASS_##result, size},
#define ST(code, name, operand, size)                                          \
    [code] = {OP_##name##_ss, 2, CLASS_##operand, 0, size},
#include "opcode.def"
#undef N1
#undef N2
#undef LD
#undef ST
};

bool
t_commutes(uint32_t code)
{
    switch (code) {
    case 0x6a: /* add, mul, and, or, xor, eq, ne */
    case 0x6c:
    case 0x71:
    case 0x72:
    case 0x73:
    case 0x7c:
    case 0x7e:
    case 0x83:
    case 0x84:
    case 0x85:
    case 0x46:
    case 0x47:
    case 0x51:
    case 0x52:
        return true;
    default:
        return false;
    }
}

/* The comparison with operands exchanged. */
uint32_t
t_swapped(uint32_t code)
{
    switch (code) {
    case 0x48: /* lt <-> gt, le <-> ge */
    case 0x49:
    case 0x53:
    case 0x54:
        return code + 2;
    case 0x4a:
    case 0x4b:
    case 0x55:
    case 0x56:
        return code - 2;
    case 0x4c:
    case 0x4d:
    case 0x57:
    case 0x58:
        return code + 2;
    case 0x4e:
    case 0x4f:
    case 0x59:
    case 0x5a:
        return code - 2;
    default:
        return code;
    }
}
