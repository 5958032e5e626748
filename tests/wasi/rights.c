/* SPDX-License-Identifier: Apache-2.0 */
/* Rights: what path_open gives, what set_rights takes away, and each use. */
#include "wasi_raw.h"

enum {
    R_READ = 1 << 1,
    R_SEEK = 1 << 2,
    R_TELL = 1 << 5,
    R_WRITE = 1 << 6,
    R_CREATE_FILE = 1 << 10,
    R_OPEN = 1 << 13,
    R_READDIR = 1 << 14,
    R_FILESTAT_GET = 1 << 21
};

struct fdstat {
    uint8_t type;
    uint16_t flags;
    u64 base, inheriting;
};

static void
files(void)
{
    struct fdstat s;
    char buf[8];
    u32 n, iov[2] = {P(buf), sizeof buf};
    int fd = open_at(ROOT, "f", 1, R_READ | R_SEEK, 0);
    CHECK(fd >= 0, 1);
    CHECK(raw_fd_fdstat_get((u32)fd, P(&s)), OK);
    CHECK(s.type, 4);
    CHECK(s.base, R_READ | R_SEEK);
    CHECK(raw_fd_read((u32)fd, P(iov), 1, P(&n)), OK);
    CHECK(raw_fd_write((u32)fd, P(iov), 1, P(&n)), NOTCAPABLE);
    CHECK(raw_fd_filestat_get((u32)fd, P(buf)), NOTCAPABLE);
    CHECK(raw_fd_filestat_set_size((u32)fd, 1), NOTCAPABLE);
    CHECK(raw_fd_sync((u32)fd), NOTCAPABLE);
    /* Less is fine, more is not, and less stays. */
    CHECK(raw_fd_fdstat_set_rights((u32)fd, R_READ | R_WRITE, 0), NOTCAPABLE);
    CHECK(raw_fd_fdstat_set_rights((u32)fd, R_SEEK, 0), OK);
    CHECK(raw_fd_read((u32)fd, P(iov), 1, P(&n)), NOTCAPABLE);
    CHECK(raw_fd_fdstat_set_rights((u32)fd, R_SEEK | R_READ, 0), NOTCAPABLE);
    CHECK(raw_fd_close((u32)fd), OK);
}

static void
directories(void)
{
    struct fdstat s;
    char buf[64];
    u32 n;
    CHECK(raw_path_create_directory(ROOT, S("d")), OK);
    CHECK(open_at(ROOT, "d", 2, R_READ | R_WRITE, 0), -ISDIR);
    int d = open_at(ROOT, "d", 2, R_OPEN | R_CREATE_FILE, R_READ);
    CHECK(d >= 0, 1);
    CHECK(raw_fd_fdstat_get((u32)d, P(&s)), OK);
    CHECK(s.type, 3);
    CHECK(s.base, R_OPEN | R_CREATE_FILE);
    CHECK(s.inheriting, R_READ);
    /* A child gets no more than the directory may pass on. */
    CHECK(open_at((u32)d, "c", 1, R_READ | R_WRITE, 0), -NOTCAPABLE);
    int c = open_at((u32)d, "c", 1, R_READ, 0);
    CHECK(c >= 0, 1);
    CHECK(raw_fd_close((u32)c), OK);
    CHECK(raw_fd_readdir((u32)d, P(buf), sizeof buf, 0, P(&n)), NOTCAPABLE);
    CHECK(raw_path_unlink_file((u32)d, S("c")), NOTCAPABLE);
    CHECK(raw_path_create_directory((u32)d, S("e")), NOTCAPABLE);
    CHECK(open_at((u32)d, "c", 8, R_READ, 0), -NOTCAPABLE); /* truncate */
    CHECK(raw_fd_fdstat_set_rights((u32)d, R_OPEN, R_READ), OK);
    CHECK(open_at((u32)d, "n", 1, R_READ, 0), -NOTCAPABLE); /* create */
    c = open_at((u32)d, "c", 0, R_READ, 0);
    CHECK(c >= 0, 1);
    /* The rights belong to the open file: renumbering keeps them. */
    CHECK(raw_fd_renumber((u32)c, (u32)d), OK);
    CHECK(raw_fd_fdstat_get((u32)d, P(&s)), OK);
    CHECK(s.base, R_READ);
    CHECK(raw_fd_close((u32)c), BADF);
}

static void
nonsense(void)
{
    u32 fd;
    CHECK(raw_path_open(ROOT, 2, S("f"), 0, 0, 0, 0, P(&fd)), INVAL);
    CHECK(raw_path_open(ROOT, 0, S("f"), 16, 0, 0, 0, P(&fd)), INVAL);
    CHECK(raw_path_open(ROOT, 0, S("f"), 0, 0, 0, 32, P(&fd)), INVAL);
    CHECK(raw_path_open(ROOT, 0, P("f\0"), 2, 0, 0, 0, 0, P(&fd)), INVAL);
    CHECK(raw_path_open(ROOT, 0, P(""), 0, 0, 0, 0, 0, P(&fd)), NOENT);
    CHECK(raw_fd_seek(ROOT, 0, 0, P(&fd)), ISDIR);
    CHECK(raw_fd_read(ROOT, P(&fd), 0, P(&fd)), ISDIR);
    CHECK(raw_fd_fdstat_set_flags(1, 64), INVAL);
    CHECK(raw_fd_advise(ROOT, 0, 0, 6), INVAL);
    CHECK(raw_proc_raise(31), INVAL);
    CHECK(raw_proc_raise(0), OK);
    CHECK(raw_sched_yield(), OK);
    CHECK(raw_sock_shutdown(1, 1), NOTSOCK);
}

int
main(void)
{
    files();
    directories();
    nonsense();
    return done();
}
