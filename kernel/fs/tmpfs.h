/* SPDX-License-Identifier: Apache-2.0 */
/* What the drivers of kernel/fs share: tmpfs under another name, mount options,
 * and the types to register. */
#ifndef KERNEL_FS_TMPFS_H
#define KERNEL_FS_TMPFS_H

#include "../vfs.h"

/* As tmpfs_create(), with its own type name and mode of the root. */
int tmpfs_create_named(const char *type_name, uint64_t limit_bytes,
                       uint32_t mode, struct fs **out);

/* The value of name=N in a comma-separated list; k, m and g multiply. *out is
 * left alone when it is not there. -E_INVAL */
int fs_option_number(const char *data, const char *name, unsigned base,
                     uint64_t *out);
/* name alone is in the list. */
bool fs_option(const char *data, const char *name);

extern struct fs_type tmpfs_type, devfs_type, procfs_type;

#endif
