/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipes and FIFOs: a ring of at most 64 KiB between readers and writers
 * (POSIX.1-2017 pipe(), read(), write(), mkfifo()). A write of up to PIPE_BUF
 * bytes is never torn. The ring is allocated with the first byte and grows, so
 * that an idle pipe costs little; all pipes together stay within a budget, past
 * which each gets one page.
 */
#ifndef KERNEL_PIPE_H
#define KERNEL_PIPE_H

#include "file.h"

#define PIPE_BUF 4096u
#define PIPE_CAPACITY 65536u
#define PIPE_BUDGET (64u << 20) /* bytes, all pipes together */

/* Both ends, each with one reference. flags: PITH_O_NONBLOCK. -E_NOMEM */
int pipe_create(uint32_t flags, struct file **read_end,
                struct file **write_end);

/*
 * open() of a FIFO: waits for the other end unless O_NONBLOCK, which gives
 * -E_NXIO for O_WRONLY without a reader. Takes over the caller's reference to
 * the inode on success only. May block: lock held. -E_INTR, -E_NOMEM
 */
int pipe_open_fifo(struct inode *inode, uint32_t flags, struct file **out);

#endif
