/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP and UDP beyond the system, over the host's sockets (hostnet.h).
 *
 *   connect to an address out there   the socket becomes one of the host's: its
 *                                     ops are the ones below from then on
 *   listen on "any", or one of the    a host socket listens too, and accept
 *   host's addresses                  takes from both
 *   UDP out there, or bound to those  a host socket beside the inner one
 *
 * 127.0.0.1 and ::1 always mean this system, never the host it runs on.
 */
#include "hostnet.h"
#include "inet.h"

#include <string.h>

#include "pith_errno.h"

#define PIECE 65536u

static const struct socket_ops host_ops;

static int
open_host(struct inet_sock *is, const struct inet_addr *like)
{
    if (is->host)
        return 0;
    return host_net_open(is->socket.type == PITH_SOCK_STREAM, !inet_is_v4(like),
                         is, &is->host);
}

void
inet_host_close(struct inet_sock *is)
{
    host_net_close(is->host);
    is->host = NULL;
}

static void
pass_options(struct inet_sock *is)
{
    const struct socket *s = &is->socket;

    if (s->nodelay)
        host_net_setopt(is->host, PITH_IPPROTO_TCP, PITH_TCP_NODELAY, 1);
    if (s->keepalive)
        host_net_setopt(is->host, PITH_SOL_SOCKET, PITH_SO_KEEPALIVE, 1);
    if (s->broadcast)
        host_net_setopt(is->host, PITH_SOL_SOCKET, PITH_SO_BROADCAST, 1);
}

/* ---- connecting ------------------------------------------------------- */

static void
connect_ended(struct inet_sock *is, int error)
{
    struct socket *s = &is->socket;

    s->connecting = false;
    if (error < 0) {
        s->error = -error;
        inet_host_close(is);
        s->ops = is->inner_ops; /* it may try again */
    } else {
        s->connected = true;
        host_net_name(is->host, false, &is->local);
    }
}

int
inet_host_connect(struct inet_sock *is, const struct inet_addr *to)
{
    struct socket *s = &is->socket;
    struct inet_addr from = is->local;
    int r = open_host(is, to);

    if (r < 0)
        return r;
    pass_options(is);
    if (is->bound) {
        inet_unbind(is); /* out there the port is the host's to give */
        r = host_net_bind(is->host, &from, s->reuse);
    }
    if (r >= 0)
        r = host_net_connect(is->host, to);
    if (r < 0 && r != -E_INPROGRESS) {
        inet_host_close(is);
        return r;
    }
    is->remote = *to;
    is->inner_ops = s->ops;
    s->ops = &host_ops;
    if (r < 0) {
        s->connecting = true;
        host_net_watch(is->host, PITH_POLLOUT);
        return r;
    }
    connect_ended(is, 0);
    return 0;
}

static int
host_connect(struct socket *s, struct proc *p, const struct sock_name *n)
{
    (void)p;
    (void)n;
    return s->connecting ? -E_ALREADY : -E_ISCONN;
}

void
host_net_ready(void *owner)
{
    struct inet_sock *is = owner;
    struct socket *s = &is->socket;

    if (s->connecting && (host_net_poll(is->host) &
                          (PITH_POLLOUT | PITH_POLLERR | PITH_POLLHUP)))
        connect_ended(is, host_net_error(is->host));
    else if (s->connecting)
        host_net_watch(is->host, PITH_POLLOUT);
    wake(&s->read_wait);
    wake(&s->write_wait);
}

/* ---- a connection ----------------------------------------------------- */

/* -E_AGAIN from the host: have the sleeper woken. */
static int64_t
or_watch(struct inet_sock *is, int64_t r, int events)
{
    int err;

    if (r != -E_AGAIN)
        return r;
    err = host_net_watch(is->host, events);
    return err < 0 ? err : r;
}

static int64_t
host_send(struct socket *s, struct uio *u, struct call_msg *m)
{
    struct inet_sock *is = as_inet(s);
    size_t n = u->resid < PIECE ? u->resid : PIECE;
    struct uio ahead = *u;
    int64_t r;
    void *buf;

    if (m->nfiles)
        return -E_INVAL;
    if (s->wr_shut)
        return -E_PIPE;
    if (s->connecting)
        return -E_AGAIN;
    if (!n)
        return 0;
    buf = host_alloc(n);
    if (!buf)
        return -E_NOMEM;
    r = uio_get(&ahead, buf, n);
    if (r > 0)
        r = or_watch(is, host_net_send(is->host, buf, (size_t)r, NULL),
                     PITH_POLLOUT);
    if (r > 0)
        uio_get(u, buf, (size_t)r); /* so much was taken */
    host_free(buf);
    return r;
}

static int64_t
host_recv(struct socket *s, struct uio *u, uint32_t flags, struct call_msg *m,
          uint32_t *full)
{
    struct inet_sock *is = as_inet(s);
    size_t n = u->resid < PIECE ? u->resid : PIECE;
    int64_t r;
    void *buf;

    (void)full;
    m->namelen = 0;
    if (s->connecting)
        return -E_AGAIN;
    if (s->rd_shut || !n)
        return 0;
    buf = host_alloc(n);
    if (!buf)
        return -E_NOMEM;
    r = or_watch(
        is, host_net_recv(is->host, buf, n, (flags & PITH_MSG_PEEK) != 0, NULL),
        PITH_POLLIN);
    if (r > 0)
        r = uio_put(u, buf, (size_t)r);
    host_free(buf);
    return r;
}

/* What holds of `events`, and a watch for the rest. */
static int
poll_host(struct inet_sock *is)
{
    int now = host_net_poll(is->host);
    int rest = (PITH_POLLIN | PITH_POLLOUT) & ~now;

    if (now & (PITH_POLLHUP | PITH_POLLERR))
        rest = 0; /* would be told at once, again and again */
    if (is->socket.listening || is->socket.type == PITH_SOCK_DGRAM)
        rest &= PITH_POLLIN;
    return rest && host_net_watch(is->host, rest) < 0 ? -E_NOMEM : now;
}

