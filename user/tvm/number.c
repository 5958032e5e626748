/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions on the stack alone: moving values, numbers, comparing. */
#include "tvm.h"

/* ---- 0: the stack -----------------------------------------------------------
 */

bool
tvm_group_stack(struct tvm *t, uint8_t op)
{
    const uint8_t *o = tvm_operand(t);
    int64_t *top = t->stack + t->sp, v;

    switch (op) {
    case OP_PUSH_IMM8:
        tvm_push(t, (int8_t)o[0]);
        break;
    case OP_PUSH_IMM32:
        tvm_push(t, (int32_t)tvm_get32(o));
        break;
    case OP_PUSH_CONST:
        if (tvm_get32(o) >= t->const_end - TVM_CONST_AT)
            return tvm_fail(t, "there is no constant at %u", tvm_get32(o));
        tvm_push(t, TVM_CONST_AT + (int64_t)tvm_get32(o));
        break;
    case OP_POP:
        t->sp--;
        break;
    case OP_DUP:
        tvm_push(t, top[-1]);
        break;
    case OP_SWAP:
        v = top[-1], top[-1] = top[-2], top[-2] = v;
        break;
    case OP_ROT: /* a b c --> b c a */
        v = top[-3], top[-3] = top[-2], top[-2] = top[-1], top[-1] = v;
        break;
    }
    return true;
}

/* ---- 1, 2: numbers, which wrap around
 * ------------------------------------------ */

static bool
divide(struct tvm *t, uint8_t op, int64_t a, int64_t b)
{
    if (!b)
        return tvm_fail(t, "it divides by zero");
    if (b == -1) /* the smallest number has no counterpart */
        tvm_push(t, op == OP_DIV ? (int64_t)(0 - (uint64_t)a) : 0);
    else
        tvm_push(t, op == OP_DIV ? a / b : a % b);
    return true;
}

bool
tvm_group_arithmetic(struct tvm *t, uint8_t op)
{
    uint64_t b = (uint64_t)tvm_pop(t), a = 0;

    if (tvm_ops[op].pops == 2)
        a = (uint64_t)tvm_pop(t);
    switch (op) {
    case OP_ADD:
        tvm_push(t, (int64_t)(a + b));
        break;
    case OP_SUB:
        tvm_push(t, (int64_t)(a - b));
        break;
    case OP_MUL:
        tvm_push(t, (int64_t)(a * b));
        break;
    case OP_DIV:
    case OP_MOD:
        return divide(t, op, (int64_t)a, (int64_t)b);
    case OP_NEG:
        tvm_push(t, (int64_t)(0 - b));
        break;
    case OP_INC:
        tvm_push(t, (int64_t)(b + 1));
        break;
    case OP_DEC:
        tvm_push(t, (int64_t)(b - 1));
        break;
    }
    return true;
}

bool
tvm_group_bits(struct tvm *t, uint8_t op)
{
    int64_t b = tvm_pop(t), a = op == OP_NOT ? 0 : tvm_pop(t);
    unsigned by = (unsigned)b & 63;

    switch (op) {
    case OP_AND:
        tvm_push(t, a & b);
        break;
    case OP_OR:
        tvm_push(t, a | b);
        break;
    case OP_XOR:
        tvm_push(t, a ^ b);
        break;
    case OP_NOT:
        tvm_push(t, ~b);
        break;
    case OP_SHL:
        tvm_push(t, (int64_t)((uint64_t)a << by));
        break;
    case OP_SHR: /* with the sign */
        tvm_push(t, a < 0 ? ~(~a >> by) : a >> by);
        break;
    }
    return true;
}

/* ---- 3: comparing
 * ------------------------------------------------------------------ */

bool
tvm_group_compare(struct tvm *t, uint8_t op)
{
    int64_t b = tvm_pop(t), a = tvm_pop(t);
    bool is = false;

    t->reg[TVM_FLAGS] = a < b ? TVM_LESS : a > b ? TVM_GREATER : TVM_EQUAL;
    switch (op) {
    case OP_CMP_EQ:
        is = a == b;
        break;
    case OP_CMP_NE:
        is = a != b;
        break;
    case OP_CMP_LT:
        is = a < b;
        break;
    case OP_CMP_GT:
        is = a > b;
        break;
    case OP_CMP_LE:
        is = a <= b;
        break;
    case OP_CMP_GE:
        is = a >= b;
        break;
    }
    tvm_push(t, is);
    return true;
}
