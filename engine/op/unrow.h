/* SPDX-License-Identifier: Apache-2.0 */
/* Undefine what op/ops.h made of the rows of op/all.def. */
#undef BIN
#undef CMP
#undef FBIN
#undef FCMP
#undef UN
#undef LOAD
#undef STORE
#undef MISC
#undef MISCW
#undef SIMD_LOAD
#undef SIMD_STORE
#undef SIMD_LOAD_LANE
#undef SIMD_STORE_LANE
#undef SIMD_CONST
#undef SIMD_SHUFFLE
#undef SIMD_SPLAT
#undef SIMD_EXTRACT
#undef SIMD_REPLACE
#undef SIMD_UN
#undef SIMD_BIN
#undef SIMD_TER
#undef SIMD_SHIFT
#undef SIMD_TEST
