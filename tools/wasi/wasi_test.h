/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith-wasi's parts: a case is one X.wasm with what X.json beside it says.
 *
 *     case.c     X.json --> struct test_case; actual against expected
 *     child.c    run one case in this (forked) process, and never return
 *     plan.c     the same for somebody else to run: a virtual machine
 *     fixture.c  directories: copy, remove, read whole files
 *     sha1.c     for outputs that are kept as a digest
 */
#ifndef TOOLS_WASI_TEST_H
#define TOOLS_WASI_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    char *data; /* malloc'ed; NUL behind */
    size_t size;
};

struct test_case {
    char *wasm;         /* path of the program */
    char *scratch;      /* a fresh directory: root/, out, err */
    char **args, **env; /* NULL-terminated; args without argv[0] */
    char *root, *root_guest, *stdin_file; /* or NULL */
    char **stubs; /* "module.name" to be answered by nothing */
    bool hold_stdin; /* without stdin_file: open and silent, not empty */
    bool trap;
    int exit_code;
    /* what stdout and stderr must be; data NULL: anything */
    struct bytes out, err;
    char *out_sha1, *out_glob, *out_or; /* out_or: or this glob */
};

/* false, with a reason in why[room], when X.json is unreadable. */
bool case_load(struct test_case *c, const char *wasm, char *why, size_t room);
void case_finish(struct test_case *c);
/* Did it do as it should? status is waitpid's. */
bool case_check(const struct test_case *c, int status, char *why, size_t room);

/* In a child: run the case, exit with its code. */
_Noreturn void child_run(const struct test_case *c);

/* Lay out case `number` below the directory `plan`. */
bool plan_write(const struct test_case *c, const char *plan, unsigned number);
/* What came of it, as waitpid says it; *dir (malloc'ed) is its directory. false:
 * it was not run. */
bool plan_status(const char *plan, unsigned number, char **dir, int *status);

bool fixture_copy(const char *from, const char *to);
void fixture_remove(const char *path);
bool fixture_read(const char *path, struct bytes *out);

/* 40 hex digits and a NUL. */
void sha1_hex(const void *data, size_t n, char out[41]);

#endif
