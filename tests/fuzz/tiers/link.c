/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What modules import. Functions log their arguments and answer with numbers
 * that depend on how often they were called; those that Binaryen's fuzzer knows
 * (fuzzing-support) throw, and call the module back.
 */
#include "tiers.h"

#include <stdio.h>
#include <string.h>

#include "gc.h"
#include "spec.h"

enum { DEEPEST = 3, MOST_SLOTS = 256 };

static const uint64_t numbers[] = {0,
                                   1,
                                   2,
                                   7,
                                   31,
                                   32,
                                   63,
                                   64,
                                   127,
                                   128,
                                   255,
                                   256,
                                   1000,
                                   65535,
                                   65536,
                                   0x7fffffff,
                                   0x80000000,
                                   0xffffffff,
                                   0x7fffffffffffffff,
                                   0x8000000000000000,
                                   0xffffffffffffffff,
                                   0x3f800000,
                                   0x7f800000,
                                   0x7fc00000,
                                   0x3ff0000000000000,
                                   0x7ff0000000000000,
                                   0x7ff8000000000000,
                                   0xc1e0000000000000,
                                   0x41efffffffe00000,
                                   0x4f000000,
                                   0x123456789abcdef0};

static bool
reference_for(struct run *r, const struct engine_valtype *t, uint64_t which,
              void **out)
{
    enum engine_hierarchy h = engine_valtype_hierarchy(*t);
    void *some = (void *)(uintptr_t)((which & 0xff) << 1 | 1); /* an i31 */
    struct engine_extern e;

    *out = NULL;
    if (t->nullable && which % 3 == 0)
        return true;
    if (h == ENGINE_HIERARCHY_EXTERN && which & 1)
        some = (void *)(uintptr_t)((which & 0xf0) + 16);
    if (h == ENGINE_HIERARCHY_FUNC) {
        some = NULL;
        for (uint32_t i = 0; r->in && i < engine_module_exports(r->m); i++) {
            const struct engine_port *p = engine_module_export(r->m, i);

            if (p->kind == ENGINE_FUNC &&
                engine_instance_export(r->in, p->name, p->name_len, &e) &&
                engine_ref_is(e.func, *t) && (!some || which >> 8 & 1))
                some = e.func;
        }
    }
    if (some && h != ENGINE_HIERARCHY_EXN && engine_ref_is(some, *t))
        *out = some;
    return *out || t->nullable;
}

bool
value_for(struct run *r, const struct engine_valtype *t, uint64_t which,
          union engine_value *out)
{
    uint64_t h = mix(0x1234, &which, sizeof which), n;

    n = numbers[h % (sizeof numbers / sizeof *numbers)];
    if (h >> 40 & 1)
        n = h * 0x9e3779b97f4a7c15u;
    memset(out, 0, sizeof *out);
    switch (t->kind) {
    case ENGINE_I32:
    case ENGINE_F32:
        out->i32 = (uint32_t)n;
        return true;
    case ENGINE_V128:
        out->v128[1] = n;
        out->v128[0] = n * 0x9e3779b97f4a7c15u;
        return true;
    case ENGINE_REF:
        return reference_for(r, t, h >> 8, &out->ref);
    default:
        out->i64 = n;
        return true;
    }
}

/* ---- functions ---- */

static enum engine_status
throw_tag(struct run *r, const uint64_t *slots)
{
    struct engine_tag *tag = NULL;
    const struct type_def *d;
    struct exception *e;

    for (uint32_t i = 0; i < r->m->ntags && !tag; i++)
        if (type_get(r->m->tags[i])->param_slots == 1 && r->in)
            tag = r->in->tags[i];
    if (!tag)
        return ENGINE_UNREACHABLE;
    d = type_get(tag->type);
    e = exception_create(r->s, tag, 1, r->s->sp);
    if (!e)
        return ENGINE_NO_MEMORY;
    e->slots[0] = vt_is_ref(d->vt[0]) ? 0 : (uint32_t)slots[0];
    r->s->exception = e;
    return ENGINE_EXCEPTION;
}

