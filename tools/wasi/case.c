/* SPDX-License-Identifier: Apache-2.0 */
/* X.json into a test case, and its expectations against what happened. */
#define _GNU_SOURCE
#include <fnmatch.h>
#include <jansson.h>
#include <libgen.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "wasi_test.h"

static bool
fail(char *why, size_t room, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(why, room, format, ap);
    va_end(ap);
    return false;
}

/* A file beside X.wasm. */
static char *
beside(const char *wasm, const char *name)
{
    char *r, *copy = strdup(wasm);
    if (!copy || asprintf(&r, "%s/%s", dirname(copy), name) < 0)
        r = NULL;
    free(copy);
    return r;
}

static char **
strings(const json_t *array)
{
    size_t n = json_array_size(array);
    char **r = calloc(n + 1, sizeof *r);
    for (size_t i = 0; r && i < n; i++) {
        const char *s = json_string_value(json_array_get(array, i));
        r[i] = strdup(s ? s : "");
    }
    return r;
}

static char **
environment(json_t *object)
{
    char **r = calloc(json_object_size(object) + 1, sizeof *r);
    const char *key;
    json_t *value;
    size_t n = 0;
    if (r)
        json_object_foreach(object, key, value)
        {
            const char *v = json_string_value(value);
            if (asprintf(&r[n++], "%s=%s", key, v ? v : "") < 0)
                break;
        }
    return r;
}

static bool
text_or_file(const struct test_case *c, const json_t *j, const char *key,
             const char *file_key, struct bytes *out)
{
    const char *text = json_string_value(json_object_get(j, key));
    const char *file = json_string_value(json_object_get(j, file_key));
    if (text) {
        out->data = strdup(text);
        out->size = strlen(text);
        return out->data != NULL;
    }
    if (!file)
        return true;
    char *path = beside(c->wasm, file);
    bool ok = path && fixture_read(path, out);
    free(path);
    return ok;
}

static char *
string_or_null(const json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? strdup(s) : NULL;
}

static bool
fill(struct test_case *c, json_t *j, char *why, size_t room)
{
    json_t *code = json_object_get(j, "exit_code");
    const char *word = json_string_value(code);
    c->args = strings(json_object_get(j, "args"));
    c->stubs = strings(json_object_get(j, "host_imports"));
    c->env = environment(json_object_get(j, "env"));
    c->trap = word && strcmp(word, "trap") == 0;
    if (code && !json_is_integer(code) && !c->trap)
        return fail(why, room, "exit_code is neither a number nor \"trap\"");
    c->exit_code = (int)json_integer_value(code);
    const char *root = json_string_value(json_object_get(j, "root"));
    const char *in = json_string_value(json_object_get(j, "stdin_file"));
    c->root = root ? beside(c->wasm, root) : NULL;
    c->stdin_file = in ? beside(c->wasm, in) : NULL;
    c->root_guest = string_or_null(j, "root_guest");
    c->out_sha1 = string_or_null(j, "stdout_sha1");
    c->out_glob = string_or_null(j, "stdout_glob");
    if (!text_or_file(c, j, "stdout", "stdout_file", &c->out) ||
        !text_or_file(c, j, "stderr", "stderr_file", &c->err))
        return fail(why, room, "an expected output is missing");
    return true;
}

bool
case_load(struct test_case *c, const char *wasm, char *why, size_t room)
{
    *c = (struct test_case){.wasm = strdup(wasm)};
    char *spec = strdup(wasm);
    if (!c->wasm || !spec) {
        free(spec);
        return fail(why, room, "out of memory");
    }
    strcpy(spec + strlen(spec) - 4, "json");
    json_error_t e;
    json_t *j;
    if (access(spec, F_OK) == 0)
        j = json_load_file(spec, 0, &e);
    else
        j = json_object();
    free(spec);
    if (!j)
        return fail(why, room, "X.json: %s at line %d", e.text, e.line);
    bool ok = fill(c, j, why, room);
    json_decref(j);
    return ok;
}

static void
free_strings(char **s)
{
    for (size_t i = 0; s && s[i]; i++)
        free(s[i]);
    free(s);
}

void
case_finish(struct test_case *c)
{
    if (c->scratch)
        fixture_remove(c->scratch);
    free_strings(c->args);
    free_strings(c->env);
    free_strings(c->stubs);
    free(c->wasm);
    free(c->scratch);
    free(c->root);
    free(c->root_guest);
    free(c->stdin_file);
    free(c->out.data);
    free(c->err.data);
    free(c->out_sha1);
    free(c->out_glob);
    free(c->out_or);
    *c = (struct test_case){0};
}

/* The last line of err, as what the program had to say. */
static const char *
last_words(const struct bytes *err, char *buf, size_t room)
{
    size_t end = err->size;
    while (end && err->data[end - 1] == '\n')
        end--;
    size_t from = end;
    while (from && err->data[from - 1] != '\n')
        from--;
    snprintf(buf, room, "%.*s", (int)(end - from < room ? end - from : room),
             err->data + from);
    return buf;
}

static bool
same_output(const struct test_case *c, const struct bytes *out,
            const struct bytes *err, char *why, size_t room)
{
    char hex[41];
    if (c->out.data && (c->out.size != out->size ||
                        memcmp(c->out.data, out->data, out->size) != 0))
        return fail(why, room, "stdout differs (%zu bytes, %zu expected)",
                    out->size, c->out.size);
    if (c->err.data && (c->err.size != err->size ||
                        memcmp(c->err.data, err->data, err->size) != 0))
        return fail(why, room, "stderr differs (%zu bytes, %zu expected)",
                    err->size, c->err.size);
    if (c->out_sha1) {
        sha1_hex(out->data, out->size, hex);
        if (strcmp(hex, c->out_sha1) != 0)
            return fail(why, room, "stdout has SHA-1 %s, not %s", hex,
                        c->out_sha1);
    }
    if (c->out_glob && fnmatch(c->out_glob, out->data, 0) != 0 &&
        !(c->out_or && fnmatch(c->out_or, out->data, 0) == 0))
        return fail(why, room, "stdout does not match: %.100s", out->data);
    return true;
}

static bool
same_code(const struct test_case *c, int status, const struct bytes *err,
          char *why, size_t room)
{
    char words[200], number[16];
    int want = c->trap ? EXIT_TRAP : c->exit_code;
    snprintf(number, sizeof number, "%d", want);
    if (WIFSIGNALED(status) &&
        (WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGXCPU ||
         WTERMSIG(status) == SIGKILL))
        return fail(why, room, "timed out");
    if (WIFSIGNALED(status))
        return fail(why, room, "pith crashed: %s", strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) != want)
        return fail(why, room, "exit code %d, not %s: %s", WEXITSTATUS(status),
                    c->trap ? "a trap" : number,
                    last_words(err, words, sizeof words));
    return true;
}

bool
case_check(const struct test_case *c, int status, char *why, size_t room)
{
    struct bytes out = {0}, err = {0};
    char *o = NULL, *e = NULL;
    bool ok = asprintf(&o, "%s/out", c->scratch) > 0 &&
              asprintf(&e, "%s/err", c->scratch) > 0 && fixture_read(o, &out) &&
              fixture_read(e, &err);
    if (!ok)
        fail(why, room, "its output is gone");
    else
        ok = same_code(c, status, &err, why, room) &&
             same_output(c, &out, &err, why, room);
    free(o);
    free(e);
    free(out.data);
    free(err.data);
    return ok;
}
