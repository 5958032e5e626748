/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes and FIFOs. */
#include "ipc_test.h"
#include "pipe.h"

static int fds[2];

static void
make(uint32_t flags)
{
    CHECK_EQ(call_pipe2(ME, fds, flags), 0);
}

static void
basics(void)
{
    char buf[16];

    make(0);
    CHECK_EQ(wrs(fds[1], "hello"), 5);
    CHECK_BYTES(buf, rd(fds[0], buf, 2), "he");
    CHECK_BYTES(buf, rd(fds[0], buf, sizeof buf), "llo");
    CHECK_EQ(rd(fds[1], buf, 1), -E_BADF);
    CHECK_EQ(wrs(fds[0], "x"), -E_BADF);
    CHECK_EQ(call_lseek(ME, fds[0], 0, PITH_SEEK_SET), -E_SPIPE);
    call_close(ME, fds[1]);
    CHECK_EQ(rd(fds[0], buf, 1), 0);
}

static void
flags(void)
{
    CHECK_EQ(call_pipe2(ME, fds, PITH_O_APPEND), -E_INVAL);
    make(PITH_O_CLOEXEC | PITH_O_NONBLOCK);
    CHECK_EQ(call_fcntl(ME, fds[0], PITH_F_GETFD, 0), PITH_FD_CLOEXEC);
    CHECK(call_fcntl(ME, fds[1], PITH_F_GETFL, 0) & PITH_O_NONBLOCK);
}

static void
would_block(void)
{
    static char big[PIPE_CAPACITY];
    char buf[PIPE_BUF];
    int32_t n;

    make(PITH_O_NONBLOCK);
    CHECK_EQ(rd(fds[0], buf, 1), -E_AGAIN);
    CHECK_EQ(wr(fds[1], big, sizeof big), PIPE_CAPACITY);
    CHECK_EQ(wr(fds[1], big, 1), -E_AGAIN);
    CHECK_EQ(ioctl_(fds[0], PITH_FIONREAD, &n, sizeof n), 0);
    CHECK_EQ(n, PIPE_CAPACITY);
    /* PIPE_BUF bytes go whole or not at all, more go in part */
    CHECK_EQ(rd(fds[0], buf, 100), 100);
    CHECK_EQ(wr(fds[1], big, PIPE_BUF), -E_AGAIN);
    CHECK_EQ(wr(fds[1], big, PIPE_BUF + 1), 100);
    CHECK_EQ(wr(fds[1], big, 0), 0);
}

static int
write_abc(void *arg)
{
    (void)arg;
    return (int)wrs(fds[1], "abc");
}

static void
reader_waits(void)
{
    struct proc *p;
    char buf[8];

    make(0);
    p = actor_start(write_abc, NULL);
    CHECK_BYTES(buf, rd(fds[0], buf, sizeof buf), "abc");
    CHECK_EQ(actor_wait(p), 3 << 8);
}

static int
write_much(void *arg)
{
    static char big[300000];

    (void)arg;
    memset(big, 'w', sizeof big);
    call_close(ME, fds[0]);
    return wr(fds[1], big, sizeof big) == sizeof big ? 7 : 1;
}

static void
writer_waits(void)
{
    static char buf[300000];
    struct proc *p;
    size_t got = 0;

    make(0);
    p = actor_start(write_much, NULL);
    call_close(ME, fds[1]);
    actor_settle(p);
    for (;;) {
        int64_t n = rd(fds[0], buf + got, 10000);

        if (n <= 0)
            break;
        got += (size_t)n;
    }
    CHECK_EQ(got, sizeof buf);
    CHECK_EQ(buf[0], 'w');
    CHECK_EQ(buf[sizeof buf - 1], 'w');
    CHECK_EQ(actor_wait(p), 7 << 8);
}

/* Two writers of records: none is torn. */
static int
write_records(void *arg)
{
    char record[3000];
    int i;

    memset(record, *(char *)arg, sizeof record);
    for (i = 0; i < 200; i++)
        if (wr(fds[1], record, sizeof record) != sizeof record)
            return 1;
    return 0;
}

static void
atomic(void)
{
    static char a[] = "a", b[] = "b", all[3000 * 400];
    struct proc *p, *q;
    size_t got = 0, i, torn = 0;

    make(0);
    p = actor_start(write_records, a);
    q = actor_start(write_records, b);
    while (got < sizeof all) {
        int64_t n = rd(fds[0], all + got, 7777);

        if (n <= 0)
            break;
        got += (size_t)n;
    }
    CHECK_EQ(got, sizeof all);
    for (i = 0; i < sizeof all; i++)
        torn += all[i] != all[i / 3000 * 3000];
    CHECK_EQ(torn, 0);
    CHECK_EQ(actor_wait(p), 0);
    CHECK_EQ(actor_wait(q), 0);
}

static int
write_to_nobody(void *arg)
{
    (void)arg;
    call_close(ME, fds[0]);
    return (int)wrs(fds[1], "x");
}

static void
no_reader(void)
{
    struct proc *p;

    make(0);
    p = actor_start(write_to_nobody, NULL);
    call_close(ME, fds[0]);
    CHECK_EQ(actor_wait(p), PITH_SIGPIPE);
    ME->sig.action[PITH_SIGPIPE].handler = PITH_SIG_IGN;
    CHECK_EQ(wrs(fds[1], "x"), -E_PIPE);
    CHECK_EQ(poll1(fds[1], PITH_POLLOUT, 0), PITH_POLLOUT | PITH_POLLERR);
}

