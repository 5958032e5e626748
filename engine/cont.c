/* SPDX-License-Identifier: Apache-2.0 */
/* Continuations: see cont.h. */
#include "cont.h"

#include <stdlib.h>

#include "gc_heap.h"
#include "op/ops.h"

/* ---- operands ---- */

/* The stack of the continuation in a slot, which must have one. */
static enum engine_status
stack_of(uint64_t slot, struct cont_stack **out)
{
    struct continuation *k = (struct continuation *)(uintptr_t)slot;

    if (!k)
        return ENGINE_NULL_REFERENCE;
    *out = k->stack;
    return k->stack ? ENGINE_OK : ENGINE_CONT_CONSUMED;
}

/* n values; machine code counts on i32 without an upper half. Returns slots. */
static uint32_t
copy_values(uint64_t *to, const uint64_t *from, const uint32_t *vt, uint32_t n)
{
    uint32_t at = 0;

    for (uint32_t i = 0; i < n; i++) {
        to[at] = vt[i] == VT_I32 ? (uint32_t)from[at] : from[at];
        if (vt[i] == VT_V128) {
            at++;
            to[at] = from[at];
        }
        at++;
    }
    return at;
}

/* The next n arguments. */
static void
give(struct cont_stack *c, const uint64_t *from, const uint32_t *vt, uint32_t n)
{
    c->args += copy_values(c->slots + c->args, from, vt, n);
}

/* ---- cont.new, cont.bind ---- */

enum engine_status
cont_new(struct engine_instance *in, uint32_t type, uint64_t *sp, uint64_t *top)
{
    struct engine_func *f = (struct engine_func *)(uintptr_t)sp[0];
    struct continuation *k;

    if (!f)
        return ENGINE_NULL_REFERENCE;
    k = cont_create(in, type, type_get(f->type)->param_slots, top);
    if (!k)
        return ENGINE_NO_MEMORY;
    k->stack->func = f;
    memset(k->stack->slots, 0, k->stack->nslots * sizeof k->stack->slots[0]);
    sp[0] = (uintptr_t)k;
    return ENGINE_OK;
}

enum engine_status
cont_bind(struct engine_instance *in, uint32_t from, uint32_t to, uint64_t *sp,
          uint64_t *top)
{
    const struct type_def *f = type_cont_func(type_get(from));
    const struct type_def *t = type_cont_func(type_get(to));
    uint32_t n = f->param_slots - t->param_slots;
    struct continuation *k;
    struct cont_stack *c;
    enum engine_status st = stack_of(sp[n], &c);

    if (st != ENGINE_OK)
        return st;
    k = (struct continuation *)(void *)gc_alloc(in, to, 0, top);
    if (!k)
        return ENGINE_NO_MEMORY;
    c->owner->stack = NULL;
    c->owner = k;
    k->stack = c;
    give(c, sp, f->vt, f->nparams - t->nparams);
    sp[0] = (uintptr_t)k;
    return ENGINE_OK;
}

/* ---- placing frames ---- */

static uint32_t
prompt_distance(const uint64_t *inner, const uint64_t *outer)
{
    return outer ? (uint32_t)(inner - outer) : 0;
}

/* Of a suspend or switch. */
uint32_t
cont_words(const struct insn *pc)
{
    return pc->code == interp_code(OP_cont_switch) ? 4 : 3;
}

/* Is there room for c behind prompt p? */
static bool
fits(const struct engine_instance *in, const uint64_t *p,
     const struct cont_stack *c)
{
    size_t room = (size_t)(in->stack_limit - p), need = PROMPT_SLOTS;

    if (c->func) {
        const struct type_def *t = type_get(c->func->type);

        need +=
            t->param_slots > t->result_slots ? t->param_slots : t->result_slots;
    } else {
        need += c->extent;
    }
    return p <= in->stack_limit && room >= need;
}

