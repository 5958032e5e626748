/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poll(): ask each file; when none is ready, register on every queue that may
 * change the answer, and ask again at each wake-up. The files are referenced
 * meanwhile, so that no queue goes away under the sleeper.
 */
#include "poll.h"

#include "call.h"
#include "pith_errno.h"

#define POLL_ALWAYS (PITH_POLLERR | PITH_POLLHUP | PITH_POLLNVAL)
#define POLL_RDNORM 0x40 /* synonyms of POLLIN and POLLOUT for plain data */
#define POLL_WRNORM 0x100

int
poll_file(struct file *f, int events, struct poll_waiter *w)
{
    int now = PITH_POLLIN | PITH_POLLOUT;

    if (f->ops->poll)
        now = f->ops->poll(f, w);
    if (now < 0)
        return now;
    if (now & PITH_POLLIN)
        now |= POLL_RDNORM;
    if (now & PITH_POLLOUT)
        now |= POLL_WRNORM;
    return now & (events | POLL_ALWAYS);
}

/* One round over all; how many are ready, or -E_NOMEM. */
static int
poll_scan(struct file **files, struct pith_pollfd *fds, uint32_t n,
          struct poll_waiter *w)
{
    int ready = 0;
    uint32_t i;

    for (i = 0; i < n; i++) {
        int now = 0;

        if (files[i])
            now = poll_file(files[i], fds[i].events, w);
        else if (fds[i].fd >= 0)
            now = PITH_POLLNVAL;
        if (now < 0)
            return now;
        fds[i].revents = (int16_t)now;
        if (now) {
            ready++;
            w = NULL; /* no sleep will follow */
        }
    }
    return ready;
}

static int
poll_until(struct proc *p, struct file **files, struct pith_pollfd *fds,
           uint32_t n, uint64_t deadline_ns)
{
    int r = poll_scan(files, fds, n, NULL), slept = 0;

    if (r != 0 || deadline_ns <= host_mono_ns())
        return r;
    if (signal_pending(p))
        return -E_INTR;
    while (r == 0) {
        struct poll_waiter *w = poll_waiter_create();

        if (!w)
            return -E_NOMEM;
        r = poll_scan(files, fds, n, w);
        if (r == 0)
            slept = poll_sleep(w, deadline_ns);
        poll_waiter_destroy(w);
        if (r != 0)
            break;
        if (slept == -E_INTR)
            return slept;
        r = poll_scan(files, fds, n, NULL);
        if (slept < 0)
            break;
    }
    return r;
}

int
call_poll(struct proc *p, struct pith_pollfd *fds, uint32_t n,
          uint64_t deadline_ns, const uint64_t *sigmask)
{
    uint64_t old = p->sig.blocked;
    struct file **files = NULL;
    struct file *few[16] = {0};
    uint32_t i;
    int r;

    if (n > p->rlimit[PITH_RLIMIT_NOFILE].cur && n > 1024)
        return -E_INVAL;
    files = few;
    if (n > sizeof few / sizeof few[0]) {
        files = host_alloc(n * sizeof files[0]);
        if (!files)
            return -E_NOMEM;
    }
    for (i = 0; i < n; i++)
        files[i] = fds[i].fd >= 0 ? fd_get(p, fds[i].fd) : NULL;
    if (sigmask)
        p->sig.blocked = *sigmask & ~((1ull << (PITH_SIGKILL - 1)) |
                                      (1ull << (PITH_SIGSTOP - 1)));
    r = poll_until(p, files, fds, n, deadline_ns);
    if (sigmask && r == -E_INTR && signal_pending(p)) {
        /* The handler is to run under the given mask; it goes back after. */
        p->sig.saved_mask = old;
        p->sig.restore_mask = true;
    } else if (sigmask) {
        p->sig.blocked = old;
    }
    for (i = 0; i < n; i++)
        file_put(files[i]);
    if (files != few)
        host_free(files);
    return r;
}
