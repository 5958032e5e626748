/* SPDX-License-Identifier: Apache-2.0 */
/* The validator's loop and control instructions; see validate.h (3.4, 7.2). */
#include "validate.h"

#include "decode.h"

#include <stdlib.h>

#include "limits.h"
#include "pith_errno.h"

#define MAX_OPERANDS (LIMIT_STACK_SLOTS / 2)

void
v_error(struct validator *v, const char *what)
{
    reader_fail(v->r, -E_INVAL, "%s", what);
}

/* ---- the operand stack ------------------------------------------------------ */

void
v_push_slow(struct validator *v, uint32_t vt)
{
    uint32_t cap = v->cap ? v->cap * 2 : 1024;
    uint32_t *p;

    if (v->sp >= MAX_OPERANDS) {
        reader_fail(v->r, -E_2BIG, "operand stack too high");
        return;
    }
    p = realloc(v->stack, cap * sizeof *p);
    if (!p) {
        reader_fail(v->r, -E_NOMEM, "out of memory");
        return;
    }
    v->stack = p;
    v->cap = cap;
    v->stack[v->sp++] = vt;
}

void
v_pop_mismatch(struct validator *v, uint32_t want)
{
    char a[32], b[32];

    if (v->sp == v->height)
        reader_fail(v->r, -E_INVAL, "type mismatch: expected %s, stack is empty",
                    vt_name(want, a, sizeof a));
    else
        reader_fail(v->r, -E_INVAL, "type mismatch: expected %s, got %s",
                    vt_name(want, a, sizeof a),
                    vt_name(v->stack[v->sp - 1], b, sizeof b));
}

uint32_t
v_pop_slow(struct validator *v, uint32_t want)
{
    if (v->sp == v->height) {
        if (v->ctls[v->nctls - 1].unreachable)
            return VT_BOTTOM;
        v_pop_mismatch(v, want);
        return want;
    }
    if (!vt_matches(v->stack[v->sp - 1], want)) {
        v_pop_mismatch(v, want);
        return want;
    }
    return v->stack[--v->sp];
}

uint32_t
v_pop_any(struct validator *v)
{
    if (v->sp > v->height)
        return v->stack[--v->sp];
    if (!v->ctls[v->nctls - 1].unreachable)
        v_error(v, "type mismatch: the stack is empty");
    return VT_BOTTOM;
}

uint32_t
v_pop_ref(struct validator *v)
{
    uint32_t vt = v_pop_any(v);

    if (vt == VT_BOTTOM)
        return VT_REF | HEAP_BOTTOM;
    if (!vt_is_ref(vt))
        v_error(v, "type mismatch: expected a reference");
    return vt;
}

void
v_pop_many(struct validator *v, const uint32_t *vt, uint32_t n)
{
    while (n && !reader_failed(v->r))
        v_pop(v, vt[--n]);
}

void
v_push_many(struct validator *v, const uint32_t *vt, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        v_push(v, vt[i]);
}

/* ---- control frames ----------------------------------------------------------- */

const uint32_t *
ctl_results(const struct ctl *c)
{
    return c->types ? c->types + c->nparams : &c->single;
}

const uint32_t *
ctl_label_types(const struct ctl *c, uint32_t *n)
{
    if (c->kind == CTL_LOOP) {
        *n = c->nparams;
        return c->types;
    }
    *n = c->nresults;
    return ctl_results(c);
}

struct ctl *
v_label(struct validator *v, uint32_t depth)
{
    if (depth >= v->nctls) {
        v_error(v, "unknown label");
        return NULL;
    }
    return &v->ctls[v->nctls - 1 - depth];
}

void
v_unreachable(struct validator *v)
{
    v->sp = v->height;
    v->ctls[v->nctls - 1].unreachable = true;
}

static struct ctl *
ctl_push(struct validator *v, enum ctl_kind kind)
{
    struct ctl *c;

    if (v->nctls == v->ctls_cap) {
        uint32_t cap = v->ctls_cap ? v->ctls_cap * 2 : 64;

        c = realloc(v->ctls, cap * sizeof *c);
        if (!c) {
            reader_fail(v->r, -E_NOMEM, "out of memory");
            return NULL;
        }
        v->ctls = c;
        v->ctls_cap = cap;
    }
    c = &v->ctls[v->nctls++];
    *c = (struct ctl){.kind = (uint8_t)kind, .height = v->sp, .init = v->ninits};
    v->height = v->sp;
    return c;
}

