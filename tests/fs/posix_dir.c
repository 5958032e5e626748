/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX cases: directories, links, rename, path resolution. */
#include "fs_test.h"

#define CREATE (PITH_O_RDWR | PITH_O_CREAT)

static uint32_t
links_of(const char *path)
{
    struct pith_stat st;

    OK(t_stat(path, &st));
    return st.nlink;
}

static uint64_t
ino_of(const char *path)
{
    struct pith_stat st;

    OK(t_lstat(path, &st));
    return st.ino;
}

static void
mkdir_rmdir(void)
{
    struct pith_stat st;

    OK(t_mkdir("d"));
    OK(t_stat("d", &st));
    IS(st.mode, PITH_S_IFDIR | 0755);
    IS(t_mkdir("d"), -E_EXIST);
    IS(t_mkdir("d/"), -E_EXIST);
    IS(t_mkdir("."), -E_EXIST);
    IS(t_mkdir("x/y"), -E_NOENT);
    OK(t_mkdir("d/sub/"));
    t_put("d/file", "");
    IS(t_rmdir("d"), -E_NOTEMPTY);
    IS(t_rmdir("d/file"), -E_NOTDIR);
    IS(t_unlink("d/sub"), -E_ISDIR);
    OK(t_rmdir("d/sub"));
    IS(t_unlink("d/file/"), -E_NOTDIR);
    OK(t_unlink("d/file"));
    IS(t_rmdir("d/."), -E_INVAL);
    OK(t_rmdir("d/"));
    IS(t_rmdir("d"), -E_NOENT);
    IS(t_unlink("d"), -E_NOENT);
}

static void
removed_cwd(void)
{
    char buf[256];
    struct pith_stat st;

    OK(t_mkdir("d"));
    OK(call_chdir(&me, "d"));
    OK(t_rmdir("../d"));
    IS(call_getcwd(&me, buf, sizeof buf), -E_NOENT);
    IS(t_open("f", CREATE, 0666), -E_NOENT);
    IS(t_mkdir("e"), -E_NOENT);
    OK(t_stat(".", &st));
    OK(call_chdir(&me, ".."));
    OK(call_getcwd(&me, buf, sizeof buf));
    CHECK(strcmp(buf, "/t") == 0);
}

static void
cwd_follows_renames(void)
{
    char buf[256];

    OK(t_mkdir("a"));
    OK(t_mkdir("a/b"));
    OK(t_mkdir("a/b/c"));
    OK(call_chdir(&me, "a/b/c"));
    OK(call_getcwd(&me, buf, sizeof buf));
    CHECK(strcmp(buf, "/t/a/b/c") == 0);
    OK(t_rename("/t/a/b", "/t/a-much-longer-name-than-before-for-memory"));
    IS(call_getcwd(&me, buf, sizeof buf), (int64_t)strlen(buf));
    CHECK(strcmp(buf, "/t/a-much-longer-name-than-before-for-memory/c") == 0);
    OK(call_chdir(&me, "../.."));
    OK(call_getcwd(&me, buf, sizeof buf));
    CHECK(strcmp(buf, "/t") == 0);
    IS(call_getcwd(&me, buf, 2), -E_RANGE);
}

static void
hard_links(void)
{
    t_put("f", "text");
    OK(t_mkdir("d"));
    OK(t_link("f", "d/g"));
    IS(links_of("f"), 2);
    IS(ino_of("f"), ino_of("d/g"));
    IS(t_link("f", "d/g"), -E_EXIST);
    IS(t_link("d", "e"), -E_PERM);
    IS(t_link("missing", "e"), -E_NOENT);
    IS(t_link("f", "missing/e"), -E_NOENT);
    OK(t_unlink("f"));
    IS(links_of("d/g"), 1);
    CHECK(t_is("d/g", "text"));
    OK(t_symlink("d/g", "s"));
    OK(t_link("s", "t")); /* the link itself */
    IS(ino_of("s"), ino_of("t"));
    OK(call_linkat(&me, PITH_AT_FDCWD, "s", PITH_AT_FDCWD, "u",
                   PITH_AT_SYMLINK_FOLLOW));
    IS(ino_of("u"), ino_of("d/g"));
    IS(t_link("/proc/self", "x"), -E_XDEV);
}

