/* SPDX-License-Identifier: Apache-2.0 */
/* What a process is and sees: identity, accounting, the machine, time. */
#include <pith/abi.h>
#include <pith/pith_import.h>
#include <pwd.h>
#include <setjmp.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>

#include "t.h"

static void
accounting(void)
{
    struct rusage self, children;
    struct tms t;
    int status;
    struct rusage one;

    for (int ms = 400; ms < 20000; ms *= 2) { /* a busy machine gives it less */
        pid_t pid = role("spin", NULL);

        pause_ms(ms);
        kill(pid, SIGKILL);
        CHECK_EQ(wait4(pid, &status, 0, &one), pid);
        if (one.ru_utime.tv_sec > 0 || one.ru_utime.tv_usec > 20000)
            break;
    }
    CHECK(one.ru_utime.tv_sec > 0 || one.ru_utime.tv_usec > 1000);
    CHECK_EQ(getrusage(RUSAGE_SELF, &self), 0);
    CHECK_EQ(getrusage(RUSAGE_CHILDREN, &children), 0);
    CHECK(children.ru_utime.tv_sec > 0 || children.ru_utime.tv_usec > 1000);
    CHECK(self.ru_maxrss > 0);
    CHECK(times(&t) != (clock_t)-1);
    CHECK(t.tms_cutime > 0);
    CHECK_ERRNO(getrusage(77, &self), EINVAL);
}

static int
change_ids(int argc, char **argv)
{
    uid_t r, e, s;
    gid_t g[4] = {10, 20, 30};

    (void)argc, (void)argv;
    CHECK_EQ(setgroups(3, g), 0);
    memset(g, 0, sizeof g);
    CHECK_EQ(getgroups(0, NULL), 3);
    CHECK_EQ(getgroups(4, g), 3);
    CHECK(g[0] == 10 && g[2] == 30);
    CHECK_ERRNO(getgroups(2, g), EINVAL);
    CHECK_EQ(setresgid(5, 6, 7), 0);
    CHECK_EQ(getresgid(&r, &e, &s), 0);
    CHECK(r == 5 && e == 6 && s == 7);
    CHECK_EQ(setresuid(100, 200, 300), 0);
    CHECK_EQ(getresuid(&r, &e, &s), 0);
    CHECK(r == 100 && e == 200 && s == 300);
    CHECK(getuid() == 100 && geteuid() == 200);
    CHECK_EQ(seteuid(300), 0);
    CHECK_EQ(seteuid(100), 0);
    CHECK_ERRNO(seteuid(0), EPERM);
    CHECK_ERRNO(setgroups(0, NULL), EPERM);
    CHECK_ERRNO(kill(1, SIGTERM), EPERM);
    return 0;
}

static void
identity(void)
{
    struct passwd *p;

    CHECK_EQ(getuid(), 0);
    CHECK_EQ(wait_for(role("change_ids", NULL)), 0);
    CHECK_EQ(getuid(), 0);
    p = getpwuid(0);
    CHECK(!p || strcmp(p->pw_name, "root") == 0);
}

static int
take_identity(int argc, char **argv)
{
    int fd = argc > 1 ? atoi(argv[1]) : -1;

    CHECK_EQ(pith_identity_take(fd), 0);
    CHECK(getuid() == 1234 && geteuid() == 1234 && getegid() == 1235);
    CHECK_EQ(getgroups(0, NULL), 1);
    CHECK_ERRNO(setuid(0), EPERM);
    CHECK_EQ(pith_identity_take(fd), 0);
    return 0;
}

static void
identities(void)
{
    struct pith_identity id = {.uid = 1234, .gid = 1235, .ngroups = 1,
                               .groups = {7}};
    int fd = pith_identity_make(&id), copy = dup(fd);
    char number[12];

    CHECK(fd >= 0 && copy >= 0);
    snprintf(number, sizeof number, "%d", copy);
    CHECK_EQ(wait_for(role("take_identity", number, NULL)), 0);
    CHECK_EQ(getuid(), 0);
    CHECK_ERRNO(raw(pith_identity_take(99)), EBADF);
    id.ngroups = PITH_NGROUPS + 1;
    CHECK_ERRNO(raw(pith_identity_make(&id)), EINVAL);
    CHECK_ERRNO(raw(pith_identity_make((void *)0xffffff00u)), EFAULT);
    close(fd);
    close(copy);
    fd = pith_broker(1000);
    CHECK(fd >= 0 || fd == -10); /* the supervisor may be it: -E_BUSY */
    CHECK_ERRNO(raw(pith_broker(0)), EINVAL);
    if (fd >= 0)
        close(fd);
}

static void
priorities(void)
{
    CHECK_EQ(setpriority(PRIO_PROCESS, 0, 0), 0);
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
    CHECK_EQ(nice(5), 5);
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 5);
    CHECK_EQ(setpriority(PRIO_PROCESS, getpid(), 1), 0);
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 1);
    errno = 0;
    CHECK_ERRNO(getpriority(PRIO_PROCESS, 999999), ESRCH);
    CHECK_EQ(pith_sched_yield(), 0);
}

static void
the_machine(void)
{
    struct utsname u;
    struct sysinfo s;
    char name[65], other[65];

    CHECK_EQ(uname(&u), 0);
    CHECK(u.sysname[0] && u.release[0] && u.machine[0]);
    CHECK_EQ(gethostname(name, sizeof name), 0);
    CHECK(strcmp(name, u.nodename) == 0);
    CHECK_EQ(sethostname("tested", 6), 0);
    CHECK_EQ(gethostname(other, sizeof other), 0);
    CHECK(strcmp(other, "tested") == 0);
    CHECK_EQ(sethostname(name, strlen(name)), 0);
    CHECK_ERRNO(sethostname(name, 65), EINVAL);
    CHECK_EQ(sysinfo(&s), 0);
    CHECK(s.procs >= 1 && s.totalram > 0);
    CHECK_ERRNO(raw(pith_reboot(12345)), EINVAL);
    CHECK_EQ(getppid() > 0, 1);
}

