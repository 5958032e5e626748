/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function: its blocks, and the walk over its instructions.
 *
 * Branch targets are instructions, so blocks need no search. A loop has two
 * blocks: the head, which code from outside enters by, and the body's first,
 * which a turn comes back to. Every LOOP_UNITS turns go through the head after
 * taking their units off the budget:
 *
 *      head <----------- units, maybe a poll <--+
 *       |                                       | left == 0
 *      body ... turn: left = left - 1 ----------+
 *       ^               | left != 0
 *       +---------------+
 *
 * So the loop that LLVM optimises contains no call and one counter, and still
 * whatever a poll lets happen is seen.
 */
#include "build.h"

#include <stdio.h>
#include <stdlib.h>

#define MOST_INSNS 100000u

uint32_t
insn_words(const struct insn *i)
{
    const uint32_t vector = (16 + sizeof *i - 1) / sizeof *i;

    switch (i->code) {
    case OP_f64_add_sk:
    case OP_f64_sub_sk:
    case OP_f64_mul_sk:
    case OP_f64_div_sk:
    case OP_const64:
    case OP_ret_n:
    case OP_ret_call:
    case OP_ret_call_import:
    case OP_ret_call_table:
    case OP_ret_call_ref:
    case OP_memory_grow:
    case OP_memory_fill:
    case OP_table_init:
    case OP_throw:
    case OP_invoke_far:
    case OP_call_far:
        return 2;
    case OP_movn:
    case OP_address:
    case OP_atomic:
    case OP_gc:
    case OP_memory_copy:
    case OP_memory_init:
    case OP_table_copy:
        return 3;
    case OP_const128:
    case OP_i8x16_shuffle:
        return 1 + vector;
    case OP_br_table_s:
        return 2 + i->uimm;
    default:
        return 1;
    }
}

bool
op_is_back(unsigned op)
{
    return op && !op_is_branch(op) && op_is_branch(op - 1);
}

static bool
is_far(unsigned op)
{
    return op == OP_far_get || op == OP_far_set || op == OP_call_far ||
           op == OP_invoke_far || op == OP_func_import || op == OP_func_table ||
           op == OP_func_ref;
}

/*
 * May it be a tail call to another instance? Those run without stack only in
 * the interpreter.
 */
static bool
leaves_by_tail_call(const struct engine_module *m, const struct insn *i,
                    uint32_t *table)
{
    if (i->code == OP_table_ref)
        *table = i->uimm;
    if (i->code == OP_ret_call_import || i->code == OP_ret_call_ref)
        return true;
    if (i->code != OP_ret_call_table)
        return false;
    for (uint32_t k = 0; k < m->nexports; k++)
        if (m->exports[k].pub.kind == ENGINE_TABLE &&
            m->exports[k].index == *table)
            return true;
    return *table < m->ntables_imported;
}

bool
pith_llvm_fits(const struct engine_module *m, const struct llvm_func *f)
{
    uint32_t table = 0;

    if (f->osr && (m->tail_calls || f->osr >= f->n))
        return false;
    if (f->n > MOST_INSNS || !f->n || f->code[0].code != OP_enter)
        return false;
    for (uint32_t i = 0; i < f->n; i += insn_words(&f->code[i]))
        if (is_far((unsigned)f->code[i].code) ||
            leaves_by_tail_call(m, &f->code[i], &table))
            return false;
    return true;
}

/* ---- what kind of function ---- */

static bool
has_refs(const struct type_def *t)
{
    for (uint32_t i = 0; i < t->nparams + t->nresults; i++)
        if (vt_is_ref(t->vt[i]))
            return true;
    return false;
}

/* Own global at an instance's slot. */
static uint32_t
global_vt(const struct build *b, uint32_t slot)
{
    const struct engine_module *m = b->u->m;
    uint32_t lo = m->nglobals_imported, hi = m->nglobals;

    while (lo + 1 < hi) {
        uint32_t mid = (lo + hi) / 2;

        if (m->global_slot[mid] <= slot)
            lo = mid;
        else
            hi = mid;
    }
    return m->globals[lo].vt;
}

static bool
wants_frame(struct build *b, const struct insn *i)
{
    const struct engine_module *m = b->u->m;

    switch (i->code) {
    case OP_gc:
    case OP_atomic:
    case OP_ref_func:
    case OP_ref_non_null:
    case OP_table_get:
    case OP_table_set:
    case OP_table_grow:
    case OP_table_fill:
    case OP_table_copy:
    case OP_table_init:
    case OP_memory_init:
    case OP_call_ref:
    case OP_ret_call_ref:
    case OP_throw:
    case OP_throw_ref:
        return true;
    case OP_call:
        return has_refs(b->u->type(m->code[i->uimm / sizeof *m->code].type));
    case OP_call_import:
        return has_refs(b->u->type(m->func_types[i->uimm]));
    case OP_call_indirect:
    case OP_call_table:
        return has_refs(b->u->type(i->uimm));
    case OP_global_get:
    case OP_global_set:
        return vt_is_ref(global_vt(b, i->uimm));
    case OP_global_get_far:
    case OP_global_set_far:
        return vt_is_ref(m->globals[i->uimm].vt);
    default:
        return false;
    }
}

