/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page has no sockets: what is beyond the system cannot be reached, and no
 * socket of the host's ever exists.
 */
#include "hostnet.h"

#include "pith_errno.h"

int
host_net_open(bool stream, bool v6, void *owner, struct host_net **out)
{
    (void)stream, (void)v6, (void)owner;
    *out = NULL;
    return -E_NETUNREACH;
}

void
host_net_close(struct host_net *n)
{
    (void)n;
}

int
host_net_bind(struct host_net *n, const struct inet_addr *a, bool shared)
{
    (void)n, (void)a, (void)shared;
    return -E_NETUNREACH;
}

int
host_net_listen(struct host_net *n, int backlog)
{
    (void)n, (void)backlog;
    return -E_NETUNREACH;
}

int
host_net_accept(struct host_net *n, void *owner, struct host_net **out)
{
    (void)n, (void)owner, (void)out;
    return -E_NETUNREACH;
}

int
host_net_connect(struct host_net *n, const struct inet_addr *a)
{
    (void)n, (void)a;
    return -E_NETUNREACH;
}

int
host_net_error(struct host_net *n)
{
    (void)n;
    return -E_NETUNREACH;
}

int64_t
host_net_send(struct host_net *n, const void *buf, size_t len,
              const struct inet_addr *to)
{
    (void)n, (void)buf, (void)len, (void)to;
    return -E_NETUNREACH;
}

int64_t
host_net_recv(struct host_net *n, void *buf, size_t room, bool peek,
              struct inet_addr *from)
{
    (void)n, (void)buf, (void)room, (void)peek, (void)from;
    return -E_NETUNREACH;
}

int
host_net_name(struct host_net *n, bool peer, struct inet_addr *out)
{
    (void)n, (void)peer, (void)out;
    return -E_NETUNREACH;
}

int
host_net_shutdown(struct host_net *n, int how)
{
    (void)n, (void)how;
    return -E_NETUNREACH;
}

int
host_net_setopt(struct host_net *n, int level, int name, int32_t value)
{
    (void)n, (void)level, (void)name, (void)value;
    return -E_NETUNREACH;
}

int
host_net_poll(struct host_net *n)
{
    (void)n;
    return 0;
}

int
host_net_watch(struct host_net *n, int events)
{
    (void)n, (void)events;
    return -E_NETUNREACH;
}
