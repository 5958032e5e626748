/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals and job control, through a pseudo-terminal whose master the case
 * holds: it is the person at the keyboard. */
#include "ipc_test.h"

#include "../../abi/pith/termios.h"

static int master, slave;

static void
begin(void)
{
    slave = open_pty(&master, 0);
}

/* What has appeared on the screen. */
static int64_t
screen(char *buf, size_t n)
{
    int64_t r;

    nonblock(master, true);
    r = rd(master, buf, n);
    nonblock(master, false);
    return r;
}

static void
set_lflag(uint32_t on, uint32_t off)
{
    struct pith_termios t;

    CHECK_EQ(ioctl_(slave, PITH_TCGETS, &t, sizeof t), 0);
    t.lflag = (t.lflag | on) & ~off;
    CHECK_EQ(ioctl_(slave, PITH_TCSETS, &t, sizeof t), 0);
}

static void
set_raw(uint8_t min, uint8_t tenths)
{
    struct pith_termios t;

    CHECK_EQ(ioctl_(slave, PITH_TCGETS, &t, sizeof t), 0);
    t.lflag &= ~(uint32_t)(PITH_ICANON | PITH_ECHO);
    t.oflag &= ~(uint32_t)PITH_OPOST;
    t.iflag &= ~(uint32_t)(PITH_ICRNL | PITH_IXON);
    t.cc[PITH_VMIN] = min;
    t.cc[PITH_VTIME] = tenths;
    CHECK_EQ(ioctl_(slave, PITH_TCSETS, &t, sizeof t), 0);
}

static int32_t
foreground(void)
{
    int32_t pgrp = -1;

    CHECK_EQ(ioctl_(slave, PITH_TIOCGPGRP, &pgrp, sizeof pgrp), 0);
    return pgrp;
}

static void
set_foreground(int32_t pgrp)
{
    ME->sig.action[PITH_SIGTTOU].handler = PITH_SIG_IGN;
    CHECK_EQ(ioctl_(slave, PITH_TIOCSPGRP, &pgrp, sizeof pgrp), 0);
    ME->sig.action[PITH_SIGTTOU].handler = PITH_SIG_DFL;
}

/* A child in a group of its own, in the foreground or not. */
static struct proc *
job(int (*fn)(void *), bool in_foreground)
{
    struct proc *p = actor_start(fn, NULL);

    CHECK_EQ(call_setpgid(ME, p->pid, p->pid), 0);
    if (in_foreground)
        set_foreground(p->pid);
    return p;
}

static int
wait_stopped(struct proc *p)
{
    int status = 0;

    CHECK_EQ(call_wait(ME, p->pid, &status, PITH_WUNTRACED, NULL), p->pid);
    return status;
}

#define STOPPED(sig) ((sig) << 8 | 0x7f)

static void
cooked(void)
{
    char buf[64];
    int32_t n;

    begin();
    CHECK_EQ(wrs(master, "hello\r"), 6);
    CHECK_BYTES(buf, screen(buf, sizeof buf), "hello\r\n");
    CHECK_EQ(ioctl_(slave, PITH_FIONREAD, &n, sizeof n), 0);
    CHECK_EQ(n, 6);
    CHECK_BYTES(buf, rd(slave, buf, 3), "hel");
    CHECK_BYTES(buf, rd(slave, buf, sizeof buf), "lo\n");
    CHECK_EQ(wrs(slave, "a\nb"), 3);
    CHECK_BYTES(buf, screen(buf, sizeof buf), "a\r\nb");
    nonblock(slave, true);
    CHECK_EQ(rd(slave, buf, 1), -E_AGAIN);
    wrs(master, "part");
    CHECK_EQ(rd(slave, buf, 1), -E_AGAIN);
    CHECK_EQ(poll1(slave, PITH_POLLIN | PITH_POLLOUT, 0), PITH_POLLOUT);
    wrs(master, "\4");
    CHECK_EQ(poll1(slave, PITH_POLLIN, 0), PITH_POLLIN);
    CHECK_BYTES(buf, rd(slave, buf, sizeof buf), "part");
    wrs(master, "\4");
    CHECK_EQ(rd(slave, buf, 1), 0);
}

