/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks of one word in shared memory, and the kernel lock. After a short spin a
 * Worker sleeps; whoever unlocks wakes one, if any may be asleep.
 */
#include <stdatomic.h>

#include "web.h"

#define SPINS 100

/* A browser may let go before the time, by its own clock or by rounding. */
bool
web_wait(_Atomic uint32_t *word, uint32_t value, uint64_t deadline_ns)
{
    int64_t ns = -1;
    int r;

    do {
        if (deadline_ns != HOST_FOREVER) {
            uint64_t now = host_mono_ns();

            if (deadline_ns <= now)
                return false;
            ns = deadline_ns - now > INT64_MAX ? -1
                                               : (int64_t)(deadline_ns - now);
        }
        r = __builtin_wasm_memory_atomic_wait32((int *)(void *)word, (int)value,
                                                ns);
    } while (r == 2);
    return true;
}

void
web_wake(_Atomic uint32_t *word, uint32_t how_many)
{
    __builtin_wasm_memory_atomic_notify((int *)(void *)word, how_many);
}

static __attribute__((noinline)) void
lock_slowly(struct web_lock *l)
{
    int i;

    for (i = 0; i < SPINS; i++) {
        uint32_t free_ = 0;

        if (!atomic_load(&l->word) &&
            atomic_compare_exchange_strong(&l->word, &free_, 1))
            return;
    }
    while (atomic_exchange(&l->word, 2) != 0)
        web_wait(&l->word, 2, HOST_FOREVER);
}

void
web_lock(struct web_lock *l)
{
    uint32_t free_ = 0;

    if (!atomic_compare_exchange_strong(&l->word, &free_, 1))
        lock_slowly(l);
    cpu_self()->locks++;
}

void
web_unlock(struct web_lock *l)
{
    cpu_self()->locks--;
    if (atomic_exchange(&l->word, 0) == 2)
        web_wake(&l->word, 1);
}

static _Alignas(64) struct web_lock lock;

void
kernel_lock(void)
{
    web_lock(&lock);
}

void
kernel_unlock(void)
{
    web_unlock(&lock);
}

void
kernel_leave(void)
{
    web_unlock(&lock);
}
