/* SPDX-License-Identifier: Apache-2.0 */
/* Memory, globals, vectors. */
#include "config.h"

#if ENGINE_JIT
#include "jit/emit.h"

#include <stddef.h>

/* ---- memory ---- */

/* An offset that stencils have no room for is added to the address in
 * r0. Returns the address's place. */
static unsigned
address(struct jit *j, uint32_t slot, uint32_t *offset, uint32_t i)
{
    unsigned x = jit_fresh_source(j, slot, i);

    if (*offset <= JIT_LARGEST_OFFSET)
        return x;
    jit_scratch32(j, slot, i);
    PUT(ST_i64_add + IMMEDIATE, .k = INT32_MAX);
    *offset -= INT32_MAX;
    if (*offset > INT32_MAX) {
        PUT(ST_i64_add + IMMEDIATE, .k = INT32_MAX);
        *offset -= INT32_MAX;
    }
    return 0;
}

void
jit_emit_load(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned file = h->to != INT, d, x;
    uint32_t offset = p->uimm;

    x = address(j, p->b, &offset, i);
    d = jit_target(j, p->a, file, i);
    PUT(h->stencil + d * 9 + x, .b = p->b, .i = offset);
    jit_finish(j, p->a, file, d, i);
}

void
jit_emit_store(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned st = h->stencil, file = h->from != INT, y, x;
    uint32_t offset = p->uimm;

    y = jit_source(j, p->b, file, i);
    x = address(j, p->a, &offset, i);
    if (file && y == IN_SLOT)
        PUT((h->from == DBL ? ST_i64_store : ST_i32_store) + x * 10 + IN_SLOT,
            .a = p->a, .b = p->b, .i = offset);
    else if (file)
        PUT(st + x * 8 + y, .a = p->a, .i = offset);
    else
        PUT(st + x * 10 + y, .a = p->a, .b = p->b, .i = offset);
}

void
jit_emit_store_imm(struct jit *j, const struct insn *p, uint32_t i)
{
    uint32_t offset = p->uimm;
    unsigned x = address(j, p->a, &offset, i);

    PUT(jit_how[p->code].stencil + x * 10 + IMMEDIATE, .a = p->a, .i = offset,
        .k = (uint64_t)(int64_t)(int16_t)p->b);
}

void
jit_emit_global(struct jit *j, const struct insn *p, uint32_t i)
{
    uint32_t at = (uint32_t)offsetof(struct engine_instance, global_values) +
                  p->uimm * 8u;
    const struct segment *s;
    unsigned file, x;

    if (p->code == OP_global_set) {
        s = jit_segment_at(j, p->a, 2 * i);
        file = s && jit_file_of(s);
        x = jit_source(j, p->a, file, i);
        if (x == IN_SLOT) {
            jit_move(j, 0, 0, x, p->a, i);
            x = 0;
            file = 0;
        }
        PUT((file ? ST_fglobal_set : ST_global_set) + x, .i = at);
        return;
    }
    jit_advance(j, 2 * i + 1);
    s = jit_segment_at(j, p->a, 2 * i + 1);
    file = s && jit_file_of(s);
    x = jit_target(j, p->a, file, i);
    PUT((file ? ST_fglobal_get : ST_global_get) + x, .i = at);
    jit_finish(j, p->a, file, x, i);
}

void
jit_emit_vector(struct jit *j, const struct insn *p, const struct operands *o,
                uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    uint32_t k = h->from == SHAPE_EXTRACT                          ? p->c
                 : h->from == SHAPE_REPLACE                        ? p->d
                 : h->from == SHAPE_LOAD || h->from == SHAPE_STORE ? p->uimm
                                                                   : 0;

    jit_emit_operands_to_memory(j, o, i);
    if (k > INT32_MAX) {
        jit_emit_step(j, o, i);
        return;
    }
    PUT(h->stencil, .a = p->a, .b = p->b, .c = p->c, .d = p->d, .i = k);
    jit_emit_results_in_memory(j, o, i);
}

void
jit_emit_vector_constant(struct jit *j, const struct insn *p,
                         const struct operands *o, uint32_t i)
{
    uint64_t v[2];

    memcpy(v, p + 1, sizeof v);
    for (unsigned k = 0; k < 2; k++) {
        if (v[k] <= INT32_MAX) {
            PUT(ST_k_store, .a = p->a + k, .k = v[k]);
        } else {
            jit_constant(j, 0, v[k], i);
            PUT(ST_store, .a = p->a + k);
        }
    }
    jit_emit_results_in_memory(j, o, i);
}
#endif