static void
long_line(void)
{
    static char line[3000], buf[4096];

    begin();
    set_lflag(0, PITH_ECHO);
    memset(line, 'l', sizeof line);
    line[sizeof line - 1] = '\n';
    CHECK_EQ(wr(master, line, sizeof line), sizeof line);
    wrs(master, "next\n");
    CHECK_EQ(rd(slave, buf, sizeof buf), sizeof line);
    CHECK_EQ(memcmp(buf, line, sizeof line), 0);
    CHECK_BYTES(buf, rd(slave, buf, sizeof buf), "next\n");
}

static void
min_and_time(void)
{
    uint64_t start;
    char buf[16];

    begin();
    set_raw(0, 0);
    CHECK_EQ(rd(slave, buf, 1), 0);
    set_raw(0, 1);
    start = host_mono_ns();
    CHECK_EQ(rd(slave, buf, 1), 0);
    CHECK(host_mono_ns() - start >= 90000000);
    wrs(master, "ab");
    CHECK_BYTES(buf, rd(slave, buf, sizeof buf), "ab");
    set_raw(3, 1); /* the clock runs once a byte is there */
    start = host_mono_ns();
    wrs(master, "cd");
    CHECK_BYTES(buf, rd(slave, buf, sizeof buf), "cd");
    CHECK(host_mono_ns() - start >= 90000000);
    set_raw(3, 0);
    CHECK_EQ(poll1(slave, PITH_POLLIN, 0), 0);
    wrs(master, "ef");
    CHECK_EQ(poll1(slave, PITH_POLLIN, 0), 0);
    wrs(master, "g");
    CHECK_EQ(poll1(slave, PITH_POLLIN, 0), PITH_POLLIN);
    CHECK_BYTES(buf, rd(slave, buf, sizeof buf), "efg");
    wrs(master, "h"); /* fewer asked for than VMIN */
    CHECK_BYTES(buf, rd(slave, buf, 1), "h");
}

static int
type_slowly(void *arg)
{
    (void)arg;
    wrs(master, "x");
    pause_ms(5);
    wrs(master, "y");
    pause_ms(5);
    wrs(master, "z");
    return 0;
}

static void
min_waits(void)
{
    struct proc *p;
    char buf[16];

    begin();
    set_raw(3, 0);
    p = actor_start(type_slowly, NULL);
    CHECK_BYTES(buf, rd(slave, buf, sizeof buf), "xyz");
    actor_wait(p);
}

static void
controlling(void)
{
    struct pith_winsize size = {50, 120, 0, 0}, got = {0};
    int32_t sid = 0;
    char c = 'x';
    int tty;

    CHECK_EQ(open_("/dev/tty", PITH_O_RDWR), -E_NXIO);
    begin();
    CHECK_EQ(foreground(), ME->pgid);
    CHECK_EQ(ioctl_(slave, PITH_TIOCGSID, &sid, sizeof sid), 0);
    CHECK_EQ(sid, ME->pid);
    tty = open_("/dev/tty", PITH_O_RDWR);
    CHECK(tty >= 0);
    CHECK_EQ(wrs(tty, "via"), 3);
    CHECK_EQ(ioctl_(slave, PITH_TIOCSTI, &c, 1), -E_IO);
    CHECK_EQ(ioctl_(slave, 0x1234, &c, 1), -E_NOTTY);
    /* a new size is told to the foreground */
    ME->sig.action[PITH_SIGWINCH].handler = 2;
    ME->sig.blocked = 1ull << (PITH_SIGWINCH - 1);
    CHECK_EQ(ioctl_(master, PITH_TIOCSWINSZ, &size, sizeof size), 0);
    CHECK_EQ(ioctl_(tty, PITH_TIOCGWINSZ, &got, sizeof got), 0);
    CHECK_EQ(got.row, 50);
    CHECK_EQ(got.col, 120);
    CHECK_EQ(ME->sig.pending, 1ull << (PITH_SIGWINCH - 1));
    ME->sig.pending = 0;
    CHECK_EQ(ioctl_(master, PITH_TIOCSWINSZ, &size, sizeof size), 0);
    CHECK_EQ(ME->sig.pending, 0); /* the same size */
}

