/* SPDX-License-Identifier: Apache-2.0 */
/* Unix sockets: names, connections, data. Descriptors are in t_scm.c. */
#include "ipc_test.h"

#include "sockbuf.h"

#define STREAM PITH_SOCK_STREAM
#define DGRAM PITH_SOCK_DGRAM
#define SEQPACKET PITH_SOCK_SEQPACKET

static int sv[2];

static void
pair(int type)
{
    CHECK_EQ(call_socketpair(ME, PITH_AF_UNIX, type, 0, sv), 0);
}

static uint32_t
name_of(struct pith_sockaddr_un *a, const char *path, size_t n)
{
    memset(a, 0, sizeof *a);
    a->family = PITH_AF_UNIX;
    memcpy(a->path, path, n);
    return (uint32_t)(2 + n);
}

static int
unix_socket(int type)
{
    int fd = call_socket(ME, PITH_AF_UNIX, type, 0);

    CHECK(fd >= 0);
    return fd;
}

static int
bind_(int fd, const char *path)
{
    struct pith_sockaddr_un a;

    return call_bind(ME, fd, &a, name_of(&a, path, strlen(path)));
}

static int
connect_(int fd, const char *path)
{
    struct pith_sockaddr_un a;

    return call_connect(ME, fd, &a, name_of(&a, path, strlen(path)));
}

static int
listener(int type, const char *path, int backlog)
{
    int fd = unix_socket(type);

    CHECK_EQ(bind_(fd, path), 0);
    CHECK_EQ(call_listen(ME, fd, backlog), 0);
    return fd;
}

static void
unlink_(const char *path)
{
    CHECK_EQ(call_unlinkat(ME, PITH_AT_FDCWD, path, 0), 0);
}

static void
stream_pair(void)
{
    struct pith_stat st;
    char buf[32];
    int32_t n;

    pair(STREAM);
    CHECK_EQ(wrs(sv[0], "ab"), 2);
    CHECK_EQ(wrs(sv[0], "cd"), 2);
    CHECK_EQ(ioctl_(sv[1], PITH_FIONREAD, &n, sizeof n), 0);
    CHECK_EQ(n, 4);
    CHECK_BYTES(buf, rcv(sv[1], buf, 3, PITH_MSG_PEEK), "abc");
    CHECK_BYTES(buf, rd(sv[1], buf, sizeof buf), "abcd");
    CHECK_EQ(rcv(sv[1], buf, 1, PITH_MSG_DONTWAIT), -E_AGAIN);
    CHECK_EQ(wrs(sv[1], "back"), 4);
    CHECK_BYTES(buf, rd(sv[0], buf, sizeof buf), "back");
    CHECK_EQ(call_fstat(ME, sv[0], &st), 0);
    CHECK_EQ(st.mode & PITH_S_IFMT, PITH_S_IFSOCK);
    CHECK_EQ(call_lseek(ME, sv[0], 0, PITH_SEEK_CUR), -E_SPIPE);
    CHECK_EQ(call_socketpair(ME, PITH_AF_INET, STREAM, 0, sv), -E_NOTSUP);
    CHECK_EQ(call_socketpair(ME, 99, STREAM, 0, sv), -E_AFNOSUPPORT);
    CHECK_EQ(call_socket(ME, PITH_AF_UNIX, 77, 0), -E_PROTONOSUPPORT);
    CHECK_EQ(call_shutdown(ME, 0, PITH_SHUT_RD), 0);
    CHECK_EQ(call_shutdown(ME, 66, PITH_SHUT_RD), -E_BADF);
}

static void
records(void)
{
    char buf[8];

    pair(SEQPACKET);
    wrs(sv[0], "first");
    wrs(sv[0], "second");
    CHECK_BYTES(buf, rcv(sv[1], buf, 3, PITH_MSG_PEEK), "fir");
    CHECK_EQ(rcv(sv[1], buf, 3, PITH_MSG_PEEK | PITH_MSG_TRUNC), 5);
    CHECK_BYTES(buf, rd(sv[1], buf, 3), "fir"); /* the rest is lost */
    CHECK_BYTES(buf, rd(sv[1], buf, sizeof buf), "second");
    call_close(ME, sv[0]);
    CHECK_EQ(rd(sv[1], buf, 1), 0);
}

