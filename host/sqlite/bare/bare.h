/* SPDX-License-Identifier: Apache-2.0 */
/* Between the parts of a disk without SQL: bare.c, query.c, schema.c. */
#ifndef SQLITE_BARE_BARE_H
#define SQLITE_BARE_BARE_H

#include "../db.h"
#include "record.h"
#include "tree.h"

#define BARE_RECORD_MAX (4u << 20)

/* Columns of inodes; ino is in the table as nothing, being the row's number. */
enum { INODE_MODE = 1, INODE_NLINK = 2, INODE_TARGET = 11, INODE_COLUMNS };

struct store_db {
    struct trees *trees;
    bool changing;   /* between store_db_begin and store_db_end */
    uint8_t *record; /* that is being written */
    size_t room;
};

/* ---- schema.c */
/* Find the trees. -E_IO and a sentence when they are not as STORE_SCHEMA makes
 * them. In a transaction, as all below. */
int bare_read_schema(struct store_db *s, const char *name,
                     struct report *report);

/* ---- query.c. Results 1: there, 0: not, -E_. */
int bare_query(struct store_db *s, enum store_sql which,
               const struct store_value *args, store_row *row, void *ctx);
/* v points into the record, until the next is read. */
int bare_get_inode(struct store_db *s, int64_t ino, struct store_value *v);
/* The chunk with key (ino, idx): *row is its row's number. */
int bare_find_chunk(struct store_db *s, const struct store_value *key,
                    int64_t *row);
/* The first of key[0] from index key[1] on, where the cursor of TREE_CHUNK_KEYS
 * is then. */
int bare_chunk_from(struct store_db *s, const struct store_value *key,
                    int64_t *row);
/* The first in the index of orphans from *ino on. */
int bare_orphan_from(struct store_db *s, struct store_value *ino);

#endif
