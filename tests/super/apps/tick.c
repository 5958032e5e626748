/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest that lives: waits for a line, for ever. */
#include <unistd.h>

int
main(void)
{
    char c;

    while (read(0, &c, 1) > 0)
        continue;
    return 0;
}
