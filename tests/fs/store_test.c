/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: the POSIX cases on a disk, with little cache and ephemerally; then
 * what is its own: that things are there after reopening, that kill -9 at any
 * moment loses nothing that was synced, a full disk, a second instance, and
 * broken files.
 */
#include "drivers.h"

#include "../../host/sqlite/db.h"
#include "fs/store.h"
#include "host.h"
#include "proc.h"
#include "store_raw.h"
#include "store_sqlite.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MB (1u << 20)
#define CRASH_ROUNDS 40

static const char *
disk(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", test_dir, name);
    return path;
}

static int
open_store(const char *path, const struct store_options *o, uint64_t max,
           struct fs **out)
{
    struct store_sqlite_options so = {o->ephemeral, max};
    struct store_backend *b;
    struct report report = {.text = ""};
    int r = store_sqlite_open(path, &so, &b, &report);

    if (r == 0)
        r = store_create(b, o, out);
    return r;
}

static struct fs *
mounted_fs(void)
{
    struct dentry_path *d;
    struct fs *fs;

    OK(vfs_lookup(NULL, NULL, "/s", WALK_DIRECTORY, &d));
    fs = d->mount->fs;
    path_unref(d);
    return fs;
}

static int
try_mount(const char *path, const struct store_options *o, uint64_t max)
{
    struct fs *fs;
    int r = open_store(path, o, max, &fs);

    return r < 0 ? r : vfs_mount(NULL, fs, "disk", "/s", 0, true);
}

static void
mount_at_s(const char *path)
{
    struct store_options o = {.cache_bytes = 0};

    OK(try_mount(path, &o, 0));
}

static void
unmount_s(void)
{
    OK(vfs_umount(NULL, "/s", 0));
}

#define RAW_BYTES (200 * MB)
static bool raw; /* disks are raw ones (store_raw.h) */

static void
fresh_disk(const char *path)
{
    struct report report = {.text = ""};
    char image[140];

    snprintf(image, sizeof image, "%s.image", path);
    unlink(path);
    unlink(image);
    OK(store_sqlite_format(raw ? image : path, &report));
    if (!raw)
        return;
    close(open(path, O_RDWR | O_CREAT, 0600));
    IS(truncate(path, RAW_BYTES), 0);
    OK(store_raw_make(path, image, &report));
    CHECK(store_raw_is(path) && store_raw_made(path));
}

/* libsqlite3 may not be what Pith has its disks with (host/sqlite/bare). */
static void
show_raw_vfs(void)
{
    static sqlite3_vfs vfs;

    if (sqlite3_vfs_find(STORE_RAW_VFS))
        return;
    vfs = *store_db_vfs(STORE_RAW_VFS);
    sqlite3_vfs_register(&vfs, 0);
}

/* The SQL tool's view: every table hangs together. */
void
check_disk(const char *path)
{
    static const char *const none[] = {
        "SELECT count(*) FROM entries WHERE ino NOT IN "
        "(SELECT ino FROM inodes)",
        "SELECT count(*) FROM entries WHERE dir NOT IN "
        "(SELECT ino FROM inodes)",
        "SELECT count(*) FROM chunks WHERE ino NOT IN (SELECT ino FROM inodes)",
        "SELECT count(*) FROM inodes i WHERE ino<>1 AND mode&61440<>16384 AND "
        "nlink<>(SELECT count(*) FROM entries e WHERE e.ino=i.ino)",
        "SELECT count(*) FROM inodes i WHERE mode&61440=16384 AND nlink<>2+"
        "(SELECT count(*) FROM entries e JOIN inodes c ON c.ino=e.ino "
        "WHERE e.dir=i.ino AND c.mode&61440=16384)",
        "SELECT count(*) FROM chunks c JOIN inodes i ON i.ino=c.ino WHERE "
        "c.idx*65536+length(data)>i.size",
        "SELECT count(*) FROM inodes i WHERE bytes<(SELECT "
        "ifnull(sum(length(data)),0) FROM chunks c WHERE c.ino=i.ino)"};
    struct report report = {.text = ""};
    sqlite3 *db;
    sqlite3_stmt *st;

    if (raw) {
        OK(store_raw_attach(path, true, &report));
        show_raw_vfs();
    }
    IS(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY,
                       raw ? STORE_RAW_VFS : NULL),
       SQLITE_OK);
    for (size_t n = 0; n < sizeof none / sizeof *none; n++) {
        IS(sqlite3_prepare_v2(db, none[n], -1, &st, NULL), SQLITE_OK);
        IS(sqlite3_step(st), SQLITE_ROW);
        if (sqlite3_column_int64(st, 0) != 0)
            printf("  %s\n", none[n]);
        IS(sqlite3_column_int64(st, 0), 0);
        sqlite3_finalize(st);
    }
    IS(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL), 0);
    IS(sqlite3_step(st), SQLITE_ROW);
    CHECK(strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    if (raw)
        store_raw_detach();
}

