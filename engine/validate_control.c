/* SPDX-License-Identifier: Apache-2.0 */
/* The validator's control instructions: blocks, branches, calls, exceptions. */
#include "validate.h"

#include "decode.h"

#include <stdlib.h>

#include "limits.h"
#include "pith_errno.h"

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

struct ctl *
v_ctl_push(struct validator *v, enum ctl_kind kind)
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
    *c =
        (struct ctl){.kind = (uint8_t)kind, .height = v->sp, .init = v->ninits};
    v->height = v->sp;
    return c;
}

/* Read a block type, pop its parameters, open the frame, push them again. */
void
v_block(struct validator *v, enum ctl_kind kind)
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
    c = v_ctl_push(v, kind);
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

void
v_else(struct validator *v)
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

void
v_end(struct validator *v)
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

/* ---- branches
 * ------------------------------------------------------------------- */

void
v_br(struct validator *v)
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

void
v_br_if(struct validator *v)
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

    v_work(v, n);
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

void
v_br_table(struct validator *v)
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

void
v_return(struct validator *v)
{
    v_pop_many(v, v->type->vt + v->type->nparams, v->type->nresults);
    v_unreachable(v);
}

/* br_on_null l: [t* (ref null ht)] -> [t* (ref ht)] */
void
v_br_on_null(struct validator *v)
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
void
v_br_on_non_null(struct validator *v)
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

/* ---- calls
 * ------------------------------------------------------------------------ */

static void
call_type(struct validator *v, const struct type_def *t, bool tail)
{
    v_pop_many(v, t->vt, t->nparams);
    if (!tail) {
        v_push_many(v, t->vt + t->nparams, t->nresults);
        return;
    }
    v->m->tail_calls = true;
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

void
v_call(struct validator *v, bool tail)
{
    uint32_t i = read_u32(v->r);

    if (i >= v->m->nfuncs)
        v_error(v, "unknown function");
    else
        call_type(v, module_func_type(v->m, i), tail);
}

void
v_call_indirect(struct validator *v, bool tail)
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

void
v_call_ref(struct validator *v, bool tail)
{
    uint32_t type = decode_functype_index(v->m, v->r);

    if (reader_failed(v->r))
        return;
    v_pop(v, VT_REF | VT_NULLABLE | type);
    call_type(v, type_get(type), tail);
}

/* ---- exceptions
 * ---------------------------------------------------------------------- */

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

void
v_throw(struct validator *v)
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

void
v_try_table(struct validator *v)
{
    struct reader *r = v->r;
    struct reader at;
    uint32_t n;
    struct ctl saved;

    v_block(v, CTL_TRY_TABLE);
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

void
v_catch(struct validator *v, bool all)
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

void
v_delegate(struct validator *v)
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
        v_end(v);
}

void
v_rethrow(struct validator *v)
{
    struct ctl *c = v_label(v, read_u32(v->r));

    if (!c)
        return;
    if (c->kind != CTL_CATCH && c->kind != CTL_CATCH_ALL)
        v_error(v, "rethrow outside a catch");
    v_unreachable(v);
}
