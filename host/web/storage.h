/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request that kernel and storage Worker pass to and fro. The Worker's code
 * (storage/) is a module of its own with its own memory; it reads the
 * kernel's, where this lies, by copies.
 *
 *     kernel: fill, word = ASKED, notify     storage: do it, word = DONE, notify
 *
 * Rows come in batches: the buffer holds records of struct store_value, with p
 * an offset into the buffer; `more` says that another ASK_MORE is due.
 */
#ifndef WEB_STORAGE_H
#define WEB_STORAGE_H

#include "fs/store_backend.h"

#define STORAGE_BUFFER (512u << 10)
#define STORAGE_COLUMNS 12u

enum storage_word { STORAGE_FREE, STORAGE_ASKED, STORAGE_DONE };
enum storage_op {
    STORAGE_QUERY,
    STORAGE_MORE,
    STORAGE_STOP, /* no more rows are wanted */
    STORAGE_COMMIT,
    STORAGE_SPACE,
    STORAGE_CLOSE,
    /* JavaScript's (storage.js): `left` bytes of the disk at `used` */
    STORAGE_READ,
    STORAGE_FREEZE, /* fold the log; from now on the file stays as it is ... */
    STORAGE_THAW,   /* ... until here */
    STORAGE_LEAVE,  /* the page goes: let go of the files as they are */
};

struct storage_request {
    _Atomic uint32_t word; /* first: JavaScript waits on it */
    uint32_t op;
    uint32_t sql;
    int32_t result;
    uint32_t args;  /* struct store_value[], for a query */
    uint32_t steps; /* struct store_step[] */
    uint32_t nsteps;
    uint32_t buffer;
    uint32_t rows; /* in the buffer now */
    uint32_t more;
    uint64_t used, left;
};

struct storage_record {
    uint32_t n;
    struct store_value v[STORAGE_COLUMNS];
};

#endif
