/* SPDX-License-Identifier: Apache-2.0 */
/* A connection that leaves the tab: net.c keeps it, net_talk.c understands it,
 * net_name.c knows whom it is with. */
#ifndef WEB_NET_H
#define WEB_NET_H

#include "inet.h"
#include "wire.h"

enum net_phase {
    NET_NEW,
    NET_HEAD,
    NET_BODY,
    NET_ASKED,
    NET_FRAMES,
    NET_ENDED
};

/* Messages to net.js, which has the same numbers. */
enum net_message {
    NET_FETCH,  /* "METHOD URL VERSION\n" and headers; the body */
    NET_SOCKET, /* "URL\nKEY\nPROTOCOLS" */
    NET_TEXT,   /* a WebSocket's message */
    NET_BYTES,
    NET_CLOSING, /* "CODE" */
    NET_DROP,
    NET_ROOM, /* "BYTES": so many more may come */
};

struct piece;

struct host_net {
    struct host_net *next;
    uint32_t id;
    void *owner;
    enum net_phase phase;
    int error; /* positive; told once */
    int watch;
    struct inet_addr to;
    /* from the program: what has not been understood yet */
    uint8_t *out;
    size_t nout, room;
    bool last;               /* no request after this one */
    struct http_head head;   /* NET_BODY: its pointers are stale */
    struct http_chunks body; /* also of a WebSocket's message */
    uint8_t opcode;          /* of the message; 0: none has begun */
    /* for the program */
    struct piece *in, **in_end_at;
    size_t nin, taken;
};

/* net.c */
int net_give(struct host_net *n, const void *data, size_t size);
void net_used(struct host_net *n, size_t size);
void net_end(struct host_net *n, int error);
/* To net.js. */
void net_tell(enum net_message op, uint32_t id, const void *text, size_t ntext,
              const void *body, size_t nbody);
bool web_network(void); /* boot.c: whether the page lets programs out */

/* net_talk.c: as far as n->out goes. */
void net_progress(struct host_net *n);

/* net_name.c: "example.org", "192.0.2.1", "[2001:db8::1]". */
void net_host(const struct inet_addr *a, char *out, size_t room);

#endif
