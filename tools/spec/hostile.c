/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One hostile module: load it; if it loads, link it against stand-ins; if that
 * works, call every exported function with zeros, ones and then large numbers.
 * All within fuel, memory and time. Whatever happens is right, as long as the
 * process lives to say so and a refusal has a sentence.
 */
#include "spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CALLS = 64, ARGUMENTS = 1024 };

static double call_deadline, all_deadline;

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static enum engine_status
poll_deadline(struct engine_store *s, void *user)
{
    double t = now();

    (void)s;
    (void)user;
    return t < call_deadline && t < all_deadline ? ENGINE_OK
                                                 : ENGINE_OUT_OF_FUEL;
}

static void
argument(const struct engine_valtype *type, unsigned round,
         union engine_value *out)
{
    static const uint64_t bits[] = {0, 1, 0x7ffffff0fffffff0u};

    memset(out, 0, sizeof *out);
    if (type->kind != ENGINE_REF)
        out->v128[0] = out->v128[1] = bits[round];
    if (type->kind == ENGINE_I32 || type->kind == ENGINE_F32)
        out->i64 &= UINT32_MAX;
}

static void
call_export(struct engine_store *s, struct engine_func *f)
{
    static union engine_value args[ARGUMENTS], results[ARGUMENTS];
    const struct engine_functype *type = engine_func_type(f);

    if (type->nparams > ARGUMENTS || type->nresults > ARGUMENTS)
        return;
    for (uint32_t i = 0; i < type->nparams; i++)
        if (type->params[i].kind == ENGINE_REF && !type->params[i].nullable)
            return;
    for (unsigned round = 0; round < (type->nparams ? 3u : 1u); round++) {
        const struct engine_frame *frames;

        for (uint32_t i = 0; i < type->nparams; i++)
            argument(&type->params[i], round, &args[i]);
        call_deadline = now() + 0.2;
        if (engine_call(s, f, args, results) != ENGINE_OK)
            engine_backtrace(s, &frames);
    }
}

static bool
run(struct engine_store *s, struct engine_module *m, bool verbose)
{
    uint32_t n = engine_module_imports(m);
    struct engine_extern *imports = calloc(n + 1, sizeof *imports), e;
    struct engine_instance *instance = NULL;
    struct report report = {.text = ""};
    enum engine_status st = ENGINE_UNLINKABLE;
    uint32_t i = 0;

    if (!imports)
        return false;
    while (i < n && host_stub(s, engine_module_import(m, i), &imports[i]))
        i++;
    call_deadline = now() + 2;
    if (i == n)
        st = engine_instance_create(s, m, imports, &instance, &report);
    free(imports);
    if (verbose)
        printf("  start: %s %s\n", engine_status_text(st), report.text);
    if (st != ENGINE_OK)
        return st != ENGINE_UNLINKABLE;
    for (i = 0; i < engine_module_exports(m) && i < CALLS; i++) {
        const struct engine_port *p = engine_module_export(m, i);

        if (engine_instance_export(instance, p->name, p->name_len, &e) &&
            e.kind == ENGINE_FUNC)
            call_export(s, e.func);
    }
    return true;
}

int
hostile_run(const char *path, const void *arg, struct tally *t)
{
    const struct options *options = arg;
    struct engine_config config = {.memory_bytes = (uint64_t)512 << 20,
                                   .table_elements = 1 << 20,
                                   .fuel = 200000000,
                                   .poll = poll_deadline};
    struct report report = {.text = ""};
    struct engine_module *m = NULL;
    struct engine_store *s;
    size_t size;
    uint8_t *bytes = file_read(path, &size);
    int e, code = HOSTILE_REFUSED;

    if (!bytes) {
        tally_fail(t, 0, "cannot read the file");
        return 1;
    }
    all_deadline = now() + 10;
    e = engine_module_load(bytes, size, NULL, NULL, &m, &report);
    if (e && !report.text[0])
        tally_fail(t, 0, "refused without a sentence (error %d)", e);
    if (options->verbose && e)
        printf("  refused: %s (at byte %zu)\n", report.text, report.offset);
    if (!e && (s = engine_store_create(&config))) {
        if (run(s, m, options->verbose))
            code = HOSTILE_RAN;
        engine_store_destroy(s);
    }
    engine_module_unref(m);
    free(bytes);
    return code;
}
