/* SPDX-License-Identifier: Apache-2.0 */
/* Translating blocks, branches, calls, returns and exceptions. */
#include "translate.h"

#include "pith_errno.h"

/* ---- immediates of dead code -------------------------------------------------------- */

void
t_skip_valtype(const uint8_t **p)
{
    uint8_t b = *(*p)++;

    if (b == 0x63 || b == 0x64)
        leb_s(p);
}

static void
skip_blocktype(const uint8_t **p)
{
    if ((**p & 0xc0) == 0x40)
        t_skip_valtype(p);
    else
        leb_s(p);
}

static void
skip_memarg(const uint8_t **p)
{
    if (leb_u32(p) & 0x40)
        leb_u32(p);
    leb_u(p);
}

static void
skip_fd(const uint8_t **p)
{
    static const uint8_t kind[0x120] = {
#define SKIP_LOAD 1
#define SKIP_STORE 1
#define SKIP_LOAD_LANE 2
#define SKIP_STORE_LANE 2
#define SKIP_CONST 3
#define SKIP_SHUFFLE 3
#define SKIP_EXTRACT 4
#define SKIP_REPLACE 4
#define SKIP_SPLAT 0
#define SKIP_UN 0
#define SKIP_BIN 0
#define SKIP_TER 0
#define SKIP_SHIFT 0
#define SKIP_TEST 0
#define X(code, name, shape, type, size, lanes) [code] = SKIP_##shape,
#include "op/simd.def"
#undef X
    };
    uint8_t k = kind[leb_u32(p)];

    if (k == 1 || k == 2)
        skip_memarg(p);
    if (k == 2 || k == 4)
        *p += 1;
    if (k == 3)
        *p += 16;
}

static void
skip_fc(const uint8_t **p)
{
    uint32_t op = leb_u32(p);

    if (op < 8 || op >= 19)
        return;
    leb_u(p);
    if (op == 8 || op == 10 || op == 12 || op == 14)
        leb_u(p);
}

static void
skip_catches(const uint8_t **p)
{
    for (uint32_t n = leb_u32(p); n; n--) {
        uint8_t kind = *(*p)++;

        if (kind < 2)
            leb_u(p);
        leb_u(p);
    }
}

void
t_skip_immediates(const uint8_t **p, uint8_t op)
{
    switch (op) {
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x06:
        skip_blocktype(p);
        break;
    case 0x1f:
        skip_blocktype(p);
        skip_catches(p);
        break;
    case 0x0e:
        for (uint32_t n = leb_u32(p) + 1; n; n--)
            leb_u(p);
        break;
    case 0x11:
    case 0x13:
        leb_u(p);
        leb_u(p);
        break;
    case 0x07:
    case 0x08:
    case 0x09:
    case 0x0c:
    case 0x0d:
    case 0x10:
    case 0x12:
    case 0x14:
    case 0x15:
    case 0x18:
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x23:
    case 0x24:
    case 0x25:
    case 0x26:
    case 0x3f:
    case 0x40:
    case 0x41:
    case 0x42:
    case 0xd0:
    case 0xd2:
    case 0xd5:
    case 0xd6:
        leb_u(p);
        break;
    case 0x1c:
        leb_u32(p);
        t_skip_valtype(p);
        break;
    case 0x43:
        *p += 4;
        break;
    case 0x44:
        *p += 8;
        break;
    case 0xfb:
        t_skip_fb(p);
        break;
    case 0xfc:
        skip_fc(p);
        break;
    case 0xfd:
        skip_fd(p);
        break;
    case 0xfe:
        t_skip_fe(p);
        break;
    default:
        if (op >= 0x28 && op <= 0x3e)
            skip_memarg(p);
        break;
    }
}

/* ---- frames ----------------------------------------------------------------------------- */

static uint32_t
slots_of(const uint32_t *vt, uint32_t n)
{
    uint32_t slots = 0;

    for (uint32_t i = 0; i < n; i++)
        slots += vt_slots(vt[i]);
    return slots;
}

static const uint32_t *
frame_results(const struct frame *f)
{
    return f->types ? f->types + f->nparams : &f->single;
}

static struct frame *
frame_push(struct translator *t, enum frame_kind kind)
{
    struct frame *f;

    if (t->nframes == t->frames_cap &&
        !t_grow(t, &t->frames, &t->frames_cap, sizeof *t->frames))
        return NULL;
    f = &t->frames[t->nframes++];
    *f = (struct frame){.kind = (uint8_t)kind};
    return f;
}

