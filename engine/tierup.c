/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tier-up: what time goes into becomes better code while the program runs.
 *
 * Every poll (store_poll) adds the time since the last one to the function that
 * polled. A function is compiled when it has had GAIN times what compiling it
 * would cost: had the program ended just then, little would have been lost, and
 * if it goes on the better code soon earns its price. So short programs never
 * load LLVM, and everything hot gets there.
 *
 * One thread compiles for the whole process, hottest request first. The new
 * code takes effect at the next call. A function that is seen in its old code
 * after that sits in a loop: then that loop's head becomes an entry
 * (on-stack replacement, osr in llvm/unit.h), which the poll there takes.
 */
#include "optimise.h"

#include <stdlib.h>
#include <time.h>

#include "job.h"
#include "native.h"
#include "object.h"
#include "options.h"
#include "pith_errno.h"
#include "runtime.h"

#define GAIN 3u
#define INSN_US 25u     /* to compile an instruction, measured */
#define LOAD_US 100000u /* to load LLVM, and what it takes with it */
#define STUCK_US 10000u /* in old code */
#define ASKED UINT32_MAX
#define BATCH_INSNS 4000u /* a hot function and what it calls */
#define SMALL 60u         /* instructions: worth taking along at once */
#define MOST_WAITING 64u
#define LONG_NS 1000000u /* between two polls: it may have slept */

struct request {
    struct engine_module *m; /* a reference */
    uint32_t func, osr;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t more, idle;
    bool running, busy, stopped;
    struct request at[MOST_WAITING];
    uint32_t n;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .more = PTHREAD_COND_INITIALIZER,
           .idle = PTHREAD_COND_INITIALIZER};

static atomic_bool loaded; /* LLVM is */

/* ---- the process's end ---- */

/* For who forgot engine_compile_stop. */
static void
stop(void)
{
    pthread_mutex_lock(&queue.lock);
    queue.stopped = true;
    while (queue.busy)
        pthread_cond_wait(&queue.idle, &queue.lock);
    pthread_mutex_unlock(&queue.lock);
}

/* A child has no thread, whatever its parent's was doing. */
static void
forked(void)
{
    pthread_mutex_init(&queue.lock, NULL);
    pthread_cond_init(&queue.more, NULL);
    pthread_cond_init(&queue.idle, NULL);
    queue.running = queue.busy = queue.stopped = false;
    queue.n = 0;
}

bool
engine_compile_stop(void)
{
    bool busy;

    pthread_mutex_lock(&queue.lock);
    queue.stopped = true;
    busy = queue.busy;
    pthread_mutex_unlock(&queue.lock);
    return busy;
}

/* ---- compiling ---- */

static bool
wanted(const struct job *j, uint32_t func, uint32_t heat)
{
    const struct func_code *c = &j->m->code[func];
    const struct optimiser *o = j->m->optimiser;

    return !job_has(j, func) && !atomic_load(&c->fast) &&
           atomic_load(&c->insns) &&
           (c->length <= SMALL || atomic_load(&o->heat[func]) >= heat);
}

/* func, then what it calls that is hot as well, or small; and so on. */
static int
gather(struct job *j, uint32_t func, struct translator *t)
{
    uint32_t insns = 0, own = j->m->nfuncs - j->m->nfuncs_imported;

    if (!job_add(j, t, func, 0))
        return -E_NOMEM;
    for (uint32_t k = 0; k < j->nfuncs; k++) {
        insns += j->funcs[k].n;
        for (uint32_t i = 0; i < j->funcs[k].n && insns < BATCH_INSNS; i++) {
            const struct insn *c = &j->funcs[k].code[i];
            uint32_t callee = c->uimm / (uint32_t)sizeof(struct func_code);

            if (c->code != OP_call || callee >= own ||
                !wanted(j, callee, j->funcs[k].n * INSN_US))
                continue;
            if (!job_add(j, t, callee, 0))
                return -E_NOMEM;
            insns += j->funcs[j->nfuncs - 1].n;
        }
    }
    return 0;
}

static void
compile(const struct request *q)
{
    struct translator t = {0};
    struct job j;
    int r = job_begin(&j, q->m);

    atomic_store(&loaded, true);
    if (r == 0)
        r = !q->osr ? gather(&j, q->func, &t)
            : job_add(&j, &t, q->func, q->osr) ? 0
                                               : -E_NOMEM;
    t_buffers_free(&t);
    if (r == 0)
        r = job_run(&j, true);
    if (r == 0 && !q->m->passing && engine_options()->cache)
        optimise_keep(&j);
    for (uint32_t k = 0; r == 0 && k < j.nfuncs; k++) /* watch the old code */
        atomic_store(&q->m->optimiser->heat[j.funcs[k].func], 0);
    job_free(&j);
}