static void
half_close(void)
{
    char buf[8];

    pair(STREAM);
    ME->sig.action[PITH_SIGPIPE].handler = PITH_SIG_IGN;
    wrs(sv[0], "x");
    CHECK_EQ(call_shutdown(ME, sv[0], PITH_SHUT_WR), 0);
    CHECK_EQ(wrs(sv[0], "y"), -E_PIPE);
    CHECK_EQ(rd(sv[1], buf, 8), 1);
    CHECK_EQ(rd(sv[1], buf, 8), 0);
    CHECK_EQ(poll1(sv[1], PITH_POLLIN | PITH_POLLRDHUP, 0),
             PITH_POLLIN | PITH_POLLRDHUP);
    CHECK_EQ(wrs(sv[1], "z"), 1);
    CHECK_EQ(rd(sv[0], buf, 8), 1);
    CHECK_EQ(call_shutdown(ME, sv[0], PITH_SHUT_RD), 0);
    CHECK_EQ(wrs(sv[1], "z"), -E_PIPE);
    CHECK(poll1(sv[1], PITH_POLLIN, 0) & PITH_POLLHUP);
    CHECK_EQ(call_shutdown(ME, sv[0], 7), -E_INVAL);
}

static int
send_to_closed(void *arg)
{
    uint32_t flags = arg ? PITH_MSG_NOSIGNAL : 0;
    int64_t r;

    call_close(ME, sv[1]);
    actor_settle(ME->parent); /* until it has closed it too */
    r = snd(sv[0], "x", 1, flags);
    interrupted(r);
    return (int)-r;
}

static void
broken(void)
{
    static char yes;
    struct proc *p;
    char buf[4];

    pair(STREAM);
    p = actor_start(send_to_closed, NULL);
    call_close(ME, sv[1]);
    CHECK_EQ(actor_wait(p), PITH_SIGPIPE);
    call_close(ME, sv[0]);
    pair(STREAM);
    p = actor_start(send_to_closed, &yes);
    call_close(ME, sv[1]);
    CHECK_EQ(actor_wait(p), E_PIPE << 8);
    /* unread data of ours: the other end was reset */
    pair(STREAM);
    wrs(sv[0], "unread");
    wrs(sv[1], "read");
    call_close(ME, sv[1]);
    CHECK_EQ(rd(sv[0], buf, 4), 4);
    CHECK_EQ(rd(sv[0], buf, 4), -E_CONNRESET);
    CHECK_EQ(rd(sv[0], buf, 4), 0);
}

static int
echo_server(void *arg)
{
    int lfd = *(int *)arg, fd;
    char buf[64];
    int64_t n;

    fd = call_accept(ME, lfd, NULL, NULL, 0);
    if (fd < 0)
        return 1;
    while ((n = rd(fd, buf, sizeof buf)) > 0)
        wr(fd, buf, (size_t)n);
    return n == 0 ? 0 : 2;
}

static void
connection(void)
{
    struct pith_sockaddr_un a;
    struct pith_ucred cred;
    int lfd = listener(STREAM, "/sock", 5), fd;
    struct proc *p = actor_start(echo_server, &lfd);
    uint32_t len = sizeof a;
    char buf[64];

    fd = unix_socket(STREAM); /* after the start: only ours */
    CHECK_EQ(connect_(fd, "/sock"), 0);
    CHECK_EQ(connect_(fd, "/sock"), -E_ISCONN);
    CHECK_EQ(wrs(fd, "hello"), 5);
    CHECK_BYTES(buf, rcv(fd, buf, 5, PITH_MSG_WAITALL), "hello");
    CHECK_EQ(call_getsockname(ME, fd, &a, &len, true), 0);
    CHECK_EQ(len, 2 + 6);
    CHECK_BYTES(a.path, strlen(a.path), "/sock");
    len = sizeof a;
    CHECK_EQ(call_getsockname(ME, fd, &a, &len, false), 0);
    CHECK_EQ(len, 2);
    len = sizeof cred;
    CHECK_EQ(
        call_getsockopt(ME, fd, PITH_SOL_SOCKET, PITH_SO_PEERCRED, &cred, &len),
        0);
    CHECK_EQ(cred.pid, ME->pid); /* it was us who listened */
    call_close(ME, fd);
    CHECK_EQ(actor_wait(p), 0);
    call_close(ME, lfd);
    fd = unix_socket(STREAM);
    CHECK_EQ(connect_(fd, "/sock"), -E_CONNREFUSED);
    unlink_("/sock");
    CHECK_EQ(connect_(fd, "/sock"), -E_NOENT);
}

