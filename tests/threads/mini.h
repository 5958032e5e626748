/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Just enough of a library for programs with threads, without a C library:
 * spawn and join, a mutex, text. Everything is static: THREADS stacks.
 */
#ifndef TESTS_THREADS_MINI_H
#define TESTS_THREADS_MINI_H

#include <stdint.h>

typedef uint32_t u32;
typedef uint64_t u64;

#define P1(name)                                                               \
    __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))
u32 raw_args_get(u32, u32) P1(args_get);
u32 raw_fd_write(u32, u32, u32, u32) P1(fd_write);
u32 raw_fd_read(u32, u32, u32, u32) P1(fd_read);
u32 raw_fd_close(u32) P1(fd_close);
u32 raw_poll_oneoff(u32, u32, u32, u32) P1(poll_oneoff);
u32 raw_sched_yield(void) P1(sched_yield);
u32 raw_proc_raise(u32) P1(proc_raise);
u32 raw_clock_time_get(u32, u64, u32) P1(clock_time_get);
_Noreturn void raw_proc_exit(u32) P1(proc_exit);
int32_t raw_thread_spawn(u32)
    __attribute__((import_module("wasi"), import_name("thread-spawn")));

#define AT(p) ((u32)(uintptr_t)(p))

/* ---- words in memory ---- */

static inline u32
get(u32 *p)
{
    return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}
static inline void
set(u32 *p, u32 v)
{
    __atomic_store_n(p, v, __ATOMIC_SEQ_CST);
}
static inline u32
add(u32 *p, u32 v)
{
    return __atomic_add_fetch(p, v, __ATOMIC_SEQ_CST);
}
static inline u32
wait(u32 *p, u32 expected, int64_t ns)
{
    return (u32)__builtin_wasm_memory_atomic_wait32((int *)p, (int)expected,
                                                    ns);
}
static inline u32
wake(u32 *p, u32 n)
{
    return __builtin_wasm_memory_atomic_notify((int *)p, n);
}

/* ---- text ---- */

static inline void
say_n(const char *s, u32 n)
{
    u32 iov[2] = {AT(s), n}, done;

    raw_fd_write(1, AT(iov), 1, AT(&done));
}
static inline void
say(const char *s)
{
    u32 n = 0;

    while (s[n])
        n++;
    say_n(s, n);
}
static inline void
say_number(u32 v)
{
    char text[12];
    u32 at = sizeof text;

    do
        text[--at] = (char)('0' + v % 10);
    while (v /= 10);
    say_n(text + at, (u32)sizeof text - at);
}

/* ---- threads ---- */

#define THREADS 32
struct thread {
    char *stack; /* first: start.s */
    void (*fn)(u32);
    u32 arg, done;
    int32_t tid;
};
static struct thread threads[THREADS];
static _Alignas(16) char stacks[THREADS][4096];

void
thread_entry(int32_t tid, struct thread *t)
{
    t->tid = tid;
    t->fn(t->arg);
    set(&t->done, 1);
    wake(&t->done, 1);
}

/* Thread number i; its id, or what thread-spawn said. */
static inline int32_t
start(u32 i, void (*fn)(u32), u32 arg)
{
    threads[i] = (struct thread){stacks[i] + sizeof stacks[i], fn, arg, 0, 0};
    return raw_thread_spawn(AT(&threads[i]));
}
static inline void
join(u32 i)
{
    while (!get(&threads[i].done))
        wait(&threads[i].done, 0, -1);
}

/* ---- a mutex: 0 free, 1 held, 2 held and waited for ---- */

static inline void
lock(u32 *m)
{
    u32 was = 0;

    if (__atomic_compare_exchange_n(m, &was, 1, 0, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
        return;
    while (__atomic_exchange_n(m, 2, __ATOMIC_SEQ_CST))
        wait(m, 2, -1);
}
static inline void
unlock(u32 *m)
{
    if (__atomic_exchange_n(m, 0, __ATOMIC_SEQ_CST) == 2)
        wake(m, 1);
}

#endif
