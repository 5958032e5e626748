/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usertests [NAME...]      run all tests, or these
 * usertests -l             list them
 *
 * Prints "ok NAME" or "FAIL NAME: reason" for each and closes with
 * "N passed, M failed"; exit code 1 if any failed.
 */
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/sysinfo.h>

#include "t.h"
#include "tree.h"

#define TEST_SECONDS 300
#define LEAK_KIB (24 * 1024)

static const struct test *const tables[] = {
    file_tests,     process_tests, signal_tests,  socket_tests,
    terminal_tests, limit_tests,   special_tests, system_tests,
    library_tests,  fork_tests,    hostile_tests, code_tests,
};
static const struct role *const roles[] = {
    file_roles,     process_roles, signal_roles,  socket_roles,
    terminal_roles, limit_roles,   special_roles, system_roles,
    library_roles,  fork_roles,    hostile_roles, code_roles,
};
#define TABLES (sizeof tables / sizeof *tables)

static const char *const all_calls[] = {
#define SYS(number, name, signature, capability, lock, format) #name,
#include "../../abi/pith/syscall.def"
#undef SYS
};
#define CALLS (sizeof all_calls / sizeof *all_calls)

char scratch[64];
static const char *current = "?";

_Noreturn void
fail(const char *file, int line, const char *format, ...)
{
    va_list args;
    const char *base = strrchr(file, '/');

    printf("FAIL %s: %s:%d: ", current, base ? base + 1 : file, line);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
    _exit(1);
}

/* ---- what tests use --------------------------------------------------- */

const char *
self_path(void)
{
    static char path[1024];
    const char *told = getenv("USERTESTS");
    ssize_t n;

    if (told)
        return told;
    n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n > 0)
        path[n] = '\0';
    return path;
}

static pid_t
start(const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *attr,
      char *const argv[])
{
    pid_t pid;
    int error = posix_spawn(&pid, self_path(), fa, attr, argv, environ);

    if (error)
        fail(__FILE__, __LINE__, "spawn %s: %s", self_path(), strerror(error));
    return pid;
}

pid_t
role_with(const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *attr,
          const char *name, const char *arg)
{
    char *argv[] = {"usertests", "--role", (char *)name, (char *)arg, NULL};

    return start(fa, attr, argv);
}

pid_t
role(const char *name, ...)
{
    char *argv[16] = {"usertests", "--role", (char *)name};
    va_list args;
    int n = 3;

    va_start(args, name);
    while (n < 15 && (argv[n] = va_arg(args, char *)))
        n++;
    va_end(args);
    argv[n] = NULL;
    return start(NULL, NULL, argv);
}

int
wait_for(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            fail(__FILE__, __LINE__, "waitpid: %s", strerror(errno));
    if (!WIFEXITED(status))
        fail(__FILE__, __LINE__, "process %d ended with status %#x", pid,
             status);
    return WEXITSTATUS(status);
}

void
pause_ms(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

int64_t
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
put_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    CHECK(fd >= 0);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(close(fd) == 0);
}

const char *
get_file(const char *path)
{
    static char text[4097];
    int fd = open(path, O_RDONLY);
    ssize_t n;

    CHECK(fd >= 0);
    n = read(fd, text, sizeof text - 1);
    CHECK(n >= 0);
    text[n] = '\0';
    close(fd);
    return text;
}

/* ---- one test, in its own process ---------------------------------------- */

static const struct test *
find_test(const char *name)
{
    for (size_t i = 0; i < TABLES; i++)
        for (const struct test *t = tables[i]; t->name; t++)
            if (strcmp(t->name, name) == 0)
                return t;
    return NULL;
}

void
until_asleep(pid_t pid)
{
    char path[64], state = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (access(path, R_OK) < 0) { /* not mounted */
        pause_ms(50);
        return;
    }
    for (int i = 0; i < 12000 && state != 'S'; i++) {
        const char *p = strrchr(get_file(path), ')');

        CHECK(p);
        state = p[2];
        pause_ms(5);
    }
    CHECK_EQ(state, 'S');
}

static int
run_test(const char *name)
{
    const struct test *t = find_test(name);

    if (!t)
        fail(__FILE__, __LINE__, "no test of that name");
    current = name;
    mkdir("/tmp", 0777);
    snprintf(scratch, sizeof scratch, "/tmp/ut.%d", getpid());
    remove_tree(scratch);
    CHECK(mkdir(scratch, 0777) == 0);
    CHECK(chdir(scratch) == 0);
    t->run();
    chdir("/");
    remove_tree(scratch);
    return 0;
}

static int
run_role(int argc, char **argv)
{
    static char label[64];

    snprintf(label, sizeof label, "(role %s)", argv[0]);
    current = label;
    for (size_t i = 0; i < TABLES; i++)
        for (const struct role *r = roles[i]; r->name; r++)
            if (strcmp(r->name, argv[0]) == 0)
                return r->run(argc, argv);
    fail(__FILE__, __LINE__, "no such role");
}

