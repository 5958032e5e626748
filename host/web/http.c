/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of HTTP/1 (RFC 9112); see wire.h. */
#include "wire.h"

#include <string.h>

#include "hex.h"
#include "pith_errno.h"

#define CHUNK_LINE_MAX 256u

static char
lower(uint8_t c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static bool
is_word(struct wire w, const char *word)
{
    size_t i;

    for (i = 0; i < w.n && word[i]; i++) {
        if (lower(w.p[i]) != word[i])
            return false;
    }
    return i == w.n && !word[i];
}

/* Is word in the comma-separated list? */
static bool
in_list(struct wire w, const char *word)
{
    size_t from = 0, i;

    for (i = 0; i <= w.n; i++) {
        struct wire part = {w.p + from, i - from};

        if (i < w.n && w.p[i] != ',')
            continue;
        for (; part.n && part.p[0] == ' '; part.p++)
            part.n--;
        while (part.n && part.p[part.n - 1] == ' ')
            part.n--;
        if (is_word(part, word))
            return true;
        from = i + 1;
    }
    return false;
}

/* RFC 9110's token: what methods and the names of headers are made of. */
static bool
is_token(struct wire w)
{
    size_t i;

    for (i = 0; i < w.n; i++) {
        uint8_t c = w.p[i];

        if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
            return false;
    }
    return w.n > 0;
}

static bool
is_text(struct wire w)
{
    size_t i;

    for (i = 0; i < w.n; i++) {
        if ((w.p[i] < ' ' && w.p[i] != '\t') || w.p[i] == 0x7f)
            return false;
    }
    return true;
}

/* Up to the next separator, which goes too; false: there is none. */
static bool
cut(struct wire *rest, uint8_t separator, struct wire *out)
{
    const uint8_t *at = rest->n ? memchr(rest->p, separator, rest->n) : NULL;

    if (!at)
        return false;
    *out = (struct wire){rest->p, (size_t)(at - rest->p)};
    rest->n -= out->n + 1;
    rest->p = at + 1;
    return true;
}

/* A line; programs that end theirs by a mere newline are understood. */
static bool
cut_line(struct wire *rest, struct wire *line)
{
    if (!cut(rest, '\n', line))
        return false;
    if (line->n && line->p[line->n - 1] == '\r')
        line->n--;
    return true;
}

static bool
request_line(struct wire line, struct http_head *h)
{
    return cut(&line, ' ', &h->method) && cut(&line, ' ', &h->target) &&
           is_token(h->method) && h->target.n && is_text(h->target) &&
           line.n == 8 && memcmp(line.p, "HTTP/1.", 7) == 0 &&
           (line.p[7] == '0' || line.p[7] == '1') &&
           (h->http10 = line.p[7] == '0', true);
}

static bool
content_length(struct wire value, struct http_head *h, bool again)
{
    uint64_t length = 0;
    size_t i;

    for (i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9' || length > UINT32_MAX)
            return false;
        length = length * 10 + (uint64_t)(value.p[i] - '0');
    }
    if (again && h->length != length)
        return false;
    h->length = length;
    return value.n > 0;
}

static bool
header(struct wire line, struct http_head *h, bool *had_length)
{
    struct wire name, value;

    if (!cut(&line, ':', &name) || !is_token(name) || !is_text(line))
        return false;
    value = line;
    for (; value.n && (*value.p == ' ' || *value.p == '\t'); value.p++)
        value.n--;
    while (value.n &&
           (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
        value.n--;
    if (is_word(name, "content-length")) {
        if (!content_length(value, h, *had_length))
            return false;
        *had_length = true;
    } else if (is_word(name, "transfer-encoding")) {
        h->chunked = true;
        return is_word(value, "chunked"); /* no other coding is understood */
    } else if (is_word(name, "connection")) {
        h->close |= in_list(value, "close");
    } else if (is_word(name, "expect")) {
        h->expect = is_word(value, "100-continue");
    } else if (is_word(name, "upgrade")) {
        h->websocket = in_list(value, "websocket");
    } else if (is_word(name, "sec-websocket-key")) {
        h->key = value;
    } else if (is_word(name, "sec-websocket-protocol")) {
        h->protocols = value;
    }
    return true;
}

/* Could that become a request? So that who speaks TLS is told at once. */
static bool
begins_well(const uint8_t *p, size_t n)
{
    size_t i;

    for (i = 0; i < n && i < 32; i++) {
        if (p[i] == ' ')
            return i > 0;
        if (!is_token((struct wire){p + i, 1}))
            return false;
    }
    return n < 32;
}

int
http_head(const uint8_t *p, size_t n, struct http_head *h)
{
    struct wire rest = {p, n}, line;
    bool had_length = false;

    memset(h, 0, sizeof *h);
    if (!begins_well(p, n))
        return -E_INVAL;
    if (rest.n > HTTP_HEAD_MAX)
        rest.n = HTTP_HEAD_MAX;
    if (!cut_line(&rest, &line))
        return n >= HTTP_HEAD_MAX ? -E_2BIG : 0;
    if (!request_line(line, h))
        return -E_INVAL;
    h->headers.p = rest.p;
    for (;;) {
        if (!cut_line(&rest, &line))
            return n >= HTTP_HEAD_MAX ? -E_2BIG : 0;
        if (!line.n)
            break;
        if (!header(line, h, &had_length))
            return -E_INVAL;
        h->headers.n = (size_t)(rest.p - h->headers.p);
    }
    if (h->chunked && had_length)
        return -E_INVAL; /* which of them? */
    h->close |= h->http10;
    h->websocket = h->websocket && h->key.n;
    h->size = (size_t)(rest.p - p);
    return 1;
}

/* ---- chunks -------------------------------------------------------------- */

static bool
chunk_size(struct wire line, size_t *size)
{
    size_t i;

    *size = 0;
    for (i = 0; i < line.n && hex_digit(line.p[i]) >= 0; i++) {
        *size = *size * 16 + (size_t)hex_digit(line.p[i]);
        if (*size > HTTP_BODY_MAX)
            return false;
    }
    return i > 0 && (i == line.n || line.p[i] == ';' || line.p[i] == ' ');
}

/* Behind the last chunk: lines up to an empty one. */
static int
trailers(uint8_t *p, size_t n, size_t at, struct http_chunks *c)
{
    struct wire rest = {p + at, n - at}, line;

    if (rest.n > HTTP_HEAD_MAX)
        rest.n = HTTP_HEAD_MAX;
    do {
        if (!cut_line(&rest, &line))
            return n - at >= HTTP_HEAD_MAX ? -E_2BIG : 0;
    } while (line.n);
    c->at = (size_t)(rest.p - p);
    return 1;
}

int
http_chunks(uint8_t *p, size_t n, struct http_chunks *c)
{
    for (;;) {
        struct wire rest = {p + c->at, n - c->at}, line;
        size_t size;

        if (!cut_line(&rest, &line))
            return n - c->at > CHUNK_LINE_MAX ? -E_INVAL : 0;
        if (n - rest.n - c->at > CHUNK_LINE_MAX + 1 ||
            !chunk_size(line, &size) || size > HTTP_BODY_MAX - c->body)
            return -E_INVAL;
        if (!size)
            return trailers(p, n, n - rest.n, c);
        if (rest.n < size + 2)
            return 0;
        if (rest.p[size] != '\r' || rest.p[size + 1] != '\n')
            return -E_INVAL;
        memmove(p + c->body, rest.p, size);
        c->body += size;
        c->at = n - rest.n + size + 2;
    }
}
