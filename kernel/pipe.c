/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipes and FIFOs (pipe.h).
 *
 * One struct pipe per pair of ends, or per FIFO inode that is open at all. It
 * counts open readers and writers; the last one to go frees it. FIFOs are found
 * by their inode, which stays the same object because every open file on it
 * holds a reference.
 */
#include "pipe.h"

#include <string.h>

#include "call.h"
#include "ipc.h"
#include "memory.h"
#include "pith_errno.h"

#define RING_FIRST 512u

struct pipe {
    uint8_t *ring;
    uint32_t room;       /* of ring: 0 or a power of two */
    uint32_t tail, used; /* where the oldest byte is; how many there are */
    uint32_t readers, writers;
    uint32_t reads_opened, writes_opened; /* so many opens ever */
    bool had_writer;                      /* since the last time nobody read */
    struct wait_queue read_wait, write_wait;
    struct inode *inode; /* of a FIFO; NULL: pipe() */
    struct pipe *next_fifo;
    uint64_t ino;
};

static struct pipe *fifos;
static uint64_t ring_bytes;
static uint64_t next_ino = 1;

static struct pipe *
pipe_new(void)
{
    struct pipe *p = host_alloc(sizeof *p);

    if (!p)
        return NULL;
    p->ino = next_ino++;
    wait_queue_init(&p->read_wait);
    wait_queue_init(&p->write_wait);
    ipc_count.pipes++;
    ipc_count.bytes += sizeof *p;
    return p;
}

static void
pipe_free(struct pipe *p)
{
    struct pipe **at;

    for (at = &fifos; *at; at = &(*at)->next_fifo)
        if (*at == p) {
            *at = p->next_fifo;
            break;
        }
    ring_bytes -= p->room;
    memory_give(p->room);
    ipc_count.bytes -= p->room + sizeof *p;
    ipc_count.pipes--;
    host_free(p->ring);
    host_free(p);
}

/* How long the ring may get: where pipes have too much, one page. */
static uint32_t
pipe_limit(const struct pipe *p)
{
    if (ring_bytes <= memory_share(PIPE_BUDGET, 8) && !memory_is_short())
        return PIPE_CAPACITY;
    return p->room > PIPE_BUF ? p->room : PIPE_BUF;
}

/* Make the ring hold want bytes if that is allowed; its size afterwards. */
static uint32_t
ring_reserve(struct pipe *p, uint32_t want)
{
    uint32_t limit = pipe_limit(p), room = p->room ? p->room : RING_FIRST;
    uint8_t *ring;
    uint32_t first;

    if (want > limit)
        want = limit;
    while (room < want)
        room *= 2;
    if (room == p->room)
        return room;
    ring = host_alloc(room);
    if (!ring)
        return p->room;
    if (p->ring) {
        first = p->room - p->tail;
        if (first > p->used)
            first = p->used;
        memcpy(ring, p->ring + p->tail, first);
        memcpy(ring + first, p->ring, p->used - first);
        host_free(p->ring);
    }
    ring_bytes += room - p->room;
    memory_charge(room - p->room);
    ipc_count.bytes += room - p->room;
    p->ring = ring;
    p->room = room;
    p->tail = 0;
    return room;
}

/* The room a writer may count on: what the ring may still grow to. */
static uint32_t
pipe_space(const struct pipe *p)
{
    return pipe_limit(p) - p->used;
}

static int64_t
pipe_take(struct pipe *p, struct uio *u)
{
    int64_t done = 0;

    while (p->used && u->resid) {
        uint32_t n = p->room - p->tail;
        int64_t r;

        if (n > p->used)
            n = p->used;
        r = uio_put(u, p->ring + p->tail, n);
        if (r < 0)
            return done ? done : r;
        p->tail = (p->tail + (uint32_t)r) & (p->room - 1);
        p->used -= (uint32_t)r;
        done += r;
    }
    if (!p->used)
        p->tail = 0;
    return done;
}

/* Move at most n bytes in; the ring has been asked to hold them. */
static int64_t
pipe_give(struct pipe *p, struct uio *u, uint32_t n)
{
    int64_t done = 0;

    while (n && u->resid) {
        uint32_t head = (p->tail + p->used) & (p->room - 1);
        uint32_t run = p->room - head;
        int64_t r;

        if (run > n)
            run = n;
        r = uio_get(u, p->ring + head, run);
        if (r < 0)
            return done ? done : r;
        if (r == 0)
            break;
        p->used += (uint32_t)r;
        n -= (uint32_t)r;
        done += r;
    }
    return done;
}

