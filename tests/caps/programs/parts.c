/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part of a grant is taken away while it is used: one path, one address, one
 * partner. What was open by it is dead, what was open by the rest goes on, and
 * there is no way round: links, .., another name for a directory above, a child.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "start.h"

/* Tell the tester, and wait until it says go on. */
static void
meet(int port)
{
    char from[64], text[64];
    struct pith_message m;

    send_text("tester", "ready", 0, 0, NULL);
    recv_text(port, &m, from, text, sizeof text);
}

static bool
dead(int fd)
{
    char c;

    return read(fd, &c, 1) < 0 && errno == ENOTCAPABLE;
}

static bool
refused(int fd)
{
    if (fd >= 0)
        close(fd);
    return fd < 0 && errno == ENOTCAPABLE;
}

/* Exit code: the first check that failed, or 0. */
#define MUST(e)                                                                \
    do {                                                                       \
        if (!(e)) {                                                            \
            printf("FAIL %s:%d: %s (errno %d)\n", __FILE__, __LINE__, #e,      \
                   errno);                                                     \
            return 1;                                                          \
        }                                                                      \
    } while (0)

/* ---- one path --------------------------------------------------------- */

static int
role_reads_a(void)
{
    return refused(open("/box/d/a/in", O_RDONLY)) ? 0 : 1;
}

static int
role_files(void)
{
    int port = pith_port_open("", 0, 0), a, b, dir, w;
    char c;

    a = open("/box/d/a/in", O_RDONLY);
    w = open("/box/d/a/out", O_WRONLY | O_CREAT, 0600);
    b = open("/box/d/b/in", O_RDONLY);
    dir = open("/box/d/a", O_RDONLY | O_DIRECTORY);
    MUST(a >= 0 && b >= 0 && w >= 0 && dir >= 0 && read(a, &c, 1) == 1);
    meet(port); /* fs /box/d/a goes */
    MUST(dead(a));
    MUST(write(w, "x", 1) < 0 && errno == ENOTCAPABLE);
    MUST(read(b, &c, 1) == 1);
    MUST(refused(openat(dir, "in", O_RDONLY)) || errno == EBADF ||
         errno == ENOTDIR);
    MUST(refused(open("/box/d/a/in", O_RDONLY)));
    MUST(refused(open("/box/d/a", O_RDONLY)));
    MUST(refused(open("/box/d/b/../a/in", O_RDONLY)));
    MUST(refused(open("/box/d/b/link", O_RDONLY)));
    MUST(link("/box/d/a/in", "/box/d/b/hard") < 0 && errno == ENOTCAPABLE);
    MUST(rename("/box/d/a/in", "/box/d/b/moved") < 0 && errno == ENOTCAPABLE);
    MUST(rename("/box/d/a", "/box/d/c") < 0 && errno == ENOTCAPABLE);
    MUST(rename("/box/d", "/box/e") < 0 && errno == ENOTCAPABLE);
    MUST(rename("/box/d/b", "/box/d/b2") == 0); /* that holds no hole */
    MUST(rename("/box/d/b2", "/box/d/b") == 0);
    MUST(chdir("/box/d/a") < 0);
    MUST(code_of(start(NULL, "reads-a")) == 0); /* children too ... */
    MUST(code_of(start("fs /box rw\nstub trap\n", "reads-a")) == 0);
    MUST(code_of(start("fs /box/d/a ro\nstub trap\n", "reads-a")) == 0);
    meet(port); /* fs /box/d/a ro comes back */
    a = open("/box/d/a/in", O_RDONLY);
    MUST(a >= 0 && read(a, &c, 1) == 1);
    MUST(refused(open("/box/d/a/in", O_RDWR)));
    return 0;
}

/* ---- one address ------------------------------------------------------ */

static struct sockaddr_in
local(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int
listen_at(int port)
{
    struct sockaddr_in a = local(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 8) < 0)
        return -1;
    return fd;
}

