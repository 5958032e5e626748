/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of WebSocket, and names; see wire.h. */
#include "wire.h"

#include <string.h>

#include "pith_errno.h"

/* ---- WebSocket --------------------------------------------------------------
 */

static bool
known(uint8_t opcode)
{
    return opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);
}

int
ws_frame(const uint8_t *p, size_t n, struct ws_frame *f)
{
    size_t more, i;

    if (n < 2)
        return 0;
    f->fin = p[0] >> 7;
    f->opcode = p[0] & 15;
    f->length = p[1] & 127;
    if ((p[0] & 0x70) || !(p[1] & 0x80) || !known(f->opcode))
        return -E_PROTO; /* a client's frames are masked */
    if (f->opcode >= WS_CLOSE && (!f->fin || f->length > 125))
        return -E_PROTO;
    more = f->length == 126 ? 2 : f->length == 127 ? 8 : 0;
    f->header = 2 + more + 4;
    if (n < f->header)
        return 0;
    if (more)
        f->length = 0;
    for (i = 0; i < more; i++)
        f->length = f->length << 8 | p[2 + i];
    if (f->length >> 63)
        return -E_PROTO;
    memcpy(f->mask, p + 2 + more, 4);
    return 1;
}

void
ws_unmask(uint8_t *p, size_t n, const uint8_t mask[4])
{
    size_t i;

    for (i = 0; i < n; i++)
        p[i] ^= mask[i & 3];
}

/* ---- names
 * -------------------------------------------------------------------- */

#define DNS_HEADER 12u
#define TYPE_A 1u
#define TTL_S 60u

static bool
name_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_';
}

/* Labels to text in lower case; 0: not a name, else where it ends. */
static size_t
read_name(const uint8_t *q, size_t n, size_t at, char name[DNS_NAME_MAX],
          bool *plain)
{
    size_t used = 0;

    *plain = true;
    for (;;) {
        size_t len = at < n ? q[at++] : 64, i;

        if (len > 63 || len > n - at || used + len + 1 >= DNS_NAME_MAX)
            return 0;
        if (!len)
            break;
        if (used)
            name[used++] = '.';
        for (i = 0; i < len; i++) {
            uint8_t c = q[at++];

            c = c >= 'A' && c <= 'Z' ? c + 32 : c;
            *plain &= name_byte(c);
            name[used++] = (char)c;
        }
    }
    name[used] = 0;
    *plain &= used > 0;
    return at;
}

static void
put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

int
dns_answer(const uint8_t *q, size_t n, uint8_t out[DNS_MAX],
           uint32_t (*lookup)(const char *name))
{
    char name[DNS_NAME_MAX];
    uint32_t type, address;
    bool plain;
    size_t at;

    /* one question, standard, not an answer itself */
    if (n < DNS_HEADER || (q[2] & 0xf8) || q[4] || q[5] != 1)
        return -E_INVAL;
    at = read_name(q, n, DNS_HEADER, name, &plain);
    if (!at || n - at < 4 || at + 4 + 16 > DNS_MAX)
        return -E_INVAL;
    type = (uint32_t)(q[at] << 8 | q[at + 1]);
    at += 4;
    memcpy(out, q, at);
    memset(out + 6, 0, 6);
    out[2] = 0x80 | (q[2] & 1); /* an answer; recursion as desired ... */
    out[3] = 0x80;              /* ... which is to be had */
    address = plain ? lookup(name) : 0;
    if (!address)
        out[3] |= 3; /* there is no such name */
    if (!address || type != TYPE_A)
        return (int)at;
    out[7] = 1;
    put16(out + at, 0xc000 | DNS_HEADER); /* the name in the question */
    put16(out + at + 2, TYPE_A);
    put16(out + at + 4, 1);
    put16(out + at + 6, 0);
    put16(out + at + 8, TTL_S);
    put16(out + at + 10, 4);
    put16(out + at + 12, address >> 16);
    put16(out + at + 14, address);
    return (int)at + 16;
}
