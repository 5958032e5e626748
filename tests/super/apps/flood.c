/* SPDX-License-Identifier: Apache-2.0 */
/* Prints for ever. */
#include <stdio.h>

int
main(void)
{
    for (;;)
        puts("flood flood flood flood flood flood flood flood flood flood");
}
