/* SPDX-License-Identifier: Apache-2.0 */
/* Wait queues, polls and timers. Lock held, in a task. */
#include <stdatomic.h>

#include "pith_errno.h"
#include "test.h"
#include "wait.h"

#define MS 1000000u

static struct wait_queue q, q2;
static int woken, sleeping;

static void
sleeper(void *arg)
{
    int r;

    sleeping++;
    r = wait_on(&q, HOST_FOREVER);
    CHECK(r == 0);
    woken++;
    (void)arg;
}

static void
start(void (*fn)(void *), void *arg)
{
    struct host_task *t;

    CHECK(host_task_create(&t, fn, arg, 0) == 0);
}

static void
settle(int *n, int want)
{
    while (*n < want)
        host_task_park(host_mono_ns() + MS / 10);
}

static void
wakes(void)
{
    int i;

    for (i = 0; i < 5; i++)
        start(sleeper, NULL);
    settle(&sleeping, 5);
    wake_one(&q);
    settle(&woken, 1);
    host_task_park(host_mono_ns() + MS);
    CHECK(woken == 1);
    wake(&q);
    settle(&woken, 5);
    CHECK(!q.first);
}

static void
timeouts(void)
{
    uint64_t from = host_mono_ns();

    CHECK(wait_on(&q, from + 3 * MS) == -E_TIMEDOUT);
    CHECK(host_mono_ns() - from >= 3 * MS);
    CHECK(wait_on(&q, 0) == -E_TIMEDOUT);
    CHECK(!q.first);
}

static void
wake_second(void *arg)
{
    (void)arg;
    host_task_park(host_mono_ns() + MS);
    wake(&q2);
}

static void
polls(void)
{
    struct poll_waiter *w = poll_waiter_create();
    int i;

    for (i = 0; i < 20; i++)
        CHECK(poll_wait(w, &q) == 0);
    CHECK(poll_wait(w, &q2) == 0);
    CHECK(poll_wait(NULL, &q) == 0);
    start(wake_second, NULL);
    CHECK(poll_sleep(w, HOST_FOREVER) == 0);
    /* Registrations stay, and one wake-up is told once. */
    CHECK(poll_sleep(w, host_mono_ns() + MS) == -E_TIMEDOUT);
    wake(&q);
    CHECK(poll_sleep(w, HOST_FOREVER) == 0);
    poll_waiter_destroy(w);
    CHECK(!q.first && !q2.first);
    poll_waiter_destroy(NULL);
}

/* A poll on the queue must not eat the one wake-up. */
static void
poll_and_sleeper(void)
{
    struct poll_waiter *w = poll_waiter_create();

    poll_wait(w, &q);
    woken = sleeping = 0;
    start(sleeper, NULL);
    settle(&sleeping, 1);
    wake_one(&q);
    settle(&woken, 1);
    CHECK(woken == 1);
    poll_waiter_destroy(w);
}

void
test_wait(void)
{
    wakes();
    timeouts();
    polls();
    poll_and_sleeper();
}

static int order[8], fired;

static void
fire(void *arg)
{
    order[fired++] = *(int *)arg;
}

void
test_timer(void)
{
    static int id[3] = {0, 1, 2};
    static struct timer t[3];
    uint64_t now = host_mono_ns();
    int i;

    for (i = 0; i < 3; i++) {
        t[i].fn = fire;
        t[i].arg = &id[i];
        timer_arm(&t[i], now + (uint64_t)(6 - 2 * i) * MS);
    }
    timer_arm(&t[1], now + 8 * MS); /* later than it was */
    CHECK(t[1].armed);
    settle(&fired, 3);
    CHECK(order[0] == 2 && order[1] == 0 && order[2] == 1);
    CHECK(!t[0].armed && host_mono_ns() >= now + 8 * MS);
    timer_arm(&t[0], host_mono_ns() + MS);
    timer_cancel(&t[0]);
    host_task_park(host_mono_ns() + 3 * MS);
    CHECK(fired == 3);
}
