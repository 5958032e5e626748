/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files in memory, under SQLite, that a power cut does to what it does to a
 * disk: of what was written since a file's last sync each write is there, or not,
 * or its first sectors are. A file that was deleted may be there again as it was,
 * until the directory is synced, as it is with the first sync of a new file.
 */
#include "../../../host/sqlite/alone.h"
#include "bare_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR 512
enum { DISK, LOG, JOURNAL, FILES };
static const char *const suffix[FILES] = {"", "-wal", "-journal"};

struct image {
    bool is;
    uint8_t *bytes;
    size_t n;
};
struct change {
    struct change *next;
    sqlite3_int64 at;
    int n; /* -1: it ends at `at` */
    uint8_t bytes[];
};
static struct disk_file {
    struct image now, safe, ghost; /* ghost: what was deleted */
    bool fresh;                    /* its name is not safe */
    struct change *first, **last; /* since the last sync */
} files[FILES];
static unsigned left; /* of writes, until the power goes */

struct cut_file {
    sqlite3_file base;
    struct disk_file *f;
};

/* ---- images --------------------------------------------------------------- */

static void
set_size(struct image *i, size_t n)
{
    i->bytes = realloc(i->bytes, n + 1);
    CHECK(i->bytes);
    if (n > i->n)
        memset(i->bytes + i->n, 0, n - i->n);
    i->n = n;
}

static void
copy_image(struct image *to, const struct image *from)
{
    set_size(to, from->n);
    to->is = from->is;
    if (from->n)
        memcpy(to->bytes, from->bytes, from->n);
}

static void
apply(struct image *i, const struct change *c, int n)
{
    if (c->n < 0) {
        set_size(i, (size_t)c->at);
        return;
    }
    if (i->n < (size_t)(c->at + n))
        set_size(i, (size_t)(c->at + n));
    memcpy(i->bytes + c->at, c->bytes, (size_t)n);
}

static void
forget(struct disk_file *f)
{
    while (f->first) {
        struct change *c = f->first;

        f->first = c->next;
        free(c);
    }
    f->last = &f->first;
}

static void
add(struct disk_file *f, sqlite3_int64 at, const void *bytes, int n)
{
    struct change *c = malloc(sizeof *c + (size_t)(n > 0 ? n : 0));

    CHECK(c);
    *c = (struct change){.at = at, .n = n};
    if (n > 0)
        memcpy(c->bytes, bytes, (size_t)n);
    *f->last = c;
    f->last = &c->next;
    apply(&f->now, c, n);
}

/* false: the power has gone. */
static bool
spend(void)
{
    if (left)
        left--;
    return left > 0;
}

/* ---- SQLite's view -------------------------------------------------------- */

static struct disk_file *
of(sqlite3_file *f)
{
    return ((struct cut_file *)(void *)f)->f;
}

static int
file_close(sqlite3_file *f)
{
    (void)f;
    return SQLITE_OK;
}

static int
file_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    const struct image *i = &of(f)->now;
    int have = at < (sqlite3_int64)i->n ? (int)((sqlite3_int64)i->n - at) : 0;

    if (!left)
        return SQLITE_IOERR_READ;
    if (have > n)
        have = n;
    if (have)
        memcpy(to, i->bytes + at, (size_t)have);
    memset((char *)to + have, 0, (size_t)(n - have));
    return have == n ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int
file_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    bool on = left > 0;

    if (on) /* the last one may be on its way */
        add(of(f), at, from, n);
    return spend() ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

static int
file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    if (!spend())
        return SQLITE_IOERR_TRUNCATE;
    add(of(f), size, NULL, -1);
    return SQLITE_OK;
}

static void
sync_directory(void)
{
    for (int k = 0; k < FILES; k++) {
        files[k].ghost.is = false;
        files[k].fresh = false;
    }
}

static int
file_sync(sqlite3_file *f, int flags)
{
    (void)flags;
    if (!spend())
        return SQLITE_IOERR_FSYNC;
    copy_image(&of(f)->safe, &of(f)->now);
    forget(of(f));
    if (of(f)->fresh)
        sync_directory();
    return SQLITE_OK;
}

static int
file_size(sqlite3_file *f, sqlite3_int64 *out)
{
    *out = (sqlite3_int64)of(f)->now.n;
    return left ? SQLITE_OK : SQLITE_IOERR_FSTAT;
}

static int
file_traits(sqlite3_file *f)
{
    (void)f;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = alone_lock,
    .xUnlock = alone_lock,
    .xCheckReservedLock = alone_reserved,
    .xFileControl = alone_control,
    .xSectorSize = alone_sector,
    .xDeviceCharacteristics = file_traits,
};

