/* SPDX-License-Identifier: Apache-2.0 */
/* Operations by what they take and give, from the engine's tables. */
#ifndef FUZZ_TIERS_GEN_OP_H
#define FUZZ_TIERS_GEN_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GEN_ADDRESS 1u /* i32 or i64, as memory 0 says */

struct gen_op {
    uint8_t prefix; /* 0: none */
    uint16_t sub;
    uint8_t nin;
    uint8_t in[3]; /* VT_..., GEN_ADDRESS */
    uint8_t out;   /* 0: nothing */
    uint8_t size;  /* log2 of the natural alignment */
    uint8_t lanes; /* bound of its lane; 0: it has none */
    bool memory, shuffle;
};

extern const struct gen_op gen_ops[];
extern const size_t gen_nops;

/* The operation at p; NULL: it is none of these. */
const struct gen_op *gen_op_at(const uint8_t *p);
/* The same operands, result and immediates? */
bool gen_op_alike(const struct gen_op *a, const struct gen_op *b);

#endif
