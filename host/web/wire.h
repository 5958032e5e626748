/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs put on the wire, read: requests of HTTP/1, frames of WebSocket
 * (RFC 6455), questions for a name server (RFC 1035). Pure functions over bytes
 * that may be anything; nothing is kept but in what the caller passes. net.c
 * has the connections.
 *
 * They answer 1: read; 0: more bytes are needed; or -E_....
 */
#ifndef WEB_WIRE_H
#define WEB_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of the input. */
struct wire {
    const uint8_t *p;
    size_t n;
};

#define HTTP_HEAD_MAX 65536u
#define HTTP_BODY_MAX (16u << 20)

struct http_head {
    size_t size; /* with the empty line */
    struct wire method, target;
    struct wire headers;        /* lines, each with its \r\n */
    struct wire key, protocols; /* Sec-WebSocket-Key, -Protocol */
    uint64_t length;            /* of the body */
    bool chunked, websocket, expect, close, http10;
};
/* -E_INVAL: no HTTP/1, or not in its grammar; -E_2BIG: too long a head. */
int http_head(const uint8_t *p, size_t n, struct http_head *h);

/* A body in chunks, put together at the front of where it lies. */
struct http_chunks {
    size_t at;   /* what has been read */
    size_t body; /* what of the body is whole, from the front */
};
int http_chunks(uint8_t *p, size_t n, struct http_chunks *c);

enum ws_opcode {
    WS_MORE = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10,
};
struct ws_frame {
    uint8_t opcode;
    bool fin;
    uint8_t mask[4];
    size_t header; /* bytes before the payload */
    uint64_t length;
};
/* The header of a client's frame. -E_PROTO */
int ws_frame(const uint8_t *p, size_t n, struct ws_frame *f);
void ws_unmask(uint8_t *p, size_t n, const uint8_t mask[4]);

#define DNS_NAME_MAX 254u
#define DNS_MAX 512u
/*
 * The answer of a name server for which every name has one IPv4 address: its
 * length; -E_INVAL: not a question. lookup: 0 means that there is no such name.
 */
int dns_answer(const uint8_t *q, size_t n, uint8_t out[DNS_MAX],
               uint32_t (*lookup)(const char *name));

#endif
