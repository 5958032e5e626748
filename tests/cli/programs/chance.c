/* SPDX-License-Identifier: Apache-2.0 */
/* A random number, and the bits of a NaN that the machine made. */
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    volatile double zero = 0;
    unsigned long long bits, number;
    double nan = zero / zero;
    __builtin_memcpy(&bits, &nan, sizeof bits);
    getentropy(&number, sizeof number);
    printf("%llx %llx\n", number, bits);
    return 0;
}