/* Call f from inside; what it throws is caught when caught is given. */
static enum engine_status
call_back(struct run *r, struct engine_func *f, bool *caught)
{
    uint64_t hash = 0;
    enum engine_status st;

    if (!f)
        return ENGINE_NULL_REFERENCE;
    if (r->depth >= DEEPEST)
        return ENGINE_OK;
    r->depth++;
    st = run_call(r, f, 1, &hash);
    r->depth--;
    r->log = mix(r->log, &hash, sizeof hash);
    r->log = mix(r->log, &st, sizeof st);
    if (!own_end(st) || !caught)
        return st;
    *caught = st != ENGINE_OK;
    return ENGINE_OK;
}

static enum engine_status
special(struct run *r, const struct engine_port *p, const uint64_t *slots,
        bool *caught)
{
    const struct engine_functype *t = p->functype;
    bool *catching = strstr(p->name, "catch") ? caught : NULL;
    struct engine_extern e;

    if (!t->nparams)
        return ENGINE_OK;
    if (!strcmp(p->name, "throw"))
        return throw_tag(r, slots);
    if (!strncmp(p->name, "call-ref", 8) && t->params[0].kind == ENGINE_REF &&
        engine_valtype_hierarchy(t->params[0]) == ENGINE_HIERARCHY_FUNC)
        return call_back(r, (void *)(uintptr_t)slots[0], catching);
    if (!strncmp(p->name, "call-export", 11) && r->in &&
        engine_module_exports(r->m)) {
        const struct engine_port *x = engine_module_export(
            r->m, (uint32_t)slots[0] % engine_module_exports(r->m));

        if (x->kind == ENGINE_FUNC &&
            engine_instance_export(r->in, x->name, x->name_len, &e))
            return call_back(r, e.func, catching);
    }
    return ENGINE_OK;
}

static enum engine_status
answer(struct run *r, const struct engine_functype *t, bool caught,
       uint64_t *slots)
{
    for (uint32_t i = 0; i < t->nresults; i++) {
        union engine_value v;

        if (!value_for(r, &t->results[i], r->count * 8 + i, &v))
            return ENGINE_NULL_REFERENCE;
        if (t->results[i].kind == ENGINE_I32 && !i)
            v.i32 = caught ? 1 : v.i32 & 0xff;
        memcpy(slots, &v, sizeof *slots);
        if (t->results[i].kind == ENGINE_V128)
            *++slots = v.v128[1];
        slots++;
    }
    return ENGINE_OK;
}

static enum engine_status
host_call(struct engine_store *s, struct engine_instance *caller, void *env,
          uint64_t *slots)
{
    struct run *r = engine_store_user(s);
    const struct engine_port *p = env;
    const uint64_t *at = slots;
    bool caught = false;
    enum engine_status st;

    (void)caller;
    r->count++;
    if (r->show)
        printf("  host %s", p->name);
    for (uint32_t i = 0; i < p->functype->nparams; i++) {
        const struct engine_valtype *t = &p->functype->params[i];
        union engine_value v = {.v128 = {at[0], 0}};

        if (t->kind == ENGINE_V128)
            v.v128[1] = *++at;
        at++;
        r->log = hash_value(r, r->log, t, &v);
    }
    if (r->show)
        puts("");
    st = special(r, p, slots, &caught);
    return st == ENGINE_OK ? answer(r, p->functype, caught, slots) : st;
}

/* ---- linking ---- */

static bool
link_one(struct run *r, const struct engine_port *p, uint32_t i,
         struct engine_extern *out)
{
    union {
        const void *in;
        void *out;
    } env = {p};
    union engine_value v;

    out->kind = p->kind;
    if (p->kind == ENGINE_FUNC) {
        out->func = engine_func_host(r->s, p->functype, host_call, env.out);
        return out->func;
    }
    if (p->kind == ENGINE_GLOBAL) {
        if (!value_for(r, &p->type, i, &v))
            return false;
        out->global = engine_global_create(r->s, p->type, p->mutable_, v);
        return out->global;
    }
    return host_stub(r->s, p, out);
}

bool
link_imports(struct run *r, struct engine_extern *imports)
{
    for (uint32_t i = 0; i < engine_module_imports(r->m); i++)
        if (!link_one(r, engine_module_import(r->m, i), i, &imports[i]))
            return false;
    return true;
}
