/* SPDX-License-Identifier: Apache-2.0 */
/* The `pith` module: sockets. Structures are in abi.h. */
#include <string.h>

#include "sockbuf.h"
#include "sys.h"

#define NAME_MAX_BYTES 128u
#define OPTION_MAX 64u
#define IOV_FEW 8u

/* An address into buf[NAME_MAX_BYTES]. 0 or -E_. */
static int
name_in(struct proc *p, void *buf, uint64_t addr, uint32_t len)
{
    if (len > NAME_MAX_BYTES)
        return -E_INVAL;
    return copy_in(p, buf, gptr(addr), len);
}

/* The length that the program has room for; at most NAME_MAX_BYTES. */
static int
room_in(struct proc *p, uint64_t at, uint32_t *room)
{
    int32_t len;
    int r = copy_in(p, &len, gptr(at), sizeof len);

    if (r < 0)
        return r;
    if (len < 0)
        return -E_INVAL;
    *room = (uint32_t)len;
    return 0;
}

/* An address of `used` bytes to addr, cut to room; its length to `at`. */
static int
name_out(struct proc *p, uint64_t addr, uint64_t at, const void *name,
         uint32_t used, uint32_t room)
{
    uint32_t n = used < room ? used : room;
    int r =
        copy_out(p, gptr(addr), name, n < NAME_MAX_BYTES ? n : NAME_MAX_BYTES);

    return r < 0 ? r : copy_out(p, gptr(at), &used, sizeof used);
}

int64_t
sys_socket(struct proc *p, const uint64_t *a)
{
    return call_socket(p, (int)a[0], (int)a[1], (int)a[2]);
}

int64_t
sys_socketpair(struct proc *p, const uint64_t *a)
{
    int fds[2], r = call_socketpair(p, (int)a[0], (int)a[1], (int)a[2], fds);
    int32_t out[2];

    if (r < 0)
        return r;
    out[0] = fds[0];
    out[1] = fds[1];
    r = copy_out(p, gptr(a[3]), out, sizeof out);
    if (r < 0) {
        call_close(p, fds[0]);
        call_close(p, fds[1]);
    }
    return r;
}

int64_t
sys_bind(struct proc *p, const uint64_t *a)
{
    uint8_t name[NAME_MAX_BYTES];
    int r = name_in(p, name, a[1], (uint32_t)a[2]);

    return r < 0 ? r : call_bind(p, (int)a[0], name, (uint32_t)a[2]);
}

int64_t
sys_listen(struct proc *p, const uint64_t *a)
{
    return call_listen(p, (int)a[0], (int)a[1]);
}

int64_t
sys_connect(struct proc *p, const uint64_t *a)
{
    uint8_t name[NAME_MAX_BYTES];
    int r = name_in(p, name, a[1], (uint32_t)a[2]);

    return r < 0 ? r : call_connect(p, (int)a[0], name, (uint32_t)a[2]);
}

int64_t
sys_accept(struct proc *p, const uint64_t *a)
{
    uint32_t room = 0, used = NAME_MAX_BYTES;
    uint8_t name[NAME_MAX_BYTES];
    int fd, r = 0;

    if (a[1])
        r = room_in(p, a[2], &room);
    if (r < 0)
        return r;
    fd = call_accept(p, (int)a[0], name, &used, (uint32_t)a[3]);
    if (fd < 0 || !a[1])
        return fd;
    r = name_out(p, a[1], a[2], name, used, room);
    if (r < 0)
        call_close(p, fd);
    return r < 0 ? r : fd;
}

static int64_t
get_name(struct proc *p, const uint64_t *a, bool peer)
{
    uint32_t room, used = NAME_MAX_BYTES;
    uint8_t name[NAME_MAX_BYTES];
    int r = room_in(p, a[2], &room);

    if (r >= 0)
        r = call_getsockname(p, (int)a[0], name, &used, peer);
    return r < 0 ? r : name_out(p, a[1], a[2], name, used, room);
}

int64_t
sys_getsockname(struct proc *p, const uint64_t *a)
{
    return get_name(p, a, false);
}

int64_t
sys_getpeername(struct proc *p, const uint64_t *a)
{
    return get_name(p, a, true);
}