/* Where c goes on, once it is there. */
static struct walk
start_of(struct engine_store *s, const struct cont_stack *c, uint64_t *frames)
{
    if (c->func)
        return (struct walk){
            c->func->instance,
            atomic_load_explicit(c->func->entry, memory_order_acquire), frames};
    if (!c->address)
        return (struct walk){c->in, c->pc + cont_words(c->pc), frames + c->fp};
    s->go_on = c->address;
    s->go_on_enter = c->pc - c->pc[2].uimm;
    s->go_on_pc = c->pc + cont_words(c->pc);
    return (struct walk){c->in, interp_go_on, frames + c->fp};
}

/* Copy c behind prompt p, and let go of it. */
static void
place(struct engine_store *s, uint64_t *p, struct cont_stack *c)
{
    uint64_t *frames = p + PROMPT_SLOTS;

    memcpy(frames, c->slots, c->nslots * sizeof *frames);
    s->prompt = p;
    if (c->inner != NO_PROMPT) {
        uint64_t *outer = frames + c->outer;

        outer[PROMPT_OUTER] = prompt_distance(outer, p);
        s->prompt = frames + c->inner;
    }
    s->gc_work += c->nslots >> 6;
    c->owner->stack = NULL;
    cont_release(s->gc, s, c);
}

/* ---- resume ---- */

/* Not begun, and never: a function of the host runs at once. */
static enum engine_status
call_host(struct engine_store *s, struct engine_instance *in,
          struct cont_stack *c, uint64_t *sp)
{
    const struct type_def *t = type_get(c->func->type);
    uint32_t n =
        t->param_slots > t->result_slots ? t->param_slots : t->result_slots;
    struct engine_func *f = c->func;

    if ((size_t)(in->stack_limit - sp) < n)
        return ENGINE_STACK_EXHAUSTED;
    memcpy(sp, c->slots, t->param_slots * sizeof *sp);
    c->owner->stack = NULL;
    cont_release(s->gc, s, c);
    s->sp = sp + n;
    return f->host(s, in, f->env, sp);
}

/* The exception of resume_throw, resume_throw_ref. */
static enum engine_status
make_exception(struct engine_instance *in, const struct insn *pc, uint64_t *sp,
               uint64_t *top)
{
    uint32_t n = pc->a - 1u;
    struct exception *e;

    if (pc[1].a == RESUME_THROW_REF) {
        e = (struct exception *)(uintptr_t)sp[0];
        if (!e)
            return ENGINE_NULL_REFERENCE;
    } else {
        e = exception_create(in->store, in->tags[pc[2].uimm], n, top);
        if (!e)
            return ENGINE_NO_MEMORY;
        memcpy(e->slots, sp, n * sizeof *sp);
    }
    in->store->exception = e;
    return ENGINE_OK;
}

static void
push_prompt(struct engine_instance *in, const struct insn *link, uint64_t *fp,
            uint64_t *p, uint32_t result_slots, bool native)
{
    uint64_t *bridge = p + PROMPT_BRIDGE;

    p[PROMPT_OUTER] = prompt_distance(p, in->store->prompt);
    p[PROMPT_NATIVE] = native ? (uintptr_t)in->store->native : 0;
    bridge[0] = (uintptr_t)in;
    bridge[1] = (uintptr_t)link;
    bridge[2] = (uint64_t)(bridge - fp) << 32 | result_slots;
}

enum engine_status
cont_resume(struct engine_instance *in, const struct insn *pc, uint64_t *fp,
            bool native, struct walk *to)
{
    const struct insn *link = pc + RESUME_WORDS + HANDLER_WORDS * pc->b;
    const struct type_def *f = type_cont_func(type_get(pc->uimm));
    uint64_t *sp = fp + pc[1].uimm, *top = sp + pc->a;
    struct engine_store *s = in->store;
    struct cont_stack *c;
    enum engine_status st = stack_of(top[-1], &c);
    bool throws = pc[1].a != RESUME_VALUES;

    if (st != ENGINE_OK)
        return st;
    if (!fits(in, sp, c))
        return ENGINE_STACK_EXHAUSTED;
    if (throws && (st = make_exception(in, pc, sp, top)) != ENGINE_OK)
        return st;
    if (throws && c->func) { /* nothing of it is there to catch it */
        c->owner->stack = NULL;
        cont_release(s->gc, s, c);
        *to = (struct walk){in, link, fp};
        return ENGINE_EXCEPTION;
    }
    if (!throws)
        give(c, sp, f->vt, f->nparams);
    if (c->func && c->func->host) {
        *to = (struct walk){in, link + 1, fp};
        return call_host(s, in, c, sp);
    }
    push_prompt(in, link, fp, sp, pc[1].b, native);
    if (throws)
        *to = (struct walk){c->in, c->pc, sp + PROMPT_SLOTS + c->fp};
    else
        *to = start_of(s, c, sp + PROMPT_SLOTS);
    place(s, sp, c);
    return throws ? ENGINE_EXCEPTION : ENGINE_OK;
}

