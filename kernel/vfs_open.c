/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open(2), but for the descriptor: find or make the inode, check, and hand it
 * to what it is: a regular file or directory (vfs_file.c), a FIFO (pipe.c), a
 * device (devfs.c), or whatever the driver makes of it.
 */
#include "vfs_internal.h"

#include "call.h"
#include "lib.h"
#include "pipe.h"
#include "pith_errno.h"

#include <string.h>

/* Flags that matter only while opening. */
#define OPEN_ONLY                                                              \
    (PITH_O_CREAT | PITH_O_EXCL | PITH_O_NOCTTY | PITH_O_TRUNC |               \
     PITH_O_CLOEXEC | PITH_O_NOFOLLOW | WALK_BENEATH)


static bool
wants_write(uint32_t flags)
{
    return (flags & PITH_O_ACCMODE) != PITH_O_RDONLY ||
           (flags & PITH_O_TRUNC);
}

/* An existing inode may be opened so. */
static int
may_open(struct proc *p, struct dentry_path *d, uint32_t flags)
{
    struct inode *i = d->inode;
    uint32_t may = 0;
    bool write = wants_write(flags);
    int r;

    if (inode_is(i, PITH_S_IFLNK))
        return -E_LOOP;
    if (inode_is(i, PITH_S_IFDIR) && (write || (flags & PITH_O_CREAT)))
        return -E_ISDIR;
    if ((flags & PITH_O_ACCMODE) != PITH_O_WRONLY)
        may |= MAY_READ;
    if (write)
        may |= MAY_WRITE;
    if (write &&
        (inode_is(i, PITH_S_IFREG) || inode_is(i, PITH_S_IFDIR))) {
        r = vfs_writable(d);
        if (r < 0)
            return r;
    }
    return vfs_permission(p, i, may);
}

/* The file for an inode that may be opened. */
static int
open_inode(struct inode *i, uint32_t flags, struct file **out)
{
    struct file *f;
    int r;

    if (i->ops->open_special)
        return i->ops->open_special(i, flags, out);
    switch (i->mode & PITH_S_IFMT) {
    case PITH_S_IFREG:
    case PITH_S_IFDIR:
        break;
    case PITH_S_IFIFO:
        r = pipe_open_fifo(inode_ref(i), flags & ~OPEN_ONLY, out);
        if (r < 0)
            inode_unref(i);
        return r;
    case PITH_S_IFCHR:
    case PITH_S_IFBLK:
        if (i->fs->flags & FS_NODEV)
            return -E_ACCES;
        return device_open_inode(i, flags, out);
    default:
        return -E_NXIO;
    }
    f = file_create(&vfs_file_ops, inode_ref(i), flags & ~OPEN_ONLY, NULL);
    if (!f) {
        inode_unref(i);
        return -E_NOMEM;
    }
    r = i->ops->open ? i->ops->open(i, f) : 0;
    if (r < 0) {
        f->ops = &vfs_path_ops; /* nothing to release */
        file_put(f);
        return r;
    }
    *out = f;
    return 0;
}

static int
open_path_only(struct dentry_path *d, uint32_t flags, struct file **out)
{
    struct file *f = file_create(&vfs_path_ops, inode_ref(d->inode),
                                 flags & (PITH_O_PATH | PITH_O_DIRECTORY),
                                 NULL);

    if (!f) {
        inode_unref(d->inode);
        return -E_NOMEM;
    }
    f->path = path_ref(d);
    *out = f;
    return 0;
}

static int
open_node(struct proc *p, struct dentry_path *d, uint32_t flags, bool fresh,
          struct file **out)
{
    struct file *f;
    int r;

    if (flags & PITH_O_PATH)
        return open_path_only(d, flags, out);
    if (!fresh) {
        r = may_open(p, d, flags);
        if (r < 0)
            return r;
    }
    r = open_inode(d->inode, flags, &f);
    if (r < 0)
        return r;
    if (!f->path)
        f->path = path_ref(d);
    if (!fresh && (flags & PITH_O_TRUNC) && inode_is(d->inode, PITH_S_IFREG) &&
        f->ops->truncate) {
        r = f->ops->truncate(f, 0);
        if (r < 0) {
            file_put(f);
            return r;
        }
    }
    *out = f;
    return 0;
}

