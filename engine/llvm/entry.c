/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways into a function: eN by C (a native_fn), jN and osr by code of jit/,
 * in its convention:
 *
 *   jN    r0: link; arguments are in slots. Results are left in slots, and one
 *         in r0 or f0 as well, and the budget in its register; so it ends by a
 *         jump to jit_return, which takes registers as arguments.
 *   osr   in place of a loop's head: its slots are complete. The rest is jN's.
 */
#include "build.h"

#include <stdio.h>

#define PRESERVE_NONE 21u /* LLVM's number */
enum { JIT_IN, JIT_FP, JIT_MEM, JIT_BUDGET, JIT_R0, JIT_F0 = JIT_R0 + 8,
       JIT_REGISTERS = JIT_F0 + 8 };

/* ---- the function proper, called ---- */

static void
check_room(struct build *b, LLVMValueRef link)
{
    LLVMBasicBlockRef full = new_block(b, "full"), fits = new_block(b, "fits");
    LLVMValueRef top, limit, c;
    LLVMValueRef args[] = {b->in, b->fp, link,
                           const_i32(b, ENGINE_STACK_EXHAUSTED)};

    top = offset(b, b->fp, ((uint64_t)b->frame + SLACK) * 8);
    limit = fixed(b, b->in, offsetof(struct engine_instance, stack_limit));
    c = LLVMBuildICmp(b->b, LLVMIntUGT, top, limit, "");
    LLVMBuildCondBr(b->b, c, full, fits);
    start(b, full);
    call_table(b, b->in, offsetof(struct native_table, trap_link), b->none,
               args, 4);
    LLVMBuildUnreachable(b->b);
    start(b, fits);
}

/* Call `fast` with arguments from the slots; its result, if it has one. */
static LLVMValueRef
call_from_slots(struct build *b, LLVMValueRef fast, LLVMValueRef link)
{
    LLVMValueRef args[MOST_ARGUMENTS];
    struct call all = {b->type, fast, NULL};
    unsigned n;

    check_room(b, link);
    n = arguments(b, &all, b->fp, 0, args);
    put_link(b, b->fp, b->link, link);
    return call_fast(b, fast_type(b, b->type, NULL), fast, args, n);
}

static void
leave_result(struct build *b, LLVMValueRef v)
{
    if (b->type->nresults == 1)
        spill(b, b->fp, 0, type_of(b->type->vt[b->type->nparams]), v);
}

static void
open_way(struct build *b, LLVMValueRef fn)
{
    attributes(b, fn);
    b->fn = fn;
    b->in = LLVMGetParam(fn, 0);
    b->fp = LLVMGetParam(fn, 1);
    b->framed = true; /* get() reads the slots */
    start(b, new_block(b, ""));
}

/* ---- by C ---- */

static void
native_way(struct build *b, LLVMValueRef fast)
{
    LLVMTypeRef params[] = {b->ptr, b->ptr, b->ptr};
    LLVMTypeRef type = LLVMFunctionType(b->none, params, 3, false);
    char name[16];

    snprintf(name, sizeof name, "e%u", b->f->func);
    open_way(b, LLVMAddFunction(b->mod, name, type));
    leave_result(b, call_from_slots(b, fast, LLVMGetParam(b->fn, 2)));
    LLVMBuildRetVoid(b->b);
}

/* ---- by code of jit/ ---- */

static LLVMTypeRef
jit_type(struct build *b)
{
    LLVMTypeRef params[JIT_REGISTERS];

    for (unsigned i = 0; i < JIT_REGISTERS; i++)
        params[i] = i < JIT_BUDGET ? b->ptr
                    : i < JIT_F0   ? b->i64
                                   : LLVMVectorType(b->f32, 4);
    return LLVMFunctionType(b->none, params, JIT_REGISTERS, false);
}

static LLVMValueRef
budget_at(struct build *b)
{
    return offset(b, engine_store(b), offsetof(struct engine_store, budget));
}

