/* SPDX-License-Identifier: Apache-2.0 */
/* Threads as threads.sh asks for them: argv[1] names what is to happen. */
#include "mini.h"

static u32 mutex, count, never, stop;

static u64
now(void)
{
    u64 t = 0;

    raw_clock_time_get(1, 1, AT(&t));
    return t;
}

static _Noreturn void
fail(const char *why)
{
    say(why);
    say("\n");
    raw_proc_exit(1);
}

/* ---- what threads do ---- */

static void
count_locked(u32 n)
{
    while (n--) {
        lock(&mutex);
        count++; /* not atomic: the mutex has to hold */
        unlock(&mutex);
    }
}

static void
take_turns(u32 parity)
{
    for (u32 i = 0; i < 10000; i++) {
        u32 v;

        while (((v = get(&count)) & 1) != parity)
            wait(&count, v, -1);
        set(&count, v + 1);
        wake(&count, 1);
    }
}

static void
climb(u32 steps)
{
    while (steps--) {
        u32 page = (u32)__builtin_wasm_memory_grow(0, 1);

        if (page == -1u)
            fail("memory.grow");
        u32 *p = (u32 *)(page << 16);
        if (p[0] || p[16383])
            fail("a new page is not empty");
        p[0] = p[16383] = page;
        add(&count, 1);
    }
}

static void
nothing(u32 arg)
{
    add(&count, arg);
}

static void
until_stopped(u32 arg)
{
    (void)arg;
    while (!get(&stop))
        wait(&stop, 0, -1);
}

static void
spin(u32 arg)
{
    while (!get(&never))
        add(&count, arg);
}

static void
block(u32 arg)
{
    (void)arg;
    add(&count, 1);
    wait(&never, 0, -1);
    fail("woken");
}

static void
sleep_long(u32 arg)
{
    static struct {
        u64 user;
        u32 tag, pad, id, pad2;
        u64 timeout, precision;
        u32 flags, pad3;
    } sub = {.id = 1, .timeout = 1000000000000ull};
    static char event[32];
    u32 n;

    (void)arg;
    add(&count, 1);
    raw_poll_oneoff(AT(&sub), AT(event), 1, AT(&n));
    fail("slept");
}

static void
yield_on(u32 arg)
{
    (void)arg;
    add(&count, 1);
    for (;;)
        raw_sched_yield();
}

static void
close_fd(u32 fd)
{
    raw_fd_close(fd);
}

static void
trap(u32 arg)
{
    while (get(&count) < arg)
        raw_sched_yield();
    __builtin_trap();
}

static void
fault(u32 arg)
{
    while (get(&count) < arg)
        raw_sched_yield();
    count = *(volatile u32 *)0x7ffffff0;
}

static void
leave(u32 arg)
{
    while (get(&count) < arg)
        raw_sched_yield();
    raw_proc_exit(7);
}

static void
raise_abort(u32 arg)
{
    while (get(&count) < arg)
        raw_sched_yield();
    raw_proc_raise(6);
    block(0);
}

/* ---- what main does ---- */

static void
all_of(u32 n, void (*fn)(u32), u32 arg)
{
    for (u32 i = 0; i < n; i++)
        if (start(i, fn, arg) <= 0)
            fail("thread-spawn");
    for (u32 i = 0; i < n; i++)
        join(i);
}

static void
report(const char *what)
{
    say(what);
    say(" ");
    say_number(get(&count));
    say("\n");
}

static void
do_turns(void)
{
    u64 t = now();

    start(0, take_turns, 0);
    start(1, take_turns, 1);
    join(0);
    join(1);
    report("turns");
    say("ns a turn: ");
    say_number((u32)((now() - t) / 20000));
    say("\n");
}

/* Many, one after the other, each with a number of its own while it lives. */
static void
do_churn(void)
{
    for (u32 round = 0; round < 200; round++) {
        for (u32 i = 0; i < 8; i++) {
            int32_t tid = start(i, nothing, 1);

            if (tid <= 0 || tid > 0x1fffffff)
                fail("thread-spawn");
            for (u32 k = 0; k < i; k++)
                if (!get(&threads[k].done) && threads[k].tid == tid)
                    fail("a thread's number twice");
        }
        for (u32 i = 0; i < 8; i++)
            join(i);
    }
    report("churn");
}

