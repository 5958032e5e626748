/* SPDX-License-Identifier: Apache-2.0 */
/* Pseudo-terminals as devices; what terminals do is in t_tty.c. */
#include "ipc_test.h"

#include "../../abi/pith/termios.h"
#include "pty.h"

static int master, slave;

static void
locked(void)
{
    int32_t number, lock = 0;
    int fd = open_("/dev/ptmx", PITH_O_RDWR | PITH_O_NOCTTY);

    CHECK_EQ(ioctl_(fd, PITH_TIOCGPTN, &number, sizeof number), 0);
    CHECK_EQ(number, 0);
    CHECK_EQ(open_("/dev/pts/0", PITH_O_RDWR), -E_IO);
    CHECK_EQ(ioctl_(fd, PITH_TIOCSPTLCK, &lock, sizeof lock), 0);
    slave = open_("/dev/pts/0", PITH_O_RDWR);
    CHECK(slave >= 0);
    CHECK_EQ(call_close(ME, fd), 0);
    CHECK_EQ(open_("/dev/pts/0", PITH_O_RDWR), -E_NOENT);
}

static void
slave_closes(void)
{
    char c;

    slave = open_pty(&master, PITH_O_NOCTTY);
    wrs(slave, "!");
    call_close(ME, slave);
    CHECK_EQ(poll1(master, PITH_POLLIN, 0), PITH_POLLIN | PITH_POLLHUP);
    CHECK_EQ(rd(master, &c, 1), 1);
    CHECK_EQ(rd(master, &c, 1), -E_IO);
    slave = open_("/dev/pts/0", PITH_O_RDWR | PITH_O_NOCTTY);
    CHECK_EQ(poll1(master, PITH_POLLIN, 0), 0);
    CHECK_EQ(wrs(slave, "!"), 1);
    CHECK_EQ(rd(master, &c, 1), 1);
}

static int
read_slave(void *arg)
{
    char c;

    (void)arg;
    return (int)rd(slave, &c, 1);
}

static void
master_closes(void)
{
    struct proc *p;
    char c;

    slave = open_pty(&master, PITH_O_NOCTTY);
    p = actor_start(read_slave, NULL);
    actor_settle(p);
    fd_close(p, master);
    call_close(ME, master);
    CHECK_EQ(actor_wait(p), 0);
    CHECK_EQ(rd(slave, &c, 1), 0);
    CHECK_EQ(wrs(slave, "x"), -E_IO);
    CHECK(poll1(slave, PITH_POLLIN, 0) & PITH_POLLHUP);
}

static void
many(void)
{
    static int fds[PTY_MAX];
    int i, n;

    for (n = 0; n < PTY_MAX; n++) {
        fds[n] = open_("/dev/ptmx", PITH_O_RDWR | PITH_O_NOCTTY);
        if (fds[n] < 0)
            break;
    }
    CHECK_EQ(n, PTY_MAX);
    CHECK_EQ(open_("/dev/ptmx", PITH_O_RDWR | PITH_O_NOCTTY), -E_NOSPC);
    for (i = 0; i < n; i++)
        call_close(ME, fds[i]);
}

static void
not_for_others(void)
{
    int other;

    slave = open_pty(&master, 0); /* ours now */
    other = open_pty(&other, 0);  /* we have one: just a file */
    CHECK_EQ(ioctl_value(other, PITH_TIOCSCTTY, 0), -E_PERM);
}

/* Many bytes through the line discipline, in both directions. */
static int
type_much(void *arg)
{
    static char big[50000];

    (void)arg;
    memset(big, 'k', sizeof big);
    return wr(master, big, sizeof big) == sizeof big ? 6 : 1;
}

static void
typing_waits(void)
{
    static char buf[1000];
    struct pith_termios t;
    struct proc *p;
    size_t got = 0;

    slave = open_pty(&master, PITH_O_NOCTTY);
    CHECK_EQ(ioctl_(slave, PITH_TCGETS, &t, sizeof t), 0);
    t.lflag &= ~(uint32_t)(PITH_ICANON | PITH_ECHO);
    CHECK_EQ(ioctl_(master, PITH_TCSETS, &t, sizeof t), 0);
    p = actor_start(type_much, NULL);
    actor_settle(p);
    CHECK_EQ(poll1(master, PITH_POLLOUT, 0), 0);
    while (got < 50000) {
        int64_t n = rd(slave, buf, sizeof buf);

        if (n <= 0)
            break;
        got += (size_t)n;
    }
    CHECK_EQ(got, 50000);
    CHECK_EQ(actor_wait(p), 6 << 8);
    CHECK_EQ(poll1(master, PITH_POLLOUT, 0), PITH_POLLOUT);
}

const struct test_case pty_cases[] =
    CASES({"pty: locked", locked}, {"pty: slave closes", slave_closes},
          {"pty: master closes", master_closes}, {"pty: many", many},
          {"pty: one controlling terminal", not_for_others},
          {"pty: typing waits", typing_waits}, );
