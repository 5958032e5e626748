/* SPDX-License-Identifier: Apache-2.0 */
/* The validator's operand stack, variables and loop; see validate.h (3.4, 7.2).
 */
#include "validate.h"

#include "decode.h"

#include <stdlib.h>

#include "limits.h"
#include "pith_errno.h"

#define MAX_OPERANDS (LIMIT_STACK_SLOTS / 2)
#define WORK_BASE 1000000u
#define WORK_PER_BYTE 64u

void
v_error(struct validator *v, const char *what)
{
    reader_fail(v->r, -E_INVAL, "%s", what);
}

/* ---- the operand stack ------------------------------------------------------
 */

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
        reader_fail(v->r, -E_INVAL,
                    "type mismatch: expected %s, stack is empty",
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
v_work(struct validator *v, uint32_t n)
{
    if (n <= v->work) {
        v->work -= n;
        return;
    }
    v->work = 0;
    reader_fail(v->r, -E_2BIG, "function passes too many values around");
}

void
v_pop_group(struct validator *v, const uint32_t *vt, uint32_t n)
{
    v_work(v, n);
    while (n && !reader_failed(v->r))
        v_pop(v, vt[--n]);
}

void
v_push_group(struct validator *v, const uint32_t *vt, uint32_t n)
{
    v_work(v, n);
    for (uint32_t i = 0; i < n && !reader_failed(v->r); i++)
        v_push(v, vt[i]);
}

/* ---- variables
 * -------------------------------------------------------------------------- */

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

/* ---- the loop
 * -----------------------------------------------------------------------------
 */

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
        v_block(v, CTL_BLOCK);
        break;
    case 0x03:
        v_block(v, CTL_LOOP);
        break;
    case 0x04:
        v_pop(v, VT_I32);
        v_block(v, CTL_IF);
        break;
    case 0x05:
        v_else(v);
        break;
    case 0x06:
        v_block(v, CTL_TRY);
        break;
    case 0x07:
        v_catch(v, false);
        break;
    case 0x08:
        v_throw(v);
        break;
    case 0x09:
        v_rethrow(v);
        break;
    case 0x0a:
        v_pop(v, VT_EXNREF);
        v_unreachable(v);
        break;
    case 0x0b:
        v_end(v);
        break;
    case 0x0c:
        v_br(v);
        break;
    case 0x0d:
        v_br_if(v);
        break;
    case 0x0e:
        v_br_table(v);
        break;
    case 0x0f:
        v_return(v);
        break;
    case 0x10:
    case 0x12:
        v_call(v, op == 0x12);
        break;
    case 0x11:
    case 0x13:
        v_call_indirect(v, op == 0x13);
        break;
    case 0x14:
    case 0x15:
        v_call_ref(v, op == 0x15);
        break;
    case 0x18:
        v_delegate(v);
        break;
    case 0x19:
        v_catch(v, true);
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
        v_try_table(v);
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
        v_br_on_null(v);
        break;
    case 0xd6:
        v_br_on_non_null(v);
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
        else if (!v_reference(v, op) && !v_cont(v, op))
            reader_fail(v->r, -E_INVAL, "illegal opcode 0x%02x", op);
    }
}

/* Skip a number of at most four bytes: no bit of it is one too many. */
static inline bool
skip_number(struct reader *r, const uint8_t *p)
{
    if (r->end - p < 4)
        return false;
    for (unsigned i = 0; i < 4; i++)
        if (p[i] < 0x80) {
            r->p = p + i + 1;
            return true;
        }
    return false;
}

/* What most code consists of, when there is nothing special about it. False:
 * nothing was read, ask instruction(). */
static inline bool
usual(struct validator *v, uint8_t op)
{
    struct reader *r = v->r;

    if (op >= 0x28 && op <= 0x3e) {
        const struct access *a = &v_accesses[op];

        if (!v->plain_memory || r->p == r->end || *r->p > a->size ||
            !skip_number(r, r->p + 1))
            return false;
        if (op >= 0x36)
            v_pop(v, a->vt);
        v_pop(v, VT_I32);
        if (op < 0x36)
            v_push(v, a->vt);
        return true;
    }
    if (op == 0x41 && skip_number(r, r->p)) {
        v_push(v, VT_I32);
        return true;
    }
    if ((op == 0x21 || op == 0x22) && r->p < r->end &&
        *r->p < v->plain_locals) {
        uint32_t vt = v->flat[*r->p++];

        v_pop(v, vt);
        if (op == 0x22)
            v_push(v, vt);
        return true;
    }
    return false;
}

static void
body(struct validator *v)
{
    struct reader *r = v->r;

    while (v->nctls && !reader_failed(r)) {
        const struct numeric *n;
        uint8_t op;

        if (r->p == r->end) { /* the operands stay: debug/core_frame.c */
            reader_fail(r, -E_INVAL, "unexpected end");
            return;
        }
        op = *r->p++;
        n = &numeric_ops[op];

        if (op == 0x20 && r->p < r->end && *r->p < v->plain_locals) {
            v_push(v, v->flat[*r->p++]); /* most common by far */
            continue;
        }

        if (!n->pops) {
            if (!usual(v, op))
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
    v->plain_locals = v->tracked ? 0 : v->nlocals < 0x80 ? v->nlocals : 0x80;
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
    v->plain_memory = m->nmemories && !m->memories[0].is64;
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
    v->work = WORK_BASE + (uint64_t)reader_left(r) * WORK_PER_BYTE;
    locals(v);
    if (reader_failed(r))
        return r->err;
    c = v_ctl_push(v, CTL_FUNC);
    if (!c)
        return r->err;
    /* the label of the function takes its results */
    c->types = v->type->vt + v->type->nparams;
    c->nresults = v->type->nresults;
    body(v);
    return r->err;
}
