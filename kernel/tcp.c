/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP without packets: a connection is two sockets that put bytes into each
 * other's queue. connect makes the accepting end at once; when the listener's
 * backlog is full it is made later, as accept makes room (so a non-blocking
 * connect is E_INPROGRESS only then).
 */
#include "inet.h"

#include <string.h>

#include "pith_errno.h"

static const struct socket_ops tcp_ops;

int
tcp_create(int domain, struct socket **out)
{
    struct inet_sock *is =
        inet_new(&tcp_ops, domain, PITH_SOCK_STREAM, PITH_IPPROTO_TCP);

    if (!is)
        return -E_NOMEM;
    *out = &is->socket;
    return 0;
}

static void
wake_both(struct socket *s)
{
    wake(&s->read_wait);
    wake(&s->write_wait);
}

/* ---- connecting ----------------------------------------------------- */

static bool
is_listening(const struct inet_sock *is, const void *ctx)
{
    (void)ctx;
    return is->socket.listening;
}

/* The accepting end of c's connection, into the listener's queue. */
static int
establish(struct inet_sock *c, struct inet_sock *listener)
{
    struct inet_sock *e, **at;

    e = inet_new(&tcp_ops, listener->socket.domain, PITH_SOCK_STREAM,
                 PITH_IPPROTO_TCP);
    if (!e)
        return -E_NOMEM;
    e->local = c->remote;
    e->remote = c->local;
    e->socket.rcvbuf = listener->socket.rcvbuf;
    e->socket.nodelay = listener->socket.nodelay;
    e->socket.keepalive = listener->socket.keepalive;
    e->peer = inet_ref(c);
    c->peer = inet_ref(e);
    e->socket.connected = c->socket.connected = true;
    for (at = &listener->pending; *at; at = &(*at)->next_pending)
        ;
    *at = e;
    listener->npending++;
    wake(&listener->socket.read_wait);
    return 0;
}

static void
join_waiting(struct inet_sock *c, struct inet_sock *listener)
{
    struct inet_sock **at;

    c->socket.connecting = true;
    c->target = listener;
    for (at = &listener->waiting; *at; at = &(*at)->next_waiting)
        ;
    *at = c;
}

static void
leave_waiting(struct inet_sock *c)
{
    struct inet_sock **at;

    if (!c->target)
        return;
    for (at = &c->target->waiting; *at != c; at = &(*at)->next_waiting)
        ;
    *at = c->next_waiting;
    c->next_waiting = c->target = NULL;
    c->socket.connecting = false;
}

static int
tcp_connect(struct socket *s, struct proc *p, const struct sock_name *n)
{
    struct inet_sock *is = as_inet(s), *listener;
    struct inet_addr to;
    int r;

    if (s->connecting)
        return -E_ALREADY;
    if (s->connected || s->listening)
        return -E_ISCONN;
    r = inet_from_name(is, n, &to);
    if (r >= 0)
        r = inet_may(p, CAP_NET_CONNECT, &to);
    if (r < 0)
        return r;
    if (!inet_is_loopback(&to))
        return inet_host_connect(is, &to);
    listener = inet_find(&to, PITH_SOCK_STREAM, is_listening, NULL);
    if (!listener || listener == is)
        return -E_CONNREFUSED;
    r = inet_autobind(is, &to);
    if (r < 0)
        return r;
    is->remote = to;
    if (listener->npending > listener->backlog) {
        join_waiting(is, listener);
        return -E_INPROGRESS;
    }
    return establish(is, listener);
}

static int
tcp_listen(struct socket *s, struct proc *p, int backlog)
{
    struct inet_sock *is = as_inet(s);
    struct inet_addr a = is->local;
    struct sock_name n;
    int r;

    if (s->connected || s->connecting)
        return -E_INVAL;
    if (!is->bound) {
        inet_to_name(is, &a, &n);
        r = inet_bind(s, p, &n);
        if (r < 0)
            return r;
    }
    if (!s->listening && inet_port_taken(is, &is->local))
        return -E_ADDRINUSE; /* two may be bound, but one listens */
    r = inet_host_listen(is, backlog);
    if (r < 0)
        return r;
    is->backlog = (uint32_t)backlog;
    s->listening = true;
    return 0;
}

static int
tcp_accept(struct socket *s, struct socket **out)
{
    struct inet_sock *is = as_inet(s), *e = is->pending, *c;

    if (!s->listening)
        return -E_INVAL;
    if (!e)
        return inet_host_accept(is, out);
    is->pending = e->next_pending;
    is->npending--;
    c = is->waiting;
    if (c) {
        leave_waiting(c);
        c->socket.error = -establish(c, is);
        wake_both(&c->socket);
    }
    *out = &e->socket;
    return 0;
}

/* ---- data ----------------------------------------------------------- */

