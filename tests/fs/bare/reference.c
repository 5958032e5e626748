/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of store_sql.def by libsqlite3; see bare_test.h. */
#include "bare_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reference {
    sqlite3 *db;
};

static const char *const text[] = {
#define SQL(name, parameters, text) text,
#include "fs/store_sql.def"
#undef SQL
};

struct reference *
reference_open(const char *path)
{
    struct reference *r = calloc(1, sizeof *r);

    CHECK(r && sqlite3_open(path, &r->db) == SQLITE_OK);
    sqlite3_exec(r->db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
    return r;
}

void
reference_close(struct reference *r)
{
    CHECK(sqlite3_close(r->db) == SQLITE_OK);
    free(r);
}

static void
run(struct reference *r, const char *sql)
{
    CHECK(sqlite3_exec(r->db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static void
bind(sqlite3_stmt *st, int k, const struct store_value *v)
{
    switch (v->kind) {
    case STORE_INT:
        sqlite3_bind_int64(st, k, v->i);
        break;
    case STORE_TEXT:
        sqlite3_bind_text(st, k, v->n ? v->p : "", (int)v->n, SQLITE_STATIC);
        break;
    case STORE_BLOB:
        sqlite3_bind_blob(st, k, v->n ? v->p : "", (int)v->n, SQLITE_STATIC);
        break;
    case STORE_NULL:
        break;
    }
}

static struct store_value
column(sqlite3_stmt *st, int k)
{
    struct store_value v = {.kind = STORE_NULL};

    switch (sqlite3_column_type(st, k)) {
    case SQLITE_INTEGER:
        v.kind = STORE_INT;
        v.i = sqlite3_column_int64(st, k);
        break;
    case SQLITE_TEXT:
        v.kind = STORE_TEXT;
        v.p = sqlite3_column_text(st, k);
        v.n = (size_t)sqlite3_column_bytes(st, k);
        break;
    case SQLITE_BLOB:
        v.kind = STORE_BLOB;
        v.p = sqlite3_column_blob(st, k);
        v.n = (size_t)sqlite3_column_bytes(st, k);
        break;
    default:
        break;
    }
    return v;
}

static int
query(struct reference *r, const char *sql, const struct store_value *args,
      int n, store_row *row, void *ctx)
{
    struct store_value v[16];
    sqlite3_stmt *st;
    int code, result = 0;

    CHECK(sqlite3_prepare_v2(r->db, sql, -1, &st, NULL) == SQLITE_OK);
    for (int k = 0; k < n; k++)
        bind(st, k + 1, &args[k]);
    while ((code = sqlite3_step(st)) == SQLITE_ROW && result == 0) {
        int columns = sqlite3_column_count(st);

        CHECK(columns <= 16);
        for (int k = 0; k < columns; k++)
            v[k] = column(st, k);
        if (row)
            result = row(ctx, v, (uint32_t)columns);
    }
    CHECK(code == SQLITE_DONE || result != 0);
    sqlite3_finalize(st);
    return result;
}

int
reference_query(struct reference *r, enum store_sql which,
                const struct store_value *args, store_row *row, void *ctx)
{
    return query(r, text[which], args, store_db_parameters(which), row, ctx);
}

void
reference_commit(struct reference *r, const struct store_step *steps, size_t n,
                 bool keep)
{
    run(r, "BEGIN IMMEDIATE");
    for (size_t k = 0; k < n; k++)
        reference_query(r, steps[k].sql, steps[k].arg, NULL, NULL);
    run(r, keep ? "COMMIT" : "ROLLBACK");
}

/* ---- looking at all ------------------------------------------------------- */

uint64_t
hash_bytes(uint64_t h, const void *p, size_t n)
{
    const uint8_t *b = p;

    for (size_t k = 0; k < n; k++)
        h = (h ^ b[k]) * 0x100000001b3u;
    return h;
}

static int
hash_row(void *ctx, const struct store_value *v, uint32_t n)
{
    uint64_t *h = ctx;

    for (uint32_t k = 0; k < n; k++) {
        *h = hash_bytes(*h, &v[k].kind, sizeof v[k].kind);
        *h = hash_bytes(*h, &v[k].i, sizeof v[k].i);
        *h = hash_bytes(*h, &v[k].n, sizeof v[k].n);
        *h = hash_bytes(*h, v[k].p, v[k].n);
    }
    return 0;
}

uint64_t
reference_hash(struct reference *r)
{
    static const char *const all[] = {
        "SELECT key,value FROM meta ORDER BY key",
        "SELECT * FROM inodes ORDER BY ino",
        "SELECT * FROM entries ORDER BY dir,name",
        "SELECT ino,idx,data FROM chunks ORDER BY ino,idx",
        "SELECT path FROM manifest ORDER BY path"};
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        query(r, all[k], NULL, 0, hash_row, &h);
    return h;
}

static int
is_ok(void *ctx, const struct store_value *v, uint32_t n)
{
    (void)ctx, (void)n;
    if (v[0].n != 2 || memcmp(v[0].p, "ok", 2) != 0)
        printf("integrity_check: %.*s\n", (int)v[0].n, (const char *)v[0].p);
    CHECK(v[0].n == 2 && memcmp(v[0].p, "ok", 2) == 0);
    return 0;
}

void
reference_check(const char *path)
{
    struct reference *r = reference_open(path);

    query(r, "PRAGMA integrity_check", NULL, 0, is_ok, NULL);
    reference_close(r);
}
