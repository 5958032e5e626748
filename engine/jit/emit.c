/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions to stencils. An operand's place is the number that stencils'
 * names use: a register, or IN_SLOT.
 */
#include "config.h"

#if ENGINE_JIT
#include "jit/emit.h"
#include "options.h"

static void
other(struct jit *j, const struct insn *p, const struct operands *o, uint32_t i)
{
    switch (p->code) {
    case OP_mov:
        jit_emit_move_slot(j, p, i);
        break;
    case OP_const32:
        jit_emit_move_constant(j, p->a, p->uimm, i);
        break;
    case OP_const64:
        jit_emit_move_constant(j, p->a, insn_u64(p + 1), i);
        break;
    case OP_const128:
        jit_emit_vector_constant(j, p, o, i);
        break;
    case OP_mov2:
    case OP_select128:
        jit_emit_operands_to_memory(j, o, i);
        PUT(p->code == OP_mov2 ? ST_mov2 : ST_select128, .a = p->a, .b = p->b,
            .c = p->c, .d = p->d);
        jit_emit_results_in_memory(j, o, i);
        break;
    case OP_movn:
        jit_emit_operands_to_memory(j, o, i);
        jit_emit_move_slots(j, p[1].uimm, p[2].uimm, p->uimm, i);
        jit_emit_results_in_memory(j, o, i);
        break;
    case OP_br:
    case OP_br_l:
        jit_restore_all(j, i);
        if (i + (uint32_t)p->imm != i + 1)
            jit_machine_jump(j, i + (uint32_t)p->imm);
        break;
    case OP_br_table_s:
        jit_emit_table(j, p, i);
        break;
    case OP_select_s:
        jit_emit_select(j, p, i);
        break;
    case OP_unreachable:
        jit_emit_trap_with(j, ENGINE_UNREACHABLE, i);
        break;
    case OP_ret:
    case OP_ret_i:
    case OP_ret_d:
    case OP_ret_f:
    case OP_ret_n:
        jit_emit_return(j, p, i);
        break;
    case OP_call:
    case OP_call_import:
    case OP_call_indirect:
    case OP_call_table:
    case OP_call_ref:
        jit_emit_call(j, p, o, i);
        break;
    case OP_ret_call:
    case OP_ret_call_table:
    case OP_ret_call_ref:
        jit_emit_tail_call(j, p, o, i);
        break;
    case OP_global_get:
    case OP_global_get_float:
    case OP_global_set:
        jit_emit_global(j, p, i);
        break;
    case OP_ref_is_null:
    case OP_ref_non_null:
        jit_emit_reference(j, p, i);
        break;
    case OP_cont_resume:
    case OP_cont_suspend:
    case OP_cont_switch:
        jit_emit_cont(j, o, i);
        break;
    case OP_gc:
        jit_emit_gc(j, p, o, i);
        break;
    case OP_atomic:
        jit_emit_atomic(j, o, i);
        break;
    case OP_table_ref:
        if (o->length > 1)
            jit_emit_step(j, o, i);
        break;
    default:
        jit_emit_step(j, o, i);
        break;
    }
}

static void
instruction(struct jit *j, uint32_t i, const struct operands *o)
{
    const struct insn *p = &j->code[i];

    switch ((enum how)jit_how[p->code].how) {
    case HOW_BIN:
        jit_emit_binary(j, p, i);
        break;
    case HOW_BIN_IMM:
        jit_emit_binary_imm(j, p, i);
        break;
    case HOW_LARGE:
        jit_emit_large(j, p, i);
        break;
    case HOW_LARGE_IMM:
        jit_emit_large_imm(j, p, i);
        break;
    case HOW_SET:
        jit_emit_set(j, p, i);
        break;
    case HOW_SET_IMM:
        jit_emit_set_imm(j, p, i);
        break;
    case HOW_BRANCH:
        jit_emit_branch(j, p, i);
        break;
    case HOW_BRANCH_IMM:
        jit_emit_branch_imm(j, p, i);
        break;
    case HOW_TEST:
        jit_emit_test(j, p, i);
        break;
    case HOW_UNARY:
        jit_emit_unary(j, p, i);
        break;
    case HOW_CONVERT:
        jit_emit_convert(j, p, i);
        break;
    case HOW_FBIN:
    case HOW_FLARGE:
        jit_emit_fbinary(j, p, i);
        break;
    case HOW_FSET:
        jit_emit_fset(j, p, i);
        break;
    case HOW_FBRANCH:
        jit_emit_fbranch(j, p, i);
        break;
    case HOW_LOAD:
        jit_emit_load(j, p, i);
        break;
    case HOW_STORE:
        jit_emit_store(j, p, i);
        break;
    case HOW_STORE_IMM:
        jit_emit_store_imm(j, p, i);
        break;
    case HOW_VECTOR:
        jit_emit_vector(j, p, o, i);
        break;
    case HOW_OTHER:
        other(j, p, o, i);
        break;
    case HOW_NONE:
        j->failed = true;
        break;
    }
}

/* ---- functions ---- */

