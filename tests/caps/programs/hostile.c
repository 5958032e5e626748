/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For each capability an app that has all the others and not this one, and wants
 * it: by each call there is, by links and .., by a child, by granting it itself,
 * through an app that has it, after it was revoked, in another's name, and by
 * asking again and again. Each way must work for who has the capability (or the
 * test would show nothing) and for nobody else; at the end all is as before.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "start.h"

enum { WORKED, REFUSED, NO_MORE, ABSENT };
#define PORT 7010

static int
worked(bool yes)
{
    return yes ? WORKED : REFUSED;
}

/* ---- each capability, each way: way 0, 1 ... until NO_MORE ------------- */

static int
use_fs(int way)
{
    static const char *const paths[] = {
        "/h/secret",           "/o/../h/secret",     "/o/link",
        "/o/dirlink/secret",   "//h//secret",        "/o/./../h/./secret",
        "/proc/self/root/h/secret", "/o/up/h/secret",
    };
    struct stat st;
    int n = sizeof paths / sizeof *paths;

    if (way < n)
        return worked(open(paths[way], O_RDONLY) >= 0);
    if (way == n)
        return worked(link("/h/secret", "/o/hard") == 0 &&
                      unlink("/o/hard") == 0);
    if (way == n + 1)
        return worked(rename("/h/move", "/o/moved") == 0 &&
                      rename("/o/moved", "/h/move") == 0);
    if (way == n + 2)
        return worked(stat("/h/secret", &st) == 0);
    if (way == n + 3)
        return worked(open("/h/new", O_CREAT | O_WRONLY, 0600) >= 0 &&
                      unlink("/h/new") == 0);
    if (way == n + 4)
        return worked(chdir("/h") == 0 && open("secret", O_RDONLY) >= 0);
    return NO_MORE;
}

static int
tcp(int family, const void *address, socklen_t len)
{
    int fd = socket(family, SOCK_STREAM, 0);

    return worked(fd >= 0 && connect(fd, address, len) == 0);
}

static int
use_net(int way)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_port = htons(PORT)};
    int fd;

    switch (way) {
    case 0:
        v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return tcp(AF_INET, &v4, sizeof v4);
    case 1: /* 0.0.0.0 is this machine too */
        return tcp(AF_INET, &v4, sizeof v4);
    case 2:
        inet_pton(AF_INET6, "::ffff:127.0.0.1", &v6.sin6_addr);
        return tcp(AF_INET6, &v6, sizeof v6);
    case 3:
        fd = socket(AF_INET, SOCK_DGRAM, 0);
        v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return worked(fd >= 0 && sendto(fd, "x", 1, 0, (void *)&v4,
                                        sizeof v4) == 1);
    case 4:
        fd = socket(AF_INET, SOCK_STREAM, 0);
        v4.sin_port = htons(PORT + 1);
        v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK); /* the host's may be used */
        return worked(fd >= 0 && bind(fd, (void *)&v4, sizeof v4) == 0 &&
                      listen(fd, 1) == 0);
    case 5: /* without a bind it would get some port */
        fd = socket(AF_INET, SOCK_STREAM, 0);
        return worked(fd >= 0 && listen(fd, 1) == 0);
    default:
        return NO_MORE;
    }
}

static int
use_time(int way)
{
    struct timespec t;

    return way ? NO_MORE : worked(clock_gettime(CLOCK_REALTIME, &t) == 0);
}

static int
use_random(int way)
{
    char c;

    return way ? NO_MORE : worked(getrandom(&c, 1, 0) == 1);
}

static int
use_spawn(int way)
{
    return way ? NO_MORE : worked(code_of(start(NULL, "noop")) == 0);
}

static int
use_ipc(int way)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "\0abstract"};
    struct pith_message as = {.name = gp("tester"), .name_len = 6,
                              .flags = PITH_MSG_DONTWAIT, .as = getppid()};

    switch (way) {
    case 0:
        return worked(send_text("tester", "x", 0, PITH_MSG_DONTWAIT, NULL) ==
                      0);
    case 1:
        return worked(send_text("*", "x", 0, PITH_MSG_DONTWAIT, NULL) >= 0);
    case 2: /* in its parent's name: needs `shell`, which it has; and the grant
             * of who it names. Its parent is the tester, who has that. */
        return worked(pith_msg_send(&as) == 0 || errno == EAGAIN);
    case 3:
        return worked(bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a,
                           sizeof a) == 0);
    default:
        return NO_MORE;
    }
}

