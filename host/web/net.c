/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network of a page is fetch and WebSocket (net.js). What a program sends
 * through a connection is read as HTTP/1 (wire.h), and the answer comes back as
 * HTTP/1:
 *
 *     program --send--> out --http_head, ws_frame--> message to the page
 *     program <--recv-- in  <----- mailbox, net_task <----- net.js
 *
 *     HEAD --> BODY --> ASKED --> HEAD again     FRAMES: it is a WebSocket now
 *
 * Whoever speaks anything else is reset. Port 443 means https and wss, although
 * the program itself speaks without TLS. Nobody can connect from outside.
 *
 * Only a name is of use to fetch. So the name server of the system (127.0.0.1
 * port 53, where musl asks) gives each name an address of 198.18.0.0/15, which
 * is for tests (RFC 2544) and reaches nobody; by it a connection finds the name
 * again, and so do `net` grants.
 *
 * All under the kernel lock. A program holds no more than OUT_MAX bytes here,
 * all together ALL_MAX; net.js keeps to a window of WINDOW bytes.
 */
#include "hostnet.h"

#include <stdatomic.h>
#include <string.h>

#include "inet.h"
#include "lib.h"
#include "net.h"
#include "pith_errno.h"
#include "web.h"

#define CONNECTIONS 256u
#define OUT_MAX (HTTP_BODY_MAX + HTTP_HEAD_MAX)
#define ALL_MAX (64u << 20)
#define TAKEN_STEP 65536u /* net.js gets room in such steps */

/* What net.js says; it knows the layout. */
#define PIECE_MAX 65536u
static struct {
    _Atomic uint32_t word; /* 1: filled */
    uint32_t id, op, n;
    uint8_t data[PIECE_MAX];
} mailbox;
enum { IN_DATA, IN_DONE, IN_CLOSE };

EXPORT(void *, net_area, void)
{
    return &mailbox;
}

struct piece {
    struct piece *next;
    size_t at, n;
    uint8_t data[];
};

static struct host_net *connections;
static uint32_t count, last_id;
static size_t all_bytes;

/* ---- bytes ----------------------------------------------------------------
 */

/* Something may have become possible. */
static void
ready(struct host_net *n)
{
    int now = host_net_poll(n);

    if (!(now & (n->watch | PITH_POLLHUP)) || !n->watch)
        return;
    n->watch = 0;
    host_net_ready(n->owner);
}

/* For the program. */
int
net_give(struct host_net *n, const void *data, size_t size)
{
    struct piece *p;

    if (!size)
        return 0;
    if (size > ALL_MAX - all_bytes)
        return -E_NOBUFS;
    p = host_alloc(sizeof *p + size);
    if (!p)
        return -E_NOMEM;
    memcpy(p->data, data, size);
    p->n = size;
    *n->in_end_at = p;
    n->in_end_at = &p->next;
    n->nin += size;
    all_bytes += size;
    return 0;
}

static void
free_first(struct host_net *n)
{
    struct piece *p = n->in;

    n->in = p->next;
    if (!n->in)
        n->in_end_at = &n->in;
    host_free(p);
}

static size_t
take(struct host_net *n, uint8_t *to, size_t room, bool peek)
{
    struct piece *p = n->in;
    size_t got = 0;

    while (p && got < room) {
        size_t k = p->n - p->at < room - got ? p->n - p->at : room - got;

        memcpy(to + got, p->data + p->at, k);
        got += k;
        if (peek) {
            p = p->next;
            continue;
        }
        p->at += k;
        n->nin -= k;
        all_bytes -= k;
        if (p->at == p->n)
            free_first(n);
        p = n->in;
    }
    return got;
}

void
net_used(struct host_net *n, size_t size)
{
    memmove(n->out, n->out + size, n->nout - size);
    n->nout -= size;
    all_bytes -= size;
}

static int
add_out(struct host_net *n, const void *data, size_t size)
{
    if (size > n->room - n->nout) {
        size_t room = n->room ? 2 * n->room : 4096;
        uint8_t *more;

        while (room < n->nout + size)
            room *= 2;
        more = host_realloc(n->out, room);
        if (!more)
            return -E_NOMEM;
        n->out = more;
        n->room = room;
    }
    memcpy(n->out + n->nout, data, size);
    n->nout += size;
    all_bytes += size;
    return 0;
}

static void
tell_parts(const uint8_t *p, size_t n)
{
    for (size_t k; n; p += k, n -= k) {
        k = n < NEWS_MAX ? n : NEWS_MAX;
        web_tell(NEWS_PART, 0, 0, 0, p, k);
    }
}

void
net_tell(enum net_message op, uint32_t id, const void *text, size_t ntext,
         const void *body, size_t nbody)
{
    tell_parts(text, ntext);
    tell_parts(body, nbody);
    web_tell(NEWS_NET, (int)op, (int)id, (int)ntext, "", 0);
}

/* No more will come, and nothing is asked of the page. */
void
net_end(struct host_net *n, int error)
{
    if (n->phase == NET_ASKED || n->phase == NET_FRAMES)
        net_tell(NET_DROP, n->id, "", 0, "", 0);
    n->phase = NET_ENDED;
    if (!n->error)
        n->error = error;
}

/* ---- the page's answers
 * ------------------------------------------------------ */

