/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads, stores, and instructions on whole memories.
 *
 * Accesses are volatile: a load that nobody reads must trap all the same, and
 * what traps must not pass what the program wrote before. It costs little, for
 * programs come with their loads already hoisted and merged (docs/engine.md has
 * the figures).
 */
#include "build.h"

enum shape { NONE, FROM_SLOT, FROM_P, TO_SLOT, TO_IMM, TO_P };

static const struct access {
    uint8_t shape, type, size, sign; /* log2 of bytes; loads: sign-extend */
} accesses[OP_COUNT] = {
#define L(n, t, k, s)                                                          \
    [OP_##n##_s] = {FROM_SLOT, t, k, s}, [OP_##n##_p] = {FROM_P, t, k, s}
    L(i32_load, I32, 2, 0),     L(i64_load, I64, 3, 0),
    L(f32_load, F32, 2, 0),     L(f64_load, F64, 3, 0),
    L(i32_load8_s, I32, 0, 1),  L(i32_load8_u, I32, 0, 0),
    L(i32_load16_s, I32, 1, 1), L(i32_load16_u, I32, 1, 0),
    L(i64_load8_s, I64, 0, 1),  L(i64_load8_u, I64, 0, 0),
    L(i64_load16_s, I64, 1, 1), L(i64_load16_u, I64, 1, 0),
    L(i64_load32_s, I64, 2, 1), L(i64_load32_u, I64, 2, 0),
#define S(n, t, k)                                                             \
    [OP_##n##_ss] = {TO_SLOT, t, k, 0}, [OP_##n##_si] = {TO_IMM, t, k, 0},  \
           [OP_##n##_p] = {TO_P, t, k, 0}
    S(i32_store, I32, 2),       S(i64_store, I64, 3),
    S(f32_store, F32, 2),       S(f64_store, F64, 3),
    S(i32_store8, I32, 0),      S(i32_store16, I32, 1),
    S(i64_store8, I64, 0),      S(i64_store16, I64, 1),
    S(i64_store32, I64, 2),
};

LLVMValueRef
memory_pointer(struct build *b, LLVMValueRef address, uint32_t by)
{
    LLVMBasicBlockRef here;

    if (!b->mem) { /* once, where every use sees it */
        LLVMBuilderRef now = b->b;

        here = LLVMGetInsertBlock(b->b);
        (void)here;
        b->b = b->early;
        b->mem = fixed(b, b->in, offsetof(struct engine_instance, mem));
        b->b = now;
    }
    address = LLVMBuildZExt(b->b, address, b->i64, "");
    return offset(b, LLVMBuildGEP2(b->b, b->i8, b->mem, &address, 1, ""), by);
}

LLVMValueRef
memory_load(struct build *b, LLVMTypeRef t, LLVMValueRef p)
{
    LLVMValueRef v = load(b, t, p, AREA_MEMORY, 1);

    LLVMSetVolatile(v, true);
    return v;
}

void
memory_store(struct build *b, LLVMValueRef v, LLVMValueRef p)
{
    store(b, v, p, AREA_MEMORY, 1);
    LLVMSetVolatile(LLVMGetLastInstruction(LLVMGetInsertBlock(b->b)), true);
}

static LLVMTypeRef
narrow_type(struct build *b, const struct access *a)
{
    if (a->type == F32 || a->type == F64)
        return b->ty[a->type];
    return a->size == 0 ? b->i8 : a->size == 1 ? b->i16
           : a->size == 2                      ? b->i32
                                               : b->i64;
}

static void
load_op(struct build *b, const struct insn *i, const struct access *a)
{
    LLVMTypeRef narrow = narrow_type(b, a), wide = b->ty[a->type];
    LLVMValueRef p = a->shape == FROM_P
                         ? b->r0
                         : memory_pointer(b, get(b, i->b, I32), i->uimm);
    LLVMValueRef v = memory_load(b, narrow, p);

    if (narrow != wide)
        v = a->sign ? LLVMBuildSExt(b->b, v, wide, "")
                    : LLVMBuildZExt(b->b, v, wide, "");
    put(b, i->a, (enum type)a->type, v);
}

static void
store_op(struct build *b, const struct insn *i, const struct access *a)
{
    LLVMTypeRef narrow = narrow_type(b, a), wide = b->ty[a->type];
    LLVMValueRef v, p;

    v = a->shape == TO_IMM
            ? const_signed(wide, (int16_t)i->b)
            : get(b, i->b, (enum type)a->type);
    p = a->shape == TO_P ? b->r0
                            : memory_pointer(b, get(b, i->a, I32), i->uimm);
    if (narrow != wide)
        v = LLVMBuildTrunc(b->b, v, narrow, "");
    memory_store(b, v, p);
}

/* ---- memories in general ---- */

static LLVMValueRef
memory_object(struct build *b, uint32_t memory)
{
    LLVMValueRef all =
        fixed(b, b->in, offsetof(struct engine_instance, memories));

    return fixed(b, all, memory * sizeof(void *));
}

static bool
is64(const struct build *b, uint32_t memory)
{
    return b->u->m->memories[memory].is64;
}

static LLVMValueRef
address(struct build *b, uint32_t slot, bool wide)
{
    return wide ? get(b, slot, I64)
                : LLVMBuildZExt(b->b, get(b, slot, I32), b->i64, "");
}

/* The checked host address of i->c bytes, for the instruction behind. */
static void
address_op(struct build *b, uint32_t at, const struct insn *i)
{
    LLVMValueRef m = memory_object(b, i[1].uimm), end, bytes, base, bad, a;
    LLVMValueRef args[2];

    a = address(b, i->b, is64(b, i[1].uimm));
    args[0] = a;
    args[1] = const_i64(b, insn_u64(i + 2));
    end = intrinsic(b, "llvm.uadd.with.overflow", b->i64, args, 2);
    a = LLVMBuildExtractValue(b->b, end, 0, "");
    bad = LLVMBuildExtractValue(b->b, end, 1, "");
    bytes = load(b, b->i64,
                 offset(b, m, offsetof(struct engine_memory, bytes)),
                 AREA_STATE, 8);
    bad = LLVMBuildOr(b->b, bad, LLVMBuildICmp(b->b, LLVMIntUGT, a, bytes, ""),
                      "");
    bytes = LLVMBuildSub(b->b, bytes, a, "");
    bad = LLVMBuildOr(
        b->b, bad,
        LLVMBuildICmp(b->b, LLVMIntULT, bytes, const_i64(b, i->c), ""), "");
    trap_if(b, at, bad, ENGINE_MEMORY_BOUNDS);
    base = load(b, b->ptr, offset(b, m, offsetof(struct engine_memory, base)),
                AREA_STATE, 8);
    b->r0 = LLVMBuildGEP2(b->b, b->i8, base, &a, 1, "");
}

static void
put_size(struct build *b, uint32_t slot, uint32_t memory, LLVMValueRef v)
{
    if (is64(b, memory))
        put(b, slot, I64, v);
    else
        put(b, slot, I32, LLVMBuildTrunc(b->b, v, b->i32, ""));
}

static void
size_op(struct build *b, const struct insn *i)
{
    LLVMValueRef m = memory_object(b, i->uimm), v;
    uint32_t shift = b->u->m->memories[i->uimm].byte_pages ? 0 : 16;

    v = load(b, b->i64, offset(b, m, offsetof(struct engine_memory, bytes)),
             AREA_STATE, 8);
    put_size(b, i->a, i->uimm,
             LLVMBuildLShr(b->b, v, const_i64(b, shift), ""));
}

static void
grow_op(struct build *b, const struct insn *i)
{
    uint32_t memory = i[1].uimm;
    LLVMValueRef args[] = {b->in, const_i32(b, memory),
                           address(b, i->b, is64(b, memory))};

    put_size(b, i->a, memory,
             call_table(b, b->in, offsetof(struct native_table, grow), b->i64,
                        args, 3));
}

static void
fill_op(struct build *b, uint32_t at, const struct insn *i)
{
    bool wide = is64(b, i[1].uimm);
    LLVMValueRef args[] = {b->in, const_i32(b, i[1].uimm),
                           address(b, i->a, wide), get(b, i->b, I32),
                           address(b, i->c, wide)};

    trap_status(b, at,
                call_table(b, b->in, offsetof(struct native_table, fill),
                           b->i32, args, 5));
}

static void
copy_op(struct build *b, uint32_t at, const struct insn *i)
{
    bool to = is64(b, i[1].uimm), from = is64(b, i[2].uimm);
    LLVMValueRef args[] = {b->in,
                           const_i32(b, i[1].uimm),
                           const_i32(b, i[2].uimm),
                           address(b, i->a, to),
                           address(b, i->b, from),
                           address(b, i->c, to && from)};

    trap_status(b, at,
                call_table(b, b->in, offsetof(struct native_table, copy),
                           b->i32, args, 6));
}

bool
op_memory(struct build *b, uint32_t at, const struct insn *i)
{
    const struct access *a = &accesses[i->code];

    if (a->shape != NONE) {
        if (a->shape <= FROM_P)
            load_op(b, i, a);
        else
            store_op(b, i, a);
        return true;
    }
    switch (i->code) {
    case OP_address:
        address_op(b, at, i);
        break;
    case OP_memory_size:
        size_op(b, i);
        break;
    case OP_memory_grow:
        grow_op(b, i);
        break;
    case OP_memory_fill:
        fill_op(b, at, i);
        break;
    case OP_memory_copy:
        copy_op(b, at, i);
        break;
    default:
        return false;
    }
    return true;
}