/* ---- persistence -------------------------------------------------------- */

static void
put_pattern(const char *path, size_t size, unsigned seed)
{
    static uint8_t block[4096];
    int fd = t_open(path, PITH_O_CREAT | PITH_O_TRUNC | PITH_O_WRONLY, 0644);

    OK(fd);
    for (size_t at = 0; at < size; at += sizeof block) {
        size_t n = size - at < sizeof block ? size - at : sizeof block;
        for (size_t k = 0; k < n; k++)
            block[k] = (uint8_t)(seed + (at + k) * 13 + (at >> 12));
        IS(t_write(fd, block, n), n);
    }
    OK(t_close(fd));
}

static bool
has_pattern(const char *path, size_t size, unsigned seed)
{
    static uint8_t block[4096];
    int fd = t_open(path, PITH_O_RDONLY, 0);
    size_t at = 0;
    int64_t n;

    if (fd < 0)
        return false;
    while ((n = t_read(fd, block, sizeof block)) > 0) {
        for (size_t k = 0; k < (size_t)n; k++)
            if (block[k] != (uint8_t)(seed + (at + k) * 13 +
                                      ((at + k) >> 12)))
                goto out;
        at += (size_t)n;
    }
out:
    t_close(fd);
    return at == size;
}

static void
persistence(void)
{
    struct pith_stat before, after;
    const char *path = disk("keep.pith");

    fresh_disk(path);
    mount_at_s(path);
    put_pattern("/s/big", 3000000, 7);
    OK(t_mkdir("/s/dir"));
    t_put("/s/dir/small", "text");
    OK(t_link("/s/dir/small", "/s/hard"));
    OK(t_symlink("dir/small", "/s/soft"));
    OK(t_chmod("/s/dir/small", 04711));
    OK(call_fchownat(&me, PITH_AT_FDCWD, "/s/hard", 12, 34, 0));
    OK(t_chmod("/s/dir", 0700));
    OK(call_mknodat(&me, PITH_AT_FDCWD, "/s/fifo", PITH_S_IFIFO | 0600, 0));
    t_put("/s/gone", "x");
    OK(t_unlink("/s/gone"));
    OK(t_stat("/s/hard", &before));
    unmount_s();
    check_disk(path);
    mount_at_s(path);
    CHECK(has_pattern("/s/big", 3000000, 7));
    CHECK(t_is("/s/soft", "text"));
    CHECK(strcmp(t_list("/s"), "big dir fifo hard soft") == 0);
    OK(t_stat("/s/dir/small", &after));
    IS(after.mode, before.mode);
    IS(after.uid, 12);
    IS(after.gid, 34);
    IS(after.nlink, 2);
    IS(after.ino, before.ino);
    IS(after.mtim.nsec, before.mtim.nsec);
    OK(t_stat("/s/dir", &after));
    IS(after.mode, PITH_S_IFDIR | 0700);
    IS(after.nlink, 2);
    unmount_s();
    CHECK(access(disk("keep.pith-wal"), F_OK) < 0); /* one file */
}

