/* SPDX-License-Identifier: Apache-2.0 */
/* Names and texts of errors, from errno.def. */
#include "pith_errno.h"

const char *
pith_errno_name(int e)
{
    switch (e < 0 ? -e : e) {
#define X(name, number, text)                                                  \
    case number:                                                               \
        return "E" #name;
#include "errno.def"
#undef X
    default:
        return "E?";
    }
}

const char *
pith_errno_text(int e)
{
    switch (e < 0 ? -e : e) {
#define X(name, number, text)                                                  \
    case number:                                                               \
        return text;
#include "errno.def"
#undef X
    default:
        return "Unknown error";
    }
}
