/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter as one loop around one switch. */
#include "op/dispatch_switch.h"

#define INVOKE(f)                                                              \
    do {                                                                       \
        r0 = (uintptr_t)(f);                                                   \
        goto invoke;                                                           \
    } while (0)
#define RET_INVOKE goto ret_invoke
#define EXIT(name) name:

const struct insn interp_halt[2] = {{.code = 0}, {.code = OP_halt}};
const struct insn interp_bridge[2] = {
    {.code = 0, .a = BRIDGE_SLOTS}, {.code = OP_bridge}};
const struct insn interp_return[2] = {
    {.code = 0, .a = BRIDGE_SLOTS}, {.code = OP_native_return}};
const struct insn interp_go_on[1] = {{.code = OP_go_on}};
const struct insn interp_prompt[2] = {
    {.code = 0, .a = PROMPT_SLOTS}, {.code = OP_prompt}};

uintptr_t
interp_code(unsigned op)
{
    return op;
}

void
interp_run(struct engine_func *func, uint64_t *fp)
{
    interp_run_from(func->instance,
                    atomic_load_explicit(func->entry, memory_order_acquire), fp,
                    interp_halt);
}

__attribute__((section("pith_interp"))) void
interp_run_from(struct engine_instance *in, const struct insn *pc, uint64_t *fp,
                const struct insn *back)
{
    uint8_t *mem = in->mem0->base;
    uint64_t r0 = (uintptr_t)back;
    int64_t budget = in->store->budget;
    double f0 = 0;
    float g0 = 0;

dispatch:
    switch ((enum op)pc->code) {
#include "op/bodies.h"
    default:
        __builtin_unreachable();
    }
#include "op/exits.h"
}
