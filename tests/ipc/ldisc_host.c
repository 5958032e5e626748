/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make test-ipc-host: the rows of ldisc_rows.h on the terminal of the Linux we
 * run on. It keeps the table honest; it is no part of ./test, for it tests
 * Linux.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "../../abi/pith/abi.h"
#include "../../abi/pith/termios.h"
#include "ldisc_rows.h"

static int master, slave;

static void
setup(const struct ldisc_row *row)
{
    struct termios t;

    master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master);
    unlockpt(master);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (slave < 0 || tcgetattr(slave, &t) < 0) {
        perror("pty");
        exit(1);
    }
    t.c_iflag = PITH_ICRNL | PITH_IXON | PITH_IUTF8 | PITH_IMAXBEL;
    t.c_oflag = PITH_OPOST | PITH_ONLCR;
    t.c_lflag = PITH_ISIG | PITH_ICANON | PITH_ECHO | PITH_ECHOE | PITH_ECHOK |
                PITH_ECHOCTL | PITH_ECHOKE | PITH_IEXTEN;
    t.c_iflag = (t.c_iflag | row->iflag_on) & ~row->iflag_off;
    t.c_oflag = (t.c_oflag | row->oflag_on) & ~row->oflag_off;
    t.c_lflag = (t.c_lflag | row->lflag_on) & ~row->lflag_off;
    if (row->cc)
        t.c_cc[row->cc] = (cc_t)row->cc_value;
    tcsetattr(slave, TCSANOW, &t);
}

static size_t
drain(int fd, char *out, size_t room, int wait_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    size_t used = 0;

    while (poll(&p, 1, wait_ms) > 0) {
        ssize_t n = read(fd, out + used, room - used);

        if (n <= 0)
            break;
        used += (size_t)n;
    }
    return used;
}

static void
reads(char *out, size_t room)
{
    struct pollfd p = {.fd = slave, .events = POLLIN};
    size_t used = 0;

    while (poll(&p, 1, 20) > 0 && used + 600 < room) {
        char buf[512];
        ssize_t i, n = read(slave, buf, sizeof buf);

        if (n < 0)
            break;
        if (n == 0)
            used += (size_t)sprintf(out + used, "<EOF>");
        for (i = 0; i < n; i++)
            if (buf[i])
                out[used++] = buf[i];
            else
                used += (size_t)sprintf(out + used, "\\0");
        out[used++] = '|';
    }
    out[used] = 0;
}

static void
show(const char *label, const char *s)
{
    printf("    %s: ", label);
    for (; *s; s++)
        if (*s < 32 || *s > 126)
            printf("\\%o", (unsigned char)*s);
        else
            putchar(*s);
    putchar('\n');
}

int
main(void)
{
    size_t i, n = sizeof ldisc_rows / sizeof ldisc_rows[0];
    int failed = 0;

    for (i = 0; i < n; i++) {
        const struct ldisc_row *row = &ldisc_rows[i];
        size_t len = row->typed_len ? row->typed_len : strlen(row->typed);
        char screen[4096] = "", got[4096];
        size_t at = 0;

        setup(row);
        if (row->written) {
            if (write(slave, row->written, strlen(row->written)) < 0)
                perror("write");
            at = drain(master, screen, sizeof screen, 20);
        }
        if (len && write(master, row->typed, len) < 0)
            perror("type");
        at += drain(master, screen + at, sizeof screen - at, 20);
        screen[at] = 0;
        reads(got, sizeof got);
        if (strcmp(screen, row->screen) || strcmp(got, row->read)) {
            failed++;
            printf("FAIL %s\n", row->name);
            show("screen", screen);
            show("wanted", row->screen);
            show("read  ", got);
            show("wanted", row->read);
        }
        close(slave);
        close(master);
    }
    printf("%d passed, %d failed\n", (int)n - failed, failed);
    return failed != 0;
}
