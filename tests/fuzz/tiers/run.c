/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tier's run of a module: instantiated, its exports called in a row with
 * two sets of arguments until a limit is reached; then each of the first few on
 * an instance of its own. What a limit ended says nothing about what follows.
 */
#include "tiers.h"

#include <stdio.h>
#include <stdlib.h>

#include "spec.h"

enum { VALUES = 64, ROUNDS = 2, FUEL = 100000 };

static struct engine_store *volatile current;
static volatile bool late;

void
run_stop(void)
{
    late = true;
    if (current)
        engine_store_interrupt(current);
}

bool
own_end(enum engine_status st)
{
    return st == ENGINE_OK || st == ENGINE_EXCEPTION || status_is_trap(st);
}

static enum engine_status
poll_time(struct engine_store *s, void *user)
{
    (void)s;
    (void)user;
    return late ? ENGINE_OUT_OF_FUEL : ENGINE_OK;
}

enum engine_status
run_call(struct run *r, struct engine_func *f, uint32_t round, uint64_t *hash)
{
    union engine_value args[VALUES], results[VALUES];
    const struct engine_functype *t = engine_func_type(f);
    enum engine_status st;

    if (t->nparams > VALUES || t->nresults > VALUES)
        return ENGINE_OK;
    for (uint32_t i = 0; i < t->nparams; i++)
        if (!value_for(r, &t->params[i], round * 64 + i, &args[i]))
            return ENGINE_OK;
    st = engine_call(r->s, f, args, results);
    if (r->show)
        printf("  %s:", engine_status_text(st));
    for (uint32_t i = 0; st == ENGINE_OK && i < t->nresults; i++)
        *hash = hash_value(r, *hash, &t->results[i], &results[i]);
    if (r->show)
        puts("");
    if (st != ENGINE_OK && own_end(st))
        *hash = hash_end(r, *hash, st);
    return st;
}

/* False: it was a limit. */
static bool
record(struct run *r, uint32_t at, uint32_t call, enum engine_status st,
       uint64_t hash)
{
    struct outcome *o = &r->t->o[at];

    o->call = call;
    o->status = own_end(st) ? OUTCOME_BASE + st : OUTCOME_CUT;
    if (o->status == OUTCOME_CUT)
        return false;
    hash = mix(hash, &r->log, sizeof r->log);
    o->hash = r->in ? hash_state(r, hash) : hash;
    return true;
}

/* A store and an instance in it; false: it has none, *st says why. */
static bool
begin(struct run *r, enum engine_status *st)
{
    struct engine_config c = {.user = r,
                              .memory_bytes = 64u << 20,
                              .table_elements = 1u << 16,
                              .fuel = FUEL,
                              .poll_interval = r->poll_interval,
                              .poll = poll_time};
    uint32_t n = engine_module_imports(r->m);
    struct engine_extern *imports = calloc(n + 1u, sizeof *imports);
    struct report report = {.text = ""};

    r->in = NULL;
    r->log = r->count = 0;
    r->s = engine_store_create(&c);
    current = r->s;
    *st = ENGINE_UNLINKABLE;
    if (r->s && imports && link_imports(r, imports))
        *st = engine_instance_create(r->s, r->m, imports, &r->in, &report);
    free(imports);
    return *st == ENGINE_OK && r->in;
}

static void
end(struct run *r)
{
    current = NULL;
    engine_store_destroy(r->s);
    r->s = NULL;
    r->in = NULL;
}

/* The next function export from *i on. */
static struct engine_func *
next_function(struct run *r, uint32_t *i)
{
    struct engine_extern e;

    for (; *i < engine_module_exports(r->m); ++*i) {
        const struct engine_port *p = engine_module_export(r->m, *i);

        if (p->kind == ENGINE_FUNC &&
            engine_instance_export(r->in, p->name, p->name_len, &e)) {
            if (r->show)
                printf("call %s\n", p->name);
            return e.func;
        }
    }
    return NULL;
}

static void
sequence(struct run *r)
{
    uint32_t at = 1;
    struct engine_func *f;
    enum engine_status st;

    for (uint32_t round = 0; round < ROUNDS; round++)
        for (uint32_t i = 0;
             at < SEQUENCE && !late && (f = next_function(r, &i)); i++, at++) {
            uint64_t hash = 0;

            st = run_call(r, f, round, &hash);
            if (!record(r, at, round << 16 | i, st, hash))
                return;
        }
}

static void
solo(struct run *r)
{
    uint32_t i = 0, at = SEQUENCE;
    struct engine_func *f;
    enum engine_status st;

    for (; at < OUTCOMES && !late; i++, at++) {
        uint64_t hash = 0;

        if (!begin(r, &st) || !(f = next_function(r, &i))) {
            end(r);
            return;
        }
        st = run_call(r, f, ROUNDS, &hash);
        record(r, at, ROUNDS << 16 | i, st, hash);
        end(r);
    }
}

void
run_module(struct run *r)
{
    enum engine_status st;
    bool ok;

    late = false;
    ok = begin(r, &st);
    if (r->show)
        printf("instance: %s\n", engine_status_text(st));
    if (st != ENGINE_UNLINKABLE && record(r, 0, 0, st, 0) && ok)
        sequence(r);
    end(r);
    if (ok)
        solo(r);
    r->t->done = true;
}