static void
directory_link_counts(void)
{
    OK(t_mkdir("d"));
    if (links_of("d") == 1)
        return; /* the host does not count (btrfs, overlayfs) */
    IS(links_of("d"), 2);
    OK(t_mkdir("d/a"));
    OK(t_mkdir("d/b"));
    IS(links_of("d"), 4);
    OK(t_mkdir("e"));
    OK(t_rename("d/a", "e/a"));
    IS(links_of("d"), 3);
    IS(links_of("e"), 3);
    OK(t_rename("e/a", "d/b")); /* replaces an empty one */
    IS(links_of("d"), 3);
    IS(links_of("e"), 2);
    OK(t_rmdir("d/b"));
    IS(links_of("d"), 2);
}

static void
symlinks(void)
{
    char buf[16];
    struct pith_stat st;

    t_put("f", "target");
    OK(t_symlink("f", "s"));
    CHECK(t_is("s", "target"));
    OK(t_lstat("s", &st));
    IS(st.mode & PITH_S_IFMT, PITH_S_IFLNK);
    IS(st.size, 1);
    IS(call_readlinkat(&me, PITH_AT_FDCWD, "s", buf, sizeof buf, 0), 1);
    IS(call_readlinkat(&me, PITH_AT_FDCWD, "f", buf, sizeof buf, 0), -E_INVAL);
    OK(t_symlink("0123456789abcdefgh", "long"));
    IS(call_readlinkat(&me, PITH_AT_FDCWD, "long", buf, 16, 0), 16);
    CHECK(memcmp(buf, "0123456789abcdef", 16) == 0);
    IS(t_symlink("x", "s"), -E_EXIST);
    IS(t_symlink("", "e"), -E_NOENT);
    IS(t_symlink("x", "slash/"), -E_NOENT);
    OK(t_symlink("new", "dangling"));
    IS(t_open("dangling", PITH_O_RDONLY, 0), -E_NOENT);
    IS(t_open("dangling", CREATE | PITH_O_EXCL, 0666), -E_EXIST);
    t_put("dangling", "made through it");
    CHECK(t_is("new", "made through it"));
    IS(t_open("s", PITH_O_RDONLY | PITH_O_NOFOLLOW, 0), -E_LOOP);
    OK(t_close(t_open("s", PITH_O_PATH | PITH_O_NOFOLLOW, 0)));
    OK(t_unlink("s"));
    CHECK(t_is("f", "target"));
    OK(t_mkdir("d"));
    t_put("d/x", "deep");
    OK(t_symlink("/t/d", "abs"));
    CHECK(t_is("abs/x", "deep"));
    CHECK(t_is("abs/../d/x", "deep"));
    IS(t_rmdir("abs/"), -E_NOTDIR);
    OK(t_lstat("abs/", &st));
    IS(st.mode & PITH_S_IFMT, PITH_S_IFDIR);
}

static void
symlink_loops(void)
{
    struct pith_stat st;
    char from[16], to[16];

    OK(t_symlink("b", "a"));
    OK(t_symlink("a", "b"));
    IS(t_stat("a", &st), -E_LOOP);
    IS(t_open("a", CREATE, 0666), -E_LOOP);
    OK(t_lstat("a", &st));
    t_put("l0", "end");
    for (int n = 1; n <= 41; n++) {
        snprintf(from, sizeof from, "l%d", n);
        snprintf(to, sizeof to, "l%d", n - 1);
        OK(t_symlink(to, from));
    }
    CHECK(t_is("l40", "end"));
    IS(t_stat("l41", &st), -E_LOOP);
    OK(t_symlink("self/x", "self"));
    IS(t_stat("self/y", &st), -E_LOOP);
}

