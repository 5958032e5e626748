/* SPDX-License-Identifier: Apache-2.0 */
/* Files, directories, links, permissions. */
#include <dirent.h>
#include <limits.h>
#include <sys/uio.h>

#include <pith/pith_import.h>

#include "t.h"

static void
open_read_write(void)
{
    char b[8];
    int fd = open("f", O_RDWR | O_CREAT | O_EXCL, 0640);
    struct stat st;

    CHECK(fd >= 0);
    CHECK_ERRNO(open("f", O_RDWR | O_CREAT | O_EXCL, 0640), EEXIST);
    CHECK_EQ(write(fd, "abcdef", 6), 6);
    CHECK_EQ(lseek(fd, 2, SEEK_SET), 2);
    CHECK_EQ(read(fd, b, 8), 4);
    CHECK(memcmp(b, "cdef", 4) == 0);
    CHECK_EQ(read(fd, b, 8), 0);
    CHECK_EQ(lseek(fd, -1, SEEK_END), 5);
    CHECK_EQ(lseek(fd, 5000000000LL, SEEK_SET), 5000000000LL);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 5000000000LL);
    CHECK_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK_EQ(st.st_size, 6);
    CHECK(S_ISREG(st.st_mode) && st.st_nlink == 1);
    CHECK_EQ(close(fd), 0);
    CHECK_ERRNO(close(fd), EBADF);
    CHECK_ERRNO(read(fd, b, 1), EBADF);
    CHECK_ERRNO(open("absent", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("f/x", O_RDONLY), ENOTDIR);
    fd = open("f", O_RDONLY);
    CHECK_ERRNO(write(fd, "x", 1), EBADF);
    close(fd);
    fd = open("f", O_WRONLY | O_TRUNC);
    CHECK_ERRNO(read(fd, b, 1), EBADF);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK_EQ(st.st_size, 0);
    close(fd);
}

static void
append(void)
{
    int a = open("f", O_WRONLY | O_CREAT | O_APPEND, 0644);
    int b = open("f", O_WRONLY | O_APPEND);

    CHECK(a >= 0 && b >= 0);
    CHECK_EQ(write(a, "1", 1), 1);
    CHECK_EQ(write(b, "2", 1), 1);
    lseek(a, 0, SEEK_SET);
    CHECK_EQ(write(a, "3", 1), 1);
    CHECK(strcmp(get_file("f"), "123") == 0);
}

static void
sparse(void)
{
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    char b[3];
    struct stat st;

    CHECK_EQ(pwrite(fd, "z", 1, 1000000), 1);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK_EQ(st.st_size, 1000001);
    CHECK_EQ(pread(fd, b, 3, 999998), 3);
    CHECK(b[0] == 0 && b[1] == 0 && b[2] == 'z');
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    CHECK_EQ(ftruncate(fd, 3), 0);
    CHECK_EQ(pread(fd, b, 3, 0), 3);
    CHECK(b[0] == 0 && b[2] == 0);
    CHECK_EQ(posix_fallocate(fd, 0, 5000), 0);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK_EQ(st.st_size, 5000);
    CHECK_ERRNO(ftruncate(fd, -1), EINVAL);
    CHECK_EQ(fsync(fd), 0);
    CHECK_EQ(fdatasync(fd), 0);
    sync();
    CHECK_EQ(truncate("f", 1), 0);
    CHECK_EQ(stat("f", &st), 0);
    CHECK_EQ(st.st_size, 1);
}

static void
big_file(void)
{
    static char block[65536];
    int fd = open("f", O_RDWR | O_CREAT, 0644);

    for (int i = 0; i < 64; i++) {
        memset(block, i + 1, sizeof block);
        CHECK_EQ(write(fd, block, sizeof block), (ssize_t)sizeof block);
    }
    for (int i = 63; i >= 0; i--) {
        CHECK_EQ(pread(fd, block, 3, (off_t)i * 65536 + 65533), 3);
        CHECK(block[0] == i + 1 && block[2] == i + 1);
    }
}

