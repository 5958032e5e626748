/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith-spec [--expect FILE] [--timeout SECONDS] [--compile] [--strict]
 *           [--canonical-nan] [--verbose] DIR...
 * pith-spec --hostile [--verbose] DIR...
 *
 * Finds every test X/X.json (or, hostile, every *.wasm) below each DIR, runs
 * it, prints a line per unexpected failure and one per directory, and closes
 * with `N passed, N failed, N skipped`. Exit code 0 when nothing failed
 * unexpectedly, 1 when something did, 2 for a wrong command line.
 */
#include "spec.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct totals {
    unsigned passed, failed, skipped, expected;
};

struct run {
    struct options options;
    bool hostile;
    struct expect *expect;
    struct tally *tally; /* shared with children, cleared for each file */
    struct totals all;
    unsigned refused;
};

enum { HOSTILE_SECONDS = 60, HOSTILE_MIB = 1536 };

static void
totals_add(struct totals *to, const struct totals *from)
{
    to->passed += from->passed;
    to->failed += from->failed;
    to->skipped += from->skipped;
    to->expected += from->expected;
}

/* Sort the child's failures into expected ones and others, and print. */
static void
collect(struct run *r, const char *path, struct totals *sum)
{
    const struct tally *t = r->tally;
    struct totals one = {t->passed, t->failed, t->skipped, 0};
    const char *at = t->text;

    while (at < t->text + t->used) {
        const char *end = strchr(at, '\n'), *tab = strchr(at, '\t');
        int line = atoi(at);

        if (expect_failure(r->expect, path, line)) {
            one.failed--;
            one.expected++;
            if (r->options.verbose)
                printf("%s:%d: (expected) %.*s\n", path, line,
                       (int)(end - tab - 1), tab + 1);
        } else {
            printf("%s:%d: %.*s\n", path, line, (int)(end - tab - 1), tab + 1);
        }
        at = end + 1;
    }
    expect_ran(r->expect, path);
    totals_add(sum, &one);
}

static void
run_script(struct run *r, const char *path, struct totals *sum)
{
    char *test = strdup(path), *slash = test ? strrchr(test, '/') : NULL;

    if (!slash) {
        free(test);
        return;
    }
    *slash = 0;
    memset(r->tally, 0, offsetof(struct tally, text) + 1);
    if (isolate(script_run, path, &r->options, r->tally,
                r->options.timeout * 12, 0) > 0 &&
        !r->tally->failed)
        tally_fail(r->tally, r->tally->line, "crash: the process gave up");
    collect(r, test, sum);
    free(test);
}

static void
run_hostile(struct run *r, const char *path, struct totals *sum)
{
    int code;

    memset(r->tally, 0, offsetof(struct tally, text) + 1);
    code = isolate(hostile_run, path, &r->options, r->tally, HOSTILE_SECONDS,
                   HOSTILE_MIB);
    if (code == HOSTILE_RAN || code == HOSTILE_REFUSED)
        r->tally->passed++;
    else if (!r->tally->failed)
        tally_fail(r->tally, 0, "crash: exit code %d", code);
    r->refused += code == HOSTILE_REFUSED;
    if (r->options.verbose)
        printf("%s: %s\n", path,
               code == HOSTILE_RAN       ? "ran"
               : code == HOSTILE_REFUSED ? "refused"
                                         : "failed");
    collect(r, path, sum);
}

static bool
ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && !strcmp(text + n - m, end);
}

/* X/X.json: name is X.json, and X the last component of dir. */
static bool
is_script(const char *dir, const char *name)
{
    const char *slash = strrchr(dir, '/'), *base = slash ? slash + 1 : dir;
    size_t n = strlen(base);

    return !strncmp(name, base, n) && !strcmp(name + n, ".json");
}

static void walk(struct run *r, const char *dir, struct totals *parent);