static void
rename_files(void)
{
    uint64_t ino;

    t_put("a", "A");
    t_put("b", "B");
    ino = ino_of("a");
    OK(t_rename("a", "b"));
    IS(ino_of("b"), ino);
    CHECK(t_is("b", "A"));
    CHECK(strcmp(t_list("."), "b") == 0);
    OK(t_rename("b", "b"));
    OK(t_link("b", "c"));
    OK(t_rename("b", "c")); /* one file: both names stay */
    CHECK(strcmp(t_list("."), "b c") == 0);
    IS(t_rename("missing", "x"), -E_NOENT);
    IS(t_rename("b", "missing/x"), -E_NOENT);
    IS(t_rename("b", "x/"), -E_NOTDIR);
    IS(t_rename("b/", "x"), -E_NOTDIR);
    IS(t_rename(".", "x"), -E_BUSY);
    IS(t_rename("b", "/proc/x"), -E_XDEV);
}

static void
rename_dirs(void)
{
    OK(t_mkdir("d"));
    OK(t_mkdir("d/sub"));
    OK(t_mkdir("e"));
    t_put("f", "");
    IS(t_rename("d", "d/sub/x"), -E_INVAL);
    IS(t_rename("d", "d/x"), -E_INVAL);
    IS(t_rename("d/sub", "d"), -E_NOTEMPTY);
    IS(t_rename("d", "f"), -E_NOTDIR);
    IS(t_rename("f", "d"), -E_ISDIR);
    IS(t_rename("e", "d"), -E_NOTEMPTY);
    OK(t_rename("d/", "e/"));
    CHECK(strcmp(t_list("."), "e f") == 0);
    CHECK(strcmp(t_list("e"), "sub") == 0);
    OK(t_rename("e/sub", "moved"));
    OK(t_rename("moved", "e/back"));
    CHECK(strcmp(t_list("e"), "back") == 0);
    t_put("e/back/../here", "x");
    CHECK(t_is("e/here", "x"));
}

static int
rename2(const char *from, const char *to, uint32_t flags)
{
    return call_renameat2(&me, PITH_AT_FDCWD, from, PITH_AT_FDCWD, to, flags);
}

static void
rename_flags(void)
{
    char buf[64];

    t_put("a", "A");
    t_put("b", "B");
    OK(t_mkdir("d"));
    OK(t_mkdir("d/in"));
    IS(rename2("a", "b", PITH_RENAME_NOREPLACE), -E_EXIST);
    OK(rename2("a", "c", PITH_RENAME_NOREPLACE));
    OK(rename2("c", "b", PITH_RENAME_EXCHANGE));
    CHECK(t_is("b", "A"));
    CHECK(t_is("c", "B"));
    IS(rename2("b", "missing", PITH_RENAME_EXCHANGE), -E_NOENT);
    IS(rename2("b", "c", 7), -E_INVAL);
    IS(rename2("d", "d/in", PITH_RENAME_EXCHANGE), -E_INVAL);
    OK(call_chdir(&me, "d/in"));
    OK(rename2("../../b", "../../d", PITH_RENAME_EXCHANGE));
    CHECK(t_is("/t/d", "A"));
    OK(call_getcwd(&me, buf, sizeof buf));
    CHECK(strcmp(buf, "/t/b/in") == 0);
    OK(call_chdir(&me, "/t"));
}

static void
dots_and_slashes(void)
{
    struct pith_stat a, b;
    char buf[64];

    OK(t_mkdir("d"));
    t_put("f", "x");
    CHECK(t_is("./d/.././//f", "x"));
    CHECK(t_is("/t/f", "x"));
    CHECK(t_is("/../../t/f", "x"));
    CHECK(t_is("d/../../t/f", "x"));
    IS(t_stat("f/..", &a), -E_NOTDIR);
    IS(t_stat("f/.", &a), -E_NOTDIR);
    OK(t_stat("/t", &a));
    OK(t_stat("d/..", &b));
    IS(a.ino, b.ino);
    OK(t_stat("/", &a));
    OK(t_stat("/t/..", &b));
    IS(a.ino, b.ino);
    IS(a.dev, b.dev);
    OK(call_chdir(&me, "/"));
    OK(call_getcwd(&me, buf, sizeof buf));
    CHECK(strcmp(buf, "/") == 0);
    OK(call_chdir(&me, "/t//d/"));
    OK(call_getcwd(&me, buf, sizeof buf));
    CHECK(strcmp(buf, "/t/d") == 0);
    OK(call_chdir(&me, "/t"));
    IS(call_chdir(&me, "f"), -E_NOTDIR);
    IS(call_chdir(&me, "missing"), -E_NOENT);
}

