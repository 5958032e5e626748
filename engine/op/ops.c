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
#define BRANCHES(n)                                                            \
    case OP_##n##_br_ss:                                                       \
    case OP_##n##_br_si:                                                       \
    case OP_##n##_br_rs:                                                       \
    case OP_##n##_br_ri:
#include "op/norow.h"
#undef CMP
#undef TEST_BRANCH
#undef FCMP
#define CMP(n, ...) BRANCHES(n)
#define TEST_BRANCH(n, ...) BRANCHES(n)
#define FCMP(n, ...)                                                           \
    case OP_##n##_brt_ss:                                                      \
    case OP_##n##_brt_rs:                                                      \
    case OP_##n##_brt_sr:                                                      \
    case OP_##n##_brf_ss:                                                      \
    case OP_##n##_brf_rs:                                                      \
    case OP_##n##_brf_sr:

bool
op_is_branch(unsigned op)
{
    switch (op) {
#include "op/all.def"
    case OP_br:
    case OP_br_if_s:
    case OP_br_if_r:
    case OP_br_z_s:
    case OP_br_z_r:
    case OP_br_if64:
    case OP_br_z64:
    case OP_br_if64_r:
    case OP_br_z64_r:
        return true;
    default:
        return false;
    }
}