/* Returns true when dir/name was a test. */
static bool
visit(struct run *r, const char *dir, const char *name, struct totals *own,
      struct totals *parent)
{
    char path[PATH_MAX];
    struct stat st;
    bool test = false;

    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
        return false;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        walk(r, path, own);
    } else if (r->hostile && ends_with(name, ".wasm")) {
        run_hostile(r, path, own);
        test = true;
    } else if (!r->hostile && is_script(dir, name)) {
        /* the line for a directory is that of the tests' parent */
        run_script(r, path, parent);
        test = true;
    }
    return test;
}

/*
 * Run what is below dir. Tests are directories of one file: their counts go to
 * parent, whose line sums them up.
 */
static void
walk(struct run *r, const char *dir, struct totals *parent)
{
    struct totals own = {0, 0, 0, 0};
    struct dirent **names;
    int n = scandir(dir, &names, NULL, alphasort);

    if (n < 0) {
        printf("%s: %s\n", dir, strerror(errno));
        parent->failed++;
        return;
    }
    for (int i = 0; i < n; i++) {
        if (names[i]->d_name[0] != '.')
            visit(r, dir, names[i]->d_name, &own, parent);
        free(names[i]);
    }
    free(names);
    if (own.passed + own.failed + own.skipped + own.expected) {
        printf("%s: %u passed, %u failed, %u skipped", dir, own.passed,
               own.failed, own.skipped);
        if (own.expected)
            printf(", %u failed as expected", own.expected);
        puts("");
        fflush(stdout);
    }
    totals_add(&r->all, &own);
}

static int
usage(void)
{
    fputs("usage: pith-spec [--expect FILE] [--timeout SECONDS] [--compile] "
          "[--strict] [--canonical-nan] [--verbose]\n"
          "                 [--tier=interp|jit|llvm] [--poll-interval=N] DIR...\n"
          "       pith-spec --hostile [--verbose] DIR...\n",
          stderr);
    return 2;
}

/* Returns the index of the first DIR, or 0 when the line is wrong. */
static int
parse(struct run *r, int argc, char **argv, const char **expect)
{
    int i;

    for (i = 1; i < argc && argv[i][0] == '-'; i++)
        if (!strcmp(argv[i], "--verbose"))
            r->options.verbose = true;
        else if (!strncmp(argv[i], "--tier=", 7) && engine_option(argv[i]))
            engine_option("--eager");
        else if (engine_option(argv[i]))
            continue;
        else if (!strcmp(argv[i], "--compile"))
            r->options.compile = true;
        else if (!strcmp(argv[i], "--strict"))
            r->options.strict = true;
        else if (!strcmp(argv[i], "--hostile"))
            r->hostile = true;
        else if (!strcmp(argv[i], "--expect") && i + 1 < argc)
            *expect = argv[++i];
        else if (!strcmp(argv[i], "--timeout") && i + 1 < argc)
            r->options.timeout = (unsigned)strtoul(argv[++i], NULL, 10);
        else
            return 0;
    return i < argc && r->options.timeout ? i : 0;
}

int
main(int argc, char **argv)
{
    struct run r = {.options = {.timeout = 60}};
    struct totals outside = {0, 0, 0, 0};
    const char *expect = NULL;
    int first = parse(&r, argc, argv, &expect);

    if (!first)
        return usage();
    r.expect = expect_load(expect);
    r.tally = mmap(NULL, sizeof *r.tally, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!r.expect || r.tally == MAP_FAILED)
        return 2;
    for (int i = first; i < argc; i++) {
        char *end = argv[i] + strlen(argv[i]);

        while (end > argv[i] + 1 && end[-1] == '/')
            *--end = 0;
        walk(&r, argv[i], &outside);
    }
    totals_add(&r.all, &outside);
    r.all.failed += expect_stale(r.expect);
    expect_free(r.expect);
    if (r.all.expected)
        printf("%u failures were expected (%s)\n", r.all.expected, expect);
    if (r.hostile)
        printf("%u modules ran, %u were refused\n", r.all.passed - r.refused,
               r.refused);
    printf("%u passed, %u failed, %u skipped\n", r.all.passed, r.all.failed,
           r.all.skipped);
    return r.all.failed ? 1 : 0;
}
