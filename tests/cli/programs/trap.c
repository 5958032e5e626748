/* SPDX-License-Identifier: Apache-2.0 */
/* Traps, three named functions deep, in the way its argument names. */
#include <stdlib.h>
#include <string.h>
static volatile int zero, one = 1;
static volatile char *volatile wild = (char *)0xfffffff0;
__attribute__((noinline)) static int inner(const char *how)
{
    if (strcmp(how, "div") == 0)
        return one / zero;
    if (strcmp(how, "memory") == 0)
        return *wild;
    if (strcmp(how, "stack") == 0)
        return inner(how) + zero;
    __builtin_trap();
}
__attribute__((noinline)) static int middle(const char *how)
{
    return inner(how) + zero;
}
int main(int argc, char **argv)
{
    return middle(argc > 1 ? argv[1] : "unreachable") + zero;
}
