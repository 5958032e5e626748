/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: disks that PID 1 is given (host/sqlite/bare). The input is
 * changes to a disk: a byte that says which disk (bit 0: one that was not closed,
 * with its log; bit 1: change the log) and what is done with it, then for each
 * change a page, an offset in it (two bytes), a length and so many bytes. All of
 * it is read, some is changed; errors are fine.
 */
#include "../fs/bare/bare_test.h"

#include "pith_errno.h"
#include "store_sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define PAGE 16384u

unsigned round_seed;

void
check(bool ok, const char *file, int line, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

static struct store_db *
open_disk(void)
{
    struct report report = {.text = ""};
    struct store_db *s = NULL;

    if (store_db_open("disk", 0, CUT_VFS, &s, &report) == 0 &&
        store_db_configure(s, "disk", false, 0, &report) == 0)
        return s;
    CHECK(report.text[0]); /* a sentence */
    store_db_close(s, true);
    return NULL;
}

/* A disk with a bit of everything: open, and closed. */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char path[] = "/tmp/pith-fuzz-XXXXXX", disk[64];
    struct store_step steps[STEPS_MAX];
    struct report report = {.text = ""};
    struct store_db *s;

    (void)argc, (void)argv;
    CHECK(mkdtemp(path) != NULL);
    snprintf(disk, sizeof disk, "%s/disk", path);
    CHECK(store_sqlite_format(disk, &report) == 0);
    cut_install();
    cut_load(disk, UINT32_MAX);
    unlink(disk);
    rmdir(path);
    random_start(1);
    s = open_disk();
    CHECK(s);
    for (int k = 0; k < 8; k++) {
        size_t n = random_steps(steps);

        CHECK(store_db_commit(s, steps, n) == 0);
    }
    cut_keep(1);
    store_db_close(s, false);
    cut_keep(0);
    return 0;
}

static int
look(void *ctx, const struct store_value *v, uint32_t n)
{
    uint64_t *h = ctx;

    for (uint32_t k = 0; k < n; k++)
        if (v[k].n)
            *h = hash_bytes(*h, v[k].p, v[k].n);
    return 0;
}

static void
use(struct store_db *s, unsigned rounds)
{
    struct store_step steps[STEPS_MAX];
    struct store_value args[STORE_ARGS];
    uint64_t h = 0, total, unused;

    for (unsigned k = 0; k < rounds; k++) {
        for (int q = 0; q < 8; q++)
            store_db_query(s, random_question(args), args, look, &h);
        if (store_db_commit(s, steps, random_steps(steps)) == 0)
            store_db_space(s, &total, &unused);
    }
}

uint64_t
hash_bytes(uint64_t h, const void *p, size_t n)
{
    const uint8_t *b = p;

    for (size_t k = 0; k < n; k++)
        h = h * 31 + b[k];
    return h;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = data + size;
    struct store_db *s;
    unsigned how;

    if (!size)
        return 0;
    how = *data++;
    cut_restore(how & 1);
    while (end - data >= 5) {
        size_t at = data[0] * PAGE + data[1] * 256u + data[2], n = data[3];

        data += 4;
        if (n > (size_t)(end - data))
            n = (size_t)(end - data);
        cut_patch(how >> 1 & how & 1, at, data, n);
        data += n;
    }
    random_start(how);
    s = open_disk();
    if (!s)
        return 0;
    use(s, 2);
    store_db_close(s, false);
    return 0;
}
