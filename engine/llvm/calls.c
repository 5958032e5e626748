/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls and returns.
 *
 *   result fN(in, fp, arguments...)
 *
 * fp is the callee's frame, in whose link slot the caller has stored its site;
 * one result comes back in a register, more in fp[0..]. A call of what is not
 * known here goes to a thunk (thunk.c).
 */
#include "build.h"

#include <stdio.h>

/* LLVM's numbers: tailcc where the module has tail calls, else fastcc. */
#define FASTCC 8u
#define TAILCC 18u

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

void
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

/* A fault's address tells the function, and that tells how its frame looks. */
void
never_inline(struct build *b, LLVMValueRef fn)
{
    unsigned id = LLVMGetEnumAttributeKindForName("noinline", 8);

    LLVMAddAttributeAtIndex(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(b->c, id, 0));
}

static unsigned
convention(const struct build *b)
{
    return b->u->m->tail_calls ? TAILCC : FASTCC;
}

LLVMValueRef
declare_fast(struct build *b, const char *name, LLVMTypeRef type)
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
    fn = declare_fast(b, name, fast_type(b, t, NULL));
    never_inline(b, fn);
    LLVMSetVisibility(fn, LLVMHiddenVisibility);
    return fn;
}

LLVMValueRef
call_fast(struct build *b, LLVMTypeRef type, LLVMValueRef fn,
          LLVMValueRef *args, unsigned n)
{
    LLVMValueRef v = LLVMBuildCall2(b->b, type, fn, args, n, "");

    LLVMSetInstructionCallConv(v, convention(b));
    return v;
}

void
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

/* ---- instructions ---- */

/* What somebody reads who walks the stack after a fault: LLVM sees no reader
 * and would drop it, or write it later. */
static void
kept_store(struct build *b, LLVMValueRef v, LLVMValueRef p, unsigned area)
{
    store(b, v, p, area, 8);
    LLVMSetVolatile(LLVMGetLastInstruction(LLVMGetInsertBlock(b->b)), true);
}

void
put_link(struct build *b, LLVMValueRef base, uint32_t slot, LLVMValueRef link)
{
    kept_store(b, link, slot_at(b, base, slot), AREA_FRAME);
}

void
came_back(struct build *b)
{
    if (b->faults)
        kept_store(b, b->fp,
                   offset(b, b->in,
                          offsetof(struct engine_instance, native_fp)),
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

unsigned
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