static int
use_shell(int way)
{
    struct pith_identity root = {0};
    struct pith_message as = {.name = gp("tester"), .name_len = 6,
                              .flags = PITH_MSG_DONTWAIT, .as = getppid()};
    char text[64];

    switch (way) {
    case 0:
        return worked(pith_app_control(PITH_APP_LIST, "", text, 64, 0) > 0);
    case 1:
        return worked(mount("x", "/mnt", "tmpfs", 0, NULL) == 0 &&
                      umount("/mnt") == 0);
    case 2:
        return worked(sethostname("pith", 4) == 0);
    case 3:
        return worked(pith_identity_make(&root) >= 0);
    case 4:
        return worked(pith_broker(1000) >= 0);
    case 5: /* another's inbox */
        return worked(pith_port_open("tester", 6, 0) >= 0);
    case 6: /* another's name */
        return worked(pith_msg_send(&as) != -E_(NOTCAPABLE));
    case 7:
        return worked(open("/proc/audit", O_RDONLY) >= 0 &&
                      read(open("/proc/audit", O_RDONLY), text, 1) == 1);
    case 8: /* another app, in the same user's name */
        return worked(kill(getppid(), 0) == 0);
    case 9:
        return worked(code_of(start("app forged\nspawn\nstub trap\n", "noop")) ==
                      0);
    default:
        return NO_MORE;
    }
}

static int
use_device(int way)
{
    if (way)
        return NO_MORE;
    unlink("/t/node");
    return worked(mknod("/t/node", S_IFCHR | 0600, makedev(1, 3)) == 0);
}

/* Those whose devices not every host has: /dev is a fresh one here. */
static int
open_device(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return ABSENT;
    return worked(open(path, O_RDWR) >= 0);
}

static int
use_display(int way)
{
    return way ? NO_MORE : open_device("/dev/fb0");
}

static int
use_mouse(int way)
{
    return way ? NO_MORE : open_device("/dev/input/event1");
}

static int
use_keyboard(int way)
{
    return way ? NO_MORE : open_device("/dev/input/event0");
}

/* The smallest module there is. */
static int
use_jit(int way)
{
    struct pith_code c = {.table_base = 1};

    return way ? NO_MORE
               : worked(pith_code_load("\0asm\1\0\0", 8, &c) > 0);
}

/* Declared, but nothing can be called with it yet. */
static int
use_nothing(int way)
{
    return way ? NO_MORE : ABSENT;
}

static const struct row {
    const char *name, *grant;
    int (*use)(int way);
} rows[] = {
    {"fs", "fs /h rw", use_fs},
    {"net", "net", use_net},
    {"time", "time", use_time},
    {"random", "random", use_random},
    {"spawn", "spawn", use_spawn},
    {"ipc", "ipc", use_ipc},
    {"shell", "shell", use_shell},
    {"device", "device", use_device},
    {"display", "display", use_display},
    {"mouse", "mouse", use_mouse},
    {"keyboard", "keyboard", use_keyboard},
    {"sound", "sound", use_nothing},
    {"jit", "jit", use_jit},
};
#define ROWS (sizeof rows / sizeof *rows)

/* Grants of an app with all but `without` (NULL: all). */
static const char *
grants(const char *name, const struct row *without)
{
    static char text[1024];
    size_t at = (size_t)snprintf(text, sizeof text,
                                 "app %s\nstub trap\nstdio\nfs /o rw\n"
                                 "fs /hostile ro\nfs /proc ro\nfs /dev rw\n"
                                 "fs /mnt rw\nfs /t rw\n",
                                 name);

    for (size_t i = 0; i < ROWS; i++)
        if (&rows[i] != without)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s\n",
                                   rows[i].grant);
    return text;
}

/* ---- roles: argv is  use ROW WAY  and so on ---------------------------- */

static int
role_child(const struct row *r)
{
    char want[80];

    snprintf(want, sizeof want, "stub trap\nfs /hostile ro\n%s\n", r->grant);
    return worked(code_of(start(want, "noop")) == 0);
}

/* It holds `shell`, so it may ask the kernel to grant. */
static int
role_grant(const struct row *r)
{
    return worked(control(PITH_APP_GRANT, "hostile", r->grant, 0) == 0);
}