/* Data is not read back wrongly while it moves through a tiny cache. */
static void
tiny_cache(void)
{
    struct store_options o = {.cache_bytes = 100000, .dirty_bytes = 200000};
    struct store_stats st;
    const char *path = disk("tiny.pith");
    char name[32];

    fresh_disk(path);
    OK(try_mount(path, &o, 0));
    for (unsigned n = 0; n < 20; n++) {
        snprintf(name, sizeof name, "/s/f%u", n);
        put_pattern(name, 50000 + n * 33333, n);
    }
    for (unsigned n = 0; n < 20; n++) {
        snprintf(name, sizeof name, "/s/f%u", n);
        CHECK(has_pattern(name, 50000 + n * 33333, n));
    }
    store_stats(mounted_fs(), &st);
    CHECK(st.clean_bytes < 400000);
    CHECK(st.commits > 10);
    unmount_s();
    check_disk(path);
}

/* Truncation and holes, mirrored by a plain array, with commits in between. */
static void
random_changes(void)
{
    enum { SIZE = 400000 };
    static uint8_t mirror[SIZE], block[SIZE];
    struct store_options o = {.cache_bytes = 150000, .dirty_bytes = 300000};
    const char *path = disk("random.pith");
    size_t size = 0;
    int fd;

    srand(5);
    memset(mirror, 0, sizeof mirror);
    fresh_disk(path);
    OK(try_mount(path, &o, 0));
    fd = t_open("/s/f", PITH_O_CREAT | PITH_O_RDWR, 0644);
    OK(fd);
    for (int round = 0; round < 600; round++) {
        size_t at = (size_t)rand() % (SIZE - 1), n;
        switch (rand() % 8) {
        case 0: /* to anywhere */
            OK(call_ftruncate(&me, fd, at));
            if (at < size)
                memset(mirror + at, 0, size - at);
            size = at;
            break;
        case 1:
            OK(call_fsync(&me, fd, false));
            break;
        case 2: /* all at once from disk */
            OK(t_close(fd));
            unmount_s();
            OK(try_mount(path, &o, 0));
            fd = t_open("/s/f", PITH_O_RDWR, 0);
            OK(fd);
            break;
        default:
            n = 1 + (size_t)rand() % (rand() % 2 ? 300 : 90000);
            if (n > SIZE - at)
                n = SIZE - at;
            for (size_t k = 0; k < n; k++)
                block[k] = (uint8_t)rand();
            IS(t_pwrite(fd, block, n, at), n);
            memcpy(mirror + at, block, n);
            if (at + n > size)
                size = at + n;
        }
        IS(t_pread(fd, block, SIZE, 0), size);
        CHECK(memcmp(block, mirror, size) == 0);
    }
    OK(t_close(fd));
    unmount_s();
    check_disk(path);
}

static void
many_inodes(void)
{
    const char *path = disk("many.pith");
    char name[64];
    struct store_stats st;

    fresh_disk(path);
    mount_at_s(path);
    for (int d = 0; d < 30; d++) {
        snprintf(name, sizeof name, "/s/d%d", d);
        OK(t_mkdir(name));
        for (int n = 0; n < 500; n++) {
            snprintf(name, sizeof name, "/s/d%d/f%d", d, n);
            t_put(name, name);
        }
    }
    OK(vfs_sync());
    for (int d = 0; d < 30; d++) {
        for (int n = 0; n < 500; n += 7) {
            snprintf(name, sizeof name, "/s/d%d/f%d", d, n);
            CHECK(t_is(name, name));
        }
    }
    store_stats(mounted_fs(), &st);
    CHECK(st.inodes <= 9000); /* 15030 exist */
    unmount_s();
    check_disk(path);
}

/* ---- orphans, second instance, not a disk ------------------------------- */

