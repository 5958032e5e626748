/* SPDX-License-Identifier: Apache-2.0 */
/* Tables, and the 0xfc prefix. */
#include "translate.h"

static void
table_ref(struct translator *t, uint32_t table)
{
    t_emit(t, OP_table_ref, 0, 0, table);
}

void
t_table_get(struct translator *t)
{
    uint32_t table = leb_u32(&t->p), x = t_source(t, t->sp - 1);

    t_drop(t, 1);
    table_ref(t, table);
    t_emit(t, OP_table_get, t_push_slot(t, CLASS_I), x, 0);
    t_result(t);
}

void
t_table_set(struct translator *t)
{
    uint32_t table = leb_u32(&t->p);
    uint32_t v = t_source(t, t->sp - 1), i = t_source(t, t->sp - 2);

    table_ref(t, table);
    t_emit(t, OP_table_set, i, v, 0);
    t_drop(t, 2);
    t->last = 0;
}

static void
table_grow_op(struct translator *t, uint32_t table)
{
    uint32_t n = t_source(t, t->sp - 1), v = t_source(t, t->sp - 2);

    t_drop(t, 2);
    table_ref(t, table);
    t_emit4(t, OP_table_grow, t_push_slot(t, CLASS_I), n, v, 0);
    t_result(t);
}

void
t_prefix_fc(struct translator *t)
{
    uint32_t op = leb_u32(&t->p), x, y;

    if (op < 8) {
        t_numeric(t, 0x100 + op);
        return;
    }
    if (op >= 19) {
        t_wide(t, op);
        return;
    }
    x = leb_u32(&t->p);
    switch (op) {
    case 8:
        y = leb_u32(&t->p);
        t_emit_slots(t, OP_memory_init, 3);
        t_data(t, y);
        t_data(t, x);
        break;
    case 9:
        t_emit(t, OP_data_drop, 0, 0, x);
        break;
    case 10:
        y = leb_u32(&t->p);
        t_emit_slots(t, OP_memory_copy, 3);
        t_data(t, x);
        t_data(t, y);
        break;
    case 11:
        t_emit_slots(t, OP_memory_fill, 3);
        t_data(t, x);
        break;
    case 12:
        y = leb_u32(&t->p);
        t_materialise(t, t->sp - 1);
        t_materialise(t, t->sp - 2);
        t_materialise(t, t->sp - 3);
        table_ref(t, y);
        t_emit_slots(t, OP_table_init, 3);
        t_data(t, x);
        break;
    case 13:
        t_emit(t, OP_elem_drop, 0, 0, x);
        break;
    case 14:
        y = leb_u32(&t->p);
        t_emit_slots(t, OP_table_copy, 3);
        t_data(t, x);
        t_data(t, y);
        break;
    case 15:
        table_grow_op(t, x);
        break;
    case 16:
        table_ref(t, x);
        t_emit(t, OP_table_size, t_push_slot(t, CLASS_I), 0, 0);
        t_result(t);
        break;
    default:
        t_materialise(t, t->sp - 1);
        t_materialise(t, t->sp - 2);
        t_materialise(t, t->sp - 3);
        table_ref(t, x);
        t_emit_slots(t, OP_table_fill, 3);
        break;
    }
}
