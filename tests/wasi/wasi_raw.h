/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preview 1 as it is imported: every pointer a number, so that a test can pass
 * wrong ones. CHECK counts; a test's main ends with `return done();`.
 */
#ifndef TESTS_WASI_RAW_H
#define TESTS_WASI_RAW_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint32_t u32;
typedef uint64_t u64;

#define IMPORT(name)                                                           \
    __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))

u32 raw_args_get(u32, u32) IMPORT(args_get);
u32 raw_args_sizes_get(u32, u32) IMPORT(args_sizes_get);
u32 raw_environ_get(u32, u32) IMPORT(environ_get);
u32 raw_environ_sizes_get(u32, u32) IMPORT(environ_sizes_get);
u32 raw_clock_res_get(u32, u32) IMPORT(clock_res_get);
u32 raw_clock_time_get(u32, u64, u32) IMPORT(clock_time_get);
u32 raw_fd_advise(u32, u64, u64, u32) IMPORT(fd_advise);
u32 raw_fd_allocate(u32, u64, u64) IMPORT(fd_allocate);
u32 raw_fd_close(u32) IMPORT(fd_close);
u32 raw_fd_datasync(u32) IMPORT(fd_datasync);
u32 raw_fd_fdstat_get(u32, u32) IMPORT(fd_fdstat_get);
u32 raw_fd_fdstat_set_flags(u32, u32) IMPORT(fd_fdstat_set_flags);
u32 raw_fd_fdstat_set_rights(u32, u64, u64) IMPORT(fd_fdstat_set_rights);
u32 raw_fd_filestat_get(u32, u32) IMPORT(fd_filestat_get);
u32 raw_fd_filestat_set_size(u32, u64) IMPORT(fd_filestat_set_size);
u32 raw_fd_filestat_set_times(u32, u64, u64, u32) IMPORT(fd_filestat_set_times);
u32 raw_fd_pread(u32, u32, u32, u64, u32) IMPORT(fd_pread);
u32 raw_fd_prestat_get(u32, u32) IMPORT(fd_prestat_get);
u32 raw_fd_prestat_dir_name(u32, u32, u32) IMPORT(fd_prestat_dir_name);
u32 raw_fd_pwrite(u32, u32, u32, u64, u32) IMPORT(fd_pwrite);
u32 raw_fd_read(u32, u32, u32, u32) IMPORT(fd_read);
u32 raw_fd_readdir(u32, u32, u32, u64, u32) IMPORT(fd_readdir);
u32 raw_fd_renumber(u32, u32) IMPORT(fd_renumber);
u32 raw_fd_seek(u32, u64, u32, u32) IMPORT(fd_seek);
u32 raw_fd_sync(u32) IMPORT(fd_sync);
u32 raw_fd_tell(u32, u32) IMPORT(fd_tell);
u32 raw_fd_write(u32, u32, u32, u32) IMPORT(fd_write);
u32 raw_path_create_directory(u32, u32, u32) IMPORT(path_create_directory);
u32 raw_path_filestat_get(u32, u32, u32, u32, u32) IMPORT(path_filestat_get);
u32 raw_path_filestat_set_times(u32, u32, u32, u32, u64, u64, u32)
    IMPORT(path_filestat_set_times);
u32 raw_path_link(u32, u32, u32, u32, u32, u32, u32) IMPORT(path_link);
u32 raw_path_open(u32, u32, u32, u32, u32, u64, u64, u32, u32)
    IMPORT(path_open);
u32 raw_path_readlink(u32, u32, u32, u32, u32, u32) IMPORT(path_readlink);
u32 raw_path_remove_directory(u32, u32, u32) IMPORT(path_remove_directory);
u32 raw_path_rename(u32, u32, u32, u32, u32, u32) IMPORT(path_rename);
u32 raw_path_symlink(u32, u32, u32, u32, u32) IMPORT(path_symlink);
u32 raw_path_unlink_file(u32, u32, u32) IMPORT(path_unlink_file);
u32 raw_poll_oneoff(u32, u32, u32, u32) IMPORT(poll_oneoff);
u32 raw_proc_raise(u32) IMPORT(proc_raise);
u32 raw_sched_yield(void) IMPORT(sched_yield);
u32 raw_random_get(u32, u32) IMPORT(random_get);
u32 raw_sock_accept(u32, u32, u32) IMPORT(sock_accept);
u32 raw_sock_recv(u32, u32, u32, u32, u32, u32) IMPORT(sock_recv);
u32 raw_sock_send(u32, u32, u32, u32, u32) IMPORT(sock_send);
u32 raw_sock_shutdown(u32, u32) IMPORT(sock_shutdown);

enum { OK = 0, BADF = 8, EXIST = 20, FAULT = 21, INVAL = 28, ISDIR = 31,
       LOOP = 32, NAMETOOLONG = 37, NOENT = 44, NOTDIR = 54, NOTEMPTY = 55,
       NOTSOCK = 57, NOTSUP = 58, PERM = 63, SPIPE = 70, NOTCAPABLE = 76 };

#define ROOT 3u /* the only preopen of these tests */
#define ALL_RIGHTS ((1ull << 30) - 1)
#define DIR_RIGHTS (ALL_RIGHTS & ~(1ull << 6)) /* no fd_write */
#define P(x) ((u32)(uintptr_t)(x))
#define S(s) P(s), (u32)strlen(s)

static int failures, checks;

#define CHECK(got, want)                                                       \
    do {                                                                       \
        u64 got_ = (got), want_ = (want);                                      \
        checks++;                                                              \
        if (got_ != want_ && ++failures)                                       \
            fprintf(stderr, "%s:%d: %s is %llu, not %s (%llu)\n", __FILE__,    \
                    __LINE__, #got, got_, #want, want_);                       \
    } while (0)

static inline int
done(void)
{
    printf("%d checks, %d failures\n", checks, failures);
    return failures != 0;
}

/* Open path below ROOT: a descriptor, or -errno. */
static inline int
open_at(u32 dir, const char *path, u32 oflags, u64 rights, u64 inherit)
{
    u32 fd = 0;
    u32 e = raw_path_open(dir, 0, S(path), oflags, rights, inherit, 0, P(&fd));
    return e ? -(int)e : (int)fd;
}

static inline u32
write_all(u32 fd, const char *text)
{
    u32 iov[2] = {S(text)}, n = 0;
    u32 e = raw_fd_write(fd, P(iov), 1, P(&n));
    return e ? e : n == strlen(text) ? 0 : 9999;
}

#endif
