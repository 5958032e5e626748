/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pith disks on libsqlite3: the backend of kernel/fs/store.h, and making and
 * seeding of disks. While a disk is open, `<disk>-lock` is locked and holds the
 * pid; a disk has one user. All may block; call without the kernel lock, or at
 * boot.
 */
#ifndef POSIX_STORE_SQLITE_H
#define POSIX_STORE_SQLITE_H

#include <stdbool.h>
#include <stdint.h>

#include "report.h"

struct fs;
struct store_backend;

struct store_sqlite_options {
    bool readonly;      /* for an ephemeral store: several may read */
    uint64_t max_bytes; /* the disk says -E_NOSPC beyond; 0: no limit */
};

/* o may be NULL. -E_NOENT; -E_BUSY: in use, *report says by whom; -E_IO: not a
 * Pith disk, or broken; -E_ACCES. */
int store_sqlite_open(const char *path, const struct store_sqlite_options *o,
                      struct store_backend **out, struct report *report);

/* A new disk with an empty root directory (mode 0755, owner 0). -E_EXIST */
int store_sqlite_format(const char *path, struct report *report);

/*
 * Before booting from `disk`: when it is missing, it becomes a copy of `image`;
 * when it was made from another version of the image, what came with that
 * version is replaced, and everything else is kept (docs/formats-store.md).
 * 0: nothing to do, 1: made, 2: upgraded; or -E_ and *report.
 */
int store_seed(const char *disk, const char *image, struct report *report);

/*
 * All of it for a boot: seed `disk` from `image` (NULL: do not), open it and
 * make the file system. Ephemeral: `disk`, or `image` when disk is NULL, is
 * only read, and changes stay in memory. Lock held; blocks. -E_ and *report.
 */
int store_boot(const char *disk, const char *image, bool ephemeral,
               struct fs **out, struct report *report);

#endif