static void
read_blocktype(struct translator *t, struct frame *f)
{
    if ((*t->p & 0xc0) == 0x40) {
        const uint8_t *p = t->p;
        uint8_t b = *p;

        if (b != 0x40) {
            /* only the class matters here */
            f->single = b == 0x63 || b == 0x64 || b < VT_V128 ? VT_FUNCREF : b;
            f->nresults = 1;
        }
        t_skip_valtype(&t->p);
    } else {
        const struct type_def *type = type_get(t->m->types[leb_s(&t->p)]);

        f->types = type->vt;
        f->nparams = type->nparams;
        f->nresults = type->nresults;
        f->param_slots = type->param_slots;
        f->result_slots = type->result_slots;
        return;
    }
    f->result_slots = slots_of(&f->single, f->nresults);
}

/* The frame starts here: its parameters are the top operands, in their slots. */
static void
frame_open(struct translator *t, struct frame *f)
{
    t_flush(t);
    f->height = t->sp - f->nparams;
    f->base = f->nparams ? t->stack[f->height].slot : t->top;
}

static void
block(struct translator *t, enum frame_kind kind)
{
    struct frame *f = frame_push(t, kind);

    if (!f)
        return;
    read_blocktype(t, f);
    frame_open(t, f);
    f->start = t->n;
    t_label(t);
}

static void
chain(struct translator *t, uint32_t *fix, uint32_t at)
{
    if (t->failed)
        return;
    t->out[at].uimm = *fix;
    *fix = at + 1;
}

static void
patch(struct translator *t, uint32_t at, uint32_t target)
{
    if (!t->failed)
        t->out[at].imm = (int32_t)(target - at);
}

static void
patch_chain(struct translator *t, uint32_t fix)
{
    while (fix && !t->failed) {
        uint32_t at = fix - 1;

        fix = t->out[at].uimm;
        patch(t, at, t->n);
    }
}

/* ---- values at labels ---------------------------------------------------------------------- */

static uint32_t
label_arity(const struct frame *f)
{
    return f->kind == FRAME_LOOP ? f->nparams : f->nresults;
}

/* Are the top n operands where the label at base wants them? */
static bool
in_place(const struct translator *t, const struct frame *f, uint32_t n)
{
    uint32_t first = t->sp - n;

    if (!n)
        return true;
    if (t->stack[first].slot != f->base)
        return false;
    for (uint32_t i = first > t->pending ? first : t->pending; i < t->sp; i++)
        if (t->stack[i].kind != OPERAND_SLOT)
            return false;
    return true;
}

/* More than one value moves as a block, so all must be in their slots. */
static void
settle(struct translator *t, uint32_t n)
{
    if (n > 1)
        for (uint32_t i = t->sp - n; i < t->sp; i++)
            if (i >= t->pending)
                t_materialise(t, i);
}

static void
move_values(struct translator *t, const struct frame *f)
{
    uint32_t n = label_arity(f);
    uint32_t slots = f->kind == FRAME_LOOP ? f->param_slots : f->result_slots;

    if (in_place(t, f, n))
        return;
    if (n == 1)
        t_move(t, f->base, t->sp - 1);
    else
        t_copy(t, f->base, t->stack[t->sp - n].slot, slots);
}

/* ---- returning ---------------------------------------------------------------------------------- */

static void
return_values(struct translator *t)
{
    uint32_t n = t->type->nresults, i = t->sp - 1;
    enum operand_class c;
    static const struct {
        uint16_t slot, acc;
    } ops[] = {[CLASS_I] = {OP_ret_i, OP_ret_i_r},
               [CLASS_D] = {OP_ret_d, OP_ret_d_r},
               [CLASS_F] = {OP_ret_f, OP_ret_f_r}};

    if (!n) {
        t_emit(t, OP_ret, t->link, 0, 0);
        return;
    }
    c = (enum operand_class)t->stack[i].class;
    if (n == 1 && c != CLASS_V) {
        if (t_acc(t, i, c))
            t_emit(t, ops[c].acc, t->link, 0, 0);
        else
            t_emit(t, ops[c].slot, t->link, t_source(t, i), 0);
        return;
    }
    for (uint32_t k = t->sp - n; k < t->sp; k++)
        t_materialise(t, k);
    t_emit(t, OP_ret_n, t->link, 0, t->type->result_slots);
    t_data(t, t->stack[t->sp - n].slot);
}

/* ---- branches ------------------------------------------------------------------------------------ */

/* A condition taken off the stack: the branch to emit, forward form. */
struct condition {
    uint16_t yes, no; /* branch if true, if false */
    uint32_t a, b;
};

