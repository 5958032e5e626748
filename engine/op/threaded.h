/* SPDX-License-Identifier: Apache-2.0 */
/* The threaded interpreter: handlers, their table, the way in. */
#include "op/dispatch_threaded.h"

static HANDLER h_invoke(SIG);
static HANDLER h_ret_invoke(SIG);
#define INVOKE(f)                                                              \
    do {                                                                       \
        r0 = (uintptr_t)(f);                                                   \
        MUSTTAIL h_invoke(ARGS);                                               \
    } while (0)
#define RET_INVOKE MUSTTAIL h_ret_invoke(ARGS)
#define EXIT(name) OP_COLD(name)

#include "op/bodies.h"
#include "op/exits.h"

static handler_fn *const handlers[OP_COUNT] = {
#include "op/unrow.h"
#include "op/rows.h"
#define Y(name, r, b, c, w, bt, bf) [OP_##name] = h_##name,
#include "op/all.def"
#undef Y
};

const struct insn interp_halt[2] = {
    {.code = 0}, {.code = (uintptr_t)h_halt}};
const struct insn interp_bridge[2] = {
    {.code = 0, .a = BRIDGE_SLOTS}, {.code = (uintptr_t)h_bridge}};
const struct insn interp_return[2] = {
    {.code = 0, .a = BRIDGE_SLOTS}, {.code = (uintptr_t)h_native_return}};
const struct insn interp_go_on[1] = {{.code = (uintptr_t)h_go_on}};
const struct insn interp_prompt[2] = {
    {.code = 0, .a = PROMPT_SLOTS}, {.code = (uintptr_t)h_prompt}};

uintptr_t
interp_code(unsigned op)
{
    return (uintptr_t)handlers[op];
}

void
interp_run_from(struct engine_instance *in, const struct insn *pc, uint64_t *fp,
                const struct insn *link)
{
    ((handler_fn *)pc->code)(pc, fp, in->mem0->base, in, (uintptr_t)link,
                             in->store->budget, 0, 0);
}

void
interp_run(struct engine_func *f, uint64_t *fp)
{
    struct engine_instance *in = f->instance;
    const struct insn *pc = ENTRY(f->entry);

    ((handler_fn *)pc->code)(pc, fp, in->mem0->base, in,
                             (uintptr_t)interp_halt, in->store->budget, 0, 0);
}
