/* SPDX-License-Identifier: Apache-2.0 */
/* The queries of store_sql.def on a disk without SQL; see bare.c. */
#include "bare.h"

#include "pith_errno.h"

#include <stdlib.h>
#include <string.h>

/* ---- single rows ---------------------------------------------------------- */

static int
read_columns(struct store_db *s, enum tree which, struct store_value *v,
             unsigned n)
{
    const uint8_t *record;
    size_t size;
    int r = tree_read(s->trees, which, &record, &size);

    if (r == 0)
        record_read(record, size, v, n);
    return r < 0 ? r : 1;
}

int
bare_get_inode(struct store_db *s, int64_t ino, struct store_value *v)
{
    int r = tree_seek_row(s->trees, TREE_INODES, ino);

    return r == 1 ? read_columns(s, TREE_INODES, v, INODE_COLUMNS) : r;
}

/* The row that an entry of TREE_CHUNK_KEYS names. */
static int
row_of_key(struct store_db *s, struct store_value *v, int64_t *row)
{
    int r = read_columns(s, TREE_CHUNK_KEYS, v, 3);

    if (r == 1 && v[2].kind != STORE_INT)
        return -E_IO;
    *row = v[2].i;
    return r;
}

int
bare_find_chunk(struct store_db *s, const struct store_value *key,
                int64_t *row)
{
    struct store_value v[3];
    int r = tree_seek_key(s->trees, TREE_CHUNK_KEYS, key, 2);

    return r == 1 ? row_of_key(s, v, row) : r;
}

static bool
is_integer(const struct store_value *v, int64_t i)
{
    return v->kind == STORE_INT && v->i == i;
}

int
bare_chunk_from(struct store_db *s, const struct store_value *key,
                int64_t *row)
{
    struct store_value v[3];
    int r = tree_seek_from(s->trees, TREE_CHUNK_KEYS, key, 2);

    if (r == 1)
        r = row_of_key(s, v, row);
    return r == 1 ? is_integer(&v[0], key[0].i) : r;
}

int
bare_orphan_from(struct store_db *s, struct store_value *ino)
{
    struct store_value v[1];
    int r = tree_seek_from(s->trees, TREE_ORPHANS, ino, 1);

    if (r == 1)
        r = read_columns(s, TREE_ORPHANS, v, 1);
    if (r == 1 && (v[0].kind != STORE_INT || v[0].i < ino->i))
        return -E_IO;
    if (r == 1)
        ino->i = v[0].i;
    return r;
}

/* ---- queries with one row ------------------------------------------------- */

static int
get_meta(struct store_db *s, const struct store_value *args, store_row *row,
         void *ctx)
{
    struct store_value v[2];
    int r = tree_seek_key(s->trees, TREE_META, args, 1);

    if (r == 1)
        r = read_columns(s, TREE_META, v, 2);
    return r == 1 ? row(ctx, &v[1], 1) : r;
}

static int
get_inode(struct store_db *s, const struct store_value *args, store_row *row,
          void *ctx)
{
    struct store_value v[INODE_COLUMNS];
    int r = bare_get_inode(s, args[0].i, v);

    return r == 1 ? row(ctx, v + INODE_MODE, INODE_COLUMNS - INODE_MODE) : r;
}

static int
get_entry(struct store_db *s, const struct store_value *args, store_row *row,
          void *ctx)
{
    struct store_value v[3];
    int r = tree_seek_key(s->trees, TREE_ENTRIES, args, 2);

    if (r == 1)
        r = read_columns(s, TREE_ENTRIES, v, 3);
    return r == 1 ? row(ctx, &v[2], 1) : r;
}

/* The columns of the chunk in this row. */
static int
get_chunk_row(struct store_db *s, int64_t at, struct store_value *v)
{
    int r = tree_seek_row(s->trees, TREE_CHUNKS, at);

    return r == 1 ? read_columns(s, TREE_CHUNKS, v, 3) : r;
}

static int
get_chunk(struct store_db *s, const struct store_value *args, store_row *row,
          void *ctx)
{
    struct store_value v[3];
    int64_t at;
    int r = bare_find_chunk(s, args, &at);

    if (r == 1)
        r = get_chunk_row(s, at, v);
    return r == 1 ? row(ctx, &v[2], 1) : r;
}

static int
get_totals(struct store_db *s, store_row *row, void *ctx)
{
    struct store_value v[2] = {{.kind = STORE_NULL}, {.kind = STORE_INT}};
    int r = tree_last(s->trees, TREE_INODES);

    if (r == 1)
        v[0] = (struct store_value){
            .kind = STORE_INT, .i = tree_row(s->trees, TREE_INODES)};
    if (r >= 0)
        r = tree_count(s->trees, TREE_INODES, &v[1].i);
    return r < 0 ? r : row(ctx, v, 2);
}

/* ---- queries with many ---------------------------------------------------- */

static int
get_chunks(struct store_db *s, const struct store_value *args, store_row *row,
           void *ctx)
{
    struct store_value key[2] = {args[0], {.kind = STORE_INT,
                                           .i = INT64_MIN}};
    struct store_value v[3], out[2];
    int64_t at;
    int r = tree_seek_from(s->trees, TREE_CHUNK_KEYS, key, 2);

    while (r == 1) {
        r = row_of_key(s, v, &at);
        if (r < 0 || !is_integer(&v[0], args[0].i))
            return r < 0 ? r : 0;
        out[0] = v[1]; /* not of the row: that is what it is looked for by */
        r = get_chunk_row(s, at, v);
        out[1] = v[2];
        r = r == 1 ? row(ctx, out, 2) : r;
        if (r == 0)
            r = tree_next(s->trees, TREE_CHUNK_KEYS);
        else
            return r;
    }
    return r;
}

