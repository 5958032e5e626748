/* SPDX-License-Identifier: Apache-2.0 */
/* Compiling through pith-llvm.so: whole modules and hot functions. */
#define _GNU_SOURCE
#include "optimise.h"

#include <dlfcn.h>
#include <linux/limits.h> /* by <limits.h> gcc would find ours */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "llvm/unit.h"
#include "object.h"
#include "options.h"
#include "pith_errno.h"
#include "translate.h"

#define UNIT_INSNS 20000u /* about this many instructions an object */
#define MOST_THREADS 16
#define STACK ((size_t)64 << 20)

/* ---- the compiler ---- */

static struct compiler {
    llvm_fits_fn *fits;
    llvm_compile_fn *compile;
    llvm_target_fn *target;
} compiler;
static pthread_once_t compiler_once = PTHREAD_ONCE_INIT;

static bool
compiler_path(char *path, size_t size)
{
    const char *given = getenv("PITH_LLVM");
    char self[PATH_MAX], *slash;
    ssize_t n;

    if (given)
        return snprintf(path, size, "%s", given) < (int)size;
    n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return false;
    self[n] = 0;
    slash = strrchr(self, '/');
    if (!slash)
        return false;
    *slash = 0;
    return snprintf(path, size, "%s/../lib/pith-llvm.so", self) < (int)size;
}

bool
optimise_available(void)
{
    char path[PATH_MAX + 32];

    return ENGINE_GUARD && compiler_path(path, sizeof path) &&
           access(path, R_OK) == 0;
}

static void
compiler_load(void)
{
    char path[PATH_MAX + 32];
    void *so;

    if (!compiler_path(path, sizeof path))
        return;
    so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!so)
        return;
    compiler.fits = (llvm_fits_fn *)dlsym(so, "pith_llvm_fits");
    compiler.target = (llvm_target_fn *)dlsym(so, "pith_llvm_target");
    compiler.compile = (llvm_compile_fn *)dlsym(so, "pith_llvm_compile");
}

static bool
have_compiler(void)
{
    pthread_once(&compiler_once, compiler_load);
    return compiler.fits && compiler.target && compiler.compile;
}

/* ---- a set of functions ---- */

struct part { /* becomes one object */
    uint32_t first, n;
    uint8_t *object;
    size_t size;
};

struct job {
    struct engine_module *m;
    struct llvm_func *funcs; /* ascending */
    uint32_t nfuncs, cap;
    struct part *parts;
    uint32_t nparts;
    uint8_t *chosen; /* a bit for each function of the module */
    _Atomic uint32_t next;
    atomic_bool failed;
};

static bool
linked(void *ctx, uint32_t func)
{
    const struct job *j = ctx;

    return j->chosen[func / 8] >> func % 8 & 1;
}

/* Translate func anew, for the compiler's eyes; not if it does not fit. */
static bool
job_add(struct job *j, struct translator *t, uint32_t func)
{
    struct llvm_func f = {.func = func};

    t->want = UINT32_MAX;
    if (!t_translate(t, j->m, func))
        return false;
    f.n = t->n;
    f.code = t->out;
    if (t->nhandlers || t->wide || !compiler.fits(j->m, &f))
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
    j->chosen[func / 8] |= (uint8_t)(1u << func % 8);
    j->funcs[j->nfuncs++] = f;
    return true;
}

static bool
job_divide(struct job *j)
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
compile_part(struct job *j, struct part *p)
{
    struct llvm_unit unit = {.m = j->m,
                             .type = type_get,
                             .nfuncs = p->n,
                             .funcs = j->funcs + p->first,
                             .linked = linked,
                             .ctx = j};

    if (compiler.compile(&unit, &p->object, &p->size) < 0)
        atomic_store(&j->failed, true);
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

/* LLVM recurses: never on the caller's stack, which may be a fiber's. */
static bool
thread_start(pthread_t *thread, void *(*fn)(void *), void *arg)
{
    pthread_attr_t attr;
    bool ok;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    ok = pthread_create(thread, &attr, fn, arg) == 0;
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
           n < (int)j->nparts && thread_start(&threads[n], work, j))
        n++;
    if (!n)
        atomic_store(&j->failed, true);
    while (n > 0)
        pthread_join(threads[--n], NULL);
}

static int
job_load(struct job *j)
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

static void
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

static int
job_begin(struct job *j, struct engine_module *m)
{
    memset(j, 0, sizeof *j);
    j->m = m;
    j->chosen = calloc(1, m->nfuncs / 8 + 1);
    return j->chosen ? 0 : -E_NOMEM;
}

/* Every function of a module. */
static int
compile_module(struct engine_module *m)
{
    struct translator t = {0};
    struct job j;
    int r = job_begin(&j, m);

    for (uint32_t i = 0; r == 0 && i < m->nfuncs - m->nfuncs_imported; i++)
        if (!job_add(&j, &t, i))
            r = -E_NOMEM;
    t_buffers_free(&t);
    if (r == 0 && !job_divide(&j))
        r = -E_NOMEM;
    if (r == 0 && j.nfuncs) {
        work_all(&j);
        r = atomic_load(&j.failed) ? -E_NOTSUP : job_load(&j);
    }
    job_free(&j);
    if (r < 0 && getenv("PITH_LLVM_DUMP"))
        fprintf(stderr, "pith-llvm: %d\n", r);
    return r;
}

/* ---- when ---- */

void
optimise_loaded(struct engine_module *m)
{
    const struct engine_options *o = engine_options();

    if (o->tier != ENGINE_TIER_LLVM || o->canonical_nan)
        return;
    if (o->eager && have_compiler())
        compile_module(m);
}

void
optimise_sample(struct engine_module *m, const struct insn *pc)
{
    (void)m;
    (void)pc;
}

void
optimise_end(struct engine_module *m)
{
    object_free_all(m);
}
