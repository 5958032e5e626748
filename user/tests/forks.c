/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork. Built twice: plainly, where fork is refused, and with pith-cc --fork
 * (WITH_FORK), where it and what depends on it must work.
 */
#include <pith/pith_import.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <sys/resource.h>

#include "t.h"

#ifndef WITH_FORK

static void
refused(void)
{
    CHECK_ERRNO(fork(), ENOSYS);
    CHECK_ERRNO(vfork(), ENOSYS);
    CHECK_EQ(pith_fork(), -ENOSYS);
}

const struct test fork_tests[] = {
    {"fork_refused", refused, "fork"},
    {NULL, NULL, NULL},
};

#else

static int global = 1;

static void
memory_is_copied(void)
{
    char on_stack[16] = "parent";
    char *heap = strdup("heap");
    pid_t pid;

    global = 2;
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        CHECK(strcmp(on_stack, "parent") == 0 && strcmp(heap, "heap") == 0);
        CHECK_EQ(global, 2);
        strcpy(on_stack, "child");
        strcpy(heap, "cold");
        global = 3;
        _exit(11);
    }
    CHECK_EQ(wait_for(pid), 11);
    CHECK(strcmp(on_stack, "parent") == 0 && strcmp(heap, "heap") == 0);
    CHECK_EQ(global, 2);
}

static int
fork_deep(int n)
{
    volatile int here = n;
    int r = n > 0 ? fork_deep(n - 1) : fork();

    return r < 0 ? r : r + (here - n);
}

static void
from_the_depths(void)
{
    for (int i = 0; i < 20; i++) {
        pid_t pid = fork_deep(i * 10);

        CHECK(pid >= 0);
        if (pid == 0)
            _exit(i);
        CHECK_EQ(wait_for(pid), i);
    }
}

static void
descriptors_are_shared(void)
{
    int fd = open("f", O_RDWR | O_CREAT, 0644), p[2];
    char b[8];
    pid_t pid;

    CHECK_EQ(pipe(p), 0);
    pid = fork();
    if (pid == 0) {
        CHECK_EQ(write(fd, "child", 5), 5);
        close(p[0]);
        CHECK_EQ(write(p[1], "x", 1), 1);
        _exit(0);
    }
    close(p[1]);
    CHECK_EQ(read(p[0], b, 1), 1);
    CHECK_EQ(read(p[0], b, 1), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 5); /* one position */
    CHECK_EQ(wait_for(pid), 0);
}

static int handled;

static void
note(int sig)
{
    handled = sig;
}

static void
signals_are_inherited(void)
{
    sigset_t set;
    pid_t pid;

    signal(SIGUSR1, note);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR2);
    pid = fork();
    if (pid == 0) {
        sigset_t now;

        sigprocmask(SIG_BLOCK, NULL, &now);
        CHECK(sigismember(&now, SIGUSR2));
        sigpending(&now);
        CHECK(!sigismember(&now, SIGUSR2)); /* pending ones are not */
        raise(SIGUSR1);
        _exit(handled == SIGUSR1 ? 0 : 1);
    }
    CHECK_EQ(wait_for(pid), 0);
}

static void
many(void)
{
    for (int i = 0; i < 200; i++) {
        pid_t pid = fork();

        CHECK(pid >= 0);
        if (pid == 0)
            _exit(i & 0x7f);
        CHECK_EQ(wait_for(pid), i & 0x7f);
    }
}

static void
generations(void)
{
    int level = 0;
    pid_t pid;

    while (level < 8 && (pid = fork()) == 0)
        level++;
    if (level == 8)
        _exit(8);
    CHECK(pid > 0);
    if (level > 0)
        _exit(wait_for(pid));
    CHECK_EQ(wait_for(pid), 8);
}

static void
then_exec(void)
{
    char *argv[] = {"usertests", "--role", "exit_with", "21", NULL};
    pid_t pid = fork();

    if (pid == 0) {
        execv(self_path(), argv);
        _exit(1);
    }
    CHECK_EQ(wait_for(pid), 21);
    pid = vfork();
    if (pid == 0) {
        execv(self_path(), argv);
        _exit(1);
    }
    CHECK_EQ(wait_for(pid), 21);
}

static void
and_jumps(void)
{
    jmp_buf b;
    volatile int rounds = 0;
    pid_t pid;
    int r = setjmp(b);

    if (r < 3) {
        pid = fork();
        CHECK(pid >= 0);
        rounds++;
        if (pid == 0) {
            if (r == 0)
                longjmp(b, 7); /* in the child: back before the fork */
            _exit(r);
        }
        CHECK_EQ(wait_for(pid), r == 0 ? 7 : r);
        longjmp(b, r + 1);
    }
    if (r == 7)
        _exit(7);
    CHECK_EQ(rounds, 3);
}

static void
stdio_buffers(void)
{
    FILE *f = fopen("f", "w");
    pid_t pid;

    fprintf(f, "once\n");
    fflush(f);
    pid = fork();
    if (pid == 0) {
        fprintf(f, "child\n");
        exit(0); /* flushes the child's copy */
    }
    CHECK_EQ(wait_for(pid), 0);
    fclose(f);
    CHECK(strcmp(get_file("f"), "once\nchild\n") == 0);
}

static void
on_a_pty(void)
{
    int master;
    char b[16];
    pid_t pid = forkpty(&master, NULL, NULL, NULL);

    CHECK(pid >= 0);
    if (pid == 0) {
        puts(isatty(0) ? "tty" : "no");
        exit(0);
    }
    CHECK_EQ(read(master, b, sizeof b), 5);
    CHECK(memcmp(b, "tty\r\n", 5) == 0);
    CHECK_EQ(wait_for(pid), 0);
}

