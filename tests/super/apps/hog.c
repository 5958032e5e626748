/* SPDX-License-Identifier: Apache-2.0 */
/* Takes memory until there is none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(void)
{
    size_t n = 0;
    char *volatile p;

    while ((p = malloc(1 << 20))) {
        memset(p, 1, 1 << 20);
        n++;
    }
    printf("got %zu MB\n", n);
    fflush(stdout);
    for (;;)
        pause();
}
