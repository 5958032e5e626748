/* SPDX-License-Identifier: Apache-2.0 */
/* How pith itself speaks: one line on stderr, so that stdout stays the
 * program's. */
#include <stdarg.h>
#include <stdio.h>

#include "cli.h"

void
cli_error(const char *format, ...)
{
    char line[1024];
    va_list ap;
    va_start(ap, format);
    vsnprintf(line, sizeof line, format, ap);
    va_end(ap);
    fprintf(stderr, "pith: %s\n", line);
}