static void
deliver(void)
{
    struct host_net *n = connections;

    while (n && n->id != mailbox.id)
        n = n->next;
    if (!n || mailbox.n > PIECE_MAX)
        return; /* closed meanwhile */
    if (net_give(n, mailbox.data, mailbox.n) < 0)
        net_end(n, E_NOBUFS);
    if (mailbox.op == IN_CLOSE)
        n->phase = NET_ENDED;
    else if (mailbox.op == IN_DONE && n->phase == NET_ASKED)
        n->phase = n->last ? NET_ENDED : NET_HEAD;
    if (mailbox.op != IN_DATA)
        net_progress(n);
    ready(n);
}

static void
net_task(void *arg)
{
    (void)arg;
    for (;;) {
        kernel_unlock();
        while (!atomic_load(&mailbox.word))
            web_wait(&mailbox.word, 0, HOST_FOREVER);
        kernel_lock();
        deliver();
        atomic_store(&mailbox.word, 0);
        web_wake(&mailbox.word, 1);
    }
}

/* ---- connections
 * ------------------------------------------------------------- */

int
host_net_open(bool stream, bool v6, void *owner, struct host_net **out)
{
    static bool started;
    struct host_task *t;
    struct host_net *n;
    int r;

    (void)v6;
    *out = NULL;
    if (!stream || !web_network())
        return -E_NETUNREACH;
    if (count >= CONNECTIONS)
        return -E_NOBUFS;
    if (!started) {
        r = host_task_create(&t, net_task, NULL, 0);
        if (r < 0)
            return r;
        started = true;
    }
    n = host_alloc(sizeof *n);
    if (!n)
        return -E_NOMEM;
    n->id = ++last_id;
    n->owner = owner;
    n->in_end_at = &n->in;
    n->next = connections;
    connections = n;
    count++;
    *out = n;
    return 0;
}

void
host_net_close(struct host_net *n)
{
    struct host_net **at = &connections;

    if (!n)
        return;
    while (*at != n)
        at = &(*at)->next;
    *at = n->next;
    count--;
    net_end(n, 0);
    all_bytes -= n->nin + n->nout;
    while (n->in)
        free_first(n);
    host_free(n->out);
    host_free(n);
}

/* Out there it means nothing where a connection comes from. */
int
host_net_bind(struct host_net *n, const struct inet_addr *a, bool shared)
{
    (void)n, (void)a, (void)shared;
    return 0;
}

int
host_net_listen(struct host_net *n, int backlog)
{
    (void)n, (void)backlog;
    return -E_NETUNREACH;
}

int
host_net_accept(struct host_net *n, void *owner, struct host_net **out)
{
    (void)n, (void)owner, (void)out;
    return -E_NETUNREACH;
}

int
host_net_connect(struct host_net *n, const struct inet_addr *a)
{
    n->to = *a;
    n->phase = NET_HEAD;
    return 0;
}

int
host_net_error(struct host_net *n)
{
    int error = n->error;

    n->error = 0;
    return -error;
}

int64_t
host_net_send(struct host_net *n, const void *buf, size_t len,
              const struct inet_addr *to)
{
    int r;

    (void)to;
    if (n->error)
        return host_net_error(n);
    if (n->phase == NET_ENDED)
        return -E_PIPE;
    if (len > OUT_MAX - n->nout) {
        len = OUT_MAX - n->nout;
        if (!len)
            return -E_AGAIN;
    }
    if (len > ALL_MAX - all_bytes)
        return -E_NOBUFS;
    r = add_out(n, buf, len);
    if (r < 0)
        return r;
    net_progress(n);
    if (n->nin || n->phase == NET_ENDED)
        ready(n);
    return (int64_t)len;
}

int64_t
host_net_recv(struct host_net *n, void *buf, size_t room, bool peek,
              struct inet_addr *from)
{
    size_t got = take(n, buf, room, peek);
    char text[24];

    (void)from;
    if (!got && n->error)
        return host_net_error(n);
    if (!got)
        return n->phase == NET_ENDED ? 0 : -E_AGAIN;
    if (!peek)
        n->taken += got;
    if (n->taken >= TAKEN_STEP) {
        size_t k = text_format(text, sizeof text, "%zu", n->taken);

        net_tell(NET_ROOM, n->id, text, k, "", 0);
        n->taken = 0;
    }
    return (int64_t)got;
}

int
host_net_name(struct host_net *n, bool peer, struct inet_addr *out)
{
    if (peer) {
        *out = n->to;
        return 0;
    }
    memset(out, 0, sizeof *out); /* a page does not know its own address */
    out->ip[10] = out->ip[11] = 0xff;
    return 0;
}

/* Nobody there could be told of half a connection. */
int
host_net_shutdown(struct host_net *n, int how)
{
    if (how != PITH_SHUT_WR)
        net_end(n, 0);
    return 0;
}

int
host_net_setopt(struct host_net *n, int level, int name, int32_t value)
{
    (void)n, (void)level, (void)name, (void)value;
    return 0;
}

int
host_net_poll(struct host_net *n)
{
    int events = 0;

    if (n->in || n->phase == NET_ENDED)
        events |= PITH_POLLIN;
    if (n->phase == NET_ENDED)
        events |= PITH_POLLHUP | PITH_POLLRDHUP;
    if (n->error)
        events |= PITH_POLLERR;
    if (n->nout < OUT_MAX)
        events |= PITH_POLLOUT;
    return events;
}

int
host_net_watch(struct host_net *n, int events)
{
    n->watch |= events;
    return 0;
}
