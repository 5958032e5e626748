/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small Pith for the tests of its host side: process 1 is a C function that
 * reads commands, a line each, and shouts everything else back.
 */
#ifndef CONSOLE_GUEST_H
#define CONSOLE_GUEST_H

#include <stdbool.h>

/* Boot, run, and return what the system ends with. on_console: the standard
 * files are the console, else the host's descriptors as with pith run. */
int guest_run(bool on_console);

#endif
