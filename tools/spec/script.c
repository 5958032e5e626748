/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running one script: modules are compiled, linked against what is registered,
 * named, and asked. Every command counts once, as passed, failed or skipped;
 * after a module that should have worked and did not, what refers to it fails
 * too.
 */
#include "spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void
script_clock(struct script *s)
{
    s->deadline = now() + s->options->timeout;
}

static enum engine_status
poll_deadline(struct engine_store *store, void *user)
{
    const struct script *s = user;

    (void)store;
    return now() < s->deadline ? ENGINE_OK : ENGINE_OUT_OF_FUEL;
}

static const char *
text_of(json_t *cmd, const char *name)
{
    return json_string_value(json_object_get(cmd, name));
}

/* ---- names ------------------------------------------------------------- */

static const struct named *
find(const struct script *s, const char *name, bool registered)
{
    for (const struct named *n = s->named; n; n = n->next)
        if (n->registered == registered && !strcmp(n->name, name))
            return n;
    return NULL;
}

static struct named *
bind(struct script *s, const char *name, bool registered,
     struct engine_instance *instance)
{
    struct named *n = calloc(1, sizeof *n);

    if (!n || !(n->name = strdup(name)))
        abort();
    n->registered = registered;
    n->instance = instance;
    n->next = s->named;
    s->named = n;
    return n;
}

struct engine_instance *
script_any_instance(struct script *s, const char *name)
{
    const struct named *n = find(s, name, false);

    return n ? n->instance : NULL;
}

void
script_bind_foreign(struct script *s, const char *name,
                    struct engine_instance *instance)
{
    bind(s, name, false, instance)->foreign = true;
}

static void
names_free(struct script *s)
{
    struct named *n;

    while ((n = s->named)) {
        s->named = n->next;
        free(n->name);
        free(n);
    }
}

struct engine_instance *
script_instance(struct script *s, const char *name)
{
    const struct named *n = name ? find(s, name, false) : NULL;

    if (!name)
        return s->current;
    return n && !n->foreign ? n->instance : NULL;
}

/* ---- modules ------------------------------------------------------------ */

static void
release(const uint8_t *bytes, size_t size, void *ctx)
{
    (void)size;
    (void)bytes;
    free(ctx);
}

/* Load cmd's file and remember it as the latest definition. */
static int
compile(struct script *s, json_t *cmd, struct engine_module **out,
        struct report *report)
{
    const char *name = text_of(cmd, "filename");
    struct definition *d;
    char path[4096];
    uint8_t *bytes;
    size_t size;
    int e;

    *out = NULL;
    snprintf(path, sizeof path, "%s/%s", s->dir, name ? name : "?");
    bytes = file_read(path, &size);
    if (!bytes) {
        report_set(report, 0, "cannot read %s", path);
        return 1; /* neither accepted nor refused */
    }
    e = engine_module_load(bytes, size, release, bytes, out, report);
    if (e)
        return e;
    d = calloc(1, sizeof *d);
    if (!d)
        abort();
    name = text_of(cmd, "name");
    d->name = name ? strdup(name) : NULL;
    d->module = *out;
    d->next = s->definitions;
    s->definitions = d;
    return 0;
}

static bool
resolve(struct script *s, const struct engine_port *p,
        struct engine_extern *out)
{
    const struct named *from = find(s, p->module, true);

    if (strlen(p->module) != p->module_len)
        return false; /* a NUL inside: no such name here */
    if (!from && s->names_import)
        from = find(s, p->module, false);
    if (from && from->foreign && (p->kind != ENGINE_MEMORY || !p->shared))
        return false; /* of another thread */
    if (from)
        return engine_instance_export(from->instance, p->name, p->name_len,
                                      out);
    return strlen(p->name) == p->name_len &&
           host_find(s->host, p->module, p->name, out);
}