static bool
calls_out(unsigned op)
{
    switch (op) {
    case OP_call:
    case OP_call_import:
    case OP_call_indirect:
    case OP_call_table:
    case OP_call_ref:
    case OP_ret_call:
    case OP_ret_call_import:
    case OP_ret_call_table:
    case OP_ret_call_ref:
    case OP_gc:
    case OP_atomic:
        return true;
    default:
        return false;
    }
}

static void
look(struct build *b)
{
    const struct insn *code = b->f->code;

    b->framed = has_refs(b->type);
    b->leaf = true;
    b->loops = b->faults = false;
    for (uint32_t i = 0; i < b->f->n; i += insn_words(&code[i])) {
        unsigned op = (unsigned)code[i].code;

        if (op_is_back(op))
            b->loops = true;
        if (calls_out(op))
            b->leaf = false;
        if (op == OP_br_table_s)
            for (uint32_t k = 0; k <= code[i].uimm; k++)
                if (code[i + 1 + k].imm < 0 &&
                    code[i + 1 + k].code == OP_br_l)
                    b->loops = true;
        b->framed |= wants_frame(b, &code[i]);
    }
    /* operations on memory are too many to list; a store more does no harm */
    b->faults = b->u->m->nmemories > 0;
}

/* ---- locals ---- */

static void
note_local(struct build *b, uint32_t *slot, uint32_t vt)
{
    if (*slot < b->nslots)
        b->local_types[*slot] = (uint8_t)type_of(vt);
    *slot += vt_slots(vt);
}

static void
note_locals(struct build *b)
{
    const struct engine_module *m = b->u->m;
    const uint8_t *p = m->bytes + m->code[b->f->func].body;
    uint32_t slot = 0;

    memset(b->local_types, TYPES, b->nslots);
    for (uint32_t i = 0; i < b->type->nparams; i++)
        note_local(b, &slot, b->type->vt[i]);
    slot += 1 + module_handler_slots(m); /* the link, and behind it */
    for (uint32_t groups = leb_u32(&p); groups; groups--) {
        uint32_t n = leb_u32(&p);
        uint8_t vt = *p++;

        if (vt == 0x63 || vt == 0x64)
            leb_s(&p);
        for (; n; n--)
            note_local(b, &slot,
                       vt >= VT_V128 && vt <= VT_I32 ? vt : VT_FUNCREF);
    }
}

/* Locals start as 0: written where a variable is made for one. */
static void
zero_locals(struct build *b)
{
    uint32_t first = b->link + 1, n = b->f->code[0].b * 2u;

    for (uint32_t i = first; i < first + n && i < b->nslots; i++) {
        unsigned t = b->local_types[i];

        if (b->framed)
            spill(b, b->fp, i, I64, const_i64(b, 0));
        else if (t != TYPES)
            put(b, i, (enum type)t, LLVMConstNull(b->ty[t]));
    }
}

/* ---- blocks ---- */

static void
mark(struct build *b, uint32_t at, uint32_t target)
{
    if (!b->blocks[target])
        b->blocks[target] = new_block(b, "");
    if (target <= at && !b->heads[target])
        b->heads[target] = new_block(b, "head");
}

static void
make_blocks(struct build *b)
{
    const struct insn *code = b->f->code;

    for (uint32_t i = 0; i < b->f->n; i += insn_words(&code[i])) {
        unsigned op = (unsigned)code[i].code;

        if (op == OP_br_table_s)
            for (uint32_t k = i + 1; k <= i + 1 + code[i].uimm; k++)
                mark(b, k, k + code[k].uimm);
        else if (op_is_branch(op) || op_is_back(op))
            mark(b, i, i + code[i].uimm);
    }
}

static void
poll_if_due(struct build *b, LLVMValueRef budget, uint32_t at,
            LLVMBasicBlockRef on)
{
    LLVMBasicBlockRef poll = new_block(b, "poll");
    LLVMValueRef c =
        LLVMBuildICmp(b->b, LLVMIntSLT, budget, const_i64(b, 0), "");
    LLVMValueRef args[] = {b->in, b->fp, site_at(b, site(b, at, 0))};

    LLVMSetMetadata(LLVMBuildCondBr(b->b, c, poll, on), b->kind_prof,
                    b->rarely);
    start(b, poll);
    call_table(b, b->in, offsetof(struct native_table, poll), b->none, args, 3);
    came_back(b);
    LLVMBuildBr(b->b, on);
}