/* ---- O_CREAT ------------------------------------------------------------ */

/* 0 with w->node set and *fresh said; another try when somebody was faster. */
static int
find_or_make(struct proc *p, struct dentry_path *start, const char *path,
             uint32_t flags, uint32_t mode, struct walk *w, bool *fresh)
{
    uint32_t how = WALK_PARENT | WALK_WRITE | (flags & WALK_BENEATH);
    int r;

    if (flags & (PITH_O_EXCL | PITH_O_NOFOLLOW))
        how |= WALK_NOFOLLOW;
    for (int tries = 0; tries < 8; tries++) {
        r = vfs_walk(p, start, path, how, w);
        if (r < 0)
            return r;
        *fresh = false;
        if (w->file || w->node) {
            if ((flags & PITH_O_EXCL) && !w->special)
                r = -E_EXIST;
            return r;
        }
        r = w->slash ? -E_ISDIR : vfs_may_make(p, w);
        if (r == 0)
            r = vfs_make(p, w, PITH_S_IFREG | mode, 0, NULL);
        if (r != -E_EXIST || (flags & PITH_O_EXCL)) {
            *fresh = true;
            return r;
        }
        walk_finish(w);
    }
    return -E_AGAIN;
}

static int
open_create(struct proc *p, struct dentry_path *start, const char *path,
            uint32_t flags, uint32_t mode, struct file **out)
{
    struct walk w = {.parent = NULL};
    bool fresh = false;
    int r = find_or_make(p, start, path, flags, mode, &w, &fresh);

    if (r == 0 && w.file) {
        *out = w.file;
        w.file = NULL;
    } else if (r == 0) {
        if (!fresh)
            r = vfs_grant(p, w.node, wants_write(flags));
        if (r == 0 && (flags & PITH_O_DIRECTORY))
            r = -E_NOTDIR;
        if (r == 0)
            r = open_node(p, w.node, flags, fresh, out);
    }
    walk_finish(&w);
    return r;
}

/* ---- O_TMPFILE ---------------------------------------------------------- */

static int
open_tmpfile(struct proc *p, struct dentry_path *start, const char *path,
             uint32_t flags, uint32_t mode, struct file **out)
{
    struct dentry_path *dir, *d;
    struct inode_new n = {.mode = PITH_S_IFREG | mode};
    struct inode *i;
    int r;

    if ((flags & PITH_O_ACCMODE) == PITH_O_RDONLY)
        return -E_INVAL;
    r = vfs_lookup(p, start, path,
                   WALK_DIRECTORY | WALK_WRITE | (flags & WALK_BENEATH), &dir);
    if (r < 0)
        return r;
    r = vfs_writable(dir);
    if (r == 0)
        r = vfs_permission(p, dir->inode, MAY_WRITE | MAY_EXEC);
    if (r == 0 && !dir->inode->ops->tmpfile)
        r = -E_NOTSUP;
    n.uid = p ? p->cred.euid : 0;
    n.gid = p ? p->cred.egid : 0;
    if (r == 0)
        r = dir->inode->ops->tmpfile(dir->inode, &n, &i);
    if (r == 0) {
        if (!(flags & PITH_O_EXCL))
            i->flags |= INODE_UNNAMED;
        d = path_get_unnamed(dir, i);
        r = d ? open_node(p, d, flags & ~(uint32_t)PITH_O_TMPFILE, true,
                          out)
              : -E_NOMEM;
        path_unref(d);
    }
    path_unref(dir);
    return r;
}

