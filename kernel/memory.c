/* SPDX-License-Identifier: Apache-2.0 */
/* The sum of all that is taken; see memory.h. */
#include "memory.h"

#include <stdatomic.h>

#include "host.h"

#define LIGHT (5u << 18) /* a stack of 1 MiB, and some data */
#define RESERVE 8u  /* limit / this is for who has little */
#define LARGE 32u   /* more than that at the beginning is much */
#define LITTLE 256u /* grown by that, a program is still small ... */
#define TIMES 16u   /* ... then so many times what it grew by must be left */

static uint64_t limit = UINT64_MAX, light;
static _Atomic uint64_t used;
static _Atomic bool machine_low;

void
memory_limit_set(uint64_t bytes)
{
    uint64_t total, unused;

    host_memory(&total, &unused);
    light = bytes ? 0 : LIGHT;
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
memory_light(void)
{
    return light;
}

uint64_t
memory_used(void)
{
    return atomic_load_explicit(&used, memory_order_relaxed);
}

void
memory_set_low(bool low)
{
    atomic_store_explicit(&machine_low, low, memory_order_relaxed);
}

/* Once it was, who asks looks whether it still is. */
static bool
is_low(void)
{
    bool low = atomic_load_explicit(&machine_low, memory_order_relaxed);

    if (low)
        memory_set_low(low = host_memory_low());
    return low;
}

bool
memory_is_short(void)
{
    return memory_used() > limit - limit / RESERVE || is_low();
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
    if (!grown)
        memory_set_low(host_memory_low());
    if (is_low())
        return false;
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
