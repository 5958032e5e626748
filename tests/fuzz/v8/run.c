/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One module on the engine, told as text: every exported function is called
 * with zeros, in order; what it logs through its imports and returns is printed
 * as run.mjs prints the same on V8. Values of v128 cannot cross into
 * JavaScript: exports with them are skipped, calls of imports with them throw.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "spec.h"

enum { VALUES = 128, POLLS = 4000 };

static unsigned polls;
static bool refused; /* an import was called that JavaScript cannot be */

static enum engine_status
poll_count(struct engine_store *s, void *user)
{
    (void)s;
    (void)user;
    return ++polls > POLLS ? ENGINE_OUT_OF_FUEL : ENGINE_OK;
}

static void
print_value(const struct engine_valtype *t, const union engine_value *v)
{
    switch (t->kind) {
    case ENGINE_I32:
        printf(" %d", (int)v->i32);
        break;
    case ENGINE_I64:
        printf(" %lld", (long long)v->i64);
        break;
    case ENGINE_F32:
        if ((v->f32 & 0x7fffffff) > 0x7f800000)
            printf(" nan");
        else
            printf(" f%x", v->f32);
        break;
    case ENGINE_F64:
        if ((v->f64 & INT64_MAX) > 0x7ff0000000000000)
            printf(" nan");
        else
            printf(" d%llx", (unsigned long long)v->f64);
        break;
    default:
        printf(" ref");
    }
}

static enum engine_status
log_values(struct engine_store *s, struct engine_instance *caller, void *env,
           uint64_t *slots)
{
    const struct engine_functype *t = env;
    uint64_t *results = slots;

    (void)s;
    (void)caller;
    if (engine_functype_has_v128(t)) {
        refused = true;
        return ENGINE_UNREACHABLE;
    }
    printf("log");
    for (uint32_t i = 0; i < t->nparams; i++) {
        union engine_value v = {.v128 = {*slots++, 0}};

        print_value(&t->params[i], &v);
    }
    puts("");
    for (uint32_t i = 0; i < t->nresults; i++)
        *results++ = 0;
    return ENGINE_OK;
}

/* How a call ended that gave no results; false: nothing that follows can be
 * compared. */
static bool
ending(enum engine_status st)
{
    bool limit = st == ENGINE_STACK_EXHAUSTED || st == ENGINE_OUT_OF_FUEL;

    puts(limit                               ? "limit"
         : refused || st == ENGINE_EXCEPTION ? "exception"
                                             : "trap");
    refused = false;
    return !limit;
}

static bool
call(struct engine_store *s, struct engine_func *f)
{
    const struct engine_functype *t = engine_func_type(f);
    union engine_value args[VALUES], results[VALUES];
    enum engine_status st;

    if (engine_functype_has_v128(t) || t->nparams > VALUES ||
        t->nresults > VALUES) {
        puts("skip");
        return true;
    }
    memset(args, 0, sizeof args);
    polls = 0;
    st = engine_call(s, f, args, results);
    if (st != ENGINE_OK)
        return ending(st);
    printf("result");
    for (uint32_t i = 0; i < t->nresults; i++)
        print_value(&t->results[i], &results[i]);
    puts("");
    return true;
}

static bool
link_imports(struct engine_store *s, struct engine_module *m,
             struct engine_extern *imports)
{
    for (uint32_t i = 0; i < engine_module_imports(m); i++) {
        const struct engine_port *p = engine_module_import(m, i);
        union {
            const void *in;
            void *out;
        } env = {p->functype};

        if (p->kind != ENGINE_FUNC) {
            if (!host_stub(s, p, &imports[i]))
                return false;
            continue;
        }
        imports[i].kind = ENGINE_FUNC;
        imports[i].func = engine_func_host(s, p->functype, log_values, env.out);
    }
    return true;
}

static int
run(struct engine_store *s, struct engine_module *m)
{
    struct engine_extern *imports =
        calloc(engine_module_imports(m) + 1u, sizeof *imports);
    struct engine_instance *in;
    struct report report = {.text = ""};
    struct engine_extern e;
    enum engine_status st;

    if (!imports || !link_imports(s, m, imports)) {
        free(imports);
        return 1;
    }
    puts("instance");
    st = engine_instance_create(s, m, imports, &in, &report);
    free(imports);
    if (st != ENGINE_OK) {
        ending(st);
        return 0;
    }
    for (uint32_t i = 0; i < engine_module_exports(m); i++) {
        const struct engine_port *p = engine_module_export(m, i);

        if (p->kind != ENGINE_FUNC ||
            !engine_instance_export(in, p->name, p->name_len, &e))
            continue;
        printf("call %s\n", p->name);
        if (!call(s, e.func))
            break;
    }
    return 0;
}

int
main(int argc, char **argv)
{
    struct engine_config config = {.poll = poll_count,
                                   .stack_bytes = 16u << 20};
    struct report report = {.text = ""};
    struct engine_module *m;
    struct engine_store *s;
    size_t size;
    uint8_t *bytes = argc == 2 ? file_read(argv[1], &size) : NULL;
    int code;

    if (!bytes)
        return 2;
    if (engine_module_load(bytes, size, NULL, NULL, &m, &report)) {
        printf("refused: %s\n", report.text);
        return 1;
    }
    s = engine_store_create(&config);
    code = s ? run(s, m) : 2;
    engine_store_destroy(s);
    engine_module_unref(m);
    free(bytes);
    return code;
}
