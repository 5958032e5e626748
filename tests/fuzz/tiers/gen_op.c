/* SPDX-License-Identifier: Apache-2.0 */
/* The table of gen_op.h. */
#include "gen_op.h"

#include <string.h>

#include "module.h"

#define PREFIX(code) ((code) >= 0x100 ? 0xfc : 0)
#define SUB(code) ((code) & 0xff)
#define ROW(p, s, n, a, b, c, to, size, lanes, memory, shuffle)                \
    {p, s, n, {a, b, c}, to, size, lanes, memory, shuffle},

/* 0xfd, by shape; T is the scalar type. */
#define ADDR GEN_ADDRESS
#define V VT_V128
#define S_LOAD(s, T, z, l) ROW(0xfd, s, 1, ADDR, 0, 0, V, z, 0, true, false)
#define S_STORE(s, T, z, l) ROW(0xfd, s, 2, ADDR, V, 0, 0, z, 0, true, false)
#define S_LOAD_LANE(s, T, z, l)                                                \
    ROW(0xfd, s, 2, ADDR, V, 0, V, z, l, true, false)
#define S_STORE_LANE(s, T, z, l)                                               \
    ROW(0xfd, s, 2, ADDR, V, 0, 0, z, l, true, false)
#define S_CONST(s, T, z, l) /* gen.c writes constants */
#define S_SHUFFLE(s, T, z, l) ROW(0xfd, s, 2, V, V, 0, V, 0, l, false, true)
#define S_SPLAT(s, T, z, l) ROW(0xfd, s, 1, T, 0, 0, V, 0, 0, false, false)
#define S_EXTRACT(s, T, z, l) ROW(0xfd, s, 1, V, 0, 0, T, 0, l, false, false)
#define S_REPLACE(s, T, z, l) ROW(0xfd, s, 2, V, T, 0, V, 0, l, false, false)
#define S_UN(s, T, z, l) ROW(0xfd, s, 1, V, 0, 0, V, 0, 0, false, false)
#define S_BIN(s, T, z, l) ROW(0xfd, s, 2, V, V, 0, V, 0, 0, false, false)
#define S_TER(s, T, z, l) ROW(0xfd, s, 3, V, V, V, V, 0, 0, false, false)
#define S_SHIFT(s, T, z, l) ROW(0xfd, s, 2, V, VT_I32, 0, V, 0, 0, false, false)
#define S_TEST(s, T, z, l) ROW(0xfd, s, 1, V, 0, 0, VT_I32, 0, 0, false, false)

/* 0xfe */
#define A_LOAD(s, T, z) ROW(0xfe, s, 1, ADDR, 0, 0, T, z, 0, true, false)
#define A_STORE(s, T, z) ROW(0xfe, s, 2, ADDR, T, 0, 0, z, 0, true, false)
#define A_RMW(s, T, z) ROW(0xfe, s, 2, ADDR, T, 0, T, z, 0, true, false)
#define A_CMPXCHG(s, T, z) ROW(0xfe, s, 3, ADDR, T, T, T, z, 0, true, false)
#define A_FENCE(s, T, z)
#define A_NOTIFY(s, T, z)                                                      \
    ROW(0xfe, s, 2, ADDR, VT_I32, 0, VT_I32, z, 0, true, false)
#define A_WAIT(s, T, z) /* would wait */

const struct gen_op gen_ops[] = {
#define N1(code, name, from, to)                                               \
    ROW(PREFIX(code), SUB(code), 1, VT_##from, 0, 0, VT_##to, 0, 0, false,     \
        false)
#define N2(code, name, from, to)                                               \
    ROW(PREFIX(code), SUB(code), 2, VT_##from, VT_##from, 0, VT_##to, 0, 0,    \
        false, false)
#define LD(code, name, to, size)                                               \
    ROW(PREFIX(code), SUB(code), 1, ADDR, 0, 0, VT_##to, size, 0, true, false)
#define ST(code, name, from, size)                                             \
    ROW(PREFIX(code), SUB(code), 2, ADDR, VT_##from, 0, 0, size, 0, true, false)
#include "opcode.def"
#undef N1
#undef N2
#undef LD
#undef ST
#define X(sub, name, SHAPE, type, size, lanes)                                 \
    S_##SHAPE(sub, VT_##type, size, lanes)
#include "op/simd.def"
#undef X
#define X(sub, name, SHAPE, type, size) A_##SHAPE(sub, VT_##type, size)
#include "op/atomic.def"
#undef X
};
const size_t gen_nops = sizeof gen_ops / sizeof *gen_ops;

const struct gen_op *
gen_op_at(const uint8_t *p)
{
    uint8_t prefix = *p >= 0xfc && *p <= 0xfe ? *p : 0;
    uint32_t sub = *p++;

    if (prefix)
        sub = leb_u32(&p);
    for (size_t i = 0; i < gen_nops; i++)
        if (gen_ops[i].prefix == prefix && gen_ops[i].sub == sub)
            return &gen_ops[i];
    return NULL;
}

bool
gen_op_alike(const struct gen_op *a, const struct gen_op *b)
{
    return a->nin == b->nin && a->out == b->out && a->memory == b->memory &&
           a->shuffle == b->shuffle && !a->lanes == !b->lanes &&
           (a->prefix == 0xfe) == (b->prefix == 0xfe) &&
           memcmp(a->in, b->in, sizeof a->in) == 0;
}
