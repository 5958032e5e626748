/* SPDX-License-Identifier: Apache-2.0 */
/* Contents of host files and directories; see hostfs_internal.h. */
#define _GNU_SOURCE
#include "hostfs_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define SMALL 8192u       /* goes over the stack */
#define LARGE (1u << 20)  /* the most that is moved at once */

static struct hostfs_file *
file_of(const struct file *f)
{
    return f->data;
}

static int
host_flags(const struct inode *i, uint32_t flags)
{
    if (inode_is(i, PITH_S_IFDIR))
        return O_RDONLY | O_DIRECTORY;
    switch (flags & PITH_O_ACCMODE) {
    case PITH_O_WRONLY:
        return O_WRONLY;
    case PITH_O_RDWR:
        return O_RDWR;
    default:
        return O_RDONLY;
    }
}

int
hostfs_open(struct inode *i, struct file *f)
{
    struct hostfs_inode *h = hostfs_inode(i);
    struct hostfs_file *hf = host_alloc(sizeof *hf);
    int fd = h->fresh_fd;

    if (!hf)
        return -E_NOMEM;
    h->fresh_fd = -1;
    if (fd < 0)
        fd = hostfs_reopen(h, host_flags(i, f->flags));
    if (fd < 0) {
        host_free(hf);
        return fd;
    }
    hf->fd = fd;
    hf->writable = (f->flags & PITH_O_ACCMODE) != PITH_O_RDONLY;
    hf->next = h->files;
    h->files = hf;
    f->data = hf;
    return 0;
}

void
hostfs_release(struct inode *i, struct file *f)
{
    struct hostfs_file **at = &hostfs_inode(i)->files, *hf = file_of(f);

    while (*at != hf)
        at = &(*at)->next;
    *at = hf->next;
    close(hf->fd);
    host_free(hf);
}

/* ---- reading and writing ------------------------------------------------ */

/* A buffer for a transfer of n: the small one, or one of the heap. */
static uint8_t *
buffer(uint8_t *small, size_t n, size_t *room)
{
    uint8_t *large;

    *room = SMALL;
    if (n <= SMALL)
        return small;
    if (n > LARGE)
        n = LARGE;
    large = malloc(n);
    if (large)
        *room = n;
    return large ? large : small;
}

int64_t
hostfs_read(struct inode *i, struct file *f, struct uio *u)
{
    uint8_t small[SMALL], *buf;
    uint64_t at = u->offset;
    int64_t done = 0, n = 0;
    size_t room;
    int fd = file_of(f)->fd;

    (void)i;
    buf = buffer(small, u->resid, &room);
    while (u->resid > 0) {
        size_t want = u->resid < room ? u->resid : room;
        kernel_unlock();
        n = pread(fd, buf, want, (off_t)at);
        n = n < 0 ? host_error(errno) : n;
        kernel_lock();
        if (n > 0)
            n = uio_put(u, buf, (size_t)n);
        if (n <= 0)
            break;
        done += n;
        at += (uint64_t)n;
        if ((size_t)n < want)
            break;
    }
    if (buf != small)
        free(buf);
    return done ? done : n;
}

/* At the end, wherever that is by then; *at says where it was. */
static int64_t
append(int fd, const void *buf, size_t n, uint64_t *at)
{
    struct iovec v = {(void *)(uintptr_t)buf, n};
    struct stat st;
    int64_t r = pwritev2(fd, &v, 1, -1, RWF_APPEND);
    off_t end;

    if (r >= 0) {
        end = lseek(fd, 0, SEEK_CUR);
        *at = (uint64_t)(end - r);
        return r;
    }
    if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)
        return -1;
    if (fstat(fd, &st) < 0)
        return -1;
    *at = (uint64_t)st.st_size;
    return pwrite(fd, buf, n, st.st_size);
}

int64_t
hostfs_write(struct inode *i, struct file *f, struct uio *u)
{
    uint8_t small[SMALL], *buf;
    uint64_t at = u->offset;
    int64_t done = 0, n = 0;
    bool at_end = f->flags & PITH_O_APPEND;
    size_t room;
    int fd = file_of(f)->fd;

    (void)i;
    buf = buffer(small, u->resid, &room);
    while (u->resid > 0) {
        size_t want = u->resid < room ? u->resid : room;
        n = uio_get(u, buf, want);
        if (n < 0)
            break;
        kernel_unlock();
        n = at_end ? append(fd, buf, want, &at)
                   : pwrite(fd, buf, want, (off_t)at);
        n = n < 0 ? host_error(errno) : n;
        kernel_lock();
        if (n <= 0)
            break;
        if (at_end && done == 0)
            u->offset = at;
        done += n;
        at += (uint64_t)n;
        if ((size_t)n < want)
            break;
    }
    if (buf != small)
        free(buf);
    return done ? done : n;
}

/* A writable descriptor: one that is open already, or a new one. */
static int
writable_fd(struct hostfs_inode *h)
{
    for (const struct hostfs_file *hf = h->files; hf; hf = hf->next) {
        if (hf->writable) {
            int fd = fcntl(hf->fd, F_DUPFD_CLOEXEC, 0);
            return fd < 0 ? host_error(errno) : fd;
        }
    }
    return hostfs_reopen(h, O_WRONLY);
}

