/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Pith disk without SQL: the statements of store_sql.def, each done by hand on
 * the trees that the schema makes (tree.h). See ../db.h; what is a query is in
 * query.c.
 *
 * What SQL keeps true is kept true here: TREE_CHUNK_KEYS has an entry for each
 * row of TREE_CHUNKS, and TREE_ORPHANS one for each inode whose nlink is 0. So
 * the schema has to be exactly ours: a disk whose tables are others, or have
 * indexes of their own, is refused (schema.c).
 */
#include "bare.h"

#include "pith_errno.h"

#include <stdlib.h>
#include <string.h>

/* ---- opening -------------------------------------------------------------- */

int
store_db_open(const char *path, unsigned flags, const char *vfs,
              struct store_db **out, struct report *report)
{
    struct store_db *s = calloc(1, sizeof *s);
    int r;

    if (!s)
        return -E_NOMEM;
    r = trees_open(path, flags ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE,
                   flags == STORE_DB_IMMUTABLE, vfs, &s->trees, report);
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
    int r = trees_configure(s->trees, name, readonly, max_bytes, report);

    if (r == 0)
        r = tree_begin(s->trees, false);
    if (r == 0)
        r = tree_end(s->trees, bare_read_schema(s, name, report));
    if (r < 0)
        report_set(report, 0, "%s cannot be read: %s", name,
                   pith_errno_text(r));
    return r;
}

void
store_db_space(struct store_db *s, uint64_t *total, uint64_t *unused)
{
    *total = *unused = 0;
    if (tree_begin(s->trees, false) < 0)
        return;
    trees_space(s->trees, total, unused);
    tree_end(s->trees, 0);
}

void
store_db_close(struct store_db *s, bool readonly)
{
    if (!s)
        return;
    trees_close(s->trees, readonly);
    free(s->record);
    free(s);
}

/* ---- changes -------------------------------------------------------------- */

/* v as a record, in s->record: its size, or -E_. */
static int64_t
encode(struct store_db *s, const struct store_value *v, unsigned n)
{
    size_t room = record_room(v, n);
    uint8_t *more;

    if (room > BARE_RECORD_MAX)
        return -E_IO;
    if (room > s->room) {
        more = realloc(s->record, room);
        if (!more)
            return -E_NOMEM;
        s->record = more;
        s->room = room;
    }
    return (int64_t)record_write(v, n, s->record);
}

static int
put_row(struct store_db *s, enum tree which, int64_t row,
        const struct store_value *v, unsigned n)
{
    int64_t size = encode(s, v, n);

    if (size < 0)
        return (int)size;
    return tree_put_row(s->trees, which, row, s->record, (size_t)size);
}

static int
put_key(struct store_db *s, enum tree which, const struct store_value *v,
        unsigned nkey, unsigned n)
{
    int64_t size = encode(s, v, n);

    if (size < 0)
        return (int)size;
    return tree_put_key(s->trees, which, v, nkey, s->record, (size_t)size);
}

/* Away with the entry of an index, if it is there. */
static int
delete_key(struct store_db *s, enum tree which, const struct store_value *key,
           unsigned n)
{
    int r = tree_seek_key(s->trees, which, key, n);

    return r == 1 ? tree_delete(s->trees, which) : r;
}

static int
delete_row(struct store_db *s, enum tree which, int64_t row)
{
    int r = tree_seek_row(s->trees, which, row);

    return r == 1 ? tree_delete(s->trees, which) : r;
}

/* Is there an inode, and does the index of orphans have it? 1, 0, -E_ */
static int
is_orphan(struct store_db *s, int64_t ino)
{
    struct store_value v[INODE_COLUMNS];
    int r = bare_get_inode(s, ino, v);

    return r == 1 ? v[INODE_NLINK].kind == STORE_INT && v[INODE_NLINK].i == 0
                  : r;
}

static int
put_inode(struct store_db *s, const struct store_value *a)
{
    const struct store_value *nlink = &a[INODE_NLINK];
    struct store_value v[INODE_COLUMNS], key[2] = {a[0], a[0]};
    bool orphan = nlink->kind == STORE_INT && nlink->i == 0;
    int r;

    for (unsigned k = 0; k < INODE_TARGET; k++)
        if (a[k].kind != STORE_INT)
            return -E_IO; /* NOT NULL */
    r = is_orphan(s, a[0].i);
    if (r == 1 && !orphan)
        r = delete_key(s, TREE_ORPHANS, key, 2);
    else if (r == 0 && orphan)
        r = put_key(s, TREE_ORPHANS, key, 2, 2);
    if (r < 0)
        return r;
    memcpy(v, a, sizeof v);
    v[0] = (struct store_value){.kind = STORE_NULL}; /* the row's number */
    return put_row(s, TREE_INODES, a[0].i, v, INODE_COLUMNS);
}

