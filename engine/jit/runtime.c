/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What machine code calls, with its registers as arguments, and the compiler's
 * way in. A helper ends by jit_return, which takes registers back.
 */
#include "config.h"

#if ENGINE_JIT
#include "jit.h"

#include <stdlib.h>

#include "atomic.h"
#include "gc.h"
#include "object.h"
#include "op/float.h"
#include "options.h"

#define HELPER __attribute__((preserve_none)) void
#define RETURN __attribute__((musttail)) return jit_return(ARGS)
/* r7 holds nothing where functions begin. */
#define JUMP_TO(address)                                                       \
    do {                                                                       \
        r7 = (address);                                                        \
        __attribute__((musttail)) return jit_jump_r7(ARGS);                    \
    } while (0)

#define FP ((uint64_t *)(void *)fp)

static uint64_t
budget_of(const struct engine_store *s)
{
    return s->budget > 0 ? (uint64_t)s->budget : 0;
}

/* The result of a function of type t, in slot p, as a register holds it. */
static uint64_t
int_result(uint32_t type, const uint64_t *p)
{
    const struct type_def *t = type_get(type);

    if (t->nresults != 1)
        return 0;
    return t->vt[t->nparams] == VT_I32 ? (uint32_t)*p : *p;
}

static vf
float_of(uint64_t bits)
{
    vd v = {f64_of(bits), 0};

    return (vf)v;
}

/* ---- in ---- */

/*
 * A tail call out of an instance whose frame is bridged already returns to C,
 * which makes the call: so loops of such calls need no native stack. The
 * outermost of nested C functions does it.
 */
static void
run_tails(struct engine_store *s, uint64_t *fp)
{
    while (s->tail) {
        struct engine_func *f = s->tail;

        s->tail = NULL;
        s->tail_awaited = true;
        s->native_in = f->instance;
        native_call(f->instance, fp, interp_bridge,
                    f->index - f->instance->module->nfuncs_imported);
        s->tail_awaited = false;
    }
}

static void
entry(struct engine_instance *in, uint64_t *fp, const struct insn *link,
      uintptr_t body)
{
    struct engine_store *s = in->store;
    bool awaited = s->tail_awaited;

    s->tail_awaited = false;
    s->budget =
        (int64_t)jit_shim(in, fp, in->mem0->base, budget_of(s), link, body, 0);
    if (s->tail && !awaited)
        run_tails(s, fp);
}

/* Whatever the cell holds, jit_lazy and jit_far too, is called alike. */
void
jit_call(struct engine_instance *in, uint64_t *fp, const struct insn *link,
         uint32_t func)
{
    struct engine_store *s = in->store;
    uintptr_t to =
        atomic_load_explicit(&in->code[func].jit, memory_order_acquire);
    bool awaited = s->tail_awaited;

    s->tail_awaited = false;
    s->budget =
        (int64_t)jit_shim(in, fp, in->mem0->base, budget_of(s), link, to,
                          func + in->module->nfuncs_imported);
    if (s->tail && !awaited)
        run_tails(s, fp);
}

const bool jit_goes_on = true; /* continuations, in machine code */

void
jit_go_on(struct engine_instance *in, uint64_t *fp, uint32_t link, uintptr_t at)
{
    struct engine_store *s = in->store;
    uint64_t none, *stack = &none;

    if (module_handler_slots(in->module))
        stack = &fp[link + 1];
    s->budget = (int64_t)jit_shim_back(in, fp, in->mem0->base, budget_of(s), at,
                                       stack);
    if (s->tail)
        run_tails(s, fp);
}

/* ---- calls ---- */

HELPER
jit_far(SIG) /* r0: link; r1: index; fp: the callee's frame */
{
    const struct insn *link = (const struct insn *)r0;
    struct engine_store *s = in->store;
    uint32_t func = (uint32_t)r1 - in->module->nfuncs_imported;

    s->budget = (int64_t)budget;
    native_call(in, FP, link, func);
    budget = budget_of(s);
    r0 = int_result(in->module->code[func].type, FP);
    f0 = float_of(FP[0]);
    RETURN;
}

HELPER
jit_lazy(SIG) /* the same, not yet translated */
{
    const struct insn *link = (const struct insn *)r0;
    uint32_t func = (uint32_t)r1 - in->module->nfuncs_imported;
    uintptr_t to;

    if (translate_func(in->module, func) < 0) {
        in->store->budget = (int64_t)budget;
        native_trap(in, FP - link->a, link, ENGINE_NO_MEMORY);
    }
    to =
        atomic_load_explicit(&in->module->code[func].jit, memory_order_acquire);
    if (to == (uintptr_t)jit_lazy)
        to = (uintptr_t)jit_far;
    JUMP_TO(to);
}

