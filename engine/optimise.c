/* SPDX-License-Identifier: Apache-2.0 */
/* What a module keeps of the optimising tier, and whole modules ahead of time;
 * see optimise.h. */
#include "optimise.h"

#include <stdlib.h>

#include "job.h"
#include "native.h"
#include "object.h"
#include "options.h"
#include "pith_errno.h"

int
optimise_save(struct engine_module *m, bool whole)
{
    int r = -E_NOMEM;
    struct optimiser *o = m->optimiser;
    uint32_t kept = whole ? 0 : o->kept.n, n = kept + o->nmade;
    struct object_blob *all = calloc(n + 1, sizeof *all);

    if (all) {
        if (kept)
            memcpy(all, o->kept.blobs, kept * sizeof *all);
        if (o->nmade)
            memcpy(all + kept, o->made, o->nmade * sizeof *all);
        r = object_cache_write(m, all, n, whole);
    o->unsaved = false;
    }
    free(all);
    return r;
}

void
optimise_keep(struct job *j)
{
    struct optimiser *o = j->m->optimiser;

    for (uint32_t i = 0; o && i < j->nparts; i++) {
        if (o->nmade == o->made_cap &&
            !t_grow(&(struct translator){0}, &o->made, &o->made_cap,
                    sizeof *o->made))
            return;
        o->made[o->nmade++] =
            (struct object_blob){j->parts[i].object, j->parts[i].size};
        j->parts[i].object = NULL;
        o->unsaved = true;
    }
}

/* Every function of a module. */
static int
compile_module(struct engine_module *m, optimise_progress_fn *progress,
               void *ctx)
{
    struct translator t = {0};
    struct job j;
    int r = job_begin(&j, m);

    j.progress = progress;
    j.ctx = ctx;
    for (uint32_t i = 0; r == 0 && i < m->nfuncs - m->nfuncs_imported; i++)
        if (!job_add(&j, &t, i, 0))
            r = -E_NOMEM;
    t_buffers_free(&t);
    if (r == 0)
        r = job_run(&j, false);
    if (r == 0 && j.nparts && m->optimiser && !m->passing &&
        engine_options()->cache) {
        optimise_keep(&j);
        r = optimise_save(m, true);
    }
    job_free(&j);
    return r;
}

int
engine_module_compile(struct engine_module *m, optimise_progress_fn *progress,
                      void *ctx)
{
    int r;

    if (m->optimiser && m->optimiser->kept.whole)
        return 0;
    r = compile_module(m, progress, ctx);
    return r < 0 ? r : 1;
}

/* ---- when ---- */

void
optimise_loaded(struct engine_module *m)
{
    const struct engine_options *o = engine_options();
    struct optimiser *own;

    if (o->tier != ENGINE_TIER_LLVM)
        return;
    m->optimiser = own = calloc(1, sizeof *own);
    if (!own)
        return;
    if (!m->passing && object_cache_open(&own->kept, m) &&
        object_load(m, own->kept.blobs, own->kept.n) < 0)
        object_cache_close(&own->kept);
    if (o->eager && !own->kept.whole)
        compile_module(m, NULL, NULL);
    if (!o->eager && !own->kept.whole && compiler_available())
        own->heat = calloc(m->nfuncs + 1, sizeof *own->heat);
}

void
optimise_not(struct engine_module *m)
{
    if (!m->optimiser || atomic_exchange(&m->exact, true))
        return;
    pthread_mutex_lock(&m->lock);
    for (uint32_t i = 0; i < m->nfuncs - m->nfuncs_imported; i++)
        if (atomic_load(&m->code[i].fast))
            native_take_back(m, i);
    pthread_mutex_unlock(&m->lock);
}

void
optimise_end(struct engine_module *m)
{
    struct optimiser *o = m->optimiser;

    object_free_all(m);
    if (!o)
        return;
    object_cache_close(&o->kept);
    for (uint32_t i = 0; i < o->nmade; i++)
        free((void *)(uintptr_t)o->made[i].bytes);
    free(o->made);
    free((void *)(uintptr_t)o->heat);
    free(o);
}
