/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The translator: one pass over a valid body, wasm's stack machine to
 * three-address instructions (insn.h).
 *
 * Every operand has a canonical slot, given by its height. Constants and
 * unmodified locals stay descriptors until somebody needs them in that slot
 * ("materialise"). A value consumed right after it was made travels in an
 * accumulator: the consumer rewrites its producer, which is the instruction
 * just emitted, to the _R form. local.set rewrites its producer's destination.
 *
 * At labels all descriptors are materialised and accumulators are dead.
 *
 * Bounds: output is proportional to the body (at most PENDING descriptors are
 * open; label values beyond one move as a block), so hostile bodies cost no
 * more than honest ones of their size.
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
enum operand_class {
    CLASS_I = ACC_I,
    CLASS_D = ACC_D,
    CLASS_F = ACC_F,
    CLASS_V
};

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

enum frame_kind {
    FRAME_BLOCK,
    FRAME_LOOP,
    FRAME_IF,
    FRAME_ELSE,
    FRAME_TRY,
    FRAME_CATCH,
    FRAME_TRY_TABLE
};

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
    uint32_t exn; /* legacy try: slot of the caught exception */
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
    bool canonical_nan; /* see engine_options */
    bool plain; /* (t_is_plain) for compilers: nothing fused but comparison and branch, no
                 * operands in accumulators (r0 still holds tables, functions
                 * and checked addresses between an instruction and the next) */
    bool dead; /* the code that follows cannot be reached */

    struct insn *out;
    uint32_t n, cap;
    uint32_t label;        /* no accumulator crosses this instruction index */
    uint32_t last;         /* index + 1 of the producer of the top operand */
    uint32_t last_call;    /* the same for a call, whose result cannot move */
    uint32_t call_operand; /* ... and which operand that is */
    uint32_t raw;          /* index + 1 of the last instruction of raw bytes */
    uint32_t raw_op;       /* the operation they belong to */

    struct operand *stack;
    uint32_t sp, stack_cap;
    uint32_t pending;  /* operands below are in their slots */
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
    uint32_t stop; /* end before the instruction at this byte offset, leaving
                    * the operands as they are; 0: at the end */
};

static inline bool
t_is_plain(const struct translator *t)
{
    return ENGINE_PLAIN || t->plain;
}

/* ---- translate.c ---- */

/* Translate defined function func of m; false: out of memory. */
bool t_translate(struct translator *t, struct engine_module *m, uint32_t func);
void t_buffers_free(struct translator *t);
/* What was translated, as it is run, to t->n instructions: with handlers, or
 * with numbers of operations still. (code.c) */
void t_finish(const struct translator *t, struct insn *to, bool handlers);
/* Instructions behind op that hold raw bytes rather than a code. */
uint32_t t_raw_count(unsigned op);
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
/* n operands to slots, side by side; the first one's slot, and how many slots
 * they take. Then, when they are used up, what stands in their place. */
uint32_t t_operands(struct translator *t, uint32_t n, uint32_t *slots);
void t_results(struct translator *t, uint32_t n, const uint32_t *results,
               uint32_t nresults);
/* Put operand i into its canonical slot. */
void t_materialise(struct translator *t, uint32_t i);
void t_flush(struct translator *t);
/* A slot that holds operand i now (16 bits). */
uint32_t t_source(struct translator *t, uint32_t i);
/* The instruction just emitted, if it may be changed: to change where it writes
 * (t_written), or to fuse it (t_producer). NULL: there is none. */
struct insn *t_written(struct translator *t);
struct insn *t_producer(struct translator *t);
/* Can operand i come from the accumulator of this class? Then it does. */
bool t_acc(struct translator *t, uint32_t i, enum operand_class c);
/* Copy operand i to a slot, leaving it as it is. */
void t_move(struct translator *t, uint32_t to, uint32_t i);
void t_copy(struct translator *t, uint32_t to, uint32_t from, uint32_t slots);
uint32_t t_near(struct translator *t, uint32_t slot, uint32_t slots);
void t_label(struct translator *t);
enum operand_class t_class(uint32_t vt);

/* ---- translate_tables.c ---- */

enum family { FAMILY_NONE, FAMILY_BIN, FAMILY_CMP, FAMILY_FBIN, FAMILY_FCMP };
extern const uint8_t t_family[OP_COUNT]; /* by its first member */

struct plain {               /* a wasm numeric or memory instruction */
    uint16_t op;             /* first member of the family */
    uint8_t pops;            /* 0: not plain */
    uint8_t operand, result; /* enum operand_class */
    uint8_t size;            /* memory: log2 of the bytes */
};
extern const struct plain t_plain[0x108];
#define CLASS_I32 CLASS_I
#define CLASS_I64 CLASS_I
#define CLASS_F32 CLASS_F
#define CLASS_F64 CLASS_D
#define CLASS_V128 CLASS_V

