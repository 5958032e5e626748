/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The validation algorithm of the specification's appendix, over two growing
 * arrays (operands, control frames): no recursion, memory bounded by the body's
 * size. validate.c holds the loop and control, validate_ops.c the rest.
 */
#ifndef ENGINE_VALIDATE_H
#define ENGINE_VALIDATE_H

#include "module.h"

enum ctl_kind {
    CTL_FUNC,
    CTL_BLOCK,
    CTL_LOOP,
    CTL_IF,
    CTL_ELSE,
    CTL_TRY_TABLE,
    CTL_TRY, /* legacy */
    CTL_CATCH,
    CTL_CATCH_ALL,
};

struct ctl {
    uint8_t kind; /* enum ctl_kind */
    bool unreachable;
    uint32_t height; /* operands below belong to outer frames */
    uint32_t init;   /* entries of v->inits at the start */
    uint32_t nparams, nresults;
    const uint32_t *types; /* params, then results; NULL: only single */
    uint32_t single;
    uint32_t mark; /* the last br_table that checked this label */
};

struct local_run {
    uint32_t end; /* one past the last local of this type */
    uint32_t vt;
};

#define FLAT_LOCALS 256

struct validator {
    struct engine_module *m;
    struct reader *r;
    uint32_t *stack;
    uint32_t sp, cap;
    uint32_t height; /* of the innermost frame */
    struct ctl *ctls;
    uint32_t nctls, ctls_cap;
    /* Locals as runs; the types of the first ones also flat. */
    struct local_run *runs;
    uint32_t nruns, runs_cap, nlocals;
    uint32_t plain_locals; /* these need no check to read */
    bool plain_memory;     /* there is one, with 32-bit addresses */
    uint32_t flat[FLAT_LOCALS];
    /* Locals without default: which are set, and in what order they became so.
     */
    bool tracked;
    uint8_t *is_set;
    uint32_t *inits;
    uint32_t ninits, inits_cap;
    uint32_t mark;
    uint64_t work; /* operands that may still be handled in groups */
    const struct type_def *type;
};

void v_pop_mismatch(struct validator *v, uint32_t want);
uint32_t v_pop_slow(struct validator *v, uint32_t want);
void v_push_slow(struct validator *v, uint32_t vt);

static inline void
v_push(struct validator *v, uint32_t vt)
{
    if (v->sp == v->cap)
        v_push_slow(v, vt);
    else
        v->stack[v->sp++] = vt;
}

/* Pop an operand that must match want; returns its type. */
static inline uint32_t
v_pop(struct validator *v, uint32_t want)
{
    if (v->sp > v->height && v->stack[v->sp - 1] == want) {
        v->sp--;
        return want;
    }
    return v_pop_slow(v, want);
}

/* Pop any operand. */
uint32_t v_pop_any(struct validator *v);
/* Pop any reference (or bottom). */
uint32_t v_pop_ref(struct validator *v);
/* Groups of operands (calls, blocks, branches) cost more than the bytes that
 * name them; all of a body's groups together are bounded. */
void v_work(struct validator *v, uint32_t n);
void v_pop_group(struct validator *v, const uint32_t *vt, uint32_t n);
void v_push_group(struct validator *v, const uint32_t *vt, uint32_t n);

/* Most blocks and branches have no operands. */
static inline void
v_pop_many(struct validator *v, const uint32_t *vt, uint32_t n)
{
    if (n)
        v_pop_group(v, vt, n);
}

static inline void
v_push_many(struct validator *v, const uint32_t *vt, uint32_t n)
{
    if (n)
        v_push_group(v, vt, n);
}

void v_unreachable(struct validator *v);
/* The frame of a label immediate; NULL after an error. */
struct ctl *v_label(struct validator *v, uint32_t depth);
const uint32_t *ctl_label_types(const struct ctl *c, uint32_t *n);
const uint32_t *ctl_results(const struct ctl *c);
void v_error(struct validator *v, const char *what);

/* ---- validate_control.c ---- */

struct ctl *v_ctl_push(struct validator *v, enum ctl_kind kind);
void v_block(struct validator *v, enum ctl_kind kind);
void v_else(struct validator *v);
void v_end(struct validator *v);
void v_br(struct validator *v);
void v_br_if(struct validator *v);
void v_br_table(struct validator *v);
void v_return(struct validator *v);
void v_br_on_null(struct validator *v);
void v_br_on_non_null(struct validator *v);
void v_call(struct validator *v, bool tail);
void v_call_indirect(struct validator *v, bool tail);
void v_call_ref(struct validator *v, bool tail);
void v_throw(struct validator *v);
void v_try_table(struct validator *v);
void v_catch(struct validator *v, bool all);
void v_delegate(struct validator *v);
void v_rethrow(struct validator *v);

/* validate_ops.c: everything that is not control. */
void v_load_store(struct validator *v, uint8_t op);
bool v_reference(struct validator *v, uint8_t op); /* false: not one */
bool v_cont(struct validator *v, uint8_t op); /* the same; validate_cont.c */
void v_prefix_fb(struct validator *v);             /* validate_gc.c */
/* A type index that must name a type of this kind; NULL after an error. */
const struct type_def *v_type_index(struct validator *v, enum type_kind kind);
void v_prefix_fc(struct validator *v);
void v_prefix_fd(struct validator *v);
uint32_t v_table_index(struct validator *v);
uint32_t v_memory_index(struct validator *v);
/* A memarg (5.4.6) for 1 << size bytes; the type of the address. */
uint32_t v_memarg(struct validator *v, uint32_t size, bool exact);
void v_prefix_fe(struct validator *v); /* validate_atomic.c */

struct numeric { /* what a plain numeric instruction does to the stack */
    uint8_t pops, operand, result;
};
extern const struct numeric numeric_ops[0x108];
struct access { /* what a load or a store moves; log2 of its bytes */
    uint8_t vt, size;
};
extern const struct access v_accesses[0x3f];

static inline uint32_t
ref_to(const struct type_def *t, bool nullable)
{
    return VT_REF | (nullable ? VT_NULLABLE : 0) | t->id;
}

static inline uint32_t
address_type(bool is64)
{
    return is64 ? VT_I64 : VT_I32;
}

#endif
