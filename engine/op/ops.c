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
