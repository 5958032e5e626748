/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building LLVM's form of functions from translated instructions; see unit.h
 * for what comes out and native.h for the conventions.
 *
 * Slots. Each slot is a variable per type that it is used with (i32 and i64 and
 * so on are different variables): WebAssembly never reads a type that was not
 * written, and so promotion to registers sees 32-bit numbers as such. Moves of
 * slots whose type is unknown copy all variables; what is not read vanishes.
 * Functions that handle references, or do what only the interpreter can, keep
 * their slots in the frame ("framed"), where the collector and native_step look.
 *
 * Memory is told apart by TBAA: linear memory, frames, own globals and the
 * engine's own state never overlap, so that a store to linear memory forces no
 * reload of anything else. What an instance never changes is loaded as
 * invariant.
 */
#ifndef ENGINE_LLVM_BUILD_H
#define ENGINE_LLVM_BUILD_H

#include <llvm-c/Core.h>

#include "unit.h"

#include "runtime.h"

#include "native_table.h"
#include "op/ops.h"

enum type { I32, I64, F32, F64, V128, TYPES };
enum area { AREA_MEMORY, AREA_FRAME, AREA_GLOBAL, AREA_STATE, AREAS };

/* Slots behind every checked frame that what is called may use unchecked: links,
 * and whole frames of functions that call nothing. */
#define SLACK 128u
/* Turns of loops that are counted at once. */
#define LOOP_UNITS 1000u

struct build {
    const struct llvm_unit *u;
    LLVMContextRef c;
    LLVMModuleRef mod;
    LLVMBuilderRef b, early; /* early: the entry block, before its end */
    LLVMTypeRef i1, i8, i16, i32, i64, i128, ptr, none, ty[TYPES];
    LLVMTypeRef f32, f64;
    LLVMValueRef areas[AREAS]; /* TBAA tags */
    unsigned kind_tbaa, kind_invariant, kind_prof;
    LLVMValueRef rarely; /* branch weights */
    bool rounds;         /* the processor has instructions for rounding */
    bool jit;            /* there is code of jit/ that calls */
    bool failed;         /* out of memory, or not known how: give up */

    struct insn *sites;
    uint32_t nsites, sites_cap;
    struct object_func *funcs;
    uint32_t nfuncs;
    struct object_step *steps;
    uint32_t nsteps, steps_cap;
    uint32_t *types;
    uint32_t ntypes, types_cap;
    LLVMValueRef sites_at, steps_at, types_at; /* replaced at the end */

    /* the function */
    const struct llvm_func *f;
    const struct type_def *type;
    uint32_t link, frame, nslots;
    uint8_t *local_types; /* by slot; TYPES: unknown */
    bool framed, leaf, loops, faults;
    LLVMValueRef fn, in, fp, store, mem, table;
    LLVMValueRef *vars; /* TYPES each slot */
    LLVMValueRef left;  /* iterations until the next unit */
    LLVMBasicBlockRef *blocks, *heads; /* heads: where loops are entered */
    LLVMBasicBlockRef trap;
    LLVMValueRef trap_site, trap_status;
    bool open;       /* the current block has no end yet */
    LLVMValueRef r0; /* a checked address */
    uint32_t r0_table;
};

/* ---- build.c: values, slots, memory ---- */

bool build_init(struct build *b, const struct llvm_unit *u);
void build_finish(struct build *b);
bool grow(void *array, uint32_t *cap, size_t size);

static inline LLVMValueRef
const_i32(struct build *b, uint32_t v)
{
    return LLVMConstInt(b->i32, v, false);
}

static inline LLVMValueRef
const_i64(struct build *b, uint64_t v)
{
    return LLVMConstInt(b->i64, v, false);
}

static inline LLVMValueRef
const_signed(LLVMTypeRef t, int64_t v)
{
    return LLVMConstInt(t, (unsigned long long)v, true);
}

enum type type_of(uint32_t vt);
LLVMValueRef bits(struct build *b, LLVMValueRef v, LLVMTypeRef to);
LLVMValueRef get(struct build *b, uint32_t slot, enum type t);
void put(struct build *b, uint32_t slot, enum type t, LLVMValueRef v);
/* The slot's frame place itself. */
LLVMValueRef slot_at(struct build *b, LLVMValueRef fp, uint32_t slot);
LLVMValueRef spilled(struct build *b, LLVMValueRef fp, uint32_t slot,
                     enum type t);
void spill(struct build *b, LLVMValueRef fp, uint32_t slot, enum type t,
           LLVMValueRef v);
void move_slots(struct build *b, uint32_t to, uint32_t from, uint32_t n);
void put_const(struct build *b, uint32_t slot, uint64_t v, bool wide);

LLVMValueRef offset(struct build *b, LLVMValueRef p, uint64_t bytes);
LLVMValueRef load(struct build *b, LLVMTypeRef t, LLVMValueRef p, unsigned area,
                  unsigned align);
