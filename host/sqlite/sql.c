/* SPDX-License-Identifier: Apache-2.0 */
/* SQL on a disk; see sql.h. */
#include "sql.h"

int
store_sqlite_error(sqlite3 *db, int code)
{
    return store_db_error(code, db ? sqlite3_system_errno(db) : 0);
}

int
store_sqlite_run(sqlite3 *db, const char *text, struct report *report)
{
    int code = sqlite3_exec(db, text, NULL, NULL, NULL);

    if (code != SQLITE_OK)
        report_set(report, 0, "the disk's database: %s", sqlite3_errmsg(db));
    return store_sqlite_error(db, code);
}

/* Nothing in the file may make SQLite do more than hold data. */
static void
harden(sqlite3 *db)
{
    sqlite3_extended_result_codes(db, 1);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 4 << 20);
}

int
store_sqlite_connect(const char *path, int flags, const char *vfs,
                     struct report *report, sqlite3 **out)
{
    int code = sqlite3_open_v2(path, out, flags | SQLITE_OPEN_NOMUTEX, vfs);

    if (code != SQLITE_OK) {
        int r = store_sqlite_error(*out, code);
        report_set(report, 0, "%s cannot be opened: %s", path,
                   *out ? sqlite3_errmsg(*out) : "no memory");
        sqlite3_close(*out);
        *out = NULL;
        return r;
    }
    harden(*out);
    return 0;
}
