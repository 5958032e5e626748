/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emitter's parts.
 *
 *   emit.c --which--> emit_*.c --where--> values.c --stencils--> put.c
 *
 * An operand's place is the number that stencils' names use: a register or
 * IN_SLOT; file is 0 for integers' registers, 1 for floats'. Register 0 of
 * either is scratch: what an instruction computes there goes to its place by
 * jit_result. i is the instruction at work, by number.
 */
#ifndef ENGINE_JIT_EMIT_H
#define ENGINE_JIT_EMIT_H

#include "jit/jit.h"

/* ---- put.c ---- */

/* What to fill a stencil's holes with. */
struct holes {
    uint32_t a, b, c, d; /* slots; in the order of enum hole_kind */
    uint32_t i;          /* memory offset; the same */
    uint64_t k;
    uint32_t taken; /* instruction */
};

void jit_put(struct jit *j, unsigned stencil, uint32_t i,
             const struct holes *h);
#define PUT(stencil, ...) jit_put(j, stencil, i, &(struct holes){__VA_ARGS__})

/* ---- values.c ---- */

static inline unsigned
jit_file_of(const struct segment *s)
{
    return s->class == DBL;
}

/* The segment in a register that a slot belongs to at a position, or NULL. */
static inline const struct segment *
jit_segment_at(const struct jit *j, uint32_t slot, uint32_t pos)
{
    const struct segment *s;

    if (j->current[slot] == NONE)
        return NULL;
    s = &j->segments[j->current[slot]];
    return s->reg && pos <= s->end ? s : NULL;
}

void jit_begin_segments(struct jit *j, uint32_t pos);
/* Segments that begin up to pos take their registers. */
static inline void
jit_advance(struct jit *j, uint32_t pos)
{
    if (j->next_start <= pos)
        jit_begin_segments(j, pos);
}

void jit_load_reg(struct jit *j, const struct segment *s, uint32_t i);
void jit_store_reg(struct jit *j, const struct segment *s, uint32_t i);
/* The slots themselves hold the values, whatever registers do as well. */
void jit_flush_range(struct jit *j, uint32_t slot, uint32_t n, uint32_t i);
/* The slot was written: a register with its old value is not it. */
void jit_written(struct jit *j, uint32_t slot, uint32_t i);
/* Where an operand is: not in scratch. */
unsigned jit_source(struct jit *j, uint32_t slot, unsigned file, uint32_t i);
unsigned jit_int_source(struct jit *j, uint32_t slot, uint32_t i);
/* The same, perhaps in scratch, for who uses it before anything is put there.
 */
unsigned jit_fresh_source(struct jit *j, uint32_t slot, uint32_t i);
bool jit_is_fresh(const struct jit *j, uint32_t slot);
/* A slot that has no register was written, by the code up to here, with what
 * this one holds. */
void jit_note_copy(struct jit *j, unsigned file, unsigned reg, uint32_t slot,
                   uint32_t i);
/* From a register to such a slot. */
void jit_store_copy(struct jit *j, unsigned file, unsigned reg, uint32_t slot,
                    uint32_t i);
/* The same in a register, scratch perhaps. */
unsigned jit_in_register(struct jit *j, uint32_t slot, uint32_t i);
/* An i32 to scratch, upper half clear. */
void jit_scratch32(struct jit *j, uint32_t slot, uint32_t i);
/* Where to compute the result: its register, or 0. */
unsigned jit_target(struct jit *j, uint32_t slot, unsigned file, uint32_t i);
/* It was computed there. */
void jit_finish(struct jit *j, uint32_t slot, unsigned file, unsigned reg,
                uint32_t i);
/* It was computed in scratch. */
void jit_result(struct jit *j, uint32_t slot, unsigned file, uint32_t i);
/* From a register, or from slot where from is IN_SLOT. */
void jit_move(struct jit *j, unsigned file, unsigned to, unsigned from,
              uint32_t slot, uint32_t i);
void jit_constant(struct jit *j, unsigned r, uint64_t v, uint32_t i);
/* Before code outside runs: what lives on goes to slots. Behind it. */
void jit_save_all(struct jit *j, uint32_t i);
void jit_forget_all(struct jit *j);
/* At a block's end all that lives on is in its register; so it begins. */
void jit_restore_all(struct jit *j, uint32_t i);
void jit_block_state(struct jit *j);

/* ---- emit_*.c: one or more operations each ---- */

typedef void jit_emit_fn(struct jit *j, const struct insn *p, uint32_t i);
typedef void jit_emit_with_fn(struct jit *j, const struct insn *p,
                              const struct operands *o, uint32_t i);

/* emit_number.c */
jit_emit_fn jit_emit_binary, jit_emit_binary_imm, jit_emit_large,
    jit_emit_large_imm, jit_emit_unary, jit_emit_convert, jit_emit_fbinary;
/* emit_compare.c */
jit_emit_fn jit_emit_set, jit_emit_set_imm, jit_emit_fset, jit_emit_branch,
    jit_emit_branch_imm, jit_emit_test, jit_emit_fbranch, jit_emit_table;
/* emit_memory.c */
jit_emit_fn jit_emit_load, jit_emit_store, jit_emit_store_imm, jit_emit_global;
jit_emit_with_fn jit_emit_vector, jit_emit_vector_constant;
/* emit_move.c */
jit_emit_fn jit_emit_move_slot, jit_emit_select, jit_emit_reference;
void jit_emit_move_constant(struct jit *j, uint32_t slot, uint64_t v,
                            uint32_t i);
void jit_emit_move_few(struct jit *j, uint32_t to, uint32_t from, uint32_t n,
                       uint32_t i);
void jit_emit_move_slots(struct jit *j, uint32_t to, uint32_t from, uint32_t n,
                         uint32_t i);
/* emit_call.c */
jit_emit_with_fn jit_emit_call, jit_emit_tail_call;
jit_emit_fn jit_emit_return;
void jit_emit_trap_with(struct jit *j, enum engine_status st, uint32_t i);
/* The interpreter runs it; what does not call (operands.c) leaves registers as
 * they are. */
void jit_emit_step(struct jit *j, const struct operands *o, uint32_t i);
/* emit_gc.c */
jit_emit_with_fn jit_emit_gc;
void jit_emit_atomic(struct jit *j, const struct operands *o, uint32_t i);
/* suspend, switch, resume */
void jit_emit_cont(struct jit *j, const struct operands *o, uint32_t i);
/* Slots that the instruction reads itself; what lives on, if it runs code. */
void jit_emit_operands_to_memory(struct jit *j, const struct operands *o,
                                 uint32_t i);
void jit_emit_results_in_memory(struct jit *j, const struct operands *o,
                                uint32_t i);

#endif