static int
connect_at(int port)
{
    struct sockaddr_in a = local(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return connect(fd, (struct sockaddr *)&a, sizeof a) < 0 ? -1 : fd;
}

static int
role_net(void)
{
    int port = pith_port_open("", 0, 0), a, b, c, d, udp;
    struct sockaddr_in to = local(7001), other = local(7002);

    /* the tester listens at both */
    a = connect_at(7001);
    b = connect_at(7002);
    MUST(a >= 0 && b >= 0);
    c = listen_at(7003);
    d = listen_at(7004);
    MUST(c >= 0 && d >= 0);
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    MUST(sendto(udp, "x", 1, 0, (struct sockaddr *)&to, sizeof to) == 1);
    meet(port); /* net connect 127.0.0.1:7001 and net listen :7003 go */
    MUST(dead(a));
    MUST(write(b, "x", 1) == 1);
    MUST(connect_at(7001) < 0 && errno == ENOTCAPABLE);
    MUST(connect_at(7002) >= 0);
    MUST(accept(c, NULL, NULL) < 0 && errno == ENOTCAPABLE);
    MUST(listen_at(7003) < 0 && errno == ENOTCAPABLE);
    MUST(listen_at(7005) >= 0);
    MUST(sendto(udp, "x", 1, 0, (struct sockaddr *)&to, sizeof to) < 0 &&
         errno == ENOTCAPABLE);
    MUST(sendto(udp, "x", 1, 0, (struct sockaddr *)&other, sizeof other) == 1);
    return 0;
}

/* ---- one partner ------------------------------------------------------ */

static int
role_ipc(void)
{
    int port = pith_port_open("", 0, 0);

    MUST(send_text("spy", "x", 0, 0, NULL) == 0);
    meet(port); /* ipc spy goes */
    MUST(send_text("spy", "x", 0, 0, NULL) == -E_(NOTCAPABLE));
    MUST(send_text("*", "x", 0, 0, NULL) == -E_(NOTCAPABLE));
    MUST(send_text("tester", "still", 0, 0, NULL) == 0);
    return 0;
}

static int
role_spy(void)
{
    pith_port_open("", 0, 0);
    for (;;)
        pause();
}

static const struct {
    const char *name;
    int (*run)(void);
} roles[] = {{"files", role_files}, {"reads-a", role_reads_a},
             {"net", role_net},     {"ipc", role_ipc},
             {"spy", role_spy}};

/* ---- tests ------------------------------------------------------------ */

static void
await_ready(int fd, const char *who)
{
    char from[64], text[64];
    struct pith_message m;

    do
        recv_text(fd, &m, from, text, sizeof text);
    while (strcmp(text, "ready") != 0);
    CHECK(!strcmp(from, who));
}

static void
put(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    CHECK(fd >= 0 && write(fd, "abc", 3) == 3);
    close(fd);
}

static void
test_path(int fd)
{
    int pid;

    mkdir("/box/d", 0755);
    mkdir("/box/d/a", 0755);
    mkdir("/box/d/b", 0755);
    put("/box/d/a/in");
    put("/box/d/b/in");
    symlink("../a/in", "/box/d/b/link");
    pid = start("app files\nstdio\nspawn\nshell\ntime\nipc tester\nfs /box rw\n"
                "fs /parts ro\n",
                "files");
    await_ready(fd, "files");
    CHECK(control(PITH_APP_REVOKE, "files", "fs /box/d/a", 0) == 0);
    CHECK(control(PITH_APP_REVOKE, "files", "fs /box/d/a", 0) == -E_(NOENT));
    CHECK(control(PITH_APP_REVOKE, "files", "fs /elsewhere", 0) == -E_(NOENT));
    CHECK(control(PITH_APP_CHECK, "files", "fs /box/d/b rw", 0) == 0);
    CHECK(control(PITH_APP_CHECK, "files", "fs /box rw", 0) ==
          -E_(NOTCAPABLE));
    send_text("files", "go on", 0, 0, NULL);
    await_ready(fd, "files");
    CHECK(control(PITH_APP_GRANT, "files", "fs /box/d/a ro", 0) == 0);
    send_text("files", "go on", 0, 0, NULL);
    CHECK(code_of(pid) == 0);
}

static void
test_address(int fd)
{
    int one = listen_at(7001), two = listen_at(7002), pid;

    CHECK(one >= 0 && two >= 0);
    pid = start("app net\nstdio\nspawn\nshell\ntime\nipc tester\nnet\n", "net");
    await_ready(fd, "net");
    CHECK(control(PITH_APP_REVOKE, "net", "net connect 127.0.0.1:7001", 0) ==
          0);
    CHECK(control(PITH_APP_REVOKE, "net", "net listen :7003", 0) == 0);
    send_text("net", "go on", 0, 0, NULL);
    CHECK(code_of(pid) == 0);
    close(one);
    close(two);
}

static void
test_partner(int fd)
{
    int spy = start("app spy\nspawn\nshell\ntime\nipc\n", "spy"), pid;

    nap(30);
    pid = start("app talker\nstdio\nspawn\nshell\ntime\nipc\n", "ipc");
    await_ready(fd, "talker");
    CHECK(control(PITH_APP_REVOKE, "talker", "ipc spy", 0) == 0);
    send_text("talker", "go on", 0, 0, NULL);
    CHECK(code_of(pid) == 0);
    control(PITH_APP_KILL, "spy", NULL, SIGKILL);
    code_of(spy);
}

/* The number of changes of an app's grants stands in the log. */
static void
test_generation(void)
{
    const char *text = audit_text();

    CHECK(strstr(text, "revoked files: fs /box/d/a (generation 1)"));
    CHECK(strstr(text, "granted files: fs /box/d/a ro (generation 2)"));
    CHECK(strstr(text, "refused net connect 127.0.0.1:7001"));
    CHECK(strstr(text, "refused ipc spy"));
}

int
main(int argc, char **argv)
{
    int fd;

    self = argv[0];
    for (size_t i = 0; argc > 1 && i < sizeof roles / sizeof *roles; i++)
        if (!strcmp(argv[1], roles[i].name))
            return roles[i].run();
    if (argc == 1)
        return code_of(start("app tester\nstdio\nspawn\nipc\nshell\ntime\n"
                             "fs / rw\nnet\n",
                             "test"));
    fd = pith_port_open("", 0, 0);
    test_path(fd);
    test_address(fd);
    test_partner(fd);
    test_generation();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