static int
fork_bomb(int argc, char **argv)
{
    struct rlimit l = {16, 16};
    int n = 0;
    pid_t pid;

    (void)argc, (void)argv;
    CHECK_EQ(setrlimit(RLIMIT_NPROC, &l), 0);
    CHECK_EQ(setuid(4321), 0);
    while ((pid = fork()) > 0)
        if (++n > 100)
            return 1;
    if (pid == 0)
        for (;;)
            pause();
    CHECK_EQ(errno, EAGAIN);
    CHECK(n > 0 && n < 16);
    CHECK_EQ(signal(SIGTERM, SIG_IGN) == SIG_ERR, 0);
    kill(0, SIGTERM);
    while (wait(NULL) > 0)
        ;
    return 0;
}

static void
bomb_is_bounded(void)
{
    posix_spawnattr_t attr;

    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
    CHECK_EQ(wait_for(role_with(NULL, &attr, "fork_bomb", NULL)), 0);
}

/* What an interactive shell does at `sleep 9 & kill %1`: it ignores SIGTERM, its
 * children do not, and it sends one as soon as fork returns. */
static void
killed_at_once(void)
{
    signal(SIGTERM, SIG_IGN);
    for (int i = 0; i < 50; i++) {
        pid_t pid = fork();
        int status;

        CHECK(pid >= 0);
        if (pid == 0) {
            if (!i) /* longer than it is waited for */
                for (int64_t end = now_ms() + 300; now_ms() < end;)
                    continue;
            setpgid(0, 0);
            signal(SIGTERM, SIG_DFL);
            sleep(1000);
            _exit(1);
        }
        CHECK_EQ(kill(pid, SIGTERM), 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    }
    signal(SIGTERM, SIG_DFL);
}

/* One that neither blocks nor ends does not keep its parent for long. */
static void
busy_child(void)
{
    pid_t pid = fork();
    volatile unsigned n = 0;

    CHECK(pid >= 0);
    if (pid == 0)
        for (;;)
            n++;
    CHECK_EQ(kill(pid, SIGKILL), 0);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

static int64_t
now_ns(void)
{
    struct timespec t;

    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &t), 0);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* A time that one process has read is not to come for another one. */
static void
clocks_agree(void)
{
    for (int i = 0; i < 10; i++) {
        int to[2], from[2];
        int64_t t = 0;
        pid_t pid;

        CHECK_EQ(pipe(to), 0);
        CHECK_EQ(pipe(from), 0);
        pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            for (int k = 0; k < 100; k++) {
                CHECK_EQ(read(to[0], &t, sizeof t), sizeof t);
                CHECK(now_ns() >= t);
                t = now_ns();
                CHECK_EQ(write(from[1], &t, sizeof t), sizeof t);
            }
            _exit(0);
        }
        for (int k = 0; k < 100; k++) {
            t = now_ns();
            CHECK_EQ(write(to[1], &t, sizeof t), sizeof t);
            CHECK_EQ(read(from[0], &t, sizeof t), sizeof t);
            CHECK(now_ns() >= t);
        }
        CHECK_EQ(wait_for(pid), 0);
        for (int k = 0; k < 2; k++) {
            close(to[k]);
            close(from[k]);
        }
    }
}

/* What runs where a killed one has run is not killed in its stead. */
static void
after_kills(void)
{
    for (int i = 0; i < 5; i++) {
        pid_t busy[3], sleeper[3];
        struct pollfd f = {.events = POLLIN};
        int p[2];
        char b;

        for (int k = 0; k < 3; k++) {
            busy[k] = fork();
            CHECK(busy[k] >= 0);
            if (busy[k] == 0)
                for (volatile unsigned n = 0;; n++)
                    continue;
        }
        for (int k = 0; k < 3; k++)
            CHECK_EQ(kill(busy[k], SIGKILL), 0);
        for (int k = 0; k < 3; k++)
            CHECK_EQ(waitpid(busy[k], NULL, 0), busy[k]);
        CHECK_EQ(pipe(p), 0);
        for (int k = 0; k < 3; k++) {
            sleeper[k] = fork();
            CHECK(sleeper[k] >= 0);
            if (sleeper[k] == 0) {
                usleep(60000);
                _exit(write(p[1], "x", 1) != 1);
            }
        }
        f.fd = p[0];
        for (int k = 0; k < 3; k++) {
            CHECK_EQ(poll(&f, 1, 60000), 1);
            CHECK_EQ(read(p[0], &b, 1), 1);
            CHECK_EQ(wait_for(sleeper[k]), 0);
        }
        close(p[0]);
        close(p[1]);
    }
}

const struct test fork_tests[] = {
    {"memory_is_copied", memory_is_copied, "fork"},
    {"from_the_depths", from_the_depths, ""},
    {"descriptors_are_shared", descriptors_are_shared, ""},
    {"signals_are_inherited", signals_are_inherited, ""},
    {"killed_at_once", killed_at_once, ""},
    {"busy_child", busy_child, ""},
    {"clocks_agree", clocks_agree, ""},
    {"after_kills", after_kills, ""},
    {"many", many, ""},
    {"generations", generations, ""},
    {"then_exec", then_exec, ""},
    {"and_jumps", and_jumps, ""},
    {"stdio_buffers", stdio_buffers, ""},
    {"on_a_pty", on_a_pty, ""},
    {"bomb_is_bounded", bomb_is_bounded, ""},
    {NULL, NULL, NULL},
};

#endif

#ifdef WITH_FORK
const struct role fork_roles[] = {{"fork_bomb", fork_bomb}, {NULL, NULL}};
#else
const struct role fork_roles[] = {{NULL, NULL}};
#endif
