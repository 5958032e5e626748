/* SPDX-License-Identifier: Apache-2.0 */
/* Reading directories, and the working directory. */
#include "vfs_internal.h"

#include "call.h"
#include "pith_errno.h"

#include <string.h>

int
call_readdir(struct proc *p, int fd, uint64_t *pos, vfs_emit *emit, void *ctx)
{
    struct file *f = fd_get(p, fd);
    int r;

    if (!f)
        return -E_BADF;
    if (f->flags & PITH_O_PATH)
        r = -E_BADF;
    else
        r = f->ops->readdir ? f->ops->readdir(f, pos, emit, ctx) : -E_NOTDIR;
    file_put(f);
    return r;
}

struct fill {
    struct uio *u;
    int64_t done;
    int error;
};

#define DIRENT_HEAD offsetof(struct pith_dirent, name)

static int
fill_one(void *ctx, const char *name, size_t len, uint64_t ino, uint32_t mode,
         uint64_t next)
{
    struct fill *fill = ctx;
    union {
        struct pith_dirent d;
        char bytes[DIRENT_HEAD + PITH_NAME_MAX + 1 + 8];
    } e = {.bytes = {0}};
    size_t reclen = (DIRENT_HEAD + len + 1 + 7) & ~(size_t)7;
    int64_t n;

    if (reclen > fill->u->resid) {
        if (fill->done == 0)
            fill->error = -E_INVAL; /* too small for even one */
        return 1;
    }
    e.d.ino = ino;
    e.d.next = next;
    e.d.reclen = (uint16_t)reclen;
    e.d.type = (uint8_t)((mode & PITH_S_IFMT) >> 12);
    e.d.namelen = (uint8_t)len;
    memcpy(e.bytes + DIRENT_HEAD, name, len);
    n = uio_put(fill->u, e.bytes, reclen);
    if (n < 0) {
        fill->error = (int)n;
        return 1;
    }
    fill->done += n;
    return 0;
}

int64_t
call_getdents(struct proc *p, int fd, struct uio *u)
{
    struct file *f = fd_get(p, fd);
    struct fill fill = {.u = u};
    uint64_t pos;
    int r;

    if (!f)
        return -E_BADF;
    pos = f->offset;
    if (f->flags & PITH_O_PATH)
        r = -E_BADF;
    else
        r = f->ops->readdir ? f->ops->readdir(f, &pos, fill_one, &fill)
                            : -E_NOTDIR;
    if (r >= 0)
        f->offset = pos;
    file_put(f);
    if (fill.done > 0)
        return fill.done;
    return r < 0 ? r : fill.error;
}

static int
set_cwd(struct proc *p, struct dentry_path *d)
{
    int r = inode_is(d->inode, PITH_S_IFDIR)
                ? vfs_permission(p, d->inode, MAY_EXEC)
                : -E_NOTDIR;

    if (r < 0)
        return r;
    path_ref(d);
    path_unref(p->cwd);
    p->cwd = d;
    return 0;
}

int
call_chdir(struct proc *p, const char *path)
{
    struct dentry_path *d;
    int r = vfs_lookup(p, NULL, path, WALK_DIRECTORY, &d);

    if (r < 0)
        return r;
    r = set_cwd(p, d);
    path_unref(d);
    return r;
}

int
call_fchdir(struct proc *p, int fd)
{
    struct file *f = fd_get(p, fd);
    int r;

    if (!f)
        return -E_BADF;
    r = f->path ? set_cwd(p, f->path) : -E_NOTDIR;
    file_put(f);
    return r;
}

int64_t
call_getcwd(struct proc *p, char *out, size_t room)
{
    struct dentry_path *d = p->cwd ? p->cwd : vfs_root();

    /* A cwd that p->root does not contain has no name p could use. */
    if (p->root && !path_is_below(d, p->root))
        return -E_NOENT;
    return vfs_path_name(p, d, out, room);
}
