/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's files in a browser: sync access handles that JavaScript has opened. */
#ifndef STORAGE_VFS_H
#define STORAGE_VFS_H

#include <stdint.h>

void vfs_register(void);
/* Bytes that still fit, as far as the browser tells. */
uint64_t vfs_space_left(void);

#endif
