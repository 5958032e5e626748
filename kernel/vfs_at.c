/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a call's (dirfd, path, flags) to a place, and the calls that read or
 * change attributes of what is there.
 */
#include "vfs_internal.h"

#include "call.h"
#include "pith_errno.h"

#include <string.h>

int
vfs_start(struct proc *p, int dirfd, const char *path,
          struct dentry_path **out)
{
    struct file *f;

    *out = NULL;
    if (path[0] == '/')
        return 0;
    if (dirfd == PITH_AT_FDCWD) {
        *out = path_ref(p && p->cwd ? p->cwd : vfs_root());
        return 0;
    }
    f = fd_peek(p, dirfd);
    if (!f)
        return -E_BADF;
    if (!f->path || !inode_is(f->path->inode, PITH_S_IFDIR))
        return -E_NOTDIR;
    *out = path_ref(f->path);
    return 0;
}

/* The place of an open file itself. */
static int
find_open(struct proc *p, int dirfd, bool write, struct dentry_path **out)
{
    struct file *f;

    if (dirfd == PITH_AT_FDCWD) {
        *out = path_ref(p->cwd ? p->cwd : vfs_root());
        return vfs_grant(p, *out, write);
    }
    f = fd_peek(p, dirfd);
    if (!f)
        return -E_BADF;
    if (!f->path)
        return -E_INVAL;
    *out = path_ref(f->path);
    return write ? vfs_grant(p, *out, true) : 0;
}

int
vfs_find(struct proc *p, int dirfd, const char *path, uint32_t flags,
         bool write, struct dentry_path **out)
{
    struct dentry_path *start;
    uint32_t how = flags & WALK_BENEATH;
    int r;

    *out = NULL;
    if (path[0] == '\0' && (flags & PITH_AT_EMPTY_PATH)) {
        r = find_open(p, dirfd, write, out);
        if (r < 0) {
            path_unref(*out);
            *out = NULL;
        }
        return r;
    }
    if (flags & PITH_AT_SYMLINK_NOFOLLOW)
        how |= WALK_NOFOLLOW;
    if (write)
        how |= WALK_WRITE;
    r = vfs_start(p, dirfd, path, &start);
    if (r < 0)
        return r;
    r = vfs_lookup(p, start, path, how, out);
    path_unref(start);
    return r;
}

/* ---- stat --------------------------------------------------------------- */

static int
stat_file(struct file *f, struct pith_stat *out)
{
    if (f->ops->stat)
        return f->ops->stat(f, out);
    if (f->inode)
        return vfs_stat(f->inode, out);
    *out = (struct pith_stat){.mode = PITH_S_IFCHR | 0600, .nlink = 1,
                              .blksize = 4096};
    return 0;
}

int
call_fstat(struct proc *p, int fd, struct pith_stat *out)
{
    struct file *f = fd_get(p, fd);
    int r;

    if (!f)
        return -E_BADF;
    r = stat_file(f, out);
    file_put(f);
    return r;
}

int
call_fstatat(struct proc *p, int dirfd, const char *path,
             struct pith_stat *out, uint32_t flags)
{
    struct dentry_path *start;
    struct walk w;
    uint32_t how = flags & WALK_BENEATH;
    int r;

    if (path[0] == '\0' && (flags & PITH_AT_EMPTY_PATH) &&
        dirfd != PITH_AT_FDCWD)
        return call_fstat(p, dirfd, out);
    if (flags & PITH_AT_SYMLINK_NOFOLLOW)
        how |= WALK_NOFOLLOW;
    r = vfs_start(p, dirfd, path, &start);
    if (r < 0)
        return r;
    if (path[0] == '\0' && (flags & PITH_AT_EMPTY_PATH))
        path = ".";
    r = vfs_walk(p, start, path, how, &w);
    path_unref(start);
    if (r < 0)
        return r;
    if (w.file) { /* /proc/self/fd/N of a pipe, say: one's own, no grant */
        r = stat_file(w.file, out);
    } else {
        r = vfs_grant(p, w.node, false);
        if (r == 0)
            r = vfs_stat(w.node->inode, out);
    }
    walk_finish(&w);
    return r;
}

