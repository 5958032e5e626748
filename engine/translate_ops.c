/* SPDX-License-Identifier: Apache-2.0 */
/* Translating what is not control: numbers, memory, variables, vectors. */
#include "translate.h"

#include "mem.h"

/* ---- tables from op/all.def and opcode.def --------------------------------------- */

enum family { FAMILY_NONE, FAMILY_BIN, FAMILY_CMP, FAMILY_FBIN, FAMILY_FCMP };

#include "op/unrow.h"
#define BIN(n, ...) [OP_##n##_ss] = FAMILY_BIN,
#define BINT(n, ...) [OP_##n##_ss] = FAMILY_BIN,
#define CMP(n, ...) [OP_##n##_ss] = FAMILY_CMP,
#define FBIN(n, ...) [OP_##n##_ss] = FAMILY_FBIN,
#define FCMP(n, ...) [OP_##n##_ss] = FAMILY_FCMP,
#define UN(...)
#define UNT(...)
#define TEST_BRANCH(...)
#define STEP_BRANCH(...)
#define MEMORY_BIN(...)
#define CONST_BIN(...)
#define MULTIPLY_ADD(...)
#define FIELD(...)
#define LOAD(...)
#define STORE(...)
#define MISC(...)
#define MISCW(...)
#define SIMD_LOAD(...)
#define SIMD_STORE(...)
#define SIMD_LOAD_LANE(...)
#define SIMD_STORE_LANE(...)
#define SIMD_CONST(...)
#define SIMD_SHUFFLE(...)
#define SIMD_SPLAT(...)
#define SIMD_EXTRACT(...)
#define SIMD_REPLACE(...)
#define SIMD_UN(...)
#define SIMD_BIN(...)
#define SIMD_TER(...)
#define SIMD_SHIFT(...)
#define SIMD_TEST(...)
static const uint8_t family[OP_COUNT] = {
#include "op/all.def"
};
#include "op/unrow.h"

