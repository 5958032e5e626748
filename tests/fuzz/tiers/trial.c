/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module on every tier. Each tier is a child process that loads the module
 * and runs it twice, polled every 20,000 units and at a small prime; what
 * happened is in memory that is shared. A child's death is a find; so is one
 * that does not stop though it was told to.
 *
 *   parent --fork--> interp: load, run, run    } traces, compared with the
 *          --fork--> jit                       } first: outcome by outcome, up
 *          --fork--> llvm (everything at load) } to where either met a limit
 */
#define _GNU_SOURCE
#include "tiers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spec.h"

/* The engine's, and what is first interpreted and then taken over by machine
 * code, in the middle of loops. */
enum { WARMING = ENGINE_TIER_LLVM + 1, TIERS, RUNS = 2 * TIERS };
/* A run is asked to stop after SOFT seconds: what it has not come to is not
 * compared, so that it may be the clock's. Not to stop is a find, and is measured
 * by what the child did, or else (it sleeps) far beyond what a busy machine
 * makes of that. */
enum { SOFT = 2, PATIENCE = 300, CPU_SECONDS = 120 };
enum { CHILD_RAN, CHILD_INVALID, CHILD_HUNG };

static const char *const tier_names[] = {"interp", "jit", "llvm",
                                          "warming"};
static struct trace *traces; /* RUNS, shared with the children */

static void
run_name(unsigned run, uint32_t interval, char *out, size_t size)
{
    if (run % 2)
        snprintf(out, size, "%s polled every %u", tier_names[run / 2],
                 interval);
    else
        snprintf(out, size, "%s", tier_names[run / 2]);
}

static void
configure(unsigned tier)
{
    struct engine_options o = {.tier = (enum engine_tier)tier,
                               .eager = tier == ENGINE_TIER_LLVM,
                               .canonical_nan = true};

    if (tier == WARMING)
        o.tier = ENGINE_TIER_LLVM;
    engine_configure(&o);
}

bool
trial_init(void)
{
    static const uint8_t nothing[] = {0, 'a', 's', 'm',  1, 0, 0, 0,
                                      1, 4,   1,   0x60, 0, 0, 3, 2,
                                      1, 0,   10,  4,    1, 2, 0, 0x0b};
    struct report report = {.text = ""};
    struct engine_module *m = NULL;

    traces = mmap(NULL, RUNS * sizeof *traces, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (traces == MAP_FAILED)
        return false;
    /* Loads LLVM, once and for all children. */
    configure(ENGINE_TIER_LLVM);
    if (engine_options()->tier != ENGINE_TIER_LLVM ||
        engine_module_load(nothing, sizeof nothing, NULL, NULL, &m, &report))
        return false;
    engine_module_unref(m);
    configure(ENGINE_TIER_INTERP);
    return true;
}

/* ---- the child ---- */

static volatile sig_atomic_t ticks;

static void
on_alarm(int sig)
{
    (void)sig;
    if (++ticks > PATIENCE)
        _exit(CHILD_HUNG);
    run_stop();
}

static void
set_clock(void)
{
    struct itimerval t = {.it_interval = {.tv_sec = 1},
                          .it_value = {.tv_sec = SOFT}};

    ticks = 0;
    setitimer(ITIMER_REAL, &t, NULL);
}

static int
child(const uint8_t *bytes, size_t size, unsigned tier,
      uint32_t interval, bool show)
{
    struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct rlimit cpu = {CPU_SECONDS, CPU_SECONDS}, core = {0, 0};
    struct report report = {.text = ""};
    struct run r = {.show = show};

    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_CORE, &core);
    sigaction(SIGALRM, &sa, NULL);
    if (show) /* what comes before a crash is wanted too */
        setvbuf(stdout, NULL, _IOLBF, 0);
    configure(tier);
    if (engine_module_load(bytes, size, NULL, NULL, &r.m, &report)) {
        if (show)
            printf("refused: %s\n", report.text);
        return CHILD_INVALID;
    }
    for (unsigned i = 0; i < 2; i++) {
        r.t = &traces[2 * tier + i];
        r.poll_interval = i ? interval : 0;
        set_clock();
        if (show) {
            char name[64];

            run_name(2 * tier + i, interval, name, sizeof name);
            printf("== %s\n", name);
        }
        run_module(&r);
    }
    engine_module_unref(r.m);
    return CHILD_RAN;
}

