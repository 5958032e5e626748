/* SPDX-License-Identifier: Apache-2.0 */
/* A Pith disk on a block device; see store_raw.h. */
#define _GNU_SOURCE
#include "store_raw.h"

#include "../sqlite/alone.h"
#include "../sqlite/db.h"
#include "hosterr.h"
#include "pith_errno.h"
#include "zeros.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LABEL "Pith disk, raw, version 2\nlog "
#define LABEL_ROOM 4096 /* at most ZEROS */
#define BEGIN ((int64_t)1 << 20)
#define LOG_MIN ((int64_t)8 << 20)
#define LOG_MAX ((int64_t)128 << 20)
#define PAGE 16384 /* of the database, as everywhere (docs/formats-store.md) */
#define PIECE (1 << 20)

enum part { PART_DISK, PART_LOG, PART_JOURNAL };

static struct raw {
    char path[4096];
    int64_t size;
    int64_t log;    /* bytes of the log's region */
    int64_t high;   /* bytes of the database */
    enum part kept; /* what the log's region holds; PART_DISK: nothing */
} raw;
static int raw_fd = -1; /* nothing attached; apart, as the rest is zeros */

/* ---- the device --------------------------------------------------------- */

static int
complain(struct report *report, const char *path, const char *what)
{
    int r = host_error(errno);

    report_set(report, 0, "%s cannot be %s: %s", path, what,
               pith_errno_text(r));
    return r;
}

static int
lock(int fd, bool shared, const char *path, struct report *report)
{
    if (flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
        return 0;
    if (errno != EWOULDBLOCK)
        return complain(report, path, "locked");
    report_set(report, 0,
               "%s is in use by another Pith: end that first, or choose "
               "another disk with --root",
               path);
    return -E_BUSY;
}

enum head { HEAD_OTHER, HEAD_ZEROS, HEAD_LABEL };

/* What it begins with: no database and no label begin with zeros. */
static enum head
head_of(const char *path)
{
    char text[sizeof LABEL - 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text, 0);

    if (fd >= 0)
        close(fd);
    if (n != (ssize_t)sizeof text)
        return HEAD_OTHER;
    return memcmp(text, LABEL, sizeof text) == 0   ? HEAD_LABEL
           : memcmp(text, zeros, sizeof text) == 0 ? HEAD_ZEROS
                                                   : HEAD_OTHER;
}

bool
store_raw_made(const char *path)
{
    return head_of(path) == HEAD_LABEL;
}

bool
store_raw_is(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 &&
           (S_ISBLK(st.st_mode) ||
            (S_ISREG(st.st_mode) && st.st_size >= BEGIN &&
             head_of(path) != HEAD_OTHER));
}

/* For a new disk; its label keeps it, since the device may grow. */
static int64_t
log_bytes(int64_t size)
{
    int64_t log = size / 4 / PAGE * PAGE;

    return log < LOG_MIN ? LOG_MIN : log > LOG_MAX ? LOG_MAX : log;
}

/* What the label says, or 0: it is damaged. */
static int64_t
labelled_log(int fd, int64_t size)
{
    char text[sizeof LABEL + 20] = "", *end;
    int64_t log;

    if (pread(fd, text, sizeof text - 1, 0) != (ssize_t)sizeof text - 1 ||
        memcmp(text, LABEL, sizeof LABEL - 1) != 0)
        return 0;
    log = strtoll(text + sizeof LABEL - 1, &end, 10);
    if (*end != '\n' || log < LOG_MIN || log > LOG_MAX || log % PAGE != 0 ||
        BEGIN + log >= size)
        return 0;
    return log;
}

/* ---- making one --------------------------------------------------------- */

static bool
empty(int fd)
{
    char buf[4096];

    for (int64_t at = 0; at < BEGIN; at += (int64_t)sizeof buf) {
        if (pread(fd, buf, sizeof buf, at) != (ssize_t)sizeof buf)
            return false;
        for (size_t i = 0; i < sizeof buf; i++)
            if (buf[i])
                return false;
    }
    return true;
}

static bool
put(int fd, const void *bytes, size_t n, int64_t at)
{
    const char *from = bytes;

    while (n) {
        ssize_t k = pwrite(fd, from, n, at);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        from += k;
        at += k;
        n -= (size_t)k;
    }
    return true;
}

static bool
copy(int from, int to, int64_t bytes, int64_t at)
{
    char *buf = malloc(PIECE);
    int64_t done = 0;

    while (buf && done < bytes) {
        ssize_t n = pread(from, buf, PIECE, done);

        if (n <= 0 || !put(to, buf, (size_t)n, at + done))
            break;
        done += n;
    }
    free(buf);
    return done >= bytes;
}

static int
make(int from, int to, const char *path, struct report *report)
{
    int64_t size = lseek(to, 0, SEEK_END), log = log_bytes(size);
    int64_t bytes = lseek(from, 0, SEEK_END);
    char label[LABEL_ROOM] = "";

    if (size < BEGIN || !empty(to)) {
        report_set(report, 0,
                   "%s is not empty and holds no Pith disk: it is left alone; "
                   "to use it, fill its first MiB with zeros",
                   path);
        return -E_EXIST;
    }
    if (BEGIN + log + bytes + bytes / 4 > size) {
        report_set(report, 0, "%s is too small: want at least %lld MiB", path,
                   (long long)((BEGIN + LOG_MIN + bytes + bytes / 4) >> 20) +
                       1);
        return -E_NOSPC;
    }
    snprintf(label, sizeof label, LABEL "%lld\n", (long long)log);
    /* the log that an older disk may have left; the label says it is done */
    if (!put(to, zeros, LABEL_ROOM, BEGIN) ||
        !copy(from, to, bytes, BEGIN + log) || fdatasync(to) < 0 ||
        !put(to, label, sizeof label, 0) || fdatasync(to) < 0)
        return complain(report, path, "written");
    return 0;
}

int
store_raw_make(const char *path, const char *image, struct report *report)
{
    int from = open(image, O_RDONLY | O_CLOEXEC), to, r;

    if (from < 0)
        return complain(report, image, "opened");
    to = open(path, O_RDWR | O_CLOEXEC);
    r = to < 0 ? complain(report, path, "opened")
               : lock(to, false, path, report);
    if (r == 0)
        r = make(from, to, path, report);
    close(from);
    if (to >= 0)
        close(to);
    return r;
}

/* ---- the three files ---------------------------------------------------- */

static uint32_t
big32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 |
           b[3];
}