static int
host_poll(struct socket *s)
{
    if (s->connecting)
        return 0;
    return poll_host(as_inet(s)) | (s->rd_shut ? PITH_POLLIN : 0);
}

static int
host_shutdown(struct socket *s, int how)
{
    int r;

    if (!s->connected)
        return -E_NOTCONN;
    r = host_net_shutdown(as_inet(s)->host, how);
    if (r < 0)
        return r;
    s->rd_shut |= how != PITH_SHUT_WR;
    s->wr_shut |= how != PITH_SHUT_RD;
    wake(&s->read_wait);
    wake(&s->write_wait);
    return 0;
}

static void
host_release(struct socket *s)
{
    struct inet_sock *is = as_inet(s);

    inet_host_close(is);
    inet_unbind(is);
    inet_unref(is);
}

static int
host_setopt(struct socket *s, int level, int name, int32_t value)
{
    int r = inet_setopt(s, level, name, value);

    return r < 0 || name != PITH_TCP_NODELAY
               ? r
               : host_net_setopt(as_inet(s)->host, level, name, value);
}

static const struct socket_ops host_ops = {
    .connect = host_connect,
    .send = host_send,
    .recv = host_recv,
    .name = inet_name,
    .poll = host_poll,
    .shutdown = host_shutdown,
    .release = host_release,
    .getopt = inet_getopt,
    .setopt = host_setopt,
};

/* ---- listening -------------------------------------------------------- */

int
inet_host_listen(struct inet_sock *is, int backlog)
{
    bool any = inet_is_any(&is->local);
    int r;

    if (is->host || (!any && inet_is_loopback(&is->local)))
        return is->host ? host_net_listen(is->host, backlog) : 0;
    r = open_host(is, &is->local);
    if (r >= 0)
        r = host_net_bind(is->host, &is->local, is->socket.reuse);
    if (r >= 0)
        r = host_net_listen(is->host, backlog);
    if (r >= 0)
        r = host_net_watch(is->host, PITH_POLLIN);
    if (r < 0)
        inet_host_close(is);
    return r == -E_NETUNREACH && any ? 0 : r; /* no network: in here only */
}

int
inet_host_accept(struct inet_sock *is, struct socket **out)
{
    struct inet_sock *e;
    int r;

    if (!is->host)
        return -E_AGAIN;
    e = inet_new(&host_ops, is->socket.domain, PITH_SOCK_STREAM,
                 PITH_IPPROTO_TCP);
    if (!e)
        return -E_NOMEM;
    r = host_net_accept(is->host, e, &e->host);
    if (r < 0) {
        inet_unref(e);
        return (int)or_watch(is, r, PITH_POLLIN);
    }
    host_net_name(e->host, true, &e->remote);
    host_net_name(e->host, false, &e->local);
    e->socket.connected = true;
    *out = &e->socket;
    return 0;
}

/* ---- datagrams -------------------------------------------------------- */

int
inet_host_bind_udp(struct inet_sock *is)
{
    int r;

    if (inet_is_loopback(&is->local))
        return 0;
    r = open_host(is, &is->local);
    if (r == -E_NETUNREACH && inet_is_any(&is->local))
        return 0;
    if (r >= 0) {
        pass_options(is);
        r = host_net_bind(is->host, &is->local, is->socket.reuse);
    }
    if (r < 0)
        inet_host_close(is);
    return r;
}

int64_t
inet_host_send_udp(struct inet_sock *is, struct uio *u,
                   const struct inet_addr *to)
{
    size_t n = u->resid;
    struct uio ahead = *u;
    int64_t r = open_host(is, to);
    void *buf;

    if (r < 0)
        return r;
    pass_options(is);
    buf = host_alloc(n);
    if (!buf)
        return -E_NOMEM;
    r = n ? uio_get(&ahead, buf, n) : 0;
    if (r >= 0)
        r = or_watch(is, host_net_send(is->host, buf, n, to), PITH_POLLOUT);
    if (r >= 0 && n)
        uio_get(u, buf, n);
    host_free(buf);
    return r;
}

int64_t
inet_host_recv_udp(struct inet_sock *is, struct uio *u, bool peek,
                   struct call_msg *m, uint32_t *full)
{
    size_t room = u->resid < PIECE ? u->resid : PIECE;
    struct inet_addr from = {0};
    struct sock_name name;
    int64_t r, done;
    void *buf;

    if (!is->host)
        return -E_AGAIN;
    buf = host_alloc(room);
    if (!buf)
        return -E_NOMEM;
    do
        r = host_net_recv(is->host, buf, room, peek, &from);
    while (r >= 0 && !peek && is->socket.connected &&
           (from.port != is->remote.port ||
            memcmp(from.ip, is->remote.ip, 16) != 0)); /* not from there */
    r = or_watch(is, r, PITH_POLLIN);
    if (r >= 0) {
        *full = (uint32_t)r;
        if ((uint64_t)r > room)
            m->flags |= PITH_MSG_TRUNC;
        inet_to_name(is, &from, &name);
        if (m->name)
            memcpy(m->name, name.bytes,
                   name.len < m->namelen ? name.len : m->namelen);
        m->namelen = name.len;
        done = (uint64_t)r < room ? r : (int64_t)room;
        r = done ? uio_put(u, buf, (size_t)done) : 0;
    }
    host_free(buf);
    return r;
}

int
inet_host_poll(struct inet_sock *is)
{
    return is->host ? poll_host(is) & PITH_POLLIN : 0;
}