static void
vectors(void)
{
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    char a[2], b[3];
    struct iovec w[] = {{"ab", 2}, {"", 0}, {"cde", 3}};
    struct iovec r[] = {{a, 2}, {b, 3}};

    CHECK_EQ(writev(fd, w, 3), 5);
    lseek(fd, 0, SEEK_SET);
    CHECK_EQ(readv(fd, r, 2), 5);
    CHECK(memcmp(a, "ab", 2) == 0 && memcmp(b, "cde", 3) == 0);
    CHECK_EQ(preadv(fd, r, 2, 1), 4);
    CHECK(memcmp(a, "bc", 2) == 0);
    CHECK_ERRNO(writev(fd, w, -1), EINVAL);
}

static void
descriptors(void)
{
    int fd = open("f", O_RDWR | O_CREAT, 0644), two;

    two = dup(fd);
    CHECK(two > fd);
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_EQ(lseek(two, 0, SEEK_CUR), 1); /* one file position */
    CHECK_EQ(dup2(fd, 40), 40);
    CHECK_EQ(dup2(fd, fd), fd);
    CHECK_EQ(fcntl(40, F_GETFD), 0);
    CHECK_EQ(dup3(fd, 41, O_CLOEXEC), 41);
    CHECK_EQ(fcntl(41, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_DUPFD, 50), 50);
    CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 50), 51);
    CHECK_EQ(fcntl(51, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(51, F_SETFD, 0), 0);
    CHECK_EQ(fcntl(51, F_GETFD), 0);
    CHECK_EQ(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK), 0);
    CHECK_EQ(fcntl(two, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK),
             O_RDWR | O_APPEND | O_NONBLOCK);
    CHECK_ERRNO(dup2(fd, -1), EBADF);
    CHECK_ERRNO(dup(999), EBADF);
    CHECK_ERRNO(fcntl(fd, F_DUPFD, -1), EINVAL);
    CHECK_ERRNO(fcntl(999, F_GETFL), EBADF);
}

static void
directories(void)
{
    DIR *d;
    struct dirent *e;
    int seen = 0, dots = 0;
    char name[32];
    long middle = 0;

    CHECK_EQ(mkdir("d", 0755), 0);
    CHECK_ERRNO(mkdir("d", 0755), EEXIST);
    CHECK_ERRNO(mkdir("absent/d", 0755), ENOENT);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "d/file%d", i);
        put_file(name, "");
    }
    CHECK_ERRNO(rmdir("d"), ENOTEMPTY);
    d = opendir("d");
    CHECK(d);
    while ((e = readdir(d))) {
        if (e->d_name[0] == '.') {
            CHECK_EQ(e->d_type, DT_DIR);
            dots++;
        } else {
            CHECK_EQ(e->d_type, DT_REG);
            seen++;
        }
        if (seen == 100 && !middle)
            middle = telldir(d);
    }
    CHECK_EQ(dots, 2);
    CHECK_EQ(seen, 300);
    rewinddir(d);
    for (seen = 0; readdir(d); seen++)
        ;
    CHECK_EQ(seen, 302);
    /* Removing what was read already loses none of the rest. */
    rewinddir(d);
    for (seen = 0; (e = readdir(d));)
        if (e->d_name[0] != '.') {
            snprintf(name, sizeof name, "d/%s", e->d_name);
            CHECK_EQ(unlink(name), 0);
            seen++;
        }
    CHECK_EQ(seen, 300);
    closedir(d);
    CHECK_EQ(rmdir("d"), 0);
    CHECK_ERRNO(rmdir("d"), ENOENT);
    put_file("f", "");
    CHECK_ERRNO(rmdir("f"), ENOTDIR);
    CHECK(!opendir("f") && errno == ENOTDIR);
    (void)middle;
}

static void
working_directory(void)
{
    char b[PATH_MAX], c[PATH_MAX];
    int fd;

    CHECK(getcwd(b, sizeof b));
    CHECK(strcmp(b, scratch) == 0);
    CHECK_EQ(mkdir("a", 0755), 0);
    CHECK_EQ(mkdir("a/b", 0755), 0);
    CHECK_EQ(chdir("a/b"), 0);
    CHECK(getcwd(c, sizeof c) && strncmp(c, b, strlen(b)) == 0 &&
          strcmp(c + strlen(b), "/a/b") == 0);
    CHECK_EQ(chdir("../.."), 0);
    fd = open("a", O_RDONLY | O_DIRECTORY);
    CHECK(fd >= 0);
    CHECK_EQ(fchdir(fd), 0);
    CHECK_EQ(chdir("b"), 0);
    CHECK_ERRNO(chdir("nothing"), ENOENT);
    CHECK(!getcwd(b, 3) && errno == ERANGE);
    CHECK_EQ(rmdir("../b"), 0);
    CHECK(!getcwd(b, sizeof b) && errno == ENOENT);
    CHECK_ERRNO(open("new", O_CREAT | O_WRONLY, 0644), ENOENT);
    CHECK_EQ(chdir("/"), 0);
    CHECK_EQ(chdir(scratch), 0);
}

