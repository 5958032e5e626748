/* SPDX-License-Identifier: Apache-2.0 */
/* Operands, emission, and one function from start to end; see translate.h. */
#include "translate.h"

#include <stdlib.h>

#include "pith_errno.h"
#include "runtime.h"

/* ---- buffers
 * ----------------------------------------------------------------------- */

bool
t_grow(struct translator *t, void *array, uint32_t *cap, size_t size)
{
    uint32_t n = *cap ? *cap * 2 : 64;
    void *p, *old;

    memcpy(&old, array, sizeof old);
    p = n > *cap ? realloc(old, n * size) : NULL;
    if (!p) {
        t->failed = true;
        return false;
    }
    memcpy(array, &p, sizeof p);
    *cap = n;
    return true;
}

static struct insn *
emit_raw(struct translator *t)
{
    static struct insn sink; /* never read: the translation has failed */

    if (t->n == t->cap && !t_grow(t, &t->out, &t->cap, sizeof *t->out))
        return &sink;
    return &t->out[t->n++];
}

uint32_t
t_emit(struct translator *t, unsigned op, uint32_t a, uint32_t b, uint32_t imm)
{
    struct insn *i = emit_raw(t);

    if ((a | b) > UINT16_MAX)
        t->needs_wide = true;
    i->code = op;
    i->a = (uint16_t)a;
    i->b = (uint16_t)b;
    i->uimm = imm;
    return t->n - 1;
}

uint32_t
t_emit4(struct translator *t, unsigned op, uint32_t a, uint32_t b, uint32_t c,
        uint32_t d)
{
    uint32_t i = t_emit(t, op, a, b, 0);

    if ((c | d) > UINT16_MAX)
        t->needs_wide = true;
    if (t->failed)
        return i;
    t->out[i].c = (uint16_t)c;
    t->out[i].d = (uint16_t)d;
    return i;
}

void
t_data(struct translator *t, uint32_t imm)
{
    t_emit(t, OP_none, 0, 0, imm);
}

void
t_data_u64(struct translator *t, uint64_t v)
{
    uint8_t bytes[8];

    memcpy(bytes, &v, sizeof v);
    t_data_bytes(t, bytes, sizeof bytes);
}

void
t_data_bytes(struct translator *t, const uint8_t *p, size_t n)
{
    t->raw_op = t->n - 1;
    for (size_t at = 0; at < n; at += sizeof(struct insn)) {
        struct insn *i = emit_raw(t);
        size_t k = n - at < sizeof *i ? n - at : sizeof *i;

        memset(i, 0, sizeof *i);
        memcpy(i, p + at, k);
    }
    t->raw = t->n;
}

/* Instructions behind op that hold raw bytes rather than a code. */
uint32_t
t_raw_count(unsigned op)
{
    uint32_t vector = (16 + sizeof(struct insn) - 1) / sizeof(struct insn);

    if (op != OP_none && op >= OP_f64_add_sk && op <= OP_f64_div_rk_B)
        return 1; /* CONST_BIN rows */
    switch (op) {
    case OP_const64:
    case OP_atomic:
        return 1;
    case OP_const128:
    case OP_i8x16_shuffle:
        return vector;
    case OP_address:
        return 2; /* memory, offset */
    default:
        return 0;
    }
}

/* ---- operands
 * ------------------------------------------------------------------------ */

enum operand_class
t_class(uint32_t vt)
{
    switch (vt) {
    case VT_F64:
        return CLASS_D;
    case VT_F32:
        return CLASS_F;
    case VT_V128:
        return CLASS_V;
    default:
        return CLASS_I;
    }
}

static uint32_t
class_slots(uint8_t c)
{
    return c == CLASS_V ? 2 : 1;
}

uint32_t
t_near(struct translator *t, uint32_t slot, uint32_t slots)
{
    uint32_t s;

    if (!t->wide || slot < FAR)
        return slot;
    if (t->scratch + slots > SCRATCH - 2)
        t->scratch = 0;
    s = t->link + 1 + t->scratch;
    t->scratch += slots;
    for (uint32_t i = 0; i < slots; i++)
        t_emit(t, OP_far_get, s + i, 0, slot + i);
    return s;
}

void
t_copy(struct translator *t, uint32_t to, uint32_t from, uint32_t slots)
{
    if (to == from)
        return;
    t->last = t->last_call = 0;
    if (slots > 2 || (t->wide && (to >= FAR || from >= FAR))) {
        t_emit(t, OP_movn, 0, 0, slots);
        t_data(t, to);
        t_data(t, from);
    } else if (slots == 2) {
        t_emit(t, OP_mov2, to, from, 0);
    } else {
        struct insn *p = t_producer(t);

        if (p && p->code == OP_mov && !t->wide && to <= UINT16_MAX &&
            from <= UINT16_MAX) {
            p->code = OP_mov_mov; /* two in one, in order */
            p->c = (uint16_t)to;
            p->d = (uint16_t)from;
        } else {
            t_emit(t, OP_mov, to, from, 0);
        }
    }
}

