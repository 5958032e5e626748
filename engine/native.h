/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Machine code: what compilers (jit/, llvm/) make, and what it may call.
 *
 *   engine_call -> interp_run -> gate -> native_enter -> native_fn -> native_fn
 *                                                   native_call -> interp
 *
 * A compiler's input is the translated function in plain form (translate.h).
 * Its code keeps the interpreter's frames: parameters arrive in fp[0..] and
 * results are left there; `link`, the caller's call instruction, is stored in
 * the link slot at entry; a callee's frame is at fp + a of the call
 * instruction. So any trap, backtrace, collection and exception walks one value
 * stack, whatever runs. Values may live in registers or on the native stack
 * between these moments; but a reference must also be in its slot whenever code
 * outside may run (the collector looks only there).
 *
 * A native_fn checks at entry that its frame fits (stack_limit) and that the
 * native stack does (s->native_low); then it takes units off s->budget as
 * `enter` does, and calls native_poll when that is below zero, at entries and
 * at backward branches.
 *
 * Nothing here returns a status: what ends badly leaves. A trap goes to the
 * activation's landing; an exception goes to a handler of a machine code frame
 * in the same segment, if the compiler registered one, else out of the segment.
 * A segment is a run of machine code that the interpreter entered
 * (native_enter), up to where machine code calls the interpreter.
 *
 * Faults in guard pages: compiled code keeps in->native_fp at its frame while it may
 * fault, that of jit/ has in and fp in registers; both are registered
 * (native_code_add), so that a fault is known as a trap and by its function.
 *
 * Threads: code is published atomically and never unmapped while its module
 * lives. Everything else as in engine.h.
 */
#ifndef ENGINE_NATIVE_H
#define ENGINE_NATIVE_H

#include <setjmp.h>

#include "runtime.h"

struct native_segment {
    struct native_segment *prev;
    uint64_t *base; /* the first frame */
    uint64_t *run_base; /* the store's when it began */
    jmp_buf landing;
};

/* A copy of instructions that run one after the other and fall through, with
 * step_end behind; origin is the first one's place in the translated code. */
struct native_step {
    const struct insn *origin;
    uint32_t n; /* with step_end */
    struct insn code[];
};

/* ---- publishing ---- */

/* From now on calls of defined function func run fn, and machine code of jit/
 * calls jit. The module's lock is held. */
void native_publish(struct engine_module *m, uint32_t func, native_fn *fn,
                    uintptr_t jit);
/* No more compiled code (llvm/) for func: what there was before. The same. */
void native_take_back(struct engine_module *m, uint32_t func);

/*
 * Machine code at [start, start + size) belongs to func of m, until
 * native_code_remove. place tells the instruction of an address in it, or
 * NULL; it is called in a signal handler. func NATIVE_SITES: compiled objects.
 * -E_NOMEM.
 */
#define NATIVE_SITES (UINT32_MAX - 1)
typedef const struct insn *native_place_fn(struct engine_module *m,
                                           uint32_t func, uintptr_t at);
#define NATIVE_CODE_CHUNK (UINT32_MAX - 2) /* func: many, whose code keeps in and fp \
                                      * in registers (jit/) */
int native_code_add(const void *start, size_t size, struct engine_module *m,
                    uint32_t func, native_place_fn *place);
void native_code_remove(const void *start);
/* The machine code of defined function func is here: for perf (perfmap.h), if
 * anybody asked for that. By compilers, for each function; the module's lock
 * may be held. */
void native_tell_perf(const struct engine_module *m, uint32_t func,
                      const void *start, size_t size);
struct native_code {
    uintptr_t start, end;
    struct engine_module *module;
    uint32_t func;
    native_place_fn *place;
};
/* Safe in signal handlers. */
bool native_code_find(uintptr_t at, struct native_code *out);

/* ---- from the interpreter ---- */

enum engine_status native_enter(struct engine_instance *in, uint32_t func,
                                uint64_t *fp, const struct insn *link);
/* The same from the middle of a function; see jit_go_on. */
enum engine_status native_go_on(struct engine_instance *in, uint64_t *fp,
                                uint32_t link, uintptr_t address);
/* ---- from machine code ----
 * pc is the instruction at work, fp its frame. */

/* Call defined function func of in: arguments at fp, the callee's frame. Runs
 * its machine code, else translates and interprets. */
void native_call(struct engine_instance *in, uint64_t *fp,
                 const struct insn *link, uint32_t func);
/* Call any function, arguments at fp + pc->a, results there. */
void native_invoke(struct engine_instance *in, uint64_t *fp,
                   const struct insn *pc, struct engine_func *f);
/* The same with arguments and results at base. */
void native_invoke_at(struct engine_instance *in, uint64_t *fp,
                      const struct insn *pc, struct engine_func *f,
                      uint64_t *base);
/* call_indirect: element i of t, checked against canonical type. */
void native_call_table(struct engine_instance *in, uint64_t *fp,
                       const struct insn *pc, struct engine_table *t,
                       uint64_t i, uint32_t type);
_Noreturn void native_trap(struct engine_instance *in, uint64_t *fp,
                           const struct insn *pc, enum engine_status st);
/* s->exception is in flight. */
_Noreturn void native_throw(struct engine_instance *in, uint64_t *fp,
                            const struct insn *pc);
void native_poll(struct engine_instance *in, uint64_t *fp,
                 const struct insn *pc);
/* The same; n values that may be references are kept behind the frame while
 * code outside runs. There is room: a native_fn saw to it. */
void native_poll_with(struct engine_instance *in, uint64_t *fp,
                      const struct insn *pc, const uint64_t *values,
                      uint32_t n);
/* suspend, switch, resume (cont.h); address is where machine code goes on. */
void native_cont(struct engine_instance *in, uint64_t *fp,
                 const struct insn *pc, uintptr_t address);
/* To s->landing, in machine code or in an outer run of the interpreter. */
_Noreturn void native_land(struct engine_store *s);
/* Run instructions of the interpreter on the slots; returns r0 at the end. */
uint64_t native_step(struct engine_instance *in, uint64_t *fp,
                     const struct native_step *step);

#endif
