/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unix sockets: stream, datagram and seqpacket between processes of this
 * system, found by a name in the file system, by an abstract name, or made in
 * pairs; open files and credentials travel along.
 */
#ifndef KERNEL_UNIX_H
#define KERNEL_UNIX_H

#include "socket.h"

/* Files inside messages, all together. */
#define UNIX_IN_FLIGHT_MAX 16384u

int unix_create(int type, struct socket **out);
int unix_pair(int type, struct socket **a, struct socket **b);

/*
 * unix_gc.c: files on their way. A socket that only messages refer to, which
 * only it could receive, is garbage: such cycles are found and freed. May
 * another n be sent? -E_NOBUFS
 */
int unix_may_send_files(uint32_t n);
void unix_file_sent(struct file *f);    /* is in one message more */
void unix_file_arrived(struct file *f); /* in one less */
void unix_collect(void);                /* look for garbage now */
void unix_collect_later(void);      /* a socket was closed */

/* For unix_gc.c: what a socket holds back. */
struct unix_sock {
    struct socket socket; /* first */
    uint32_t refs;        /* the file, peers, accept queues, bindings */
    struct unix_sock *peer;    /* connected to; referenced */
    /* Who waits for room in our queue, or in our backlog. */
    struct unix_sock *waiters, *next_waiter, *waiting_for; /* referenced */
    struct unix_sock *pending, *next_pending; /* accept queue, first first */
    uint32_t npending, backlog;
    struct sock_name name;
    bool bound;               /* the name leads here */
    struct inode *inode;      /* bound in the file system; referenced */
    struct pith_ucred peer_cred, cred; /* cred: who listens */
    bool dead;                /* its file is closed */
    /* garbage collection */
    struct unix_sock *next, *prev; /* all */
    uint32_t in_flight;       /* its file is in so many messages */
    bool reached;
    struct unix_sock *next_reached;
};
extern struct unix_sock *unix_first;
struct unix_sock *unix_of(const struct file *f); /* NULL: not one */

#endif
