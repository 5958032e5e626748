/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's VFS over files that are open from the start and never closed:
 * opening is asynchronous in a browser, and SQLite is not.
 *
 *     "disk"           0
 *     "disk-wal"       1     an empty log or journal is one that is not there
 *     "disk-journal"   2
 *     "image"          3     only read, for an upgrade; 4: nothing, its log
 *
 * Nobody else can have them open, so locks are nothing.
 *
 * A call of a handle costs from 40 us to most of a millisecond, whatever its
 * length, and SQLite writes a log in many small pieces: writes that follow one
 * another are gathered, and go out before the file is read there or synced.
 */
#include "vfs.h"

#include "../../sqlite/alone.h"

#include <sqlite3.h>
#include <string.h>

#define IMPORT(name)                                                           \
    __attribute__((import_module("files"), import_name(#name)))

IMPORT(read) int js_read(int file, void *to, int n, double at);
/* 0, 1: an error, 2: no room */
IMPORT(write) int js_write(int file, const void *from, int n, double at);
IMPORT(truncate) int js_truncate(int file, double size);
IMPORT(flush) int js_flush(int file);
IMPORT(size) double js_size(int file);
IMPORT(space) double js_space(void);
IMPORT(now) double js_now(void); /* ms since 1970 */
IMPORT(random) void js_random(void *out, int n);

struct web_file {
    sqlite3_file base;
    int number;
};

static int
number_of(sqlite3_file *f)
{
    return ((struct web_file *)(void *)f)->number;
}

static int
number_by_name(const char *name)
{
    size_t n = name ? strlen(name) : 0;

    if (n >= 5 && !strncmp(name, "image", 5))
        return n == 5 ? 3 : 4;
    if (n > 4 && !strcmp(name + n - 4, "-wal"))
        return 1;
    return n > 8 && !strcmp(name + n - 8, "-journal") ? 2 : 0;
}

/* ---- gathered writes ---------------------------------------------------------- */

#define GATHER (512 << 10)

static struct gathered {
    int n;
    sqlite3_int64 at;
    unsigned char bytes[GATHER];
} gathered[5];

static int
write_out(int number)
{
    struct gathered *g = &gathered[number];
    int n = g->n;

    g->n = 0;
    if (!n)
        return SQLITE_OK;
    switch (js_write(number, g->bytes, n, (double)g->at)) {
    case 0:
        return SQLITE_OK;
    case 2:
        return SQLITE_FULL;
    default:
        return SQLITE_IOERR_WRITE;
    }
}

/* ---- files ------------------------------------------------------------------ */

static int
file_close(sqlite3_file *f)
{
    return write_out(number_of(f));
}

static int
file_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    const struct gathered *g = &gathered[number_of(f)];
    int got, code;

    if (g->n && at < g->at + g->n && at + n > g->at) {
        code = write_out(number_of(f));
        if (code != SQLITE_OK)
            return code;
    }
    got = js_read(number_of(f), to, n, (double)at);
    if (got < 0)
        return SQLITE_IOERR_READ;
    if (got == n)
        return SQLITE_OK;
    memset((char *)to + got, 0, (size_t)(n - got));
    return SQLITE_IOERR_SHORT_READ;
}

static int
file_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    struct gathered *g = &gathered[number_of(f)];
    int code = SQLITE_OK;

    if (g->n && (at != g->at + g->n || n > GATHER - g->n))
        code = write_out(number_of(f));
    if (code != SQLITE_OK)
        return code;
    if (!g->n)
        g->at = at;
    if (n > GATHER)
        return SQLITE_IOERR_WRITE; /* a page is never that long */
    memcpy(g->bytes + g->n, from, (size_t)n);
    g->n += n;
    return SQLITE_OK;
}

static int
file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    int code = write_out(number_of(f));

    if (code != SQLITE_OK)
        return code;
    return js_truncate(number_of(f), (double)size) ? SQLITE_IOERR_TRUNCATE
                                                   : SQLITE_OK;
}