static HELPER
import(SIG) /* r0: the instruction */
{
    const struct insn *pc = (const struct insn *)r0;
    struct engine_store *s = in->store;
    struct engine_func *f = in->func_imports[pc->uimm];

    s->budget = (int64_t)budget;
    native_invoke(in, FP, pc, f);
    budget = budget_of(s);
    r0 = int_result(f->type, FP + pc->a);
    f0 = float_of(FP[pc->a]);
    RETURN;
}

static HELPER
indirect(SIG) /* r0: index or reference; r1: the instruction */
{
    const struct insn *pc = (const struct insn *)r1;
    struct engine_store *s = in->store;

    s->budget = (int64_t)budget;
    if (pc->code == interp_code(OP_call_ref)) {
        if (!r0)
            native_trap(in, FP, pc, ENGINE_NULL_REFERENCE);
        native_invoke(in, FP, pc, (struct engine_func *)r0);
    } else if (pc->code == interp_code(OP_call_indirect)) {
        native_call_table(in, FP, pc, in->table0, r0, pc->uimm);
    } else { /* the table is named by the instruction before */
        struct engine_table *t = in->tables[pc[-1].uimm];

        native_call_table(in, FP, pc, t,
                          t->is64 ? FP[pc->b] : (uint32_t)FP[pc->b], pc->uimm);
    }
    budget = budget_of(s);
    r0 = int_result(pc->uimm, FP + pc->a);
    f0 = float_of(FP[pc->a]);
    RETURN;
}

/* ---- tail calls ---- */

static struct engine_func *
tail_target(struct engine_instance *in, uint64_t *fp, const struct insn *pc)
{
    struct engine_func *f;

    if (pc->code == interp_code(OP_ret_call_table)) {
        struct engine_table *t = in->tables[pc[-1].uimm];
        uint64_t i = t->is64 ? fp[pc[1].b] : (uint32_t)fp[pc[1].b];

        if (i >= t->size)
            native_trap(in, fp, pc, ENGINE_TABLE_BOUNDS);
        f = t->elems[i];
        if (!f)
            native_trap(in, fp, pc, ENGINE_NULL_ELEMENT);
        if (f->type != pc->uimm && !type_is_subtype(f->type, pc->uimm))
            native_trap(in, fp, pc, ENGINE_INDIRECT_TYPE);
        return f;
    }
    f = (struct engine_func *)(uintptr_t)fp[pc[1].b];
    if (!f)
        native_trap(in, fp, pc, ENGINE_NULL_REFERENCE);
    return f;
}

/* A function of the host is called, and returned from; so is one of another
 * instance, with a bridge in place of this frame. */
static void
tail_out(struct engine_instance *in, uint64_t *fp, const struct insn *pc,
         struct engine_func *f)
{
    const struct type_def *t = type_get(f->type);
    const struct insn *link = (const struct insn *)(uintptr_t)fp[pc[1].a];
    uint64_t *base = fp + pc[1].uimm;
    struct engine_store *s = in->store;

    if (f->host) {
        native_invoke_at(in, fp, pc, f, base);
        memmove(fp, base, t->result_slots * sizeof *fp);
        return;
    }
    s->tail = f;
    if (link == interp_bridge) {
        memmove(fp, base, t->param_slots * sizeof *fp);
        return;
    }
    if ((size_t)(s->stack_limit - fp) < BRIDGE_SLOTS + t->param_slots ||
        (size_t)(s->stack_limit - fp) < BRIDGE_SLOTS + t->result_slots)
        native_trap(in, fp, pc, ENGINE_STACK_EXHAUSTED);
    memmove(fp + BRIDGE_SLOTS, base, t->param_slots * sizeof *fp);
    fp[0] = (uintptr_t)in;
    fp[1] = (uintptr_t)link;
    fp[2] = (uint64_t)link->a << 32 | t->result_slots;
    run_tails(s, fp + BRIDGE_SLOTS);
    s->native_in = in;
    memmove(fp, fp + BRIDGE_SLOTS, t->result_slots * sizeof *fp);
}

static HELPER
tail(SIG) /* r0: the instruction; jumped to */
{
    const struct insn *pc = (const struct insn *)r0;
    struct engine_store *s = in->store;
    struct engine_func *f;
    uint32_t func;

    s->budget = (int64_t)budget;
    if (pc->code == interp_code(OP_ret_call)) {
        func = pc->uimm / (uint32_t)sizeof(struct func_code);
    } else {
        f = tail_target(in, FP, pc);
        if (f->host || f->instance != in) {
            tail_out(in, FP, pc, f);
            budget = budget_of(s);
            r0 = int_result(f->type, FP);
            f0 = float_of(FP[0]);
            RETURN;
        }
        func = f->index - in->module->nfuncs_imported;
    }
    r0 = FP[pc[1].a];
    memmove(fp, FP + pc[1].uimm, pc->b * sizeof *FP);
    r1 = func + in->module->nfuncs_imported;
    JUMP_TO(atomic_load_explicit(&in->module->code[func].jit,
                                 memory_order_acquire));
}