struct plain { /* a wasm numeric or memory instruction */
    uint16_t op;  /* first member of the family */
    uint8_t pops; /* 0: not plain */
    uint8_t operand, result; /* enum operand_class */
    uint8_t size; /* memory: log2 of the bytes */
};
#define CLASS_I32 CLASS_I
#define CLASS_I64 CLASS_I
#define CLASS_F32 CLASS_F
#define CLASS_F64 CLASS_D
#define CLASS_V128 CLASS_V
static const struct plain plain[0x108] = {
#define N1(code, name, operand, result)                                        \
    [code] = {OP_##name##_s, 1, CLASS_##operand, CLASS_##result, 0},
#define N2(code, name, operand, result)                                        \
    [code] = {OP_##name##_ss, 2, CLASS_##operand, CLASS_##result, 0},
#define LD(code, name, result, size)                                           \
    [code] = {OP_##name##_s, 1, CLASS_I, CLASS_##result, size},
#define ST(code, name, operand, size)                                          \
    [code] = {OP_##name##_ss, 2, CLASS_##operand, 0, size},
#include "opcode.def"
#undef N1
#undef N2
#undef LD
#undef ST
};

static bool
commutes(uint32_t code)
{
    switch (code) {
    case 0x6a: /* add, mul, and, or, xor, eq, ne */
    case 0x6c:
    case 0x71:
    case 0x72:
    case 0x73:
    case 0x7c:
    case 0x7e:
    case 0x83:
    case 0x84:
    case 0x85:
    case 0x46:
    case 0x47:
    case 0x51:
    case 0x52:
        return true;
    default:
        return false;
    }
}

/* The comparison with operands exchanged. */
static uint32_t
swapped(uint32_t code)
{
    switch (code) {
    case 0x48: /* lt <-> gt, le <-> ge */
    case 0x49:
    case 0x53:
    case 0x54:
        return code + 2;
    case 0x4a:
    case 0x4b:
    case 0x55:
    case 0x56:
        return code - 2;
    case 0x4c:
    case 0x4d:
    case 0x57:
    case 0x58:
        return code + 2;
    case 0x4e:
    case 0x4f:
    case 0x59:
    case 0x5a:
        return code - 2;
    default:
        return code;
    }
}

/* ---- numbers ------------------------------------------------------------------------- */

static bool
immediate(const struct operand *o, int32_t *imm)
{
    int64_t v;

    if (o->kind != OPERAND_CONST)
        return false;
    v = o->is32 ? (int32_t)(uint32_t)o->value : (int64_t)o->value;
    *imm = (int32_t)v;
    return v == *imm;
}

static void
swap_operands(struct translator *t)
{
    struct operand *x = &t->stack[t->sp - 2], *y = &t->stack[t->sp - 1];
    struct operand swap = *x;
    uint32_t sx = x->slot, sy = y->slot;

    *x = *y;
    *y = swap;
    x->slot = sx;
    y->slot = sy;
}

/* i32: local + constant, (local + constant) + constant: compute it later. */
static bool
sum(struct translator *t, bool subtract)
{
    struct operand *x = &t->stack[t->sp - 2], *y = &t->stack[t->sp - 1];
    uint32_t addend;

    if (t->wide || y->kind != OPERAND_CONST ||
        (x->kind != OPERAND_LOCAL && x->kind != OPERAND_ADD))
        return false;
    addend = subtract ? 0 - (uint32_t)y->value : (uint32_t)y->value;
    if (x->kind == OPERAND_ADD)
        addend += (uint32_t)x->addend;
    t_drop(t, 1);
    x->kind = OPERAND_ADD;
    x->addend = (int32_t)addend;
    if (t->pending > t->sp - 1)
        t->pending = t->sp - 1;
    return true;
}

/* (x >> shift) & mask, the shift just emitted. */
static bool
field(struct translator *t)
{
    struct operand *x = &t->stack[t->sp - 2], *y = &t->stack[t->sp - 1];
    struct insn *p = t_producer(t);
    uint32_t shift, from, mask;
    bool r;

    if (t->wide || y->kind != OPERAND_CONST || x->kind != OPERAND_SLOT ||
        y->value > UINT16_MAX || !p || p->a != x->slot ||
        (p->code != OP_i32_shr_u_si && p->code != OP_i32_shr_u_ri))
        return false;
    r = p->code == OP_i32_shr_u_ri;
    shift = p->uimm & 31;
    from = p->b;
    mask = (uint32_t)y->value;
    t->n--;
    t_drop(t, 2);
    t_emit4(t, r ? OP_i32_field_r : OP_i32_field_s, t_push_slot(t, CLASS_I),
            from, mask, shift);
    t_result(t);
    return true;
}

/* (x & mask) << k, or a field << k: the first part just emitted. */
static bool
field_shifted(struct translator *t)
{
    struct operand *x = &t->stack[t->sp - 2], *y = &t->stack[t->sp - 1];
    struct insn *p = t_producer(t);
    uint32_t k, mask, shift = 0, from;
    bool r;

    if (t->wide || y->kind != OPERAND_CONST || x->kind != OPERAND_SLOT || !p ||
        p->a != x->slot)
        return false;
    from = p->b;
    k = (uint32_t)y->value & 31;
    if (p->code == OP_i32_field_s || p->code == OP_i32_field_r) {
        r = p->code == OP_i32_field_r;
        mask = p->c;
        shift = p->d;
        if (shift > 31)
            return false;
    } else if ((p->code == OP_i32_and_si || p->code == OP_i32_and_ri) &&
               p->uimm <= UINT16_MAX) {
        r = p->code == OP_i32_and_ri;
        mask = p->uimm;
    } else {
        return false;
    }
    t->n--;
    t_drop(t, 2);
    t_emit4(t, r ? OP_i32_field_r : OP_i32_field_s, t_push_slot(t, CLASS_I),
            from, mask, k << 8 | shift);
    t_result(t);
    return true;
}

/* Families with an operand in memory, by wasm opcode. */
static const struct memory_family {
    uint16_t op;       /* its first member: _sm, then _rm, _rw */
    uint16_t load;     /* the loads it takes: _s, _w */
    bool commutes;
} memory_families[0x108] = {
    [0x6a] = {OP_i32_add_sm, OP_i32_load_s, true},
    [0xa0] = {OP_f64_add_sm, OP_f64_load_s, true},
    [0xa1] = {OP_f64_sub_sm, OP_f64_load_s, false},
    [0xa2] = {OP_f64_mul_sm, OP_f64_load_s, true},
    [0x92] = {OP_f32_add_sm, OP_f32_load_s, true},
    [0x93] = {OP_f32_sub_sm, OP_f32_load_s, false},
    [0x94] = {OP_f32_mul_sm, OP_f32_load_s, true},
};
#define LOAD_W 4 /* form w in a family of loads */
#define MEMORY_RM 3u
#define MEMORY_RW 6u
#define MEMORY_TO 9u

/* x op load: the load, just emitted, becomes part of the operation. */
static bool
memory_binary(struct translator *t, uint32_t code)
{
    const struct memory_family *f = &memory_families[code];
    enum operand_class c = (enum operand_class)plain[code].operand;
    struct insn *p = t_producer(t), load;
    uint32_t other = t->sp - 2, x;
    bool w;

    if (!f->op || t->wide || !p ||
        (p->code != f->load && p->code != f->load + LOAD_W))
        return false;
    if (t->stack[t->sp - 1].kind != OPERAND_SLOT ||
        p->a != t->stack[t->sp - 1].slot) {
        if (!f->commutes || t->stack[t->sp - 2].kind != OPERAND_SLOT ||
            p->a != t->stack[t->sp - 2].slot ||
            t->stack[t->sp - 1].kind != OPERAND_LOCAL)
            return false;
        other = t->sp - 1;
    }
    if (t->stack[other].kind == OPERAND_CONST ||
        t->stack[other].kind == OPERAND_ADD)
        return false;
    load = *p;
    w = load.code != f->load;
    t->n--;
    t->last = t->last_call = 0;
    if (t_acc(t, other, c)) {
        t_drop(t, 2);
        t_emit(t, f->op + (w ? MEMORY_RW : MEMORY_RM), t_push_slot(t, c), load.b, load.uimm);
        t_result(t);
        return true;
    }
    if (w || load.uimm > UINT16_MAX) {
        t->out[t->n++] = load;
        t->last = other == t->sp - 2 ? t->n : 0;
        return false;
    }
    x = t_source(t, other);
    t_drop(t, 2);
    t_emit4(t, f->op, t_push_slot(t, c), x, load.b, load.uimm);
    t_result(t);
    return true;
}

/* z + x * y and z - x * y in one: the product was just made. */
static bool
multiply_add(struct translator *t, uint32_t code)
{
    struct insn *p = t_producer(t);
    struct operand *y = &t->stack[t->sp - 1], *z = &t->stack[t->sp - 2];
    struct insn mul;
    uint32_t at;
    unsigned op;

    if (t->wide || (code != 0xa0 && code != 0xa1) || !p ||
        (p->code != OP_f64_mul_ss && p->code != OP_f64_mul_sr))
        return false;
    if (y->kind != OPERAND_SLOT || p->a != y->slot) {
        if (code != 0xa0 || z->kind != OPERAND_SLOT || p->a != z->slot ||
            y->kind != OPERAND_LOCAL)
            return false;
        z = y;
    }
    if (z->kind != OPERAND_LOCAL && z->kind != OPERAND_SLOT)
        return false;
    mul = *p;
    t->n--;
    at = z->kind == OPERAND_LOCAL ? z->local : z->slot;
    op = code == 0xa0 ? OP_f64_madd_s : OP_f64_msub_s;
    t_drop(t, 2);
    if (mul.code == OP_f64_mul_sr)
        op += OP_f64_madd_r - OP_f64_madd_s;
    t_emit4(t, op, t_push_slot(t, CLASS_D), mul.b, mul.c, at);
    t_result(t);
    return true;
}

/* f64: x op constant. */
static bool
constant_binary(struct translator *t, uint32_t code)
{
    static const uint16_t ops[] = {OP_f64_add_sk, OP_f64_sub_sk, OP_f64_mul_sk,
                                   OP_f64_div_sk};
    struct operand k = t->stack[t->sp - 1];
    uint32_t other = t->sp - 2, x;
    unsigned op;
    bool r;

    if (t->wide || code < 0xa0 || code > 0xa3)
        return false;
    if (k.kind != OPERAND_CONST && (code == 0xa0 || code == 0xa2)) {
        k = t->stack[t->sp - 2];
        other = t->sp - 1;
    }
    if (k.kind != OPERAND_CONST || t->stack[other].kind == OPERAND_CONST)
        return false;
    op = ops[code - 0xa0];
    r = t_acc(t, other, CLASS_D);
    x = r ? 0 : t_source(t, other);
    t_drop(t, 2);
    t_emit(t, op + (r ? 3u : 0u), t_push_slot(t, CLASS_D), x, 0);
    t_data_u64(t, k.value);
    t_result(t);
    return true;
}

/* A binary integer instruction or comparison; sr: the family has that form. */
static void
integer_binary(struct translator *t, uint32_t code, bool sr)
{
    bool commutative = commutes(code);
    uint32_t x, y, op;
    int32_t imm;

    if ((code == 0x6a || code == 0x6b) && sum(t, code == 0x6b))
        return;
    if (memory_binary(t, code) || (code == 0x71 && field(t)) ||
        (code == 0x74 && field_shifted(t)))
        return;

    if (t->stack[t->sp - 2].kind == OPERAND_CONST &&
        t->stack[t->sp - 1].kind == OPERAND_LOCAL && (commutative || !sr)) {
        swap_operands(t); /* only descriptors: nothing lies in a slot */
        code = swapped(code);
    }
    op = plain[code].op;
    if (immediate(&t->stack[t->sp - 1], &imm)) {
        bool r = t_acc(t, t->sp - 2, CLASS_I);

        x = r ? 0 : t_source(t, t->sp - 2);
        t_drop(t, 2);
        t_emit(t, op + (r ? 3 : 1), t_push_slot(t, CLASS_I), x, (uint32_t)imm);
    } else if (t->stack[t->sp - 2].kind == OPERAND_CONST &&
               (commutative || !sr) &&
               immediate(&t->stack[t->sp - 2], &imm)) {
        bool r = t_acc(t, t->sp - 1, CLASS_I);

        op = plain[swapped(code)].op;
        x = r ? 0 : t_source(t, t->sp - 1);
        t_drop(t, 2);
        t_emit(t, op + (r ? 3 : 1), t_push_slot(t, CLASS_I), x, (uint32_t)imm);
    } else if (t->stack[t->sp - 2].kind != OPERAND_CONST &&
               t_acc(t, t->sp - 1, CLASS_I)) {
        x = t_source(t, t->sp - 2);
        t_drop(t, 2);
        if (commutative || !sr)
            t_emit4(t, plain[swapped(code)].op + 2, t_push_slot(t, CLASS_I), 0,
                    x, 0);
        else
            t_emit4(t, op + 4, t_push_slot(t, CLASS_I), x, 0, 0);
    } else if (t->stack[t->sp - 1].kind != OPERAND_CONST &&
               t_acc(t, t->sp - 2, CLASS_I)) {
        y = t_source(t, t->sp - 1);
        t_drop(t, 2);
        t_emit4(t, op + 2, t_push_slot(t, CLASS_I), 0, y, 0);
    } else {
        y = t_source(t, t->sp - 1);
        x = t_source(t, t->sp - 2);
        t_drop(t, 2);
        t_emit4(t, op, t_push_slot(t, CLASS_I), x, y, 0);
    }
    t_result(t);
}

static void
float_binary(struct translator *t, uint32_t code)
{
    const struct plain *f = &plain[code];
    enum operand_class c = (enum operand_class)f->operand;
    enum operand_class result = (enum operand_class)f->result;
    uint32_t x, y;

    if (memory_binary(t, code) || multiply_add(t, code) ||
        constant_binary(t, code))
        return;

    if (t->stack[t->sp - 2].kind != OPERAND_CONST && t_acc(t, t->sp - 1, c)) {
        x = t_source(t, t->sp - 2);
        t_drop(t, 2);
        t_emit4(t, f->op + 2u, t_push_slot(t, result), x, 0, 0);
    } else if (t->stack[t->sp - 1].kind != OPERAND_CONST &&
               t_acc(t, t->sp - 2, c)) {
        y = t_source(t, t->sp - 1);
        t_drop(t, 2);
        t_emit4(t, f->op + 1u, t_push_slot(t, result), 0, y, 0);
    } else {
        y = t_source(t, t->sp - 1);
        x = t_source(t, t->sp - 2);
        t_drop(t, 2);
        t_emit4(t, f->op, t_push_slot(t, result), x, y, 0);
    }
    t_result(t);
}

static void
unary(struct translator *t, const struct plain *f)
{
    bool r = t_acc(t, t->sp - 1, (enum operand_class)f->operand);
    uint32_t x = r ? 0 : t_source(t, t->sp - 1);

    t_drop(t, 1);
    t_emit(t, f->op + (r ? 1u : 0u),
           t_push_slot(t, (enum operand_class)f->result), x, 0);
    t_result(t);
}

static void
numeric(struct translator *t, uint32_t code)
{
    const struct plain *f = &plain[code];

    if (f->pops == 1)
        unary(t, f);
    else if (family[f->op] == FAMILY_BIN)
        integer_binary(t, code, true);
    else if (family[f->op] == FAMILY_CMP)
        integer_binary(t, code, false);
    else
        float_binary(t, code);
}

/* ---- memory ---------------------------------------------------------------------------- */

struct memarg {
    uint32_t memory;
    uint64_t offset;
    bool direct; /* memory 0, 32-bit, offset within the guard */
};

static struct memarg
memarg(struct translator *t)
{
    struct memarg a = {0};

    if (leb_u32(&t->p) & 0x40)
        a.memory = leb_u32(&t->p);
    a.offset = leb_u(&t->p);
    a.direct = a.memory == 0 && !t->m->memories[0].is64 &&
               !t->m->memories[0].byte_pages && a.offset < GUARD_OFFSET;
    return a;
}

/* r0 = checked host address of size bytes; operand i is the address. */
static void
address(struct translator *t, uint32_t i, const struct memarg *a, uint32_t size)
{
    uint32_t at = t_source(t, i);

    t_emit4(t, OP_address, 0, at, size, 0);
    t_data(t, a->memory);
    t_data_u64(t, a->offset);
    t->last = t->last_call = 0;
}

/*
 * Was operand i made by an add just now? Then take the add away and use its
 * operands: base, and index shifted by k (or by nothing).
 */
static bool
fuse_address(struct translator *t, uint32_t i, uint32_t k, uint64_t offset,
             uint32_t *base, uint32_t *index, bool *scaled)
{
    const struct insn *add, *shl;

    if (t->wide || t->raw == t->n || !t_producer(t) || offset > UINT16_MAX ||
        t->stack[i].kind != OPERAND_SLOT)
        return false;
    add = &t->out[t->n - 1];
    if (add->a != t->stack[i].slot)
        return false;
    if (add->code == OP_i32_add_ss) {
        *base = add->b;
        *index = add->c;
        *scaled = false;
        t->n--;
        t->last = 0;
        return true;
    }
    if (add->code != OP_i32_add_rs || t->n < t->label + 2)
        return false;
    shl = add - 1;
    if (t->raw == t->n - 1 || shl->code != OP_i32_shl_si_R ||
        shl->uimm != k || k == 0)
        return false;
    *base = add->c;
    *index = shl->b;
    *scaled = true;
    t->n -= 2;
    t->last = 0;
    return true;
}

/* Was operand i made by adding a constant to r0 just now? Take that away. */
static bool
take_add_ri(struct translator *t, uint32_t i, uint32_t *imm)
{
    const struct insn *p = t_producer(t);

    if (t->wide || !p || p->code != OP_i32_add_ri ||
        t->stack[i].kind != OPERAND_SLOT || p->a != t->stack[i].slot)
        return false;
    *imm = p->uimm;
    t->n--;
    t->last = 0;
    return true;
}

static void
load(struct translator *t, uint32_t code)
{
    const struct plain *f = &plain[code];
    enum operand_class c = (enum operand_class)f->result;
    struct memarg a = memarg(t);
    uint32_t x, base, index;
    bool scaled;

    if (!a.direct) {
        address(t, t->sp - 1, &a, 1u << f->size);
        t_drop(t, 1);
        t_emit(t, f->op + FORMS_LOAD * 3u, t_push_slot(t, c), 0, 0);
    } else if (a.offset == 0 && t->stack[t->sp - 1].kind == OPERAND_ADD) {
        struct operand sum = t->stack[t->sp - 1];

        t_drop(t, 1);
        t_emit(t, f->op + LOAD_W, t_push_slot(t, c), sum.local,
               (uint32_t)sum.addend);
    } else if (a.offset == 0 && take_add_ri(t, t->sp - 1, &x)) {
        t_drop(t, 1);
        t_emit(t, f->op + LOAD_W + 1u, t_push_slot(t, c), 0, x);
    } else if (fuse_address(t, t->sp - 1, f->size, a.offset, &base, &index,
                            &scaled)) {
        t_drop(t, 1);
        t_emit4(t, f->op + (scaled ? 2u : 3u), t_push_slot(t, c), base, index,
                (uint32_t)a.offset);
    } else {
        bool r = t_acc(t, t->sp - 1, CLASS_I);

        x = r ? 0 : t_source(t, t->sp - 1);
        t_drop(t, 1);
        t_emit(t, f->op + (r ? 1u : 0u), t_push_slot(t, c), x,
               (uint32_t)a.offset);
    }
    t_result(t);
}

/* p->x += constant: the load and the addition were just emitted. */
static bool
increment(struct translator *t, const struct insn *p, uint32_t at,
          uint32_t offset)
{
    const struct insn *l = p - 1;
    int32_t by = p->code == OP_i32_add_ri ? p->imm : -p->imm;

    if ((p->code != OP_i32_add_ri && p->code != OP_i32_sub_ri) ||
        t->n < t->label + 2 || l->code != OP_i32_load_s_R || l->b != at ||
        l->uimm != offset || p->imm == INT32_MIN || by != (int16_t)by)
        return false;
    t->n -= 2;
    t_emit(t, OP_i32_increment, at, (uint16_t)by, offset);
    return true;
}

/* Storing a result where its operand in memory was loaded: p->x += y. */
static bool
update_memory(struct translator *t, const struct plain *f, uint32_t offset)
{
    static const uint16_t families[][2] = {
        {OP_i32_store_ss, OP_i32_add_sm}, {OP_f64_store_ss, OP_f64_add_sm},
        {OP_f64_store_ss, OP_f64_sub_sm}, {OP_f64_store_ss, OP_f64_mul_sm},
        {OP_f32_store_ss, OP_f32_add_sm}, {OP_f32_store_ss, OP_f32_sub_sm},
        {OP_f32_store_ss, OP_f32_mul_sm}};
    const struct operand *to = &t->stack[t->sp - 2], *v = &t->stack[t->sp - 1];
    struct insn *p = t_producer(t);
    uint32_t at;

    if (t->wide || !p || v->kind != OPERAND_SLOT || p->a != v->slot ||
        t->raw == t->n ||
        (to->kind != OPERAND_LOCAL && to->kind != OPERAND_SLOT))
        return false;
    at = to->kind == OPERAND_LOCAL ? to->local : to->slot;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (f->op == families[i][0] &&
            p->code == (unsigned)families[i][1] + MEMORY_RM && p->b == at &&
            p->uimm == offset) {
            p->code = (unsigned)families[i][1] + MEMORY_TO;
            return true;
        }
    return f->op == OP_i32_store_ss && increment(t, p, at, offset);
}

static void
store_direct(struct translator *t, const struct plain *f, uint32_t offset)
{
    enum operand_class c = (enum operand_class)f->operand;
    uint32_t va = t->sp - 2, vv = t->sp - 1, base, index;
    int32_t imm;
    bool scaled;

    if (c == CLASS_I && immediate(&t->stack[vv], &imm) &&
        imm == (int16_t)imm) {
        if (t_acc(t, va, CLASS_I))
            t_emit(t, f->op + STORE_RI, 0, (uint16_t)imm, offset);
        else
            t_emit(t, f->op + STORE_SI, t_source(t, va), (uint16_t)imm, offset);
        return;
    }
    if (t->stack[vv].kind == OPERAND_LOCAL &&
        fuse_address(t, va, f->size, offset, &base, &index, &scaled)) {
        if (scaled || f->size == 0) {
            t_emit4(t, f->op + STORE_X, base, index, t->stack[vv].local, offset);
            return;
        }
        /* no such form: put the add back */
        t_emit4(t, OP_i32_add_ss_R, 0, base, index, 0);
        t_emit(t, f->op + STORE_RS, 0, t->stack[vv].local, offset);
        return;
    }
    if (offset == 0 && t->stack[va].kind == OPERAND_ADD &&
        t->stack[vv].kind != OPERAND_ADD) {
        struct operand to = t->stack[va];

        if (t_acc(t, vv, c))
            t_emit(t, f->op + STORE_WR, to.local, 0, (uint32_t)to.addend);
        else
            t_emit(t, f->op + STORE_W, to.local, t_source(t, vv),
                   (uint32_t)to.addend);
        return;
    }
    if (offset == 0 && t->stack[vv].kind == OPERAND_LOCAL &&
        take_add_ri(t, va, &base)) {
        t_emit(t, f->op + STORE_V, 0, t->stack[vv].local, base);
        return;
    }
    if (update_memory(t, f, offset))
        return;
    if (t->stack[va].kind != OPERAND_CONST && t_acc(t, vv, c))
        t_emit(t, f->op + STORE_SR, t_source(t, va), 0, offset);
    else if (t->stack[vv].kind != OPERAND_CONST && t_acc(t, va, CLASS_I))
        t_emit(t, f->op + STORE_RS, 0, t_source(t, vv), offset);
    else {
        uint32_t y = t_source(t, vv), x = t_source(t, va);

        t_emit(t, f->op + STORE_SS, x, y, offset);
    }
}

static void
store(struct translator *t, uint32_t code)
{
    const struct plain *f = &plain[code];
    struct memarg a = memarg(t);

    if (a.direct) {
        store_direct(t, f, (uint32_t)a.offset);
    } else {
        uint32_t v = t_source(t, t->sp - 1);

        address(t, t->sp - 2, &a, 1u << f->size);
        t_emit(t, f->op + STORE_P, 0, v, 0);
    }
    t_drop(t, 2);
    t->last = 0;
}

/* An instruction with n operands in slots and data words behind. */
static void
emit_slots(struct translator *t, unsigned op, uint32_t n)
{
    uint32_t s[3] = {0, 0, 0};

    for (uint32_t i = 0; i < n; i++)
        s[i] = t_source(t, t->sp - n + i);
    t_drop(t, n);
    t_emit4(t, op, s[0], s[1], s[2], 0);
    t->last = 0;
}

static void
memory_grow_op(struct translator *t)
{
    uint32_t memory = leb_u32(&t->p), x = t_source(t, t->sp - 1);

    t_drop(t, 1);
    t_emit(t, OP_memory_grow, t_push_slot(t, CLASS_I), x, 0);
    t_data(t, memory);
    t_result(t);
    t->last = 0;
}

static void
memory_size_op(struct translator *t)
{
    uint32_t memory = leb_u32(&t->p);

    t_emit(t, OP_memory_size, t_push_slot(t, CLASS_I), 0, memory);
    t_result(t);
}

/* ---- tables ------------------------------------------------------------------------------- */

static void
table_ref(struct translator *t, uint32_t table)
{
    t_emit(t, OP_table_ref, 0, 0, table);
}

static void
table_get_op(struct translator *t)
{
    uint32_t table = leb_u32(&t->p), x = t_source(t, t->sp - 1);

    t_drop(t, 1);
    table_ref(t, table);
    t_emit(t, OP_table_get, t_push_slot(t, CLASS_I), x, 0);
    t_result(t);
}

static void
table_set_op(struct translator *t)
{
    uint32_t table = leb_u32(&t->p);
    uint32_t v = t_source(t, t->sp - 1), i = t_source(t, t->sp - 2);

    table_ref(t, table);
    t_emit(t, OP_table_set, i, v, 0);
    t_drop(t, 2);
    t->last = 0;
}

static void
table_grow_op(struct translator *t, uint32_t table)
{
    uint32_t n = t_source(t, t->sp - 1), v = t_source(t, t->sp - 2);

    t_drop(t, 2);
    table_ref(t, table);
    t_emit4(t, OP_table_grow, t_push_slot(t, CLASS_I), n, v, 0);
    t_result(t);
}

static void
prefix_fc(struct translator *t)
{
    uint32_t op = leb_u32(&t->p), x, y;

    if (op < 8) {
        numeric(t, 0x100 + op);
        return;
    }
    if (op >= 19) {
        t_wide(t, op);
        return;
    }
    x = leb_u32(&t->p);
    switch (op) {
    case 8:
        y = leb_u32(&t->p);
        emit_slots(t, OP_memory_init, 3);
        t_data(t, y);
        t_data(t, x);
        break;
    case 9:
        t_emit(t, OP_data_drop, 0, 0, x);
        break;
    case 10:
        y = leb_u32(&t->p);
        emit_slots(t, OP_memory_copy, 3);
        t_data(t, x);
        t_data(t, y);
        break;
    case 11:
        emit_slots(t, OP_memory_fill, 3);
        t_data(t, x);
        break;
    case 12:
        y = leb_u32(&t->p);
        t_materialise(t, t->sp - 1);
        t_materialise(t, t->sp - 2);
        t_materialise(t, t->sp - 3);
        table_ref(t, y);
        emit_slots(t, OP_table_init, 3);
        t_data(t, x);
        break;
    case 13:
        t_emit(t, OP_elem_drop, 0, 0, x);
        break;
    case 14:
        y = leb_u32(&t->p);
        emit_slots(t, OP_table_copy, 3);
        t_data(t, x);
        t_data(t, y);
        break;
    case 15:
        table_grow_op(t, x);
        break;
    case 16:
        table_ref(t, x);
        t_emit(t, OP_table_size, t_push_slot(t, CLASS_I), 0, 0);
        t_result(t);
        break;
    default:
        t_materialise(t, t->sp - 1);
        t_materialise(t, t->sp - 2);
        t_materialise(t, t->sp - 3);
        table_ref(t, x);
        emit_slots(t, OP_table_fill, 3);
        break;
    }
}

/* ---- variables ----------------------------------------------------------------------------- */

/* p += k; q += l, both just emitted, in one. */
static void
pair_sums(struct translator *t)
{
    struct insn *q = t_producer(t), *p;

    if (t->wide || !q || q->code != OP_i32_add_si || q->a != q->b ||
        q->imm != (int16_t)q->imm || t->n < t->label + 2 || t->raw == t->n - 1)
        return;
    p = q - 1;
    if (p->code != OP_i32_add_si || p->a != p->b || p->imm != (int16_t)p->imm)
        return;
    p->code = OP_i32_add_add;
    p->c = (uint16_t)p->imm;
    p->d = (uint16_t)q->imm;
    p->b = q->a;
    t->n--;
}

void
t_set_local(struct translator *t, uint32_t local, bool tee)
{
    uint32_t slot = t->local_slot[local], i = t->sp - 1;
    struct operand *o = &t->stack[i];
    bool read = false; /* the old value is still wanted */

    for (uint32_t k = t->pending; k < i; k++)
        if ((t->stack[k].kind == OPERAND_LOCAL ||
             t->stack[k].kind == OPERAND_ADD) &&
            t->stack[k].local == slot) {
            t_materialise(t, k);
            read = true;
        }
    if (o->kind == OPERAND_SLOT && t->last == t->n && t->last && !read &&
        !t->wide) {
        t_producer(t)->a = (uint16_t)slot;
    } else if (!read && o->kind == OPERAND_SLOT && o->class != CLASS_V &&
               t_acc(t, i, (enum operand_class)o->class)) {
        t_emit(t,
               o->class == CLASS_I   ? OP_st_r
               : o->class == CLASS_D ? OP_st_d
                                     : OP_st_f,
               slot, 0, 0);
    } else if (o->kind != OPERAND_LOCAL || o->local != slot) {
        t_move(t, slot, i);
    }
    pair_sums(t);
    t->last = t->last_call = 0;
    if (tee) {
        o->kind = OPERAND_LOCAL;
        o->local = slot;
        if (t->pending > i)
            t->pending = i;
    } else {
        t_drop(t, 1);
    }
}

static void
get_local(struct translator *t, uint32_t local)
{
    struct operand o = {.kind = OPERAND_LOCAL,
                        .class = t->local_class[local],
                        .local = t->local_slot[local]};

    t_push(t, o);
}

static void
push_const(struct translator *t, enum operand_class c, bool is32, uint64_t v)
{
    struct operand o = {.kind = OPERAND_CONST,
                        .class = (uint8_t)c,
                        .is32 = is32,
                        .value = v};

    t_push(t, o);
}

static void
global_get_op(struct translator *t)
{
    uint32_t g = leb_u32(&t->p), vt = t->m->globals[g].vt;
    enum operand_class c = t_class(vt);

    if (g < t->m->nglobals_imported || c == CLASS_V)
        t_emit(t, OP_global_get_far, t_push_slot(t, c), vt_slots(vt), g);
    else
        t_emit(t, c == CLASS_I ? OP_global_get : OP_global_get_float,
               t_push_slot(t, c), 0, t->m->global_slot[g]);
    t_result(t);
}

/*
 * The shadow stack: global = (local = global - n) on entry, global = local + n
 * on return. The operand is the value to set.
 */
static bool
global_sum(struct translator *t, uint32_t vt, uint32_t global)
{
    struct operand *o = &t->stack[t->sp - 1];
    struct insn *p = t_producer(t);

    if (t->wide || vt != VT_I32 || global > UINT16_MAX)
        return false;
    if (o->kind == OPERAND_ADD) {
        t_emit(t, OP_global_set_sum, o->local, global, (uint32_t)o->addend);
        return true;
    }
    if (!p || t->n < t->label + 2 || o->kind != OPERAND_LOCAL ||
        p->a != o->local ||
        (p->code != OP_i32_sub_ri && p->code != OP_i32_add_ri) ||
        p[-1].code != OP_global_get_R || p[-1].uimm != global)
        return false;
    p[-1].code = OP_global_add;
    p[-1].a = p->a;
    p[-1].b = (uint16_t)global;
    p[-1].uimm = p->code == OP_i32_sub_ri ? 0 - p->uimm : p->uimm;
    t->n--;
    return true;
}

static void
global_set_op(struct translator *t)
{
    uint32_t g = leb_u32(&t->p), vt = t->m->globals[g].vt;
    enum operand_class c = t_class(vt);

    if (g < t->m->nglobals_imported || c == CLASS_V)
        t_emit(t, OP_global_set_far, t_source(t, t->sp - 1), vt_slots(vt), g);
    else if (global_sum(t, vt, t->m->global_slot[g]))
        ;
    else if (c == CLASS_I && t_acc(t, t->sp - 1, c))
        t_emit(t, OP_global_set_r, 0, 0, t->m->global_slot[g]);
    else
        t_emit(t, OP_global_set, t_source(t, t->sp - 1), 0,
               t->m->global_slot[g]);
    t_drop(t, 1);
    t->last = 0;
}

static void
select_op(struct translator *t)
{
    enum operand_class c = (enum operand_class)t->stack[t->sp - 2].class;
    uint32_t cond = 0, x, y;
    bool r = false;

    if (c != CLASS_V && t->stack[t->sp - 2].kind != OPERAND_CONST &&
        t->stack[t->sp - 3].kind != OPERAND_CONST)
        r = t_acc(t, t->sp - 1, CLASS_I);
    if (!r)
        cond = t_source(t, t->sp - 1);
    y = t_source(t, t->sp - 2);
    x = t_source(t, t->sp - 3);
    t_drop(t, 3);
    t_emit4(t, c == CLASS_V ? OP_select128 : r ? OP_select_r : OP_select_s,
            t_push_slot(t, c), x, y, cond);
    t_result(t);
}

static void
ref_op(struct translator *t, uint8_t op)
{
    uint32_t x;

    switch (op) {
    case 0xd0:
        leb_s(&t->p);
        push_const(t, CLASS_I, false, 0);
        break;
    case 0xd1:
        x = t_source(t, t->sp - 1);
        t_drop(t, 1);
        t_emit(t, OP_ref_is_null, t_push_slot(t, CLASS_I), x, 0);
        t_result(t);
        break;
    case 0xd2:
        x = leb_u32(&t->p);
        t_emit(t, OP_ref_func, t_push_slot(t, CLASS_I), 0, x);
        t_result(t);
        break;
    default: /* ref.as_non_null */
        t_emit(t, OP_ref_non_null, t_source(t, t->sp - 1), 0, 0);
        t->last = 0;
        break;
    }
}

/* ---- vectors ------------------------------------------------------------------------------------ */

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
    struct memarg a = memarg(t);
    uint32_t x;

    if (s->shape == SIMD_LOAD && a.direct) {
        x = t_source(t, t->sp - 1);
        t_drop(t, 1);
        t_emit(t, s->op, t_push_slot(t, CLASS_V), x, (uint32_t)a.offset);
        t_result(t);
    } else if (s->shape == SIMD_LOAD) {
        address(t, t->sp - 1, &a, 1u << s->size);
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
        address(t, t->sp - 2, &a, 1u << s->size);
        t_emit(t, s->op + 1u, 0, x, 0);
        t_drop(t, 2);
        t->last = 0;
    }
}

static void
simd_lane_memory(struct translator *t, const struct simd *s)
{
    struct memarg a = memarg(t);
    uint32_t lane = *t->p++, v = t_source(t, t->sp - 1);

    address(t, t->sp - 2, &a, 1u << s->size);
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

static void
prefix_fd(struct translator *t)
{
    const struct simd *s = &simd[leb_u32(&t->p)];

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
}

/* ---- the whole -------------------------------------------------------------------------------------- */

void
t_operation(struct translator *t, uint8_t op)
{
    if (op >= 0x28 && op <= 0x35) {
        load(t, op);
        return;
    }
    if (op >= 0x36 && op <= 0x3e) {
        store(t, op);
        return;
    }
    if (op >= 0x45 && op <= 0xc4) {
        numeric(t, op);
        return;
    }
    switch (op) {
    case 0x1a:
        t_drop(t, 1);
        t->last = t->last_call = 0;
        break;
    case 0x1c:
        leb_u32(&t->p);
        t_skip_valtype(&t->p);
        select_op(t);
        break;
    case 0x1b:
        select_op(t);
        break;
    case 0x20:
        get_local(t, leb_u32(&t->p));
        break;
    case 0x21:
    case 0x22:
        t_set_local(t, leb_u32(&t->p), op == 0x22);
        break;
    case 0x23:
        global_get_op(t);
        break;
    case 0x24:
        global_set_op(t);
        break;
    case 0x25:
        table_get_op(t);
        break;
    case 0x26:
        table_set_op(t);
        break;
    case 0x3f:
        memory_size_op(t);
        break;
    case 0x40:
        memory_grow_op(t);
        break;
    case 0x41:
        push_const(t, CLASS_I, true, (uint32_t)leb_s(&t->p));
        break;
    case 0x42:
        push_const(t, CLASS_I, false, (uint64_t)leb_s(&t->p));
        break;
    case 0x43:
        push_const(t, CLASS_F, true, load_le32(t->p));
        t->p += 4;
        break;
    case 0x44:
        push_const(t, CLASS_D, false, load_le64(t->p));
        t->p += 8;
        break;
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd4:
        ref_op(t, op);
        break;
    case 0xd3:
        t_ref_eq(t);
        break;
    case 0xfb:
        t_prefix_fb(t);
        break;
    case 0xfc:
        prefix_fc(t);
        break;
    case 0xfd:
        prefix_fd(t);
        break;
    case 0xfe:
        t_prefix_fe(t);
        break;
    default: /* nop */
        break;
    }
}