/* ---- reading directories ------------------------------------------------ */

struct seen {
    int count[2000];
    int total, stop_after;
    uint64_t next;
};

static int
see(void *ctx, const char *name, size_t len, uint64_t ino, uint32_t mode,
    uint64_t next)
{
    struct seen *s = ctx;
    unsigned n;
    char text[300];

    (void)mode;
    CHECK(ino != 0);
    if (s->total == s->stop_after)
        return 1;
    memcpy(text, name, len);
    text[len] = '\0';
    s->total++;
    s->next = next;
    if (sscanf(text, "file%u", &n) == 1 && n < 2000)
        s->count[n]++;
    return 0;
}

/* Reads 7 entries at a time while others come and go. */
static void
stable_cookies(void)
{
    static struct seen s;
    char name[32];
    uint64_t pos = 0;
    int fd, round = 0, before;

    memset(&s, 0, sizeof s);
    for (int n = 0; n < 300; n++) {
        snprintf(name, sizeof name, "file%d", n);
        t_put(name, "");
    }
    fd = t_open(".", PITH_O_RDONLY | PITH_O_DIRECTORY, 0);
    OK(fd);
    do {
        before = s.total;
        s.stop_after = s.total + 7;
        OK(call_readdir(&me, fd, &pos, see, &s));
        snprintf(name, sizeof name, "file%d", round * 3);
        if (round < 40)
            OK(t_unlink(name)); /* each third of the first 120 goes ... */
        snprintf(name, sizeof name, "file%d", 1000 + round);
        if (round < 200)
            t_put(name, ""); /* ... and others come */
        round++;
    } while (s.total > before && round < 1000);
    OK(t_close(fd));
    for (int n = 0; n < 300; n++) {
        if (n < 120 && n % 3 == 0)
            CHECK(s.count[n] <= 1);
        else
            IS(s.count[n], 1);
    }
}

static void
getdents_records(void)
{
    union {
        struct pith_dirent d;
        char bytes[4096];
    } buf;
    struct uio_seg seg;
    struct uio u;
    struct pith_stat st;
    int64_t n, at;
    int fd, found = 0;

    t_put("one", "");
    OK(t_mkdir("two"));
    OK(t_symlink("x", "three"));
    fd = t_open(".", PITH_O_RDONLY | PITH_O_DIRECTORY, 0);
    uio_kernel(&u, &seg, &buf, 8);
    IS(call_getdents(&me, fd, &u), -E_INVAL); /* no room for one */
    uio_kernel(&u, &seg, &buf, sizeof buf);
    n = call_getdents(&me, fd, &u);
    OK(n);
    for (at = 0; at < n;) {
        const struct pith_dirent *d = (const void *)(buf.bytes + at);
        CHECK(d->reclen % 8 == 0 && d->reclen >= 24);
        IS(strlen(d->name), d->namelen);
        if (strcmp(d->name, "..") != 0) {
            OK(t_lstat(d->name, &st));
            IS(d->ino, st.ino);
            IS(d->type, st.mode >> 12);
        }
        found++;
        at += d->reclen;
    }
    IS(found, 5);
    uio_kernel(&u, &seg, &buf, sizeof buf);
    IS(call_getdents(&me, fd, &u), 0);
    IS(call_lseek(&me, fd, 0, PITH_SEEK_SET), 0);
    uio_kernel(&u, &seg, &buf, sizeof buf);
    IS(call_getdents(&me, fd, &u), n);
    OK(t_close(fd));
    fd = t_open("one", PITH_O_RDONLY, 0);
    IS(call_getdents(&me, fd, &u), -E_NOTDIR);
    OK(t_close(fd));
}

