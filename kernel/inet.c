/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and ports of TCP and UDP sockets; see inet.h. */
#include "inet.h"

#include <string.h>

#include "hostnet.h"
#include "ipc.h"
#include "lib.h"
#include "proc.h"
#include "pith_errno.h"

#define EPHEMERAL_FIRST 32768u
#define EPHEMERAL_COUNT 28232u
#define IPPROTO_IPV6_LEVEL 41
#define IPV6_V6ONLY_OPT 26
#define IPPROTO_UDP_NUMBER 17

/* Who has a port, by port: a hostile program may take them all. */
#define PORT_HASH 512u
static struct inet_sock *ports[PORT_HASH];
static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
static const uint8_t zero[16];

int
inet_create(int domain, int type, int protocol, struct socket **out)
{
    if (type == PITH_SOCK_STREAM &&
        (protocol == 0 || protocol == PITH_IPPROTO_TCP))
        return tcp_create(domain, out);
    if (type == PITH_SOCK_DGRAM &&
        (protocol == 0 || protocol == IPPROTO_UDP_NUMBER))
        return udp_create(domain, out);
    return -E_PROTONOSUPPORT;
}

static void
set_any(const struct inet_sock *is, struct inet_addr *a)
{
    memset(a, 0, sizeof *a);
    if (is->socket.domain == PITH_AF_INET)
        memcpy(a->ip, mapped, sizeof mapped);
}

struct inet_sock *
inet_new(const struct socket_ops *ops, int domain, int type, int protocol)
{
    struct inet_sock *is = host_alloc(sizeof *is);

    if (!is)
        return NULL;
    socket_init(&is->socket, ops, domain, type, protocol);
    is->refs = 1;
    set_any(is, &is->local);
    set_any(is, &is->remote);
    ipc_count.inet_sockets++;
    ipc_count.bytes += sizeof *is;
    return is;
}

struct inet_sock *
inet_ref(struct inet_sock *is)
{
    is->refs++;
    return is;
}

void
inet_unref(struct inet_sock *is)
{
    if (!is || --is->refs)
        return;
    ipc_count.inet_sockets--;
    ipc_count.bytes -= sizeof *is;
    host_free(is);
}

/* ---- addresses ------------------------------------------------------ */

bool
inet_is_v4(const struct inet_addr *a)
{
    return memcmp(a->ip, mapped, sizeof mapped) == 0;
}

bool
inet_is_any(const struct inet_addr *a)
{
    return memcmp(a->ip, zero, 16) == 0 ||
           (inet_is_v4(a) && memcmp(a->ip + 12, zero, 4) == 0);
}

bool
inet_is_loopback(const struct inet_addr *a)
{
    if (inet_is_v4(a))
        return a->ip[12] == 127;
    return memcmp(a->ip, zero, 15) == 0 && a->ip[15] == 1;
}

static void
any_to_loopback(struct inet_addr *a)
{
    if (!inet_is_any(a))
        return;
    if (inet_is_v4(a))
        a->ip[12] = 127;
    a->ip[15] = 1;
}

int
inet_from_name(const struct inet_sock *is, const struct sock_name *n,
               struct inet_addr *out)
{
    if (n->family != is->socket.domain)
        return -E_AFNOSUPPORT;
    if (n->family == PITH_AF_INET) {
        if (n->len < sizeof n->in)
            return -E_INVAL;
        memcpy(out->ip, mapped, sizeof mapped);
        memcpy(out->ip + 12, n->in.addr, 4);
    } else {
        if (n->len < offsetof(struct pith_sockaddr_in6, scope))
            return -E_INVAL;
        memcpy(out->ip, n->in6.addr, 16);
    }
    out->port = (uint16_t)(n->in.port[0] << 8 | n->in.port[1]);
    return 0;
}

void
inet_to_name(const struct inet_sock *is, const struct inet_addr *a,
             struct sock_name *out)
{
    memset(out, 0, sizeof *out);
    out->family = (uint16_t)is->socket.domain;
    out->in.port[0] = (uint8_t)(a->port >> 8);
    out->in.port[1] = (uint8_t)a->port;
    if (is->socket.domain == PITH_AF_INET) {
        memcpy(out->in.addr, a->ip + 12, 4);
        out->len = sizeof out->in;
    } else {
        memcpy(out->in6.addr, a->ip, 16);
        out->len = sizeof out->in6;
    }
}