/* The deputy has everything, and `shell` to see who asks may have it. */
static int
role_through(const struct row *r)
{
    int fd = pith_port_open("", 0, 0);
    char from[64], text[64];
    struct pith_message m;

    if (send_text("deputy", r->name, 0, 0, NULL) < 0)
        return REFUSED;
    recv_text(fd, &m, from, text, sizeof text);
    return worked(!strcmp(text, "done"));
}

static int
role_deputy(void)
{
    int fd = pith_port_open("", 0, 0);
    char from[64], text[64];
    struct pith_message m;
    size_t i;

    while (recv_text(fd, &m, from, text, sizeof text) >= 0) {
        for (i = 0; i < ROWS && strcmp(text, rows[i].name); i++)
            ;
        if (i == ROWS)
            continue; /* a broadcast */
        send_text(NULL,
                  control(PITH_APP_CHECK, from, rows[i].grant, 0) == 0
                      ? "done"
                      : "refused",
                  m.id, 0, NULL);
    }
    return 0;
}

/* Has it, uses it, and is told when it is gone. */
static int
role_revoked(const struct row *r)
{
    char c;
    int got = r->use(0);

    if (got != WORKED && got != ABSENT)
        return NO_MORE;
    write(3, "", 1);
    if (read(4, &c, 1) != 1)
        return NO_MORE;
    return r->use(0);
}

/* Again and again: each is refused, none is the last that is let through. */
static int
role_flood(const struct row *r)
{
    for (int i = 0; i < 3000; i++)
        if (r->use(0) == WORKED)
            return WORKED;
    return REFUSED;
}

static int
role(char **argv)
{
    const struct row *r = argv[2] ? &rows[atoi(argv[2])] : NULL;

    if (!strcmp(argv[1], "noop"))
        return 0;
    if (!strcmp(argv[1], "deputy"))
        return role_deputy();
    if (!strcmp(argv[1], "use"))
        return r->use(atoi(argv[3]));
    if (!strcmp(argv[1], "child"))
        return role_child(r);
    if (!strcmp(argv[1], "grant"))
        return role_grant(r);
    if (!strcmp(argv[1], "through"))
        return role_through(r);
    if (!strcmp(argv[1], "revoked"))
        return role_revoked(r);
    return role_flood(r);
}

/* ---- tests ------------------------------------------------------------ */

static int
start_with(const char *text, const char *what, size_t row, int way,
           const struct pith_fd_action *actions, uint32_t n)
{
    char number[12], third[12];
    pith_gp a[5] = {gp(self), gp(what), gp(number), gp(third), 0}, e[1] = {0};
    struct pith_spawn s = {.flags = PITH_SPAWN_GRANTS, .grants = gp(text),
                           .actions = gp(actions), .nactions = n};

    snprintf(number, sizeof number, "%zu", row);
    snprintf(third, sizeof third, "%d", way);
    return pith_spawn(self, a, e, &s);
}

/* Its exit code; a trap is REFUSED. */
static int
result(int pid)
{
    int code = code_of(pid);

    return code == 256 + SIGABRT ? REFUSED : code;
}

