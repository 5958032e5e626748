/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host descriptors as files (hoststdio.h).
 *
 * A task that would block in the host parks until the descriptor is ready; then
 * the transfer is made without the lock, through a buffer, since user memory is
 * touched only under it. poll() on such a file is served by a watcher task, at
 * most one a direction, that wakes the file's queue.
 *
 * Position: f->offset stays at OWN_POSITION or beyond, where no file reaches,
 * so that a transfer there means "where the host's position is" and any other
 * is a pread or pwrite.
 */
#define _GNU_SOURCE
#include "hoststdio.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"
#include "hosterr.h"
#include "ipc.h"
#include "pith_errno.h"
#include "posix.h"
#include "terminal.h"
#include "../../abi/pith/termios.h"

#define OWN_POSITION (1ull << 62)
#define CHUNK 65536u
#define PIPE_SAFE 4096u /* a ready pipe takes that much without blocking */

struct host_file {
    uint32_t refs; /* the file, and its watchers */
    int fd;
    bool regular;    /* always ready, has a position */
    bool seeks;      /* the same, or a device such as /dev/null */
    bool owned;      /* to be closed */
    bool listening;
    bool anyone;     /* may connect */
    const char *path; /* HOST_REOPEN; NULL */
    bool watched[2]; /* for input, for output */
    struct wait_queue wait[2];
};

static void
unref(struct host_file *h)
{
    if (--h->refs)
        return;
    ipc_count.bytes -= sizeof *h;
    if (h->owned) {
        posix_fd_forget(h->fd);
        close(h->fd);
    }
    host_free(h);
}

/* Wait until a transfer would not block: 0 or -E_. */
static int
await(struct file *f, short events)
{
    struct host_file *h = f->data;
    struct pollfd p = {.fd = h->fd, .events = events};
    int r;

    if (h->regular || poll(&p, 1, 0) > 0)
        return 0;
    if (f->flags & PITH_O_NONBLOCK)
        return -E_AGAIN;
    r = posix_fd_wait(h->fd, events, HOST_FOREVER);
    return r < 0 ? r : 0;
}

static int64_t
host_read(int fd, void *buf, size_t n, uint64_t offset)
{
    ssize_t r;

    kernel_unlock();
    do
        r = offset >= OWN_POSITION ? read(fd, buf, n)
                                   : pread(fd, buf, n, (off_t)offset);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        r = host_error(errno);
    kernel_lock();
    return r;
}

static int64_t
host_write(int fd, const void *buf, size_t n, uint64_t offset)
{
    ssize_t r;

    kernel_unlock();
    do
        r = offset >= OWN_POSITION ? write(fd, buf, n)
                                   : pwrite(fd, buf, n, (off_t)offset);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        r = host_error(errno);
    kernel_lock();
    return r;
}

static int64_t
stdio_read(struct file *f, struct uio *u)
{
    struct host_file *h = f->data;
    size_t n = u->resid < CHUNK ? u->resid : CHUNK;
    char small[4096], *buf = small;
    int64_t r;

    if (!n)
        return 0;
    if (u->offset < OWN_POSITION && !h->seeks)
        return -E_SPIPE;
    r = await(f, POLLIN);
    if (r < 0)
        return r;
    if (n > sizeof small) {
        buf = host_alloc(n);
        if (!buf)
            return -E_NOMEM;
    }
    r = host_read(h->fd, buf, n, u->offset);
    if (r > 0)
        r = uio_put(u, buf, (size_t)r);
    if (buf != small)
        host_free(buf);
    return r;
}

/* Write n bytes of buf, all of them if the host lets us. */
static int64_t
write_all(struct file *f, const char *buf, size_t n, uint64_t offset)
{
    struct host_file *h = f->data;
    size_t done = 0;
    int64_t r = 0;

    while (done < n) {
        size_t k = n - done;

        r = await(f, POLLOUT);
        if (r < 0)
            break;
        if (!h->regular && k > PIPE_SAFE)
            k = PIPE_SAFE;
        r = host_write(h->fd, buf + done, k,
                       offset >= OWN_POSITION ? offset : offset + done);
        if (r <= 0)
            break;
        done += (size_t)r;
    }
    if (done)
        return (int64_t)done;
    if (r == -E_PIPE && proc_current())
        signal_send(proc_current(), PITH_SIGPIPE);
    return r;
}

