/* SPDX-License-Identifier: Apache-2.0 */
/* Code outside: calls, returns, and what the interpreter runs. */
#include "config.h"

#if ENGINE_JIT
#include "jit/emit.h"

void
jit_emit_operands_to_memory(struct jit *j, const struct operands *o, uint32_t i)
{
    for (uint32_t k = 0; k < o->ranges; k++)
        jit_flush_range(j, o->reads[k], o->nreads[k], i);
    if (o->calls)
        jit_save_all(j, i);
}

void
jit_emit_results_in_memory(struct jit *j, const struct operands *o, uint32_t i)
{
    if (o->calls)
        jit_forget_all(j);
    jit_advance(j, 2 * i + 1);
    for (uint32_t k = 0; k < o->nwrites; k++)
        jit_written(j, o->writes + k, i);
}

void
jit_emit_step(struct jit *j, const struct operands *o, uint32_t i)
{
    struct native_step *s =
        arena_alloc(&j->keep, sizeof *s + (o->length + 1) * sizeof s->code[0]);

    if (!s) {
        j->failed = true;
        return;
    }
    s->origin = j->published + i;
    s->n = o->length + 1;
    memcpy(s->code, s->origin, o->length * sizeof s->code[0]);
    s->code[o->length].code = interp_code(OP_step_end);
    jit_emit_operands_to_memory(j, o, i);
    jit_machine_helper(j, HELPER_STEP, (uintptr_t)s, 0, false, false);
    jit_emit_results_in_memory(j, o, i);
}

void
jit_emit_atomic(struct jit *j, const struct operands *o, uint32_t i)
{
    if (o->calls) {
        jit_emit_step(j, o, i);
        return;
    }
    jit_emit_operands_to_memory(j, o, i);
    jit_machine_helper(j, HELPER_ATOMIC, (uintptr_t)(j->published + i), 0,
                       false, false);
    if (o->defines)
        jit_result(j, o->def, 0, i);
}

void
jit_emit_cont(struct jit *j, const struct operands *o, uint32_t i)
{
    jit_emit_operands_to_memory(j, o, i);
    jit_machine_helper(j, HELPER_CONT, (uintptr_t)(j->published + i), 0, false,
                       false);
    jit_emit_results_in_memory(j, o, i);
}

static void
call_result(struct jit *j, const struct operands *o, uint32_t i)
{
    unsigned file;

    jit_emit_results_in_memory(j, o, i);
    if (!o->defines)
        return;
    file = o->def_class != INT;
    if (jit_target(j, o->def, file, i))
        jit_result(j, o->def, file, i);
    else /* the callee put it into the slot */
        jit_note_copy(j, file, 0, o->def, i);
}

void
jit_emit_call(struct jit *j, const struct insn *p, const struct operands *o,
              uint32_t i)
{
    const struct insn *pc = j->published + i;

    if (p->code == OP_call_indirect || p->code == OP_call_ref) {
        if (p->code == OP_call_indirect)
            jit_scratch32(j, p->b, i);
        else
            jit_move(j, 0, 0, jit_int_source(j, p->b, i), p->b, i);
    }
    jit_emit_operands_to_memory(j, o, i);
    switch (p->code) {
    case OP_call:
        jit_machine_call(j, pc, p->uimm / (uint32_t)sizeof(struct func_code));
        break;
    case OP_call_import:
        jit_machine_helper(j, HELPER_IMPORT, (uintptr_t)pc, 0, false, false);
        break;
    case OP_call_table:
        jit_machine_helper(j, HELPER_INDIRECT, 0, (uintptr_t)pc, true, false);
        break;
    default:
        if (p->code == OP_call_indirect)
            PUT(ST_k_find_element, .k = p->uimm);
        else
            PUT(ST_find_ref);
        jit_machine_call_found(j, pc);
        /* (the entry's poll may be of the same instruction) */
        for (uint32_t k = j->ncolds; k-- > 0 &&
                                     j->colds[k].helper == HELPER_INDIRECT &&
                                     j->colds[k].insn == i;)
            j->colds[k].back = (uint32_t)j->at;
        break;
    }
    jit_forget_all(j);
    call_result(j, o, i);
}

void
jit_emit_tail_call(struct jit *j, const struct insn *p,
                   const struct operands *o, uint32_t i)
{
    jit_emit_operands_to_memory(j, o, i);
    if (p->code != OP_ret_call || p->b > 8) {
        jit_machine_helper(j, HELPER_TAIL, (uintptr_t)(j->published + i), 0,
                           false, true);
        return;
    }
    jit_machine_tail_begin(j, p[1].a);
    jit_emit_move_few(j, 0, p[1].uimm, p->b, i);
    jit_machine_tail(j, p->uimm / (uint32_t)sizeof(struct func_code));
}

void
jit_emit_trap_with(struct jit *j, enum engine_status st, uint32_t i)
{
    jit_constant(j, 0, st, i);
    jit_cold(j, jit_machine_jump_out(j), i, HELPER_TRAP);
}

void
jit_emit_return(struct jit *j, const struct insn *p, uint32_t i)
{
    unsigned x;

    switch (p->code) {
    case OP_ret_i:
        x = jit_fresh_source(j, p->b, i);
        jit_move(j, 0, 0, x, p->b, i);
        PUT(ST_store, .a = 0);
        break;
    case OP_ret_d:
    case OP_ret_f:
        x = jit_source(j, p->b, 1, i);
        jit_move(j, 1, 0, x, p->b, i);
        PUT(ST_fstore, .a = 0);
        break;
    case OP_ret_n:
        jit_flush_range(j, p[1].uimm, p->uimm, i);
        jit_emit_move_slots(j, 0, p[1].uimm, p->uimm, i);
        break;
    default:
        break;
    }
    jit_machine_ret(j);
}
#endif
