/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies: families of rare instructions that one handler each passes on to a
 * function: structs and arrays (gc.h), atomics (atomic.h), wide arithmetic.
 * Operands lie in slots from the last data word's (wide arithmetic: imm) on,
 * the result comes there.
 */
OP_COLD(gc) /* b: gc_opcode; imm: x; pc[1].imm: y, .b: operand slots */
{
    uint64_t *sp = fp + pc[2].uimm;
    enum engine_status st = gc_execute(in, (enum gc_opcode)pc->b, pc->uimm,
                                       pc[1].uimm, sp, sp + pc[1].b);
    budget -= (int64_t)in->store->gc_work;
    in->store->gc_work = 0;
    if (UNLIKELY(st != ENGINE_OK))
        TRAP(st);
    pc += 2;
    NEXT;
}
OP_COLD(atomic) /* b: opcode; imm: memory; pc[1]: offset */
{
    uint64_t *sp = fp + pc[2].uimm;
    LEAVE(sp + 4);
    enum engine_status st = atomic_execute(s, in->memories[pc->uimm], pc->b,
                                           insn_u64(&pc[1]), sp);
    BACK;
    if (UNLIKELY(st == ENGINE_UNALIGNED || st == ENGINE_MEMORY_BOUNDS ||
                 st == ENGINE_NOT_SHARED))
        TRAP(st);
    if (UNLIKELY(st != ENGINE_OK))
        RESUME(st);
    pc += 2;
    NEXT;
}
OP(i64_add128)
{
    op_i64_add128(fp + pc->uimm);
    NEXT;
}
OP(i64_sub128)
{
    op_i64_sub128(fp + pc->uimm);
    NEXT;
}
OP(i64_mul_wide_s)
{
    op_i64_mul_wide_s(fp + pc->uimm);
    NEXT;
}
OP(i64_mul_wide_u)
{
    op_i64_mul_wide_u(fp + pc->uimm);
    NEXT;
}
