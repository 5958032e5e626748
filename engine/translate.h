/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The translator: one pass over a valid body, wasm's stack machine to
 * three-address instructions (insn.h).
 *
 * Every operand has a canonical slot, given by its height. Constants and
 * unmodified locals stay descriptors until somebody needs them in that slot
 * ("materialise"). A value consumed right after it was made travels in an
 * accumulator: the consumer rewrites its producer, which is the instruction just
 * emitted, to the _R form. local.set rewrites its producer's destination.
 *
 * At labels all descriptors are materialised and accumulators are dead.
 *
 * Bounds: output is proportional to the body (at most PENDING descriptors are
 * open; label values beyond one move as a block), so hostile bodies cost no more
 * than honest ones of their size.
 *
 * Frames whose slots do not fit 16 bits are translated again in wide mode: far
 * slots are copied to and from a few scratch slots around each instruction.
 */
#ifndef ENGINE_TRANSLATE_H
#define ENGINE_TRANSLATE_H

#include "module.h"

#include "op/ops.h"

#define PENDING 32u
#define FAR 65000u
#define SCRATCH 24u

/* ADD: an unmodified local plus a constant, i32, not yet computed. */
enum operand_kind { OPERAND_SLOT, OPERAND_LOCAL, OPERAND_CONST, OPERAND_ADD };
enum operand_class { CLASS_I = ACC_I, CLASS_D = ACC_D, CLASS_F = ACC_F, CLASS_V };

struct operand {
    uint8_t kind;  /* enum operand_kind */
    uint8_t class; /* enum operand_class */
    bool is32;     /* constants: 32 bits wide */
    uint32_t slot; /* canonical */
    union {
        uint64_t value; /* constants */
        struct {
            uint32_t local; /* locals and sums: the local's slot */
            int32_t addend; /* sums */
        };
    };
};

enum frame_kind { FRAME_BLOCK, FRAME_LOOP, FRAME_IF, FRAME_ELSE, FRAME_TRY,
                  FRAME_CATCH, FRAME_TRY_TABLE };

struct frame { /* a structured control instruction that is open */
    uint8_t kind;
    uint32_t height; /* operands below the parameters */
    uint32_t base;   /* slot of the first parameter and result */
    uint32_t start;  /* loops: target; tries: first instruction covered */
    uint32_t fix;    /* chain of forward branches to the end, index + 1 */
    uint32_t else_fix;
    uint32_t nparams, nresults, param_slots, result_slots;
    const uint32_t *types; /* params, results; NULL: only single */
    uint32_t single;
    uint32_t exn;  /* legacy try: slot of the caught exception */
    uint32_t first_clause, nclauses; /* try_table: in t->clauses */
    uint32_t stub, mark; /* br_table: the stub made for this label */
};

struct clause {
    uint32_t tag, pad, slot, ref;
};

struct translator {
    struct engine_module *m;
    const struct type_def *type;
    const uint8_t *p, *end;
    bool failed; /* out of memory */
    bool wide, needs_wide;
    bool dead; /* the code that follows cannot be reached */

    struct insn *out;
    uint32_t n, cap;
    uint32_t label;     /* no accumulator crosses this instruction index */
    uint32_t last;      /* index + 1 of the producer of the top operand */
    uint32_t last_call; /* the same for a call, whose result cannot move */
    uint32_t call_operand; /* ... and which operand that is */
    uint32_t raw;       /* index + 1 of the last instruction of raw bytes */
    uint32_t raw_op;    /* the operation they belong to */

    struct operand *stack;
    uint32_t sp, stack_cap;
    uint32_t pending; /* operands below are in their slots */
    uint32_t top, max; /* next free slot, highest */
    uint32_t scratch;  /* wide: next scratch slot to use */

    struct frame *frames;
    uint32_t nframes, frames_cap;
    uint32_t *local_slot;
    uint8_t *local_class;
    uint32_t nlocals, locals_cap;
    uint32_t link, first_operand, mark;

    struct clause *clauses;
    uint32_t nclauses, clauses_cap;
    struct eh_entry *handlers;
    uint32_t nhandlers, handlers_cap;

    uint32_t want, found; /* byte offset of instruction `want` */
};

/* ---- translate.c: operands and emission ---------------------------------------- */

bool t_grow(struct translator *t, void *array, uint32_t *cap, size_t size);
uint32_t t_emit(struct translator *t, unsigned op, uint32_t a, uint32_t b,
                uint32_t imm);
/* The same with c and d instead of imm. */
uint32_t t_emit4(struct translator *t, unsigned op, uint32_t a, uint32_t b,
                 uint32_t c, uint32_t d);
void t_data(struct translator *t, uint32_t imm);
void t_data_u64(struct translator *t, uint64_t v);
void t_data_bytes(struct translator *t, const uint8_t *p, size_t n);

void t_push(struct translator *t, struct operand o);
/* Push an operand in its slot; the slot (a scratch slot in wide mode, in which
 * case t_result must follow the emission). */
uint32_t t_push_slot(struct translator *t, enum operand_class c);
void t_push_vt(struct translator *t, uint32_t vt);
void t_result(struct translator *t);
void t_drop(struct translator *t, uint32_t n);
/* Put operand i into its canonical slot. */
void t_materialise(struct translator *t, uint32_t i);
void t_flush(struct translator *t);
/* A slot that holds operand i now (16 bits). */
uint32_t t_source(struct translator *t, uint32_t i);
struct insn *t_producer(struct translator *t);
/* Can operand i come from the accumulator of this class? Then it does. */
bool t_acc(struct translator *t, uint32_t i, enum operand_class c);
/* Copy operand i to a slot, leaving it as it is. */
void t_move(struct translator *t, uint32_t to, uint32_t i);
void t_copy(struct translator *t, uint32_t to, uint32_t from, uint32_t slots);
uint32_t t_near(struct translator *t, uint32_t slot, uint32_t slots);
void t_label(struct translator *t);
enum operand_class t_class(uint32_t vt);

/* ---- translate_control.c --------------------------------------------------------- */

bool t_control(struct translator *t, uint8_t op); /* false: not control */
void t_skip_immediates(const uint8_t **p, uint8_t op);
void t_skip_valtype(const uint8_t **p);
void t_body(struct translator *t);

/* ---- translate_ops.c --------------------------------------------------------------- */

void t_operation(struct translator *t, uint8_t op);
void t_set_local(struct translator *t, uint32_t local, bool tee);

/* ---- translate_gc.c ---------------------------------------------------------------- */

void t_prefix_fb(struct translator *t); /* all but br_on_cast */
void t_prefix_fe(struct translator *t);
void t_ref_eq(struct translator *t);
void t_wide(struct translator *t, uint32_t op);
/* Past the immediates of a prefixed instruction in dead code. */
void t_skip_fb(const uint8_t **p);
void t_skip_fe(const uint8_t **p);
/* A heap type immediate as the types have it. */
uint32_t t_heap_type(struct translator *t);
/* Replace the reference on top by whether it is of this type. */
void t_ref_test(struct translator *t, uint32_t heap, bool nullable);

#endif