static int
read_slave(void *arg)
{
    char buf[16];
    int64_t n = rd(slave, buf, sizeof buf);

    (void)arg;
    return n < 0 ? (int)-n : (int)n;
}

static int
spin(void *arg)
{
    (void)arg;
    for (;;) {
        pause_ms(1);
        interrupted(0);
    }
}

static void
interrupt(void)
{
    struct proc *p;
    char buf[16];

    begin();
    p = job(read_slave, true);
    actor_settle(p);
    wrs(master, "\3");
    CHECK_EQ(actor_wait(p), PITH_SIGINT);
    CHECK_BYTES(buf, screen(buf, sizeof buf), "^C");
    p = job(spin, true);
    wrs(master, "\34");
    CHECK_EQ(actor_wait(p), PITH_SIGQUIT);
    /* not in the foreground: not its business */
    p = job(spin, false);
    set_foreground(ME->pgid);
    ME->sig.action[PITH_SIGINT].handler = PITH_SIG_IGN;
    wrs(master, "\3");
    pause_ms(3);
    CHECK(p->state != PROC_TERMINATED);
    call_kill(ME, p->pid, PITH_SIGKILL);
    actor_wait(p);
}

static void
suspend(void)
{
    struct proc *p;

    begin();
    p = job(read_slave, true);
    actor_settle(p);
    wrs(master, "\32");
    CHECK_EQ(wait_stopped(p), STOPPED(PITH_SIGTSTP));
    wrs(master, "line\n"); /* stays for it */
    pause_ms(2);
    CHECK(p->stopped);
    call_kill(ME, p->pid, PITH_SIGCONT);
    CHECK_EQ(actor_wait(p), 5 << 8);
}

static void
background_read(void)
{
    struct proc *p;
    int32_t group;

    begin();
    wrs(master, "abc\n");
    p = job(read_slave, false);
    CHECK_EQ(wait_stopped(p), STOPPED(PITH_SIGTTIN));
    /* continued in the background it tries and stops again */
    call_kill(ME, p->pid, PITH_SIGCONT);
    CHECK_EQ(wait_stopped(p), STOPPED(PITH_SIGTTIN));
    set_foreground(p->pid);
    call_kill(ME, p->pid, PITH_SIGCONT);
    group = p->pid;
    CHECK_EQ(actor_wait(p), 4 << 8);
    CHECK_EQ(foreground(), group); /* until the shell takes it back */
    set_foreground(ME->pgid);
}

static int
read_ignoring(void *arg)
{
    ME->sig.action[PITH_SIGTTIN].handler = PITH_SIG_IGN;
    return read_slave(arg);
}

static int
write_slave(void *arg)
{
    int64_t n = wrs(slave, "w");

    (void)arg;
    return n < 0 ? (int)-n : (int)n;
}

static int
set_slave(void *arg)
{
    (void)arg;
    set_lflag(0, 0);
    return 3;
}

static void
background_write(void)
{
    struct proc *p;

    begin();
    p = job(read_ignoring, false);
    CHECK_EQ(actor_wait(p), E_IO << 8);
    p = job(write_slave, false);
    CHECK_EQ(actor_wait(p), 1 << 8);
    set_lflag(PITH_TOSTOP, 0);
    p = job(write_slave, false);
    CHECK_EQ(wait_stopped(p), STOPPED(PITH_SIGTTOU));
    set_foreground(p->pid);
    call_kill(ME, p->pid, PITH_SIGCONT);
    CHECK_EQ(actor_wait(p), 1 << 8);
    set_foreground(ME->pgid);
    p = job(set_slave, false);
    CHECK_EQ(wait_stopped(p), STOPPED(PITH_SIGTTOU));
    set_foreground(p->pid);
    call_kill(ME, p->pid, PITH_SIGCONT);
    CHECK_EQ(actor_wait(p), 3 << 8);
}

static int report[2];