static void
run_child(void (*child)(const char *), const char *path, int kill_after_us)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        if (setjmp(case_end) == 0)
            child(path);
        _exit(0);
    }
    if (kill_after_us >= 0) {
        struct timespec t = {0, kill_after_us * 1000};
        nanosleep(&t, NULL);
        kill(pid, SIGKILL);
    }
    waitpid(pid, &status, 0);
}

static void
leave_orphan(const char *path)
{
    int fd;

    mount_at_s(path);
    put_pattern("/s/tmp", 500000, 3);
    t_put("/s/stays", "here");
    fd = t_open("/s/tmp", PITH_O_RDWR, 0);
    OK(t_unlink("/s/tmp"));
    OK(call_fsync(&me, fd, false));
    kill(getpid(), SIGKILL);
}

static void
orphans(void)
{
    const char *path = disk("orphan.pith");

    fresh_disk(path);
    run_child(leave_orphan, path, -1);
    mount_at_s(path);
    CHECK(strcmp(t_list("/s"), "stays") == 0);
    CHECK(t_is("/s/stays", "here"));
    unmount_s();
    check_disk(path); /* its chunks are gone as well */
}

static void
second_instance(void)
{
    const char *path = disk("busy.pith");
    struct report report = {.text = ""};
    struct store_backend *b;
    char pid[32];

    fresh_disk(path);
    mount_at_s(path);
    if (raw) /* its lock has no room for a number */
        snprintf(pid, sizeof pid, "in use by another Pith");
    else
        snprintf(pid, sizeof pid, "in use by pid %d:", (int)getpid());
    IS(store_sqlite_open(path, NULL, &b, &report), -E_BUSY);
    CHECK(strstr(report.text, pid));
    CHECK(strstr(report.text, path));
    unmount_s();
    mount_at_s(path); /* free again */
    unmount_s();
}

static void
not_a_disk(void)
{
    struct report report = {.text = ""};
    struct store_backend *b;
    const char *path = disk("text.pith");
    FILE *f = fopen(path, "w");

    fprintf(f, "this is no database, but long enough to look like something "
               "that might have been one if it had been written by SQLite");
    fclose(f);
    IS(store_sqlite_open(path, NULL, &b, &report), -E_IO);
    CHECK(report.text[0]);
    report.text[0] = '\0';
    IS(store_sqlite_open(disk("missing.pith"), NULL, &b, &report), -E_NOENT);
    CHECK(strstr(report.text, "missing.pith"));
}

/* ---- crashes ------------------------------------------------------------ */

static int note_fd;

/*
 * Write, sync, note what was synced on a pipe; over and over, until killed.
 * Round n has file a<n> whole; b is replaced by rename; c grows.
 */
static void
write_until_killed(const char *path)
{
    char name[64], text[64];
    int c;

    mount_at_s(path);
    c = t_open("/s/c", PITH_O_CREAT | PITH_O_RDWR | PITH_O_APPEND, 0644);
    OK(c);
    for (int n = 1; n < 100000; n++) {
        int fd;
        snprintf(name, sizeof name, "/s/a%d", n % 20);
        put_pattern(name, (size_t)(n * 7919 % 200000), (unsigned)n);
        snprintf(text, sizeof text, "round %d", n);
        t_put("/s/b.new", text);
        OK(t_rename("/s/b.new", "/s/b"));
        IS(t_write(c, "0123456789", 10), 10);
        if (n % 3 == 0) {
            snprintf(name, sizeof name, "/s/dir%d", n % 9);
            t_mkdir(name);
            t_rmdir(name);
        }
        fd = t_open("/s/b", PITH_O_RDONLY, 0);
        OK(call_fsync(&me, fd, n % 2 == 0));
        OK(t_close(fd));
        if (write(note_fd, &n, sizeof n) != sizeof n)
            _exit(1);
    }
}

