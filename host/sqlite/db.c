/* SPDX-License-Identifier: Apache-2.0 */
/* A Pith disk as SQLite has it; see db.h. */
#include "db.h"

#include "pith_errno.h"

#include <errno.h>
#include <stdio.h>

#define MAX_COLUMNS 16

static const struct {
    int parameters;
    const char *text;
} sql[] = {
#define SQL(name, parameters, text) {parameters, text},
#include "fs/store_sql.def"
#undef SQL
};

/* ---- errors ------------------------------------------------------------- */

int
store_sqlite_error(sqlite3 *db, int code)
{
    int e;

    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return 0;
    case SQLITE_NOMEM:
        return -E_NOMEM;
    case SQLITE_FULL:
        return -E_NOSPC;
    case SQLITE_READONLY:
        return -E_ROFS;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -E_BUSY;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        e = db ? sqlite3_system_errno(db) : 0;
        if (e == ENOSPC || e == EDQUOT)
            return -E_NOSPC;
        if ((code & 0xff) == SQLITE_CANTOPEN && e)
            return store_db_host_error(e);
        return -E_IO;
    default:
        return -E_IO;
    }
}

int
store_sqlite_run(sqlite3 *db, const char *text, struct report *report)
{
    int code = sqlite3_exec(db, text, NULL, NULL, NULL);

    if (code != SQLITE_OK)
        report_set(report, 0, "the disk's database: %s", sqlite3_errmsg(db));
    return store_sqlite_error(db, code);
}

int
store_db_parameters(enum store_sql which)
{
    return sql[which].parameters;
}

/* ---- statements --------------------------------------------------------- */

static int
prepare(struct store_db *s, enum store_sql which,
        const struct store_value *args, sqlite3_stmt **out)
{
    sqlite3_stmt *st = s->statement[which];
    int code = SQLITE_OK;

    if (!st) {
        code = sqlite3_prepare_v3(s->db, sql[which].text, -1,
                                  SQLITE_PREPARE_PERSISTENT, &st, NULL);
        if (code != SQLITE_OK)
            return store_sqlite_error(s->db, code);
        s->statement[which] = st;
    }
    for (int k = 0; k < sql[which].parameters && code == SQLITE_OK; k++) {
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

uint64_t
store_db_number(sqlite3 *db, const char *pragma)
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

/* Nothing in the file may make SQLite do more than hold data. */
void
store_db_harden(sqlite3 *db)
{
    sqlite3_extended_result_codes(db, 1);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 4 << 20);
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

    if (r == 0 && store_db_number(s->db, "PRAGMA application_id") != 1346982984) {
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
store_db_commit(struct store_db *s, const struct store_step *steps, size_t n)
{
    int r = store_sqlite_run(s->db, "BEGIN IMMEDIATE", NULL);

    for (size_t k = 0; r == 0 && k < n; k++)
        r = store_db_query(s, steps[k].sql, steps[k].arg, NULL, NULL);
    if (r == 0)
        r = store_sqlite_run(s->db, "COMMIT", NULL);
    /* Some errors have rolled back by themselves already. */
    if (r < 0 && !sqlite3_get_autocommit(s->db))
        store_sqlite_run(s->db, "ROLLBACK", NULL);
    return r;
}

void
store_db_space(struct store_db *s, uint64_t *total, uint64_t *unused)
{
    uint64_t page = store_db_number(s->db, "PRAGMA page_size");
    uint64_t pages = store_db_number(s->db, "PRAGMA page_count");
    uint64_t free_ = store_db_number(s->db, "PRAGMA freelist_count");

    *total = pages * page;
    *unused = (free_ < pages ? free_ : pages) * page;
}

void
store_db_close(struct store_db *s, bool readonly)
{
    for (int k = 0; k < STORE_SQL_COUNT; k++)
        sqlite3_finalize(s->statement[k]);
    if (!readonly)
        store_sqlite_run(s->db, "PRAGMA journal_mode=DELETE", NULL);
    sqlite3_close(s->db);
}
