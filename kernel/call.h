/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel calls: the one set of operations that every ABI (WASI preview 1,
 * components, `pith`) translates to. Arguments are kernel memory; user buffers
 * come as uio. Lock held by the caller throughout; calls may block (and then
 * release it meanwhile). All return >= 0 or -E_....
 *
 * p is the calling process. dirfd is a descriptor or PITH_AT_FDCWD; a path that
 * begins with / ignores it. Capability checks are inside.
 */
#ifndef KERNEL_CALL_H
#define KERNEL_CALL_H

#include "proc.h"

/* files: kernel/fs/, kernel/file.c */
int call_open(struct proc *p, int dirfd, const char *path, uint32_t flags,
              uint32_t mode);
/* The same, but resolution may not leave dirfd's directory (WASI). Absolute
 * paths and .. or links that escape: -E_NOTCAPABLE (E_PERM for absolute). */
#define CALL_BENEATH 0x80000000u /* or-ed into flags of the *at calls */
int64_t call_read(struct proc *p, int fd, struct uio *u);
int64_t call_write(struct proc *p, int fd, struct uio *u);
int64_t call_pread(struct proc *p, int fd, struct uio *u, uint64_t offset);
int64_t call_pwrite(struct proc *p, int fd, struct uio *u, uint64_t offset);
int64_t call_lseek(struct proc *p, int fd, int64_t offset, int whence);
int call_close(struct proc *p, int fd);
int call_dup(struct proc *p, int fd);
int call_dup3(struct proc *p, int from, int to, uint32_t flags);
int64_t call_fcntl(struct proc *p, int fd, int cmd, int64_t arg);
int call_lock(struct proc *p, int fd, int cmd, struct pith_flock *l);
int call_flock(struct proc *p, int fd, int op);
int call_ioctl(struct proc *p, int fd, uint32_t req, struct gptr arg);
int call_fstat(struct proc *p, int fd, struct pith_stat *out);
int call_fstatat(struct proc *p, int dirfd, const char *path,
                 struct pith_stat *out, uint32_t flags);
int call_statfs(struct proc *p, const char *path, struct pith_statfs *out);
int call_fstatfs(struct proc *p, int fd, struct pith_statfs *out);
int call_faccessat(struct proc *p, int dirfd, const char *path, uint32_t mode,
                   uint32_t flags);
int call_mkdirat(struct proc *p, int dirfd, const char *path, uint32_t mode,
                 uint32_t flags);
int call_mknodat(struct proc *p, int dirfd, const char *path, uint32_t mode,
                 uint64_t dev);
int call_unlinkat(struct proc *p, int dirfd, const char *path, uint32_t flags);
int call_renameat2(struct proc *p, int from_fd, const char *from, int to_fd,
                   const char *to, uint32_t flags);
int call_linkat(struct proc *p, int from_fd, const char *from, int to_fd,
                const char *to, uint32_t flags);
int call_symlinkat(struct proc *p, const char *target, int dirfd,
                   const char *path, uint32_t flags);
int64_t call_readlinkat(struct proc *p, int dirfd, const char *path, char *out,
                        size_t room, uint32_t flags);
int call_fchmodat(struct proc *p, int dirfd, const char *path, uint32_t mode,
                  uint32_t flags); /* PITH_AT_EMPTY_PATH: dirfd itself */
int call_fchownat(struct proc *p, int dirfd, const char *path, uint32_t uid,
                  uint32_t gid, uint32_t flags);
int call_utimensat(struct proc *p, int dirfd, const char *path,
                   const struct pith_timespec times[2], uint32_t flags);
int call_ftruncate(struct proc *p, int fd, uint64_t size);
int call_fallocate(struct proc *p, int fd, int mode, uint64_t offset,
                   uint64_t len);
