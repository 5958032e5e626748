/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminals (tty.h): lifetime, reading, writing, polling, hanging up. Job
 * control and ioctls are in tty_job.c, the devices in console.c and pty.c.
 */
#include "tty.h"

#include <string.h>

#include "call.h"
#include "ipc.h"
#include "pith_errno.h"
#include "vfs.h"

#define DECISECOND_NS 100000000ull

/* An open file's own: what was the tty's generation when it was opened. */
struct tty_file {
    struct tty *tty;
    uint32_t generation;
};

struct tty *
tty_create(const struct tty_driver *driver, void *data, uint32_t index,
           uint64_t rdev)
{
    struct tty *t = host_alloc(sizeof *t);

    if (!t)
        return NULL;
    t->refs = 1;
    t->driver = driver;
    t->data = data;
    t->index = index;
    t->rdev = rdev;
    ldisc_init(&t->disc);
    wait_queue_init(&t->read_wait);
    wait_queue_init(&t->write_wait);
    wait_queue_init(&t->room_wait);
    ipc_count.ttys++;
    ipc_count.bytes += sizeof *t;
    return t;
}

struct tty *
tty_ref(struct tty *t)
{
    t->refs++;
    return t;
}

void
tty_unref(struct tty *t)
{
    if (!t || --t->refs)
        return;
    if (t->driver->destroy)
        t->driver->destroy(t);
    ipc_count.ttys--;
    ipc_count.bytes -= sizeof *t;
    host_free(t);
}

uint64_t
tty_rdev(const struct tty *t)
{
    return t ? t->rdev : 0;
}

/* ---- from the device ------------------------------------------------ */

static void
signal_foreground(struct tty *t, int sig)
{
    if (t->pgrp > 0)
        signal_send_group(t->pgrp, sig);
}

size_t
tty_receive(struct tty *t, const void *data, size_t n, bool wait)
{
    struct ldisc_events events;
    uint32_t pending;
    size_t taken;
    int sig;

    if (t->gone || t->input_ended)
        return n;
    taken = ldisc_input(&t->disc, data, n, wait, &events);
    for (pending = events.signals, sig = 0; pending; pending >>= 1, sig++)
        if (pending & 1)
            signal_foreground(t, sig);
    if (events.signals)
        wake(&t->write_wait); /* the output ring was flushed */
    if (events.readable)
        wake(&t->read_wait);
    if (events.restarted || t->disc.urgent || ldisc_out_used(&t->disc))
        t->driver->output(t);
    return taken;
}

void
tty_end_input(struct tty *t)
{
    t->input_ended = true;
    ldisc_end_input(&t->disc);
    wake(&t->read_wait);
}

void
tty_output_taken(struct tty *t)
{
    if (t->write_wait.first)
        wake(&t->write_wait);
}

void
tty_resize(struct tty *t, const struct pith_winsize *size)
{
    if (memcmp(&t->size, size, sizeof *size) == 0)
        return;
    t->size = *size;
    signal_foreground(t, PITH_SIGWINCH);
}

void
tty_flush_input(struct tty *t)
{
    if (t->keep_input)
        return;
    ldisc_flush_input(&t->disc);
    wake(&t->room_wait);
}

/* Every open file is hung up; the tty itself may be opened again. */
static void
tty_move_on(struct tty *t)
{
    t->generation++;
    tty_flush_input(t);
    t->disc.stopped = t->disc.held = false;
    wake(&t->read_wait);
    wake(&t->write_wait);
    t->driver->output(t);
}

void
tty_hangup(struct tty *t)
{
    struct session *s = t->session;
    struct proc *leader = s ? proc_find(s->sid) : NULL;

    if (leader && leader->session == s) {
        signal_send(leader, PITH_SIGHUP);
        signal_send(leader, PITH_SIGCONT);
    }
    t->gone = true;
    tty_ref(t);
    if (s)
        tty_session_exit(s);
    else
        tty_move_on(t);
    tty_unref(t);
}

void
tty_session_exit(struct session *s)
{
    struct tty *t = s->tty;

    if (!t)
        return;
    signal_foreground(t, PITH_SIGHUP);
    signal_foreground(t, PITH_SIGCONT);
    tty_move_on(t);
    tty_session_detach(s);
}

