/* SPDX-License-Identifier: Apache-2.0 */
/* The command and the loop of fuzz-tiers; see tiers.h. */
#include "tiers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MUTANTS = 20, MOST_BYTES = 64 << 10, MOST_PRINTED = 6 << 10 };
enum { REDUCE_SECONDS = 60, SMALLER = 3, MOST_NONE = 50 };

static const uint32_t intervals[] = {1, 2, 3, 5, 7, 13, 31};

struct fuzz {
    struct rng rng;
    struct source source;
    const char *found;
    uint64_t seed;
    unsigned most; /* modules */
    time_t start, until;
    unsigned cases, agreed, invalid, compared, cut, finds;
};

static const char *
verdict_text(enum verdict v)
{
    static const char *const texts[] = {"invalid", "agreed", "mismatch",
                                        "crash", "hang"};

    return texts[v];
}

static void
progress(const struct fuzz *f, bool last)
{
    static time_t told;
    time_t now = time(NULL);
    bool terminal = isatty(STDERR_FILENO);

    told = told ? told : f->start;
    if (!last && now < told + (terminal ? 1 : 300))
        return;
    told = now;
    last = last || !terminal;
    fprintf(last ? stdout : stderr,
            "%s%ld s: %u modules (%u by Binaryen, %u not valid), %u outcomes "
            "compared, %u runs cut by a limit, %u finds%s",
            last ? "" : "\r", (long)(now - f->start), f->cases, f->source.made,
            f->invalid, f->compared, f->cut, f->finds, last ? "\n" : " ");
    fflush(stdout);
}

/* For who has only what was printed. */
static void
print_base64(const struct bytes *b)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    if (b->n > MOST_PRINTED)
        return;
    printf("Base64: ");
    for (size_t i = 0; i < b->n; i += 3) {
        uint32_t n = (uint32_t)b->p[i] << 16;

        n |= i + 1 < b->n ? (uint32_t)b->p[i + 1] << 8 : 0;
        n |= i + 2 < b->n ? b->p[i + 2] : 0;
        putchar(digits[n >> 18]);
        putchar(digits[n >> 12 & 63]);
        putchar(i + 1 < b->n ? digits[n >> 6 & 63] : '=');
        putchar(i + 2 < b->n ? digits[n & 63] : '=');
    }
    puts("");
}

static void
keep(struct fuzz *f, struct bytes *b, uint32_t interval, const struct trial *t)
{
    char path[1000];

    f->finds++;
    snprintf(path, sizeof path, "%s/%s-%llu-%u.wasm", f->found,
             verdict_text(t->verdict), (unsigned long long)f->seed, f->cases);
    bytes_write(b, path);
    printf("FAIL %s: %s: %s (every %u; FUZZ_SEED=%llu)\n", path,
           verdict_text(t->verdict), t->text, interval,
           (unsigned long long)f->seed);
    print_base64(b);
    fflush(stdout);
    if (f->finds > SMALLER)
        return;
    reduce(b, interval, t->verdict, REDUCE_SECONDS);
    snprintf(path, sizeof path, "%s/%s-%llu-%u-small.wasm", f->found,
             verdict_text(t->verdict), (unsigned long long)f->seed, f->cases);
    bytes_write(b, path);
    printf("FAIL %s: %zu bytes\n", path, b->n);
    print_base64(b);
    fflush(stdout);
}

/* True: all agreed on b, which is valid. first: it came from the source. */
static bool
one(struct fuzz *f, struct bytes *b, bool first)
{
    uint32_t interval =
        intervals[rng_below(&f->rng, sizeof intervals / sizeof *intervals)];
    struct trial t;

    f->cases++;
    trial_run(b->p, b->n, interval, &t);
    f->compared += t.compared;
    f->cut += t.cut;
    f->invalid += t.verdict == INVALID;
    if (first && t.verdict == INVALID)
        source_reject(&f->source);
    f->agreed += t.verdict == AGREED;
    if (t.verdict > AGREED)
        keep(f, b, interval, &t);
    progress(f, false);
    return t.verdict == AGREED;
}

static bool
over(const struct fuzz *f)
{
    return f->cases >= f->most || time(NULL) >= f->until;
}

/* Mutants of b, and of mutants. */
static void
family(struct fuzz *f, struct bytes *b)
{
    struct bytes mutant = {0};
    struct report report;
    struct engine_module *m;

    for (unsigned i = 0; i < MUTANTS && !over(f); i++) {
        bool ok;

        report.text[0] = 0;
        if (engine_module_load(b->p, b->n, NULL, NULL, &m, &report))
            break;
        ok = mutate(m, &f->rng, &mutant);
        engine_module_unref(m);
        if (!ok || mutant.n > MOST_BYTES)
            break;
        if (one(f, &mutant, false) && rng_one_in(&f->rng, 2)) {
            struct bytes old = *b;

            *b = mutant;
            mutant = old;
        }
    }
    bytes_free(&mutant);
}

