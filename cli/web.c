/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith web: the browser's system, served to this machine's browsers.
 *
 * A small HTTP/1.1 server of static files: GET and HEAD, one thread a
 * connection, of which there are a bounded number with bounded time. What a
 * request can name is a plain file below the site's directory. Where the browser
 * takes brotli or gzip, and FILE.br or FILE.gz lies there, that is sent.
 *
 *     accept --> thread: read head --> web_answer (web_file.c) --> again
 */
#define _GNU_SOURCE
#include "web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli.h"

#define CONNECTIONS 64
#define IDLE_SECONDS 30
#define DEFAULT_PORT 8017

static _Atomic int connections;
static struct web_site site;

/* ---- one connection ---------------------------------------------------------- */

/* A request's head, with its empty line, into buf; how long, or 0: no more. */
static size_t
read_head(int fd, char *buf, size_t room, size_t *have)
{
    for (;;) {
        char *end = memmem(buf, *have, "\r\n\r\n", 4);
        ssize_t n;

        if (end)
            return (size_t)(end - buf) + 4;
        if (*have == room)
            return 0;
        n = read(fd, buf + *have, room - *have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        *have += (size_t)n;
    }
}

static void
serve(int fd)
{
    char buf[WEB_HEAD_MAX + 1];
    size_t have = 0, n;
    bool again = true;

    while (again && (n = read_head(fd, buf, WEB_HEAD_MAX, &have))) {
        char after = buf[n];

        buf[n] = 0;
        again = web_answer(&site, fd, buf);
        buf[n] = after;
        memmove(buf, buf + n, have - n);
        have -= n;
    }
}

static void *
connection(void *arg)
{
    int fd = (int)(intptr_t)arg;

    serve(fd);
    shutdown(fd, SHUT_WR);
    close(fd);
    atomic_fetch_sub(&connections, 1);
    return NULL;
}

static void
begin(int fd)
{
    struct timeval idle = {.tv_sec = IDLE_SECONDS};
    pthread_t thread;
    int one = 1;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof idle);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (atomic_fetch_add(&connections, 1) >= CONNECTIONS ||
        pthread_create(&thread, NULL, connection, (void *)(intptr_t)fd)) {
        atomic_fetch_sub(&connections, 1);
        close(fd);
        return;
    }
    pthread_detach(thread);
}

/* ---- listening ------------------------------------------------------------------ */

static int
listen_at(const char *address, uint16_t port, uint16_t *got)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t n = sizeof a;
    int fd, one = 1;

    if (inet_pton(AF_INET, address, &a.sin_addr) != 1) {
        cli_error("--address %s: not an IPv4 address; try: --address "
                  "127.0.0.1",
                  address);
        return -1;
    }
    site.local = (ntohl(a.sin_addr.s_addr) >> 24) == 127;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 ||
        listen(fd, 64) < 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) < 0) {
        cli_error("%s:%u: %s; try: pith web --port 0", address, port,
                  strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *got = ntohs(a.sin_port);
    return fd;
}

/* share/pith/web or dist/web beside the program. */
static bool
find_site(char *out, size_t room)
{
    static const char *const places[] = {"share/pith/web", "dist/web"};
    char exe[4096];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

    exe[n > 0 ? n : 0] = 0;
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(exe, '/');
        if (slash)
            *slash = 0;
    }
    for (int i = 0; i < 2; i++) {
        snprintf(out, room, "%s/%s", exe, places[i]);
        if (access(out, F_OK) == 0)
            return true;
    }
    return false;
}

static bool
open_site(const char *dir)
{
    static char found[4096 + 32];

    if (!dir && !find_site(found, sizeof found)) {
        cli_error("the web site has not been built; try: make dist-web (or "
                  "pith web --site DIR)");
        return false;
    }
    site.dir = dir ? dir : found;
    if (access(site.dir, R_OK | X_OK) < 0) {
        cli_error("%s: %s; try: make dist-web", site.dir, strerror(errno));
        return false;
    }
    return true;
}

/* ---- the command ------------------------------------------------------------------ */

struct web_options {
    const char *address, *dir;
    uint16_t port;
};

static bool
parse(struct web_options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        char *end;
        unsigned long port;

        if (strcmp(name, "--port") && strcmp(name, "--address") &&
            strcmp(name, "--site")) {
            cli_error("%s: no option of pith web; try: pith help web", name);
            return false;
        }
        if (!value) {
            cli_error("%s needs a value; try: pith help web", name);
            return false;
        }
        i++;
        if (name[2] == 'a') {
            o->address = value;
        } else if (name[2] == 's') {
            o->dir = value;
        } else {
            port = strtoul(value, &end, 10);
            if (*end || end == value || port > 65535) {
                cli_error("--port %s: not a port; try: --port 8017", value);
                return false;
            }
            o->port = (uint16_t)port;
        }
    }
    return true;
}

int
cli_web(int argc, char **argv)
{
    struct web_options o = {"127.0.0.1", NULL, DEFAULT_PORT};
    uint16_t port;
    int fd;

    if (!parse(&o, argc, argv))
        return EXIT_USAGE;
    if (!open_site(o.dir))
        return EXIT_REFUSED;
    fd = listen_at(o.address, o.port, &port);
    if (fd < 0)
        return EXIT_REFUSED;
    signal(SIGPIPE, SIG_IGN);
    printf("Pith is at http://%s:%u/\n", site.local ? "localhost" : o.address,
           port);
    fflush(stdout);
    for (;;) {
        int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

        if (c >= 0)
            begin(c);
        else if (errno == EMFILE || errno == ENFILE)
            usleep(10000);
    }
}
