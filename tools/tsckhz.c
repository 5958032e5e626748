/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frequency of this computer's time stamp counter in kHz. An emulated PC
 * has the same counter and nothing exact to measure it by while it starts; told
 * the frequency, its clock is as fine as ours, and not one of 4 ms. Prints
 * nothing where there is no such counter. Takes 4 ms: the error is some 10 in a
 * million.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>

#define SPAN_NS 4000000

static uint64_t
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Both clocks at one moment: the pair that was read quickest of some. */
static void
moment(uint64_t *ticks, uint64_t *ns)
{
    uint64_t best = UINT64_MAX;

    for (int i = 0; i < 20; i++) {
        uint64_t before = __rdtsc(), t = now_ns(), after = __rdtsc();

        if (after - before < best) {
            best = after - before;
            *ticks = before + best / 2;
            *ns = t;
        }
    }
}

int
main(void)
{
    struct timespec span = {0, SPAN_NS};
    uint64_t t0 = 0, t1 = 0, n0 = 0, n1 = 0;

    moment(&t0, &n0);
    nanosleep(&span, NULL);
    moment(&t1, &n1);
    if (n1 > n0 && t1 > t0)
        printf("%llu\n",
               (unsigned long long)((t1 - t0) * 1000000u / (n1 - n0)));
    return 0;
}
#else
int
main(void)
{
    return 0;
}
#endif
