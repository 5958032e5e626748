/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bodies of the SIMD opcodes, op_<name> for every row of simd.def but
 * v128_const; simd.def says which prototype a shape has. Pure inline functions
 * in portable C: vector extensions where both compilers make good SSE2 and NEON
 * code of them, loops over lanes elsewhere.
 *
 * Bits that C leaves to the implementation and that these files rely on: signed
 * right shift is arithmetic, conversion to a narrower signed type wraps (both
 * documented by gcc and clang). Vector arithmetic that may overflow is done on
 * unsigned lanes.
 */
#ifndef ENGINE_OP_SIMD_H
#define ENGINE_OP_SIMD_H

/* v128.h's vectors, then: */
#include "op/simd_lane.h"    /* loads, stores, lanes, shuffles, bits */
#include "op/simd_int.h"     /* integer lanes */
#include "op/simd_float.h"   /* float lanes, conversions */
#include "op/simd_relaxed.h" /* relaxed SIMD */

#undef BIN
#undef UN
#undef SELECT
#undef EACH

#endif
