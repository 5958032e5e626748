/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors: operands always in slots, one operation per instruction. */
#include "translate.h"

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
/* The operation of each shape's row. */
#define NUMBER_LOAD(name) OP_##name
#define NUMBER_STORE(name) OP_##name
#define NUMBER_LOAD_LANE(name) OP_##name##_p
#define NUMBER_STORE_LANE(name) OP_##name##_p
#define NUMBER_CONST(name) OP_const128
#define NUMBER_SHUFFLE(name) OP_##name
#define NUMBER_SPLAT(name) OP_##name
#define NUMBER_EXTRACT(name) OP_##name
#define NUMBER_REPLACE(name) OP_##name
#define NUMBER_UN(name) OP_##name
#define NUMBER_BIN(name) OP_##name
#define NUMBER_TER(name) OP_##name
#define NUMBER_SHIFT(name) OP_##name
#define NUMBER_TEST(name) OP_##name
static const struct simd {
    uint16_t op;
    uint8_t shape, class, size;
} simd[0x120] = {
#define X(code, name, shape, type, size, lanes)                                \
    [code] = {NUMBER_##shape(name), SIMD_##shape, CLASS_##type, size},
#include "op/simd.def"
#undef X
};

static void
simd_load_store(struct translator *t, const struct simd *s)
{
    struct memarg a = t_memarg(t);
    uint32_t x;

    if (s->shape == SIMD_LOAD && a.direct) {
        x = t_source(t, t->sp - 1);
        t_drop(t, 1);
        t_emit(t, s->op, t_push_slot(t, CLASS_V), x, (uint32_t)a.offset);
        t_result(t);
    } else if (s->shape == SIMD_LOAD) {
        t_address(t, t->sp - 1, &a, 1u << s->size);
        t_drop(t, 1);
        t_emit(t, s->op + 1u, t_push_slot(t, CLASS_V), 0, 0);
        t_result(t);
    } else if (a.direct) {
        x = t_source(t, t->sp - 2);
        t_emit(t, s->op, x, t_source(t, t->sp - 1), (uint32_t)a.offset);
        t_drop(t, 2);
        t->last = 0;
    } else {
        x = t_source(t, t->sp - 1);
        t_address(t, t->sp - 2, &a, 1u << s->size);
        t_emit(t, s->op + 1u, 0, x, 0);
        t_drop(t, 2);
        t->last = 0;
    }
}

static void
simd_lane_memory(struct translator *t, const struct simd *s)
{
    struct memarg a = t_memarg(t);
    uint32_t lane = *t->p++, v = t_source(t, t->sp - 1);

    t_address(t, t->sp - 2, &a, 1u << s->size);
    t_drop(t, 2);
    if (s->shape == SIMD_STORE_LANE) {
        t_emit4(t, s->op, 0, v, lane, 0);
        t->last = 0;
        return;
    }
    t_emit4(t, s->op, t_push_slot(t, CLASS_V), v, lane, 0);
    t_result(t);
}

/* n operands in slots, then an immediate lane or count. */
static void
simd_plain(struct translator *t, const struct simd *s, uint32_t n,
           enum operand_class result, bool lane)
{
    uint32_t x[4] = {0, 0, 0, 0};

    for (uint32_t i = 0; i < n; i++)
        x[i] = t_source(t, t->sp - n + i);
    if (lane)
        x[n] = *t->p++;
    t_drop(t, n);
    t_emit4(t, s->op, t_push_slot(t, result), x[0], x[1], x[2]);
    t_result(t);
}

static void
simd_shuffle(struct translator *t, const struct simd *s)
{
    uint32_t x = t_source(t, t->sp - 2), y = t_source(t, t->sp - 1);

    t_drop(t, 2);
    t_emit4(t, s->op, t_push_slot(t, CLASS_V), x, y, 0);
    t_data_bytes(t, t->p, 16);
    t->p += 16;
    t_result(t);
    t->last = 0;
}

static void
simd_const(struct translator *t)
{
    t_emit(t, OP_const128, t_push_slot(t, CLASS_V), 0, 0);
    t_data_bytes(t, t->p, 16);
    t->p += 16;
    t_result(t);
    t->last = 0;
}

/* As makes_nan in translate_num.c; 0: no, else the operation that puts it right.
 * pmin and pmax only select. */
static unsigned
canonical(uint32_t code)
{
    switch (code) {
    case 0x5e:
    case 0x67 ... 0x6a:   /* f32x4: ceil, floor, trunc, nearest */
    case 0xe3 ... 0xe9:   /* sqrt to max */
    case 0x105 ... 0x106: /* relaxed_madd, relaxed_nmadd */
    case 0x10d ... 0x10e: /* relaxed_min, relaxed_max */
        return OP_f32x4_canonical;
    case 0x5f:
    case 0x74 ... 0x75: /* f64x2: ceil, floor */
    case 0x7a:          /* trunc */
    case 0x94:          /* nearest */
    case 0xef ... 0xf5:
    case 0x107 ... 0x108:
    case 0x10f ... 0x110:
        return OP_f64x2_canonical;
    default:
        return 0;
    }
}

void
t_prefix_fd(struct translator *t)
{
    uint32_t code = leb_u32(&t->p);
    unsigned repair = t->canonical_nan ? canonical(code) : 0;
    const struct simd *s = &simd[code];

    switch (s->shape) {
    case SIMD_LOAD:
    case SIMD_STORE:
        simd_load_store(t, s);
        break;
    case SIMD_LOAD_LANE:
    case SIMD_STORE_LANE:
        simd_lane_memory(t, s);
        break;
    case SIMD_CONST:
        simd_const(t);
        break;
    case SIMD_SHUFFLE:
        simd_shuffle(t, s);
        break;
    case SIMD_EXTRACT:
        simd_plain(t, s, 1, (enum operand_class)s->class, true);
        break;
    case SIMD_REPLACE:
        simd_plain(t, s, 2, CLASS_V, true);
        break;
    case SIMD_BIN:
    case SIMD_SHIFT:
        simd_plain(t, s, 2, CLASS_V, false);
        break;
    case SIMD_TER:
        simd_plain(t, s, 3, CLASS_V, false);
        break;
    case SIMD_TEST:
        simd_plain(t, s, 1, CLASS_I, false);
        break;
    default: /* SPLAT, UN */
        simd_plain(t, s, 1, CLASS_V, false);
        break;
    }
    if (repair)
        simd_plain(t, &(struct simd){.op = (uint16_t)repair}, 1, CLASS_V,
                   false);
}
