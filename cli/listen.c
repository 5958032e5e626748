/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets that `pith serve` listens on: the control socket, and the one for
 * metrics. A name that a killed system left behind is taken over; one that
 * answers is not. Two that begin at once must not take each other's for such a
 * leftover: the directory is locked meanwhile.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "listen.h"

#define BACKLOG 64
#define LOCK_TRIES 200 /* of 10 ms */

static char bound[2][sizeof(((struct sockaddr_un *)0)->sun_path)];

static int
lock_directory(const char *path)
{
    char dir[sizeof bound[0]];
    char *slash;
    int fd;

    snprintf(dir, sizeof dir, "%s", path);
    slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = 0;
    fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Somebody else's lock of a shared directory must not keep us for ever. */
    for (int i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
            break;
        usleep(10000);
    }
    return fd;
}

static int
bind_socket(const struct sockaddr_un *a, mode_t mask)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t old = umask(mask);

    if (fd >= 0 && (bind(fd, (const struct sockaddr *)a, sizeof *a) < 0 ||
                    listen(fd, BACKLOG) < 0)) {
        int e = errno;

        close(fd);
        fd = -1;
        errno = e;
    }
    umask(old);
    return fd;
}

/* option: what it is called on the command line. */
static int
listen_at(const struct sockaddr_un *a, mode_t mask, const char *option,
          char *name)
{
    int lock = lock_directory(a->sun_path), fd = cli_connect(a);

    if (fd >= 0) {
        close(fd);
        fd = -1;
        cli_error("%s: a system is %s by that already; try: another %s",
                  a->sun_path,
                  strcmp(option, "--control") ? "observed" : "controlled",
                  option);
    } else {
        struct stat st;

        /* left behind by one that was killed */
        if (errno == ECONNREFUSED && lstat(a->sun_path, &st) == 0 &&
            S_ISSOCK(st.st_mode))
            unlink(a->sun_path);
        fd = bind_socket(a, mask);
        if (fd < 0)
            cli_error("%s: %s; try: another %s", a->sun_path, strerror(errno),
                      option);
        else
            memcpy(name, a->sun_path, sizeof bound[0]);
    }
    if (lock >= 0)
        close(lock);
    return fd;
}

int
cli_control_listen(const struct cli_options *o)
{
    struct sockaddr_un a;

    if (!cli_control_path(o->control, &a))
        return -1;
    return listen_at(&a, 0177, "--control", bound[0]);
}

/* ---- metrics --------------------------------------------------------- */

/* "127.0.0.1:9464", "localhost:9464", "[::1]:9464", ":9464". */
static bool
loopback(const char *text, struct sockaddr_in6 *out, socklen_t *len)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;
    const char *colon = strrchr(text, ':');
    char host[64], *end;
    unsigned long port;
    size_t n;

    if (!colon || (n = (size_t)(colon - text)) >= sizeof host)
        return false;
    memcpy(host, text, n);
    host[n] = 0;
    port = strtoul(colon + 1, &end, 10);
    if (!colon[1] || *end || colon[1] == '-' || port > 65535)
        return false;
    memset(out, 0, sizeof *out);
    if (strcmp(host, "[::1]") == 0) {
        out->sin6_family = AF_INET6;
        out->sin6_addr = in6addr_loopback;
        out->sin6_port = htons((uint16_t)port);
        *len = sizeof *out;
        return true;
    }
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    *len = sizeof *v4;
    if (!host[0] || strcmp(host, "localhost") == 0)
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else if (inet_pton(AF_INET, host, &v4->sin_addr) != 1)
        return false;
    return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
}

bool
cli_metrics_is_tcp(const char *text)
{
    return strchr(text, ':') && !strchr(text, '/');
}

static int
listen_tcp(const char *text)
{
    struct sockaddr_in6 a;
    socklen_t len;
    int fd, one = 1;

    if (!loopback(text, &a, &len)) {
        cli_error("--metrics %s: want a path (a unix socket), or a loopback "
                  "address and port, as 127.0.0.1:9464: nobody is asked who "
                  "they are",
                  text);
        return -1;
    }
    fd = socket(a.sin6_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&a, len) < 0 ||
        listen(fd, BACKLOG) < 0) {
        cli_error("--metrics %s: %s", text, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

int
cli_metrics_listen(const struct cli_options *o)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    if (cli_metrics_is_tcp(o->metrics))
        return listen_tcp(o->metrics);
    if (strlen(o->metrics) >= sizeof a.sun_path) {
        cli_error("%s: too long for a socket's name; try: a shorter --metrics",
                  o->metrics);
        return -1;
    }
    strcpy(a.sun_path, o->metrics);
    return listen_at(&a, 0117, "--metrics", bound[1]);
}

void
cli_control_remove(void)
{
    for (int i = 0; i < 2; i++) {
        if (bound[i][0])
            unlink(bound[i]);
        bound[i][0] = 0;
    }
}
