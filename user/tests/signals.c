/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: handlers, masks, restarts, timers, jumps out of handlers. */
#include <poll.h>
#include <setjmp.h>
#include <sys/time.h>

#include "t.h"

static volatile int count, last;

static void
note(int sig)
{
    count++;
    last = sig;
}

static void
install(int sig, void (*fn)(int), int flags)
{
    struct sigaction a = {.sa_handler = fn, .sa_flags = flags};

    CHECK_EQ(sigaction(sig, &a, NULL), 0);
}

static void
handlers(void)
{
    struct sigaction old;

    install(SIGUSR1, note, 0);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK(count == 1 && last == SIGUSR1);
    CHECK_EQ(sigaction(SIGUSR1, NULL, &old), 0);
    CHECK(old.sa_handler == note);
    install(SIGUSR1, note, SA_RESETHAND);
    raise(SIGUSR1);
    CHECK_EQ(sigaction(SIGUSR1, NULL, &old), 0);
    CHECK(old.sa_handler == SIG_DFL);
    install(SIGUSR1, SIG_IGN, 0);
    raise(SIGUSR1);
    CHECK_EQ(count, 2);
    CHECK_ERRNO(sigaction(SIGKILL, &old, NULL), EINVAL);
    CHECK_ERRNO(sigaction(SIGSTOP, &old, NULL), EINVAL);
    CHECK_ERRNO(sigaction(99, NULL, &old), EINVAL);
}

static void
note_info(int sig, siginfo_t *info, void *context)
{
    count++;
    last = sig;
    if (info->si_signo != sig || !context)
        count = -1;
}

static void
handlers_with_info(void)
{
    struct sigaction a = {.sa_sigaction = note_info, .sa_flags = SA_SIGINFO};

    CHECK_EQ(sigaction(SIGUSR2, &a, NULL), 0);
    raise(SIGUSR2);
    CHECK_EQ(count, 1);
    CHECK_EQ(last, SIGUSR2);
}

static void
masks(void)
{
    sigset_t set, old, got;

    install(SIGUSR1, note, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, &old), 0);
    CHECK(!sigismember(&old, SIGUSR1));
    raise(SIGUSR1);
    raise(SIGUSR1);
    CHECK_EQ(count, 0);
    CHECK_EQ(sigpending(&got), 0);
    CHECK(sigismember(&got, SIGUSR1) && !sigismember(&got, SIGUSR2));
    CHECK_EQ(sigprocmask(SIG_SETMASK, &old, &got), 0);
    CHECK(sigismember(&got, SIGUSR1));
    CHECK_EQ(count, 1); /* both sends were one */
    sigfillset(&set);
    CHECK_EQ(sigprocmask(SIG_SETMASK, &set, NULL), 0);
    CHECK_EQ(sigprocmask(SIG_SETMASK, NULL, &got), 0);
    CHECK(!sigismember(&got, SIGKILL));
    CHECK_ERRNO(sigprocmask(77, &set, NULL), EINVAL);
}

static volatile int nesting, deepest;

static void
nest(int sig)
{
    nesting++;
    if (nesting > deepest)
        deepest = nesting;
    if (sig == SIGUSR1) {
        count++;
        if (count < 3)
            raise(SIGUSR1); /* blocked until this handler returns */
        raise(SIGUSR2);     /* not blocked */
    }
    nesting--;
}

static void
masks_in_handlers(void)
{
    sigset_t now;

    install(SIGUSR1, nest, 0);
    install(SIGUSR2, nest, 0);
    raise(SIGUSR1);
    CHECK_EQ(count, 3);
    CHECK_EQ(deepest, 2);
    CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &now), 0);
    CHECK(!sigismember(&now, SIGUSR1));
}

static int
send_to_parent(int argc, char **argv)
{
    (void)argc;
    pause_ms(atoi(argv[2]));
    if (argv[3][0] == '1')
        until_asleep(getppid());
    kill(getppid(), atoi(argv[1]));
    return 0;
}

static pid_t
send_in(int sig, int ms, const char *asleep)
{
    char a[8], b[8];

    snprintf(a, sizeof a, "%d", sig);
    snprintf(b, sizeof b, "%d", ms);
    return role("send_to_parent", a, b, asleep, NULL);
}

static pid_t
send_later(int sig, int ms)
{
    return send_in(sig, ms, "0");
}

/* When this process waits for something. */
static pid_t
send_to_sleeper(int sig)
{
    return send_in(sig, 30, "1");
}

static void
suspending(void)
{
    sigset_t set, old, none;
    pid_t pid;

    install(SIGUSR1, note, 0);
    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    pid = send_later(SIGUSR1, 30);
    CHECK_ERRNO(sigsuspend(&none), EINTR);
    CHECK_EQ(count, 1);
    sigprocmask(SIG_BLOCK, NULL, &old);
    CHECK(sigismember(&old, SIGUSR1)); /* the mask is back */
    CHECK_EQ(wait_for(pid), 0);
}

