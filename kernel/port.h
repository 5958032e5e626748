/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between apps. Each named app has one inbox, its port, from its first
 * process's start to its last one's end:
 *
 *     send --(ipc grant? rate? room?)--> [m m m m] --> recv, by whichever of the
 *                                                     app's processes asks
 *
 * What the kernel vouches for: the sender's name, app and process, which no
 * program can set; each message once; between two processes in the order of
 * sending. A queue is bounded, and one sender gets but a part of it: then it
 * waits (or is told -E_AGAIN). A message that was received may be answered
 * once, grant or not.
 *
 * Lock held; port_send and port_recv may block.
 */
#ifndef KERNEL_PORT_H
#define KERNEL_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app;
struct file;
struct port;
struct proc;
struct uio;

#define PORT_MESSAGES 256u         /* in a queue */
#define PORT_SHARE 64u             /* of these, one sender's */
#define PORT_MESSAGE_MAX 65536u    /* bytes of one */
#define PORT_BYTES (1u << 20)      /* of all */

struct port_head {
    uint64_t id;       /* given by the kernel; never 0, never again */
    uint64_t reply_to; /* the message that it answers, or 0 */
    int32_t pid;       /* whose process sent it */
    uint32_t app;      /* its app's id */
    char from[64];     /* and name */
    size_t length;     /* whole */
    bool broadcast;
};

/*
 * Send u's bytes to the app of that name, "*" (all that have opened theirs) or,
 * with name NULL, to who sent reply_to. `sender` is whose grants and name count
 * (p itself, but for the supervisor). The message's id goes to *id. 0, for a
 * broadcast how many got it (none waits for room), -E_NOTCAPABLE, -E_NOENT (no
 * such app, nothing to answer), -E_MSGSIZE, -E_AGAIN, -E_INTR, -E_NOMEM.
 */
int64_t port_send(struct proc *p, struct proc *sender, const char *name,
                  uint64_t reply_to, struct uio *u, bool dontwait,
                  uint64_t *id);
/* The next one: its bytes, as many as u takes; the rest is lost. */
int64_t port_recv(struct port *port, struct uio *u, bool dontwait,
                  struct port_head *head);

/* An open file on a's inbox (of a's name, that is). own: opened by the app
 * itself, which then gets broadcasts. -E_NOMEM */
int port_file(struct app *a, uint32_t flags, bool own, struct file **out);
bool port_is_open(const struct port *port); /* by the app; NULL is fine */
struct port *port_of(const struct file *f); /* NULL: it is none */
uint32_t port_pending(const struct port *port); /* NULL is fine */
/* The app's last process ended: what waits is dropped, who waits is told. */
void port_close(struct port *port);
void port_destroy(struct port *port); /* the app goes; NULL is fine */

#endif
