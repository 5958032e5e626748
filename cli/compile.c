/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith compile: a program ahead of time, into the cache that `pith run` and
 * every process of the system look in. Ctrl-C leaves nothing behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "engine.h"
#include "pith_errno.h"

void
cli_default_cache(void)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char word[4096];
    int n = 0;

    if (cache && cache[0] == '/')
        n = snprintf(word, sizeof word, "--cache=%s/pith", cache);
    else if (home && home[0] == '/')
        n = snprintf(word, sizeof word, "--cache=%s/.cache/pith", home);
    if (n > 0 && (size_t)n < sizeof word)
        engine_option(word);
}

static void
progress(void *ctx, uint32_t done, uint32_t all)
{
    (void)ctx;
    fprintf(stderr, "\r%u of %u functions", done, all);
    if (done == all)
        fprintf(stderr, "\r\033[K");
    fflush(stderr);
}

static int
usage(const char *word)
{
    if (word)
        cli_error("%s is no option of compile; try: pith help compile", word);
    else
        cli_error("compile what? try: pith compile FILE, or pith help compile");
    return EXIT_USAGE;
}

static int
compile(const char *file)
{
    struct cli_module file_bytes;
    struct engine_module *m;
    struct report report = {0};
    int r = cli_module_open(file, &file_bytes);

    if (r)
        return r;
    r = engine_module_load(file_bytes.bytes, file_bytes.size, NULL, NULL, &m,
                           &report);
    if (r < 0) {
        cli_module_refused(file, &file_bytes, r, &report);
        return EXIT_REFUSED;
    }
    r = engine_module_compile(m, isatty(2) ? progress : NULL, NULL);
    engine_module_unref(m);
    if (r >= 0) {
        printf("%s: %s\n", file, r ? "compiled" : "was compiled already");
        return 0;
    }
    cli_error("%s: %s", file,
              r == -E_NOTSUP
                  ? "there is no compiler here (lib/pith-llvm.so and LLVM 19)"
              : r == -E_NOMEM ? "out of memory"
                              : "what was compiled could not be kept; is the "
                                "cache directory yours to write?");
    return EXIT_REFUSED;
}

int
cli_compile(int argc, char **argv)
{
    const char *file = NULL;
    char word[4096];

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-o") && i + 1 < argc) {
            snprintf(word, sizeof word, "--cache=%s", argv[++i]);
            engine_option(word);
        } else if (argv[i][0] == '-' && !engine_option(argv[i])) {
            return usage(argv[i]);
        } else if (argv[i][0] != '-') {
            if (file)
                return usage(NULL);
            file = argv[i];
        }
    }
    if (!file)
        return usage(NULL);
    engine_option("--tier=llvm");
    return compile(file);
}
