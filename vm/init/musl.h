/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What host/posix uses and the musl of Debian 12 does not have yet; read ahead
 * of every file of PID 1 (-include), so it includes nothing: the file's own
 * feature macros come later. 64-bit machines: off_t and ssize_t are long.
 */
#if !defined(VM_INIT_MUSL_H) && !defined(__ASSEMBLER__)
#define VM_INIT_MUSL_H

#define c_ispeed __c_ispeed /* of struct termios */
#define c_ospeed __c_ospeed
#define RWF_APPEND 0x10
#define RENAME_EXCHANGE 2

struct epoll_event;
struct iovec;
struct timespec;

/* Linux 5.11; NULL for the mask is all that is offered. */
int epoll_pwait2(int fd, struct epoll_event *events, int room,
                 const struct timespec *timeout, const void *mask);
/* Linux 4.6 */
long pwritev2(int fd, const struct iovec *v, int n, long at, int flags);
/* Linux 3.15 */
int renameat2(int from_dir, const char *from, int to_dir, const char *to,
              unsigned flags);

/* musl gives back what it can at once. */
#define malloc_trim(keep) ((void)(keep))

#endif
