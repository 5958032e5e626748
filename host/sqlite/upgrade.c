/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing a disk up to a new system image; see upgrade.h.
 *
 * It is one transaction: what the old image had brought and the new one
 * has not is removed, what the new one brings is put in, and whatever else is
 * on the disk stays. Both lists are the table `manifest`; paths are in order,
 * so a directory comes before what is in it.
 */
#include "upgrade.h"

#include "fs/store_schema.h"
#include "pith_errno.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FAR (INT64_MAX / 2) /* no number of ours gets there */

struct paths {
    char **path;
    size_t n, room;
};

struct seed {
    struct store_db *disk, *image;
    int error; /* the first */
    struct paths old, new;
    struct brought {
        int64_t from, ino;
    } *brought; /* the image's inodes that have several names */
    size_t nbrought;
    int64_t next_ino;
    int64_t dir, cookie; /* the directory that was last added to */
};

/* ---- rows ----------------------------------------------------------------- */

static struct store_value
integer(int64_t i)
{
    return (struct store_value){.kind = STORE_INT, .i = i};
}

static struct store_value
text(const char *s)
{
    return (struct store_value){.kind = STORE_TEXT, .p = s, .n = strlen(s)};
}

/* After an error nothing more is done. What row returned when it stopped. */
static int
ask(struct seed *s, struct store_db *db, enum store_sql sql,
    struct store_value a, struct store_value b, store_row *row, void *ctx)
{
    struct store_value args[STORE_ARGS] = {a, b};
    int r = s->error ? s->error : store_db_query(db, sql, args, row, ctx);

    if (r < 0)
        s->error = r;
    return r;
}

static const struct store_value nothing;

static int
take_integer(void *ctx, const struct store_value *v, uint32_t n)
{
    if (n && v[0].kind == STORE_INT)
        *(int64_t *)ctx = v[0].i;
    return 0;
}

enum { MODE, NLINK, UID, GID, RDEV, SIZE, BYTES, ATIME, MTIME, CTIME, NUMBERS };

struct row {
    bool is;
    int64_t n[NUMBERS];
    char *target; /* of a link */
    size_t len;
};

static int
take_inode(void *ctx, const struct store_value *v, uint32_t n)
{
    struct row *row = ctx;

    if (n != NUMBERS + 1)
        return -E_IO;
    for (int k = 0; k < NUMBERS; k++) {
        if (v[k].kind != STORE_INT)
            return -E_IO;
        row->n[k] = v[k].i;
    }
    if (v[NUMBERS].kind == STORE_TEXT) {
        row->target = malloc(v[NUMBERS].n + 1);
        if (!row->target)
            return -E_NOMEM;
        row->len = v[NUMBERS].n;
        if (row->len)
            memcpy(row->target, v[NUMBERS].p, row->len);
    }
    row->is = true;
    return 0;
}

/* Free row->target afterwards. */
static bool
get_inode(struct seed *s, struct store_db *db, int64_t ino, struct row *row)
{
    *row = (struct row){.is = false};
    ask(s, db, STORE_GET_INODE, integer(ino), nothing, take_inode, row);
    return row->is && !s->error;
}

static void
put_inode(struct seed *s, int64_t ino, const struct row *row)
{
    struct store_value args[STORE_ARGS] = {integer(ino)};
    int r;

    for (int k = 0; k < NUMBERS; k++)
        args[1 + k] = integer(row->n[k]);
    if (row->target)
        args[1 + NUMBERS] =
            (struct store_value){STORE_TEXT, 0, row->target, row->len};
    if (s->error)
        return;
    r = store_db_query(s->disk, STORE_PUT_INODE, args, NULL, NULL);
    if (r < 0)
        s->error = r;
}

/* The number of its names, afterwards; 0: it is not there. */
static int64_t
add_links(struct seed *s, int64_t ino, int64_t more)
{
    struct row row;
    int64_t n = 0;

    if (get_inode(s, s->disk, ino, &row) && row.n[NLINK] < FAR &&
        row.n[NLINK] > -FAR) {
        n = row.n[NLINK] += more;
        put_inode(s, ino, &row);
    }
    free(row.target);
    return n;
}

