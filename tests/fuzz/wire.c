/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: what programs in a browser put on the wire
 * (host/web/wire.h). The first byte says what the rest is. Bytes that come one
 * after the other are read as when they come at once; an answer of the name
 * server is well-formed.
 */
#include <stdlib.h>
#include <string.h>

#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
inside(const uint8_t *p, size_t n, struct wire w)
{
    if (w.n && (w.p < p || w.p + w.n > p + n))
        abort();
}

static void
heads(const uint8_t *p, size_t n)
{
    struct http_head whole, part;
    int r = http_head(p, n, &whole);

    if (r > 0) {
        if (!whole.size || whole.size > n || !whole.method.n ||
            !whole.target.n || (whole.websocket && !whole.key.n))
            abort();
        inside(p, whole.size, whole.method);
        inside(p, whole.size, whole.target);
        inside(p, whole.size, whole.headers);
        inside(p, whole.size, whole.key);
        inside(p, whole.size, whole.protocols);
        if (http_head(p, whole.size, &part) != 1 || part.size != whole.size ||
            http_head(p, whole.size - 1, &part) != 0)
            abort();
    } else if (r == 0 && n && http_head(p, n - 1, &part) != 0) {
        abort();
    }
}

static void
chunks(const uint8_t *p, size_t n)
{
    uint8_t *once = malloc(n + 1), *slowly = malloc(n + 1);
    struct http_chunks a = {0}, b = {0};
    size_t have;
    int r, s = 0;

    memcpy(once, p, n);
    r = http_chunks(once, n, &a);
    memcpy(slowly, p, n);
    for (have = 0; have <= n && s == 0; have++)
        s = http_chunks(slowly, have, &b);
    if (a.at > n || a.body > a.at || (r >= 0) != (s >= 0))
        abort();
    if (r > 0 && (s != 1 || a.at != b.at || a.body != b.body ||
                  memcmp(once, slowly, a.body)))
        abort();
    free(once);
    free(slowly);
}

static void
frames(const uint8_t *p, size_t n)
{
    struct ws_frame f;
    int r = ws_frame(p, n, &f);

    if (r > 0 && (f.header > n || f.header < 6 || f.length >> 63 ||
                  (f.opcode >= WS_CLOSE && f.length > 125)))
        abort();
}

static uint32_t
lookup(const char *name)
{
    if (!name[0] || strlen(name) >= DNS_NAME_MAX)
        abort();
    return name[0] == 'x' ? 0 : 0xc6120001;
}

static void
names(const uint8_t *p, size_t n)
{
    uint8_t out[DNS_MAX];
    int r = dns_answer(p, n, out, lookup);

    if (r < 0)
        return;
    if (r < 12 + 5 || (size_t)r > DNS_MAX || memcmp(out, p, 2) ||
        !(out[2] & 0x80) || out[7] > 1 ||
        dns_answer(out, (size_t)r, out, lookup) >= 0)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const kinds[])(const uint8_t *, size_t) = {heads, chunks,
                                                             frames, names};
    uint8_t *copy;

    if (!size)
        return 0;
    copy = malloc(size); /* so that each byte too far is seen */
    memcpy(copy, data + 1, size - 1);
    kinds[data[0] & 3](copy, size - 1);
    free(copy);
    return 0;
}
