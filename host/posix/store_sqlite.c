/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's backend on libsqlite3; see store_sqlite.h.
 *
 * Measured (docs/formats-store.md): write-ahead log with synchronous=FULL and
 * 16 KiB pages makes an fsync of a small file ten times faster than a rollback
 * journal. The log is folded back and the journal mode reset when the disk is
 * closed, so that what remains is one ordinary file.
 */
#include "store_sqlite.h"

#include "hosterr.h"
#include "pith_errno.h"
#include "store_internal_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define HOST_RESERVE (16u << 20) /* for the log, which grows first */
#define MAX_COLUMNS 16

struct sqlite_store {
    struct store_backend backend;
    pthread_mutex_t mutex; /* guards all below */
    sqlite3 *db;
    sqlite3_stmt *statement[STORE_SQL_COUNT];
    char *path;
    int lock_fd;
    bool readonly;
    uint64_t max_bytes;
};

static const struct {
    int parameters;
    const char *text;
} sql[] = {
#define SQL(name, parameters, text) {parameters, text},
#include "fs/store_sql.def"
#undef SQL
};

/* ---- errors ------------------------------------------------------------- */

int
store_sqlite_error(sqlite3 *db, int code)
{
    int e;

    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return 0;
    case SQLITE_NOMEM:
        return -E_NOMEM;
    case SQLITE_FULL:
        return -E_NOSPC;
    case SQLITE_READONLY:
        return -E_ROFS;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -E_BUSY;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        e = db ? sqlite3_system_errno(db) : 0;
        if (e == ENOSPC || e == EDQUOT)
            return -E_NOSPC;
        if ((code & 0xff) == SQLITE_CANTOPEN && e)
            return host_error(e);
        return -E_IO;
    default:
        return -E_IO;
    }
}

int
store_sqlite_run(sqlite3 *db, const char *text, struct report *report)
{
    int code = sqlite3_exec(db, text, NULL, NULL, NULL);

    if (code != SQLITE_OK)
        report_set(report, 0, "the disk's database: %s", sqlite3_errmsg(db));
    return store_sqlite_error(db, code);
}

/* ---- the lock ----------------------------------------------------------- */

static int
complain_in_use(int fd, const char *disk, struct report *report)
{
    char pid[16] = "";
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);

    pid[n > 0 ? n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    report_set(report, 0,
               "%s is in use by pid %s: end that Pith first, or choose another "
               "disk with --root",
               disk, pid[0] ? pid : "?");
    return -E_BUSY;
}

int
store_lock_disk(const char *disk, bool shared, struct report *report, int *out)
{
    char path[4096], pid[16];
    int fd, n;

    *out = -1;
    if (snprintf(path, sizeof path, "%s-lock", disk) >= (int)sizeof path)
        return -E_NAMETOOLONG;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0 && shared) /* a place nobody writes to: nobody to fear */
        return errno == EACCES || errno == EROFS ? 0 : host_error(errno);
    if (fd < 0) {
        n = host_error(errno);
        report_set(report, 0, "%s cannot be made: %s", path,
                   pith_errno_text(n));
        return n;
    }
    if (flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0) {
        n = errno == EWOULDBLOCK ? complain_in_use(fd, disk, report)
                                 : host_error(errno);
        close(fd);
        return n;
    }
    n = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)n, 0) != n) {
        /* the lock itself is what counts */
    }
    *out = fd;
    return 0;
}

/* ---- statements --------------------------------------------------------- */

/* Lock held. */
static int
prepare(struct sqlite_store *s, enum store_sql which,
        const struct store_value *args, sqlite3_stmt **out)
{
    sqlite3_stmt *st = s->statement[which];
    int code = SQLITE_OK;

    if (!st) {
        code = sqlite3_prepare_v3(s->db, sql[which].text, -1,
                                  SQLITE_PREPARE_PERSISTENT, &st, NULL);
        if (code != SQLITE_OK)
            return store_sqlite_error(s->db, code);
        s->statement[which] = st;
    }
    for (int k = 0; k < sql[which].parameters && code == SQLITE_OK; k++) {
        const struct store_value *v = &args[k];
        switch (v->kind) {
        case STORE_INT:
            code = sqlite3_bind_int64(st, k + 1, v->i);
            break;
        case STORE_TEXT:
            code = sqlite3_bind_text64(st, k + 1, v->p, v->n, SQLITE_STATIC,
                                       SQLITE_UTF8);
            break;
        case STORE_BLOB:
            code = sqlite3_bind_blob64(st, k + 1, v->p, v->n, SQLITE_STATIC);
            break;
        case STORE_NULL:
            code = sqlite3_bind_null(st, k + 1);
            break;
        }
    }
    *out = st;
    return store_sqlite_error(s->db, code);
}

