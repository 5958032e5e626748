/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preview 1: sockets. A program cannot make one here, only use those it was
 * given or accepts; without the net capability each call answers ENOTCAPABLE.
 * Sockets inside Pith (unix) need no net.
 */
#include "wasi_p1.h"

static int
sock(struct proc *p, uint64_t fd, uint64_t need)
{
    struct file *f;
    struct pith_stat st;
    int r = wasi_fd(p, (uint32_t)fd, need, &f);
    if (r < 0)
        return r;
    r = call_fstat(p, (int)fd, &st);
    if (r < 0)
        return r;
    if ((st.mode & PITH_S_IFMT) != PITH_S_IFSOCK)
        return -E_NOTSOCK;
    union {
        uint16_t family;
        struct pith_sockaddr_un un;
    } addr = {0};
    uint32_t len = sizeof addr;
    r = call_getsockname(p, (int)fd, &addr, &len, false);
    if (r == 0 && addr.family == PITH_AF_UNIX)
        return 0;
    return cap_check(p, CAP_NET);
}

int64_t
wasi_sock_accept(struct proc *p, const uint64_t *a)
{
    uint32_t flags = (uint32_t)a[1] & 0xffff;
    int r = sock(p, a[0], WASI_R_SOCK_ACCEPT);
    if (r < 0)
        return r;
    if (flags & ~WASI_FDFLAG_NONBLOCK)
        return -E_INVAL;
    int fd =
        call_accept(p, (int)a[0], NULL, NULL, flags ? PITH_SOCK_NONBLOCK : 0);
    if (fd < 0)
        return fd;
    r = wasi_put32(p, a[2], (uint32_t)fd);
    if (r < 0)
        call_close(p, fd);
    return r;
}

/* A message's iovecs in *u; *segs is to be freed. */
static int
message(struct proc *p, struct uio *u, struct uio_seg **segs, uint64_t iov,
        uint64_t n)
{
    *segs = NULL;
    if (n > UIO_MAXIOV)
        return -E_INVAL;
    *segs = host_alloc(((size_t)n + 1) * sizeof **segs);
    if (!*segs)
        return -E_NOMEM;
    return uio_user_iov(u, p, *segs, (uint32_t)n, gptr(iov), (uint32_t)n);
}

int64_t
wasi_sock_recv(struct proc *p, const uint64_t *a)
{
    struct uio u;
    struct uio_seg *segs;
    struct call_msg m = {0};
    uint32_t ri = (uint32_t)a[3] & 0xffff;
    int64_t r = sock(p, a[0], WASI_R_FD_READ);
    if (r < 0)
        return (int32_t)r;
    if (ri & ~(WASI_RI_PEEK | WASI_RI_WAITALL))
        return -E_INVAL;
    r = message(p, &u, &segs, a[1], a[2]);
    if (r == 0)
        r = call_recv(p, (int)a[0], &u,
                      (ri & WASI_RI_PEEK ? PITH_MSG_PEEK : 0u) |
                          (ri & WASI_RI_WAITALL ? PITH_MSG_WAITALL : 0u),
                      &m);
    host_free(segs);
    if (r < 0)
        return (int32_t)r;
    int e = wasi_put32(p, a[4], (uint32_t)r);
    uint16_t ro = m.flags & PITH_MSG_TRUNC ? WASI_RO_TRUNCATED : 0;
    return e < 0 ? e : copy_out(p, gptr(a[5]), &ro, sizeof ro);
}

int64_t
wasi_sock_send(struct proc *p, const uint64_t *a)
{
    struct uio u;
    struct uio_seg *segs;
    struct call_msg m = {0};
    int64_t r = sock(p, a[0], WASI_R_FD_WRITE);
    if (r < 0)
        return (int32_t)r;
    if (a[3] & 0xffff)
        return -E_INVAL;
    r = message(p, &u, &segs, a[1], a[2]);
    if (r == 0)
        r = call_send(p, (int)a[0], &u, PITH_MSG_NOSIGNAL, &m);
    host_free(segs);
    return r < 0 ? (int32_t)r : wasi_put32(p, a[4], (uint32_t)r);
}

int64_t
wasi_sock_shutdown(struct proc *p, const uint64_t *a)
{
    static const int how[] = {-1, PITH_SHUT_RD, PITH_SHUT_WR, PITH_SHUT_RDWR};
    int r = sock(p, a[0], WASI_R_SOCK_SHUTDOWN);
    if (r < 0)
        return r;
    uint32_t sd = (uint32_t)a[1] & 0xff;
    if (sd == 0 || sd > (WASI_SD_RD | WASI_SD_WR))
        return -E_INVAL;
    return call_shutdown(p, (int)a[0], how[sd]);
}
