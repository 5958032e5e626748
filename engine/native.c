/* SPDX-License-Identifier: Apache-2.0 */
/* What machine code calls, and how it is entered and left: see native.h. */
#include "native.h"

#include <stdio.h>
#include <stdlib.h>

#include "baseline.h"
#include "cont.h"
#include "op/ops.h"
#include "optimise.h"
#include "perfmap.h"
#include "pith_errno.h"

/* ---- publishing
 * -------------------------------------------------------------------- */

void
native_publish(struct engine_module *m, uint32_t func, native_fn *fn,
               uintptr_t jit)
{
    struct func_code *code = &m->code[func];

    atomic_store_explicit(&code->native, fn, memory_order_release);
    atomic_store_explicit(&code->jit, jit ? jit : jit_adapter(),
                          memory_order_release);
    atomic_store_explicit(&code->entry, &code->gate, memory_order_release);
}

void
native_take_back(struct engine_module *m, uint32_t func)
{
    struct func_code *code = &m->code[func];

    atomic_store(&code->fast, NULL);
    if (jit_publish_again(m, func))
        return;
    atomic_store(&code->entry, &code->stub);
    atomic_store(&code->jit, jit_untranslated());
    atomic_store(&code->native, NULL);
}

/*
 * Ranges sorted by address, in an array that is replaced as a whole: a signal
 * handler reads whichever it finds. Old arrays are kept until the next one is
 * twice as old, for a handler that may still look.
 */
struct code_map {
    size_t n;
    struct native_code at[];
};

static _Atomic(struct code_map *) map;
static struct code_map *retired;
static pthread_mutex_t map_lock = PTHREAD_MUTEX_INITIALIZER;

