/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: the interpreter against itself. A module is instantiated
 * and its exports are called three times over: with little fuel and a long
 * poll interval; without fuel and a poll interval of 1; and like that, but
 * with the instance cloned into another store half way. Every call that ended
 * for a reason of its own (results or a trap, not fuel, stack or memory) must
 * end alike each time, with the same memory and globals.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "pith_errno.h"
#include "spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CALLS = 16, VALUES = 64, FUEL = 100000 };

struct trace {
    unsigned count;
    bool cut;                             /* the last run ended by fuel */
    bool unclonable;                      /* holds structs and the like */
    enum engine_status status[CALLS + 1]; /* [0] is instantiation */
    uint64_t hash[CALLS + 1];             /* results, memory, globals */
};

struct setup {
    struct engine_config config;
    unsigned calls;    /* run at most so many */
    unsigned clone_at; /* move to a clone before this call; 0: never */
};

static uint64_t
mix(uint64_t h, const void *bytes, uint64_t n)
{
    const uint8_t *p = bytes;

    for (uint64_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

static enum engine_status
poll_nothing(struct engine_store *s, void *user)
{
    (void)s;
    (void)user;
    return ENGINE_OK;
}

static uint64_t
hash_value(uint64_t h, const struct engine_valtype *type,
           const union engine_value *v)
{
    static const uint8_t null = 0;
    uint64_t size = 8;

    if (type->kind == ENGINE_REF)
        return v->ref ? h : mix(h, &null, 1); /* addresses differ */
    if (type->kind == ENGINE_I32 || type->kind == ENGINE_F32)
        size = 4;
    else if (type->kind == ENGINE_V128)
        size = 16;
    return mix(h, v, size);
}

static uint64_t
hash_state(uint64_t h, struct engine_instance *i)
{
    struct engine_module *m = engine_instance_module(i);
    struct engine_extern e;
    bool mutable_;

    for (uint32_t k = 0; k < engine_module_exports(m); k++) {
        const struct engine_port *p = engine_module_export(m, k);

        if (!engine_instance_export(i, p->name, p->name_len, &e))
            abort();
        if (e.kind == ENGINE_MEMORY) {
            uint64_t n = engine_memory_size(e.memory);

            h = mix(h, &n, sizeof n);
            h = mix(h, engine_memory_base(e.memory), n < 65536 ? n : 65536);
        } else if (e.kind == ENGINE_GLOBAL) {
            struct engine_valtype type =
                engine_global_type(e.global, &mutable_);
            union engine_value v = engine_global_get(e.global);

            h = hash_value(h, &type, &v);
        }
    }
    return h;
}

static struct engine_extern *
link_stubs(struct engine_store *s, struct engine_module *m)
{
    uint32_t n = engine_module_imports(m);
    struct engine_extern *imports = calloc(n + 1u, sizeof *imports);

    for (uint32_t i = 0; imports && i < n; i++)
        if (!host_stub(s, engine_module_import(m, i), &imports[i])) {
            free(imports);
            return NULL;
        }
    return imports;
}

/* Did the program end this, rather than a limit? */
static bool
own_end(enum engine_status st)
{
    return st == ENGINE_OK || st == ENGINE_EXCEPTION || status_is_trap(st);
}

static enum engine_status
call(struct engine_store *s, struct engine_func *f, uint64_t *hash)
{
    union engine_value args[VALUES], results[VALUES];
    const struct engine_functype *type = engine_func_type(f);
    enum engine_status st;

    memset(args, 0, sizeof args);
    for (uint32_t i = 0; i < type->nparams; i++)
        if (type->params[i].kind != ENGINE_REF)
            args[i].i32 = i * 3 + 1;
    st = engine_call(s, f, args, results);
    for (uint32_t i = 0; st == ENGINE_OK && i < type->nresults; i++)
        *hash = hash_value(*hash, &type->results[i], &results[i]);
    return st;
}

static bool
callable(const struct engine_functype *type)
{
    if (type->nparams > VALUES || type->nresults > VALUES)
        return false;
    for (uint32_t i = 0; i < type->nparams; i++)
        if (type->params[i].kind == ENGINE_REF && !type->params[i].nullable)
            return false;
    return true;
}

/* Record one outcome; false when the run ends with it. */
static bool
record(struct trace *t, enum engine_status st, uint64_t hash)
{
    if (!own_end(st)) {
        t->cut = true;
        return false;
    }
    t->status[t->count] = st;
    t->hash[t->count++] = hash;
    return true;
}

static void
call_all(struct engine_store *s, struct engine_instance *i,
         const struct setup *u, struct trace *t)
{
    struct engine_module *m = engine_instance_module(i);
    struct engine_store *other = NULL;

    for (uint32_t k = 0; k < engine_module_exports(m) && t->count <= CALLS &&
                         t->count < u->calls;
         k++) {
        const struct engine_port *p = engine_module_export(m, k);
        uint64_t hash = 0xcbf29ce484222325u;
        struct engine_extern e;
        enum engine_status st;

        if (p->kind != ENGINE_FUNC || !callable(p->functype))
            continue;
        if (u->clone_at == t->count &&
            (other = engine_store_create(&u->config))) {
            struct engine_extern *imports = link_stubs(other, m);

            int r = imports ? engine_instance_clone(other, i, imports, &i)
                            : -E_NOMEM;

            free(imports);
            t->unclonable = r < 0;
            if (r == -E_INVAL)
                abort();
            if (r < 0)
                break;
            s = other;
        }
        if (!engine_instance_export(i, p->name, p->name_len, &e))
            abort();
        st = call(s, e.func, &hash);
        if (!record(t, st, hash_state(hash, i)))
            break;
    }
    engine_store_destroy(other);
}

static void
run(struct engine_module *m, const struct setup *u, struct trace *t)
{
    struct engine_store *s = engine_store_create(&u->config);
    struct engine_extern *imports = s ? link_stubs(s, m) : NULL;
    struct engine_instance *i = NULL;
    struct report report = {.text = ""};
    enum engine_status st;

    memset(t, 0, sizeof *t);
    if (imports) {
        st = engine_instance_create(s, m, imports, &i, &report);
        if (record(t, st, i && st == ENGINE_OK ? hash_state(0, i) : 0) &&
            st == ENGINE_OK)
            call_all(s, i, u, t);
    }
    free(imports);
    engine_store_destroy(s);
}

static void
compare(const struct trace *a, const struct trace *b, const char *what)
{
    for (unsigned i = 0; i < a->count && !b->unclonable; i++)
        if (i >= b->count || a->status[i] != b->status[i] ||
            a->hash[i] != b->hash[i]) {
            fprintf(stderr, "%s: call %u: %s, %s, %s\n", what, i,
                    engine_status_text(a->status[i]),
                    i < b->count ? engine_status_text(b->status[i]) : "cut",
                    i < b->count ? "other state" : "");
            abort();
        }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trace first, second;
    struct setup u = {.config = {.memory_bytes = 64u << 20,
                                 .table_elements = 1u << 16,
                                 .fuel = FUEL,
                                 .poll_interval = FUEL,
                                 .poll = poll_nothing},
                      .calls = CALLS + 1};
    struct engine_module *m = NULL;

    if (engine_module_load(data, size, NULL, NULL, &m, NULL))
        return 0;
    run(m, &u, &first);
    u.config.fuel = UINT64_MAX;
    u.config.poll_interval = 1;
    u.calls = first.count;
    if (first.count) { /* else its start may never end */
        run(m, &u, &second);
        compare(&first, &second, "without fuel");
    }
    u.clone_at = (first.count + 1) / 2;
    if (u.clone_at) {
        run(m, &u, &second);
        compare(&first, &second, "cloned");
    }
    engine_module_unref(m);
    return 0;
}
