/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets. Descriptors travel in struct pith_msg's own array; here SCM_RIGHTS
 * control messages are translated to and from it.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "pith.h"

#define FDS_MAX 253 /* Linux's SCM_MAX_FD */

SYS(socket) left(pith_socket(a, b, c)) END
SYS(socketpair) left(pith_socketpair(a, b, c, P(d))) END
SYS(bind) left(pith_bind(a, P(b), c)) END
SYS(listen) left(pith_listen(a, b)) END
SYS(accept) left(pith_accept(a, P(b), P(c), 0)) END
SYS(accept4) left(pith_accept(a, P(b), P(c), d)) END
SYS(connect) left(pith_connect(a, P(b), c)) END
SYS(sendto) left(pith_sendto(a, P(b), c, d, P(e), f)) END
SYS(recvfrom) left(pith_recvfrom(a, P(b), c, d, P(e), P(f))) END
SYS(getsockname) left(pith_getsockname(a, P(b), P(c))) END
SYS(getpeername) left(pith_getpeername(a, P(b), P(c))) END
SYS(getsockopt) left(pith_getsockopt(a, b, c, P(d), P(e))) END
SYS(setsockopt) left(pith_setsockopt(a, b, c, P(d), e)) END
SYS(shutdown) left(pith_shutdown(a, b)) END

static int
collect(const struct msghdr *m, int32_t *fds)
{
    struct cmsghdr *c;
    int n = 0;
    for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR((struct msghdr *)m, c)) {
        size_t bytes;
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue; /* SCM_CREDENTIALS: the kernel says who sends */
        bytes = c->cmsg_len - CMSG_LEN(0);
        if (c->cmsg_len < CMSG_LEN(0) ||
            bytes / sizeof *fds > (size_t)(FDS_MAX - n))
            return -EINVAL;
        memcpy(fds + n, CMSG_DATA(c), bytes);
        n += (int)(bytes / sizeof *fds);
    }
    return n;
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
    int32_t fds[FDS_MAX];
    struct pith_msg k;
    int n = m->msg_control ? collect(m, fds) : 0;
    if (n < 0)
        return __syscall_ret((unsigned long)n);
    memset(&k, 0, sizeof k);
    k.name = (pith_gp)m->msg_name;
    k.namelen = m->msg_namelen;
    k.iov = (pith_gp)m->msg_iov;
    k.iovlen = (uint32_t)m->msg_iovlen;
    k.fds = (pith_gp)fds;
    k.nfds = (uint32_t)n;
    return __syscall_ret((unsigned long)left(pith_sendmsg(fd, &k, flags)));
}

static void
deliver(struct msghdr *m, const struct pith_msg *k, const int32_t *fds)
{
    struct cmsghdr *c = m->msg_control;
    size_t need = CMSG_LEN(k->nfds * sizeof *fds);
    if (k->nfds == 0) {
        m->msg_controllen = 0;
        return;
    }
    memset(c, 0, sizeof *c);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = need;
    memcpy(CMSG_DATA(c), fds, k->nfds * sizeof *fds);
    m->msg_controllen = CMSG_SPACE(k->nfds * sizeof *fds) < m->msg_controllen
                            ? CMSG_SPACE(k->nfds * sizeof *fds)
                            : m->msg_controllen;
}

ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
    int32_t fds[FDS_MAX];
    struct pith_msg k;
    size_t room = 0;
    long r;
    if (m->msg_control && m->msg_controllen > CMSG_LEN(0))
        room = (m->msg_controllen - CMSG_LEN(0)) / sizeof *fds;
    memset(&k, 0, sizeof k);
    k.name = (pith_gp)m->msg_name;
    k.namelen = m->msg_name ? m->msg_namelen : 0;
    k.iov = (pith_gp)m->msg_iov;
    k.iovlen = (uint32_t)m->msg_iovlen;
    k.fds = (pith_gp)fds;
    k.nfds = room < FDS_MAX ? (uint32_t)room : FDS_MAX;
    r = pith_recvmsg(fd, &k, flags);
    if (r >= 0) {
        m->msg_namelen = k.namelen;
        m->msg_flags = (int)k.flags;
        deliver(m, &k, fds);
    }
    return __syscall_ret((unsigned long)left(r));
}
