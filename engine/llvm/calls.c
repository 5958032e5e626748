/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls and returns.
 *
 *   result fN(in, fp, arguments...)
 *
 * fp is the callee's frame, in whose link slot the caller has stored its site;
 * one result comes back in a register, more in fp[0..]. A call of what is not
 * known here goes to a small function made once per callee or type (thunk),
 * which finds an fN to jump to, or puts the arguments into slots and asks the
 * engine.
 */
#include "build.h"

#include <stdio.h>

/* LLVM's numbers: tailcc where the module has tail calls, else fastcc. */
#define FASTCC 8u
#define TAILCC 18u
#define MOST_ARGUMENTS 1100u /* limits.def: 1000 parameters */

struct thunk { /* what is set aside while one is built */
    LLVMValueRef fn, in, fp, mem;
    LLVMBasicBlockRef block;
    bool open;
};

static LLVMTypeRef
result_type(struct build *b, const struct type_def *t)
{
    return t->nresults == 1 ? b->ty[type_of(t->vt[t->nparams])] : b->none;
}

LLVMTypeRef
fast_type(struct build *b, const struct type_def *t, LLVMTypeRef index)
{
    LLVMTypeRef params[MOST_ARGUMENTS];
    unsigned n = 0;

    params[n++] = b->ptr;
    params[n++] = b->ptr;
    for (uint32_t i = 0; i < t->nparams && n < MOST_ARGUMENTS - 1; i++)
        params[n++] = b->ty[type_of(t->vt[i])];
    if (index)
        params[n++] = index;
    return LLVMFunctionType(result_type(b, t), params, n, false);
}

static void
attributes(struct build *b, LLVMValueRef fn)
{
    unsigned id = LLVMGetEnumAttributeKindForName("nounwind", 8);

    LLVMAddAttributeAtIndex(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(b->c, id, 0));
    /* no memset and the like made of loops: there is none to call */
    LLVMAddAttributeAtIndex(
        fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
        LLVMCreateStringAttribute(b->c, "no-builtins", 11, "", 0));
}

static unsigned
convention(const struct build *b)
{
    return b->u->m->tail_calls ? TAILCC : FASTCC;
}

static LLVMValueRef
declare(struct build *b, const char *name, LLVMTypeRef type)
{
    LLVMValueRef fn = LLVMAddFunction(b->mod, name, type);

    LLVMSetFunctionCallConv(fn, convention(b));
    attributes(b, fn);
    return fn;
}

LLVMValueRef
fast_function(struct build *b, uint32_t func)
{
    const struct type_def *t = b->u->type(b->u->m->code[func].type);
    char name[16];
    LLVMValueRef fn;

    snprintf(name, sizeof name, "f%u", func);
    fn = LLVMGetNamedFunction(b->mod, name);
    if (fn)
        return fn;
    fn = declare(b, name, fast_type(b, t, NULL));
    LLVMSetVisibility(fn, LLVMHiddenVisibility);
    return fn;
}

static LLVMValueRef
call_fast(struct build *b, LLVMTypeRef type, LLVMValueRef fn,
          LLVMValueRef *args, unsigned n)
{
    LLVMValueRef v = LLVMBuildCall2(b->b, type, fn, args, n, "");

    LLVMSetInstructionCallConv(v, convention(b));
    return v;
}

static void
return_call(struct build *b, LLVMValueRef call)
{
    LLVMSetTailCallKind(call, b->u->m->tail_calls ? LLVMTailCallKindMustTail
                                                  : LLVMTailCallKindTail);
    if (LLVMTypeOf(call) == b->none)
        LLVMBuildRetVoid(b->b);
    else
        LLVMBuildRet(b->b, call);
    b->open = false;
}

/* ---- thunks ---- */

static LLVMValueRef
thunk_open(struct build *b, const char *name, LLVMTypeRef type,
           struct thunk *saved)
{
    LLVMValueRef fn = declare(b, name, type);

    *saved = (struct thunk){b->fn,  b->in, b->fp, b->mem,
                            LLVMGetInsertBlock(b->b), b->open};
    LLVMSetLinkage(fn, LLVMInternalLinkage);
    b->fn = fn;
    b->in = LLVMGetParam(fn, 0);
    b->fp = LLVMGetParam(fn, 1);
    start(b, new_block(b, ""));
    return fn;
}

