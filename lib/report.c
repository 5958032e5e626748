/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a struct report; see report.h. */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>

void
report_set(struct report *r, size_t offset, const char *format, ...)
{
    va_list ap;

    if (!r || r->text[0])
        return;
    va_start(ap, format);
    vsnprintf(r->text, sizeof r->text, format, ap);
    va_end(ap);
    r->offset = offset;
}