/* Read a block type, pop its parameters, open the frame, push them again. */
static void
block(struct validator *v, enum ctl_kind kind)
{
    struct ctl type = {0}, *c;
    struct reader *r = v->r;

    if (r->p < r->end && (*r->p & 0xc0) == 0x40) { /* one byte, negative */
        if (*r->p == 0x40) {
            r->p++;
        } else {
            type.single = decode_valtype(v->m, r);
            type.nresults = 1;
        }
    } else {
        int64_t i = reader_leb_s(r, 33);
        const struct type_def *t;

        if (i < 0 || i >= v->m->ntypes ||
            (t = type_get(v->m->types[i]))->kind != TYPE_FUNC) {
            v_error(v, "unknown type in block");
            return;
        }
        type.types = t->vt;
        type.nparams = t->nparams;
        type.nresults = t->nresults;
    }
    v_pop_many(v, type.types, type.nparams);
    c = ctl_push(v, kind);
    if (!c)
        return;
    c->types = type.types;
    c->nparams = type.nparams;
    c->nresults = type.nresults;
    c->single = type.single;
    v_push_many(v, type.types, type.nparams);
}

/* Locals that became set inside the frame are unset again. */
static void
reset_inits(struct validator *v, uint32_t to)
{
    while (v->ninits > to) {
        uint32_t i = v->inits[--v->ninits];

        v->is_set[i / 8] &= (uint8_t)~(1u << i % 8);
    }
}

/* The frame's results must be on the stack and nothing else; pop them. */
static void
end_results(struct validator *v)
{
    struct ctl *c = &v->ctls[v->nctls - 1];

    v_pop_many(v, ctl_results(c), c->nresults);
    if (!reader_failed(v->r) && v->sp != c->height)
        v_error(v, "type mismatch: values remain at the end of a block");
    reset_inits(v, c->init);
}

static void
do_else(struct validator *v)
{
    struct ctl *c = &v->ctls[v->nctls - 1];

    if (c->kind != CTL_IF) {
        v_error(v, "else without if");
        return;
    }
    end_results(v);
    c->kind = CTL_ELSE;
    c->unreachable = false;
    v_push_many(v, c->types, c->nparams);
}

/* An if without else passes its parameters through. */
static void
check_missing_else(struct validator *v, const struct ctl *c)
{
    const uint32_t *results = ctl_results(c);

    if (c->nparams != c->nresults) {
        v_error(v, "type mismatch: if without else");
        return;
    }
    for (uint32_t i = 0; i < c->nparams; i++)
        if (!vt_matches(c->types[i], results[i])) {
            v_error(v, "type mismatch: if without else");
            return;
        }
}

static void
do_end(struct validator *v)
{
    struct ctl *c = &v->ctls[v->nctls - 1], copy;

    end_results(v);
    if (c->kind == CTL_IF)
        check_missing_else(v, c);
    copy = *c;
    v->nctls--;
    v->height = v->nctls ? v->ctls[v->nctls - 1].height : 0;
    v_push_many(v, ctl_results(&copy), copy.nresults);
}

/* ---- branches ------------------------------------------------------------------- */

static void
do_br(struct validator *v)
{
    struct ctl *c = v_label(v, read_u32(v->r));
    const uint32_t *vt;
    uint32_t n;

    if (!c)
        return;
    vt = ctl_label_types(c, &n);
    v_pop_many(v, vt, n);
    v_unreachable(v);
}

static void
do_br_if(struct validator *v)
{
    struct ctl *c = v_label(v, read_u32(v->r));
    const uint32_t *vt;
    uint32_t n;

    if (!c)
        return;
    v_pop(v, VT_I32);
    vt = ctl_label_types(c, &n);
    v_pop_many(v, vt, n);
    v_push_many(v, vt, n);
}

/* Check the label's types against the stack without changing it. */
static void
peek_many(struct validator *v, const uint32_t *vt, uint32_t n)
{
    bool open = v->ctls[v->nctls - 1].unreachable;

    for (uint32_t i = 0; i < n; i++) {
        if (v->sp - v->height <= i) {
            if (!open)
                v_error(v, "type mismatch in br_table");
            return;
        }
        if (!vt_matches(v->stack[v->sp - 1 - i], vt[n - 1 - i])) {
            v_error(v, "type mismatch in br_table");
            return;
        }
    }
}

