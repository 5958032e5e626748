/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /dev/input/event*; see screen.h. Each open file has a ring. One that is not
 * read loses what it holds and is told so by SYN_DROPPED, as under Linux.
 */
#include <string.h>

#include "call.h"
#include "cap.h"
#include "file.h"
#include "lib.h"
#include "pith_errno.h"
#include "proc.h"
#include "screen.h"
#include "vfs.h"

#define DEVICES_MAX 32
#define RING 256u
#define MAJOR_INPUT 13
#define MINOR_EVENT 64
#define CODES (96u * 8)

struct input_client {
    struct input_client *next;
    struct input_device *device;
    struct wait_queue wait;
    bool monotonic, revoked;
    uint32_t head, packet, tail; /* read from head; whole up to packet */
    struct pith_input_event ring[RING];
};

static struct input_device *devices[DEVICES_MAX];

static bool
has(const uint8_t *bits, uint32_t n)
{
    return bits[n >> 3] >> (n & 7) & 1;
}

static void
put(uint8_t *bits, uint32_t n, bool on)
{
    if (on)
        bits[n >> 3] |= (uint8_t)(1u << (n & 7));
    else
        bits[n >> 3] &= (uint8_t) ~(1u << (n & 7));
}

/* ---- in ------------------------------------------------------------- */

static void
enqueue(struct input_client *c, const struct pith_input_event *e)
{
    if (c->tail - c->head == RING) {
        struct pith_input_event lost = *e;

        lost.type = PITH_EV_SYN;
        lost.code = PITH_SYN_DROPPED;
        lost.value = 0;
        c->head = c->packet = 0;
        c->ring[0] = lost;
        c->tail = 1;
    }
    c->ring[c->tail++ % RING] = *e;
    if (e->type == PITH_EV_SYN && e->code == PITH_SYN_REPORT) {
        c->packet = c->tail;
        wake(&c->wait);
    }
}

/* false: nothing new, or nothing it could do */
static bool
remember(struct input_device *d, uint16_t type, uint16_t code, int32_t value)
{
    if (type == PITH_EV_SYN)
        return code == PITH_SYN_REPORT;
    if (type > PITH_EV_MAX || !has(d->bits[PITH_EV_SYN], type) ||
        code >= CODES || !has(d->bits[type], code))
        return false;
    if (type == PITH_EV_KEY)
        put(d->down, code, value != 0);
    else if (type == PITH_EV_ABS && code < 64)
        d->abs[code].value = value;
    else if (type == PITH_EV_LED || type == PITH_EV_SND)
        put(d->lit[type - PITH_EV_LED], code, value != 0);
    else if (type == PITH_EV_SW)
        put(d->lit[2], code, value != 0);
    return true;
}

void
input_event(struct input_device *d, uint16_t type, uint16_t code,
            int32_t value)
{
    uint64_t wall = host_wall_ns(), mono = host_mono_ns();
    struct pith_input_event e = {.type = type, .code = code, .value = value};
    struct input_client *c;

    if (!remember(d, type, code, value))
        return;
    for (c = d->clients; c; c = c->next) {
        uint64_t t = c->monotonic ? mono : wall;

        if (d->grabbed && d->grabbed != c)
            continue;
        e.sec = (uint32_t)(t / 1000000000u);
        e.usec = (uint32_t)(t / 1000u % 1000000u);
        enqueue(c, &e);
    }
}

/* ---- out ------------------------------------------------------------ */

static int64_t
event_read(struct file *f, struct uio *u)
{
    struct input_client *c = f->data;
    int64_t done = 0, r = 0;

    if (u->resid < sizeof *c->ring)
        return -E_INVAL;
    while (r == 0 && c->head == c->packet && !c->revoked) {
        if (f->flags & PITH_O_NONBLOCK)
            return -E_AGAIN;
        r = wait_on(&c->wait, HOST_FOREVER);
    }
    if (c->revoked)
        return -E_NODEV;
    while (r == 0 && c->head != c->packet && u->resid >= sizeof *c->ring) {
        int64_t n = uio_put(u, &c->ring[c->head % RING], sizeof *c->ring);

        if (n < 0)
            return done ? done : n;
        c->head++;
        done += n;
    }
    return r < 0 ? r : done;
}

static int
event_poll(struct file *f, struct poll_waiter *w)
{
    struct input_client *c = f->data;
    int r = w ? poll_wait(w, &c->wait) : 0;

    if (r < 0)
        return r;
    if (c->revoked)
        return PITH_POLLHUP | PITH_POLLERR;
    return c->head != c->packet ? PITH_POLLIN : 0;
}

static int
grab(struct input_client *c, bool on)
{
    struct input_device *d = c->device;

    if (on && d->grabbed)
        return -E_BUSY;
    if (!on && d->grabbed != c)
        return -E_INVAL;
    d->grabbed = on ? c : NULL;
    if (d->grab)
        d->grab(d, on);
    return 0;
}