static int64_t
stdio_write(struct file *f, struct uio *u)
{
    struct host_file *h = f->data;
    size_t room = u->resid < CHUNK ? u->resid : CHUNK;
    char small[4096], *buf = small;
    int64_t done = 0, n, r = 0;

    if (u->offset < OWN_POSITION && !h->seeks)
        return -E_SPIPE;
    if (room > sizeof small) {
        buf = host_alloc(room);
        if (!buf)
            return -E_NOMEM;
    }
    while (u->resid) {
        n = uio_get(u, buf, room);
        r = n < 0 ? n
                  : write_all(f, buf, (size_t)n,
                              u->offset < OWN_POSITION
                                  ? u->offset + (uint64_t)done
                                  : u->offset);
        if (r < 0)
            break;
        done += r;
        if (r < n)
            break;
    }
    if (buf != small)
        host_free(buf);
    return done ? done : r;
}

static int64_t
stdio_seek(struct file *f, int64_t offset, int whence)
{
    struct host_file *h = f->data;
    off_t r;

    /* The host tells pipes and terminals (-E_SPIPE) from /dev/null. */
    if (whence < PITH_SEEK_SET || whence > PITH_SEEK_END)
        return -E_INVAL;
    r = lseek(h->fd, (off_t)offset, whence); /* the numbers are the host's */
    return r < 0 ? host_error(errno) : r;
}

static int
set_host_termios(struct proc *p, uint32_t req, struct gptr arg)
{
    struct pith_termios tio;
    struct termios t;
    int r = copy_in(p, &tio, arg, sizeof tio);

    if (r < 0)
        return r;
    terminal_from_pith(&tio, &t);
    return terminal_set(&t, req == PITH_TCSETS    ? TCSANOW
                            : req == PITH_TCSETSW ? TCSADRAIN
                                                  : TCSAFLUSH);
}

static int
get_host_termios(int fd, struct proc *p, struct gptr arg)
{
    struct pith_termios tio;
    struct termios t;

    if (tcgetattr(fd, &t) < 0)
        return -E_NOTTY;
    terminal_to_pith(&t, &tio);
    return copy_out(p, arg, &tio, sizeof tio);
}

static int
window_size(int fd, struct proc *p, uint32_t req, struct gptr arg)
{
    struct pith_winsize size;
    struct winsize w = {0};
    int r;

    if (req == PITH_TIOCGWINSZ) {
        if (ioctl(fd, TIOCGWINSZ, &w) < 0)
            return host_error(errno);
        size =
            (struct pith_winsize){w.ws_row, w.ws_col, w.ws_xpixel, w.ws_ypixel};
        return copy_out(p, arg, &size, sizeof size);
    }
    r = copy_in(p, &size, arg, sizeof size);
    if (r < 0)
        return r;
    w = (struct winsize){size.row, size.col, size.xpixel, size.ypixel};
    return ioctl(fd, TIOCSWINSZ, &w) < 0 ? host_error(errno) : 0;
}

static struct file *owned_file(int hostfd, bool listening);

/* A descriptor for the next connection. */
static int
accept_peer(struct host_file *h, struct proc *p)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    int fd = accept4(h->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), r;
    struct file *f;

    if (fd < 0)
        return host_error(errno);
    if (!h->anyone &&
        (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
         (peer.uid != geteuid() && peer.uid != 0))) {
        close(fd);
        return -E_ACCES;
    }
    f = owned_file(fd, false);
    if (!f) {
        close(fd);
        return -E_NOMEM;
    }
    r = fd_install(p, f, 0, true);
    if (r < 0)
        file_put(f);
    return r;
}

static int
tell_manager(struct proc *p, struct gptr arg)
{
    char text[256];
    int r = copy_in_string(p, text, arg, sizeof text);

    if (r >= 0)
        host_notify(text);
    return r < 0 ? r : 0;
}

