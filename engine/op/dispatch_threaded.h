/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dispatch by tail calls: every operation is a function that ends by jumping to
 * the next one's, its eight arguments pinned to registers by ENGINE_CALL.
 *
 *   pc   current instruction         r0, f0, g0  accumulators (i64, f64, f32)
 *   fp   frame                       budget      units left until the next poll
 *   mem  base of memory 0            in          instance
 */
#ifndef ENGINE_OP_DISPATCH_H
#define ENGINE_OP_DISPATCH_H

#define UNUSED __attribute__((unused))
#define SIG                                                                    \
    UNUSED const struct insn *pc, UNUSED uint64_t *fp, UNUSED uint8_t *mem,    \
        UNUSED struct engine_instance *in, UNUSED uint64_t r0,                 \
        UNUSED int64_t budget, UNUSED double f0, UNUSED float g0
#define ARGS pc, fp, mem, in, r0, budget, f0, g0
#define HANDLER ENGINE_CALL __attribute__((section("pith_interp"))) void
#define MUSTTAIL __attribute__((musttail)) return

typedef ENGINE_CALL void handler_fn(SIG);

static HANDLER h_trap(SIG);
static HANDLER h_poll(SIG);
static HANDLER h_resume(SIG);

/* (Not all are in the table: rows_plain.h.) */
#define OP(name) UNUSED static HANDLER h_##name(SIG)
/* Rare and large: out of the hot handlers' way. */
#define OP_COLD(name) __attribute__((cold, noinline)) OP(name)
/* Bodies that others jump to by name. */
#define OP_TARGET(name) OP_COLD(name)

#define JUMP                                                                   \
    do {                                                                       \
        MUSTTAIL((handler_fn *)pc->code)(ARGS);                                \
    } while (0)
#define OP_CODE(name) ((uintptr_t)h_##name)
#define STOP return
#define POLL_THEN_JUMP MUSTTAIL h_poll(ARGS)
#define TRAP(status_)                                                          \
    do {                                                                       \
        r0 = (uint64_t)(status_);                                              \
        MUSTTAIL h_trap(ARGS);                                                 \
    } while (0)
/* Continue with the status of a call out of the interpreter: see control.h. */
#define RESUME(status_)                                                        \
    do {                                                                       \
        r0 = (uint64_t)(status_);                                              \
        MUSTTAIL h_resume(ARGS);                                               \
    } while (0)

#endif