static void
relative_to_descriptor(void)
{
    int d, fd;
    struct stat st;
    char b[16];

    CHECK_EQ(mkdir("d", 0755), 0);
    d = open("d", O_RDONLY | O_DIRECTORY);
    CHECK(d >= 0);
    fd = openat(d, "f", O_CREAT | O_WRONLY, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(mkdirat(d, "sub", 0700), 0);
    CHECK_EQ(fstatat(d, "sub", &st, 0), 0);
    CHECK(S_ISDIR(st.st_mode));
    CHECK_EQ(symlinkat("f", d, "s"), 0);
    CHECK_EQ(readlinkat(d, "s", b, sizeof b), 1);
    CHECK_EQ(fstatat(d, "s", &st, AT_SYMLINK_NOFOLLOW), 0);
    CHECK(S_ISLNK(st.st_mode));
    CHECK_EQ(linkat(d, "f", AT_FDCWD, "g", 0), 0);
    CHECK_EQ(fchmodat(d, "f", 0444, 0), 0);
    CHECK_EQ(stat("g", &st), 0);
    CHECK_EQ(st.st_mode & 07777, 0444);
    CHECK_EQ(renameat(d, "f", AT_FDCWD, "h"), 0);
    CHECK_EQ(faccessat(AT_FDCWD, "h", R_OK, 0), 0);
    CHECK_EQ(unlinkat(d, "sub", AT_REMOVEDIR), 0);
    CHECK_ERRNO(unlinkat(d, "sub", AT_REMOVEDIR), ENOENT);
    CHECK_EQ(fchownat(AT_FDCWD, "h", 5, 6, 0), 0);
    CHECK_EQ(stat("h", &st), 0);
    CHECK(st.st_uid == 5 && st.st_gid == 6);
    CHECK_ERRNO(openat(fd, "x", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(openat(999, "x", O_RDONLY), EBADF);
    CHECK_EQ(mknodat(d, "fifo", S_IFIFO | 0600, 0), 0);
    CHECK_EQ(fstatat(d, "fifo", &st, 0), 0);
    CHECK(S_ISFIFO(st.st_mode));
}

static void
links(void)
{
    struct stat a, b;
    int fd;
    char text[8];

    put_file("f", "data");
    CHECK_EQ(link("f", "g"), 0);
    CHECK_EQ(stat("f", &a), 0);
    CHECK_EQ(stat("g", &b), 0);
    CHECK(a.st_ino == b.st_ino && a.st_nlink == 2);
    CHECK_ERRNO(link("f", "g"), EEXIST);
    CHECK_ERRNO(link("absent", "h"), ENOENT);
    CHECK_EQ(mkdir("d", 0755), 0);
    CHECK_ERRNO(link("d", "e"), EPERM);
    CHECK_EQ(unlink("f"), 0);
    CHECK(strcmp(get_file("g"), "data") == 0);
    /* unlinked while open */
    fd = open("g", O_RDWR);
    CHECK_EQ(unlink("g"), 0);
    CHECK_ERRNO(open("g", O_RDONLY), ENOENT);
    CHECK_EQ(write(fd, "more", 4), 4);
    CHECK_EQ(pread(fd, text, 8, 0), 4);
    CHECK_EQ(fstat(fd, &a), 0);
    CHECK_EQ(a.st_nlink, 0);
    close(fd);
    CHECK_ERRNO(unlink("d"), EISDIR);
}

static void
symbolic_links(void)
{
    char b[64];
    struct stat st;

    put_file("f", "x");
    CHECK_EQ(symlink("f", "s"), 0);
    CHECK_EQ(readlink("s", b, sizeof b), 1);
    CHECK(b[0] == 'f');
    CHECK(strcmp(get_file("s"), "x") == 0);
    CHECK_EQ(lstat("s", &st), 0);
    CHECK(S_ISLNK(st.st_mode));
    CHECK_ERRNO(readlink("f", b, sizeof b), EINVAL);
    CHECK_EQ(symlink("loop", "loop"), 0);
    CHECK_ERRNO(open("loop", O_RDONLY), ELOOP);
    CHECK_ERRNO(open("s", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK_EQ(symlink("nowhere", "dangling"), 0);
    CHECK_ERRNO(stat("dangling", &st), ENOENT);
    put_file("dangling", "made");
    CHECK(strcmp(get_file("nowhere"), "made") == 0);
    CHECK_EQ(unlink("s"), 0);
    CHECK(strcmp(get_file("f"), "x") == 0);
    CHECK_EQ(mkdir("d", 0755), 0);
    put_file("d/in", "deep");
    CHECK_EQ(symlink("d", "ds"), 0);
    CHECK(strcmp(get_file("ds/in"), "deep") == 0);
    CHECK(strcmp(get_file("ds/../f"), "x") == 0);
    CHECK_ERRNO(symlink("x", "ds"), EEXIST);
}

static void
renaming(void)
{
    struct stat a, b;

    put_file("a", "A");
    put_file("b", "B");
    CHECK_EQ(stat("a", &a), 0);
    CHECK_EQ(rename("a", "b"), 0); /* replaces */
    CHECK_EQ(stat("b", &b), 0);
    CHECK(a.st_ino == b.st_ino);
    CHECK_ERRNO(stat("a", &a), ENOENT);
    CHECK_ERRNO(rename("a", "c"), ENOENT);
    CHECK_EQ(rename("b", "b"), 0);
    CHECK_EQ(mkdir("d", 0755), 0);
    CHECK_EQ(mkdir("d/e", 0755), 0);
    CHECK_ERRNO(rename("d", "d/e/f"), EINVAL); /* into itself */
    CHECK_ERRNO(rename("b", "d"), EISDIR);
    CHECK_ERRNO(rename("d", "b"), ENOTDIR);
    CHECK_EQ(mkdir("full", 0755), 0);
    put_file("full/x", "");
    CHECK(rename("d", "full") == -1 &&
          (errno == ENOTEMPTY || errno == EEXIST));
    CHECK_EQ(mkdir("empty", 0755), 0);
    CHECK_EQ(rename("d", "empty"), 0);
    CHECK_EQ(stat("empty/e", &a), 0);
    put_file("x", "X");
    put_file("y", "Y");
    CHECK_ERRNO(raw(pith_renameat2(AT_FDCWD, "x", AT_FDCWD, "y", 1)), EEXIST);
    CHECK_EQ(pith_renameat2(AT_FDCWD, "x", AT_FDCWD, "y", 2), 0);
    CHECK(strcmp(get_file("x"), "Y") == 0);
    CHECK(strcmp(get_file("y"), "X") == 0);
    /* two names of one file: rename does nothing */
    CHECK_EQ(link("x", "z"), 0);
    CHECK_EQ(rename("x", "z"), 0);
    CHECK_EQ(access("x", F_OK), 0);
}

static void
long_names(void)
{
    char name[300], path[5000];

    memset(name, 'n', 255);
    name[255] = '\0';
    put_file(name, "");
    CHECK_EQ(unlink(name), 0);
    memset(name, 'n', 256);
    name[256] = '\0';
    CHECK_ERRNO(open(name, O_CREAT | O_WRONLY, 0644), ENAMETOOLONG);
    memset(path, '/', sizeof path);
    path[sizeof path - 1] = '\0';
    CHECK_ERRNO(open(path, O_RDONLY), ENAMETOOLONG);
    CHECK_ERRNO(open("", O_RDONLY), ENOENT);
    CHECK_EQ(open("././/./", O_RDONLY | O_DIRECTORY) >= 0, 1);
}

static void
metadata(void)
{
    struct stat st;
    struct timespec t[2] = {{1000000000, 5}, {1500000000, 999999999}};
    int fd;

    put_file("f", "x");
    CHECK_EQ(chmod("f", 04755), 0);
    CHECK_EQ(stat("f", &st), 0);
    CHECK_EQ(st.st_mode & 07777, 04755);
    CHECK_EQ(chown("f", 1000, 1001), 0);
    CHECK_EQ(stat("f", &st), 0);
    CHECK(st.st_uid == 1000 && st.st_gid == 1001);
    fd = open("f", O_RDWR);
    CHECK_EQ(fchmod(fd, 0600), 0);
    CHECK_EQ(fchown(fd, -1, 7), 0);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK(st.st_uid == 1000 && st.st_gid == 7 &&
          (st.st_mode & 07777) == 0600);
    CHECK_EQ(utimensat(AT_FDCWD, "f", t, 0), 0);
    CHECK_EQ(stat("f", &st), 0);
    CHECK(st.st_atim.tv_sec == 1000000000 && st.st_atim.tv_nsec == 5);
    CHECK(st.st_mtim.tv_sec == 1500000000 &&
          st.st_mtim.tv_nsec == 999999999);
    t[0].tv_nsec = UTIME_OMIT;
    t[1].tv_nsec = UTIME_NOW;
    CHECK_EQ(futimens(fd, t), 0);
    CHECK_EQ(stat("f", &st), 0);
    CHECK(st.st_atim.tv_sec == 1000000000);
    CHECK(st.st_mtim.tv_sec > 1600000000);
    t[1].tv_nsec = 2000000000 - 1;
    CHECK_ERRNO(utimensat(AT_FDCWD, "f", t, 0), EINVAL);
    CHECK_EQ(umask(027) >= 0, 1);
    fd = open("g", O_CREAT | O_WRONLY, 0666);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK_EQ(st.st_mode & 0777, 0640);
    CHECK_EQ(umask(022), 027);
}

static int
as_user(int argc, char **argv)
{
    (void)argc, (void)argv;
    CHECK_EQ(setgid(1000), 0);
    CHECK_EQ(setuid(1000), 0);
    CHECK_ERRNO(open("secret", O_RDONLY), EACCES);
    CHECK_ERRNO(open("closed/f", O_RDONLY), EACCES);
    CHECK_ERRNO(open("new", O_CREAT | O_WRONLY, 0644), EACCES);
    CHECK_ERRNO(unlink("public"), EACCES);
    CHECK_ERRNO(chmod("public", 0777), EPERM);
    CHECK_ERRNO(chown("public", 1000, 1000), EPERM);
    CHECK_ERRNO(access("secret", R_OK), EACCES);
    CHECK_EQ(access("public", R_OK), 0);
    CHECK_ERRNO(access("public", X_OK), EACCES);
    CHECK_ERRNO(open("public", O_WRONLY), EACCES);
    CHECK_ERRNO(unlink("sticky/root"), EPERM);
    put_file("sticky/mine", "");
    CHECK_EQ(unlink("sticky/mine"), 0);
    CHECK_ERRNO(setuid(0), EPERM);
    return 0;
}

static void
permissions(void)
{
    put_file("secret", "s");
    CHECK_EQ(chmod("secret", 0600), 0);
    put_file("public", "p");
    CHECK_EQ(mkdir("closed", 0700), 0);
    put_file("closed/f", "");
    CHECK_EQ(mkdir("sticky", 0777), 0);
    CHECK_EQ(chmod("sticky", 01777), 0);
    put_file("sticky/root", "");
    CHECK_EQ(chmod(".", 0755), 0);
    CHECK_EQ(wait_for(role("as_user", NULL)), 0);
}

const struct test file_tests[] = {
    {"open_read_write", open_read_write, "open close read write lseek fstat"},
    {"append", append, ""},
    {"sparse", sparse,
     "pread pwrite ftruncate fallocate fsync fdatasync sync"},
    {"big_file", big_file, ""},
    {"vectors", vectors, "readv writev"},
    {"descriptors", descriptors, "dup dup3 fcntl"},
    {"directories", directories, "getdents"},
    {"working_directory", working_directory, "chdir fchdir getcwd"},
    {"relative_to_descriptor", relative_to_descriptor,
     "fstatat mkdirat mknodat unlinkat linkat symlinkat readlinkat fchmodat "
     "fchownat faccessat"},
    {"links", links, ""},
    {"symbolic_links", symbolic_links, ""},
    {"renaming", renaming, "renameat2"},
    {"long_names", long_names, ""},
    {"metadata", metadata, "fchmod fchown utimensat umask"},
    {"permissions", permissions, ""},
    {NULL, NULL, NULL},
};
const struct role file_roles[] = {
    {"as_user", as_user},
    {NULL, NULL},
};