void
tty_session_detach(struct session *s)
{
    struct tty *t = s->tty;

    if (!t)
        return;
    s->tty = NULL;
    t->session = NULL;
    t->pgrp = 0;
    tty_unref(t);
}

/* ---- open files ----------------------------------------------------- */

static bool
hung_up(const struct tty_file *tf)
{
    return tf->generation != tf->tty->generation;
}

/*
 * How many bytes must be there before a read returns; 0: it returns at once.
 * *timeout_ns: how long to wait for the next one.
 */
static uint32_t
read_minimum(const struct tty *t, size_t n, uint64_t *timeout_ns)
{
    const struct pith_termios *tio = &t->disc.termios;
    uint32_t min = tio->cc[PITH_VMIN];
    uint32_t tenths = tio->cc[PITH_VTIME];
    uint32_t have = ldisc_available(&t->disc);

    *timeout_ns = HOST_FOREVER;
    if (tio->lflag & PITH_ICANON)
        return 1;
    if (min == 0 && tenths == 0)
        return 0;
    /* VMIN > 0: the timer runs between bytes, so not before the first. */
    if (tenths && (min == 0 || have > 0))
        *timeout_ns = tenths * DECISECOND_NS;
    if (min == 0)
        return 1;
    return n < min ? (uint32_t)n : min;
}

static bool
readable(const struct tty *t, uint32_t minimum)
{
    if (t->disc.termios.lflag & PITH_ICANON)
        return ldisc_line_ready(&t->disc);
    return ldisc_available(&t->disc) >= minimum;
}

/* Wait until a read of n may go on: 0, or -E_. */
static int
await_input(struct tty_file *tf, uint32_t flags, size_t n)
{
    struct tty *t = tf->tty;
    uint64_t deadline = HOST_FOREVER, timeout;
    uint32_t seen = UINT32_MAX;

    for (;;) {
        uint32_t minimum = read_minimum(t, n, &timeout);
        uint32_t have = ldisc_available(&t->disc);
        int r;

        if (hung_up(tf) || t->input_ended || readable(t, minimum) || !minimum)
            return 0;
        r = tty_check_job(t, proc_current(), PITH_SIGTTIN);
        if (r < 0)
            return r;
        if (flags & PITH_O_NONBLOCK)
            return have && !(t->disc.termios.lflag & PITH_ICANON) ? 0
                                                                  : -E_AGAIN;
        if (timeout == HOST_FOREVER)
            deadline = HOST_FOREVER;
        else if (have != seen || deadline == HOST_FOREVER)
            deadline = host_mono_ns() + timeout;
        seen = have;
        if (t == tty_console() && console_at_rest && !t->sending &&
            !ldisc_out_used(&t->disc))
            console_at_rest();
        r = wait_on(&t->read_wait, deadline);
        if (r == -E_TIMEDOUT)
            return 0;
        if (r < 0)
            return have && !(t->disc.termios.lflag & PITH_ICANON) ? 0 : r;
    }
}

static int64_t
tty_read(struct file *f, struct uio *u)
{
    struct tty_file *tf = f->data;
    struct tty *t = tf->tty;
    uint8_t buf[512];
    int64_t done = 0;
    int r;

    if (!u->resid)
        return 0;
    r = tty_check_job(t, proc_current(), PITH_SIGTTIN);
    if (r >= 0)
        r = await_input(tf, f->flags, u->resid);
    if (r < 0)
        return r;
    while (u->resid && !hung_up(tf)) {
        bool canonical = (t->disc.termios.lflag & PITH_ICANON) != 0, end;
        size_t n = u->resid < sizeof buf ? u->resid : sizeof buf;
        int64_t moved;

        n = ldisc_read(&t->disc, buf, n, &end);
        if (!n)
            break;
        moved = uio_put(u, buf, n);
        if (moved < 0)
            return done ? done : moved;
        done += (int64_t)n;
        if (canonical && end)
            break;
    }
    if (t->room_wait.first)
        wake(&t->room_wait);
    if (t->disc.urgent)
        t->driver->output(t);
    return done;
}