/* What round n left, or rounds after it began. */
static void
check_after_crash(int last)
{
    struct pith_stat st;
    char name[64], buf[64] = "";
    int round = 0, fd;

    if (last == 0)
        return; /* killed before anything was promised */
    fd = t_open("/s/b", PITH_O_RDONLY, 0);
    OK(fd);
    OK(t_read(fd, buf, sizeof buf - 1));
    OK(t_close(fd));
    IS(sscanf(buf, "round %d", &round), 1);
    CHECK(round == last || round == last + 1);
    OK(t_stat("/s/c", &st));
    CHECK(st.size >= last * 10 && st.size <= (last + 1) * 10);
    /* the last 19 files: of round n, or overwritten by round last + 1 */
    for (int n = last > 18 ? last - 18 : 1; n <= last; n++) {
        snprintf(name, sizeof name, "/s/a%d", n % 20);
        CHECK(has_pattern(name, (size_t)(n * 7919 % 200000), (unsigned)n));
    }
}

static void
crashes(void)
{
    const char *path = disk("crash.pith");
    int rounds = 0, promised = 0;

    srand(9);
    for (int n = 0; n < CRASH_ROUNDS; n++) {
        int fds[2], last = 0, got;
        fresh_disk(path);
        unlink(disk("crash.pith-wal"));
        path = disk("crash.pith");
        IS(pipe(fds), 0);
        note_fd = fds[1];
        run_child(write_until_killed, path, 5000 + rand() % 120000);
        close(fds[1]);
        while (read(fds[0], &got, sizeof got) == sizeof got)
            last = got;
        close(fds[0]);
        mount_at_s(path);
        check_after_crash(last);
        unmount_s();
        check_disk(path);
        rounds++;
        promised += last;
    }
    IS(rounds, CRASH_ROUNDS);
    CHECK(promised > CRASH_ROUNDS); /* it did work between the kills */
}

/* ---- full disk ---------------------------------------------------------- */

static void
full_disk(void)
{
    static uint8_t block[65536];
    struct store_options o = {.dirty_bytes = MB};
    const char *path = disk("full.pith");
    char name[32];
    int64_t n = 0;
    int fd, files;

    fresh_disk(path);
    OK(try_mount(path, &o, 8 * MB));
    t_put("/s/before", "precious");
    OK(vfs_sync());
    memset(block, 0x77, sizeof block);
    fd = t_open("/s/f", PITH_O_CREAT | PITH_O_RDWR, 0644);
    OK(fd);
    for (int k = 0; k < 1000 && n >= 0; k++)
        n = t_write(fd, block, sizeof block);
    IS(n, -E_NOSPC);
    OK(call_fsync(&me, fd, false)); /* what was taken is kept */
    OK(t_close(fd));
    for (files = 0; files < 200000; files++) { /* and names */
        snprintf(name, sizeof name, "/s/n%d", files);
        fd = t_open(name, PITH_O_CREAT | PITH_O_EXCL | PITH_O_RDWR, 0644);
        if (fd < 0)
            break;
        OK(t_close(fd));
    }
    IS(fd, -E_NOSPC);
    OK(vfs_sync());
    CHECK(t_is("/s/before", "precious"));
    OK(t_unlink("/s/f")); /* removing works, and gives room */
    OK(vfs_sync());
    put_pattern("/s/again", 2000000, 1);
    OK(vfs_sync());
    unmount_s();
    check_disk(path);
    mount_at_s(path);
    CHECK(has_pattern("/s/again", 2000000, 1));
    CHECK(t_is("/s/before", "precious"));
    unmount_s();
}

/* ---- ephemeral ---------------------------------------------------------- */

static void
ephemeral(void)
{
    struct store_options o = {.ephemeral = true};
    const char *path = disk("base.pith");

    fresh_disk(path);
    mount_at_s(path);
    put_pattern("/s/base", 300000, 2);
    OK(t_mkdir("/s/d"));
    t_put("/s/d/f", "old");
    unmount_s();
    OK(try_mount(path, &o, 0));
    t_put("/s/d/f", "new");
    t_put("/s/d/g", "more");
    OK(t_rename("/s/base", "/s/moved"));
    OK(vfs_sync());
    CHECK(t_is("/s/d/f", "new"));
    CHECK(has_pattern("/s/moved", 300000, 2));
    unmount_s();
    mount_at_s(path);
    CHECK(t_is("/s/d/f", "old"));
    CHECK(strcmp(t_list("/s/d"), "f") == 0);
    CHECK(has_pattern("/s/base", 300000, 2));
    unmount_s();
}

