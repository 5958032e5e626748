/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The B-trees of a Pith disk, by SQLite's own B-tree and pager, without SQL:
 * same file, same log, same locks and same order of writing. Of SQLite nothing
 * else is used, so a linker leaves the rest out (docs/RATIONALE.md says why).
 *
 * A tree is either rows by a number (`row`) with a record each, or an index:
 * records alone, in the order of their first columns. Each has one cursor, which
 * what seeks here moves and what reads, steps and deletes uses. A call that
 * changes a tree leaves its cursor nowhere: seek again.
 *
 * All between tree_begin and tree_end; one thread at a time. Results are 0, 1
 * where it says so, or -E_. The file may be anybody's: what it holds is checked
 * by SQLite (-E_IO), records are for record.h to doubt.
 */
#ifndef SQLITE_BARE_TREE_H
#define SQLITE_BARE_TREE_H

#include "fs/store_backend.h"
#include "report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tree {
    TREE_SCHEMA,     /* rows */
    TREE_META,       /* key, value */
    TREE_INODES,     /* rows, by ino */
    TREE_ENTRIES,    /* dir, name, ino, cookie */
    TREE_CHUNKS,     /* rows */
    TREE_CHUNK_KEYS, /* ino, idx, row of TREE_CHUNKS */
    TREE_MANIFEST,   /* path */
    TREE_ORPHANS,    /* ino, ino: of inodes with nlink 0 */
    TREES
};

struct trees;

/* flags are SQLite's of opening; vfs NULL: the usual. */
int trees_open(const char *path, int flags, bool immutable, const char *vfs,
               struct trees **out, struct report *report);
/* How to write, as store_db_configure. */
int trees_configure(struct trees *t, const char *name, bool readonly,
                    uint64_t max_bytes, struct report *report);
void trees_close(struct trees *t, bool readonly);
/* Where the tree begins. -E_IO: no page of the file, or another tree's. */
int trees_set_root(struct trees *t, enum tree which, int64_t page);
/* In a transaction. */
void trees_space(struct trees *t, uint64_t *total, uint64_t *unused);

int tree_begin(struct trees *t, bool write);
/* r is the result so far: 0 commits, on stable storage when that is returned;
 * all else undoes. */
int tree_end(struct trees *t, int r);

/* 1: there; 0: not. */
int tree_seek_row(struct trees *t, enum tree which, int64_t row);
/* The record that has these as its first columns: 1, 0: none. */
int tree_seek_key(struct trees *t, enum tree which,
                  const struct store_value *key, unsigned n);
/* The first that is not before them: 1; 0: none. */
int tree_seek_from(struct trees *t, enum tree which,
                   const struct store_value *key, unsigned n);
/* 1; 0: there is none. */
int tree_first(struct trees *t, enum tree which);
int tree_last(struct trees *t, enum tree which);
int tree_next(struct trees *t, enum tree which);
int tree_count(struct trees *t, enum tree which, int64_t *out);

/* Where the cursor is. */
int64_t tree_row(struct trees *t, enum tree which);
/* The record: until the next tree_read. */
int tree_read(struct trees *t, enum tree which, const uint8_t **record,
              size_t *n);

/* In place of what has the same row, or the same key. */
int tree_put_row(struct trees *t, enum tree which, int64_t row,
                 const void *record, size_t n);
int tree_put_key(struct trees *t, enum tree which,
                 const struct store_value *key, unsigned nkey,
                 const void *record, size_t n);
int tree_delete(struct trees *t, enum tree which); /* where the cursor is */
int tree_clear(struct trees *t, enum tree which);  /* all of it */

#endif