/* Put n bytes into the output ring; those that went in before an error. */
static int64_t
write_bytes(struct file *f, const uint8_t *data, size_t n)
{
    struct tty_file *tf = f->data;
    struct tty *t = tf->tty;
    size_t done = 0;
    int r = 0;

    while (done < n) {
        if (hung_up(tf)) {
            r = -E_IO;
            break;
        }
        done += ldisc_output(&t->disc, data + done, n - done);
        t->driver->output(t);
        if (done == n)
            break;
        r = f->flags & PITH_O_NONBLOCK ? -E_AGAIN
                                       : wait_on(&t->write_wait, HOST_FOREVER);
        if (r < 0)
            break;
    }
    return done ? (int64_t)done : r;
}

static int64_t
tty_write(struct file *f, struct uio *u)
{
    struct tty_file *tf = f->data;
    struct tty *t = tf->tty;
    int64_t done = 0, r;
    uint8_t buf[1024];

    if (hung_up(tf))
        return -E_IO;
    if (t->disc.termios.lflag & PITH_TOSTOP) {
        r = tty_check_job(t, proc_current(), PITH_SIGTTOU);
        if (r < 0)
            return r;
    }
    while (u->resid) {
        int64_t n = uio_get(u, buf, sizeof buf);

        if (n < 0)
            return done ? done : n;
        r = write_bytes(f, buf, (size_t)n);
        if (r < 0)
            return done ? done : r;
        done += r;
        if (r < n)
            break;
    }
    return done;
}

static int
tty_poll(struct file *f, struct poll_waiter *w)
{
    struct tty_file *tf = f->data;
    struct tty *t = tf->tty;
    const uint8_t *cc = t->disc.termios.cc;
    uint32_t minimum = !cc[PITH_VTIME] && cc[PITH_VMIN] ? cc[PITH_VMIN] : 1;
    int events = 0, r;

    r = poll_wait(w, &t->read_wait);
    if (r >= 0)
        r = poll_wait(w, &t->write_wait);
    if (r < 0)
        return r;
    if (hung_up(tf))
        return PITH_POLLIN | PITH_POLLOUT | PITH_POLLERR | PITH_POLLHUP;
    if (readable(t, minimum) || t->input_ended)
        events |= PITH_POLLIN;
    if (ldisc_out_used(&t->disc) < LDISC_OUT / 2)
        events |= PITH_POLLOUT;
    return events;
}

static int
tty_file_ioctl(struct file *f, struct proc *p, uint32_t req, struct gptr arg)
{
    struct tty_file *tf = f->data;

    if (hung_up(tf))
        return -E_IO;
    return tty_ioctl(tf->tty, p, req, arg, false);
}

static void
tty_release(struct file *f)
{
    struct tty_file *tf = f->data;
    struct tty *t = tf->tty;

    if (--t->opens == 0 && t->driver->closed)
        t->driver->closed(t);
    host_free(tf);
    tty_unref(t);
}

static int64_t
tty_seek(struct file *f, int64_t offset, int whence)
{
    (void)f;
    (void)offset;
    (void)whence;
    return -E_SPIPE;
}

static const struct file_ops tty_ops = {
    .name = "tty",
    .read = tty_read,
    .write = tty_write,
    .seek = tty_seek,
    .ioctl = tty_file_ioctl,
    .poll = tty_poll,
    .release = tty_release,
};

int
tty_open(struct tty *t, struct inode *inode, uint32_t flags, struct file **out)
{
    struct proc *p = proc_current();
    struct tty_file *tf;

    if (t->gone)
        return -E_IO;
    tf = host_alloc(sizeof *tf);
    if (!tf)
        return -E_NOMEM;
    tf->tty = tty_ref(t);
    tf->generation = t->generation;
    *out = file_create(&tty_ops, inode, flags, tf);
    if (!*out) {
        host_free(tf);
        tty_unref(t);
        return -E_NOMEM;
    }
    t->opens++;
    if (inode)
        inode_ref(inode);
    if (p && !(flags & PITH_O_NOCTTY))
        tty_control(t, p); /* when it may; else it is just a file */
    return 0;
}

int
tty_open_current(struct inode *inode, uint32_t flags, struct file **out)
{
    struct proc *p = proc_current();

    if (!p || !p->session || !p->session->tty)
        return -E_NXIO;
    return tty_open(p->session->tty, inode, flags | PITH_O_NOCTTY, out);
}
