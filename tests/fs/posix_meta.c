/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX cases: owners, permissions, times, special files, mounts. */
#include "fs_test.h"

#define CREATE (PITH_O_RDWR | PITH_O_CREAT)

static int
chown_path(const char *path, uint32_t uid, uint32_t gid)
{
    return call_fchownat(&me, PITH_AT_FDCWD, path, uid, gid, 0);
}

static void
modes(void)
{
    struct pith_stat st;
    int fd;

    t_put("f", "");
    OK(t_chmod("f", 01751));
    OK(t_stat("f", &st));
    IS(st.mode, PITH_S_IFREG | 01751);
    me.umask = 077;
    OK(t_close(t_open("g", CREATE, 0666)));
    OK(t_mkdir("d"));
    me.umask = 022;
    OK(t_stat("g", &st));
    IS(st.mode & 07777, 0600);
    OK(t_stat("d", &st));
    IS(st.mode & 07777, 0700);
    /* The mode of a file being made does not bind who makes it. */
    fd = t_open("h", CREATE | PITH_O_EXCL, 0);
    OK(fd);
    IS(t_write(fd, "x", 1), 1);
    OK(t_close(fd));
    OK(t_symlink("f", "s"));
    OK(t_chmod("s", 0644)); /* follows */
    OK(t_stat("f", &st));
    IS(st.mode & 07777, 0644);
}

static void
permissions(void)
{
    struct pith_stat st;

    t_put("mine", "x");
    OK(t_chmod("mine", 0600));
    OK(t_mkdir("shut"));
    t_put("shut/f", "x");
    OK(t_chmod("shut", 0700));
    OK(t_mkdir("open"));
    OK(t_chmod("open", 0777));
    OK(t_chmod(".", 0755));
    become(1000, 1000);
    IS(t_open("mine", PITH_O_RDONLY, 0), -E_ACCES);
    IS(t_open("shut/f", PITH_O_RDONLY, 0), -E_ACCES);
    IS(t_stat("shut/f", &st), -E_ACCES);
    OK(t_stat("mine", &st));
    IS(t_open("new", CREATE, 0666), -E_ACCES);
    IS(t_unlink("mine"), -E_ACCES);
    IS(t_chmod("mine", 0666), -E_PERM);
    t_put("open/f", "user's");
    OK(t_stat("open/f", &st));
    IS(st.uid, 1000);
    OK(t_chmod("open/f", 0400));
    IS(t_open("open/f", PITH_O_WRONLY, 0), -E_ACCES);
    IS(chown_path("open/f", 0, UINT32_MAX), -E_PERM);
    become(2000, 1000);
    IS(t_open("open/f", PITH_O_RDONLY, 0), -E_ACCES);
    become(0, 0);
    CHECK(t_is("open/f", "user's")); /* root may all */
}

static void
group_and_other_bits(void)
{
    t_put("f", "x");
    OK(chown_path("f", 1000, 500));
    OK(t_chmod("f", 0640));
    become(1001, 500);
    CHECK(t_is("f", "x"));
    IS(t_open("f", PITH_O_WRONLY, 0), -E_ACCES);
    become(1001, 501);
    IS(t_open("f", PITH_O_RDONLY, 0), -E_ACCES);
    me.cred.ngroups = 1;
    me.cred.groups[0] = 500;
    CHECK(t_is("f", "x"));
    become(0, 0);
    OK(t_chmod("f", 0046)); /* the owner's bits count for the owner */
    become(1000, 500);
    IS(t_open("f", PITH_O_RDONLY, 0), -E_ACCES);
    become(0, 0);
}

static void
sticky(void)
{
    OK(t_mkdir("tmp"));
    OK(t_chmod("tmp", 01777));
    become(1000, 1000);
    t_put("tmp/f", "x");
    become(2000, 2000);
    IS(t_unlink("tmp/f"), -E_PERM);
    IS(t_rename("tmp/f", "tmp/g"), -E_PERM);
    t_put("tmp/mine", "y");
    IS(t_rename("tmp/mine", "tmp/f"), -E_PERM);
    OK(t_unlink("tmp/mine"));
    become(1000, 1000);
    OK(t_unlink("tmp/f"));
    become(0, 0);
}

static void
set_ids(void)
{
    struct pith_stat st;
    int fd;

    t_put("f", "");
    OK(chown_path("f", 1000, 1000));
    OK(t_chmod("f", 06777));
    become(2000, 2000);
    fd = t_open("f", PITH_O_WRONLY, 0);
    OK(fd);
    IS(t_write(fd, "x", 1), 1);
    OK(t_close(fd));
    become(0, 0);
    OK(t_stat("f", &st));
    IS(st.mode & 06000, 0); /* a write by another takes them away */
    OK(t_chmod("f", 06755));
    OK(chown_path("f", 3000, UINT32_MAX));
    OK(t_stat("f", &st));
    IS(st.mode & 06000, 0);
    IS(st.uid, 3000);
    IS(st.gid, 1000);
    OK(t_mkdir("d"));
    OK(chown_path("d", UINT32_MAX, 500));
    OK(t_chmod("d", 02777));
    t_put("d/f", "");
    OK(t_mkdir("d/e"));
    OK(t_stat("d/f", &st));
    IS(st.gid, 500);
    OK(t_stat("d/e", &st));
    IS(st.gid, 500);
    CHECK(st.mode & PITH_S_ISGID);
}

