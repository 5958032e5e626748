/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's terminal, which we borrow: whatever we change is put back on every
 * way out, be it exit(), a fatal signal, a crash, or being stopped by ^Z. The
 * terminal is the first of descriptors 0, 1 and 2 that is one.
 *
 * Any thread, but one at a time; terminal_restore() is async-signal-safe.
 */
#ifndef POSIX_TERMINAL_H
#define POSIX_TERMINAL_H

#include <stdint.h>
#include <termios.h>

#include "../../abi/pith/abi.h"

/* Its descriptor, or -1 when there is none. Remembers its mode, once. */
int terminal_open(void);
/* Change the mode; `when` as for tcsetattr. 0 or -E_. */
int terminal_set(const struct termios *t, int when);
/* As it was found. May be called at any time, any number of times. */
void terminal_restore(void);

/*
 * From now on SIGWINCH, SIGTERM, SIGINT, SIGHUP and SIGCONT only write their
 * number, one byte, to a pipe whose reading end this returns (or -E_). A second
 * SIGTERM, SIGINT or SIGHUP, should nobody see to the first, ends the process.
 */
int terminal_signals(void);

/* struct termios and ours: the same numbers by definition (abi.h). */
void terminal_to_pith(const struct termios *t, struct pith_termios *out);
void terminal_from_pith(const struct pith_termios *p, struct termios *t);

#endif
