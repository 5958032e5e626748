/* SPDX-License-Identifier: Apache-2.0 */
/* The validator's memory, table, reference and vector instructions. */
#include "validate.h"

#include "limits.h"
#include "pith_errno.h"

const struct numeric numeric_ops[0x108] = {
#define N1(op, name, operand, result) [op] = {1, VT_##operand, VT_##result},
#define N2(op, name, operand, result) [op] = {2, VT_##operand, VT_##result},
#define LD(op, name, result, size)
#define ST(op, name, operand, size)
#include "opcode.def"
#undef N1
#undef N2
#undef LD
#undef ST
};

const struct access v_accesses[0x3f] = {
#define N1(op, name, operand, result)
#define N2(op, name, operand, result)
#define LD(op, name, result, size) [op] = {VT_##result, size},
#define ST(op, name, operand, size) [op] = {VT_##operand, size},
#include "opcode.def"
#undef N1
#undef N2
#undef LD
#undef ST
};

/* ---- memory -----------------------------------------------------------------
 */

uint32_t
v_memory_index(struct validator *v)
{
    uint32_t i = read_u32(v->r);

    if (i < v->m->nmemories)
        return i;
    if (!reader_failed(v->r))
        reader_fail(v->r, -E_INVAL, "unknown memory %u", (unsigned)i);
    return 0;
}

static uint32_t
memory_address(const struct validator *v, uint32_t i)
{
    return i < v->m->nmemories ? address_type(v->m->memories[i].is64) : VT_I32;
}

uint32_t
v_memarg(struct validator *v, uint32_t size, bool exact)
{
    uint32_t align = read_u32(v->r), memory = 0;
    uint64_t offset;

    if (align & 0x40) {
        align &= ~0x40u;
        memory = read_u32(v->r);
    }
    if (align >= 0x40) {
        v_error(v, "malformed memop flags");
        return VT_I32;
    }
    offset = read_u64(v->r);
    if (reader_failed(v->r))
        return VT_I32;
    if (memory >= v->m->nmemories) {
        reader_fail(v->r, -E_INVAL, "unknown memory %u", (unsigned)memory);
        return VT_I32;
    }
    if (align > size)
        v_error(v, "alignment must not be larger than natural");
    if (exact && align != size)
        v_error(v, "atomic alignment must be natural");
    if (!v->m->memories[memory].is64 && offset > UINT32_MAX)
        v_error(v, "offset out of range");
    return memory_address(v, memory);
}

void
v_load_store(struct validator *v, uint8_t op)
{
    const struct access *a = &v_accesses[op];
    uint32_t address = v_memarg(v, a->size, false);

    if (reader_failed(v->r))
        return;
    if (op >= 0x36) {
        v_pop(v, a->vt);
        v_pop(v, address);
    } else {
        v_pop(v, address);
        v_push(v, a->vt);
    }
}

static void
memory_size_grow(struct validator *v, bool grow)
{
    uint32_t vt = memory_address(v, v_memory_index(v));

    if (reader_failed(v->r))
        return;
    if (grow)
        v_pop(v, vt);
    v_push(v, vt);
}

static void
memory_init(struct validator *v)
{
    uint32_t data = read_u32(v->r);
    uint32_t vt = memory_address(v, v_memory_index(v));

    if (reader_failed(v->r))
        return;
    if (v->m->data_count == UINT32_MAX)
        v_error(v, "data count section required");
    else if (data >= v->m->data_count)
        v_error(v, "unknown data segment");
    v_pop(v, VT_I32);
    v_pop(v, VT_I32);
    v_pop(v, vt);
}

static void
data_drop(struct validator *v)
{
    uint32_t data = read_u32(v->r);

    if (v->m->data_count == UINT32_MAX)
        v_error(v, "data count section required");
    else if (data >= v->m->data_count)
        v_error(v, "unknown data segment");
}

static void
memory_copy(struct validator *v)
{
    uint32_t to = memory_address(v, v_memory_index(v));
    uint32_t from = memory_address(v, v_memory_index(v));

    if (reader_failed(v->r))
        return;
    v_pop(v, to == VT_I64 && from == VT_I64 ? VT_I64 : VT_I32);
    v_pop(v, from);
    v_pop(v, to);
}