int call_fsync(struct proc *p, int fd, bool data_only);
int call_sync(struct proc *p);
/* Records struct pith_dirent (or, for WASI, through emit); bytes put. */
int64_t call_getdents(struct proc *p, int fd, struct uio *u);
int call_readdir(struct proc *p, int fd, uint64_t *pos,
                 int (*emit)(void *ctx, const char *name, size_t len,
                             uint64_t ino, uint32_t mode, uint64_t next),
                 void *ctx);
int call_chdir(struct proc *p, const char *path);
int call_fchdir(struct proc *p, int fd);
int64_t call_getcwd(struct proc *p, char *out, size_t room);
int call_mount(struct proc *p, const char *source, const char *target,
               const char *type, uint32_t flags, const char *data);
int call_umount(struct proc *p, const char *target, uint32_t flags);
int call_pipe2(struct proc *p, int out[2], uint32_t flags);
int call_memfd(struct proc *p, const char *name, uint32_t flags);
/* fds[].revents are set; number ready; deadline by host_mono_ns(). */
int call_poll(struct proc *p, struct pith_pollfd *fds, uint32_t n,
              uint64_t deadline_ns, const uint64_t *sigmask);

/* sockets: kernel/socket.c; addresses are struct pith_sockaddr_* */
int call_socket(struct proc *p, int domain, int type, int protocol);
int call_socketpair(struct proc *p, int domain, int type, int protocol,
                    int out[2]);
int call_bind(struct proc *p, int fd, const void *addr, uint32_t len);
int call_listen(struct proc *p, int fd, int backlog);
int call_accept(struct proc *p, int fd, void *addr, uint32_t *len,
                uint32_t flags);
int call_connect(struct proc *p, int fd, const void *addr, uint32_t len);
struct call_msg {
    void *name;
    uint32_t namelen;       /* in: room or size; out: used */
    struct file **files;    /* passed descriptors, referenced */
    uint32_t nfiles, files_room;
    uint32_t flags;         /* out */
    struct pith_ucred sender;
};
int64_t call_send(struct proc *p, int fd, struct uio *u, uint32_t flags,
                  struct call_msg *m);
int64_t call_recv(struct proc *p, int fd, struct uio *u, uint32_t flags,
                  struct call_msg *m);
int call_getsockname(struct proc *p, int fd, void *addr, uint32_t *len,
                     bool peer);
int call_getsockopt(struct proc *p, int fd, int level, int name, void *out,
                    uint32_t *len);
int call_setsockopt(struct proc *p, int fd, int level, int name,
                    const void *value, uint32_t len);
int call_shutdown(struct proc *p, int fd, int how);

/* processes: kernel/proc.c, exec.c, signal.c */
struct call_fd_action {
    uint32_t op;
    int fd, from;
    const char *path;
    uint32_t flags, mode;
};
struct call_spawn {
    const char *path;
    char *args, *env; /* NUL-separated, host_alloc'ed; taken over always */
    size_t args_len, env_len;
    uint32_t argc, envc;
    uint32_t flags;
    int32_t pgroup;
    uint64_t sigmask, sigdefault;
    const struct call_fd_action *actions;
    uint32_t nactions;
    struct grants *grants; /* NULL: the parent's */
    bool search;
};
int call_spawn(struct proc *p, struct call_spawn *s);
int call_exec(struct proc *p, const char *path, char *args, size_t args_len,
              uint32_t argc, char *env, size_t env_len, uint32_t envc);
int call_fork(struct proc *p);
int call_wait(struct proc *p, int32_t pid, int *status, int options,
              struct pith_rusage *usage);
int call_kill(struct proc *p, int32_t pid, int sig);
int call_sigaction(struct proc *p, int sig, const struct pith_sigaction *act,
                   struct pith_sigaction *old);
int call_sigprocmask(struct proc *p, int how, const uint64_t *set,
                     uint64_t *old);
int call_sigsuspend(struct proc *p, uint64_t mask);
int call_setpgid(struct proc *p, int32_t pid, int32_t pgid);
int call_setsid(struct proc *p);
int call_nanosleep(struct proc *p, uint64_t deadline_ns, uint64_t *left_ns);

#endif
