/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations' numbers, OP_<name>, and what the translator knows of each,
 * from op/all.def. Within a family the order is fixed, so that the translator
 * computes a member: base + form + FORMS * destination.
 */
#ifndef ENGINE_OP_OPS_H
#define ENGINE_OP_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "op/rows.h"

enum op {
#define Y(name, r, b, c, w, bt, bf) OP_##name,
#include "op/all.def"
#undef Y
    OP_COUNT
};

#if ENGINE_PLAIN
#include "op/forms_plain.h"
#else
#include "op/forms_all.h"
#endif

enum acc { ACC_NONE, ACC_I, ACC_D, ACC_F };

struct op_meta {
    uint16_t r, b;   /* forms that leave the result in an accumulator */
    uint16_t bt, bf; /* as a branch; +1 is the backward one */
    uint8_t result;  /* enum acc: class of r and b */
    uint8_t writes;  /* enum acc */
};
extern const struct op_meta op_meta[OP_COUNT];
extern const char *const op_names[OP_COUNT];

/* Does imm hold the distance of a forward branch? */
extern const bool op_branches[OP_COUNT];

static inline bool
op_is_branch(unsigned op)
{
    return op_branches[op];
}

#endif
