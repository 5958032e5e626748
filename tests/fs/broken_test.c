/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Broken and forged disks: bytes of the file, or values in its tables, are
 * changed at random; then everything on it is read and some of it is changed.
 * Errors are fine; a crash, a hang or a wrong answer about what was not touched
 * are not. Each round is a child process, so that a crash is one failure.
 * FS_ROUNDS says how many (80); a round's number is its seed.
 */
#include "drivers.h"

#include "fs/store.h"
#include "store_sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char model[128], broken[128];
static int budget; /* of calls in one round: forged directories are endless */

static void
make_model(void)
{
    struct report report = {.text = ""};
    struct store_options o = {.cache_bytes = 0};
    struct store_backend *b;
    struct fs *fs;
    char name[64];

    snprintf(model, sizeof model, "%s/model.pith", test_dir);
    snprintf(broken, sizeof broken, "%s/broken.pith", test_dir);
    unlink(model);
    OK(store_sqlite_format(model, &report));
    OK(store_sqlite_open(model, NULL, &b, &report));
    OK(store_create(b, &o, &fs));
    OK(vfs_mount(NULL, fs, "disk", "/s", 0, true));
    for (int n = 0; n < 30; n++) {
        snprintf(name, sizeof name, "/s/d%d", n % 5);
        t_mkdir(name);
        snprintf(name, sizeof name, "/s/d%d/file%d", n % 5, n);
        t_put(name, name);
        snprintf(name, sizeof name, "/s/d%d/link%d", n % 5, n);
        OK(t_symlink("../d0/file0", name));
    }
    OK(call_ftruncate(&me, t_open("/s/big", PITH_O_CREAT | PITH_O_RDWR, 0644),
                      300000));
    t_close(0);
    t_put("/s/big2", "text");
    OK(vfs_umount(NULL, "/s", 0));
}

static void
copy_model(void)
{
    char command[512];

    snprintf(command, sizeof command, "cp %s %s && rm -f %s-wal", model, broken,
             broken);
    if (system(command) != 0)
        _exit(3);
}

static void
break_bytes(void)
{
    int fd = open(broken, O_RDWR), n = 1 + rand() % 40;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        _exit(3);
    while (n-- > 0) {
        uint8_t noise[16];
        size_t len = 1 + (size_t)rand() % sizeof noise;
        off_t at = rand() % (rand() % 3 ? st.st_size : 4096);
        for (size_t k = 0; k < len; k++)
            noise[k] = (uint8_t)(rand() % 4 ? rand() : 0xff);
        if (pwrite(fd, noise, len, at) < 0)
            _exit(3);
    }
    if (rand() % 8 == 0 && ftruncate(fd, rand() % st.st_size) < 0)
        _exit(3);
    close(fd);
}

static void
break_values(void)
{
    static const char *const column[] = {
        "inodes SET mode=",   "inodes SET nlink=",  "inodes SET size=",
        "inodes SET target=", "inodes SET bytes=",  "inodes SET mtime=",
        "inodes SET uid=",    "inodes SET ino=",    "entries SET ino=",
        "entries SET name=",  "entries SET cookie=","entries SET dir=",
        "chunks SET idx=",    "chunks SET data=",   "chunks SET ino=",
        "meta SET value="};
    static const char *const value[] = {
        "0", "1", "-1", "9223372036854775807", "-9223372036854775808", "2",
        "16877", "33188", "41471", "8630", "65536", "'text'", "x'00ff'",
        "zeroblob(70000)", "zeroblob(3000000)", "NULL", "1.5", "'a/b'", "'..'",
        "''", "'x' || char(0) || 'y'", "abs(random()) % 40", "ino + 1"};
    sqlite3 *db;
    char text[256];

    if (sqlite3_open(broken, &db) != SQLITE_OK)
        _exit(3);
    for (int n = 1 + rand() % 6; n > 0; n--) {
        snprintf(text, sizeof text,
                 "UPDATE OR IGNORE %s%s WHERE random() %% %d = 0",
                 column[(size_t)rand() % (sizeof column / sizeof *column)],
                 value[(size_t)rand() % (sizeof value / sizeof *value)],
                 1 + rand() % 10);
        sqlite3_exec(db, text, NULL, NULL, NULL); /* some cannot be */
    }
    sqlite3_close(db);
}

/* ---- using it ----------------------------------------------------------- */

struct found {
    char name[64][PITH_NAME_MAX + 1];
    int n;
};