static void
many_files(void)
{
    char name[64];

    for (int n = 0; n < 2000; n++) {
        snprintf(name, sizeof name, "a-name-of-some-length-%d", n);
        OK(t_close(t_open(name, CREATE | PITH_O_EXCL, 0666)));
    }
    for (int n = 0; n < 2000; n += 2) {
        snprintf(name, sizeof name, "a-name-of-some-length-%d", n);
        OK(t_unlink(name));
    }
    for (int n = 1; n < 2000; n += 2) {
        struct pith_stat st;
        snprintf(name, sizeof name, "a-name-of-some-length-%d", n);
        OK(t_stat(name, &st));
    }
}

/* ---- *at, beneath ------------------------------------------------------- */

static int
beneath(int fd, const char *path)
{
    int r = call_open(&me, fd, path, PITH_O_RDONLY | CALL_BENEATH, 0);

    return r < 0 ? r : t_close(r);
}

static void
at_calls(void)
{
    struct pith_stat st;
    int fd, f;

    OK(t_mkdir("d"));
    fd = t_open("d", PITH_O_RDONLY | PITH_O_DIRECTORY, 0);
    OK(call_mkdirat(&me, fd, "e", 0777, 0));
    OK(call_symlinkat(&me, "e", fd, "s", 0));
    f = call_open(&me, fd, "f", CREATE, 0666);
    OK(f);
    OK(call_fstatat(&me, fd, "f", &st, 0));
    OK(call_fstatat(&me, f, "", &st, PITH_AT_EMPTY_PATH));
    IS(st.mode & PITH_S_IFMT, PITH_S_IFREG);
    IS(call_fstatat(&me, f, "x", &st, 0), -E_NOTDIR);
    OK(call_linkat(&me, fd, "f", PITH_AT_FDCWD, "g", 0));
    OK(call_renameat2(&me, PITH_AT_FDCWD, "g", fd, "h", 0));
    OK(call_unlinkat(&me, fd, "h", 0));
    OK(call_unlinkat(&me, fd, "e", PITH_AT_REMOVEDIR));
    OK(call_fchdir(&me, fd));
    OK(t_stat("f", &st));
    OK(call_chdir(&me, "/t"));
    IS(call_fchdir(&me, f), -E_NOTDIR);
    OK(t_close(f));
    OK(t_close(fd));
}

static void
resolve_beneath(void)
{
    int fd;

    OK(t_mkdir("box"));
    OK(t_mkdir("box/in"));
    t_put("box/in/f", "");
    t_put("secret", "");
    OK(t_symlink("../secret", "box/out"));
    OK(t_symlink("/t/secret", "box/abs"));
    OK(t_symlink("in/../in/f", "box/good"));
    OK(t_symlink("../../secret", "box/in/out"));
    fd = t_open("box", PITH_O_RDONLY | PITH_O_DIRECTORY, 0);
    OK(beneath(fd, "in/f"));
    OK(beneath(fd, "in/../in/f"));
    OK(beneath(fd, "good"));
    OK(beneath(fd, "."));
    OK(beneath(fd, "in/.."));
    IS(beneath(fd, ".."), -E_PERM);
    IS(beneath(fd, "../secret"), -E_PERM);
    IS(beneath(fd, "in/../../secret"), -E_PERM);
    IS(beneath(fd, "../box/in/f"), -E_PERM);
    IS(beneath(fd, "/t/box/in/f"), -E_PERM);
    IS(beneath(fd, "out"), -E_PERM);
    IS(beneath(fd, "abs"), -E_PERM);
    IS(beneath(fd, "in/out"), -E_PERM);
    IS(call_mkdirat(&me, fd, "../new", 0777, CALL_BENEATH), -E_PERM);
    IS(call_unlinkat(&me, fd, "../secret", CALL_BENEATH), -E_PERM);
    IS(call_renameat2(&me, fd, "in/f", fd, "../f", CALL_BENEATH), -E_PERM);
    IS(call_linkat(&me, fd, "../secret", fd, "l", CALL_BENEATH), -E_PERM);
    OK(t_close(fd));
}