static struct store_value
column(sqlite3_stmt *st, int k)
{
    struct store_value v = {.kind = STORE_NULL};

    switch (sqlite3_column_type(st, k)) {
    case SQLITE_INTEGER:
        v.kind = STORE_INT;
        v.i = sqlite3_column_int64(st, k);
        break;
    case SQLITE_TEXT:
        v.kind = STORE_TEXT;
        v.p = sqlite3_column_text(st, k);
        v.n = (size_t)sqlite3_column_bytes(st, k);
        break;
    case SQLITE_BLOB:
        v.kind = STORE_BLOB;
        v.p = sqlite3_column_blob(st, k);
        v.n = (size_t)sqlite3_column_bytes(st, k);
        break;
    default:
        break;
    }
    return v;
}

static int
give_row(sqlite3_stmt *st, store_row *row, void *ctx)
{
    struct store_value v[MAX_COLUMNS];
    int n = sqlite3_column_count(st);

    if (n > MAX_COLUMNS)
        n = MAX_COLUMNS;
    for (int k = 0; k < n; k++)
        v[k] = column(st, k);
    return row ? row(ctx, v, (uint32_t)n) : 0;
}

/* Lock held. */
static int
run(struct sqlite_store *s, enum store_sql which,
    const struct store_value *args, store_row *row, void *ctx)
{
    sqlite3_stmt *st = NULL;
    int code = SQLITE_DONE, r = prepare(s, which, args, &st);

    if (r < 0)
        return r;
    while (r == 0 && (code = sqlite3_step(st)) == SQLITE_ROW)
        r = give_row(st, row, ctx);
    if (r == 0)
        r = store_sqlite_error(s->db, code);
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return r;
}

/* ---- the backend -------------------------------------------------------- */

static int
sqlite_query(struct store_backend *b, enum store_sql which,
             const struct store_value *args, store_row *row, void *ctx)
{
    struct sqlite_store *s = (struct sqlite_store *)b;
    int r;

    pthread_mutex_lock(&s->mutex);
    r = run(s, which, args, row, ctx);
    pthread_mutex_unlock(&s->mutex);
    return r;
}

static int
sqlite_commit(struct store_backend *b, const struct store_step *steps,
              size_t n)
{
    struct sqlite_store *s = (struct sqlite_store *)b;
    int r;

    pthread_mutex_lock(&s->mutex);
    r = store_sqlite_run(s->db, "BEGIN IMMEDIATE", NULL);
    for (size_t k = 0; r == 0 && k < n; k++)
        r = run(s, steps[k].sql, steps[k].arg, NULL, NULL);
    if (r == 0)
        r = store_sqlite_run(s->db, "COMMIT", NULL);
    /* Some errors have rolled back by themselves already. */
    if (r < 0 && !sqlite3_get_autocommit(s->db))
        store_sqlite_run(s->db, "ROLLBACK", NULL);
    pthread_mutex_unlock(&s->mutex);
    return r;
}

static uint64_t
number(sqlite3 *db, const char *pragma)
{
    sqlite3_stmt *st;
    uint64_t n = 0;

    if (sqlite3_prepare_v2(db, pragma, -1, &st, NULL) != SQLITE_OK)
        return 0;
    if (sqlite3_step(st) == SQLITE_ROW)
        n = (uint64_t)sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

static int
sqlite_space(struct store_backend *b, uint64_t *used, uint64_t *left)
{
    struct sqlite_store *s = (struct sqlite_store *)b;
    uint64_t page, pages, unused, host = 0;
    struct statvfs v;

    pthread_mutex_lock(&s->mutex);
    page = number(s->db, "PRAGMA page_size");
    pages = number(s->db, "PRAGMA page_count");
    unused = number(s->db, "PRAGMA freelist_count");
    pthread_mutex_unlock(&s->mutex);
    if (unused > pages)
        unused = pages;
    if (statvfs(s->path, &v) == 0)
        host = (uint64_t)v.f_bavail * v.f_frsize;
    host = host > HOST_RESERVE ? host - HOST_RESERVE : 0;
    if (s->max_bytes && pages * page + host > s->max_bytes)
        host = s->max_bytes > pages * page ? s->max_bytes - pages * page : 0;
    *used = (pages - unused) * page;
    *left = unused * page + host;
    return 0;
}

static void
sqlite_close(struct store_backend *b)
{
    struct sqlite_store *s = (struct sqlite_store *)b;

    for (int k = 0; k < STORE_SQL_COUNT; k++)
        sqlite3_finalize(s->statement[k]);
    if (!s->readonly)
        store_sqlite_run(s->db, "PRAGMA journal_mode=DELETE", NULL);
    sqlite3_close(s->db);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    pthread_mutex_destroy(&s->mutex);
    free(s->path);
    free(s);
}

static const struct store_backend_ops sqlite_ops = {
    .query = sqlite_query,
    .commit = sqlite_commit,
    .space = sqlite_space,
    .close = sqlite_close,
};

/* ---- opening ------------------------------------------------------------ */

/* Nothing in the file may make SQLite do more than hold data. */
static void
harden(sqlite3 *db)
{
    sqlite3_extended_result_codes(db, 1);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 4 << 20);
}

