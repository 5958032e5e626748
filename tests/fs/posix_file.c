/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX cases: opening, reading, writing, truncating, locking files. */
#include "fs_test.h"

#define RW PITH_O_RDWR
#define CREATE (PITH_O_RDWR | PITH_O_CREAT)

static void
create_and_read(void)
{
    struct pith_stat st;
    char buf[8];
    int fd = t_open("f", CREATE, 0666);

    OK(fd);
    IS(t_write(fd, "hello", 5), 5);
    IS(call_lseek(&me, fd, 1, PITH_SEEK_SET), 1);
    IS(t_read(fd, buf, 8), 4);
    CHECK(memcmp(buf, "ello", 4) == 0);
    IS(t_read(fd, buf, 8), 0);
    IS(t_read(fd, buf, 0), 0);
    IS(t_write(fd, buf, 0), 0);
    IS(call_lseek(&me, fd, 0, PITH_SEEK_CUR), 5);
    IS(call_lseek(&me, fd, -2, PITH_SEEK_END), 3);
    IS(call_lseek(&me, fd, -4, PITH_SEEK_CUR), -E_INVAL);
    IS(call_lseek(&me, fd, 0, PITH_SEEK_CUR), 3);
    OK(call_fstat(&me, fd, &st));
    IS(st.size, 5);
    IS(st.nlink, 1);
    IS(st.mode, PITH_S_IFREG | 0644); /* umask 022 */
    OK(t_close(fd));
    IS(t_close(fd), -E_BADF);
    CHECK(t_is("f", "hello"));
}

static void
open_errors(void)
{
    t_put("f", "x");
    OK(t_mkdir("d"));
    IS(t_open("missing", PITH_O_RDONLY, 0), -E_NOENT);
    IS(t_open("missing/x", CREATE, 0666), -E_NOENT);
    IS(t_open("f/x", PITH_O_RDONLY, 0), -E_NOTDIR);
    IS(t_open("f/", PITH_O_RDONLY, 0), -E_NOTDIR);
    IS(t_open("f", PITH_O_RDONLY | PITH_O_DIRECTORY, 0), -E_NOTDIR);
    IS(t_open("d", PITH_O_WRONLY, 0), -E_ISDIR);
    IS(t_open("d", CREATE, 0666), -E_ISDIR);
    IS(t_open("new/", CREATE, 0666), -E_ISDIR);
    IS(t_open("f", CREATE | PITH_O_EXCL, 0666), -E_EXIST);
    IS(t_open("", PITH_O_RDONLY, 0), -E_NOENT);
    IS(t_open("f", 3, 0), -E_INVAL);
    IS(call_open(&me, 99, "f", 0, 0), -E_BADF);
}

static void
names_and_lengths(void)
{
    char name[300], path[5000];
    int fd;

    memset(name, 'n', sizeof name);
    name[256] = '\0';
    IS(t_open(name, CREATE, 0666), -E_NAMETOOLONG);
    name[255] = '\0';
    fd = t_open(name, CREATE, 0666);
    OK(fd);
    OK(t_close(fd));
    OK(t_unlink(name));
    memset(path, '/', sizeof path);
    path[4095] = '\0';
    fd = t_open(path, PITH_O_RDONLY, 0);
    OK(fd);
    OK(t_close(fd));
    path[4095] = '/';
    path[4096] = '\0';
    IS(t_open(path, PITH_O_RDONLY, 0), -E_NAMETOOLONG);
    fd = t_open("odd \n\t\xff name", CREATE, 0666);
    OK(fd);
    OK(t_close(fd));
    CHECK(strcmp(t_list("."), "odd \n\t\xff name") == 0);
}