static int
read_one(void *arg)
{
    char c;

    (void)arg;
    return (int)rd(fds[0], &c, 1);
}

static void
killed_while_reading(void)
{
    struct proc *p;

    make(0);
    p = actor_start(read_one, NULL);
    actor_settle(p);
    CHECK_EQ(call_kill(ME, p->pid, PITH_SIGKILL), 0);
    CHECK_EQ(actor_wait(p), PITH_SIGKILL);
}

static void
stop_and_go(void)
{
    int status = 0;
    struct proc *p;

    make(0);
    p = actor_start(read_one, NULL);
    actor_settle(p);
    call_kill(ME, p->pid, PITH_SIGSTOP);
    CHECK_EQ(call_wait(ME, p->pid, &status, PITH_WUNTRACED, NULL), p->pid);
    CHECK_EQ(status, PITH_SIGSTOP << 8 | 0x7f);
    wrs(fds[1], "z");
    call_kill(ME, p->pid, PITH_SIGCONT);
    CHECK_EQ(actor_wait(p), 1 << 8);
}

/* ---- FIFOs ------------------------------------------------------------ */

static const char fifo[] = "/fifo";

static void
make_fifo(void)
{
    CHECK_EQ(call_mknodat(ME, PITH_AT_FDCWD, fifo, PITH_S_IFIFO | 0600, 0), 0);
}

static int
fifo_writer(void *arg)
{
    int fd = open_(fifo, PITH_O_WRONLY);

    (void)arg;
    wrs(fd, "through");
    return fd;
}

static void
fifo_rendezvous(void)
{
    struct proc *p;
    char buf[16];
    int fd;

    make_fifo();
    p = actor_start(fifo_writer, NULL);
    actor_settle(p); /* waits for us */
    fd = open_(fifo, PITH_O_RDONLY);
    CHECK_BYTES(buf, rd(fd, buf, sizeof buf), "through");
    actor_wait(p);
    CHECK_EQ(rd(fd, buf, 1), 0);
    CHECK_EQ(poll1(fd, PITH_POLLIN, 0), PITH_POLLHUP);
    call_close(ME, fd);
    CHECK_EQ(call_unlinkat(ME, PITH_AT_FDCWD, fifo, 0), 0);
}

static void
fifo_nonblock(void)
{
    int r, w, rw;
    char c;

    make_fifo();
    CHECK_EQ(open_(fifo, PITH_O_WRONLY | PITH_O_NONBLOCK), -E_NXIO);
    r = open_(fifo, PITH_O_RDONLY | PITH_O_NONBLOCK);
    CHECK(r >= 0);
    CHECK_EQ(rd(r, &c, 1), 0);
    CHECK_EQ(poll1(r, PITH_POLLIN, 0), 0); /* no writer yet: no hang-up */
    w = open_(fifo, PITH_O_WRONLY | PITH_O_NONBLOCK);
    CHECK(w >= 0);
    CHECK_EQ(rd(r, &c, 1), -E_AGAIN);
    call_close(ME, w);
    call_close(ME, r);
    rw = open_(fifo, PITH_O_RDWR);
    CHECK_EQ(wrs(rw, "self"), 4);
    CHECK_EQ(rd(rw, &c, 1), 1);
    call_close(ME, rw);
    call_unlinkat(ME, PITH_AT_FDCWD, fifo, 0);
}

static void
fifo_interrupted(void)
{
    struct proc *p;

    make_fifo();
    p = actor_start(fifo_writer, NULL);
    actor_settle(p);
    call_kill(ME, p->pid, PITH_SIGTERM);
    CHECK_EQ(actor_wait(p), PITH_SIGTERM);
    call_unlinkat(ME, PITH_AT_FDCWD, fifo, 0);
}

/* ---- speed, told but not judged --------------------------------------- */

static int a[2], b[2];
#define ROUNDS 20000

static int
pong(void *arg)
{
    char c;
    int i;

    (void)arg;
    for (i = 0; i < ROUNDS; i++)
        if (rd(a[0], &c, 1) != 1 || wr(b[1], &c, 1) != 1)
            return 1;
    return 0;
}

static void
ping_pong(void)
{
    struct proc *p;
    uint64_t start;
    char c = 'p';
    int i;

    CHECK_EQ(call_pipe2(ME, a, 0), 0);
    CHECK_EQ(call_pipe2(ME, b, 0), 0);
    p = actor_start(pong, NULL);
    start = host_mono_ns();
    for (i = 0; i < ROUNDS; i++)
        if (wr(a[1], &c, 1) != 1 || rd(b[0], &c, 1) != 1)
            break;
    CHECK_EQ(i, ROUNDS);
    printf("pipe: %u ns a round trip between two processes\n",
           (unsigned)((host_mono_ns() - start) / ROUNDS));
    CHECK_EQ(actor_wait(p), 0);
}

const struct test_case pipe_cases[] = CASES(
    {"pipe: basics", basics}, {"pipe: flags", flags},
    {"pipe: would block", would_block}, {"pipe: reader waits", reader_waits},
    {"pipe: writer waits", writer_waits},
    {"pipe: writes up to PIPE_BUF are atomic", atomic},
    {"pipe: no reader", no_reader},
    {"pipe: killed while reading", killed_while_reading},
    {"pipe: stopped and continued while reading", stop_and_go},
    {"fifo: rendezvous", fifo_rendezvous},
    {"fifo: non-blocking", fifo_nonblock},
    {"fifo: interrupted open", fifo_interrupted},
    {"pipe: ping-pong", ping_pong}, );
