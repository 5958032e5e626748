/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sentence for a person, apart from the code for the program: what
 * happened, to what, and what to do next. A report is the caller's memory; the
 * first failure writes it, later ones leave it alone.
 */
#ifndef PITH_REPORT_H
#define PITH_REPORT_H

#include <stddef.h>

struct report {
    char text[256]; /* NUL-terminated; empty: nothing to say */
    size_t offset;  /* byte offset in the input, or 0 */
};

/* printf-like; does nothing when r is NULL or already holds a sentence. */
void report_set(struct report *r, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
