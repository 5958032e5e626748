/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names go and move: unlink, rmdir, rename (POSIX.1-2017 and Linux's
 * renameat2). See vfs_make.c for how a change is made.
 */
#include "vfs_internal.h"

#include "app.h"
#include "call.h"
#include "lib.h"
#include "pith_errno.h"

#include <string.h>

/* May p take this name out of its directory? */
static int
may_remove(struct proc *p, const struct walk *w)
{
    const struct inode *dir = w->parent->inode, *i = w->node->inode;
    int r = vfs_permission(p, dir, MAY_WRITE | MAY_EXEC);

    if (r < 0)
        return r;
    if ((dir->mode & PITH_S_ISVTX) && !vfs_is_root(p) &&
        p->cred.euid != dir->uid && p->cred.euid != i->uid)
        return -E_PERM;
    if (w->node->parent != w->parent || w->node->covered)
        return -E_BUSY; /* something is mounted there */
    return 0;
}

static int
remove_locked(struct proc *p, struct walk *w, bool want_dir)
{
    struct inode *dir = w->parent->inode, *i;
    bool is_dir, last;
    int64_t size;
    int r = walk_again(w);

    if (r < 0)
        return r;
    i = w->node->inode;
    is_dir = inode_is(i, PITH_S_IFDIR);
    r = may_remove(p, w);
    if (r < 0)
        return r;
    if (is_dir != want_dir)
        return is_dir ? -E_ISDIR : -E_NOTDIR;
    if (w->slash && !is_dir)
        return -E_NOTDIR;
    last = inode_is(i, PITH_S_IFREG) && i->nlink == 1 &&
           (!(i->fs->flags & FS_LIVE) ||
            (app_disk_limited(p) && vfs_getattr(i) == 0));
    size = (int64_t)i->size;
    if (is_dir)
        r = dir->ops->rmdir ? dir->ops->rmdir(dir, w->name, w->len, i)
                            : -E_PERM;
    else
        r = dir->ops->unlink ? dir->ops->unlink(dir, w->name, w->len, i)
                             : -E_PERM;
    if (r == 0) {
        vfs_tell(w->parent, w->name, w->len, VFS_REMOVED);
        if (last)
            app_charge_disk(p, -size);
        path_forget(w->parent, w->name, w->len);
        if (is_dir)
            i->flags |= INODE_DELETED_DIR;
    }
    return r;
}

int
call_unlinkat(struct proc *p, int dirfd, const char *path, uint32_t flags)
{
    struct dentry_path *start;
    struct walk w;
    bool dir = flags & PITH_AT_REMOVEDIR;
    int r = vfs_start(p, dirfd, path, &start);

    if (r < 0)
        return r;
    r = vfs_walk(p, start, path,
                 WALK_PARENT | WALK_NOFOLLOW | WALK_WRITE |
                     (flags & WALK_BENEATH),
                 &w);
    path_unref(start);
    if (r < 0)
        return r;
    if (w.special) {
        size_t n = strlen(path);
        while (n > 1 && path[n - 1] == '/')
            n--;
        if (!dir)
            r = -E_ISDIR;
        else if (path[n - 1] == '/')
            r = -E_BUSY;
        else /* "." or ".." */
            r = n > 1 && path[n - 2] == '.' ? -E_NOTEMPTY : -E_INVAL;
    } else {
        r = vfs_grant_name(p, w.parent, w.name, w.len, true);
    }
    if (r == 0)
        r = !w.node ? -E_NOENT : vfs_writable(w.parent);
    if (r == 0)
        r = sleep_lock_take(&w.parent->inode->fs->lock);
    if (r == 0) {
        r = remove_locked(p, &w, dir);
        sleep_lock_drop(&w.parent->inode->fs->lock);
    }
    walk_finish(&w);
    return r;
}

/* ---- rename ------------------------------------------------------------- */

/* What is at the destination must make way for what comes. */
static int
may_replace(const struct walk *f, const struct walk *t)
{
    bool from_dir = inode_is(f->node->inode, PITH_S_IFDIR);
    bool to_dir = inode_is(t->node->inode, PITH_S_IFDIR);

    if (from_dir && !to_dir)
        return -E_NOTDIR;
    if (!from_dir && to_dir)
        return -E_ISDIR;
    return 0;
}

/* A directory may not move into itself. */
static int
check_loop(const struct walk *f, const struct walk *t, uint32_t flags)
{
    if (path_is_below(t->parent, f->node))
        return -E_INVAL;
    if (t->node && path_is_below(f->parent, t->node))
        return flags & PITH_RENAME_EXCHANGE ? -E_INVAL : -E_NOTEMPTY;
    return 0;
}

/* Moving a directory elsewhere rewrites its "..". */
static int
may_reparent(struct proc *p, const struct walk *f, const struct walk *t,
             const struct dentry_path *d)
{
    if (f->parent == t->parent || !inode_is(d->inode, PITH_S_IFDIR))
        return 0;
    return vfs_permission(p, d->inode, MAY_WRITE);
}