static void
put_const(struct translator *t, uint32_t to, const struct operand *o)
{
    uint32_t near = to;

    t->last = t->last_call = 0;
    if (t->wide && to >= FAR)
        near = t->link + SCRATCH; /* the last scratch slot */
    if (o->value <= UINT32_MAX) {
        t_emit(t, OP_const32, near, 0, (uint32_t)o->value);
    } else {
        t_emit(t, OP_const64, near, 0, 0);
        t_data_u64(t, o->value);
    }
    if (near != to)
        t_emit(t, OP_far_set, near, 0, to);
}

static void
put_sum(struct translator *t, uint32_t to, const struct operand *o)
{
    t_emit(t, OP_i32_add_si, to, o->local, (uint32_t)o->addend);
    t->last = t->last_call = 0;
}

void
t_move(struct translator *t, uint32_t to, uint32_t i)
{
    const struct operand *o = &t->stack[i];

    if (o->kind == OPERAND_CONST)
        put_const(t, to, o);
    else if (o->kind == OPERAND_ADD)
        put_sum(t, to, o);
    else
        t_copy(t, to, o->kind == OPERAND_LOCAL ? o->local : o->slot,
               class_slots(o->class));
}

void
t_materialise(struct translator *t, uint32_t i)
{
    if (t->stack[i].kind == OPERAND_SLOT)
        return;
    t_move(t, t->stack[i].slot, i);
    t->stack[i].kind = OPERAND_SLOT;
}

void
t_flush(struct translator *t)
{
    for (; t->pending < t->sp; t->pending++)
        t_materialise(t, t->pending);
}

void
t_push(struct translator *t, struct operand o)
{
    if (t->sp == t->stack_cap &&
        !t_grow(t, &t->stack, &t->stack_cap, sizeof *t->stack))
        return;
    o.slot = t->top;
    t->top += class_slots(o.class);
    if (t->top > t->max)
        t->max = t->top;
    t->stack[t->sp++] = o;
    if (t->sp - t->pending > PENDING) {
        uint32_t last = t->last, last_call = t->last_call, n = t->n;

        t_materialise(t, t->pending++);
        if (t->n == n) {
            t->last = last;
            t->last_call = last_call;
        }
    }
}

void
t_push_vt(struct translator *t, uint32_t vt)
{
    t_push(t, (struct operand){.kind = OPERAND_SLOT,
                               .class = (uint8_t)t_class(vt)});
}

uint32_t
t_push_slot(struct translator *t, enum operand_class c)
{
    t_push(t, (struct operand){.kind = OPERAND_SLOT, .class = (uint8_t)c});
    if (t->failed)
        return 0;
    if (t->wide && t->stack[t->sp - 1].slot >= FAR)
        return t->link + SCRATCH - 1;
    return t->stack[t->sp - 1].slot;
}

void
t_result(struct translator *t)
{
    const struct operand *o;

    if (t->failed)
        return;
    o = &t->stack[t->sp - 1];
    t->last = t->n;
    t->last_call = 0;
    if (!t->wide || o->slot < FAR)
        return;
    for (uint32_t i = 0; i < class_slots(o->class); i++)
        t_emit(t, OP_far_set, t->link + SCRATCH - 1 + i, 0, o->slot + i);
    t->last = 0;
}

void
t_drop(struct translator *t, uint32_t n)
{
    t->sp -= n;
    if (n)
        t->top = t->stack[t->sp].slot;
    if (t->pending > t->sp)
        t->pending = t->sp;
}

uint32_t
t_source(struct translator *t, uint32_t i)
{
    const struct operand *o = &t->stack[i];

    if (o->kind == OPERAND_LOCAL)
        return t_near(t, o->local, class_slots(o->class));
    t_materialise(t, i);
    return t_near(t, o->slot, class_slots(o->class));
}

/* The last instruction, before its data words; NULL at a label. */
struct insn *
t_written(struct translator *t)
{
    uint32_t i = t->raw == t->n ? t->raw_op : t->n - 1;

    return t->n > t->label && i >= t->label ? &t->out[i] : NULL;
}

struct insn *
t_producer(struct translator *t)
{
    return t_is_plain(t) ? NULL : t_written(t);
}

