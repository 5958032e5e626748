/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases that somebody else runs: plan_write() lays out what is needed in a
 * directory of numbered ones, plan_status() reads what came of it.
 *
 *     N/program            the .wasm
 *     N/args, N/env        strings, a NUL behind each; args with argv[0]
 *     N/stdin              its standard input, or nothing there: empty
 *     N/root/              the directory that it is to find under the name
 *     N/guest              that is here; neither: it has no directory
 *     N/status, out, err   written by who ran it (tests/vm/suite.c)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "wasi_test.h"

static char *path_of(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
static char *
path_of(const char *format, ...)
{
    va_list ap;
    char *r;
    va_start(ap, format);
    if (vasprintf(&r, format, ap) < 0)
        r = NULL;
    va_end(ap);
    return r;
}

static bool
put(const char *dir, const char *name, const void *data, size_t size)
{
    char *path = path_of("%s/%s", dir, name);
    FILE *f = path ? fopen(path, "wbe") : NULL;
    bool ok = f && fwrite(data, 1, size, f) == size;
    if (f && fclose(f) != 0)
        ok = false;
    if (ok && strcmp(name, "program") == 0)
        ok = chmod(path, 0755) == 0;
    free(path);
    return ok;
}

static bool
put_file(const char *dir, const char *name, const char *from)
{
    struct bytes b;
    bool ok = fixture_read(from, &b) && put(dir, name, b.data, b.size);
    free(b.data);
    return ok;
}

static bool
put_strings(const char *dir, const char *name, const char *first,
            char *const *rest)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        return false;
    if (first)
        fwrite(first, 1, strlen(first) + 1, f);
    for (; *rest; rest++)
        fwrite(*rest, 1, strlen(*rest) + 1, f);
    bool ok = fclose(f) == 0 && put(dir, name, text, size);
    free(text);
    return ok;
}

bool
plan_write(const struct test_case *c, const char *plan, unsigned number)
{
    char *dir = path_of("%s/%u", plan, number), *name = strdup(c->wasm);
    char *root = dir ? path_of("%s/root", dir) : NULL;
    const char *guest = c->root_guest ? c->root_guest : "/";
    bool ok = root && name && (mkdir(dir, 0755) == 0 || errno == EEXIST) &&
              put_file(dir, "program", c->wasm) &&
              put_strings(dir, "args", basename(name), c->args) &&
              put_strings(dir, "env", NULL, c->env);
    if (ok && c->stdin_file)
        ok = put_file(dir, "stdin", c->stdin_file);
    if (ok && c->root)
        ok = fixture_copy(c->root, root) &&
             put(dir, "guest", guest, strlen(guest));
    free(root);
    free(name);
    free(dir);
    return ok;
}

bool
plan_status(const char *plan, unsigned number, char **dir, int *status)
{
    struct bytes b = {0};
    char *path = NULL, *end;
    *dir = path_of("%s/%u", plan, number);
    if (*dir)
        path = path_of("%s/status", *dir);
    bool ok = path && fixture_read(path, &b) && b.size > 0;
    if (ok && strcmp(b.data, "time\n") == 0) {
        *status = SIGKILL;
    } else if (ok) {
        long code = strtol(b.data, &end, 10);
        ok = end != b.data && *end == '\n' && code >= 0 && code <= 255;
        *status = (int)code << 8;
    }
    free(path);
    free(b.data);
    return ok;
}
