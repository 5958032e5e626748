/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a socket has received and nobody has read yet: a queue of messages. In
 * a stream a message is just a piece, and small ones are put together; in a
 * datagram or seqpacket socket its bounds count. A message may carry open
 * files, its sender's credentials and his address.
 *
 * Memory is charged to the receiving socket, overhead included, against its
 * SO_RCVBUF; all queues together stay within a budget, past which each may hold
 * only a little.
 */
#ifndef KERNEL_SOCKBUF_H
#define KERNEL_SOCKBUF_H

#include "file.h"
#include "../abi/pith/abi.h"

#define SOCK_FILES_MAX 253u       /* in one message, as on Linux */
#define SOCK_BUDGET (256u << 20)  /* bytes, all sockets together */

/* An address of any family, and how long it is. */
struct sock_name {
    uint32_t len; /* 0: none */
    union {
        uint16_t family;
        struct pith_sockaddr_un un;
        struct pith_sockaddr_in in;
        struct pith_sockaddr_in6 in6;
        uint8_t bytes[sizeof(struct pith_sockaddr_un)];
    };
};

struct sock_msg {
    struct sock_msg *next;
    uint32_t start, len; /* data[start] to data[start + len] is there */
    uint32_t room;       /* of data */
    uint32_t nfiles;
    struct file **files; /* referenced; NULL when nfiles is 0 */
    struct pith_ucred sender;
    struct sock_name *from; /* behind data; NULL: nobody asked */
    uint8_t data[];
};

struct sock_queue {
    struct sock_msg *first, *last;
    uint64_t bytes;  /* payload */
    uint64_t charge; /* memory */
    struct sock_msg *spare; /* a small one that was read, to be used again */
};

/*
 * Make a message of n bytes out of u. files are referenced anew. from may be
 * NULL. -E_NOMEM, -E_FAULT, -E_NOBUFS (too many files are on their way).
 */
int sock_msg_create(struct uio *u, uint32_t n, struct file **files,
                    uint32_t nfiles, const struct pith_ucred *sender,
                    const struct sock_name *from, struct sock_msg **out);
/* Frees it; its files are closed, soon. NULL is fine. */
void sock_msg_destroy(struct sock_msg *m);

void sock_queue_put(struct sock_queue *q, struct sock_msg *m);
struct sock_msg *sock_queue_take(struct sock_queue *q); /* NULL: empty */
void sock_queue_clear(struct sock_queue *q);
/* How many bytes more may come with this SO_RCVBUF; 0: wait. */
uint32_t sock_queue_space(const struct sock_queue *q, uint32_t rcvbuf);

/*
 * Stream: put up to n bytes at the end, into the last message's free room when
 * it has the same sender and no files. Bytes, or -E_.
 */
int64_t sock_queue_append(struct sock_queue *q, struct uio *u, uint32_t n,
                          struct file **files, uint32_t nfiles,
                          const struct pith_ucred *sender);

struct call_msg;
/*
 * Stream: move bytes to u, not beyond a message with files or of another
 * sender than the first. peek: leave them. Bytes; 0 when empty; -E_FAULT.
 */
int64_t sock_queue_read(struct sock_queue *q, struct uio *u, bool peek,
                        struct call_msg *m);
/* Record: move the first message to u; what does not fit is lost and told by
 * PITH_MSG_TRUNC in m->flags. *full gets its whole length. The queue must not
 * be empty. Bytes, or -E_FAULT. */
int64_t sock_queue_read_record(struct sock_queue *q, struct uio *u, bool peek,
                               struct call_msg *m, uint32_t *full);

/* Close files that messages held; iterative, however deep they nest. */
void sock_files_drop(struct file **files, uint32_t n);

#endif
