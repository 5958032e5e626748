/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds a Pith disk's SQL: libsqlite3 on a native host, SQLite in the
 * storage Worker in a browser. It runs the statements of store_sql.def, one
 * query or one transaction at a time, and knows nothing of files.
 *
 * All functions are called without the kernel lock, from any thread, and may
 * block; the backend has a lock of its own.
 */
#ifndef KERNEL_FS_STORE_BACKEND_H
#define KERNEL_FS_STORE_BACKEND_H

#include <stddef.h>
#include <stdint.h>

enum store_sql {
#define SQL(name, parameters, text) STORE_##name,
#include "store_sql.def"
#undef SQL
    STORE_SQL_COUNT
};

enum store_kind { STORE_NULL, STORE_INT, STORE_TEXT, STORE_BLOB };
struct store_value {
    enum store_kind kind;
    int64_t i;
    const void *p; /* text (n bytes, no NUL) or blob */
    size_t n;
};

#define STORE_ARGS 12
struct store_step {
    enum store_sql sql;
    struct store_value arg[STORE_ARGS]; /* as many as it has parameters */
};

/* v is valid during the call. Non-zero stops the query and is its result. */
typedef int store_row(void *ctx, const struct store_value *v, uint32_t n);

struct store_backend;
struct store_backend_ops {
    /* 0, what row returned, or -E_IO, -E_NOMEM. */
    int (*query)(struct store_backend *b, enum store_sql sql,
                 const struct store_value *args, store_row *row, void *ctx);
    /* All steps or none, and on stable storage when it returns 0. -E_NOSPC,
     * -E_IO, -E_NOMEM, -E_ROFS. */
    int (*commit)(struct store_backend *b, const struct store_step *steps,
                  size_t n);
    /* Bytes in the file, and bytes that still fit (about). */
    int (*space)(struct store_backend *b, uint64_t *used, uint64_t *left);
    /* Fold everything into the one file, and free b. */
    void (*close)(struct store_backend *b);
};
struct store_backend {
    const struct store_backend_ops *ops;
};

#endif