static void
do_limit(void)
{
    int32_t r;
    u32 n = 0;

    /* all on one stack: they need none */
    while ((r = start(0, until_stopped, 0)) > 0)
        n++;
    count = n;
    report("limit");
    say_number((u32)-r);
    say("\n");
    set(&stop, 1);
    wake(&stop, -1u);
}

static void
do_timeouts(void)
{
    u64 t = now(), took;

    if (wait(&never, 1, -1) != 1)
        fail("another value");
    if (wait(&never, 0, 50000000) != 2)
        fail("a time-out");
    took = now() - t;
    if (took < 50000000 || took > 60000000000)
        fail("its time");
    if (wake(&never, 1) != 0)
        fail("nobody waits");
    say("timeouts\n");
}

/*
 * Everything at once: threads that start others, wait, wake, grow the memory,
 * write, sleep and yield in no order; ends when `rounds` things were done, by an
 * exit while most are at it, if that is asked for.
 */
static u32 busy[THREADS], rounds, exits;

static void storm(u32 seed);

static void
start_another(u32 seed)
{
    u32 i = seed % THREADS;

    if (!__atomic_exchange_n(&busy[i], 1, __ATOMIC_SEQ_CST) &&
        start(i, storm, i) < 0)
        set(&busy[i], 0);
}

static void
storm(u32 slot)
{
    u32 x = slot * 2654435761u + 1;

    for (u32 i = 0; i < 40; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        if (add(&rounds, 1) == 20000 && exits)
            raw_proc_exit(9);
        switch (x >> 8 & 7) {
        case 0:
        case 1:
            start_another(x >> 16);
            break;
        case 2:
            wait(&mutex, 0, x & 0xffff);
            break;
        case 3:
            wake(&mutex, x & 3);
            break;
        case 4:
            __builtin_wasm_memory_grow(0, x >> 30);
            break;
        case 5:
            say_n("", 0);
            break;
        case 6:
            raw_sched_yield();
            break;
        default:
            lock(&stop);
            count++;
            unlock(&stop);
        }
    }
    set(&busy[slot], 0);
}

static void
do_storm(u32 with_exit)
{
    exits = with_exit;
    while (get(&rounds) < 20000 || with_exit) {
        start_another(get(&rounds));
        raw_sched_yield();
    }
    for (u32 i = 0; i < THREADS; i++)
        while (get(&busy[i]))
            raw_sched_yield();
    say("storm\n");
}

/* Threads in all the ways to be somewhere, and one that ends it all. */
static void
do_end(void (*fn)(u32), void (*main_does)(u32))
{
    start(0, block, 0);
    start(1, sleep_long, 0);
    start(2, yield_on, 0);
    start(3, spin, 0);
    if (fn)
        start(4, fn, 3 + (main_does != spin));
    if (main_does)
        main_does(0);
    while (get(&count) < 3)
        raw_sched_yield();
}

static const struct command {
    char name[12];
    void (*fn)(u32), (*main_does)(u32);
} ends[] = {
    {"trap", trap, block},        {"trap-busy", trap, spin},
    {"fault", fault, sleep_long}, {"exit", leave, block},
    {"exit-busy", leave, spin},   {"exit-yield", leave, yield_on},
    {"raise", raise_abort, block}, {"return", 0, 0},
    {"hang", block, block},       {"spin", spin, spin},
};

static int
same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static char text[1024];
static u32 argv[16];

__attribute__((export_name("_start"))) void
_start(void)
{
    const char *what;

    raw_args_get(AT(argv), AT(text));
    what = (const char *)argv[1];
    if (same(what, "mutex")) {
        all_of(8, count_locked, 3000);
        report(what);
    } else if (same(what, "grow")) {
        all_of(4, climb, 100);
        report(what);
    } else if (same(what, "grow-much")) {
        all_of(4, climb, 10000);
    } else if (same(what, "turns")) {
        do_turns();
    } else if (same(what, "churn")) {
        do_churn();
    } else if (same(what, "limit")) {
        do_limit();
    } else if (same(what, "timeouts")) {
        do_timeouts();
    } else if (same(what, "storm")) {
        do_storm(0);
    } else if (same(what, "storm-exit")) {
        do_storm(1);
    } else if (same(what, "close")) { /* one table of descriptors */
        all_of(1, close_fd, 1);
        say("this cannot be said\n");
    } else {
        for (u32 i = 0; i < sizeof ends / sizeof *ends; i++)
            if (same(what, ends[i].name))
                do_end(ends[i].fn, ends[i].main_does);
    }
}
