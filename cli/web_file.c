/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP request, hostile until shown otherwise, and a file for it. */
#define _GNU_SOURCE
#include "web.h"
#include "write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hex.h"

#define PATH_ROOM 512

/* What isolates the page (it shares memory among its threads), and allows it
 * no code but its own; its programs may connect as far as their grants go. */
#define FIXED_HEADERS                                                          \
    "Cross-Origin-Opener-Policy: same-origin\r\n"                              \
    "Cross-Origin-Embedder-Policy: require-corp\r\n"                           \
    "Cross-Origin-Resource-Policy: same-origin\r\n"                            \
    "Content-Security-Policy: default-src 'self'; script-src 'self' "          \
    "'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' "    \
    "data:; connect-src 'self' http: https: ws: wss:; worker-src 'self' "      \
    "blob:; object-src 'none'; base-uri 'none'; "                              \
    "frame-ancestors 'none'\r\n"                                               \
    "X-Content-Type-Options: nosniff\r\n"                                      \
    "Referrer-Policy: no-referrer\r\n"                                         \
    "Cache-Control: no-cache\r\n"                                              \
    "Vary: Accept-Encoding\r\n"

struct request {
    const char *method, *target;
    const char *host, *range, *match, *encoding; /* headers; or NULL */
    bool close, head_only;
};

/* ---- reading ------------------------------------------------------------------ */

static void
take_header(struct request *q, const char *name, const char *value)
{
    static const struct {
        const char *name;
        size_t at;
    } wanted[] = {
        {"host", offsetof(struct request, host)},
        {"range", offsetof(struct request, range)},
        {"if-none-match", offsetof(struct request, match)},
        {"accept-encoding", offsetof(struct request, encoding)},
    };

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (strcasecmp(name, wanted[i].name) == 0)
            *(const char **)((char *)q + wanted[i].at) = value;
    }
    if (strcasecmp(name, "connection") == 0)
        q->close = strcasestr(value, "close") != NULL;
    /* A body would be taken for the next request. */
    if (strcasecmp(name, "content-length") == 0 ||
        strcasecmp(name, "transfer-encoding") == 0)
        q->close = true;
}

static bool
parse(struct request *q, char *head)
{
    char *line = strsep(&head, "\r"), *version;

    q->method = strsep(&line, " ");
    q->target = strsep(&line, " ");
    version = line;
    if (!q->target || !version || strncmp(version, "HTTP/1.", 7) != 0)
        return false;
    q->close = version[7] == '0';
    q->head_only = strcmp(q->method, "HEAD") == 0;
    while ((line = strsep(&head, "\r"))) {
        char *name = line + (*line == '\n'), *value = strchr(name, ':');

        if (!value)
            continue;
        *value++ = 0;
        take_header(q, name, value + strspn(value, " \t"));
    }
    return true;
}

/* The target's path below the site, without its first slash; false: none that a
 * file of ours could have. */
static bool
decode_path(const char *target, char *out)
{
    size_t n = 0;

    if (*target++ != '/')
        return false;
    for (; *target && *target != '?' && *target != '#'; target++) {
        char c = *target;

        if (c == '%') {
            int hi = hex_digit(target[1]);
            int lo = hi < 0 ? -1 : hex_digit(target[2]);

            if (lo < 0)
                return false;
            c = (char)(hi * 16 + lo);
            target += 2;
        }
        if ((unsigned char)c < 0x20 || c == '\\' || n + 16 > PATH_ROOM)
            return false;
        out[n++] = c;
    }
    out[n] = 0;
    if (n == 0 || out[n - 1] == '/')
        strcpy(out + n, "index.html");
    /* no name that begins with a dot: "..", hidden files */
    return out[0] != '.' && out[0] != '/' && !strstr(out, "/.") &&
           !strstr(out, "//");
}

static bool
host_is_ours(const char *host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

    for (size_t i = 0; host && i < 3; i++) {
        size_t n = strlen(names[i]);

        if (strncasecmp(host, names[i], n) == 0 &&
            (!host[n] || host[n] == ':'))
            return true;
    }
    return false;
}

/* ---- writing -------------------------------------------------------------------- */

static bool __attribute__((format(printf, 3, 4)))
write_head(int fd, const char *status, const char *format, ...)
{
    char buf[2048];
    va_list ap;
    int n = snprintf(buf, sizeof buf, "HTTP/1.1 %s\r\n" FIXED_HEADERS, status);

    va_start(ap, format);
    n += vsnprintf(buf + n, sizeof buf - (size_t)n, format, ap);
    va_end(ap);
    return n < (int)sizeof buf && write_all(fd, buf, (size_t)n);
}

static bool
refuse(int fd, const struct request *q, const char *status, const char *text)
{
    bool ok = write_head(fd, status,
                         "Content-Type: text/plain; charset=utf-8\r\n"
                         "Content-Length: %zu\r\n\r\n",
                         strlen(text));

    if (ok && !q->head_only)
        ok = write_all(fd, text, strlen(text));
    return ok && !q->close;
}

static const char *
type_of(const char *path)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".wasm", "application/wasm"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".gz", "application/gzip"},
        {".txt", "text/plain; charset=utf-8"},
    };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++) {
        if (strcmp(dot, types[i][0]) == 0)
            return types[i][1];
    }
    return "application/octet-stream";
}

/* ---- the file ---------------------------------------------------------------------- */

struct answer {
    int file;
    const char *coding; /* NULL: as it is */
    uint64_t size, from, to; /* to: behind the last byte */
    char etag[64];
};

