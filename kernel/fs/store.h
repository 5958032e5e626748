/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: the persistent file system, on a backend that speaks SQL.
 *
 *   calls --> inode cache, directories, page cache (64 KiB chunks) --+
 *                      ^ load on demand                              | commit:
 *                      |                                             v one
 *                   backend (store_backend.h) <---------------- transaction
 *
 * Programs work on memory. Everything that changed since the last commit goes
 * out in one transaction: on fsync, on sync, when too much has piled up, and
 * 5 s after the first change. So the file always holds one consistent state,
 * and all that happened before an fsync that returned.
 */
#ifndef KERNEL_FS_STORE_H
#define KERNEL_FS_STORE_H

#include "store_backend.h"

#include <stdbool.h>

struct fs;

struct store_options {
    uint64_t cache_bytes; /* clean data kept; 0: 64 MiB */
    uint64_t dirty_bytes; /* changes before a commit is forced; 0: 32 MiB.
                           * Ephemeral: how much may change; 0: half of the
                           * memory */
    bool ephemeral;       /* changes stay in memory, the file is only read */
};

/* Takes b over, also on failure. -E_IO: not a Pith disk. Blocks; lock held. */
int store_create(struct store_backend *b, const struct store_options *o,
                 struct fs **out);

struct store_stats {
    uint64_t clean_bytes, dirty_bytes, inodes;
    uint64_t loads, commits, committed_steps;
};
void store_stats(struct fs *fs, struct store_stats *out);

#endif