/* The first range that ends behind at. */
static size_t
map_position(const struct code_map *m, uintptr_t at)
{
    size_t lo = 0, hi = m ? m->n : 0;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (m->at[mid].end <= at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void
map_replace(struct code_map *m)
{
    free(retired);
    retired = atomic_exchange(&map, m);
}

/* The names were made when the module was loaded, if perf is to have them: no
 * lock is needed to look. */
void
native_tell_perf(const struct engine_module *m, uint32_t func,
                 const void *start, size_t size)
{
    uint32_t i = func + m->nfuncs_imported;
    char number[24];
    const char *name;

    if (!perfmap_on())
        return;
    name = m->names ? m->names[i] : NULL;
    if (!name) {
        snprintf(number, sizeof number, "function %u", i);
        name = number;
    }
    perfmap_add(start, size, NULL, name);
}

int
native_code_add(const void *start, size_t size, struct engine_module *m,
                uint32_t func, native_place_fn *place)
{
    struct native_code c = {(uintptr_t)start, (uintptr_t)start + size, m, func,
                            place};
    struct code_map *old, *new;
    size_t n, i;

    pthread_mutex_lock(&map_lock);
    old = atomic_load(&map);
    n = old ? old->n : 0;
    i = map_position(old, c.start);
    new = malloc(sizeof *new + (n + 1) * sizeof new->at[0]);
    if (new) {
        new->n = n + 1;
        if (old) {
            memcpy(new->at, old->at, i * sizeof c);
            memcpy(new->at + i + 1, old->at + i, (n - i) * sizeof c);
        }
        new->at[i] = c;
        map_replace(new);
    }
    pthread_mutex_unlock(&map_lock);
    return new ? 0 : -E_NOMEM;
}

void
native_code_remove(const void *start)
{
    struct code_map *old, *new;
    size_t i;

    pthread_mutex_lock(&map_lock);
    old = atomic_load(&map);
    i = map_position(old, (uintptr_t)start);
    if (old && i < old->n && old->at[i].start == (uintptr_t)start) {
        new = malloc(sizeof *new + (old->n - 1) * sizeof new->at[0]);
        if (new) {
            new->n = old->n - 1;
            memcpy(new->at, old->at, i * sizeof old->at[0]);
            memcpy(new->at + i, old->at + i + 1,
                   (old->n - 1 - i) * sizeof old->at[0]);
            map_replace(new);
        } else { /* nothing lies there any more */
            old->at[i].module = NULL;
        }
    }
    pthread_mutex_unlock(&map_lock);
}

bool
native_code_find(uintptr_t at, struct native_code *out)
{
    const struct code_map *m = atomic_load(&map);
    size_t i = map_position(m, at);

    if (!m || i >= m->n || at < m->at[i].start || !m->at[i].module)
        return false;
    *out = m->at[i];
    return true;
}

/* ---- in and out
 * -------------------------------------------------------------------- */

/* Machine code begins here: func's (at 0), or in the middle of a function, whose
 * link slot that is. */
static enum engine_status
enter(struct engine_instance *in, uint32_t func, uint64_t *fp,
      const struct insn *link, uint32_t link_slot, uintptr_t at)
{
    struct engine_store *s = in->store;
    struct native_segment segment = {
        .prev = s->native, .base = fp, .run_base = s->run_base};
    struct engine_instance *outer = s->native_in;
    enum engine_status st = ENGINE_OK;

    s->native = &segment;
    s->native_in = in;
    switch (_setjmp(segment.landing)) {
    case 0:
        if (at)
            jit_go_on(in, fp, link_slot, at);
        else
            native_call(in, fp, link, func);
        break;
    case 1:
        st = ENGINE_EXCEPTION;
        break;
    default:
        st = STATUS_LANDING;
        break;
    }
    s->native = segment.prev;
    s->native_in = outer;
    s->run_base = segment.run_base;
    return st;
}

enum engine_status
native_enter(struct engine_instance *in, uint32_t func, uint64_t *fp,
             const struct insn *link)
{
    return enter(in, func, fp, link, 0, 0);
}

enum engine_status
native_go_on(struct engine_instance *in, uint64_t *fp, uint32_t link,
             uintptr_t address)
{
    return enter(in, 0, fp, NULL, link, address);
}

/* The host, a poll or a nested run ended with st. */
static _Noreturn void
leave(struct engine_store *s, enum engine_status st)
{
    s->status = st;
    s->step = NULL;
    _longjmp(*(jmp_buf *)s->act->landing, 2);
}

void
native_trap(struct engine_instance *in, uint64_t *fp, const struct insn *pc,
            enum engine_status st)
{
    trap_record(in->store, in, pc, fp);
    leave(in->store, st);
}

void
native_throw(struct engine_instance *in, uint64_t *fp, const struct insn *pc)
{
    struct engine_store *s = in->store;
    struct walk w = {in, pc, fp};

    if (exception_unwind(s, &w, s->native->base))
        jit_land(s, &w);
    trap_record(s, in, pc, fp);
    s->step = NULL;
    _longjmp(s->native->landing, 1);
}

static void
failed(struct engine_instance *in, uint64_t *fp, const struct insn *pc,
       enum engine_status st)
{
    if (st == ENGINE_EXCEPTION && in->store->exception)
        native_throw(in, fp, pc);
    /* an exit is no accident: nobody asks where it was; and a nested run that
     * trapped has said it already */
    if (st != ENGINE_EXIT && !in->store->nframes)
        trap_record(in->store, in, pc, fp);
    leave(in->store, st);
}

static struct engine_store *
going_out(struct engine_instance *in, uint64_t *fp, const struct insn *pc,
          uint64_t *top)
{
    struct engine_store *s = in->store;

    s->act->pc = pc;
    s->act->fp = fp;
    s->act->in = in;
    s->sp = top;
    return s;
}

void
native_poll(struct engine_instance *in, uint64_t *fp, const struct insn *pc)
{
    native_poll_with(in, fp, pc, NULL, 0);
}

void
native_poll_with(struct engine_instance *in, uint64_t *fp,
                 const struct insn *pc, const uint64_t *values, uint32_t n)
{
    struct code_range range;
    uint64_t *top = fp;
    enum engine_status st;

    if (module_find_pc(in->module, pc, &range))
        top += range.frame;
    for (uint32_t i = 0; i < n; i++)
        *top++ = values[i];
    st = store_poll(going_out(in, fp, pc, top));
    if (st != ENGINE_OK)
        failed(in, fp, pc, st);
}

/* ---- calls
 * ------------------------------------------------------------------------- */

void
native_land(struct engine_store *s)
{
    s->step = NULL;
    if (s->landing_segment) {
        s->native = s->landing_segment;
        jit_land(s, &s->landing);
    }
    _longjmp(s->native->landing, 3);
}

/* A run of the interpreter for the machine code of segment is over; pc called
 * it. */
static void
run_ended(struct engine_instance *in, uint64_t *fp, const struct insn *pc,
          struct native_segment *segment)
{
    struct engine_store *s = in->store;

    s->native = segment;
    if (s->status == STATUS_LANDING)
        native_land(s);
    if (s->status == ENGINE_EXCEPTION && s->exception)
        native_throw(in, fp, pc);
    if (s->status != ENGINE_OK)
        leave(s, s->status); /* recorded where it happened */
}

/* The interpreter, one level down the native stack. */
static void
interpret(struct engine_instance *in, uint64_t *fp, const struct insn *link,
          uint32_t func, const struct insn *entry)
{
    struct engine_store *s = in->store;
    const struct type_def *t = type_get(in->module->code[func].type);
    struct native_segment *segment = s->native;
    struct engine_instance *caller = in;
    uint64_t *run_base = s->run_base;

    if ((size_t)(s->stack_limit - fp) < BRIDGE_SLOTS + t->param_slots ||
        (size_t)(s->stack_limit - fp) < BRIDGE_SLOTS + t->result_slots)
        native_trap(in, fp - link->a, link, ENGINE_STACK_EXHAUSTED);
    memmove(fp + BRIDGE_SLOTS, fp, t->param_slots * sizeof *fp);
    fp[0] = (uintptr_t)caller;
    fp[1] = (uintptr_t)link;
    fp[2] = (uint64_t)link->a << 32 | t->result_slots;
    s->run_base = fp;
    interp_run_from(in, entry, fp + BRIDGE_SLOTS, interp_return);
    s->run_base = run_base;
    run_ended(in, fp - link->a, link, segment);
}

/* Inside continuations only code that can be moved runs (cont.h). */
static void
movable(struct engine_module *m)
{
    if (!atomic_load_explicit(&m->exact, memory_order_relaxed))
        optimise_not(m);
}

void
native_call(struct engine_instance *in, uint64_t *fp, const struct insn *link,
            uint32_t func)
{
    struct func_code *code = &in->module->code[func];
    const struct insn *entry;
    native_fn *fn;

    if (in->store->prompt && in->module->optimiser)
        movable(in->module);
    fn = atomic_load_explicit(&code->native, memory_order_acquire);
    if (!fn) {
        if (atomic_load_explicit(&in->module->cold, memory_order_relaxed))
            code_warm(in->module);
        entry = atomic_load_explicit(&code->entry, memory_order_acquire);
        if (entry == &code->stub) {
            if (translate_func(in->module, func) < 0)
                native_trap(in, fp - link->a, link, ENGINE_NO_MEMORY);
            fn = atomic_load_explicit(&code->native, memory_order_acquire);
            entry = atomic_load_explicit(&code->entry, memory_order_acquire);
        }
    }
    if (fn)
        fn(in, fp, link);
    else
        interpret(in, fp, link, func, entry);
}

void
native_invoke(struct engine_instance *in, uint64_t *fp, const struct insn *pc,
              struct engine_func *f)
{
    native_invoke_at(in, fp, pc, f, fp + pc->a);
}

void
native_invoke_at(struct engine_instance *in, uint64_t *fp,
                 const struct insn *pc, struct engine_func *f, uint64_t *base)
{
    const struct type_def *t = type_get(f->type);
    uint32_t np = t->param_slots, nr = t->result_slots;
    enum engine_status st;

    if (f->host) {
        struct engine_store *s =
            going_out(in, fp, pc, base + (np > nr ? np : nr));

        st = f->host(s, in, f->env, base);
        if (st != ENGINE_OK)
            failed(in, fp, pc, st);
        return;
    }
    if (f->instance == in) {
        native_call(in, base, pc, f->index - in->module->nfuncs_imported);
        return;
    }
    if ((size_t)(in->stack_limit - base) < BRIDGE_SLOTS + (np > nr ? np : nr))
        native_trap(in, fp, pc, ENGINE_STACK_EXHAUSTED);
    memmove(base + BRIDGE_SLOTS, base, np * sizeof *base);
    base[0] = (uintptr_t)in;
    base[1] = (uintptr_t)pc;
    base[2] = (uint64_t)(base - fp) << 32 | nr;
    in->store->native_in = f->instance;
    in->store->tail_awaited = false;
    native_call(f->instance, base + BRIDGE_SLOTS, interp_bridge,
                f->index - f->instance->module->nfuncs_imported);
    in->store->native_in = in;
    memmove(base, base + BRIDGE_SLOTS, nr * sizeof *base);
}

void
native_call_table(struct engine_instance *in, uint64_t *fp,
                  const struct insn *pc, struct engine_table *t, uint64_t i,
                  uint32_t type)
{
    struct engine_func *f;

    if (i >= t->size)
        native_trap(in, fp, pc, ENGINE_TABLE_BOUNDS);
    f = t->elems[i];
    if (!f)
        native_trap(in, fp, pc, ENGINE_NULL_ELEMENT);
    if (f->type != type && !type_is_subtype(f->type, type))
        native_trap(in, fp, pc, ENGINE_INDIRECT_TYPE);
    native_invoke(in, fp, pc, f);
}

/* ---- continuations
 * ------------------------------------------------------------------------- */

static void
resume(struct engine_instance *in, uint64_t *fp, const struct insn *pc)
{
    struct engine_store *s = going_out(in, fp, pc, fp + pc[1].uimm + pc->a);
    const struct insn *link = pc + RESUME_WORDS + HANDLER_WORDS * pc->b;
    struct native_segment *segment = s->native;
    uint64_t *run_base = s->run_base;
    struct walk to = {in, pc, fp};
    enum engine_status st = cont_resume(in, pc, fp, true, &to);

    s->budget -= (int64_t)s->gc_work;
    s->gc_work = 0;
    if (to.fp == fp || (st != ENGINE_OK && st != ENGINE_EXCEPTION)) {
        if (st != ENGINE_OK)
            failed(in, fp, to.pc, st);
        return;
    }
    s->run_base = fp + pc[1].uimm; /* the prompt */
    if (st == ENGINE_OK || exception_unwind(s, &to, NULL)) {
        interp_run_from(to.in, to.pc, to.fp, interp_prompt);
    } else {
        s->status = st;
        prompts_drop(s, fp);
    }
    s->run_base = run_base;
    run_ended(in, fp, link, segment);
}

void
native_cont(struct engine_instance *in, uint64_t *fp, const struct insn *pc,
            uintptr_t address)
{
    struct engine_store *s = in->store;
    enum engine_status st;

    if (pc->code == interp_code(OP_cont_resume)) {
        resume(in, fp, pc);
        return;
    }
    going_out(in, fp, pc, fp + pc[1].uimm + pc->a);
    if (pc->code == interp_code(OP_cont_suspend))
        st = cont_suspend(in, pc, fp, jit_goes_on ? address : 0);
    else
        st = cont_switch(in, pc, fp, jit_goes_on ? address : 0);
    s->budget -= (int64_t)s->gc_work;
    s->gc_work = 0;
    if (st != ENGINE_OK)
        native_trap(in, fp, pc, st);
    native_land(s);
}

/* ---- steps
 * ------------------------------------------------------------------------- */

uint64_t
native_step(struct engine_instance *in, uint64_t *fp,
            const struct native_step *step)
{
    struct engine_store *s = in->store;

    s->step = step;
    interp_run_from(in, step->code, fp, NULL);
    s->step = NULL;
    if (s->status == ENGINE_EXCEPTION && s->exception)
        native_throw(in, fp, step->origin);
    if (s->status != ENGINE_OK)
        leave(s, s->status);
    return s->step_value;
}

const struct insn *
step_origin(const struct engine_store *s, const struct insn *pc)
{
    const struct native_step *step = s->step;

    if (step && pc >= step->code && pc < step->code + step->n)
        return step->origin + (pc - step->code);
    return pc;
}
