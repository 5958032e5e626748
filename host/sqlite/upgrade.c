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

#include "db.h"
#include "fs/store_schema.h"
#include "pith_errno.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ---- SQL ---------------------------------------------------------------- */

struct seed {
    sqlite3 *db;
    struct report *report;
    int error; /* the first */
};

/* Run one statement with numbered parameters: i integer, s text. The first
 * column of its first row, or -1 when there is none. */
static int64_t
ask(struct seed *s, const char *text, const char *kinds, ...)
{
    sqlite3_stmt *st;
    int64_t r = -1;
    va_list ap;
    int code;

    if (s->error)
        return -1;
    code = sqlite3_prepare_v2(s->db, text, -1, &st, NULL);
    va_start(ap, kinds);
    for (int k = 1; code == SQLITE_OK && *kinds; k++, kinds++)
        code = *kinds == 'i'
                   ? sqlite3_bind_int64(st, k, va_arg(ap, int64_t))
                   : sqlite3_bind_text(st, k, va_arg(ap, const char *), -1,
                                       SQLITE_TRANSIENT);
    va_end(ap);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    if (code == SQLITE_ROW)
        r = sqlite3_column_int64(st, 0);
    else if (code != SQLITE_DONE) {
        s->error = store_sqlite_error(s->db, code);
        report_set(s->report, 0, "the upgrade of the disk failed: %s",
                   sqlite3_errmsg(s->db));
    }
    sqlite3_finalize(st);
    return r;
}

/* ---- paths -------------------------------------------------------------- */

#define IS_DIR(mode) (((mode) & 0170000) == 0040000)

static int64_t
child(struct seed *s, bool image, int64_t dir, const char *name)
{
    return ask(s,
               image ? "SELECT ino FROM img.entries WHERE dir=? AND name=?"
                     : "SELECT ino FROM main.entries WHERE dir=? AND name=?",
               "is", dir, name);
}

static int64_t
mode_of(struct seed *s, bool image, int64_t ino)
{
    return ask(s,
               image ? "SELECT mode FROM img.inodes WHERE ino=?"
                     : "SELECT mode FROM main.inodes WHERE ino=?",
               "i", ino);
}

/*
 * Walk to path without following links. The directory it is in, or -1 when
 * something on the way is no directory; *name is its last component.
 */
static int64_t
find_parent(struct seed *s, bool image, char *path, const char **name)
{
    int64_t dir = STORE_ROOT_INO;
    char *part = path + strspn(path, "/"), *slash;

    while ((slash = strchr(part, '/'))) {
        *slash = '\0';
        dir = child(s, image, dir, part);
        *slash = '/';
        if (dir < 0 || !IS_DIR(mode_of(s, image, dir)))
            return -1;
        part = slash + 1;
    }
    *name = part;
    return dir;
}

/* ---- changes ------------------------------------------------------------ */

/* The name goes, and the file with its last name. A directory only if empty:
 * false when it stays. */
static bool
remove_name(struct seed *s, int64_t dir, const char *name, int64_t ino)
{
    bool is_dir = IS_DIR(mode_of(s, false, ino));

    if (is_dir && ask(s, "SELECT 1 FROM main.entries WHERE dir=? LIMIT 1", "i",
                      ino) == 1)
        return false;
    ask(s, "DELETE FROM main.entries WHERE dir=? AND name=?", "is", dir, name);
    ask(s, "UPDATE main.inodes SET nlink=nlink-? WHERE ino=?", "ii",
        (int64_t)(is_dir ? 2 : 1), ino);
    if (is_dir)
        ask(s, "UPDATE main.inodes SET nlink=nlink-1 WHERE ino=?", "i", dir);
    if (ask(s, "SELECT 1 FROM main.inodes WHERE ino=? AND nlink<=0", "i",
            ino) == 1) {
        ask(s, "DELETE FROM main.chunks WHERE ino=?", "i", ino);
        ask(s, "DELETE FROM main.inodes WHERE ino=?", "i", ino);
    }
    return true;
}

/* The image's inode as one of ours: its number. Names of one file stay so. */
static int64_t
bring_inode(struct seed *s, int64_t from)
{
    int64_t ino = ask(s, "SELECT ino FROM temp.brought WHERE img=?", "i", from);

    if (ino >= 0) {
        ask(s, "UPDATE main.inodes SET nlink=nlink+1 WHERE ino=?", "i", ino);
        return ino;
    }
    ino = ask(s, "SELECT max(ino)+1 FROM main.inodes", "");
    ask(s,
        "INSERT INTO main.inodes(ino,mode,nlink,uid,gid,rdev,size,bytes,atime,"
        "mtime,ctime,target) SELECT ?1,mode,1,uid,gid,rdev,size,bytes,atime,"
        "mtime,ctime,target FROM img.inodes WHERE ino=?2",
        "ii", ino, from);
    ask(s,
        "INSERT INTO main.chunks(ino,idx,data) SELECT ?1,idx,data FROM "
        "img.chunks WHERE ino=?2",
        "ii", ino, from);
    ask(s, "INSERT INTO temp.brought VALUES(?,?)", "ii", from, ino);
    return ino;
}

