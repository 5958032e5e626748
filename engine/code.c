/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module's translated code: chunks in which functions lie in order of
 * address, so that a pc leads to its function by binary search. Under the
 * module's lock; a function is published by its entry.
 */
#include "translate.h"

#include <stdlib.h>

#include "baseline.h"
#include "options.h"
#include "pith_errno.h"
#include "ready.h"
#include "runtime.h"

#define CHUNK_FIRST ((size_t)64 << 10)
#define CHUNK_LARGEST ((size_t)4 << 20)
#define KEEP_BUFFERS ((size_t)1 << 16) /* instructions */

/* Modules that programs make are small and many. */
static size_t
first_chunk(const struct engine_module *m)
{
    size_t size = 16 * m->size + 1024;

    return m->passing && size < CHUNK_FIRST ? size : CHUNK_FIRST;
}

static struct code_chunk *
chunk_for(struct engine_module *m, size_t bytes)
{
    struct code_chunk *c = m->chunks;
    size_t size = c && !c->foreign ? c->size * 2 : first_chunk(m);

    if (c && !c->foreign && bytes <= c->size - c->used)
        return c;
    if (size > CHUNK_LARGEST)
        size = CHUNK_LARGEST;
    if (size < bytes)
        size = bytes;
    c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->mem = malloc(size);
    if (!c->mem) {
        free(c);
        return NULL;
    }
    c->size = size;
    c->next = m->chunks;
    m->chunks = c;
    m->code_bytes += size;
    return c;
}

static struct code_range *
range_add(struct code_chunk *c)
{
    if (c->nranges == c->ranges_cap) {
        uint32_t cap = c->ranges_cap ? c->ranges_cap * 2 : 16;
        struct code_range *p = realloc(c->ranges, cap * sizeof *p);

        if (!p)
            return NULL;
        c->ranges = p;
        c->ranges_cap = cap;
    }
    return &c->ranges[c->nranges];
}

/*
 * Where a branch leads in the end: jumps to jumps are followed, a few of them.
 * Backward ones are not skipped: they are where code is polled.
 */
static void
thread_jump(const struct translator *t, uint32_t at, struct insn *i)
{
    uint32_t target = at + (uint32_t)i->imm;

    for (int hops = 0;
         hops < 4 && target < t->n && t->out[target].code == OP_br; hops++)
        target += (uint32_t)t->out[target].imm;
    i->imm = (int32_t)(target - at);
}

void
t_finish(const struct translator *t, struct insn *to, bool handlers)
{
    memcpy(to, t->out, t->n * sizeof *to);
    for (uint32_t i = 0; i < t->n; i++) {
        unsigned op = (unsigned)to[i].code;

        if (op_is_branch(op) && to[i].imm > 0)
            thread_jump(t, i, &to[i]);
        if (handlers)
            to[i].code = interp_code(op);
        i += t_raw_count(op);
    }
}

/* A call that came to the stub finds the translation from now on. */
static void
enter_translation(struct engine_module *m, uint32_t func)
{
    const struct insn *stub = &m->code[func].stub;

    atomic_compare_exchange_strong(&m->code[func].entry, &stub,
                                   atomic_load(&m->code[func].insns));
}

/* Room for n instructions of func, which become it by publish(). */
static struct insn *
make_room(struct engine_module *m, uint32_t n, const struct eh_entry *handlers,
          const struct code_range *like)
{
    struct code_chunk *c = chunk_for(m, n * sizeof(struct insn));
    struct code_range *r = c ? range_add(c) : NULL;
    size_t bytes = like->nhandlers * sizeof *handlers;

    if (!r)
        return NULL;
    *r = *like;
    if (bytes) {
        void *copy = malloc(bytes);

        if (!copy)
            return NULL;
        memcpy(copy, handlers, bytes);
        r->handlers = copy;
    }
    r->start = (struct insn *)(void *)(c->mem + c->used);
    r->end = r->start + n;
    return (struct insn *)(void *)(c->mem + c->used);
}

