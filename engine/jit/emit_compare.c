/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons, and the branches that they and other things decide. */
#include "config.h"

#if ENGINE_JIT
#include "jit/emit.h"

void
jit_emit_set(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned y = jit_int_source(j, p->c, i), x = jit_in_register(j, p->b, i);

    PUT(h->stencil + x * 10 + y, .b = p->c);
    jit_result(j, p->a, 0, i);
}

/* Compilers of stencils turn x <= k into x < k + 1: not at the ends. */
static bool
comparable(const struct how_to *h, int32_t k)
{
    if (k == INT32_MIN || k == INT32_MAX)
        return false;
    return !(h->flags & UNSIGNED) || (k != 0 && k != -1);
}

/* x cmp k by the stencils st (10 per x) or, exchanged, swapped. */
static void
compare_imm(struct jit *j, unsigned st, unsigned swapped, bool simple,
            uint32_t slot, int32_t k, bool wide, uint32_t taken, uint32_t i)
{
    unsigned x;

    if (simple) {
        x = jit_in_register(j, slot, i);
        PUT(st + x * 10 + IMMEDIATE, .k = (uint64_t)(int64_t)k, .taken = taken);
        return;
    }
    x = jit_int_source(j, slot, i);
    jit_constant(j, 0, wide ? (uint64_t)(int64_t)k : (uint32_t)k, i);
    PUT(swapped + x, .b = slot, .taken = taken);
}

void
jit_emit_set_imm(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];

    compare_imm(j, h->stencil, h->swapped, comparable(h, p->imm), p->b, p->imm,
                h->stencil >= ST_set_i64_eq, 0, i);
    jit_result(j, p->a, 0, i);
}

/* ---- branches: at a block's end ---- */

void
jit_emit_branch(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    unsigned x, y;

    jit_restore_all(j, i);
    x = jit_fresh_source(j, p->a, i);
    y = jit_int_source(j, p->b, i);
    if (x == IN_SLOT && y < 8) {
        PUT(h->swapped + y * 10 + IN_SLOT, .b = p->a,
            .taken = i + (uint32_t)p->imm);
        return;
    }
    x = jit_in_register(j, p->a, i);
    PUT(h->stencil + x * 10 + y, .b = p->b, .taken = i + (uint32_t)p->imm);
}

void
jit_emit_branch_imm(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct how_to *h = &jit_how[p->code];
    int32_t k = (int16_t)p->b;

    jit_restore_all(j, i);
    if (k == 0 && (h->stencil == ST_br_i32_ne || h->stencil == ST_br_i32_eq)) {
        unsigned x = jit_fresh_source(j, p->a, i);

        PUT((h->stencil == ST_br_i32_ne ? ST_br_if : ST_br_z) + x, .b = p->a,
            .taken = i + (uint32_t)p->imm);
        return;
    }
    compare_imm(j, h->stencil, h->swapped, comparable(h, k), p->a, k,
                h->stencil >= ST_br_i64_eq && h->stencil <= ST_br_i64_ne,
                i + (uint32_t)p->imm, i);
}

void
jit_emit_test(struct jit *j, const struct insn *p, uint32_t i)
{
    unsigned x;

    jit_restore_all(j, i);
    x = jit_fresh_source(j, p->a, i);
    PUT(jit_how[p->code].stencil + x, .b = p->a, .taken = i + (uint32_t)p->imm);
}

static unsigned
float_pair(struct jit *j, uint32_t a, uint32_t b, uint32_t i)
{
    unsigned x = jit_source(j, a, 1, i), y = jit_source(j, b, 1, i);

    if (x == IN_SLOT) {
        jit_move(j, 1, 0, x, a, i);
        x = 0;
    }
    return x * 9 + y;
}

void
jit_emit_fset(struct jit *j, const struct insn *p, uint32_t i)
{
    PUT(jit_how[p->code].stencil + float_pair(j, p->b, p->c, i), .b = p->c);
    jit_result(j, p->a, 0, i);
}

void
jit_emit_fbranch(struct jit *j, const struct insn *p, uint32_t i)
{
    jit_restore_all(j, i);
    PUT(jit_how[p->code].stencil + float_pair(j, p->a, p->b, i), .b = p->b,
        .taken = i + (uint32_t)p->imm);
}

/* The row's targets are where registers are whole. */
void
jit_emit_table(struct jit *j, const struct insn *p, uint32_t i)
{
    jit_restore_all(j, i);
    if (p->b) {
        jit_move(j, 0, 0, jit_int_source(j, p->a, i), p->a, i);
        PUT(ST_k_table_zero, .k = (uint64_t)-(int64_t)(int16_t)p->b);
    } else {
        jit_scratch32(j, p->a, i);
    }
    jit_machine_table(j, i);
    for (uint32_t k = 0; k <= p->uimm; k++)
        jit_machine_table_entry(j, k, i + 1 + k + (uint32_t)p[1 + k].imm);
}
#endif