/* In an orphaned group: nobody could continue us, so no stop but an error. */
static int
orphan(void *arg)
{
    char result;

    while (ME->parent && ME->parent->session == ME->session)
        pause_ms(1);
    result = (char)read_slave(arg);
    wr(report[1], &result, 1);
    return 0;
}

static int
leave_orphan(void *arg)
{
    call_setpgid(ME, 0, 0);
    actor_start(orphan, arg);
    return 0;
}

static void
orphaned(void)
{
    struct proc *p;
    char result = 0;

    begin();
    CHECK_EQ(call_pipe2(ME, report, 0), 0);
    p = actor_start(leave_orphan, NULL);
    actor_wait(p);
    CHECK_EQ(rd(report[0], &result, 1), 1);
    CHECK_EQ(result, E_IO);
}

static void
bad_groups(void)
{
    int32_t pgrp = 99999;

    begin();
    CHECK_EQ(ioctl_(slave, PITH_TIOCSPGRP, &pgrp, sizeof pgrp), -E_PERM);
    pgrp = 1; /* exists, but in another session */
    CHECK_EQ(ioctl_(slave, PITH_TIOCSPGRP, &pgrp, sizeof pgrp), -E_PERM);
    pgrp = -4;
    CHECK_EQ(ioctl_(slave, PITH_TIOCSPGRP, &pgrp, sizeof pgrp), -E_INVAL);
}

/* ---- hang-ups --------------------------------------------------------- */

static int
sleep_long(void *arg)
{
    struct wait_queue q = WAIT_QUEUE_INIT;

    (void)arg;
    while (!interrupted(wait_on(&q, HOST_FOREVER)))
        ;
    return 9;
}

static struct proc *grandchild;

static int
session_leader(void *arg)
{
    CHECK_EQ(call_setsid(ME), ME->pid);
    CHECK_EQ(ioctl_value(slave, PITH_TIOCSCTTY, 0), 0);
    CHECK_EQ(foreground(), ME->pgid);
    grandchild = job(sleep_long, true);
    actor_settle(grandchild);
    if (arg)
        sleep_long(NULL);
    return 0;
}

static void
leader_ends(void)
{
    struct proc *p;
    char c;

    slave = open_pty(&master, PITH_O_NOCTTY);
    grandchild = NULL;
    p = actor_start(session_leader, NULL);
    CHECK_EQ(actor_wait(p), 0);
    UNTIL(grandchild->state == PROC_TERMINATED);
    CHECK_EQ(grandchild->status, PITH_SIGHUP);
    /* who has it open is hung up, but it can be opened again */
    CHECK_EQ(rd(slave, &c, 1), 0);
    CHECK_EQ(wrs(slave, "x"), -E_IO);
    CHECK_EQ(ioctl_(slave, PITH_FIONREAD, &c, 1), -E_IO);
    CHECK(poll1(slave, 0, 0) & PITH_POLLHUP);
    call_close(ME, slave);
    slave = open_("/dev/pts/0", PITH_O_RDWR);
    CHECK_EQ(wrs(slave, "again"), 5);
    CHECK_EQ(foreground(), ME->pgid);
}

static void
device_goes(void)
{
    static char leader_stays;
    struct proc *p;
    char c;

    slave = open_pty(&master, PITH_O_NOCTTY);
    grandchild = NULL;
    /* not inherited: the child must not keep the master open */
    CHECK_EQ(call_fcntl(ME, master, PITH_F_SETFD, PITH_FD_CLOEXEC), 0);
    p = actor_start(session_leader, &leader_stays);
    UNTIL(grandchild && grandchild->state == PROC_BLOCKED);
    fd_close(p, master);
    fd_close(grandchild, master);
    CHECK_EQ(call_close(ME, master), 0);
    CHECK_EQ(actor_wait(p), PITH_SIGHUP);
    CHECK_EQ(rd(slave, &c, 1), 0);
    CHECK_EQ(wrs(slave, "x"), -E_IO);
}

static void
give_up(void)
{
    begin();
    ME->sig.action[PITH_SIGHUP].handler = PITH_SIG_IGN;
    CHECK_EQ(ioctl_value(slave, PITH_TIOCNOTTY, 0), 0);
    CHECK_EQ(open_("/dev/tty", PITH_O_RDWR), -E_NXIO);
    CHECK_EQ(ioctl_value(slave, PITH_TIOCNOTTY, 0), -E_IO);
}

