/* SPDX-License-Identifier: Apache-2.0 */
/* What moves values: copies, constants, select, references. */
#include "config.h"

#if ENGINE_JIT
#include "jit/emit.h"

/* ---- moves ---- */

void
jit_emit_move_slot(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct segment *s = jit_segment_at(j, p->b, 2 * i);
    unsigned from = s && jit_file_of(s), x;
    unsigned d, to;

    x = from ? jit_source(j, p->b, 1, i) : jit_fresh_source(j, p->b, i);
    jit_advance(j, 2 * i + 1);
    s = jit_segment_at(j, p->a, 2 * i + 1);
    to = s ? jit_file_of(s) : from;
    d = jit_target(j, p->a, to, i);
    if (!d && x < 8) {
        jit_store_copy(j, from, x, p->a, i);
        return;
    }
    if (from != to && x < 8)
        PUT((to ? ST_fromint : ST_toint) + d * 8 + x);
    else
        jit_move(j, to, d, x, p->b, i);
    jit_finish(j, p->a, to, d, i);
}

void
jit_emit_move_constant(struct jit *j, uint32_t slot, uint64_t v, uint32_t i)
{
    const struct segment *s;
    unsigned file, d;

    jit_advance(j, 2 * i + 1);
    s = jit_segment_at(j, slot, 2 * i + 1);
    file = s && jit_file_of(s);
    d = jit_target(j, slot, file, i);
    if (!d && v <= INT32_MAX) {
        PUT(ST_k_store, .a = slot, .k = v);
        jit_written(j, slot, i);
        return;
    }
    if (file && v == 0) {
        PUT(ST_fzero + d);
    } else if (file) {
        jit_constant(j, 0, v, i);
        PUT(ST_fromint + d * 8);
    } else {
        jit_constant(j, d, v, i);
    }
    jit_finish(j, slot, file, d, i);
}

/* n slots, as memmove; up to 8. */
void
jit_emit_move_few(struct jit *j, uint32_t to, uint32_t from, uint32_t n,
                  uint32_t i)
{
    for (uint32_t k = 0; k < n; k++) {
        uint32_t at = to < from ? k : n - 1 - k;

        PUT(ST_mov + IN_SLOT, .b = from + at);
        PUT(ST_store, .a = to + at);
    }
}

void
jit_emit_move_slots(struct jit *j, uint32_t to, uint32_t from, uint32_t n,
                    uint32_t i)
{
    if (n <= 8) {
        jit_emit_move_few(j, to, from, n, i);
        return;
    }
    jit_save_all(j, i);
    jit_constant(j, 2, n, i);
    jit_machine_helper(j, HELPER_MOVE, to, from, true, false);
    jit_forget_all(j);
}

void
jit_emit_select(struct jit *j, const struct insn *p, uint32_t i)
{
    const struct segment *s = jit_segment_at(j, p->b, 2 * i);
    unsigned x, y, c, d;

    c = jit_int_source(j, p->d, i);
    if ((s && jit_file_of(s)) ||
        ((s = jit_segment_at(j, p->c, 2 * i)) && jit_file_of(s))) {
        x = jit_source(j, p->b, 1, i);
        y = jit_source(j, p->c, 1, i);
        if (y < 8) {
            jit_move(j, 1, 0, x, p->b, i);
            PUT(ST_fselect + y * 9 + c, .c = p->d);
            jit_advance(j, 2 * i + 1);
            jit_result(j, p->a, 1, i);
            return;
        }
    }
    x = jit_int_source(j, p->b, i);
    y = jit_int_source(j, p->c, i);
    d = jit_target(j, p->a, 0, i);
    if (d && (d == y || d == c) && d != x) {
        jit_move(j, 0, 0, x, p->b, i);
        PUT(ST_select + y * 9 + c, .b = p->c, .c = p->d);
        jit_move(j, 0, d, 0, 0, i);
    } else {
        jit_move(j, 0, d, x, p->b, i);
        PUT(ST_select + d * 81 + y * 9 + c, .b = p->c, .c = p->d);
    }
    jit_finish(j, p->a, 0, d, i);
}

void
jit_emit_reference(struct jit *j, const struct insn *p, uint32_t i)
{
    unsigned x, d;

    if (p->code == OP_ref_non_null) {
        PUT(ST_non_null + jit_in_register(j, p->a, i));
        return;
    }
    x = jit_int_source(j, p->b, i);
    d = jit_target(j, p->a, 0, i);
    PUT(ST_i64_eqz + d * 9 + x, .b = p->b);
    jit_finish(j, p->a, 0, d, i);
}
#endif
