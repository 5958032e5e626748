/* SPDX-License-Identifier: Apache-2.0 */
/* Open files in messages of unix sockets, and the garbage they can make. */
#include "ipc_test.h"

#include "unix.h"

static int sv[2];

static void
pair(int type)
{
    CHECK_EQ(call_socketpair(ME, PITH_AF_UNIX, type, 0, sv), 0);
}

static int64_t
send_fds(int fd, const char *s, const int *fds, uint32_t n)
{
    static struct file *files[300];
    struct call_msg m = {.files = files, .nfiles = n};
    union {
        const char *in;
        void *out;
    } data = {s};
    struct uio_seg seg;
    struct uio u;
    uint32_t i;
    int64_t r;

    for (i = 0; i < n; i++)
        files[i] = fd_get(ME, fds[i]);
    uio_kernel(&u, &seg, data.out, strlen(s));
    r = call_send(ME, fd, &u, PITH_MSG_DONTWAIT, &m);
    for (i = 0; i < n; i++)
        file_put(files[i]);
    return r;
}

static int64_t
recv_fds(int fd, char *buf, size_t room, int *fds, uint32_t *n, uint32_t flags,
         uint32_t *out_flags)
{
    struct file *files[8];
    struct call_msg m = {.files = files, .files_room = *n};
    struct uio_seg seg;
    struct uio u;
    uint32_t i;
    int64_t r;

    uio_kernel(&u, &seg, buf, room);
    r = call_recv(ME, fd, &u, flags, &m);
    for (i = 0; i < m.nfiles; i++) {
        fds[i] = fd_install(ME, files[i], 0, false);
        CHECK(fds[i] >= 0);
    }
    *n = m.nfiles;
    *out_flags = m.flags;
    return r;
}

static void
pass(void)
{
    int p[2], got[8];
    uint32_t n = 8, flags;
    char buf[16];

    pair(PITH_SOCK_STREAM);
    CHECK_EQ(call_pipe2(ME, p, 0), 0);
    CHECK_EQ(send_fds(sv[0], "m", p, 2), 1);
    call_close(ME, p[0]);
    call_close(ME, p[1]);
    CHECK_EQ(recv_fds(sv[1], buf, sizeof buf, got, &n, 0, &flags), 1);
    CHECK_EQ(n, 2);
    CHECK_EQ(flags, 0);
    wrs(got[1], "alive");
    CHECK_BYTES(buf, rd(got[0], buf, sizeof buf), "alive");
}

static void
bounds(void)
{
    int p[2], got[8];
    uint32_t n = 8, flags;
    char buf[16];

    pair(PITH_SOCK_STREAM);
    CHECK_EQ(call_pipe2(ME, p, 0), 0);
    wrs(sv[0], "ab");
    send_fds(sv[0], "cd", p, 1);
    wrs(sv[0], "ef");
    /* a read does not run into the files of later bytes */
    CHECK_BYTES(buf, recv_fds(sv[1], buf, sizeof buf, got, &n, 0, &flags),
                "ab");
    CHECK_EQ(n, 0);
    n = 8;
    CHECK_BYTES(buf, recv_fds(sv[1], buf, 1, got, &n, PITH_MSG_PEEK, &flags),
                "c");
    CHECK_EQ(n, 1); /* a copy */
    n = 8;
    CHECK_BYTES(buf, recv_fds(sv[1], buf, 1, got, &n, 0, &flags), "c");
    CHECK_EQ(n, 1);
    n = 8;
    CHECK_BYTES(buf, recv_fds(sv[1], buf, sizeof buf, got, &n, 0, &flags),
                "def");
    CHECK_EQ(n, 0);
}

static void
no_room(void)
{
    int p[2], got[8];
    uint32_t n = 1, flags;
    struct ipc_counts c;
    char buf[4];

    pair(PITH_SOCK_SEQPACKET);
    CHECK_EQ(call_pipe2(ME, p, 0), 0);
    send_fds(sv[0], "a", p, 2);
    send_fds(sv[0], "b", p, 2);
    ipc_counts(&c);
    CHECK_EQ(c.files_in_flight, 4);
    CHECK_EQ(recv_fds(sv[1], buf, 4, got, &n, 0, &flags), 1);
    CHECK_EQ(n, 1);
    CHECK_EQ(flags, PITH_MSG_CTRUNC);
    CHECK_EQ(rd(sv[1], buf, 4), 1); /* read(): both are lost */
    ipc_counts(&c);
    CHECK_EQ(c.files_in_flight, 0);
}