int
inet_name(struct socket *s, bool peer, struct sock_name *out)
{
    struct inet_sock *is = as_inet(s);

    if (peer && !s->connected)
        return -E_NOTCONN;
    inet_to_name(is, peer ? &is->remote : &is->local, out);
    return 0;
}

/* As text, the way grants are written: 127.0.0.1, ::1, 2001:db8:0:0:0:0:0:1. */
static void
address_text(const struct inet_addr *a, char *out, size_t room)
{
    struct text t = {out, room, 0};
    int i;

    if (inet_is_v4(a)) {
        text_add(&t, "%u.%u.%u.%u", a->ip[12], a->ip[13], a->ip[14], a->ip[15]);
        return;
    }
    if (memcmp(a->ip, zero, 15) == 0) {
        text_add(&t, a->ip[15] ? "::%x" : "::", a->ip[15]);
        return;
    }
    for (i = 0; i < 16; i += 2)
        text_add(&t, i ? ":%x" : "%x",
                 (unsigned)(a->ip[i] << 8 | a->ip[i + 1]));
}

void
inet_text(struct socket *s, bool peer, char *host, size_t room,
          uint16_t *port)
{
    const struct inet_sock *is = as_inet(s);
    const struct inet_addr *a = peer ? &is->remote : &is->local;

    address_text(a, host, room);
    *port = a->port;
}

int
inet_may(struct proc *p, enum cap_net how, struct inet_addr *a)
{
    char text[256];

    if (how == CAP_NET_CONNECT)
        any_to_loopback(a);
    if (!host_net_named(a, text, sizeof text))
        address_text(a, text, sizeof text);
    return p ? cap_check_net(p, how, text, a->port) : 0;
}

/* ---- ports ---------------------------------------------------------- */

/* Would a socket at a and one at b hear the same? */
static bool
overlap(const struct inet_sock *x, const struct inet_addr *a,
        const struct inet_sock *y, const struct inet_addr *b)
{
    bool a6 = memcmp(a->ip, zero, 16) == 0, b6 = memcmp(b->ip, zero, 16) == 0;

    if (a->port != b->port)
        return false;
    if (a6 && inet_is_v4(b))
        return !x->v6only;
    if (b6 && inet_is_v4(a))
        return !y->v6only;
    if (inet_is_v4(a) != inet_is_v4(b))
        return false;
    return inet_is_any(a) || inet_is_any(b) || memcmp(a->ip, b->ip, 16) == 0;
}

bool
inet_port_taken(const struct inet_sock *is, const struct inet_addr *a)
{
    const struct inet_sock *o;

    for (o = ports[a->port % PORT_HASH]; o; o = o->next) {
        if (o == is || o->socket.type != is->socket.type ||
            !overlap(is, a, o, &o->local))
            continue;
        if (!is->socket.reuse || !o->socket.reuse || o->socket.listening)
            return true;
    }
    return false;
}

static int
take_port(struct inet_sock *is, const struct inet_addr *a)
{
    struct inet_sock **first;

    if (inet_port_taken(is, a))
        return -E_ADDRINUSE;
    is->local = *a;
    is->bound = true;
    first = &ports[a->port % PORT_HASH];
    is->prev = NULL;
    is->next = *first;
    if (is->next)
        is->next->prev = is;
    *first = is;
    return 0;
}

static int
take_ephemeral(struct inet_sock *is, struct inet_addr *a)
{
    uint32_t first, i;

    host_random(&first, sizeof first);
    for (i = 0; i < EPHEMERAL_COUNT; i++) {
        a->port = (uint16_t)(EPHEMERAL_FIRST +
                             (first % EPHEMERAL_COUNT + i) % EPHEMERAL_COUNT);
        if (take_port(is, a) >= 0)
            return 0;
    }
    return -E_ADDRINUSE;
}

