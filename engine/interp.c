/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter: the bodies of op/ behind one of two dispatchers. What is not
 * hot (translation, polls, throws) is a plain function here.
 */
#include "runtime.h"

#include "atomic.h"
#include "cont.h"
#include "gc.h"
#include "native.h"
#include "op/float.h"
#include "op/v128.h"
#include "op/simd.h"
#include "op/wide.h"

#include "op/unrow.h" /* simd.h has macros of the same names */
#include "op/ops.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define DATA_INSNS(n) (((n) + sizeof(struct insn) - 1) / sizeof(struct insn))

/* Forget the rows' translator meaning (op/ops.h); bodies.h gives another. */
#include "op/unrow.h"

#define CARRIER_I32 uint32_t
#define CARRIER_I64 uint64_t
#define CARRIER_F32 uint32_t
#define CARRIER_F64 uint64_t
/* sizes of vector accesses, for EA */
struct simd_access_0 {
    uint8_t b[1];
};
struct simd_access_1 {
    uint8_t b[2];
};
struct simd_access_2 {
    uint8_t b[4];
};
struct simd_access_3 {
    uint8_t b[8];
};
struct simd_access_4 {
    uint8_t b[16];
};

static inline __attribute__((always_inline)) struct v128
slot_v128(const uint64_t *p)
{
    struct v128 v;

    memcpy(&v, p, sizeof v);
    return v;
}

static inline __attribute__((always_inline)) void
slot_set_v128(uint64_t *p, struct v128 v)
{
    memcpy(p, &v, sizeof v);
}

/* ---- outside the loop
 * ----------------------------------------------------------- */

static __attribute__((noinline, cold)) const struct insn *
interp_translate(struct engine_instance *in, const struct insn *stub)
{
    struct func_code *code = &in->module->code[stub->uimm];

    if (translate_func(in->module, stub->uimm) < 0)
        return NULL;
    return atomic_load_explicit(&code->entry, memory_order_acquire);
}

/* The first slot behind the frame that pc runs in. */
static uint64_t *
frame_top(struct engine_instance *in, const struct insn *pc, uint64_t *fp)
{
    struct code_range range;

    pc = step_origin(in->store, pc);
    if (!module_find_pc(in->module, pc, &range))
        return fp;
    return fp + range.frame;
}

static __attribute__((noinline, cold)) enum engine_status
interp_poll(struct engine_instance *in, const struct insn *pc, uint64_t *fp)
{
    struct engine_store *s = in->store;

    s->sp = frame_top(in, pc, fp);
    return store_poll(s);
}

static __attribute__((noinline, cold)) enum engine_status
interp_throw(struct engine_instance *in, const struct insn *pc, uint64_t *fp)
{
    struct engine_tag *tag = in->tags[pc->uimm];
    uint32_t n = type_get(tag->type)->param_slots;
    struct exception *e;

    e = exception_create(in->store, tag, n, frame_top(in, pc, fp));
    if (!e)
        return ENGINE_NO_MEMORY;
    memcpy(e->slots, fp + pc[1].uimm, n * sizeof *fp);
    in->store->exception = e;
    return ENGINE_EXCEPTION;
}

#if ENGINE_GUARD
#include "op/memory_guard.h"
#else
#include "op/memory_check.h"
#endif
#if ENGINE_THREADED
#include "op/threaded.h"
#else
#include "op/switch.h"
#endif
