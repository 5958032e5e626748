/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets: unix (with descriptors), TCP and UDP on the loopback. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "t.h"

static void
pairs(void)
{
    int s[2];
    char b[8];

    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    CHECK_EQ(write(s[0], "ping", 4), 4);
    CHECK_EQ(read(s[1], b, 8), 4);
    CHECK_EQ(send(s[1], "pong", 4, 0), 4);
    CHECK_EQ(recv(s[0], b, 2, MSG_PEEK), 2);
    CHECK_EQ(recv(s[0], b, 8, 0), 4);
    CHECK(memcmp(b, "pong", 4) == 0);
    CHECK_ERRNO(recv(s[0], b, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
    CHECK_EQ(read(s[1], b, 1), 0);
    CHECK_EQ(write(s[1], "x", 1), 1);
    CHECK_EQ(read(s[0], b, 1), 1);
    close(s[0]);
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERRNO(write(s[1], "x", 1), EPIPE);
    CHECK_ERRNO(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    close(s[1]);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s), 0);
    CHECK_EQ(fcntl(s[0], F_GETFD), FD_CLOEXEC);
    CHECK_EQ(send(s[0], "one", 3, 0), 3);
    CHECK_EQ(send(s[0], "two", 3, 0), 3);
    CHECK_EQ(recv(s[1], b, 8, 0), 3); /* records stay apart */
    CHECK_ERRNO(socketpair(AF_INET, SOCK_STREAM, 0, s), EOPNOTSUPP);
    CHECK_ERRNO(socket(77, SOCK_STREAM, 0), EAFNOSUPPORT);
}

static void
unix_name(struct sockaddr_un *a, const char *name)
{
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    strcpy(a->sun_path, name);
}

static int
unix_client(int argc, char **argv)
{
    struct sockaddr_un a;
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    char b[8];

    (void)argc, (void)argv;
    unix_name(&a, "sock");
    CHECK_EQ(connect(s, (struct sockaddr *)&a, sizeof a), 0);
    CHECK_EQ(write(s, "hello", 5), 5);
    CHECK_EQ(read(s, b, 8), 2);
    return 0;
}

static void
unix_streams(void)
{
    struct sockaddr_un a, b;
    socklen_t n = sizeof b;
    int l = socket(AF_UNIX, SOCK_STREAM, 0), c;
    char text[8];
    struct stat st;
    struct ucred who;
    pid_t pid;

    unix_name(&a, "sock");
    CHECK_ERRNO(connect(l, (struct sockaddr *)&a, sizeof a), ENOENT);
    CHECK_EQ(bind(l, (struct sockaddr *)&a, sizeof a), 0);
    CHECK_EQ(stat("sock", &st), 0);
    CHECK(S_ISSOCK(st.st_mode));
    c = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERRNO(connect(c, (struct sockaddr *)&a, sizeof a), ECONNREFUSED);
    CHECK_ERRNO(bind(c, (struct sockaddr *)&a, sizeof a), EADDRINUSE);
    CHECK_EQ(listen(l, 5), 0);
    pid = role("unix_client", NULL);
    close(c);
    c = accept(l, (struct sockaddr *)&b, &n);
    CHECK(c >= 0);
    CHECK_EQ(read(c, text, 8), 5);
    n = sizeof who;
    CHECK_EQ(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &who, &n), 0);
    CHECK(who.pid == pid && who.uid == 0);
    n = sizeof b;
    CHECK_EQ(getsockname(l, (struct sockaddr *)&b, &n), 0);
    CHECK(strcmp(b.sun_path, "sock") == 0);
    CHECK_EQ(write(c, "ok", 2), 2);
    CHECK_EQ(wait_for(pid), 0);
    CHECK_EQ(read(c, text, 1), 0);
}

static void
unix_datagrams(void)
{
    struct sockaddr_un a, b, from;
    socklen_t n = sizeof from;
    int x = socket(AF_UNIX, SOCK_DGRAM, 0), y = socket(AF_UNIX, SOCK_DGRAM, 0);
    char text[16];

    unix_name(&a, "x");
    unix_name(&b, "y");
    CHECK_EQ(bind(x, (struct sockaddr *)&a, sizeof a), 0);
    CHECK_EQ(bind(y, (struct sockaddr *)&b, sizeof b), 0);
    CHECK_EQ(sendto(x, "dgram", 5, 0, (struct sockaddr *)&b, sizeof b), 5);
    CHECK_EQ(recvfrom(y, text, 16, 0, (struct sockaddr *)&from, &n), 5);
    CHECK(strcmp(from.sun_path, "x") == 0);
    unix_name(&b, "nobody");
    CHECK_ERRNO(sendto(x, "a", 1, 0, (struct sockaddr *)&b, sizeof b), ENOENT);
}

static void
send_fd(int s, int fd)
{
    char control[CMSG_SPACE(sizeof fd)];
    struct iovec v = {"F", 1};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    CHECK_EQ(sendmsg(s, &m, 0), 1);
}

