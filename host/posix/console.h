/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's console on the terminal, or the pipes, that pith was started
 * with. A terminal is switched to raw mode, for the line discipline is the
 * kernel's, and put back at the end. Without one, standard input is typed in
 * without echo and then ends, and output passes as it is.
 */
#ifndef POSIX_CONSOLE_H
#define POSIX_CONSOLE_H

/*
 * From the boot task, after tty_boot(): take the terminal, begin to read, see
 * to SIGWINCH, and turn SIGTERM, SIGINT and SIGHUP into a shutdown of the
 * kernel with 128 + signal. Lock held. 0 or -E_.
 */
int posix_console_start(void);
/* After posix_run(): the terminal as it was. Fine without a start. */
void posix_console_stop(void);

#endif
