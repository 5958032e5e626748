/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of PID 1's way to a disk (host/sqlite/bare), with libsqlite3 as the
 * measure: what is written without SQL has to be what SQL would have written.
 */
#ifndef TESTS_FS_BARE_TEST_H
#define TESTS_FS_BARE_TEST_H

#include "../../../host/sqlite/db.h"

#include <stdbool.h>
#include <stdint.h>

/* A check that fails ends the process, and says where. */
#define CHECK(cond) check(cond, __FILE__, __LINE__, #cond)
void check(bool ok, const char *file, int line, const char *what);
extern unsigned round_seed; /* for the sentence */

/* ---- reference.c: the statements as SQL */
struct reference;
struct reference *reference_open(const char *path);
void reference_close(struct reference *r);
/* As store_db_query and store_db_commit; keep false: ends in a rollback. */
int reference_query(struct reference *r, enum store_sql which,
                    const struct store_value *args, store_row *row, void *ctx);
void reference_commit(struct reference *r, const struct store_step *steps,
                      size_t n, bool keep);
/* Of all rows of all tables. */
uint64_t reference_hash(struct reference *r);
/* PRAGMA integrity_check, and that what is left is one plain file. */
void reference_check(const char *path);
uint64_t hash_bytes(uint64_t h, const void *p, size_t n);

/* ---- steps.c: what a system might do, and what it would not */
#define STEPS_MAX 48
void random_start(unsigned seed);
unsigned random_below(unsigned n);
/* They point to memory that the next call uses. */
size_t random_steps(struct store_step *steps);
enum store_sql random_question(struct store_value *args);

/* ---- cut.c: a disk that loses what was not synced */
#define CUT_VFS "cut"
void cut_install(void);
/* What is at path is the disk, all of it safe; after so many writes the power
 * goes, and everything fails. */
void cut_load(const char *path, unsigned writes);
bool cut_happened(void);
/* All files as they are now, to come back to: at most CUT_KEPT. Safe then. */
#define CUT_KEPT 2
void cut_keep(unsigned which);
void cut_restore(unsigned which);
/* Other bytes, in the disk (0) or its log (1); none beyond its end. */
void cut_patch(unsigned file, size_t at, const void *bytes, size_t n);
size_t cut_size(unsigned file);
/* What a disk might hold then, to path and path-wal and path-journal. */
void cut_save(const char *path);

#endif
