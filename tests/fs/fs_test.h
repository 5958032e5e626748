/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file-system tests: one corpus of POSIX cases that every driver must pass,
 * run against the VFS on a single-threaded fake host, where a call that would
 * wait forever is an error.
 */
#ifndef TESTS_FS_TEST_H
#define TESTS_FS_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "pith_errno.h"
#include "vfs.h"

/* fake.c: the host, and the one process, which is also proc_current(). */
extern struct proc me;
extern int signals_sent[PITH_NSIG];
void fake_init(void);
/* The kernel lock is held by us, as it must be between calls. */
void fake_check_lock(void);
/* Switch user; root is 0. */
void become(uint32_t uid, uint32_t gid);
/* Another process with its own descriptors, for locks. */
struct proc *other_process(int32_t pid);
void other_finish(struct proc *p);
void as_process(struct proc *p);

/* One case, on one driver. */
struct fs_case {
    const char *name;
    void (*run)(void);
    uint32_t needs; /* CAN_* */
};
#define CAN_CHOWN 1u    /* owners are kept: not on a host directory as a user */
#define CAN_SETID 4u    /* set-id bits are kept */
#define CAN_LIMIT 2u    /* the driver was given a size */
extern const struct fs_case posix_cases[], posix_dir_cases[],
    posix_meta_cases[];
extern uint32_t driver_can;
extern const char *driver_name;

/* Checks. A failed one ends the case. */
#include <setjmp.h>
extern jmp_buf case_end;
void check_failed(const char *file, int line, const char *what, long long got,
                  long long want);
#define CHECK(cond)                                                            \
    do {                                                                       \
        if (!(cond))                                                           \
            check_failed(__FILE__, __LINE__, #cond, 0, 1);                     \
    } while (0)
/* A call's result; errors are shown by name. */
#define IS(call, want)                                                         \
    do {                                                                       \
        long long got_ = (long long)(call), want_ = (long long)(want);         \
        if (got_ != want_)                                                     \
            check_failed(__FILE__, __LINE__, #call, got_, want_);              \
    } while (0)
#define OK(call)                                                               \
    do {                                                                       \
        long long got_ = (long long)(call);                                    \
        if (got_ < 0)                                                          \
            check_failed(__FILE__, __LINE__, #call, got_, 0);                  \
    } while (0)

/* Short forms for the calls of `me`, relative to cwd. */
int t_open(const char *path, uint32_t flags, uint32_t mode);
int t_close(int fd);
int64_t t_write(int fd, const void *data, size_t n);
int64_t t_read(int fd, void *data, size_t n);
int64_t t_pwrite(int fd, const void *data, size_t n, uint64_t at);
int64_t t_pread(int fd, void *data, size_t n, uint64_t at);
int t_mkdir(const char *path);
int t_unlink(const char *path);
int t_rmdir(const char *path);
int t_rename(const char *from, const char *to);
int t_link(const char *from, const char *to);
int t_symlink(const char *target, const char *path);
int t_chmod(const char *path, uint32_t mode);
int t_stat(const char *path, struct pith_stat *st);
int t_lstat(const char *path, struct pith_stat *st);
/* A file with this text, made anew. */
void t_put(const char *path, const char *text);
/* The file's text is exactly this. */
bool t_is(const char *path, const char *text);
/* Names in a directory but the dots, sorted, joined by spaces. */
const char *t_list(const char *path);
/* Everything in a directory goes. */
void t_clear(const char *path);

#endif
