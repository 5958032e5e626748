/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that work on a disk with libsqlite3 share: store_sqlite.c,
 * store_seed.c, tools/mkdisk.c. */
#ifndef POSIX_STORE_INTERNAL_SQLITE_H
#define POSIX_STORE_INTERNAL_SQLITE_H

#include "fs/store_backend.h"
#include "fs/store_schema.h"
#include "report.h"

#include <sqlite3.h>
#include <stdbool.h>

/* SQLite's result code as 0 or -E_. db may be NULL. */
int store_sqlite_error(sqlite3 *db, int code);
/* Run statements without rows. */
int store_sqlite_run(sqlite3 *db, const char *text, struct report *report);
/* Open, hardened against what a file can hold. SQLITE_OPEN_* flags. */
int store_sqlite_connect(const char *path, int flags, struct report *report,
                         sqlite3 **out);
/* Hold `<disk>-lock`; *out is a descriptor to close, or -1 where a shared lock
 * is not to be had and not needed. -E_BUSY */
int store_lock_disk(const char *disk, bool shared, struct report *report,
                    int *out);

#endif
