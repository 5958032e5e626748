/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith-llvm.so (llvm/unit.h), loaded when something is to be compiled. It is
 * looked for where the running program is (../lib/) and in PITH_LLVM.
 */
#ifndef ENGINE_COMPILER_H
#define ENGINE_COMPILER_H

#include "llvm/unit.h"

struct compiler {
    llvm_fits_fn *fits;
    llvm_compile_fn *compile;
    llvm_target_fn *target;
};

/* Is there one to load? Does not load it. Any thread. */
bool compiler_available(void);
/* Load it, once; NULL: there is none. Any thread. */
const struct compiler *compiler_get(void);

#endif
