/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WasmEdge's socket functions (see wasmedge.def) on the kernel's sockets.
 *
 * An address is a structure {pointer, length} whose bytes are 4 (IPv4) or 16
 * (IPv6) long. Without the net capability the kernel's own checks answer
 * ENOTCAPABLE; names are not resolved, only numeric addresses.
 */
#include <string.h>

#include "wasi_p1.h"
#include "wasmedge.h"

enum { FAMILY_ANY, FAMILY_INET4, FAMILY_INET6 };
enum { TYPE_ANY, TYPE_DGRAM, TYPE_STREAM };

union address {
    uint16_t family;
    struct pith_sockaddr_in in;
    struct pith_sockaddr_in6 in6;
};

struct buffer {
    uint32_t ptr, len;
};

/* The address at `at` with this port, in network order; its size. */
static int
get_address(struct proc *p, uint64_t at, uint64_t port, union address *out)
{
    struct buffer b;
    int r = copy_in(p, &b, gptr(at), sizeof b);
    if (r < 0)
        return r;
    if (port > UINT16_MAX)
        return -E_INVAL;
    memset(out, 0, sizeof *out);
    const uint8_t be[2] = {(uint8_t)(port >> 8), (uint8_t)port};
    if (b.len < 16) {
        out->in.family = PITH_AF_INET;
        memcpy(out->in.port, be, 2);
        r = b.len < 4 ? -E_INVAL : copy_in(p, out->in.addr, gptr(b.ptr), 4);
        return r < 0 ? r : (int)sizeof out->in;
    }
    out->in6.family = PITH_AF_INET6;
    memcpy(out->in6.port, be, 2);
    r = copy_in(p, out->in6.addr, gptr(b.ptr), 16);
    return r < 0 ? r : (int)sizeof out->in6;
}

int64_t
wasmedge_sock_open(struct proc *p, const uint64_t *a)
{
    int domain = a[0] == FAMILY_INET6 ? PITH_AF_INET6 : PITH_AF_INET;
    int type = a[1] == TYPE_DGRAM ? PITH_SOCK_DGRAM : PITH_SOCK_STREAM;
    if (a[0] > FAMILY_INET6 || a[1] > TYPE_STREAM)
        return -E_NOTSUP;
    int r = cap_check(p, CAP_NET);
    if (r < 0)
        return r;
    int fd = call_socket(p, domain, type, 0);
    if (fd < 0)
        return fd;
    r = wasi_put32(p, a[2], (uint32_t)fd);
    if (r < 0)
        call_close(p, fd);
    return r;
}

int64_t
wasmedge_sock_bind(struct proc *p, const uint64_t *a)
{
    union address addr;
    struct file *f;
    int r = wasi_fd(p, (uint32_t)a[0], 0, &f);
    if (r == 0)
        r = get_address(p, a[1], a[2], &addr);
    return r < 0 ? r : call_bind(p, (int)a[0], &addr, (uint32_t)r);
}

int64_t
wasmedge_sock_listen(struct proc *p, const uint64_t *a)
{
    struct file *f;
    int r = wasi_fd(p, (uint32_t)a[0], 0, &f);
    return r < 0 ? r : call_listen(p, (int)a[0], (int)a[1]);
}

int64_t
wasmedge_sock_accept(struct proc *p, const uint64_t *a)
{
    const uint64_t preview1[] = {a[0], 0, a[1]};
    return wasi_sock_accept(p, preview1);
}

int64_t
wasmedge_sock_connect(struct proc *p, const uint64_t *a)
{
    union address addr;
    struct file *f;
    int r = wasi_fd(p, (uint32_t)a[0], 0, &f);
    if (r == 0)
        r = get_address(p, a[1], a[2], &addr);
    return r < 0 ? r : call_connect(p, (int)a[0], &addr, (uint32_t)r);
}

int64_t
wasmedge_sock_setsockopt(struct proc *p, const uint64_t *a)
{
    /* WasmEdge numbers options from 0 in this order; level 0 is the socket. */
    static const int names[] = {PITH_SO_REUSEADDR,
                                PITH_SO_TYPE,
                                PITH_SO_ERROR,
                                -1,
                                PITH_SO_BROADCAST,
                                PITH_SO_SNDBUF,
                                PITH_SO_RCVBUF,
                                PITH_SO_KEEPALIVE,
                                -1,
                                PITH_SO_LINGER,
                                -1,
                                PITH_SO_RCVTIMEO,
                                PITH_SO_SNDTIMEO,
                                PITH_SO_ACCEPTCONN};
    uint8_t value[32];
    struct file *f;
    int r = wasi_fd(p, (uint32_t)a[0], 0, &f);
    if (r < 0)
        return r;
    if (a[1] != 0 || a[2] >= sizeof names / sizeof *names || names[a[2]] < 0)
        return -E_NOPROTOOPT;
    if (a[4] > sizeof value)
        return -E_INVAL;
    r = copy_in(p, value, gptr(a[3]), (size_t)a[4]);
    return r < 0 ? r
                 : call_setsockopt(p, (int)a[0], PITH_SOL_SOCKET, names[a[2]],
                                   value, (uint32_t)a[4]);
}

/* Our or the peer's address into {ptr, len}; its family and its port. */
static int
put_address(struct proc *p, const uint64_t *a, bool peer)
{
    union address addr = {0};
    uint32_t len = sizeof addr;
    struct buffer b;
    struct file *f;
    int r = wasi_fd(p, (uint32_t)a[0], 0, &f);
    if (r == 0)
        r = call_getsockname(p, (int)a[0], &addr, &len, peer);
    if (r == 0)
        r = copy_in(p, &b, gptr(a[1]), sizeof b);
    if (r < 0)
        return r;
    bool six = addr.family == PITH_AF_INET6;
    const uint8_t *bytes = six ? addr.in6.addr : addr.in.addr;
    const uint8_t *port = six ? addr.in6.port : addr.in.port;
    size_t n = six ? 16 : 4;
    if (b.len < n)
        return -E_INVAL;
    r = copy_out(p, gptr(b.ptr), bytes, n);
    if (r == 0)
        r = wasi_put32(p, a[2], six ? 6 : 4);
    return r < 0 ? r : wasi_put32(p, a[3], (uint32_t)port[0] << 8 | port[1]);
}

int64_t
wasmedge_sock_getlocaladdr(struct proc *p, const uint64_t *a)
{
    return put_address(p, a, false);
}

int64_t
wasmedge_sock_getpeeraddr(struct proc *p, const uint64_t *a)
{
    return put_address(p, a, true);
}

int64_t
wasmedge_sock_getaddrinfo(struct proc *p, const uint64_t *a)
{
    (void)a;
    int r = cap_check(p, CAP_NET);
    return r < 0 ? r : -E_NOTSUP; /* there is no resolver in the kernel */
}
