/* SPDX-License-Identifier: Apache-2.0 */
/* Branches, moves, constants, selection. */
#include "build.h"

static void
jump(struct build *b, uint32_t at, const struct insn *i)
{
    LLVMBuildBr(b->b, target_block(b, at, at + i->uimm));
    b->open = false;
}

static void
branch_if(struct build *b, uint32_t at, const struct insn *i, enum type t,
          bool want)
{
    LLVMValueRef c = LLVMBuildICmp(b->b, want ? LLVMIntNE : LLVMIntEQ,
                                   get(b, i->a, t), LLVMConstNull(b->ty[t]),
                                   "");
    LLVMBasicBlockRef to = target_block(b, at, at + i->uimm);
    LLVMBasicBlockRef on = new_block(b, "");

    LLVMBuildCondBr(b->b, c, to, on);
    start(b, on);
}

static void
branch_table(struct build *b, uint32_t at, const struct insn *i)
{
    LLVMValueRef index = get(b, i->a, I32), s;
    uint32_t n = i->uimm, last = at + 1 + n;

    s = LLVMBuildSwitch(b->b, index,
                        target_block(b, last, last + i[1 + n].uimm), n);
    for (uint32_t k = 0; k < n; k++)
        LLVMAddCase(s, const_i32(b, k),
                    target_block(b, at + 1 + k, at + 1 + k + i[1 + k].uimm));
    b->open = false;
}

static void
select_scalar(struct build *b, const struct insn *i)
{
    unsigned only = b->local_types[i->a];
    LLVMValueRef c = LLVMBuildICmp(b->b, LLVMIntNE, get(b, i->d, I32),
                                   const_i32(b, 0), "");
    LLVMValueRef v[TYPES];

    if (only == TYPES)
        only = b->local_types[i->b];
    if (only == TYPES)
        only = b->local_types[i->c];
    if (b->framed)
        only = I64;
    for (unsigned t = 0; t < V128; t++)
        if (only == TYPES || only == t)
            v[t] = pick(b, c, get(b, i->b, (enum type)t),
                        get(b, i->c, (enum type)t));
    for (unsigned t = 0; t < V128; t++)
        if (only == TYPES || only == t)
            put(b, i->a, (enum type)t, v[t]);
}

static void
const128(struct build *b, const struct insn *i)
{
    uint64_t v[2];
    LLVMValueRef half[2];

    memcpy(v, i + 1, sizeof v);
    half[0] = const_i64(b, v[0]);
    half[1] = const_i64(b, v[1]);
    put(b, i->a, V128, LLVMConstVector(half, 2));
}

bool
op_control(struct build *b, uint32_t at, const struct insn *i)
{
    LLVMValueRef c;

    switch (i->code) {
    case OP_br:
    case OP_br_l:
        jump(b, at, i);
        break;
    case OP_br_if_s:
    case OP_br_if_s_l:
        branch_if(b, at, i, I32, true);
        break;
    case OP_br_z_s:
    case OP_br_z_s_l:
        branch_if(b, at, i, I32, false);
        break;
    case OP_br_if64:
    case OP_br_if64_l:
        branch_if(b, at, i, I64, true);
        break;
    case OP_br_z64:
    case OP_br_z64_l:
        branch_if(b, at, i, I64, false);
        break;
    case OP_br_table_s:
        branch_table(b, at, i);
        break;
    case OP_unreachable:
        trap_now(b, at, ENGINE_UNREACHABLE);
        break;
    case OP_mov:
        move_slots(b, i->a, i->b, 1);
        break;
    case OP_mov2:
        move_slots(b, i->a, i->b, 2);
        break;
    case OP_movn:
        move_slots(b, i[1].uimm, i[2].uimm, i->uimm);
        break;
    case OP_const32:
        put_const(b, i->a, i->uimm, false);
        break;
    case OP_const64:
        put_const(b, i->a, insn_u64(i + 1), true);
        break;
    case OP_const128:
        const128(b, i);
        break;
    case OP_select_s:
        select_scalar(b, i);
        break;
    case OP_select128:
        c = LLVMBuildICmp(b->b, LLVMIntNE, get(b, i->d, I32), const_i32(b, 0),
                          "");
        put(b, i->a, V128, pick(b, c, get(b, i->b, V128), get(b, i->c, V128)));
        break;
    default:
        return false;
    }
    return true;
}
