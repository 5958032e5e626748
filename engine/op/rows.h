/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of op/all.def to entries Y: of every form, or of those that compilers
 * take (config.h). */
#include "config.h"

#if ENGINE_PLAIN
#include "op/rows_plain.h"
#else
#include "op/rows_all.h"
#endif

/* Vectors have one form each, and those with a short memory operand. */
#define SIMD_LOAD(n, t, s) Y1(n) Y1(n##_p)
#define SIMD_STORE(n, t, s) Y1(n) Y1(n##_p)
#define SIMD_LOAD_LANE(n, t, s) Y1(n##_p)
#define SIMD_STORE_LANE(n, t, s) Y1(n##_p)
#define SIMD_CONST(n, t, s)
#define SIMD_SHUFFLE(n, t, s) Y1(n)
#define SIMD_SPLAT(n, t, s) Y1(n)
#define SIMD_EXTRACT(n, t, s) Y1(n)
#define SIMD_REPLACE(n, t, s) Y1(n)
#define SIMD_UN(n, t, s) Y1(n)
#define SIMD_BIN(n, t, s) Y1(n)
#define SIMD_TER(n, t, s) Y1(n)
#define SIMD_SHIFT(n, t, s) Y1(n)
#define SIMD_TEST(n, t, s) Y1(n)
