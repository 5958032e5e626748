/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host descriptor as an open file of the kernel's, for `pith run`: the
 * program's standard input, output and error are those of pith itself.
 */
#ifndef POSIX_HOSTSTDIO_H
#define POSIX_HOSTSTDIO_H

struct file;

/*
 * A file on the host's open descriptor, which stays open, blocking and the
 * caller's. Reading and writing use the host's own position, which is shared
 * with whoever else has the descriptor. NULL: not open, or no memory. Lock
 * held.
 */
struct file *host_stdio_file(int hostfd);

/*
 * The same for a listening socket, which becomes the kernel's and is closed
 * with it. ioctl HOST_ACCEPT gives a descriptor for the next connection, when
 * its peer is this user or root (else -E_ACCES, and it is dropped); -E_AGAIN.
 */
#define HOST_ACCEPT 0x5091
/* The same, but whoever could connect may: its address is the guard. */
struct file *host_listen_file(int hostfd);
struct file *host_listen_file_any(int hostfd);
/* ioctl on host_listen_file()'s: arg is a text for the service manager. */
#define HOST_NOTIFY 0x5092

/* A file of the host, to be read; ioctl HOST_REOPEN: what has that name now.
 * path must stay. NULL: errno. */
#define HOST_REOPEN 0x5093
struct file *host_named_file(const char *path);

/* sd_notify(3): one datagram to $NOTIFY_SOCKET, if there is one. */
void host_notify(const char *state);

#endif
