/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The face of pith-llvm.so: translated functions in, a relocatable object out.
 * A pure function without state; any number of threads may compile at once. The
 * shared object calls nothing of the engine's, and the engine (optimise.c)
 * finds the functions below with dlsym.
 *
 * The object (ELF, 64 bits) is independent of the process that made it, so that
 * it may be kept on disk. object.c loads it; it knows these symbols, in which N
 * is the number of a function among the defined ones:
 *
 *   fN      code of function N, arguments in registers ("fast"); referred to
 *           by other objects of the same set
 *   eN      its native_fn (native.h)
 *   jN      the same for code of jit/, in its convention (jit/registers.h);
 *           only where there is jit/
 *   osr     on-stack replacement: function funcs[0] from instruction
 *           funcs[0].osr on, a loop's head, with all slots in the frame; called
 *           as jN. Such an object has this function only, and no fN of it
 *   sites   const struct insn[]: places in the code. code: number of the
 *           translated instruction; a: as in a call instruction; imm: N.
 *           They stand for translated instructions as links and pcs, so that
 *           machine code needs no translation to exist
 *   funcs   const struct object_func[], ascending by func
 *   types   uint32_t[]: indices of the module's types, which the loader
 *           replaces by canonical ones
 *   steps   struct object_step[]: instructions for the interpreter
 *
 * What code calls outside goes through the instance's table (native_table.h).
 */
#ifndef ENGINE_LLVM_UNIT_H
#define ENGINE_LLVM_UNIT_H

#define LLVM_PUBLIC __attribute__((visibility("default")))

#include "module.h"

struct object_func {
    uint32_t func;
    uint32_t site, nsites; /* its sites; the first is its entry */
    uint32_t link, frame;  /* as in struct code_range */
    uint32_t osr;          /* 0: none */
};

struct object_step {
    struct native_step *made; /* by the first use */
    uint32_t func, at, n;     /* instructions of the translation, with data */
    uint32_t align_;
};

struct llvm_func {
    uint32_t func;
    uint32_t n;
    uint32_t osr; /* a loop's head to begin at, alone in its unit; or 0 */
    struct insn *code; /* operation numbers, as the translator left them */
};

struct llvm_unit {
    const struct engine_module *m;
    const struct type_def *(*type)(uint32_t id);
    uint32_t nfuncs;
    const struct llvm_func *funcs; /* ascending */
    /* Is there, or will there be, an fN in the same set of objects? */
    bool (*linked)(void *ctx, uint32_t func);
    void *ctx;
};

/* Can the function be compiled at all? */
typedef bool llvm_fits_fn(const struct engine_module *m,
                          const struct llvm_func *f);
/* 0 and an object in memory from malloc, or -E_NOMEM, -E_NOTSUP. */
typedef int llvm_compile_fn(const struct llvm_unit *unit, uint8_t **object,
                            size_t *size);
/* The processor's name and features, what code for it depends on. */
typedef const char *llvm_target_fn(void);

LLVM_PUBLIC llvm_fits_fn pith_llvm_fits;
LLVM_PUBLIC llvm_compile_fn pith_llvm_compile;
LLVM_PUBLIC llvm_target_fn pith_llvm_target;

#endif
