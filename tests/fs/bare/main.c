/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PID 1's way to a disk against SQL's: see bare_test.h. A round's number is its
 * seed; BARE_ROUNDS says how many, BARE_ROUND does one.
 */
#include "bare_test.h"

#include "fs/store_schema.h"
#include "pith_errno.h"
#include "store_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

unsigned round_seed;
static char dir[128];

void
check(bool ok, const char *file, int line, const char *what)
{
    if (ok)
        return;
    printf("  %s:%d: round %u: %s\n", file, line, round_seed, what);
    fflush(NULL);
    _exit(1);
}

static const char *
in_dir(const char *name)
{
    static struct {
        const char *name;
        char path[160];
    } all[8];
    unsigned k = 0;

    while (all[k].name && strcmp(all[k].name, name) != 0)
        k++;
    all[k].name = name;
    snprintf(all[k].path, sizeof all[k].path, "%s/%s", dir, name);
    return all[k].path;
}

static void
copy_file(const char *from, const char *to)
{
    char command[512];

    snprintf(command, sizeof command, "rm -f %s-wal && cp %s %s", to, from,
             to);
    CHECK(system(command) == 0);
}

static struct store_db *
open_bare(const char *path, const char *vfs)
{
    struct report report = {.text = ""};
    struct store_db *s = NULL;

    if (store_db_open(path, 0, vfs, &s, &report) < 0)
        return NULL;
    if (store_db_configure(s, path, false, 0, &report) == 0)
        return s;
    store_db_close(s, true);
    return NULL;
}

/* ---- the same answers ----------------------------------------------------- */

struct answer {
    uint64_t sum, n; /* of rows, in any order */
    int64_t last;
    bool ordered;
};

static int
take_row(void *ctx, const struct store_value *v, uint32_t n)
{
    struct answer *a = ctx;
    uint64_t h = 0xcbf29ce484222325u;

    for (uint32_t k = 0; k < n; k++) {
        h = hash_bytes(h, &v[k].kind, sizeof v[k].kind);
        h = hash_bytes(h, &v[k].i, sizeof v[k].i);
        h = hash_bytes(h, v[k].p, v[k].n);
    }
    if (n == 4) { /* a directory, by cookie */
        a->ordered = a->ordered && (!a->n || a->last <= v[2].i);
        a->last = v[2].i;
    }
    a->sum += h;
    a->n++;
    return 0;
}

static void
same_answers(struct store_db *bare, struct reference *sql)
{
    struct store_value args[STORE_ARGS];

    for (unsigned n = 4 + random_below(8); n > 0; n--) {
        struct answer a = {.ordered = true}, b = a;
        enum store_sql which = random_question(args);

        CHECK(store_db_query(bare, which, args, take_row, &a) == 0);
        CHECK(reference_query(sql, which, args, take_row, &b) == 0);
        CHECK(a.ordered && a.n == b.n && a.sum == b.sum);
    }
}

/* ---- both ways write the same --------------------------------------------- */

static void
change_both(struct store_db *bare, struct reference *sql)
{
    struct store_step steps[STEPS_MAX];
    size_t n = random_steps(steps);
    bool keep = random_below(6) != 0;
    int r = store_db_begin(bare);

    for (size_t k = 0; r == 0 && k < n; k++)
        r = store_db_query(bare, steps[k].sql, steps[k].arg, NULL, NULL);
    CHECK(r == 0);
    r = store_db_end(bare, keep ? 0 : -E_IO);
    CHECK(r == (keep ? 0 : -E_IO));
    reference_commit(sql, steps, n, keep);
}

static void
same_rows(const char *a, const char *b)
{
    struct reference *x = reference_open(a), *y = reference_open(b);

    CHECK(reference_hash(x) == reference_hash(y));
    reference_close(x);
    reference_close(y);
}

