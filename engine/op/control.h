/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies: branches, calls, returns, traps, exceptions.
 *
 * A call leaves its own address in r0; the callee's `enter` stores it in the
 * frame's link slot. Returning goes to the instruction behind it after moving
 * fp back by its field a. Calls that change the instance (or whose distance
 * does not fit a) put a bridge of BRIDGE_SLOTS under the callee's frame:
 *
 *   | caller's instance | call instruction | distance << 32 | result slots |
 *
 * and link to interp_bridge, which undoes it.
 */
#define BRANCH_OP(name, condition)                                             \
    OP(name)                                                                   \
    {                                                                          \
        if (condition)                                                         \
            BRANCH;                                                            \
        NEXT;                                                                  \
    }                                                                          \
    OP(name##_l)                                                               \
    {                                                                          \
        if (condition)                                                         \
            BRANCH_BACK;                                                       \
        NEXT;                                                                  \
    }
OP(br)
{
    BRANCH;
}
OP(br_l)
{
    BRANCH_BACK;
}
BRANCH_OP(br_if_s, (uint32_t)fp[pc->a])
BRANCH_OP(br_if_r, (uint32_t)r0)
BRANCH_OP(br_z_s, !(uint32_t)fp[pc->a])
BRANCH_OP(br_z_r, !(uint32_t)r0)
BRANCH_OP(br_if64_r, r0)
BRANCH_OP(br_z64_r, !r0)
BRANCH_OP(br_if64, fp[pc->a])
BRANCH_OP(br_z64, !fp[pc->a])

/* The row of jumps behind is read, not executed; b is what counts as 0. */
#define BR_TABLE(index)                                                        \
    uint32_t i = (index) - (uint32_t)(int16_t)pc->b, n = pc->uimm;             \
    int32_t distance;                                                          \
    pc += 1 + (i < n ? i : n);                                                 \
    distance = pc->imm;                                                        \
    pc += distance;                                                            \
    if (distance < 0 && UNLIKELY(--budget < 0))                                \
        POLL_THEN_JUMP;                                                        \
    JUMP
OP(br_table_s)
{
    BR_TABLE((uint32_t)fp[pc->a]);
}
OP(br_table_r)
{
    BR_TABLE((uint32_t)r0);
}
OP(unreachable)
{
    TRAP(ENGINE_UNREACHABLE);
}

/* ---- frames ------------------------------------------------------------------ */

#define SLOT_PAIR_ZERO(p) slot_set_v128(p, (struct v128){.u64 = {0, 0}})
/*
 * e is the entry: frame of e->imm slots, link (in r0) to slot e->a, e->b pairs
 * of slots behind it to zero. The frame has a slot to spare for an odd pair.
 */
#define ENTER(e)                                                               \
    do {                                                                       \
        if (UNLIKELY((size_t)(in->stack_limit - fp) < (e)->uimm)) {            \
            /* blame the caller: there is no room for a link */                \
            pc = (const struct insn *)(uintptr_t)r0;                           \
            fp -= pc->a;                                                       \
            TRAP(ENGINE_STACK_EXHAUSTED);                                      \
        }                                                                      \
        uint64_t *link_ = fp + (e)->a;                                         \
        *link_++ = r0;                                                         \
        budget -= 1 + ((e)->b >> 5);                                           \
        for (uint32_t pairs_ = (e)->b; pairs_; pairs_--) {                     \
            SLOT_PAIR_ZERO(link_);                                             \
            link_ += 2;                                                        \
            __asm__ volatile("" ::: "memory"); /* no memset for a few */       \
        }                                                                      \
        pc = (e) + 1;                                                          \
        if (UNLIKELY(budget < 0))                                              \
            POLL_THEN_JUMP;                                                    \
        JUMP;                                                                  \
    } while (0)
OP(enter)
{
    const struct insn *e = pc;
    ENTER(e);
}

#define RETURN                                                                 \
    do {                                                                       \
        pc = link;                                                             \
        fp -= pc->a;                                                           \
        NEXT;                                                                  \
    } while (0)
#define LINK(slot) const struct insn *link = (const struct insn *)(uintptr_t)fp[slot]
OP(ret)
{
    LINK(pc->a);
    RETURN;
}
OP(ret_i)
{
    LINK(pc->a);
    fp[0] = r0 = fp[pc->b];
    RETURN;
}
OP(ret_i_r)
{
    LINK(pc->a);
    fp[0] = r0;
    RETURN;
}
OP(ret_d)
{
    LINK(pc->a);
    f0 = SLOT_D(, pc->b);
    fp[0] = f64_bits(f0);
    RETURN;
}
OP(ret_d_r)
{
    LINK(pc->a);
    fp[0] = f64_bits(f0);
    RETURN;
}
OP(ret_f)
{
    LINK(pc->a);
    g0 = SLOT_F(, pc->b);
    fp[0] = f32_bits(g0);
    RETURN;
}
OP(ret_f_r)
{
    LINK(pc->a);
    fp[0] = f32_bits(g0);
    RETURN;
}
OP(ret_n) /* imm slots from pc[1] */
{
    LINK(pc->a);
    memmove(fp, fp + pc[1].uimm, pc->uimm * sizeof *fp);
    RETURN;
}
OP(bridge)
{
    LINK(1);
    uint64_t info = fp[2];
    in = (struct engine_instance *)(uintptr_t)fp[0];
    mem = in->mem0->base;
    memmove(fp, fp + BRIDGE_SLOTS, (uint32_t)info * sizeof *fp);
    fp -= info >> 32;
    pc = link;
    NEXT;
}

/* ---- calls --------------------------------------------------------------------- */

#define ENTRY(cell) atomic_load_explicit(cell, memory_order_acquire)
#define CODE_CELL(offset)                                                      \
    (&((struct func_code *)(void *)((char *)in->code + (offset)))->entry)

OP(call)
{
    const struct insn *target = ENTRY(CODE_CELL(pc->uimm));
    r0 = (uintptr_t)pc;
    fp += pc->a;
    pc = target;
    if (LIKELY(target->code == OP_CODE(enter)))
        ENTER(target); /* one dispatch less */
    JUMP;
}
OP(call_far) /* the distance is in pc[1], the argument slots in a */
{
    uint64_t *base = fp + pc[1].uimm;
    if (in->stack_limit - base < BRIDGE_SLOTS + pc->a)
        TRAP(ENGINE_STACK_EXHAUSTED);
    memmove(base + BRIDGE_SLOTS, base, pc->a * sizeof *base);
    base[0] = (uintptr_t)in;
    base[1] = (uintptr_t)&pc[1];
    base[2] = (uint64_t)pc[1].uimm << 32 | pc->b;
    fp = base + BRIDGE_SLOTS;
    r0 = (uintptr_t)interp_bridge;
    pc = ENTRY(CODE_CELL(pc->uimm));
    JUMP;
}

/* Before control leaves the interpreter, and when it is back. */
#define LEAVE(top)                                                             \
    struct engine_store *s = in->store;                                        \
    struct activation *act = s->act;                                           \
    act->pc = pc;                                                              \
    act->fp = fp;                                                              \
    act->in = in;                                                              \
    s->budget = budget;                                                        \
    s->sp = (top)
#define BACK                                                                   \
    budget = s->budget;                                                        \
    mem = in->mem0->base

/* Whoever goes on in machine code counts on i32 without an upper half. */
#define HOST_RESULT(f, slots)                                                  \
    if ((f)->narrow)                                                           \
    (slots)[0] = (uint32_t)(slots)[0]

OP(call_import) /* b: argument and result slots */
{
    struct engine_func *f = in->func_imports[pc->uimm];
    uint64_t *slots = fp + pc->a;
    if (UNLIKELY(!f->host))
        INVOKE(f);
    LEAVE(slots + pc->b);
    enum engine_status st = f->host(s, in, f->env, slots);
    BACK;
    if (UNLIKELY(st != ENGINE_OK))
        RESUME(st);
    HOST_RESULT(f, slots);
    r0 = slots[0];
    f0 = f64_of(r0);
    g0 = f32_of((uint32_t)r0);
    NEXT;
}
#define CALL_FUNC(f)                                                           \
    do {                                                                       \
        if (UNLIKELY((f)->instance != in))                                     \
            INVOKE(f);                                                         \
        r0 = (uintptr_t)pc;                                                    \
        fp += pc->a;                                                           \
        pc = ENTRY((f)->entry);                                                \
        JUMP;                                                                  \
    } while (0)
#define TABLE_FUNC(f, t, i, want)                                              \
    if (UNLIKELY((i) >= (t)->size))                                            \
        TRAP(ENGINE_TABLE_BOUNDS);                                             \
    struct engine_func *f = (struct engine_func *)(t)->elems[i];               \
    if (UNLIKELY(!f))                                                          \
        TRAP(ENGINE_NULL_ELEMENT);                                             \
    if (UNLIKELY(f->type != (want)) && !type_is_subtype(f->type, want))        \
    TRAP(ENGINE_INDIRECT_TYPE)
OP(call_indirect) /* table 0, 32-bit index in b; imm: type */
{
    struct engine_table *t = in->table0;
    uint32_t i = (uint32_t)fp[pc->b];
    TABLE_FUNC(f, t, i, pc->uimm);
    CALL_FUNC(f);
}
OP(call_table) /* the table is in r0 */
{
    struct engine_table *t = (struct engine_table *)(uintptr_t)r0;
    uint64_t i = t->is64 ? fp[pc->b] : (uint32_t)fp[pc->b];
    TABLE_FUNC(f, t, i, pc->uimm);
    CALL_FUNC(f);
}
OP(call_ref)
{
    struct engine_func *f = (struct engine_func *)(uintptr_t)fp[pc->b];
    if (UNLIKELY(!f))
        TRAP(ENGINE_NULL_REFERENCE);
    CALL_FUNC(f);
}
/* Any function, in r0: of the host, or of another instance by a bridge. */
OP_TARGET(invoke)
{
    struct engine_func *f = (struct engine_func *)(uintptr_t)r0;
    const struct type_def *type = type_get(f->type);
    uint32_t np = type->param_slots, nr = type->result_slots;
    uint64_t *base = fp + pc->a;
    if (f->host) {
        LEAVE(base + (np > nr ? np : nr));
        enum engine_status st = f->host(s, in, f->env, base);
        BACK;
        if (UNLIKELY(st != ENGINE_OK))
            RESUME(st);
        HOST_RESULT(f, base);
        r0 = base[0];
        f0 = f64_of(r0);
        g0 = f32_of((uint32_t)r0);
        NEXT;
    }
    if ((size_t)(in->stack_limit - base) < BRIDGE_SLOTS + (np > nr ? np : nr))
        TRAP(ENGINE_STACK_EXHAUSTED);
    memmove(base + BRIDGE_SLOTS, base, np * sizeof *base);
    base[0] = (uintptr_t)in;
    base[1] = (uintptr_t)pc;
    base[2] = (uint64_t)pc->a << 32 | nr;
    fp = base + BRIDGE_SLOTS;
    in = f->instance;
    mem = in->mem0->base;
    r0 = (uintptr_t)interp_bridge;
    pc = ENTRY(f->entry);
    JUMP;
}

/* A function by itself, to r0, for invoke_far. */
OP(func_import)
{
    r0 = (uintptr_t)in->func_imports[pc->uimm];
    NEXT;
}
OP(func_table) /* table in r0, index in b; imm: type */
{
    struct engine_table *t = (struct engine_table *)(uintptr_t)r0;
    uint64_t i = t->is64 ? fp[pc->b] : (uint32_t)fp[pc->b];
    TABLE_FUNC(f, t, i, pc->uimm);
    r0 = (uintptr_t)f;
    NEXT;
}
OP(func_ref)
{
    r0 = fp[pc->b];
    if (UNLIKELY(!r0))
        TRAP(ENGINE_NULL_REFERENCE);
    NEXT;
}
OP_COLD(invoke_far) /* r0: function; pc[1]: distance */
{
    struct engine_func *f = (struct engine_func *)(uintptr_t)r0;
    const struct type_def *type = type_get(f->type);
    uint32_t np = type->param_slots, nr = type->result_slots;
    uint64_t *base = fp + pc[1].uimm;
    if (f->host) {
        LEAVE(base + (np > nr ? np : nr));
        enum engine_status st = f->host(s, in, f->env, base);
        BACK;
        if (UNLIKELY(st != ENGINE_OK))
            RESUME(st);
        HOST_RESULT(f, base);
        pc++;
        NEXT;
    }
    if ((size_t)(in->stack_limit - base) < BRIDGE_SLOTS + (np > nr ? np : nr))
        TRAP(ENGINE_STACK_EXHAUSTED);
    memmove(base + BRIDGE_SLOTS, base, np * sizeof *base);
    base[0] = (uintptr_t)in;
    base[1] = (uintptr_t)&pc[1];
    base[2] = (uint64_t)pc[1].uimm << 32 | nr;
    fp = base + BRIDGE_SLOTS;
    in = f->instance;
    mem = in->mem0->base;
    r0 = (uintptr_t)interp_bridge;
    pc = ENTRY(f->entry);
    JUMP;
}

/* ---- tail calls: arguments at pc[1].imm, b slots; link slot in pc[1].a --------- */

OP(ret_call)
{
    uint64_t link = fp[pc[1].a];
    memmove(fp, fp + pc[1].uimm, pc->b * sizeof *fp);
    r0 = link;
    pc = ENTRY(CODE_CELL(pc->uimm));
    JUMP;
}
OP(ret_call_import)
{
    r0 = (uintptr_t)in->func_imports[pc->uimm];
    RET_INVOKE;
}
OP(ret_call_table) /* r0: table; pc[1].b: index slot; imm: type */
{
    struct engine_table *t = (struct engine_table *)(uintptr_t)r0;
    uint64_t i = t->is64 ? fp[pc[1].b] : (uint32_t)fp[pc[1].b];
    TABLE_FUNC(f, t, i, pc->uimm);
    r0 = (uintptr_t)f;
    RET_INVOKE;
}
OP(ret_call_ref) /* pc[1].b: slot of the function */
{
    r0 = fp[pc[1].b];
    if (UNLIKELY(!r0))
        TRAP(ENGINE_NULL_REFERENCE);
    RET_INVOKE;
}
OP_TARGET(ret_invoke)
{
    struct engine_func *f = (struct engine_func *)(uintptr_t)r0;
    LINK(pc[1].a);
    if (f->instance == in && !f->host) {
        memmove(fp, fp + pc[1].uimm, pc->b * sizeof *fp);
        r0 = (uintptr_t)link;
        pc = ENTRY(f->entry);
        JUMP;
    }
    if (f->host) {
        const struct type_def *type = type_get(f->type);
        uint32_t np = type->param_slots, nr = type->result_slots;
        uint64_t *base = fp + pc[1].uimm;
        LEAVE(base + (np > nr ? np : nr));
        enum engine_status st = f->host(s, in, f->env, base);
        BACK;
        if (UNLIKELY(st != ENGINE_OK))
            RESUME(st);
        HOST_RESULT(f, base);
        r0 = base[0];
        f0 = f64_of(r0);
        g0 = f32_of((uint32_t)r0);
        memmove(fp, base, nr * sizeof *fp);
        RETURN;
    }
    uint64_t *base = fp;
    if (link != interp_bridge) {
        if (in->stack_limit - fp < BRIDGE_SLOTS + pc->b)
            TRAP(ENGINE_STACK_EXHAUSTED);
        base += BRIDGE_SLOTS;
    }
    memmove(base, fp + pc[1].uimm, pc->b * sizeof *fp);
    if (link != interp_bridge) {
        fp[0] = (uintptr_t)in;
        fp[1] = (uintptr_t)link;
        fp[2] = (uint64_t)link->a << 32 | type_get(f->type)->result_slots;
    }
    fp = base;
    in = f->instance;
    mem = in->mem0->base;
    r0 = (uintptr_t)interp_bridge;
    pc = ENTRY(f->entry);
    JUMP;
}

/* ---- leaving, traps, exceptions --------------------------------------------------- */

OP_COLD(translate) /* the stub of a function not yet translated; r0: link */
{
    const struct insn *entry = interp_translate(in, pc);
    if (!entry) {
        pc = (const struct insn *)(uintptr_t)r0;
        fp -= pc->a;
        TRAP(ENGINE_NO_MEMORY);
    }
    pc = entry;
    JUMP;
}
/* A function's machine code came back to link. */
#define NATIVE_DONE                                                            \
    do {                                                                       \
        BACK;                                                                  \
        pc = link;                                                             \
        r0 = fp[0];                                                            \
        f0 = f64_of(r0);                                                       \
        g0 = f32_of((uint32_t)r0);                                             \
        if (UNLIKELY(st != ENGINE_OK)) {                                       \
            struct walk caller = {in, link, fp};                               \
            if (st == ENGINE_EXCEPTION)                                        \
                exception_leave(&caller);                                      \
            in = caller.in;                                                    \
            pc = caller.pc;                                                    \
            fp = caller.fp;                                                    \
            RESUME(st);                                                        \
        }                                                                      \
        fp -= pc->a;                                                           \
        NEXT;                                                                  \
    } while (0)
OP_COLD(native) /* the gate of a function with machine code; r0: link */
{
    const struct insn *link = (const struct insn *)(uintptr_t)r0;
    struct engine_store *s = in->store;
    s->budget = budget;
    enum engine_status st = native_enter(in, pc->uimm, fp, link);
    NATIVE_DONE;
}
/* A continuation whose innermost frame is machine code's; or a loop's head, whose
 * function is compiled now. */
OP_COLD(go_on)
{
    struct engine_store *s = in->store;
    const struct insn *enter = s->go_on_enter;
    const struct insn *link = (const struct insn *)(uintptr_t)fp[enter->a];
    if (UNLIKELY((uintptr_t)__builtin_frame_address(0) < s->native_low)) {
        pc = s->go_on_pc;
        JUMP;
    }
    s->budget = budget;
    enum engine_status st = native_go_on(in, fp, enter->a, s->go_on);
    NATIVE_DONE;
}
OP_COLD(native_return) /* back to the machine code that called */
{
    uint64_t info = fp[2];
    memmove(fp, fp + BRIDGE_SLOTS, (uint32_t)info * sizeof *fp);
    in->store->budget = budget;
    in->store->status = ENGINE_OK;
    STOP;
}
OP_COLD(step_end) /* behind what interp_step runs */
{
    in->store->budget = budget;
    in->store->status = ENGINE_OK;
    in->store->step_value = r0;
    STOP;
}
OP_COLD(halt)
{
    in->store->budget = budget;
    in->store->status = ENGINE_OK;
    STOP;
}
OP_COLD(throw) /* imm: tag; pc[1]: payload */
{
    LEAVE(fp);
    enum engine_status st = interp_throw(in, pc, fp);
    BACK;
    RESUME(st);
}
OP_COLD(throw_ref)
{
    struct exception *e = (struct exception *)(uintptr_t)fp[pc->a];
    if (!e)
        TRAP(ENGINE_NULL_REFERENCE);
    in->store->exception = e;
    RESUME(ENGINE_EXCEPTION);
}

/* ---- continuations (cont.h) ------------------------------------------------------- */

OP_COLD(prompt) /* one returned: like bridge */
{
    uint64_t *bridge = fp + PROMPT_BRIDGE, info = bridge[2];
    bool native = fp[PROMPT_NATIVE];
    struct engine_store *s = in->store;
    s->prompt = fp[PROMPT_OUTER] ? fp - fp[PROMPT_OUTER] : NULL;
    in = (struct engine_instance *)(uintptr_t)bridge[0];
    mem = in->mem0->base;
    pc = (const struct insn *)(uintptr_t)bridge[1];
    memmove(fp, fp + PROMPT_SLOTS, (uint32_t)info * sizeof *fp);
    if (native) {
        s->budget = budget;
        s->status = ENGINE_OK;
        STOP;
    }
    fp = bridge - (info >> 32);
    NEXT;
}
OP_COLD(cont_resume)
{
    struct walk to = {in, pc, fp};
    LEAVE(fp + pc[1].uimm + pc->a);
    enum engine_status st = cont_resume(in, pc, fp, false, &to);
    BACK;
    budget -= (int64_t)s->gc_work;
    s->gc_work = 0;
    if (UNLIKELY(st != ENGINE_OK && st != ENGINE_EXCEPTION))
        TRAP(st);
    in = to.in;
    pc = to.pc;
    fp = to.fp;
    mem = in->mem0->base;
    if (UNLIKELY(st != ENGINE_OK))
        RESUME(st);
    r0 = (uintptr_t)interp_prompt;
    JUMP;
}
#define SWITCH_WITH(call)                                                      \
    LEAVE(fp + pc[1].uimm + pc->a);                                            \
    enum engine_status st = call(in, pc, fp, 0);                               \
    BACK;                                                                      \
    budget -= (int64_t)s->gc_work;                                             \
    s->gc_work = 0;                                                            \
    if (UNLIKELY(st != ENGINE_OK))                                             \
        TRAP(st);                                                              \
    if (s->landing_segment)                                                    \
        native_land(s);                                                        \
    RESUME(STATUS_LANDING)
OP_COLD(cont_suspend)
{
    SWITCH_WITH(cont_suspend);
}
OP_COLD(cont_switch)
{
    SWITCH_WITH(cont_switch);
}