static void
thunk_close(struct build *b, const struct thunk *saved)
{
    b->fn = saved->fn;
    b->in = saved->in;
    b->fp = saved->fp;
    b->mem = saved->mem;
    if (saved->block)
        LLVMPositionBuilderAtEnd(b->b, saved->block);
    b->open = saved->open;
}

/* All of the thunk's arguments into their slots, call the engine's `entry` with
 * `last`, and return. */
static void
slow_call(struct build *b, const struct type_def *t, size_t entry,
          LLVMValueRef last)
{
    LLVMValueRef args[] = {b->in, b->fp, const_i32(b, t->param_slots), last};
    uint32_t slot = 0;

    for (uint32_t i = 0; i < t->nparams; i++) {
        spill(b, b->fp, slot, type_of(t->vt[i]), LLVMGetParam(b->fn, i + 2));
        slot += vt_slots(t->vt[i]);
    }
    call_table(b, b->in, entry, b->none, args, 4);
    if (t->nresults == 1)
        LLVMBuildRet(b->b, spilled(b, b->fp, 0, type_of(t->vt[t->nparams])));
    else
        LLVMBuildRetVoid(b->b);
}

/* Jump to fast code unless that is NULL: then go on. */
static void
jump_if(struct build *b, const struct type_def *t, LLVMValueRef fast)
{
    LLVMBasicBlockRef there = new_block(b, "fast"), on = new_block(b, "slow");
    LLVMValueRef args[MOST_ARGUMENTS], c;
    unsigned n = 0;

    c = LLVMBuildICmp(b->b, LLVMIntEQ, fast, LLVMConstNull(b->ptr), "");
    LLVMSetMetadata(LLVMBuildCondBr(b->b, c, on, there), b->kind_prof,
                    b->rarely);
    start(b, there);
    for (; n < t->nparams + 2; n++)
        args[n] = LLVMGetParam(b->fn, n);
    return_call(b, call_fast(b, fast_type(b, t, NULL), fast, args, n));
    start(b, on);
}

static LLVMValueRef
own_thunk(struct build *b, uint32_t func)
{
    const struct type_def *t = b->u->type(b->u->m->code[func].type);
    struct thunk saved;
    char name[16];
    LLVMValueRef fn, cell;

    snprintf(name, sizeof name, "c%u", func);
    fn = LLVMGetNamedFunction(b->mod, name);
    if (fn)
        return fn;
    fn = thunk_open(b, name, fast_type(b, t, NULL), &saved);
    cell = fixed(b, b->in, offsetof(struct engine_instance, code));
    cell = offset(b, cell, func * sizeof(struct func_code) +
                               offsetof(struct func_code, fast));
    jump_if(b, t, load(b, b->ptr, cell, AREA_STATE, 8));
    slow_call(b, t, offsetof(struct native_table, call), const_i32(b, func));
    thunk_close(b, &saved);
    return fn;
}

static LLVMValueRef
import_thunk(struct build *b, uint32_t import)
{
    const struct type_def *t = b->u->type(b->u->m->func_types[import]);
    struct thunk saved;
    char name[16];
    LLVMValueRef fn;

    snprintf(name, sizeof name, "i%u", import);
    fn = LLVMGetNamedFunction(b->mod, name);
    if (fn)
        return fn;
    fn = thunk_open(b, name, fast_type(b, t, NULL), &saved);
    slow_call(b, t, offsetof(struct native_table, call_import),
              const_i32(b, import));
    thunk_close(b, &saved);
    return fn;
}

static void
caller_trap_if(struct build *b, const struct type_def *t, LLVMValueRef c,
               enum engine_status st)
{
    LLVMBasicBlockRef bad = new_block(b, "bad"), on = new_block(b, "on");
    LLVMValueRef args[] = {b->in, b->fp, const_i32(b, t->param_slots),
                           const_i32(b, st)};

    LLVMBuildCondBr(b->b, c, bad, on);
    start(b, bad);
    call_table(b, b->in, offsetof(struct native_table, trap_caller), b->none,
               args, 4);
    LLVMBuildUnreachable(b->b);
    start(b, on);
}

