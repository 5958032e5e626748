/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Globals and wide arithmetic; and what is left to the interpreter: structs and
 * arrays, atomics, tables, throwing. Those read and write slots in the frame.
 */
#include "build.h"

/* ---- the interpreter's part ---- */

void
run_step(struct build *b, uint32_t at, uint32_t n)
{
    LLVMValueRef args[3];

    if (b->nsteps == b->steps_cap &&
        !grow(&b->steps, &b->steps_cap, sizeof *b->steps)) {
        b->failed = true;
        return;
    }
    b->steps[b->nsteps] =
        (struct object_step){.func = b->f->func, .at = at, .n = n};
    args[0] = b->in;
    args[1] = b->fp;
    args[2] = offset(b, b->steps_at,
                     (uint64_t)b->nsteps++ * sizeof(struct object_step));
    call_table(b, b->in, offsetof(struct native_table, step), b->none, args, 3);
}

/* ---- globals ---- */

static LLVMValueRef
own_global(struct build *b, uint32_t slot)
{
    return offset(b, b->in, offsetof(struct engine_instance, global_values) +
                                (uint64_t)slot * 8);
}

static uint32_t
own_vt(const struct build *b, uint32_t slot)
{
    const struct engine_module *m = b->u->m;
    uint32_t g = m->nglobals_imported;

    while (g + 1 < m->nglobals && m->global_slot[g] != slot)
        g++;
    return m->globals[g].vt;
}

static void
global_op(struct build *b, const struct insn *i, LLVMValueRef at, uint32_t vt,
          bool set, unsigned area)
{
    enum type t = type_of(vt);
    LLVMValueRef v;

    if (!set) {
        put(b, i->a, t, load(b, b->ty[t], at, area, 8));
        return;
    }
    v = get(b, i->a, t);
    if (t == F32)
        v = bits(b, v, b->i32);
    if (t == F32 || t == I32)
        v = LLVMBuildZExt(b->b, v, b->i64, "");
    store(b, v, at, area, 8);
}

/* Imported ones may be any instance's, and two imports the same. */
static void
far_global(struct build *b, const struct insn *i, bool set)
{
    LLVMValueRef v =
        fixed(b, b->in, offsetof(struct engine_instance, globals));

    v = fixed(b, v, i->uimm * sizeof(void *));
    v = fixed(b, v, offsetof(struct engine_global, value));
    global_op(b, i, v, b->u->m->globals[i->uimm].vt, set, AREA_GLOBAL);
}

/* ---- 128-bit integers ---- */

static LLVMValueRef
pair(struct build *b, uint32_t slot)
{
    LLVMValueRef low = LLVMBuildZExt(b->b, get(b, slot, I64), b->i128, "");
    LLVMValueRef high =
        LLVMBuildZExt(b->b, get(b, slot + 1, I64), b->i128, "");

    high = LLVMBuildShl(b->b, high, LLVMConstInt(b->i128, 64, false), "");
    return LLVMBuildOr(b->b, low, high, "");
}

static void
put_pair(struct build *b, uint32_t slot, LLVMValueRef v)
{
    put(b, slot, I64, LLVMBuildTrunc(b->b, v, b->i64, ""));
    v = LLVMBuildLShr(b->b, v, LLVMConstInt(b->i128, 64, false), "");
    put(b, slot + 1, I64, LLVMBuildTrunc(b->b, v, b->i64, ""));
}

static void
wide_add(struct build *b, uint32_t slot, bool subtract)
{
    LLVMValueRef x = pair(b, slot), y = pair(b, slot + 2);

    put_pair(b, slot,
             subtract ? LLVMBuildSub(b->b, x, y, "")
                      : LLVMBuildAdd(b->b, x, y, ""));
}

static void
wide_mul(struct build *b, uint32_t slot, bool is_signed)
{
    LLVMValueRef x = get(b, slot, I64), y = get(b, slot + 1, I64);

    if (is_signed) {
        x = LLVMBuildSExt(b->b, x, b->i128, "");
        y = LLVMBuildSExt(b->b, y, b->i128, "");
    } else {
        x = LLVMBuildZExt(b->b, x, b->i128, "");
        y = LLVMBuildZExt(b->b, y, b->i128, "");
    }
    put_pair(b, slot, LLVMBuildMul(b->b, x, y, ""));
}

/* ---- tables and references ---- */

static void
table_size(struct build *b, const struct insn *i)
{
    LLVMValueRef t = fixed(b, b->in, offsetof(struct engine_instance, tables));

    t = fixed(b, t, b->r0_table * sizeof(void *));
    t = load(b, b->i64, offset(b, t, offsetof(struct engine_table, size)),
             AREA_STATE, 8);
    if (b->u->m->tables[b->r0_table].limits.is64)
        put(b, i->a, I64, t);
    else
        put(b, i->a, I32, LLVMBuildTrunc(b->b, t, b->i32, ""));
}

static void
throws(struct build *b, uint32_t at, uint32_t n)
{
    run_step(b, at, n);
    LLVMBuildUnreachable(b->b);
    b->open = false;
}

static bool
by_interpreter(struct build *b, uint32_t at, const struct insn *i)
{
    switch (i->code) {
    case OP_table_get:
    case OP_table_set:
    case OP_table_grow:
    case OP_table_fill:
    case OP_table_init:
        run_step(b, at - 1, insn_words(i) + 1); /* with table_ref */
        return true;
    case OP_table_copy:
    case OP_elem_drop:
    case OP_memory_init:
    case OP_data_drop:
    case OP_gc:
    case OP_atomic:
    case OP_ref_func:
        run_step(b, at, insn_words(i));
        return true;
    case OP_throw:
    case OP_throw_ref:
        throws(b, at, insn_words(i));
        return true;
    default:
        return false;
    }
}

bool
op_state(struct build *b, uint32_t at, const struct insn *i)
{
    LLVMValueRef v;

    switch (i->code) {
    case OP_global_get:
    case OP_global_get_float:
        global_op(b, i, own_global(b, i->uimm), own_vt(b, i->uimm), false,
                  AREA_GLOBAL);
        break;
    case OP_global_set:
        global_op(b, i, own_global(b, i->uimm), own_vt(b, i->uimm), true,
                  AREA_GLOBAL);
        break;
    case OP_global_get_far:
        far_global(b, i, false);
        break;
    case OP_global_set_far:
        far_global(b, i, true);
        break;
    case OP_i64_add128:
    case OP_i64_sub128:
        wide_add(b, i->uimm, i->code == OP_i64_sub128);
        break;
    case OP_i64_mul_wide_s:
    case OP_i64_mul_wide_u:
        wide_mul(b, i->uimm, i->code == OP_i64_mul_wide_s);
        break;
    case OP_table_ref:
        b->r0_table = i->uimm;
        break;
    case OP_table_size:
        table_size(b, i);
        break;
    case OP_ref_is_null:
        v = LLVMBuildICmp(b->b, LLVMIntEQ, get(b, i->b, I64), const_i64(b, 0),
                          "");
        put(b, i->a, I32, LLVMBuildZExt(b->b, v, b->i32, ""));
        break;
    case OP_ref_non_null:
        v = LLVMBuildICmp(b->b, LLVMIntEQ, get(b, i->a, I64), const_i64(b, 0),
                          "");
        trap_if(b, at, v, ENGINE_NULL_REFERENCE);
        break;
    default:
        return by_interpreter(b, at, i);
    }
    return true;
}
