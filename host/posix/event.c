/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of the host: one epoll set that all idle threads sleep on.
 *
 * epoll knows a descriptor once, but several tasks may wait on it for different
 * things: watches[fd] lists them, and the descriptor is armed (one shot) for
 * the union of what they want. Threads are woken through an eventfd that is
 * edge-triggered, so a write wakes a sleeper and nobody need read it. Writes
 * that come together may wake only one, who has to pass it on.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "pith_errno.h"
#include "wait.h"

#define FD_MAX (1 << 20)

struct waiter {
    struct waiter *next;
    struct host_task *task;
    uint32_t wants, got;
};

static struct watch {
    struct waiter *first;
    bool known; /* epoll has it */
} *watches;
static int nwatches, waiting;
static int epoll_fd = -1, wake_fd = -1;

int
event_init(void)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.fd = -1};

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (epoll_fd < 0 || wake_fd < 0 ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, wake_fd, &e) < 0) {
        event_finish();
        return -E_NOMEM;
    }
    return 0;
}

void
event_finish(void)
{
    if (epoll_fd >= 0)
        close(epoll_fd);
    if (wake_fd >= 0)
        close(wake_fd);
    epoll_fd = wake_fd = -1;
    free(watches);
    watches = NULL;
    nwatches = waiting = 0;
}

void
event_wake_thread(void)
{
    static const uint64_t one = 1;

    while (write(wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

bool
event_expected(void)
{
    return waiting > 0;
}

static int
epoll_until(struct epoll_event *e, uint64_t deadline_ns)
{
    struct timespec ts, *timeout = NULL;

    if (deadline_ns != HOST_FOREVER) {
        uint64_t now = host_mono_ns();
        uint64_t left = deadline_ns > now ? deadline_ns - now : 0;

        /* An hour at most: what is longer need not fit a 32-bit time_t. */
        if (left > 3600u * 1000000000ull)
            left = 3600u * 1000000000ull;
        ts.tv_sec = (time_t)(left / 1000000000u);
        ts.tv_nsec = (long)(left % 1000000000u);
        timeout = &ts;
    }
#if defined(__USE_TIME_BITS64) || __SIZEOF_LONG__ == 8
    return epoll_pwait2(epoll_fd, e, EVENT_BATCH, timeout, NULL);
#else
    return epoll_wait(epoll_fd, e, EVENT_BATCH,
                      timeout ? (int)(ts.tv_sec * 1000 +
                                      (ts.tv_nsec + 999999) / 1000000)
                              : -1);
#endif
}

int
event_sleep(struct event_result *out, uint64_t deadline_ns)
{
    struct epoll_event e[EVENT_BATCH];
    int i, n = epoll_until(e, deadline_ns), k = 0;

    for (i = 0; i < n; i++) {
        if (e[i].data.fd < 0)
            continue;
        out[k].fd = e[i].data.fd;
        out[k++].events = e[i].events;
    }
    return k;
}

static int
watch_room(int fd)
{
    struct watch *w;
    int n = nwatches ? nwatches : 64;

    if (fd < 0 || fd >= FD_MAX)
        return -E_BADF;
    if (fd < nwatches)
        return 0;
    while (n <= fd)
        n *= 2;
    w = realloc(watches, (size_t)n * sizeof *w);
    if (!w)
        return -E_NOMEM;
    memset(w + nwatches, 0, (size_t)(n - nwatches) * sizeof *w);
    watches = w;
    nwatches = n;
    return 0;
}

/* Tell epoll what the waiters of fd want now. */
static int
arm(int fd)
{
    struct watch *w = &watches[fd];
    struct epoll_event e = {.events = EPOLLONESHOT, .data.fd = fd};
    struct waiter *i;
    int op = w->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    for (i = w->first; i; i = i->next)
        e.events |= i->wants;
    if (epoll_ctl(epoll_fd, op, fd, &e) < 0) {
        /* Closed and opened again behind our back, or the other way round. */
        if (errno != ENOENT && errno != EEXIST)
            return errno == EPERM ? 1 : errno == EBADF ? -E_BADF : -E_NOMEM;
        op = op == EPOLL_CTL_MOD ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
        if (epoll_ctl(epoll_fd, op, fd, &e) < 0)
            return errno == EPERM ? 1 : -E_NOMEM;
    }
    w->known = true;
    return 0;
}

void
event_deliver(const struct event_result *r, int n)
{
    int k;

    for (k = 0; k < n; k++) {
        struct waiter *i;
        bool rest = false;

        if (r[k].fd >= nwatches)
            continue;
        for (i = watches[r[k].fd].first; i; i = i->next) {
            uint32_t got = r[k].events & (i->wants | EPOLLERR | EPOLLHUP);

            if (got) {
                i->got |= got;
                host_task_unpark(i->task);
            } else if (!i->got) {
                rest = true;
            }
        }
        if (rest)
            arm(r[k].fd);
    }
}

static void
leave_watch(int fd, struct waiter *me)
{
    struct waiter **at = &watches[fd].first;

    while (*at && *at != me)
        at = &(*at)->next;
    if (*at)
        *at = me->next;
    waiting--;
}

int
posix_fd_wait(int hostfd, short events, uint64_t deadline_ns)
{
    struct waiter me = {.task = host_task_self(), .wants = (uint32_t)events};
    int r = watch_room(hostfd);

    if (r < 0)
        return r;
    if (wait_interrupted())
        return -E_INTR;
    me.next = watches[hostfd].first;
    watches[hostfd].first = &me;
    waiting++;
    r = arm(hostfd);
    if (r > 0)
        me.got = (uint32_t)events;
    wait_blocked(true);
    while (r == 0 && !me.got) {
        bool unparked = host_task_park(deadline_ns);

        if (me.got)
            break;
        if (wait_interrupted())
            r = -E_INTR;
        else if (!unparked)
            r = -E_TIMEDOUT;
    }
    wait_blocked(false);
    leave_watch(hostfd, &me);
    return me.got ? (int)me.got : r;
}

void
posix_fd_forget(int hostfd)
{
    if (hostfd < 0 || hostfd >= nwatches || !watches[hostfd].known)
        return;
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, hostfd, NULL);
    watches[hostfd].known = false;
}