static int64_t
part_at(enum part p)
{
    return p == PART_DISK ? BEGIN + raw.log : BEGIN;
}

static int64_t
part_room(enum part p)
{
    return p == PART_DISK ? (raw.size - part_at(p)) / PAGE * PAGE : raw.log;
}

/* What begins the log's region? */
static void
look_at_log(void)
{
    static const uint8_t journal[] = {0xd9, 0xd5, 0x05, 0xf9};
    uint8_t b[4];

    raw.kept = PART_DISK;
    if (pread(raw_fd, b, sizeof b, BEGIN) != (ssize_t)sizeof b)
        return;
    if (big32(b) >> 1 == 0x377f0682u >> 1)
        raw.kept = PART_LOG;
    else if (memcmp(b, journal, sizeof b) == 0)
        raw.kept = PART_JOURNAL;
}

/* By its header; from then on it is counted. */
static int64_t
database_bytes(void)
{
    uint8_t header[100];
    int64_t bytes;

    if (pread(raw_fd, header, sizeof header, part_at(PART_DISK)) !=
            (ssize_t)sizeof header ||
        memcmp(header, "SQLite format 3", 16) != 0)
        return 0;
    bytes = (int64_t)big32(header + 28) * PAGE;
    return bytes < part_room(PART_DISK) ? bytes : part_room(PART_DISK);
}

static int64_t
part_size(enum part p)
{
    return p == PART_DISK ? raw.high : p == raw.kept ? raw.log : 0;
}

bool
store_raw_has_log(void)
{
    return raw.kept != PART_DISK;
}

uint64_t
store_raw_room(void)
{
    return raw_fd >= 0 ? (uint64_t)part_room(PART_DISK) : 0;
}

/* ---- the VFS ------------------------------------------------------------ */

struct raw_file {
    sqlite3_file base;
    enum part part;
};

static enum part
part_of(sqlite3_file *f)
{
    return ((struct raw_file *)(void *)f)->part;
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
    enum part p = part_of(f);
    int64_t size = part_size(p), want = n;
    ssize_t got;

    if (at + want > size)
        want = at < size ? size - at : 0;
    for (int64_t done = 0; done < want; done += got) {
        got = pread(raw_fd, (char *)to + done, (size_t)(want - done),
                    part_at(p) + at + done);
        if (got < 0 && errno == EINTR)
            got = 0;
        else if (got <= 0)
            return SQLITE_IOERR_READ;
    }
    if (want == n)
        return SQLITE_OK;
    memset((char *)to + want, 0, (size_t)(n - want));
    return SQLITE_IOERR_SHORT_READ;
}

static int
file_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    enum part p = part_of(f);

    if (at + n > part_room(p))
        return SQLITE_FULL;
    if (!put(raw_fd, from, (size_t)n, part_at(p) + at))
        return errno == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    if (p == PART_DISK && at + n > raw.high)
        raw.high = at + n;
    else if (p != PART_DISK && at == 0)
        raw.kept = p; /* a journal gets its magic when it is synced */
    return SQLITE_OK;
}

