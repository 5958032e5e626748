/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every function with pointers and lengths that reach beyond memory, wrap
 * around, or point nowhere: EFAULT (or the error that comes before), never a
 * crash, and no write out of bounds.
 */
#include "wasi_raw.h"

static const u32 bad[] = {0xffffffffu, 0xfffffffcu, 0xffff0000u, 0x80000000u};
static char one[64];
static u32 word;

static void
results(u32 b)
{
    CHECK(raw_args_sizes_get(b, P(&word)), FAULT);
    CHECK(raw_args_sizes_get(P(&word), b), FAULT);
    CHECK(raw_args_get(P(one), b), FAULT);
    CHECK(raw_args_get(b, P(one)), FAULT);
    CHECK(raw_environ_sizes_get(b, b), FAULT);
    CHECK(raw_environ_get(P(one), b), FAULT);
    CHECK(raw_clock_res_get(0, b), FAULT);
    CHECK(raw_clock_time_get(1, 0, b), FAULT);
    CHECK(raw_fd_fdstat_get(1, b), FAULT);
    CHECK(raw_fd_filestat_get(ROOT, b), FAULT);
    CHECK(raw_fd_prestat_get(ROOT, b), FAULT);
    CHECK(raw_fd_prestat_dir_name(ROOT, b, 100), FAULT);
    CHECK(raw_random_get(b, 64), FAULT);
}

static void
paths(u32 b)
{
    CHECK(raw_path_create_directory(ROOT, b, 4), FAULT);
    CHECK(raw_path_filestat_get(ROOT, 0, b, 4, P(one)), FAULT);
    CHECK(raw_path_filestat_get(ROOT, 0, S("."), b), FAULT);
    CHECK(raw_path_filestat_set_times(ROOT, 0, b, 4, 0, 0, 0), FAULT);
    CHECK(raw_path_link(ROOT, 0, b, 4, ROOT, S("x")), FAULT);
    CHECK(raw_path_link(ROOT, 0, S("x"), ROOT, b, 4), FAULT);
    CHECK(raw_path_open(ROOT, 0, b, 4, 0, 0, 0, 0, P(&word)), FAULT);
    CHECK(raw_path_readlink(ROOT, b, 4, P(one), 4, P(&word)), FAULT);
    CHECK(raw_path_remove_directory(ROOT, b, 4), FAULT);
    CHECK(raw_path_rename(ROOT, b, 4, ROOT, S("x")), FAULT);
    CHECK(raw_path_symlink(b, 4, ROOT, S("x")), FAULT);
    CHECK(raw_path_unlink_file(ROOT, b, 4), FAULT);
    CHECK(raw_path_open(ROOT, 0, b, 0xffffffff, 0, 0, 0, 0, P(&word)),
          NAMETOOLONG);
}

static void
vectors(u32 fd, u32 b)
{
    u32 iov[2] = {b, 64};
    CHECK(raw_fd_write(fd, b, 1, P(&word)), FAULT);
    CHECK(raw_fd_write(fd, P(iov), 1, P(&word)), FAULT);
    CHECK(raw_fd_write(fd, P(iov), 0xffffffff, P(&word)), INVAL);
    CHECK(raw_fd_write(fd, P(iov), 0x20000000, P(&word)), INVAL);
    CHECK(raw_fd_pwrite(fd, P(iov), 1, 0, P(&word)), FAULT);
    write_all(fd, "some bytes to read");
    CHECK(raw_fd_seek(fd, 0, 0, b), FAULT);
    CHECK(raw_fd_read(fd, b, 1, P(&word)), FAULT);
    CHECK(raw_fd_read(fd, P(iov), 1, P(&word)), FAULT);
    CHECK(raw_fd_pread(fd, P(iov), 1, 0, P(&word)), FAULT);
    CHECK(raw_fd_tell(fd, b), FAULT);
    CHECK(raw_fd_readdir(ROOT, b, 64, 0, P(&word)), FAULT);
    CHECK(raw_poll_oneoff(b, P(one), 1, P(&word)), FAULT);
    CHECK(raw_sock_recv(1, b, 1, 0, P(&word), P(&word)), NOTSOCK);
    CHECK(raw_sock_send(1, b, 1, 0, P(&word)), NOTSOCK);
    CHECK(raw_sock_accept(1, 0, b), NOTSOCK);
}

static void
lengths(u32 fd)
{
    /* The sum of the lengths is over 2 GiB: nothing may be moved. */
    u32 iov[4] = {P(one), 0x7fffffff, P(one), 0x7fffffff};
    CHECK(raw_fd_write(fd, P(iov), 2, P(&word)) != 0, 1);
    CHECK(raw_random_get(P(one), 0xffffffff), FAULT);
    CHECK(raw_fd_readdir(ROOT, P(one), 0xffffffff, 0, P(&word)) <= FAULT, 1);
    CHECK(raw_poll_oneoff(P(one), P(one), 0xffffffff, P(&word)), INVAL);
    CHECK(raw_poll_oneoff(P(one), P(one), 0, P(&word)), INVAL);
    CHECK(raw_fd_advise(fd, ~0ull, ~0ull, 0), INVAL);
    CHECK(raw_fd_allocate(fd, ~0ull, 1), INVAL);
    CHECK(raw_fd_allocate(fd, 1, ~0ull), INVAL);
    CHECK(raw_fd_filestat_set_size(fd, ~0ull), INVAL);
    CHECK(raw_fd_pread(fd, P(iov), 0, ~0ull, P(&word)), INVAL);
}

static void
descriptors(u32 fd)
{
    /* 0xffffff9c is AT_FDCWD to the kernel: here just a closed descriptor. */
    CHECK(raw_fd_close(fd), BADF);
    CHECK(raw_fd_read(fd, 0, 0, P(&word)), BADF);
    CHECK(raw_fd_fdstat_get(fd, P(one)), BADF);
    CHECK(raw_fd_filestat_get(fd, P(one)), BADF);
    CHECK(raw_fd_renumber(fd, 1), BADF);
    CHECK(raw_fd_renumber(1, fd), BADF);
    CHECK(raw_fd_prestat_get(fd, P(one)), BADF);
    CHECK(raw_path_open(fd, 0, S("."), 0, 0, 0, 0, P(&word)), BADF);
    CHECK(raw_path_filestat_get(fd, 0, S("."), P(one)), BADF);
    CHECK(raw_path_unlink_file(fd, S("x")), BADF);
    CHECK(raw_path_symlink(S("x"), fd, S("y")), BADF);
    CHECK(raw_fd_readdir(fd, P(one), 64, 0, P(&word)), BADF);
    CHECK(raw_sock_shutdown(fd, 1), BADF);
}

int
main(void)
{
    int fd = open_at(ROOT, "scratch", 1, ALL_RIGHTS, 0);
    CHECK(fd > 3, 1);
    for (u32 i = 0; i < sizeof bad / sizeof *bad; i++) {
        results(bad[i]);
        paths(bad[i]);
        vectors((u32)fd, bad[i]);
        descriptors(bad[i]);
    }
    descriptors(0xffffff9cu);
    lengths((u32)fd);
    return done();
}