static void
clocks(void)
{
    struct timespec a, b, want = {0, 30000000}, rest;
    int64_t before;
    char r1[16], r2[16];

    CHECK_EQ(clock_gettime(CLOCK_REALTIME, &a), 0);
    CHECK(a.tv_sec > 1600000000 && a.tv_nsec < 1000000000);
    CHECK_EQ(clock_getres(CLOCK_MONOTONIC, &b), 0);
    CHECK(b.tv_sec == 0 && b.tv_nsec > 0);
    CHECK_ERRNO(clock_gettime(99, &a), EINVAL);
    before = now_ms();
    CHECK_EQ(nanosleep(&want, &rest), 0);
    CHECK(now_ms() - before >= 29);
    clock_gettime(CLOCK_MONOTONIC, &a);
    a.tv_nsec += 20000000;
    if (a.tv_nsec >= 1000000000) {
        a.tv_sec++;
        a.tv_nsec -= 1000000000;
    }
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &a, NULL), 0);
    clock_gettime(CLOCK_MONOTONIC, &b);
    CHECK(b.tv_sec > a.tv_sec ||
          (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec));
    want.tv_nsec = 1000000000;
    CHECK_ERRNO(nanosleep(&want, NULL), EINVAL);
    CHECK_EQ(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a), 0);
    CHECK_EQ(getrandom(r1, 16, 0), 16);
    CHECK_EQ(getrandom(r2, 16, 0), 16);
    CHECK(memcmp(r1, r2, 16) != 0);
}

static jmp_buf jump;
static int jump_depth(int n);
static int
jump_depth(int n)
{
    if (n == 0)
        longjmp(jump, 9);
    return jump_depth(n - 1) + 1;
}

static void
jumping(void)
{
    volatile int times = 0;
    int r = setjmp(jump);

    if (r == 0)
        CHECK_EQ(jump_depth(20), -1);
    CHECK_EQ(r, 9);
    for (volatile int i = 0; i < 100; i++) {
        jmp_buf inner;

        if (setjmp(inner) == 0)
            longjmp(inner, 1);
        times++;
    }
    CHECK_EQ(times, 100);
    if (setjmp(jump) == 0)
        longjmp(jump, 0); /* becomes 1 */
}

static void
subcommands(void)
{
    char b[16] = "";
    FILE *f;

    if (access("/bin/sh", X_OK) < 0)
        return; /* run without the root image: nothing to ask */
    CHECK_EQ(system("exit 3"), 3 << 8);
    f = popen("echo piped", "r");
    CHECK(f && fgets(b, sizeof b, f));
    CHECK(strcmp(b, "piped\n") == 0);
    CHECK_EQ(pclose(f), 0);
}

/* To oneself; between apps it is tests/caps that asks. */
static void
messages(void)
{
    char to[64], text[16] = "", list[8192], *end;
    struct pith_message m = {.name = (pith_gp)(uintptr_t)to,
                             .data = (pith_gp)(uintptr_t) "hello",
                             .data_len = 5};
    int fd = pith_port_open(NULL, 0, 0);
    uint64_t id;

    CHECK(fd >= 0);
    end = strstr(get_file("/proc/self/status"), "App:\t");
    CHECK(end && sscanf(end, "App: %63s", to) == 1);
    m.name_len = (uint32_t)strlen(to);
    CHECK_EQ(pith_msg_send(&m), 0);
    id = m.id;
    m.data = (pith_gp)(uintptr_t)text;
    m.data_len = 3;
    m.name_len = 63;
    CHECK_EQ(pith_msg_recv(fd, &m), 3);
    CHECK(m.id == id && m.pid == getpid() && !memcmp(text, "hel", 4));
    CHECK(m.data_len == 5 && (m.flags & PITH_MSG_TRUNC));
    m.flags = PITH_MSG_DONTWAIT;
    CHECK_ERRNO(raw(pith_msg_recv(fd, &m)), EAGAIN);
    CHECK_ERRNO(raw(pith_port_open("nobody", 6, 0)), ENOENT);
    CHECK(pith_app_control(PITH_APP_LIST, "", list, sizeof list, 0) > 0);
    CHECK(strstr(list, to));
    CHECK_ERRNO(raw(pith_app_control(99, to, "", 0, 0)), EINVAL);
    CHECK_ERRNO(raw(pith_app_control(PITH_APP_KILL, "nobody", "", 0, 9)),
                ESRCH);
    close(fd);
}

const struct test system_tests[] = {
    {"accounting", accounting, "getrusage"},
    {"identity", identity,
     "getresuid setresuid getresgid setresgid getgroups setgroups"},
    {"identities", identities, "identity_make identity_take broker"},
    {"priorities", priorities, "getpriority setpriority sched_yield"},
    {"the_machine", the_machine,
     "uname sethostname sysinfo reboot getpid getppid"},
    {"clocks", clocks, "clock_gettime clock_getres nanosleep getrandom"},
    {"jumping", jumping, ""},
    {"messages", messages, "port_open msg_send msg_recv app_control"},
    {"subcommands", subcommands, ""},
    {NULL, NULL, NULL},
};
const struct role system_roles[] = {
    {"change_ids", change_ids},
    {"take_identity", take_identity},
    {NULL, NULL},
};