static void
publish(struct engine_module *m, const struct insn *to)
{
    struct code_chunk *c = m->chunks;
    struct code_range *r = &c->ranges[c->nranges++];

    r->frame = to->uimm; /* of `enter` */
    c->used += (size_t)(r->end - to) * sizeof *to;
    m->code_bytes += r->nhandlers * sizeof *r->handlers;
    atomic_store_explicit(&m->code[r->func].insns, to, memory_order_release);
    enter_translation(m, r->func);
}

static int
publish_translated(const struct translator *t, struct engine_module *m,
                   uint32_t func)
{
    struct insn *to = make_room(m, t->n, t->handlers,
                                &(struct code_range){.func = func,
                                                     .nhandlers = t->nhandlers,
                                                     .link = t->link});

    if (!to)
        return -E_NOMEM;
    t_finish(t, to, true);
    publish(m, to);
    return 0;
}

/* Was it translated beforehand? */
static bool
publish_ready(struct engine_module *m, uint32_t func)
{
    const struct ready_code *c = ready_func(m, func);
    struct insn *to = NULL;

    if (c)
        to = make_room(m, c->n, (const void *)(c + 1),
                       &(struct code_range){.func = func,
                                            .nhandlers = c->nhandlers,
                                            .link = c->link});
    if (!to)
        return false;
    if (!ready_unpack(m, c, to)) {
        free((void *)(uintptr_t)m->chunks->ranges[m->chunks->nranges].handlers);
        return false;
    }
    publish(m, to);
    return true;
}

int
code_add_sites(struct engine_module *m, struct code_range *ranges, uint32_t n)
{
    struct code_chunk *c = calloc(1, sizeof *c), **at = &m->chunks;

    if (!c)
        return -E_NOMEM;
    c->foreign = true;
    c->mem = (uint8_t *)(uintptr_t)ranges[0].start;
    c->used = c->size =
        (size_t)((const uint8_t *)ranges[n - 1].end - c->mem);
    c->ranges = ranges;
    c->nranges = n;
    pthread_mutex_lock(&m->lock);
    while (*at) /* the first is where translations go */
        at = &(*at)->next;
    *at = c;
    pthread_mutex_unlock(&m->lock);
    return 0;
}

/* ---- when functions are compiled ----
 *
 * While a module is cold its functions are translated and interpreted, nothing
 * more: what ends soon needs no machine code. After some polls (options_warm_up)
 * it is warm: calls of all functions lead to their stubs again, which compile
 * them; and a loop that polls in the interpreter goes on in machine code. So
 * there is no mixture that calls to and fro between the two, nesting native
 * stack: what is interpreted lies below what is compiled. Machine code that calls
 * a cold module warms it, for the same reason.
 */

/* Never tried: a function that cannot be compiled has another address there. */
static bool
is_due(const struct engine_module *m, uint32_t func)
{
    const struct func_code *c = &m->code[func];

    return m->plain && !atomic_load(&m->cold) && !atomic_load(&c->native) &&
           atomic_load(&c->jit) == jit_untranslated() && jit_untranslated();
}

static void
compile(struct translator *t, struct engine_module *m, uint32_t func)
{
    if (!is_due(m, func))
        return;
    jit_compile(t, m, func);
    if (!atomic_load(&m->code[func].native))
        enter_translation(m, func);
}

void
code_warm(struct engine_module *m)
{
    pthread_mutex_lock(&m->lock);
    atomic_store(&m->cold, 0);
    for (uint32_t i = 0; i < m->nfuncs - m->nfuncs_imported; i++) {
        const struct insn *insns = atomic_load(&m->code[i].insns);

        if (insns && is_due(m, i))
            atomic_compare_exchange_strong(&m->code[i].entry, &insns,
                                           &m->code[i].stub);
    }
    pthread_mutex_unlock(&m->lock);
}

/* One poll less; false: it is cold yet. */
static bool
warms_up(struct engine_module *m)
{
    uint32_t left = atomic_load(&m->cold);

    while (left > 1)
        if (atomic_compare_exchange_weak(&m->cold, &left, left - 1))
            return false;
    if (left)
        code_warm(m);
    return true;
}

