/* SPDX-License-Identifier: Apache-2.0 */
/* The sum of all that is taken; see memory.h. */
#include "memory.h"

#include <stdatomic.h>

#include "host.h"

#define RESERVE 8u  /* limit / this is for who has little */
#define LARGE 32u   /* more than that at the beginning is much */
#define LITTLE 256u /* grown by that, a program is still small ... */
#define TIMES 16u   /* ... then so many times what it grew by must be left */

static uint64_t limit = UINT64_MAX;
static _Atomic uint64_t used;

void
memory_limit_set(uint64_t bytes)
{
    uint64_t total, unused;

    host_memory(&total, &unused);
    if (!bytes)
        bytes = total / 8 * 7;
    limit = bytes ? bytes : UINT64_MAX;
}

uint64_t
memory_limit(void)
{
    return limit;
}

uint64_t
memory_used(void)
{
    return atomic_load_explicit(&used, memory_order_relaxed);
}

bool
memory_is_short(void)
{
    return memory_used() > limit - limit / RESERVE;
}

uint64_t
memory_share(uint64_t max, uint32_t part)
{
    return limit / part < max ? limit / part : max;
}

bool
memory_take(uint64_t bytes, uint64_t grown)
{
    uint64_t now = memory_used(), leave = 0, most;

    if (bytes > limit / LARGE || grown > limit / RESERVE / TIMES)
        leave = limit / RESERVE;
    else if (grown > limit / LITTLE)
        leave = grown * TIMES;
    most = limit - leave;
    do {
        if (now > most || bytes > most - now)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(
        &used, &now, now + bytes, memory_order_relaxed, memory_order_relaxed));
    return true;
}

void
memory_charge(uint64_t bytes)
{
    atomic_fetch_add_explicit(&used, bytes, memory_order_relaxed);
}

void
memory_give(uint64_t bytes)
{
    atomic_fetch_sub_explicit(&used, bytes, memory_order_relaxed);
}