static int
receive_fd(int s)
{
    char control[CMSG_SPACE(4 * sizeof(int))], b;
    struct iovec v = {&b, 1};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    struct cmsghdr *c;
    int fd;

    CHECK_EQ(recvmsg(s, &m, 0), 1);
    c = CMSG_FIRSTHDR(&m);
    CHECK(c && c->cmsg_type == SCM_RIGHTS &&
          c->cmsg_len == CMSG_LEN(sizeof fd));
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

static int
takes_fd(int argc, char **argv)
{
    int fd = receive_fd(0);

    (void)argc, (void)argv;
    CHECK_EQ(write(fd, "from the child", 14), 14);
    return 0;
}

static void
passing_descriptors(void)
{
    int s[2], fd = open("f", O_RDWR | O_CREAT, 0644), other;
    posix_spawn_file_actions_t fa;
    pid_t pid;

    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, s[1], 0);
    pid = role_with(&fa, NULL, "takes_fd", NULL);
    send_fd(s[0], fd);
    CHECK_EQ(wait_for(pid), 0);
    CHECK(strcmp(get_file("f"), "from the child") == 0);
    /* in flight, both ends closed: nothing may leak */
    send_fd(s[0], s[0]);
    other = receive_fd(s[1]);
    CHECK(other >= 0);
    send_fd(other, s[1]);
    send_fd(other, other);
}

static uint16_t
bound(int s, struct sockaddr_in *a)
{
    socklen_t n = sizeof *a;

    memset(a, 0, sizeof *a);
    a->sin_family = AF_INET;
    a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_EQ(bind(s, (struct sockaddr *)a, sizeof *a), 0);
    CHECK_EQ(getsockname(s, (struct sockaddr *)a, &n), 0);
    CHECK(ntohs(a->sin_port) != 0);
    return ntohs(a->sin_port);
}

static int
tcp_client(int argc, char **argv)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)atoi(argv[1])),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    static char big[200000];
    size_t done = 0;

    (void)argc;
    CHECK_EQ(connect(s, (struct sockaddr *)&a, sizeof a), 0);
    memset(big, 'b', sizeof big);
    while (done < sizeof big) {
        ssize_t n = write(s, big + done, sizeof big - done);

        CHECK(n > 0);
        done += (size_t)n;
    }
    CHECK_EQ(shutdown(s, SHUT_WR), 0);
    CHECK_EQ(read(s, big, 10), 4);
    CHECK(memcmp(big, "done", 4) == 0);
    return 0;
}

