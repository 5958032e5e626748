/* SPDX-License-Identifier: Apache-2.0 */
/* poll(): time-outs, wake-ups, masks, many files. */
#include "ipc_test.h"

static int fds[2];

static void
answers(void)
{
    struct pith_pollfd p[4] = {{.fd = -1, .events = PITH_POLLIN, .revents = 9},
                               {.fd = 77, .events = PITH_POLLIN},
                               {.events = PITH_POLLIN},
                               {.events = PITH_POLLOUT}};

    CHECK_EQ(call_pipe2(ME, fds, 0), 0);
    p[2].fd = fds[0];
    p[3].fd = fds[1];
    CHECK_EQ(call_poll(ME, p, 4, 0, NULL), 2);
    CHECK_EQ(p[0].revents, 0);
    CHECK_EQ(p[1].revents, PITH_POLLNVAL);
    CHECK_EQ(p[2].revents, 0);
    CHECK_EQ(p[3].revents, PITH_POLLOUT);
    wrs(fds[1], "x");
    CHECK_EQ(poll1(fds[0], PITH_POLLIN, -1), PITH_POLLIN);
    CHECK_EQ(poll1(fds[0], PITH_POLLOUT, 0), 0);
    CHECK_EQ(poll1(fds[0], 0x40, 0), 0x40); /* POLLRDNORM */
    call_close(ME, fds[1]);
    CHECK_EQ(poll1(fds[0], PITH_POLLIN, 0), PITH_POLLIN | PITH_POLLHUP);
    /* a regular file is always ready */
    CHECK_EQ(poll1(open_("/f", PITH_O_RDWR | PITH_O_CREAT),
                   PITH_POLLIN | PITH_POLLOUT, -1),
             PITH_POLLIN | PITH_POLLOUT);
    call_unlinkat(ME, PITH_AT_FDCWD, "/f", 0);
}

static void
time_out(void)
{
    uint64_t start = host_mono_ns(), took;

    CHECK_EQ(call_pipe2(ME, fds, 0), 0);
    CHECK_EQ(poll1(fds[0], PITH_POLLIN, 20), 0);
    took = host_mono_ns() - start;
    CHECK(took >= 20000000);
    CHECK(took < 60000000000);
    CHECK_EQ(call_poll(ME, NULL, 0, host_mono_ns() + 1000000, NULL), 0);
}

static int
write_later(void *arg)
{
    (void)arg;
    pause_ms(5);
    return (int)wrs(fds[1], "w");
}

static void
woken(void)
{
    struct proc *p;

    CHECK_EQ(call_pipe2(ME, fds, 0), 0);
    p = actor_start(write_later, NULL);
    CHECK_EQ(poll1(fds[0], PITH_POLLIN, -1), PITH_POLLIN);
    CHECK_EQ(actor_wait(p), 1 << 8);
}

/* Woken for something else it sleeps on. */
static int
read_and_fill(void *arg)
{
    static char big[65536];
    char c;

    (void)arg;
    pause_ms(2);
    rd(fds[0], &c, 1); /* room for one byte is not room for PIPE_BUF */
    pause_ms(10);
    while (rd(fds[0], big, sizeof big) == sizeof big)
        ;
    return 0;
}

static void
spurious(void)
{
    static char big[65536];
    struct proc *p;
    uint64_t start;

    CHECK_EQ(call_pipe2(ME, fds, 0), 0);
    wr(fds[1], big, sizeof big);
    p = actor_start(read_and_fill, NULL);
    start = host_mono_ns();
    CHECK_EQ(poll1(fds[1], PITH_POLLOUT, -1), PITH_POLLOUT);
    CHECK(host_mono_ns() - start >= 10000000);
    call_close(ME, fds[1]);
    actor_wait(p);
}

