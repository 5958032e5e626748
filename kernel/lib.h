/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel needs of a C library beyond <string.h>: text into a fixed
 * buffer, and numbers out of text. No locale, no floating point.
 */
#ifndef KERNEL_LIB_H
#define KERNEL_LIB_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * printf's d i u x X o c s p %, with - 0 width . precision (* too) and the
 * sizes hh h l ll z j. Always NUL-terminates when room > 0; returns the length
 * that the whole text needs.
 */
size_t text_format(char *out, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t text_formatv(char *out, size_t room, const char *format, va_list ap);

/* Text that grows by pieces in a fixed buffer; what does not fit is dropped
 * but counted in used. */
struct text {
    char *out;
    size_t room, used;
};
void text_add(struct text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *t, const char *s, size_t n);

/* Decimal digits only; false when empty, otherwise spelled, or over max. */
bool text_number(const char *s, size_t n, uint64_t max, uint64_t *out);

/* A copy of n bytes and a NUL in host_alloc memory; NULL: none left. */
char *text_copy(const char *s, size_t n);
/* The part after the last slash. */
const char *text_basename(const char *path);

/* Log a line of the kernel's own (host_log), with a newline put behind. */
void kernel_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
