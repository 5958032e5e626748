/* SPDX-License-Identifier: Apache-2.0 */
/* System calls on files and descriptors, as musl calls them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <time.h>

#include "pith.h"

long
__sys_nosys(long a, long b, long c, long d, long e, long f)
{
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
    return -ENOSYS;
}

SYS(openat) left(pith_open(a, P(b), c, d)) END
SYS(close) left(pith_close(a)) END
SYS(read) left(pith_read(a, P(b), c)) END
SYS(write) left(pith_write(a, P(b), c)) END
SYS(readv) left(pith_readv(a, P(b), c)) END
SYS(writev) left(pith_writev(a, P(b), c)) END
SYS(pread) left(pith_pread(a, P(b), c, LL(d, e))) END
SYS(pwrite) left(pith_pwrite(a, P(b), c, LL(d, e))) END
SYS(dup) left(pith_dup(a)) END
SYS(dup3) left(pith_dup3(a, b, c)) END
SYS(pipe2) left(pith_pipe2(P(a), b)) END
SYS(ioctl) left(pith_ioctl(a, b, P(c))) END
SYS(ftruncate) left(pith_ftruncate(a, LL(b, c))) END
SYS(fallocate) left(pith_fallocate(a, b, LL(c, d), LL(e, f))) END
SYS(fsync) left(pith_fsync(a)) END
SYS(fdatasync) left(pith_fdatasync(a)) END
SYS(syncfs) left(pith_fsync(a)) END
SYS(sync) left(pith_sync()) END
SYS(flock) left(pith_flock(a, b)) END
SYS(fadvise) 0 END
SYS(readahead) 0 END
SYS(memfd_create) left(pith_memfd_create(P(a), b)) END
SYS(getdents) left(pith_getdents(a, P(b), c)) END

SYS(faccessat) left(pith_faccessat(a, P(b), c, 0)) END
SYS(faccessat2) left(pith_faccessat(a, P(b), c, d)) END
SYS(mkdirat) left(pith_mkdirat(a, P(b), c)) END
SYS(mknodat) left(pith_mknodat(a, P(b), c, (uint32_t)d)) END
SYS(unlinkat) left(pith_unlinkat(a, P(b), c)) END
SYS(renameat2) left(pith_renameat2(a, P(b), c, P(d), e)) END
SYS(linkat) left(pith_linkat(a, P(b), c, P(d), e)) END
SYS(symlinkat) left(pith_symlinkat(P(a), b, P(c))) END
SYS(readlinkat) left(pith_readlinkat(a, P(b), P(c), d)) END
SYS(fchmod) left(pith_fchmod(a, b)) END
SYS(fchmodat) left(pith_fchmodat(a, P(b), c, d)) END
SYS(fchown) left(pith_fchown(a, b, c)) END
SYS(fchownat) left(pith_fchownat(a, P(b), c, d, e)) END
SYS(chdir) left(pith_chdir(P(a))) END
SYS(fchdir) left(pith_fchdir(a)) END
SYS(umask) pith_umask(a) END
SYS(mount) left(pith_mount(P(a), P(b), P(c), d, P(e))) END
SYS(umount2) left(pith_umount(P(a), b)) END

/* The length includes the NUL, as on Linux. */
SYS(getcwd) left(pith_getcwd(P(a), b)) END

SYS(_llseek) ({
    int64_t r = pith_lseek(a, LL(c, b), e);
    if (r >= 0)
        *(int64_t *)P(d) = r;
    left(r < 0 ? (long)r : 0);
}) END

SYS(truncate) ({
    long fd = pith_open(PITH_AT_FDCWD, P(a), PITH_O_WRONLY | PITH_O_CLOEXEC, 0);
    long r = fd;
    if (fd >= 0) {
        r = pith_ftruncate(fd, LL(b, c));
        pith_close(fd);
    }
    left(r);
}) END

/* Vectors at an offset: one transfer through the first non-empty buffer would
 * be legal, but programs expect whole ones, so go on while they are filled. */
static long
vector(long fd, const struct iovec *v, long n, int64_t offset, int writing)
{
    long total = 0;
    if (n < 0 || n > 1024)
        return -EINVAL;
    for (long i = 0; i < n; i++) {
        long r = writing ? pith_pwrite(fd, v[i].iov_base, v[i].iov_len, offset)
                         : pith_pread(fd, v[i].iov_base, v[i].iov_len, offset);
        if (r < 0)
            return total > 0 ? total : r;
        total += r;
        offset += r;
        if ((size_t)r < v[i].iov_len)
            break;
    }
    return total;
}

