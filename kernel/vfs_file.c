/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open regular files and directories: what all drivers have in common around
 * their inode_ops (access mode, positions, O_APPEND, RLIMIT_FSIZE, times), and
 * the calls on them.
 */
#include "vfs_internal.h"

#include "app.h"
#include "call.h"
#include "memory.h"
#include "pith_errno.h"

#include <string.h>

#define DAY_NS 86400000000000

/* relatime, as Linux has it. */
static void
touch_atime(struct file *f)
{
    struct inode *i = f->inode;
    struct inode_attr a = {.what = ATTR_ATIME};

    if ((i->fs->flags & FS_LIVE) || !f->path || vfs_writable(f->path) < 0)
        return;
    if (i->atime_ns > i->mtime_ns && i->atime_ns > i->ctime_ns) {
        if (vfs_recent_ns() - i->atime_ns < DAY_NS)
            return;
    }
    a.atime_ns = vfs_now_ns();
    vfs_setattr(i, &a);
}

static int64_t
file_read(struct file *f, struct uio *u)
{
    struct inode *i = f->inode;
    int64_t n;

    if (inode_is(i, PITH_S_IFDIR))
        return -E_ISDIR;
    if (!i->ops->read)
        return -E_INVAL;
    if (u->offset > INT64_MAX)
        return -E_INVAL;
    n = i->ops->read(i, f, u);
    if (n > 0)
        touch_atime(f);
    return n;
}

/* Bytes of a write of n at `at` that RLIMIT_FSIZE and the format allow. */
static int64_t
clip_write(uint64_t at, size_t n)
{
    struct proc *p = proc_current();
    uint64_t limit = p ? p->rlimit[PITH_RLIMIT_FSIZE].cur : UINT64_MAX;

    if (limit > INT64_MAX)
        limit = INT64_MAX;
    else if (at >= limit && n > 0)
        signal_send(p, PITH_SIGXFSZ);
    if (at >= limit)
        return n > 0 ? -E_FBIG : 0;
    return (int64_t)(n < limit - at ? n : limit - at);
}

/* Somebody else than root wrote to a set-id program: it is one no more. */
static void
clear_setid(struct inode *i)
{
    struct inode_attr a = {.what = ATTR_MODE, .mode = i->mode & ~06000u};

    if ((i->mode & 06000) && !vfs_is_root(proc_current()))
        vfs_setattr(i, &a);
}

/* Does its size count for the app? To know a live file's costs a call of the
 * host's, so that is asked only where there is a limit. */
static bool
counted(struct inode *i)
{
    return inode_is(i, PITH_S_IFREG) &&
           (!(i->fs->flags & FS_LIVE) ||
            (app_disk_limited(proc_current()) && vfs_getattr(i) == 0));
}

/* By how much it grows when it is to be `size` at least. */
static int64_t
growth(struct inode *i, uint64_t size)
{
    return counted(i) && size > i->size ? (int64_t)(size - i->size) : 0;
}

/* What was charged for a write of `wanted` that moved n bytes only. */
static void
refund(int64_t grown, int64_t wanted, int64_t n)
{
    int64_t less = wanted - (n > 0 ? n : 0);

    if (less > 0 && grown > 0)
        app_charge_disk(proc_current(), -(less < grown ? less : grown));
}

static int64_t
file_write(struct file *f, struct uio *u)
{
    struct inode *i = f->inode;
    uint64_t at = u->offset;
    size_t resid = u->resid;
    int64_t n, grown, wanted;
    int r;

    if (!i->ops->write)
        return -E_INVAL;
    if (f->flags & PITH_O_APPEND) {
        r = vfs_getattr(i);
        if (r < 0)
            return r;
        at = i->size;
    }
    n = clip_write(at, resid);
    if (n <= 0)
        return n;
    wanted = n;
    grown = growth(i, at + (uint64_t)n);
    r = app_charge_disk(proc_current(), grown);
    if (r < 0)
        return r;
    clear_setid(i);
    u->resid = (size_t)n;
    n = i->ops->write(i, f, u);
    refund(grown, wanted, n);
    if (n > 0)
        u->resid = resid - (size_t)n;
    if (n > 0 && (f->flags & PITH_O_DSYNC) && i->ops->fsync) {
        r = i->ops->fsync(i, f, (f->flags & PITH_O_SYNC) != PITH_O_SYNC);
        if (r < 0)
            return r;
    }
    return n;
}

