/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Pith disk in SQLite's hands: the part of a store's backend that is the same
 * wherever SQLite runs. There are two: db.c runs the statements as SQL (host/posix
 * with libsqlite3, host/web/storage in a browser); bare/ does what they say on
 * SQLite's B-trees, for PID 1, where the rest of SQLite is too much. One thread
 * at a time for each store_db.
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

struct store_db;

/* A result code of SQLite, and the host's errno or 0, as 0 or -E_. */
int store_db_error(int code, int host_errno);
/* The host's: errno of a file that cannot be opened as -E_. */
int store_db_host_error(int e);

/* SQLite's list of VFSes. */
sqlite3_vfs *store_db_vfs(const char *name);
void store_db_add_vfs(sqlite3_vfs *vfs);

#define STORE_DB_READONLY 1u  /* */
#define STORE_DB_IMMUTABLE 3u /* nobody writes: no log to look for, no locks */
/* vfs NULL: the usual. Nothing is read yet. */
int store_db_open(const char *path, unsigned flags, const char *vfs,
                  struct store_db **out, struct report *report);
/* After opening: is it a Pith disk, and how to write to it. max_bytes 0: no
 * limit of its own. name is for the sentence. */
int store_db_configure(struct store_db *s, const char *name, bool readonly,
                       uint64_t max_bytes, struct report *report);
void store_db_close(struct store_db *s, bool readonly); /* NULL too */

int store_db_parameters(enum store_sql which); /* of a statement */
/* As in store_backend.h. A row may not query s. */
int store_db_query(struct store_db *s, enum store_sql which,
                   const struct store_value *args, store_row *row, void *ctx);
int store_db_commit(struct store_db *s, const struct store_step *steps,
                    size_t n);
/* The same in pieces: queries between the two are one transaction. r is the
 * result so far; all but 0 undoes. */
int store_db_begin(struct store_db *s);
int store_db_end(struct store_db *s, int r);
/* Bytes of the file, and how many of them hold nothing. */
void store_db_space(struct store_db *s, uint64_t *total, uint64_t *unused);

#endif
