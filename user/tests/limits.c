/* SPDX-License-Identifier: Apache-2.0 */
/* Limits and grants: what a process may not have or do. */
#include <netinet/in.h>
#include <pith/abi.h>
#include <pith/pith_import.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "t.h"

static void
limit(int which, rlim_t value)
{
    struct rlimit l = {value, value};

    CHECK_EQ(setrlimit(which, &l), 0);
}

static void
reading_limits(void)
{
    struct rlimit l;

    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &l), 0);
    CHECK(l.rlim_cur > 0 && l.rlim_cur <= l.rlim_max);
    l.rlim_cur = 50;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &l), 0);
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &l), 0);
    CHECK_EQ(l.rlim_cur, 50);
    l.rlim_cur = 60;
    l.rlim_max = 40;
    CHECK_ERRNO(setrlimit(RLIMIT_NOFILE, &l), EINVAL);
    CHECK_ERRNO(getrlimit(99, &l), EINVAL);
}

static void
open_files(void)
{
    int n = 0, p[2];

    limit(RLIMIT_NOFILE, 20);
    while (dup(0) >= 0)
        n++;
    CHECK_EQ(errno, EMFILE);
    CHECK(n < 20);
    CHECK_ERRNO(pipe(p), EMFILE);
    CHECK_ERRNO(open("f", O_CREAT | O_WRONLY, 0644), EMFILE);
    CHECK_ERRNO(dup2(0, 20), EBADF);
    CHECK_ERRNO(fcntl(0, F_DUPFD, 20), EINVAL);
}

static void
file_size(void)
{
    int fd = open("f", O_CREAT | O_WRONLY, 0644);
    char b[100] = "";

    signal(SIGXFSZ, SIG_IGN);
    limit(RLIMIT_FSIZE, 150);
    CHECK_EQ(write(fd, b, 100), 100);
    CHECK_EQ(write(fd, b, 100), 50);
    CHECK_ERRNO(write(fd, b, 100), EFBIG);
    CHECK_ERRNO(ftruncate(fd, 151), EFBIG);
}

static int
bomb(int argc, char **argv)
{
    char *again[] = {"usertests", "--role", "linger", NULL};
    int n = 0, error = 0;
    pid_t pid[64];

    (void)argc, (void)argv;
    limit(RLIMIT_NPROC, 20);
    CHECK_EQ(setuid(1234), 0);
    while (n < 64 &&
           !(error = posix_spawn(&pid[n], self_path(), NULL, NULL, again,
                                 environ)))
        n++;
    CHECK_EQ(error, EAGAIN);
    CHECK(n > 0 && n < 20);
    for (int i = 0; i < n; i++) {
        kill(pid[i], SIGKILL);
        CHECK_EQ(waitpid(pid[i], NULL, 0), pid[i]);
    }
    CHECK_EQ(posix_spawn(&pid[0], self_path(), NULL, NULL, again, environ), 0);
    kill(pid[0], SIGKILL);
    waitpid(pid[0], NULL, 0);
    return 0;
}

static void
process_bomb(void)
{
    CHECK_EQ(chmod(scratch, 0777), 0);
    CHECK_EQ(wait_for(role("bomb", NULL)), 0);
}

static int
eat(int argc, char **argv)
{
    size_t total = 0;
    char *keep;

    (void)argc, (void)argv;
    for (;;) {
        char *p = malloc(1 << 20);

        if (!p)
            break;
        memset(p, 1, 1 << 20);
        *(char *volatile *)&keep = p; /* so that the heap is really used */
        total++;
        if (total > 64)
            return 1;
    }
    return total >= 8 ? 0 : 2;
}

static void
memory(void)
{
    limit(RLIMIT_AS, 32 << 20); /* for those that start from now on */
    CHECK_EQ(wait_for(role("eat", NULL)), 0);
}

static int
burn(int argc, char **argv)
{
    volatile unsigned n = 0;

    (void)argc, (void)argv;
    limit(RLIMIT_CPU, 1);
    for (;;)
        n++;
}

static void
cpu_time(void)
{
    int status;

    CHECK(waitpid(role("burn", NULL), &status, 0) > 0);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL);
}