static struct disk_file *
by_name(const char *name)
{
    size_t n = strlen(name);

    for (int k = LOG; k < FILES; k++) {
        size_t s = strlen(suffix[k]);

        if (n > s && strcmp(name + n - s, suffix[k]) == 0)
            return &files[k];
    }
    return &files[DISK];
}

static int
cut_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags,
         int *out_flags)
{
    struct cut_file *c = (struct cut_file *)(void *)f;

    (void)v;
    c->base.pMethods = NULL;
    if (!name || !left)
        return SQLITE_CANTOPEN;
    c->f = by_name(name);
    c->base.pMethods = &methods;
    if (!c->f->now.is)
        c->f->fresh = true;
    c->f->now.is = true;
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

static int
cut_delete(sqlite3_vfs *v, const char *name, int sync)
{
    struct disk_file *f = by_name(name);

    (void)v;
    if (!spend())
        return SQLITE_IOERR_DELETE;
    if (!f->ghost.is && !f->fresh)
        copy_image(&f->ghost, &f->safe);
    f->now.is = false;
    f->now.n = 0;
    copy_image(&f->safe, &f->now);
    forget(f);
    if (sync)
        sync_directory();
    return SQLITE_OK;
}

static int
cut_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
    (void)v, (void)flags;
    *out = by_name(name)->now.is;
    return left ? SQLITE_OK : SQLITE_IOERR_ACCESS;
}

static int
cut_full_path(sqlite3_vfs *v, const char *name, int room, char *out)
{
    (void)v;
    return snprintf(out, (size_t)room, "%s", name) < room ? SQLITE_OK
                                                          : SQLITE_CANTOPEN;
}

void
cut_install(void)
{
    static sqlite3_vfs vfs;

    vfs = *store_db_vfs(NULL);
    vfs.zName = CUT_VFS;
    vfs.pNext = NULL;
    vfs.szOsFile = (int)sizeof(struct cut_file);
    vfs.xOpen = cut_open;
    vfs.xDelete = cut_delete;
    vfs.xAccess = cut_access;
    vfs.xFullPathname = cut_full_path;
    store_db_add_vfs(&vfs);
}

/* ---- before and after ----------------------------------------------------- */

void
cut_load(const char *path, unsigned writes)
{
    FILE *f = fopen(path, "rb");

    for (int k = 0; k < FILES; k++) {
        forget(&files[k]);
        set_size(&files[k].now, 0);
        files[k].now.is = false;
    }
    CHECK(f && fseek(f, 0, SEEK_END) == 0);
    set_size(&files[DISK].now, (size_t)ftell(f));
    files[DISK].now.is = true;
    rewind(f);
    CHECK(fread(files[DISK].now.bytes, 1, files[DISK].now.n, f) ==
          files[DISK].now.n);
    fclose(f);
    for (int k = 0; k < FILES; k++)
        copy_image(&files[k].safe, &files[k].now);
    sync_directory();
    left = writes;
}

static struct image kept[CUT_KEPT][FILES];

void
cut_keep(unsigned which)
{
    for (int k = 0; k < FILES; k++)
        copy_image(&kept[which][k], &files[k].now);
}

void
cut_restore(unsigned which)
{
    for (int k = 0; k < FILES; k++) {
        forget(&files[k]);
        copy_image(&files[k].now, &kept[which][k]);
        copy_image(&files[k].safe, &kept[which][k]);
    }
    sync_directory();
    left = UINT32_MAX;
}

size_t
cut_size(unsigned file)
{
    return files[file].now.n;
}

void
cut_patch(unsigned file, size_t at, const void *bytes, size_t n)
{
    struct image *i = &files[file].now;

    if (at < i->n)
        memcpy(i->bytes + at, bytes, n < i->n - at ? n : i->n - at);
}

bool
cut_happened(void)
{
    return left == 0;
}

static void
save(const char *path, const struct image *i)
{
    FILE *f;

    unlink(path);
    if (!i->is)
        return;
    f = fopen(path, "wb");
    CHECK(f && fwrite(i->bytes, 1, i->n, f) == i->n && fclose(f) == 0);
}

void
cut_save(const char *path)
{
    char name[300];

    for (int k = 0; k < FILES; k++) {
        struct disk_file *f = &files[k];

        if (f->ghost.is && random_below(2)) {
            copy_image(&f->safe, &f->ghost);
            forget(f);
        } else {
            f->safe.is = f->now.is && (!f->fresh || random_below(2));
        }
        for (const struct change *c = f->first; c; c = c->next) {
            unsigned how = random_below(3);

            if (how == 0 && c->n > SECTOR)
                apply(&f->safe, c,
                      (int)random_below((unsigned)c->n / SECTOR) * SECTOR);
            else if (how == 1 || c->n < 0)
                apply(&f->safe, c, c->n);
        }
        snprintf(name, sizeof name, "%s%s", path, suffix[k]);
        save(name, &f->safe);
    }
}
