/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: spawn, exec, wait, exit, groups, sessions. */
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

/* ---- spawn and exec ----------------------------------------------------- */

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

/* ---- families ----------------------------------------------------------- */

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
    for (int i = 0; i < 6000 && kill(pid, 0) == 0; i++)
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
    {NULL, NULL, NULL},
};
const struct role process_roles[] = {
    {"exit_with", exit_with},       {"linger", linger},
    {"spin", spin},                 {"trap", trap},
    {"recurse", recurse},           {"report_fds", report_fds},
    {"show_env", show_env},         {"exec_again", exec_again},
    {"exec_starter", exec_starter}, {"leave_orphan", leave_orphan},
    {"group_member", group_member},
    {NULL, NULL},
};