static LLVMValueRef
take_units(struct build *b, uint32_t n)
{
    LLVMValueRef at =
        offset(b, engine_store(b), offsetof(struct engine_store, budget));
    LLVMValueRef budget = load(b, b->i64, at, AREA_STATE, 8);

    budget = LLVMBuildSub(b->b, budget, const_i64(b, n), "");
    store(b, budget, at, AREA_STATE, 8);
    return budget;
}

/* The block that a turn of the loop at target goes to, from instruction at. */
LLVMBasicBlockRef
target_block(struct build *b, uint32_t at, uint32_t target)
{
    LLVMBasicBlockRef here, turn, units;
    LLVMValueRef left;

    if (target > at)
        return b->heads[target] ? b->heads[target] : b->blocks[target];
    here = LLVMGetInsertBlock(b->b);
    turn = new_block(b, "turn");
    units = new_block(b, "units");
    start(b, turn);
    left = LLVMBuildLoad2(b->b, b->i32, b->left, "");
    left = LLVMBuildSub(b->b, left, const_i32(b, 1), "");
    LLVMBuildStore(b->b, left, b->left);
    LLVMSetMetadata(
        LLVMBuildCondBr(
            b->b, LLVMBuildICmp(b->b, LLVMIntEQ, left, const_i32(b, 0), ""),
            units, b->blocks[target]),
        b->kind_prof, b->rarely);
    start(b, units);
    LLVMBuildStore(b->b, const_i32(b, LOOP_UNITS), b->left);
    poll_if_due(b, take_units(b, LOOP_UNITS), target, b->heads[target]);
    start(b, here);
    return turn;
}

/* ---- the walk ---- */

/* Control has come to instruction i, which may be a target. */
static void
arrive(struct build *b, uint32_t i)
{
    LLVMBasicBlockRef block = b->blocks[i];

    if (!block)
        return;
    if (b->open)
        LLVMBuildBr(b->b, b->heads[i] ? b->heads[i] : block);
    if (b->heads[i]) {
        start(b, b->heads[i]);
        LLVMBuildBr(b->b, block);
    }
    start(b, block);
}

static void
walk(struct build *b)
{
    const struct insn *code = b->f->code;
    uint32_t n;

    for (uint32_t i = 1; i < b->f->n && !b->failed; i += n) {
        n = insn_words(&code[i]);
        arrive(b, i);
        if (!b->open)
            continue;
        if (!op_plain(b, i, &code[i]) && !op_control(b, i, &code[i]) &&
            !op_memory(b, i, &code[i]) && !op_state(b, i, &code[i]) &&
            !op_simd(b, i, &code[i]) && !op_call(b, i, &code[i]) &&
            !op_return(b, &code[i]))
            b->failed = true;
        if (b->failed && getenv("PITH_LLVM_DUMP"))
            fprintf(stderr, "pith-llvm: %u: %s\n", b->f->func,
                    op_names[code[i].code]);
    }
    if (b->open)
        LLVMBuildUnreachable(b->b);
}

/* ---- start and end ---- */

static void
open_entry(struct build *b)
{
    LLVMBasicBlockRef entry = new_block(b, "entry"), on = new_block(b, "start");

    start(b, entry);
    LLVMPositionBuilderBefore(b->early, LLVMBuildBr(b->b, on));
    b->trap_site = LLVMBuildAlloca(b->early, b->i32, "");
    b->trap_status = LLVMBuildAlloca(b->early, b->i32, "");
    b->left = LLVMBuildAlloca(b->early, b->i32, "");
    b->trap = new_block(b, "trap");
    b->funcs[b->nfuncs++] = (struct object_func){.func = b->f->func,
                                                 .site = b->nsites,
                                                 .link = b->link,
                                                 .frame = b->frame,
                                                 .osr = b->f->osr};
    site(b, 1, 0);
    start(b, on);
}

static void
receive(struct build *b)
{
    uint32_t slot = 0;

    LLVMBuildStore(b->b, const_i32(b, LOOP_UNITS), b->left);
    for (uint32_t i = 0; i < b->type->nparams; i++) {
        put(b, slot, type_of(b->type->vt[i]), LLVMGetParam(b->fn, i + 2));
        slot += vt_slots(b->type->vt[i]);
    }
    zero_locals(b);
}