static void
many(void)
{
    static struct pith_pollfd p[200];
    struct proc *child;
    int i, other[2];

    CHECK_EQ(call_pipe2(ME, fds, 0), 0);
    for (i = 0; i < 200; i++) {
        if (i == 150) {
            p[i].fd = fds[0];
        } else {
            CHECK_EQ(call_pipe2(ME, other, 0), 0);
            p[i].fd = other[0];
        }
        p[i].events = PITH_POLLIN;
    }
    child = actor_start(write_later, NULL);
    CHECK_EQ(call_poll(ME, p, 200, HOST_FOREVER, NULL), 1);
    CHECK_EQ(p[150].revents, PITH_POLLIN);
    actor_wait(child);
    CHECK_EQ(call_poll(ME, p, 1u << 20, 0, NULL), -E_INVAL);
}

/* ---- signals ---------------------------------------------------------- */

#define USR1 (1ull << (PITH_SIGUSR1 - 1))

static int
signal_parent(void *arg)
{
    (void)arg;
    pause_ms(5);
    return call_kill(ME, ME->parent->pid, PITH_SIGUSR1);
}

static void
interrupted_by_signal(void)
{
    struct proc *p;

    ME->sig.action[PITH_SIGUSR1].handler = 2; /* so that it interrupts */
    CHECK_EQ(call_pipe2(ME, fds, 0), 0);
    p = actor_start(signal_parent, NULL);
    CHECK_EQ(poll1(fds[0], PITH_POLLIN, -1), -E_INTR);
    CHECK_EQ(ME->sig.pending & USR1, USR1);
    ME->sig.pending = 0; /* as if the handler had run */
    actor_wait(p);
}

static void
masked(void)
{
    struct pith_pollfd one = {.events = PITH_POLLIN};
    uint64_t all = ~0ull, none = 0;
    int tries = 2000;
    struct proc *p;

    ME->sig.action[PITH_SIGUSR1].handler = 2;
    CHECK_EQ(call_pipe2(ME, fds, 0), 0);
    one.fd = fds[0];
    /* blocked while it waits: times out (and again, on a machine so busy that
     * the signal has not come by then) */
    p = actor_start(signal_parent, NULL);
    do {
        CHECK_EQ(call_poll(ME, &one, 1, host_mono_ns() + 30000000, &all), 0);
        CHECK_EQ(ME->sig.blocked, 0);
    } while (!(ME->sig.pending & USR1) && tries--);
    CHECK_EQ(ME->sig.pending & USR1, USR1);
    /* pending and blocked before, let in by the mask */
    ME->sig.blocked = USR1;
    actor_wait(p);
    CHECK_EQ(call_poll(ME, &one, 1, HOST_FOREVER, &none), -E_INTR);
    CHECK(ME->sig.restore_mask);
    CHECK_EQ(ME->sig.saved_mask, USR1);
    CHECK_EQ(ME->sig.blocked, 0);
    /* readiness goes before a signal */
    ME->sig.restore_mask = false;
    wrs(fds[1], "x");
    CHECK_EQ(call_poll(ME, &one, 1, HOST_FOREVER, &none), 1);
    ME->sig.pending = 0;
}

static int
poll_closed(void *arg)
{
    (void)arg;
    return poll1(fds[0], PITH_POLLIN, -1) & PITH_POLLHUP ? 2 : 1;
}

/* The descriptor is closed under the sleeper: he holds the file. */
static void
closed_meanwhile(void)
{
    struct proc *p;

    CHECK_EQ(call_pipe2(ME, fds, 0), 0);
    p = actor_start(poll_closed, NULL);
    actor_settle(p);
    fd_close(p, fds[0]);
    fd_close(p, fds[1]);
    call_close(ME, fds[0]);
    call_close(ME, fds[1]);
    CHECK_EQ(actor_wait(p), 2 << 8);
}

const struct test_case poll_cases[] = CASES(
    {"poll: answers", answers}, {"poll: time-out", time_out},
    {"poll: woken", woken}, {"poll: woken for too little", spurious},
    {"poll: many", many}, {"poll: interrupted", interrupted_by_signal},
    {"poll: masks", masked}, {"poll: closed meanwhile", closed_meanwhile}, );
