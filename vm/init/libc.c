/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In place of musl's, which format floating point and know locales: text by
 * kernel/lib.h. No statement of ours asks SQLite for the date as text, and
 * nothing else has one.
 */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

int
vsnprintf(char *restrict out, size_t room, const char *restrict format,
          va_list ap)
{
    return (int)text_formatv(out, room, format, ap);
}

int
snprintf(char *restrict out, size_t room, const char *restrict format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(out, room, format, ap);
    va_end(ap);
    return n;
}

int
sprintf(char *restrict out, const char *restrict format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(out, (size_t)1 << 30, format, ap);
    va_end(ap);
    return n;
}

/* A line; what is longer is cut off. */
int
vfprintf(FILE *restrict f, const char *restrict format, va_list ap)
{
    char line[2048];
    size_t n = text_formatv(line, sizeof line, format, ap);

    if (n >= sizeof line)
        n = sizeof line - 1;
    return fwrite(line, 1, n, f) == n ? (int)n : -1;
}

int
fprintf(FILE *restrict f, const char *restrict format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = vfprintf(f, format, ap);
    va_end(ap);
    return n;
}

int
dprintf(int fd, const char *restrict format, ...)
{
    char line[2048];
    va_list ap;
    size_t n;

    va_start(ap, format);
    n = text_formatv(line, sizeof line, format, ap);
    va_end(ap);
    return (int)write(fd, line, n < sizeof line ? n : sizeof line - 1);
}

size_t
strftime(char *restrict out, size_t room, const char *restrict format,
         const struct tm *restrict tm)
{
    (void)format, (void)tm;
    if (room)
        *out = '\0';
    return 0;
}