static void
names(void)
{
    int a = unix_socket(STREAM), b = unix_socket(STREAM), f;
    struct pith_sockaddr_un n;
    uint32_t len = sizeof n;

    CHECK_EQ(call_listen(ME, a, 1), -E_INVAL);
    CHECK_EQ(bind_(a, "/name"), 0);
    CHECK_EQ(bind_(a, "/other"), -E_INVAL);
    CHECK_EQ(bind_(b, "/name"), -E_ADDRINUSE);
    CHECK_EQ(connect_(b, "/name"), -E_CONNREFUSED); /* not listening */
    CHECK_EQ(open_("/name", PITH_O_RDONLY), -E_NXIO);
    call_close(ME, a);
    CHECK_EQ(bind_(b, "/name"), -E_ADDRINUSE); /* the node stays */
    unlink_("/name");
    f = open_("/file", PITH_O_CREAT | PITH_O_RDWR);
    CHECK_EQ(connect_(b, "/file"), -E_CONNREFUSED);
    call_close(ME, f);
    unlink_("/file");
    /* autobind */
    CHECK_EQ(call_bind(ME, b, "\1", 2), 0);
    CHECK_EQ(call_getsockname(ME, b, &n, &len, false), 0);
    CHECK_EQ(len, 2 + 6);
    CHECK_EQ(n.path[0], 0);
    CHECK_EQ(call_bind(ME, b, "\1", 1), -E_INVAL);
    CHECK_EQ(call_bind(ME, b, &n, 200), -E_INVAL);
}

static void
abstract(void)
{
    struct pith_sockaddr_un a;
    int lfd = unix_socket(STREAM), fd = unix_socket(STREAM), x;
    uint32_t len = name_of(&a, "\0abc", 4);

    CHECK_EQ(call_bind(ME, lfd, &a, len), 0);
    CHECK_EQ(call_listen(ME, lfd, 1), 0);
    x = unix_socket(STREAM);
    CHECK_EQ(call_bind(ME, x, &a, len), -E_ADDRINUSE);
    CHECK_EQ(call_connect(ME, x, &a, len - 1), -E_CONNREFUSED);
    CHECK_EQ(call_connect(ME, fd, &a, len), 0);
    x = unix_socket(DGRAM);
    CHECK_EQ(call_connect(ME, x, &a, len), -E_PROTOTYPE);
    call_close(ME, lfd); /* before it accepted */
    CHECK_EQ(rd(fd, &a, 1), -E_CONNRESET);
    x = unix_socket(STREAM);
    CHECK_EQ(call_bind(ME, x, &a, len), 0);
}

static int
connect_in_turn(void *arg)
{
    int fd = unix_socket(STREAM);

    (void)arg;
    return -connect_(fd, "/busy");
}

static void
backlog(void)
{
    int lfd = listener(STREAM, "/busy", 1), fd[3], i;
    struct proc *p;

    nonblock(lfd, true);
    CHECK_EQ(call_accept(ME, lfd, NULL, NULL, 0), -E_AGAIN);
    for (i = 0; i < 3; i++) {
        fd[i] = unix_socket(STREAM);
        nonblock(fd[i], true);
        CHECK_EQ(connect_(fd[i], "/busy"), i < 2 ? 0 : -E_AGAIN);
    }
    p = actor_start(connect_in_turn, NULL);
    actor_settle(p);
    CHECK(p->state == PROC_BLOCKED);
    CHECK(call_accept(ME, lfd, NULL, NULL, 0) >= 0);
    CHECK_EQ(actor_wait(p), 0);
    p = actor_start(connect_in_turn, NULL);
    actor_settle(p);
    fd_close(p, lfd);
    call_close(ME, lfd); /* with one waiting */
    CHECK_EQ(actor_wait(p), E_CONNREFUSED << 8);
    unlink_("/busy");
}

static int
fill(void *arg)
{
    static char big[1 << 20];

    (void)arg;
    call_close(ME, sv[1]);
    return wr(sv[0], big, sizeof big) == sizeof big ? 8 : 1;
}

