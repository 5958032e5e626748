/* SPDX-License-Identifier: Apache-2.0 */
/* Asking authd; see authd.c. */
#include "accounts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int
connect_to_it(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = AUTH_SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
        int e = errno;

        close(fd);
        errno = e;
        fd = -1;
    }
    return fd;
}

static bool
send_lines(int fd, const char *const lines[])
{
    for (int i = 0; lines[i]; i++)
        if (write(fd, lines[i], strlen(lines[i])) < 0 || write(fd, "\n", 1) < 0)
            return false;
    return shutdown(fd, SHUT_WR) == 0;
}

/* One message: text, and maybe a descriptor. */
static ssize_t
receive(int fd, char *text, size_t room, int *passed)
{
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec v = {text, room};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
                       .msg_controllen = sizeof control};
    ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
    struct cmsghdr *c = n >= 0 ? CMSG_FIRSTHDR(&m) : NULL;

    *passed = -1;
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
        memcpy(passed, CMSG_DATA(c), sizeof *passed);
    return n;
}

bool
auth_request(const char *const lines[], int *identity, char *why, size_t room)
{
    char text[256];
    ssize_t n;
    int fd = connect_to_it();

    *identity = -1;
    if (fd < 0) {
        snprintf(why, room, "%s", errno == ENOENT || errno == ECONNREFUSED
                                      ? "nothing checks passwords here (init "
                                        "does not run)"
                                      : strerror(errno));
        return false;
    }
    if (!send_lines(fd, lines)) {
        snprintf(why, room, "%s", strerror(errno));
        close(fd);
        return false;
    }
    n = receive(fd, text, sizeof text - 1, identity);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    text[strcspn(text, "\n")] = 0;
    if (strcmp(text, "ok") == 0)
        return true;
    if (*identity >= 0)
        close(*identity);
    snprintf(why, room, "%.200s",
             strncmp(text, "no ", 3) == 0 ? text + 3 : "no answer");
    return false;
}
