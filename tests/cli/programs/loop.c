/* SPDX-License-Identifier: Apache-2.0 */
/* Says that it runs, then never ends. */
#include <stdio.h>
int main(void)
{
    volatile unsigned n = 0;
    puts("running");
    fflush(stdout);
    for (;;)
        n++;
}
