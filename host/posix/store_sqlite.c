/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's backend on SQLite; see store_sqlite.h. What it does with the
 * database is in ../sqlite.
 */
#include "store_sqlite.h"

#include "hosterr.h"
#include "pith_errno.h"
#include "store_internal_sqlite.h"
#include "store_raw.h"

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
#define LOCK_NONE (-1) /* a place nobody writes to */
#define LOCK_RAW (-2)  /* the disk is its own lock */

struct sqlite_store {
    struct store_backend backend;
    pthread_mutex_t mutex; /* guards all below */
    struct store_db *disk;
    char *path;
    int lock; /* store_unlock_disk */
    bool readonly;
    uint64_t max_bytes;
};

int
store_db_host_error(int e)
{
    return host_error(e);
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

    *out = LOCK_NONE;
    if (store_raw_is(disk)) {
        n = store_raw_attach(disk, shared, report);
        if (n == 0)
            *out = LOCK_RAW;
        return n;
    }
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

void
store_unlock_disk(int lock)
{
    if (lock == LOCK_RAW)
        store_raw_detach();
    else if (lock >= 0)
        close(lock);
}

/* ---- the backend -------------------------------------------------------- */

static int
sqlite_query(struct store_backend *b, enum store_sql which,
             const struct store_value *args, store_row *row, void *ctx)
{
    struct sqlite_store *s = (struct sqlite_store *)b;
    int r;

    pthread_mutex_lock(&s->mutex);
    r = store_db_query(s->disk, which, args, row, ctx);
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
    r = store_db_commit(s->disk, steps, n);
    pthread_mutex_unlock(&s->mutex);
    return r;
}

static int
sqlite_space(struct store_backend *b, uint64_t *used, uint64_t *left)
{
    struct sqlite_store *s = (struct sqlite_store *)b;
    uint64_t total, unused, host = 0;
    struct statvfs v;

    pthread_mutex_lock(&s->mutex);
    store_db_space(s->disk, &total, &unused);
    pthread_mutex_unlock(&s->mutex);
    if (s->lock == LOCK_RAW)
        host = store_raw_room() > total ? store_raw_room() - total : 0;
    else if (statvfs(s->path, &v) == 0)
        host = (uint64_t)v.f_bavail * v.f_frsize;
    if (s->lock != LOCK_RAW)
        host = host > HOST_RESERVE ? host - HOST_RESERVE : 0;
    if (s->max_bytes && total + host > s->max_bytes)
        host = s->max_bytes > total ? s->max_bytes - total : 0;
    *used = total - unused;
    *left = unused + host;
    return 0;
}

static void
sqlite_close(struct store_backend *b)
{
    struct sqlite_store *s = (struct sqlite_store *)b;

    store_db_close(s->disk, s->readonly);
    store_unlock_disk(s->lock);
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

const char *
store_disk_vfs(void)
{
    return store_raw_room() ? STORE_RAW_VFS : NULL;
}

/* An unclean end left its log, which has to be folded back. */
static bool
has_log(const char *path)
{
    struct report unused = {0};
    char log[4096];
    bool yes;

    if (store_raw_is(path)) {
        if (store_raw_attach(path, true, &unused) < 0)
            return false; /* who opens it will hear why */
        yes = store_raw_has_log();
        store_raw_detach();
        return yes;
    }
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
    s->lock = LOCK_NONE;
    r = s->path ? store_lock_disk(path, shared, report, &s->lock) : -E_NOMEM;
    if (r == 0)
        r = store_db_open(path, shared ? STORE_DB_IMMUTABLE : 0,
                          store_disk_vfs(), &s->disk, report);
    if (r == 0)
        r = store_db_configure(s->disk, path, s->readonly, s->max_bytes,
                               report);
    if (r < 0) {
        s->readonly = true; /* leave the journal as it is */
        sqlite_close(&s->backend);
        return r;
    }
    *out = &s->backend;
    return 0;
}