/* Call function object f: ours by its fast code, any other by the engine. */
static void
function_object(struct build *b, const struct type_def *t, LLVMValueRef f)
{
    LLVMBasicBlockRef own = new_block(b, "own"), other = new_block(b, "other");
    const size_t ahead =
        offsetof(struct func_code, fast) - offsetof(struct func_code, entry);
    LLVMValueRef c, p;

    p = load(b, b->ptr, offset(b, f, offsetof(struct engine_func, instance)),
             AREA_STATE, 8);
    c = LLVMBuildICmp(b->b, LLVMIntEQ, p, b->in, "");
    LLVMBuildCondBr(b->b, c, own, other);
    start(b, own);
    p = load(b, b->ptr, offset(b, f, offsetof(struct engine_func, entry)),
             AREA_STATE, 8);
    jump_if(b, t, load(b, b->ptr, offset(b, p, ahead), AREA_STATE, 8));
    LLVMBuildBr(b->b, other);
    start(b, other);
    slow_call(b, t, offsetof(struct native_table, call_func), f);
}

/* The canonical type, which the loader puts in. */
static LLVMValueRef
canonical(struct build *b, uint32_t id)
{
    const struct engine_module *m = b->u->m;
    uint32_t k = 0, i = 0;

    while (k + 1 < m->ntypes && m->types[k] != id)
        k++;
    while (i < b->ntypes && b->types[i] != k)
        i++;
    if (i == b->ntypes) {
        if (b->ntypes == b->types_cap &&
            !grow(&b->types, &b->types_cap, sizeof *b->types)) {
            b->failed = true;
            return const_i32(b, 0);
        }
        b->types[b->ntypes++] = k;
    }
    return load(b, b->i32, offset(b, b->types_at, i * sizeof *b->types),
                AREA_STATE, 4);
}

static void
check_type(struct build *b, const struct type_def *t, LLVMValueRef f)
{
    LLVMBasicBlockRef odd = new_block(b, "odd"), on = new_block(b, "same");
    LLVMValueRef want = canonical(b, t->id), has, args[] = {f, want};

    has = load(b, b->i32, offset(b, f, offsetof(struct engine_func, type)),
               AREA_STATE, 4);
    LLVMSetMetadata(
        LLVMBuildCondBr(b->b, LLVMBuildICmp(b->b, LLVMIntNE, has, want, ""),
                        odd, on),
        b->kind_prof, b->rarely);
    start(b, odd);
    has = call_table(b, b->in, offsetof(struct native_table, subtype), b->i32,
                     args, 2);
    caller_trap_if(b, t,
                   LLVMBuildICmp(b->b, LLVMIntEQ, has, const_i32(b, 0), ""),
                   ENGINE_INDIRECT_TYPE);
    LLVMBuildBr(b->b, on);
    start(b, on);
}

/* The index comes last, so that the arguments are where fN wants them. */
static LLVMValueRef
table_thunk(struct build *b, const struct type_def *t, uint32_t table)
{
    bool wide = b->u->m->tables[table].limits.is64;
    struct thunk saved;
    char name[32];
    LLVMValueRef fn, p, i, size, f;

    snprintf(name, sizeof name, "t%u_%u", t->id, table);
    fn = LLVMGetNamedFunction(b->mod, name);
    if (fn)
        return fn;
    fn = thunk_open(b, name, fast_type(b, t, wide ? b->i64 : b->i32), &saved);
    i = LLVMGetParam(fn, t->nparams + 2);
    if (!wide)
        i = LLVMBuildZExt(b->b, i, b->i64, "");
    p = fixed(b, b->in, offsetof(struct engine_instance, tables));
    p = fixed(b, p, table * sizeof(void *));
    size = load(b, b->i64, offset(b, p, offsetof(struct engine_table, size)),
                AREA_STATE, 8);
    caller_trap_if(b, t, LLVMBuildICmp(b->b, LLVMIntUGE, i, size, ""),
                   ENGINE_TABLE_BOUNDS);
    p = load(b, b->ptr, offset(b, p, offsetof(struct engine_table, elems)),
             AREA_STATE, 8);
    f = load(b, b->ptr, LLVMBuildGEP2(b->b, b->ptr, p, &i, 1, ""), AREA_STATE,
             8);
    caller_trap_if(
        b, t, LLVMBuildICmp(b->b, LLVMIntEQ, f, LLVMConstNull(b->ptr), ""),
        ENGINE_NULL_ELEMENT);
    check_type(b, t, f);
    function_object(b, t, f);
    thunk_close(b, &saved);
    return fn;
}