static int64_t
pipe_read(struct file *f, struct uio *u)
{
    struct pipe *p = f->data;
    int64_t r;

    if ((f->flags & PITH_O_ACCMODE) == PITH_O_WRONLY)
        return -E_BADF;
    if (!u->resid)
        return 0;
    while (!p->used) {
        if (!p->writers)
            return 0;
        if (f->flags & PITH_O_NONBLOCK)
            return -E_AGAIN;
        r = wait_on(&p->read_wait, HOST_FOREVER);
        if (r < 0)
            return r;
    }
    r = pipe_take(p, u);
    if (r > 0 && p->write_wait.first)
        wake(&p->write_wait);
    return r;
}

/* Put in what may go now; 0: it has to wait. */
static int64_t
pipe_write_some(struct pipe *p, struct uio *u, bool atomic)
{
    uint32_t space = pipe_space(p), n;
    bool was_empty = !p->used;
    int64_t r;

    if (!space || (atomic && space < u->resid))
        return 0;
    n = u->resid < space ? (uint32_t)u->resid : space;
    if (p->used + n > p->room) {
        uint32_t room = ring_reserve(p, p->used + n);

        if (room - p->used < n) {
            if (atomic || room == p->used)
                return -E_NOMEM;
            n = room - p->used;
        }
    }
    r = pipe_give(p, u, n);
    if (r > 0 && was_empty && p->read_wait.first)
        wake(&p->read_wait);
    return r;
}

static int64_t
pipe_write(struct file *f, struct uio *u)
{
    struct pipe *p = f->data;
    bool atomic = u->resid <= PIPE_BUF;
    int64_t done = 0, r;

    if ((f->flags & PITH_O_ACCMODE) == PITH_O_RDONLY)
        return -E_BADF;
    while (u->resid) {
        if (!p->readers) {
            if (!done && proc_current())
                signal_send(proc_current(), PITH_SIGPIPE);
            return done ? done : -E_PIPE;
        }
        r = pipe_write_some(p, u, atomic);
        if (r < 0)
            return done ? done : r;
        done += r;
        if (r > 0)
            continue;
        if (f->flags & PITH_O_NONBLOCK)
            return done ? done : -E_AGAIN;
        r = wait_on(&p->write_wait, HOST_FOREVER);
        if (r < 0)
            return done ? done : r;
    }
    return done;
}

static int
pipe_ioctl(struct file *f, struct proc *proc, uint32_t req, struct gptr arg)
{
    struct pipe *p = f->data;
    int32_t used = (int32_t)p->used;

    if (req != PITH_FIONREAD)
        return -E_NOTTY;
    return copy_out(proc, arg, &used, sizeof used);
}

static int
pipe_poll(struct file *f, struct poll_waiter *w)
{
    struct pipe *p = f->data;
    uint32_t mode = f->flags & PITH_O_ACCMODE;
    int events = 0, r = 0;

    if (mode != PITH_O_WRONLY) {
        r = poll_wait(w, &p->read_wait);
        if (p->used)
            events |= PITH_POLLIN;
        if (!p->writers && p->had_writer)
            events |= PITH_POLLHUP;
    }
    if (mode != PITH_O_RDONLY && r >= 0) {
        r = poll_wait(w, &p->write_wait);
        if (pipe_space(p) >= PIPE_BUF)
            events |= PITH_POLLOUT;
        if (!p->readers)
            events |= PITH_POLLERR;
    }
    return r < 0 ? r : events;
}

static int
pipe_stat(struct file *f, struct pith_stat *out)
{
    struct pipe *p = f->data;

    memset(out, 0, sizeof *out);
    out->ino = p->ino;
    out->mode = PITH_S_IFIFO | 0600;
    out->nlink = 1;
    out->blksize = PIPE_BUF;
    return 0;
}

static void
pipe_close_end(struct pipe *p, uint32_t flags)
{
    uint32_t mode = flags & PITH_O_ACCMODE;

    if (mode != PITH_O_WRONLY)
        p->readers--;
    if (mode != PITH_O_RDONLY)
        p->writers--;
    if (!p->readers)
        p->had_writer = false;
    if (!p->readers && !p->writers) {
        pipe_free(p);
        return;
    }
    wake(&p->read_wait);
    wake(&p->write_wait);
}

