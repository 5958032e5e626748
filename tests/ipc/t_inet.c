/* SPDX-License-Identifier: Apache-2.0 */
/* TCP and UDP within the system. */
#include "ipc_test.h"

#include "cap.h"

static struct pith_sockaddr_in
addr(uint8_t last, uint16_t port)
{
    struct pith_sockaddr_in a = {PITH_AF_INET,
                                 {(uint8_t)(port >> 8), (uint8_t)port},
                                 {127, 0, 0, last},
                                 {0}};

    return a;
}

static uint16_t
port_of(int fd, bool peer)
{
    struct pith_sockaddr_in a;
    uint32_t len = sizeof a;

    CHECK_EQ(call_getsockname(ME, fd, &a, &len, peer), 0);
    CHECK_EQ(len, sizeof a);
    CHECK_EQ(a.family, PITH_AF_INET);
    return (uint16_t)(a.port[0] << 8 | a.port[1]);
}

static int
tcp(void)
{
    int fd = call_socket(ME, PITH_AF_INET, PITH_SOCK_STREAM, 0);

    CHECK(fd >= 0);
    return fd;
}

static int
udp(void)
{
    int fd = call_socket(ME, PITH_AF_INET, PITH_SOCK_DGRAM, 0);

    CHECK(fd >= 0);
    return fd;
}

static int
bind_(int fd, uint8_t last, uint16_t port)
{
    struct pith_sockaddr_in a = addr(last, port);

    if (!last)
        memset(a.addr, 0, 4);
    return call_bind(ME, fd, &a, sizeof a);
}

static int
connect_(int fd, uint8_t last, uint16_t port)
{
    struct pith_sockaddr_in a = addr(last, port);

    return call_connect(ME, fd, &a, sizeof a);
}

static int
listener(uint16_t port, int backlog)
{
    int fd = tcp();

    CHECK_EQ(bind_(fd, 1, port), 0);
    CHECK_EQ(call_listen(ME, fd, backlog), 0);
    return fd;
}

static int
echo(void *arg)
{
    int fd = call_accept(ME, *(int *)arg, NULL, NULL, 0);
    char buf[1000];
    int64_t n;

    while ((n = rd(fd, buf, sizeof buf)) > 0)
        wr(fd, buf, (size_t)n);
    return n == 0 ? 0 : 1;
}

static void
connection(void)
{
    int l = listener(8080, 5), fd = tcp();
    struct proc *p = actor_start(echo, &l);
    char buf[64];

    CHECK_EQ(connect_(fd, 1, 8080), 0);
    CHECK_EQ(port_of(fd, true), 8080);
    CHECK(port_of(fd, false) >= 32768);
    CHECK_EQ(wrs(fd, "over tcp"), 8);
    CHECK_BYTES(buf, rcv(fd, buf, 8, PITH_MSG_WAITALL), "over tcp");
    CHECK_EQ(call_shutdown(ME, fd, PITH_SHUT_WR), 0);
    CHECK_EQ(rd(fd, buf, 1), 0);
    CHECK_EQ(actor_wait(p), 0);
    CHECK_EQ(connect_(fd, 1, 8080), -E_ISCONN);
    call_close(ME, l);
    fd = tcp();
    CHECK_EQ(connect_(fd, 1, 8080), -E_CONNREFUSED);
    CHECK_EQ(connect_(fd, 1, 0), -E_CONNREFUSED);
    CHECK_EQ(wrs(fd, "x"), -E_NOTCONN);
    CHECK_EQ(rd(fd, buf, 1), -E_NOTCONN);
}

static void
accepted_names(void)
{
    struct pith_sockaddr_in from;
    uint32_t len = sizeof from;
    int l = listener(0, 5), fd = tcp(), a;
    uint16_t port = port_of(l, false);

    CHECK(port >= 32768);
    CHECK_EQ(connect_(fd, 1, port), 0);
    a = call_accept(ME, l, &from, &len, 0);
    CHECK(a >= 0);
    CHECK_EQ(from.port[0] << 8 | from.port[1], port_of(fd, false));
    CHECK_EQ(from.addr[0], 127);
    CHECK_EQ(port_of(a, false), port);
    call_close(ME, fd);
    CHECK_EQ(rd(a, &from, 1), 0);
}

