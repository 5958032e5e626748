/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much HTTP as a scraper needs: GET or HEAD of /metrics and /healthz, one
 * request a connection. Whoever can connect may ask, so: few at a time, a short
 * request, a deadline.
 */
#include "super.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REQUEST_MAX 8192u
#define DEADLINE_MS 10000u

static struct connection {
    int fd; /* 0: free (that is never one of these) */
    struct buffer in, out;
    size_t written;
    uint64_t since;
} all[HTTP_MAX];

static void
drop(struct connection *c)
{
    close(c->fd);
    c->fd = 0;
}

void
http_accept(int fd)
{
    for (;;) {
        struct connection *c = all;
        int conn;

        while (c < all + HTTP_MAX && c->fd)
            c++;
        if (c == all + HTTP_MAX)
            return; /* it waits, with the host */
        conn = host_accept(fd);
        if (conn < 0)
            return;
        c->fd = conn;
        c->in.used = c->out.used = c->written = 0;
        c->since = now_ms();
    }
}

int
http_fd(int k, bool *writing)
{
    *writing = all[k].out.used > 0;
    return all[k].fd ? all[k].fd : -1;
}

static void
answer(struct connection *c, bool head, const char *status, const char *type,
       const struct buffer *body)
{
    buffer_print(&c->out,
                 "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                 "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
                 status, type, body->used);
    if (!head)
        buffer_add(&c->out, body->bytes, body->used, ANSWER_MAX);
}

static void
respond(struct connection *c)
{
    static struct buffer body;
    const char *status = "200 OK", *type = "text/plain; charset=utf-8";
    char method[8] = "", path[64] = "";
    bool head;

    body.used = 0;
    sscanf(c->in.bytes, "%7[A-Z] %63[^ ?\r\n]", method, path);
    head = strcmp(method, "HEAD") == 0;
    if (!head && strcmp(method, "GET") != 0) {
        status = "405 Method Not Allowed";
        buffer_print(&body, "GET or HEAD\n");
    } else if (strcmp(path, "/metrics") == 0) {
        type = "text/plain; version=0.0.4; charset=utf-8";
        metrics(&body);
    } else if (strcmp(path, "/healthz") == 0) {
        buffer_print(&body, "ok\n");
    } else {
        status = "404 Not Found";
        buffer_print(&body, "there are /metrics and /healthz\n");
    }
    answer(c, head, status, type, &body);
}

static void
take(struct connection *c)
{
    char bytes[2048];
    ssize_t n = read(c->fd, bytes, sizeof bytes);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || !buffer_add(&c->in, bytes, (size_t)n, REQUEST_MAX) ||
        !buffer_add(&c->in, "", 1, REQUEST_MAX + 1)) {
        drop(c);
        return;
    }
    c->in.used--; /* the NUL is only there to end it */
    if (strstr(c->in.bytes, "\r\n\r\n") || strstr(c->in.bytes, "\n\n"))
        respond(c);
}

static void
give(struct connection *c)
{
    ssize_t n = write(c->fd, c->out.bytes + c->written,
                      c->out.used - c->written);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        c->written += (size_t)n;
    if (n < 0 || c->written == c->out.used)
        drop(c);
}

void
http_serve(int k)
{
    struct connection *c = &all[k];

    if (c->fd && !c->out.used)
        take(c);
    if (c->fd && c->out.used)
        give(c);
}

void
http_tick(uint64_t now)
{
    for (int k = 0; k < HTTP_MAX; k++)
        if (all[k].fd && now - all[k].since > DEADLINE_MS)
            drop(&all[k]);
}