/* ---- the rest ---- */

static HELPER
trap(SIG) /* r0: status; r1: the instruction */
{
    in->store->budget = (int64_t)budget;
    native_trap(in, FP, (const struct insn *)r1, (enum engine_status)r0);
}

static HELPER
stack(SIG) /* r0: link. Its caller is to blame: there is no room for a link. */
{
    const struct insn *link = (const struct insn *)r0;

    in->store->budget = (int64_t)budget;
    native_trap(in, FP - link->a, link, ENGINE_STACK_EXHAUSTED);
}

/* r0: the instruction. Integers may be references: the collector finds them
 * behind the frame, where entries made room. */
static HELPER
poll(SIG)
{
    const uint64_t values[] = {r1, r2, r3, r4, r5, r6, r7};
    const struct insn *pc = (const struct insn *)r0;
    struct engine_store *s = in->store;

    s->budget = (int64_t)budget;
    native_poll_with(in, FP, pc, values, sizeof values / sizeof values[0]);
    budget = budget_of(s);
    RETURN;
}

/* The same at a loop's head, whose slots hold everything. r0 becomes where to go
 * on, if not here (object.h). */
static HELPER
loop(SIG)
{
    const uint64_t values[] = {r1, r2, r3, r4, r5, r6, r7};
    const struct insn *pc = (const struct insn *)r0;
    struct engine_store *s = in->store;

    s->budget = (int64_t)budget;
    native_poll_with(in, FP, pc, values, sizeof values / sizeof values[0]);
    budget = budget_of(s);
    r0 = object_osr_at(in, FP, pc);
    RETURN;
}

static HELPER
step(SIG) /* r0: struct native_step */
{
    struct engine_store *s = in->store;

    s->budget = (int64_t)budget;
    r0 = native_step(in, FP, (const struct native_step *)r0);
    budget = budget_of(s);
    mem = in->mem0->base;
    RETURN;
}

static HELPER
cont(SIG) /* r0: the instruction */
{
    struct engine_store *s = in->store;

    s->budget = (int64_t)budget;
    native_cont(in, FP, (const struct insn *)r0,
                (uintptr_t)__builtin_return_address(0));
    budget = budget_of(s);
    mem = in->mem0->base;
    RETURN;
}

/* r0: the instruction, ref.test or ref.cast; registers stay as they are, r0 is
 * the answer. */
static HELPER
cast(SIG)
{
    const struct insn *pc = (const struct insn *)r0;
    uint64_t v = FP[pc[2].uimm];
    bool null = pc->b == GC_REF_TEST_NULL || pc->b == GC_REF_CAST_NULL;

    r0 = v ? gc_ref_is(v, pc->uimm) : null;
    if (!r0 && (pc->b == GC_REF_CAST || pc->b == GC_REF_CAST_NULL)) {
        in->store->budget = (int64_t)budget;
        native_trap(in, FP, pc, ENGINE_CAST_FAILURE);
    }
    RETURN;
}

static HELPER
gc(SIG) /* r0: the instruction */
{
    const struct insn *pc = (const struct insn *)r0;
    struct engine_store *s = in->store;
    uint64_t *sp = FP + pc[2].uimm;
    enum engine_status st;

    s->budget = (int64_t)budget;
    st = gc_execute(in, (enum gc_opcode)pc->b, pc->uimm, pc[1].uimm, sp,
                    sp + pc[1].b);
    s->budget -= (int64_t)s->gc_work;
    s->gc_work = 0;
    if (st != ENGINE_OK)
        native_trap(in, FP, pc, st);
    budget = budget_of(s);
    RETURN;
}

static HELPER
atomic(SIG) /* r0: the instruction, no wait; then its result */
{
    const struct insn *pc = (const struct insn *)r0;
    struct engine_store *s = in->store;
    uint64_t *sp = FP + pc[2].uimm;
    enum engine_status st = atomic_execute(s, in->memories[pc->uimm], pc->b,
                                           insn_u64(&pc[1]), sp);

    if (st != ENGINE_OK) {
        s->budget = (int64_t)budget;
        native_trap(in, FP, pc, st);
    }
    r0 = sp[0];
    RETURN;
}

static HELPER
move(SIG) /* r0: to; r1: from; r2: how many slots */
{
    memmove(FP + r0, FP + r1, r2 * sizeof *FP);
    RETURN;
}

