/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function as the translator has it: three-address instructions, numbered,
 * with their operands as they are stored (insn.h says what a, b and imm are to
 * each). Constants and such that lie between instructions are shown as data.
 */
#include <inttypes.h>

#include "debug.h"
#include "pith_errno.h"
#include "translate.h"

static void
instruction(const struct translator *t, uint32_t i, struct engine_sink *to)
{
    const struct insn *in = &t->out[i];

    engine_sink_text(to, "%6u  %-28s %5u %5u  ", i, op_names[in->code], in->a,
                     in->b);
    if (op_is_branch((unsigned)in->code))
        engine_sink_text(to, "-> %u\n", i + in->uimm);
    else
        engine_sink_text(to, "%d\n", in->imm);
}

int
engine_ir(struct engine_module *m, uint32_t func, struct engine_sink *to)
{
    struct translator t = {.want = UINT32_MAX};
    const char *name = module_func_name(m, func);

    if (func < m->nfuncs_imported || func >= m->nfuncs)
        return -E_INVAL;
    if (!t_translate(&t, m, func - m->nfuncs_imported)) {
        t_buffers_free(&t);
        return -E_NOMEM;
    }
    engine_sink_text(to, "func %u %s: %u instructions, %u slots\n", func,
                     name ? name : "", t.n, t.n ? t.out[0].uimm : 0);
    for (uint32_t i = 0; i < t.n && !to->failed; i++) {
        unsigned op = (unsigned)t.out[i].code;
        uint32_t raw = t_raw_count(op);

        instruction(&t, i, to);
        for (; raw && i + 1 < t.n; raw--) {
            i++;
            engine_sink_text(to, "%6u  data 0x%016" PRIx64 "\n", i,
                             insn_u64(&t.out[i]));
        }
    }
    t_buffers_free(&t);
    return to->failed ? -E_IO : 0;
}
