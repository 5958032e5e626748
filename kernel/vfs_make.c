/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names appear, go and move: mkdir, mknod, symlink, link, unlink, rmdir,
 * rename, and the checks that POSIX puts before each. Every change is made
 * with the file system's lock held, after the last component was looked up
 * again under it; the driver then need not check twice.
 */
#include "vfs_internal.h"

#include "call.h"
#include "pith_errno.h"

#include <string.h>

#define S_PERMISSIONS 07777u

int
vfs_may_make(struct proc *p, const struct walk *w)
{
    struct inode *dir;
    int r;

    r = vfs_grant_name(p, w->parent, w->name, w->len, true);
    if (r < 0)
        return r;
    r = vfs_writable(w->parent);
    if (r < 0)
        return r;
    dir = w->parent->inode;
    if (w->parent->deleted || (dir->flags & INODE_DELETED_DIR))
        return -E_NOENT;
    return vfs_permission(p, dir, MAY_WRITE | MAY_EXEC);
}

/* Owner and group of something new in dir. */
static void
fill_new(struct proc *p, const struct inode *dir, uint32_t mode,
         struct inode_new *n)
{
    n->mode = mode;
    n->uid = p ? p->cred.euid : 0;
    n->gid = p ? p->cred.egid : 0;
    if (dir->mode & PITH_S_ISGID) {
        n->gid = dir->gid;
        if ((mode & PITH_S_IFMT) == PITH_S_IFDIR)
            n->mode |= PITH_S_ISGID;
    }
}

int
vfs_make(struct proc *p, struct walk *w, uint32_t mode, uint64_t rdev,
         const char *target)
{
    struct inode *dir = w->parent->inode, *i = NULL;
    struct fs *fs = dir->fs;
    struct inode_new n = {.rdev = rdev, .target = target};
    int r;

    if (!dir->ops->create)
        return -E_PERM;
    fill_new(p, dir, mode, &n);
    r = sleep_lock_take(&fs->lock);
    if (r < 0)
        return r;
    r = walk_again(w);
    if (r == 0)
        r = -E_EXIST;
    else if (r == -E_NOENT)
        r = w->parent->deleted
                ? -E_NOENT
                : dir->ops->create(dir, w->name, w->len, &n, &i);
    sleep_lock_drop(&fs->lock);
    if (r < 0)
        return r;
    vfs_tell(w->parent, w->name, w->len, VFS_WRITTEN);
    w->node = path_get(w->parent, w->name, w->len, i);
    return w->node ? 0 : -E_NOMEM;
}

/* mkdir, mknod and symlink alike. */
static int
make(struct proc *p, int dirfd, const char *path, uint32_t mode, uint64_t rdev,
     const char *target, uint32_t flags)
{
    struct dentry_path *start;
    struct walk w;
    bool dir = (mode & PITH_S_IFMT) == PITH_S_IFDIR;
    int r = vfs_start(p, dirfd, path, &start);

    if (r < 0)
        return r;
    r = vfs_walk(p, start, path,
                 WALK_PARENT | WALK_NOFOLLOW | WALK_WRITE |
                     (flags & WALK_BENEATH),
                 &w);
    path_unref(start);
    if (r == -E_NOTDIR && dir && w.slash && w.node)
        r = -E_EXIST;
    if (r < 0)
        return r;
    if (w.node || w.special || w.file) {
        r = w.special ? 0
                      : vfs_grant_name(p, w.parent, w.name, w.len, true);
        if (r == 0)
            r = -E_EXIST;
    } else if (w.slash && !dir) {
        r = -E_NOENT;
    }
    if (r == 0)
        r = vfs_may_make(p, &w);
    if (r == 0)
        r = vfs_make(p, &w, mode, rdev, target);
    walk_finish(&w);
    return r;
}

int
call_mkdirat(struct proc *p, int dirfd, const char *path, uint32_t mode,
             uint32_t flags)
{
    /* As on Linux: of the special bits only the sticky one counts. */
    mode = mode & (0777 | PITH_S_ISVTX) & ~p->umask;
    return make(p, dirfd, path, PITH_S_IFDIR | mode, 0, NULL, flags);
}

