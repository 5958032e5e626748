/* SPDX-License-Identifier: Apache-2.0 */
/* Says hello, then nothing, busily. */
#include <stdio.h>

int
main(void)
{
    volatile unsigned n = 0;

    puts("hello");
    fflush(stdout);
    for (;;)
        n++;
}