static int
set_clock(struct input_client *c, struct proc *p, struct gptr arg)
{
    uint32_t clock;
    int r = copy_in(p, &clock, arg, sizeof clock);

    if (r < 0)
        return r;
    if (clock > 1) /* CLOCK_REALTIME, CLOCK_MONOTONIC */
        return -E_INVAL;
    c->monotonic = clock == 1;
    c->head = c->packet = c->tail = 0;
    return 0;
}

/* The ioctls whose number says how much is wanted; returns what was given. */
static int
give(struct proc *p, struct gptr arg, uint32_t req, const void *from, size_t n)
{
    size_t want = req >> 16 & 0x3fff;
    int r;

    n = want < n ? want : n;
    r = copy_out(p, arg, from, n);
    return r < 0 ? r : (int)n;
}

static int
query(struct input_device *d, struct proc *p, uint32_t req, struct gptr arg)
{
    uint32_t what = req & 0xff;

    if ((req & 0xc000ff00u) != 0x80004500u) /* _IOC_READ, 'E' */
        return -E_NOTTY;
    if (what == 0x06)
        return give(p, arg, req, d->name, strlen(d->name) + 1);
    if (what == 0x09)
        return give(p, arg, req, d->properties, sizeof d->properties);
    if (what == 0x18)
        return give(p, arg, req, d->down, sizeof d->down);
    if (what >= 0x19 && what <= 0x1b)
        return give(p, arg, req, d->lit[what - 0x19], sizeof d->lit[0]);
    if (what >= 0x20 && what < 0x40)
        return give(p, arg, req, d->bits[what - 0x20], sizeof d->bits[0]);
    if (what >= 0x40 && what < 0x80)
        return has(d->bits[PITH_EV_ABS], what - 0x40)
                   ? give(p, arg, req, &d->abs[what - 0x40], sizeof d->abs[0])
                   : -E_INVAL;
    return what == 0x07 || what == 0x08 ? -E_NOENT : -E_NOTTY;
}

static int
event_ioctl(struct file *f, struct proc *p, uint32_t req, struct gptr arg)
{
    static const uint32_t version = 0x010001;
    struct input_client *c = f->data;

    if (c->revoked)
        return -E_NODEV;
    switch (req) {
    case PITH_EVIOCGVERSION:
        return copy_out(p, arg, &version, sizeof version);
    case PITH_EVIOCGID:
        return copy_out(p, arg, &c->device->id, sizeof c->device->id);
    case PITH_EVIOCGRAB:
        return grab(c, arg.addr != 0);
    case PITH_EVIOCREVOKE:
        grab(c, false);
        c->revoked = true;
        wake(&c->wait);
        return 0;
    case PITH_EVIOCSCLOCKID:
        return set_clock(c, p, arg);
    default:
        return query(c->device, p, req, arg);
    }
}

static void
event_release(struct file *f)
{
    struct input_client *c = f->data, **at = &c->device->clients;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    grab(c, false);
    host_free(c);
}

static const struct file_ops event_ops = {
    .name = "input",
    .read = event_read,
    .ioctl = event_ioctl,
    .poll = event_poll,
    .release = event_release,
};

/* Has it keys of a keyboard, from KEY_ESC up to where buttons begin? */
static enum cap
capability(const struct input_device *d)
{
    for (uint32_t n = 1; n < 0x100; n++)
        if (has(d->bits[PITH_EV_KEY], n))
            return CAP_KEYBOARD;
    return CAP_MOUSE;
}

static int
event_open(struct inode *i, uint32_t flags, struct file **out)
{
    uint32_t number = (uint32_t)(i->rdev & 0xff) - MINOR_EVENT;
    struct input_device *d = number < DEVICES_MAX ? devices[number] : NULL;
    struct input_client *c;
    int r;

    if (!d)
        return -E_NXIO;
    r = proc_current() ? cap_check(proc_current(), capability(d)) : 0;
    if (r < 0)
        return r;
    c = host_alloc(sizeof *c);
    if (!c)
        return -E_NOMEM;
    *out = file_create(&event_ops, inode_ref(i), flags, c);
    if (!*out) {
        inode_unref(i);
        host_free(c);
        return -E_NOMEM;
    }
    (*out)->needs = (uint8_t)capability(d);
    c->device = d;
    c->next = d->clients;
    d->clients = c;
    return 0;
}

int
input_register(struct input_device *d)
{
    char name[24];
    int n = 0, r;

    while (n < DEVICES_MAX && devices[n])
        n++;
    if (n == DEVICES_MAX)
        return -E_NOSPC;
    text_format(name, sizeof name, "input/event%d", n);
    d->number = n;
    r = devfs_register(name, 0660, DEV(MAJOR_INPUT, MINOR_EVENT + (uint32_t)n),
                       event_open, false);
    if (r >= 0)
        devices[n] = d;
    return r;
}
