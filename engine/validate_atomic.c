/* SPDX-License-Identifier: Apache-2.0 */
/* The validator's atomic instructions: the 0xfe prefix (threads proposal). */
#include "atomic.h"
#include "pith_errno.h"
#include "validate.h"

static void
access(struct validator *v, const struct atomic_op *o)
{
    uint32_t address = v_memarg(v, o->size, true);

    if (reader_failed(v->r))
        return;
    if (o->shape == ATOMIC_WAIT)
        v_pop(v, VT_I64);
    if (o->shape == ATOMIC_CMPXCHG)
        v_pop(v, o->vt);
    if (o->shape != ATOMIC_LOAD)
        v_pop(v, o->vt);
    v_pop(v, address);
    if (o->shape == ATOMIC_WAIT || o->shape == ATOMIC_NOTIFY)
        v_push(v, VT_I32);
    else if (o->shape != ATOMIC_STORE)
        v_push(v, o->vt);
}

void
v_prefix_fe(struct validator *v)
{
    uint32_t op = read_u32(v->r);
    const struct atomic_op *o = &atomic_ops[op < ATOMIC_OPS ? op : 0];

    if (op >= ATOMIC_OPS || o->shape == ATOMIC_NONE) {
        reader_fail(v->r, -E_INVAL, "illegal opcode 0xfe 0x%02x", (unsigned)op);
        return;
    }
    if (o->shape != ATOMIC_FENCE)
        access(v, o);
    else if (read_u8(v->r) != 0)
        v_error(v, "zero byte expected");
}
