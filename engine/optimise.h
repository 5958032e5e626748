/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The optimising tier: which functions pith-llvm.so compiles, and when.
 *
 *   load ---- kept on disk? ----> loaded at once (object_cache.h)
 *    |
 *    +-- eager: everything, before anything runs
 *    |
 *    +-- else: polls sample where the program is; what is found often is
 *        compiled by a thread in the background, with what it calls
 *
 * pith-llvm.so is looked for where the running program is (../lib/) and in
 * PITH_LLVM; without it there is only what was kept.
 */
#ifndef ENGINE_OPTIMISE_H
#define ENGINE_OPTIMISE_H

#include "module.h"

typedef engine_progress_fn optimise_progress_fn;

/* Is there a compiler to load? Does not load it. */
bool optimise_available(void);
/* The module has been loaded and may be used afterwards. */
void optimise_loaded(struct engine_module *m);
/* A poll found the program at pc of m. */
void optimise_sample(struct engine_module *m, const struct insn *pc);
/* The module's end; what is under way holds a reference of its own. */
void optimise_end(struct engine_module *m);

#endif