static LLVMValueRef
reference_thunk(struct build *b, const struct type_def *t)
{
    struct thunk saved;
    char name[32];
    LLVMValueRef fn, f;

    snprintf(name, sizeof name, "r%u", t->id);
    fn = LLVMGetNamedFunction(b->mod, name);
    if (fn)
        return fn;
    fn = thunk_open(b, name, fast_type(b, t, b->i64), &saved);
    f = LLVMBuildIntToPtr(b->b, LLVMGetParam(fn, t->nparams + 2), b->ptr, "");
    caller_trap_if(
        b, t, LLVMBuildICmp(b->b, LLVMIntEQ, f, LLVMConstNull(b->ptr), ""),
        ENGINE_NULL_REFERENCE);
    function_object(b, t, f);
    thunk_close(b, &saved);
    return fn;
}

/* ---- instructions ---- */

/* What somebody reads who walks the stack after a fault: LLVM sees no reader
 * and would drop it, or write it later. */
static void
kept_store(struct build *b, LLVMValueRef v, LLVMValueRef p, unsigned area)
{
    store(b, v, p, area, 8);
    LLVMSetVolatile(LLVMGetLastInstruction(LLVMGetInsertBlock(b->b)), true);
}

static void
put_link(struct build *b, LLVMValueRef base, uint32_t slot, LLVMValueRef link)
{
    kept_store(b, link, slot_at(b, base, slot), AREA_FRAME);
}

struct call {
    const struct type_def *t;
    LLVMValueRef fn, index; /* index: NULL or the argument behind */
};

void
came_back(struct build *b)
{
    LLVMValueRef s, site_;

    if (!b->faults)
        return;
    s = engine_store(b);
    site_ = site_at(b, b->funcs[b->nfuncs - 1].site);
    kept_store(b, b->fp,
               offset(b, s, offsetof(struct engine_store, native_fp)),
               AREA_STATE);
    kept_store(b, site_,
               offset(b, s, offsetof(struct engine_store, native_site)),
               AREA_STATE);
}

static struct call
find_callee(struct build *b, const struct insn *i, uint32_t operand)
{
    const struct engine_module *m = b->u->m;
    struct call c = {0};
    uint32_t func;

    switch (i->code) {
    case OP_call:
    case OP_ret_call:
        func = i->uimm / (uint32_t)sizeof(struct func_code);
        c.t = b->u->type(m->code[func].type);
        c.fn = b->u->linked(b->u->ctx, func) ? fast_function(b, func)
                                             : own_thunk(b, func);
        break;
    case OP_call_import:
    case OP_ret_call_import:
        c.t = b->u->type(m->func_types[i->uimm]);
        c.fn = import_thunk(b, i->uimm);
        break;
    case OP_call_indirect:
        b->r0_table = 0;
        __attribute__((fallthrough));
    case OP_call_table:
    case OP_ret_call_table:
        c.t = b->u->type(i->uimm);
        c.fn = table_thunk(b, c.t, b->r0_table);
        c.index =
            get(b, operand, m->tables[b->r0_table].limits.is64 ? I64 : I32);
        break;
    default:
        break;
    }
    return c;
}

static unsigned
arguments(struct build *b, const struct call *c, LLVMValueRef base,
          uint32_t slot, LLVMValueRef *args)
{
    unsigned n = 0;

    args[n++] = b->in;
    args[n++] = base;
    for (uint32_t i = 0; i < c->t->nparams; i++) {
        args[n++] = get(b, slot, type_of(c->t->vt[i]));
        slot += vt_slots(c->t->vt[i]);
    }
    if (c->index)
        args[n++] = c->index;
    return n;
}

static LLVMTypeRef
type_of_call(struct build *b, const struct call *c)
{
    return fast_type(b, c->t, c->index ? LLVMTypeOf(c->index) : NULL);
}

static void
plain_call(struct build *b, uint32_t at, const struct insn *i,
           const struct call *c)
{
    LLVMValueRef base = slot_at(b, b->fp, i->a), args[MOST_ARGUMENTS], v;
    unsigned n = arguments(b, c, base, i->a, args);
    uint32_t slot = 0;

    put_link(b, base, c->t->param_slots, site_at(b, site(b, at, i->a)));
    v = call_fast(b, type_of_call(b, c), c->fn, args, n);
    came_back(b);
    if (c->t->nresults == 1)
        put(b, i->a, type_of(c->t->vt[c->t->nparams]), v);
    if (c->t->nresults < 2 || b->framed)
        return;
    for (uint32_t k = 0; k < c->t->nresults; k++) {
        enum type t = type_of(c->t->vt[c->t->nparams + k]);

        put(b, i->a + slot, t, spilled(b, base, slot, t));
        slot += t == V128 ? 2 : 1;
    }
}

