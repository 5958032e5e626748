/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata and names of the operations, from op/all.def. */
#include "op/ops.h"

const struct op_meta op_meta[OP_COUNT] = {
#define Y(name, r, b, c, w, bt, bf)                                            \
    [OP_##name] = {OP_##r, OP_##b, OP_##bt, OP_##bf, ACC_##c, ACC_##w},
#include "op/all.def"
#undef Y
};

const char *const op_names[OP_COUNT] = {
#define Y(name, r, b, c, w, bt, bf) #name,
#include "op/all.def"
#undef Y
};

#include "op/unrow.h"
#define IS_BRANCH(name) [OP_##name] = true,
#include "op/norow.h"
#undef CMP
#undef TEST_BRANCH
#undef FCMP
#define CMP(n, ...) EACH_BRANCH(n, IS_BRANCH)
#define TEST_BRANCH(n, ...) EACH_BRANCH(n, IS_BRANCH)
#define FCMP(n, ...) EACH_FBRANCH(n, IS_BRANCH)

const bool op_branches[OP_COUNT] = {
#include "op/all.def"
    [OP_br] = true,     [OP_br_if_s] = true,   [OP_br_if_r] = true,
    [OP_br_z_s] = true, [OP_br_z_r] = true,    [OP_br_if64] = true,
    [OP_br_z64] = true, [OP_br_if64_r] = true, [OP_br_z64_r] = true};
