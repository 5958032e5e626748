/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith-wasi [--verbose] [--hold-stdin] [--expect FILE] [--timeout S] [-j N]
 *           [--plan DIR | --judge DIR] PATH...
 *
 * Runs prebuilt WASI programs and compares what they do with what the JSON
 * beside them says. PATHs are programs or directories, searched for X.wasm.
 * Each runs in a child of its own, so that a crash or a hang fails one test.
 *
 * Prints a line for each failure and each directory, and at the end
 * `N passed, N failed, N skipped`. FILE lists expected failures, one
 * "path-suffix  reason" a line; they count as skipped, but one that passes
 * counts as failed, so that the list shrinks. "path-suffix  or: GLOB" is no such
 * expectation, but another standard output that is right. --hold-stdin: where no
 * input is given it never ends, rather than being empty.
 *
 * --plan writes the cases into DIR, for another machine to run (wasi/plan.c), and
 * --judge, with the same PATHs, compares what that machine left there.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "engine.h"
#include "wasi/wasi_test.h"

#define MAX_JOBS 16
#define OR "or: "

struct job {
    pid_t pid; /* 0: free */
    struct test_case test;
    struct directory *dir;
};

struct directory {
    struct directory *next;
    char *path;
    unsigned passed, failed, skipped;
};

static struct job jobs[MAX_JOBS];
static unsigned njobs = 2, timeout = 120;
static bool verbose, hold_stdin;
static const char *plan; /* --plan or --judge */
static bool judging;
static unsigned planned;
static struct bytes expected;
static struct directory *directories;

/* What is said of this program, or NULL. */
static const char *
said_of(const char *wasm)
{
    static char reason[400];
    const char *line = expected.data;
    for (; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        size_t n = strcspn(line, " \t\n"), len = strlen(wasm);
        if (n == 0 || *line == '#' || n > len ||
            memcmp(wasm + len - n, line, n) != 0)
            continue;
        const char *why = line + n + strspn(line + n, " \t");
        snprintf(reason, sizeof reason, "%.*s", (int)strcspn(why, "\n"), why);
        return reason;
    }
    return NULL;
}

/* The reason why it is expected to fail, or NULL. */
static const char *
expectation(const char *wasm)
{
    const char *said = said_of(wasm);
    return said && strncmp(said, OR, sizeof OR - 1) != 0 ? said : NULL;
}

static bool
load(struct test_case *c, const char *wasm, char *why, size_t room)
{
    const char *said = said_of(wasm);
    if (!case_load(c, wasm, why, room))
        return false;
    if (said && strncmp(said, OR, sizeof OR - 1) == 0)
        c->out_or = strdup(said + sizeof OR - 1);
    return true;
}

static void
verdict(struct directory *d, const char *wasm, bool ok, const char *why)
{
    const char *known = expectation(wasm);
    if (ok && !known) {
        d->passed++;
        if (verbose)
            printf("ok   %s\n", wasm);
    } else if (!ok && known) {
        d->skipped++;
        if (verbose)
            printf("skip %s: %s (%s)\n", wasm, known, why);
    } else {
        d->failed++;
        printf("FAIL %s: %s\n", wasm,
               ok ? "passes, but is listed as failing" : why);
    }
    fflush(stdout);
}

static void
reap(bool all)
{
    for (;;) {
        unsigned busy = 0;
        for (unsigned i = 0; i < njobs; i++)
            busy += jobs[i].pid != 0;
        if (busy == 0 || (!all && busy < njobs))
            return;
        int status;
        pid_t pid = waitpid(-1, &status, 0);
        for (unsigned i = 0; i < njobs && pid > 0; i++) {
            struct job *j = &jobs[i];
            char why[512] = "";
            if (j->pid != pid)
                continue;
            bool ok = case_check(&j->test, status, why, sizeof why);
            verdict(j->dir, j->test.wasm, ok, why);
            case_finish(&j->test);
            j->pid = 0;
        }
    }
}

static bool
prepare(struct test_case *c, char *why, size_t room)
{
    const char *tmp = getenv("TMPDIR");
    char *root;
    if (asprintf(&c->scratch, "%s/pith-wasi.XXXXXX", tmp ? tmp : "/tmp") < 0)
        return false;
    if (!mkdtemp(c->scratch)) {
        free(c->scratch);
        c->scratch = NULL;
        snprintf(why, room, "no temporary directory");
        return false;
    }
    if (!c->root)
        return true;
    if (asprintf(&root, "%s/root", c->scratch) < 0)
        return false;
    bool ok = fixture_copy(c->root, root);
    free(root);
    if (!ok)
        snprintf(why, room, "cannot copy its directory %s", c->root);
    return ok;
}

/* CPU time, since the machine may be busy; and a longer time on the clock, for
 * those who wait forever. Neither signal is blocked: they end the child. */
static void
limit_time(void)
{
    struct rlimit r = {timeout, timeout};
    setrlimit(RLIMIT_CPU, &r);
    alarm(timeout * 4);
}