static void
do_br_table(struct validator *v)
{
    uint32_t n = read_u32(v->r), arity = 0, mark = ++v->mark;
    bool first = true;

    if (n > LIMIT_BR_TABLE)
        reader_fail(v->r, -E_2BIG, "br_table too large");
    v_pop(v, VT_I32);
    for (uint32_t i = 0; i <= n && !reader_failed(v->r); i++) {
        struct ctl *c = v_label(v, read_u32(v->r));
        const uint32_t *vt;
        uint32_t k;

        if (!c || c->mark == mark)
            continue;
        c->mark = mark;
        vt = ctl_label_types(c, &k);
        if (first)
            arity = k;
        else if (k != arity)
            v_error(v, "type mismatch: br_table labels differ in arity");
        first = false;
        peek_many(v, vt, k);
    }
    v_unreachable(v);
}

static void
do_return(struct validator *v)
{
    v_pop_many(v, v->type->vt + v->type->nparams, v->type->nresults);
    v_unreachable(v);
}

/* br_on_null l: [t* (ref null ht)] -> [t* (ref ht)] */
static void
do_br_on_null(struct validator *v)
{
    struct ctl *c = v_label(v, read_u32(v->r));
    uint32_t vt, n;
    const uint32_t *types;

    if (!c)
        return;
    vt = v_pop_ref(v);
    types = ctl_label_types(c, &n);
    v_pop_many(v, types, n);
    v_push_many(v, types, n);
    v_push(v, vt & ~VT_NULLABLE);
}

/* br_on_non_null l: [t* (ref null ht)] -> [t*], l: [t* (ref ht)] */
static void
do_br_on_non_null(struct validator *v)
{
    struct ctl *c = v_label(v, read_u32(v->r));
    uint32_t vt, n;
    const uint32_t *types;

    if (!c)
        return;
    types = ctl_label_types(c, &n);
    vt = v_pop_ref(v);
    if (!n || !vt_is_ref(types[n - 1]) ||
        !vt_matches(vt & ~VT_NULLABLE, types[n - 1])) {
        v_error(v, "type mismatch in br_on_non_null");
        return;
    }
    v_pop_many(v, types, n - 1);
    v_push_many(v, types, n - 1);
}

/* ---- calls ------------------------------------------------------------------------ */

static void
call_type(struct validator *v, const struct type_def *t, bool tail)
{
    v_pop_many(v, t->vt, t->nparams);
    if (!tail) {
        v_push_many(v, t->vt + t->nparams, t->nresults);
        return;
    }
    if (t->nresults != v->type->nresults) {
        v_error(v, "type mismatch: results of a tail call");
        return;
    }
    for (uint32_t i = 0; i < t->nresults; i++)
        if (!vt_matches(t->vt[t->nparams + i],
                        v->type->vt[v->type->nparams + i]))
            v_error(v, "type mismatch: results of a tail call");
    v_unreachable(v);
}

static void
do_call(struct validator *v, bool tail)
{
    uint32_t i = read_u32(v->r);

    if (i >= v->m->nfuncs)
        v_error(v, "unknown function");
    else
        call_type(v, module_func_type(v->m, i), tail);
}

static void
do_call_indirect(struct validator *v, bool tail)
{
    uint32_t type = decode_functype_index(v->m, v->r);
    uint32_t table = v_table_index(v);

    if (reader_failed(v->r))
        return;
    if (!vt_matches(v->m->tables[table].vt, VT_FUNCREF)) {
        v_error(v, "type mismatch: call_indirect needs a table of functions");
        return;
    }
    v_pop(v, address_type(v->m->tables[table].limits.is64));
    call_type(v, type_get(type), tail);
}

static void
do_call_ref(struct validator *v, bool tail)
{
    uint32_t type = decode_functype_index(v->m, v->r);

    if (reader_failed(v->r))
        return;
    v_pop(v, VT_REF | VT_NULLABLE | type);
    call_type(v, type_get(type), tail);
}

/* ---- exceptions ---------------------------------------------------------------------- */

