/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies: globals, references, tables. r0 holds the table after table_ref. */
#define OWN_GLOBAL in->global_values[pc->uimm]
OP(global_get)
{
    fp[pc->a] = OWN_GLOBAL;
    NEXT;
}
OP(global_get_R)
{
    r0 = OWN_GLOBAL;
    NEXT;
}
OP(global_get_B)
{
    fp[pc->a] = r0 = OWN_GLOBAL;
    NEXT;
}
OP(global_get_float)
{
    fp[pc->a] = OWN_GLOBAL;
    NEXT;
}
OP(global_get_far) /* imported, or a v128; b: slots */
{
    union slot_value *v = in->globals[pc->uimm]->value;
    fp[pc->a] = v->v128[0];
    if (pc->b == 2)
        fp[pc->a + 1] = v->v128[1];
    NEXT;
}
OP(global_set)
{
    OWN_GLOBAL = fp[pc->a];
    NEXT;
}
OP(global_set_r)
{
    OWN_GLOBAL = r0;
    NEXT;
}
OP(global_set_far)
{
    union slot_value *v = in->globals[pc->uimm]->value;
    v->v128[0] = fp[pc->a];
    if (pc->b == 2)
        v->v128[1] = fp[pc->a + 1];
    NEXT;
}

/* The shadow stack's pointer moves: own global b, i32. */
OP(global_add)
{
    uint32_t v = (uint32_t)in->global_values[pc->b] + pc->uimm;
    in->global_values[pc->b] = v;
    fp[pc->a] = r0 = v;
    NEXT;
}
OP(global_set_sum)
{
    in->global_values[pc->b] = (uint32_t)fp[pc->a] + pc->uimm;
    NEXT;
}

OP_COLD(ref_func)
{
    struct engine_func *f = instance_func(in, pc->uimm);
    if (!f)
        TRAP(ENGINE_NO_MEMORY);
    fp[pc->a] = (uintptr_t)f;
    NEXT;
}
OP(ref_is_null)
{
    fp[pc->a] = !fp[pc->b];
    NEXT;
}
OP(ref_non_null)
{
    if (UNLIKELY(!fp[pc->a]))
        TRAP(ENGINE_NULL_REFERENCE);
    NEXT;
}

#define R0_TABLE struct engine_table *t = (struct engine_table *)(uintptr_t)r0
#define TABLE_INDEX(t, slot) ((t)->is64 ? fp[slot] : (uint32_t)fp[slot])
OP(table_ref)
{
    r0 = (uintptr_t)in->tables[pc->uimm];
    NEXT;
}
OP(table_get)
{
    R0_TABLE;
    uint64_t i = TABLE_INDEX(t, pc->b);
    if (UNLIKELY(i >= t->size))
        TRAP(ENGINE_TABLE_BOUNDS);
    fp[pc->a] = (uintptr_t)t->elems[i];
    NEXT;
}
OP(table_set)
{
    R0_TABLE;
    uint64_t i = TABLE_INDEX(t, pc->a);
    if (UNLIKELY(i >= t->size))
        TRAP(ENGINE_TABLE_BOUNDS);
    t->elems[i] = (void *)(uintptr_t)fp[pc->b];
    NEXT;
}
OP(table_size)
{
    R0_TABLE;
    fp[pc->a] = t->size;
    NEXT;
}
OP_COLD(table_grow) /* a: result; b: count; c: value */
{
    R0_TABLE;
    uint64_t n = TABLE_INDEX(t, pc->b);
    uint64_t old = table_grow(t, n, (void *)(uintptr_t)fp[pc->c]);
    fp[pc->a] = t->is64 ? old : (uint32_t)old;
    budget -= old == UINT64_MAX ? 0 : (int64_t)(n >> 6);
    NEXT;
}
OP_COLD(table_fill) /* a: index; b: value; c: count */
{
    R0_TABLE;
    uint64_t i = TABLE_INDEX(t, pc->a), n = TABLE_INDEX(t, pc->c);
    void *v = (void *)(uintptr_t)fp[pc->b];
    if (i > t->size || n > t->size - i)
        TRAP(ENGINE_TABLE_BOUNDS);
    for (uint64_t k = 0; k < n; k++)
        t->elems[i + k] = v;
    budget -= (int64_t)(n >> 6);
    NEXT;
}
OP_COLD(table_copy) /* a: to; b: from; c: count; pc[1], pc[2]: tables */
{
    struct engine_table *to = in->tables[pc[1].uimm];
    struct engine_table *from = in->tables[pc[2].uimm];
    uint64_t d = TABLE_INDEX(to, pc->a), s_ = TABLE_INDEX(from, pc->b);
    uint64_t n = to->is64 && from->is64 ? fp[pc->c] : (uint32_t)fp[pc->c];
    if (d > to->size || n > to->size - d || s_ > from->size ||
        n > from->size - s_)
        TRAP(ENGINE_TABLE_BOUNDS);
    if (n)
        memmove(to->elems + d, from->elems + s_, (size_t)n * sizeof(void *));
    budget -= (int64_t)(n >> 6);
    pc += 2;
    NEXT;
}
OP_COLD(table_init) /* a: to; b: from; c: count; pc[1]: segment */
{
    R0_TABLE;
    struct elem_refs *e = &in->elems[pc[1].uimm];
    uint64_t d = TABLE_INDEX(t, pc->a);
    uint32_t s_ = (uint32_t)fp[pc->b], n = (uint32_t)fp[pc->c];
    if (d > t->size || n > t->size - d || s_ > e->n || n > e->n - s_)
        TRAP(ENGINE_TABLE_BOUNDS);
    if (n)
        memcpy(t->elems + d, e->refs + s_, n * sizeof(void *));
    budget -= n >> 6;
    pc++;
    NEXT;
}
OP(elem_drop)
{
    in->elems[pc->uimm].n = 0;
    NEXT;
}