static void
append(void)
{
    char buf[8];
    int a = t_open("f", CREATE | PITH_O_APPEND, 0666);
    int b = t_open("f", RW, 0);

    OK(a);
    OK(b);
    IS(t_write(a, "one", 3), 3);
    IS(t_write(b, "ONE", 3), 3);
    IS(t_write(b, "two", 3), 3);
    IS(call_lseek(&me, a, 0, PITH_SEEK_SET), 0);
    IS(t_write(a, "3", 1), 1);
    IS(call_lseek(&me, a, 0, PITH_SEEK_CUR), 7);
    CHECK(t_is("f", "ONEtwo3"));
    IS(t_pread(a, buf, 3, 3), 3);
    CHECK(memcmp(buf, "two", 3) == 0);
    OK(t_close(a));
    OK(t_close(b));
}

static void
access_mode(void)
{
    char c = 0;
    int r, w;

    t_put("f", "abc");
    r = t_open("f", PITH_O_RDONLY, 0);
    w = t_open("f", PITH_O_WRONLY, 0);
    IS(t_write(r, "x", 1), -E_BADF);
    IS(t_read(w, &c, 1), -E_BADF);
    IS(call_ftruncate(&me, r, 0), -E_INVAL);
    OK(call_ftruncate(&me, w, 1));
    CHECK(t_is("f", "a"));
    OK(t_close(r));
    OK(t_close(w));
    r = t_open("f", PITH_O_RDONLY | PITH_O_PATH, 0);
    OK(r);
    IS(t_read(r, &c, 1), -E_BADF);
    OK(t_close(r));
}

static void
truncate_and_holes(void)
{
    struct pith_stat st;
    char buf[16];
    int fd = t_open("f", CREATE, 0666);

    OK(fd);
    IS(t_pwrite(fd, "end", 3, 1000000), 3);
    OK(call_fstat(&me, fd, &st));
    IS(st.size, 1000003);
    CHECK(st.blocks * 512 < 500000); /* sparse */
    IS(t_pread(fd, buf, 4, 500000), 4);
    CHECK(memcmp(buf, "\0\0\0\0", 4) == 0);
    IS(t_pread(fd, buf, 16, 999998), 5);
    CHECK(memcmp(buf, "\0\0end", 5) == 0);
    OK(call_ftruncate(&me, fd, 1000001));
    OK(call_ftruncate(&me, fd, 1000003));
    IS(t_pread(fd, buf, 16, 1000000), 3);
    CHECK(memcmp(buf, "e\0\0", 3) == 0); /* what was cut off stays off */
    OK(call_ftruncate(&me, fd, 0));
    OK(call_ftruncate(&me, fd, 200000));
    IS(t_pread(fd, buf, 1, 199999), 1);
    IS(buf[0], 0);
    IS(t_pread(fd, buf, 1, 200000), 0);
    IS(call_ftruncate(&me, fd, UINT64_MAX), -E_INVAL);
    OK(t_close(fd));
}

static void
open_trunc(void)
{
    int fd;

    t_put("f", "long text");
    fd = t_open("f", PITH_O_WRONLY | PITH_O_TRUNC, 0);
    OK(fd);
    OK(t_close(fd));
    CHECK(t_is("f", ""));
}

static void
big_file(void)
{
    static uint8_t block[100000], back[100000];
    int fd = t_open("f", CREATE, 0666);

    OK(fd);
    for (size_t n = 0; n < 30; n++) {
        for (size_t k = 0; k < sizeof block; k++)
            block[k] = (uint8_t)(n * 31 + k * 7 + k / 256);
        IS(t_write(fd, block, sizeof block), sizeof block);
    }
    for (size_t n = 0; n < 30; n++) {
        for (size_t k = 0; k < sizeof block; k++)
            block[k] = (uint8_t)(n * 31 + k * 7 + k / 256);
        IS(t_pread(fd, back, sizeof back, n * sizeof back), sizeof back);
        CHECK(memcmp(block, back, sizeof back) == 0);
    }
    /* over the edge of a page and of a 64 KiB chunk */
    IS(t_pwrite(fd, "0123456789", 10, 65531), 10);
    IS(t_pread(fd, back, 10, 65531), 10);
    CHECK(memcmp(back, "0123456789", 10) == 0);
    OK(t_close(fd));
}

