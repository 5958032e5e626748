/* SPDX-License-Identifier: Apache-2.0 */
/* No path leads out of its directory: not .., not /, not a link. */
#include "wasi_raw.h"

static char st[64];

static u32
stat_at(u32 dir, const char *path, u32 follow)
{
    return raw_path_filestat_get(dir, follow, S(path), P(st));
}

static int
refused(u32 e)
{
    return e == PERM || e == NOTCAPABLE;
}

int
main(void)
{
    CHECK(raw_path_create_directory(ROOT, S("in")), OK);
    CHECK(raw_path_create_directory(ROOT, S("in/deep")), OK);
    int f = open_at(ROOT, "secret", 1, ALL_RIGHTS, 0);
    CHECK(f >= 0, 1);
    int in = open_at(ROOT, "in", 2, DIR_RIGHTS, ALL_RIGHTS);
    CHECK(in >= 0, 1);
    u32 d = (u32)in;
    /* inside is fine, however it is spelled */
    CHECK(stat_at(d, "deep/..", 0), OK);
    CHECK(stat_at(d, "./deep/../deep/.", 1), OK);
    /* outside */
    CHECK(refused(stat_at(d, "..", 0)), 1);
    CHECK(refused(stat_at(d, "../secret", 0)), 1);
    CHECK(refused(stat_at(d, "deep/../../secret", 0)), 1);
    CHECK(refused(stat_at(d, "/secret", 0)), 1);
    CHECK(refused(stat_at(ROOT, "..", 0)), 1);
    CHECK(refused(stat_at(ROOT, "../../../../etc/passwd", 0)), 1);
    CHECK(refused(stat_at(ROOT, "/etc/passwd", 0)), 1);
    /* links */
    CHECK(raw_path_symlink(S("../secret"), d, S("up")), OK);
    CHECK(raw_path_symlink(S("deep/../.."), d, S("deep-up")), OK);
    CHECK(raw_path_symlink(S("up"), d, S("up-up")), OK);
    CHECK(refused(raw_path_symlink(S("/etc"), d, S("abs"))), 1);
    CHECK(stat_at(d, "up", 0), OK); /* the link itself */
    CHECK(st[16], 7);
    CHECK(refused(stat_at(d, "up", 1)), 1);
    CHECK(refused(stat_at(d, "up-up", 1)), 1);
    CHECK(refused(stat_at(d, "deep-up/secret", 0)), 1);
    CHECK(stat_at(ROOT, "in/up", 1), OK); /* from above it is inside */
    u32 fd;
    CHECK(refused(raw_path_open(d, 1, S("up"), 0, 2, 0, 0, P(&fd))), 1);
    CHECK(raw_path_open(d, 0, S("up"), 0, 2, 0, 0, P(&fd)), LOOP);
    CHECK(raw_path_symlink(S("round"), d, S("round")), OK);
    CHECK(stat_at(d, "round", 1), LOOP);
    CHECK(stat_at(d, "round/x", 0), LOOP);
    /* changes */
    CHECK(refused(raw_path_create_directory(d, S("../made"))), 1);
    CHECK(refused(raw_path_unlink_file(d, S("../secret"))), 1);
    CHECK(refused(raw_path_rename(d, S("../secret"), d, S("mine"))), 1);
    CHECK(refused(raw_path_rename(d, S("deep"), d, S("../deep"))), 1);
    CHECK(refused(raw_path_link(d, 0, S("../secret"), d, S("mine"))), 1);
    CHECK(refused(raw_path_symlink(S("x"), d, S("../x"))), 1);
    CHECK(refused(raw_path_remove_directory(d, S("../in/deep"))), 1);
    CHECK(stat_at(ROOT, "secret", 0), OK);
    return done();
}
