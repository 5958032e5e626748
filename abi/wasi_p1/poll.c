/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preview 1: poll_oneoff.
 *
 *   subscriptions --> struct sub[] --> pollfd[] + nearest deadline
 *                                         | call_poll
 *   events       <-- in order of subscription, those that are due
 *
 * A subscription that is wrong in itself (closed descriptor, unknown clock) is
 * an event with an error, at once; the call as a whole succeeds.
 */
#include <string.h>

#include "wasi_p1.h"

struct sub {
    uint64_t userdata;
    uint64_t deadline; /* clocks; host_mono_ns() */
    int32_t error;     /* > 0: a ready event with this error */
    uint8_t type;
    uint32_t fd;
};

/* When a clock subscription is due, in monotonic time. */
static void
clock_sub(struct sub *s, const struct wasi_sub_clock *c, uint64_t now)
{
    uint64_t t = c->timeout, base = now;
    if (c->id > WASI_CLOCK_THREAD || (c->flags & ~WASI_SUBCLOCK_ABSTIME)) {
        s->error = E_INVAL;
        return;
    }
    if (c->id > WASI_CLOCK_MONOTONIC) {
        s->error = E_NOTSUP; /* nobody can sleep until he has worked */
        return;
    }
    if (c->flags & WASI_SUBCLOCK_ABSTIME) {
        uint64_t then = c->id == WASI_CLOCK_REALTIME ? host_wall_ns() : now;
        t = t > then ? t - then : 0;
    }
    /* Never HOST_FOREVER: it would be no deadline at all. */
    s->deadline = t < HOST_FOREVER - 1 - base ? base + t : HOST_FOREVER - 1;
}

static void
fd_sub(struct proc *p, struct sub *s)
{
    struct file *f;
    int r = wasi_fd(p, s->fd, WASI_R_POLL_FD_READWRITE, &f);
    if (r < 0)
        s->error = -r;
}

static int
fetch(struct proc *p, struct sub *s, uint64_t at, uint32_t i, bool preview0,
      uint64_t now)
{
    struct wasi_sub_clock c;
    if (preview0) {
        struct wasi_subscription0 in;
        int r = copy_in(p, &in, gptr(at + i * sizeof in), sizeof in);
        if (r < 0)
            return r;
        *s = (struct sub){.userdata = in.userdata, .type = in.tag, .fd = in.fd};
        c = in.clock.clock;
    } else {
        struct wasi_subscription in;
        int r = copy_in(p, &in, gptr(at + i * sizeof in), sizeof in);
        if (r < 0)
            return r;
        *s = (struct sub){.userdata = in.userdata, .type = in.tag, .fd = in.fd};
        c = in.clock;
    }
    if (s->type == WASI_EVENT_CLOCK)
        clock_sub(s, &c, now);
    else if (s->type == WASI_EVENT_FD_READ || s->type == WASI_EVENT_FD_WRITE)
        fd_sub(p, s);
    else
        return -E_INVAL;
    return 0;
}

/* How much can be read: exact for files, else at least one byte. */
static uint64_t
readable(struct proc *p, uint32_t fd)
{
    struct pith_stat st;
    struct file *f = fd_peek(p, (int)fd);
    uint64_t at = f ? f->offset : 0;
    if (f && call_fstat(p, (int)fd, &st) == 0 &&
        (st.mode & PITH_S_IFMT) == PITH_S_IFREG)
        return (uint64_t)st.size > at ? (uint64_t)st.size - at : 0;
    return 1;
}

/* The event of s, if it is due. */
static bool
due(struct proc *p, const struct sub *s, const struct pith_pollfd *pf,
    uint64_t now, struct wasi_event *e)
{
    memset(e, 0, sizeof *e);
    e->userdata = s->userdata;
    e->type = s->type;
    e->error = (uint16_t)s->error;
    if (s->error)
        return true;
    if (s->type == WASI_EVENT_CLOCK)
        return s->deadline <= now;
    int got = pf->revents;
    if (got & PITH_POLLNVAL) {
        e->error = E_BADF;
        return true;
    }
    if (!got)
        return false;
    if (got & (PITH_POLLHUP | PITH_POLLERR))
        e->flags = WASI_EVENT_HANGUP;
    if (s->type == WASI_EVENT_FD_WRITE)
        e->nbytes = got & PITH_POLLOUT ? 1 : 0;
    else if (got & PITH_POLLIN)
        e->nbytes = readable(p, s->fd);
    return true;
}

/* Wait, then store what is due: the number of events, 0 if it was nothing. */
static int
round_(struct proc *p, const struct sub *subs, struct pith_pollfd *fds,
       uint32_t n, uint64_t out)
{
    uint64_t deadline = HOST_FOREVER;
    uint32_t nfds = 0, stored = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct sub *s = &subs[i];
        if (s->error)
            deadline = 0;
        else if (s->type != WASI_EVENT_CLOCK)
            fds[nfds++] = (struct pith_pollfd){
                (int32_t)s->fd,
                s->type == WASI_EVENT_FD_READ ? PITH_POLLIN : PITH_POLLOUT, 0};
        else if (s->deadline < deadline)
            deadline = s->deadline;
    }
    int r = call_poll(p, fds, nfds, deadline, NULL);
    if (r < 0 && r != -E_TIMEDOUT)
        return r;
    uint64_t now = host_mono_ns();
    nfds = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct wasi_event e;
        const struct sub *s = &subs[i];
        bool is_fd = !s->error && s->type != WASI_EVENT_CLOCK;
        if (!due(p, s, is_fd ? &fds[nfds] : NULL, now, &e)) {
            nfds += is_fd;
            continue;
        }
        nfds += is_fd;
        r = copy_out(p, gptr(out + stored * sizeof e), &e, sizeof e);
        if (r < 0)
            return r;
        stored++;
    }
    return (int)stored;
}

static int32_t
poll_oneoff(struct proc *p, const uint64_t *a, bool preview0)
{
    if (a[2] == 0 || a[2] > WASI_MAX_SUBSCRIPTIONS)
        return -E_INVAL;
    uint32_t n = (uint32_t)a[2];
    struct sub *subs = host_alloc(n * sizeof *subs);
    struct pith_pollfd *fds = host_alloc(n * sizeof *fds);
    uint64_t now = proc_deadline(p, 0); /* the same when run again */
    int r = subs && fds ? 0 : -E_NOMEM;
    for (uint32_t i = 0; i < n && r == 0; i++)
        r = fetch(p, &subs[i], a[0], i, preview0, now);
    if (r == 0)
        do
            r = round_(p, subs, fds, n, a[1]);
        while (r == 0);
    host_free(subs);
    host_free(fds);
    return r < 0 ? r : wasi_put32(p, a[3], (uint32_t)r);
}

int64_t
wasi_poll_oneoff(struct proc *p, const uint64_t *a)
{
    return poll_oneoff(p, a, false);
}

int64_t
wasi0_poll_oneoff(struct proc *p, const uint64_t *a)
{
    return poll_oneoff(p, a, true);
}