/* The number stays, so nobody need know. */
static int
reopen(struct file *f)
{
    struct host_file *h = f->data;
    int fd = open(h->path, O_RDONLY | O_CLOEXEC), r = 0;

    if (fd < 0)
        return host_error(errno);
    if (dup3(fd, h->fd, O_CLOEXEC) < 0)
        r = host_error(errno);
    close(fd);
    return r;
}

static int
stdio_ioctl(struct file *f, struct proc *p, uint32_t req, struct gptr arg)
{
    struct host_file *h = f->data;
    int32_t value;
    int n;

    if (req == HOST_ACCEPT && h->listening)
        return accept_peer(h, p);
    if (req == HOST_NOTIFY && h->listening && !h->anyone)
        return tell_manager(p, arg);
    if (req == HOST_REOPEN && h->path)
        return reopen(f);
    if (req == PITH_FIONREAD) {
        if (ioctl(h->fd, FIONREAD, &n) < 0)
            return host_error(errno);
        value = n;
        return copy_out(p, arg, &value, sizeof value);
    }
    /* Sessions and groups are the kernel's, the terminal is not: no job
     * control here, and a shell does without it. */
    if (!isatty(h->fd))
        return -E_NOTTY;
    switch (req) {
    case PITH_TCGETS:
        return get_host_termios(h->fd, p, arg);
    case PITH_TCSETS:
    case PITH_TCSETSW:
    case PITH_TCSETSF:
        return set_host_termios(p, req, arg);
    case PITH_TIOCGWINSZ:
    case PITH_TIOCSWINSZ:
        return window_size(h->fd, p, req, arg);
    case PITH_TCFLSH:
        if (arg.addr > PITH_TCIOFLUSH)
            return -E_INVAL;
        return tcflush(h->fd, (int)arg.addr) < 0 ? host_error(errno) : 0;
    case PITH_TCSBRK:
        return tcdrain(h->fd) < 0 ? host_error(errno) : 0;
    default:
        return -E_NOTTY;
    }
}

/* ---- poll ----------------------------------------------------------- */

struct watch {
    struct host_file *h;
    int direction; /* 0 input, 1 output */
};

static void
watch_task(void *arg)
{
    struct watch w = *(struct watch *)arg;
    int r;

    host_free(arg);
    do
        r = posix_fd_wait(w.h->fd, w.direction ? POLLOUT : POLLIN,
                          HOST_FOREVER);
    while (r == -E_INTR);
    w.h->watched[w.direction] = false;
    wake(&w.h->wait[w.direction]);
    unref(w.h);
    host_task_exit();
}

static int
watch(struct host_file *h, int direction, struct poll_waiter *w)
{
    struct host_task *task;
    struct watch *arg;
    int r = poll_wait(w, &h->wait[direction]);

    if (r < 0 || h->watched[direction])
        return r;
    arg = host_alloc(sizeof *arg);
    if (!arg)
        return -E_NOMEM;
    arg->h = h;
    arg->direction = direction;
    r = host_task_create(&task, watch_task, arg, 0);
    if (r < 0) {
        host_free(arg);
        return r;
    }
    h->refs++;
    h->watched[direction] = true;
    return 0;
}

static int
stdio_poll(struct file *f, struct poll_waiter *w)
{
    struct host_file *h = f->data;
    uint32_t mode = f->flags & PITH_O_ACCMODE;
    struct pollfd p = {.fd = h->fd};
    int r = 0;

    if (mode != PITH_O_WRONLY)
        p.events |= POLLIN;
    if (mode != PITH_O_RDONLY)
        p.events |= POLLOUT;
    if (h->regular)
        return PITH_POLLIN | PITH_POLLOUT;
    if (poll(&p, 1, 0) < 0)
        p.revents = 0;
    if (w && (p.events & POLLIN) && !(p.revents & (POLLIN | POLLHUP)))
        r = watch(h, 0, w);
    if (r >= 0 && w && (p.events & POLLOUT) &&
        !(p.revents & (POLLOUT | POLLERR)))
        r = watch(h, 1, w);
    return r < 0 ? r : p.revents; /* the numbers are the host's */
}

/* ---- the rest ------------------------------------------------------- */

