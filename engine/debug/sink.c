/* SPDX-License-Identifier: Apache-2.0 */
/* Where text and files made piece by piece go (debug.h). */
#include <stdarg.h>
#include <stdio.h>

#include "debug.h"

void
engine_sink_write(struct engine_sink *s, const void *data, size_t n)
{
    if (!s->failed && n && !s->write(s->ctx, data, n))
        s->failed = true;
}

void
engine_sink_text(struct engine_sink *s, const char *format, ...)
{
    char buf[512];
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(buf, sizeof buf, format, ap);
    va_end(ap);
    if (n > 0)
        engine_sink_write(s, buf,
                          (size_t)n < sizeof buf ? (size_t)n : sizeof buf - 1);
}