static void
access_call(void)
{
    t_put("f", "");
    OK(t_chmod("f", 0640));
    OK(call_faccessat(&me, PITH_AT_FDCWD, "f", 6, 0));
    IS(call_faccessat(&me, PITH_AT_FDCWD, "f", 1, 0), -E_ACCES);
    IS(call_faccessat(&me, PITH_AT_FDCWD, "none", 0, 0), -E_NOENT);
    IS(call_faccessat(&me, PITH_AT_FDCWD, "f", 8, 0), -E_INVAL);
    me.cred.ruid = 1000; /* asks as the real user */
    me.cred.rgid = 1000;
    IS(call_faccessat(&me, PITH_AT_FDCWD, "f", 4, 0), -E_ACCES);
    OK(call_faccessat(&me, PITH_AT_FDCWD, "f", 4, PITH_AT_EACCESS));
    become(0, 0);
}

static bool
later(struct pith_timespec a, struct pith_timespec b)
{
    return a.sec > b.sec || (a.sec == b.sec && a.nsec > b.nsec);
}

static void
times(void)
{
    struct pith_timespec set[2] = {{1000, 5}, {2000, 7}};
    struct pith_stat a, b;
    int fd;

    t_put("f", "x");
    OK(call_utimensat(&me, PITH_AT_FDCWD, "f", set, 0));
    OK(t_stat("f", &a));
    IS(a.atim.sec, 1000);
    IS(a.atim.nsec, 5);
    IS(a.mtim.sec, 2000);
    IS(a.mtim.nsec, 7);
    CHECK(a.ctim.sec > 2000);
    set[0].nsec = PITH_UTIME_OMIT;
    set[1].nsec = PITH_UTIME_NOW;
    OK(call_utimensat(&me, PITH_AT_FDCWD, "f", set, 0));
    OK(t_stat("f", &b));
    IS(b.atim.sec, 1000);
    CHECK(later(b.mtim, a.mtim));
    set[1].nsec = 1000000000;
    IS(call_utimensat(&me, PITH_AT_FDCWD, "f", set, 0), -E_INVAL);
    set[0] = set[1] = (struct pith_timespec){5, 0};
    OK(call_utimensat(&me, PITH_AT_FDCWD, "f", set, 0));
    fd = t_open("f", PITH_O_WRONLY, 0);
    IS(t_write(fd, "y", 1), 1);
    OK(t_close(fd));
    OK(t_stat("f", &b));
    CHECK(b.mtim.sec > 5);
    OK(t_symlink("f", "s"));
    OK(call_utimensat(&me, PITH_AT_FDCWD, "s", set,
                      PITH_AT_SYMLINK_NOFOLLOW));
    OK(t_lstat("s", &a));
    IS(a.mtim.sec, 5);
    OK(t_stat("s", &b));
    CHECK(b.mtim.sec > 5);
    OK(call_utimensat(&me, PITH_AT_FDCWD, ".", set, 0));
    OK(t_stat(".", &a));
    IS(a.mtim.sec, 5);
    t_put("new", "");
    OK(t_stat(".", &b));
    CHECK(b.mtim.sec > 5); /* the directory changed */
}

static void
special_files(void)
{
    struct pith_stat st;
    struct inode *i;
    int fd;

    OK(call_mknodat(&me, PITH_AT_FDCWD, "fifo", PITH_S_IFIFO | 0666, 0));
    OK(t_stat("fifo", &st));
    IS(st.mode, PITH_S_IFIFO | 0644);
    fd = t_open("fifo", PITH_O_RDONLY | PITH_O_NONBLOCK, 0);
    OK(fd);
    OK(t_close(fd));
    IS(call_mknodat(&me, PITH_AT_FDCWD, "d", PITH_S_IFDIR | 0777, 0), -E_PERM);
    OK(call_mknodat(&me, PITH_AT_FDCWD, "reg", 0644, 0));
    OK(t_stat("reg", &st));
    IS(st.mode, PITH_S_IFREG | 0644);
    IS(call_mknodat(&me, PITH_AT_FDCWD, "reg", 0644, 0), -E_EXIST);
    OK(vfs_mksock(&me, "sock", 0777, &i));
    IS(i->mode & PITH_S_IFMT, PITH_S_IFSOCK);
    inode_unref(i);
    IS(vfs_mksock(&me, "sock", 0777, &i), -E_ADDRINUSE);
    OK(vfs_find_sock(&me, "sock", &i));
    inode_unref(i);
    IS(vfs_find_sock(&me, "reg", &i), -E_NOTSOCK);
    IS(t_open("sock", PITH_O_RDONLY, 0), -E_NXIO);
    OK(t_unlink("sock"));
    OK(t_unlink("fifo"));
}

