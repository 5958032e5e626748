/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory of the host as a file system, never escaping it: names are
 * resolved one component at a time below a directory descriptor, and symbolic
 * links only by the VFS, as Pith's own. Devices and sockets of the host are
 * seen but not opened; a FIFO is Pith's own FIFO with the host's name.
 *
 * Set-user-id and set-group-id bits of files are left out on the way to the
 * host. Files of the host user belong to root in Pith, all others to nobody
 * (65534); when the host user is root, owners are what they are.
 */
#ifndef POSIX_HOSTFS_H
#define POSIX_HOSTFS_H

#include <stdbool.h>

struct fs;

/* -E_NOENT, -E_NOTDIR, -E_ACCES, -E_NOMEM. Lock held; mount it with vfs_mount.
 */
int hostfs_create(const char *host_dir, bool readonly, struct fs **out);

#endif
