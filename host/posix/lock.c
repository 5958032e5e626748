/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel lock: one word, spun on briefly, then slept on with a futex.
 *
 * It belongs to whoever took it, not to a thread: a fiber switch hands it from
 * one fiber to the next. Releasing is a plain store followed by a look at the
 * mark of sleepers, without the fence that would order the two: a sleeper
 * that is missed that way (the store still sat in the CPU's buffer when it
 * looked) wakes by itself after a millisecond. That halves the price of the
 * lock, which every system call pays.
 */
#include "internal.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SPINS 150

static struct {
    _Alignas(64) _Atomic uint32_t held;
    _Atomic uint32_t wanted;   /* a sleeper that nobody has woken yet */
    _Atomic uint32_t sleepers;
} lock;

static inline void
cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#elif defined(__riscv)
    /* `pause`: a hint to those that know it, a fence of nothing to others */
    __asm__ volatile(".4byte 0x0100000f" ::: "memory");
#endif
}

static bool
try_lock(void)
{
    uint32_t free_ = 0;

    return atomic_compare_exchange_strong_explicit(
        &lock.held, &free_, 1, memory_order_acquire, memory_order_relaxed);
}

static __attribute__((noinline)) void
lock_slowly(void)
{
    static const struct timespec retry = {0, 1000000};
    int i;

    for (i = 0; i < SPINS; i++) {
        if (!atomic_load_explicit(&lock.held, memory_order_relaxed) &&
            try_lock())
            return;
        cpu_relax();
    }
    atomic_fetch_add(&lock.sleepers, 1);
    for (;;) {
        atomic_store(&lock.wanted, 1);
        if (try_lock())
            break;
        syscall(SYS_futex, &lock.held, FUTEX_WAIT_PRIVATE, 1, &retry, NULL, 0);
    }
    /* Ours, but wanted still when others sleep. */
    if (atomic_fetch_sub(&lock.sleepers, 1) == 1)
        atomic_store_explicit(&lock.wanted, 0, memory_order_relaxed);
}

void
kernel_lock(void)
{
    if (!try_lock())
        lock_slowly();
    if (load32(&sched.blocked))
        sched_unblock();
}

void
lock_release(void)
{
    atomic_store_explicit(&lock.held, 0, memory_order_release);
    if (atomic_load_explicit(&lock.wanted, memory_order_relaxed)) {
        /* Once per sleeper: it takes its time to come, and the next unlocks
         * need not call it again. */
        atomic_store_explicit(&lock.wanted, 0, memory_order_relaxed);
        syscall(SYS_futex, &lock.held, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}
