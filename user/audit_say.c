/* SPDX-License-Identifier: Apache-2.0 */
/* See audit_say.h. */
#include "audit_say.h"

#include <pith/abi.h>
#include <pith/pith_import.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
audit_say(const char *format, ...)
{
    char text[200];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    pith_app_control(PITH_APP_AUDIT, "", text, (int)strlen(text), 0);
}
