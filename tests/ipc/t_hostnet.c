/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP and UDP between the system and the world, which is here the host's own
 * sockets: non-blocking ones, asked again until they answer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc_test.h"

/* An IPv4 address of this machine other than loopback. */
static bool
own_address(uint8_t ip[4])
{
    struct ifaddrs *all, *i;
    bool found = false;

    if (getifaddrs(&all) < 0)
        return false;
    for (i = all; i && !found; i = i->ifa_next) {
        struct sockaddr_in in;

        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET)
            continue;
        memcpy(&in, i->ifa_addr, sizeof in);
        memcpy(ip, &in.sin_addr, 4);
        found = ip[0] != 127;
    }
    freeifaddrs(all);
    return found;
}

/* A host socket, bound to ip and some port of the host's choice. */
static int
world(int type, const uint8_t ip[4], uint16_t *port)
{
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof a;

    memcpy(&a.sin_addr, ip, 4);
    CHECK(fd >= 0);
    CHECK_EQ(bind(fd, (struct sockaddr *)&a, len), 0);
    getsockname(fd, (struct sockaddr *)&a, &len);
    *port = ntohs(a.sin_port);
    return fd;
}

/* A free port of the host: nobody else's a moment ago. */
static uint16_t
free_port(int type)
{
    static const uint8_t any[4];
    uint16_t port;

    close(world(type, any, &port));
    return port;
}

static struct pith_sockaddr_in
addr(const uint8_t ip[4], uint16_t port)
{
    struct pith_sockaddr_in a = {PITH_AF_INET,
                                 {(uint8_t)(port >> 8), (uint8_t)port},
                                 {ip[0], ip[1], ip[2], ip[3]},
                                 {0}};

    return a;
}

static int
tcp(void)
{
    return call_socket(ME, PITH_AF_INET, PITH_SOCK_STREAM, 0);
}

static void
connect_out(void)
{
    struct pith_sockaddr_in a, name;
    int l, w, fd = tcp();
    uint32_t len = sizeof name;
    static char big[300000];
    uint8_t ip[4];
    uint16_t port;
    size_t got = 0;
    char buf[16];

    if (!own_address(ip)) {
        skip("this machine has no address but loopback");
        return;
    }
    l = world(SOCK_STREAM, ip, &port);
    listen(l, 5);
    a = addr(ip, port);
    CHECK_EQ(call_connect(ME, fd, &a, sizeof a), 0);
    CHECK_EQ(call_connect(ME, fd, &a, sizeof a), -E_ISCONN);
    w = accept4(l, NULL, NULL, SOCK_NONBLOCK);
    CHECK(w >= 0);
    CHECK_EQ(call_getsockname(ME, fd, &name, &len, true), 0);
    CHECK_EQ(memcmp(&name, &a, sizeof a), 0);
    CHECK_EQ(send(w, "from out there", 14, 0), 14);
    CHECK_BYTES(buf, rd(fd, buf, sizeof buf), "from out there");
    CHECK_EQ(rcv(fd, buf, 1, PITH_MSG_DONTWAIT), -E_AGAIN);
    CHECK_EQ(poll1(fd, PITH_POLLIN | PITH_POLLOUT, 0), PITH_POLLOUT);
    /* more than fits: it waits, and goes on when the world reads */
    nonblock(fd, true);
    while (got < 3000000) {
        int64_t n = wr(fd, big, sizeof big);

        if (n > 0)
            got += (size_t)n;
        else if (read(w, big, sizeof big) <= 0)
            break;
    }
    CHECK(got >= 3000000);
    nonblock(fd, false);
    close(w);
    UNTIL(poll1(fd, PITH_POLLIN, 0) & PITH_POLLIN);
    close(l);
    fd = tcp();
    CHECK_EQ(call_connect(ME, fd, &a, sizeof a), -E_CONNREFUSED);
}

static int
read_world(void *arg)
{
    char buf[16];

    return (int)rd(*(int *)arg, buf, sizeof buf);
}

static void
wait_for_world(void)
{
    struct pith_sockaddr_in a;
    int l, w, fd = tcp();
    struct proc *p;
    uint8_t ip[4];
    uint16_t port;

    if (!own_address(ip)) {
        skip("this machine has no address but loopback");
        return;
    }
    l = world(SOCK_STREAM, ip, &port);
    listen(l, 5);
    a = addr(ip, port);
    CHECK_EQ(call_connect(ME, fd, &a, sizeof a), 0);
    w = accept4(l, NULL, NULL, 0);
    p = actor_start(read_world, &fd);
    actor_settle(p);
    CHECK_EQ(send(w, "abc", 3, 0), 3);
    CHECK_EQ(actor_wait(p), 3 << 8);
    p = actor_start(read_world, &fd);
    actor_settle(p);
    call_kill(ME, p->pid, PITH_SIGKILL);
    CHECK_EQ(actor_wait(p), PITH_SIGKILL);
    close(w);
    CHECK_EQ(poll1(fd, PITH_POLLIN, -1) & PITH_POLLIN, PITH_POLLIN);
    close(l);
}

