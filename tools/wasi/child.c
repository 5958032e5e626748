/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One case, in a process of its own that never returns: the same kernel as
 * `pith run`, with everything granted, plus the stubs that the case asks for.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "engine.h"
#include "exec.h"
#include "pith_errno.h"
#include "wasi_test.h"

#define MAX_STUBS 16

/* "bench.start" is import `start` of module `bench`; () -> (), does nothing. */
static struct abi modules[MAX_STUBS];
static char *const *stubs;

static enum engine_status
nothing(struct engine_store *s, struct engine_instance *caller, void *env,
        uint64_t *slots)
{
    (void)s;
    (void)caller;
    (void)env;
    (void)slots;
    return ENGINE_OK;
}

/* One resolver serves all stub modules: their function names do not clash. */
static int
resolve(const char *name, size_t name_len, struct abi_func *out)
{
    for (size_t i = 0; stubs[i]; i++) {
        const char *dot = strchr(stubs[i], '.');
        if (dot && strlen(dot + 1) == name_len &&
            memcmp(dot + 1, name, name_len) == 0) {
            *out = (struct abi_func){nothing, NULL, CAP_BASE, "v"};
            return 0;
        }
    }
    return -E_NOENT;
}

static void
register_stubs(char *const *names)
{
    size_t n = 0;
    stubs = names;
    for (size_t i = 0; names[i] && n < MAX_STUBS; i++) {
        const char *dot = strchr(names[i], '.');
        char *module = dot ? strndup(names[i], (size_t)(dot - names[i])) : NULL;
        bool known = !module;
        for (size_t k = 0; k < n && !known; k++)
            known = strcmp(modules[k].module, module) == 0;
        if (known) {
            free(module);
            continue;
        }
        modules[n] = (struct abi){.module = module, .resolve = resolve};
        abi_register(&modules[n++]);
    }
}

static void
redirect(const char *path, int flags, int to)
{
    int fd = open(path, flags, 0644);
    if (fd < 0 || dup2(fd, to) < 0)
        _exit(EXIT_REFUSED);
    close(fd);
}

/* A standard input that never says anything, for those who must wait there. */
static void
hold_stdin(void)
{
    int fd[2];
    if (pipe(fd) < 0 || dup2(fd[0], 0) < 0)
        _exit(EXIT_REFUSED);
    close(fd[0]);
}

static void
redirect_all(const struct test_case *c)
{
    char *out, *err;
    if (asprintf(&out, "%s/out", c->scratch) < 0 ||
        asprintf(&err, "%s/err", c->scratch) < 0)
        _exit(EXIT_REFUSED);
    if (c->hold_stdin && !c->stdin_file)
        hold_stdin();
    else
        redirect(c->stdin_file ? c->stdin_file : "/dev/null", O_RDONLY, 0);
    redirect(out, O_WRONLY | O_CREAT | O_TRUNC, 1);
    redirect(err, O_WRONLY | O_CREAT | O_TRUNC, 2);
    free(out);
    free(err);
}

void
child_run(const struct test_case *c)
{
    static char run[] = "run", cap[] = "--cap", caps[] = "time,random",
                dir[] = "--dir", env[] = "--env";
    char *argv[256] = {run, cap, caps};
    int n = 3;
    char *name = strdup(c->wasm), *spec = NULL;
    redirect_all(c);
    if (!name || asprintf(&spec, "%s/root::%s", c->scratch,
                          c->root_guest ? c->root_guest : "/") < 0)
        _exit(EXIT_REFUSED);
    if (c->root) {
        argv[n++] = dir;
        argv[n++] = spec;
    }
    for (size_t i = 0; c->env[i] && n < 200; i++) {
        argv[n++] = env;
        argv[n++] = c->env[i];
    }
    argv[n++] = c->wasm;
    for (size_t i = 0; c->args[i] && n < 255; i++)
        argv[n++] = c->args[i];
    argv[n] = NULL;
    struct cli_options o = {0};
    if (!cli_parse_run(&o, n, argv, 1))
        _exit(EXIT_USAGE);
    o.args[0] = basename(name);
    register_stubs(c->stubs);
    int code = cli_run_options(&o);
    cli_options_finish(&o);
    free(name);
    free(spec);
    if (engine_compile_stop()) {
        fflush(NULL);
        _exit(code);
    }
    exit(code);
}
