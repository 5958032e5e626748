/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that work on a disk with libsqlite3 share: store_sqlite.c,
 * store_seed.c, tools/mkdisk.c. */
#ifndef POSIX_STORE_INTERNAL_SQLITE_H
#define POSIX_STORE_INTERNAL_SQLITE_H

#include "../sqlite/db.h"
#include "fs/store_schema.h"

/* Open, hardened against what a file can hold. SQLITE_OPEN_* flags. */
int store_sqlite_connect(const char *path, int flags, struct report *report,
                         sqlite3 **out);
/* Hold `<disk>-lock`, or a raw disk itself (store_raw.h); *out is for
 * store_unlock_disk. -E_BUSY */
int store_lock_disk(const char *disk, bool shared, struct report *report,
                    int *out);
void store_unlock_disk(int lock);

#endif