int64_t
sys_shutdown(struct proc *p, const uint64_t *a)
{
    return call_shutdown(p, (int)a[0], (int)a[1]);
}

int64_t
sys_getsockopt(struct proc *p, const uint64_t *a)
{
    uint8_t value[OPTION_MAX] = {0};
    uint32_t len;
    int r = room_in(p, a[4], &len);

    if (r < 0)
        return r;
    if (len > sizeof value)
        len = sizeof value;
    r = call_getsockopt(p, (int)a[0], (int)a[1], (int)a[2], value, &len);
    if (r >= 0)
        r = copy_out(p, gptr(a[3]), value, len);
    return r < 0 ? r : copy_out(p, gptr(a[4]), &len, sizeof len);
}

int64_t
sys_setsockopt(struct proc *p, const uint64_t *a)
{
    uint32_t len = (uint32_t)a[4];
    uint8_t value[OPTION_MAX] = {0};
    int r;

    if (len > sizeof value)
        return -E_INVAL;
    r = copy_in(p, value, gptr(a[3]), len);
    return r < 0 ? r
                 : call_setsockopt(p, (int)a[0], (int)a[1], (int)a[2], value,
                                   len);
}

/* ---- data ----------------------------------------------------------- */

static size_t
clip(uint64_t n)
{
    return (uint32_t)n > INT32_MAX ? INT32_MAX : (uint32_t)n;
}

int64_t
sys_sendto(struct proc *p, const uint64_t *a)
{
    uint8_t name[NAME_MAX_BYTES];
    struct call_msg m = {0};
    struct uio_seg seg;
    struct uio u;
    int r;

    if (a[4]) {
        r = name_in(p, name, a[4], (uint32_t)a[5]);
        if (r < 0)
            return r;
        m.name = name;
        m.namelen = (uint32_t)a[5];
    }
    uio_user(&u, p, &seg, gptr(a[1]), clip(a[2]));
    return call_send(p, (int)a[0], &u, (uint32_t)a[3], &m);
}

int64_t
sys_recvfrom(struct proc *p, const uint64_t *a)
{
    uint8_t name[NAME_MAX_BYTES];
    struct call_msg m = {.name = name, .namelen = sizeof name};
    struct uio_seg seg;
    uint32_t room = 0;
    struct uio u;
    int64_t r = 0;

    if (a[4])
        r = room_in(p, a[5], &room);
    if (r < 0)
        return r;
    uio_user(&u, p, &seg, gptr(a[1]), clip(a[2]));
    r = call_recv(p, (int)a[0], &u, (uint32_t)a[3], &m);
    if (r >= 0 && a[4]) {
        int err = name_out(p, a[4], a[5], name, m.namelen, room);

        if (err < 0)
            r = err;
    }
    return r;
}

/* What sendmsg and recvmsg have in common: the message, its pieces, a name. */
struct message {
    struct pith_msg msg;
    struct uio_seg few[IOV_FEW], *segs;
    struct uio u;
    uint8_t name[NAME_MAX_BYTES];
    struct file *files[SOCK_FILES_MAX];
    int32_t fds[SOCK_FILES_MAX];
    struct call_msg m;
};

static void
message_destroy(struct message *x)
{
    if (x->segs != x->few)
        host_free(x->segs);
    host_free(x);
}

static int
message_create(struct proc *p, uint64_t at, struct message **out)
{
    struct message *x = host_alloc(sizeof *x);
    int r;

    if (!x)
        return -E_NOMEM;
    x->segs = x->few;
    r = copy_in(p, &x->msg, gptr(at), sizeof x->msg);
    if (r >= 0 && x->msg.iovlen > UIO_MAXIOV)
        r = -E_MSGSIZE;
    if (r >= 0 && x->msg.iovlen > IOV_FEW) {
        x->segs = host_alloc(x->msg.iovlen * sizeof x->segs[0]);
        if (!x->segs)
            r = -E_NOMEM;
    }
    if (r >= 0)
        r = uio_user_iov(&x->u, p, x->segs,
                         x->msg.iovlen > IOV_FEW ? x->msg.iovlen : IOV_FEW,
                         gptr(x->msg.iov), x->msg.iovlen);
    if (r < 0) {
        message_destroy(x);
        return r;
    }
    *out = x;
    return 0;
}

