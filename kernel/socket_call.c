/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket calls of call.h: descriptors, arguments, names. What a transfer
 * does is in socket.c, what a family does in its own file.
 */
#include "socket.h"

#include <string.h>

#include "pith_errno.h"
#include "unix.h"

/* A reference to the file at fd, which is a socket. 0 or -E_. */
static int
get_socket(struct proc *p, int fd, struct file **f, struct socket **s)
{
    int r;

    *f = fd_get(p, fd);
    if (!*f)
        return -E_BADF;
    *s = socket_of(*f);
    if (*s)
        return 0;
    r = cap_is_dead(*f) ? -E_NOTCAPABLE : -E_NOTSOCK;
    file_put(*f);
    return r;
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
    return fd_give(p, f, (flags & PITH_SOCK_CLOEXEC) != 0);
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
    uint64_t deadline = socket_deadline(s->rcvtimeo_ns);
    int r;

    if (!s->ops->accept)
        return -E_NOTSUP;
    while ((r = s->ops->accept(s, out)) == -E_AGAIN &&
           !(f->flags & PITH_O_NONBLOCK)) {
        r = socket_wait(&s->read_wait, deadline);
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
    uint64_t deadline = socket_deadline(s->sndtimeo_ns);
    int r;

    while ((r = s->ops->connect(s, p, n)) == -E_AGAIN && !nonblock) {
        r = socket_wait(&s->write_wait, deadline);
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
        r = socket_send(f, u, flags, m);
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
        r = socket_recv(
            s, u, flags,
            (f->flags & PITH_O_NONBLOCK) || (flags & PITH_MSG_DONTWAIT), m);
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
