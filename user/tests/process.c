/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: spawn, exec, wait, exit, groups, sessions, identity, time. */
#include <grp.h>
#include <limits.h>
#include <pith/abi.h>
#include <pith/pith_import.h>
#include <pwd.h>
#include <setjmp.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>

#include "t.h"


static int
exit_with(int argc, char **argv)
{
    return argc > 1 ? atoi(argv[1]) : 0;
}

static void
exit_codes(void)
{
    int status;
    pid_t pid;

    CHECK_EQ(wait_for(role("exit_with", "0", NULL)), 0);
    CHECK_EQ(wait_for(role("exit_with", "77", NULL)), 77);
    CHECK_EQ(wait_for(role("exit_with", "511", NULL)), 255);
    CHECK_ERRNO(wait(&status), ECHILD);
    pid = role("exit_with", "3", NULL);
    CHECK_ERRNO(waitpid(999999, &status, 0), ECHILD);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

static int
linger(int argc, char **argv)
{
    (void)argc, (void)argv;
    for (;;)
        pause_ms(1000);
}

static int
spin(int argc, char **argv)
{
    volatile unsigned n = 0;

    (void)argc, (void)argv;
    for (;;)
        n++;
}

static void
killing(void)
{
    static const char *const victims[] = {"linger", "spin"};
    int status;

    for (int i = 0; i < 2; i++) {
        pid_t pid = role(victims[i], NULL);

        pause_ms(20);
        CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
        CHECK_EQ(kill(pid, 0), 0);
        CHECK_EQ(kill(pid, SIGKILL), 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        CHECK_ERRNO(kill(pid, 0), ESRCH);
    }
    CHECK_ERRNO(kill(getpid(), 65), EINVAL);
    CHECK_ERRNO(kill(getpid(), -1), EINVAL);
}

static int
trap(int argc, char **argv)
{
    (void)argc;
    if (strcmp(argv[1], "unreachable") == 0)
        __builtin_trap();
    if (strcmp(argv[1], "memory") == 0)
        *(volatile int *)0xfffffff0u = 1;
    if (strcmp(argv[1], "divide") == 0) {
        volatile int zero = 0, five = 5;
        return five / zero;
    }
    if (strcmp(argv[1], "abort") == 0)
        abort();
    return 0;
}

static void
traps(void)
{
    static const struct {
        const char *how;
        int signal;
    } t[] = {{"unreachable", SIGABRT}, {"memory", SIGABRT},
             {"divide", SIGABRT},      {"abort", SIGABRT}};

    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        int status;
        posix_spawn_file_actions_t fa;

        posix_spawn_file_actions_init(&fa);
        posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0);
        pid_t pid = role_with(&fa, NULL, "trap", t[i].how);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(WIFSIGNALED(status));
        CHECK_EQ(WTERMSIG(status), t[i].signal);
    }
}

static int
deep_frame(int n)
{
    volatile char room[256];

    room[0] = (char)n;
    return n == 0 ? room[0] : deep_frame(n - 1) + room[0];
}

static int
recurse(int argc, char **argv)
{
    (void)argc, (void)argv;
    return deep_frame(1 << 30);
}

static void
stack_overflow(void)
{
    int status;
    posix_spawn_file_actions_t fa;

    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0);
    CHECK(waitpid(role_with(&fa, NULL, "recurse", NULL), &status, 0) > 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* ---- spawn and exec -------------------------------------------------------- */

static int
report_fds(int argc, char **argv)
{
    char b[32];

    (void)argc;
    if (strcmp(argv[1], "actions") == 0) {
        CHECK_EQ(write(1, "out", 3), 3);
        CHECK_EQ(read(0, b, sizeof b), 5);
        CHECK(memcmp(b, "input", 5) == 0);
        CHECK_EQ(fcntl(30, F_GETFD), 0);
        CHECK_ERRNO(fcntl(31, F_GETFD), EBADF);
        CHECK_ERRNO(fcntl(32, F_GETFD), EBADF);
        CHECK(getcwd(b, sizeof b) && strcmp(b, "/") == 0);
    }
    return 0;
}

static void
spawn_actions(void)
{
    posix_spawn_file_actions_t fa;
    int p[2];
    char b[8];
    pid_t pid;

    put_file("in", "input");
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(dup2(p[0], 31), 31);
    CHECK_EQ(fcntl(p[0], F_DUPFD_CLOEXEC, 32), 32);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_addopen(&fa, 0, "in", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&fa, p[1], 1);
    posix_spawn_file_actions_adddup2(&fa, 1, 30);
    posix_spawn_file_actions_addclose(&fa, 31);
    posix_spawn_file_actions_addchdir_np(&fa, "/");
    pid = role_with(&fa, NULL, "report_fds", "actions");
    posix_spawn_file_actions_destroy(&fa);
    close(p[1]);
    CHECK_EQ(read(p[0], b, sizeof b), 3);
    CHECK(memcmp(b, "out", 3) == 0);
    CHECK_EQ(wait_for(pid), 0);
}

static void
spawn_errors(void)
{
    char *argv[] = {"x", NULL};
    posix_spawn_file_actions_t fa;
    pid_t pid = -7;

    CHECK_EQ(posix_spawn(&pid, "/nowhere", NULL, NULL, argv, environ), ENOENT);
    CHECK_EQ(pid, -7);
    put_file("text", "not a program");
    CHECK_EQ(posix_spawn(&pid, "text", NULL, NULL, argv, environ), EACCES);
    CHECK_EQ(chmod("text", 0755), 0);
    CHECK_EQ(posix_spawn(&pid, "./text", NULL, NULL, argv, environ), ENOEXEC);
    CHECK_EQ(posix_spawnp(&pid, "no-such-command", NULL, NULL, argv, environ),
             ENOENT);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, 999, 1);
    CHECK_EQ(posix_spawn(&pid, self_path(), &fa, NULL, argv, environ), EBADF);
    posix_spawn_file_actions_destroy(&fa);
    CHECK_ERRNO(wait(NULL), ECHILD);
}

