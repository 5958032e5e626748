/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of machine code as C sees them: the arguments of a
 * preserve_none function (stencil/stencil.h says what each holds).
 */
#ifndef ENGINE_JIT_REGISTERS_H
#define ENGINE_JIT_REGISTERS_H

#include <stdint.h>

struct engine_instance;

typedef float vf __attribute__((vector_size(16)));
typedef double vd __attribute__((vector_size(16)));

#define JIT_UNUSED __attribute__((unused))
#define SIG                                                                    \
    JIT_UNUSED struct engine_instance *in, JIT_UNUSED char *fp,                \
        JIT_UNUSED uint8_t *mem, JIT_UNUSED uint64_t budget,                   \
        JIT_UNUSED uint64_t r0, JIT_UNUSED uint64_t r1,                        \
        JIT_UNUSED uint64_t r2, JIT_UNUSED uint64_t r3,                        \
        JIT_UNUSED uint64_t r4, JIT_UNUSED uint64_t r5,                        \
        JIT_UNUSED uint64_t r6, JIT_UNUSED uint64_t r7, JIT_UNUSED vf f0,      \
        JIT_UNUSED vf f1, JIT_UNUSED vf f2, JIT_UNUSED vf f3,                  \
        JIT_UNUSED vf f4, JIT_UNUSED vf f5, JIT_UNUSED vf f6, JIT_UNUSED vf f7
#define ARGS                                                                   \
    in, fp, mem, budget, r0, r1, r2, r3, r4, r5, r6, r7, f0, f1, f2, f3, f4,   \
        f5, f6, f7

typedef __attribute__((preserve_none)) void jit_code(SIG);

#endif
