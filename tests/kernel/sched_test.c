/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler under load: many tasks, messages around rings, tasks that run
 * without the lock, tasks that come and go, host descriptors.
 */
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "pith_errno.h"
#include "posix.h"
#include "test.h"
#include "wait.h"

#define MS 1000000u
#define RINGS 8
#define RING 50
#define ROUNDS 40

/* ---- rings: a token goes round --------------------------------------- */

struct station {
    struct wait_queue q;
    struct station *next;
    int tokens, seen;
};
static struct station ring[RINGS][RING];
static int ended;
static _Atomic long work;

static void
pass_on(void *arg)
{
    struct station *s = arg;

    while (s->seen < ROUNDS) {
        while (!s->tokens)
            wait_on(&s->q, HOST_FOREVER);
        s->tokens--;
        s->seen++;
        kernel_leave(); /* as user code does */
        work++;
        kernel_lock();
        s->next->tokens++;
        wake(&s->next->q);
    }
    ended++;
}

static void
rings(void)
{
    struct host_task *t;
    int i, k;

    ended = 0;
    for (i = 0; i < RINGS; i++) {
        for (k = 0; k < RING; k++) {
            ring[i][k].next = &ring[i][(k + 1) % RING];
            CHECK(host_task_create(&t, pass_on, &ring[i][k], 65536) == 0);
        }
        ring[i][0].tokens = 1;
    }
    while (ended < RINGS * RING)
        host_task_park(host_mono_ns() + MS);
    CHECK(work == (long)RINGS * RING * ROUNDS);
}

/* ---- a busy task does not keep others from running ------------------- */

static bool stop;
static atomic_bool go_on;
static uint64_t ticks;

static void
busy(void *arg)
{
    (void)arg;
    kernel_leave();
    while (atomic_load(&go_on))
        host_task_tick();
    kernel_lock();
    ended++;
}

static void
ticker(void *arg)
{
    (void)arg;
    while (!stop) {
        host_task_park(host_mono_ns() + MS);
        ticks++;
    }
    ended++;
}

static void
preemption(void)
{
    struct host_task *t;
    uint32_t n = host_cpus() + 2, i;
    uint64_t until;

    ended = 0;
    atomic_store(&go_on, true);
    CHECK(host_task_create(&t, ticker, NULL, 0) == 0);
    for (i = 0; i < n; i++)
        CHECK(host_task_create(&t, busy, NULL, 0) == 0);
    until = host_mono_ns() + 60000ull * MS;
    while (ticks < 3 && host_mono_ns() < until)
        host_task_park(host_mono_ns() + 50 * MS);
    stop = true;
    atomic_store(&go_on, false);
    while (ended < (int)n + 1)
        host_task_park(host_mono_ns() + MS);
    CHECK(ticks >= 3);
}

/* ---- coming and going, stacks ---------------------------------------- */

static int
use_stack(int depth)
{
    char room[1000];

    memset(room, depth, sizeof room);
    __asm__ volatile("" : : "r"(room) : "memory");
    return depth ? use_stack(depth - 1) + room[depth] : 0;
}

static void
brief(void *arg)
{
    size_t n;
    char *v = host_task_value_stack(host_task_self(), &n);

    if (n)
        memset(v, 1, 4096);
    use_stack(60);
    ended++;
    (void)arg;
}

static void
many(void)
{
    struct host_task *t;
    int i, made = 0;

    ended = 0;
    for (i = 0; i < 3000; i++) {
        made += host_task_create(&t, brief, NULL, i % 2 ? 0 : 1 << 16) == 0;
        if (i % 100 == 0)
            host_task_yield();
    }
    while (ended < made)
        host_task_park(host_mono_ns() + MS);
    CHECK(made == 3000);
}

/* ---- tasks that block their threads do not stop the others -------------- */

static int gate[2], released;

static void
blocker(void *arg)
{
    struct pollfd p = {gate[0], POLLIN, 0};
    int r;

    (void)arg;
    kernel_unlock();
    r = poll(&p, 1, 60000);
    kernel_lock();
    released += r == 1;
    ended++;
}

/* The gate opens only when this task has run ten times meanwhile. */
static void
blocking(void)
{
    struct host_task *t;
    int i, n = (int)(host_cpus() < 2 ? 2 : host_cpus()) + 2;

    ended = 0;
    CHECK(pipe(gate) == 0);
    for (i = 0; i < n; i++)
        CHECK(host_task_create(&t, blocker, NULL, 0) == 0);
    for (i = 0; i < 10; i++)
        host_task_park(host_mono_ns() + 5 * MS);
    CHECK(ended == 0);
    CHECK(write(gate[1], "x", 1) == 1);
    while (ended < n)
        host_task_park(host_mono_ns() + MS);
    CHECK(released == n);
    close(gate[0]);
    close(gate[1]);
}

void
test_sched(void)
{
    blocking();
    rings();
    preemption();
    many();
}

/* ---- descriptors of the host ----------------------------------------- */

static int pipe_fd[2], got;

static void
reader(void *arg)
{
    char c = 0;

    (void)arg;
    CHECK(posix_fd_wait(pipe_fd[0], POLLIN, HOST_FOREVER) & POLLIN);
    CHECK(read(pipe_fd[0], &c, 1) == 1 && c == 'x');
    got++;
}

void
test_event(void)
{
    struct host_task *t;
    int file = dup(0);

    CHECK(pipe(pipe_fd) == 0);
    CHECK(posix_fd_wait(pipe_fd[0], POLLIN, host_mono_ns() + 2 * MS) ==
          -E_TIMEDOUT);
    CHECK(posix_fd_wait(pipe_fd[1], POLLOUT, HOST_FOREVER) & POLLOUT);
    CHECK(host_task_create(&t, reader, NULL, 0) == 0);
    CHECK(host_task_create(&t, reader, NULL, 0) == 0);
    host_task_park(host_mono_ns() + 2 * MS);
    CHECK(got == 0);
    CHECK(write(pipe_fd[1], "xx", 2) == 2);
    while (got < 2)
        host_task_park(host_mono_ns() + MS);
    close(pipe_fd[1]);
    CHECK(posix_fd_wait(pipe_fd[0], POLLIN, HOST_FOREVER) & POLLHUP);
    posix_fd_forget(pipe_fd[0]);
    close(pipe_fd[0]);
    CHECK(posix_fd_wait(-1, POLLIN, HOST_FOREVER) == -E_BADF);
    close(file);
}
