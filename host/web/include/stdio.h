/* SPDX-License-Identifier: Apache-2.0 */
/* For lib/report.c: the one function, which is kernel/lib.c's. */
#ifndef WEB_STDIO_H
#define WEB_STDIO_H

#include <stdarg.h>
#include <stddef.h>

int vsnprintf(char *out, size_t room, const char *format, va_list ap);

#endif