static bool
live_at_entry(const struct jit *j, uint32_t slot)
{
    uint32_t g;

    if (!j->live_in || j->in_memory[slot])
        return true;
    g = jit_bit(j, slot);
    return g != NONE && j->live_in[g / 64] >> g % 64 & 1;
}

/* Parameters to registers, zeros to locals that are read first. */
static void
locals(struct jit *j)
{
    const struct type_def *type = j->t->type;
    uint32_t i = 0, link = j->t->link, zeros = 0, first = 0;

    jit_advance(j, 1);
    for (uint32_t s = link + 1; s < j->t->first_operand; s++)
        if (!jit_segment_at(j, s, 0) && live_at_entry(j, s)) {
            first = zeros++ ? first : s;
        }
    if (zeros > 16)
        jit_machine_zero(j, first, j->t->first_operand - first);
    else
        for (uint32_t s = link + 1; s < j->t->first_operand && zeros; s++)
            if (!jit_segment_at(j, s, 0) && live_at_entry(j, s))
                PUT(ST_k_store, .a = s, .k = 0);
    for (uint32_t k = j->nsegments; k && j->segments[k - 1].start == 0; k--) {
        const struct segment *s = &j->segments[k - 1];

        if (!s->reg)
            continue;
        if (s->slot > link && s->slot < j->t->first_operand) {
            PUT((jit_file_of(s) ? ST_fzero : ST_zero) + s->reg);
            j->dirty[jit_file_of(s)] |= 1u << s->reg;
            if (s->write_through || s->clean)
                jit_store_reg(j, s, i);
        }
    }
    for (uint32_t k = 0, slot = 0; k < type->nparams; k++) {
        const struct segment *s = jit_segment_at(j, slot, 0);

        if (s && !jit_file_of(s) && type->vt[k] == VT_I32) {
            /* it has no upper half, whoever called */
            PUT(ST_load32 + s->reg, .b = slot);
            j->dirty[0] &= ~(1u << s->reg);
        } else if (s) {
            jit_load_reg(j, s, i);
        }
        slot += vt_slots(type->vt[k]);
    }
}

static void
function(struct jit *j)
{
    const struct insn *e = j->code;

    jit_machine_thunk(j);
    j->body = (uint32_t)j->at;
    jit_machine_entry(j, e->a, e->uimm, 1 + (e->b >> 5));
    if (j->t->nhandlers)
        jit_machine_save_stack(j, e->a + 1u);
    locals(j);
    for (uint32_t b = 0; b < j->nblocks && !j->failed; b++) {
        const struct jit_block *k = &j->blocks[b];

        if (b)
            jit_advance(j, 2 * k->first);
        if (b || k->mark & MARK_LOOP)
            jit_block_state(j);
        for (uint32_t x = k->op; x < k->op_end && !j->failed; x++) {
            const struct operands *o = &j->ops[x];
            uint32_t i = o->at;

            j->native_at[i] = (uint32_t)j->at;
            if (x == k->op && k->mark & MARK_LOOP) {
                PUT(ST_loop);
                jit_note_dirty(j, i);
            }
            jit_advance(j, 2 * i);
            instruction(j, i, o);
            for (uint32_t d = 1; d < o->length; d++)
                j->native_at[i + d] = (uint32_t)j->at;
        }
        if (k->flow == FLOW_ON && !j->failed)
            jit_restore_all(j, j->ops[k->op_end - 1].at);
    }
}

/* Ways in for frames of the interpreter, which has all in slots. */
static void
take_over(struct jit *j)
{
    uint32_t n = 0;

    j->nentries = 0;
    for (uint32_t k = 0; k < j->ncolds; k++)
        n += j->colds[k].helper == HELPER_LOOP;
    if (!n || !options_warm_up())
        return;
    j->entries = arena_take(&j->work, n * sizeof *j->entries);
    for (uint32_t k = 0; k < j->ncolds && j->entries && !j->failed; k++) {
        const struct cold *c = &j->colds[k];

        if (c->helper != HELPER_LOOP)
            continue;
        j->entries[j->nentries++] =
            (struct jit_loop){c->insn, (uint32_t)j->at};
        jit_machine_take_over(j);
        jit_load_live(j, c);
        jit_patch(j, jit_machine_jump_out(j), c->back);
    }
}

void
jit_emit(struct jit *j)
{
    j->at = j->nfixups = j->ncolds = j->nslots_cold = 0;
    j->next_segment = j->nsegments;
    j->next_start = 0;
    j->copy.at = SIZE_MAX;
    j->owned[0] = j->owned[1] = 0;
    memset(j->current, 0xff, j->nslots * sizeof *j->current);
    memset(j->owner, 0xff, sizeof j->owner);
    jit_forget_all(j);
    function(j);
    if (!j->failed)
        jit_machine_colds(j);
    if (!j->failed)
        take_over(j);
    for (uint32_t k = 0; k < j->nfixups && !j->failed; k++)
        if (j->fixups[k].insn < JIT_HELPER)
            jit_patch(j, j->fixups[k].at, j->native_at[j->fixups[k].insn]);
}
#endif