static void
pipe_release(struct file *f)
{
    pipe_close_end(f->data, f->flags);
}

static const struct file_ops pipe_ops = {
    .name = "pipe",
    .read = pipe_read,
    .write = pipe_write,
    .ioctl = pipe_ioctl,
    .poll = pipe_poll,
    .stat = pipe_stat,
    .release = pipe_release,
};
static const struct file_ops fifo_ops = {
    .name = "fifo",
    .read = pipe_read,
    .write = pipe_write,
    .ioctl = pipe_ioctl,
    .poll = pipe_poll,
    .release = pipe_release,
};

static void
pipe_open_end(struct pipe *p, uint32_t flags)
{
    uint32_t mode = flags & PITH_O_ACCMODE;

    if (mode != PITH_O_WRONLY) {
        p->readers++;
        p->reads_opened++;
    }
    if (mode != PITH_O_RDONLY) {
        p->writers++;
        p->writes_opened++;
        p->had_writer = true;
    }
}

int
pipe_create(uint32_t flags, struct file **read_end, struct file **write_end)
{
    struct pipe *p = pipe_new();

    if (!p)
        return -E_NOMEM;
    flags &= PITH_O_NONBLOCK;
    *read_end = file_create(&pipe_ops, NULL, flags | PITH_O_RDONLY, p);
    if (!*read_end) {
        pipe_free(p);
        return -E_NOMEM;
    }
    pipe_open_end(p, PITH_O_RDONLY);
    *write_end = file_create(&pipe_ops, NULL, flags | PITH_O_WRONLY, p);
    if (!*write_end) {
        file_put(*read_end);
        return -E_NOMEM;
    }
    pipe_open_end(p, PITH_O_WRONLY);
    return 0;
}

int
call_pipe2(struct proc *p, int out[2], uint32_t flags)
{
    bool cloexec = (flags & PITH_O_CLOEXEC) != 0;
    struct file *r, *w;
    int err;

    if (flags & ~(uint32_t)(PITH_O_CLOEXEC | PITH_O_NONBLOCK))
        return -E_INVAL;
    err = pipe_create(flags, &r, &w);
    if (err < 0)
        return err;
    out[0] = fd_install(p, r, 0, cloexec);
    if (out[0] < 0) {
        file_put(r);
        file_put(w);
        return out[0];
    }
    out[1] = fd_install(p, w, 0, cloexec);
    if (out[1] < 0) {
        fd_close(p, out[0]);
        file_put(w);
        return out[1];
    }
    return 0;
}

/* Wait until somebody opens the other end, even if only for a moment. */
static int
fifo_await(struct pipe *p, uint32_t flags)
{
    uint32_t mode = flags & PITH_O_ACCMODE, seen;
    int r = 0;

    if (mode == PITH_O_RDWR || (flags & PITH_O_NONBLOCK))
        return 0;
    if (mode == PITH_O_RDONLY) {
        seen = p->writes_opened;
        while (r >= 0 && !p->writers && p->writes_opened == seen)
            r = wait_on(&p->read_wait, HOST_FOREVER);
    } else {
        seen = p->reads_opened;
        while (r >= 0 && !p->readers && p->reads_opened == seen)
            r = wait_on(&p->write_wait, HOST_FOREVER);
    }
    return r < 0 ? r : 0;
}

int
pipe_open_fifo(struct inode *inode, uint32_t flags, struct file **out)
{
    uint32_t mode = flags & PITH_O_ACCMODE;
    struct pipe *p;
    struct file *f;
    int r;

    if (mode == PITH_O_ACCMODE)
        return -E_INVAL;
    for (p = fifos; p && p->inode != inode; p = p->next_fifo)
        ;
    if (mode == PITH_O_WRONLY && (flags & PITH_O_NONBLOCK) &&
        (!p || !p->readers))
        return -E_NXIO;
    if (!p) {
        p = pipe_new();
        if (!p)
            return -E_NOMEM;
        p->inode = inode;
        p->next_fifo = fifos;
        fifos = p;
    }
    pipe_open_end(p, flags);
    wake(&p->read_wait);
    wake(&p->write_wait);
    r = fifo_await(p, flags);
    f = r < 0 ? NULL : file_create(&fifo_ops, inode, flags, p);
    if (!f) {
        pipe_close_end(p, flags);
        return r < 0 ? r : -E_NOMEM;
    }
    *out = f;
    return 0;
}