static const struct type_def *
tag_type(struct validator *v)
{
    uint32_t tag = read_u32(v->r);

    if (tag >= v->m->ntags) {
        v_error(v, "unknown tag");
        return NULL;
    }
    if (type_get(v->m->tags[tag])->nresults) {
        v_error(v, "a tag to throw must not have results");
        return NULL;
    }
    return type_get(v->m->tags[tag]);
}

static void
do_throw(struct validator *v)
{
    const struct type_def *t = tag_type(v);

    if (!t)
        return;
    v_pop_many(v, t->vt, t->nparams);
    v_unreachable(v);
}

/* A catch clause hands the tag's values (and the exnref) to its label. */
static void
catch_clause(struct validator *v)
{
    uint8_t kind = read_u8(v->r);
    const struct type_def *t = NULL;
    uint32_t n, given = 0, depth;
    const uint32_t *types;
    struct ctl *c;

    if (kind > 3)
        v_error(v, "malformed catch clause");
    if (kind < 2 && !(t = tag_type(v)))
        return;
    depth = read_u32(v->r);
    /* labels count from outside the try_table */
    c = v_label(v, depth);
    if (!c)
        return;
    types = ctl_label_types(c, &n);
    given = (t ? t->nparams : 0) + (kind & 1);
    if (n != given) {
        v_error(v, "type mismatch in a catch clause");
        return;
    }
    for (uint32_t i = 0; t && i < t->nparams; i++)
        if (!vt_matches(t->vt[i], types[i]))
            v_error(v, "type mismatch in a catch clause");
    if (kind & 1 && !vt_matches(VT_REF | HEAP_EXN, types[n - 1]))
        v_error(v, "type mismatch in a catch clause");
}

static void
do_try_table(struct validator *v)
{
    struct reader *r = v->r;
    struct reader at;
    uint32_t n;
    struct ctl saved;

    block(v, CTL_TRY_TABLE);
    if (reader_failed(r))
        return;
    n = decode_count(r, LIMIT_BR_TABLE, "catch clauses");
    /* The clauses' labels do not see this frame: hide it for a moment. */
    at = *r;
    (void)at;
    saved = v->ctls[--v->nctls];
    while (n-- && !reader_failed(r))
        catch_clause(v);
    v->ctls[v->nctls++] = saved;
}

static void
do_catch(struct validator *v, bool all)
{
    struct ctl *c = &v->ctls[v->nctls - 1];
    const struct type_def *t = NULL;

    if (!all && !(t = tag_type(v)))
        return;
    if (c->kind != CTL_TRY && c->kind != CTL_CATCH) {
        v_error(v, "catch without try");
        return;
    }
    end_results(v);
    c->kind = all ? CTL_CATCH_ALL : CTL_CATCH;
    c->unreachable = false;
    if (t)
        v_push_many(v, t->vt, t->nparams);
}

static void
do_delegate(struct validator *v)
{
    uint32_t depth = read_u32(v->r);
    struct ctl *c = &v->ctls[v->nctls - 1];

    if (c->kind != CTL_TRY) {
        v_error(v, "delegate without try");
        return;
    }
    if (depth >= v->nctls - 1)
        v_error(v, "unknown label");
    else
        do_end(v);
}

static void
do_rethrow(struct validator *v)
{
    struct ctl *c = v_label(v, read_u32(v->r));

    if (!c)
        return;
    if (c->kind != CTL_CATCH && c->kind != CTL_CATCH_ALL)
        v_error(v, "rethrow outside a catch");
    v_unreachable(v);
}

/* ---- variables -------------------------------------------------------------------------- */

static uint32_t
local_type(struct validator *v, uint32_t i)
{
    uint32_t lo = 0, hi = v->nruns;

    if (i < FLAT_LOCALS && i < v->nlocals)
        return v->flat[i];
    if (i >= v->nlocals) {
        v_error(v, "unknown local");
        return VT_I32;
    }
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;

        if (v->runs[mid].end <= i)
            lo = mid + 1;
        else
            hi = mid;
    }
    return v->runs[lo].vt;
}

static void
set_init(struct validator *v, uint32_t i)
{
    if (v->is_set[i / 8] >> i % 8 & 1)
        return;
    if (v->ninits == v->inits_cap) {
        uint32_t cap = v->inits_cap ? v->inits_cap * 2 : 64;
        uint32_t *p = realloc(v->inits, cap * sizeof *p);

        if (!p) {
            reader_fail(v->r, -E_NOMEM, "out of memory");
            return;
        }
        v->inits = p;
        v->inits_cap = cap;
    }
    v->is_set[i / 8] |= (uint8_t)(1u << i % 8);
    v->inits[v->ninits++] = i;
}

