/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unix sockets (unix.h).
 *
 *   client ---- peer ----> embryo     made by connect, waits in the listener's
 *          <--- peer -----            queue until accept gives it a file
 *
 * Each end of a connection references the other. When one closes, the other is
 * shut in both directions but keeps the reference, to a dead socket without
 * content. Who finds the other's queue (or backlog) full becomes its waiter and
 * is woken through its own write_wait, so that poll needs no foreign queues.
 */
#include "unix_internal.h"

#include <string.h>

#include "ipc.h"
#include "pith_errno.h"
#include "vfs.h"

struct unix_sock *unix_first;
static const struct socket_ops unix_ops;

struct unix_sock *
unix_of(const struct file *f)
{
    struct socket *s = socket_of(f);

    return s && s->ops == &unix_ops ? as_unix(s) : NULL;
}

/* ---- lifetime ------------------------------------------------------- */

struct unix_sock *
unix_new(int type)
{
    struct unix_sock *us = host_alloc(sizeof *us);

    if (!us)
        return NULL;
    socket_init(&us->socket, &unix_ops, PITH_AF_UNIX, type, 0);
    us->refs = 1;
    us->next = unix_first;
    if (us->next)
        us->next->prev = us;
    unix_first = us;
    ipc_count.unix_sockets++;
    ipc_count.bytes += sizeof *us;
    return us;
}

struct unix_sock *
unix_ref(struct unix_sock *us)
{
    us->refs++;
    return us;
}

void
unix_unref(struct unix_sock *us)
{
    if (!us || --us->refs)
        return;
    if (us->prev)
        us->prev->next = us->next;
    else
        unix_first = us->next;
    if (us->next)
        us->next->prev = us->prev;
    ipc_count.unix_sockets--;
    ipc_count.bytes -= sizeof *us;
    host_free(us);
}

int
unix_create(int type, struct socket **out)
{
    struct unix_sock *us;

    if (type != PITH_SOCK_STREAM && type != PITH_SOCK_DGRAM &&
        type != PITH_SOCK_SEQPACKET)
        return -E_PROTONOSUPPORT;
    us = unix_new(type);
    if (!us)
        return -E_NOMEM;
    *out = &us->socket;
    return 0;
}

void
unix_join(struct unix_sock *a, struct unix_sock *b)
{
    a->peer = unix_ref(b);
    b->peer = unix_ref(a);
    a->socket.connected = b->socket.connected = true;
}

int
unix_pair(int type, struct socket **a, struct socket **b)
{
    int r = unix_create(type, a);

    if (r < 0)
        return r;
    r = unix_create(type, b);
    if (r < 0) {
        (*a)->ops->release(*a);
        return r;
    }
    unix_join(as_unix(*a), as_unix(*b));
    as_unix(*a)->peer_cred = as_unix(*b)->peer_cred = socket_sender();
    return 0;
}

/* ---- waiting for another socket's queue ----------------------------- */

static void
wait_no_more(struct unix_sock *us)
{
    struct unix_sock *target = us->waiting_for, **at;

    if (!target)
        return;
    for (at = &target->waiters; *at != us; at = &(*at)->next_waiter)
        ;
    *at = us->next_waiter;
    us->waiting_for = NULL;
    unix_unref(target);
}

void
unix_wait_for_room(struct unix_sock *us, struct unix_sock *target)
{
    if (us->waiting_for == target || us == target)
        return;
    wait_no_more(us);
    us->waiting_for = unix_ref(target);
    us->next_waiter = target->waiters;
    target->waiters = us;
}

void
unix_wake_waiters(struct unix_sock *target)
{
    struct unix_sock *us;

    while ((us = target->waiters) != NULL) {
        target->waiters = us->next_waiter;
        us->waiting_for = NULL;
        wake(&us->socket.write_wait);
        unix_unref(target);
    }
    if (target->peer && target->peer->socket.write_wait.first)
        wake(&target->peer->socket.write_wait);
}

/* ---- the end -------------------------------------------------------- */