static void
memory_fill(struct validator *v)
{
    uint32_t vt = memory_address(v, v_memory_index(v));

    if (reader_failed(v->r))
        return;
    v_pop(v, vt);
    v_pop(v, VT_I32);
    v_pop(v, vt);
}

/* ---- tables
 * -------------------------------------------------------------------- */

uint32_t
v_table_index(struct validator *v)
{
    uint32_t i = read_u32(v->r);

    if (i >= v->m->ntables && !reader_failed(v->r))
        reader_fail(v->r, -E_INVAL, "unknown table %u", (unsigned)i);
    return i;
}

static const struct table_type *
table(struct validator *v)
{
    static const struct table_type none;
    uint32_t i = v_table_index(v);

    return i < v->m->ntables ? &v->m->tables[i] : &none;
}

static uint32_t
elem_type(struct validator *v, uint32_t i)
{
    if (i < v->m->nelems)
        return v->m->elems[i].vt;
    v_error(v, "unknown element segment");
    return VT_FUNCREF;
}

static void
table_init(struct validator *v)
{
    uint32_t vt = elem_type(v, read_u32(v->r));
    const struct table_type *t = table(v);

    if (reader_failed(v->r))
        return;
    if (!vt_matches(vt, t->vt))
        v_error(v, "type mismatch in table.init");
    v_pop(v, VT_I32);
    v_pop(v, VT_I32);
    v_pop(v, address_type(t->limits.is64));
}

static void
table_copy(struct validator *v)
{
    const struct table_type *to = table(v), *from = table(v);
    bool both = to->limits.is64 && from->limits.is64;

    if (reader_failed(v->r))
        return;
    if (!vt_matches(from->vt, to->vt))
        v_error(v, "type mismatch in table.copy");
    v_pop(v, address_type(both));
    v_pop(v, address_type(from->limits.is64));
    v_pop(v, address_type(to->limits.is64));
}

static void
table_grow(struct validator *v)
{
    const struct table_type *t = table(v);

    v_pop(v, address_type(t->limits.is64));
    v_pop(v, t->vt);
    v_push(v, address_type(t->limits.is64));
}

static void
table_fill(struct validator *v)
{
    const struct table_type *t = table(v);

    v_pop(v, address_type(t->limits.is64));
    v_pop(v, t->vt);
    v_pop(v, address_type(t->limits.is64));
}

void
v_prefix_fc(struct validator *v)
{
    uint32_t op = read_u32(v->r);

    if (reader_failed(v->r))
        return;
    if (op < 8) {
        v_pop(v, numeric_ops[0x100 + op].operand);
        v_push(v, numeric_ops[0x100 + op].result);
        return;
    }
    switch (op) {
    case 8:
        memory_init(v);
        break;
    case 9:
        data_drop(v);
        break;
    case 10:
        memory_copy(v);
        break;
    case 11:
        memory_fill(v);
        break;
    case 12:
        table_init(v);
        break;
    case 13:
        elem_type(v, read_u32(v->r));
        break;
    case 14:
        table_copy(v);
        break;
    case 15:
        table_grow(v);
        break;
    case 16:
        v_push(v, address_type(table(v)->limits.is64));
        break;
    case 17:
        table_fill(v);
        break;
    case 19: /* wide arithmetic: add128, sub128, mul_wide_s, mul_wide_u */
    case 20:
    case 21:
    case 22:
        for (uint32_t i = op < 21 ? 4 : 2; i; i--)
            v_pop(v, VT_I64);
        v_push(v, VT_I64);
        v_push(v, VT_I64);
        break;
    default:
        reader_fail(v->r, -E_INVAL, "illegal opcode 0xfc 0x%02x", (unsigned)op);
    }
}

/* ---- references
 * ------------------------------------------------------------------ */

static void
ref_func(struct validator *v)
{
    uint32_t i = read_u32(v->r);

    if (i >= v->m->nfuncs) {
        v_error(v, "unknown function");
        return;
    }
    if (!(v->m->func_declared[i / 8] >> i % 8 & 1))
        v_error(v, "undeclared function reference");
    v_push(v, VT_REF | v->m->func_types[i]);
}

