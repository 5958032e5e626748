/* SPDX-License-Identifier: Apache-2.0 */
/* A Pith disk as SQL has it; see db.h. */
#include "sql.h"

#include "pith_errno.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_COLUMNS 16

static const char *const sql[] = {
#define SQL(name, parameters, text) text,
#include "fs/store_sql.def"
#undef SQL
};

/* ---- statements --------------------------------------------------------- */

static int
prepare(struct store_db *s, enum store_sql which,
        const struct store_value *args, sqlite3_stmt **out)
{
    sqlite3_stmt *st = s->statement[which];
    int code = SQLITE_OK;

    if (!st) {
        code = sqlite3_prepare_v3(s->db, sql[which], -1,
                                  SQLITE_PREPARE_PERSISTENT, &st, NULL);
        if (code != SQLITE_OK)
            return store_sqlite_error(s->db, code);
        s->statement[which] = st;
    }
    for (int k = 0; k < store_db_parameters(which) && code == SQLITE_OK; k++) {
        const struct store_value *v = &args[k];
        switch (v->kind) {
        case STORE_INT:
            code = sqlite3_bind_int64(st, k + 1, v->i);
            break;
        case STORE_TEXT:
            code = sqlite3_bind_text64(st, k + 1, v->p, v->n, SQLITE_STATIC,
                                       SQLITE_UTF8);
            break;
        case STORE_BLOB:
            code = sqlite3_bind_blob64(st, k + 1, v->p, v->n, SQLITE_STATIC);
            break;
        case STORE_NULL:
            code = sqlite3_bind_null(st, k + 1);
            break;
        }
    }
    *out = st;
    return store_sqlite_error(s->db, code);
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
give_row(sqlite3_stmt *st, store_row *row, void *ctx)
{
    struct store_value v[MAX_COLUMNS];
    int n = sqlite3_column_count(st);

    if (n > MAX_COLUMNS)
        n = MAX_COLUMNS;
    for (int k = 0; k < n; k++)
        v[k] = column(st, k);
    return row ? row(ctx, v, (uint32_t)n) : 0;
}

int
store_db_query(struct store_db *s, enum store_sql which,
    const struct store_value *args, store_row *row, void *ctx)
{
    sqlite3_stmt *st = NULL;
    int code = SQLITE_DONE, r = prepare(s, which, args, &st);

    if (r < 0)
        return r;
    while (r == 0 && (code = sqlite3_step(st)) == SQLITE_ROW)
        r = give_row(st, row, ctx);
    if (r == 0)
        r = store_sqlite_error(s->db, code);
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return r;
}

/* ---- the disk ----------------------------------------------------------- */

static uint64_t
number(sqlite3 *db, const char *pragma)
{
    sqlite3_stmt *st;
    uint64_t n = 0;

    if (sqlite3_prepare_v2(db, pragma, -1, &st, NULL) != SQLITE_OK)
        return 0;
    if (sqlite3_step(st) == SQLITE_ROW)
        n = (uint64_t)sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

/* A disk that nobody writes to: no journal to look for, no locks to take. */
static int
connect_immutable(const char *path, const char *vfs, struct report *report,
                  sqlite3 **out)
{
    char uri[3 * 4096 + 32], *to = uri + sprintf(uri, "file:");

    for (const char *s = path; *s && to < uri + sizeof uri - 32; s++) {
        if (*s == '%' || *s == '?' || *s == '#')
            to += sprintf(to, "%%%02x", (unsigned)(unsigned char)*s);
        else
            *to++ = *s;
    }
    sprintf(to, "?immutable=1");
    return store_sqlite_connect(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                                vfs, report, out);
}

int
store_db_open(const char *path, unsigned flags, const char *vfs,
              struct store_db **out, struct report *report)
{
    struct store_db *s = calloc(1, sizeof *s);
    int r;

    if (!s)
        return -E_NOMEM;
    if (flags == STORE_DB_IMMUTABLE)
        r = connect_immutable(path, vfs, report, &s->db);
    else
        r = store_sqlite_connect(path,
                                 flags ? SQLITE_OPEN_READONLY
                                       : SQLITE_OPEN_READWRITE,
                                 vfs, report, &s->db);
    if (r < 0)
        free(s);
    else
        *out = s;
    return r;
}

int
store_db_configure(struct store_db *s, const char *name, bool readonly,
                   uint64_t max_bytes, struct report *report)
{
    char limit[64];
    int r = store_sqlite_run(s->db,
                             "PRAGMA locking_mode=EXCLUSIVE;"
                             "PRAGMA temp_store=MEMORY;"
                             "PRAGMA cache_size=-4096;"
                             /* or what is removed is written once more,
                              * as zeros: Debian's default */
                             "PRAGMA secure_delete=OFF;"
                             "PRAGMA cell_size_check=ON;",
                             report);

    if (r == 0 && number(s->db, "PRAGMA application_id") != 1346982984) {
        report_set(report, 0, "%s is not a Pith disk", name);
        r = -E_IO;
    }
    if (r == 0 && !readonly)
        r = store_sqlite_run(s->db,
                             "PRAGMA journal_mode=WAL;"
                             "PRAGMA synchronous=FULL;"
                             "PRAGMA journal_size_limit=67108864;",
                             report);
    if (r == 0 && max_bytes) {
        snprintf(limit, sizeof limit, "PRAGMA max_page_count=%llu",
                 (unsigned long long)(max_bytes / 16384));
        r = store_sqlite_run(s->db, limit, report);
    }
    return r;
}

int
store_db_begin(struct store_db *s)
{
    return store_sqlite_run(s->db, "BEGIN IMMEDIATE", NULL);
}

int
store_db_end(struct store_db *s, int r)
{
    if (r == 0)
        r = store_sqlite_run(s->db, "COMMIT", NULL);
    /* Some errors have rolled back by themselves already. */
    if (r != 0 && !sqlite3_get_autocommit(s->db))
        store_sqlite_run(s->db, "ROLLBACK", NULL);
    return r;
}

void
store_db_space(struct store_db *s, uint64_t *total, uint64_t *unused)
{
    uint64_t page = number(s->db, "PRAGMA page_size");
    uint64_t pages = number(s->db, "PRAGMA page_count");
    uint64_t free_ = number(s->db, "PRAGMA freelist_count");

    *total = pages * page;
    *unused = (free_ < pages ? free_ : pages) * page;
}

void
store_db_close(struct store_db *s, bool readonly)
{
    if (!s)
        return;
    for (int k = 0; k < STORE_SQL_COUNT; k++)
        sqlite3_finalize(s->statement[k]);
    if (!readonly)
        store_sqlite_run(s->db, "PRAGMA journal_mode=DELETE", NULL);
    sqlite3_close(s->db);
    free(s);
}

sqlite3_vfs *
store_db_vfs(const char *name)
{
    return sqlite3_vfs_find(name);
}

void
store_db_add_vfs(sqlite3_vfs *vfs)
{
    sqlite3_vfs_register(vfs, 0);
}