static void
unlink_while_open(void)
{
    struct pith_stat st;
    char buf[4];
    int fd;

    t_put("f", "data");
    fd = t_open("f", RW, 0);
    OK(fd);
    OK(t_unlink("f"));
    IS(t_stat("f", &st), -E_NOENT);
    OK(call_fstat(&me, fd, &st));
    IS(st.nlink, 0);
    IS(t_pread(fd, buf, 4, 0), 4);
    CHECK(memcmp(buf, "data", 4) == 0);
    IS(t_pwrite(fd, "more", 4, 4), 4);
    t_put("f", "new");
    IS(t_pread(fd, buf, 4, 4), 4);
    CHECK(memcmp(buf, "more", 4) == 0);
    OK(t_close(fd));
    CHECK(t_is("f", "new"));
}

static void
tmpfile_is_nameless(void)
{
    struct pith_stat st;
    char c;
    int fd = t_open(".", PITH_O_TMPFILE | RW, 0600);

    OK(fd);
    IS(t_write(fd, "x", 1), 1);
    IS(t_pread(fd, &c, 1, 0), 1);
    OK(call_fstat(&me, fd, &st));
    IS(st.nlink, 0);
    CHECK(strcmp(t_list("."), "") == 0);
    IS(t_open(".", PITH_O_TMPFILE, 0600), -E_INVAL);
    /* It may be given a name once it is whole; not so with O_EXCL. */
    OK(call_linkat(&me, fd, "", PITH_AT_FDCWD, "named", PITH_AT_EMPTY_PATH));
    OK(t_close(fd));
    CHECK(t_is("named", "x"));
    OK(t_stat("named", &st));
    IS(st.nlink, 1);
    fd = t_open("named", PITH_O_RDONLY, 0);
    OK(t_unlink("named"));
    IS(call_linkat(&me, fd, "", PITH_AT_FDCWD, "again", PITH_AT_EMPTY_PATH),
       -E_NOENT);
    OK(t_close(fd));
}

static void
file_size_limit(void)
{
    int fd = t_open("f", CREATE, 0666);

    OK(fd);
    me.rlimit[PITH_RLIMIT_FSIZE].cur = 10;
    signals_sent[PITH_SIGXFSZ] = 0;
    IS(t_write(fd, "0123456789abc", 13), 10);
    IS(signals_sent[PITH_SIGXFSZ], 0);
    IS(t_write(fd, "x", 1), -E_FBIG);
    IS(signals_sent[PITH_SIGXFSZ], 1);
    IS(call_ftruncate(&me, fd, 11), -E_FBIG);
    OK(call_ftruncate(&me, fd, 3));
    me.rlimit[PITH_RLIMIT_FSIZE].cur = UINT64_MAX;
    CHECK(t_is("f", "012"));
    OK(t_close(fd));
}

static void
allocate(void)
{
    struct pith_stat st;
    int fd = t_open("f", CREATE, 0666);

    OK(fd);
    OK(call_fallocate(&me, fd, 0, 0, 5000));
    OK(call_fstat(&me, fd, &st));
    IS(st.size, 5000);
    OK(call_fallocate(&me, fd, 1, 0, 9000));
    OK(call_fstat(&me, fd, &st));
    IS(st.size, 5000);
    IS(call_fallocate(&me, fd, 0, 0, 0), -E_INVAL);
    IS(call_fallocate(&me, fd, 0, INT64_MAX, 1), -E_FBIG);
    OK(t_close(fd));
}

static void
sync_calls(void)
{
    int fd = t_open("f", CREATE, 0666);

    OK(fd);
    IS(t_write(fd, "x", 1), 1);
    OK(call_fsync(&me, fd, false));
    OK(call_fsync(&me, fd, true));
    OK(call_sync(&me));
    OK(t_close(fd));
    fd = t_open(".", PITH_O_RDONLY | PITH_O_DIRECTORY, 0);
    OK(call_fsync(&me, fd, false));
    OK(t_close(fd));
}

