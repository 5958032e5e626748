/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apps, limits, messages, revocation, from inside: the program starts itself as
 * other apps with their own grants and checks what they can and cannot do. Run
 * with everything granted.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "start.h"

/* ---- roles: what the started apps do; 0 is as it should be ------------ */

/* Everything that was not granted is refused. */
static int
role_nothing(void)
{
    char path[] = "/box/secret", text[64];
    struct pith_message m;

    if (open(path, O_RDONLY) >= 0 || errno != EPERM)
        if (errno != ENOTCAPABLE)
            return 1;
    if (open("/box/open/../secret", O_RDONLY) >= 0)
        return 2;
    if (open("/proc/1/environ", O_RDONLY) >= 0)
        return 3;
    if (send_text("server", "x", 0, 0, NULL) != -E_(NOTCAPABLE))
        return 4;
    if (pith_app_control(PITH_APP_LIST, "", text, 64, 0) != -E_(NOTCAPABLE))
        return 5;
    if (start(NULL, "exit0") != -E_(NOTCAPABLE))
        return 6;
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0) {
        /* the socket is nothing yet; its address counts */
        struct pith_sockaddr_in in = {.family = 2, .port = {0, 80},
                                      .addr = {127, 0, 0, 1}};

        if (connect(3, (void *)&in, sizeof in) == 0 || errno != ENOTCAPABLE)
            return 7;
    }
    if (kill(1, 0) == 0)
        return 8;
    (void)m;
    return 0;
}

/* Files below /box/open only, and not by links. */
static int
role_files(void)
{
    struct stat st;

    if (open("/box/open/in", O_RDONLY) < 0)
        return 1;
    if (open("/box/open/in", O_RDWR) >= 0)
        return 2;
    if (open("/box/open/link", O_RDONLY) >= 0)
        return 3;
    if (open("/box/open/../secret", O_RDONLY) >= 0)
        return 4;
    if (stat("/box/secret", &st) == 0)
        return 5;
    if (link("/box/secret", "/box/open/hard") == 0)
        return 6;
    if (rename("/box/secret", "/box/open/moved") == 0)
        return 7;
    if (chdir("/box") == 0 && open("secret", O_RDONLY) >= 0)
        return 8;
    return 0;
}

/* Answers what it is sent, with who it was from. */
static int
role_server(void)
{
    int fd = pith_port_open("", 0, 0);
    char from[64], text[256], answer[330];
    struct pith_message m;

    for (;;) {
        if (recv_text(fd, &m, from, text, sizeof text) < 0)
            return 1;
        if (!strcmp(text, "quit"))
            return 0;
        snprintf(answer, sizeof answer, "%s %s", from, text);
        if (send_text(NULL, answer, m.id, 0, NULL) < 0)
            return 2;
        if (send_text(NULL, answer, m.id, 0, NULL) != -E_(NOENT))
            return 3; /* one answer a question */
        if (send_text(from, answer, 0, 0, NULL) != -E_(NOTCAPABLE))
            return 4; /* and no grant to talk to it besides */
    }
}

/* Does not read. */
static int
role_deaf(void)
{
    pith_port_open("", 0, 0);
    for (;;)
        pause();
}

/* Floods the deaf one until it is told to wait. */
static int
role_flood(void)
{
    int n = 0;

    while (send_text("deaf", "0123456789", 0, PITH_MSG_DONTWAIT, NULL) >= 0)
        if (++n > 1000)
            return 1;
    return n == 64 ? 0 : 2;
}

/* Sends as fast as it can for half a second, on a busy machine until it had the
 * time for 30: no more must have gone than 20 at once and then 20 a second. */
static int
role_rated(void)
{
    struct timespec a, b;
    int n = 0;
    long ms;

    clock_gettime(CLOCK_MONOTONIC, &a);
    do {
        if (send_text("sink", "x", 0, 0, NULL) < 0)
            return 1;
        n++;
        clock_gettime(CLOCK_MONOTONIC, &b);
        ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
    } while (ms < 500 || (n < 25 && ms < 60000));
    return n >= 25 && n <= 30 + ms / 50 ? 0 : n < 100 ? n : 100;
}

