/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network card. Linux itself asks for an address while it starts, or takes
 * the one it is told (`ip=dhcp`, `ip=ADDRESS::GATEWAY:MASK::eth0:off` on its
 * command line), so there is no client here: only a look at what came of it, and
 * the name servers, which programs look for in /etc/resolv.conf.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "init.h"
#include "lib.h"
#include "main.h"
#include "pith_errno.h"
#include "uio.h"
#include "vfs.h"

#define CARD "eth0"
#define RESOLV "/etc/resolv.conf"
#define OURS "# by DHCP\n" /* a file that begins otherwise is the user's */

static char servers[512] = OURS; /* and `nameserver ADDRESS` lines */

/* What Linux was told: comments, and lines that are resolv.conf's. */
static void
read_servers(void)
{
    char text[512], *line, *rest;
    int fd = open("/proc/net/pnp", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - sizeof OURS);

    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    for (line = strtok_r(text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest))
        if (strncmp(line, "nameserver ", 11) == 0)
            strcat(strcat(servers, line), "\n");
}

void
check_network(void)
{
    struct ifreq r = {.ifr_name = CARD};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &r) < 0)
        say("a network was asked for, but the machine has no card; try: "
            "-device virtio-net-device in the command line of QEMU");
    else if (ioctl(fd, SIOCGIFADDR, &r) < 0)
        say("a network was asked for, but " CARD
            " has no address; try: ip=dhcp "
            "in the command line of the kernel");
    else
        read_servers();
    if (fd >= 0)
        close(fd);
}

static int64_t
move(struct file *f, bool out, char *bytes, size_t n)
{
    struct uio_seg seg;
    struct uio u;

    uio_kernel(&u, &seg, bytes, n);
    return out ? f->ops->write(f, &u) : f->ops->read(f, &u);
}

/* true: it is empty, or begins as ours. */
static bool
is_ours(struct file *f)
{
    char begin[sizeof OURS - 1];
    int64_t n = move(f, false, begin, sizeof begin);

    return n == 0 ||
           (n == sizeof begin && memcmp(begin, OURS, sizeof begin) == 0);
}

void
net_start(void)
{
    struct file *f;
    int64_t r;

    if (!servers[sizeof OURS - 1])
        return;
    r = vfs_open(NULL, NULL, RESOLV, PITH_O_RDWR | PITH_O_CREAT, 0644, &f);
    if (r >= 0) {
        if (is_ours(f) && (r = f->ops->truncate(f, 0)) >= 0)
            r = move(f, true, servers, strlen(servers));
        file_put(f);
    }
    if (r < 0)
        kernel_log(RESOLV ": %s", pith_errno_text((int)r));
}
