/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that open a disk share: store_sqlite.c, store_seed.c. */
#ifndef POSIX_STORE_INTERNAL_SQLITE_H
#define POSIX_STORE_INTERNAL_SQLITE_H

#include "../sqlite/db.h"
#include "fs/store_schema.h"

/* A disk's files, raw or not: the VFS for store_db_open. */
const char *store_disk_vfs(void);
/* Hold `<disk>-lock`, or a raw disk itself (store_raw.h); *out is for
 * store_unlock_disk. -E_BUSY */
int store_lock_disk(const char *disk, bool shared, struct report *report,
                    int *out);
void store_unlock_disk(int lock);

#endif
