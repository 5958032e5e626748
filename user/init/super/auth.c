/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /run/auth: who wants a password checked connects; each connection becomes the
 * standard input of an authd (user/accounts) of its own, one at a time, so that
 * its memory is there for the second it is needed, and guessing is slow.
 */
#include "super.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define AUTHD "/sbin/authd"
#define BACKLOG 16

/* What it needs, and no more. */
static const char grants[] = "stdio\ntime\nrandom\nshell\n"
                             "fs /etc rw\nfs /sbin/authd ro\n"
                             "app auth\nlimit memory 134217728\nstub trap\n";
static int auth_pid;

int
auth_listen(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = AUTH_SOCKET};
    int fd;

    if (access(AUTHD, X_OK) < 0)
        return -1;
    mkdir("/run", 0755);
    unlink(AUTH_SOCKET);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 ||
                    chmod(AUTH_SOCKET, 0666) < 0 || listen(fd, BACKLOG) < 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

bool
auth_busy(void)
{
    return auth_pid > 0;
}

void
auth_accept(int fd)
{
    static const char name[] = "authd";
    pith_gp argv[] = {(pith_gp)(uintptr_t)name, 0}, envp[] = {0};
    struct pith_fd_action actions[4] = {
        {.op = PITH_FDA_DUP2, .fd = 0, .from = -1},
        {.op = PITH_FDA_CLOSE, .fd = 1},
        {.op = PITH_FDA_CLOSE, .fd = 2},
        {.op = PITH_FDA_CHDIR, .path = (pith_gp)(uintptr_t)"/"},
    };
    struct pith_spawn s = {
        .flags = PITH_SPAWN_GRANTS | PITH_SPAWN_SETSID |
                 PITH_SPAWN_SETSIGMASK | PITH_SPAWN_SETSIGDEF,
        .sigdefault = UINT64_MAX,
        .actions = (pith_gp)(uintptr_t)actions,
        .nactions = 4,
        .grants = (pith_gp)(uintptr_t)grants,
    };
    int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

    if (conn < 0)
        return;
    actions[0].from = conn;
    auth_pid = pith_spawn(AUTHD, argv, envp, &s);
    if (auth_pid < 0) {
        static const char no[] = "no nothing can check passwords now\n";

        write(conn, no, sizeof no - 1);
        auth_pid = 0;
    }
    close(conn);
}

bool
auth_reap(int pid)
{
    if (pid != auth_pid)
        return false;
    auth_pid = 0;
    return true;
}