int
call_faccessat(struct proc *p, int dirfd, const char *path, uint32_t mode,
               uint32_t flags)
{
    struct dentry_path *d;
    struct cred saved = p->cred;
    int r;

    if (mode & ~(MAY_READ | MAY_WRITE | MAY_EXEC))
        return -E_INVAL;
    if (!(flags & PITH_AT_EACCESS)) { /* as the real user */
        p->cred.euid = p->cred.ruid;
        p->cred.egid = p->cred.rgid;
    }
    r = vfs_find(p, dirfd, path,
                 flags & (CALL_BENEATH | PITH_AT_SYMLINK_NOFOLLOW |
                          PITH_AT_EMPTY_PATH),
                 (mode & MAY_WRITE) != 0, &d);
    if (r == 0) {
        r = vfs_getattr(d->inode);
        if (r == 0 && mode)
            r = vfs_permission(p, d->inode, mode);
        if (r == 0 && (mode & MAY_WRITE) &&
            (inode_is(d->inode, PITH_S_IFREG) ||
             inode_is(d->inode, PITH_S_IFDIR)))
            r = vfs_writable(d);
        path_unref(d);
    }
    p->cred = saved;
    return r;
}

int64_t
call_readlinkat(struct proc *p, int dirfd, const char *path, char *out,
                size_t room, uint32_t flags)
{
    struct dentry_path *d;
    int64_t r = vfs_find(p, dirfd, path,
                         (flags & CALL_BENEATH) | PITH_AT_SYMLINK_NOFOLLOW |
                             PITH_AT_EMPTY_PATH,
                         false, &d);

    if (r < 0)
        return r;
    if (!inode_is(d->inode, PITH_S_IFLNK) || !d->inode->ops->readlink)
        r = -E_INVAL;
    else
        r = d->inode->ops->readlink(d->inode, out, room);
    path_unref(d);
    return r;
}

/* ---- changes ------------------------------------------------------------ */

/* The place to change, with fresh attributes, writable. */
static int
find_to_change(struct proc *p, int dirfd, const char *path, uint32_t flags,
               struct dentry_path **out)
{
    int r = vfs_find(p, dirfd, path, flags, true, out);

    if (r < 0)
        return r;
    r = vfs_writable(*out);
    if (r == 0)
        r = vfs_getattr((*out)->inode);
    if (r < 0)
        path_unref(*out);
    return r;
}

int
call_fchmodat(struct proc *p, int dirfd, const char *path, uint32_t mode,
              uint32_t flags)
{
    struct dentry_path *d;
    struct inode_attr a = {.what = ATTR_MODE | ATTR_CTIME};
    int r = find_to_change(p, dirfd, path, flags, &d);

    if (r < 0)
        return r;
    r = vfs_owner(p, d->inode);
    if (r == 0 && inode_is(d->inode, PITH_S_IFLNK))
        r = -E_NOTSUP;
    if (r == 0) {
        if (!vfs_is_root(p) && !vfs_in_group(p, d->inode->gid))
            mode &= ~(uint32_t)PITH_S_ISGID;
        a.mode = (d->inode->mode & PITH_S_IFMT) | (mode & 07777);
        a.ctime_ns = vfs_now_ns();
        r = vfs_setattr(d->inode, &a);
    }
    path_unref(d);
    return r;
}

/* Root may all; an owner may give it to a group of his. */
static int
may_chown(struct proc *p, const struct inode *i, uint32_t uid, uint32_t gid)
{
    if (vfs_is_root(p))
        return 0;
    if (p->cred.euid != i->uid || (uid != UINT32_MAX && uid != i->uid))
        return -E_PERM;
    if (gid != UINT32_MAX && gid != i->gid && !vfs_in_group(p, gid))
        return -E_PERM;
    return 0;
}

