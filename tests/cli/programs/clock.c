/* SPDX-License-Identifier: Apache-2.0 */
/* Needs the clocks and random numbers. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>
int main(void)
{
    unsigned char r[4];
    if (time(NULL) < 1600000000 || getentropy(r, sizeof r) != 0)
        return 1;
    puts("time and random");
    return 0;
}