struct memarg {
    uint32_t memory;
    uint64_t offset;
    bool direct; /* memory 0, 32-bit, offset within the guard */
};

/* A condition taken off the stack: the branch to emit, forward form. */
struct condition {
    uint16_t yes, no; /* branch if true, if false */
    uint32_t a, b;
};

bool t_commutes(uint32_t code);
uint32_t t_swapped(uint32_t code);

/* ---- translate_num.c ---- */

bool t_immediate(const struct operand *o, int32_t *imm);
void t_numeric(struct translator *t, uint32_t code);

/* ---- translate_mem.c ---- */

struct memarg t_memarg(struct translator *t);
void t_address(struct translator *t, uint32_t i, const struct memarg *a,
               uint32_t size);
void t_load(struct translator *t, uint32_t code);
void t_store(struct translator *t, uint32_t code);
void t_emit_slots(struct translator *t, unsigned op, uint32_t n);
void t_memory_grow(struct translator *t);
void t_memory_size(struct translator *t);

/* ---- translate_table.c ---- */

void t_table_get(struct translator *t);
void t_table_set(struct translator *t);
void t_prefix_fc(struct translator *t);

/* ---- translate_simd.c ---- */

void t_prefix_fd(struct translator *t);

/* ---- translate_frame.c ---- */

const uint32_t *t_frame_results(const struct frame *f);
struct frame *t_frame_push(struct translator *t, enum frame_kind kind);
void t_read_blocktype(struct translator *t, struct frame *f);
void t_frame_open(struct translator *t, struct frame *f);
void t_block(struct translator *t, enum frame_kind kind);
void t_chain(struct translator *t, uint32_t *fix, uint32_t at);
void t_patch(struct translator *t, uint32_t at, uint32_t target);
void t_patch_chain(struct translator *t, uint32_t fix);
uint32_t t_label_arity(const struct frame *f);
bool t_in_place(const struct translator *t, const struct frame *f, uint32_t n);
void t_settle(struct translator *t, uint32_t n);
void t_move_values(struct translator *t, const struct frame *f);
void t_return_values(struct translator *t);

/* ---- translate_branch.c ---- */

struct condition t_pop_condition(struct translator *t);
uint32_t t_emit_condition(struct translator *t, const struct condition *c,
                          bool want, bool backward);
struct frame *t_label_frame(struct translator *t, uint32_t depth);
void t_jump(struct translator *t, struct frame *f);
void t_branch(struct translator *t, uint32_t depth);
void t_br_if(struct translator *t);
void t_br_on_null(struct translator *t, bool non_null);
bool t_br_on_cast(struct translator *t);
void t_br_table(struct translator *t);

/* ---- translate_call.c ---- */

uint32_t t_arguments(struct translator *t, const struct type_def *type);
void t_call(struct translator *t);
void t_call_indirect(struct translator *t);
void t_call_ref(struct translator *t);
void t_return_call(struct translator *t);
void t_return_call_indirect(struct translator *t);
void t_return_call_ref(struct translator *t);

/* ---- translate_eh.c ---- */

void t_throw(struct translator *t);
void t_try_table(struct translator *t);
void t_try_table_end(struct translator *t, struct frame *f);
void t_legacy_try(struct translator *t);
void t_finish_arm(struct translator *t, struct frame *f);
void t_legacy_catch(struct translator *t, uint32_t tag);
void t_legacy_delegate(struct translator *t);

/* ---- translate_cont.c ---- */

bool t_cont(struct translator *t, uint8_t op); /* false: not one */

/* ---- translate_control.c ---- */

void t_end_block(struct translator *t);
bool t_control(struct translator *t, uint8_t op); /* false: not control */
void t_body(struct translator *t);

/* ---- translate_skip.c ---- */

void t_skip_immediates(const uint8_t **p, uint8_t op);
void t_skip_valtype(const uint8_t **p);

/* ---- translate_var.c ---- */

void t_operation(struct translator *t, uint8_t op);
void t_set_local(struct translator *t, uint32_t local, bool tee);

/* ---- translate_gc.c
 * ---------------------------------------------------------------- */

void t_prefix_fb(struct translator *t); /* all but br_on_cast */
void t_prefix_fe(struct translator *t);
void t_ref_eq(struct translator *t);
void t_wide(struct translator *t, uint32_t op);
/* A heap type immediate as the types have it. */
uint32_t t_heap_type(struct translator *t);
/* Replace the reference on top by whether it is of this type. */
void t_ref_test(struct translator *t, uint32_t heap, bool nullable);

#endif