/* ---- grants ------------------------------------------------------------- */

static const char *
grants_text(void)
{
    static char text[4096];
    int32_t n = pith_cap_get(text, sizeof text - 1);

    CHECK(n >= 0 && n < (int32_t)sizeof text);
    text[n] = '\0';
    return text;
}

static void
reading_grants(void)
{
    char b[4];

    CHECK(strstr(grants_text(), "spawn"));
    CHECK(pith_cap_get(b, 0) > 4);
    CHECK(pith_cap_get(b, 4) > 4); /* the length it needs */
}

static int
connect_somewhere(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(80),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int s = socket(AF_INET, SOCK_STREAM, 0);

    return s < 0 ? s : connect(s, (struct sockaddr *)&a, sizeof a);
}

static void
dropping_grants(void)
{
    char set[256];

    snprintf(set, sizeof set, "stdio\ntime\nfs %s ro\nfs /proc ro\n", scratch);
    put_file("f", "x");
    CHECK_EQ(pith_cap_drop(set), 0);
    CHECK(!strstr(grants_text(), "spawn"));
    CHECK(strcmp(get_file("f"), "x") == 0);
    CHECK_ERRNO(open("f", O_WRONLY), ENOTCAPABLE);
    CHECK_ERRNO(open("new", O_CREAT | O_WRONLY, 0644), ENOTCAPABLE);
    CHECK_ERRNO(open("/etc/passwd", O_RDONLY), ENOTCAPABLE);
    CHECK_ERRNO(open("../../etc/passwd", O_RDONLY), ENOTCAPABLE);
    CHECK_ERRNO(unlink("f"), ENOTCAPABLE);
    CHECK_ERRNO(connect_somewhere(), ENOTCAPABLE);
    CHECK_ERRNO(mount("none", "/tmp", "tmpfs", 0, NULL), ENOTCAPABLE);
    CHECK_ERRNO(raw(pith_cap_drop("stdio\nspawn\n")), ENOTCAPABLE);
    char *argv[] = {"usertests", NULL};
    pid_t pid;
    CHECK_EQ(posix_spawn(&pid, self_path(), NULL, NULL, argv, environ),
             ENOTCAPABLE);
    CHECK_ERRNO(raw(pith_cap_drop("no such thing")), EINVAL);
}

static int
has_only(int argc, char **argv)
{
    (void)argc, (void)argv;
    CHECK(!strstr(grants_text(), "net"));
    CHECK_ERRNO(connect_somewhere(), ENOTCAPABLE);
    return 0;
}

static pid_t
spawn_granted(const char *grants)
{
    char *argv[] = {"usertests", "--role", "has_only", NULL};
    struct pith_spawn s = {.flags = PITH_SPAWN_GRANTS,
                           .grants = (pith_gp)(uintptr_t)grants};

    return pith_spawn(self_path(), argv, environ, &s);
}

static void
granting_less(void)
{
    /* all that the program imports, but no network */
    pid_t pid = spawn_granted("stdio\nfs / rw\ntime\nrandom\nspawn\nshell\n"
                              "device\njit\nipc *\n");

    CHECK(pid > 0);
    CHECK_EQ(wait_for(pid), 0);
    CHECK_EQ(spawn_granted("nonsense"), -EINVAL);
    /* not enough for what it imports: refused at load, by name */
    CHECK(spawn_granted("stdio\n") < 0);
}

const struct test limit_tests[] = {
    {"reading_limits", reading_limits, "getrlimit setrlimit"},
    {"open_files", open_files, ""},
    {"file_size", file_size, ""},
    {"process_bomb", process_bomb, ""},
    {"memory", memory, ""},
    {"cpu_time", cpu_time, ""},
    {"reading_grants", reading_grants, "cap_get"},
    {"dropping_grants", dropping_grants, "cap_drop"},
    {"granting_less", granting_less, ""},
    {NULL, NULL, NULL},
};
const struct role limit_roles[] = {
    {"bomb", bomb},
    {"eat", eat},
    {"burn", burn},
    {"has_only", has_only},
    {NULL, NULL},
};