static int
role_sink(void)
{
    int fd = pith_port_open("", 0, 0);
    char from[64], text[256];
    struct pith_message m;

    while (recv_text(fd, &m, from, text, sizeof text) >= 0)
        continue;
    return 0;
}

/* Starts itself until it cannot. */
static int
role_bomb(void)
{
    int n = 0;

    while (start(NULL, "pause") > 0)
        if (++n > 50)
            return 1;
    return n == 4 ? 0 : 100 + n;
}

static int
role_disk(void)
{
    static char block[4096];
    int fd = open("/box/open/big", O_RDWR | O_CREAT | O_TRUNC, 0600), n = 0;

    while (write(fd, block, sizeof block) == (ssize_t)sizeof block)
        if (++n > 100)
            return 1;
    if (n != 16 || errno != EDQUOT)
        return 2;
    if (ftruncate(fd, 1 << 20) == 0)
        return 3;
    if (ftruncate(fd, 0) < 0 || pwrite(fd, block, 4096, 0) != 4096)
        return 4;
    if (unlink("/box/open/big") < 0)
        return 5;
    fd = open("/box/open/big2", O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (n = 0; write(fd, block, sizeof block) == 4096; n++)
        continue;
    unlink("/box/open/big2");
    return n == 16 ? 0 : 6;
}

static long
ms_of(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A fifth of a CPU: a fifth of a second of work takes over half a second. A host
 * that stops all of us for that long in the middle of it counts as work; what was
 * too much is waited for in the next round. */
static int
role_slow(void)
{
    volatile unsigned x = 0;

    for (int round = 0; round < 5; round++) {
        long start = ms_of(CLOCK_MONOTONIC);
        long until = ms_of(CLOCK_PROCESS_CPUTIME_ID) + 200;

        do
            for (int i = 0; i < 100000; i++)
                x += (unsigned)i;
        while (ms_of(CLOCK_PROCESS_CPUTIME_ID) < until);
        if (ms_of(CLOCK_MONOTONIC) - start > 600)
            return 0;
    }
    return 1;
}

/* Opens, says so, and is then to lose it: the descriptor too. */
static int
role_revoked(void)
{
    int fd = open("/box/open/in", O_RDONLY), port = pith_port_open("", 0, 0);
    char from[64], text[64];
    struct pith_message m;
    struct timespec t;

    if (fd < 0 || read(fd, text, 1) != 1)
        return 1;
    if (clock_gettime(CLOCK_REALTIME, &t) < 0)
        return 2;
    send_text("tester", "ready", 0, 0, NULL);
    if (recv_text(port, &m, from, text, sizeof text) < 0)
        return 3;
    if (read(fd, text, 1) >= 0 || errno != ENOTCAPABLE)
        return 4;
    if (open("/box/open/in", O_RDONLY) >= 0)
        return 5;
    if (clock_gettime(CLOCK_REALTIME, &t) == 0)
        return 6;
    if (recv_text(port, &m, from, text, sizeof text) >= 0)
        return 7; /* ipc goes while it waits */
    return 0;
}

static const struct {
    const char *name;
    int (*run)(void);
} roles[] = {
    {"nothing", role_nothing}, {"files", role_files}, {"server", role_server},
    {"deaf", role_deaf},       {"flood", role_flood}, {"rated", role_rated},
    {"sink", role_sink},       {"bomb", role_bomb},   {"disk", role_disk},
    {"slow", role_slow},       {"revoked", role_revoked},
};

/* ---- tests ------------------------------------------------------------ */

static void
put_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    write(fd, text, strlen(text));
    close(fd);
}

#define BASE "stdio\nspawn\ntime\nipc\nshell\nfs " PROGRAM_DIR " ro\n"

static void
test_grants(void)
{
    CHECK(code_of(start("app nothing\nstub trap\n", "nothing")) == 256 + 6);
    CHECK(code_of(start("app nothing\nspawn\nipc other\nshell\ntime\n"
                        "fs /box/open ro\n",
                        "files")) == 0);
    CHECK(start("app Nothing\n", "files") == -E_(INVAL));
    CHECK(start("app a b\n", "files") == -E_(INVAL));
    CHECK(start("limit fun 3\n", "files") == -E_(INVAL));
    CHECK(start("limit cpu 0\n", "files") == -E_(INVAL));
}

static void
test_messages(void)
{
    int server, fd = pith_port_open("", 0, 0), r;
    char from[64], text[256];
    struct pith_message m;
    uint64_t id;

    server = start("app server\nspawn\nshell\ntime\nipc nobody\n", "server");
    CHECK(server > 0);
    CHECK(start("app server\nspawn\nshell\ntime\nipc *\n", "server") ==
          -E_(EXIST));
    CHECK(send_text("server", "hello", 0, 0, &id) == 0);
    CHECK(recv_text(fd, &m, from, text, sizeof text) == 12);
    CHECK(!strcmp(from, "server") && !strcmp(text, "tester hello"));
    CHECK(m.reply_to == id && m.pid == server && m.id > id);
    CHECK(send_text("absent", "hello", 0, 0, NULL) == -E_(NOENT));
    CHECK(send_text(NULL, "hello", 12345, 0, NULL) == -E_(NOENT));
    m.data_len = 70000;
    m.name = gp("server");
    m.name_len = 6;
    m.as = 0;
    m.flags = 0;
    CHECK(pith_msg_send(&m) == -E_(MSGSIZE));
    m.as = server; /* who holds shell may speak for it: its grants count */
    m.data_len = 1;
    CHECK(pith_msg_send(&m) == -E_(NOTCAPABLE));
    /* in order */
    for (int i = 0; i < 20; i++) {
        char n[8];

        snprintf(n, sizeof n, "%d", i);
        CHECK(send_text("server", n, 0, 0, NULL) == 0);
    }
    for (int i = 0; i < 20; i++) {
        r = recv_text(fd, &m, from, text, sizeof text);
        CHECK(r > 0 && atoi(strrchr(text, ' ')) == i);
    }
    CHECK(send_text("*", "quit", 0, 0, NULL) == 1);
    CHECK(code_of(server) == 0);
    CHECK(send_text("server", "hello", 0, 0, NULL) == -E_(NOENT));
    m = (struct pith_message){.flags = PITH_MSG_DONTWAIT};
    CHECK(pith_msg_recv(fd, &m) == -E_(AGAIN));
    CHECK(pith_msg_recv(99, &m) == -8);
    CHECK(pith_msg_recv(0, &m) == -E_(INVAL));
    close(fd);
}

static void
test_flood(void)
{
    int deaf = start("app deaf\nspawn\nshell\ntime\nipc *\n", "deaf");
    struct pollfd p;

    nap(20);
    CHECK(code_of(start("app one\nspawn\nshell\ntime\nipc deaf\n", "flood")) ==
          0);
    CHECK(code_of(start("app two\nspawn\nshell\ntime\nipc deaf\n", "flood")) ==
          0); /* there is still room for others */
    CHECK(control(PITH_APP_KILL, "deaf", NULL, SIGKILL) == 0);
    CHECK(code_of(deaf) == 256 + SIGKILL);
    p.fd = pith_port_open("", 0, 0);
    p.events = POLLIN;
    CHECK(poll(&p, 1, 0) == 0);
    CHECK(send_text("tester", "to myself", 0, 0, NULL) == 0);
    CHECK(poll(&p, 1, 0) == 1 && (p.revents & POLLIN));
    close(p.fd);
    p.fd = pith_port_open("", 0, 0); /* the inbox is the app's, not the descriptor's */
    CHECK(poll(&p, 1, 0) == 1);
    close(p.fd);
}

static void
test_limits(void)
{
    int sink;

    CHECK(code_of(start("app bomb\nlimit processes 5\nspawn\nshell\ntime\nipc\n"
                        "fs /apps ro\n",
                        "bomb")) == 0);
    control(PITH_APP_KILL, "bomb", NULL, SIGKILL);
    CHECK(code_of(start("app disk\nlimit disk 65536\nspawn\nshell\ntime\nipc\n"
                        "fs /box/open rw\n",
                        "disk")) == 0);
    CHECK(code_of(start("app slow\nlimit cpu 20\nspawn\nshell\ntime\nipc\n",
                        "slow")) == 0);
    sink = start("app sink\nspawn\nshell\ntime\nipc\n", "sink");
    nap(20);
    CHECK(code_of(start("app rated\nlimit messages 20\nspawn\nshell\ntime\n"
                        "ipc sink\n",
                        "rated")) == 0);
    CHECK(control(PITH_APP_KILL, "sink", NULL, SIGKILL) == 0);
    code_of(sink);
}

static void
test_revoke(void)
{
    int pid = start("app revoked\nspawn\nshell\ntime\nipc tester\n"
                    "fs /box/open ro\n",
                    "revoked");
    int fd = pith_port_open("", 0, 0);
    char from[64], text[64];
    struct pith_message m;

    do
        recv_text(fd, &m, from, text, sizeof text);
    while (strcmp(text, "ready") != 0);
    CHECK(!strcmp(from, "revoked"));
    CHECK(control(PITH_APP_CHECK, "revoked", "time", 0) == 0);
    CHECK(control(PITH_APP_CHECK, "revoked", "random", 0) == -E_(NOTCAPABLE));
    CHECK(control(PITH_APP_REVOKE, "revoked", "random", 0) == -E_(NOENT));
    CHECK(control(PITH_APP_REVOKE, "revoked", "not fs /box/open", 0) ==
          -E_(INVAL));
    CHECK(control(PITH_APP_REVOKE, "revoked", "fs /box/open/in ro", 0) == 0);
    CHECK(control(PITH_APP_REVOKE, "revoked", "fs /box/open/in ro", 0) ==
          -E_(NOENT));
    CHECK(control(PITH_APP_REVOKE, "revoked", "fs /box/open ro\ntime", 0) ==
          0);
    CHECK(control(PITH_APP_CHECK, "revoked", "time", 0) == -E_(NOTCAPABLE));
    CHECK(control(PITH_APP_REVOKE, "absent", "time", 0) == -E_(SRCH));
    send_text("revoked", "go on", 0, 0, NULL);
    nap(50);
    CHECK(control(PITH_APP_REVOKE, "revoked", "ipc", 0) == 0);
    CHECK(code_of(pid) == 0);
    close(fd);
}

static void
test_audit(void)
{
    const char *text = audit_text();

    CHECK(strstr(text, " revoked revoked: fs /box/open ro") != NULL ||
          strstr(text, " revoked: fs /box/open ro") != NULL);
    CHECK(strstr(text, " refused fs /box/secret") != NULL);
    CHECK(strstr(text, " limit disk") != NULL);
    CHECK(strstr(text, " limit processes") != NULL);
    CHECK(strstr(text, " app bomb") != NULL);
}

int
main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 1 && !strcmp(argv[1], "pause"))
        for (;;)
            pause();
    for (size_t i = 0; argc > 1 && i < sizeof roles / sizeof *roles; i++)
        if (!strcmp(argv[1], roles[i].name))
            return roles[i].run();
    if (argc > 1) { /* the tests themselves, as an app */
        mkdir("/box/open", 0755);
        put_file("/box/secret", "secret");
        put_file("/box/open/in", "input");
        symlink("/box/secret", "/box/open/link");
        test_grants();
        test_messages();
        test_flood();
        test_limits();
        test_revoke();
        test_audit();
        unlink("/box/open/link");
        printf("%d passed, %d failed\n", passed, failed);
        return failed != 0;
    }
    return code_of(start("app tester\nstdio\nspawn\nipc\nshell\ntime\nfs / rw\n",
                         "test"));
}
