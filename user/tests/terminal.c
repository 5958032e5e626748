/* SPDX-License-Identifier: Apache-2.0 */
/* Pseudo-terminals: line discipline, job control, hang-up. */
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "t.h"

static int master, slave;

static void
open_pair(void)
{
    CHECK_EQ(openpty(&master, &slave, NULL, NULL, NULL), 0);
    /* or the programs on the terminal would hold its other end open */
    CHECK_EQ(fcntl(master, F_SETFD, FD_CLOEXEC), 0);
}

static void
expect(int fd, const char *text)
{
    char b[256];
    size_t want = strlen(text), have = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};

    while (have < want && poll(&p, 1, 60000) == 1) {
        ssize_t n = read(fd, b + have, sizeof b - 1 - have);

        if (n <= 0)
            break;
        have += (size_t)n;
    }
    b[have] = '\0';
    if (strcmp(b, text) != 0)
        fail(__FILE__, __LINE__, "read '%s', expected '%s'", b, text);
}

static void
type(const char *text)
{
    CHECK_EQ(write(master, text, strlen(text)), (ssize_t)strlen(text));
}

static void
line_editing(void)
{
    char b[32];
    struct pollfd p;

    open_pair();
    CHECK(isatty(slave) && isatty(master));
    CHECK(strncmp(ttyname(slave), "/dev/pts/", 9) == 0);
    type("abx\177c");
    p = (struct pollfd){.fd = slave, .events = POLLIN};
    CHECK_EQ(poll(&p, 1, 0), 0); /* no line yet */
    type("\r");
    CHECK_EQ(read(slave, b, sizeof b), 4);
    CHECK(memcmp(b, "abc\n", 4) == 0);
    expect(master, "abx\b \bc\r\n");
    type("gone\025kept\n");
    CHECK_EQ(read(slave, b, sizeof b), 5);
    CHECK(memcmp(b, "kept\n", 5) == 0);
    type("\004");
    CHECK_EQ(read(slave, b, sizeof b), 0);
    tcflush(slave, TCIOFLUSH);
    CHECK_EQ(write(slave, "out\n", 4), 4);
}

static void
raw_mode(void)
{
    struct termios t, u;
    char b[8];

    open_pair();
    CHECK_EQ(tcgetattr(slave, &t), 0);
    CHECK(t.c_lflag & ICANON);
    u = t;
    cfmakeraw(&u);
    u.c_cc[VMIN] = 0;
    u.c_cc[VTIME] = 1;
    CHECK_EQ(tcsetattr(slave, TCSANOW, &u), 0);
    CHECK_EQ(read(slave, b, 8), 0); /* after 0.1 s */
    u.c_cc[VMIN] = 1;
    u.c_cc[VTIME] = 0;
    CHECK_EQ(tcsetattr(slave, TCSADRAIN, &u), 0);
    type("\003x");
    CHECK_EQ(read(slave, b, 8), 2);
    CHECK(b[0] == 3 && b[1] == 'x');
    CHECK_EQ(write(slave, "a\n", 2), 2);
    expect(master, "a\n"); /* no carriage return, no echo */
    CHECK_EQ(tcsetattr(slave, TCSAFLUSH, &t), 0);
    CHECK_ERRNO(tcgetattr(open("/dev/null", O_RDONLY), &t), ENOTTY);
}

static void
window_size(void)
{
    struct winsize w = {24, 80, 0, 0}, got;

    open_pair();
    CHECK_EQ(ioctl(master, TIOCSWINSZ, &w), 0);
    CHECK_EQ(ioctl(slave, TIOCGWINSZ, &got), 0);
    CHECK(got.ws_row == 24 && got.ws_col == 80);
}

static void
stdio_on(posix_spawn_file_actions_t *fa, const char *tty)
{
    posix_spawn_file_actions_init(fa);
    posix_spawn_file_actions_addopen(fa, 0, tty, O_RDWR | O_NOCTTY, 0);
    posix_spawn_file_actions_adddup2(fa, 0, 1);
    posix_spawn_file_actions_adddup2(fa, 0, 2);
}

/* In a session of its own on the slave, which becomes its terminal. */
static pid_t
on_terminal(const char *name)
{
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    pid_t pid;

    stdio_on(&fa, ttyname(slave));
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID);
    pid = role_with(&fa, &attr, name, NULL);
    posix_spawn_file_actions_destroy(&fa);
    return pid;
}

static volatile int got;

static void
note(int sig)
{
    got = sig;
}