static void
do_local(struct validator *v, uint8_t op)
{
    uint32_t i = read_u32(v->r);
    uint32_t vt = local_type(v, i);

    if (reader_failed(v->r))
        return;
    if (op == 0x20) {
        if (v->tracked && !vt_is_defaultable(vt) &&
            !(v->is_set[i / 8] >> i % 8 & 1))
            v_error(v, "uninitialized local");
        v_push(v, vt);
        return;
    }
    v_pop(v, vt);
    if (op == 0x22)
        v_push(v, vt);
    if (v->tracked && !vt_is_defaultable(vt))
        set_init(v, i);
}

static void
do_global(struct validator *v, bool set)
{
    uint32_t i = read_u32(v->r);

    if (i >= v->m->nglobals) {
        v_error(v, "unknown global");
        return;
    }
    if (!set)
        v_push(v, v->m->globals[i].vt);
    else if (!v->m->globals[i].mutable_)
        v_error(v, "immutable global");
    else
        v_pop(v, v->m->globals[i].vt);
}

static void
do_select(struct validator *v)
{
    uint32_t a, b;

    v_pop(v, VT_I32);
    a = v_pop_any(v);
    b = v_pop_any(v);
    if (vt_is_ref(a) || vt_is_ref(b) || (a != b && a && b))
        v_error(v, "type mismatch in select");
    v_push(v, a ? a : b);
}

static void
do_select_typed(struct validator *v)
{
    uint32_t vt;

    if (read_u32(v->r) != 1) {
        v_error(v, "invalid result arity in select");
        return;
    }
    vt = decode_valtype(v->m, v->r);
    v_pop(v, VT_I32);
    v_pop(v, vt);
    v_pop(v, vt);
    v_push(v, vt);
}

/* ---- the loop ----------------------------------------------------------------------------- */

static void
instruction(struct validator *v, uint8_t op)
{
    switch (op) {
    case 0x00:
        v_unreachable(v);
        break;
    case 0x01:
        break;
    case 0x02:
        block(v, CTL_BLOCK);
        break;
    case 0x03:
        block(v, CTL_LOOP);
        break;
    case 0x04:
        v_pop(v, VT_I32);
        block(v, CTL_IF);
        break;
    case 0x05:
        do_else(v);
        break;
    case 0x06:
        block(v, CTL_TRY);
        break;
    case 0x07:
        do_catch(v, false);
        break;
    case 0x08:
        do_throw(v);
        break;
    case 0x09:
        do_rethrow(v);
        break;
    case 0x0a:
        v_pop(v, VT_EXNREF);
        v_unreachable(v);
        break;
    case 0x0b:
        do_end(v);
        break;
    case 0x0c:
        do_br(v);
        break;
    case 0x0d:
        do_br_if(v);
        break;
    case 0x0e:
        do_br_table(v);
        break;
    case 0x0f:
        do_return(v);
        break;
    case 0x10:
    case 0x12:
        do_call(v, op == 0x12);
        break;
    case 0x11:
    case 0x13:
        do_call_indirect(v, op == 0x13);
        break;
    case 0x14:
    case 0x15:
        do_call_ref(v, op == 0x15);
        break;
    case 0x18:
        do_delegate(v);
        break;
    case 0x19:
        do_catch(v, true);
        break;
    case 0x1a:
        v_pop_any(v);
        break;
    case 0x1b:
        do_select(v);
        break;
    case 0x1c:
        do_select_typed(v);
        break;
    case 0x1f:
        do_try_table(v);
        break;
    case 0x20:
    case 0x21:
    case 0x22:
        do_local(v, op);
        break;
    case 0x23:
    case 0x24:
        do_global(v, op == 0x24);
        break;
    case 0x41:
        read_s32(v->r);
        v_push(v, VT_I32);
        break;
    case 0x42:
        read_s64(v->r);
        v_push(v, VT_I64);
        break;
    case 0x43:
        read_bytes(v->r, 4);
        v_push(v, VT_F32);
        break;
    case 0x44:
        read_bytes(v->r, 8);
        v_push(v, VT_F64);
        break;
    case 0xd5:
        do_br_on_null(v);
        break;
    case 0xd6:
        do_br_on_non_null(v);
        break;
    case 0xfb:
        v_prefix_fb(v);
        break;
    case 0xfc:
        v_prefix_fc(v);
        break;
    case 0xfd:
        v_prefix_fd(v);
        break;
    case 0xfe:
        v_prefix_fe(v);
        break;
    default:
        if (op >= 0x28 && op <= 0x3e)
            v_load_store(v, op);
        else if (!v_reference(v, op))
            reader_fail(v->r, -E_INVAL, "illegal opcode 0x%02x", op);
    }
}