static void
shared_offset(void)
{
    char buf[2];
    int a, b;

    t_put("f", "abcd");
    a = t_open("f", RW, 0);
    b = call_dup(&me, a);
    OK(b);
    IS(t_read(a, buf, 2), 2);
    IS(t_read(b, buf, 2), 2);
    CHECK(memcmp(buf, "cd", 2) == 0);
    OK(t_close(a));
    IS(call_lseek(&me, b, 0, PITH_SEEK_CUR), 4);
    OK(t_close(b));
}

/* ---- locks -------------------------------------------------------------- */

static int
lock_as(struct proc *p, int fd, int cmd, int type, int64_t start, int64_t len,
        struct pith_flock *l)
{
    *l = (struct pith_flock){.type = (int16_t)type, .start = start,
                             .len = len};
    return call_lock(p, fd, cmd, l);
}

static void
posix_locks(void)
{
    struct proc *o;
    struct pith_flock l;
    int a, b, c;

    t_put("f", "0123456789");
    o = other_process(8);
    a = t_open("f", RW, 0);
    b = call_open(o, PITH_AT_FDCWD, "f", RW, 0);
    OK(lock_as(&me, a, PITH_F_SETLK, PITH_F_WRLCK, 0, 10, &l));
    IS(lock_as(o, b, PITH_F_SETLK, PITH_F_RDLCK, 5, 1, &l), -E_AGAIN);
    OK(lock_as(o, b, PITH_F_GETLK, PITH_F_RDLCK, 5, 1, &l));
    IS(l.type, PITH_F_WRLCK);
    IS(l.pid, 7);
    IS(l.start, 0);
    IS(l.len, 10);
    /* Unlocking the middle splits it in two. */
    OK(lock_as(&me, a, PITH_F_SETLK, PITH_F_UNLCK, 4, 2, &l));
    OK(lock_as(o, b, PITH_F_SETLK, PITH_F_WRLCK, 4, 2, &l));
    IS(lock_as(o, b, PITH_F_SETLK, PITH_F_WRLCK, 4, 3, &l), -E_AGAIN);
    OK(lock_as(o, b, PITH_F_GETLK, PITH_F_WRLCK, 6, 0, &l));
    IS(l.start, 6);
    IS(l.len, 4);
    /* Waiting for each other is a deadlock. */
    IS(lock_as(&me, a, PITH_F_SETLKW, PITH_F_WRLCK, 4, 1, &l), -E_INTR);
    me.sig.pending = 0;
    /* Closing any descriptor of the file gives all of them up. */
    c = t_open("f", PITH_O_RDONLY, 0);
    IS(lock_as(&me, c, PITH_F_SETLK, PITH_F_WRLCK, 0, 1, &l), -E_BADF);
    OK(t_close(c));
    OK(lock_as(o, b, PITH_F_SETLK, PITH_F_WRLCK, 0, 0, &l));
    OK(call_close(o, b));
    OK(lock_as(&me, a, PITH_F_SETLK, PITH_F_WRLCK, 0, 0, &l));
    IS(lock_as(&me, a, PITH_F_SETLK, PITH_F_WRLCK, -1, 0, &l), -E_INVAL);
    OK(t_close(a));
    other_finish(o);
}

static void
flocks(void)
{
    int a, b, c;

    t_put("f", "");
    a = t_open("f", RW, 0);
    b = t_open("f", RW, 0);
    c = call_dup(&me, a);
    OK(call_flock(&me, a, PITH_LOCK_EX));
    IS(call_flock(&me, b, PITH_LOCK_SH | PITH_LOCK_NB), -E_AGAIN);
    OK(call_flock(&me, c, PITH_LOCK_SH)); /* the same open file: changes it */
    OK(call_flock(&me, b, PITH_LOCK_SH | PITH_LOCK_NB));
    IS(call_flock(&me, b, PITH_LOCK_EX | PITH_LOCK_NB), -E_AGAIN);
    OK(t_close(a));
    IS(call_flock(&me, b, PITH_LOCK_EX | PITH_LOCK_NB), -E_AGAIN);
    OK(t_close(c)); /* the last descriptor of it */
    OK(call_flock(&me, b, PITH_LOCK_EX | PITH_LOCK_NB));
    IS(call_flock(&me, b, 77), -E_INVAL);
    OK(t_close(b));
}