/* To nothing is what happens to logs: their magic goes. */
static int
forget(enum part p)
{
    if (raw.kept != p)
        return SQLITE_OK;
    raw.kept = PART_DISK;
    return put(raw_fd, zeros, LABEL_ROOM, BEGIN) ? SQLITE_OK
                                                       : SQLITE_IOERR_TRUNCATE;
}

static int
file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    enum part p = part_of(f);

    if (p != PART_DISK)
        return size == 0 ? forget(p) : SQLITE_OK;
    if (raw.high > size)
        raw.high = size;
    return SQLITE_OK;
}

static int
file_sync(sqlite3_file *f, int flags)
{
    (void)f, (void)flags;
    return fdatasync(raw_fd) < 0 ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int
file_size(sqlite3_file *f, sqlite3_int64 *out)
{
    *out = part_size(part_of(f));
    return SQLITE_OK;
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

/* false: a file like others, for the VFS below */
static bool
part_by_name(const char *name, enum part *out)
{
    size_t n = strlen(raw.path);

    if (raw_fd < 0 || !name || strncmp(name, raw.path, n) != 0)
        return false;
    name += n;
    *out = strcmp(name, "-wal") == 0       ? PART_LOG
           : strcmp(name, "-journal") == 0 ? PART_JOURNAL
                                           : PART_DISK;
    return !*name || *out != PART_DISK;
}

static sqlite3_vfs *
below(sqlite3_vfs *v)
{
    return v->pAppData;
}

static int
raw_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags,
         int *out_flags)
{
    struct raw_file *file = (struct raw_file *)(void *)f;

    if (!part_by_name(name, &file->part))
        return below(v)->xOpen(below(v), name, f, flags, out_flags);
    f->pMethods = &methods;
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

static int
raw_delete(sqlite3_vfs *v, const char *name, int sync)
{
    enum part p;
    int code;

    if (!part_by_name(name, &p))
        return below(v)->xDelete(below(v), name, sync);
    code = p == PART_DISK ? SQLITE_IOERR_DELETE : forget(p);
    if (code == SQLITE_OK && sync && fdatasync(raw_fd) < 0)
        code = SQLITE_IOERR_FSYNC;
    return code;
}

static int
raw_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
    enum part p;

    if (!part_by_name(name, &p))
        return below(v)->xAccess(below(v), name, flags, out);
    *out = part_size(p) > 0;
    return SQLITE_OK;
}

/* Symbolic links are not followed: what it was attached by is its name. */
static int
raw_full_path(sqlite3_vfs *v, const char *name, int room, char *out)
{
    enum part p;

    if (!part_by_name(name, &p))
        return below(v)->xFullPathname(below(v), name, room, out);
    return snprintf(out, (size_t)room, "%s", name) < room ? SQLITE_OK
                                                          : SQLITE_CANTOPEN;
}

static void
add_vfs(void)
{
    static sqlite3_vfs vfs;
    sqlite3_vfs *usual = store_db_vfs(NULL);

    if (!usual || vfs.zName)
        return;
    vfs = *usual;
    vfs.zName = STORE_RAW_VFS;
    vfs.pAppData = usual;
    vfs.pNext = NULL;
    if (vfs.szOsFile < (int)sizeof(struct raw_file))
        vfs.szOsFile = (int)sizeof(struct raw_file);
    vfs.xOpen = raw_open;
    vfs.xDelete = raw_delete;
    vfs.xAccess = raw_access;
    vfs.xFullPathname = raw_full_path;
    store_db_add_vfs(&vfs);
}

/* ---- attaching ---------------------------------------------------------- */

int
store_raw_attach(const char *path, bool shared, struct report *report)
{
    int fd = open(path, (shared ? O_RDONLY : O_RDWR) | O_CLOEXEC), r;
    int64_t size, log = 0;

    if (fd < 0)
        return complain(report, path, "opened");
    if (strlen(path) >= sizeof raw.path) {
        close(fd);
        return -E_NAMETOOLONG;
    }
    r = lock(fd, shared, path, report);
    if (r == 0 && raw_fd >= 0) {
        report_set(report, 0, "%s: one raw disk at a time", path);
        r = -E_BUSY;
    }
    size = lseek(fd, 0, SEEK_END);
    if (r == 0 && (log = labelled_log(fd, size)) == 0) {
        report_set(report, 0, "%s: the label of this disk is damaged", path);
        r = -E_IO;
    }
    if (r < 0) {
        close(fd);
        return r;
    }
    raw_fd = fd;
    strcpy(raw.path, path);
    raw.size = size;
    raw.log = log;
    raw.high = database_bytes();
    look_at_log();
    add_vfs();
    return 0;
}

void
store_raw_detach(void)
{
    if (raw_fd >= 0)
        close(raw_fd);
    raw_fd = -1;
}