static bool
fits_branch(const struct insn *i)
{
    /* immediates of branches have 16 bits */
    switch (i->code) {
#include "op/unrow.h"
#define IMM_CMP(n)                                                             \
    case OP_##n##_si:                                                          \
    case OP_##n##_ri:
#define BIN(...)
#define BINT(n, ...) IMM_CMP(n)
#define CMP(n, ...) IMM_CMP(n)
#define FBIN(...)
#define FCMP(...)
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
#include "op/all.def"
#include "op/unrow.h"
        return i->imm == (int16_t)i->imm;
    default:
        return true;
    }
}

/* Pop the condition; fuse it with the comparison that made it if possible. */
static struct condition
pop_condition(struct translator *t)
{
    uint32_t i = t->sp - 1;
    const struct operand *o = &t->stack[i];
    struct condition c = {OP_br_if_s, OP_br_z_s, 0, 0};

    if (o->kind == OPERAND_SLOT && !t->wide && t->raw != t->n &&
        t_producer(t)) {
        struct insn *p = t_producer(t);
        const struct op_meta *meta = &op_meta[p->code];

        if (meta->bt && p->a == o->slot && fits_branch(p)) {
            c.yes = meta->bt;
            c.no = meta->bf;
            c.a = p->b;
            c.b = p->c;
            t->n--;
            t->last = 0;
            t_drop(t, 1);
            return c;
        }
    }
    if (t_acc(t, i, CLASS_I)) {
        c.yes = OP_br_if_r;
        c.no = OP_br_z_r;
    } else {
        c.a = t_source(t, i);
    }
    t_drop(t, 1);
    return c;
}

/* Emit a conditional branch; returns its index, to be patched or chained. */
static uint32_t
emit_condition(struct translator *t, const struct condition *c, bool want,
               bool backward)
{
    t->last = t->last_call = 0;
    return t_emit(t, (want ? c->yes : c->no) + (backward ? 1u : 0u), c->a, c->b,
                  0);
}

static struct frame *
label_frame(struct translator *t, uint32_t depth)
{
    return &t->frames[t->nframes - 1 - depth];
}

/* An unconditional jump to a label whose values are in place. */
static void
jump(struct translator *t, struct frame *f)
{
    bool loop = f->kind == FRAME_LOOP;
    uint32_t at = t_emit(t, loop ? OP_br_l : OP_br, 0, 0, 0);

    t->last = t->last_call = 0;
    if (loop)
        patch(t, at, f->start);
    else
        chain(t, &f->fix, at);
}

static void
branch(struct translator *t, uint32_t depth)
{
    struct frame *f = label_frame(t, depth);

    if (depth == t->nframes - 1) {
        return_values(t);
        return;
    }
    settle(t, label_arity(f));
    move_values(t, f);
    jump(t, f);
}

/* The branch of a loop's end as a step, its operand in r0 or in a slot. */
static unsigned
step_op(unsigned branch, bool acc)
{
    static const struct {
        uint16_t rs, ri, ss, si, step;
    } steps[] = {
#define STEP(c)                                                                \
    {OP_i32_##c##_br_rs_l, OP_i32_##c##_br_ri_l, OP_i32_##c##_br_ss_l,         \
     OP_i32_##c##_br_si_l, OP_i32_step_##c##_s}
        STEP(ne), STEP(lt_s), STEP(lt_u), STEP(gt_s),
        STEP(gt_u), STEP(le_s), STEP(ge_s)};

    if (acc && branch == OP_br_if_r_l)
        return OP_i32_step_ne_i;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (branch == (acc ? steps[i].rs : steps[i].ss))
            return steps[i].step;
        if (branch == (acc ? steps[i].ri : steps[i].si))
            return steps[i].step + 1u;
    }
    return OP_none;
}

/*
 * i += d; if (i cmp n) goto loop, in one: at is the backward branch, behind the
 * addition to the same slot.
 */
static void
fuse_step(struct translator *t, uint32_t at)
{
    struct insn *b = &t->out[at], *add = b - 1;
    int32_t distance = b->imm + 1;
    bool acc;
    unsigned op;

    if (t->failed || t->wide || at < t->label + 1 || t->raw == at ||
        add->a != add->b || add->imm != (int16_t)add->imm ||
        distance != (int16_t)distance)
        return;
    acc = add->code == OP_i32_add_si_B;
    if (!acc && (add->code != OP_i32_add_si || b->a != add->a))
        return;
    op = step_op((unsigned)b->code, acc);
    if (op == OP_none || (b->b == add->a && b->code != OP_br_if_r_l &&
                          (op - OP_i32_step_ne_s) % 2 == 0))
        return; /* no such step, or i compared with itself */
    add->code = op;
    add->d = (uint16_t)add->imm;
    add->c = (uint16_t)distance;
    add->b = b->code == OP_br_if_r_l ? 0 : b->b;
    t->n--;
    t_label(t);
}

