/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors. */
#include "build.h"

bool
op_simd(struct build *b, uint32_t at, const struct insn *i)
{
    (void)b;
    (void)at;
    (void)i;
    return false;
}