/* ---- paths ---------------------------------------------------------------- */

#define IS_DIR(mode) (((mode) & 0170000) == 0040000)

static int64_t
child(struct seed *s, struct store_db *db, int64_t dir, const char *name)
{
    int64_t ino = -1;

    ask(s, db, STORE_GET_ENTRY, integer(dir), text(name), take_integer, &ino);
    return s->error ? -1 : ino;
}

static int64_t
mode_of(struct seed *s, struct store_db *db, int64_t ino)
{
    int64_t mode = -1;

    ask(s, db, STORE_GET_INODE, integer(ino), nothing, take_integer, &mode);
    return s->error ? -1 : mode;
}

/*
 * Walk to path without following links. The directory it is in, or -1 when
 * something on the way is no directory; *name is its last component.
 */
static int64_t
find_parent(struct seed *s, struct store_db *db, char *path, const char **name)
{
    int64_t dir = STORE_ROOT_INO;
    char *part = path + strspn(path, "/"), *slash;

    while ((slash = strchr(part, '/'))) {
        *slash = '\0';
        dir = child(s, db, dir, part);
        *slash = '/';
        if (dir < 0 || !IS_DIR(mode_of(s, db, dir)))
            return -1;
        part = slash + 1;
    }
    *name = part;
    return dir;
}

/* ---- changes -------------------------------------------------------------- */

static int
stop(void *ctx, const struct store_value *v, uint32_t n)
{
    (void)ctx, (void)v, (void)n;
    return 1;
}

/* The name goes, and the file with its last name. A directory only if empty:
 * false when it stays. */
static bool
remove_name(struct seed *s, int64_t dir, const char *name, int64_t ino)
{
    int64_t mode = mode_of(s, s->disk, ino);
    bool is_dir = IS_DIR(mode);

    if (is_dir &&
        ask(s, s->disk, STORE_GET_DIR, integer(ino), nothing, stop, NULL) == 1)
        return false;
    ask(s, s->disk, STORE_DEL_ENTRY, integer(dir), text(name), NULL, NULL);
    if (is_dir)
        add_links(s, dir, -1);
    if (mode >= 0 && add_links(s, ino, is_dir ? -2 : -1) <= 0) {
        ask(s, s->disk, STORE_DEL_CHUNKS, integer(ino), integer(INT64_MIN),
            NULL, NULL);
        ask(s, s->disk, STORE_DEL_INODE, integer(ino), nothing, NULL, NULL);
    }
    return true;
}

struct copying {
    struct seed *s;
    int64_t ino;
};

static int
copy_chunk(void *ctx, const struct store_value *v, uint32_t n)
{
    const struct copying *c = ctx;
    struct store_value args[STORE_ARGS] = {integer(c->ino)};

    if (n != 2 || v[0].kind != STORE_INT || v[1].kind != STORE_BLOB)
        return -E_IO;
    args[1] = v[0];
    args[2] = v[1];
    return store_db_query(c->s->disk, STORE_PUT_CHUNK, args, NULL, NULL);
}

static void
remember(struct seed *s, int64_t from, int64_t ino)
{
    struct brought *more =
        realloc(s->brought, (s->nbrought + 1) * sizeof *more);

    if (!more) {
        s->error = -E_NOMEM;
        return;
    }
    s->brought = more;
    s->brought[s->nbrought++] = (struct brought){from, ino};
}

