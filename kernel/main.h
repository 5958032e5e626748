/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beginning and end of the kernel.
 *
 *     host: posix_run(boot) --> boot task: kernel_init(), mount, tty_boot(),
 *           abi_register(...), proc_start(first program)
 *     end:  pid 1 exits, or kernel_shutdown(code): every process is killed,
 *           file systems are synced, host_halt(code)
 */
#ifndef KERNEL_MAIN_H
#define KERNEL_MAIN_H

#include <stdbool.h>
#include <stdint.h>

/* Once, from the boot task, lock held, before anything else here. 0 or -E_. */
int kernel_init(void);

/*
 * Begin to end: returns at once, a kernel task does the rest. The first code
 * counts. Lock held. `code` is what the host exits with.
 */
void kernel_shutdown(int code);
bool kernel_is_shutting_down(void);
/* The end was asked for as a restart: for a host that can. */
extern bool kernel_restart;

/* More to do at the end, once all processes are gone (write back, restore the
 * terminal); run last registered first, in a task, lock held. At most 16. */
void kernel_at_shutdown(void (*fn)(void));

/* Load averages over 1, 5 and 15 minutes, << 16. Lock held. */
void kernel_loads(uint32_t out[3]);
uint32_t kernel_running(void); /* processes that run or could */

/* Name of this system (uname). */
extern char kernel_hostname[65];
#define KERNEL_RELEASE "0.1.0"

#endif