int
vfs_open(struct proc *p, struct dentry_path *start, const char *path,
         uint32_t flags, uint32_t mode, struct file **out)
{
    struct walk w;
    uint32_t how = flags & WALK_BENEATH;
    int r;

    mode &= 07777;
    if ((flags & PITH_O_ACCMODE) == PITH_O_ACCMODE)
        return -E_INVAL;
    if (flags & PITH_O_PATH) /* the others mean nothing then */
        flags &= PITH_O_PATH | PITH_O_DIRECTORY | PITH_O_NOFOLLOW |
                 PITH_O_CLOEXEC | WALK_BENEATH;
    if ((flags & PITH_O_TMPFILE) == PITH_O_TMPFILE)
        return open_tmpfile(p, start, path, flags, mode, out);
    if (flags & PITH_O_CREAT)
        return open_create(p, start, path, flags, mode, out);
    if (flags & PITH_O_NOFOLLOW)
        how |= WALK_NOFOLLOW;
    if (flags & PITH_O_DIRECTORY)
        how |= WALK_DIRECTORY;
    if (wants_write(flags))
        how |= WALK_WRITE;
    r = vfs_walk(p, start, path, how, &w);
    if (r < 0)
        return r;
    if (w.file) {
        *out = w.file;
        w.file = NULL;
        return 0;
    }
    r = vfs_grant(p, w.node, wants_write(flags));
    if (r == 0)
        r = open_node(p, w.node, flags, false, out);
    walk_finish(&w);
    return r;
}

int
call_open(struct proc *p, int dirfd, const char *path, uint32_t flags,
          uint32_t mode)
{
    struct dentry_path *start;
    struct file *f;
    int r = vfs_start(p, dirfd, path, &start);

    if (r < 0)
        return r;
    r = vfs_open(p, start, path, flags, mode & ~p->umask, &f);
    path_unref(start);
    if (r < 0)
        return r;
    return fd_give(p, f, (flags & PITH_O_CLOEXEC) != 0);
}

/* ---- memfd -------------------------------------------------------------- */

/* Files of no directory live in a tmpfs that nobody sees. */
static struct mount memfd_mount;

static int
memfd_fs(void)
{
    uint64_t total, unused;
    int r = 0;

    host_memory(&total, &unused);
    if (!memfd_mount.fs)
        r = tmpfs_create(total / 4, &memfd_mount.fs);
    if (r == 0 && !memfd_mount.root)
        memfd_mount.root = path_create_root(&memfd_mount,
                                            inode_ref(memfd_mount.fs->root));
    if (r == 0 && !memfd_mount.root)
        r = -E_NOMEM;
    return r;
}

int
call_memfd(struct proc *p, const char *name, uint32_t flags)
{
    struct inode_new n = {.mode = PITH_S_IFREG | 0777};
    struct dentry_path *d, *dir;
    struct inode *i;
    struct file *f;
    int r = memfd_fs();

    if (r < 0)
        return r;
    if (strlen(name) > 249)
        return -E_INVAL;
    if (flags & ~1u) /* MFD_CLOEXEC alone */
        return -E_INVAL;
    dir = memfd_mount.root;
    n.uid = p->cred.euid;
    n.gid = p->cred.egid;
    r = dir->inode->ops->tmpfile(dir->inode, &n, &i);
    if (r < 0)
        return r;
    d = path_get_unnamed(dir, i);
    if (!d)
        return -E_NOMEM;
    r = open_node(p, d, PITH_O_RDWR, true, &f);
    path_unref(d);
    if (r < 0)
        return r;
    return fd_give(p, f, (flags & 1) != 0);
}

/* ---- for exec ----------------------------------------------------------- */

int
vfs_open_exec(struct proc *p, const char *path, struct file **out)
{
    struct dentry_path *d;
    int r = vfs_lookup(p, NULL, path, 0, &d);

    if (r < 0)
        return r;
    if (!inode_is(d->inode, PITH_S_IFREG))
        r = -E_ACCES;
    if (r == 0)
        r = vfs_permission(p, d->inode, MAY_EXEC);
    if (r == 0)
        r = open_node(NULL, d, PITH_O_RDONLY, false, out);
    path_unref(d);
    return r;
}
