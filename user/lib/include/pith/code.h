/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules made at run time (docs/code.md):
 *
 *     struct pith_code c = {.table_base = PITH_CODE_GROW, .table_size = 1};
 *     int n = code_load(bytes, size, &c);
 *     int (*f)(int) = (int (*)(int))(uintptr_t)c.table_base;
 *     ... f(7) ...
 *     code_drop(n);
 *
 * Needs the capability `jit`. Link with pith-cc --jit: the table may grow then,
 * and the stack pointer is exported.
 */
#ifndef PITH_CODE_H
#define PITH_CODE_H

#include <errno.h>
#include <stddef.h>

#include <pith/abi.h>
#include <pith/pith_import.h>

/* The module's number, or -1 and errno: E2BIG, ENOEXEC, EINVAL, ENOMEM,
 * EFAULT, ENOTCAPABLE (the grant was revoked). */
static inline int
code_load(const void *bytes, size_t size, struct pith_code *code)
{
    int r = pith_code_load(bytes, (int)size, code);

    if (r < 0) {
        errno = -r;
        return -1;
    }
    return r;
}

/* 0, or -1 and errno: EBADF. */
static inline int
code_drop(int number)
{
    int r = pith_code_drop(number);

    if (r < 0) {
        errno = -r;
        return -1;
    }
    return 0;
}

#endif