/* ---- suspend, switch ---- */

/* The handler of a resume that ends at link for this event, or NULL. */
static const struct insn *
find_handler(const struct insn *link, const struct engine_instance *in,
             const struct engine_tag *tag, bool label)
{
    const struct insn *h = link - HANDLER_WORDS * link->b;

    for (; h < link; h += HANDLER_WORDS)
        if (h->a == label && in->tags[h->uimm] == tag)
            return h;
    return NULL;
}

/* The innermost prompt that handles it, or NULL. */
static uint64_t *
find_prompt(const struct engine_store *s, const struct engine_tag *tag,
            bool label, const struct insn **handler)
{
    uint64_t *p = s->prompt;

    for (; p; p = p[PROMPT_OUTER] ? p - p[PROMPT_OUTER] : NULL) {
        const uint64_t *b = p + PROMPT_BRIDGE;

        *handler = find_handler((const struct insn *)(uintptr_t)b[1],
                                (const struct engine_instance *)(uintptr_t)b[0],
                                tag, label);
        if (*handler)
            break;
    }
    return p;
}

struct frame_shape *
shape_entry(struct engine_store *s, const struct insn *pc)
{
    if (!s->shapes)
        s->shapes = store_alloc(s, FRAME_SHAPES, sizeof *s->shapes);
    if (!s->shapes)
        return NULL;
    return &s->shapes[gc_hash((uintptr_t)pc) % FRAME_SHAPES];
}

/* The shape of the frame that pc runs in; remembered, for it is asked often. */
static struct frame_shape
shape_of(struct engine_store *s, const struct walk *w)
{
    struct frame_shape shape = {.pc = w->pc}, *known = shape_entry(s, w->pc);
    struct code_range range;

    if (known && known->pc == w->pc)
        return *known;
    if (!module_find_pc(w->in->module, w->pc, &range))
        abort(); /* every frame is some function's */
    shape.link = range.link;
    shape.slots = range.frame;
    if (known)
        *known = shape;
    return shape;
}

/*
 * Walk from w out to prompt p: how far may the frames behind it reach? On the
 * way what leads back to native code that will be gone becomes an ordinary
 * bridge.
 */
static uint32_t
detach(struct engine_store *s, struct walk w, const uint64_t *p)
{
    const uint64_t *frames = p + PROMPT_SLOTS;
    size_t extent = 0;

    for (;;) {
        struct frame_shape f = shape_of(s, &w);
        size_t end = (size_t)(w.fp - frames) + f.slots + 8; /* as jit/ asks */
        uint64_t *link = &w.fp[f.link];

        extent = end > extent ? end : extent;
        w.pc = (const struct insn *)(uintptr_t)*link;
        if (!link_is_special(w.pc)) {
            w.fp -= w.pc->a;
            continue;
        }
        while (link_is_special((const struct insn *)(uintptr_t)*link)) {
            uint64_t *prompt = w.fp - PROMPT_SLOTS;

            if (*link == (uintptr_t)interp_prompt && prompt == p)
                return (uint32_t)extent;
            if (*link == (uintptr_t)interp_prompt)
                prompt[PROMPT_NATIVE] = 0;
            if (*link == (uintptr_t)interp_return)
                *link = (uintptr_t)interp_bridge;
            link = walk_special(&w);
        }
    }
}

/*
 * Move what is behind prompt p, up to top, into a continuation of this type
 * that goes on behind pc with arguments at slot args. NULL: no memory.
 */
