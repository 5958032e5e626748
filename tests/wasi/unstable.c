/* SPDX-License-Identifier: Apache-2.0 */
/* wasi_unstable where it differs from preview 1. */
#include "wasi_raw.h"

#define OLD(name)                                                              \
    __attribute__((import_module("wasi_unstable"), import_name(#name)))

u32 old_fd_seek(u32, u64, u32, u32) OLD(fd_seek);
u32 old_fd_filestat_get(u32, u32) OLD(fd_filestat_get);
u32 old_path_filestat_get(u32, u32, u32, u32, u32) OLD(path_filestat_get);
u32 old_poll_oneoff(u32, u32, u32, u32) OLD(poll_oneoff);
u32 old_fd_prestat_get(u32, u32) OLD(fd_prestat_get);

struct filestat {
    u64 dev, ino;
    uint8_t type;
    u32 nlink;
    u64 size, atim, mtim, ctim;
};

int
main(void)
{
    struct filestat st[2];
    u64 at = 0;
    u32 n;
    int fd = open_at(ROOT, "old", 1, ALL_RIGHTS, 0);
    CHECK(fd >= 0, 1);
    CHECK(write_all((u32)fd, "0123456789"), OK);
    CHECK(old_fd_seek((u32)fd, 3, 2, P(&at)), OK); /* set */
    CHECK(at, 3);
    CHECK(old_fd_seek((u32)fd, 2, 0, P(&at)), OK); /* cur */
    CHECK(at, 5);
    CHECK(old_fd_seek((u32)fd, 0, 1, P(&at)), OK); /* end */
    CHECK(at, 10);
    CHECK(old_fd_seek((u32)fd, 0, 3, P(&at)), INVAL);
    memset(st, 0xee, sizeof st);
    CHECK(sizeof st[0], 56);
    CHECK(old_fd_filestat_get((u32)fd, P(st)), OK);
    CHECK(st[0].type, 4);
    CHECK(st[0].nlink, 1);
    CHECK(st[0].size, 10);
    CHECK(*(uint8_t *)&st[1], 0xee);
    CHECK(old_path_filestat_get(ROOT, 0, S("old"), P(&st[1])), OK);
    CHECK(st[1].ino, st[0].ino);
    CHECK(st[1].size, 10);
    CHECK(old_fd_prestat_get(ROOT, P(st)), OK);
    struct {
        u64 userdata;
        uint8_t tag;
        u64 identifier;
        u32 id;
        u64 timeout, precision;
        uint16_t flags;
    } s = {.userdata = 42, .id = 1, .timeout = 1000000};
    CHECK(sizeof s, 56);
    CHECK(old_poll_oneoff(P(&s), P(st), 1, P(&n)), OK);
    CHECK(n, 1);
    CHECK(st[0].dev, 42);
    return done();
}