static enum engine_status
instantiate(struct script *s, struct engine_module *m,
            struct engine_instance **out, struct report *report)
{
    uint32_t n = engine_module_imports(m);
    struct engine_extern *imports = calloc(n + 1, sizeof *imports);
    enum engine_status st;

    *out = NULL;
    if (!imports)
        abort();
    for (uint32_t i = 0; i < n; i++) {
        const struct engine_port *p = engine_module_import(m, i);

        if (!resolve(s, p, &imports[i])) {
            report_set(report, 0, "unknown import %s.%s", p->module, p->name);
            free(imports);
            return ENGINE_UNLINKABLE;
        }
    }
    script_clock(s);
    st = engine_instance_create(s->store, m, imports, out, report);
    free(imports);
    return st;
}

/* ---- commands ------------------------------------------------------------ */

static void
instantiated(struct script *s, json_t *cmd, const char *name,
             struct engine_module *m, int line)
{
    struct report report = {.text = ""};
    struct engine_instance *instance;
    enum engine_status st = instantiate(s, m, &instance, &report);

    (void)cmd;
    if (st != ENGINE_OK) {
        s->current = NULL;
        tally_fail(s->tally, line, "module does not start: %s%s%s",
                   engine_status_text(st), report.text[0] ? ": " : "",
                   report.text);
        return;
    }
    s->current = instance;
    if (name)
        bind(s, name, false, instance);
    s->tally->passed++;
}

static void
do_module(struct script *s, json_t *cmd, int line, bool start)
{
    struct report report = {.text = ""};
    struct engine_module *m;
    int e = compile(s, cmd, &m, &report);

    if (e) {
        if (start)
            s->current = NULL;
        tally_fail(s->tally, line, "module is refused: %s (at byte %zu)",
                   report.text, report.offset);
    } else if (start && !s->compile_only) {
        instantiated(s, cmd, text_of(cmd, "name"), m, line);
    } else {
        s->tally->passed++;
    }
}

static void
do_instance(struct script *s, json_t *cmd, int line)
{
    const char *of = text_of(cmd, "module"), *name = text_of(cmd, "instance");
    const struct definition *d = s->definitions;

    while (of && d && !(d->name && !strcmp(d->name, of)))
        d = d->next;
    if (!d) {
        s->current = NULL;
        tally_fail(s->tally, line, "no definition %s", of ? of : "");
        return;
    }
    instantiated(s, cmd, name, d->module, line);
}

static void
do_register(struct script *s, json_t *cmd, int line)
{
    const char *as = text_of(cmd, "as"), *name = text_of(cmd, "name");
    const struct named *n = name ? find(s, name, false) : NULL;
    struct engine_instance *i = n ? n->instance : name ? NULL : s->current;

    if (!i || !as) {
        tally_fail(s->tally, line, "no instance %s to register",
                   name ? name : "");
        return;
    }
    bind(s, as, true, i)->foreign = n && n->foreign;
    s->tally->passed++;
}

static void
do_refused(struct script *s, json_t *cmd, int line)
{
    struct report report = {.text = ""};
    const char *text = text_of(cmd, "text");
    struct engine_module *m;
    int e = compile(s, cmd, &m, &report);

    if (e < 0 && report.text[0])
        s->tally->passed++;
    else if (e < 0)
        tally_fail(s->tally, line, "refused without a sentence (error %d)", e);
    else
        tally_fail(s->tally, line, "%s (expected: %s)",
                   e ? report.text : "module is accepted", text ? text : "");
}

/* Does the test mean that a memory or table is refused for its size? */
static bool
about_size(const char *text)
{
    return text && (strstr(text, "exceeds memory limits") ||
                    strstr(text, "allocation size"));
}

