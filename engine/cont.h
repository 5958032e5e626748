/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Continuations (the stack switching proposal): cont.new, cont.bind, resume,
 * resume_throw, suspend, switch.
 *
 * A continuation runs on the one value stack of its store, above whoever
 * resumed it. Frames hold no addresses of slots, so they can be moved:
 * suspending copies those above the prompt to the heap, resuming copies them
 * back, on top of another frame. So nothing changes for code that does not
 * switch; calls, traps, backtraces, exceptions and the collector walk one stack
 * as ever; a suspended continuation takes as much memory as its frames do.
 *
 *   resumer's frame | prompt | frames of the continuation ...
 *
 *   prompt: | slots to the outer prompt | native |
 *           | resumer's instance | last word of its resume |
 *           | distance << 32 | result slots |
 *
 * The last three are a bridge (op/control.h); its distance counts from the
 * first of them. The continuation's first frame links to interp_prompt. native:
 * the segment of the machine code that waits on the native stack, or NULL.
 *
 * Machine code (jit/) keeps at each call all in its slots, so its frames can be
 * moved too: what it has on the native stack is dropped (a jump back to where
 * the prompt's owner was entered). When the continuation is resumed the
 * innermost frame goes on in machine code, if it was that, the others are
 * interpreted until they return. A module that has continuation types is not
 * compiled by llvm/, whose values are elsewhere, and any other's code of that
 * kind is given up when it is first called inside a continuation
 * (optimise_not). A host function cannot be suspended: each engine_call has
 * prompts of its own.
 *
 * A continuation is an object of the collected heap (gc.h) with at most one
 * stack, which moves out when it is used: so a second use traps. Stacks count
 * against the store's quota. A suspended continuation may be reachable from its
 * own frames only; then it is collected.
 *
 *   resume     a: operand slots   b: handlers n   imm: canonical type
 *   +1         a: enum            b: result slots imm: first operand
 *   +2         imm: the tag to throw
 *   +3 + 4k    a: on a label?     imm: tag   | imm: distance of its pad
 *              | imm: slot of its payload    | imm: the label's continuation
 * type +3 + 4n    b: n suspend    a: operand slots   b: result slots imm: tag
 *   +1         imm: first operand
 *   +2         imm: instructions from the function's start to the first of
 * these switch     the same, imm: canonical type of the continuation +3 imm:
 * tag
 */
#ifndef ENGINE_CONT_H
#define ENGINE_CONT_H

#include "runtime.h"

#define PROMPT_SLOTS 5u
enum { PROMPT_OUTER, PROMPT_NATIVE, PROMPT_BRIDGE };
enum { RESUME_VALUES, RESUME_THROW, RESUME_THROW_REF };
#define RESUME_WORDS 3u /* in front of the handlers */
#define HANDLER_WORDS 4u

/* A status inside the engine only: frames were left because of suspend or
 * switch; run on at s->landing. */
#define STATUS_LANDING ENGINE_STATUS_COUNT

/* An object of the collected heap. */
struct continuation {
    uint32_t type; /* canonical */
    uint32_t unused;
    struct cont_stack *stack; /* NULL: it was used */
};

/* What waits to be resumed; in a list of its heap's. */
struct cont_stack {
    struct cont_stack *next, **at;
    struct continuation *owner;
    struct engine_func *func;   /* not begun: what to call */
    struct engine_instance *in; /* begun: the innermost frame */
    const struct insn *pc;      /* its suspend or switch */
    uintptr_t address;          /* in machine code; 0: interpret */
    uint32_t fp;                /* and its place in slots */
    uint32_t args;              /* where the next argument goes */
    uint32_t inner, outer;      /* places of its prompts, if it has some */
    uint32_t nslots, capacity;
    uint32_t extent; /* slots that its frames may come to use */
    uint64_t slots[];
};
#define NO_PROMPT UINT32_MAX

/* Operands from sp[0] on, the result to sp[0]; top ends the stack in use. */
enum engine_status cont_new(struct engine_instance *in, uint32_t type,
                            uint64_t *sp, uint64_t *top);
enum engine_status cont_bind(struct engine_instance *in, uint32_t from,
                             uint32_t to, uint64_t *sp, uint64_t *top);
/*
 * pc is the resume. to is where to run on, with a link to interp_prompt in r0;
 * with ENGINE_EXCEPTION where s->exception is thrown. A resumed function of the
 * host has returned already: to is behind the instruction.
 */
enum engine_status cont_resume(struct engine_instance *in,
                               const struct insn *pc, uint64_t *fp, bool native,
                               struct walk *to);
/* pc is the suspend or switch, address its machine code's that goes on (0: it
 * is interpreted); sets s->landing. */
enum engine_status cont_suspend(struct engine_instance *in,
                                const struct insn *pc, uint64_t *fp,
                                uintptr_t address);
enum engine_status cont_switch(struct engine_instance *in,
                               const struct insn *pc, uint64_t *fp,
                               uintptr_t address);
/* The instructions of a suspend or switch. */
uint32_t cont_words(const struct insn *pc);

/* Prompts above frame fp are gone. */
static inline void
prompts_drop(struct engine_store *s, const uint64_t *fp)
{
    while (s->prompt && s->prompt >= fp)
        s->prompt = s->prompt[PROMPT_OUTER]
                        ? s->prompt - s->prompt[PROMPT_OUTER]
                        : NULL;
}

/* ---- cont_stack.c ---- */

struct gc_heap;
/* A continuation with a stack; top as in cont_new. NULL: no memory. */
struct continuation *cont_create(struct engine_instance *in, uint32_t type,
                                 uint32_t nslots, uint64_t *top);
/* The stack was used; its owner has let go of it. */
void cont_release(struct gc_heap *h, struct engine_store *s,
                  struct cont_stack *c);
/* For the collector: free the stacks whose owners are not marked; all. */
void cont_sweep(struct gc_heap *h, struct engine_store *s);
void cont_free_all(struct gc_heap *h);

#endif