static void
waiting(void)
{
    sigset_t set;
    int sig = 0;
    pid_t pid;
    struct timespec t = {0, 20000000};

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK_ERRNO(sigtimedwait(&set, NULL, &t), EAGAIN);
    pid = send_later(SIGUSR2, 20);
    CHECK_EQ(sigwait(&set, &sig), 0);
    CHECK_EQ(sig, SIGUSR2);
    sigpending(&set);
    CHECK(!sigismember(&set, SIGUSR2));
    CHECK_EQ(wait_for(pid), 0);
}

static void
interrupting(void)
{
    int p[2];
    char b;
    struct pollfd pf;
    pid_t pid;

    CHECK_EQ(pipe(p), 0);
    install(SIGUSR1, note, 0);
    pid = send_to_sleeper(SIGUSR1);
    CHECK_ERRNO(read(p[0], &b, 1), EINTR);
    CHECK_EQ(wait_for(pid), 0);
    pid = send_to_sleeper(SIGUSR1);
    pf = (struct pollfd){.fd = p[0], .events = POLLIN};
    CHECK_ERRNO(poll(&pf, 1, 60000), EINTR);
    CHECK_EQ(wait_for(pid), 0);
    CHECK_EQ(count, 2);
}

static int
send_and_write(int argc, char **argv)
{
    (void)argc, (void)argv;
    pause_ms(20);
    kill(getppid(), SIGUSR1);
    pause_ms(20);
    CHECK_EQ(write(1, "x", 1), 1);
    return 0;
}

static void
restarting(void)
{
    int p[2];
    char b;
    posix_spawn_file_actions_t fa;
    pid_t pid;

    CHECK_EQ(pipe(p), 0);
    install(SIGUSR1, note, SA_RESTART);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, p[1], 1);
    pid = role_with(&fa, NULL, "send_and_write", NULL);
    CHECK_EQ(read(p[0], &b, 1), 1); /* through the signal */
    CHECK_EQ(count, 1);
    CHECK_EQ(wait_for(pid), 0);
}

static void
busy_loop(void)
{
    pid_t pid;

    install(SIGUSR1, note, 0);
    pid = send_later(SIGUSR1, 20);
    while (!count)
        ; /* no system call: the handler runs at a poll point */
    CHECK_EQ(wait_for(pid), 0);
}

static void
child_signals(void)
{
    pid_t pid;
    sigset_t set, old;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, &old);
    install(SIGCHLD, note, 0);
    pid = role("exit_with", "0", NULL);
    sigemptyset(&set);
    while (!count)
        sigsuspend(&set);
    CHECK_EQ(last, SIGCHLD);
    CHECK_EQ(wait_for(pid), 0);
    /* ignored: children vanish by themselves */
    signal(SIGCHLD, SIG_IGN);
    role("exit_with", "0", NULL);
    CHECK_ERRNO(wait(NULL), ECHILD);
}

static void
timers(void)
{
    struct itimerval t = {{0, 10000}, {0, 20000}}, now;
    int64_t start = now_ms();

    install(SIGALRM, note, 0);
    CHECK_EQ(setitimer(ITIMER_REAL, &t, NULL), 0);
    CHECK_EQ(getitimer(ITIMER_REAL, &now), 0);
    CHECK(now.it_interval.tv_usec == 10000 && now.it_value.tv_usec > 0);
    while (count < 3)
        pause();
    CHECK(now_ms() - start >= 38);
    memset(&t, 0, sizeof t);
    CHECK_EQ(setitimer(ITIMER_REAL, &t, &now), 0);
    count = 0;
    pause_ms(30);
    CHECK_EQ(count, 0);
    CHECK_EQ(alarm(1000), 0);
    last = (int)alarm(0);
    CHECK(last > 900 && last <= 1000);
}

static int
by_default(int argc, char **argv)
{
    (void)argc;
    raise(atoi(argv[1]));
    return 0;
}

static void
default_actions(void)
{
    static const int kills[] = {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGPIPE,
                                SIGALRM, SIGTERM, 34};
    static const int ignores[] = {SIGCHLD, SIGURG, SIGWINCH, SIGCONT};
    char a[8];

    for (size_t i = 0; i < sizeof kills / sizeof *kills; i++) {
        int status;

        snprintf(a, sizeof a, "%d", kills[i]);
        CHECK(waitpid(role("by_default", a, NULL), &status, 0) > 0);
        CHECK(WIFSIGNALED(status));
        CHECK_EQ(WTERMSIG(status), kills[i]);
    }
    for (size_t i = 0; i < sizeof ignores / sizeof *ignores; i++) {
        snprintf(a, sizeof a, "%d", ignores[i]);
        CHECK_EQ(wait_for(role("by_default", a, NULL)), 0);
    }
}

static int
check_inherited(int argc, char **argv)
{
    sigset_t now;

    (void)argc, (void)argv;
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGUSR2));
    CHECK(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
    CHECK(signal(SIGTERM, SIG_DFL) == SIG_DFL); /* a handler goes */
    CHECK(signal(SIGINT, SIG_DFL) == SIG_DFL);  /* by SETSIGDEF */
    return 0;
}