/* The image's inode as one of ours: its number. Names of one file stay so. */
static int64_t
bring_inode(struct seed *s, int64_t from)
{
    struct copying c = {s, s->next_ino};
    struct row row;

    for (size_t k = 0; k < s->nbrought; k++)
        if (s->brought[k].from == from) {
            add_links(s, s->brought[k].ino, 1);
            return s->brought[k].ino;
        }
    if (get_inode(s, s->image, from, &row)) {
        if (row.n[NLINK] > 1)
            remember(s, from, c.ino);
        row.n[NLINK] = 1;
        put_inode(s, c.ino, &row);
        ask(s, s->image, STORE_GET_CHUNKS, integer(from), nothing, copy_chunk,
            &c);
        s->next_ino++;
    } else if (!s->error) {
        s->error = -E_IO; /* a name of nothing */
    }
    free(row.target);
    return c.ino;
}

static int
take_cookie(void *ctx, const struct store_value *v, uint32_t n)
{
    int64_t *most = ctx;

    if (n == 4 && v[2].kind == STORE_INT && v[2].i > *most)
        *most = v[2].i;
    return 0;
}

static void
add_entry(struct seed *s, int64_t dir, const char *name, int64_t ino)
{
    struct store_value args[STORE_ARGS] = {integer(dir), text(name),
                                           integer(ino)};
    int r;

    if (s->dir != dir) {
        s->cookie = 1;
        ask(s, s->disk, STORE_GET_DIR, integer(dir), nothing, take_cookie,
            &s->cookie);
        s->dir = dir;
    }
    if (!s->error && s->cookie > FAR)
        s->error = -E_IO;
    if (s->error)
        return;
    args[3] = integer(++s->cookie);
    r = store_db_query(s->disk, STORE_PUT_ENTRY, args, NULL, NULL);
    if (r < 0)
        s->error = r;
}

static void
bring_directory(struct seed *s, int64_t dir, const char *name, int64_t from,
                int64_t there)
{
    struct row row, its = {.is = false};

    if (there < 0) {
        there = bring_inode(s, from);
        add_links(s, there, 1); /* its own, and the name */
        add_links(s, dir, 1);
        add_entry(s, dir, name, there);
        return;
    }
    if (get_inode(s, s->image, from, &its) &&
        get_inode(s, s->disk, there, &row)) {
        row.n[MODE] = its.n[MODE];
        row.n[UID] = its.n[UID];
        row.n[GID] = its.n[GID];
        put_inode(s, there, &row);
        free(row.target);
    }
    free(its.target);
}

/* Where the user has put something of another kind in the way, it stays. */
static void
bring(struct seed *s, char *path)
{
    const char *name;
    int64_t dir = find_parent(s, s->image, path, &name), from, there;
    bool is_dir;

    from = dir < 0 ? -1 : child(s, s->image, dir, name);
    if (from < 0)
        return; /* the manifest is wrong: not our disk's fault */
    is_dir = IS_DIR(mode_of(s, s->image, from));
    dir = find_parent(s, s->disk, path, &name);
    if (dir < 0)
        return;
    there = child(s, s->disk, dir, name);
    if (there >= 0 && IS_DIR(mode_of(s, s->disk, there)) != is_dir) {
        if (!remove_name(s, dir, name, there))
            return;
        there = -1;
    }
    if (is_dir) {
        bring_directory(s, dir, name, from, there);
        return;
    }
    if (there >= 0)
        remove_name(s, dir, name, there);
    add_entry(s, dir, name, bring_inode(s, from));
}

static void
drop(struct seed *s, char *path)
{
    const char *name;
    int64_t dir = find_parent(s, s->disk, path, &name);
    int64_t ino = dir < 0 ? -1 : child(s, s->disk, dir, name);

    if (ino >= 0)
        remove_name(s, dir, name, ino);
}

/* ---- the lists ------------------------------------------------------------ */

/* What is no path of a file below the root, nobody brought. */
static int
take_path(void *ctx, const struct store_value *v, uint32_t n)
{
    struct paths *to = ctx;
    size_t room = to->room ? to->room * 2 : 256;
    char **more;

    if (n != 1 || v[0].kind != STORE_TEXT || v[0].n < 2 ||
        *(const char *)v[0].p != '/' || memchr(v[0].p, '\0', v[0].n))
        return 0;
    if (to->n == to->room) {
        more = realloc(to->path, room * sizeof *more);
        if (!more)
            return -E_NOMEM;
        to->path = more;
        to->room = room;
    }
    to->path[to->n] = strndup(v[0].p, v[0].n);
    return to->path[to->n++] ? 0 : -E_NOMEM;
}