static void
too_many(void)
{
    static int fds[300];
    struct ipc_counts c;
    int i, sent = 0, p[2];

    CHECK_EQ(call_pipe2(ME, p, 0), 0);
    for (i = 0; i < 300; i++)
        fds[i] = p[0];
    pair(PITH_SOCK_STREAM);
    CHECK_EQ(send_fds(sv[0], "x", fds, 254), -E_INVAL);
    /* the queue's size bounds them */
    while (send_fds(sv[0], "x", fds, 253) == 1)
        sent++;
    CHECK(sent >= 2 && sent < 10);
    ipc_counts(&c);
    CHECK_EQ(c.files_in_flight, (uint32_t)sent * 253);
    call_close(ME, sv[0]);
    call_close(ME, sv[1]);
    ipc_counts(&c);
    CHECK_EQ(c.files_in_flight, 0);
    CHECK_EQ(c.pipes, 1);
}

static void
gone(uint32_t sockets)
{
    struct ipc_counts c;

    UNTIL((ipc_counts(&c), c.files_in_flight == 0));
    CHECK_EQ(c.unix_sockets, sockets);
}

/* A socket in its own queue. */
static void
self(void)
{
    pair(PITH_SOCK_STREAM);
    send_fds(sv[0], "x", &sv[1], 1);
    call_close(ME, sv[0]);
    call_close(ME, sv[1]);
    gone(0);
}

static void
both(void)
{
    pair(PITH_SOCK_DGRAM);
    send_fds(sv[0], "x", sv, 2);
    send_fds(sv[1], "x", sv, 2);
    call_close(ME, sv[0]);
    call_close(ME, sv[1]);
    gone(0);
}

/* A cycle of a hundred, with a pipe in it that must be closed as well. */
static void
ring(void)
{
    static int fds[100][2];
    int i, p[2];
    char c;

    CHECK_EQ(call_pipe2(ME, p, 0), 0);
    for (i = 0; i < 100; i++) {
        pair(PITH_SOCK_STREAM);
        fds[i][0] = sv[0];
        fds[i][1] = sv[1];
    }
    for (i = 0; i < 100; i++)
        send_fds(fds[i][0], "x", &fds[(i + 1) % 100][1], 1);
    send_fds(fds[7][0], "p", &p[1], 1);
    call_close(ME, p[1]);
    for (i = 0; i < 100; i++)
        if (i != 50) {
            call_close(ME, fds[i][0]);
            call_close(ME, fds[i][1]);
        }
    /* reachable through the one that is still open */
    unix_collect();
    nonblock(p[0], true);
    CHECK_EQ(rd(p[0], &c, 1), -E_AGAIN);
    call_close(ME, fds[50][0]);
    call_close(ME, fds[50][1]);
    gone(0);
    CHECK_EQ(rd(p[0], &c, 1), 0);
}

/* What waits to be accepted keeps its messages as long as the listener. */
static void
not_accepted(void)
{
    struct pith_sockaddr_un a = {PITH_AF_UNIX, "\0l"};
    int l = call_socket(ME, PITH_AF_UNIX, PITH_SOCK_STREAM, 0);
    int fd = call_socket(ME, PITH_AF_UNIX, PITH_SOCK_STREAM, 0), got[8];
    uint32_t n = 8, flags;
    struct ipc_counts c;
    char buf[4];

    CHECK_EQ(call_bind(ME, l, &a, 4), 0);
    CHECK_EQ(call_listen(ME, l, 3), 0);
    CHECK_EQ(call_connect(ME, fd, &a, 4), 0);
    send_fds(fd, "x", &l, 1);
    unix_collect();
    ipc_counts(&c);
    CHECK_EQ(c.files_in_flight, 1);
    fd = call_accept(ME, l, NULL, NULL, 0);
    CHECK_EQ(recv_fds(fd, buf, 4, got, &n, 0, &flags), 1);
    CHECK_EQ(n, 1);
    call_close(ME, got[0]);
    /* again, and now the listener is only in the message for itself */
    fd = call_socket(ME, PITH_AF_UNIX, PITH_SOCK_STREAM, 0);
    CHECK_EQ(call_connect(ME, fd, &a, 4), 0);
    send_fds(fd, "x", &l, 1);
    call_close(ME, l);
    UNTIL((ipc_counts(&c), c.files_in_flight == 0));
    CHECK_EQ(rd(fd, buf, 1), -E_CONNRESET);
}

/* Each socket only in the queue of the next: closing must not recurse. */
static void
chain(void)
{
    int prev = -1, i;

    for (i = 0; i < 5000; i++) {
        pair(PITH_SOCK_STREAM);
        if (prev >= 0) {
            CHECK_EQ(send_fds(sv[0], "x", &prev, 1), 1);
            call_close(ME, prev);
        }
        call_close(ME, sv[0]);
        prev = sv[1];
    }
    call_close(ME, prev);
    gone(0);
}

const struct test_case scm_cases[] = CASES(
    {"scm: pass", pass}, {"scm: bounds", bounds}, {"scm: no room", no_room},
    {"scm: too many", too_many}, {"scm: a socket in its own queue", self},
    {"scm: two in each other's", both}, {"scm: a ring", ring},
    {"scm: not accepted yet", not_accepted}, {"scm: a long chain", chain}, );
