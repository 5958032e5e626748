/* SPDX-License-Identifier: Apache-2.0 */
/* Between the tree of /proc (procfs.c) and what its files say (procfs_*.c). */
#ifndef KERNEL_FS_PROCFS_H
#define KERNEL_FS_PROCFS_H

#include "../call.h"
#include "../lib.h"
#include "../vfs.h"

/* Write the file's text; p is NULL for the files of the system. Called twice,
 * the first time with no room, to learn the length. */
typedef void procfs_text(struct text *t, struct proc *p);

procfs_text procfs_meminfo, procfs_uptime, procfs_mounts, procfs_filesystems,
    procfs_version, procfs_stat, procfs_loadavg, procfs_cpuinfo,
    procfs_hostname, procfs_ostype, procfs_osrelease, procfs_pid_max,
    procfs_kernel_version, procfs_objects, procfs_devices,
    procfs_cmdline_boot, procfs_audit;
procfs_text procfs_pid_status, procfs_pid_stat, procfs_pid_statm,
    procfs_pid_cmdline, procfs_pid_environ, procfs_pid_comm, procfs_pid_maps,
    procfs_pid_limits, procfs_pid_grants, procfs_pid_io;

/* The name of an open file as /proc/<pid>/fd/N shows it. */
size_t procfs_file_name(struct file *f, char *out, size_t room);

#endif
