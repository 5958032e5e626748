/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP and UDP within the system, over 127.0.0.0/8 and ::1 (and 0.0.0.0 and ::,
 * which stand for it): no packets, each end puts bytes into the other's queue.
 * What is TCP's and UDP's alone is in tcp.c and udp.c; addresses, ports and the
 * `net` grant are in inet.c. For other addresses the host's sockets serve:
 * inet_host.c.
 *
 * IPv4 addresses are kept as IPv4-mapped IPv6 ones, so that a dual-stack socket
 * needs nothing special.
 */
#ifndef KERNEL_INET_H
#define KERNEL_INET_H

#include "cap.h"
#include "socket.h"

struct host_net;

struct inet_addr {
    uint8_t ip[16];
    uint16_t port; /* host order */
};

struct inet_sock {
    struct socket socket; /* first */
    uint32_t refs;        /* the file or accept queue, and the peer */
    struct inet_addr local, remote;
    bool bound;           /* local.port is ours: in the list of ports */
    bool v6only;
    bool dead;            /* closed */
    struct inet_sock *next, *prev; /* bound ones of that port */
    /* TCP */
    struct inet_sock *peer;              /* referenced */
    struct inet_sock *pending, *next_pending; /* to be accepted, in order */
    struct inet_sock *waiting, *next_waiting; /* connecting, backlog full */
    struct inet_sock *target;            /* in whose waiting we are */
    uint32_t npending, backlog;
    /* beyond the system */
    struct host_net *host;               /* or NULL */
    const struct socket_ops *inner_ops;  /* while ops are the host's */
};

static inline struct inet_sock *
as_inet(struct socket *s)
{
    return (struct inet_sock *)s;
}

struct inet_sock *inet_new(const struct socket_ops *ops, int domain, int type,
                           int protocol);
struct inet_sock *inet_ref(struct inet_sock *is);
void inet_unref(struct inet_sock *is);

/* From and to the caller's form. -E_INVAL, -E_AFNOSUPPORT */
int inet_from_name(const struct inet_sock *is, const struct sock_name *n,
                   struct inet_addr *out);
void inet_to_name(const struct inet_sock *is, const struct inet_addr *a,
                  struct sock_name *out);
bool inet_is_any(const struct inet_addr *a);
bool inet_is_loopback(const struct inet_addr *a);
bool inet_is_v4(const struct inet_addr *a); /* mapped */
/* Its own or its peer's address as grants write it. */
void inet_text(struct socket *s, bool peer, char *host, size_t room,
               uint16_t *port);
/*
 * The one place where the net grant is asked for: 0 or -E_NOTCAPABLE. "Any"
 * becomes loopback when it is connected to.
 */
int inet_may(struct proc *p, enum cap_net how, struct inet_addr *a);

/* socket_ops.bind for both. */
int inet_bind(struct socket *s, struct proc *p, const struct sock_name *n);
/* A free port for one that has none; and, when it is bound to "any", the
 * address from which it talks to `to` (NULL: not yet). */
int inet_autobind(struct inet_sock *is, const struct inet_addr *to);
/* Does another socket that has it forbid that is has address a? */
bool inet_port_taken(const struct inet_sock *is, const struct inet_addr *a);
void inet_unbind(struct inet_sock *is);
int inet_name(struct socket *s, bool peer, struct sock_name *out);
int inet_getopt(struct socket *s, int level, int name, void *out,
                uint32_t *len);
int inet_setopt(struct socket *s, int level, int name, int32_t value);

/*
 * Who has that address, of those for which want() holds: bound to it exactly,
 * or else to "any". Borrowed; NULL: nobody.
 */
struct inet_sock *
inet_find(const struct inet_addr *to, int type,
          bool (*want)(const struct inet_sock *is, const void *ctx),
          const void *ctx);

/*
 * inet_host.c. Blocking is the caller's: -E_AGAIN and -E_INPROGRESS, with
 * read_wait and write_wait woken later.
 */
int inet_host_connect(struct inet_sock *is, const struct inet_addr *to);
/* Besides the inner one, when is is bound to more than loopback. */
int inet_host_listen(struct inet_sock *is, int backlog);
int inet_host_accept(struct inet_sock *is, struct socket **out);
int inet_host_bind_udp(struct inet_sock *is);
int64_t inet_host_send_udp(struct inet_sock *is, struct uio *u,
                           const struct inet_addr *to);
int64_t inet_host_recv_udp(struct inet_sock *is, struct uio *u, bool peek,
                           struct call_msg *m, uint32_t *full);
int inet_host_poll(struct inet_sock *is); /* PITH_POLLIN or 0 */
void inet_host_close(struct inet_sock *is); /* fine without one */

int tcp_create(int domain, struct socket **out);
int udp_create(int domain, struct socket **out);

#endif
