/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands that talk to a system that runs, over its control socket: one
 * line there, text back until the end. Who may: the same user, or root (the
 * socket's mode, and its peer's credentials).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli.h"
#include "listen.h"
#include "write_all.h"

bool
cli_control_path(const char *given, struct sockaddr_un *out)
{
    const char *dir = getenv("XDG_RUNTIME_DIR");
    int n;

    if (!given)
        given = getenv("PITH_CONTROL");
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (given)
        n = snprintf(out->sun_path, sizeof out->sun_path, "%s", given);
    else if (dir && dir[0] == '/')
        n = snprintf(out->sun_path, sizeof out->sun_path, "%s/pith.control",
                     dir);
    else
        n = snprintf(out->sun_path, sizeof out->sun_path,
                     "/tmp/pith-%u.control", (unsigned)getuid());
    if (n > 0 && (size_t)n < sizeof out->sun_path)
        return true;
    cli_error("%s: too long for a socket's name; try: a shorter --control",
              given ? given : dir);
    return false;
}

int
cli_connect(const struct sockaddr_un *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof *a) < 0) {
        int e = errno;

        close(fd);
        errno = e;
        fd = -1;
    }
    return fd;
}

/* ---- the commands ---------------------------------------------------- */

/* What comes goes to standard output; with input, the other way as well. Is the
 * answer an error? */
static int
relay(int fd, bool input)
{
    struct pollfd p[2] = {{fd, POLLIN, 0}, {input ? 0 : -1, POLLIN, 0}};
    char bytes[8192], head[6] = "";
    size_t seen = 0;

    for (;;) {
        ssize_t n;

        if (poll(p, 2, -1) < 0 && errno != EINTR)
            break;
        if (p[1].revents) {
            n = read(0, bytes, sizeof bytes);
            if (n <= 0)
                p[1].fd = -1;
            else if (!write_all(fd, bytes, (size_t)n))
                break;
        }
        if (!p[0].revents)
            continue;
        n = read(fd, bytes, sizeof bytes);
        if (n <= 0)
            break;
        for (ssize_t i = 0; i < n && seen < sizeof head; i++)
            head[seen++] = bytes[i];
        if (!write_all(1, bytes, (size_t)n))
            break;
    }
    return seen == sizeof head && memcmp(head, "error:", sizeof head) == 0;
}

static int
send_line(const char *control, const char *line, bool input)
{
    struct sockaddr_un a;
    int fd, r;

    if (!cli_control_path(control, &a))
        return EXIT_USAGE;
    fd = cli_connect(&a);
    if (fd < 0) {
        cli_error("%s: %s; does it run? try: pith serve", a.sun_path,
                  strerror(errno));
        return EXIT_NOT_FOUND;
    }
    r = write_all(fd, line, strlen(line)) ? relay(fd, input) : EXIT_REFUSED;
    close(fd);
    return r;
}

int
cli_control(int argc, char **argv)
{
    const char *control = NULL;
    char line[4000];
    size_t at = 0;
    int r;

    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--control") == 0 && i + 1 < argc) {
            control = argv[++i];
            continue;
        }
        if (strchr(argv[i], '\n') || at + strlen(argv[i]) + 2 > sizeof line) {
            cli_error("%.40s: too long, or more than a line", argv[i]);
            return EXIT_USAGE;
        }
        at += (size_t)sprintf(line + at, "%s%s", at ? " " : "", argv[i]);
    }
    memcpy(line + at, "\n", 2);
    if (strcmp(argv[0], "top") != 0)
        return send_line(control, line, strcmp(argv[0], "attach") == 0);
    do {
        if (isatty(1))
            fputs("\033[H\033[J", stdout);
        fflush(stdout);
        r = send_line(control, line, false);
    } while (r == 0 && isatty(1) && sleep(1) == 0);
    return r;
}
