/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network card. Linux itself asks for an address while it starts, or takes
 * the one it is told (`ip=dhcp`, `ip=ADDRESS::GATEWAY:MASK::eth0:off` on its
 * command line), so there is no client here: only a look at what came of it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "init.h"

#define CARD "eth0"

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
    if (fd >= 0)
        close(fd);
}