static void
add_entry(struct seed *s, int64_t dir, const char *name, int64_t ino)
{
    ask(s,
        "INSERT OR REPLACE INTO main.entries(dir,name,ino,cookie) VALUES(?1,"
        "?2,?3,(SELECT ifnull(max(cookie),1)+1 FROM main.entries WHERE "
        "dir=?1))",
        "isi", dir, name, ino);
}

static void
bring_directory(struct seed *s, int64_t dir, const char *name, int64_t from,
                int64_t there)
{
    if (there < 0) {
        there = bring_inode(s, from);
        ask(s, "UPDATE main.inodes SET nlink=2 WHERE ino=?", "i", there);
        ask(s, "UPDATE main.inodes SET nlink=nlink+1 WHERE ino=?", "i", dir);
        add_entry(s, dir, name, there);
        return;
    }
    ask(s,
        "UPDATE main.inodes SET (mode,uid,gid)=(SELECT mode,uid,gid FROM "
        "img.inodes WHERE ino=?1) WHERE ino=?2",
        "ii", from, there);
}

/* Where the user has put something of another kind in the way, it stays. */
static void
bring(struct seed *s, char *path)
{
    const char *name;
    int64_t dir = find_parent(s, true, path, &name), from, there;
    bool is_dir;

    from = dir < 0 ? -1 : child(s, true, dir, name);
    if (from < 0)
        return; /* the manifest is wrong: not our disk's fault */
    is_dir = IS_DIR(mode_of(s, true, from));
    dir = find_parent(s, false, path, &name);
    if (dir < 0)
        return;
    there = child(s, false, dir, name);
    if (there >= 0 && IS_DIR(mode_of(s, false, there)) != is_dir) {
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
    int64_t dir = find_parent(s, false, path, &name);
    int64_t ino = dir < 0 ? -1 : child(s, false, dir, name);

    if (ino >= 0)
        remove_name(s, dir, name, ino);
}

static void
for_each_path(struct seed *s, const char *text,
              void (*fn)(struct seed *, char *))
{
    sqlite3_stmt *st;
    int code = sqlite3_prepare_v2(s->db, text, -1, &st, NULL);

    while (code == SQLITE_OK && !s->error &&
           (code = sqlite3_step(st)) == SQLITE_ROW) {
        const char *path = (const char *)sqlite3_column_text(st, 0);
        char *copy = path ? strdup(path) : NULL;
        if (copy && path[0] == '/' && path[1])
            fn(s, copy);
        free(copy);
        code = SQLITE_OK;
    }
    if (!s->error && code != SQLITE_DONE)
        s->error = store_sqlite_error(s->db, code);
    sqlite3_finalize(st);
}

static int
upgrade(struct seed *s)
{
    s->error = store_sqlite_run(
        s->db,
        "CREATE TEMP TABLE brought(img INTEGER PRIMARY KEY, ino INTEGER);"
        "CREATE TEMP TABLE dropped(path TEXT PRIMARY KEY);"
        "BEGIN IMMEDIATE;"
        "INSERT INTO temp.dropped SELECT path FROM main.manifest WHERE path "
        "NOT IN (SELECT path FROM img.manifest);",
        s->report);
    if (!s->error)
        for_each_path(s, "SELECT path FROM temp.dropped ORDER BY path DESC",
                      drop);
    if (!s->error)
        for_each_path(s, "SELECT path FROM img.manifest ORDER BY path", bring);
    if (!s->error)
        s->error = store_sqlite_run(
            s->db,
            "DELETE FROM main.manifest;"
            "INSERT INTO main.manifest SELECT path FROM img.manifest;"
            "INSERT OR REPLACE INTO main.meta SELECT key,value FROM img.meta "
            "WHERE key='image';"
            "COMMIT;",
            s->report);
    if (s->error)
        store_sqlite_run(s->db, "ROLLBACK", NULL);
    return s->error;
}

int
store_db_upgrade(sqlite3 *db, struct report *report)
{
    struct seed s = {.db = db, .report = report};

    if (ask(&s, "SELECT count(*) FROM img.meta WHERE key='image'", "") != 1) {
        report_set(report, 0, "that is not a system image");
        return s.error ? s.error : -E_IO;
    }
    if (ask(&s,
            "SELECT 1 FROM main.meta a, img.meta b WHERE a.key='image' AND "
            "b.key='image' AND a.value=b.value",
            "") == 1)
        return 0;
    if (s.error)
        return s.error;
    return upgrade(&s) < 0 ? s.error : 2;
}