int
store_sqlite_connect(const char *path, int flags, struct report *report,
                     sqlite3 **out)
{
    int code = sqlite3_open_v2(path, out, flags | SQLITE_OPEN_NOMUTEX, NULL);

    if (code != SQLITE_OK) {
        int r = store_sqlite_error(*out, code);
        report_set(report, 0, "%s cannot be opened: %s", path,
                   *out ? sqlite3_errmsg(*out) : "no memory");
        sqlite3_close(*out);
        *out = NULL;
        return r;
    }
    harden(*out);
    return 0;
}

/* A disk that nobody writes to: no journal to look for, no locks to take. */
static int
connect_readonly(const char *path, struct report *report, sqlite3 **out)
{
    char uri[3 * 4096 + 32], *to = uri + sprintf(uri, "file:");

    for (const char *s = path; *s && to < uri + sizeof uri - 32; s++) {
        if (*s == '%' || *s == '?' || *s == '#')
            to += sprintf(to, "%%%02x", (unsigned)(unsigned char)*s);
        else
            *to++ = *s;
    }
    sprintf(to, "?immutable=1");
    return store_sqlite_connect(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                                report, out);
}

static int
configure(struct sqlite_store *s, struct report *report)
{
    char limit[64];
    int r = store_sqlite_run(s->db,
                             "PRAGMA locking_mode=EXCLUSIVE;"
                             "PRAGMA temp_store=MEMORY;"
                             "PRAGMA cache_size=-4096;"
                             "PRAGMA cell_size_check=ON;",
                             report);

    if (r == 0 && number(s->db, "PRAGMA application_id") != 1346982984) {
        report_set(report, 0, "%s is not a Pith disk", s->path);
        r = -E_IO;
    }
    if (r == 0 && !s->readonly)
        r = store_sqlite_run(s->db,
                             "PRAGMA journal_mode=WAL;"
                             "PRAGMA synchronous=FULL;"
                             "PRAGMA journal_size_limit=67108864;",
                             report);
    if (r == 0 && s->max_bytes) {
        snprintf(limit, sizeof limit, "PRAGMA max_page_count=%llu",
                 (unsigned long long)(s->max_bytes / 16384));
        r = store_sqlite_run(s->db, limit, report);
    }
    return r;
}

/* An unclean end left its log beside the disk. */
static bool
has_log(const char *path)
{
    char log[4096];

    snprintf(log, sizeof log, "%s-wal", path);
    return access(log, F_OK) == 0;
}

int
store_sqlite_open(const char *path, const struct store_sqlite_options *o,
                  struct store_backend **out, struct report *report)
{
    struct sqlite_store *s;
    bool shared = o && o->readonly && !has_log(path);
    int r;

    if (access(path, F_OK) < 0) {
        r = host_error(errno);
        report_set(report, 0, "%s: %s", path, pith_errno_text(r));
        return r;
    }
    s = calloc(1, sizeof *s);
    if (!s)
        return -E_NOMEM;
    s->backend.ops = &sqlite_ops;
    pthread_mutex_init(&s->mutex, NULL);
    s->path = strdup(path);
    s->readonly = o && o->readonly;
    s->max_bytes = o ? o->max_bytes : 0;
    r = s->path ? store_lock_disk(path, shared, report, &s->lock_fd)
                : -E_NOMEM;
    if (r < 0)
        s->lock_fd = -1;
    if (r == 0)
        r = shared ? connect_readonly(path, report, &s->db)
                   : store_sqlite_connect(path, SQLITE_OPEN_READWRITE, report,
                                          &s->db);
    if (r == 0)
        r = configure(s, report);
    if (r < 0) {
        s->readonly = true; /* leave the journal as it is */
        sqlite_close(&s->backend);
        return r;
    }
    *out = &s->backend;
    return 0;
}

int
store_sqlite_format(const char *path, struct report *report)
{
    static const char root[] =
        "INSERT INTO inodes(ino,mode,nlink,uid,gid,atime,mtime,ctime) "
        "VALUES(1,16877,2,0,0,0,0,0);";
    sqlite3 *db;
    int r;

    if (access(path, F_OK) == 0) {
        report_set(report, 0, "%s exists already", path);
        return -E_EXIST;
    }
    r = store_sqlite_connect(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                             report, &db);
    if (r < 0)
        return r;
    r = store_sqlite_run(db, STORE_PAGE_SIZE, report);
    if (r == 0)
        r = store_sqlite_run(db, "BEGIN", report);
    if (r == 0)
        r = store_sqlite_run(db, STORE_SCHEMA, report);
    if (r == 0)
        r = store_sqlite_run(db, root, report);
    if (r == 0)
        r = store_sqlite_run(db, "COMMIT", report);
    sqlite3_close(db);
    if (r < 0)
        unlink(path);
    return r;
}