/* Branch if the condition holds (or not), after which code goes on here. */
static void
branch_if(struct translator *t, const struct condition *c, uint32_t depth,
          bool want)
{
    struct frame *f = label_frame(t, depth);
    bool loop = f->kind == FRAME_LOOP;
    uint32_t at;

    if (depth != t->nframes - 1 && in_place(t, f, label_arity(f))) {
        at = emit_condition(t, c, want, loop);
        if (loop) {
            patch(t, at, f->start);
            fuse_step(t, at);
        } else {
            chain(t, &f->fix, at);
        }
        return;
    }
    at = emit_condition(t, c, !want, false);
    t_label(t); /* no accumulator into the detour */
    if (depth == t->nframes - 1) {
        return_values(t);
    } else {
        move_values(t, f);
        jump(t, f);
    }
    patch(t, at, t->n);
    t_label(t);
}

/*
 * Operands are described, not moved, on the path that branches: what a detour
 * materialises must hold on both paths, so do it first.
 */
static void
settle_for_detour(struct translator *t, uint32_t depth, uint32_t under)
{
    uint32_t n = label_arity(label_frame(t, depth));

    (void)under;
    if (n > 1)
        for (uint32_t i = t->sp - n; i < t->sp; i++)
            t_materialise(t, i);
    else if (n == 1 && depth == t->nframes - 1 &&
             (t->stack[t->sp - 1].kind == OPERAND_CONST ||
              t->stack[t->sp - 1].class == CLASS_V))
        t_materialise(t, t->sp - 1);
}

static void
br_if(struct translator *t)
{
    uint32_t depth = leb_u32(&t->p);
    struct condition c = pop_condition(t);

    settle_for_detour(t, depth, 0);
    branch_if(t, &c, depth, true);
}

/* br_on_null, br_on_non_null */
static void
br_on_null(struct translator *t, bool non_null)
{
    uint32_t depth = leb_u32(&t->p);
    struct condition c = {OP_br_z64, OP_br_if64, 0, 0};

    t_materialise(t, t->sp - 1);
    c.a = t_source(t, t->sp - 1);
    if (non_null) {
        settle_for_detour(t, depth, 0);
        branch_if(t, &c, depth, false);
        t_drop(t, 1);
    } else {
        struct operand ref = t->stack[t->sp - 1];

        t_drop(t, 1);
        settle_for_detour(t, depth, 0);
        if (t->wide)
            c.a = t_near(t, ref.slot, 1);
        branch_if(t, &c, depth, true);
        t_push(t, ref);
    }
}

/* br_on_cast, br_on_cast_fail: test a copy of the reference. */
static bool
br_on_cast(struct translator *t)
{
    const uint8_t *p = t->p;
    uint32_t op = leb_u32(&p), depth, heap;
    struct condition c;
    uint8_t flags;

    if (op != 24 && op != 25)
        return false;
    flags = *p++;
    depth = leb_u32(&p);
    leb_s(&p);
    t->p = p;
    heap = t_heap_type(t);
    t_flush(t);
    t_push_vt(t, VT_REF);
    if (t->failed)
        return true;
    t_copy(t, t->stack[t->sp - 1].slot, t->stack[t->sp - 2].slot, 1);
    t->pending = t->sp;
    t_ref_test(t, heap, flags & 2);
    c = pop_condition(t);
    settle_for_detour(t, depth, 0);
    branch_if(t, &c, depth, op == 24);
    return true;
}

/* The index of a br_table as something minus a constant, which the table takes
 * on itself. */
static bool
index_difference(struct translator *t, bool *r, uint32_t *cond, int32_t *zero)
{
    const struct operand *o = &t->stack[t->sp - 1];
    const struct insn *p = t_producer(t);

    if (t->wide)
        return false;
    if (o->kind == OPERAND_ADD) {
        *zero = o->addend == INT32_MIN ? INT32_MIN : -o->addend;
        *cond = o->local;
        return *zero == (int16_t)*zero;
    }
    if (o->kind != OPERAND_SLOT || !p || p->a != o->slot ||
        (p->code != OP_i32_sub_ri && p->code != OP_i32_sub_si) ||
        p->imm != (int16_t)p->imm)
        return false;
    *zero = p->imm;
    *r = p->code == OP_i32_sub_ri;
    *cond = *r ? 0 : p->b;
    t->n--;
    return true;
}