static int
session_leader(int argc, char **argv)
{
    struct sigaction a = {.sa_handler = note};
    char b[8];

    (void)argc, (void)argv;
    CHECK_EQ(ioctl(0, TIOCSCTTY, 0), 0);
    CHECK_EQ(tcgetpgrp(0), getpgrp());
    CHECK_EQ(tcgetsid(0), getsid(0));
    CHECK(open("/dev/tty", O_RDWR) >= 0);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGWINCH, &a, NULL);
    printf("ready\n");
    fflush(stdout);
    CHECK_ERRNO(read(0, b, 8), EINTR);
    CHECK_EQ(got, SIGINT);
    printf("size?\n");
    fflush(stdout);
    CHECK_ERRNO(read(0, b, 8), EINTR);
    CHECK_EQ(got, SIGWINCH);
    printf("bye\n");
    return 5;
}

static void
signals_from_the_terminal(void)
{
    struct winsize w = {30, 90, 0, 0};
    pid_t pid;

    open_pair();
    pid = on_terminal("session_leader");
    expect(master, "ready\r\n");
    until_asleep(pid);
    type("\003");
    expect(master, "^Csize?\r\n");
    until_asleep(pid);
    CHECK_EQ(ioctl(master, TIOCSWINSZ, &w), 0);
    expect(master, "bye\r\n");
    CHECK_EQ(wait_for(pid), 5);
}

static int
job(int argc, char **argv)
{
    char b[8];

    (void)argc, (void)argv;
    printf("job\n");
    fflush(stdout);
    return read(0, b, 8) == 3 ? 7 : 8; /* stops when in the background */
}

static pid_t
start_job(void)
{
    posix_spawnattr_t attr;

    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
    return role_with(NULL, &attr, "job", NULL);
}

static int
job_shell(int argc, char **argv)
{
    int status;
    pid_t pid;

    (void)argc, (void)argv;
    CHECK_EQ(ioctl(0, TIOCSCTTY, 0), 0);
    signal(SIGTTOU, SIG_IGN);
    pid = start_job(); /* reads from the background: SIGTTIN stops it */
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
    CHECK_EQ(tcsetpgrp(0, pid), 0);
    CHECK_EQ(kill(-pid, SIGCONT), 0);
    printf("fg\n");
    fflush(stdout);
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid); /* Ctrl-Z */
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
    CHECK_EQ(tcsetpgrp(0, getpgrp()), 0);
    printf("stopped\n");
    CHECK_EQ(tcsetpgrp(0, pid), 0);
    CHECK_EQ(kill(-pid, SIGCONT), 0);
    printf("again\n");
    fflush(stdout);
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    CHECK_EQ(tcsetpgrp(0, getpgrp()), 0);
    CHECK_ERRNO(tcsetpgrp(0, 999999), EPERM);
    return 6;
}

static void
job_control(void)
{
    pid_t pid;

    open_pair();
    pid = on_terminal("job_shell");
    expect(master, "job\r\nfg\r\n");
    type("\032");
    expect(master, "^Zstopped\r\nagain\r\n");
    type("ab\n");
    CHECK_EQ(wait_for(pid), 6);
}

static int
waits_for_hangup(int argc, char **argv)
{
    (void)argc, (void)argv;
    CHECK_EQ(ioctl(0, TIOCSCTTY, 0), 0);
    printf("up\n");
    fflush(stdout);
    for (;;)
        pause();
}

static void
hanging_up(void)
{
    int status;
    char b;
    pid_t pid;

    open_pair();
    pid = on_terminal("waits_for_hangup");
    expect(master, "up\r\n");
    close(master);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP);
    CHECK_EQ(read(slave, &b, 1), 0);
    CHECK_ERRNO(write(slave, "x", 1), EIO);
    open_pair();
    close(slave);
    CHECK_ERRNO(read(master, &b, 1), EIO);
}

const struct test terminal_tests[] = {
    {"line_editing", line_editing, ""},
    {"raw_mode", raw_mode, ""},
    {"window_size", window_size, ""},
    {"signals_from_the_terminal", signals_from_the_terminal, ""},
    {"job_control", job_control, ""},
    {"hanging_up", hanging_up, ""},
    {NULL, NULL, NULL},
};
const struct role terminal_roles[] = {
    {"session_leader", session_leader},
    {"job", job},
    {"job_shell", job_shell},
    {"waits_for_hangup", waits_for_hangup},
    {NULL, NULL},
};