static void
tcp(void)
{
    struct sockaddr_in a, peer;
    socklen_t n = sizeof peer;
    int l = socket(AF_INET, SOCK_STREAM, 0), c, on = 1, error = -1;
    char port[8];
    static char b[8192];
    ssize_t got, total = 0;
    pid_t pid;

    CHECK_EQ(setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    snprintf(port, sizeof port, "%d", bound(l, &a));
    c = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERRNO(connect(c, (struct sockaddr *)&a, sizeof a), ECONNREFUSED);
    close(c);
    CHECK_EQ(listen(l, 3), 0);
    pid = role("tcp_client", port, NULL);
    c = accept4(l, (struct sockaddr *)&peer, &n, SOCK_CLOEXEC);
    CHECK(c >= 0 && peer.sin_family == AF_INET);
    CHECK_EQ(setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    CHECK_EQ(getpeername(c, (struct sockaddr *)&a, &n), 0);
    CHECK(a.sin_port == peer.sin_port);
    while ((got = read(c, b, sizeof b)) > 0)
        total += got;
    CHECK_EQ(got, 0);
    CHECK_EQ(total, 200000);
    n = sizeof error;
    CHECK_EQ(getsockopt(c, SOL_SOCKET, SO_ERROR, &error, &n), 0);
    CHECK_EQ(error, 0);
    CHECK_EQ(write(c, "done", 4), 4);
    CHECK_EQ(wait_for(pid), 0);
}

static void
tcp_without_blocking(void)
{
    struct sockaddr_in a;
    int l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), s, r;
    struct pollfd p;
    fd_set w;
    struct timeval t = {60, 0};

    bound(l, &a);
    CHECK_EQ(listen(l, 1), 0);
    CHECK_ERRNO(accept(l, NULL, NULL), EAGAIN);
    r = connect(c, (struct sockaddr *)&a, sizeof a);
    CHECK(r == 0 || errno == EINPROGRESS);
    p = (struct pollfd){.fd = l, .events = POLLIN};
    CHECK_EQ(poll(&p, 1, 60000), 1);
    s = accept(l, NULL, NULL);
    CHECK(s >= 0);
    FD_ZERO(&w);
    FD_SET(c, &w);
    CHECK_EQ(select(c + 1, NULL, &w, NULL, &t), 1);
    CHECK(FD_ISSET(c, &w));
    CHECK_EQ(write(c, "abc", 3), 3);
    p = (struct pollfd){.fd = s, .events = POLLIN};
    CHECK_EQ(poll(&p, 1, 60000), 1);
    CHECK_EQ(ioctl(s, FIONREAD, &r), 0);
    CHECK_EQ(r, 3);
    close(s);
    p = (struct pollfd){.fd = c, .events = POLLIN};
    CHECK_EQ(poll(&p, 1, 60000), 1);
}

static void
udp(void)
{
    struct sockaddr_in a, b, from;
    socklen_t n = sizeof from;
    int x = socket(AF_INET, SOCK_DGRAM, 0), y = socket(AF_INET, SOCK_DGRAM, 0);
    char text[8];
    struct timeval t = {0, 20000};

    bound(x, &a);
    bound(y, &b);
    CHECK_EQ(sendto(x, "packet", 6, 0, (struct sockaddr *)&b, sizeof b), 6);
    CHECK_EQ(recvfrom(y, text, 4, 0, (struct sockaddr *)&from, &n), 4);
    CHECK(from.sin_port == a.sin_port);
    CHECK_EQ(connect(y, (struct sockaddr *)&a, sizeof a), 0);
    CHECK_EQ(send(y, "back", 4, 0), 4);
    CHECK_EQ(recv(x, text, 8, 0), 4); /* the cut-off rest above is gone */
    CHECK_EQ(setsockopt(x, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t), 0);
    CHECK_ERRNO(recv(x, text, 8, 0), EAGAIN);
}

static void
names(void)
{
    struct addrinfo hints = {.ai_family = AF_INET,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST}, *r;

    CHECK_EQ(getaddrinfo("127.0.0.1", "80", &hints, &r), 0);
    CHECK_EQ(((struct sockaddr_in *)r->ai_addr)->sin_port, htons(80));
    freeaddrinfo(r);
    if (access("/etc/hosts", R_OK) == 0) {
        hints.ai_flags = 0;
        CHECK_EQ(getaddrinfo("localhost", NULL, &hints, &r), 0);
        CHECK_EQ(((struct sockaddr_in *)r->ai_addr)->sin_addr.s_addr,
                 htonl(INADDR_LOOPBACK));
        freeaddrinfo(r);
    }
}

static int
idle_then_write(int argc, char **argv)
{
    (void)argc, (void)argv;
    pause_ms(40);
    CHECK_EQ(write(1, "x", 1), 1);
    return 0;
}

static void
polling(void)
{
    int p[2], q[2];
    struct pollfd f[3];
    posix_spawn_file_actions_t fa;
    int64_t start = now_ms();
    fd_set r;
    struct timeval t = {0, 20000};
    pid_t pid;

    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(pipe(q), 0);
    f[0] = (struct pollfd){.fd = p[0], .events = POLLIN};
    f[1] = (struct pollfd){.fd = q[0], .events = POLLIN};
    f[2] = (struct pollfd){.fd = -1, .events = POLLIN};
    CHECK_EQ(poll(f, 3, 20), 0);
    CHECK(now_ms() - start >= 19);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, q[1], 1);
    posix_spawn_file_actions_addclose(&fa, p[1]); /* or it is not ours alone */
    pid = role_with(&fa, NULL, "idle_then_write", NULL);
    CHECK_EQ(poll(f, 3, 60000), 1);
    CHECK(f[1].revents == POLLIN && !f[0].revents && !f[2].revents);
    close(p[1]);
    CHECK_EQ(poll(f, 3, 0), 2);
    CHECK(f[0].revents & POLLHUP);
    f[2].fd = 999;
    CHECK_EQ(poll(f, 3, 0), 3);
    CHECK_EQ(f[2].revents, POLLNVAL);
    CHECK_EQ(wait_for(pid), 0);
    FD_ZERO(&r);
    FD_SET(q[0], &r);
    CHECK_EQ(select(q[0] + 1, &r, NULL, NULL, &t), 1);
    CHECK(FD_ISSET(q[0], &r));
    FD_ZERO(&r);
    FD_SET(200, &r);
    CHECK_ERRNO(select(201, &r, NULL, NULL, &t), EBADF);
}

const struct test socket_tests[] = {
    {"pairs", pairs, "socketpair shutdown"},
    {"unix_streams", unix_streams,
     "socket bind listen accept connect getsockname getsockopt"},
    {"unix_datagrams", unix_datagrams, "sendto recvfrom"},
    {"passing_descriptors", passing_descriptors, "sendmsg recvmsg"},
    {"tcp", tcp, "setsockopt getpeername"},
    {"tcp_without_blocking", tcp_without_blocking, ""},
    {"udp", udp, ""},
    {"names", names, ""},
    {"polling", polling, ""},
    {NULL, NULL, NULL},
};
const struct role socket_roles[] = {
    {"unix_client", unix_client},
    {"takes_fd", takes_fd},
    {"tcp_client", tcp_client},
    {"idle_then_write", idle_then_write},
    {NULL, NULL},
};