bool
v_reference(struct validator *v, uint8_t op)
{
    const struct table_type *t;
    uint32_t vt;

    switch (op) {
    case 0x25:
        t = table(v);
        v_pop(v, address_type(t->limits.is64));
        v_push(v, t->vt);
        break;
    case 0x26:
        t = table(v);
        v_pop(v, t->vt);
        v_pop(v, address_type(t->limits.is64));
        break;
    case 0x3f:
    case 0x40:
        memory_size_grow(v, op == 0x40);
        break;
    case 0xd0:
        v_push(v, VT_REF | VT_NULLABLE | decode_heaptype(v->m, v->r));
        break;
    case 0xd1:
        v_pop_ref(v);
        v_push(v, VT_I32);
        break;
    case 0xd2:
        ref_func(v);
        break;
    case 0xd3:
        v_pop(v, VT_REF | VT_NULLABLE | HEAP_EQ);
        v_pop(v, VT_REF | VT_NULLABLE | HEAP_EQ);
        v_push(v, VT_I32);
        break;
    case 0xd4:
        vt = v_pop_ref(v);
        v_push(v, vt & ~VT_NULLABLE);
        break;
    default:
        return false;
    }
    return true;
}

/* ---- vectors
 * ---------------------------------------------------------------------- */

enum simd_shape {
    SIMD_NONE,
    SIMD_LOAD,
    SIMD_STORE,
    SIMD_LOAD_LANE,
    SIMD_STORE_LANE,
    SIMD_CONST,
    SIMD_SHUFFLE,
    SIMD_SPLAT,
    SIMD_EXTRACT,
    SIMD_REPLACE,
    SIMD_UN,
    SIMD_BIN,
    SIMD_TER,
    SIMD_SHIFT,
    SIMD_TEST,
};

static const struct simd_op {
    uint8_t shape, vt, size, lanes;
} simd_ops[0x120] = {
#define X(op, name, shape, type, size, lanes)                                  \
    [op] = {SIMD_##shape, VT_##type, size, lanes},
#include "op/simd.def"
#undef X
};

static void
lane(struct validator *v, uint8_t lanes)
{
    if (read_u8(v->r) >= lanes)
        v_error(v, "invalid lane index");
}

static void
simd_memory(struct validator *v, const struct simd_op *o)
{
    uint32_t address = v_memarg(v, o->size, false);

    if (reader_failed(v->r))
        return;
    if (o->shape == SIMD_LOAD_LANE || o->shape == SIMD_STORE_LANE)
        lane(v, o->lanes);
    if (o->shape != SIMD_LOAD)
        v_pop(v, VT_V128);
    v_pop(v, address);
    if (o->shape == SIMD_LOAD || o->shape == SIMD_LOAD_LANE)
        v_push(v, VT_V128);
}

/* The immediates and the operands above the first vector. */
static void
simd_operands(struct validator *v, const struct simd_op *o)
{
    switch (o->shape) {
    case SIMD_SHUFFLE:
        for (int i = 0; i < 16; i++)
            lane(v, 32);
        v_pop(v, VT_V128);
        break;
    case SIMD_EXTRACT:
        lane(v, o->lanes);
        break;
    case SIMD_REPLACE:
        lane(v, o->lanes);
        v_pop(v, o->vt);
        break;
    case SIMD_SHIFT:
        v_pop(v, VT_I32);
        break;
    case SIMD_TER:
        v_pop(v, VT_V128);
        v_pop(v, VT_V128);
        break;
    case SIMD_BIN:
        v_pop(v, VT_V128);
        break;
    default:
        break;
    }
}

void
v_prefix_fd(struct validator *v)
{
    uint32_t op = read_u32(v->r);
    const struct simd_op *o;

    if (reader_failed(v->r))
        return;
    if (op >= sizeof simd_ops / sizeof simd_ops[0] || !simd_ops[op].shape) {
        reader_fail(v->r, -E_INVAL, "illegal opcode 0xfd 0x%02x", (unsigned)op);
        return;
    }
    o = &simd_ops[op];
    switch (o->shape) {
    case SIMD_LOAD:
    case SIMD_STORE:
    case SIMD_LOAD_LANE:
    case SIMD_STORE_LANE:
        simd_memory(v, o);
        return;
    case SIMD_CONST:
        read_bytes(v->r, 16);
        break;
    case SIMD_SPLAT:
        v_pop(v, o->vt);
        break;
    default:
        simd_operands(v, o);
        v_pop(v, VT_V128);
        break;
    }
    v_push(v,
           o->shape == SIMD_EXTRACT || o->shape == SIMD_TEST ? o->vt : VT_V128);
}
