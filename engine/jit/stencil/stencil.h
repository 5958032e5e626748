/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stencils: pieces of machine code with holes, made by the build's compiler
 * from the rows of op/all.def. tools/stencils/ cuts them out of the object
 * files; jit/ copies them one behind the other and fills the holes.
 *
 * A stencil is a function that ends by tail-calling `next`. preserve_none keeps
 * its arguments in registers:
 *
 *   in, fp, mem      instance, frame, memory 0
 *   budget           units left until the next poll; below zero only on its
 *                    way there
 *   r0..r7, f0..f7   values; r0 and f0 are scratch: no slot lives in them
 *
 * An i32 in a register has its upper half clear. A float occupies the low part
 * of a vector register, the rest is anything.
 *
 * The name's numbers index a family: S_i32_add__3_5 is "r3 += r5". As a source
 * 0..7 is a register, 8 a slot, 9 an immediate. Holes: slots' byte offsets from
 * fp (a .. d) and a memory offset (i) are what the compiler puts into the
 * instruction (the machine's header says how); immediates are constants that
 * the extractor looks for (K32, K64, K8), because it would not.
 */
#ifndef ENGINE_JIT_STENCIL_H
#define ENGINE_JIT_STENCIL_H

#include "runtime.h"

#include "op/float.h"
#include "op/v128.h"

#include "jit/registers.h"

#define K8 0x17
#define K64 0x5a3c69175b3d6a18u
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

#define STENCIL(name)                                                          \
    __attribute__((preserve_none)) void S_##name(SIG);                         \
    __attribute__((preserve_none)) void S_##name(SIG)

extern __attribute__((preserve_none)) void next(SIG), taken(SIG), trap(SIG);

#define NEXT __attribute__((musttail)) return next(ARGS)
#define TAKEN __attribute__((musttail)) return taken(ARGS)
#define TRAP(status)                                                           \
    do {                                                                       \
        r0 = (uint64_t)(status);                                               \
        __attribute__((musttail)) return trap(ARGS);                           \
    } while (0)

#define SLOT(T, x) (*(T *)(void *)(fp + HOLE(x)))
#define WITHOUT_TOP(r) __builtin_assume((r) >> 32 == 0)

#define GET_D(f) (((vd)(f))[0])
#define GET_F(f) ((f)[0])

#if defined(__x86_64__)
#include "x86_64.h"
#elif defined(__aarch64__)
#include "aarch64.h"
#endif

/* M(0, ...) .. M(7, ...); R8B inside R8A inside R8. */
#define R8(M, ...)                                                             \
    M(0, __VA_ARGS__)                                                          \
    M(1, __VA_ARGS__)                                                          \
    M(2, __VA_ARGS__)                                                          \
    M(3, __VA_ARGS__)                                                          \
    M(4, __VA_ARGS__) M(5, __VA_ARGS__) M(6, __VA_ARGS__) M(7, __VA_ARGS__)
#define R8A(M, ...)                                                            \
    M(0, __VA_ARGS__)                                                          \
    M(1, __VA_ARGS__)                                                          \
    M(2, __VA_ARGS__)                                                          \
    M(3, __VA_ARGS__)                                                          \
    M(4, __VA_ARGS__) M(5, __VA_ARGS__) M(6, __VA_ARGS__) M(7, __VA_ARGS__)
#define R8B(M, ...)                                                            \
    M(0, __VA_ARGS__)                                                          \
    M(1, __VA_ARGS__)                                                          \
    M(2, __VA_ARGS__)                                                          \
    M(3, __VA_ARGS__)                                                          \
    M(4, __VA_ARGS__) M(5, __VA_ARGS__) M(6, __VA_ARGS__) M(7, __VA_ARGS__)
#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

/* How many forms a binary instruction has: everything to everything; only into
 * r0 (large code); shifts and rotations by constants of one byte. */
#define SHAPE_i32_add FULL
#define SHAPE_i32_sub FULL
#define SHAPE_i32_mul FULL
#define SHAPE_i32_or FULL
#define SHAPE_i32_xor FULL
#define SHAPE_i32_and FULL
#define SHAPE_i32_shl SHIFT
#define SHAPE_i32_shr_s SHIFT
#define SHAPE_i32_shr_u SHIFT
#define SHAPE_i32_rotl SHIFT
#define SHAPE_i32_rotr SHIFT
#define SHAPE_i32_div_s LARGE
#define SHAPE_i32_div_u LARGE
#define SHAPE_i32_rem_s LARGE
#define SHAPE_i32_rem_u LARGE
#define SHAPE_i64_add FULL
#define SHAPE_i64_sub FULL
#define SHAPE_i64_mul FULL
#define SHAPE_i64_or FULL
#define SHAPE_i64_xor FULL
#define SHAPE_i64_and FULL
#define SHAPE_i64_shl SHIFT
#define SHAPE_i64_shr_s SHIFT
#define SHAPE_i64_shr_u SHIFT
#define SHAPE_i64_rotl SHIFT
#define SHAPE_i64_rotr SHIFT
#define SHAPE_i64_div_s LARGE
#define SHAPE_i64_div_u LARGE
#define SHAPE_i64_rem_s LARGE
#define SHAPE_i64_rem_u LARGE
#define SHAPE_f64_add FULL
#define SHAPE_f64_sub FULL
#define SHAPE_f64_mul FULL
#define SHAPE_f64_div FULL
#define SHAPE_f64_min LARGE
#define SHAPE_f64_max LARGE
#define SHAPE_f64_copysign LARGE
#define SHAPE_f32_add FULL
#define SHAPE_f32_sub FULL
#define SHAPE_f32_mul FULL
#define SHAPE_f32_div FULL
#define SHAPE_f32_min LARGE
#define SHAPE_f32_max LARGE
#define SHAPE_f32_copysign LARGE

#endif