static void
read_all(void)
{
    struct vfs_image m;
    struct vfs_id before, after;
    int fd;

    t_put("f", "module bytes");
    fd = t_open("f", RW, 0);
    OK(vfs_identity(fd_peek(&me, fd)->inode, &before));
    IS(before.size, 12);
    IS(vfs_read_all(fd_peek(&me, fd), 11, &m), -E_FBIG);
    OK(vfs_read_all(fd_peek(&me, fd), 12, &m));
    IS(m.size, 12);
    CHECK(memcmp(m.bytes, "module bytes", 12) == 0);
    vfs_image_finish(&m);
    IS(t_pwrite(fd, "M", 1, 0), 1);
    OK(vfs_identity(fd_peek(&me, fd)->inode, &after));
    CHECK(memcmp(&before, &after, sizeof before) != 0);
    OK(t_close(fd));
}

/* Bytes far apart cost bounded memory, or -E_NOSPC. */
static void
very_sparse(void)
{
    struct pith_stat st;
    char c;
    int fd = t_open("f", CREATE, 0666);

    OK(fd);
    for (int n = 20; n < 43; n++) {
        int64_t r = t_pwrite(fd, "x", 1, 1ull << n);
        CHECK(r == 1 || r == -E_FBIG);
    }
    IS(t_pread(fd, &c, 1, 1u << 25), 1);
    IS(c, 'x');
    IS(t_pread(fd, &c, 1, (1u << 25) + 70000), 1);
    IS(c, 0);
    OK(call_ftruncate(&me, fd, 5));
    OK(call_fstat(&me, fd, &st));
    CHECK(st.blocks < 1024);
    OK(t_close(fd));
}

static void
full(void)
{
    static uint8_t block[65536];
    struct pith_stat st;
    int64_t n = 0;
    int fd = t_open("f", CREATE, 0666);

    OK(fd);
    memset(block, 0x5a, sizeof block);
    t_put("g", "before");
    for (int k = 0; k < 4096 && n >= 0; k++)
        n = t_write(fd, block, sizeof block);
    IS(n, -E_NOSPC);
    OK(call_fstat(&me, fd, &st));
    CHECK(st.size > 65536);
    CHECK(t_is("g", "before"));
    OK(t_unlink("f"));
    OK(t_close(fd));
    t_put("h", "room again");
    CHECK(t_is("h", "room again"));
}

const struct fs_case posix_cases[] = {
    {"create, write, seek, read", create_and_read, 0},
    {"errors of open", open_errors, 0},
    {"longest names and paths", names_and_lengths, 0},
    {"O_APPEND", append, 0},
    {"access modes", access_mode, 0},
    {"truncate and holes", truncate_and_holes, 0},
    {"O_TRUNC", open_trunc, 0},
    {"big file", big_file, 0},
    {"unlink while open", unlink_while_open, 0},
    {"O_TMPFILE", tmpfile_is_nameless, 0},
    {"RLIMIT_FSIZE", file_size_limit, 0},
    {"fallocate", allocate, 0},
    {"fsync and sync", sync_calls, 0},
    {"dup shares the offset", shared_offset, 0},
    {"POSIX locks", posix_locks, 0},
    {"flock", flocks, 0},
    {"whole file for exec", read_all, 0},
    {"very sparse file", very_sparse, 0},
    {"full file system", full, CAN_LIMIT},
    {NULL, NULL, 0},
};
