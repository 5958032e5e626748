/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UDP without packets. As everywhere, a datagram that finds no room at the
 * receiver is lost, and one that finds no receiver is told only to a connected
 * sender, with E_CONNREFUSED at his next call.
 */
#include "inet.h"

#include <string.h>

#include "hostnet.h"

#include "pith_errno.h"

#define UDP_MAX 65507u
#define RESOLVER_PORT 53
#define RESOLVER_MAX 512u

static const struct socket_ops udp_ops;

int
udp_create(int domain, struct socket **out)
{
    struct inet_sock *is = inet_new(&udp_ops, domain, PITH_SOCK_DGRAM, 17);

    if (!is)
        return -E_NOMEM;
    *out = &is->socket;
    return 0;
}

static bool
same(const struct inet_addr *a, const struct inet_addr *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, 16) == 0;
}

/* Would it take something from that address? */
static bool
takes_from(const struct inet_sock *is, const void *from)
{
    return !is->socket.rd_shut &&
           (!is->socket.connected || same(&is->remote, from));
}

/* The host's name server tells nobody anything: who may go anywhere may ask. */
static bool
is_resolver(const struct inet_addr *to)
{
    return to->port == RESOLVER_PORT && inet_is_loopback(to) &&
           host_net_resolves();
}

static int
may_send(struct proc *p, struct inet_addr *to)
{
    if (p && is_resolver(to) && cap_has(p->grants, CAP_NET))
        return 0;
    return inet_may(p, CAP_NET_CONNECT, to);
}

static int
udp_connect(struct socket *s, struct proc *p, const struct sock_name *n)
{
    struct inet_sock *is = as_inet(s);
    struct inet_addr to;
    int r;

    if (n->family == 0) {
        s->connected = false;
        return 0;
    }
    r = inet_from_name(is, n, &to);
    if (r >= 0)
        r = may_send(p, &to);
    if (r >= 0)
        r = inet_autobind(is, inet_is_loopback(&to) ? &to : NULL);
    if (r < 0)
        return r;
    is->remote = to;
    s->connected = true;
    return 0;
}

/* Where a message goes. */
static int
destination(struct inet_sock *is, const struct call_msg *m,
            struct inet_addr *to)
{
    struct sock_name n = {0};
    int r;

    if (!m->name || !m->namelen) {
        if (!is->socket.connected)
            return -E_DESTADDRREQ;
        *to = is->remote;
        return 0;
    }
    n.len = m->namelen;
    memcpy(n.bytes, m->name, n.len);
    r = inet_from_name(is, &n, to);
    if (r >= 0 && !to->port)
        r = -E_INVAL;
    return r < 0 ? r : may_send(proc_current(), to);
}

/* Ask the host's name server; its answer comes at once. */
static int64_t
ask_resolver(struct inet_sock *is, struct uio *u, const struct inet_addr *to)
{
    static const struct pith_ucred nobody;
    uint8_t question[RESOLVER_MAX], answer[RESOLVER_MAX];
    size_t n = u->resid < sizeof question ? u->resid : sizeof question;
    struct sock_name name;
    struct sock_msg *msg;
    struct uio_seg seg;
    struct uio from;
    int64_t got = uio_get(u, question, n);
    int r;

    if (got < 0)
        return got;
    r = host_net_resolve(question, (size_t)got, answer, sizeof answer);
    if (r <= 0 || sock_queue_space(&is->socket.in, is->socket.rcvbuf) <
                      (uint32_t)r + sizeof *msg)
        return got; /* lost, as datagrams are */
    inet_to_name(is, to, &name);
    uio_kernel(&from, &seg, answer, (size_t)r);
    r = sock_msg_create(&from, (uint32_t)r, NULL, 0, &nobody, &name, &msg);
    if (r < 0)
        return r;
    sock_queue_put(&is->socket.in, msg);
    wake(&is->socket.read_wait);
    return got;
}

static int64_t
udp_send(struct socket *s, struct uio *u, struct call_msg *m)
{
    struct inet_sock *is = as_inet(s), *receiver;
    struct inet_addr to, from;
    struct pith_ucred sender = {0};
    size_t n = u->resid;
    struct sock_name name;
    struct sock_msg *msg;
    int r;

    if (m->nfiles)
        return -E_INVAL;
    if (s->wr_shut)
        return -E_PIPE;
    if (s->error)
        return socket_take_error(s);
    if (n > UDP_MAX)
        return -E_MSGSIZE;
    r = destination(is, m, &to);
    if (r < 0)
        return r;
    if (!inet_is_loopback(&to))
        return inet_host_send_udp(is, u, &to);
    r = inet_autobind(is, NULL);
    if (r < 0)
        return r;
    if (is_resolver(&to))
        return ask_resolver(is, u, &to);
    from = is->local;
    if (inet_is_any(&from)) {
        struct inet_addr a = to; /* loopback of the same kind */

        a.ip[13] = a.ip[14] = 0;
        a.ip[15] = 1;
        memcpy(from.ip, a.ip, 16);
    }
    receiver = inet_find(&to, PITH_SOCK_DGRAM, takes_from, &from);
    if (!receiver) {
        if (s->connected)
            s->error = E_CONNREFUSED;
        return (int64_t)n;
    }
    inet_to_name(receiver, &from, &name);
    r = sock_msg_create(u, (uint32_t)n, NULL, 0, &sender, &name, &msg);
    if (r < 0)
        return r;
    if (receiver->socket.in.first &&
        sock_queue_space(&receiver->socket.in, receiver->socket.rcvbuf) <
            n + sizeof *msg) {
        sock_msg_destroy(msg);
        return (int64_t)n;
    }
    sock_queue_put(&receiver->socket.in, msg);
    if (receiver->socket.read_wait.first)
        wake(&receiver->socket.read_wait);
    return (int64_t)n;
}

static int64_t
udp_recv(struct socket *s, struct uio *u, uint32_t flags, struct call_msg *m,
         uint32_t *full)
{
    if (s->error)
        return socket_take_error(s);
    if (!s->in.first && s->rd_shut)
        return 0;
    if (!s->in.first)
        return inet_host_recv_udp(as_inet(s), u, (flags & PITH_MSG_PEEK) != 0,
                                  m, full);
    return sock_queue_read_record(&s->in, u, (flags & PITH_MSG_PEEK) != 0, m,
                                  full);
}

static int
udp_poll(struct socket *s)
{
    int events = PITH_POLLOUT | inet_host_poll(as_inet(s));

    if (s->in.first || s->rd_shut)
        events |= PITH_POLLIN;
    return events;
}

static int
udp_shutdown(struct socket *s, int how)
{
    if (!s->connected)
        return -E_NOTCONN;
    if (how != PITH_SHUT_WR)
        s->rd_shut = true;
    if (how != PITH_SHUT_RD)
        s->wr_shut = true;
    wake(&s->read_wait);
    return 0;
}

static void
udp_release(struct socket *s)
{
    struct inet_sock *is = as_inet(s);

    inet_unbind(is);
    inet_host_close(is);
    is->dead = true;
    sock_queue_clear(&s->in);
    inet_unref(is);
}

static const struct socket_ops udp_ops = {
    .bind = inet_bind,
    .connect = udp_connect,
    .send = udp_send,
    .recv = udp_recv,
    .name = inet_name,
    .poll = udp_poll,
    .shutdown = udp_shutdown,
    .release = udp_release,
    .getopt = inet_getopt,
    .setopt = inet_setopt,
};
