/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of functions on its way through the compiler: translated anew for the
 * compiler's eyes, divided into parts that each become an object, compiled,
 * loaded. optimise.c and tierup.c say which functions and when.
 */
#ifndef ENGINE_JOB_H
#define ENGINE_JOB_H

#include "compiler.h"
#include "optimise.h"
#include "translate.h"

struct job_part { /* becomes one object */
    uint32_t first, n;
    uint8_t *object;
    size_t size;
};

struct job {
    struct engine_module *m;
    const struct compiler *compiler;
    struct llvm_func *funcs; /* ascending when the job runs */
    uint32_t nfuncs, cap;
    struct job_part *parts;
    uint32_t nparts;
    uint8_t *chosen; /* a bit for each function of the module */
    _Atomic uint32_t next;
    atomic_bool failed;
    _Atomic uint32_t done; /* functions */
    optimise_progress_fn *progress;
    void *ctx;
};

/* Without a compiler: -E_NOTSUP. End it with job_free in any case. */
int job_begin(struct job *j, struct engine_module *m);
/* Add func, if it fits; entered at instruction osr of it, unless that is 0.
 * False: out of memory. */
bool job_add(struct job *j, struct translator *t, uint32_t func, uint32_t osr);
static inline bool
job_has(const struct job *j, uint32_t func)
{
    return j->chosen[func / 8] >> func % 8 & 1;
}
/* Compile on as many threads as there are processors, or on this one, whose
 * stack must be large (job_thread); and load. */
int job_run(struct job *j, bool here);
void job_free(struct job *j);

/* A thread for compiling, without signals. */
bool job_thread(pthread_t *thread, void *(*fn)(void *), void *arg);

#endif