/* ---- all of them -------------------------------------------------------- */

static int
processes(void)
{
    struct sysinfo s;

    return sysinfo(&s) < 0 ? -1 : s.procs;
}

/*
 * KiB that the kernel holds, as the host sees it: VmRSS of the `pith` process
 * (USERTESTS_HOST is its /proc/self/status, mounted). -1: not told.
 */
static long
held_kib(void)
{
    const char *path = getenv("USERTESTS_HOST"), *at;

    at = path ? strstr(get_file(path), "VmRSS:") : NULL;
    return at ? atol(at + 6) : -1;
}

/* Orphans of the test may still be on their way out. */
static int
processes_settled(int expected)
{
    int n = processes();

    for (int i = 0; i < 3000 && n > expected; i++) {
        pause_ms(10);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        n = processes();
    }
    return n;
}

/* 0 ok, 1 failed (said so). */
static int
judge(const char *name)
{
    char *argv[] = {"usertests", "--test", (char *)name, NULL};
    int before = processes(), after, status = 0;
    int64_t end = now_ms() + TEST_SECONDS * 1000;
    int step = 1;
    pid_t pid, done;

    current = name;
    fflush(stdout);
    pid = start(NULL, NULL, argv);
    /* Any child: as the first process we are everybody's last parent. */
    while ((done = waitpid(-1, &status, WNOHANG)) != pid && now_ms() < end) {
        if (done != 0)
            continue;
        pause_ms(step);
        if (step < 20)
            step++;
    }
    if (done != pid) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        printf("FAIL %s: still running after %d s\n", name, TEST_SECONDS);
        return 1;
    }
    if (WIFSIGNALED(status)) {
        printf("FAIL %s: killed by %s\n", name, strsignal(WTERMSIG(status)));
        return 1;
    }
    if (WEXITSTATUS(status) != 0)
        return 1; /* it said why */
    after = processes_settled(before);
    if (after > before) {
        printf("FAIL %s: %d processes before, %d after\n", name, before,
               after);
        return 1;
    }
    printf("ok %s\n", name);
    return 0;
}

static int
is_covered(const char *call)
{
    size_t n = strlen(call);

    for (size_t i = 0; i < TABLES; i++)
        for (const struct test *t = tables[i]; t->name; t++)
            for (const char *p = t->calls; (p = strstr(p, call)); p += n)
                if ((p == t->calls || p[-1] == ' ') &&
                    (p[n] == ' ' || p[n] == '\0'))
                    return 1;
    return 0;
}

static int
check_coverage(void)
{
    int missing = 0;

    for (size_t i = 0; i < CALLS; i++)
        if (!is_covered(all_calls[i])) {
            printf("FAIL coverage: no test of %s\n", all_calls[i]);
            missing++;
        }
    if (!missing)
        printf("ok coverage: %zu system calls\n", CALLS);
    return missing;
}

static int
run_all(void)
{
    int passed = 0, failed = 0;
    long before, after;

    judge(file_tests[0].name); /* everybody's caches are warm after it */
    before = held_kib();
    for (size_t i = 0; i < TABLES; i++)
        for (const struct test *t = tables[i]; t->name; t++)
            judge(t->name) ? failed++ : passed++;
    check_coverage() ? failed++ : passed++;
    after = held_kib();
    if (before >= 0 && after - before > LEAK_KIB) {
        printf("FAIL memory: %ld KiB held before, %ld after\n", before, after);
        failed++;
    } else if (before >= 0) {
        printf("ok memory: %ld KiB held before, %ld after\n", before, after);
        passed++;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}

/* On a kernel that `pith run` made for us there is only the root. */
static void
mount_usual(void)
{
    if (access("/proc/self", F_OK) < 0) {
        mkdir("/proc", 0555);
        if (mount("none", "/proc", "proc", 0, NULL) < 0)
            perror("usertests: /proc");
    }
    if (access("/dev/null", F_OK) < 0) {
        mkdir("/dev", 0755);
        if (mount("none", "/dev", "devfs", 0, NULL) < 0)
            perror("usertests: /dev");
    }
}

int
main(int argc, char **argv)
{
    int passed = 0, failed = 0;

    if (argc > 2 && strcmp(argv[1], "--test") == 0)
        return run_test(argv[2]);
    if (argc > 2 && strcmp(argv[1], "--role") == 0)
        return run_role(argc - 2, argv + 2);
    if (argc == 2 && strcmp(argv[1], "-l") == 0) {
        for (size_t i = 0; i < TABLES; i++)
            for (const struct test *t = tables[i]; t->name; t++)
                printf("%s\n", t->name);
        return 0;
    }
    mount_usual();
    if (argc == 1)
        return run_all();
    for (int i = 1; i < argc; i++)
        judge(argv[i]) ? failed++ : passed++;
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
