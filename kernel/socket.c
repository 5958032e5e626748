/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets (socket.h): the calls, their arguments, blocking and time-outs, and
 * the open file that a socket is.
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

static uint64_t
deadline_of(uint64_t timeout_ns)
{
    return timeout_ns ? host_mono_ns() + timeout_ns : HOST_FOREVER;
}

/* Sleep; a time-out is -E_AGAIN, as SO_RCVTIMEO has it. */
static int
wait_for(struct wait_queue *q, uint64_t deadline_ns)
{
    int r = wait_on(q, deadline_ns);

    return r == -E_TIMEDOUT ? -E_AGAIN : r;
}

static int64_t
socket_send(struct socket *s, struct uio *u, bool nonblock, struct call_msg *m)
{
    uint64_t deadline = deadline_of(s->sndtimeo_ns);
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
        r = wait_for(&s->write_wait, deadline);
        if (r < 0)
            break;
    }
    return sent && done ? done : r < 0 ? r : done;
}

static int64_t
socket_recv(struct socket *s, struct uio *u, uint32_t flags, bool nonblock,
            struct call_msg *m)
{
    uint64_t deadline = deadline_of(s->rcvtimeo_ns);
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
        r = wait_for(&s->read_wait, deadline);
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

static int64_t
send_or_signal(struct file *f, struct uio *u, uint32_t flags,
               struct call_msg *m)
{
    struct socket *s = f->data;
    bool nonblock =
        (f->flags & PITH_O_NONBLOCK) || (flags & PITH_MSG_DONTWAIT);
    int64_t r = socket_send(s, u, nonblock, m);