static void
differential(unsigned seed)
{
    const char *one = in_dir("one"), *two = in_dir("two");

    random_start(seed);
    copy_file(in_dir("model"), one);
    copy_file(one, two);
    for (int turn = 0; turn < 4; turn++) {
        /* in turns, so that each goes on with what the other left */
        const char *mine = turn % 2 ? two : one, *its = turn % 2 ? one : two;
        struct store_db *bare = open_bare(mine, NULL);
        struct reference *sql = reference_open(its);

        CHECK(bare);
        for (unsigned n = random_below(60); n > 0; n--) {
            change_both(bare, sql);
            same_answers(bare, sql);
        }
        store_db_close(bare, false);
        reference_close(sql);
        CHECK(access(in_dir("one-wal"), F_OK) < 0);
        reference_check(one);
        reference_check(two);
        same_rows(one, two);
    }
}

/* ---- the power goes ------------------------------------------------------- */

/* The hash of a disk after what the machine does with it at its next start. */
static uint64_t
after_restart(const char *path)
{
    struct reference *sql;
    struct store_db *bare;
    uint64_t h;

    if (random_below(2)) {
        bare = open_bare(path, NULL);
        CHECK(bare);
        store_db_close(bare, false);
    }
    reference_check(path);
    sql = reference_open(path);
    h = reference_hash(sql);
    reference_close(sql);
    return h;
}

static void
power_cut(unsigned seed)
{
    const char *path = in_dir("one"), *left = in_dir("left");
    struct store_step steps[STEPS_MAX];
    struct store_db *bare = NULL;
    struct reference *sql;
    uint64_t before, now, found;
    int r = 0;

    random_start(seed);
    copy_file(in_dir("model"), path);
    copy_file(path, in_dir("two"));
    sql = reference_open(in_dir("two"));
    before = now = reference_hash(sql);
    cut_load(path, 1 + random_below(random_below(4) ? 300 : 6000));
    while (r == 0 && !cut_happened()) {
        size_t n = random_steps(steps);

        if (!bare)
            bare = open_bare("disk", CUT_VFS);
        if (!bare)
            break;
        before = now;
        reference_commit(sql, steps, n, true);
        now = reference_hash(sql);
        r = store_db_commit(bare, steps, n);
        if (r == 0)
            before = now;
        if (random_below(12) == 0) {
            store_db_close(bare, false);
            bare = NULL;
        }
    }
    CHECK(cut_happened());
    store_db_close(bare, false);
    cut_save(left);
    found = after_restart(left);
    CHECK(found == before || found == now);
    reference_close(sql);
}

/* ---- all ------------------------------------------------------------------ */

static int failed, passed;

static void
rounds(const char *name, void (*fn)(unsigned), unsigned n)
{
    const char *one = getenv("BARE_ROUND");
    unsigned from = one ? (unsigned)atoi(one) : 1, bad = 0;

    for (unsigned k = from; k < from + (one ? 1 : n); k++) {
        int status = 1;
        pid_t pid;

        fflush(NULL);
        pid = fork();
        if (pid == 0) {
            round_seed = k;
            alarm(600);
            fn(k);
            exit(0);
        }
        waitpid(pid, &status, 0);
        if (status)
            printf("  %s: round %u ended with status %#x\n", name, k,
                   (unsigned)status);
        bad += status != 0;
    }
    if (bad)
        printf("FAIL %s: %u rounds\n", name, bad);
    failed += bad != 0;
    passed += bad == 0;
}

int
main(void)
{
    const char *tmp = getenv("TMPDIR"), *many = getenv("BARE_ROUNDS");
    unsigned n = many ? (unsigned)atoi(many) : 40;
    struct report report = {.text = ""};
    char command[200];

    snprintf(dir, sizeof dir, "%s/pith-bare-XXXXXX", tmp ? tmp : "/tmp");
    CHECK(mkdtemp(dir) != NULL);
    CHECK(store_sqlite_format(in_dir("model"), &report) == 0);
    cut_install();
    rounds("the same as SQL", differential, n);
    rounds("power cuts", power_cut, n * 10);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    CHECK(system(command) == 0);
    printf("bare: %d passed, %d failed\n", passed, failed);
    return failed != 0;
}
