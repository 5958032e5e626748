/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets: what all families share. The calls of call.h (socket.c) check
 * arguments, block, honour time-outs and raise SIGPIPE; a family only does one
 * step that never blocks, and says -E_AGAIN when it cannot.
 *
 *     file --> struct socket (ops: unix.c, tcp.c, udp.c) --> received queue
 */
#ifndef KERNEL_SOCKET_H
#define KERNEL_SOCKET_H

#include "call.h"
#include "sockbuf.h"

#define SOCK_BUF_DEFAULT 212992u /* as on Linux */
#define SOCK_BUF_MIN 4608u
#define SOCK_BUF_MAX (4u << 20)
#define SOCK_BACKLOG_MAX 4096

struct socket;

/* NULL: -E_NOTSUP. Under the lock, never blocking, but for name look-ups in
 * bind and connect. */
struct socket_ops {
    int (*bind)(struct socket *s, struct proc *p, const struct sock_name *n);
    int (*listen)(struct socket *s, struct proc *p, int backlog);
    /* One that has connected; -E_AGAIN. */
    int (*accept)(struct socket *s, struct socket **out);
    /* 0: connected. -E_INPROGRESS: it will be, or not (socket.connecting, then
     * error). -E_AGAIN: nothing done; ask again after write_wait. -E_ALREADY */
    int (*connect)(struct socket *s, struct proc *p,
                   const struct sock_name *n);
    /* Bytes taken, maybe not all of a stream's; -E_PIPE; -E_AGAIN: ask again
     * after write_wait. m is never NULL. */
    int64_t (*send)(struct socket *s, struct uio *u, struct call_msg *m);
    /* flags: PITH_MSG_PEEK. *full: a record's whole length. -E_AGAIN */
    int64_t (*recv)(struct socket *s, struct uio *u, uint32_t flags,
                    struct call_msg *m, uint32_t *full);
    int (*name)(struct socket *s, bool peer, struct sock_name *out);
    int (*poll)(struct socket *s);
    int (*shutdown)(struct socket *s, int how);
    /* The file is gone. Frees s, now or when nobody refers to it. */
    void (*release)(struct socket *s);
    /* Options of its own level; -E_NOPROTOOPT. */
    int (*getopt)(struct socket *s, int level, int name, void *out,
                  uint32_t *len);
    int (*setopt)(struct socket *s, int level, int name, int32_t value);
};

struct socket {
    const struct socket_ops *ops;
    int domain, type, protocol;
    uint64_t ino;        /* st_ino of its file */
    struct file *file;   /* borrowed; NULL: not accepted yet, or closed */
    struct sock_queue in;
    uint32_t rcvbuf, sndbuf;
    uint64_t rcvtimeo_ns, sndtimeo_ns; /* 0: for ever */
    int error;           /* positive E_, told once */
    bool listening, connecting, connected;
    bool rd_shut, wr_shut;
    bool reuse, broadcast, keepalive, nodelay;
    struct pith_linger linger;
    struct wait_queue read_wait;  /* something to read or accept */
    struct wait_queue write_wait; /* room at the other end, or connected */
};

void socket_init(struct socket *s, const struct socket_ops *ops, int domain,
                 int type, int protocol);
/* An open file on s. -E_NOMEM (s stays the caller's) */
int socket_file(struct socket *s, uint32_t flags, struct file **out);
/* The socket of an open file, or NULL. */
struct socket *socket_of(const struct file *f);
/* so_error: the pending error as -E_, which it forgets; 0. */
int socket_take_error(struct socket *s);
bool socket_is_record(const struct socket *s); /* message bounds count */
/* Who sends: the calling process. */
struct pith_ucred socket_sender(void);

/* A whole transfer, blocking as the file's and the call's flags (PITH_MSG_*)
 * say; a send that finds nobody there raises SIGPIPE. */
int64_t socket_send(struct file *f, struct uio *u, uint32_t flags,
                    struct call_msg *m);
int64_t socket_recv(struct socket *s, struct uio *u, uint32_t flags,
                    bool nonblock, struct call_msg *m);
/* When SO_RCVTIMEO or SO_SNDTIMEO will be over; and sleeping until then, which
 * is -E_AGAIN. */
uint64_t socket_deadline(uint64_t timeout_ns);
int socket_wait(struct wait_queue *q, uint64_t deadline_ns);

/* sockopt.c: options of SOL_SOCKET */
int socket_getopt(struct socket *s, int name, void *out, uint32_t *len);
int socket_setopt(struct socket *s, int name, const void *value, uint32_t len);
/* The unix family's answer to SO_PEERCRED. -E_NOPROTOOPT */
int unix_peer_cred(struct socket *s, struct pith_ucred *out);

/* inet.c: a new TCP or UDP socket. -E_PROTONOSUPPORT */
int inet_create(int domain, int type, int protocol, struct socket **out);

#endif