static struct continuation *
capture(struct engine_instance *in, const struct insn *pc, uint64_t *fp,
        uint64_t *p, uint64_t *top, uint32_t type, const uint64_t *args,
        uintptr_t address)
{
    uint64_t *frames = p + PROMPT_SLOTS;
    struct engine_store *s = in->store;
    struct continuation *k =
        cont_create(in, type, (uint32_t)(top - frames), top);
    struct cont_stack *c;

    if (!k)
        return NULL;
    c = k->stack;
    c->in = in;
    c->pc = pc;
    c->address = address;
    c->fp = (uint32_t)(fp - frames);
    c->args = (uint32_t)(args - frames);
    c->extent = detach(s, (struct walk){in, pc, fp}, p);
    for (uint64_t *q = s->prompt; q != p; q -= q[PROMPT_OUTER]) {
        c->outer = (uint32_t)(q - frames);
        if (c->inner == NO_PROMPT)
            c->inner = c->outer;
    }
    memcpy(c->slots, frames, c->nslots * sizeof *frames);
    s->gc_work += c->nslots >> 6;
    return k;
}

static uint64_t *
operands_end(const struct insn *pc, uint64_t *sp)
{
    return sp + (pc->a > pc->b ? pc->a : pc->b);
}

enum engine_status
cont_suspend(struct engine_instance *in, const struct insn *pc, uint64_t *fp,
             uintptr_t address)
{
    uint64_t *sp = fp + pc[1].uimm, *top = operands_end(pc, sp), *to, *p;
    struct engine_store *s = in->store;
    const struct insn *handler = NULL;
    const struct type_def *e;
    struct continuation *k;
    struct walk *w = &s->landing;
    struct native_segment *segment;

    e = type_get(in->tags[pc->uimm]->type);
    p = find_prompt(s, in->tags[pc->uimm], true, &handler);
    if (!p)
        return ENGINE_UNHANDLED_TAG;
    k = capture(in, pc, fp, p, top, handler[3].uimm, sp, address);
    if (!k)
        return ENGINE_NO_MEMORY;
    segment = (struct native_segment *)(uintptr_t)p[PROMPT_NATIVE];
    prompts_drop(s, p);
    p += PROMPT_BRIDGE;
    *w = (struct walk){(struct engine_instance *)(uintptr_t)p[0],
                       handler + 1 + handler[1].imm, p - (p[2] >> 32)};
    s->landing_level = w->fp;
    s->landing_segment = segment;
    to = w->fp + handler[2].uimm;
    copy_values(to, sp, e->vt, e->nparams); /* (downwards) */
    to[pc->a] = (uintptr_t)k;
    return ENGINE_OK;
}

enum engine_status
cont_switch(struct engine_instance *in, const struct insn *pc, uint64_t *fp,
            uintptr_t address)
{
    uint64_t *sp = fp + pc[1].uimm, *top = operands_end(pc, sp), *p;
    const struct type_def *f = type_cont_func(type_get(pc->uimm));
    struct engine_store *s = in->store;
    const struct insn *handler = NULL;
    struct continuation *k;
    struct cont_stack *c;
    enum engine_status st = stack_of(sp[pc->a - 1u], &c);

    if (st != ENGINE_OK)
        return st;
    p = find_prompt(s, in->tags[pc[3].uimm], false, &handler);
    if (!p)
        return ENGINE_UNHANDLED_TAG;
    if (!fits(in, p, c))
        return ENGINE_STACK_EXHAUSTED;
    /* (c is kept by its slot if memory is collected) */
    k = capture(in, pc, fp, p, top, vt_heap(f->vt[f->nparams - 1]), sp,
                address);
    if (!k)
        return ENGINE_NO_MEMORY;
    give(c, sp, f->vt, f->nparams - 1);
    give(c, &(uint64_t){(uintptr_t)k}, &f->vt[f->nparams - 1], 1);
    s->landing = start_of(s, c, p + PROMPT_SLOTS);
    s->landing_level = p;
    s->landing_segment = NULL;
    place(s, p, c);
    return ENGINE_OK;
}