static void
check_entry(struct build *b)
{
    LLVMBasicBlockRef full, fits;
    LLVMValueRef limit, top, c, low, sp, reg;
    LLVMValueRef args[] = {b->in, b->fp, const_i32(b, b->link),
                           const_i32(b, ENGINE_STACK_EXHAUSTED)};
#if defined(__aarch64__)
    LLVMMetadataRef name = LLVMMDStringInContext2(b->c, "sp", 2);
#else
    LLVMMetadataRef name = LLVMMDStringInContext2(b->c, "rsp", 3);
#endif

    if (b->leaf && b->frame <= SLACK)
        return;
    full = new_block(b, "full");
    fits = new_block(b, "fits");
    limit = fixed(b, b->in, offsetof(struct engine_instance, stack_limit));
    top = offset(b, b->fp, ((uint64_t)b->frame + SLACK) * 8);
    c = LLVMBuildICmp(b->b, LLVMIntUGT, top, limit, "");
    reg = LLVMMetadataAsValue(b->c, LLVMMDNodeInContext2(b->c, &name, 1));
    sp = intrinsic(b, "llvm.read_register", b->i64, &reg, 1);
    low = load(b, b->i64,
               offset(b, engine_store(b),
                      offsetof(struct engine_store, native_low)),
               AREA_STATE, 8);
    c = LLVMBuildOr(b->b, c, LLVMBuildICmp(b->b, LLVMIntULT, sp, low, ""), "");
    LLVMBuildCondBr(b->b, c, full, fits);
    start(b, full);
    call_table(b, b->in, offsetof(struct native_table, trap_caller), b->none,
               args, 4);
    LLVMBuildUnreachable(b->b);
    start(b, fits);
}

/* From the loop's head on: variables begin as their slots (build.c). */
static void
osr_prologue(struct build *b)
{
    open_entry(b);
    LLVMBuildStore(b->b, const_i32(b, LOOP_UNITS), b->left);
    came_back(b);
    make_blocks(b);
    if (b->heads[b->f->osr])
        LLVMBuildBr(b->b, b->heads[b->f->osr]);
    else
        b->failed = true;
    b->open = false;
}

static void
prologue(struct build *b)
{
    LLVMBasicBlockRef on;

    open_entry(b);
    check_entry(b);
    receive(b);
    came_back(b);
    if (b->leaf && !b->loops)
        return;
    on = new_block(b, "on");
    poll_if_due(b, take_units(b, 1), 1, on);
    start(b, on);
}

static void
finish_trap(struct build *b)
{
    LLVMValueRef s, args[4], at;

    start(b, b->trap);
    s = LLVMBuildLoad2(b->b, b->i32, b->trap_site, "");
    s = LLVMBuildZExt(b->b, s, b->i64, "");
    s = LLVMBuildMul(b->b, s, const_i64(b, sizeof(struct insn)), "");
    at = LLVMBuildGEP2(b->b, b->i8, b->sites_at, &s, 1, "");
    args[0] = b->in;
    args[1] = b->fp;
    args[2] = at;
    args[3] = LLVMBuildLoad2(b->b, b->i32, b->trap_status, "");
    call_table(b, b->in, offsetof(struct native_table, trap), b->none, args, 4);
    LLVMBuildUnreachable(b->b);
}

static bool
allocate(struct build *b)
{
    b->vars = calloc((size_t)b->nslots * TYPES, sizeof *b->vars);
    b->local_types = malloc(b->nslots);
    b->blocks = calloc(b->f->n, sizeof(LLVMBasicBlockRef));
    b->heads = calloc(b->f->n, sizeof(LLVMBasicBlockRef));
    return b->vars && b->local_types && b->blocks && b->heads;
}

bool
build_function(struct build *b, const struct llvm_func *f)
{
    b->f = f;
    b->mem = NULL;
    b->type = b->u->type(b->u->m->code[f->func].type);
    b->link = f->code[0].a;
    b->frame = f->code[0].uimm;
    b->nslots = b->frame + 4;
    if (!allocate(b))
        b->failed = true;
    if (!b->failed) {
        note_locals(b);
        look(b);
        b->fn = f->osr ? osr_body(b) : fast_function(b, f->func);
        b->in = LLVMGetParam(b->fn, 0);
        b->fp = LLVMGetParam(b->fn, 1);
        if (f->osr) {
            osr_prologue(b);
        } else {
            prologue(b);
            make_blocks(b);
        }
        walk(b);
        finish_trap(b);
        b->funcs[b->nfuncs - 1].nsites =
            b->nsites - b->funcs[b->nfuncs - 1].site;
        if (f->osr)
            build_osr(b);
        else
            build_entries(b);
    }
    free(b->vars);
    free(b->local_types);
    free(b->blocks);
    free(b->heads);
    return !b->failed;
}
