/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poll() over open files (POSIX.1-2017 poll()), for every ABI. call_poll in
 * call.h is the system call; this is the part that others ask for one file.
 */
#ifndef KERNEL_POLL_H
#define KERNEL_POLL_H

#include "file.h"

/* PITH_POLL* that hold for f now, out of `events` and the three that are always
 * reported. Registers on w (may be NULL). -E_NOMEM */
int poll_file(struct file *f, int events, struct poll_waiter *w);

#endif