static int64_t
file_seek(struct file *f, int64_t offset, int whence)
{
    int64_t base = 0;
    int r;

    switch (whence) {
    case PITH_SEEK_SET:
        break;
    case PITH_SEEK_CUR:
        base = (int64_t)f->offset;
        break;
    case PITH_SEEK_END:
        if (inode_is(f->inode, PITH_S_IFDIR))
            return -E_INVAL;
        r = vfs_getattr(f->inode);
        if (r < 0)
            return r;
        base = (int64_t)f->inode->size;
        break;
    default:
        return -E_INVAL;
    }
    if (offset > 0 && base > INT64_MAX - offset)
        return -E_OVERFLOW;
    if (base + offset < 0)
        return -E_INVAL;
    f->offset = (uint64_t)(base + offset);
    return base + offset;
}

static int
file_readdir(struct file *f, uint64_t *pos, vfs_emit *emit, void *ctx)
{
    struct inode *i = f->inode;
    int r;

    if (!inode_is(i, PITH_S_IFDIR))
        return -E_NOTDIR;
    if (!i->ops->readdir)
        return -E_NOTSUP;
    if (i->flags & INODE_DELETED_DIR)
        return -E_NOENT;
    r = i->ops->readdir(i, f, pos, emit, ctx);
    if (r >= 0)
        touch_atime(f);
    return r;
}

static int
file_fsync(struct file *f, bool data_only)
{
    struct inode *i = f->inode;

    return i->ops->fsync ? i->ops->fsync(i, f, data_only) : 0;
}

int
vfs_truncate(struct inode *i, uint64_t size)
{
    struct inode_attr a = {.what = ATTR_SIZE | ATTR_MTIME | ATTR_CTIME,
                           .size = size};
    int64_t n, grown;
    int r = vfs_getattr(i);

    if (r < 0)
        return r;
    if (size > INT64_MAX)
        return -E_INVAL;
    if (size > i->size) {
        n = clip_write(size - 1, 1);
        if (n < 0)
            return (int)n;
    }
    grown = counted(i) ? (int64_t)(size - i->size) : 0;
    r = app_charge_disk(proc_current(), grown);
    if (r < 0)
        return r;
    clear_setid(i);
    a.mtime_ns = a.ctime_ns = vfs_now_ns();
    r = vfs_setattr(i, &a);
    if (r < 0)
        app_charge_disk(proc_current(), -grown);
    return r;
}

static int
file_truncate(struct file *f, uint64_t size)
{
    if (inode_is(f->inode, PITH_S_IFDIR))
        return -E_ISDIR;
    return vfs_truncate(f->inode, size);
}

static void
file_release(struct file *f)
{
    if (vfs_changed && f->path && (f->flags & PITH_O_ACCMODE) &&
        inode_is(f->inode, PITH_S_IFREG) && !(f->inode->fs->flags & FS_LIVE))
        vfs_tell(f->path, NULL, 0, VFS_WRITTEN);
    if (f->inode->ops->release)
        f->inode->ops->release(f->inode, f);
}

const struct file_ops vfs_file_ops = {
    .name = "file",
    .read = file_read,
    .write = file_write,
    .seek = file_seek,
    .readdir = file_readdir,
    .fsync = file_fsync,
    .truncate = file_truncate,
    .release = file_release,
};

const struct file_ops vfs_path_ops = {.name = "path"};

/* ---- the calls ---------------------------------------------------------- */