/* ---- output ----------------------------------------------------------- */

static int
set_and_drain(void *arg)
{
    struct pith_termios t;

    (void)arg;
    CHECK_EQ(ioctl_(slave, PITH_TCGETS, &t, sizeof t), 0);
    CHECK_EQ(ioctl_(slave, PITH_TCSETSW, &t, sizeof t), 0);
    return 4;
}

static void
draining(void)
{
    struct proc *p;
    char buf[16];

    begin();
    wrs(slave, "out");
    p = actor_start(set_and_drain, NULL);
    actor_settle(p);
    CHECK(p->state == PROC_BLOCKED);
    CHECK_BYTES(buf, rd(master, buf, sizeof buf), "out");
    CHECK_EQ(actor_wait(p), 4 << 8);
}

static void
flow(void)
{
    char buf[16];

    begin();
    CHECK_EQ(ioctl_value(slave, PITH_TCXONC, PITH_TCOOFF), 0);
    wrs(slave, "held");
    CHECK_EQ(screen(buf, sizeof buf), -E_AGAIN);
    CHECK_EQ(poll1(master, PITH_POLLIN, 0), 0);
    CHECK_EQ(ioctl_value(slave, PITH_TCXONC, PITH_TCOON), 0);
    CHECK_BYTES(buf, screen(buf, sizeof buf), "held");
    wrs(slave, "lost");
    CHECK_EQ(ioctl_value(slave, PITH_TCFLSH, PITH_TCOFLUSH), 0);
    CHECK_EQ(screen(buf, sizeof buf), -E_AGAIN);
    wrs(master, "typed\n");
    CHECK_EQ(ioctl_value(slave, PITH_TCFLSH, PITH_TCIFLUSH), 0);
    nonblock(slave, true);
    CHECK_EQ(rd(slave, buf, sizeof buf), -E_AGAIN);
    CHECK_EQ(ioctl_value(slave, PITH_TCFLSH, 7), -E_INVAL);
    CHECK_EQ(ioctl_value(slave, PITH_TCXONC, 7), -E_INVAL);
}

static int
write_much(void *arg)
{
    static char big[100000];

    (void)arg;
    memset(big, '\n', sizeof big);
    return wr(slave, big, sizeof big) == sizeof big ? 5 : 1;
}

static void
writer_waits(void)
{
    static char buf[1000];
    struct proc *p;
    size_t got = 0;

    begin();
    p = actor_start(write_much, NULL);
    while (got < 200000) {
        int64_t n = rd(master, buf, sizeof buf);

        if (n <= 0)
            break;
        got += (size_t)n;
    }
    CHECK_EQ(got, 200000);
    CHECK_EQ(actor_wait(p), 5 << 8);
}

static void
writer_killed_while_stopped(void)
{
    struct proc *p;

    begin();
    wrs(master, "\23");
    p = actor_start(write_much, NULL);
    actor_settle(p);
    call_kill(ME, p->pid, PITH_SIGTERM);
    CHECK_EQ(actor_wait(p), PITH_SIGTERM);
}

const struct test_case tty_cases[] = CASES(
    {"tty: cooked", cooked}, {"tty: long line", long_line},
    {"tty: VMIN and VTIME", min_and_time}, {"tty: VMIN waits", min_waits},
    {"tty: controlling terminal", controlling}, {"tty: interrupt", interrupt},
    {"tty: suspend", suspend}, {"tty: background read", background_read},
    {"tty: background write", background_write},
    {"tty: orphaned group", orphaned},
    {"tty: bad foreground groups", bad_groups},
    {"tty: session leader ends", leader_ends},
    {"tty: device goes", device_goes}, {"tty: giving the terminal up", give_up},
    {"tty: draining", draining}, {"tty: flow control and flushing", flow},
    {"tty: writer waits", writer_waits},
    {"tty: writer killed while stopped", writer_killed_while_stopped}, );
