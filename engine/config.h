/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of two files serves this build. Bodies never ask.
 *
 * ENGINE_THREADED  handlers that tail-call each other (clang's musttail), else
 *                  one switch over the same bodies (clang takes minutes for
 *                  that, gcc half of one)
 * ENGINE_GUARD     32-bit memories in reservations whose unmapped rest catches
 *                  out-of-bounds accesses, else explicit checks; only where
 *                  a fault's registers tell the instruction (threaded)
 * ENGINE_PLAIN     translation is for a compiler whatever the tier: the
 *                  interpreter has no accumulators, and is small. The build
 *                  says so (V=plain, the machine's PID 1)
 * ENGINE_JIT       machine code by jit/ (x86-64, AArch64), else none
 *                  (baseline_none.c)
 */
#ifndef ENGINE_CONFIG_H
#define ENGINE_CONFIG_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ENGINE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ENGINE_SANITIZED 1
#endif
#endif
#ifndef ENGINE_SANITIZED
#define ENGINE_SANITIZED 0
#endif

#if defined(__clang__) && (!defined(__wasm__) || defined(__wasm_tail_call__))
#define ENGINE_THREADED 1
#else
#define ENGINE_THREADED 0
#endif

/* The convention that keeps the interpreter's registers in registers. */
#if ENGINE_THREADED && !ENGINE_SANITIZED && __clang_major__ >= 19 &&           \
    (defined(__x86_64__) || defined(__aarch64__))
#define ENGINE_CALL __attribute__((preserve_none))
#else
#define ENGINE_CALL
#endif

#if defined(__linux__) && defined(__LP64__) && !ENGINE_SANITIZED &&            \
    ENGINE_THREADED
#define ENGINE_GUARD 1
#else
#define ENGINE_GUARD 0
#endif

/* The baseline compiler (jit/): where its stencils are built. */
#if ENGINE_GUARD && __clang_major__ >= 19 &&                                   \
    (defined(__x86_64__) || defined(__aarch64__))
#define ENGINE_JIT 1
#else
#define ENGINE_JIT 0
#endif

#ifndef ENGINE_PLAIN
#define ENGINE_PLAIN 0
#endif
#if ENGINE_PLAIN && !ENGINE_JIT
#error "ENGINE_PLAIN is for builds with the baseline compiler"
#endif

#endif