bool
t_acc(struct translator *t, uint32_t i, enum operand_class c)
{
    const struct operand *o = &t->stack[i];
    const struct op_meta *meta;
    struct insn *producer;

    if (t_is_plain(t) || t->wide || o->class != c)
        return false;
    if (o->kind == OPERAND_ADD) {
        t_emit(t, OP_i32_add_si_R, 0, o->local, (uint32_t)o->addend);
        t->last = t->last_call = 0;
        return true;
    }
    producer = t_producer(t);
    if (!producer)
        return false;
    meta = &op_meta[producer->code];
    if (o->kind == OPERAND_SLOT) {
        if (t->last_call == t->n && i == t->call_operand)
            return true;
        /* nothing came between, so whoever wrote the slot made the operand */
        if (producer->a != o->slot || meta->result != c || !meta->r)
            return false;
        producer->code = meta->r;
        t->last = 0;
        return true;
    }
    if (o->kind != OPERAND_LOCAL || producer->a != o->local)
        return false;
    if ((producer->code == OP_st_r && c == CLASS_I) ||
        (producer->code == OP_st_d && c == CLASS_D) ||
        (producer->code == OP_st_f && c == CLASS_F))
        return true;
    if (meta->result != c || !meta->b)
        return false;
    producer->code = meta->b;
    return true;
}

void
t_label(struct translator *t)
{
    t->label = t->n;
    t->last = t->last_call = 0;
}

/* ---- functions
 * ------------------------------------------------------------------------- */

static void
add_locals(struct translator *t, uint32_t n, uint32_t vt, uint32_t *slot)
{
    for (; n; n--) {
        while (t->nlocals >= t->locals_cap) {
            uint32_t cap = t->locals_cap;

            if (!t_grow(t, &t->local_slot, &cap, sizeof *t->local_slot) ||
                !t_grow(t, &t->local_class, &t->locals_cap, 1))
                return;
        }
        t->local_slot[t->nlocals] = *slot;
        t->local_class[t->nlocals++] = (uint8_t)t_class(vt);
        *slot += vt_slots(vt);
    }
}

static uint32_t
read_local_type(struct translator *t)
{
    uint8_t b = *t->p++;

    if (b == 0x63 || b == 0x64)
        leb_s(&t->p);
    return b >= VT_V128 && b <= VT_I32 ? b : VT_FUNCREF;
}

/* Lay out the frame and emit its entry; the frame's size is patched later. */
static void
prologue(struct translator *t)
{
    uint32_t slot = 0, first;

    for (uint32_t i = 0; i < t->type->nparams; i++)
        add_locals(t, 1, t->type->vt[i], &slot);
    t->link = slot++;
    first = slot;
    if (t_is_plain(t))
        slot += module_handler_slots(t->m);
    if (t->wide)
        slot += SCRATCH + 2;
    for (uint32_t groups = leb_u32(&t->p); groups; groups--) {
        uint32_t n = leb_u32(&t->p);

        add_locals(t, n, read_local_type(t), &slot);
    }
    t->first_operand = t->top = t->max = slot;
    t_emit(t, OP_enter, t->link, (slot - first + 1) / 2, 0);
    t_label(t);
}

static void
translate(struct translator *t, struct engine_module *m, uint32_t func,
          bool wide)
{
    const struct func_code *c = &m->code[func];
    struct frame *f;

    t->m = m;
    t->type = type_get(c->type);
    t->p = m->bytes + c->body;
    t->end = t->p + c->length;
    t->failed = t->needs_wide = t->dead = false;
    t->wide = wide;
    t->plain = m->plain;
    t->canonical_nan = engine_options()->canonical_nan;
    t->n = t->label = t->last = t->last_call = t->raw = 0;
    t->sp = t->pending = t->nframes = t->nlocals = t->mark = 0;
    t->nclauses = t->nhandlers = t->scratch = 0;
    prologue(t);
    if (t->frames_cap == 0 &&
        !t_grow(t, &t->frames, &t->frames_cap, sizeof *t->frames))
        return;
    f = &t->frames[t->nframes++];
    *f = (struct frame){.kind = FRAME_BLOCK,
                        .base = t->top,
                        .nresults = t->type->nresults,
                        .result_slots = t->type->result_slots,
                        .types = t->type->vt + t->type->nparams};
    t_body(t);
    if (!t->failed)
        t->out[0].uimm =
            (t->max > t->type->result_slots ? t->max : t->type->result_slots) +
            1; /* enter writes pairs */
}

void
t_buffers_free(struct translator *t)
{
    free(t->out);
    free(t->stack);
    free(t->frames);
    free(t->local_slot);
    free(t->local_class);
    free(t->clauses);
    free(t->handlers);
    memset(t, 0, sizeof *t);
}

bool
t_translate(struct translator *t, struct engine_module *m, uint32_t func)
{
    translate(t, m, func, false);
    if (t->needs_wide && !t->failed)
        translate(t, m, func, true);
    return !t->failed && !t->needs_wide;
}
