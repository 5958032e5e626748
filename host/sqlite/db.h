/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Pith disk in SQLite's hands: the part of a store's backend that is the same
 * wherever SQLite runs (host/posix with libsqlite3, host/web/storage in a
 * browser). One thread at a time.
 *
 * Measured (docs/formats-store.md): write-ahead log with synchronous=FULL and
 * 16 KiB pages makes an fsync of a small file ten times faster than a rollback
 * journal. The log is folded back and the journal mode reset when the disk is
 * closed, so that what remains is one ordinary file.
 */
#ifndef SQLITE_DB_H
#define SQLITE_DB_H

#include "fs/store_backend.h"
#include "report.h"

#include <sqlite3.h>
#include <stdbool.h>

struct store_db {
    sqlite3 *db;
    sqlite3_stmt *statement[STORE_SQL_COUNT];
};

/* SQLite's result code as 0 or -E_. db may be NULL. */
int store_sqlite_error(sqlite3 *db, int code);
/* The host's: errno of a file that cannot be opened as -E_. */
int store_db_host_error(int e);
/* Run statements without rows. */
int store_sqlite_run(sqlite3 *db, const char *text, struct report *report);
/* The one number that a pragma or a query yields; 0. */
uint64_t store_db_number(sqlite3 *db, const char *text);

/* Nothing in the file may make SQLite do more than hold data. */
void store_db_harden(sqlite3 *db);
/* After opening: is it a Pith disk, and how to write to it. max_bytes 0: no
 * limit of its own. name is for the sentence. */
int store_db_configure(struct store_db *s, const char *name, bool readonly,
                       uint64_t max_bytes, struct report *report);
int store_db_parameters(enum store_sql which); /* of a statement */
/* As in store_backend.h. */
int store_db_query(struct store_db *s, enum store_sql which,
                   const struct store_value *args, store_row *row, void *ctx);
int store_db_commit(struct store_db *s, const struct store_step *steps,
                    size_t n);
/* Bytes of the file, and how many of them hold nothing. */
void store_db_space(struct store_db *s, uint64_t *total, uint64_t *unused);
void store_db_close(struct store_db *s, bool readonly);

#endif