static int64_t
tcp_send(struct socket *s, struct uio *u, struct call_msg *m)
{
    static const struct pith_ucred nobody;
    struct inet_sock *is = as_inet(s), *to = is->peer;
    uint32_t space, n;
    int64_t r;

    if (m->nfiles)
        return -E_INVAL;
    if (s->wr_shut)
        return -E_PIPE;
    if (s->error)
        return socket_take_error(s);
    if (!s->connected)
        return s->connecting ? -E_AGAIN : -E_NOTCONN;
    if (!to || to->dead)
        return -E_PIPE;
    if (!u->resid)
        return 0;
    space = sock_queue_space(&to->socket.in, to->socket.rcvbuf);
    if (!space)
        return -E_AGAIN;
    n = u->resid < space ? (uint32_t)u->resid : space;
    r = sock_queue_append(&to->socket.in, u, n, NULL, 0, &nobody);
    if (to->socket.rd_shut)
        sock_queue_clear(&to->socket.in); /* nobody will read it */
    else if (r > 0 && to->socket.read_wait.first)
        wake(&to->socket.read_wait);
    return r;
}

static int64_t
tcp_recv(struct socket *s, struct uio *u, uint32_t flags, struct call_msg *m,
         uint32_t *full)
{
    struct inet_sock *is = as_inet(s);
    bool peek = (flags & PITH_MSG_PEEK) != 0;
    int64_t r;

    (void)full;
    m->namelen = 0;
    if (!s->connected)
        return s->error        ? socket_take_error(s)
               : s->connecting ? -E_AGAIN
                               : -E_NOTCONN;
    if (!s->in.first) {
        if (s->error)
            return socket_take_error(s);
        return s->rd_shut ? 0 : -E_AGAIN;
    }
    r = sock_queue_read(&s->in, u, peek, m);
    if (r > 0 && !peek && is->peer && is->peer->socket.write_wait.first)
        wake(&is->peer->socket.write_wait);
    return r;
}

static int
tcp_poll(struct socket *s)
{
    struct inet_sock *is = as_inet(s), *to = is->peer;
    bool full = false;
    int events = 0;

    if (s->connecting)
        return 0;
    if (s->listening)
        events |= inet_host_poll(is);
    if (s->in.first || is->pending || s->rd_shut)
        events |= PITH_POLLIN;
    if (s->rd_shut)
        events |= PITH_POLLRDHUP;
    if ((s->rd_shut && s->wr_shut) || (!s->connected && !s->listening))
        events |= PITH_POLLHUP;
    if (to && !to->dead && to->socket.in.first)
        full = sock_queue_space(&to->socket.in, to->socket.rcvbuf) <
               to->socket.rcvbuf / 4;
    if (!full && !s->listening)
        events |= PITH_POLLOUT;
    return events;
}

/* ---- the end -------------------------------------------------------- */

static int
tcp_shutdown(struct socket *s, int how)
{
    struct inet_sock *is = as_inet(s);

    if (!s->connected)
        return -E_NOTCONN;
    if (how != PITH_SHUT_WR) {
        s->rd_shut = true;
        sock_queue_clear(&s->in);
        if (is->peer)
            wake(&is->peer->socket.write_wait);
    }
    if (how != PITH_SHUT_RD) {
        s->wr_shut = true;
        if (is->peer) {
            is->peer->socket.rd_shut = true;
            wake_both(&is->peer->socket);
        }
    }
    wake_both(s);
    return 0;
}

static void
tcp_close(struct inet_sock *is, bool reset)
{
    struct inet_sock *peer = is->peer, *e;

    is->dead = true;
    is->socket.listening = false;
    inet_unbind(is);
    inet_host_close(is);
    leave_waiting(is);
    is->peer = NULL;
    if (peer) {
        if (reset || is->socket.in.first)
            peer->socket.error = E_CONNRESET;
        peer->socket.rd_shut = peer->socket.wr_shut = true;
        wake_both(&peer->socket);
        inet_unref(peer);
    }
    while ((e = is->waiting) != NULL) {
        leave_waiting(e);
        e->socket.error = E_CONNREFUSED;
        wake_both(&e->socket);
    }
    while ((e = is->pending) != NULL) {
        is->pending = e->next_pending;
        tcp_close(e, true);
    }
    sock_queue_clear(&is->socket.in);
    inet_unref(is);
}

static void
tcp_release(struct socket *s)
{
    tcp_close(as_inet(s), false);
}

static const struct socket_ops tcp_ops = {
    .bind = inet_bind,
    .listen = tcp_listen,
    .accept = tcp_accept,
    .connect = tcp_connect,
    .send = tcp_send,
    .recv = tcp_recv,
    .name = inet_name,
    .poll = tcp_poll,
    .shutdown = tcp_shutdown,
    .release = tcp_release,
    .getopt = inet_getopt,
    .setopt = inet_setopt,
};
