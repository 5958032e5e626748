/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of what passes bytes between processes exists right now: for
 * /proc/meminfo and for tests that count before and after. When every
 * descriptor is closed all of them are back where they were at boot.
 */
#ifndef KERNEL_IPC_H
#define KERNEL_IPC_H

#include <stdint.h>

struct ipc_counts {
    uint32_t pipes;        /* FIFOs that are open, too */
    uint32_t ttys, ptys;   /* the console is one tty */
    uint32_t unix_sockets, inet_sockets, host_sockets;
    uint32_t files_in_flight; /* descriptors inside unix socket messages */
    uint32_t files;        /* open ones, whatever they are of */
    uint32_t apps, messages; /* app.h, port.h */
    uint64_t bytes;        /* buffers of all of them */
};
void ipc_counts(struct ipc_counts *out); /* lock held */

/* The counters themselves, each kept by its own file. */
extern struct ipc_counts ipc_count;

#endif