LLVMValueRef fixed(struct build *b, LLVMValueRef p, size_t at); /* invariant */
void store(struct build *b, LLVMValueRef v, LLVMValueRef p, unsigned area,
           unsigned align);
LLVMValueRef intrinsic(struct build *b, const char *name, LLVMTypeRef overload,
                       LLVMValueRef *args, unsigned n);
LLVMBasicBlockRef new_block(struct build *b, const char *name);
void start(struct build *b, LLVMBasicBlockRef block);
/* Call entry `at` (offset) of the table. */
LLVMValueRef call_table(struct build *b, LLVMValueRef in, size_t at,
                        LLVMTypeRef result, LLVMValueRef *args, unsigned n);
LLVMValueRef engine_store(struct build *b); /* in->store */
LLVMValueRef pick(struct build *b, LLVMValueRef c, LLVMValueRef x,
                  LLVMValueRef y);

/* ---- places ---- */

uint32_t site(struct build *b, uint32_t insn, uint32_t a);
LLVMValueRef site_at(struct build *b, uint32_t site);
/* Go on unless c holds; else trap. */
void trap_if(struct build *b, uint32_t insn, LLVMValueRef c,
             enum engine_status st);
/* Trap with a status in a register, unless it is 0. */
void trap_status(struct build *b, uint32_t insn, LLVMValueRef st);
void trap_now(struct build *b, uint32_t insn, enum engine_status st);

/* ---- memory.c: of memory 0, by an i32 address ---- */

LLVMValueRef memory_pointer(struct build *b, LLVMValueRef address, uint32_t by);
LLVMValueRef memory_load(struct build *b, LLVMTypeRef t, LLVMValueRef p);
void memory_store(struct build *b, LLVMValueRef v, LLVMValueRef p);

/* ---- calls.c ---- */

LLVMTypeRef fast_type(struct build *b, const struct type_def *t,
                      LLVMTypeRef index);
LLVMValueRef fast_function(struct build *b, uint32_t func);
LLVMValueRef declare_fast(struct build *b, const char *name, LLVMTypeRef type);
void attributes(struct build *b, LLVMValueRef fn);
void never_inline(struct build *b, LLVMValueRef fn);
LLVMValueRef call_fast(struct build *b, LLVMTypeRef type, LLVMValueRef fn,
                       LLVMValueRef *args, unsigned n);
void return_call(struct build *b, LLVMValueRef call);
void put_link(struct build *b, LLVMValueRef base, uint32_t slot,
              LLVMValueRef link);

#define MOST_ARGUMENTS 1100u /* limits.def: 1000 parameters */
struct call {
    const struct type_def *t;
    LLVMValueRef fn, index; /* index: NULL or the argument behind */
};
/* in, base, and what the slots from slot on hold. */
unsigned arguments(struct build *b, const struct call *c, LLVMValueRef base,
                   uint32_t slot, LLVMValueRef *args);
bool op_call(struct build *b, uint32_t at, const struct insn *i);
bool op_return(struct build *b, const struct insn *i);
/* After code outside has run. */
void came_back(struct build *b);

/* ---- thunk.c: called as an fN ---- */

/* Function func of the module; import; what is behind, an index or a
 * reference. */
LLVMValueRef own_thunk(struct build *b, uint32_t func);
LLVMValueRef import_thunk(struct build *b, uint32_t import);
LLVMValueRef table_thunk(struct build *b, const struct type_def *t,
                         uint32_t table);
LLVMValueRef reference_thunk(struct build *b, const struct type_def *t);

/* ---- entry.c ---- */

/* The ways into b->fn. */
void build_entries(struct build *b);
/* What begins at a loop's head, and the way into it when it is built. */
LLVMValueRef osr_body(struct build *b);
void build_osr(struct build *b);

/* ---- the rest: false when op is not theirs ---- */

bool op_plain(struct build *b, uint32_t at, const struct insn *i);
bool op_control(struct build *b, uint32_t at, const struct insn *i);
bool op_memory(struct build *b, uint32_t at, const struct insn *i);
bool op_state(struct build *b, uint32_t at, const struct insn *i);
bool op_simd(struct build *b, uint32_t at, const struct insn *i);
LLVMValueRef float_min_max(struct build *b, LLVMValueRef x, LLVMValueRef y,
                           bool max);
LLVMValueRef canonical_nan(struct build *b, LLVMValueRef x);

/* Run instructions [at, at + n) in the interpreter, on the frame. */
void run_step(struct build *b, uint32_t at, uint32_t n);

/* ---- body.c ---- */

uint32_t insn_words(const struct insn *i); /* with data behind */
bool op_is_back(unsigned op);
bool build_function(struct build *b, const struct llvm_func *f);
LLVMBasicBlockRef target_block(struct build *b, uint32_t at, uint32_t target);

#endif