static void
run_elsewhere(struct directory *d, const char *wasm)
{
    struct test_case c;
    char why[512] = "was not run";
    int status;
    bool ok;
    planned++;
    if (!load(&c, wasm, why, sizeof why) || c.stubs[0]) {
        if (judging)
            verdict(d, wasm, false, c.stubs ? "wants stubs" : why);
    } else if (judging) {
        ok = plan_status(plan, planned, &c.scratch, &status) &&
             case_check(&c, status, why, sizeof why);
        verdict(d, wasm, ok, why);
        free(c.scratch); /* who made it removes it */
        c.scratch = NULL;
    } else if (!plan_write(&c, plan, planned)) {
        cli_error("%s: %s cannot be written there", plan, wasm);
        exit(1);
    }
    case_finish(&c);
}

static void
run(struct directory *d, const char *wasm)
{
    struct job *j = jobs;
    char why[512] = "";
    if (plan) {
        run_elsewhere(d, wasm);
        return;
    }
    reap(false);
    while (j->pid)
        j++;
    j->dir = d;
    if (!load(&j->test, wasm, why, sizeof why) ||
        !prepare(&j->test, why, sizeof why)) {
        verdict(d, wasm, false, why);
        case_finish(&j->test);
        return;
    }
    j->test.hold_stdin = hold_stdin;
    fflush(NULL);
    j->pid = fork();
    if (j->pid == 0) {
        limit_time();
        child_run(&j->test);
    }
    if (j->pid < 0) {
        j->pid = 0;
        verdict(d, wasm, false, "cannot fork");
        case_finish(&j->test);
    }
}

static struct directory *
directory_of(const char *path)
{
    struct directory *d = calloc(1, sizeof *d), **at = &directories;
    if (!d || !(d->path = strdup(path)))
        abort();
    while (*at)
        at = &(*at)->next;
    *at = d;
    return d;
}

static bool
is_wasm(const char *name)
{
    size_t n = strlen(name);
    return n > 5 && strcmp(name + n - 5, ".wasm") == 0;
}

static void
walk(const char *path)
{
    struct dirent **list;
    struct directory *d = NULL;
    int n = scandir(path, &list, NULL, alphasort);
    if (n < 0) {
        if (!is_wasm(path) || access(path, R_OK) != 0) {
            cli_error("%s: no directory and no readable .wasm file", path);
            exit(EXIT_USAGE);
        }
        run(directory_of(path), path);
        return;
    }
    for (int i = 0; i < n; i++) {
        struct stat st;
        char *full;
        if (list[i]->d_name[0] != '.' &&
            asprintf(&full, "%s/%s", path, list[i]->d_name) >= 0) {
            if (stat(full, &st) == 0 && S_ISDIR(st.st_mode))
                walk(full);
            else if (is_wasm(full)) {
                if (!d)
                    d = directory_of(path);
                run(d, full);
            }
            free(full);
        }
        free(list[i]);
    }
    free(list);
}

static int
summary(void)
{
    unsigned passed = 0, failed = 0, skipped = 0;
    for (struct directory *d = directories; d; d = d->next) {
        printf("%s: %u passed, %u failed, %u skipped\n", d->path, d->passed,
               d->failed, d->skipped);
        passed += d->passed;
        failed += d->failed;
        skipped += d->skipped;
    }
    printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
    if (passed + failed == 0)
        cli_error("no programs found");
    return failed || !(passed + failed);
}

static _Noreturn void
usage(void)
{
    fputs("usage: pith-wasi [--verbose] [--hold-stdin] [--expect FILE] "
          "[--timeout SECONDS] [-j N] [--plan DIR | --judge DIR] PATH...\n",
          stderr);
    exit(EXIT_USAGE);
}

int
main(int argc, char **argv)
{
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        const char *v = at + 1 < argc ? argv[at + 1] : NULL;
        if (strcmp(argv[at], "--verbose") == 0) {
            verbose = true;
            continue;
        }
        if (strcmp(argv[at], "--hold-stdin") == 0) {
            hold_stdin = true;
            continue;
        }
        if (engine_option(argv[at]))
            continue;
        if (!v)
            usage();
        if (strcmp(argv[at], "--expect") == 0) {
            if (!fixture_read(v, &expected)) {
                cli_error("%s: cannot be read", v);
                return EXIT_USAGE;
            }
        } else if (strcmp(argv[at], "--timeout") == 0) {
            timeout = (unsigned)strtoul(v, NULL, 10);
        } else if (strcmp(argv[at], "--plan") == 0 ||
                   strcmp(argv[at], "--judge") == 0) {
            plan = v;
            judging = argv[at][2] == 'j';
        } else if (strcmp(argv[at], "-j") == 0) {
            njobs = (unsigned)strtoul(v, NULL, 10);
        } else {
            usage();
        }
        at++;
    }
    if (at == argc || njobs == 0 || njobs > MAX_JOBS || timeout == 0)
        usage();
    for (; at < argc; at++)
        walk(argv[at]);
    reap(true);
    if (!plan || judging)
        return summary();
    printf("%u programs\n", planned);
    return planned == 0;
}