static void
ports(void)
{
    int a = tcp(), b = tcp(), c, yes = 1;

    CHECK_EQ(bind_(a, 1, 4000), 0);
    CHECK_EQ(bind_(a, 1, 4001), -E_INVAL);
    CHECK_EQ(bind_(b, 1, 4000), -E_ADDRINUSE);
    CHECK_EQ(bind_(b, 0, 4000), -E_ADDRINUSE); /* any overlaps */
    CHECK_EQ(bind_(b, 2, 4000), 0);
    c = udp();
    CHECK_EQ(bind_(c, 1, 4000), 0); /* another protocol */
    call_close(ME, a);
    a = tcp();
    CHECK_EQ(bind_(a, 1, 4000), 0); /* at once */
    /* SO_REUSEADDR: two may be bound, not both listen */
    a = tcp();
    b = tcp();
    call_setsockopt(ME, a, PITH_SOL_SOCKET, PITH_SO_REUSEADDR, &yes, 4);
    call_setsockopt(ME, b, PITH_SOL_SOCKET, PITH_SO_REUSEADDR, &yes, 4);
    CHECK_EQ(bind_(a, 1, 4002), 0);
    CHECK_EQ(bind_(b, 1, 4002), 0);
    CHECK_EQ(call_listen(ME, a, 1), 0);
    CHECK_EQ(call_listen(ME, b, 1), -E_ADDRINUSE);
}

static void
bad_addresses(void)
{
    struct pith_sockaddr_in a = {PITH_AF_INET, {0, 80}, {127, 0, 0, 1}, {0}};
    int fd = tcp();

    CHECK_EQ(call_connect(ME, fd, &a, 8), -E_INVAL);
    a.family = PITH_AF_INET6;
    CHECK_EQ(call_connect(ME, fd, &a, sizeof a), -E_AFNOSUPPORT);
    CHECK_EQ(call_bind(ME, fd, &a, sizeof a), -E_AFNOSUPPORT);
    CHECK_EQ(call_socket(ME, PITH_AF_INET, PITH_SOCK_SEQPACKET, 0),
             -E_PROTONOSUPPORT);
    CHECK_EQ(call_socket(ME, PITH_AF_INET, PITH_SOCK_STREAM, 17),
             -E_PROTONOSUPPORT);
}

static void
not_granted(void)
{
    struct grants *all = ME->grants;
    struct pith_sockaddr_in to = addr(1, 5000);
    struct call_msg m = {.name = &to, .namelen = sizeof to};
    struct uio_seg seg;
    struct uio u;
    char c = 'x';
    int fd = tcp();

    ME->grants = grants_create();
    CHECK_EQ(connect_(fd, 1, 5000), -E_NOTCAPABLE);
    CHECK_EQ(bind_(fd, 1, 5000), -E_NOTCAPABLE);
    CHECK_EQ(call_listen(ME, fd, 1), -E_NOTCAPABLE);
    fd = udp();
    uio_kernel(&u, &seg, &c, 1);
    CHECK_EQ(call_send(ME, fd, &u, 0, &m), -E_NOTCAPABLE);
    grants_unref(ME->grants);
    ME->grants = all;
}

static void
full_backlog(void)
{
    int l = listener(6000, 1), fd[4], i, error;
    uint32_t len = sizeof error;

    nonblock(l, true);
    for (i = 0; i < 4; i++) {
        fd[i] = tcp();
        nonblock(fd[i], true);
        CHECK_EQ(connect_(fd[i], 1, 6000), i < 2 ? 0 : -E_INPROGRESS);
    }
    CHECK_EQ(connect_(fd[2], 1, 6000), -E_ALREADY);
    CHECK_EQ(poll1(fd[2], PITH_POLLOUT, 0), 0);
    CHECK_EQ(snd(fd[2], "x", 1, 0), -E_AGAIN);
    CHECK(call_accept(ME, l, NULL, NULL, 0) >= 0);
    CHECK_EQ(poll1(fd[2], PITH_POLLOUT, 0), PITH_POLLOUT);
    CHECK_EQ(call_getsockopt(ME, fd[2], PITH_SOL_SOCKET, PITH_SO_ERROR, &error,
                             &len),
             0);
    CHECK_EQ(error, 0);
    call_close(ME, l);
    CHECK_EQ(poll1(fd[3], PITH_POLLOUT, 0),
             PITH_POLLOUT | PITH_POLLERR | PITH_POLLHUP);
    CHECK_EQ(call_getsockopt(ME, fd[3], PITH_SOL_SOCKET, PITH_SO_ERROR, &error,
                             &len),
             0);
    CHECK_EQ(error, E_CONNREFUSED);
    CHECK_EQ(rd(fd[1], &error, 1), -E_CONNRESET);
}

