/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a struct report; see report.h. */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>

void
report_set(struct report *r, size_t offset, const char *format, ...)
{
    va_list ap;
    char *c;

    if (!r || r->text[0])
        return;
    va_start(ap, format);
    vsnprintf(r->text, sizeof r->text, format, ap);
    va_end(ap);
    /* Names out of a hostile module or program end up on somebody's terminal:
     * no escape sequences. */
    for (c = r->text; *c; c++) {
        if (((unsigned char)*c < 0x20 && *c != '\n') || *c == 0x7f)
            *c = '?';
    }
    r->offset = offset;
}
