/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The validator's stack switching instructions (proposal, phase 3): 0xe0 to
 * 0xe6. A continuation type names a function type; `cont_func` is that one.
 */
#include "validate.h"

#include "decode.h"
#include "limits.h"

/* The continuation type of a reference type, or NULL. */
static const struct type_def *
cont_of(uint32_t vt)
{
    if (!vt_is_ref(vt) || heap_is_abstract(vt_heap(vt)) ||
        type_get(vt_heap(vt))->kind != TYPE_CONT)
        return NULL;
    return type_get(vt_heap(vt));
}

static const struct type_def *
tag_index(struct validator *v)
{
    uint32_t tag = read_u32(v->r);

    if (reader_failed(v->r))
        return NULL;
    if (tag >= v->m->ntags) {
        v_error(v, "unknown tag");
        return NULL;
    }
    return type_get(v->m->tags[tag]);
}

static const uint32_t *
results(const struct type_def *func)
{
    return func->vt + func->nparams;
}

static bool
all_match(const uint32_t *sub, uint32_t nsub, const uint32_t *super,
          uint32_t nsuper)
{
    if (nsub != nsuper)
        return false;
    for (uint32_t i = 0; i < nsub; i++)
        if (!vt_matches(sub[i], super[i]))
            return false;
    return true;
}

/* cont.new $ct: [(ref null $ft)] -> [(ref $ct)] */
static void
cont_new(struct validator *v)
{
    const struct type_def *ct = v_type_index(v, TYPE_CONT);

    if (!ct)
        return;
    v_pop(v, ref_to(type_cont_func(ct), true));
    v_push(v, ref_to(ct, false));
}

/* cont.bind $ct $ct': [t3* (ref null $ct)] -> [(ref $ct')]; what $ct takes
 * behind t3* it takes as $ct'. */
static void
cont_bind(struct validator *v)
{
    const struct type_def *from = v_type_index(v, TYPE_CONT);
    const struct type_def *to = v_type_index(v, TYPE_CONT);
    const struct type_def *f, *t;
    uint32_t n;

    if (!from || !to)
        return;
    f = type_cont_func(from);
    t = type_cont_func(to);
    v_work(v, f->nparams + f->nresults);
    if (f->nparams < t->nparams) {
        v_error(v, "type mismatch: cont.bind adds parameters");
        return;
    }
    n = f->nparams - t->nparams;
    if (!all_match(t->vt, t->nparams, f->vt + n, t->nparams) ||
        !all_match(results(f), f->nresults, results(t), t->nresults)) {
        v_error(v, "type mismatch in cont.bind");
        return;
    }
    v_pop(v, ref_to(from, true));
    v_pop_many(v, f->vt, n);
    v_push(v, ref_to(to, false));
}

/* (on $e $l): the label takes what the tag carries, and the continuation, which
 * takes what the tag returns and returns what the resumed one does. */
static void
on_label(struct validator *v, const struct type_def *e,
         const struct type_def *resumed)
{
    struct ctl *c = v_label(v, read_u32(v->r));
    const struct type_def *ct, *f;
    const uint32_t *types;
    uint32_t n;

    if (!c)
        return;
    types = ctl_label_types(c, &n);
    ct = n ? cont_of(types[n - 1]) : NULL;
    if (!ct || !all_match(e->vt, e->nparams, types, n - 1)) {
        v_error(v, "type mismatch in the label of a handler");
        return;
    }
    f = type_cont_func(ct);
    if (!all_match(f->vt, f->nparams, results(e), e->nresults) ||
        !all_match(results(resumed), resumed->nresults, results(f),
                   f->nresults))
        v_error(v, "type mismatch in a handler's continuation");
}

static void
handlers(struct validator *v, const struct type_def *resumed)
{
    uint32_t n = decode_count(v->r, LIMIT_RESUME_HANDLERS, "handlers");

    for (; n && !reader_failed(v->r); n--) {
        uint8_t kind = read_u8(v->r);
        const struct type_def *e;

        if (kind > 1) {
            v_error(v, "malformed handler");
            return;
        }
        if (!(e = tag_index(v)))
            return;
        v_work(v, e->nparams + e->nresults + resumed->nresults);
        if (kind == 0)
            on_label(v, e, resumed);
        else if (e->nparams || !all_match(results(e), e->nresults,
                                          results(resumed), resumed->nresults))
            v_error(v, "type mismatch in a handler of switch");
    }
}

/* op: 0xe3 resume, 0xe4 resume_throw, 0xe5 resume_throw_ref */
static void
resume(struct validator *v, uint8_t op)
{
    const struct type_def *ct = v_type_index(v, TYPE_CONT), *e = NULL, *f;

    if (op == 0xe4) {
        e = tag_index(v);
        if (e && e->nresults)
            v_error(v, "a tag to throw must not have results");
    }
    if (!ct || reader_failed(v->r))
        return;
    f = type_cont_func(ct);
    handlers(v, f);
    v_pop(v, ref_to(ct, true));
    if (op == 0xe5)
        v_pop(v, VT_EXNREF);
    else if (e)
        v_pop_many(v, e->vt, e->nparams);
    else
        v_pop_many(v, f->vt, f->nparams);
    v_push_many(v, results(f), f->nresults);
}

static void
suspend(struct validator *v)
{
    const struct type_def *e = tag_index(v);

    if (!e)
        return;
    v_pop_many(v, e->vt, e->nparams);
    v_push_many(v, results(e), e->nresults);
}

/*
 * switch $ct1 $e: [t1* (ref null $ct1)] -> [t2*] where $ct1 takes t1* and a
 * $ct2, which takes t2*; all three return what $e does.
 */
static void
switch_(struct validator *v)
{
    const struct type_def *ct1 = v_type_index(v, TYPE_CONT);
    const struct type_def *e = tag_index(v), *f1, *f2;
    const struct type_def *ct2;

    if (!ct1 || !e)
        return;
    f1 = type_cont_func(ct1);
    ct2 = f1->nparams ? cont_of(f1->vt[f1->nparams - 1]) : NULL;
    if (!ct2) {
        v_error(v, "type mismatch: switch needs a continuation that takes one");
        return;
    }
    f2 = type_cont_func(ct2);
    if (e->nparams ||
        !all_match(results(f1), f1->nresults, results(e), e->nresults) ||
        !all_match(results(e), e->nresults, results(f2), f2->nresults)) {
        v_error(v, "type mismatch in switch");
        return;
    }
    v_pop(v, ref_to(ct1, true));
    v_pop_many(v, f1->vt, f1->nparams - 1);
    v_push_many(v, f2->vt, f2->nparams);
}

bool
v_cont(struct validator *v, uint8_t op)
{
    switch (op) {
    case 0xe0:
        cont_new(v);
        return true;
    case 0xe1:
        cont_bind(v);
        return true;
    case 0xe2:
        suspend(v);
        v->m->conts = true;
        return true;
    case 0xe3:
    case 0xe4:
    case 0xe5:
        resume(v, op);
        return true;
    case 0xe6:
        switch_(v);
        return true;
    default:
        return false;
    }
}