static void
body(struct validator *v)
{
    struct reader *r = v->r;

    while (v->nctls && !reader_failed(r)) {
        uint8_t op = read_u8(r);
        const struct numeric *n = &numeric_ops[op];

        if (!n->pops) {
            instruction(v, op);
            continue;
        }
        v_pop(v, n->operand);
        if (n->pops == 2)
            v_pop(v, n->operand);
        v_push(v, n->result);
    }
    if (!reader_failed(r) && reader_left(r))
        v_error(v, "operators remain after the end of the function");
}

static bool
add_run(struct validator *v, uint32_t n, uint32_t vt)
{
    if (!n)
        return true;
    for (uint32_t i = v->nlocals; i < FLAT_LOCALS && i < v->nlocals + n; i++)
        v->flat[i] = vt;
    if (v->nruns == v->runs_cap) {
        uint32_t cap = v->runs_cap ? v->runs_cap * 2 : 64;
        struct local_run *p = realloc(v->runs, cap * sizeof *p);

        if (!p) {
            reader_fail(v->r, -E_NOMEM, "out of memory");
            return false;
        }
        v->runs = p;
        v->runs_cap = cap;
    }
    v->nlocals += n;
    v->runs[v->nruns++] = (struct local_run){v->nlocals, vt};
    if (!vt_is_defaultable(vt))
        v->tracked = true;
    return true;
}

static void
locals(struct validator *v)
{
    struct reader *r = v->r;
    uint32_t groups, n;

    v->nruns = v->nlocals = v->ninits = 0;
    v->tracked = false;
    for (uint32_t i = 0; i < v->type->nparams; i++)
        if (!add_run(v, 1, v->type->vt[i]))
            return;
    v->tracked = false;
    groups = decode_count(r, LIMIT_LOCALS, "groups of locals");
    while (groups-- && !reader_failed(r)) {
        n = read_u32(r);
        if (n > LIMIT_LOCALS - v->nlocals + v->type->nparams) {
            reader_fail(r, -E_2BIG, "too many locals: at most %u",
                        (unsigned)LIMIT_LOCALS);
            return;
        }
        add_run(v, n, decode_valtype(v->m, r));
    }
    if (!v->tracked || reader_failed(r))
        return;
    memset(v->is_set, 0, v->nlocals / 8 + 1);
    for (uint32_t i = 0; i < v->type->nparams; i++)
        v->is_set[i / 8] |= (uint8_t)(1u << i % 8);
}

struct validator *
validator_create(struct engine_module *m)
{
    struct validator *v = calloc(1, sizeof *v);

    if (!v)
        return NULL;
    v->m = m;
    v->is_set = calloc(1, (LIMIT_LOCALS + LIMIT_PARAMS) / 8 + 1);
    if (!v->is_set) {
        free(v);
        return NULL;
    }
    return v;
}

void
validator_destroy(struct validator *v)
{
    if (!v)
        return;
    free(v->stack);
    free(v->ctls);
    free(v->runs);
    free(v->is_set);
    free(v->inits);
    free(v);
}

int
validator_func(struct validator *v, uint32_t i, struct reader *r)
{
    struct ctl *c;

    v->r = r;
    v->type = type_get(v->m->code[i].type);
    v->sp = v->height = v->nctls = 0;
    locals(v);
    if (reader_failed(r))
        return r->err;
    c = ctl_push(v, CTL_FUNC);
    if (!c)
        return r->err;
    /* the label of the function takes its results */
    c->types = v->type->vt + v->type->nparams;
    c->nresults = v->type->nresults;
    body(v);
    return r->err;
}