void
inet_unbind(struct inet_sock *is)
{
    if (!is->bound)
        return;
    if (is->prev)
        is->prev->next = is->next;
    else
        ports[is->local.port % PORT_HASH] = is->next;
    if (is->next)
        is->next->prev = is->prev;
    is->next = is->prev = NULL;
    is->bound = false;
}

/* Resolvers ask for what the first send gives to anybody who may send: some
 * port. That is not listening. */
static bool
is_autobind(const struct socket *s, const struct proc *p,
            const struct inet_addr *a)
{
    return s->type == PITH_SOCK_DGRAM && !a->port && inet_is_any(a) && p &&
           cap_has(p->grants, CAP_NET);
}

int
inet_bind(struct socket *s, struct proc *p, const struct sock_name *n)
{
    struct inet_sock *is = as_inet(s);
    struct inet_addr a;
    int r = inet_from_name(is, n, &a);
    uint16_t wanted;

    if (r < 0)
        return r;
    wanted = a.port;
    if (is->bound || s->connected)
        return -E_INVAL;
    r = 0;
    if (!is_autobind(s, p, &a))
        r = inet_may(p, CAP_NET_LISTEN, &a);
    if (r < 0)
        return r;
    r = a.port ? take_port(is, &a) : take_ephemeral(is, &a);
    /* With a port of our choice nobody out there can know it beforehand. */
    if (r >= 0 && s->type == PITH_SOCK_DGRAM && wanted)
        r = inet_host_bind_udp(is);
    if (r < 0)
        inet_unbind(is);
    return r;
}

int
inet_autobind(struct inet_sock *is, const struct inet_addr *to)
{
    struct inet_addr a = is->local;
    int r;

    if (!is->bound) {
        r = take_ephemeral(is, &a);
        if (r < 0)
            return r;
    }
    if (to && inet_is_any(&is->local)) {
        /* One address in here is as good as another: the one talked to. */
        memset(is->local.ip, 0, 16);
        if (inet_is_v4(to))
            memcpy(is->local.ip, mapped, sizeof mapped);
        any_to_loopback(&is->local);
    }
    return 0;
}

struct inet_sock *
inet_find(const struct inet_addr *to, int type,
          bool (*want)(const struct inet_sock *is, const void *ctx),
          const void *ctx)
{
    struct inet_sock *is, *any = NULL;

    for (is = ports[to->port % PORT_HASH]; is; is = is->next) {
        if (is->socket.type != type || is->local.port != to->port ||
            !want(is, ctx))
            continue;
        if (memcmp(is->local.ip, to->ip, 16) == 0)
            return is;
        if (!inet_is_any(&is->local))
            continue;
        if (inet_is_v4(to) ? inet_is_v4(&is->local) || !is->v6only
                           : !inet_is_v4(&is->local))
            any = is;
    }
    return any;
}

/* ---- options -------------------------------------------------------- */

int
inet_getopt(struct socket *s, int level, int name, void *out, uint32_t *len)
{
    int32_t value;

    if (level == PITH_IPPROTO_TCP && name == PITH_TCP_NODELAY &&
        s->type == PITH_SOCK_STREAM)
        value = s->nodelay;
    else if (level == IPPROTO_IPV6_LEVEL && name == IPV6_V6ONLY_OPT &&
             s->domain == PITH_AF_INET6)
        value = as_inet(s)->v6only;
    else
        return -E_NOPROTOOPT;
    if (*len > sizeof value)
        *len = sizeof value;
    memcpy(out, &value, *len);
    return 0;
}

int
inet_setopt(struct socket *s, int level, int name, int32_t value)
{
    if (level == PITH_IPPROTO_TCP && name == PITH_TCP_NODELAY &&
        s->type == PITH_SOCK_STREAM) {
        s->nodelay = value != 0;
        return 0;
    }
    if (level == IPPROTO_IPV6_LEVEL && name == IPV6_V6ONLY_OPT &&
        s->domain == PITH_AF_INET6) {
        if (as_inet(s)->bound)
            return -E_INVAL;
        as_inet(s)->v6only = value != 0;
        return 0;
    }
    return -E_NOPROTOOPT;
}
