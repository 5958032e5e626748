/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users: who may become whom, and what a file's owner means. The files lie on a
 * file system of the kernel's own, so that it is not the host that refuses.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "start.h"

#define ANNA 1001u
#define BERT 1002u
#define FRIENDS 2000u

static int
identity(uint32_t uid, uint32_t group)
{
    struct pith_identity id = {.uid = uid, .gid = uid, .ngroups = group != 0,
                               .groups = {group}};

    return pith_identity_make(&id);
}

/* ---- as somebody else ------------------------------------------------- */

static int wrong;
#define MUST(e)                                                                \
    do {                                                                       \
        if (!(e)) {                                                            \
            printf("FAIL %s:%d: %s (errno %d)\n", __FILE__, __LINE__, #e,      \
                   errno);                                                     \
            wrong++;                                                           \
        }                                                                      \
    } while (0)

/* Anna, who was root until she took an identity. */
static int
role_anna(void)
{
    struct stat st;
    uid_t r, e, s;
    int fd;

    MUST(getresuid(&r, &e, &s) == 0 && r == ANNA && e == ANNA && s == ANNA);
    MUST(getgid() == ANNA && getegid() == ANNA);
    /* there is no way back */
    MUST(setuid(0) < 0 && seteuid(0) < 0 && setresuid(-1, -1, 0) < 0);
    MUST(setgid(0) < 0 && setgroups(0, NULL) < 0);
    MUST(identity(0, 0) == -E_(PERM));
    MUST(identity(ANNA, 0) == -E_(PERM));
    MUST(pith_identity_take(0) == -E_(INVAL));
    MUST(pith_identity_take(99) == -E_(BADF));
    /* files of others */
    MUST(open("/mnt/root", O_RDONLY) < 0 && errno == EACCES);
    MUST(open("/mnt/bert", O_RDONLY) < 0 && errno == EACCES);
    MUST(open("/mnt/friends", O_RDONLY) >= 0);
    MUST(open("/mnt/friends", O_RDWR) < 0 && errno == EACCES);
    MUST(open("/mnt/closed/in", O_RDONLY) < 0 && errno == EACCES);
    MUST(chmod("/mnt/bert", 0777) < 0 && errno == EPERM);
    MUST(chown("/mnt/bert", ANNA, ANNA) < 0 && errno == EPERM);
    MUST(open("/mnt/new", O_CREAT | O_WRONLY, 0600) < 0 && errno == EACCES);
    /* in a directory for all, hers are hers */
    fd = open("/mnt/all/hers", O_CREAT | O_RDWR, 06755);
    MUST(fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == ANNA);
    MUST(unlink("/mnt/all/berts") < 0);
    MUST(rename("/mnt/all/berts", "/mnt/all/x") < 0);
    MUST(chown("/mnt/all/hers", BERT, -1) < 0 && errno == EPERM);
    MUST(chown("/mnt/all/hers", -1, BERT) < 0 && errno == EPERM);
    MUST(chown("/mnt/all/hers", -1, FRIENDS) == 0);
    MUST(fstat(fd, &st) == 0 && st.st_gid == FRIENDS && !(st.st_mode & 06000));
    MUST(chmod("/mnt/all/hers", 0400) == 0);
    MUST(open("/mnt/all/hers", O_RDWR) < 0 && errno == EACCES);
    /* programs of root's that say set-user-ID do not */
    MUST(code_of(start(NULL, "who")) == (ANNA & 0xff));
    MUST(kill(1, 0) < 0 && errno == EPERM);
    MUST(sethostname("anna", 4) < 0);
    MUST(mount("x", "/mnt", "tmpfs", 0, NULL) < 0);
    /* the console's grants are hers too, but `shell` is root's */
    MUST(control(PITH_APP_KILL, "tester", NULL, SIGKILL) == -E_(PERM));
    MUST(control(PITH_APP_GRANT, "tester", "random", 0) == -E_(PERM));
    MUST(pith_app_control(PITH_APP_LIST, "", NULL, 0, 0) == -E_(PERM));
    MUST(pith_broker(1000) == -E_(PERM));
    MUST(pith_port_open("tester", 6, 0) == -E_(PERM));
    MUST(start("app squat\nstub trap\n", "who") == -E_(PERM));
    return wrong != 0;
}

static int
role_who(void)
{
    return (int)(geteuid() & 0xff);
}