/*
 * The table is a row of jumps behind the instruction. A label that wants values
 * moved gets a stub behind the row, one per label however often it is named.
 */
static void
br_table(struct translator *t)
{
    uint32_t n = leb_u32(&t->p), cond = 0, first;
    const uint8_t *labels = t->p;
    int32_t zero = 0;
    bool r = false;

    if (!index_difference(t, &r, &cond, &zero)) {
        r = t_acc(t, t->sp - 1, CLASS_I);
        if (!r)
            cond = t_source(t, t->sp - 1);
    }
    t_drop(t, 1);
    t->last = t->last_call = 0;
    for (uint32_t i = t->pending; i < t->sp; i++)
        t_materialise(t, i); /* constants and moves leave r0 alone */
    t->pending = t->sp;
    t->mark++;
    t_emit(t, r ? OP_br_table_r : OP_br_table_s, cond, (uint16_t)zero, n);
    t_label(t);
    first = t->n;
    for (uint32_t i = 0; i <= n; i++) {
        uint32_t depth = leb_u32(&t->p);
        struct frame *f = label_frame(t, depth);

        if (depth != t->nframes - 1 && in_place(t, f, label_arity(f)))
            jump(t, f);
        else
            t_emit(t, OP_br, 0, 0, 0); /* to a stub, below */
    }
    for (uint32_t i = 0; i <= n && !t->failed; i++) {
        uint32_t depth = leb_u32(&labels);
        struct frame *f = label_frame(t, depth);

        if (depth != t->nframes - 1 && in_place(t, f, label_arity(f)))
            continue;
        if (f->mark != t->mark) {
            f->mark = t->mark;
            f->stub = t->n;
            t_label(t);
            branch(t, depth);
        }
        patch(t, first + i, f->stub);
    }
    t->dead = true;
}

/* ---- calls ------------------------------------------------------------------------------------------ */

/* Put the arguments into their slots; the first one's slot is returned. */
static uint32_t
arguments(struct translator *t, const struct type_def *type)
{
    for (uint32_t i = t->sp - type->nparams; i < t->sp; i++)
        t_materialise(t, i);
    return type->nparams ? t->stack[t->sp - type->nparams].slot : t->top;
}

static void
call_results(struct translator *t, const struct type_def *type)
{
    t_drop(t, type->nparams);
    for (uint32_t i = 0; i < type->nresults; i++)
        t_push_vt(t, type->vt[type->nparams + i]);
    /* room for the arguments of host functions is room for their results */
    t->last = 0;
    t->last_call = t->n;
    t->call_operand = t->sp - type->nresults;
    if (t->wide || type->nresults != 1)
        t->last_call = 0; /* ret_n leaves no accumulator */
}

static uint32_t
area(const struct type_def *type)
{
    return type->param_slots > type->result_slots ? type->param_slots
                                                  : type->result_slots;
}

static bool
far_call(const struct translator *t, uint32_t at)
{
    return t->wide && at >= FAR;
}

static void
invoke_far(struct translator *t, uint32_t at)
{
    t_emit(t, OP_invoke_far, 0, 0, 0);
    t_data(t, at);
}

static void
call(struct translator *t)
{
    uint32_t func = leb_u32(&t->p), at;
    const struct type_def *type = module_func_type(t->m, func);
    uint32_t own = func - t->m->nfuncs_imported;

    at = arguments(t, type);
    if (func < t->m->nfuncs_imported) {
        if (far_call(t, at)) {
            t_emit(t, OP_func_import, 0, 0, func);
            invoke_far(t, at);
        } else {
            t_emit(t, OP_call_import, at, area(type), func);
        }
    } else if (far_call(t, at)) {
        t_emit(t, OP_call_far, type->param_slots, type->result_slots,
               own * (uint32_t)sizeof(struct func_code));
        t_data(t, at);
    } else {
        t_emit(t, OP_call, at, 0, own * (uint32_t)sizeof(struct func_code));
    }
    call_results(t, type);
}

