/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets (socket.h): blocking, time-outs, and the open file that a socket is.
 * The calls are in socket_call.c.
 */
#include "socket.h"

#include <string.h>

#include "pith_errno.h"
#include "unix.h"

static uint64_t next_ino = 1;

void
socket_init(struct socket *s, const struct socket_ops *ops, int domain,
            int type, int protocol)
{
    s->ops = ops;
    s->domain = domain;
    s->type = type;
    s->protocol = protocol;
    s->rcvbuf = s->sndbuf = SOCK_BUF_DEFAULT;
    wait_queue_init(&s->read_wait);
    wait_queue_init(&s->write_wait);
}

bool
socket_is_record(const struct socket *s)
{
    return s->type != PITH_SOCK_STREAM;
}

int
socket_take_error(struct socket *s)
{
    int error = s->error;

    s->error = 0;
    return -error;
}

struct pith_ucred
socket_sender(void)
{
    struct proc *p = proc_current();
    struct pith_ucred cred = {0};

    if (p) {
        cred.pid = p->pid;
        cred.uid = p->cred.euid;
        cred.gid = p->cred.egid;
    }
    return cred;
}

/* ---- one transfer --------------------------------------------------- */

uint64_t
socket_deadline(uint64_t timeout_ns)
{
    return timeout_ns ? host_mono_ns() + timeout_ns : HOST_FOREVER;
}

/* Sleep; a time-out is -E_AGAIN, as SO_RCVTIMEO has it. */
int
socket_wait(struct wait_queue *q, uint64_t deadline_ns)
{
    int r = wait_on(q, deadline_ns);

    return r == -E_TIMEDOUT ? -E_AGAIN : r;
}

static int64_t
send_all(struct socket *s, struct uio *u, bool nonblock, struct call_msg *m)
{
    uint64_t deadline = socket_deadline(s->sndtimeo_ns);
    int64_t done = 0, r;
    bool sent = false;

    for (;;) {
        r = s->ops->send(s, u, m);
        if (r >= 0) {
            done += r;
            sent = true;
            m->nfiles = 0; /* they went with the first piece */
            if (socket_is_record(s) || !u->resid)
                break;
            continue;
        }
        if (r != -E_AGAIN || nonblock)
            break;
        r = socket_wait(&s->write_wait, deadline);
        if (r < 0)
            break;
    }
    return sent && done ? done : r < 0 ? r : done;
}

int64_t
socket_recv(struct socket *s, struct uio *u, uint32_t flags, bool nonblock,
            struct call_msg *m)
{
    uint64_t deadline = socket_deadline(s->rcvtimeo_ns);
    bool all = (flags & PITH_MSG_WAITALL) && !socket_is_record(s) &&
               !(flags & PITH_MSG_PEEK);
    int64_t done = 0, r;

    for (;;) {
        uint32_t full = 0;

        r = s->ops->recv(s, u, flags, m, &full);
        if (r > 0)
            done += r;
        if (r >= 0 && (flags & PITH_MSG_TRUNC) && socket_is_record(s))
            return full;
        if (r == 0 || (r > 0 && (!all || !u->resid || m->nfiles)))
            break;
        if (r > 0)
            continue;
        if (r != -E_AGAIN || nonblock)
            break;
        r = socket_wait(&s->read_wait, deadline);
        if (r < 0)
            break;
    }
    return done ? done : r;
}

/* ---- the open file -------------------------------------------------- */

static int64_t
socket_read(struct file *f, struct uio *u)
{
    struct call_msg m = {0};

    if (!u->resid)
        return 0;
    return socket_recv(f->data, u, 0, (f->flags & PITH_O_NONBLOCK) != 0, &m);
}

int64_t
socket_send(struct file *f, struct uio *u, uint32_t flags, struct call_msg *m)
{
    struct socket *s = f->data;
    bool nonblock = (f->flags & PITH_O_NONBLOCK) || (flags & PITH_MSG_DONTWAIT);
    int64_t r = send_all(s, u, nonblock, m);

    if (r == -E_PIPE && !(flags & PITH_MSG_NOSIGNAL) &&
        s->type != PITH_SOCK_DGRAM && proc_current())
        signal_send(proc_current(), PITH_SIGPIPE);
    return r;
}

static int64_t
socket_write(struct file *f, struct uio *u)
{
    struct call_msg m = {0};

    return socket_send(f, u, 0, &m);
}

static int
socket_poll(struct file *f, struct poll_waiter *w)
{
    struct socket *s = f->data;
    int r = poll_wait(w, &s->read_wait);

    if (r >= 0)
        r = poll_wait(w, &s->write_wait);
    if (r < 0)
        return r;
    r = s->ops->poll(s);
    return s->error ? r | PITH_POLLERR : r;
}

static int
socket_ioctl(struct file *f, struct proc *p, uint32_t req, struct gptr arg)
{
    struct socket *s = f->data;
    uint64_t n = s->in.bytes;
    int32_t value;

    if (req == PITH_TIOCOUTQ)
        n = 0; /* what is sent is in the other's queue at once */
    else if (req != PITH_FIONREAD)
        return -E_NOTTY;
    else if (socket_is_record(s))
        n = s->in.first ? s->in.first->len : 0;
    value = n > INT32_MAX ? INT32_MAX : (int32_t)n;
    return copy_out(p, arg, &value, sizeof value);
}

static int
socket_stat(struct file *f, struct pith_stat *out)
{
    struct socket *s = f->data;

    memset(out, 0, sizeof *out);
    out->ino = s->ino;
    out->mode = PITH_S_IFSOCK | 0777;
    out->nlink = 1;
    out->blksize = 4096;
    return 0;
}

static void
socket_release(struct file *f)
{
    struct socket *s = f->data;

    s->file = NULL;
    s->ops->release(s);
}

static const struct file_ops socket_ops = {
    .name = "socket",
    .read = socket_read,
    .write = socket_write,
    .ioctl = socket_ioctl,
    .poll = socket_poll,
    .stat = socket_stat,
    .release = socket_release,
};

int
socket_file(struct socket *s, uint32_t flags, struct file **out)
{
    struct file *f;

    f = file_create(&socket_ops, NULL,
                    PITH_O_RDWR | (flags & PITH_SOCK_NONBLOCK), s);
    if (!f)
        return -E_NOMEM;
    s->file = f;
    s->ino = next_ino++;
    *out = f;
    return 0;
}

struct socket *
socket_of(const struct file *f)
{
    return f->ops == &socket_ops ? f->data : NULL;
}
