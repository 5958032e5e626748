/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thunks: small functions, one for each callee or type that a unit does not know,
 * called as an fN. They find an fN to jump to, or put the arguments into slots
 * and ask the engine.
 */
#include "build.h"

#include <stdio.h>

struct thunk { /* what is set aside while one is built */
    LLVMValueRef fn, in, fp, mem;
    LLVMBasicBlockRef block;
    bool open;
};

static LLVMValueRef
thunk_open(struct build *b, const char *name, LLVMTypeRef type,
           struct thunk *saved)
{
    LLVMValueRef fn = declare_fast(b, name, type);

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

LLVMValueRef
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

LLVMValueRef
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
LLVMValueRef
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

LLVMValueRef
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