static void
call_indirect(struct translator *t)
{
    uint32_t id = t->m->types[leb_u32(&t->p)], table = leb_u32(&t->p);
    const struct type_def *type = type_get(id);
    uint32_t index, at;
    bool simple = table == 0 && !t->m->tables[0].limits.is64;

    index = t_source(t, t->sp - 1);
    t_drop(t, 1);
    t->last = 0;
    at = arguments(t, type);
    if (!simple || far_call(t, at))
        t_emit(t, OP_table_ref, 0, 0, table);
    if (far_call(t, at)) {
        t_emit(t, OP_func_table, 0, index, id);
        invoke_far(t, at);
    } else {
        t_emit(t, simple ? OP_call_indirect : OP_call_table, at, index, id);
    }
    call_results(t, type);
}

static void
call_ref(struct translator *t)
{
    const struct type_def *type = type_get(t->m->types[leb_u32(&t->p)]);
    uint32_t f = t_source(t, t->sp - 1), at;

    t_drop(t, 1);
    t->last = 0;
    at = arguments(t, type);
    if (far_call(t, at)) {
        t_emit(t, OP_func_ref, 0, f, 0);
        invoke_far(t, at);
    } else {
        t_emit(t, OP_call_ref, at, f, 0);
    }
    call_results(t, type);
}

/* The second word of a tail call: link, operand slot, arguments. */
static void
tail(struct translator *t, unsigned op, const struct type_def *type,
     uint32_t imm, uint32_t operand)
{
    uint32_t at = arguments(t, type);

    t_emit(t, op, 0, type->param_slots, imm);
    t_emit(t, OP_none, t->link, operand, at);
    if (at + area(type) > t->max)
        t->max = at + area(type);
    t->dead = true;
}

static void
return_call(struct translator *t)
{
    uint32_t func = leb_u32(&t->p);
    const struct type_def *type = module_func_type(t->m, func);

    if (func < t->m->nfuncs_imported)
        tail(t, OP_ret_call_import, type, func, 0);
    else
        tail(t, OP_ret_call, type,
             (func - t->m->nfuncs_imported) *
                 (uint32_t)sizeof(struct func_code),
             0);
}

static void
return_call_indirect(struct translator *t)
{
    uint32_t id = t->m->types[leb_u32(&t->p)], table = leb_u32(&t->p);
    const struct type_def *type = type_get(id);
    uint32_t index = t_source(t, t->sp - 1);

    t_drop(t, 1);
    t->last = 0;
    arguments(t, type);
    t_emit(t, OP_table_ref, 0, 0, table);
    tail(t, OP_ret_call_table, type, id, index);
}

static void
return_call_ref(struct translator *t)
{
    const struct type_def *type = type_get(t->m->types[leb_u32(&t->p)]);
    uint32_t f = t_source(t, t->sp - 1);

    t_drop(t, 1);
    t->last = 0;
    tail(t, OP_ret_call_ref, type, 0, f);
}

/* ---- exceptions ---------------------------------------------------------------------------------------- */

static struct eh_entry *
handler_add(struct translator *t, const struct frame *f, uint32_t tag)
{
    struct eh_entry *h;

    if (t->nhandlers == t->handlers_cap &&
        !t_grow(t, &t->handlers, &t->handlers_cap, sizeof *t->handlers))
        return NULL;
    h = &t->handlers[t->nhandlers++];
    *h = (struct eh_entry){.from = f->start,
                           .to = t->n,
                           .tag = tag,
                           .ref = EH_NO_REF,
                           .level = (uint32_t)(f - t->frames)};
    return h;
}

static void
throw(struct translator *t)
{
    uint32_t tag = leb_u32(&t->p), at;

    at = arguments(t, type_get(t->m->tags[tag]));
    t_emit(t, OP_throw, 0, 0, tag);
    t_data(t, at);
    t->dead = true;
}

/*
 * A clause's pad: the unwinder puts the payload where the label wants it (for
 * the function's own label: into free operand slots) and continues at a jump.
 */
static void
try_table_clause(struct translator *t, uint32_t height)
{
    uint8_t kind = *t->p++;
    uint32_t tag = kind < 2 ? leb_u32(&t->p) : EH_ALL, depth = leb_u32(&t->p);
    const struct type_def *type =
        tag == EH_ALL ? NULL : type_get(t->m->tags[tag]);
    struct frame *f = label_frame(t, depth);
    bool outer = depth == t->nframes - 1;
    struct clause *c;

    if (t->nclauses == t->clauses_cap &&
        !t_grow(t, &t->clauses, &t->clauses_cap, sizeof *t->clauses))
        return;
    c = &t->clauses[t->nclauses++];
    *c = (struct clause){tag, t->n, outer ? t->top : f->base, EH_NO_REF};
    if (kind & 1)
        c->ref = c->slot + (type ? type->param_slots : 0);
    t_label(t);
    if (!outer) {
        /* the payload may lie above this frame's operands: account for it */
        if (c->slot + f->result_slots + f->param_slots > t->max)
            t->max = c->slot + f->result_slots + f->param_slots;
        jump(t, f);
        return;
    }
    for (uint32_t i = 0; type && i < type->nparams; i++)
        t_push_vt(t, type->vt[i]);
    if (kind & 1)
        t_push_vt(t, VT_EXNREF);
    return_values(t);
    t_drop(t, t->sp - height);
}

