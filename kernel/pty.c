/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pseudo-terminals (pty.h).
 *
 * The master's file holds a reference to the tty; struct pty goes with the tty.
 * Closing the master hangs the tty up and frees its number at once; closing the
 * last slave makes the master read -E_IO, as on Linux, until one is opened
 * again.
 */
#include "pty.h"

#include <string.h>

#include "call.h"
#include "ipc.h"
#include "lib.h"
#include "pith_errno.h"
#include "tty.h"
#include "vfs.h"

#define PTS_MAJOR 136u
#define TTY_GID 5u

struct pty {
    struct tty *tty;
    bool locked;       /* until TIOCSPTLCK 0 */
    bool slave_closed; /* it was open, and is not */
    struct wait_queue master_wait;
};

static struct pty *ptys[PTY_MAX];

/* ---- the tty's side ------------------------------------------------- */

static void
pty_output(struct tty *t)
{
    struct pty *pty = t->data;

    if (pty->master_wait.first)
        wake(&pty->master_wait);
}

static void
pty_closed(struct tty *t)
{
    struct pty *pty = t->data;

    pty->slave_closed = true;
    wake(&pty->master_wait);
}

static void
pty_destroy(struct tty *t)
{
    ipc_count.ptys--;
    host_free(t->data);
}

static const struct tty_driver pty_driver = {
    .name = "pts",
    .output = pty_output,
    .closed = pty_closed,
    .destroy = pty_destroy,
};

static int
open_slave(struct inode *inode, uint32_t flags, struct file **out)
{
    uint64_t index = inode->rdev - DEV(PTS_MAJOR, 0);
    struct pty *pty = index < PTY_MAX ? ptys[index] : NULL;
    int r;

    if (!pty || pty->locked)
        return -E_IO;
    r = tty_open(pty->tty, inode, flags, out);
    if (r >= 0)
        pty->slave_closed = false;
    return r;
}

/* ---- the master ----------------------------------------------------- */

static int64_t
master_read(struct file *f, struct uio *u)
{
    struct pty *pty = f->data;
    struct tty *t = pty->tty;
    int64_t done = 0;
    uint8_t buf[1024];

    while (u->resid) {
        size_t n = u->resid < sizeof buf ? u->resid : sizeof buf;
        int64_t r;

        n = ldisc_take(&t->disc, buf, n);
        if (n) {
            r = uio_put(u, buf, n);
            if (r < 0)
                return done ? done : r;
            done += r;
            continue;
        }
        if (done)
            break;
        if (pty->slave_closed)
            return -E_IO;
        if (f->flags & PITH_O_NONBLOCK)
            return -E_AGAIN;
        r = wait_on(&pty->master_wait, HOST_FOREVER);
        if (r < 0)
            return r;
    }
    tty_output_taken(t);
    return done;
}

/* Type n bytes; those that were taken before an error. */
static int64_t
type(struct file *f, const uint8_t *data, size_t n)
{
    struct pty *pty = f->data;
    size_t done = 0;

    for (;;) {
        int r;

        done += tty_receive(pty->tty, data + done, n - done, true);
        if (done == n)
            return (int64_t)done;
        r = f->flags & PITH_O_NONBLOCK
                ? -E_AGAIN
                : wait_on(&pty->tty->room_wait, HOST_FOREVER);
        if (r < 0)
            return done ? (int64_t)done : r;
    }
}

static int64_t
master_write(struct file *f, struct uio *u)
{
    int64_t done = 0;
    uint8_t buf[512];

    while (u->resid) {
        int64_t n = uio_get(u, buf, sizeof buf), r;

        if (n < 0)
            return done ? done : n;
        r = type(f, buf, (size_t)n);
        if (r < 0)
            return done ? done : r;
        done += r;
        if (r < n)
            break;
    }
    return done;
}

static int
master_poll(struct file *f, struct poll_waiter *w)
{
    struct pty *pty = f->data;
    struct tty *t = pty->tty;
    bool stopped = t->disc.stopped || t->disc.held;
    int events = 0, r;

    r = poll_wait(w, &pty->master_wait);
    if (r >= 0)
        r = poll_wait(w, &t->room_wait);
    if (r < 0)
        return r;
    if (t->disc.urgent || (!stopped && ldisc_out_used(&t->disc)))
        events |= PITH_POLLIN;
    if (ldisc_has_room(&t->disc))
        events |= PITH_POLLOUT;
    if (pty->slave_closed)
        events |= PITH_POLLHUP;
    return events;
}

static int
master_ioctl(struct file *f, struct proc *p, uint32_t req, struct gptr arg)
{
    struct pty *pty = f->data;
    struct tty *t = pty->tty;
    int32_t value;
    int r;

    switch (req) {
    case PITH_TIOCGPTN:
        return copy_out(p, arg, &t->index, sizeof t->index);
    case PITH_TIOCSPTLCK:
        r = copy_in(p, &value, arg, sizeof value);
        if (r >= 0)
            pty->locked = value != 0;
        return r;
    case PITH_FIONREAD:
        value = (int32_t)ldisc_out_used(&t->disc);
        return copy_out(p, arg, &value, sizeof value);
    default:
        return tty_ioctl(t, p, req, arg, true);
    }
}

static void
slave_name(char out[16], uint32_t index)
{
    text_format(out, 16, "pts/%u", index);
}

static void
master_release(struct file *f)
{
    struct pty *pty = f->data;
    char name[16];

    slave_name(name, pty->tty->index);
    devfs_unregister(name);
    ptys[pty->tty->index] = NULL;
    tty_hangup(pty->tty);
    tty_unref(pty->tty);
}

static const struct file_ops master_ops = {
    .name = "ptmx",
    .read = master_read,
    .write = master_write,
    .ioctl = master_ioctl,
    .poll = master_poll,
    .release = master_release,
};

static int
pty_create(struct pty **out)
{
    struct pty *pty;
    uint32_t index;

    for (index = 0; index < PTY_MAX && ptys[index]; index++)
        ;
    if (index == PTY_MAX)
        return -E_NOSPC;
    pty = host_alloc(sizeof *pty);
    if (!pty)
        return -E_NOMEM;
    pty->locked = true;
    wait_queue_init(&pty->master_wait);
    pty->tty = tty_create(&pty_driver, pty, index, DEV(PTS_MAJOR, index));
    if (!pty->tty) {
        host_free(pty);
        return -E_NOMEM;
    }
    ipc_count.ptys++;
    ptys[index] = pty;
    *out = pty;
    return 0;
}

static int
open_master(struct inode *inode, uint32_t flags, struct file **out)
{
    struct proc *p = proc_current();
    struct pty *pty;
    char name[16];
    int r = pty_create(&pty);

    if (r < 0)
        return r;
    slave_name(name, pty->tty->index);
    r = devfs_register_owned(name, 0620, p ? p->cred.euid : 0, TTY_GID,
                             pty->tty->rdev, open_slave, false);
    if (r >= 0) {
        *out = file_create(&master_ops, inode, flags, pty);
        if (*out) {
            inode_ref(inode);
            return 0;
        }
        devfs_unregister(name);
        r = -E_NOMEM;
    }
    ptys[pty->tty->index] = NULL;
    tty_unref(pty->tty);
    return r;
}

int
pty_boot(void)
{
    return devfs_register("ptmx", 0666, DEV(5, 2), open_master, false);
}
