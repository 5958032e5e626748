/* SPDX-License-Identifier: Apache-2.0 */
/* A Pith disk as a database for SQL: what db.c is made of, and what makes disks
 * (host/posix/store_format.c, tools/mkdisk.c). */
#ifndef SQLITE_SQL_H
#define SQLITE_SQL_H

#include "db.h"

struct store_db {
    sqlite3 *db;
    sqlite3_stmt *statement[STORE_SQL_COUNT];
};

/* Open, hardened against what a file can hold. SQLITE_OPEN_* flags; vfs NULL:
 * the usual. */
int store_sqlite_connect(const char *path, int flags, const char *vfs,
                         struct report *report, sqlite3 **out);
/* SQLite's result code as 0 or -E_. db may be NULL. */
int store_sqlite_error(sqlite3 *db, int code);
/* Run statements without rows. */
int store_sqlite_run(sqlite3 *db, const char *text, struct report *report);

#endif
