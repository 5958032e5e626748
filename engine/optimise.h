/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The optimising tier: which functions pith-llvm.so compiles, and when.
 *
 *   load ---- kept on disk? ----> loaded at once (object_cache.h)
 *    |
 *    +-- eager: everything, before anything runs (optimise.c)
 *    |
 *    +-- else: polls sample where the program is and for how long; what time
 *        goes into is compiled by a thread in the background (tierup.c), and
 *        kept for the next start
 *
 * Without pith-llvm.so there is only what was kept. A module that a store with
 * a limit of fuel runs stays with the tiers that count each unit.
 */
#ifndef ENGINE_OPTIMISE_H
#define ENGINE_OPTIMISE_H

#include "module.h"
#include "object_cache.h"

typedef engine_progress_fn optimise_progress_fn;
struct job;

/* What a module has. kept and made: one thread at a time. */
struct optimiser {
    struct object_cache kept; /* as the module was loaded */
    struct object_blob *made; /* since then */
    uint32_t nmade, made_cap;
    bool unsaved; /* some of made */
    _Atomic uint32_t *heat; /* microseconds seen in each function (tierup.c);
                             * NULL: nothing is compiled later */
};

/* The module has been loaded and may be used afterwards. */
void optimise_loaded(struct engine_module *m);
/* The module's end; what is under way holds a reference of its own. */
void optimise_end(struct engine_module *m);
/* From now on m is run by tiers that count fuel exactly. */
void optimise_not(struct engine_module *m);
/* The job's objects become the module's, for the next save. */
void optimise_keep(struct job *j);
/* Write what was kept and what was made since; whole: that is everything. */
int optimise_save(struct engine_module *m, bool whole);

/* ---- tierup.c ---- */

struct engine_store;
/* A poll: the time since the last one went where s is now. False: nobody wants
 * to know. */
bool tierup_sample(struct engine_store *s);
/* What the poll itself took is not the program's. */
void tierup_go_on(struct engine_store *s);

#endif