/* Deeper than a path can say: by relative names only, as on Linux. */
static void
deeper_than_path_max(void)
{
    char name[201], buf[PITH_PATH_MAX];
    struct pith_stat st;

    memset(name, 'n', 200);
    name[200] = '\0';
    for (int n = 0; n < 25; n++) {
        OK(t_mkdir(name));
        OK(call_chdir(&me, name));
    }
    IS(call_getcwd(&me, buf, sizeof buf), -E_RANGE);
    t_put("f", "deep");
    CHECK(t_is("f", "deep"));
    OK(t_unlink("f"));
    for (int n = 0; n < 25; n++) {
        OK(call_chdir(&me, ".."));
        OK(t_rmdir(name));
    }
    OK(t_stat("/t", &st));
}

/* ---- grants ------------------------------------------------------------- */

static void
hold_only(const char *text)
{
    struct grants *g;

    OK(grants_parse(text, strlen(text), &g, NULL));
    me.grants = g;
}

static void
path_grants(void)
{
    struct grants *all = me.grants;
    struct pith_stat st;
    int fd;

    OK(t_mkdir("rw"));
    OK(t_mkdir("ro"));
    OK(t_mkdir("no"));
    t_put("ro/f", "r");
    t_put("no/f", "n");
    OK(t_symlink("../no/f", "rw/escape"));
    OK(t_symlink("../rw", "no/way"));
    hold_only("fs /t/rw rw\nfs /t/ro ro\n");
    t_put("rw/new", "w");
    CHECK(t_is("rw/new", "w"));
    CHECK(t_is("ro/f", "r"));
    fd = t_open("ro/f", PITH_O_WRONLY, 0);
    IS(fd, -E_NOTCAPABLE);
    IS(t_open("ro/new", CREATE, 0666), -E_NOTCAPABLE);
    IS(t_unlink("ro/f"), -E_NOTCAPABLE);
    IS(t_chmod("ro/f", 0600), -E_NOTCAPABLE);
    IS(t_open("no/f", PITH_O_RDONLY, 0), -E_NOTCAPABLE);
    IS(t_open("no/missing", PITH_O_RDONLY, 0), -E_NOTCAPABLE);
    IS(t_stat("no/f", &st), -E_NOTCAPABLE);
    IS(t_open("rw/escape", PITH_O_RDONLY, 0), -E_NOTCAPABLE);
    IS(t_open("rw/../no/f", PITH_O_RDONLY, 0), -E_NOTCAPABLE);
    IS(t_rename("rw/new", "no/new"), -E_NOTCAPABLE);
    IS(t_rename("no/f", "rw/f"), -E_NOTCAPABLE);
    IS(t_link("no/f", "rw/f"), -E_NOTCAPABLE);
    IS(t_stat("rw/missing", &st), -E_NOENT);
    IS(t_stat("rw/missing/deep", &st), -E_NOENT);
    grants_unref(me.grants);
    me.grants = all;
    CHECK(t_is("no/f", "n"));
}

const struct fs_case posix_dir_cases[] = {
    {"mkdir, rmdir, unlink", mkdir_rmdir, 0},
    {"a removed cwd", removed_cwd, 0},
    {"cwd follows renames", cwd_follows_renames, 0},
    {"hard links", hard_links, 0},
    {"link counts of directories", directory_link_counts, 0},
    {"symbolic links", symlinks, 0},
    {"loops of symbolic links", symlink_loops, 0},
    {"rename of files", rename_files, 0},
    {"rename of directories", rename_dirs, 0},
    {"NOREPLACE and EXCHANGE", rename_flags, 0},
    {"dots and slashes", dots_and_slashes, 0},
    {"directory reads under change", stable_cookies, 0},
    {"getdents", getdents_records, 0},
    {"many files", many_files, 0},
    {"*at calls", at_calls, 0},
    {"resolve beneath", resolve_beneath, 0},
    {"deeper than PATH_MAX", deeper_than_path_max, 0},
    {"path grants", path_grants, 0},
    {NULL, NULL, 0},
};
