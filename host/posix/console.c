/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console (console.h): one task reads standard input, one looks after the
 * host's signals; output comes from the kernel's console task.
 *
 * The descriptors are shared with the shell that started us, so they are never
 * made non-blocking: we ask for readiness first, and write no more at once than
 * a ready pipe takes.
 */
#define _GNU_SOURCE
#include "console.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host.h"
#include "hosterr.h"
#include "main.h"
#include "pith_errno.h"
#include "posix.h"
#include "terminal.h"
#include "tty.h"

#define PIPE_SAFE 4096u /* PIPE_BUF: a ready pipe takes that much */

static bool typed; /* standard input is a terminal: a person sits there */

bool
host_console_present(void)
{
    return isatty(STDIN_FILENO) || isatty(STDOUT_FILENO);
}

void
host_console_size(uint16_t *rows, uint16_t *cols)
{
    struct winsize size = {0};
    int fd = terminal_open();

    if (fd < 0 || ioctl(fd, TIOCGWINSZ, &size) < 0 || !size.ws_row ||
        !size.ws_col) {
        size.ws_row = 24;
        size.ws_col = 80;
    }
    *rows = size.ws_row;
    *cols = size.ws_col;
}

static int
await_writable(void)
{
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
    int r;

    if (poll(&p, 1, 0) > 0)
        return 0;
    kernel_lock();
    r = posix_fd_wait(STDOUT_FILENO, POLLOUT, HOST_FOREVER);
    kernel_unlock();
    return r < 0 && r != -E_INTR ? r : 0;
}

int
host_console_write(const void *data, size_t n)
{
    const char *at = data;

    while (n) {
        int r = await_writable();
        ssize_t k;

        if (r < 0)
            return r;
        k = write(STDOUT_FILENO, at, n < PIPE_SAFE ? n : PIPE_SAFE);
        if (k >= 0) {
            at += k;
            n -= (size_t)k;
        } else if (errno != EINTR && errno != EAGAIN) {
            return host_error(errno);
        }
    }
    return 0;
}

/* Hand all of it over, however long the readers take. */
static void
input_all(const char *data, size_t n)
{
    while (n && !tty_console()->gone) {
        size_t taken = console_input(data, n);

        data += taken;
        n -= taken;
        if (n)
            console_wait_room();
    }
}

static void
input_task(void *arg)
{
    char buf[2048];
    ssize_t n;

    (void)arg;
    while (!tty_console()->gone) {
        int r = posix_fd_wait(STDIN_FILENO, POLLIN, HOST_FOREVER);
        int error;

        if (r == -E_INTR)
            continue;
        kernel_unlock();
        n = r < 0 ? 0 : read(STDIN_FILENO, buf, sizeof buf);
        error = n < 0 ? errno : 0;
        kernel_lock();
        if (n > 0 && typed)
            console_type(buf, (size_t)n);
        else if (n > 0)
            input_all(buf, (size_t)n);
        else if (error != EINTR && error != EAGAIN)
            break;
    }
    if (typed)
        console_hangup();
    else
        console_end();
    host_task_exit();
}

static void
on_signal(int sig)
{
    uint16_t rows, cols;

    switch (sig) {
    case SIGWINCH:
    case SIGCONT:
        host_console_size(&rows, &cols);
        console_resize(rows, cols);
        break;
    case SIGHUP:
        console_hangup();
        kernel_shutdown(128 + sig);
        break;
    default:
        kernel_shutdown(128 + sig);
    }
}

static void
signal_task(void *arg)
{
    int fd = *(const int *)arg, r;
    unsigned char sig;

    for (;;) {
        while (read(fd, &sig, 1) == 1)
            on_signal(sig);
        r = posix_fd_wait(fd, POLLIN, HOST_FOREVER);
        if (r < 0 && r != -E_INTR)
            host_task_exit();
    }
}

/* Raw, but what a person set for erasing stays his habit in here. */
static int
take_terminal(struct tty *t)
{
    struct termios raw;
    struct pith_termios theirs;

    if (tcgetattr(STDIN_FILENO, &raw) < 0)
        return host_error(errno);
    terminal_to_pith(&raw, &theirs);
    t->disc.termios.cc[PITH_VERASE] = theirs.cc[PITH_VERASE];
    raw.c_iflag &= (tcflag_t) ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR |
                                IGNCR | ICRNL | IXON | IXOFF);
    raw.c_oflag &= (tcflag_t)~OPOST;
    raw.c_lflag &= (tcflag_t) ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    return terminal_set(&raw, TCSADRAIN);
}

/* What is not typed is data: no echo, no signals, no flow control. */
static void
make_plain(struct tty *t)
{
    t->keep_input = true;
    t->disc.termios.lflag &= ~(PITH_ECHO | PITH_ISIG | PITH_IEXTEN);
    t->disc.termios.iflag &= ~(PITH_IXON | PITH_ICRNL);
    t->disc.termios.cc[PITH_VEOF] = 0;
    t->disc.termios.cc[PITH_VERASE] = t->disc.termios.cc[PITH_VKILL] = 0;
}

int
posix_console_start(void)
{
    static int signal_fd;
    struct tty *t = tty_console();
    struct host_task *task;
    int r = 0;

    signal(SIGPIPE, SIG_IGN);
    typed = isatty(STDIN_FILENO);
    if (typed && terminal_open() == STDIN_FILENO)
        r = take_terminal(t);
    else
        make_plain(t);
    if (!isatty(STDOUT_FILENO))
        t->disc.termios.oflag &= ~PITH_OPOST;
    if (r < 0)
        return r;
    signal_fd = terminal_signals();
    if (signal_fd < 0)
        return signal_fd;
    r = host_task_create(&task, signal_task, &signal_fd, 0);
    if (r >= 0)
        r = host_task_create(&task, input_task, NULL, 0);
    return r;
}

void
posix_console_stop(void)
{
    terminal_restore();
}
