/* SPDX-License-Identifier: Apache-2.0 */
/* What a program says to somebody out there; see net.c. */
#include <string.h>

#include "host.h"
#include "lib.h"
#include "net.h"
#include "pith_errno.h"
#include "web.h"

#define TLS_PORT 443
#define TLS_HANDSHAKE 0x16
#define WS_MESSAGE_MAX HTTP_BODY_MAX
#define WS_WRONG 1002 /* close codes */
#define WS_TOO_BIG 1009

/* ---- requests
 * ----------------------------------------------------------------- */

/* An answer that does not come from out there. */
static void
answer_self(struct host_net *n, const char *status, const char *why)
{
    char text[256];
    size_t k = text_format(text, sizeof text,
                           "HTTP/1.1 %s\r\nContent-Type: text/plain\r\n"
                           "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                           status, strlen(why), why);

    net_give(n, text, k);
    net_end(n, 0);
}

static void
refuse(struct host_net *n, int error)
{
    if (n->nout && n->out[0] == TLS_HANDSHAKE)
        kernel_log("net: TLS cannot leave a browser: speak plain HTTP to port "
                   "443, which becomes https");
    else
        kernel_log("net: only HTTP/1 and WebSocket leave a browser");
    net_end(n, error == -E_2BIG ? E_MSGSIZE : E_CONNRESET);
}

static void
add_url(struct text *t, const struct host_net *n, const struct http_head *h)
{
    bool tls = n->to.port == TLS_PORT;
    char host[DNS_NAME_MAX + 2];

    net_host(&n->to, host, sizeof host);
    text_add(t, "%s%s://%s:%u", h->websocket ? "ws" : "http", tls ? "s" : "",
             host, n->to.port);
    text_add_bytes(t, (const char *)h->target.p, h->target.n);
}

static void
ask_fetch(struct host_net *n, const struct http_head *h, size_t body)
{
    size_t room = h->size + 512;
    struct text t = {host_alloc(room), room, 0};

    if (!t.out) {
        net_end(n, E_NOMEM);
        return;
    }
    text_add_bytes(&t, (const char *)h->method.p, h->method.n);
    text_add(&t, " ");
    add_url(&t, n, h);
    text_add(&t, h->http10 ? " 0\n" : " 1\n");
    text_add_bytes(&t, (const char *)h->headers.p, h->headers.n);
    net_tell(NET_FETCH, n->id, t.out, t.used, n->out + h->size, body);
    host_free(t.out);
    n->last = h->close;
    n->phase = NET_ASKED;
}

static void
ask_socket(struct host_net *n, const struct http_head *h)
{
    size_t room = h->size + 512;
    struct text t = {host_alloc(room), room, 0};

    if (!t.out) {
        net_end(n, E_NOMEM);
        return;
    }
    add_url(&t, n, h);
    text_add(&t, "\n");
    text_add_bytes(&t, (const char *)h->key.p, h->key.n);
    text_add(&t, "\n");
    text_add_bytes(&t, (const char *)h->protocols.p, h->protocols.n);
    net_tell(NET_SOCKET, n->id, t.out, t.used, "", 0);
    host_free(t.out);
    net_used(n, h->size);
    memset(&n->body, 0, sizeof n->body);
    n->phase = NET_FRAMES;
}

/* True: go on with what is behind it. */
static bool
read_head(struct host_net *n)
{
    struct http_head *h = &n->head;
    int r = n->nout ? http_head(n->out, n->nout, h) : 0;

    if (r < 0)
        refuse(n, r);
    if (r <= 0)
        return false;
    if (h->target.p[0] != '/') {
        answer_self(n, "400 Bad Request", "Ask for a path: GET /...\n");
        return false;
    }
    if (h->websocket) {
        ask_socket(n, h);
        return true;
    }
    if (h->length > HTTP_BODY_MAX) {
        answer_self(n, "413 Content Too Large",
                    "At most 16 MiB can be sent from a browser.\n");
        return false;
    }
    if (h->expect)
        net_give(n, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    memset(&n->body, 0, sizeof n->body);
    n->phase = NET_BODY;
    return true;
}

static bool
read_body(struct host_net *n)
{
    size_t size = n->head.size, body = (size_t)n->head.length;
    struct http_head h;
    int r = n->nout - size >= body;

    if (n->head.chunked) {
        r = http_chunks(n->out + size, n->nout - size, &n->body);
        body = n->body.body;
    }
    if (r < 0)
        refuse(n, r);
    if (r <= 0)
        return false;
    http_head(n->out, n->nout, &h); /* once more: they may have moved */
    ask_fetch(n, &h, body);
    net_used(n, size + (h.chunked ? n->body.at : body));
    return true;
}

/* ---- WebSocket
 * -------------------------------------------------------------------- */

static void
give_frame(struct host_net *n, uint8_t opcode, const uint8_t *p, size_t size)
{
    uint8_t head[2] = {(uint8_t)(0x80 | opcode), (uint8_t)size};

    net_give(n, head, sizeof head);
    net_give(n, p, size);
}

static void
ws_fail(struct host_net *n, uint32_t code)
{
    uint8_t reason[2] = {(uint8_t)(code >> 8), (uint8_t)code};

    give_frame(n, WS_CLOSE, reason, sizeof reason);
    net_end(n, 0);
}

static void
control(struct host_net *n, uint8_t opcode, const uint8_t *p, size_t size)
{
    uint32_t code = size >= 2 ? (uint32_t)(p[0] << 8 | p[1]) : 1000;
    char text[8];

    if (opcode == WS_PING) {
        give_frame(n, WS_PONG, p, size);
    } else if (opcode == WS_CLOSE) {
        /* the answer to it comes from the other side, through net.js */
        size_t k = text_format(text, sizeof text, "%u", code);

        net_tell(NET_CLOSING, n->id, text, k, "", 0);
    }
}

/*
 * The frame at body.at: its payload goes behind what there is of the message,
 * which is at the front. True: go on.
 */
static bool
read_frame(struct host_net *n)
{
    struct http_chunks *m = &n->body;
    struct ws_frame f;
    int r = ws_frame(n->out + m->at, n->nout - m->at, &f);
    uint8_t *p;

    if (r > 0 && f.opcode < WS_CLOSE && (f.opcode == WS_MORE) == !n->opcode)
        r = -E_PROTO; /* a message in a message, or the rest of none */
    if (r < 0) {
        ws_fail(n, WS_WRONG);
        return false;
    }
    if (r > 0 && f.length > WS_MESSAGE_MAX - m->body) {
        ws_fail(n, WS_TOO_BIG);
        return false;
    }
    if (!r || n->nout - m->at - f.header < f.length)
        return false;
    p = n->out + m->at + f.header;
    ws_unmask(p, (size_t)f.length, f.mask);
    m->at += f.header + (size_t)f.length;
    if (f.opcode >= WS_CLOSE) {
        control(n, f.opcode, p, (size_t)f.length);
        return n->phase == NET_FRAMES;
    }
    memmove(n->out + m->body, p, (size_t)f.length);
    m->body += (size_t)f.length;
    if (f.opcode)
        n->opcode = f.opcode;
    if (!f.fin)
        return true;
    net_tell(n->opcode == WS_TEXT ? NET_TEXT : NET_BYTES, n->id, "", 0,
                n->out, m->body);
    n->opcode = 0;
    net_used(n, m->at);
    m->at = m->body = 0;
    return true;
}

void
net_progress(struct host_net *n)
{
    bool more = true;

    while (more && n->nout) {
        switch (n->phase) {
        case NET_HEAD:
            more = read_head(n);
            break;
        case NET_BODY:
            more = read_body(n);
            break;
        case NET_FRAMES:
            more = n->nout > n->body.at && read_frame(n);
            break;
        default:
            more = false;
        }
    }
}
