/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's sockets (kernel/hostnet.h). They are ours alone, so they are made
 * non-blocking. A watch is a task that waits for the descriptor, at most one a
 * direction; closing shuts the socket down first, which wakes them all, and the
 * last one closes the descriptor.
 */
#define _GNU_SOURCE
#include "hostnet.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host.h"
#include "hosterr.h"
#include "inet.h"
#include "ipc.h"
#include "pith_errno.h"
#include "posix.h"

struct host_net {
    int fd;
    bool v6, stream, closed;
    bool watched[2]; /* for input, for output */
    uint32_t refs;   /* the kernel, and watches */
    void *owner;
};

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

static socklen_t
to_host(const struct host_net *n, const struct inet_addr *a, union address *out)
{
    memset(out, 0, sizeof *out);
    if (n->v6) {
        out->in6.sin6_family = AF_INET6;
        out->in6.sin6_port = htons(a->port);
        memcpy(&out->in6.sin6_addr, a->ip, 16);
        return sizeof out->in6;
    }
    out->in.sin_family = AF_INET;
    out->in.sin_port = htons(a->port);
    memcpy(&out->in.sin_addr, a->ip + 12, 4);
    return sizeof out->in;
}

static void
from_host(const union address *a, struct inet_addr *out)
{
    memset(out, 0, sizeof *out);
    if (a->any.sa_family == AF_INET6) {
        out->port = ntohs(a->in6.sin6_port);
        memcpy(out->ip, &a->in6.sin6_addr, 16);
        return;
    }
    out->port = ntohs(a->in.sin_port);
    out->ip[10] = out->ip[11] = 0xff;
    memcpy(out->ip + 12, &a->in.sin_addr, 4);
}

static int
wrap(int fd, bool stream, bool v6, void *owner, struct host_net **out)
{
    struct host_net *n = host_alloc(sizeof *n);

    if (!n) {
        close(fd);
        return -E_NOMEM;
    }
    n->fd = fd;
    n->stream = stream;
    n->v6 = v6;
    n->refs = 1;
    n->owner = owner;
    ipc_count.host_sockets++;
    *out = n;
    return 0;
}

