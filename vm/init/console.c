/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal; see init.h. Linux prints on every console of its command line but
 * reads one. Where it has several (/sys/class/tty/console/active), the system's
 * terminal is a pseudo terminal and a process copies:
 *
 *     ttyS0 --.               .--> ttyS0
 *              >-- the pty --<              as it comes, raw
 *     tty0 ---'               '--> tty0     (tty0: the screen and the keys)
 *
 * The terminal is as large as the smallest of them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "init.h"

#define CONSOLES_MAX 4
#define VTCONS_MAX 4

static int lines[CONSOLES_MAX];
static int nlines;
static pid_t copier;

/* A line of a file of /sys; false: there is none. */
static bool
read_line(const char *path, char *out, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, room - 1);

    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return false;
    out[n] = 0;
    out[strcspn(out, "\n")] = 0;
    return true;
}

bool
has_screen_console(void)
{
    char path[64], name[64], bound[8];

    for (int i = 0; i < VTCONS_MAX; i++) {
        snprintf(path, sizeof path, "/sys/class/vtconsole/vtcon%d/name", i);
        if (!read_line(path, name, sizeof name))
            break;
        snprintf(path, sizeof path, "/sys/class/vtconsole/vtcon%d/bind", i);
        if (read_line(path, bound, sizeof bound) && bound[0] == '1' &&
            !strstr(name, "dummy"))
            return true;
    }
    return false;
}

struct winsize
read_size(const char *text)
{
    struct winsize w = {0};
    char *end;

    w.ws_row = (unsigned short)strtoul(text, &end, 10);
    w.ws_col = *end == 'x' ? (unsigned short)strtoul(end + 1, NULL, 10) : 0;
    return w;
}

/* ---- which there are ---------------------------------------------------- */

static void
smaller(unsigned short *a, unsigned short b)
{
    if (b && (!*a || b < *a))
        *a = b;
}

static void
open_line(const char *name, struct winsize *size)
{
    struct winsize w = {0};
    struct termios t;
    char path[32];
    int fd;

    snprintf(path, sizeof path, "/dev/%s", name);
    fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (tcgetattr(fd, &t) == 0) {
        cfmakeraw(&t);
        tcsetattr(fd, TCSANOW, &t);
    }
    if (ioctl(fd, TIOCGWINSZ, &w) == 0) {
        smaller(&size->ws_row, w.ws_row);
        smaller(&size->ws_col, w.ws_col);
    }
    lines[nlines++] = fd;
}

/* All consoles, when there are several; else none. */
static void
open_lines(struct winsize *size)
{
    char names[128], *rest = names, *name;
    bool screen = has_screen_console();

    if (!read_line("/sys/class/tty/console/active", names, sizeof names) ||
        !strchr(names, ' '))
        return;
    while ((name = strsep(&rest, " ")) && nlines < CONSOLES_MAX)
        if (*name && (screen || strcmp(name, "tty0") != 0))
            open_line(name, size);
    if (nlines < 2) /* a screen that is none */
        while (nlines)
            close(lines[--nlines]);
}

/* ---- the copier --------------------------------------------------------- */

static bool
write_all(int fd, const char *at, size_t n)
{
    while (n) {
        ssize_t k = write(fd, at, n);

        if (k < 0 && errno != EINTR && errno != EAGAIN)
            return false;
        if (k > 0) {
            at += k;
            n -= (size_t)k;
        }
    }
    return true;
}

/* Until nobody has the other side of the pty open. */
static _Noreturn void
copy(int master)
{
    struct pollfd p[CONSOLES_MAX + 1] = {{.fd = master, .events = POLLIN}};
    char piece[4096];

    for (int i = 0; i < nlines; i++)
        p[i + 1] = (struct pollfd){.fd = lines[i], .events = POLLIN};
    for (;;) {
        ssize_t n;

        if (poll(p, (nfds_t)nlines + 1, -1) < 0)
            continue;
        if (p[0].revents) {
            n = read(master, piece, sizeof piece);
            if (n <= 0 && errno != EINTR)
                break;
            for (int i = 0; n > 0 && i < nlines; i++)
                write_all(lines[i], piece, (size_t)n);
        }
        for (int i = 0; i < nlines; i++) {
            if (!p[i + 1].revents)
                continue;
            n = read(lines[i], piece, sizeof piece);
            if (n > 0)
                write_all(master, piece, (size_t)n);
            else if (n == 0 || errno != EINTR)
                p[i + 1].fd = -1; /* it hung up; it is still written to */
        }
    }
    for (int i = 0; i < nlines; i++)
        tcdrain(lines[i]);
    _exit(0);
}

/* The pty's other side, or -1: said why. */
static int
start_copier(const struct winsize *size)
{
    int master = -1, slave = -1, unlocked = 0, number;
    char name[32];

    mkdir("/dev/pts", 0755);
    if (mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, NULL) < 0)
        goto fail;
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ioctl(master, (int)TIOCSPTLCK, &unlocked) < 0 ||
        ioctl(master, (int)TIOCGPTN, &number) < 0)
        goto fail;
    snprintf(name, sizeof name, "/dev/pts/%d", number);
    slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        goto fail;
    ioctl(slave, TIOCSWINSZ, size);
    copier = fork();
    if (copier == 0) {
        close(slave);
        signal(SIGPIPE, SIG_IGN);
        if (!confine())
            _exit(1);
        copy(master);
    }
    if (copier < 0)
        goto fail;
    close(master);
    return slave;
fail:
    say("the terminal is on one console only: %s", strerror(errno));
    if (slave >= 0)
        close(slave);
    if (master >= 0)
        close(master);
    copier = 0;
    return -1;
}

/* ---- for main.c --------------------------------------------------------- */

void
console_open(void)
{
    const char *text = getenv("PITH_SIZE");
    struct winsize size = {0};
    int fd = -1;

    if (text)
        size = read_size(text);
    open_lines(&size);
    if (nlines) {
        fd = start_copier(&size);
        setenv("TERM", "linux", 0);
    }
    if (fd < 0)
        fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) /* a machine without a terminal runs all the same */
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; fd >= 0 && i < 3; i++)
        dup2(fd, i);
    if (fd > 2)
        close(fd);
    while (nlines)
        close(lines[--nlines]);
    if (!copier && size.ws_row && size.ws_col)
        ioctl(0, TIOCSWINSZ, &size);
    if (copier) { /* the end of a session hangs its pty up: ours has none */
        setsid();
        ioctl(0, TIOCSCTTY, 1);
    }
}

void
console_control(void)
{
    if (copier)
        return;
    setsid();
    ioctl(0, TIOCSCTTY, 1);
}

void
console_finish(void)
{
    int status;

    if (!copier)
        return;
    for (int i = 0; i < 3; i++)
        close(i);
    while (waitpid(copier, &status, 0) < 0 && errno == EINTR)
        continue;
}
