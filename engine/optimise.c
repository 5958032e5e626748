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
#include "object_cache.h"
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
    _Atomic uint32_t done; /* functions */
    optimise_progress_fn *progress;
    void *ctx;
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
    if (t->nhandlers || t->wide || j->m->conts || !compiler.fits(j->m, &f))
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

/* ---- what a module has ---- */

struct optimiser {
    struct object_cache kept; /* as the module was loaded */
    struct object_blob *made; /* since then */
    uint32_t nmade, made_cap;
    _Atomic uint16_t *heat; /* samples, by function; over HOT: asked for */
};

/* Write what was kept and what was made since. Only one thread at a time. */
static int
save(struct engine_module *m)
{
    int r = -E_NOMEM;
    struct optimiser *o = m->optimiser;
    uint32_t n = o->kept.n + o->nmade;
    struct object_blob *all = calloc(n + 1, sizeof *all);

    if (all) {
        memcpy(all, o->kept.blobs, o->kept.n * sizeof *all);
        memcpy(all + o->kept.n, o->made, o->nmade * sizeof *all);
        r = object_cache_write(m, all, n);
    }
    free(all);
    return r;
}

/* The job's objects become the module's, for the next save. */
static void
keep(struct job *j)
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
    }
}

static int
job_run(struct job *j)
{
    int r;

    if (!job_divide(j))
        return -E_NOMEM;
    if (!j->nfuncs)
        return 0;
    work_all(j);
    r = atomic_load(&j->failed) ? -E_NOTSUP : job_load(j);
    if (r == 0 && engine_options()->cache) {
        keep(j);
        r = save(j->m);
    }
    return r;
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
        if (!job_add(&j, &t, i))
            r = -E_NOMEM;
    t_buffers_free(&t);
    if (r == 0)
        r = job_run(&j);
    job_free(&j);
    return r;
}

int
engine_module_compile(struct engine_module *m, optimise_progress_fn *progress,
                      void *ctx)
{
    int r;

    if (m->optimiser && m->optimiser->kept.n)
        return 0;
    if (!have_compiler())
        return -E_NOTSUP;
    r = compile_module(m, progress, ctx);
    return r < 0 ? r : 1;
}

/* ---- in the background ---- */

/* Samples in a function before it is compiled: a good part of a second, which
 * is what compiling costs. Shorter programs are better off without. */
#define HOT 4000u
#define BATCH_INSNS 6000u   /* a hot function and what it calls */
#define MOST_WAITING 64u

static struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    bool running;
    struct engine_module *m[MOST_WAITING];
    uint32_t func[MOST_WAITING], n;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .more = PTHREAD_COND_INITIALIZER};

static bool
wanted(struct job *j, uint32_t func)
{
    const struct func_code *c = &j->m->code[func];

    return !linked(j, func) && !atomic_load(&c->fast) &&
           atomic_load(&c->insns);
}

/* func, then what is called by what is in, while there is room. */
static int
gather(struct job *j, uint32_t func)
{
    struct translator t = {0};
    uint32_t insns = 0, own = j->m->nfuncs - j->m->nfuncs_imported;

    if (!job_add(j, &t, func))
        return -E_NOMEM;
    for (uint32_t k = 0; k < j->nfuncs; k++) {
        insns += j->funcs[k].n;
        for (uint32_t i = 0; i < j->funcs[k].n && insns < BATCH_INSNS; i++) {
            const struct insn *c = &j->funcs[k].code[i];
            uint32_t callee = c->uimm / (uint32_t)sizeof(struct func_code);

            if (c->code != OP_call || callee >= own || !wanted(j, callee))
                continue;
            if (!job_add(j, &t, callee))
                return -E_NOMEM;
            insns += j->funcs[j->nfuncs - 1].n;
        }
    }
    t_buffers_free(&t);
    return 0;
}

static int
by_func(const void *a, const void *b)
{
    const struct llvm_func *x = a, *y = b;

    return x->func < y->func ? -1 : x->func > y->func;
}

static void
compile_hot(struct engine_module *m, uint32_t func)
{
    struct job j;

    if (atomic_load(&m->code[func].fast) || !have_compiler())
        return;
    if (job_begin(&j, m) == 0 && gather(&j, func) == 0) {
        qsort(j.funcs, j.nfuncs, sizeof *j.funcs, by_func);
        job_run(&j);
    }
    job_free(&j);
}

static void *
background(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&queue.lock);
    for (;;) {
        struct engine_module *m;
        uint32_t func;

        while (!queue.n)
            pthread_cond_wait(&queue.more, &queue.lock);
        m = queue.m[0];
        func = queue.func[0];
        queue.n--;
        memmove(queue.m, queue.m + 1, queue.n * sizeof queue.m[0]);
        memmove(queue.func, queue.func + 1, queue.n * sizeof queue.func[0]);
        pthread_mutex_unlock(&queue.lock);
        compile_hot(m, func);
        engine_module_unref(m);
        pthread_mutex_lock(&queue.lock);
    }
    return NULL;
}

static void
ask_for(struct engine_module *m, uint32_t func)
{
    pthread_t thread;

    pthread_mutex_lock(&queue.lock);
    if (!queue.running && thread_start(&thread, background, NULL)) {
        pthread_detach(thread);
        queue.running = true;
    }
    if (queue.running && queue.n < MOST_WAITING) {
        queue.m[queue.n] = engine_module_ref(m);
        queue.func[queue.n++] = func;
        pthread_cond_signal(&queue.more);
    } else {
        atomic_store(&m->optimiser->heat[func], 0);
    }
    pthread_mutex_unlock(&queue.lock);
}

void
optimise_sample(struct engine_module *m, const struct insn *pc)
{
    struct optimiser *o = m->optimiser;
    struct code_range range;

    if (!o || !o->heat || !module_find_pc(m, pc, &range) || range.sites ||
        atomic_load_explicit(&o->heat[range.func], memory_order_relaxed) >
            HOT)
        return;
    if (atomic_fetch_add_explicit(&o->heat[range.func], 1,
                                  memory_order_relaxed) == HOT)
        ask_for(m, range.func);
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
    if (object_cache_open(&own->kept, m) &&
        object_load(m, own->kept.blobs, own->kept.n) < 0)
        object_cache_close(&own->kept);
    if (o->eager && !own->kept.n && have_compiler())
        compile_module(m, NULL, NULL);
    if (!o->eager && optimise_available())
        own->heat = calloc(m->nfuncs + 1, sizeof *own->heat);
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