/* ---- raw disks ---------------------------------------------------------- */

/* A file of `size` bytes, zeros but for a word at `at`. */
static void
device_with(const char *path, off_t size, off_t at, const char *what)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

    IS(ftruncate(fd, size), 0);
    IS(pwrite(fd, what, strlen(what), at), strlen(what));
    close(fd);
}

static void
raw_refused(void)
{
    struct report report = {.text = ""};
    char image[128], path[128];

    snprintf(image, sizeof image, "%s", disk("small.pith"));
    snprintf(path, sizeof path, "%s", disk("device"));
    unlink(image);
    OK(store_sqlite_format(image, &report));
    device_with(path, 64 * MB, 512 * 1024, "a boot loader");
    IS(store_seed(path, image, &report), -E_EXIST);
    CHECK(strstr(report.text, "left alone"));
    report.text[0] = '\0';
    device_with(path, 64 * MB, 0, "");
    CHECK(store_raw_is(path) && !store_raw_made(path));
    device_with(path, 4 * MB, 0, "");
    IS(store_seed(path, image, &report), -E_NOSPC);
    CHECK(strstr(report.text, "too small: want at least"));
    CHECK(!store_raw_made(path));
    device_with(path, 64 * MB, 0, "");
    IS(store_seed(path, image, &report), 1);
    CHECK(store_raw_made(path));
    mount_at_s(path);
    unmount_s();
}

/* The bytes that are not zeros, into a file of the same length. */
static void
copy_sparse(const char *from, const char *to)
{
    static uint8_t piece[65536], zeros[65536];
    int in = open(from, O_RDONLY);
    int out = open(to, O_RDWR | O_CREAT | O_TRUNC, 0600);
    off_t at = 0;
    ssize_t n;

    while ((n = read(in, piece, sizeof piece)) > 0) {
        if (memcmp(piece, zeros, (size_t)n) != 0)
            IS(pwrite(out, piece, (size_t)n, at), n);
        at += n;
    }
    IS(ftruncate(out, at), 0);
    close(in);
    close(out);
}

/* More than the disk holds; then it is removed and fits again. */
static void
raw_full(void)
{
    static uint8_t block[1 << 20];
    const char *path = disk("full.raw");
    int fd, written;

    fresh_disk(path);
    for (int round = 0; round < 2; round++) {
        mount_at_s(path);
        fd = t_open("/s/big", PITH_O_CREAT | PITH_O_WRONLY, 0644);
        OK(fd);
        for (written = 0; written < 400; written++)
            if (t_write(fd, block, sizeof block) != (int64_t)sizeof block)
                break;
        IS(t_write(fd, block, sizeof block), -E_NOSPC);
        CHECK(written > 120 && written < 200);
        OK(t_close(fd));
        OK(call_unlinkat(&me, PITH_AT_FDCWD, "/s/big", 0));
        OK(vfs_sync());
        unmount_s();
        check_disk(path);
    }
}

/* The device is enlarged: after an orderly end, and (a copy that is made while it
 * is in use) with a log that was not folded back. */
