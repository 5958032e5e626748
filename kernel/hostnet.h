/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network of the host, for addresses beyond the system. A host without one
 * lets host_net_open fail with -E_NETUNREACH; the rest is then never called.
 *
 * Nothing here blocks: what cannot be done now is -E_AGAIN. host_net_watch asks
 * for one host_net_ready (by the kernel) once it can. All under the kernel
 * lock. Addresses as in inet.h. Errors are -E_....
 */
#ifndef KERNEL_HOSTNET_H
#define KERNEL_HOSTNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host_net;
struct inet_addr;

/* A stream or datagram socket, IPv4 or IPv6. owner goes to host_net_ready. */
int host_net_open(bool stream, bool v6, void *owner, struct host_net **out);
/* No host_net_ready comes any more. NULL is fine. */
void host_net_close(struct host_net *n);
/* shared: other sockets may be bound there as well, if they say so too. */
int host_net_bind(struct host_net *n, const struct inet_addr *a, bool shared);
int host_net_listen(struct host_net *n, int backlog);
int host_net_accept(struct host_net *n, void *owner, struct host_net **out);
/* 0, or -E_INPROGRESS: when writable, host_net_error tells how it went. */
int host_net_connect(struct host_net *n, const struct inet_addr *a);
int host_net_error(struct host_net *n); /* 0 or the pending error as -E_ */
/* to: for datagrams, NULL: where it is connected to. */
int64_t host_net_send(struct host_net *n, const void *buf, size_t len,
                      const struct inet_addr *to);
/* A datagram's whole length, which may be over room. from may be NULL. */
int64_t host_net_recv(struct host_net *n, void *buf, size_t room, bool peek,
                      struct inet_addr *from);
int host_net_name(struct host_net *n, bool peer, struct inet_addr *out);
int host_net_shutdown(struct host_net *n, int how); /* PITH_SHUT_* */
/* TCP_NODELAY, SO_KEEPALIVE, SO_BROADCAST, by PITH_ level and name */
int host_net_setopt(struct host_net *n, int level, int name, int32_t value);
int host_net_poll(struct host_net *n); /* PITH_POLL* that hold now */
int host_net_watch(struct host_net *n, int events); /* 0, -E_NOMEM */

/*
 * Names, where the host has a name server of its own: it stands at 127.0.0.1
 * port 53. host_net_resolve answers a question (a DNS message): the answer's
 * length; -E_INVAL: no answer. host_net_named: the name an address was given
 * for; grants are then asked for by it. Hosts without: false.
 */
bool host_net_resolves(void);
int host_net_resolve(const void *question, size_t n, void *answer, size_t room);
bool host_net_named(const struct inet_addr *a, char *name, size_t room);

/* inet_host.c: something that was watched for may be so now. */
void host_net_ready(void *owner);

#endif
