/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the trees of a disk are: the table sqlite_schema, whose rows are type,
 * name, table, root page and the SQL text. What the text says is not understood;
 * it has to be word for word what STORE_SCHEMA says. Tables of the user's, views
 * and triggers are left alone, as they are where SQL runs (db.c).
 */
#include "bare.h"

#include "fs/store_schema.h"
#include "pith_errno.h"

#include <stdio.h>
#include <string.h>

static const struct known {
    const char *type, *name, *table;
    const char *create; /* how the text begins; NULL: it has none */
} known[TREES] = {
    [TREE_META] = {"table", "meta", "meta", "CREATE TABLE meta("},
    [TREE_INODES] = {"table", "inodes", "inodes", "CREATE TABLE inodes("},
    [TREE_ENTRIES] = {"table", "entries", "entries", "CREATE TABLE entries("},
    [TREE_CHUNKS] = {"table", "chunks", "chunks", "CREATE TABLE chunks("},
    [TREE_CHUNK_KEYS] = {"index", "sqlite_autoindex_chunks_1", "chunks", NULL},
    [TREE_MANIFEST] = {"table", "manifest", "manifest",
                       "CREATE TABLE manifest("},
    [TREE_ORPHANS] = {"index", "orphans", "inodes", "CREATE INDEX orphans ON"},
};

static bool
is_text(const struct store_value *v, const char *text)
{
    return v->kind == STORE_TEXT && v->n == strlen(text) &&
           memcmp(v->p, text, v->n) == 0;
}

/* Exactly the statement of STORE_SCHEMA that begins with `create`. */
static bool
is_ours(const struct store_value *v, const char *create)
{
    const char *from, *end;

    if (!create)
        return v->kind == STORE_NULL;
    from = strstr(STORE_SCHEMA, create);
    end = from ? strchr(from, ';') : NULL;
    return end && v->kind == STORE_TEXT && v->n == (size_t)(end - from) &&
           memcmp(v->p, from, v->n) == 0;
}

enum { TYPE, NAME, TABLE, ROOT, TEXT, COLUMNS };

/* Does an index belong to a table of ours? Then it would have to be kept. */
static bool
is_in_the_way(const struct store_value *v)
{
    if (!is_text(&v[TYPE], "index"))
        return false;
    for (int k = 0; k < TREES; k++)
        if (known[k].name && is_text(&v[TABLE], known[k].table))
            return true;
    return false;
}

static int
take_row(struct store_db *s, const struct store_value *v, unsigned *seen)
{
    for (int k = 0; k < TREES; k++) {
        const struct known *it = &known[k];

        if (!it->name || !is_text(&v[NAME], it->name) ||
            !is_text(&v[TYPE], it->type))
            continue;
        if (!is_text(&v[TABLE], it->table) || !is_ours(&v[TEXT], it->create) ||
            v[ROOT].kind != STORE_INT || *seen & 1u << k)
            return -E_IO;
        *seen |= 1u << k;
        return trees_set_root(s->trees, (enum tree)k, v[ROOT].i);
    }
    return is_in_the_way(v) ? -E_IO : 0;
}

int
bare_read_schema(struct store_db *s, const char *name, struct report *report)
{
    struct store_value v[COLUMNS];
    const uint8_t *record;
    size_t size;
    unsigned seen = 0, all = 0;
    int r = tree_first(s->trees, TREE_SCHEMA);

    for (int k = 0; k < TREES; k++)
        all |= (known[k].name ? 1u : 0u) << k;
    while (r == 1) {
        r = tree_read(s->trees, TREE_SCHEMA, &record, &size);
        if (r < 0)
            return r;
        record_read(record, size, v, COLUMNS);
        r = take_row(s, v, &seen);
        if (r == 0)
            r = tree_next(s->trees, TREE_SCHEMA);
        else
            break;
    }
    if (r == 0 && seen != all)
        r = -E_IO;
    if (r < 0)
        report_set(report, 0,
                   "%s has not exactly the tables and indexes of a Pith disk, "
                   "or they are damaged",
                   name);
    return r;
}