static void
tail_call(struct build *b, const struct insn *i, const struct call *c)
{
    LLVMValueRef args[MOST_ARGUMENTS], link;
    unsigned n = arguments(b, c, b->fp, i[1].uimm, args);

    link = load(b, b->ptr, slot_at(b, b->fp, b->link), AREA_FRAME, 8);
    put_link(b, b->fp, c->t->param_slots, link);
    return_call(b, call_fast(b, type_of_call(b, c), c->fn, args, n));
}

bool
op_call(struct build *b, uint32_t at, const struct insn *i)
{
    struct call c;

    switch (i->code) {
    case OP_call:
    case OP_call_import:
    case OP_call_indirect:
    case OP_call_table:
        c = find_callee(b, i, i->b);
        plain_call(b, at, i, &c);
        return true;
    case OP_ret_call:
    case OP_ret_call_import:
    case OP_ret_call_table:
        c = find_callee(b, i, i[1].b);
        tail_call(b, i, &c);
        return true;
    case OP_call_ref:
    case OP_ret_call_ref:
        c = (struct call){.t = b->u->type(i->uimm)};
        c.fn = reference_thunk(b, c.t);
        c.index = get(b, i->code == OP_call_ref ? i->b : i[1].b, I64);
        if (i->code == OP_call_ref)
            plain_call(b, at, i, &c);
        else
            tail_call(b, i, &c);
        return true;
    default:
        return false;
    }
}

bool
op_return(struct build *b, const struct insn *i)
{
    const struct type_def *t = b->type;

    switch (i->code) {
    case OP_ret:
        LLVMBuildRetVoid(b->b);
        break;
    case OP_ret_i:
    case OP_ret_d:
    case OP_ret_f:
        LLVMBuildRet(b->b, get(b, i->b, type_of(t->vt[t->nparams])));
        break;
    case OP_ret_n:
        if (t->nresults == 1) {
            LLVMBuildRet(b->b, get(b, i[1].uimm, type_of(t->vt[t->nparams])));
            break;
        }
        for (uint32_t k = 0, slot = 0; k < t->nresults; k++) {
            enum type ty = type_of(t->vt[t->nparams + k]);

            spill(b, b->fp, slot, ty, get(b, i[1].uimm + slot, ty));
            slot += ty == V128 ? 2 : 1;
        }
        LLVMBuildRetVoid(b->b);
        break;
    default:
        return false;
    }
    b->open = false;
    return true;
}

/* ---- the native_fn ---- */

void
build_entry(struct build *b)
{
    LLVMTypeRef params[] = {b->ptr, b->ptr, b->ptr};
    LLVMTypeRef type = LLVMFunctionType(b->none, params, 3, false);
    LLVMBasicBlockRef full, fits;
    LLVMValueRef args[MOST_ARGUMENTS], fast = b->fn, top, limit, c, v;
    LLVMValueRef trap[4];
    struct call all = {b->type, fast, NULL};
    char name[16];
    unsigned n;

    snprintf(name, sizeof name, "e%u", b->f->func);
    b->fn = LLVMAddFunction(b->mod, name, type);
    attributes(b, b->fn);
    b->in = LLVMGetParam(b->fn, 0);
    b->fp = LLVMGetParam(b->fn, 1);
    b->framed = true; /* get() reads the slots */
    start(b, new_block(b, ""));
    full = new_block(b, "full");
    fits = new_block(b, "fits");
    top = offset(b, b->fp, ((uint64_t)b->frame + SLACK) * 8);
    limit = fixed(b, b->in, offsetof(struct engine_instance, stack_limit));
    c = LLVMBuildICmp(b->b, LLVMIntUGT, top, limit, "");
    LLVMBuildCondBr(b->b, c, full, fits);
    start(b, full);
    trap[0] = b->in;
    trap[1] = b->fp;
    trap[2] = LLVMGetParam(b->fn, 2);
    trap[3] = const_i32(b, ENGINE_STACK_EXHAUSTED);
    call_table(b, b->in, offsetof(struct native_table, trap_link), b->none,
               trap, 4);
    LLVMBuildUnreachable(b->b);
    start(b, fits);
    n = arguments(b, &all, b->fp, 0, args);
    put_link(b, b->fp, b->link, LLVMGetParam(b->fn, 2));
    v = call_fast(b, type_of_call(b, &all), fast, args, n);
    if (b->type->nresults == 1)
        spill(b, b->fp, 0, type_of(b->type->vt[b->type->nparams]), v);
    LLVMBuildRetVoid(b->b);
}