static void
inheritance(void)
{
    sigset_t set;
    posix_spawnattr_t attr;

    signal(SIGUSR1, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, note);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigdefault(&attr, &set);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    posix_spawnattr_setsigmask(&attr, &set);
    posix_spawnattr_setflags(&attr,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    CHECK_EQ(wait_for(role_with(NULL, &attr, "check_inherited", NULL)), 0);
}

static sigjmp_buf out;

static void
jump_out(int sig)
{
    siglongjmp(out, sig);
}

static void
jumps_out_of_handlers(void)
{
    int p[2], r;
    char b;
    pid_t pid;
    sigset_t now;

    install(SIGUSR1, jump_out, SA_RESTART);
    CHECK_EQ(pipe(p), 0);
    for (volatile int i = 0; i < 5; i++) {
        pid = send_to_sleeper(SIGUSR1);
        r = sigsetjmp(out, 1);
        if (r == 0) {
            read(p[0], &b, 1); /* for ever, but for the jump */
            CHECK(!"read came back");
        }
        CHECK_EQ(r, SIGUSR1);
        sigprocmask(SIG_BLOCK, NULL, &now);
        CHECK(!sigismember(&now, SIGUSR1));
        CHECK_EQ(wait_for(pid), 0);
    }
    if ((r = sigsetjmp(out, 1)) == 0)
        raise(SIGUSR1);
    CHECK_EQ(r, SIGUSR1);
}

/* Deep enough that the loop is not part of the function that called setjmp. */
static __attribute__((noinline)) void
spin(void)
{
    for (;;)
        __asm__ volatile("");
}

static __attribute__((noinline)) int
nop(volatile int *calls)
{
    return ++*calls;
}

static volatile sig_atomic_t may_jump;
static sigjmp_buf *volatile where;

static void
jump_where(int sig)
{
    if (may_jump)
        siglongjmp(*where, sig);
}

/* As a shell runs a built-in: a buffer of its own for the time it takes. */
static __attribute__((noinline)) void
builtin(volatile int *calls)
{
    sigjmp_buf here, *volatile outer = where;

    if (sigsetjmp(here, 0)) {
        where = outer;
        siglongjmp(*where, 1);
    }
    where = &here;
    nop(calls);
    where = outer;
}

/* No system call is on the way, so the jump must happen where the program is,
 * and the buffer it goes to must be one whose function is still active. */
static void
jumps_out_of_loops(void)
{
    sigjmp_buf top;
    volatile int calls = 0, round, jumped = 0;
    struct itimerval t = {.it_value = {.tv_usec = 20000}};

    where = &top;
    install(SIGALRM, jump_where, 0);
    for (round = 0; round < 5; round++) {
        may_jump = 1;
        if (sigsetjmp(top, 1) == 0) {
            setitimer(ITIMER_REAL, &t, NULL);
            spin();
        }
        jumped++;
    }
    CHECK_EQ(jumped, 5);
    for (round = 0; round < 100; round++) {
        t.it_value.tv_usec = 1000 + round * 37;
        if (sigsetjmp(top, 1) == 0) {
            setitimer(ITIMER_REAL, &t, NULL);
            for (;;)
                builtin(&calls);
        }
        where = &top;
        jumped++;
    }
    may_jump = 0;
    CHECK_EQ(jumped, 105);
    CHECK(calls > 0);
}

static void
many_signals(void)
{
    for (int i = 1; i < 32; i++)
        if (i != SIGKILL && i != SIGSTOP)
            install(i, note, 0);
    for (int round = 0; round < 200; round++)
        for (int i = 1; i < 32; i++)
            if (i != SIGKILL && i != SIGSTOP)
                kill(getpid(), i);
    CHECK_EQ(count, 200 * 29);
}

const struct test signal_tests[] = {
    {"handlers", handlers, "sigaction"},
    {"handlers_with_info", handlers_with_info, ""},
    {"masks", masks, "sigprocmask sigpending"},
    {"masks_in_handlers", masks_in_handlers, ""},
    {"suspending", suspending, "sigsuspend"},
    {"waiting", waiting, ""},
    {"interrupting", interrupting, ""},
    {"restarting", restarting, ""},
    {"busy_loop", busy_loop, ""},
    {"child_signals", child_signals, ""},
    {"timers", timers, "setitimer getitimer"},
    {"default_actions", default_actions, ""},
    {"inheritance", inheritance, ""},
    {"jumps_out_of_handlers", jumps_out_of_handlers, ""},
    {"jumps_out_of_loops", jumps_out_of_loops, ""},
    {"many_signals", many_signals, ""},
    {NULL, NULL, NULL},
};
const struct role signal_roles[] = {
    {"send_to_parent", send_to_parent},
    {"send_and_write", send_and_write},
    {"by_default", by_default},
    {"check_inherited", check_inherited},
    {NULL, NULL},
};