static void
back_pressure(void)
{
    static char big[1 << 20];
    struct ipc_counts before, full;
    struct proc *p;
    int64_t n;

    pair(STREAM);
    nonblock(sv[0], true);
    ipc_counts(&before);
    n = wr(sv[0], big, sizeof big);
    CHECK(n > 100000 && n < 300000);
    CHECK_EQ(wr(sv[0], big, 1), -E_AGAIN);
    ipc_counts(&full);
    CHECK(full.bytes - before.bytes < 300000);
    CHECK_EQ(poll1(sv[0], PITH_POLLOUT, 0), 0);
    CHECK_EQ(rcv(sv[1], big, (size_t)n, PITH_MSG_WAITALL), n);
    CHECK_EQ(poll1(sv[0], PITH_POLLOUT, 0), PITH_POLLOUT);
    /* single bytes do not cost a message each */
    for (n = 0; wr(sv[0], big, 1) == 1; n++)
        ;
    CHECK(n > 100000);
    call_close(ME, sv[0]);
    call_close(ME, sv[1]);
    pair(STREAM);
    p = actor_start(fill, NULL);
    CHECK_EQ(rcv(sv[1], big, sizeof big, PITH_MSG_WAITALL), sizeof big);
    CHECK_EQ(actor_wait(p), 8 << 8);
}

static void
buffer_size(void)
{
    static char big[100000];
    int32_t size = 8192;
    uint32_t len = sizeof size;

    pair(STREAM);
    CHECK_EQ(call_setsockopt(ME, sv[1], PITH_SOL_SOCKET, PITH_SO_RCVBUF, &size,
                             sizeof size),
             0);
    CHECK_EQ(call_getsockopt(ME, sv[1], PITH_SOL_SOCKET, PITH_SO_RCVBUF, &size,
                             &len),
             0);
    CHECK_EQ(size, 16384);
    nonblock(sv[0], true);
    CHECK(wr(sv[0], big, sizeof big) <= 16384);
    CHECK_EQ(
        call_setsockopt(ME, sv[1], PITH_SOL_SOCKET, PITH_SO_RCVBUF, &size, 2),
        -E_INVAL);
    CHECK_EQ(
        call_setsockopt(ME, sv[1], PITH_SOL_SOCKET, 999, &size, sizeof size),
        -E_NOPROTOOPT);
}

static void
timeouts(void)
{
    struct pith_timeval tv = {0, 20000}, bad = {0, 1000000};
    static char big[1 << 20];
    uint64_t start;
    char c;

    pair(STREAM);
    CHECK_EQ(call_setsockopt(ME, sv[0], PITH_SOL_SOCKET, PITH_SO_RCVTIMEO, &tv,
                             sizeof tv),
             0);
    CHECK_EQ(call_setsockopt(ME, sv[0], PITH_SOL_SOCKET, PITH_SO_SNDTIMEO, &tv,
                             sizeof tv),
             0);
    start = host_mono_ns();
    CHECK_EQ(rd(sv[0], &c, 1), -E_AGAIN);
    CHECK(host_mono_ns() - start >= 20000000);
    start = host_mono_ns();
    CHECK(wr(sv[0], big, sizeof big) > 0); /* what went in before it */
    CHECK(host_mono_ns() - start >= 20000000);
    CHECK_EQ(wr(sv[0], big, 1), -E_AGAIN);
    CHECK_EQ(call_setsockopt(ME, sv[0], PITH_SOL_SOCKET, PITH_SO_RCVTIMEO, &bad,
                             sizeof bad),
             -E_DOM);
}

/* ---- datagrams -------------------------------------------------------- */

static int64_t
send_to(int fd, const char *s, const char *path)
{
    struct pith_sockaddr_un a;
    struct call_msg m = {.name = &a};
    union {
        const char *in;
        void *out;
    } data = {s};
    struct uio_seg seg;
    struct uio u;

    m.namelen = name_of(&a, path, strlen(path));
    uio_kernel(&u, &seg, data.out, strlen(s));
    return call_send(ME, fd, &u, 0, &m);
}