static int
fuzz(struct fuzz *f, unsigned seconds)
{
    struct bytes b = {0};
    unsigned none = 0;

    f->rng.state = f->seed;
    f->start = time(NULL);
    f->until = f->start + (time_t)seconds;
    printf("seed %llu, %u seeds, %u s\n", (unsigned long long)f->seed,
           f->source.nseeds, seconds);
    fflush(stdout);
    while (!over(f) && none < MOST_NONE) {
        if (!source_next(&f->source, &b)) {
            none++;
            continue;
        }
        none = 0;
        if (one(f, &b, true))
            family(f, &b);
    }
    bytes_free(&b);
    source_close(&f->source);
    progress(f, true);
    none = none == MOST_NONE; /* else it was chance, or the time is up */
    if (none)
        printf("FAIL no modules to begin with: see %s/log\n", f->source.dir);
    else if (!f->agreed)
        puts("FAIL none was compared before the time was up");
    printf("%u passed, %u failed\n", f->agreed, f->finds + none);
    return f->finds || none || !f->agreed;
}

/* ---- files ---- */

enum what { FUZZ, REPLAY, SHOW, REDUCE };

static int
replay(const struct source *s)
{
    unsigned passed = 0, failed = 0, skipped = 0;
    struct bytes b = {0};

    for (uint32_t i = 0; i < s->nseeds; i++) {
        struct trial t = {.verdict = INVALID};

        if (!bytes_read(&b, s->seeds[i])) {
            snprintf(t.text, sizeof t.text, "%s", strerror(errno));
            t.verdict = CRASH;
        }
        for (unsigned k = 0; k < 3 && t.verdict <= AGREED; k++)
            trial_run(b.p, b.n, intervals[2 * k], &t);
        passed += t.verdict == AGREED;
        skipped += t.verdict == INVALID;
        failed += t.verdict > AGREED;
        if (t.verdict > AGREED)
            printf("%s: %s: %s\n", s->seeds[i], verdict_text(t.verdict),
                   t.text);
    }
    bytes_free(&b);
    printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
    return failed || !passed;
}

static int
each_file(const struct source *s, enum what what, uint32_t interval)
{
    struct bytes b = {0};
    struct trial t;

    for (uint32_t i = 0; i < s->nseeds; i++) {
        if (!bytes_read(&b, s->seeds[i])) {
            perror(s->seeds[i]);
            return 2;
        }
        if (what == SHOW) {
            trial_show(b.p, b.n, interval);
            continue;
        }
        trial_run(b.p, b.n, interval, &t);
        printf("%s: %s: %s\n", s->seeds[i], verdict_text(t.verdict), t.text);
        if (t.verdict <= AGREED)
            continue;
        reduce(&b, interval, t.verdict, REDUCE_SECONDS * 3);
        bytes_write(&b, s->seeds[i]);
        printf("%s: %zu bytes now\n", s->seeds[i], b.n);
    }
    bytes_free(&b);
    return 0;
}

static int
usage(void)
{
    fputs("usage: fuzz-tiers [--seconds N] [--modules N] [--seed N]\n"
          "                  [--wasm-opt COMMAND] [--found DIR] SEEDS...\n"
          "       fuzz-tiers --replay | --show | --reduce [--interval N] "
          "FILE|DIR...\n",
          stderr);
    return 2;
}

int
main(int argc, char **argv)
{
    struct fuzz f = {.found = ".", .most = UINT32_MAX};
    enum what what = FUZZ;
    unsigned seconds = 60;
    uint32_t interval = 3;
    int i;

    f.seed = (uint64_t)time(NULL) << 8 ^ (uint64_t)getpid();
    for (i = 1; i < argc && argv[i][0] == '-'; i++) {
        const char *w = argv[i], *value = argv[i + 1];

        if (!strcmp(w, "--replay"))
            what = REPLAY;
        else if (!strcmp(w, "--show"))
            what = SHOW;
        else if (!strcmp(w, "--reduce"))
            what = REDUCE;
        else if (!value)
            return usage();
        else if (!strcmp(w, "--seconds") && ++i)
            seconds = (unsigned)strtoul(value, NULL, 10);
        else if (!strcmp(w, "--modules") && ++i)
            f.most = (unsigned)strtoul(value, NULL, 10);
        else if (!strcmp(w, "--seed") && ++i)
            f.seed = strtoull(value, NULL, 10);
        else if (!strcmp(w, "--interval") && ++i)
            interval = (uint32_t)strtoul(value, NULL, 10);
        else if (!strcmp(w, "--wasm-opt") && ++i)
            f.source.wasm_opt = value;
        else if (!strcmp(w, "--found") && ++i)
            f.found = value;
        else
            return usage();
    }
    f.source.rng = &f.rng;
    f.source.dir = f.found;
    mkdir(f.found, 0777);
    for (; i < argc; i++)
        if (source_add(&f.source, argv[i]) < 0) {
            perror(argv[i]);
            return 2;
        }
    if (!trial_init()) {
        puts("fuzz-tiers: this build has no LLVM tier (pith-llvm.so)");
        return 2;
    }
    return what == FUZZ     ? fuzz(&f, seconds)
           : what == REPLAY ? replay(&f.source)
                            : each_file(&f.source, what, interval);
}