static void
raw_grown(void)
{
    char path[128], copy[128];
    struct report report = {.text = ""};

    snprintf(path, sizeof path, "%s", disk("grow.raw"));
    snprintf(copy, sizeof copy, "%s", disk("grown.raw"));
    fresh_disk(path);
    mount_at_s(path);
    put_pattern("/s/first", 3000000, 4);
    OK(vfs_sync());
    copy_sparse(path, copy);
    unmount_s();
    OK(truncate(copy, 4 * (off_t)RAW_BYTES));
    OK(store_raw_attach(copy, true, &report));
    CHECK(store_raw_has_log());
    store_raw_detach();
    mount_at_s(copy);
    CHECK(has_pattern("/s/first", 3000000, 4));
    unmount_s();
    check_disk(copy);

    OK(truncate(path, 4 * (off_t)RAW_BYTES));
    mount_at_s(path);
    CHECK(has_pattern("/s/first", 3000000, 4));
    put_pattern("/s/second", RAW_BYTES + MB, 5); /* more than there was */
    OK(vfs_sync());
    unmount_s();
    mount_at_s(path);
    CHECK(has_pattern("/s/second", RAW_BYTES + MB, 5));
    unmount_s();
    check_disk(path);
    unlink(path);
    unlink(copy);
}

static void
raw_damaged_label(void)
{
    static const char *const logs[] = {
        "",       "\n",         "-16384\n",  "8388608",
        "8388609\n", "134234112\n", "99999999999999999999\n", "x\n"};
    char path[128];
    int fd;

    snprintf(path, sizeof path, "%s", disk("label.raw"));
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
        struct report report = {.text = ""};

        fresh_disk(path);
        fd = open(path, O_RDWR);
        IS(pwrite(fd, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20, 30), 20);
        IS(pwrite(fd, logs[i], strlen(logs[i]), 30), strlen(logs[i]));
        close(fd);
        IS(store_raw_attach(path, true, &report), -E_IO);
        CHECK(strstr(report.text, "label of this disk is damaged"));
    }
    unlink(path);
}

/* ---- all ---------------------------------------------------------------- */

static void
corpus(const char *name, const struct store_options *o, uint64_t max)
{
    const char *path = disk("corpus.pith");
    struct report report = {.text = ""};
    struct fs *fs;

    unlink(path);
    if (store_sqlite_format(path, &report) < 0 ||
        open_store(path, o, max, &fs) < 0)
        abort();
    run_corpus(name, fs, CAN_CHOWN | CAN_LIMIT | CAN_SETID, NULL);
    driver_name = name;
    if (!o->ephemeral && setjmp(case_end) == 0)
        check_disk(disk("corpus.pith"));
}

static const struct fs_case own[] = {
    {"there after reopening", persistence, 0},
    {"tiny cache", tiny_cache, 0},
    {"random changes", random_changes, 0},
    {"more inodes than are kept", many_inodes, 0},
    {"removed while open, then killed", orphans, 0},
    {"second instance", second_instance, 0},
    {"not a disk", not_a_disk, 0},
    {"full disk", full_disk, 0},
    {"ephemeral", ephemeral, 0},
    {"kill -9 at any moment", crashes, 0},
};

static const struct fs_case on_raw[] = {
    {"there after reopening", persistence, 0},
    {"tiny cache", tiny_cache, 0},
    {"random changes", random_changes, 0},
    {"removed while open, then killed", orphans, 0},
    {"second instance", second_instance, 0},
    {"ephemeral", ephemeral, 0},
    {"kill -9 at any moment", crashes, 0},
    {"full, and empty again", raw_full, 0},
    {"what is no place for a disk", raw_refused, 0},
    {"enlarged, in order and after a kill", raw_grown, 0},
    {"a damaged label", raw_damaged_label, 0},
};

static void
run_all(const struct fs_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        run_case(cases[i].name, cases[i].run);
        vfs_umount(NULL, "/s", 2); /* after a failure */
    }
}

void
run_store(void)
{
    struct store_options plain = {.cache_bytes = 0};
    struct store_options tiny = {.cache_bytes = 70000, .dirty_bytes = 100000};
    struct store_options memory = {.ephemeral = true, .dirty_bytes = 64 * MB};

    corpus("store", &plain, 48 * MB);
    corpus("store with little cache", &tiny, 48 * MB);
    corpus("ephemeral store", &memory, 0);
    driver_name = "store";
    run_all(own, sizeof own / sizeof *own);
    driver_name = "raw disk";
    raw = true;
    run_all(on_raw, sizeof on_raw / sizeof *on_raw);
    raw = false;
}
