/* SPDX-License-Identifier: Apache-2.0 */
/* What pith serve has given to init, and asks of it: host/posix/hoststdio.h. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "super.h"

#define HOST_ACCEPT 0x5091
#define HOST_NOTIFY 0x5092
#define HOST_REOPEN 0x5093

static bool given[HOST_METRICS + 1];

void
host_begin(void)
{
    for (int fd = HOST_CONTROL; fd <= HOST_METRICS; fd++)
        given[fd] = fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

int
host_fd(int which)
{
    return given[which] ? which : -1;
}

int
host_accept(int fd)
{
    int conn = ioctl(fd, HOST_ACCEPT, 0);

    if (conn >= 0) {
        fcntl(conn, F_SETFL, O_NONBLOCK);
        fcntl(conn, F_SETFD, FD_CLOEXEC);
    }
    return conn;
}

bool
host_config_again(void)
{
    return host_fd(HOST_CONFIG) >= 0 &&
           ioctl(HOST_CONFIG, HOST_REOPEN, 0) == 0 &&
           lseek(HOST_CONFIG, 0, SEEK_SET) == 0;
}

void
host_notify(const char *state)
{
    if (host_fd(HOST_CONTROL) >= 0)
        ioctl(HOST_CONTROL, HOST_NOTIFY, state);
}

/* Twice as often as it wants to hear of us. */
uint64_t
host_watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC");
    unsigned long long us = usec ? strtoull(usec, NULL, 10) : 0;

    return us == 0 ? 0 : us < 4000 ? 1 : us / 2000;
}
