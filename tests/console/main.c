/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console and pith run's standard files, seen from the host: each case runs
 * the guest in a process of its own, on a pseudo-terminal or on pipes, and
 * looks at what comes out, and at the terminal afterwards.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"

#define PATIENCE_MS 60000
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif

static const char *case_name;
static bool case_failed;
static int passed, failed;

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            printf("FAIL %s\n  %s:%d: %s\n", case_name, __FILE__, __LINE__,    \
                   #condition);                                                \
            case_failed = true;                                                \
        }                                                                      \
    } while (0)

/* What the guest has written so far. */
static char out[1 << 21];
static size_t used;

/* ---- the guest as a process ------------------------------------------- */

static pid_t guest;
static int master = -1, slave = -1;
static struct termios before;

static void
run_guest(bool console)
{
    /* whoever runs the tests in the background may have them ignored */
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    close_range(3, ~0u, 0); /* the other ends of pipes */
    alarm(600);
    exit(guest_run(console));
}

static void
on_terminal(bool console)
{
    struct winsize size = {.ws_row = 30, .ws_col = 90};

    if (openpty(&master, &slave, NULL, NULL, &size) < 0) {
        perror("openpty");
        exit(1);
    }
    fcntl(master, F_SETFD, FD_CLOEXEC);
    tcgetattr(slave, &before);
    used = 0;
    guest = fork();
    if (guest == 0) {
        setsid();
        ioctl(slave, TIOCSCTTY, 0);
        dup2(slave, 0);
        dup2(slave, 1);
        dup2(slave, 2);
        run_guest(console);
    }
}

/* With these as standard input and output. */
static void
on_files(bool console, int in, int to)
{
    used = 0;
    guest = fork();
    if (guest == 0) {
        setsid();
        dup2(in, 0);
        dup2(to, 1);
        run_guest(console);
    }
}