static int
delete_inode(struct store_db *s, const struct store_value *a)
{
    struct store_value key[2] = {a[0], a[0]};
    int r = is_orphan(s, a[0].i);

    if (r == 1)
        r = delete_key(s, TREE_ORPHANS, key, 2);
    return r < 0 ? r : delete_row(s, TREE_INODES, a[0].i);
}

static int
put_entry(struct store_db *s, const struct store_value *a)
{
    if (a[0].kind != STORE_INT || a[1].kind != STORE_TEXT ||
        a[2].kind != STORE_INT || a[3].kind != STORE_INT)
        return -E_IO;
    return put_key(s, TREE_ENTRIES, a, 2, 4);
}

/* The row of a chunk: 1 and *row; 0: a new one. */
static int
row_for_chunk(struct store_db *s, const struct store_value *key, int64_t *row)
{
    int r = bare_find_chunk(s, key, row);

    if (r != 0)
        return r;
    *row = 1;
    r = tree_last(s->trees, TREE_CHUNKS);
    if (r != 1)
        return r;
    *row = tree_row(s->trees, TREE_CHUNKS);
    if (*row == INT64_MAX)
        return -E_IO; /* forged: no disk has had so many */
    ++*row;
    return 0;
}

static int
put_chunk(struct store_db *s, const struct store_value *a)
{
    struct store_value key[3] = {a[0], a[1]};
    int64_t row;
    int r;

    if (a[0].kind != STORE_INT || a[1].kind != STORE_INT ||
        a[2].kind != STORE_BLOB)
        return -E_IO;
    r = row_for_chunk(s, a, &row);
    if (r == 0) {
        key[2] = (struct store_value){.kind = STORE_INT, .i = row};
        r = put_key(s, TREE_CHUNK_KEYS, key, 2, 3);
    }
    return r < 0 ? r : put_row(s, TREE_CHUNKS, row, a, 3);
}

/* From a[1] on. Each round one entry of the index goes, so it ends. */
static int
delete_chunks(struct store_db *s, const struct store_value *a)
{
    int64_t row;
    int r;

    while ((r = bare_chunk_from(s, a, &row)) == 1) {
        r = tree_delete(s->trees, TREE_CHUNK_KEYS);
        if (r == 0)
            r = delete_row(s, TREE_CHUNKS, row);
        if (r < 0)
            break;
    }
    return r;
}

/* Of all that have no name: what they hold, or the inodes themselves. */
static int
for_each_orphan(struct store_db *s,
                int (*fn)(struct store_db *, const struct store_value *))
{
    struct store_value a[2] = {{.kind = STORE_INT},
                               {.kind = STORE_INT, .i = INT64_MIN}};
    struct store_value ino = {.kind = STORE_INT, .i = INT64_MIN};
    int r;

    while ((r = bare_orphan_from(s, &ino)) == 1) {
        a[0] = ino;
        r = is_orphan(s, ino.i); /* forged, if it is not */
        if (r == 1)
            r = fn(s, a);
        if (r < 0 || ino.i == INT64_MAX)
            return r;
        ino.i++;
    }
    return r;
}

static int
delete_entry(struct store_db *s, const struct store_value *a)
{
    return delete_key(s, TREE_ENTRIES, a, 2);
}

static int
change(struct store_db *s, enum store_sql which, const struct store_value *a)
{
    switch (which) {
    case STORE_PUT_META:
        return put_key(s, TREE_META, a, 1, 2);
    case STORE_PUT_INODE:
        return put_inode(s, a);
    case STORE_PUT_ENTRY:
        return put_entry(s, a);
    case STORE_PUT_CHUNK:
        return put_chunk(s, a);
    case STORE_PUT_MANIFEST:
        return put_key(s, TREE_MANIFEST, a, 1, 1);
    case STORE_DEL_ENTRY:
        return delete_entry(s, a);
    case STORE_DEL_INODE:
        return delete_inode(s, a);
    case STORE_DEL_CHUNKS:
        return delete_chunks(s, a);
    case STORE_DEL_ORPHAN_CHUNKS:
        return for_each_orphan(s, delete_chunks);
    case STORE_DEL_ORPHANS:
        return for_each_orphan(s, delete_inode);
    case STORE_DEL_MANIFEST:
        return tree_clear(s->trees, TREE_MANIFEST);
    default:
        return -E_INVAL;
    }
}

/* ---- transactions --------------------------------------------------------- */

int
store_db_begin(struct store_db *s)
{
    int r = tree_begin(s->trees, true);

    s->changing = r == 0;
    return r;
}

int
store_db_end(struct store_db *s, int r)
{
    s->changing = false;
    return tree_end(s->trees, r);
}

int
store_db_query(struct store_db *s, enum store_sql which,
               const struct store_value *args, store_row *row, void *ctx)
{
    bool alone = !s->changing;
    int r = 0;

    if (which >= STORE_PUT_META)
        return alone ? -E_INVAL : change(s, which, args);
    if (alone)
        r = tree_begin(s->trees, false);
    if (r == 0) {
        r = bare_query(s, which, args, row, ctx);
        if (alone)
            r = tree_end(s->trees, r);
    }
    return r;
}