const struct insn *
code_polled(struct engine_instance *in, const struct insn *pc,
            const uint64_t *fp)
{
    struct engine_module *m = in->module;
    struct engine_store *s = in->store;
    struct code_range range;

    if (!warms_up(m) || !module_find_pc(m, pc, &range) || range.sites ||
        (size_t)(in->stack_limit - fp) < range.frame + JIT_SLACK ||
        translate_func(m, range.func) < 0)
        return pc;
    s->go_on =
        jit_loop_entry(m, range.func, (uint32_t)(pc - range.start));
    s->go_on_enter = range.start;
    s->go_on_pc = pc;
    return s->go_on ? interp_go_on : pc;
}

int
translate_func(struct engine_module *m, uint32_t func)
{
    struct translator *t;
    int r = 0;

    pthread_mutex_lock(&m->lock);
    if (atomic_load(&m->code[func].insns) && !is_due(m, func)) {
        enter_translation(m, func);
        goto out; /* another thread was faster */
    }
    if (!atomic_load(&m->code[func].insns) && !is_due(m, func) &&
        publish_ready(m, func))
        goto out;
    if (!m->translator)
        m->translator = calloc(1, sizeof *m->translator);
    t = m->translator;
    r = -E_NOMEM;
    if (!t)
        goto out;
    t->want = UINT32_MAX;
    if (t_translate(t, m, func))
        r = atomic_load(&m->code[func].insns) ? 0
                                          : publish_translated(t, m, func);
    if (r == 0 && !atomic_load(&m->code[func].native)) /* optimised already */
        compile(t, m, func);
    if (t->cap > KEEP_BUFFERS || t->stack_cap > KEEP_BUFFERS || r < 0 ||
        m->passing)
        t_buffers_free(t);
out:
    pthread_mutex_unlock(&m->lock);
    return r;
}

int
translate_all(struct engine_module *m)
{
    int r = 0;

    for (uint32_t i = 0; i < m->nfuncs - m->nfuncs_imported && r == 0; i++)
        r = translate_func(m, i);
    return r;
}

void
translate_init(struct engine_module *m)
{
    uintptr_t code = interp_code(OP_translate), gate = interp_code(OP_native);

    m->plain = engine_options()->tier != ENGINE_TIER_INTERP;

    for (uint32_t i = 0; i < m->nfuncs - m->nfuncs_imported; i++) {
        m->code[i].stub.code = code;
        m->code[i].stub.uimm = i;
        m->code[i].gate.code = gate;
        m->code[i].gate.uimm = i;
        atomic_init(&m->code[i].entry, &m->code[i].stub);
    }
    atomic_init(&m->cold, m->plain ? options_warm_up() : 0);
    jit_module_init(m);
}

void
translate_free(struct engine_module *m)
{
    struct code_chunk *c;

    jit_module_finish(m);
    while ((c = m->chunks)) {
        m->chunks = c->next;
        for (uint32_t i = 0; i < c->nranges; i++)
            free((void *)(uintptr_t)c->ranges[i].handlers);
        free(c->ranges);
        if (!c->foreign)
            free(c->mem);
        free(c);
    }
    if (m->translator)
        t_buffers_free(m->translator);
    free(m->translator);
}

bool
module_find_pc(struct engine_module *m, const struct insn *pc,
               struct code_range *out)
{
    bool found = false;

    pthread_mutex_lock(&m->lock);
    for (struct code_chunk *c = m->chunks; c && !found; c = c->next) {
        uint32_t lo = 0, hi = c->nranges;

        if ((uintptr_t)pc < (uintptr_t)c->mem ||
            (uintptr_t)pc >= (uintptr_t)(c->mem + c->used))
            continue;
        while (lo < hi) {
            uint32_t mid = (lo + hi) / 2;

            if (c->ranges[mid].end <= pc)
                lo = mid + 1;
            else
                hi = mid;
        }
        if (lo < c->nranges) {
            *out = c->ranges[lo];
            found = true;
        }
    }
    pthread_mutex_unlock(&m->lock);
    return found;
}

/* Translate again and watch: nothing is kept for a question so rare. */
uint32_t
module_pc_offset(struct engine_module *m, const struct code_range *range,
                 const struct insn *pc)
{
    struct translator t = {.want = range->sites
                                       ? (uint32_t)pc->code
                                       : (uint32_t)(pc - range->start)};
    uint32_t found;

    t_translate(&t, m, range->func);
    found = t.found;
    t_buffers_free(&t);
    return found;
}