static void
open_jit_way(struct build *b, const char *name)
{
    LLVMValueRef fn = LLVMAddFunction(b->mod, name, jit_type(b));

    LLVMSetFunctionCallConv(fn, PRESERVE_NONE);
    open_way(b, fn);
    store(b, LLVMGetParam(fn, JIT_BUDGET), budget_at(b), AREA_STATE, 8);
}

/* The result as a register of jit/ holds it: integers extended with zeros. */
static void
set_result(struct build *b, LLVMValueRef v, LLVMValueRef *registers)
{
    enum type t = type_of(b->type->vt[b->type->nparams]);
    LLVMTypeRef lane = LLVMVectorType(b->ty[t], t == F32 ? 4 : 2);

    if (t == I32)
        v = LLVMBuildZExt(b->b, v, b->i64, "");
    if (t == I32 || t == I64)
        registers[JIT_R0] = v;
    if (t != F32 && t != F64)
        return;
    v = LLVMBuildInsertElement(b->b, LLVMGetUndef(lane), v, const_i32(b, 0),
                               "");
    registers[JIT_F0] = bits(b, v, LLVMVectorType(b->f32, 4));
}

/* End as jit_return does. */
static void
jit_leave(struct build *b, LLVMValueRef result)
{
    LLVMTypeRef type = jit_type(b), params[JIT_REGISTERS];
    LLVMValueRef r[JIT_REGISTERS], v, to, two[2];

    LLVMGetParamTypes(type, params);
    for (unsigned i = 0; i < JIT_REGISTERS; i++)
        r[i] = i < JIT_BUDGET ? LLVMGetParam(b->fn, i)
                              : LLVMGetUndef(params[i]);
    if (b->type->nresults == 1)
        set_result(b, result, r);
    two[0] = load(b, b->i64, budget_at(b), AREA_STATE, 8);
    two[1] = const_i64(b, 0);
    r[JIT_BUDGET] = intrinsic(b, "llvm.smax", b->i64, two, 2);
    to = fixed(b, b->in, offsetof(struct engine_instance, native));
    to = fixed(b, to, offsetof(struct native_table, jit_return));
    v = LLVMBuildCall2(b->b, type, to, r, JIT_REGISTERS, "");
    LLVMSetInstructionCallConv(v, PRESERVE_NONE);
    LLVMSetTailCallKind(v, LLVMTailCallKindMustTail);
    LLVMBuildRetVoid(b->b);
}

static void
jit_way(struct build *b, LLVMValueRef fast)
{
    LLVMValueRef link, v;
    char name[16];

    snprintf(name, sizeof name, "j%u", b->f->func);
    open_jit_way(b, name);
    link = LLVMBuildIntToPtr(b->b, LLVMGetParam(b->fn, JIT_R0), b->ptr, "");
    v = call_from_slots(b, fast, link);
    leave_result(b, v);
    jit_leave(b, v);
}

void
build_entries(struct build *b)
{
    LLVMValueRef fast = b->fn;

    native_way(b, fast);
    if (b->jit)
        jit_way(b, fast);
}

static LLVMTypeRef
osr_type(struct build *b)
{
    struct type_def none = *b->type;

    none.vt += none.nparams;
    none.nparams = 0;
    return fast_type(b, &none, NULL);
}

/* The function from the loop's head on: called by osr alone. */
LLVMValueRef
osr_body(struct build *b)
{
    LLVMValueRef fn = declare_fast(b, "body", osr_type(b));

    never_inline(b, fn);
    LLVMSetLinkage(fn, LLVMInternalLinkage);
    return fn;
}

/* b->fn is the body: from the loop's head on. */
void
build_osr(struct build *b)
{
    LLVMValueRef body = b->fn, v, args[2];

    open_jit_way(b, "osr");
    LLVMSetVisibility(b->fn, LLVMHiddenVisibility);
    args[0] = b->in;
    args[1] = b->fp;
    v = call_fast(b, osr_type(b), body, args, 2);
    leave_result(b, v);
    jit_leave(b, v);
}
