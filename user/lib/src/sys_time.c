/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clocks, sleeping, waiting for events. struct timespec has a 32-bit tv_nsec
 * and padding where the kernel's has 64 bits, hence the copies.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>

#include "pith.h"

static long
clock_in(long r, const struct pith_timespec *k, struct timespec *t)
{
    if (r >= 0 && t) {
        t->tv_sec = k->sec;
        t->tv_nsec = (long)k->nsec;
    }
    return r;
}

/* Linux's coarse, raw and boot-time clocks are these two here. */
static long
clock_id(long id)
{
    switch (id) {
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        return PITH_CLOCK_MONOTONIC;
    case CLOCK_REALTIME_COARSE:
        return PITH_CLOCK_REALTIME;
    default:
        return id;
    }
}

SYS(clock_gettime) ({
    struct pith_timespec k = {0, 0};
    clock_in(pith_clock_gettime(clock_id(a), &k), &k, P(b));
}) END
SYS(clock_getres) ({
    struct pith_timespec k = {0, 0};
    clock_in(pith_clock_getres(clock_id(a), &k), &k, P(b));
}) END
SYS(getrandom) left(pith_getrandom(P(a), b, c)) END

static long
snooze(long clock, long flags, const struct timespec *want,
       struct timespec *rest)
{
    struct pith_timespec k = {want->tv_sec, want->tv_nsec}, over = {0, 0};
    long r = pith_nanosleep(clock_id(clock), flags, &k, &over);
    if (r == -EINTR && rest && !(flags & TIMER_ABSTIME))
        clock_in(0, &over, rest);
    return left(r);
}
/* Sleeps for a length of time are by the monotonic clock. */
SYS(nanosleep) snooze(PITH_CLOCK_MONOTONIC, 0, P(a), P(b)) END
SYS(clock_nanosleep) snooze(b & TIMER_ABSTIME ? a : PITH_CLOCK_MONOTONIC, b,
                            P(c), P(d)) END

SYS(poll) left(pith_poll(P(a), b, c < 0 ? -1 : (int64_t)c * 1000000, 0)) END

static int64_t
nanoseconds(const struct timespec *t)
{
    if (!t)
        return -1;
    if (t->tv_sec > INT64_MAX / 1000000000 - 1)
        return -1;
    return t->tv_sec * 1000000000 + t->tv_nsec;
}

static int
bad_time(const struct timespec *t)
{
    return t && (t->tv_sec < 0 || t->tv_nsec < 0 || t->tv_nsec >= 1000000000);
}

SYS(ppoll) bad_time(P(c))
    ? -EINVAL
    : left(pith_poll(P(a), b, nanoseconds(P(c)), P(d))) END

/* select: each descriptor in any of the sets becomes one pollfd. */
static int
any_set(const fd_set *s, int fd)
{
    return s && FD_ISSET(fd, s);
}

static int
gather(struct pollfd *p, int n, const fd_set *r, const fd_set *w,
       const fd_set *x)
{
    int count = 0;
    for (int fd = 0; fd < n; fd++) {
        short events = 0;
        if (any_set(r, fd))
            events |= POLLIN;
        if (any_set(w, fd))
            events |= POLLOUT;
        if (any_set(x, fd))
            events |= POLLPRI;
        if (events)
            p[count++] = (struct pollfd){.fd = fd, .events = events};
    }
    return count;
}

static int
spread(const struct pollfd *p, int count, fd_set *r, fd_set *w, fd_set *x)
{
    int ready = 0;
    for (int i = 0; i < count; i++) {
        short got = p[i].revents, want = p[i].events;
        if ((want & POLLIN) && (got & (POLLIN | POLLHUP | POLLERR))) {
            FD_SET(p[i].fd, r);
            ready++;
        }
        if ((want & POLLOUT) && (got & (POLLOUT | POLLERR))) {
            FD_SET(p[i].fd, w);
            ready++;
        }
        if ((want & POLLPRI) && (got & POLLPRI)) {
            FD_SET(p[i].fd, x);
            ready++;
        }
    }
    return ready;
}

int
pselect(int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict x,
        const struct timespec *restrict timeout, const sigset_t *restrict mask)
{
    struct pollfd p[FD_SETSIZE];
    int count;
    long got;
    if (n < 0 || n > FD_SETSIZE || bad_time(timeout)) {
        errno = EINVAL;
        return -1;
    }
    count = gather(p, n, r, w, x);
    got = left(pith_poll(p, count, nanoseconds(timeout), mask));
    if (got < 0)
        return (int)__syscall_ret((unsigned long)got);
    for (int i = 0; i < count; i++)
        if (p[i].revents & POLLNVAL) {
            errno = EBADF;
            return -1;
        }
    if (r)
        FD_ZERO(r);
    if (w)
        FD_ZERO(w);
    if (x)
        FD_ZERO(x);
    return spread(p, count, r, w, x);
}

int
select(int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict x,
       struct timeval *restrict timeout)
{
    struct timespec t;
    if (timeout) {
        if (timeout->tv_sec < 0 || timeout->tv_usec < 0) {
            errno = EINVAL;
            return -1;
        }
        t.tv_sec = timeout->tv_sec + timeout->tv_usec / 1000000;
        t.tv_nsec = (long)(timeout->tv_usec % 1000000) * 1000;
    }
    return pselect(n, r, w, x, timeout ? &t : 0, 0);
}

/* Interval timers. */
static int64_t
interval_out(const struct timeval *t)
{
    return t->tv_sec * 1000000000 + (int64_t)t->tv_usec * 1000;
}

static void
interval_in(struct timeval *t, int64_t ns)
{
    t->tv_sec = ns / 1000000000;
    t->tv_usec = ns % 1000000000 / 1000;
}

int
setitimer(int which, const struct itimerval *restrict new,
          struct itimerval *restrict old)
{
    struct pith_itimerval k = {interval_out(&new->it_interval),
                               interval_out(&new->it_value)};
    struct pith_itimerval was = {0, 0};
    long r = pith_setitimer(which, &k, &was);
    if (r >= 0 && old) {
        interval_in(&old->it_interval, was.interval_ns);
        interval_in(&old->it_value, was.value_ns);
    }
    return (int)__syscall_ret((unsigned long)left(r));
}

int
getitimer(int which, struct itimerval *old)
{
    struct pith_itimerval was = {0, 0};
    long r = pith_getitimer(which, &was);
    if (r >= 0) {
        interval_in(&old->it_interval, was.interval_ns);
        interval_in(&old->it_value, was.value_ns);
    }
    return (int)__syscall_ret((unsigned long)r);
}