const uintptr_t jit_helpers[HELPER_COUNT] = {
    [HELPER_ENTRY] = (uintptr_t)entry,
    [HELPER_TRAP] = (uintptr_t)trap,
    [HELPER_STACK] = (uintptr_t)stack,
    [HELPER_POLL] = (uintptr_t)poll,
    [HELPER_LOOP] = (uintptr_t)loop,
    [HELPER_IMPORT] = (uintptr_t)import,
    [HELPER_INDIRECT] = (uintptr_t)indirect,
    [HELPER_TAIL] = (uintptr_t)tail,
    [HELPER_STEP] = (uintptr_t)step,
    [HELPER_CONT] = (uintptr_t)cont,
    [HELPER_CAST] = (uintptr_t)cast,
    [HELPER_GC] = (uintptr_t)gc,
    [HELPER_ATOMIC] = (uintptr_t)atomic,
    [HELPER_MOVE] = (uintptr_t)move};

/* ---- handlers ---- */

void
jit_land(struct engine_store *s, const struct walk *w)
{
    struct engine_instance *in = w->in;
    struct engine_module *m = in->module;
    struct frame_shape shape, *known = shape_entry(s, w->pc);
    struct code_range range;

    if (known && known->pc == w->pc && known->land) {
        shape = *known;
    } else {
        if (!module_find_pc(m, w->pc, &range))
            abort(); /* it has just been found */
        shape = (struct frame_shape){
            w->pc,
            jit_address(m, atomic_load(&m->code[range.func].jit),
                        (uint32_t)(w->pc - range.start)),
            range.link, range.frame};
        if (known)
            *known = shape;
    }
    s->native_in = in;
    s->run_base = s->native->run_base;
    s->step = NULL;
    jit_resume(in, w->fp, in->mem0->base, budget_of(s), shape.land,
               (uintptr_t)w->fp[shape.link + 1]);
}

/* ---- compiling ---- */

static bool
compile(struct jit *j)
{
    size_t need;
    bool far;

    j->nslots = j->t->out[0].uimm + 2;
    j->failed = j->far = false;
    if (j->t->wide || !jit_blocks(j) || !jit_live(j) || !jit_segments(j))
        return false;
    jit_allocate(j);
    j->current = arena_alloc(&j->work, j->nslots * sizeof *j->current);
    j->native_at = arena_alloc(&j->work, j->n * sizeof *j->native_at);
    if (!j->current || !j->native_at)
        return false;
    for (need = j->n * 64u + 16384;; need *= 4) {
        if (need > (size_t)1 << 30)
            return false;
        if (j->cap < need) {
            free(j->buf);
            j->buf = malloc(need);
            j->cap = j->buf ? need : 0;
            if (!j->buf)
                return false;
        }
        far = j->far;
        j->failed = false;
        jit_emit(j);
        if (!j->failed)
            return jit_install(j);
        if (j->far != far)
            continue; /* with long jumps */
        if (j->at + 4096 < j->cap)
            return false; /* it was not for want of room */
    }
}

void
jit_compile(struct translator *t, struct engine_module *m, uint32_t func)
{
    struct jit *j = m->jit;

    if (!m->plain)
        return;
    atomic_store(&m->code[func].jit, (uintptr_t)jit_far);
    if (!j)
        j = m->jit = calloc(1, sizeof *j);
    if (!j)
        return;
    j->m = m;
    j->t = t;
    j->func = func;
    j->code = t->out;
    j->n = t->n;
    j->published = atomic_load(&m->code[func].insns);
    compile(j); /* or not: jit_far stays */
    arena_reset(&j->work, m->passing);
    if (m->passing || j->cap > (size_t)4 << 20) {
        free(j->buf);
        j->buf = NULL;
        j->cap = 0;
    }
    t->failed = false;
}

void
jit_module_init(struct engine_module *m)
{
    for (uint32_t i = 0; i < m->nfuncs - m->nfuncs_imported; i++)
        atomic_init(&m->code[i].jit, (uintptr_t)jit_lazy);
}

uintptr_t
jit_adapter(void)
{
    return (uintptr_t)jit_far;
}

uintptr_t
jit_untranslated(void)
{
    return (uintptr_t)jit_lazy;
}

void
jit_module_finish(struct engine_module *m)
{
    struct jit *j = m->jit;

    if (!j)
        return;
    jit_chunks_free(j);
    arena_reset(&j->keep, true);
    arena_reset(&j->work, true);
    free(j->segments);
    free(j->fixups);
    free(j->colds);
    free(j->slots);
    free(j->buf);
    free(j);
    m->jit = NULL;
}

static __attribute__((constructor)) void
available(void)
{
    if (jit_memory_works())
        options_tier_available(ENGINE_TIER_JIT);
}
#endif