static int
show_env(int argc, char **argv)
{
    CHECK_EQ(argc, 3);
    CHECK(strcmp(argv[1], "") == 0);
    CHECK(strcmp(argv[2], "two words") == 0);
    CHECK(getenv("A") && strcmp(getenv("A"), "1=2") == 0);
    CHECK(!getenv("PATH"));
    return 0;
}

static void
arguments(void)
{
    char told[1100];
    char *env[] = {"A=1=2", told, NULL};
    char *argv[] = {"usertests", "--role", "show_env", "", "two words", NULL};
    pid_t pid;

    snprintf(told, sizeof told, "USERTESTS=%s", self_path());
    CHECK_EQ(posix_spawn(&pid, self_path(), NULL, NULL, argv, env), 0);
    CHECK_EQ(wait_for(pid), 0);
}

static int
exec_again(int argc, char **argv)
{
    char *first[] = {"usertests", "--role", "exec_again", argv[1], "second",
                     NULL};

    if (argc == 2) {
        CHECK(open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0);
        CHECK_EQ(dup2(0, 20), 20);
        signal(SIGUSR1, SIG_IGN);
        signal(SIGUSR2, exit);
        execv("/nowhere", first);
        CHECK(errno == ENOENT);
        execv(self_path(), first);
        return 1;
    }
    CHECK_EQ(getpid(), atoi(get_file("pid")));
    CHECK_EQ(fcntl(20, F_GETFD), 0);
    CHECK_ERRNO(fcntl(21, F_GETFD), EBADF);
    CHECK(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
    CHECK(signal(SIGUSR2, SIG_DFL) == SIG_DFL);
    return 42;
}

static int
exec_starter(int argc, char **argv)
{
    char text[16], *again[] = {"usertests", "--role", "exec_again", "x", NULL};

    (void)argc, (void)argv;
    snprintf(text, sizeof text, "%d", getpid());
    put_file("pid", text);
    execv(self_path(), again);
    return 1;
}

static void
executing(void)
{
    CHECK_EQ(wait_for(role("exec_starter", NULL)), 42);
}

static void
scripts(void)
{
    char line[1100], *argv[] = {"script", "--role", "exit_with", NULL};
    pid_t pid;

    snprintf(line, sizeof line, "#!%s --test\n", self_path());
    put_file("script", line);
    CHECK_EQ(chmod("script", 0755), 0);
    /* becomes: usertests --test ./script --role ..., which fails */
    posix_spawn_file_actions_t fa;
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_addopen(&fa, 1, "said", O_WRONLY | O_CREAT, 0644);
    CHECK_EQ(posix_spawn(&pid, "./script", &fa, NULL, argv, environ), 0);
    CHECK_EQ(wait_for(pid), 1);
    CHECK(strstr(get_file("said"), "no test of that name"));
}

/* ---- families -------------------------------------------------------------- */

static int
leave_orphan(int argc, char **argv)
{
    char text[16];

    (void)argc, (void)argv;
    snprintf(text, sizeof text, "%d", role("linger", NULL));
    put_file("orphan", text);
    return 0;
}

static void
orphans(void)
{
    char path[64];
    const char *at;
    int pid;

    CHECK_EQ(wait_for(role("leave_orphan", NULL)), 0);
    pid = atoi(get_file("orphan"));
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    at = strstr(get_file(path), "PPid:");
    CHECK(at);
    CHECK(atoi(at + 5) != getpid());
    CHECK_ERRNO(waitpid(pid, NULL, 0), ECHILD);
    CHECK_EQ(kill(pid, SIGKILL), 0);
    for (int i = 0; i < 200 && kill(pid, 0) == 0; i++)
        pause_ms(10);
    CHECK_ERRNO(kill(pid, 0), ESRCH); /* somebody reaped it */
}

static int
group_member(int argc, char **argv)
{
    (void)argc;
    if (strcmp(argv[1], "session") == 0) {
        CHECK_EQ(getsid(0), getpid());
        CHECK_EQ(getpgrp(), getpid());
        CHECK_ERRNO(setsid(), EPERM);
        CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
        return 0;
    }
    return linger(0, NULL);
}

static void
groups_and_sessions(void)
{
    posix_spawnattr_t attr;
    pid_t a, b;
    int status;

    CHECK_EQ(getpgid(0), getpgrp());
    CHECK_EQ(getsid(0), getsid(getpid()));
    CHECK_ERRNO(getpgid(999999), ESRCH);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attr, 0);
    a = role_with(NULL, &attr, "group_member", "group");
    CHECK_EQ(getpgid(a), a);
    posix_spawnattr_setpgroup(&attr, a);
    b = role_with(NULL, &attr, "group_member", "group");
    CHECK_EQ(getpgid(b), a);
    CHECK_EQ(getsid(b), getsid(0));
    CHECK_EQ(kill(-a, SIGTERM), 0);
    CHECK_EQ(waitpid(-a, &status, 0) > 0, 1);
    CHECK_EQ(waitpid(-a, &status, 0) > 0, 1);
    CHECK_ERRNO(waitpid(-a, &status, 0), ECHILD);
    CHECK_ERRNO(kill(-a, SIGTERM), ESRCH);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID);
    CHECK_EQ(wait_for(role_with(NULL, &attr, "group_member", "session")), 0);
    CHECK_ERRNO(setpgid(0, 999999), EPERM);
    CHECK_ERRNO(setpgid(999999, 0), ESRCH);
}