static int
connect_7000(void *arg)
{
    int fd = tcp();

    (void)arg;
    return -connect_(fd, 1, 7000);
}

static void
connect_waits(void)
{
    int l = listener(7000, 1), i;
    struct proc *p;

    for (i = 0; i < 2; i++)
        CHECK_EQ(connect_(tcp(), 1, 7000), 0);
    p = actor_start(connect_7000, NULL);
    actor_settle(p);
    CHECK(p->state == PROC_BLOCKED);
    CHECK(call_accept(ME, l, NULL, NULL, 0) >= 0);
    CHECK_EQ(actor_wait(p), 0);
    p = actor_start(connect_7000, NULL);
    actor_settle(p);
    call_kill(ME, p->pid, PITH_SIGKILL);
    CHECK_EQ(actor_wait(p), PITH_SIGKILL);
}

static int
send_big(void *arg)
{
    static char big[1 << 20];
    int fd = tcp();

    (void)arg;
    memset(big, 'b', sizeof big);
    if (connect_(fd, 1, 7100) < 0)
        return 1;
    return wr(fd, big, sizeof big) == sizeof big ? 0 : 2;
}

static void
much(void)
{
    static char buf[1 << 20];
    int l = listener(7100, 1), a;
    struct proc *p = actor_start(send_big, NULL);

    a = call_accept(ME, l, NULL, NULL, 0);
    actor_settle(p); /* the queue is full by now */
    CHECK_EQ(rcv(a, buf, sizeof buf, PITH_MSG_WAITALL), sizeof buf);
    CHECK_EQ(buf[sizeof buf - 1], 'b');
    CHECK_EQ(actor_wait(p), 0);
    CHECK_EQ(rd(a, buf, 1), 0);
}

static void
closing(void)
{
    int l = listener(7200, 1), fd = tcp(), a;
    char c;

    ME->sig.action[PITH_SIGPIPE].handler = PITH_SIG_IGN;
    CHECK_EQ(connect_(fd, 1, 7200), 0);
    a = call_accept(ME, l, NULL, NULL, 0);
    wrs(fd, "unread");
    call_close(ME, a);
    CHECK_EQ(rd(fd, &c, 1), -E_CONNRESET);
    CHECK_EQ(wrs(fd, "x"), -E_PIPE);
    CHECK(poll1(fd, PITH_POLLIN, 0) & PITH_POLLHUP);
    /* nobody reads: what is sent is thrown away, the sender does not hang */
    fd = tcp();
    CHECK_EQ(connect_(fd, 1, 7200), 0);
    a = call_accept(ME, l, NULL, NULL, 0);
    CHECK_EQ(call_shutdown(ME, a, PITH_SHUT_RD), 0);
    {
        static char big[1 << 20];

        CHECK_EQ(wr(fd, big, sizeof big), sizeof big);
    }
    CHECK_EQ(rd(a, &c, 1), 0);
}

static void
version_6(void)
{
    struct pith_sockaddr_in6 any = {.family = PITH_AF_INET6, .port = {0x20, 0}};
    struct pith_sockaddr_in6 one = any, peer;
    int l = call_socket(ME, PITH_AF_INET6, PITH_SOCK_STREAM, 0), fd, a;
    uint32_t len = sizeof peer;

    one.addr[15] = 1;
    CHECK_EQ(call_bind(ME, l, &any, sizeof any), 0);
    CHECK_EQ(call_listen(ME, l, 5), 0);
    fd = call_socket(ME, PITH_AF_INET6, PITH_SOCK_STREAM, 0);
    CHECK_EQ(call_connect(ME, fd, &one, sizeof one), 0);
    a = call_accept(ME, l, &peer, &len, 0);
    CHECK(a >= 0);
    CHECK_EQ(len, sizeof peer);
    CHECK_EQ(peer.addr[15], 1);
    /* both stacks, unless told otherwise */
    fd = tcp();
    CHECK_EQ(connect_(fd, 1, 0x2000), 0);
    a = call_accept(ME, l, &peer, &len, 0);
    CHECK_EQ(peer.addr[10], 0xff);
    CHECK_EQ(peer.addr[12], 127);
    CHECK_EQ(bind_(tcp(), 0, 0x2000), -E_ADDRINUSE);
    {
        int only = call_socket(ME, PITH_AF_INET6, PITH_SOCK_STREAM, 0);
        int32_t yes = 1;

        any.port[1] = 1;
        CHECK_EQ(call_setsockopt(ME, only, 41, 26, &yes, 4), 0);
        CHECK_EQ(call_bind(ME, only, &any, sizeof any), 0);
        CHECK_EQ(call_listen(ME, only, 1), 0);
        CHECK_EQ(connect_(tcp(), 1, 0x2001), -E_CONNREFUSED);
        CHECK_EQ(bind_(tcp(), 0, 0x2001), 0);
    }
}

