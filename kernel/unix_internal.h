/* SPDX-License-Identifier: Apache-2.0 */
/* What unix.c (lifetime, data) and unix_name.c (names, connecting) share. */
#ifndef KERNEL_UNIX_INTERNAL_H
#define KERNEL_UNIX_INTERNAL_H

#include "unix.h"

static inline struct unix_sock *
as_unix(struct socket *s)
{
    return (struct unix_sock *)s;
}

/* unix.c */
struct unix_sock *unix_new(int type); /* refs = 1; NULL: no memory */
struct unix_sock *unix_ref(struct unix_sock *us);
void unix_unref(struct unix_sock *us); /* NULL is fine */
void unix_join(struct unix_sock *a, struct unix_sock *b);
/* us->socket.write_wait is woken when target has room. */
void unix_wait_for_room(struct unix_sock *us, struct unix_sock *target);
/* There is room in target's queue or backlog. The caller references it. */
void unix_wake_waiters(struct unix_sock *target);

/* unix_name.c: socket_ops */
int unix_bind(struct socket *s, struct proc *p, const struct sock_name *n);
int unix_name(struct socket *s, bool peer, struct sock_name *out);
int unix_listen(struct socket *s, struct proc *p, int backlog);
int unix_accept(struct socket *s, struct socket **out);
int unix_connect(struct socket *s, struct proc *p, const struct sock_name *n);
/* Who is at that name? Referenced. */
int unix_find(struct proc *p, const struct sock_name *n, int type,
              struct unix_sock **out);
/* A datagram socket's other end (taken over), or NULL: none any more. */
void unix_set_peer(struct unix_sock *us, struct unix_sock *peer);
/* A socket that is connected to one takes datagrams from that one only. */
bool unix_may_send(const struct unix_sock *us, const struct unix_sock *to);

#endif
