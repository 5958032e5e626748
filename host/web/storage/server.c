/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The storage Worker's side of host/web/storage.h: SQLite over the files that
 * JavaScript holds open (vfs.c). This module's memory is its own; what a
 * request points to lies in the kernel's.
 */
#include "../storage.h"

#include "../../sqlite/sql.h"
#include "../../sqlite/upgrade.h"
#include "pith_errno.h"
#include "vfs.h"

#include <stdlib.h>
#include <string.h>

/* Defines a function that JavaScript calls: EXPORT(type, name, parameters). */
#define EXPORT(type, name, ...)                                                \
    type name(__VA_ARGS__);                                                    \
    __attribute__((export_name(#name))) type name(__VA_ARGS__)
#define IMPORT(name)                                                           \
    __attribute__((import_module("glue"), import_name(#name)))

IMPORT(copy_out) void from_kernel(void *to, uint32_t from, size_t n);
IMPORT(copy_in) void to_kernel(uint32_t to, const void *from, size_t n);

static struct store_db *disk;
static char error[256];

/* The rows of the last query, as records; the kernel gets them piece by
 * piece. */
#define ROWS_MAX (64u << 20)
static struct {
    uint8_t *bytes;
    size_t used, room, given;
} rows;

int
store_db_host_error(int e)
{
    (void)e;
    return -E_IO;
}

EXPORT(const char *, disk_error, void)
{
    return error;
}

EXPORT(int, disk_open, int readonly)
{
    struct report report = {0};
    int r;

    vfs_register();
    r = store_db_open("disk", readonly ? STORE_DB_READONLY : 0, NULL, &disk,
                      &report);
    if (r == 0)
        r = store_db_configure(disk, "the disk", readonly, 0, &report);
    if (r == 0) /* reading a page is a call into the browser */
        r = store_sqlite_run(disk->db, "PRAGMA cache_size=-16384", &report);
    strcpy(error, report.text);
    return r;
}

/* The image is file 3 of JavaScript's. As store_db_upgrade. */
EXPORT(int, disk_upgrade, void)
{
    struct report report = {0};
    struct store_db *image = NULL;
    int r = store_db_open("image", STORE_DB_READONLY, NULL, &image, &report);

    if (r == 0)
        r = store_db_configure(image, "the image", true, 0, &report);
    if (r == 0)
        r = store_db_upgrade(disk, image, &report);
    store_db_close(image, true);
    strcpy(error, report.text);
    return r;
}

/* ---- requests ------------------------------------------------------------- */

/* Copies of what values point to; freed by drop_values. */
static int
fetch_values(struct store_value *v, int n)
{
    for (int i = 0; i < n; i++) {
        uint32_t from = (uint32_t)(uintptr_t)v[i].p;
        void *copy = NULL;

        v[i].p = NULL;
        if (v[i].kind != STORE_TEXT && v[i].kind != STORE_BLOB)
            continue;
        copy = malloc(v[i].n + 1);
        if (!copy)
            return -E_NOMEM;
        from_kernel(copy, from, v[i].n);
        v[i].p = copy;
    }
    return 0;
}

static void
drop_values(struct store_value *v, int n)
{
    union {
        const void *in;
        void *out;
    } p;

    for (int i = 0; i < n; i++) {
        p.in = v[i].p;
        if (v[i].kind == STORE_TEXT || v[i].kind == STORE_BLOB)
            free(p.out);
    }
}

static int
commit(const struct storage_request *q)
{
    struct store_step *steps = malloc((q->nsteps + 1) * sizeof *steps);
    int r = steps ? 0 : -E_NOMEM;
    uint32_t k, n = 0;

    if (r == 0)
        from_kernel(steps, q->steps, q->nsteps * sizeof *steps);
    for (; r == 0 && n < q->nsteps; n++)
        r = fetch_values(steps[n].arg, STORE_ARGS);
    if (r == 0)
        r = store_db_commit(disk, steps, q->nsteps);
    for (k = 0; k < n; k++)
        drop_values(steps[k].arg, STORE_ARGS);
    free(steps);
    return r;
}

static size_t
record_size(const struct store_value *v, uint32_t n)
{
    size_t size = sizeof(struct storage_record);

    for (uint32_t i = 0; i < n; i++) {
        if (v[i].kind == STORE_TEXT || v[i].kind == STORE_BLOB)
            size += (v[i].n + 7) & ~(size_t)7;
    }
    return size;
}

static bool
make_room(size_t need)
{
    size_t room = rows.room ? rows.room : STORAGE_BUFFER;
    uint8_t *bytes;

    while (room - rows.used < need)
        room *= 2;
    if (room == rows.room)
        return true;
    bytes = room <= ROWS_MAX ? realloc(rows.bytes, room) : NULL;
    if (!bytes)
        return false;
    rows.bytes = bytes;
    rows.room = room;
    return true;
}

static int
keep_row(void *ctx, const struct store_value *v, uint32_t n)
{
    struct storage_record rec = {.n = n};
    size_t size = record_size(v, n);

    (void)ctx;
    if (n > STORAGE_COLUMNS || size > STORAGE_BUFFER)
        return -E_IO;
    if (!make_room(size))
        return -E_NOMEM;
    for (uint32_t i = 0; i < n; i++)
        rec.v[i] = v[i];
    memcpy(rows.bytes + rows.used, &rec, sizeof rec);
    rows.used += sizeof rec;
    for (uint32_t i = 0; i < n; i++) {
        if (v[i].kind != STORE_TEXT && v[i].kind != STORE_BLOB)
            continue;
        if (v[i].n)
            memcpy(rows.bytes + rows.used, v[i].p, v[i].n);
        rows.used += (v[i].n + 7) & ~(size_t)7;
    }
    return 0;
}

/* As many rows as fit. */
static int
give_rows(struct storage_request *q)
{
    size_t from = rows.given;

    q->rows = 0;
    while (rows.given < rows.used) {
        const struct storage_record *rec =
            (const void *)(rows.bytes + rows.given);
        size_t size = record_size(rec->v, rec->n);

        if (rows.given + size - from > STORAGE_BUFFER)
            break;
        rows.given += size;
        q->rows++;
    }
    to_kernel(q->buffer, rows.bytes + from, rows.given - from);
    q->more = rows.given < rows.used;
    return 0;
}

static int
query(struct storage_request *q)
{
    struct store_value args[STORE_ARGS] = {0};
    int n, r;

    if (q->sql >= STORE_SQL_COUNT)
        return -E_INVAL;
    n = store_db_parameters(q->sql);
    rows.used = rows.given = 0;
    if (n)
        from_kernel(args, q->args, (size_t)n * sizeof *args);
    r = fetch_values(args, n);
    if (r == 0)
        r = store_db_query(disk, q->sql, args, keep_row, NULL);
    drop_values(args, n);
    return r < 0 ? r : give_rows(q);
}

static int
serve(struct storage_request *q)
{
    uint64_t total, unused;

    switch (q->op) {
    case STORAGE_QUERY:
        return query(q);
    case STORAGE_MORE:
        return give_rows(q);
    case STORAGE_STOP:
        rows.given = rows.used;
        return 0;
    case STORAGE_COMMIT:
        return commit(q);
    case STORAGE_SPACE:
        store_db_space(disk, &total, &unused);
        q->used = total - unused;
        q->left = unused + vfs_space_left();
        return 0;
    case STORAGE_FREEZE:
        return store_sqlite_run(disk->db,
                                "PRAGMA wal_checkpoint(TRUNCATE);"
                                "PRAGMA wal_autocheckpoint=0",
                                NULL);
    case STORAGE_THAW:
        return store_sqlite_run(disk->db, "PRAGMA wal_autocheckpoint=1000",
                                NULL);
    case STORAGE_CLOSE:
        store_db_close(disk, false);
        return 0;
    default:
        return -E_INVAL;
    }
}

/* The request at `at` in the kernel's memory; the word is JavaScript's. */
EXPORT(void, disk_serve, uint32_t at)
{
    struct storage_request q;
    const size_t head = sizeof q.word;

    from_kernel(&q, at, sizeof q);
    q.result = serve(&q);
    to_kernel(at + head, (const char *)&q + head, sizeof q - head);
}