static void
datagrams(void)
{
    int a = unix_socket(DGRAM), b = unix_socket(DGRAM), c;
    struct pith_sockaddr_un from;
    struct call_msg m = {.name = &from, .namelen = sizeof from};
    struct uio_seg seg;
    struct uio u;
    char buf[32];

    CHECK_EQ(bind_(a, "/a"), 0);
    CHECK_EQ(bind_(b, "/b"), 0);
    CHECK_EQ(send_to(a, "one", "/b"), 3);
    CHECK_EQ(send_to(a, "", "/b"), 0);
    CHECK_EQ(send_to(a, "three", "/b"), 5);
    uio_kernel(&u, &seg, buf, sizeof buf);
    CHECK_BYTES(buf, call_recv(ME, b, &u, 0, &m), "one");
    CHECK_EQ(m.namelen, 2 + 3);
    CHECK_BYTES(from.path, 2, "/a");
    CHECK_EQ(m.sender.pid, ME->pid);
    CHECK_EQ(rd(b, buf, sizeof buf), 0); /* an empty one */
    CHECK_EQ(rcv(b, buf, 2, PITH_MSG_TRUNC), 5);
    CHECK_EQ(snd(a, "x", 1, 0), -E_NOTCONN);
    CHECK_EQ(call_listen(ME, a, 1), -E_NOTSUP);
    CHECK_EQ(connect_(a, "/b"), 0);
    CHECK_EQ(wrs(a, "four"), 4);
    CHECK_BYTES(buf, rd(b, buf, sizeof buf), "four");
    /* one that is connected takes nothing from others */
    CHECK_EQ(connect_(b, "/a"), 0);
    c = unix_socket(DGRAM);
    CHECK_EQ(send_to(c, "no", "/b"), -E_PERM);
    call_close(ME, b);
    CHECK_EQ(snd(a, "x", 1, 0), -E_CONNREFUSED);
    CHECK_EQ(send_to(a, "x", "/b"), -E_CONNREFUSED);
    CHECK_EQ(send_to(a, "x", "/none"), -E_NOENT);
    unlink_("/a");
    unlink_("/b");
}

static int
send_many(void *arg)
{
    int fd = unix_socket(DGRAM), i;

    (void)arg;
    CHECK_EQ(connect_(fd, "/d"), 0);
    for (i = 0; i < 1000; i++)
        if (wr(fd, &i, sizeof i) != sizeof i)
            return 1;
    CHECK_EQ(poll1(fd, PITH_POLLOUT, -1), PITH_POLLOUT);
    return 0;
}

static void
datagrams_wait(void)
{
    static char big[SOCK_BUDGET >> 6];
    int fd = unix_socket(DGRAM), i, got;
    struct proc *p;
    int32_t size = 4608;

    CHECK_EQ(bind_(fd, "/d"), 0);
    call_setsockopt(ME, fd, PITH_SOL_SOCKET, PITH_SO_RCVBUF, &size,
                    sizeof size);
    p = actor_start(send_many, NULL);
    actor_settle(p);
    CHECK(p->state == PROC_BLOCKED);
    for (i = 0; i < 1000; i++) {
        CHECK_EQ(rd(fd, &got, sizeof got), sizeof got);
        CHECK_EQ(got, i);
    }
    CHECK_EQ(actor_wait(p), 0);
    CHECK_EQ(connect_(fd, "/d"), 0); /* to itself */
    CHECK_EQ(wr(fd, big, sizeof big), -E_MSGSIZE);
    unlink_("/d");
}

static int
pong(void *arg)
{
    char c;
    int i;

    (void)arg;
    for (i = 0; i < 20000; i++)
        if (rd(sv[1], &c, 1) != 1 || wr(sv[1], &c, 1) != 1)
            return 1;
    return 0;
}

static void
ping_pong(void)
{
    struct proc *p;
    uint64_t start;
    char c = 'p';
    int i;

    pair(STREAM);
    p = actor_start(pong, NULL);
    start = host_mono_ns();
    for (i = 0; i < 20000; i++)
        if (wr(sv[0], &c, 1) != 1 || rd(sv[0], &c, 1) != 1)
            break;
    CHECK_EQ(i, 20000);
    printf("unix: %u ns a round trip between two processes\n",
           (unsigned)((host_mono_ns() - start) / 20000));
    CHECK_EQ(actor_wait(p), 0);
}

const struct test_case unix_cases[] = CASES(
    {"unix: stream pair", stream_pair}, {"unix: records", records},
    {"unix: half close", half_close}, {"unix: broken", broken},
    {"unix: connection", connection}, {"unix: names", names},
    {"unix: abstract names", abstract}, {"unix: backlog", backlog},
    {"unix: back-pressure", back_pressure}, {"unix: buffer size", buffer_size},
    {"unix: time-outs", timeouts}, {"unix: datagrams", datagrams},
    {"unix: datagrams wait", datagrams_wait}, {"unix: ping-pong", ping_pong}, );