    if (r == -E_PIPE && !(flags & PITH_MSG_NOSIGNAL) &&
        s->type != PITH_SOCK_DGRAM && proc_current())
        signal_send(proc_current(), PITH_SIGPIPE);
    return r;
}

static int64_t
socket_write(struct file *f, struct uio *u)
{
    struct call_msg m = {0};

    return send_or_signal(f, u, 0, &m);
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

/* A reference to the file at fd, which is a socket. 0 or -E_. */
static int
get_socket(struct proc *p, int fd, struct file **f, struct socket **s)
{
    *f = fd_get(p, fd);
    if (!*f)
        return -E_BADF;
    *s = socket_of(*f);
    if (*s)
        return 0;
    file_put(*f);
    return -E_NOTSOCK;
}

/* ---- making them ---------------------------------------------------- */

#define TYPE_FLAGS (PITH_SOCK_NONBLOCK | PITH_SOCK_CLOEXEC)

/* Open and install s; releases it on failure. The descriptor, or -E_. */
static int
install(struct proc *p, struct socket *s, uint32_t flags)
{
    struct file *f;
    int r = socket_file(s, flags, &f);

    if (r < 0) {
        s->ops->release(s);
        return r;
    }
    r = fd_install(p, f, 0, (flags & PITH_SOCK_CLOEXEC) != 0);
    if (r < 0)
        file_put(f);
    return r;
}

int
call_socket(struct proc *p, int domain, int type, int protocol)
{
    uint32_t flags = (uint32_t)type & TYPE_FLAGS;
    struct socket *s;
    int r;

    type &= ~TYPE_FLAGS;
    switch (domain) {
    case PITH_AF_UNIX:
        r = protocol == 0 || protocol == PITH_AF_UNIX ? unix_create(type, &s)
                                                      : -E_PROTONOSUPPORT;
        break;
    case PITH_AF_INET:
    case PITH_AF_INET6:
        r = inet_create(domain, type, protocol, &s);
        break;
    default:
        r = -E_AFNOSUPPORT;
    }
    return r < 0 ? r : install(p, s, flags);
}

int
call_socketpair(struct proc *p, int domain, int type, int protocol, int out[2])
{
    uint32_t flags = (uint32_t)type & TYPE_FLAGS;
    struct socket *a, *b;
    int r;

    if (domain != PITH_AF_UNIX)
        return domain == PITH_AF_INET || domain == PITH_AF_INET6
                   ? -E_NOTSUP
                   : -E_AFNOSUPPORT;
    if (protocol != 0 && protocol != PITH_AF_UNIX)
        return -E_PROTONOSUPPORT;
    r = unix_pair(type & ~TYPE_FLAGS, &a, &b);
    if (r < 0)
        return r;
    out[0] = install(p, a, flags);
    if (out[0] < 0) {
        b->ops->release(b);
        return out[0];
    }
    out[1] = install(p, b, flags);
    if (out[1] < 0) {
        fd_close(p, out[0]);
        return out[1];
    }
    return 0;
}

/* ---- names ---------------------------------------------------------- */

static int
name_in(struct sock_name *n, const void *addr, uint32_t len)
{
    memset(n, 0, sizeof *n);
    if (len < sizeof n->family || len > sizeof n->bytes)
        return -E_INVAL;
    memcpy(n->bytes, addr, len);
    n->len = len;
    return 0;
}

/* len: in: room, out: the whole length. Either may be NULL. */
static void
name_out(const struct sock_name *n, void *addr, uint32_t *len)
{
    if (addr && len)
        memcpy(addr, n->bytes, n->len < *len ? n->len : *len);
    if (len)
        *len = n->len;
}

int
call_bind(struct proc *p, int fd, const void *addr, uint32_t len)
{
    struct sock_name n;
    struct socket *s;
    struct file *f;
    int r = get_socket(p, fd, &f, &s);

    if (r < 0)
        return r;
    r = name_in(&n, addr, len);
    if (r >= 0 && n.family != s->domain)
        r = s->domain == PITH_AF_UNIX ? -E_INVAL : -E_AFNOSUPPORT;
    if (r >= 0)
        r = s->ops->bind ? s->ops->bind(s, p, &n) : -E_NOTSUP;
    file_put(f);
    return r;
}

int
call_listen(struct proc *p, int fd, int backlog)
{
    struct socket *s;
    struct file *f;
    int r = get_socket(p, fd, &f, &s);

    if (r < 0)
        return r;
    if (backlog < 1)
        backlog = 1;
    if (backlog > SOCK_BACKLOG_MAX)
        backlog = SOCK_BACKLOG_MAX;
    r = s->ops->listen ? s->ops->listen(s, p, backlog) : -E_NOTSUP;
    file_put(f);
    return r;
}

static int
accept_one(struct file *f, struct socket *s, struct socket **out)
{
    uint64_t deadline = deadline_of(s->rcvtimeo_ns);
    int r;

    if (!s->ops->accept)
        return -E_NOTSUP;
    while ((r = s->ops->accept(s, out)) == -E_AGAIN &&
           !(f->flags & PITH_O_NONBLOCK)) {
        r = wait_for(&s->read_wait, deadline);
        if (r < 0)
            break;
    }
    return r;
}

int
call_accept(struct proc *p, int fd, void *addr, uint32_t *len, uint32_t flags)
{
    struct socket *s, *got;
    struct sock_name n;
    struct file *f;
    int r = get_socket(p, fd, &f, &s);

    if (r < 0)
        return r;
    r = flags & ~(uint32_t)TYPE_FLAGS ? -E_INVAL : accept_one(f, s, &got);
    file_put(f);
    if (r < 0)
        return r;
    memset(&n, 0, sizeof n);
    got->ops->name(got, true, &n);
    r = install(p, got, flags);
    if (r >= 0)
        name_out(&n, addr, len);
    return r;
}

static int
connect_and_wait(struct socket *s, struct proc *p, const struct sock_name *n,
                 bool nonblock)
{
    uint64_t deadline = deadline_of(s->sndtimeo_ns);
    int r;

    while ((r = s->ops->connect(s, p, n)) == -E_AGAIN && !nonblock) {
        r = wait_for(&s->write_wait, deadline);
        if (r < 0)
            return r;
    }
    if ((r != -E_INPROGRESS && r != -E_ALREADY) || nonblock)
        return r;
    while (s->connecting) {
        r = wait_on(&s->write_wait, deadline);
        if (r < 0)
            return r == -E_TIMEDOUT ? -E_INPROGRESS : r;
    }
    return socket_take_error(s);
}

int
call_connect(struct proc *p, int fd, const void *addr, uint32_t len)
{
    struct sock_name n;
    struct socket *s;
    struct file *f;
    int r = get_socket(p, fd, &f, &s);

    if (r < 0)
        return r;
    r = name_in(&n, addr, len);
    if (r >= 0 && n.family != s->domain && n.family != 0)
        r = s->domain == PITH_AF_UNIX ? -E_INVAL : -E_AFNOSUPPORT;
    if (r >= 0 && !s->ops->connect)
        r = -E_NOTSUP;
    if (r >= 0)
        r = connect_and_wait(s, p, &n, (f->flags & PITH_O_NONBLOCK) != 0);
    file_put(f);
    return r;
}

int
call_getsockname(struct proc *p, int fd, void *addr, uint32_t *len, bool peer)
{
    struct sock_name n;
    struct socket *s;
    struct file *f;
    int r = get_socket(p, fd, &f, &s);

    if (r < 0)
        return r;
    memset(&n, 0, sizeof n);
    r = s->ops->name(s, peer, &n);
    if (r >= 0)
        name_out(&n, addr, len);
    file_put(f);
    return r;
}

/* ---- data ----------------------------------------------------------- */

int64_t
call_send(struct proc *p, int fd, struct uio *u, uint32_t flags,
          struct call_msg *m)
{
    struct call_msg none = {0};
    struct socket *s;
    struct file *f;
    int64_t r = get_socket(p, fd, &f, &s);

    if (r < 0)
        return r;
    if (!m)
        m = &none;
    if (flags & PITH_MSG_OOB)
        r = -E_NOTSUP;
    else if (m->name && m->namelen &&
             (m->namelen < sizeof(uint16_t) ||
              m->namelen > sizeof((struct sock_name *)0)->bytes))
        r = -E_INVAL;
    else
        r = send_or_signal(f, u, flags, m);
    file_put(f);
    return r;
}

int64_t
call_recv(struct proc *p, int fd, struct uio *u, uint32_t flags,
          struct call_msg *m)
{
    struct call_msg none = {0};
    struct socket *s;
    struct file *f;
    int64_t r = get_socket(p, fd, &f, &s);

    if (r < 0)
        return r;
    if (!m)
        m = &none;
    m->flags = m->nfiles = 0;
    if (flags & PITH_MSG_OOB)
        r = -E_INVAL;
    else
        r = socket_recv(s, u, flags,
                        (f->flags & PITH_O_NONBLOCK) ||
                            (flags & PITH_MSG_DONTWAIT),
                        m);
    file_put(f);
    return r;
}

int
call_shutdown(struct proc *p, int fd, int how)
{
    struct socket *s;
    struct file *f;
    int r = get_socket(p, fd, &f, &s);

    if (r < 0)
        return r;
    if (how < PITH_SHUT_RD || how > PITH_SHUT_RDWR)
        r = -E_INVAL;
    else
        r = s->ops->shutdown ? s->ops->shutdown(s, how) : -E_NOTSUP;
    file_put(f);
    return r;
}

int
call_getsockopt(struct proc *p, int fd, int level, int name, void *out,
                uint32_t *len)
{
    struct socket *s;
    struct file *f;
    int r = get_socket(p, fd, &f, &s);

    if (r < 0)
        return r;
    if (level == PITH_SOL_SOCKET)
        r = socket_getopt(s, name, out, len);
    else
        r = s->ops->getopt ? s->ops->getopt(s, level, name, out, len)
                           : -E_NOPROTOOPT;
    file_put(f);
    return r;
}

int
call_setsockopt(struct proc *p, int fd, int level, int name, const void *value,
                uint32_t len)
{
    struct socket *s;
    struct file *f;
    int32_t number;
    int r = get_socket(p, fd, &f, &s);

    if (r < 0)
        return r;
    if (level == PITH_SOL_SOCKET) {
        r = socket_setopt(s, name, value, len);
    } else if (len < sizeof number) {
        r = -E_INVAL;
    } else {
        memcpy(&number, value, sizeof number);
        r = s->ops->setopt ? s->ops->setopt(s, level, name, number)
                           : -E_NOPROTOOPT;
    }
    file_put(f);
    return r;
}
