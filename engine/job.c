/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of functions on their way through the compiler; see job.h. */
#define _GNU_SOURCE
#include "job.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "object.h"
#include "pith_errno.h"

#define UNIT_INSNS 20000u /* about this many instructions an object */
#define MOST_THREADS 16
#define STACK ((size_t)64 << 20)

static bool
linked(void *ctx, uint32_t func)
{
    return job_has(ctx, func);
}

int
job_begin(struct job *j, struct engine_module *m)
{
    memset(j, 0, sizeof *j);
    j->m = m;
    j->compiler = compiler_get();
    if (!j->compiler)
        return -E_NOTSUP;
    j->chosen = calloc(1, m->nfuncs / 8 + 1);
    return j->chosen ? 0 : -E_NOMEM;
}

bool
job_add(struct job *j, struct translator *t, uint32_t func, uint32_t osr)
{
    struct llvm_func f = {.func = func, .osr = osr};

    t->want = UINT32_MAX;
    if (!t_translate(t, j->m, func))
        return false;
    f.n = t->n;
    f.code = t->out;
    if (t->nhandlers || t->wide || j->m->conts ||
        !j->compiler->fits(j->m, &f))
        return true;
    if (j->nfuncs == j->cap) {
        uint32_t cap = j->cap ? j->cap * 2 : 64;
        struct llvm_func *p = realloc(j->funcs, cap * sizeof *p);

        if (!p)
            return false;
        j->funcs = p;
        j->cap = cap;
    }
    f.code = malloc(f.n * sizeof *f.code);
    if (!f.code)
        return false;
    memcpy(f.code, t->out, f.n * sizeof *f.code);
    if (!osr)
        j->chosen[func / 8] |= (uint8_t)(1u << func % 8);
    j->funcs[j->nfuncs++] = f;
    return true;
}

static bool
divide(struct job *j)
{
    uint32_t insns = UNIT_INSNS;

    j->parts = calloc(j->nfuncs + 1, sizeof *j->parts);
    if (!j->parts)
        return false;
    for (uint32_t i = 0; i < j->nfuncs; i++) {
        if (insns >= UNIT_INSNS) {
            j->parts[j->nparts++].first = i;
            insns = 0;
        }
        j->parts[j->nparts - 1].n++;
        insns += j->funcs[i].n;
    }
    return true;
}

static void
compile_part(struct job *j, struct job_part *p)
{
    struct llvm_unit unit = {.m = j->m,
                             .type = type_get,
                             .nfuncs = p->n,
                             .funcs = j->funcs + p->first,
                             .linked = linked,
                             .ctx = j};

    if (j->compiler->compile(&unit, &p->object, &p->size) < 0)
        atomic_store(&j->failed, true);
    if (j->progress)
        j->progress(j->ctx, atomic_fetch_add(&j->done, p->n) + p->n,
                    j->nfuncs);
}

static void *
work(void *arg)
{
    struct job *j = arg;
    uint32_t i;

    while (!atomic_load(&j->failed) &&
           (i = atomic_fetch_add(&j->next, 1)) < j->nparts)
        compile_part(j, &j->parts[i]);
    return NULL;
}

/*
 * LLVM recurses: never on the caller's stack, which may be a fiber's. Signals
 * are for the threads that expect them.
 */
bool
job_thread(pthread_t *thread, void *(*fn)(void *), void *arg)
{
    pthread_attr_t attr;
    sigset_t all, before;
    bool ok;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ok = pthread_create(thread, &attr, fn, arg) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return ok;
}

static void
work_all(struct job *j)
{
    pthread_t threads[MOST_THREADS];
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    int n = 0;

    while (n < (cpus > 1 ? cpus : 1) && n < MOST_THREADS &&
           n < (int)j->nparts && job_thread(&threads[n], work, j))
        n++;
    if (!n)
        atomic_store(&j->failed, true);
    while (n > 0)
        pthread_join(threads[--n], NULL);
}

static int
load(struct job *j)
{
    struct object_blob *blobs = calloc(j->nparts + 1, sizeof *blobs);
    int r;

    if (!blobs)
        return -E_NOMEM;
    for (uint32_t i = 0; i < j->nparts; i++)
        blobs[i] = (struct object_blob){j->parts[i].object, j->parts[i].size};
    r = object_load(j->m, blobs, j->nparts);
    free(blobs);
    return r;
}

static int
by_func(const void *a, const void *b)
{
    const struct llvm_func *x = a, *y = b;

    return x->func < y->func ? -1 : x->func > y->func;
}

int
job_run(struct job *j, bool here)
{
    if (!j->nfuncs)
        return 0;
    qsort(j->funcs, j->nfuncs, sizeof *j->funcs, by_func);
    if (!divide(j))
        return -E_NOMEM;
    if (here)
        work(j);
    else
        work_all(j);
    return atomic_load(&j->failed) ? -E_NOTSUP : load(j);
}

void
job_free(struct job *j)
{
    for (uint32_t i = 0; i < j->nfuncs; i++)
        free(j->funcs[i].code);
    for (uint32_t i = 0; j->parts && i < j->nparts; i++)
        free(j->parts[i].object);
    free(j->funcs);
    free(j->parts);
    free(j->chosen);
}
