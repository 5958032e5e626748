/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the page is told: one ring of records in shared memory, so that it hears
 * of things in the order in which they happened. Messages would not do: those of
 * one Worker may overtake another's, and a Worker that is terminated takes its
 * own along. So only what memory cannot hold is a message (worker.js): a module,
 * which everybody could compile anew, and a memory, whose Worker waits.
 *
 *     record: | bytes n | what | a | b | c | n bytes, padded to 4 |
 *
 * A record is never split: one that would be begins at the ring's start, and a
 * record of NEWS_NONE fills what was left, if there is room for one.
 */
#include <stdatomic.h>
#include <string.h>

#include "web.h"

#define RING (256u << 10)
#define HEADER 20u

/* Wakes the page by a message. */
IMPORT(told) void host_js_told(void);

/* JavaScript knows this layout (machine.js). */
static struct {
    _Atomic uint32_t head, tail; /* bytes put in, bytes taken out */
    _Atomic uint32_t asleep;     /* 1: the page wants a message */
    _Atomic uint32_t memory;     /* the last one that it was sent */
    _Atomic uint32_t poor;       /* how often it was told that there is none, and
                                  * made idle Workers go */
    _Atomic uint32_t going;      /* Workers that are to go, and are there yet */
    uint8_t ring[RING];
} told = {.asleep = 1};

static struct web_lock lock;

EXPORT(void *, told_area, void)
{
    return &told;
}

/* For the page, which never waits for anybody: until `size` bytes fit. */
static void
wait_room(uint32_t size)
{
    for (;;) {
        uint32_t tail = atomic_load(&told.tail);

        if (atomic_load(&told.head) + size - tail <= RING)
            return;
        web_wait(&told.tail, tail, HOST_FOREVER);
    }
}

void
web_tell_room(void)
{
    wait_room(RING / 2);
}

/* Returns where the next record begins. */
static uint32_t
record(uint32_t at, enum web_news what, uint32_t n)
{
    const uint32_t head[] = {n, what};

    memcpy(told.ring + at % RING, head, sizeof head);
    return at + HEADER + ((n + 3) & ~3u);
}

void
web_tell(enum web_news what, int a, int b, int c, const void *data, size_t n)
{
    const int32_t args[] = {a, b, c};
    uint32_t size = HEADER + (((uint32_t)n + 3) & ~3u), head, left;
    uint8_t *to;

    web_lock(&lock);
    head = atomic_load(&told.head);
    left = RING - head % RING;
    wait_room(left < size ? left + size : size);
    if (left < size) {
        if (left >= HEADER)
            record(head, NEWS_NONE, left - HEADER);
        head += left;
    }
    to = told.ring + head % RING;
    memcpy(to + HEADER - sizeof args, args, sizeof args);
    memcpy(to + HEADER, data, n);
    atomic_store(&told.head, record(head, what, (uint32_t)n));
    if (atomic_exchange(&told.asleep, 0))
        host_js_told();
    web_unlock(&lock);
}

void
web_tell_memory(uint32_t id)
{
    uint32_t known;

    while ((known = atomic_load(&told.memory)) != id)
        web_wait(&told.memory, known, HOST_FOREVER);
}

EXPORT(uint32_t, told_poor, void)
{
    return atomic_load(&told.poor);
}

/*
 * A browser had no memory to give, and the page has been told so, which it had
 * heard `poor` times before: wait until it has made idle Workers go and one is
 * gone with what it held. False: none is on its way any more.
 */
EXPORT(int, wait_gone, uint32_t poor)
{
    uint64_t until = host_mono_ns() + 10000000000u;
    uint32_t going;

    while (atomic_load(&told.poor) == poor) {
        if (!web_wait(&told.poor, poor, until))
            return false;
    }
    going = atomic_load(&told.going);
    if (!going) /* gone for the page; perhaps not for the browser yet */
        until = host_mono_ns() + 100000000;
    web_wait(&told.going, going, until);
    return going != 0;
}