static void
put_files(struct file **files, uint32_t n)
{
    while (n)
        file_put(files[--n]);
}

/* The descriptors to send, as referenced files. */
static int
files_in(struct proc *p, struct message *x)
{
    uint32_t i, n = x->msg.nfds;
    int r;

    if (!n)
        return 0;
    if (n > SOCK_FILES_MAX)
        return -E_INVAL;
    r = copy_in(p, x->fds, gptr(x->msg.fds), n * sizeof x->fds[0]);
    if (r < 0)
        return r;
    for (i = 0; i < n; i++) {
        x->files[i] = fd_get(p, x->fds[i]);
        if (!x->files[i]) {
            put_files(x->files, i);
            return -E_BADF;
        }
    }
    x->m.files = x->files;
    x->m.nfiles = n;
    return 0;
}

int64_t
sys_sendmsg(struct proc *p, const uint64_t *a)
{
    struct message *x;
    int64_t r = message_create(p, a[1], &x);

    if (r < 0)
        return r;
    if (x->msg.name && x->msg.namelen) {
        r = name_in(p, x->name, x->msg.name, x->msg.namelen);
        x->m.name = x->name;
        x->m.namelen = x->msg.namelen;
    }
    if (r >= 0)
        r = files_in(p, x);
    if (r >= 0) {
        uint32_t nfiles = x->m.nfiles;

        r = call_send(p, (int)a[0], &x->u, (uint32_t)a[2], &x->m);
        put_files(x->files, nfiles);
    }
    message_destroy(x);
    return r;
}

/* Give the received files descriptors. How many got one: the rest, for which
 * there is none left, is closed and MSG_CTRUNC set. */
static uint32_t
files_out(struct proc *p, struct message *x, bool cloexec)
{
    uint32_t i;

    for (i = 0; i < x->m.nfiles; i++) {
        x->fds[i] = fd_install(p, x->files[i], 0, cloexec);
        if (x->fds[i] < 0)
            break;
    }
    if (i < x->m.nfiles)
        x->m.flags |= PITH_MSG_CTRUNC;
    put_files(x->files + i, x->m.nfiles - i);
    return i;
}

static int
message_out(struct proc *p, uint64_t at, struct message *x, uint32_t nfds)
{
    struct pith_msg *msg = &x->msg;
    uint32_t used = x->m.namelen, room = msg->namelen;
    int r = 0;

    if (msg->name)
        r = copy_out(p, gptr(msg->name), x->name, used < room ? used : room);
    if (r >= 0 && nfds)
        r = copy_out(p, gptr(msg->fds), x->fds, nfds * sizeof x->fds[0]);
    msg->namelen = used;
    msg->nfds = nfds;
    msg->flags = x->m.flags;
    msg->pid = x->m.sender.pid;
    msg->uid = (int32_t)x->m.sender.uid;
    msg->gid = (int32_t)x->m.sender.gid;
    return r < 0 ? r : copy_out(p, gptr(at), msg, sizeof *msg);
}

int64_t
sys_recvmsg(struct proc *p, const uint64_t *a)
{
    uint32_t flags = (uint32_t)a[2], nfds;
    struct message *x;
    int64_t r = message_create(p, a[1], &x);
    int err;

    if (r < 0)
        return r;
    x->m.name = x->name;
    x->m.namelen = sizeof x->name;
    x->m.files = x->files;
    x->m.files_room =
        x->msg.nfds < SOCK_FILES_MAX ? x->msg.nfds : SOCK_FILES_MAX;
    r = call_recv(p, (int)a[0], &x->u, flags, &x->m);
    if (r >= 0) {
        nfds = files_out(p, x, (flags & PITH_MSG_CMSG_CLOEXEC) != 0);
        err = message_out(p, a[1], x, nfds);
        if (err < 0) {
            while (nfds)
                call_close(p, x->fds[--nfds]);
            r = err;
        }
    }
    message_destroy(x);
    return r;
}
