/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pseudo-terminals: a tty whose device is another file (/dev/ptmx, the master).
 * The n-th is /dev/pts/n. What the slave writes the master reads, and the other
 * way round through the line discipline.
 */
#ifndef KERNEL_PTY_H
#define KERNEL_PTY_H

#define PTY_MAX 256

/* Register /dev/ptmx; tty_boot calls it. */
int pty_boot(void);

#endif