static void
time_to_pith(const struct timespec *t, struct pith_timespec *out)
{
    out->sec = t->tv_sec;
    out->nsec = t->tv_nsec;
}

static int
stdio_stat(struct file *f, struct pith_stat *out)
{
    struct host_file *h = f->data;
    struct stat s;

    if (fstat(h->fd, &s) < 0)
        return host_error(errno);
    memset(out, 0, sizeof *out);
    out->dev = s.st_dev;
    out->ino = s.st_ino;
    out->mode = s.st_mode; /* the numbers are the host's */
    out->nlink = (uint32_t)s.st_nlink;
    out->uid = s.st_uid;
    out->gid = s.st_gid;
    out->rdev = s.st_rdev;
    out->size = s.st_size;
    out->blksize = (uint32_t)s.st_blksize;
    out->blocks = (uint64_t)s.st_blocks;
    time_to_pith(&s.st_atim, &out->atim);
    time_to_pith(&s.st_mtim, &out->mtim);
    time_to_pith(&s.st_ctim, &out->ctim);
    return 0;
}

static int
stdio_fsync(struct file *f, bool data_only)
{
    struct host_file *h = f->data;
    int r;

    kernel_unlock();
    r = data_only ? fdatasync(h->fd) : fsync(h->fd);
    r = r < 0 ? host_error(errno) : 0;
    kernel_lock();
    return r;
}

static int
stdio_truncate(struct file *f, uint64_t size)
{
    struct host_file *h = f->data;

    if (size > INT64_MAX)
        return -E_INVAL;
    return ftruncate(h->fd, (off_t)size) < 0 ? host_error(errno) : 0;
}

static void
stdio_release(struct file *f)
{
    struct host_file *h = f->data;

    /* A watcher would keep a connection open that nobody has any more: its
     * descriptor may never be ready again. */
    if (h->owned && h->refs > 1)
        shutdown(h->fd, SHUT_RDWR);
    unref(h);
}

static const struct file_ops stdio_ops = {
    .name = "host",
    .read = stdio_read,
    .write = stdio_write,
    .seek = stdio_seek,
    .ioctl = stdio_ioctl,
    .poll = stdio_poll,
    .stat = stdio_stat,
    .fsync = stdio_fsync,
    .truncate = stdio_truncate,
    .release = stdio_release,
};

struct file *
host_stdio_file(int hostfd)
{
    int flags = fcntl(hostfd, F_GETFL);
    struct host_file *h;
    struct stat s;
    struct file *f;

    if (flags < 0 || fstat(hostfd, &s) < 0)
        return NULL;
    signal(SIGPIPE, SIG_IGN);
    h = host_alloc(sizeof *h);
    if (!h)
        return NULL;
    h->refs = 1;
    h->fd = hostfd;
    h->regular = S_ISREG(s.st_mode) || S_ISBLK(s.st_mode);
    h->seeks = lseek(hostfd, 0, SEEK_CUR) >= 0;
    wait_queue_init(&h->wait[0]);
    wait_queue_init(&h->wait[1]);
    ipc_count.bytes += sizeof *h;
    f = file_create(&stdio_ops, NULL,
                    (uint32_t)(flags & O_ACCMODE) |
                        (flags & O_APPEND ? PITH_O_APPEND : 0u),
                    h);
    if (!f) {
        unref(h);
        return NULL;
    }
    f->offset = OWN_POSITION;
    return f;
}

static struct file *
owned_file(int hostfd, bool listening)
{
    struct file *f = host_stdio_file(hostfd);

    if (f) {
        struct host_file *h = f->data;

        h->owned = true;
        h->listening = listening;
    }
    return f;
}

struct file *
host_listen_file(int hostfd)
{
    return owned_file(hostfd, true);
}

struct file *
host_listen_file_any(int hostfd)
{
    struct file *f = owned_file(hostfd, true);

    if (f)
        ((struct host_file *)f->data)->anyone = true;
    return f;
}

struct file *
host_named_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct file *f = fd < 0 ? NULL : owned_file(fd, false);

    if (f)
        ((struct host_file *)f->data)->path = path;
    else if (fd >= 0)
        close(fd);
    return f;
}