int
hostfs_resize(struct hostfs_inode *h, uint64_t size)
{
    int fd = writable_fd(h), r;

    if (fd < 0)
        return fd;
    kernel_unlock();
    r = ftruncate(fd, (off_t)size) < 0 ? host_error(errno) : 0;
    close(fd);
    kernel_lock();
    return r;
}

int
hostfs_fsync(struct inode *i, struct file *f, bool data_only)
{
    int fd = file_of(f)->fd, r;

    (void)i;
    kernel_unlock();
    r = (data_only ? fdatasync(fd) : fsync(fd)) < 0 ? host_error(errno) : 0;
    kernel_lock();
    return r;
}

int
hostfs_allocate(struct inode *i, struct file *f, uint64_t offset, uint64_t len,
                bool keep_size)
{
    int fd = file_of(f)->fd, r;
    struct stat st;

    (void)i;
    kernel_unlock();
    r = fallocate(fd, keep_size ? FALLOC_FL_KEEP_SIZE : 0, (off_t)offset,
                  (off_t)len) < 0
            ? host_error(errno)
            : 0;
    if (r == -E_NOTSUP) { /* the host's file system cannot: the size can */
        r = fstat(fd, &st) < 0 ? host_error(errno) : 0;
        if (r == 0 && !keep_size && (uint64_t)st.st_size < offset + len)
            r = ftruncate(fd, (off_t)(offset + len)) < 0 ? host_error(errno)
                                                         : 0;
    }
    kernel_lock();
    return r;
}

/* ---- whole files -------------------------------------------------------- */

static void
unmap(const uint8_t *bytes, size_t size, void *ctx)
{
    (void)bytes;
    if (size)
        munmap(ctx, size);
}

/*
 * A copy, read straight into its place. Mapping the file itself would be faster
 * still, but a module that changes after it was validated, or is cut off while
 * it runs, must not harm us.
 */
int
hostfs_map(struct inode *i, struct vfs_image *out)
{
    int fd = hostfs_reopen(hostfs_inode(i), O_RDONLY), r = 0;
    size_t size = (size_t)i->size, used = 0;
    uint8_t *map = NULL;

    if (fd < 0)
        return fd;
    kernel_unlock();
    if (size) {
        map = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED) {
            r = -E_NOMEM;
            size = 0;
        }
    }
    while (r == 0 && used < size) {
        ssize_t n = pread(fd, map + used, size - used, (off_t)used);
        if (n <= 0) {
            r = n < 0 ? host_error(errno) : -E_IO; /* it shrank */
            munmap(map, size);
        } else {
            used += (size_t)n;
        }
    }
    close(fd);
    kernel_lock();
    if (r == 0)
        *out = (struct vfs_image){map, size, unmap, map};
    return r;
}

/* ---- directories -------------------------------------------------------- */

struct host_dirent { /* as getdents64 has it */
    uint64_t ino;
    int64_t next;
    uint16_t reclen;
    uint8_t type;
    char name[];
};

/* Fill buf with records from position pos on. */
static int64_t
read_records(int fd, uint64_t pos, uint8_t *buf, size_t room)
{
    int64_t n;

    if (lseek(fd, (off_t)pos, SEEK_SET) < 0)
        return host_error(errno);
    n = syscall(SYS_getdents64, fd, buf, room);
    return n < 0 ? host_error(errno) : n;
}

/* 1: it was not taken. */
static int
emit_records(struct inode *i, const uint8_t *buf, int64_t n, uint64_t *pos,
             vfs_emit *emit, void *ctx)
{
    const struct hostfs_inode *h = hostfs_inode(i);

    for (int64_t at = 0; at < n;) {
        const struct host_dirent *d = (const void *)(buf + at);
        size_t len = strlen(d->name);
        uint64_t ino = d->ino;
        if (len == 2 && d->name[0] == '.' && d->name[1] == '.')
            ino = h->parent ? h->parent->i.ino : i->ino; /* not what is above */
        if (len <= PITH_NAME_MAX &&
            emit(ctx, d->name, len, ino, (uint32_t)d->type << 12,
                 (uint64_t)d->next))
            return 1;
        *pos = (uint64_t)d->next;
        at += d->reclen;
    }
    return 0;
}

int
hostfs_readdir(struct inode *i, struct file *f, uint64_t *pos, vfs_emit *emit,
               void *ctx)
{
    struct hostfs_file *hf = file_of(f);
    uint8_t *buf = malloc(32768);
    int64_t n;
    int r;

    if (!buf)
        return -E_NOMEM;
    do {
        r = sleep_lock_take(&hf->reading);
        if (r < 0)
            break;
        kernel_unlock();
        n = read_records(hf->fd, *pos, buf, 32768);
        kernel_lock();
        sleep_lock_drop(&hf->reading);
        r = n < 0 ? (int)n : emit_records(i, buf, n, pos, emit, ctx);
    } while (r == 0 && n > 0);
    free(buf);
    return r < 0 ? r : 0;
}