static void
statfs_says_something(void)
{
    struct pith_statfs s;

    OK(call_statfs(&me, ".", &s));
    CHECK(s.bsize > 0 && s.blocks > 0 && s.bfree <= s.blocks);
    IS(s.namelen, 255);
}

static void
mount_over(void)
{
    struct fs *fs;
    struct pith_stat st;
    char buf[64];
    int fd;

    OK(t_mkdir("m"));
    t_put("m/under", "u");
    OK(tmpfs_create(1 << 20, &fs));
    OK(vfs_mount(&me, fs, "x", "m", 0, false));
    CHECK(strcmp(t_list("m"), "") == 0);
    t_put("m/over", "o");
    IS(t_rmdir("m"), -E_BUSY);
    IS(t_rename("m", "n"), -E_BUSY);
    t_put("f", "");
    IS(t_rename("f", "m/f"), -E_XDEV);
    IS(t_link("f", "m/f"), -E_XDEV);
    OK(call_chdir(&me, "m"));
    OK(call_getcwd(&me, buf, sizeof buf));
    CHECK(strcmp(buf, "/t/m") == 0);
    OK(t_stat("../f", &st));
    IS(vfs_umount(&me, "/t/m", 0), -E_BUSY);
    OK(call_chdir(&me, ".."));
    fd = t_open("m/over", PITH_O_RDONLY, 0);
    OK(fd);
    IS(vfs_umount(&me, "m", 0), -E_BUSY);
    OK(t_close(fd));
    OK(call_mount(&me, "x", "m", "", PITH_MS_REMOUNT | PITH_MS_RDONLY, ""));
    IS(t_open("m/over", PITH_O_WRONLY, 0), -E_ROFS);
    IS(t_unlink("m/over"), -E_ROFS);
    IS(t_mkdir("m/d"), -E_ROFS);
    IS(t_chmod("m/over", 0600), -E_ROFS);
    OK(vfs_umount(&me, "m", 0));
    CHECK(t_is("m/under", "u"));
    IS(vfs_umount(&me, "m", 0), -E_INVAL);
    OK(t_rename("m", "n"));
    /* A lazy one lives on for those who are in it. */
    OK(call_mount(&me, "x", "n", "tmpfs", 0, "size=1m"));
    t_put("n/f", "kept");
    fd = t_open("n/f", PITH_O_RDONLY, 0);
    OK(vfs_umount(&me, "n", PITH_MNT_DETACH));
    IS(t_read(fd, buf, 4), 4);
    OK(t_close(fd));
    IS(call_mount(&me, "x", "n", "nofs", 0, ""), -E_NODEV);
    IS(call_mount(&me, "x", "n", "tmpfs", 0, "size=abc"), -E_INVAL);
}

static void
magic_links(void)
{
    char path[64], buf[64];
    int fd, again;

    t_put("f", "magic");
    fd = t_open("f", PITH_O_RDWR, 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CHECK(t_is(path, "magic"));
    IS(call_readlinkat(&me, PITH_AT_FDCWD, path, buf, sizeof buf, 0), 4);
    CHECK(memcmp(buf, "/t/f", 4) == 0);
    OK(t_unlink("f"));
    CHECK(t_is(path, "magic")); /* by the file, not by the name */
    again = t_open(path, PITH_O_RDWR | PITH_O_TRUNC, 0);
    OK(again);
    OK(t_close(again));
    CHECK(t_is(path, ""));
    OK(t_close(fd));
    IS(t_open(path, PITH_O_RDONLY, 0), -E_NOENT);
    IS(call_open(&me, PITH_AT_FDCWD, path, CALL_BENEATH, 0), -E_PERM);
}

const struct fs_case posix_meta_cases[] = {
    {"modes and umask", modes, 0},
    {"permissions", permissions, CAN_CHOWN},
    {"group and other", group_and_other_bits, CAN_CHOWN},
    {"sticky directories", sticky, CAN_CHOWN},
    {"set-id bits", set_ids, CAN_CHOWN | CAN_SETID},
    {"access", access_call, 0},
    {"times", times, 0},
    {"FIFOs and sockets", special_files, 0},
    {"statfs", statfs_says_something, 0},
    {"mounts", mount_over, 0},
    {"/proc/self/fd", magic_links, 0},
    {NULL, NULL, 0},
};