static void
unbind(struct unix_sock *us)
{
    us->bound = false;
    if (us->inode) {
        us->inode->special = NULL;
        inode_unref(us->inode);
        us->inode = NULL;
    }
}

static void
wake_both(struct socket *s)
{
    wake(&s->read_wait);
    wake(&s->write_wait);
}

/* The other end of us is gone; lost: with data of ours unread. */
static void
peer_closed(struct unix_sock *us, bool lost)
{
    us->socket.rd_shut = us->socket.wr_shut = true;
    if (lost)
        us->socket.error = E_CONNRESET;
    wake_both(&us->socket);
}

static void
unix_close(struct unix_sock *us, bool embryo)
{
    struct unix_sock *peer = us->peer, *e;

    us->dead = true;
    us->socket.listening = false;
    unbind(us);
    wait_no_more(us);
    us->peer = NULL;
    if (peer) {
        if (us->socket.type != PITH_SOCK_DGRAM)
            peer_closed(peer, embryo || us->socket.in.first);
        unix_unref(peer);
    }
    while ((e = us->pending) != NULL) {
        us->pending = e->next_pending;
        us->npending--;
        unix_close(e, true);
    }
    unix_wake_waiters(us);
    wake_both(&us->socket);
    sock_queue_clear(&us->socket.in); /* may block, hence last */
    unix_unref(us);
}

static void
unix_release(struct socket *s)
{
    unix_close(as_unix(s), false);
    unix_collect_later();
}

/* ---- data ----------------------------------------------------------- */

static int64_t
send_stream(struct unix_sock *us, struct uio *u, struct call_msg *m)
{
    struct unix_sock *to = us->peer;
    struct pith_ucred sender = socket_sender();
    uint32_t space, n;
    int64_t r;

    if (!u->resid && !m->nfiles)
        return 0;
    space = sock_queue_space(&to->socket.in, to->socket.rcvbuf);
    if (!space)
        return -E_AGAIN;
    n = u->resid < space ? (uint32_t)u->resid : space;
    if (!n)
        return 0; /* files go with at least one byte */
    r = sock_queue_append(&to->socket.in, u, n, m->files, m->nfiles, &sender);
    if (r > 0 && to->socket.read_wait.first)
        wake(&to->socket.read_wait);
    return r;
}

/* Put one message into to's queue, or become its waiter. */
static int64_t
send_record(struct unix_sock *us, struct unix_sock *to, struct uio *u,
            struct call_msg *m)
{
    struct sock_queue *q = &to->socket.in;
    struct pith_ucred sender = socket_sender();
    size_t n = u->resid;
    struct sock_msg *msg;
    int r;

    if (n > us->socket.sndbuf)
        return -E_MSGSIZE;
    /* An empty queue takes one of any size. */
    if (q->first && sock_queue_space(q, to->socket.rcvbuf) < n + sizeof *msg) {
        unix_wait_for_room(us, to);
        return -E_AGAIN;
    }
    r = sock_msg_create(u, (uint32_t)n, m->files, m->nfiles, &sender,
                        us->name.len ? &us->name : NULL, &msg);
    if (r < 0)
        return r;
    sock_queue_put(q, msg);
    if (to->socket.read_wait.first)
        wake(&to->socket.read_wait);
    return (int64_t)n;
}

static int64_t
send_datagram(struct unix_sock *us, struct uio *u, struct call_msg *m)
{
    struct unix_sock *to = us->peer;
    struct sock_name n = {0};
    int64_t r;

    if (m->name && m->namelen) {
        n.len = m->namelen;
        memcpy(n.bytes, m->name, n.len);
        r = unix_find(proc_current(), &n, PITH_SOCK_DGRAM, &to);
        if (r < 0)
            return r;
    } else if (to) {
        unix_ref(to);
    } else {
        return -E_NOTCONN;
    }
    if (to->dead) {
        r = -E_CONNREFUSED;
        if (to == us->peer)
            unix_set_peer(us, NULL);
    } else if (!unix_may_send(us, to)) {
        r = -E_PERM;
    } else if (to->socket.rd_shut) {
        r = -E_PIPE;
    } else {
        r = send_record(us, to, u, m);
    }
    unix_unref(to);
    return r;
}