static int
open_plain(const char *dir, const char *path, struct stat *st)
{
    char full[4096 + PATH_ROOM];
    int fd = -1;

    if (snprintf(full, sizeof full, "%s/%s", dir, path) < (int)sizeof full)
        fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd >= 0 && (fstat(fd, st) < 0 || !S_ISREG(st->st_mode))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Is coding in the list, and not refused by q=0? */
static bool
takes(const char *list, const char *coding)
{
    size_t n = strlen(coding);

    while (list && *list) {
        const char *item = list + strspn(list, " \t,");
        size_t len = strcspn(item, ", \t;");
        const char *end = item + strcspn(item, ",");

        if (len == n && strncasecmp(item, coding, n) == 0) {
            const char *q = item + len + strspn(item + len, " \t;");

            return strncasecmp(q, "q=0", 3) != 0 || q[3] == '.';
        }
        list = end;
    }
    return false;
}

static bool
open_answer(const struct web_site *site, const struct request *q,
            const char *path, struct answer *a)
{
    static const struct {
        const char *coding, *suffix;
    } codings[] = {{"br", ".br"}, {"gzip", ".gz"}};
    char packed[PATH_ROOM + 4];
    struct stat st = {0};

    a->file = -1;
    for (size_t i = 0; i < 2 && !q->range && a->file < 0; i++) {
        if (!takes(q->encoding, codings[i].coding))
            continue;
        snprintf(packed, sizeof packed, "%s%s", path, codings[i].suffix);
        a->file = open_plain(site->dir, packed, &st);
        a->coding = a->file >= 0 ? codings[i].coding : NULL;
    }
    if (a->file < 0)
        a->file = open_plain(site->dir, path, &st);
    if (a->file < 0)
        return false;
    a->size = a->to = (uint64_t)st.st_size;
    a->from = 0;
    snprintf(a->etag, sizeof a->etag, "\"%llx-%llx-%llx%s\"",
             (unsigned long long)st.st_ino, (unsigned long long)st.st_mtime,
             (unsigned long long)st.st_size, a->coding ? a->coding : "");
    return true;
}

/* "bytes=a-b", "bytes=a-", "bytes=-n". 0: none or not understood (send all), 1:
 * set, -1: cannot be satisfied. */
static int
take_range(const char *text, struct answer *a)
{
    unsigned long long from, to;
    char *end;

    if (!text || strncmp(text, "bytes=", 6) != 0 || strchr(text, ','))
        return 0;
    text += 6;
    if (*text == '-') {
        from = strtoull(text + 1, &end, 10);
        if (*end || end == text + 1)
            return 0;
        a->from = from < a->size ? a->size - from : 0;
        return from ? 1 : -1;
    }
    from = strtoull(text, &end, 10);
    if (end == text || *end != '-')
        return 0;
    text = end + 1;
    to = *text ? strtoull(text, &end, 10) : UINT64_MAX - 1;
    if ((*text && *end) || to < from)
        return 0;
    if (from >= a->size)
        return -1;
    a->from = from;
    a->to = to < a->size ? to + 1 : a->size;
    return 1;
}

static bool
send_file(int fd, const struct answer *a)
{
    off_t at = (off_t)a->from;

    while ((uint64_t)at < a->to) {
        ssize_t n = sendfile(fd, a->file, &at, a->to - (uint64_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
    }
    return true;
}

static bool
send_answer(int fd, const struct request *q, const char *path,
            struct answer *a)
{
    int range = take_range(q->range, a);
    char extra[128] = "";

    if (q->match && strcmp(q->match, a->etag) == 0)
        return write_head(fd, "304 Not Modified", "ETag: %s\r\n\r\n", a->etag);
    if (range < 0)
        return write_head(fd, "416 Range Not Satisfiable",
                          "Content-Range: bytes */%llu\r\n"
                          "Content-Length: 0\r\n\r\n",
                          (unsigned long long)a->size);
    if (range)
        snprintf(extra, sizeof extra, "Content-Range: bytes %llu-%llu/%llu\r\n",
                 (unsigned long long)a->from, (unsigned long long)a->to - 1,
                 (unsigned long long)a->size);
    else if (a->coding)
        snprintf(extra, sizeof extra, "Content-Encoding: %s\r\n", a->coding);
    return write_head(fd, range ? "206 Partial Content" : "200 OK",
                      "Content-Type: %s\r\nContent-Length: %llu\r\n"
                      "Accept-Ranges: bytes\r\nETag: %s\r\n%s\r\n",
                      type_of(path), (unsigned long long)(a->to - a->from),
                      a->etag, extra) &&
           (q->head_only || send_file(fd, a));
}

bool
web_answer(const struct web_site *site, int fd, char *head)
{
    struct request q = {0};
    struct answer a = {0};
    char path[PATH_ROOM + 16];
    bool ok;

    if (!parse(&q, head)) {
        q.close = true;
        return refuse(fd, &q, "400 Bad Request", "Not an HTTP/1 request.\n");
    }
    if (strcmp(q.method, "GET") != 0 && !q.head_only) {
        q.close = true;
        return refuse(fd, &q, "405 Method Not Allowed\r\nAllow: GET, HEAD",
                      "Files can only be fetched here.\n");
    }
    if (site->local && !host_is_ours(q.host))
        return refuse(fd, &q, "421 Misdirected Request",
                      "This server is for localhost.\n");
    if (!decode_path(q.target, path) || !open_answer(site, &q, path, &a))
        return refuse(fd, &q, "404 Not Found", "There is no such file.\n");
    ok = send_answer(fd, &q, path, &a);
    close(a.file);
    return ok && !q.close;
}
