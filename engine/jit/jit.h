/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The baseline compiler: copy and patch.
 *
 *   t->out --blocks.c--> blocks --live.c, segment.c--> live segments
 *          --allocate.c--> registers
 *                                     --emit*.c--> stencils, one by one, in a
 *                      buffer --memory.c--> the module's executable chunks
 *
 * A segment is a stretch of a slot's life, from a definition to the last use
 * that may see it, in the order of the instructions; it lives in one register
 * throughout or in the slot. Position 2i is where instruction i reads, 2i + 1
 * where it writes. No branch carries a value from one segment to another, so
 * at joins everything is in place by construction.
 *
 * What lives in registers is stored to its slot before code outside runs, if it
 * changed, and loaded again when it is next used.
 *
 * The native stack holds sixteen bytes per call: the return address, and what
 * else the machine wants (x86-64: the caller's frame pointer). Machine
 * specifics: x86_64.c, put_x86_64.c and so on.
 */
#ifndef ENGINE_JIT_JIT_H
#define ENGINE_JIT_JIT_H

#include "translate.h"

#include "baseline.h"
#include "jit/registers.h"
#include "native.h"

#include "stencil_table.h"

#define NONE UINT32_MAX
#define NREGS 8u   /* of either kind; 0 is scratch */
#define IN_SLOT 8u /* as an operand's place in stencils' numbers */
#define IMMEDIATE 9u
/* The largest offset that stencils of loads and stores take. */
#if defined(__x86_64__)
#define JIT_LARGEST_OFFSET INT32_MAX
#else
#define JIT_LARGEST_OFFSET UINT32_MAX
#endif

enum reg_class { ANY, INT, DBL, FLT, MEM };

struct jit_block {
    uint32_t first, end;  /* instructions */
    uint32_t op, op_end;  /* the same in jit->ops */
    uint32_t next, taken; /* successors, NONE; tables have more */
    uint32_t from;        /* the first block that jumps forward to this one */
    uint32_t back;        /* the last block that jumps back to it */
    uint32_t depth;       /* of loops */
    uint8_t flow;         /* the last one's */
    uint8_t mark;
};

struct segment {
    uint32_t slot, start, end;
    uint32_t hint;          /* slot whose register would be welcome */
    float benefit, density; /* per instruction */
    uint8_t reg;            /* 0: in the slot */
    uint8_t class;          /* INT or DBL */
    bool write_through;     /* every definition goes to the slot as well */
    bool clean;             /* never differs from the slot */
};

/* Where it goes on behind an instruction. */
enum flow { FLOW_ON, FLOW_BRANCH, FLOW_JUMP, FLOW_TABLE, FLOW_END };

/* What an instruction reads and writes. */
struct operands {
    uint32_t at, length; /* instructions; 0: cannot be compiled */
    uint16_t use[3], def;
    uint16_t reads[3], nreads[3]; /* slots in memory */
    uint16_t writes, nwrites;     /* the same */
    uint8_t use_class[3], def_class;
    uint8_t uses, ranges; /* how many in use, in reads */
    bool defines;         /* there is a def */
    bool calls;           /* runs code outside: registers are lost */
    uint8_t flow;
};

/* How an operation is compiled; by number. */
enum how {
    HOW_NONE, /* not */
    HOW_BIN,
    HOW_BIN_IMM,
    HOW_LARGE,
    HOW_LARGE_IMM,
    HOW_SET,
    HOW_SET_IMM,
    HOW_BRANCH,
    HOW_BRANCH_IMM,
    HOW_TEST, /* br_if and its like */
    HOW_UNARY,
    HOW_CONVERT,
    HOW_FBIN,
    HOW_FLARGE,
    HOW_FSET,
    HOW_FBRANCH,
    HOW_LOAD,
    HOW_STORE,
    HOW_STORE_IMM,
    HOW_VECTOR,
    HOW_OTHER /* emit.c has a case */
};

enum vector_shape {
    SHAPE_LOAD,
    SHAPE_STORE,
    SHAPE_SPLAT,
    SHAPE_EXTRACT,
    SHAPE_REPLACE,
    SHAPE_UN,
    SHAPE_BIN,
    SHAPE_TER,
    SHAPE_SHIFT,
    SHAPE_TEST
};

struct how_to {
    uint8_t how;
    uint8_t from, to; /* enum reg_class of operands and result; shape */
    uint8_t flags;
    uint16_t stencil; /* first of the family */
    uint16_t swapped; /* comparisons: the family with operands exchanged */
};
enum { COMMUTES = 1, SHIFTS = 2, UNSIGNED = 4, SIGNED_DIVISION = 8 };
extern const struct how_to jit_how[OP_COUNT];

/* ---- code memory (memory.c) ---- */

enum helper {
    HELPER_ENTRY,
    HELPER_TRAP,
    HELPER_STACK,
    HELPER_POLL, /* at a function's entry */
    HELPER_LOOP, /* at a loop's head */
    HELPER_IMPORT,
    HELPER_INDIRECT,
    HELPER_TAIL,
    HELPER_STEP,
    HELPER_CONT,
    HELPER_CAST,
    HELPER_GC,
    HELPER_ATOMIC,
    HELPER_MOVE,
    HELPER_COUNT
};

/* Where a frame of the interpreter is taken over: at an instruction; offset in
 * the function, from its start. */
struct jit_loop {
    uint32_t insn, at;
};

/* A compiled function; offsets in its chunk. */
struct jit_func {
    uint32_t start, body, end;
    uint32_t func, ninsns;
    uint32_t nloops;
    const struct jit_loop *loops;
    const uint8_t *sizes; /* bytes of each instruction's code, LEB128 */
    const struct insn *insns;
};

struct jit_chunk {
    struct jit_chunk *next;
    uint8_t *rx, *rw; /* the same pages twice */
    size_t size, used;
    struct jit_func *funcs;
    uint32_t nfuncs, funcs_cap;
};

struct arena {
    struct arena_block *blocks;
};
/* arena.c */
void *arena_take(struct arena *a, size_t bytes);  /* NULL */
void *arena_alloc(struct arena *a, size_t bytes); /* the same, zeroed */
void arena_reset(struct arena *a, bool all);

struct fixup {
    uint32_t at, insn; /* the place in the buffer; its target, or: */
};
#define JIT_POOL UINT32_MAX
#define JIT_HELPER (UINT32_MAX - 256) /* + enum helper */
struct cold {      /* code out of the way, emitted behind the function */
    uint32_t at;   /* the place that jumps here */
    uint32_t back; /* where it goes on: buffer offset */
    uint32_t insn;
    uint8_t helper;
    uint8_t dirty[2]; /* registers to store before; their slots: */
    uint32_t slots;   /* from here in jit.slots */
    uint8_t live[2];  /* a loop's head: registers with a value; their slots: */
    uint32_t live_slots;
};

struct jit {
    struct engine_module *m;
    struct translator *t;
    struct jit_chunk *chunks;
    struct arena keep; /* lives with the code */
    struct arena work; /* one function's */
    size_t code_bytes;

    /* the function at work */
    bool failed;
    uint32_t func, n, nslots;
    struct insn *code;
    const struct insn *published;
    uint8_t *mark;        /* per instruction */
    struct operands *ops; /* instructions, in order */
    uint32_t nops;
    uint32_t *block_at;
    struct jit_block *blocks;
    uint32_t nblocks;
    bool loops;
    uint32_t *global; /* per slot: its bit in live sets, or NONE; or NULL */
    uint32_t *global_slot;
    uint32_t nglobal, words;
    uint64_t *live_in, *live_out; /* per block */
    uint64_t *handler_live;
    uint8_t *in_memory; /* per slot: never in a register */
    bool leaf;

    struct segment *segments; /* by start, the last first */
    uint32_t nsegments, segments_cap;
    uint32_t next_segment;       /* how many are still to begin */
    uint32_t *current;           /* per slot: segment begun last, or NONE */
    uint32_t next_start;         /* of the next one, or NONE */
    uint32_t owner[2][NREGS];    /* segment that had each register last */
    uint32_t owned[2];           /* bits: there is one */
    uint32_t valid[2], dirty[2]; /* bits by register */
    struct { /* what the code up to here has just put into a slot */
        size_t at;
        uint32_t slot;
        uint8_t file, reg;
    } copy;

    uint8_t *buf;
    size_t at, cap;
    uint32_t *native_at; /* per instruction: offset in buf */
    struct fixup *fixups;
    uint32_t nfixups, fixups_cap;
    struct cold *colds;
    uint32_t ncolds, colds_cap;
    uint32_t *slots; /* of registers that cold code stores */
    uint32_t nslots_cold, slots_cap;
    struct jit_loop *entries; /* into loops, for who was interpreted */
    uint32_t nentries;
    uint32_t body, start; /* in the buffer; in the chunk */
    /* Machines whose conditional jumps are short, and that fold moves: */
    bool far;
    uint32_t moved, moved_insn;
};
enum { MARK_LEADER = 1, MARK_LOOP = 2, MARK_HANDLER = 4 };

/* operands.c */
void jit_operands(const struct jit *j, uint32_t i, struct operands *o);
/* false: cannot be compiled, or out of memory */
/* blocks.c */
bool jit_blocks(struct jit *j);
/* live.c */
bool jit_live(struct jit *j);

/* A slot's bit in live sets, or NONE; and back. */
static inline uint32_t
jit_bit(const struct jit *j, uint32_t slot)
{
    return j->global ? j->global[slot] : slot;
}

static inline uint32_t
jit_slot_of_bit(const struct jit *j, uint32_t bit)
{
    return j->global ? j->global_slot[bit] : bit;
}

/* segment.c */
bool jit_segments(struct jit *j);
/* allocate.c */
void jit_allocate(struct jit *j);
/* emit.c */
void jit_emit(struct jit *j);
/* x86_64.c and so on: code by hand */
void jit_machine_entry(struct jit *j, uint32_t link, uint32_t frame,
                       uint32_t units);
void jit_machine_thunk(struct jit *j);
void jit_machine_zero(struct jit *j, uint32_t slot, uint32_t n);
void jit_machine_save_stack(struct jit *j, uint32_t slot);
void jit_machine_call(struct jit *j, const struct insn *pc, uint32_t func);
void jit_machine_call_found(struct jit *j, const struct insn *pc);
void jit_machine_tail_begin(struct jit *j, uint32_t link);
void jit_machine_tail(struct jit *j, uint32_t func);
void jit_machine_helper(struct jit *j, enum helper h, uintptr_t r0,
                        uintptr_t r1, bool two, bool jump);
void jit_machine_ret(struct jit *j);
void jit_machine_jump(struct jit *j, uint32_t insn);
uint32_t jit_machine_jump_out(struct jit *j); /* place to patch */
void jit_machine_table(struct jit *j, uint32_t i);
/* Its k-th entry, behind it: to an instruction. */
void jit_machine_table_entry(struct jit *j, uint32_t k, uint32_t insn);
void jit_machine_colds(struct jit *j);
/* Where jit_shim_back comes to: the stack as it is in a function's body. */
void jit_machine_take_over(struct jit *j);
/* A jump to the address behind it. */
extern const uint8_t jit_machine_veneer[8];
/* Code was written: other cores, too, are to see it. */
void jit_machine_written(uint8_t *code, size_t n);

/* put.c */
void jit_cold(struct jit *j, uint32_t at, uint32_t insn, enum helper helper);
void jit_fixup(struct jit *j, uint32_t at, uint32_t insn);
uint32_t jit_pool_size(void);
void jit_pool_copy(void *to);
uint32_t jit_pool_place(void); /* in its chunk; memory.c */
void jit_bytes(struct jit *j, const void *p, size_t n);
void jit_patch(struct jit *j, uint32_t at, uint32_t target);
/* The last cold code is a loop's head at i, and what differs from its slot there
 * is to be stored: compiled code that takes over finds all in the frame. */
void jit_note_dirty(struct jit *j, uint32_t i);
/* The registers that code at cold code c's place counts on, loaded. */
void jit_load_live(struct jit *j, const struct cold *c);
/* The registers that cold code c is to store, stored. */
void jit_store_dirty(struct jit *j, const struct cold *c);

/* runtime.c */
jit_code jit_lazy, jit_far, jit_return, jit_jump_r7;
uint64_t jit_shim(struct engine_instance *in, uint64_t *fp, uint8_t *mem,
                  uint64_t budget, const struct insn *link, uintptr_t body,
                  uint64_t index);
/* The same from the middle of a function; the stack pointer that it had at its
 * beginning goes to *stack. */
uint64_t jit_shim_back(struct engine_instance *in, uint64_t *fp, uint8_t *mem,
                       uint64_t budget, uintptr_t at, uint64_t *stack);
_Noreturn void jit_resume(struct engine_instance *in, uint64_t *fp,
                          uint8_t *mem, uint64_t budget, uintptr_t target,
                          uintptr_t stack);
extern const uintptr_t jit_helpers[HELPER_COUNT];

/* emit_gc.c: operands of what needs no code outside; false: it does. */
bool jit_gc_operands(const struct insn *p, struct operands *o);
/* memory.c: copy the function in j's buffer to executable memory. */
bool jit_install(struct jit *j);
/* The instruction whose code is at an address. */
native_place_fn jit_place;
/* The address of an instruction of func, whose body is at body. */
uintptr_t jit_address(struct engine_module *m, uintptr_t body, uint32_t insn);
bool jit_memory_works(void);
void jit_chunks_free(struct jit *j);

#endif