/* User 0, but without `shell`: nothing to give away. */
static int
role_small(void)
{
    MUST(geteuid() == 0);
    MUST(identity(ANNA, 0) == -E_(NOTCAPABLE));
    return wrong != 0;
}

/* ---- tests ------------------------------------------------------------ */

static void
put(const char *path, unsigned mode, uid_t uid, gid_t gid)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    CHECK(fd >= 0);
    CHECK(fchown(fd, uid, gid) == 0 && fchmod(fd, mode) == 0);
    close(fd);
}

static void
make_files(void)
{
    CHECK(mount("x", "/mnt", "tmpfs", 0, NULL) == 0);
    CHECK(chmod("/mnt", 0755) == 0);
    put("/mnt/root", 0600, 0, 0);
    put("/mnt/bert", 0600, BERT, BERT);
    put("/mnt/friends", 0640, BERT, FRIENDS);
    CHECK(mkdir("/mnt/closed", 0700) == 0);
    put("/mnt/closed/in", 0666, ANNA, ANNA);
    CHECK(mkdir("/mnt/all", 0777) == 0 && chmod("/mnt/all", 01777) == 0);
    put("/mnt/all/berts", 0666, BERT, BERT);
}

/* Start `self role` as whom the descriptor says. */
static int
start_as(int id, const char *role)
{
    pith_gp a[3] = {gp(self), gp(role), 0}, e[1] = {0};
    struct pith_fd_action as = {.op = PITH_FDA_IDENTITY, .from = id};
    struct pith_spawn s = {.actions = gp(&as), .nactions = 1};

    return pith_spawn(self, a, e, &s);
}

/* By a socket, as su gets it; what arrives. */
static int
pass(int id)
{
    char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;
    struct iovec v = {&byte, 1};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
                       .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    int pair[2], got = -1;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof id);
    memcpy(CMSG_DATA(c), &id, sizeof id);
    CHECK(sendmsg(pair[0], &m, 0) == 1);
    m.msg_controllen = sizeof control;
    CHECK(recvmsg(pair[1], &m, 0) == 1);
    c = CMSG_FIRSTHDR(&m);
    if (c)
        memcpy(&got, CMSG_DATA(c), sizeof got);
    close(pair[0]);
    close(pair[1]);
    return got;
}

static void
test_identities(void)
{
    struct pith_identity bad = {.uid = UINT32_MAX};
    int anna = identity(ANNA, FRIENDS), got;
    char c;

    CHECK(anna >= 0);
    CHECK(pith_identity_make(&bad) == -E_(INVAL));
    bad = (struct pith_identity){.uid = 1, .ngroups = PITH_NGROUPS + 1};
    CHECK(pith_identity_make(&bad) == -E_(INVAL));
    CHECK(pith_identity_make((void *)0xfffffff0u) == -E_(FAULT));
    CHECK(read(anna, &c, 1) < 0 && write(anna, &c, 1) < 0);
    CHECK(code_of(start_as(anna, "who")) == (ANNA & 0xff));
    CHECK(code_of(start_as(anna, "anna")) == 0);
    CHECK(start_as(0, "who") < 0); /* that is no identity */
    CHECK(code_of(start("app small\nstdio\nstub trap\nspawn\n", "small")) != 0);
    CHECK(code_of(start("app little\nstdio\nstub trap\n", "who")) == 0);
    got = pass(anna);
    CHECK(got >= 0);
    close(anna);
    CHECK(pith_identity_take(got) == 0);
    CHECK(geteuid() == ANNA && getuid() == ANNA && getgroups(0, NULL) == 1);
    CHECK(pith_identity_take(got) == 0); /* she may say so again */
    CHECK(setuid(0) < 0);
}

static const struct {
    const char *name;
    int (*run)(void);
} roles[] = {{"anna", role_anna}, {"who", role_who}, {"small", role_small}};

int
main(int argc, char **argv)
{
    self = argv[0];
    for (size_t i = 0; argc > 1 && i < sizeof roles / sizeof *roles; i++)
        if (!strcmp(argv[1], roles[i].name))
            return roles[i].run();
    if (argc == 1)
        return code_of(start("app tester\nstdio\nspawn\nipc\nshell\ntime\n"
                             "fs / rw\nnet\n",
                             "test"));
    make_files();
    test_identities();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