/* The child's exit status as wait() gives it; -1: there is none. */
static int
fork_child(const uint8_t *bytes, size_t size, unsigned tier,
           uint32_t interval, bool show)
{
    int status, null;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid < 0)
        return -1;
    if (!pid) {
        if (!show && (null = open("/dev/null", O_RDWR)) >= 0) {
            dup2(null, STDOUT_FILENO);
            dup2(null, STDERR_FILENO);
        }
        status = child(bytes, size, tier, interval, show);
        fflush(NULL);
        _exit(status);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

/* ---- the comparison ---- */

static const char *
outcome_text(const struct outcome *o)
{
    return o->status == OUTCOME_NONE  ? "nothing"
           : o->status == OUTCOME_CUT ? "a limit"
                                      : engine_status_text((enum engine_status)(
                                            o->status - OUTCOME_BASE));
}

static bool
comparable(const struct outcome *a, const struct outcome *b)
{
    return a->status != OUTCOME_NONE && b->status != OUTCOME_NONE &&
           a->status != OUTCOME_CUT && b->status != OUTCOME_CUT;
}

static bool
same(unsigned run, uint32_t interval, struct trial *t)
{
    const struct trace *a = &traces[0], *b = &traces[run];
    bool row = true;
    char name[64];

    for (uint32_t i = 0; i < OUTCOMES; i++) {
        const struct outcome *x = &a->o[i], *y = &b->o[i];

        if (!comparable(x, y)) {
            t->cut += row && i < SEQUENCE &&
                      (x->status == OUTCOME_CUT || y->status == OUTCOME_CUT);
            row = false;
            continue;
        }
        if (!row && i < SEQUENCE)
            continue;
        t->compared++;
        if (x->status == y->status && x->hash == y->hash)
            continue;
        run_name(run, interval, name, sizeof name);
        snprintf(t->text, sizeof t->text,
                 "outcome %u (export %u, round %u): interp: %s; %s: %s%s", i,
                 x->call & 0xffff, x->call >> 16, outcome_text(x), name,
                 outcome_text(y),
                 x->status == y->status ? ", other state" : "");
        return false;
    }
    return true;
}

static bool
judge_child(int status, unsigned tier, uint32_t interval,
            struct trial *t)
{
    unsigned at = 2 * tier + traces[2 * tier].done;
    char name[64];

    run_name(at, interval, name, sizeof name);
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGXCPU &&
        WTERMSIG(status) != SIGKILL) {
        t->verdict = CRASH;
        snprintf(t->text, sizeof t->text, "%s: signal %d (%s)", name,
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
        return false;
    }
    if (WIFSIGNALED(status) || WEXITSTATUS(status) == CHILD_HUNG) {
        t->verdict = HANG;
        snprintf(t->text, sizeof t->text, "%s: does not come to an end", name);
        return false;
    }
    if (WEXITSTATUS(status) == CHILD_RAN)
        return true;
    t->verdict = tier == ENGINE_TIER_INTERP ? INVALID : MISMATCH;
    snprintf(t->text, sizeof t->text, "%s: refused, or exit code %d", name,
             WEXITSTATUS(status));
    return false;
}

void
trial_run(const uint8_t *bytes, size_t size, uint32_t interval, struct trial *t)
{
    memset(t, 0, sizeof *t);
    memset(traces, 0, RUNS * sizeof *traces);
    for (unsigned tier = 0; tier < TIERS; tier++) {
        int status =
            fork_child(bytes, size, tier, interval, false);

        if (!judge_child(status, tier, interval, t))
            return;
    }
    t->verdict = AGREED;
    for (unsigned run = 1; run < RUNS; run++)
        if (!same(run, interval, t)) {
            t->verdict = MISMATCH;
            return;
        }
}

void
trial_show(const uint8_t *bytes, size_t size, uint32_t interval)
{
    for (unsigned tier = 0; tier < TIERS; tier++)
        fork_child(bytes, size, tier, interval, true);
}