/* Listening on any address listens to both worlds. */
static void
listen_to_both(void)
{
    static const uint8_t any[4], loop[4] = {127, 0, 0, 1};
    uint16_t port = free_port(SOCK_STREAM);
    struct pith_sockaddr_in a = addr(any, port), peer;
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(port)};
    uint32_t len = sizeof peer;
    int l = tcp(), fd, inner, w;
    char buf[16];

    memcpy(&from.sin_addr, loop, 4);
    CHECK_EQ(call_bind(ME, l, &a, sizeof a), 0);
    CHECK_EQ(call_listen(ME, l, 5), 0);
    nonblock(l, true);
    CHECK_EQ(call_accept(ME, l, NULL, NULL, 0), -E_AGAIN);
    w = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(connect(w, (struct sockaddr *)&from, sizeof from), 0);
    CHECK_EQ(poll1(l, PITH_POLLIN, 60000), PITH_POLLIN);
    fd = call_accept(ME, l, &peer, &len, 0);
    CHECK(fd >= 0);
    CHECK_EQ(peer.addr[0], 127);
    wrs(fd, "hi");
    CHECK_EQ(recv(w, buf, sizeof buf, 0), 2);
    call_close(ME, fd);
    CHECK_EQ(recv(w, buf, sizeof buf, 0), 0);
    close(w);
    /* and from in here */
    inner = tcp();
    a = addr(loop, port);
    CHECK_EQ(call_connect(ME, inner, &a, sizeof a), 0);
    fd = call_accept(ME, l, NULL, NULL, 0);
    CHECK(fd >= 0);
    call_close(ME, l);
    w = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(connect(w, (struct sockaddr *)&from, sizeof from), -1);
    CHECK_EQ(errno, ECONNREFUSED);
    close(w);
}

/* Only loopback: nothing to be seen from outside. */
static void
inner_only(void)
{
    static const uint8_t loop[4] = {127, 0, 0, 1};
    uint16_t port = free_port(SOCK_STREAM);
    struct pith_sockaddr_in a = addr(loop, port);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int l = tcp(), w = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(&to.sin_addr, loop, 4);
    CHECK_EQ(call_bind(ME, l, &a, sizeof a), 0);
    CHECK_EQ(call_listen(ME, l, 5), 0);
    CHECK_EQ(connect(w, (struct sockaddr *)&to, sizeof to), -1);
    close(w);
    /* nor does our loopback lead to the host's */
    w = world(SOCK_STREAM, loop, &port);
    listen(w, 5);
    a = addr(loop, port);
    CHECK_EQ(call_connect(ME, tcp(), &a, sizeof a), -E_CONNREFUSED);
    close(w);
}

static void
not_granted(void)
{
    static const uint8_t other[4] = {198, 51, 100, 7};
    struct pith_sockaddr_in a = addr(other, 80);
    struct grants *all = ME->grants;

    ME->grants = grants_create();
    CHECK_EQ(grants_add(ME->grants, "net connect 127.0.0.1", 21, NULL), 0);
    CHECK_EQ(call_connect(ME, tcp(), &a, sizeof a), -E_NOTCAPABLE);
    grants_unref(ME->grants);
    ME->grants = all;
    a = addr(other, 8080);
    {
        int fd = tcp(); /* not an address of this machine */

        CHECK_EQ(call_bind(ME, fd, &a, sizeof a), 0);
        CHECK_EQ(call_listen(ME, fd, 1), -E_ADDRNOTAVAIL);
    }
}

static void
datagrams(void)
{
    static const uint8_t any[4], loop[4] = {127, 0, 0, 1};
    uint16_t port = free_port(SOCK_DGRAM), out_port;
    struct pith_sockaddr_in a = addr(any, port), from;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct call_msg m = {.name = &from, .namelen = sizeof from};
    int fd = call_socket(ME, PITH_AF_INET, PITH_SOCK_DGRAM, 0), w;
    struct uio_seg seg;
    struct uio u;
    char buf[16];

    memcpy(&to.sin_addr, loop, 4);
    CHECK_EQ(call_bind(ME, fd, &a, sizeof a), 0);
    w = world(SOCK_DGRAM, loop, &out_port);
    CHECK_EQ(sendto(w, "ping", 4, 0, (struct sockaddr *)&to, sizeof to), 4);
    CHECK_EQ(poll1(fd, PITH_POLLIN, 60000), PITH_POLLIN);
    uio_kernel(&u, &seg, buf, sizeof buf);
    CHECK_BYTES(buf, call_recv(ME, fd, &u, 0, &m), "ping");
    CHECK_EQ(from.port[0] << 8 | from.port[1], out_port);
    nonblock(fd, true);
    CHECK_EQ(rd(fd, buf, 1), -E_AGAIN);
    close(w);
}

static void
datagrams_out(void)
{
    int fd = call_socket(ME, PITH_AF_INET, PITH_SOCK_DGRAM, 0), w;
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    struct pith_sockaddr_in a;
    uint8_t ip[4];
    uint16_t port;
    char buf[16];

    if (!own_address(ip)) {
        skip("this machine has no address but loopback");
        return;
    }
    w = world(SOCK_DGRAM, ip, &port);
    a = addr(ip, port);
    CHECK_EQ(call_connect(ME, fd, &a, sizeof a), 0);
    CHECK_EQ(wrs(fd, "query"), 5);
    CHECK_EQ(recvfrom(w, buf, sizeof buf, 0, (struct sockaddr *)&from, &len),
             5);
    CHECK_EQ(sendto(w, "answer", 6, 0, (struct sockaddr *)&from, len), 6);
    CHECK_BYTES(buf, rd(fd, buf, sizeof buf), "answer");
    close(w);
}

const struct test_case hostnet_cases[] = CASES(
    {"host net: connect out", connect_out},
    {"host net: waiting", wait_for_world},
    {"host net: listen to both", listen_to_both},
    {"host net: loopback is our own", inner_only},
    {"host net: not granted", not_granted}, {"host net: datagrams", datagrams},
    {"host net: datagrams out", datagrams_out}, );
