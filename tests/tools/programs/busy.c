/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time for a profile: three quarters of the loops in heavy, the rest in
 * light, and then many calls of the host. */
#include <stdio.h>
#include <unistd.h>

__attribute__((noinline)) static long
work(long n)
{
    volatile long s = 0;

    for (long i = 0; i < n; i++)
        s += i;
    return s;
}

__attribute__((noinline)) static long
light(void)
{
    return work(500000) + 1;
}

__attribute__((noinline)) static long
heavy(void)
{
    return work(1500000) + 2;
}

__attribute__((noinline)) static void
calls(void)
{
    for (int i = 0; i < 300000; i++)
        (void)!write(9, "", 0);
}

int
main(void)
{
    for (int i = 0; i < 60; i++) {
        light();
        heavy();
    }
    calls();
    puts("done");
    return 0;
}