int
call_mknodat(struct proc *p, int dirfd, const char *path, uint32_t mode,
             uint64_t dev)
{
    uint32_t type = mode & PITH_S_IFMT;
    int r = 0;

    if (type == 0)
        type = PITH_S_IFREG;
    switch (type) {
    case PITH_S_IFREG:
    case PITH_S_IFIFO:
    case PITH_S_IFSOCK:
        dev = 0;
        break;
    case PITH_S_IFCHR:
    case PITH_S_IFBLK:
        r = vfs_is_root(p) ? cap_check(p, CAP_DEVICE) : -E_PERM;
        break;
    case PITH_S_IFDIR:
        r = -E_PERM;
        break;
    default:
        r = -E_INVAL;
    }
    if (r < 0)
        return r;
    mode = type | (mode & S_PERMISSIONS & ~p->umask);
    return make(p, dirfd, path, mode, dev, NULL, 0);
}

int
call_symlinkat(struct proc *p, const char *target, int dirfd, const char *path,
               uint32_t flags)
{
    size_t len = strnlen(target, PITH_PATH_MAX);

    if (len == 0)
        return -E_NOENT;
    if (len >= PITH_PATH_MAX)
        return -E_NAMETOOLONG;
    return make(p, dirfd, path, PITH_S_IFLNK | 0777, 0, target, flags);
}

int
vfs_mksock(struct proc *p, const char *path, uint32_t mode,
           struct inode **out)
{
    struct walk w;
    int r = vfs_walk(p, NULL, path,
                     WALK_PARENT | WALK_NOFOLLOW | WALK_WRITE, &w);

    if (r < 0)
        return r;
    if (w.node || w.special || w.file)
        r = -E_ADDRINUSE;
    if (r == 0)
        r = vfs_may_make(p, &w);
    if (r == 0)
        r = vfs_make(p, &w, PITH_S_IFSOCK | (mode & 0777), 0, NULL);
    if (r == 0)
        *out = inode_ref(w.node->inode);
    walk_finish(&w);
    return r == -E_EXIST ? -E_ADDRINUSE : r;
}

int
vfs_find_sock(struct proc *p, const char *path, struct inode **out)
{
    struct dentry_path *d;
    int r = vfs_lookup(p, NULL, path, WALK_WRITE, &d);

    if (r < 0)
        return r;
    if (!inode_is(d->inode, PITH_S_IFSOCK))
        r = -E_NOTSOCK;
    else
        r = vfs_permission(p, d->inode, MAY_WRITE);
    if (r == 0)
        *out = inode_ref(d->inode);
    path_unref(d);
    return r;
}

/* ---- link --------------------------------------------------------------- */

static int
link_at(struct proc *p, struct inode *i, struct walk *w)
{
    struct inode *dir = w->parent->inode;
    struct fs *fs = dir->fs;
    int r = sleep_lock_take(&fs->lock);

    if (r < 0)
        return r;
    r = walk_again(w);
    if (r == 0)
        r = -E_EXIST;
    else if (r == -E_NOENT)
        r = vfs_may_make(p, w);
    if (r == 0)
        r = dir->ops->link ? dir->ops->link(dir, w->name, w->len, i) : -E_PERM;
    sleep_lock_drop(&fs->lock);
    return r;
}

int
call_linkat(struct proc *p, int from_fd, const char *from, int to_fd,
            const char *to, uint32_t flags)
{
    struct dentry_path *d, *start;
    struct walk w;
    uint32_t beneath = flags & WALK_BENEATH;
    int r = vfs_find(p, from_fd, from,
                     beneath | (flags & PITH_AT_EMPTY_PATH) |
                         (flags & PITH_AT_SYMLINK_FOLLOW
                              ? 0
                              : PITH_AT_SYMLINK_NOFOLLOW),
                     true, &d);

    if (r < 0)
        return r;
    r = vfs_start(p, to_fd, to, &start);
    if (r == 0) {
        r = vfs_walk(p, start, to,
                     WALK_PARENT | WALK_NOFOLLOW | WALK_WRITE | beneath, &w);
        path_unref(start);
    }
    if (r < 0) {
        path_unref(d);
        return r;
    }
    if (w.node || w.special || w.file)
        r = -E_EXIST;
    else if (w.slash)
        r = -E_NOENT;
    else if (w.parent->mount != d->mount)
        r = -E_XDEV;
    else if (inode_is(d->inode, PITH_S_IFDIR))
        r = -E_PERM;
    else
        r = link_at(p, d->inode, &w);
    walk_finish(&w);
    path_unref(d);
    return r;
}
