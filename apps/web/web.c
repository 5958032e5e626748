/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP server: GET and HEAD of the files below /data/web, one client at a time,
 * which has 5 s for each piece of what it says and takes. What a path may reach
 * is the manifest's business, and the kernel's: nothing here looks for `..`.
 *
 *     request --> read_request --> path_of --> serve --> head, file, close
 */
#include "../app.h"
#include "hex.h"

#define PORT 80
#define PATIENCE_NS 5000000000ll
#define ROOT "/data/web"

static char request[2048], path[1024], piece[16384];

/* ---- the client --------------------------------------------------------- */

static bool
ready(int32_t fd, int16_t events)
{
    struct pith_pollfd p = {.fd = fd, .events = events};

    return pith_poll(&p, 1, PATIENCE_NS, 0) == 1;
}

static bool
tell(int32_t fd, const char *s, size_t n)
{
    while (n) {
        int32_t r = ready(fd, PITH_POLLOUT)
                        ? pith_sendto(fd, s, (int32_t)n,
                                      PITH_MSG_DONTWAIT | PITH_MSG_NOSIGNAL, 0,
                                      0)
                        : -1;

        if (r <= 0)
            return false;
        s += r;
        n -= (size_t)r;
    }
    return true;
}

/* Up to the empty line; the first line ends in a NUL. */
static bool
read_request(int32_t fd)
{
    size_t used = 0;

    while (used < sizeof request - 1 && ready(fd, PITH_POLLIN)) {
        int32_t n = pith_read(fd, request + used,
                              (int32_t)(sizeof request - 1 - used));

        if (n <= 0)
            return false;
        used += (size_t)n;
        for (size_t i = 3; i < used; i++) {
            size_t before = i - 1 - (request[i - 1] == '\r');

            if (request[i] != '\n' || request[before] != '\n')
                continue;
            for (i = 0; request[i] != '\r' && request[i] != '\n';)
                i++;
            request[i] = 0;
            return true;
        }
    }
    return false;
}

static void
answer(int32_t fd, const char *status, const char *type, uint64_t size)
{
    struct out o = {.used = 0};

    add(&o, "HTTP/1.1 ");
    add(&o, status);
    add(&o, "\r\nServer: Pith\r\nConnection: close\r\nContent-Type: ");
    add(&o, type);
    add(&o, "\r\nContent-Length: ");
    add_number(&o, size);
    add(&o, "\r\n\r\n");
    tell(fd, o.text, o.used);
}

static void
refuse(int32_t fd, const char *status, bool body)
{
    answer(fd, status, "text/plain", length(status) + 1);
    if (body && tell(fd, status, length(status)))
        tell(fd, "\n", 1);
}

/* ---- the file ----------------------------------------------------------- */

static const char *
type_of(const char *name)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css"},
        {".js", "text/javascript"},
        {".json", "application/json"},
        {".txt", "text/plain; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".wasm", "application/wasm"},
    };
    size_t n = length(name);

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (n > length(types[i][0]) &&
            same(name + n - length(types[i][0]), types[i][0]))
            return types[i][1];
    return "application/octet-stream";
}

/* "/a%20b?c" into path; a name that ends in / is its index. false: none. */
static bool
path_of(const char *s)
{
    static const char index[] = "index.html";
    size_t n = 0;

    if (*s != '/')
        return false;
    for (const char *r = ROOT; *r; r++)
        path[n++] = *r;
    for (; *s && *s != ' ' && *s != '?'; s++) {
        int c = (unsigned char)*s;

        if (c == '%') {
            int high = hex_digit(s[1]), low = high < 0 ? -1 : hex_digit(s[2]);

            if (low < 0 || (c = high * 16 + low) == 0)
                return false;
            s += 2;
        }
        if (n == sizeof path - sizeof index)
            return false;
        path[n++] = (char)c;
    }
    if (path[n - 1] == '/')
        for (const char *r = index; *r; r++)
            path[n++] = *r;
    path[n] = 0;
    return true;
}

static void
send_file(int32_t fd, int32_t file, bool body)
{
    struct pith_stat st;
    int32_t n;

    if (pith_fstat(file, &st) < 0 || (st.mode & PITH_S_IFMT) != PITH_S_IFREG) {
        refuse(fd, "404 Not Found", body);
        return;
    }
    answer(fd, "200 OK", type_of(path), (uint64_t)st.size);
    while (body && st.size && (n = pith_read(file, piece, sizeof piece)) > 0) {
        if (n > st.size) /* it grew meanwhile */
            n = (int32_t)st.size;
        st.size -= n;
        if (!tell(fd, piece, (size_t)n))
            break;
    }
}

static void
serve(int32_t fd)
{
    char *s = request;
    bool body = true;
    int32_t file;

    if (!read_request(fd)) {
        refuse(fd, "400 Bad Request", true);
        return;
    }
    if (s[0] == 'H' && s[1] == 'E' && s[2] == 'A' && s[3] == 'D' &&
        s[4] == ' ') {
        body = false;
        s += 5;
    } else if (s[0] == 'G' && s[1] == 'E' && s[2] == 'T' && s[3] == ' ') {
        s += 4;
    } else {
        refuse(fd, "405 Method Not Allowed", true);
        return;
    }
    if (!path_of(s)) {
        refuse(fd, "400 Bad Request", body);
        return;
    }
    file = pith_open(PITH_AT_FDCWD, path, PITH_O_RDONLY | PITH_O_NONBLOCK, 0);
    if (file < 0) {
        refuse(fd, "404 Not Found", body);
        return;
    }
    send_file(fd, file, body);
    pith_close(file);
}

/* ---- listening ---------------------------------------------------------- */

static _Noreturn void
give_up(const char *what, int32_t r)
{
    struct out o = {.used = 0};

    add(&o, "port 80 cannot be ");
    add(&o, what);
    add(&o, ": error ");
    add_number(&o, (uint64_t)-r);
    say(&o);
    pith_exit(1);
    __builtin_unreachable();
}

void
on_start(void)
{
    struct pith_sockaddr_in a = {.family = PITH_AF_INET, .port = {0, PORT}};
    int32_t s = pith_socket(PITH_AF_INET, PITH_SOCK_STREAM, 0), yes = 1, r;

    pith_setsockopt(s, PITH_SOL_SOCKET, PITH_SO_REUSEADDR, &yes, sizeof yes);
    if ((r = pith_bind(s, &a, sizeof a)) < 0)
        give_up("bound", r);
    if ((r = pith_listen(s, 16)) < 0)
        give_up("listened at", r);
    put(1, "@supervisor: ready\n");
    for (;;) {
        int32_t fd = pith_accept(s, 0, 0, 0);

        if (fd < 0)
            give_up("accepted at", fd);
        serve(fd);
        pith_shutdown(fd, PITH_SHUT_WR);
        pith_close(fd);
    }
}

void
on_line(const char *from, const char *text)
{
    (void)from, (void)text;
}