static int
remember(void *ctx, const char *name, size_t len, uint64_t ino, uint32_t mode,
         uint64_t next)
{
    struct found *f = ctx;

    (void)ino;
    (void)mode;
    (void)next;
    if (f->n == 64 || --budget < 0)
        return 1;
    if (len <= 2 && strncmp(name, "..", len) == 0)
        return 0;
    memcpy(f->name[f->n], name, len);
    f->name[f->n++][len] = '\0';
    return 0;
}

static void
use_file(const char *path)
{
    static char buf[70000];
    struct pith_stat st;
    struct vfs_image image;
    int fd = t_open(path, rand() % 2 ? PITH_O_RDWR : PITH_O_RDONLY, 0);

    if (fd < 0)
        return;
    for (int n = 0; n < 20 && t_read(fd, buf, sizeof buf) > 0; n++)
        ;
    if (vfs_read_all(fd_peek(&me, fd), 1 << 20, &image) == 0)
        vfs_image_finish(&image);
    if (call_fstat(&me, fd, &st) == 0 && st.size > 0)
        t_pread(fd, buf, 10, (uint64_t)st.size - 1);
    switch (rand() % 6) {
    case 0:
        call_ftruncate(&me, fd, (uint64_t)rand() % 200000);
        break;
    case 1:
        t_pwrite(fd, buf, 5000, (uint64_t)rand() % 300000);
        break;
    case 2:
        call_fsync(&me, fd, false);
        break;
    default:
        break;
    }
    t_close(fd);
}

static void
use_directory(const char *path, int depth)
{
    struct found *f = calloc(1, sizeof *f);
    uint64_t pos = 0;
    int fd = t_open(path, PITH_O_RDONLY | PITH_O_DIRECTORY, 0);

    if (fd >= 0)
        call_readdir(&me, fd, &pos, remember, f);
    for (int n = 0; n < f->n && budget-- > 0; n++) {
        char sub[PITH_PATH_MAX], target[300];
        struct pith_stat st;
        if (snprintf(sub, sizeof sub, "%s/%s", path, f->name[n]) >=
            (int)sizeof sub)
            break;
        if (t_lstat(sub, &st) < 0)
            continue;
        call_readlinkat(&me, PITH_AT_FDCWD, sub, target, sizeof target, 0);
        if ((st.mode & PITH_S_IFMT) == PITH_S_IFDIR && depth < 12)
            use_directory(sub, depth + 1);
        else if ((st.mode & PITH_S_IFMT) == PITH_S_IFREG)
            use_file(sub);
        switch (rand() % 12) {
        case 0:
            t_unlink(sub);
            break;
        case 1:
            t_rmdir(sub);
            break;
        case 2:
            t_rename(sub, "/s/moved");
            break;
        case 3:
            t_link(sub, "/s/linked");
            break;
        case 4:
            t_chmod(sub, 0700);
            break;
        default:
            break;
        }
    }
    if (fd >= 0)
        t_close(fd);
    free(f);
}

static void
use_disk(bool ephemeral)
{
    struct store_sqlite_options so = {.readonly = ephemeral};
    struct store_options o = {.ephemeral = ephemeral,
                              .cache_bytes = 200000,
                              .dirty_bytes = 16 << 20};
    struct report report = {.text = ""};
    struct store_backend *b;
    struct fs *fs;

    if (store_sqlite_open(broken, &so, &b, &report) < 0 ||
        store_create(b, &o, &fs) < 0 ||
        vfs_mount(NULL, fs, "disk", "/s", 0, true) < 0)
        return;
    budget = 3000;
    use_directory("/s", 0);
    vfs_sync();
    use_file("/s/big");
    vfs_umount(NULL, "/s", 2);
}

static void
one_round(int seed)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        srand((unsigned)seed);
        alarm(600);
        copy_model();
        if (seed % 2)
            break_bytes();
        else
            break_values();
        if (setjmp(case_end) == 0)
            use_disk(seed % 5 == 0);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    if (status != 0)
        printf("  round %d ended with status %#x\n", seed, (unsigned)status);
    IS(status, 0);
}

static void
broken_disks(void)
{
    const char *rounds = getenv("FS_ROUNDS");
    int n = rounds ? atoi(rounds) : 80;

    make_model();
    for (int seed = 1; seed <= n; seed++)
        one_round(seed);
}

void
run_broken(void)
{
    driver_name = "store";
    run_case("broken disks", broken_disks);
    vfs_umount(NULL, "/s", 2);
}
