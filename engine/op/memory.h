/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies: addresses in any memory, and instructions on whole memories. */
#define MEMORY_ADDRESS(m, slot) ((m)->is64 ? fp[slot] : (uint32_t)fp[slot])
#define OUTSIDE(m, at, n)                                                      \
    ((at) > memory_bytes(m) || (n) > memory_bytes(m) - (at))

/* r0 = host address of the c bytes at slot b plus the offset in pc[2], in
 * memory pc[1] */
OP(address)
{
    struct engine_memory *m = in->memories[pc[1].uimm];
    uint64_t at = MEMORY_ADDRESS(m, pc->b), offset = insn_u64(&pc[2]);
    if (UNLIKELY(__builtin_add_overflow(at, offset, &at) ||
                 OUTSIDE(m, at, pc->c)))
        TRAP(ENGINE_MEMORY_BOUNDS);
    r0 = (uintptr_t)(m->base + at);
    pc += 2;
    NEXT;
}
OP(memory_size)
{
    struct engine_memory *m = in->memories[pc->uimm];
    fp[pc->a] = memory_bytes(m) >> m->page_shift;
    NEXT;
}
OP_COLD(memory_grow) /* a: result; b: pages; pc[1]: memory */
{
    struct engine_memory *m = in->memories[pc[1].uimm];
    uint64_t n = MEMORY_ADDRESS(m, pc->b), old = memory_grow(m, n);
    fp[pc->a] = m->is64 ? old : (uint32_t)old;
    if (old != UINT64_MAX)
        budget -= (int64_t)(n << m->page_shift >> 14);
    mem = in->mem0->base;
    pc++;
    NEXT;
}
OP(memory_fill) /* a: to; b: value; c: count; pc[1]: memory */
{
    struct engine_memory *m = in->memories[pc[1].uimm];
    uint64_t at = MEMORY_ADDRESS(m, pc->a), n = MEMORY_ADDRESS(m, pc->c);
    if (UNLIKELY(OUTSIDE(m, at, n)))
        TRAP(ENGINE_MEMORY_BOUNDS);
    if (n)
        memset(m->base + at, (uint8_t)fp[pc->b], (size_t)n);
    budget -= (int64_t)(n >> 14);
    pc++;
    NEXT;
}
OP(memory_copy) /* a: to; b: from; c: count; pc[1], pc[2]: memories */
{
    struct engine_memory *to = in->memories[pc[1].uimm];
    struct engine_memory *from = in->memories[pc[2].uimm];
    uint64_t d = MEMORY_ADDRESS(to, pc->a), s_ = MEMORY_ADDRESS(from, pc->b);
    uint64_t n = to->is64 && from->is64 ? fp[pc->c] : (uint32_t)fp[pc->c];
    if (UNLIKELY(OUTSIDE(to, d, n) || OUTSIDE(from, s_, n)))
        TRAP(ENGINE_MEMORY_BOUNDS);
    if (n)
        memmove(to->base + d, from->base + s_, (size_t)n);
    budget -= (int64_t)(n >> 14);
    pc += 2;
    NEXT;
}
OP_COLD(memory_init) /* a: to; b: from; c: count; pc[1]: memory; pc[2]: data */
{
    struct engine_memory *m = in->memories[pc[1].uimm];
    uint64_t d = MEMORY_ADDRESS(m, pc->a);
    uint32_t s_ = (uint32_t)fp[pc->b], n = (uint32_t)fp[pc->c];
    uint32_t length = in->data_length[pc[2].uimm];
    if (OUTSIDE(m, d, n) || s_ > length || n > length - s_)
        TRAP(ENGINE_MEMORY_BOUNDS);
    if (n)
        memcpy(m->base + d,
               in->module->bytes + in->module->datas[pc[2].uimm].at + s_, n);
    budget -= n >> 14;
    pc += 2;
    NEXT;
}
OP(data_drop)
{
    in->data_length[pc->uimm] = 0;
    NEXT;
}