int
host_net_open(bool stream, bool v6, void *owner, struct host_net **out)
{
    int type = stream ? SOCK_STREAM : SOCK_DGRAM;
    int fd =
        socket(v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return errno == EAFNOSUPPORT || errno == EPERM || errno == EACCES
                   ? -E_NETUNREACH
                   : host_error(errno);
    return wrap(fd, stream, v6, owner, out);
}

static void
unref(struct host_net *n)
{
    if (--n->refs)
        return;
    posix_fd_forget(n->fd);
    close(n->fd);
    ipc_count.host_sockets--;
    host_free(n);
}

void
host_net_close(struct host_net *n)
{
    if (!n)
        return;
    n->closed = true;
    if (n->refs > 1)
        shutdown(n->fd, SHUT_RDWR);
    unref(n);
}

int
host_net_bind(struct host_net *n, const struct inet_addr *a, bool shared)
{
    union address addr;
    socklen_t len = to_host(n, a, &addr);
    int on = 1;

    /* As usual for servers; for datagrams only when asked for. */
    if (n->stream || shared)
        setsockopt(n->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return bind(n->fd, &addr.any, len) < 0 ? host_error(errno) : 0;
}

int
host_net_listen(struct host_net *n, int backlog)
{
    return listen(n->fd, backlog) < 0 ? host_error(errno) : 0;
}

int
host_net_accept(struct host_net *n, void *owner, struct host_net **out)
{
    int fd = accept4(n->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    return fd < 0 ? host_error(errno) : wrap(fd, true, n->v6, owner, out);
}

int
host_net_connect(struct host_net *n, const struct inet_addr *a)
{
    union address addr;
    socklen_t len = to_host(n, a, &addr);

    return connect(n->fd, &addr.any, len) < 0 ? host_error(errno) : 0;
}

int
host_net_error(struct host_net *n)
{
    socklen_t len = sizeof(int);
    int error = 0;

    if (getsockopt(n->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    return error ? host_error(error) : 0;
}

int64_t
host_net_send(struct host_net *n, const void *buf, size_t len,
              const struct inet_addr *to)
{
    union address addr;
    socklen_t alen = to ? to_host(n, to, &addr) : 0;
    ssize_t r;

    do
        r = sendto(n->fd, buf, len, MSG_NOSIGNAL, to ? &addr.any : NULL, alen);
    while (r < 0 && errno == EINTR);
    return r < 0 ? host_error(errno) : r;
}

int64_t
host_net_recv(struct host_net *n, void *buf, size_t room, bool peek,
              struct inet_addr *from)
{
    union address addr;
    socklen_t alen = sizeof addr;
    int flags = peek ? MSG_PEEK : 0;
    ssize_t r;

    if (!n->stream)
        flags |= MSG_TRUNC;
    do
        r = recvfrom(n->fd, buf, room, flags, &addr.any, &alen);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return host_error(errno);
    if (from && !n->stream)
        from_host(&addr, from);
    return r;
}

int
host_net_name(struct host_net *n, bool peer, struct inet_addr *out)
{
    union address addr;
    socklen_t len = sizeof addr;

    if ((peer ? getpeername : getsockname)(n->fd, &addr.any, &len) < 0)
        return host_error(errno);
    from_host(&addr, out);
    return 0;
}

int
host_net_shutdown(struct host_net *n, int how)
{
    /* The numbers are the host's. */
    return shutdown(n->fd, how) < 0 ? host_error(errno) : 0;
}

int
host_net_setopt(struct host_net *n, int level, int name, int32_t value)
{
    int v = value, r;

    if (level == PITH_IPPROTO_TCP && name == PITH_TCP_NODELAY)
        r = setsockopt(n->fd, IPPROTO_TCP, TCP_NODELAY, &v, sizeof v);
    else if (level == PITH_SOL_SOCKET && name == PITH_SO_KEEPALIVE)
        r = setsockopt(n->fd, SOL_SOCKET, SO_KEEPALIVE, &v, sizeof v);
    else if (level == PITH_SOL_SOCKET && name == PITH_SO_BROADCAST)
        r = setsockopt(n->fd, SOL_SOCKET, SO_BROADCAST, &v, sizeof v);
    else
        return -E_NOPROTOOPT;
    return r < 0 ? host_error(errno) : 0;
}

int
host_net_poll(struct host_net *n)
{
    struct pollfd p = {.fd = n->fd, .events = POLLIN | POLLOUT | POLLRDHUP};

    return poll(&p, 1, 0) > 0 ? p.revents : 0; /* the numbers are the host's */
}

/* ---- watching --------------------------------------------------------- */

struct watch {
    struct host_net *n;
    int direction; /* 0 input, 1 output */
};

static void
watch_task(void *arg)
{
    struct watch w = *(struct watch *)arg;
    int r;

    host_free(arg);
    do
        r = posix_fd_wait(w.n->fd, w.direction ? POLLOUT : POLLIN | POLLRDHUP,
                          HOST_FOREVER);
    while (r == -E_INTR);
    w.n->watched[w.direction] = false;
    if (!w.n->closed)
        host_net_ready(w.n->owner);
    unref(w.n);
    host_task_exit();
}

static int
watch(struct host_net *n, int direction)
{
    struct host_task *task;
    struct watch *arg;
    int r;

    if (n->watched[direction])
        return 0;
    arg = host_alloc(sizeof *arg);
    if (!arg)
        return -E_NOMEM;
    arg->n = n;
    arg->direction = direction;
    r = host_task_create(&task, watch_task, arg, 0);
    if (r < 0) {
        host_free(arg);
        return r;
    }
    n->refs++;
    n->watched[direction] = true;
    return 0;
}

int
host_net_watch(struct host_net *n, int events)
{
    int r = events & PITH_POLLIN ? watch(n, 0) : 0;

    return r >= 0 && (events & PITH_POLLOUT) ? watch(n, 1) : r;
}

/* Names are the business of a name server that the program asks. */
bool
host_net_resolves(void)
{
    return false;
}

int
host_net_resolve(const void *question, size_t n, void *answer, size_t room)
{
    (void)question, (void)n, (void)answer, (void)room;
    return -E_INVAL;
}

bool
host_net_named(const struct inet_addr *a, char *name, size_t room)
{
    (void)a, (void)name, (void)room;
    return false;
}