static void
try_table(struct translator *t)
{
    struct frame new = {.kind = FRAME_TRY_TABLE}, *f;
    uint32_t over, n;

    read_blocktype(t, &new);
    frame_open(t, &new);
    new.first_clause = t->nclauses;
    n = leb_u32(&t->p);
    if (n) {
        over = t_emit(t, OP_br, 0, 0, 0);
        while (n-- && !t->failed)
            try_table_clause(t, t->sp);
        patch(t, over, t->n);
    }
    new.nclauses = t->nclauses - new.first_clause;
    f = frame_push(t, FRAME_TRY_TABLE);
    if (!f)
        return;
    *f = new;
    f->start = t->n;
    t_label(t);
}

static void
try_table_end(struct translator *t, struct frame *f)
{
    for (uint32_t i = 0; i < f->nclauses; i++) {
        const struct clause *c = &t->clauses[f->first_clause + i];
        struct eh_entry *h = handler_add(t, f, c->tag);

        if (!h)
            return;
        h->target = c->pad;
        h->slot = c->slot;
        h->ref = c->ref;
    }
    t->nclauses = f->first_clause;
}

/*
 * A legacy try keeps the caught exception, for rethrow, in a slot below its
 * operands: an operand of its own, under the parameters.
 */
static void
legacy_try(struct translator *t)
{
    struct frame *f = frame_push(t, FRAME_TRY);

    if (!f)
        return;
    read_blocktype(t, f);
    frame_open(t, f);
    f->exn = f->base;
    if (f->nparams) {
        t_copy(t, f->base + 1, f->base, f->param_slots);
        t_drop(t, f->nparams);
    }
    t_push_vt(t, VT_EXNREF);
    for (uint32_t i = 0; i < f->nparams; i++)
        t_push_vt(t, f->types[i]);
    t->pending = t->sp;
    f->start = t->n;
    t_label(t);
}

static void
finish_arm(struct translator *t, struct frame *f)
{
    if (t->dead)
        return;
    settle(t, f->nresults);
    move_values(t, f);
    jump(t, f);
}

static void
legacy_catch(struct translator *t, uint32_t tag)
{
    struct frame *f = &t->frames[t->nframes - 1];
    const struct type_def *type =
        tag == EH_ALL ? NULL : type_get(t->m->tags[tag]);
    struct eh_entry *h;

    if (f->kind == FRAME_TRY)
        f->else_fix = t->n; /* the end of what is covered */
    finish_arm(t, f);
    f->kind = FRAME_CATCH;
    t_drop(t, t->sp - f->height - 1);
    h = handler_add(t, f, tag);
    if (!h)
        return;
    h->to = f->else_fix;
    h->target = t->n;
    h->slot = t->top;
    h->ref = f->exn;
    t_label(t);
    t->dead = false;
    for (uint32_t i = 0; type && i < type->nparams; i++)
        t_push_vt(t, type->vt[i]);
    t->pending = t->sp;
}

static void end(struct translator *t);

static void
legacy_delegate(struct translator *t)
{
    uint32_t depth = leb_u32(&t->p);
    struct frame *f = &t->frames[t->nframes - 1];
    struct eh_entry *h = handler_add(t, f, EH_DELEGATE);

    if (h)
        h->parent = t->nframes - 2 - depth;
    end(t);
}

/* ---- if, else, end --------------------------------------------------------------------------------------- */

static void
if_(struct translator *t)
{
    struct condition c = pop_condition(t);
    struct frame *f = frame_push(t, FRAME_IF);

    if (!f)
        return;
    read_blocktype(t, f);
    frame_open(t, f); /* moves and constants do not disturb the condition */
    f->else_fix = emit_condition(t, &c, false, false) + 1;
    t_label(t);
}

static void
else_(struct translator *t)
{
    struct frame *f = &t->frames[t->nframes - 1];

    finish_arm(t, f);
    patch(t, f->else_fix - 1, t->n);
    f->else_fix = 0;
    f->kind = FRAME_ELSE;
    t_drop(t, t->sp - f->height);
    for (uint32_t i = 0; i < f->nparams; i++)
        t_push_vt(t, f->types[i]);
    t->pending = t->sp;
    t->dead = false;
    t_label(t);
}