/* ---- UDP -------------------------------------------------------------- */

static int64_t
send_to(int fd, const char *s, uint8_t last, uint16_t port)
{
    struct pith_sockaddr_in a = addr(last, port);
    struct call_msg m = {.name = &a, .namelen = sizeof a};
    union {
        const char *in;
        void *out;
    } data = {s};
    struct uio_seg seg;
    struct uio u;

    uio_kernel(&u, &seg, data.out, strlen(s));
    return call_send(ME, fd, &u, 0, &m);
}

static void
datagrams(void)
{
    int a = udp(), b = udp();
    struct pith_sockaddr_in from;
    struct call_msg m = {.name = &from, .namelen = sizeof from};
    struct uio_seg seg;
    struct uio u;
    char buf[32];

    CHECK_EQ(bind_(b, 1, 5300), 0);
    CHECK_EQ(send_to(a, "query", 1, 5300), 5);
    uio_kernel(&u, &seg, buf, sizeof buf);
    CHECK_BYTES(buf, call_recv(ME, b, &u, 0, &m), "query");
    CHECK_EQ(m.namelen, sizeof from);
    CHECK_EQ(from.port[0] << 8 | from.port[1], port_of(a, false));
    CHECK_EQ(from.addr[3], 1);
    m.namelen = sizeof from;
    CHECK_EQ(send_to(b, "answer", 1, port_of(a, false)), 6);
    CHECK_BYTES(buf, rd(a, buf, sizeof buf), "answer");
    CHECK_EQ(snd(a, "x", 1, 0), -E_DESTADDRREQ);
    CHECK_EQ(send_to(a, "lost", 1, 5999), 4); /* nobody there: nobody told */
    CHECK_EQ(send_to(a, "x", 1, 0), -E_INVAL);
}

static void
connected_udp(void)
{
    int a = udp(), b = udp(), c = udp();
    static char big[70000];
    char buf[8];

    CHECK_EQ(bind_(b, 1, 5301), 0);
    CHECK_EQ(connect_(a, 1, 5301), 0);
    CHECK_EQ(wrs(a, "x"), 1);
    CHECK_EQ(rd(b, buf, 8), 1);
    /* from another one: not for it */
    CHECK_EQ(send_to(c, "no", 1, port_of(a, false)), 2);
    CHECK_EQ(poll1(a, PITH_POLLIN, 0), 0);
    CHECK_EQ(wr(a, big, sizeof big), -E_MSGSIZE);
    call_close(ME, b);
    CHECK_EQ(wrs(a, "x"), 1);
    CHECK_EQ(wrs(a, "x"), -E_CONNREFUSED);
    CHECK_EQ(call_shutdown(ME, c, PITH_SHUT_WR), -E_NOTCONN);
}

static void
overflow(void)
{
    static char big[60000];
    int a = udp(), b = udp(), i, n = 0;

    CHECK_EQ(bind_(b, 1, 5302), 0);
    CHECK_EQ(connect_(a, 1, 5302), 0);
    for (i = 0; i < 100; i++)
        CHECK_EQ(wr(a, big, sizeof big), sizeof big);
    nonblock(b, true);
    while (rd(b, big, sizeof big) == sizeof big)
        n++;
    CHECK(n >= 1 && n <= 4); /* the rest is lost, memory is not */
}

const struct test_case inet_cases[] = CASES(
    {"tcp: connection", connection}, {"tcp: names", accepted_names},
    {"tcp: ports", ports}, {"inet: bad addresses", bad_addresses},
    {"inet: not granted", not_granted}, {"tcp: full backlog", full_backlog},
    {"tcp: connect waits", connect_waits}, {"tcp: much data", much},
    {"tcp: closing", closing}, {"tcp: version 6", version_6},
    {"udp: datagrams", datagrams}, {"udp: connected", connected_udp},
    {"udp: overflow", overflow}, );
