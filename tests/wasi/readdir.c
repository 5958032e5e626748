/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd_readdir with buffers of every awkward size, with cookies, and while the
 * directory changes: an entry that stays is seen exactly once.
 */
#include <stdlib.h>

#include "wasi_raw.h"

#define FILES 100u

struct dirent {
    u64 next, ino;
    u32 namlen;
    uint8_t type;
};

static unsigned seen[FILES], dots;

static void
count(const char *name, u32 len)
{
    char buf[32] = "";
    if (len < sizeof buf)
        memcpy(buf, name, len);
    if (strcmp(buf, ".") == 0 || strcmp(buf, "..") == 0)
        dots++;
    else if (buf[0] == 'f' && (u32)atoi(buf + 1) < FILES)
        seen[atoi(buf + 1)]++;
    else
        CHECK(len, 0);
}

/* Read it all with this much buffer; remove an unread file now and then. */
static void
read_all(u32 dir, u32 room, int removing)
{
    static char buf[8192];
    u64 cookie = 0;
    u32 used, rounds = 0, removed = FILES;
    memset(seen, 0, sizeof seen);
    dots = 0;
    do {
        CHECK(raw_fd_readdir(dir, P(buf), room, cookie, P(&used)), OK);
        u32 at = 0;
        struct dirent d;
        while (at + sizeof d <= used) {
            memcpy(&d, buf + at, sizeof d);
            if (at + sizeof d + d.namlen > used)
                break; /* cut off: ask again from the last cookie */
            count(buf + at + sizeof d, d.namlen);
            at += (u32)sizeof d + d.namlen;
            cookie = d.next;
        }
        if (removing && rounds == 1)
            for (u32 i = 0; i < FILES && removed == FILES; i++)
                if (!seen[i]) {
                    char name[16];
                    snprintf(name, sizeof name, "f%u", (unsigned)i);
                    CHECK(raw_path_unlink_file(dir, S(name)), OK);
                    removed = i;
                }
    } while (used == room && ++rounds < 1000);
    CHECK(dots, 2);
    for (u32 i = 0; i < FILES; i++)
        if (i != removed)
            CHECK(seen[i], 1);
        else
            CHECK(seen[i] <= 1, 1);
    if (removed < FILES) {
        char name[16];
        snprintf(name, sizeof name, "f%u", (unsigned)removed);
        int fd = open_at(dir, name, 1, 0, 0);
        CHECK(fd >= 0, 1);
        raw_fd_close((u32)fd);
    }
}

int
main(void)
{
    char buf[64];
    u32 used;
    CHECK(raw_path_create_directory(ROOT, S("many")), OK);
    int dir = open_at(ROOT, "many", 2, DIR_RIGHTS, ALL_RIGHTS);
    CHECK(dir >= 0, 1);
    for (u32 i = 0; i < FILES; i++) {
        snprintf(buf, sizeof buf, "f%u", (unsigned)i);
        int fd = open_at((u32)dir, buf, 1, 0, 0);
        CHECK(fd >= 0, 1);
        raw_fd_close((u32)fd);
    }
    static const u32 rooms[] = {27, 28, 50, 64, 100, 255, 1000, 4096, 8192};
    for (u32 i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        read_all((u32)dir, rooms[i], 0);
        read_all((u32)dir, rooms[i], 1);
    }
    CHECK(raw_fd_readdir((u32)dir, P(buf), 0, 0, P(&used)), OK);
    CHECK(used, 0);
    /* Made-up cookies end the listing or fail; they do not hurt. */
    CHECK(raw_fd_readdir((u32)dir, P(buf), 64, ~0ull, P(&used)) <= INVAL, 1);
    CHECK(raw_fd_readdir((u32)dir, P(buf), 64, 1ull << 63, P(&used)) <= INVAL,
          1);
    return done();
}