static bool
still_wanted(const struct request *q)
{
    if (atomic_load(&q->m->refs) == 1 || atomic_load(&q->m->exact))
        return false;
    return q->osr ? !object_osr_known(q->m, q->func, q->osr)
                  : !atomic_load(&q->m->code[q->func].fast);
}

static void
registered(void)
{
    static bool done;

    if (!done && compiler_get()) {
        done = true;
        atexit(stop);
        pthread_atfork(NULL, NULL, forked);
    }
}

static struct request
take(bool *last)
{
    struct request q = queue.at[0];

    queue.n--;
    memmove(queue.at, queue.at + 1, queue.n * sizeof queue.at[0]);
    *last = true;
    for (uint32_t i = 0; i < queue.n; i++)
        if (queue.at[i].m == q.m)
            *last = false;
    return q;
}

static void *
background(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&queue.lock);
    for (;;) {
        struct request q;
        bool last;

        while (!queue.n || queue.stopped)
            pthread_cond_wait(&queue.more, &queue.lock);
        q = take(&last);
        queue.busy = true;
        pthread_mutex_unlock(&queue.lock);
        registered();
        if (still_wanted(&q))
            compile(&q);
        if (last && q.m->optimiser->unsaved)
            optimise_save(q.m, false);
        engine_module_unref(q.m);
        pthread_mutex_lock(&queue.lock);
        queue.busy = false;
        pthread_cond_broadcast(&queue.idle);
    }
    return NULL;
}

/* ---- asking ---- */

static void
ask_for(struct engine_module *m, uint32_t func, uint32_t osr)
{
    pthread_t thread;

    pthread_mutex_lock(&queue.lock);
    if (!queue.running && job_thread(&thread, background, NULL)) {
        pthread_detach(thread);
        queue.running = true;
    }
    if (queue.running && queue.n < MOST_WAITING) {
        queue.at[queue.n++] =
            (struct request){engine_module_ref(m), func, osr};
        pthread_cond_signal(&queue.more);
    } else {
        atomic_store(&m->optimiser->heat[func], 0);
    }
    pthread_mutex_unlock(&queue.lock);
}

/* When old code of so many instructions has had enough; better: there is better.
 * PITH_HOT: microseconds, instead of what is worth it (for tests). */
static uint32_t
enough(uint32_t insns, bool better)
{
    static _Atomic int64_t given = -1;
    int64_t us = atomic_load_explicit(&given, memory_order_relaxed);

    if (us == -1) {
        const char *word = getenv("PITH_HOT");

        us = word ? atoi(word) : -2;
        atomic_store_explicit(&given, us, memory_order_relaxed);
    }
    if (us >= 0)
        return (uint32_t)us;
    if (better)
        return STUCK_US;
    return GAIN * (insns * INSN_US + (atomic_load(&loaded) ? 0 : LOAD_US));
}

static void
heat_up(struct engine_module *m, const struct insn *pc, uint64_t us)
{
    struct optimiser *o = m->optimiser;
    struct code_range range;
    uint32_t heat, insns, osr = 0;

    if (atomic_load(&m->exact) || !module_find_pc(m, pc, &range) ||
        range.sites)
        return;
    heat = atomic_load_explicit(&o->heat[range.func], memory_order_relaxed);
    if (heat == ASKED)
        return;
    heat += us < 1000000 ? (uint32_t)us : 1000000;
    insns = (uint32_t)(range.end - range.start);
    if (atomic_load(&m->code[range.func].fast)) {
        osr = (uint32_t)(pc - range.start);
        if (object_osr_known(m, range.func, osr))
            return;
    }
    if (heat < enough(insns, osr)) {
        atomic_store_explicit(&o->heat[range.func], heat,
                              memory_order_relaxed);
        return;
    }
    if (atomic_exchange(&o->heat[range.func], ASKED) != ASKED)
        ask_for(m, range.func, osr);
}

static uint64_t
read_clock(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool
tierup_sample(struct engine_store *s)
{
    const struct activation *a = s->act;
    uint64_t ns, cpu;

    if (!a || !a->in || !a->pc || !a->in->module->optimiser ||
        !a->in->module->optimiser->heat)
        return false;
    ns = s->polled_at ? read_clock(CLOCK_MONOTONIC) - s->polled_at : 0;
    if (ns > LONG_NS) { /* a system call each time would be too dear */
        cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
        if (ns > cpu - s->cpu_seen)
            ns = cpu - s->cpu_seen;
        s->cpu_seen = cpu;
    }
    heat_up(a->in->module, a->pc, ns / 1000);
    return true;
}

void
tierup_go_on(struct engine_store *s)
{
    s->polled_at = read_clock(CLOCK_MONOTONIC);
}