static int
get_manifest(struct store_db *s, store_row *row, void *ctx)
{
    struct store_value v[1];
    int r = tree_first(s->trees, TREE_MANIFEST);

    while (r == 1) {
        r = read_columns(s, TREE_MANIFEST, v, 1);
        r = r == 1 ? row(ctx, v, 1) : r;
        if (r != 0)
            return r;
        r = tree_next(s->trees, TREE_MANIFEST);
    }
    return r;
}

/* A directory's entries, to be put in the order of their cookies. */
struct listed {
    struct store_value ino, cookie, mode, name;
    size_t at; /* of the name in text, when its kind has one */
};
struct listing {
    struct listed *entry;
    size_t n, room;
    char *text;
    size_t used, text_room;
};

/* What points into a record would not last. */
static void
keep_number(struct store_value *v)
{
    if (v->kind != STORE_INT)
        *v = (struct store_value){.kind = STORE_NULL};
}

static int
list_entry(struct listing *l, const struct store_value *v)
{
    size_t room = l->room ? l->room * 2 : 16, text_room = l->text_room;
    struct listed *e;
    void *more;

    if (l->n == l->room) {
        more = realloc(l->entry, room * sizeof *l->entry);
        if (!more)
            return -E_NOMEM;
        l->entry = more;
        l->room = room;
    }
    while (text_room - l->used < v[1].n)
        text_room = text_room ? text_room * 2 : 1024;
    if (text_room > l->text_room) {
        more = realloc(l->text, text_room);
        if (!more)
            return -E_NOMEM;
        l->text = more;
        l->text_room = text_room;
    }
    e = &l->entry[l->n++];
    *e = (struct listed){v[2], v[3], {.kind = STORE_NULL}, v[1], l->used};
    keep_number(&e->ino);
    keep_number(&e->cookie);
    if (v[1].n)
        memcpy(l->text + l->used, v[1].p, v[1].n);
    l->used += v[1].n;
    return 0;
}

static int
list_names(struct store_db *s, const struct store_value *dir,
           struct listing *l)
{
    struct store_value v[4];
    int r = tree_seek_from(s->trees, TREE_ENTRIES, dir, 1);

    while (r == 1) {
        r = read_columns(s, TREE_ENTRIES, v, 4);
        if (r == 1 && !is_integer(&v[0], dir->i))
            return 0;
        if (r == 1)
            r = list_entry(l, v);
        if (r == 0)
            r = tree_next(s->trees, TREE_ENTRIES);
    }
    return r;
}

static int
add_modes(struct store_db *s, struct listing *l)
{
    struct store_value v[INODE_COLUMNS];
    int r;

    for (size_t k = 0; k < l->n; k++) {
        struct listed *e = &l->entry[k];

        if (e->ino.kind != STORE_INT)
            continue;
        r = bare_get_inode(s, e->ino.i, v);
        if (r < 0)
            return r;
        if (r == 1)
            e->mode = v[INODE_MODE];
        keep_number(&e->mode);
    }
    return 0;
}

/* NULL is before all numbers; the same cookie twice is no disk of ours. */
static int
by_cookie(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    int i = x->cookie.kind == STORE_INT, j = y->cookie.kind == STORE_INT;

    if (i != j)
        return i - j;
    if (x->cookie.i != y->cookie.i)
        return x->cookie.i < y->cookie.i ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static int
get_directory(struct store_db *s, const struct store_value *args,
              store_row *row, void *ctx)
{
    struct listing l = {.n = 0};
    int r = list_names(s, args, &l);

    if (r == 0)
        r = add_modes(s, &l);
    if (r == 0 && l.n > 1)
        qsort(l.entry, l.n, sizeof *l.entry, by_cookie);
    for (size_t k = 0; r == 0 && k < l.n; k++) {
        struct listed *e = &l.entry[k];
        struct store_value v[4] = {e->name, e->ino, e->cookie, e->mode};

        if (e->name.kind == STORE_TEXT || e->name.kind == STORE_BLOB)
            v[0].p = l.text ? l.text + e->at : "";
        r = row(ctx, v, 4);
    }
    free(l.entry);
    free(l.text);
    return r;
}

int
bare_query(struct store_db *s, enum store_sql which,
           const struct store_value *args, store_row *row, void *ctx)
{
    switch (which) {
    case STORE_META:
        return get_meta(s, args, row, ctx);
    case STORE_GET_INODE:
        return get_inode(s, args, row, ctx);
    case STORE_GET_DIR:
        return get_directory(s, args, row, ctx);
    case STORE_GET_CHUNK:
        return get_chunk(s, args, row, ctx);
    case STORE_TOTALS:
        return get_totals(s, row, ctx);
    case STORE_GET_ENTRY:
        return get_entry(s, args, row, ctx);
    case STORE_GET_CHUNKS:
        return get_chunks(s, args, row, ctx);
    case STORE_GET_MANIFEST:
        return get_manifest(s, row, ctx);
    default:
        return -E_INVAL;
    }
}