static int
exit_code(void)
{
    int status = 0, tries = PATIENCE_MS;

    while (waitpid(guest, &status, WNOHANG) == 0 && tries--)
        usleep(1000);
    if (tries <= 0) {
        kill(guest, SIGKILL);
        waitpid(guest, &status, 0);
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static bool
read_more(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ssize_t n;

    if (poll(&p, 1, ms) <= 0)
        return false;
    n = read(fd, out + used, sizeof out - 1 - used);
    if (n <= 0)
        return false;
    used += (size_t)n;
    out[used] = '\0';
    return true;
}

/* Read until s has appeared; what was before it is forgotten. */
static bool
expect(int fd, const char *s)
{
    char *at;

    out[used] = '\0';
    while ((at = strstr(out, s)) == NULL)
        if (!read_more(fd, PATIENCE_MS)) {
            printf("  waited for \"%s\", got \"%s\"\n", s, out);
            return false;
        }
    at += strlen(s);
    used -= (size_t)(at - out);
    memmove(out, at, used + 1);
    return true;
}

static void
type(const char *s)
{
    CHECK(write(master, s, strlen(s)) == (ssize_t)strlen(s));
}

static bool
terminal_is_as_before(void)
{
    struct termios now;

    tcgetattr(slave, &now);
    return now.c_iflag == before.c_iflag && now.c_oflag == before.c_oflag &&
           now.c_lflag == before.c_lflag;
}

static void
close_terminal(void)
{
    if (master >= 0)
        close(master);
    if (slave >= 0)
        close(slave);
    master = slave = -1;
}

/* ---- the console ------------------------------------------------------ */

static void
conversation(void)
{
    on_terminal(true);
    CHECK(expect(master, "ready\r\n"));
    CHECK(!terminal_is_as_before());
    type("hallo\r");
    CHECK(expect(master, "hallo\r\nHALLO\r\n"));
    type("wrohg\177\177ng\r");
    CHECK(expect(master, "wrohg\b \b\b \bng\r\nWRONG\r\n"));
    type("size\r");
    CHECK(expect(master, "size 30x90\r\n"));
    type("raw\r");
    CHECK(expect(master, "raw\r\nraw\r\n"));
    type("a\3q");
    CHECK(expect(master, "<97><3><113>cooked\r\n"));
    type("exit 7\r");
    CHECK(exit_code() == 7);
    CHECK(terminal_is_as_before());
    CHECK(!(fcntl(slave, F_GETFL) & O_NONBLOCK));
}

static void
resize(void)
{
    struct winsize size = {.ws_row = 40, .ws_col = 132};

    on_terminal(true);
    CHECK(expect(master, "ready\r\n"));
    ioctl(master, TIOCSWINSZ, &size);
    do { /* SIGWINCH may take its time */
        usleep(50000);
        type("size\r");
        CHECK(expect(master, "size "));
        while (!strchr(out, '\n') && read_more(master, PATIENCE_MS))
            continue;
    } while (!case_failed && strncmp(out, "30x90\r\n", 7) == 0);
    CHECK(strncmp(out, "40x132\r\n", 8) == 0);
    type("\4");
    CHECK(expect(master, "end of input 0\r\n"));
    CHECK(exit_code() == 0);
}

static void
interrupt(void)
{
    on_terminal(true);
    CHECK(expect(master, "ready\r\n"));
    type("\3"); /* process 1 dies of it, and the system with it */
    CHECK(exit_code() == 130);
    CHECK(terminal_is_as_before());
}

static void
signalled(int sig, int code)
{
    int got;

    on_terminal(true);
    CHECK(expect(master, "ready\r\n"));
    CHECK(!terminal_is_as_before());
    kill(guest, sig);
    got = exit_code();
    if (got != code)
        printf("  signal %d: %d\n", sig, got);
    CHECK(got == code);
    CHECK(terminal_is_as_before());
    close_terminal();
}

static void
signals(void)
{
    signalled(SIGTERM, 128 + SIGTERM);
    signalled(SIGINT, 128 + SIGINT);
    signalled(SIGHUP, 128 + SIGHUP);
    signalled(SIGQUIT, 1000 + SIGQUIT);
#ifndef SANITIZED /* a sanitizer catches these first, and reports and exits */
    signalled(SIGSEGV, 1000 + SIGSEGV);
    signalled(SIGBUS, 1000 + SIGBUS);
#endif
}

static void
crash(void)
{
    on_terminal(true);
    CHECK(expect(master, "ready\r\n"));
    type("crash\r");
    CHECK(exit_code() == 1000 + SIGABRT);
    CHECK(terminal_is_as_before());
}

static void
stopped(void)
{
    int status;

    on_terminal(true);
    CHECK(expect(master, "ready\r\n"));
    kill(guest, SIGTSTP);
    CHECK(waitpid(guest, &status, WUNTRACED) == guest && WIFSTOPPED(status));
    CHECK(terminal_is_as_before());
    kill(guest, SIGCONT);
    type("exit 3\r");
    CHECK(exit_code() == 3);
    CHECK(terminal_is_as_before());
}

static void
terminal_goes(void)
{
    on_terminal(true);
    CHECK(expect(master, "ready\r\n"));
    close_terminal();
    CHECK(exit_code() == 128 + SIGHUP);
}

static void
piped(void)
{
    int in[2], to[2];

    CHECK(pipe(in) == 0 && pipe(to) == 0);
    CHECK(write(in[1], "one\nsize\n\3\4\177x\nlast", 19) == 19);
    close(in[1]);
    on_files(true, in[0], to[1]);
    close(in[0]);
    close(to[1]);
    /* no echo, no carriage returns, and what looks like ^C is a byte */
    CHECK(expect(to[0], "ready\nONE\nsize 24x80\n\3\4\177X\nend of input 0\n"));
    CHECK(exit_code() == 0);
    close(to[0]);
}

/* More than the console's ring holds. */
static void
much_piped(void)
{
    enum { LINES = 20000 };
    int in[2], to[2], i, seen = 0;
    pid_t writer;

    CHECK(pipe(in) == 0 && pipe(to) == 0);
    on_files(true, in[0], to[1]);
    writer = fork();
    if (writer == 0) {
        for (i = 0; i < LINES; i++)
            dprintf(in[1], "line %d\n", i);
        _exit(0);
    }
    close(in[0]);
    close(in[1]);
    close(to[1]);
    while (read_more(to[0], PATIENCE_MS))
        ;
    for (i = 0; i < (int)used; i++)
        seen += out[i] == '\n';
    CHECK(seen == LINES + 2);
    CHECK(strstr(out, "LINE 19999\nend of input 0\n") != NULL);
    CHECK(exit_code() == 0);
    waitpid(writer, NULL, 0);
    close(to[0]);
}

static void
slow_reader(bool console)
{
    int in[2], to[2], i = 0;

    CHECK(pipe(in) == 0 && pipe(to) == 0);
    CHECK(write(in[1], "big\n", 4) == 4);
    close(in[1]);
    on_files(console, in[0], to[1]);
    close(in[0]);
    close(to[1]);
    while (read_more(to[0], PATIENCE_MS))
        if (i++ < 20)
            usleep(10000);
    CHECK(used > 1000000);
    CHECK(strstr(out, "wrote 1000000\nend of input 0\n") != NULL);
    CHECK(exit_code() == 0);
    close(to[0]);
}

static void
slow_console(void)
{
    slow_reader(true);
}

static void
broken_console(void)
{
    int in[2], to[2];

    CHECK(pipe(in) == 0 && pipe(to) == 0);
    on_files(true, in[0], to[1]);
    close(to[1]);
    CHECK(expect(to[0], "ready\n"));
    close(to[0]);
    CHECK(write(in[1], "x\n", 2) == 2);
    CHECK(exit_code() == 128 + SIGHUP);
    close(in[0]);
    close(in[1]);
}

static void
nothing(void)
{
    int null = open("/dev/null", O_RDWR);

    on_files(true, null, null);
    CHECK(exit_code() == 0);
    close(null);
}

/* ---- pith run's files ------------------------------------------------- */

static void
run_terminal(void)
{
    struct termios now;

    on_terminal(false);
    CHECK(expect(master, "ready\r\n"));
    CHECK(terminal_is_as_before()); /* the host's line discipline works */
    type("hallo\r");
    CHECK(expect(master, "hallo\r\nHALLO\r\n"));
    type("size\r");
    CHECK(expect(master, "size 30x90\r\n"));
    type("raw\r");
    CHECK(expect(master, "raw\r\nraw\r\n"));
    tcgetattr(slave, &now);
    CHECK(!(now.c_lflag & ICANON));
    type("xq");
    CHECK(expect(master, "<120><113>cooked\r\n"));
    type("raw\r");
    CHECK(expect(master, "raw\r\nraw\r\n"));
    kill(guest, SIGTERM); /* in the middle of it */
    CHECK(exit_code() == 1000 + SIGTERM);
    CHECK(terminal_is_as_before());
    CHECK(!(fcntl(slave, F_GETFL) & O_NONBLOCK));
}

static void
run_poll(void)
{
    int in[2], to[2];

    CHECK(pipe(in) == 0 && pipe(to) == 0);
    on_files(false, in[0], to[1]);
    close(to[1]);
    CHECK(write(in[1], "poll\n", 5) == 5);
    CHECK(expect(to[0], "polling\n"));
    usleep(20000);
    CHECK(write(in[1], "more\n", 5) == 5);
    CHECK(expect(to[0], "poll 1 1\nMORE\n"));
    CHECK(write(in[1], "poll\n", 5) == 5);
    CHECK(expect(to[0], "polling\n"));
    close(in[1]);
    CHECK(expect(to[0], "poll 1 16\nend of input 0\n"));
    CHECK(exit_code() == 0);
    CHECK(!(fcntl(in[0], F_GETFL) & O_NONBLOCK));
    close(in[0]);
    close(to[0]);
}

/* The position is the host's: shared with who started us. */
static void
run_files(void)
{
    char in_name[] = "/tmp/pith-console-in-XXXXXX";
    char to_name[] = "/tmp/pith-console-to-XXXXXX";
    int in = mkstemp(in_name), to = mkstemp(to_name);

    unlink(in_name);
    unlink(to_name);
    CHECK(write(in, "skipped\nfirst\nexit 4\n", 21) == 21);
    CHECK(write(to, "before\n", 7) == 7);
    lseek(in, 8, SEEK_SET);
    on_files(false, in, to);
    CHECK(exit_code() == 4);
    CHECK(lseek(in, 0, SEEK_CUR) == 21);
    CHECK(lseek(to, 0, SEEK_CUR) == 7 + 6 + 6);
    CHECK(write(to, "after\n", 6) == 6);
    lseek(to, 0, SEEK_SET);
    used = 0;
    while (read_more(to, 0))
        ;
    CHECK(strcmp(out, "before\nready\nFIRST\nafter\n") == 0);
    close(in);
    close(to);
}

static void
slow_run(void)
{
    slow_reader(false);
}

static void
broken_run(void)
{
    int in[2], to[2];

    CHECK(pipe(in) == 0 && pipe(to) == 0);
    on_files(false, in[0], to[1]);
    close(to[1]);
    CHECK(expect(to[0], "ready\n"));
    close(to[0]);
    CHECK(write(in[1], "x\n", 2) == 2);
    CHECK(exit_code() == 128 + SIGPIPE); /* the program's, not pith's */
    close(in[0]);
    close(in[1]);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"console: conversation", conversation},
    {"console: resize and end of file", resize},
    {"console: interrupt", interrupt},
    {"console: signals to pith", signals},
    {"console: crash", crash},
    {"console: stopped", stopped},
    {"console: terminal goes", terminal_goes},
    {"console: piped", piped},
    {"console: much piped", much_piped},
    {"console: slow reader", slow_console},
    {"console: broken output", broken_console},
    {"console: /dev/null", nothing},
    {"run: terminal", run_terminal},
    {"run: poll", run_poll},
    {"run: files", run_files},
    {"run: slow reader", slow_run},
    {"run: broken output", broken_run},
};

int
main(int argc, char **argv)
{
    size_t i;

    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IONBF, 0);
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (argc > 1 && !strstr(cases[i].name, argv[1]))
            continue;
        case_name = cases[i].name;
        case_failed = false;
        cases[i].run();
        close_terminal();
        if (case_failed)
            failed++;
        else
            passed++;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