static int
in_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
take_paths(struct seed *s, struct store_db *db, struct paths *out)
{
    ask(s, db, STORE_GET_MANIFEST, nothing, nothing, take_path, out);
    if (!s->error && out->n)
        qsort(out->path, out->n, sizeof *out->path, in_order);
}

static void
free_paths(struct paths *p)
{
    for (size_t k = 0; k < p->n; k++)
        free(p->path[k]);
    free(p->path);
}

/* ---- all of it ------------------------------------------------------------ */

#define ID_MAX 256
struct id {
    enum store_kind kind;
    int64_t i;
    size_t n;
    char bytes[ID_MAX];
};

static int
take_id(void *ctx, const struct store_value *v, uint32_t n)
{
    struct id *id = ctx;

    if (n != 1 || v[0].n > ID_MAX)
        return -E_IO;
    id->kind = v[0].kind;
    id->i = v[0].i;
    id->n = v[0].n;
    if (id->n)
        memcpy(id->bytes, v[0].p, id->n);
    return 0;
}

static int
take_last(void *ctx, const struct store_value *v, uint32_t n)
{
    return n ? take_integer(ctx, v, n) : -E_IO;
}

static void
upgrade(struct seed *s, const struct id *id)
{
    struct store_value value = {id->kind, id->i, id->bytes, id->n};
    int64_t last = FAR;

    ask(s, s->disk, STORE_TOTALS, nothing, nothing, take_last, &last);
    if (!s->error && (last < STORE_ROOT_INO || last >= FAR))
        s->error = -E_IO;
    s->next_ino = last + 1;
    take_paths(s, s->disk, &s->old);
    take_paths(s, s->image, &s->new);
    for (size_t k = s->old.n; k > 0 && !s->error; k--)
        if (!s->new.n || !bsearch(&s->old.path[k - 1], s->new.path, s->new.n,
                                  sizeof *s->new.path, in_order))
            drop(s, s->old.path[k - 1]);
    for (size_t k = 0; k < s->new.n && !s->error; k++)
        bring(s, s->new.path[k]);
    ask(s, s->disk, STORE_DEL_MANIFEST, nothing, nothing, NULL, NULL);
    for (size_t k = 0; k < s->new.n && !s->error; k++)
        ask(s, s->disk, STORE_PUT_MANIFEST, text(s->new.path[k]), nothing,
            NULL, NULL);
    ask(s, s->disk, STORE_PUT_META, text("image"), value, NULL, NULL);
}

int
store_db_upgrade(struct store_db *disk, struct store_db *image,
                 struct report *report)
{
    struct seed s = {.disk = disk, .image = image};
    struct id now = {.kind = STORE_NULL}, next = now;

    ask(&s, disk, STORE_META, text("image"), nothing, take_id, &now);
    ask(&s, image, STORE_META, text("image"), nothing, take_id, &next);
    if (!s.error && next.kind == STORE_NULL) {
        report_set(report, 0, "that is not a system image");
        return -E_IO;
    }
    if (!s.error && now.kind == next.kind && now.i == next.i &&
        now.n == next.n && memcmp(now.bytes, next.bytes, now.n) == 0)
        return 0;
    if (!s.error)
        s.error = store_db_begin(disk);
    if (!s.error) {
        upgrade(&s, &next);
        s.error = store_db_end(disk, s.error);
    }
    free_paths(&s.old);
    free_paths(&s.new);
    free(s.brought);
    if (s.error)
        report_set(report, 0, "the upgrade of the disk failed: %s",
                   pith_errno_text(s.error));
    return s.error ? s.error : 2;
}