int
call_ftruncate(struct proc *p, int fd, uint64_t size)
{
    struct file *f = fd_get(p, fd);
    int r;

    if (!f)
        return -E_BADF;
    if ((f->flags & PITH_O_ACCMODE) == PITH_O_RDONLY || !f->ops->truncate)
        r = -E_INVAL;
    else
        r = f->ops->truncate(f, size);
    file_put(f);
    return r;
}

int
call_fallocate(struct proc *p, int fd, int mode, uint64_t offset,
               uint64_t len)
{
    struct file *f = fd_get(p, fd);
    struct inode *i = f ? f->inode : NULL;
    int64_t r = 0, grown = 0;

    if (!f)
        return -E_BADF;
    if (mode & ~1) /* FALLOC_FL_KEEP_SIZE alone */
        r = -E_NOTSUP;
    else if ((f->flags & PITH_O_ACCMODE) == PITH_O_RDONLY)
        r = -E_BADF;
    else if (f->ops != &vfs_file_ops)
        r = f->ops->seek ? -E_NODEV : -E_SPIPE;
    else if (len == 0 || offset > INT64_MAX)
        r = -E_INVAL;
    else if (len > INT64_MAX - offset)
        r = -E_FBIG;
    else if (!i->ops->allocate)
        r = -E_NOTSUP;
    if (r == 0)
        r = vfs_getattr(i);
    if (r == 0 && offset + len > i->size && !(mode & 1))
        r = clip_write(offset + len - 1, 1);
    if (r >= 0) {
        grown = growth(i, offset + len);
        r = app_charge_disk(p, grown);
        grown = r < 0 ? 0 : grown;
    }
    if (r >= 0)
        r = i->ops->allocate(i, f, offset, len, mode & 1);
    if (r < 0)
        app_charge_disk(p, -grown);
    file_put(f);
    return (int)r;
}

int
call_fsync(struct proc *p, int fd, bool data_only)
{
    struct file *f = fd_get(p, fd);
    int r;

    if (!f)
        return -E_BADF;
    if (f->flags & PITH_O_PATH)
        r = -E_BADF;
    else
        r = f->ops->fsync ? f->ops->fsync(f, data_only) : -E_INVAL;
    file_put(f);
    return r;
}

int
call_sync(struct proc *p)
{
    (void)p;
    vfs_sync(); /* sync(2) has no error to give */
    return 0;
}

/* ---- reading whole files ------------------------------------------------ */

static void
free_bytes(const uint8_t *bytes, size_t size, void *ctx)
{
    (void)bytes;
    memory_give(size);
    host_free(ctx);
}

int
vfs_read_all(struct file *f, size_t max, struct vfs_image *out)
{
    struct inode *i = f->inode;
    uint8_t *bytes;
    size_t size, used = 0;
    int64_t n = 1;
    int r;

    if (f->ops != &vfs_file_ops || !inode_is(i, PITH_S_IFREG))
        return -E_INVAL;
    r = vfs_getattr(i);
    if (r < 0)
        return r;
    if (i->size > max)
        return -E_FBIG;
    if (i->ops->map && i->ops->map(i, out) == 0)
        return 0;
    size = (size_t)i->size;
    if (!memory_take(size, 0))
        return -E_NOMEM;
    bytes = host_alloc(size + 1);
    if (!bytes) {
        memory_give(size);
        return -E_NOMEM;
    }
    while (used < size && n > 0) {
        struct uio_seg seg;
        struct uio u;
        uio_kernel(&u, &seg, bytes + used, size - used);
        u.offset = used;
        n = i->ops->read(i, f, &u);
        if (n > 0)
            used += (size_t)n;
    }
    if (n < 0) {
        free_bytes(bytes, size, bytes);
        return (int)n;
    }
    memory_give(size - used); /* it was truncated meanwhile */
    *out = (struct vfs_image){bytes, used, free_bytes, bytes};
    return 0;
}

void
vfs_image_finish(struct vfs_image *m)
{
    if (m->release)
        m->release(m->bytes, m->size, m->ctx);
    *m = (struct vfs_image){.bytes = NULL};
}