#define SAYS(i, what, way, e)                                                  \
    do {                                                                       \
        if (e) {                                                               \
            passed++;                                                          \
        } else {                                                               \
            failed++;                                                          \
            printf("FAIL %s, %s %d: %s\n", rows[i].name, what, way, #e);       \
        }                                                                      \
    } while (0)

static void
test_directly(size_t i)
{
    for (int way = 0;; way++) {
        int with = result(start_with(grants("friendly", NULL), "use", i, way,
                                     NULL, 0));
        int without;

        if (with == NO_MORE)
            return;
        SAYS(i, "granted", way, with == WORKED || with == ABSENT);
        without = result(start_with(grants("hostile", &rows[i]), "use", i, way,
                                    NULL, 0));
        SAYS(i, "directly", way, without == REFUSED || without == ABSENT);
    }
}

static void
test_indirectly(size_t i, const char *what)
{
    int with = result(start_with(grants("hostile", NULL), what, i, 0, NULL, 0));
    int without =
        result(start_with(grants("hostile", &rows[i]), what, i, 0, NULL, 0));

    SAYS(i, what, 0, with == WORKED);
    SAYS(i, what, 1, without == REFUSED);
}

static void
test_revoked(size_t i)
{
    struct pith_fd_action actions[2] = {{.op = PITH_FDA_DUP2, .fd = 3},
                                        {.op = PITH_FDA_DUP2, .fd = 4}};
    int up[2], down[2], pid, r;
    char c;

    CHECK(pipe(up) == 0 && pipe(down) == 0);
    /* out of the way of 3 and 4 */
    actions[0].from = fcntl(up[1], F_DUPFD, 20);
    actions[1].from = fcntl(down[0], F_DUPFD, 20);
    pid = start_with(grants("hostile", NULL), "revoked", i, 0, actions, 2);
    close(up[1]);
    close(actions[0].from);
    r = (int)read(up[0], &c, 1);
    SAYS(i, "before revoke", 0, r == 1);
    SAYS(i, "revoke", 0,
         control(PITH_APP_REVOKE, "hostile", rows[i].grant, 0) == 0);
    write(down[1], "", 1);
    r = result(pid);
    SAYS(i, "after revoke", 0, r == REFUSED || r == ABSENT);
    close(up[0]);
    close(down[0]);
    close(down[1]);
    close(actions[1].from);
}

static void
test_flood(size_t i)
{
    int r = result(start_with(grants("hostile", &rows[i]), "flood", i, 0, NULL,
                              0));

    SAYS(i, "flood", 0, r == REFUSED);
}

/* How many apps, and is each capability there for who has it? */
static int
apps(void)
{
    static char text[8192];
    int n = pith_app_control(PITH_APP_LIST, "", text, sizeof text - 1, 0);
    int count = 0;

    for (int k = 0; k < n; k++)
        count += text[k] == '\n';
    return count;
}

static void
put(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    CHECK(fd >= 0);
    close(fd);
}

static int
make_world(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(PORT),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    mkdir("/h", 0755);
    mkdir("/o", 0755);
    mkdir("/dev", 0755);
    mkdir("/t", 0755);
    CHECK(mount("t", "/t", "tmpfs", 0, NULL) == 0);
    put("/h/secret");
    put("/h/move");
    symlink("/h/secret", "/o/link");
    symlink("/h", "/o/dirlink");
    symlink("..", "/o/up");
    CHECK(mount("dev", "/dev", "devfs", 0, NULL) == 0);
    mount("proc", "/proc", "procfs", 0, NULL); /* or it is there */
    CHECK(bind(fd, (void *)&a, sizeof a) == 0 && listen(fd, 64) == 0);
    pith_port_open("", 0, 0);
    return fd;
}

static void
test_log(void)
{
    static char text[400000];
    char want[40];
    int fd = open("/proc/audit", O_RDONLY);
    ssize_t n = 0, r;

    while ((r = read(fd, text + n, sizeof text - 1 - (size_t)n)) > 0)
        n += r;
    text[n] = 0;
    for (size_t i = 0; i < ROWS; i++) {
        snprintf(want, sizeof want, "refused %s", rows[i].name);
        SAYS(i, "audited", 0, strstr(text, want) != NULL);
    }
}

int
main(int argc, char **argv)
{
    int deputy, before, server;

    self = argv[0];
    if (argc == 1)
        return code_of(start("app tester\nstdio\nspawn\nipc\nshell\ntime\n"
                             "random\ndevice\ndisplay\nmouse\nkeyboard\nsound\n"
                             "jit\nfs / rw\nnet\n",
                             "test"));
    if (strcmp(argv[1], "test") != 0)
        return role(argv);
    server = make_world();
    deputy = start_with(grants("deputy", NULL), "deputy", 0, 0, NULL, 0);
    nap(30);
    before = apps();
    for (size_t i = 0; i < ROWS; i++) {
        bool message = !strcmp(rows[i].name, "ipc");
        bool control = !strcmp(rows[i].name, "shell");
        bool starting = !strcmp(rows[i].name, "spawn");

        test_directly(i);
        if (!starting)
            test_indirectly(i, "child");
        if (!control)
            test_indirectly(i, "grant");
        if (!message)
            test_indirectly(i, "through");
        test_revoked(i);
        test_flood(i);
    }
    CHECK(apps() == before); /* nothing is left of them */
    CHECK(control(PITH_APP_KILL, "deputy", NULL, SIGKILL) == 0);
    code_of(deputy);
    test_log();
    close(server);
    nap(50); /* the host hears of it */
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