static void
stopping(void)
{
    int status;
    posix_spawnattr_t attr;
    pid_t pid;

    /* In a group of its own, which we are there to continue. */
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
    pid = role_with(NULL, &attr, "spin", NULL);
    CHECK_EQ(kill(pid, SIGSTOP), 0);
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    CHECK_EQ(waitpid(pid, &status, WNOHANG | WUNTRACED), 0);
    CHECK_EQ(kill(pid, SIGCONT), 0);
    CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
    CHECK(WIFCONTINUED(status));
    CHECK_EQ(kill(pid, SIGTSTP), 0);
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
    CHECK_EQ(kill(pid, SIGKILL), 0); /* works on a stopped one */
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status));
}

static void
accounting(void)
{
    struct rusage self, children;
    struct tms t;
    int status;
    struct rusage one;
    pid_t pid = role("spin", NULL);

    pause_ms(100);
    kill(pid, SIGKILL);
    CHECK_EQ(wait4(pid, &status, 0, &one), pid);
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

static void
priorities(void)
{
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

const struct test process_tests[] = {
    {"exit_codes", exit_codes, "exit spawn wait args_get env_get"},
    {"killing", killing, "kill"},
    {"traps", traps, ""},
    {"stack_overflow", stack_overflow, ""},
    {"spawn_actions", spawn_actions, ""},
    {"spawn_errors", spawn_errors, ""},
    {"arguments", arguments, ""},
    {"executing", executing, "exec"},
    {"scripts", scripts, ""},
    {"orphans", orphans, ""},
    {"groups_and_sessions", groups_and_sessions,
     "getpgid setpgid getsid setsid"},
    {"stopping", stopping, ""},
    {"accounting", accounting, "getrusage"},
    {"identity", identity,
     "getresuid setresuid getresgid setresgid getgroups setgroups"},
    {"priorities", priorities, "getpriority setpriority sched_yield"},
    {"the_machine", the_machine,
     "uname sethostname sysinfo reboot getpid getppid"},
    {"clocks", clocks, "clock_gettime clock_getres nanosleep getrandom"},
    {"jumping", jumping, ""},
    {"subcommands", subcommands, ""},
    {NULL, NULL, NULL},
};
const struct role process_roles[] = {
    {"exit_with", exit_with},       {"linger", linger},
    {"spin", spin},                 {"trap", trap},
    {"recurse", recurse},           {"report_fds", report_fds},
    {"show_env", show_env},         {"exec_again", exec_again},
    {"exec_starter", exec_starter}, {"leave_orphan", leave_orphan},
    {"group_member", group_member}, {"change_ids", change_ids},
    {NULL, NULL},
};