static int
check_rename(struct proc *p, const struct walk *f, const struct walk *t,
             uint32_t flags)
{
    bool dir = inode_is(f->node->inode, PITH_S_IFDIR);
    int r = check_loop(f, t, flags);

    if (r == 0 && f->slash && !dir)
        r = -E_NOTDIR;
    if (r == 0 && t->slash && !dir && !(flags & PITH_RENAME_EXCHANGE))
        r = -E_NOTDIR;
    if (r == 0 && t->node && (flags & PITH_RENAME_NOREPLACE))
        r = -E_EXIST;
    if (r == 0)
        r = may_remove(p, f);
    if (r == 0)
        r = t->node ? may_remove(p, t)
                    : vfs_permission(p, t->parent->inode,
                                     MAY_WRITE | MAY_EXEC);
    if (r == 0)
        r = may_reparent(p, f, t, f->node);
    if (r == 0 && (flags & PITH_RENAME_EXCHANGE))
        return may_reparent(p, f, t, t->node);
    if (r == 0 && t->node)
        r = may_replace(f, t);
    return r;
}

/* What was taken out of a grant stays so under its old name only. */
static int
may_move(struct proc *p, struct dentry_path *d)
{
    return inode_is(d->inode, PITH_S_IFDIR) ? vfs_grant_move(p, d) : 0;
}

static int
rename_locked(struct proc *p, struct walk *f, struct walk *t, uint32_t flags,
              char *names[2])
{
    struct inode *from = f->parent->inode, *to = t->parent->inode;
    int r = walk_again(f);

    if (r < 0)
        return r;
    r = walk_again(t);
    if (r < 0 && (r != -E_NOENT || (flags & PITH_RENAME_EXCHANGE)))
        return r;
    if (t->parent->deleted)
        return -E_NOENT;
    if (t->node && t->node->inode == f->node->inode &&
        !(flags & PITH_RENAME_NOREPLACE))
        return 0; /* two names of one file: nothing happens */
    r = check_rename(p, f, t, flags);
    if (r == 0)
        r = may_move(p, f->node);
    if (r == 0 && t->node && (flags & PITH_RENAME_EXCHANGE))
        r = may_move(p, t->node);
    if (r < 0)
        return r;
    if (!from->ops->rename)
        return -E_PERM;
    r = from->ops->rename(from, f->name, f->len, f->node->inode, to, t->name,
                          t->len, t->node ? t->node->inode : NULL,
                          flags & PITH_RENAME_EXCHANGE);
    if (r < 0)
        return r;
    if (flags & PITH_RENAME_EXCHANGE) {
        path_exchange(f->node, t->node, names[0], names[1]);
        names[0] = names[1] = NULL;
        return 0;
    }
    if (t->node && inode_is(t->node->inode, PITH_S_IFDIR))
        t->node->inode->flags |= INODE_DELETED_DIR;
    path_moved(f->node, t->parent, names[0], t->len);
    names[0] = NULL;
    vfs_tell(f->parent, f->name, f->len, VFS_REMOVED);
    vfs_tell(t->parent, t->name, t->len, VFS_WRITTEN);
    return 0;
}

static int
rename_walked(struct proc *p, struct walk *f, struct walk *t, uint32_t flags)
{
    struct fs *fs = f->parent->inode->fs;
    char *names[2];
    int r;

    names[0] = text_copy(t->name, t->len);
    names[1] = text_copy(f->name, f->len);
    r = names[0] && names[1] ? sleep_lock_take(&fs->lock) : -E_NOMEM;
    if (r == 0) {
        r = rename_locked(p, f, t, flags, names);
        sleep_lock_drop(&fs->lock);
    }
    host_free(names[0]);
    host_free(names[1]);
    return r;
}

int
call_renameat2(struct proc *p, int from_fd, const char *from, int to_fd,
               const char *to, uint32_t flags)
{
    struct dentry_path *start;
    struct walk f, t;
    uint32_t how = WALK_PARENT | WALK_NOFOLLOW | WALK_WRITE |
                   (flags & WALK_BENEATH);
    int r;

    flags &= ~CALL_BENEATH;
    if ((flags | PITH_RENAME_NOREPLACE | PITH_RENAME_EXCHANGE) != 3 ||
        flags == (PITH_RENAME_NOREPLACE | PITH_RENAME_EXCHANGE))
        return -E_INVAL;
    r = vfs_start(p, from_fd, from, &start);
    if (r < 0)
        return r;
    r = vfs_walk(p, start, from, how, &f);
    path_unref(start);
    if (r < 0)
        return r;
    r = vfs_start(p, to_fd, to, &start);
    if (r == 0) {
        r = vfs_walk(p, start, to, how, &t);
        path_unref(start);
    }
    if (r < 0) {
        walk_finish(&f);
        return r;
    }
    if (f.special || t.special)
        r = -E_BUSY;
    if (r == 0)
        r = vfs_grant_name(p, f.parent, f.name, f.len, true);
    if (r == 0)
        r = vfs_grant_name(p, t.parent, t.name, t.len, true);
    if (r == 0 && (!f.node || (!t.node && (flags & PITH_RENAME_EXCHANGE))))
        r = -E_NOENT;
    if (r == 0 && f.parent->mount != t.parent->mount)
        r = -E_XDEV;
    if (r == 0)
        r = vfs_writable(f.parent);
    if (r == 0)
        r = rename_walked(p, &f, &t, flags);
    walk_finish(&f);
    walk_finish(&t);
    return r;
}