static int
file_sync(sqlite3_file *f, int flags)
{
    int code = write_out(number_of(f));

    (void)flags;
    if (code != SQLITE_OK)
        return code;
    return js_flush(number_of(f)) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int
file_size(sqlite3_file *f, sqlite3_int64 *out)
{
    const struct gathered *g = &gathered[number_of(f)];
    double n = js_size(number_of(f));

    if (g->n && n >= 0 && n < (double)(g->at + g->n))
        n = (double)(g->at + g->n);
    *out = (sqlite3_int64)n;
    return n < 0 ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

static int
file_traits(sqlite3_file *f)
{
    (void)f;
    return 0;
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

/* ---- names ------------------------------------------------------------------- */

static int
vfs_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags,
         int *out_flags)
{
    struct web_file *w = (struct web_file *)(void *)f;

    (void)v;
    w->base.pMethods = NULL;
    if (!name)
        return SQLITE_CANTOPEN; /* temporary data stays in memory */
    w->number = number_by_name(name);
    w->base.pMethods = &methods;
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

static int
vfs_delete(sqlite3_vfs *v, const char *name, int sync)
{
    int n = number_by_name(name), r;

    (void)v;
    gathered[n].n = 0;
    r = js_truncate(n, 0);
    if (r == 0 && sync)
        r = js_flush(n);
    return r ? SQLITE_IOERR_DELETE : SQLITE_OK;
}

static int
vfs_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
    (void)v, (void)flags;
    *out = gathered[number_by_name(name)].n ||
           js_size(number_by_name(name)) > 0;
    return SQLITE_OK;
}

static int
vfs_full_path(sqlite3_vfs *v, const char *name, int room, char *out)
{
    (void)v;
    if (strlen(name) >= (size_t)room)
        return SQLITE_CANTOPEN;
    strcpy(out, name);
    return SQLITE_OK;
}

static int
vfs_random(sqlite3_vfs *v, int n, char *out)
{
    (void)v;
    js_random(out, n);
    return n;
}

static int
vfs_sleep(sqlite3_vfs *v, int us)
{
    (void)v;
    return us;
}

static int
vfs_time(sqlite3_vfs *v, sqlite3_int64 *out)
{
    (void)v;
    *out = (sqlite3_int64)js_now() + 210866760000000; /* Julian day, ms */
    return SQLITE_OK;
}

static int
vfs_time_double(sqlite3_vfs *v, double *out)
{
    sqlite3_int64 ms;

    vfs_time(v, &ms);
    *out = (double)ms / 86400000.0;
    return SQLITE_OK;
}

static int
vfs_last_error(sqlite3_vfs *v, int n, char *out)
{
    (void)v, (void)n, (void)out;
    return 0;
}

static sqlite3_vfs vfs = {
    .iVersion = 2,
    .szOsFile = sizeof(struct web_file),
    .mxPathname = 64,
    .zName = "web",
    .xOpen = vfs_open,
    .xDelete = vfs_delete,
    .xAccess = vfs_access,
    .xFullPathname = vfs_full_path,
    .xRandomness = vfs_random,
    .xSleep = vfs_sleep,
    .xCurrentTime = vfs_time_double,
    .xGetLastError = vfs_last_error,
    .xCurrentTimeInt64 = vfs_time,
};

void
vfs_register(void)
{
    sqlite3_vfs_register(&vfs, 1);
}

/* SQLite calls these where there is no system that it knows. */
int sqlite3_os_init(void);
int sqlite3_os_end(void);

int
sqlite3_os_init(void)
{
    vfs_register();
    return SQLITE_OK;
}

int
sqlite3_os_end(void)
{
    return SQLITE_OK;
}

uint64_t
vfs_space_left(void)
{
    double n = js_space();

    return n > 0 ? (uint64_t)n : 0;
}
