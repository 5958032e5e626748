/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmark programs share: a clock and one line of result. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

static inline int64_t
bench_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* "name<TAB>value<TAB>unit", for scripts and people. */
static inline void
bench_say(const char *name, double value, const char *unit)
{
    printf("%s\t%.1f\t%s\n", name, value, unit);
}

#endif
