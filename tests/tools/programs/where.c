/* SPDX-License-Identifier: Apache-2.0 */
/* Traps in an inlined function, in a header's and a file's own. */
#include "where.h"

__attribute__((noinline)) static int
sum(const int *p, int n)
{
    int s = 0;

    for (int i = 0; i < n; i++)
        s += element(p, i);
    return s;
}

int
main(int argc, char **argv)
{
    (void)argv;
    return sum((const int *)(argc * 0x7fffff00), 3);
}