static void
do_unstartable(struct script *s, json_t *cmd, int line, bool link)
{
    struct report report = {.text = ""};
    const char *text = text_of(cmd, "text");
    struct engine_instance *instance;
    struct engine_module *m;
    enum engine_status st;
    int e = compile(s, cmd, &m, &report);

    if (e) {
        tally_fail(s->tally, line, "module is refused: %s (expected: %s)",
                   report.text, text ? text : "");
        return;
    }
    st = instantiate(s, m, &instance, &report);
    if (link ? st == ENGINE_UNLINKABLE
             : status_is_trap(st) || st == ENGINE_STACK_EXHAUSTED ||
                   (st == ENGINE_NO_MEMORY && about_size(text)))
        s->tally->passed++;
    else
        tally_fail(s->tally, line, "instantiation: %s (expected: %s)",
                   engine_status_text(st), text ? text : "");
}

static bool
is_run_time(const char *type)
{
    return strcmp(type, "assert_malformed") != 0 &&
           strcmp(type, "assert_invalid") != 0 && strcmp(type, "module") != 0 &&
           strcmp(type, "module_definition") != 0;
}

void
script_command(struct script *s, json_t *cmd)
{
    const char *type = text_of(cmd, "type");
    int line = (int)json_integer_value(json_object_get(cmd, "line"));

    s->tally->line = line;
    script_clock(s);
    if (!type)
        tally_fail(s->tally, line, "a command without a type");
    else if (s->compile_only && is_run_time(type))
        s->tally->skipped++;
    else if (!strcmp(type, "thread"))
        thread_start(s, cmd, line);
    else if (!strcmp(type, "wait"))
        thread_wait(s, text_of(cmd, "thread"), line);
    else if (!strcmp(type, "module"))
        do_module(s, cmd, line, true);
    else if (!strcmp(type, "module_definition"))
        do_module(s, cmd, line, false);
    else if (!strcmp(type, "module_instance"))
        do_instance(s, cmd, line);
    else if (!strcmp(type, "register"))
        do_register(s, cmd, line);
    else if (!strcmp(type, "assert_malformed") ||
             !strcmp(type, "assert_invalid"))
        do_refused(s, cmd, line);
    else if (!strcmp(type, "assert_unlinkable"))
        do_unstartable(s, cmd, line, true);
    else if (!strcmp(type, "assert_uninstantiable"))
        do_unstartable(s, cmd, line, false);
    else if (!assert_run(s, type, cmd, line))
        tally_fail(s->tally, line, "unknown command %s", type);
}

/* ---- the whole script ---- */

bool
script_open(struct script *s)
{
    struct engine_config config = {
        .user = s, .memory_bytes = (uint64_t)16 << 30, .poll = poll_deadline};

    s->store = engine_store_create(&config);
    s->host = s->store ? host_create(s->store) : NULL;
    if (!s->host)
        tally_fail(s->tally, 0, "no memory for a store");
    return s->host != NULL;
}

void
script_close(struct script *s)
{
    struct definition *d;

    engine_store_destroy(s->store);
    host_free(s->host);
    names_free(s);
    while ((d = s->definitions)) {
        s->definitions = d->next;
        engine_module_unref(d->module);
        free(d->name);
        free(d);
    }
}

int
script_run(const char *path, const void *arg, struct tally *t)
{
    struct script s = {.options = arg, .tally = t};
    char *dir = strdup(path), *slash = dir ? strrchr(dir, '/') : NULL;
    json_error_t error;
    json_t *root = json_load_file(path, JSON_ALLOW_NUL, &error), *cmd;
    size_t i;

    if (!root || !slash) {
        tally_fail(t, error.line, "%s", error.text);
        free(dir);
        return 0;
    }
    *slash = 0;
    s.dir = dir;
    s.compile_only = s.options->compile || strstr(path, "/wasm-tools/");
    s.names_import = strstr(path, "/wasmtime/") != NULL;
    if (script_open(&s))
        json_array_foreach(json_object_get(root, "commands"), i, cmd)
            script_command(&s, cmd);
    thread_wait_all(&s);
    script_close(&s);
    json_decref(root);
    free(dir);
    return 0;
}