SYS(preadv) left(vector(a, P(b), c, LL(d, e), 0)) END
SYS(pwritev) left(vector(a, P(b), c, LL(d, e), 1)) END

SYS(fcntl) ({
    long r;
    if (b == F_GETLK || b == F_SETLK || b == F_SETLKW) {
        struct flock *l = P(c);
        struct pith_flock k = {.type = l->l_type, .whence = l->l_whence,
                               .pid = l->l_pid, .start = l->l_start,
                               .len = l->l_len};
        r = pith_fcntl(a, b, (int64_t)(uintptr_t)&k);
        if (r >= 0 && b == F_GETLK) {
            l->l_type = k.type;
            l->l_whence = k.whence;
            l->l_pid = k.pid;
            l->l_start = k.start;
            l->l_len = k.len;
        }
    } else {
        r = pith_fcntl(a, b, (int64_t)(uint32_t)c);
    }
    left(r);
}) END

static void
timespec_out(struct pith_timespec *to, const struct timespec *from)
{
    to->sec = from->tv_sec;
    to->nsec = from->tv_nsec;
}

SYS(utimensat) ({
    struct pith_timespec t[2];
    const struct timespec *u = P(c);
    if (u) {
        timespec_out(&t[0], &u[0]);
        timespec_out(&t[1], &u[1]);
    }
    left(b ? pith_utimensat(a, P(b), u ? t : 0, d)
           : pith_utimensat(a, "", u ? t : 0, d | PITH_AT_EMPTY_PATH));
}) END

static long
statfs_in(long r, const struct pith_statfs *k, struct statfs *s)
{
    if (r < 0)
        return r;
    memset(s, 0, sizeof *s);
    s->f_type = (unsigned long)k->type;
    s->f_bsize = (unsigned long)k->bsize;
    s->f_frsize = (unsigned long)k->bsize;
    s->f_blocks = k->blocks;
    s->f_bfree = k->bfree;
    s->f_bavail = k->bavail;
    s->f_files = k->files;
    s->f_ffree = k->ffree;
    s->f_namelen = (unsigned long)k->namelen;
    s->f_flags = (unsigned long)k->flags;
    return r;
}

SYS(statfs) ({
    struct pith_statfs k;
    left(statfs_in(pith_statfs(P(a), &k), &k, P(b)));
}) END
SYS(fstatfs) ({
    struct pith_statfs k;
    left(statfs_in(pith_fstatfs(a, &k), &k, P(b)));
}) END

SYS(fstatat) left(pith_fstatat(a, P(b), P(c), d)) END
SYS(fstat) left(pith_fstat(a, P(b))) END

/* Takes the place of musl's src/stat/fstatat.c: struct stat is the kernel's. */
_Static_assert(sizeof(struct stat) == sizeof(struct pith_stat), "stat");
int
__fstatat(int dir, const char *restrict path, struct stat *restrict st,
          int flags)
{
    long r = (flags & AT_EMPTY_PATH) && !*path ? pith_fstat(dir, st)
                                               : pith_fstatat(dir, path, st,
                                                              flags);
    return (int)__syscall_ret((unsigned long)left(r));
}
int fstatat(int dir, const char *restrict path, struct stat *restrict st,
            int flags) __attribute__((__weak__, alias("__fstatat")));

SYS(sendfile) ({
    char buffer[4096];
    int64_t *at = P(c);
    size_t n = (size_t)d < sizeof buffer ? (size_t)d : sizeof buffer;
    long r = at ? pith_pread(b, buffer, (int32_t)n, *at)
                : pith_read(b, buffer, (int32_t)n);
    long w = r > 0 ? pith_write(a, buffer, r) : r;
    if (at && w > 0)
        *at += w;
    else if (w >= 0 && w < r)
        pith_lseek(b, w - r, PITH_SEEK_CUR);
    left(w);
}) END

int
faccessat(int dir, const char *path, int mode, int flags)
{
    return (int)__syscall_ret(
        (unsigned long)left(pith_faccessat(dir, path, mode, flags)));
}