int
call_fchownat(struct proc *p, int dirfd, const char *path, uint32_t uid,
              uint32_t gid, uint32_t flags)
{
    struct dentry_path *d;
    struct inode_attr a = {.what = ATTR_CTIME, .uid = uid, .gid = gid};
    int r = find_to_change(p, dirfd, path, flags, &d);

    if (r < 0)
        return r;
    r = may_chown(p, d->inode, uid, gid);
    if (uid != UINT32_MAX)
        a.what |= ATTR_UID;
    if (gid != UINT32_MAX)
        a.what |= ATTR_GID;
    if (inode_is(d->inode, PITH_S_IFREG) && (d->inode->mode & 06000)) {
        a.what |= ATTR_MODE;
        a.mode = d->inode->mode & ~06000u;
    }
    a.ctime_ns = vfs_now_ns();
    if (r == 0)
        r = vfs_setattr(d->inode, &a);
    path_unref(d);
    return r;
}

static int
time_of(const struct pith_timespec *t, int64_t now, uint32_t bit,
        struct inode_attr *a, int64_t *out)
{
    if (t && t->nsec == PITH_UTIME_OMIT)
        return 0;
    a->what |= bit;
    if (!t || t->nsec == PITH_UTIME_NOW) {
        *out = now;
        return 0;
    }
    if (t->nsec < 0 || t->nsec >= 1000000000)
        return -E_INVAL;
    if (t->sec > INT64_MAX / 1000000000 - 1 ||
        t->sec < INT64_MIN / 1000000000 + 1)
        *out = t->sec < 0 ? INT64_MIN : INT64_MAX;
    else
        *out = t->sec * 1000000000 + t->nsec;
    return 0;
}

static bool
is_now(const struct pith_timespec *times)
{
    return !times || (times[0].nsec == PITH_UTIME_NOW &&
                      times[1].nsec == PITH_UTIME_NOW);
}

int
call_utimensat(struct proc *p, int dirfd, const char *path,
               const struct pith_timespec times[2], uint32_t flags)
{
    struct dentry_path *d;
    int64_t now = vfs_now_ns();
    struct inode_attr a = {.what = ATTR_CTIME, .ctime_ns = now};
    int r = time_of(times, now, ATTR_ATIME, &a, &a.atime_ns);

    if (r == 0)
        r = time_of(times ? times + 1 : NULL, now, ATTR_MTIME, &a,
                    &a.mtime_ns);
    if (r < 0)
        return r;
    r = find_to_change(p, dirfd, path, flags, &d);
    if (r < 0)
        return r;
    if (a.what != ATTR_CTIME) {
        r = vfs_owner(p, d->inode);
        if (r < 0 && is_now(times))
            r = vfs_permission(p, d->inode, MAY_WRITE);
        if (r == 0)
            r = vfs_setattr(d->inode, &a);
    }
    path_unref(d);
    return r;
}

/* ---- file systems ------------------------------------------------------- */

static int
statfs_of(const struct dentry_path *d, struct pith_statfs *out)
{
    struct fs *fs = d->mount->fs;
    int r;

    *out = (struct pith_statfs){.bsize = 4096, .namelen = PITH_NAME_MAX};
    r = fs->ops->statfs ? fs->ops->statfs(fs, out) : 0;
    if (r == 0 && vfs_writable(d) < 0)
        out->flags |= 1; /* ST_RDONLY */
    return r;
}

int
call_statfs(struct proc *p, const char *path, struct pith_statfs *out)
{
    struct dentry_path *d;
    int r = vfs_lookup(p, NULL, path, 0, &d);

    if (r < 0)
        return r;
    r = statfs_of(d, out);
    path_unref(d);
    return r;
}

int
call_fstatfs(struct proc *p, int fd, struct pith_statfs *out)
{
    struct file *f = fd_get(p, fd);
    int r;

    if (!f)
        return -E_BADF;
    if (f->path) {
        r = statfs_of(f->path, out);
    } else {
        *out = (struct pith_statfs){.bsize = 4096, .namelen = PITH_NAME_MAX};
        r = 0;
    }
    file_put(f);
    return r;
}