static int64_t
unix_send(struct socket *s, struct uio *u, struct call_msg *m)
{
    struct unix_sock *us = as_unix(s);
    struct unix_sock *to = us->peer;

    if (s->wr_shut)
        return -E_PIPE;
    if (s->type == PITH_SOCK_DGRAM)
        return send_datagram(us, u, m);
    if (m->name && m->namelen)
        return s->connected ? -E_ISCONN : -E_NOTSUP;
    if (!s->connected || !to)
        return -E_NOTCONN;
    if (to->dead || to->socket.rd_shut)
        return -E_PIPE;
    return s->type == PITH_SOCK_STREAM ? send_stream(us, u, m)
                                       : send_record(us, to, u, m);
}

static int64_t
unix_recv(struct socket *s, struct uio *u, uint32_t flags, struct call_msg *m,
          uint32_t *full)
{
    struct unix_sock *us = as_unix(s);
    bool peek = (flags & PITH_MSG_PEEK) != 0;
    int64_t r;

    if (s->type != PITH_SOCK_DGRAM && !s->connected)
        return s->listening ? -E_INVAL : -E_NOTCONN;
    if (!s->in.first) {
        if (s->error)
            return socket_take_error(s);
        return s->rd_shut ? 0 : -E_AGAIN;
    }
    unix_ref(us); /* dropping files may close us */
    if (s->type == PITH_SOCK_STREAM) {
        r = sock_queue_read(&s->in, u, peek, m);
        m->namelen = 0;
    } else {
        r = sock_queue_read_record(&s->in, u, peek, m, full);
    }
    if (!peek)
        unix_wake_waiters(us);
    unix_unref(us);
    return r;
}

static int
unix_poll(struct socket *s)
{
    struct unix_sock *us = as_unix(s), *to = us->peer;
    bool full = false;
    int events = 0;

    if (s->in.first || us->pending || s->rd_shut)
        events |= PITH_POLLIN;
    if (s->rd_shut)
        events |= PITH_POLLRDHUP;
    if (s->rd_shut && s->wr_shut)
        events |= PITH_POLLHUP;
    if (s->type != PITH_SOCK_DGRAM && !s->connected && !s->listening)
        events |= PITH_POLLHUP;
    if (to && !to->dead && to->socket.in.first)
        full = sock_queue_space(&to->socket.in, to->socket.rcvbuf) <
               to->socket.rcvbuf / 4;
    if (full && s->type == PITH_SOCK_DGRAM)
        unix_wait_for_room(us, to);
    if (!full && !s->listening)
        events |= PITH_POLLOUT;
    return events;
}

static int
unix_shutdown(struct socket *s, int how)
{
    struct unix_sock *us = as_unix(s), *to = us->peer;
    bool rd = how != PITH_SHUT_WR, wr = how != PITH_SHUT_RD;

    if (s->type != PITH_SOCK_DGRAM && !s->connected)
        return -E_NOTCONN;
    s->rd_shut |= rd;
    s->wr_shut |= wr;
    wake_both(s);
    if (to && s->type != PITH_SOCK_DGRAM) {
        to->socket.wr_shut |= rd;
        to->socket.rd_shut |= wr;
        wake_both(&to->socket);
    }
    unix_wake_waiters(us);
    return 0;
}

int
unix_peer_cred(struct socket *s, struct pith_ucred *out)
{
    if (s->ops != &unix_ops)
        return -E_NOPROTOOPT;
    *out = as_unix(s)->peer_cred;
    return 0;
}

static const struct socket_ops unix_ops = {
    .bind = unix_bind,
    .listen = unix_listen,
    .accept = unix_accept,
    .connect = unix_connect,
    .send = unix_send,
    .recv = unix_recv,
    .name = unix_name,
    .poll = unix_poll,
    .shutdown = unix_shutdown,
    .release = unix_release,
};