static void
end(struct translator *t)
{
    struct frame *f = &t->frames[t->nframes - 1];

    if (!t->dead) {
        settle(t, f->nresults);
        if (f->kind == FRAME_LOOP) { /* its label is not its end */
            f->kind = FRAME_BLOCK;
            f->fix = 0;
        }
        move_values(t, f);
    }
    if (f->kind == FRAME_TRY_TABLE)
        try_table_end(t, f);
    if (f->kind == FRAME_IF && f->else_fix)
        patch(t, f->else_fix - 1, t->n);
    patch_chain(t, f->kind == FRAME_LOOP ? 0 : f->fix);
    t_drop(t, t->sp - f->height);
    for (uint32_t i = 0; i < f->nresults; i++)
        t_push_vt(t, frame_results(f)[i]);
    t->pending = t->sp;
    t->nframes--;
    t->dead = false;
    t_label(t);
}

/* The function's end: a return, unless nothing gets there. */
static void
function_end(struct translator *t)
{
    struct frame *f = &t->frames[0];

    if (!t->dead)
        return_values(t);
    t->nframes--;
    (void)f;
}

/* ---- the walk ------------------------------------------------------------------------------------------------ */

bool
t_control(struct translator *t, uint8_t op)
{
    switch (op) {
    case 0x00:
        t_emit(t, OP_unreachable, 0, 0, 0);
        t->dead = true;
        break;
    case 0x02:
        block(t, FRAME_BLOCK);
        break;
    case 0x03:
        block(t, FRAME_LOOP);
        break;
    case 0x04:
        if_(t);
        break;
    case 0x05:
        else_(t);
        break;
    case 0x06:
        legacy_try(t);
        break;
    case 0x07:
        legacy_catch(t, leb_u32(&t->p));
        break;
    case 0x08:
        throw(t);
        break;
    case 0x09:
        t_emit(t, OP_throw_ref,
               t_near(t, label_frame(t, leb_u32(&t->p))->exn, 1), 0, 0);
        t->dead = true;
        break;
    case 0x0a:
        t_emit(t, OP_throw_ref, t_source(t, t->sp - 1), 0, 0);
        t->dead = true;
        break;
    case 0x0b:
        if (t->nframes == 1)
            function_end(t);
        else
            end(t);
        break;
    case 0x0c:
        branch(t, leb_u32(&t->p));
        t->dead = true;
        break;
    case 0x0d:
        br_if(t);
        break;
    case 0x0e:
        br_table(t);
        break;
    case 0x0f:
        return_values(t);
        t->dead = true;
        break;
    case 0x10:
        call(t);
        break;
    case 0x11:
        call_indirect(t);
        break;
    case 0x12:
        return_call(t);
        break;
    case 0x13:
        return_call_indirect(t);
        break;
    case 0x14:
        call_ref(t);
        break;
    case 0x15:
        return_call_ref(t);
        break;
    case 0x18:
        legacy_delegate(t);
        break;
    case 0x19:
        legacy_catch(t, EH_ALL);
        break;
    case 0x1f:
        try_table(t);
        break;
    case 0xd5:
    case 0xd6:
        br_on_null(t, op == 0xd6);
        break;
    case 0xfb:
        return br_on_cast(t);
    default:
        return false;
    }
    return true;
}

/* Skip to the else, catch or end that makes code reachable again. */
static uint8_t
skip_dead(struct translator *t)
{
    uint32_t depth = 0;

    for (;;) {
        uint8_t op = *t->p++;

        switch (op) {
        case 0x02:
        case 0x03:
        case 0x04:
        case 0x06:
        case 0x1f:
            depth++;
            break;
        case 0x05:
        case 0x07:
        case 0x19:
            if (!depth)
                return op;
            break;
        case 0x0b:
        case 0x18:
            if (!depth)
                return op;
            depth--;
            break;
        default:
            break;
        }
        t_skip_immediates(&t->p, op);
    }
}

void
t_body(struct translator *t)
{
    while (t->nframes && !t->failed && !t->needs_wide) {
        uint8_t op;

        if (t->n <= t->want)
            t->found = (uint32_t)(t->p - t->m->bytes);
        op = t->dead ? skip_dead(t) : *t->p++;
        t->scratch = 0;
        if (!t_control(t, op))
            t_operation(t, op);
    }
}
