/* SPDX-License-Identifier: Apache-2.0 */
/* The part of sodium/core.c that is wanted: a call that can only be a bug ends
 * the program. */
#include <stdlib.h>

#include "core.h"

void
sodium_misuse(void)
{
    abort();
}
