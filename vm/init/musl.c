/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of musl.h. */
#define _GNU_SOURCE
#include "musl.h"

#include <sys/syscall.h>
#include <unistd.h>

int
epoll_pwait2(int fd, struct epoll_event *events, int room,
             const struct timespec *timeout, const void *mask)
{
    return (int)syscall(SYS_epoll_pwait2, fd, events, room, timeout, mask,
                        sizeof(long));
}

/* The offset goes in two halves, of which 64-bit machines take the first. */
long
pwritev2(int fd, const struct iovec *v, int n, long at, int flags)
{
    return syscall(SYS_pwritev2, fd, v, n, at, 0L, flags);
}

int
renameat2(int from_dir, const char *from, int to_dir, const char *to,
          unsigned flags)
{
    return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}
