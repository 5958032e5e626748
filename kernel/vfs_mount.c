/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts: which file system covers which place. The list is in order of
 * mounting; the first is the root. A mount holds a reference to its root node
 * and to the place it covers; it counts the nodes alive in it, so that umount
 * knows whether somebody is still there. A detached mount lives on, out of
 * sight, until its last node goes.
 */
#include "vfs_internal.h"

#include "call.h"
#include "lib.h"
#include "pith_errno.h"

#include <string.h>

static struct mount *mounts, **mounts_end = &mounts;

struct mount *
mount_first(void)
{
    return mounts;
}

struct dentry_path *
vfs_root(void)
{
    struct dentry_path *d = mounts ? mounts->root : NULL;

    while (d && d->covered)
        d = d->covered->root;
    return d;
}

int
vfs_writable(const struct dentry_path *d)
{
    return (d->mount->flags & PITH_MS_RDONLY) ||
                   (d->mount->fs->flags & FS_READONLY)
               ? -E_ROFS
               : 0;
}

static void
fs_put(struct fs *fs)
{
    if (fs->mounts == 0)
        fs->ops->destroy(fs);
}

static struct mount *
mount_create(struct fs *fs, const char *source, uint32_t flags)
{
    struct mount *m = host_alloc(sizeof *m);

    if (!m)
        return NULL;
    m->fs = fs;
    m->flags = flags;
    text_format(m->source, sizeof m->source, "%s",
                source && *source ? source : "none");
    m->root = path_create_root(m, inode_ref(fs->root));
    if (!m->root) {
        host_free(m);
        return NULL;
    }
    fs->mounts++;
    *mounts_end = m;
    mounts_end = &m->next;
    return m;
}

static void
mount_unlink(struct mount *m)
{
    struct mount **at = &mounts;

    while (*at && *at != m)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = m->next;
    if (mounts_end == &m->next)
        mounts_end = at;
}

void
mount_gone(struct mount *m)
{
    struct fs *fs = m->fs;

    host_free(m);
    fs->mounts--;
    fs_put(fs);
}

static void
detach(struct mount *m)
{
    struct dentry_path *point = m->point;

    mount_unlink(m);
    m->point = NULL;
    m->detached = true;
    if (point)
        point->covered = NULL;
    path_unref(m->root); /* may free m */
    path_unref(point);
}

int
vfs_init(struct fs *root, const char *source)
{
    vfs_register_types();
    if (!mount_create(root, source, 0)) {
        fs_put(root);
        return -E_NOMEM;
    }
    return 0;
}

/* mkdir -p, by the kernel. */
static int
make_dirs(const char *path)
{
    char *part = text_copy(path, strlen(path));
    int r = 0;

    if (!part)
        return -E_NOMEM;
    for (size_t n = 1; r == 0 && path[n - 1]; n++) {
        struct walk w;
        if (path[n] != '/' && path[n] != '\0')
            continue;
        part[n] = '\0';
        r = vfs_walk(NULL, NULL, part, WALK_PARENT, &w);
        if (r == 0 && !w.node && !w.file)
            r = vfs_make(NULL, &w, PITH_S_IFDIR | 0755, 0, NULL);
        if (r == -E_EXIST)
            r = 0;
        walk_finish(&w);
        part[n] = path[n];
    }
    host_free(part);
    return r;
}

static int
remount(struct proc *p, const char *path, uint32_t flags)
{
    struct dentry_path *d;
    int r = vfs_lookup(p, NULL, path, WALK_DIRECTORY, &d);

    if (r < 0)
        return r;
    if (d->parent)
        r = -E_INVAL;
    else
        d->mount->flags = flags & PITH_MS_RDONLY;
    path_unref(d);
    return r;
}

int
vfs_mount(struct proc *p, struct fs *fs, const char *source, const char *path,
          uint32_t flags, bool mkdir)
{
    struct dentry_path *d = NULL;
    struct mount *m;
    int r = mkdir ? make_dirs(path) : 0;

    if (r == 0)
        r = vfs_lookup(p, NULL, path, WALK_DIRECTORY | WALK_WRITE, &d);
    if (r < 0) {
        fs_put(fs);
        return r;
    }
    m = mount_create(fs, source, flags & PITH_MS_RDONLY);
    if (!m) {
        path_unref(d);
        fs_put(fs);
        return -E_NOMEM;
    }
    m->point = d;
    d->covered = m;
    return 0;
}

static bool
has_mounts_below(const struct mount *m)
{
    for (const struct mount *o = mounts; o; o = o->next)
        if (o->point && o->point->mount == m)
            return true;
    return false;
}

int
vfs_umount(struct proc *p, const char *path, uint32_t flags)
{
    struct dentry_path *d;
    struct mount *m;
    int r = vfs_lookup(p, NULL, path, WALK_WRITE, &d);

    if (r < 0)
        return r;
    m = d->mount;
    if (d->parent)
        r = -E_INVAL;
    else if (!m->point)
        r = -E_BUSY; /* the root */
    else if (has_mounts_below(m))
        r = -E_BUSY;
    /* Us and the mount itself hold the root; anybody else is using it. */
    else if (!(flags & PITH_MNT_DETACH) && (m->nodes > 1 || d->refs > 2))
        r = -E_BUSY;
    else if (m->fs->ops->sync && m->fs->mounts == 1)
        r = m->fs->ops->sync(m->fs);
    if (r == 0)
        detach(m);
    path_unref(d);
    return r;
}

int
vfs_sync(void)
{
    int first = 0;

    /* A sync may block and the list change: begin anew after each, marking
     * by position. */
    for (uint32_t n = 0;; n++) {
        struct mount *m = mounts;
        struct dentry_path *hold;
        int r = 0;

        for (uint32_t k = 0; m && k < n; k++)
            m = m->next;
        if (!m)
            return first;
        hold = path_ref(m->root);
        if (m->fs->ops->sync)
            r = m->fs->ops->sync(m->fs);
        if (first == 0)
            first = r;
        path_unref(hold);
    }
}

int
vfs_shutdown(void)
{
    int r = vfs_sync();

    /* Last mounted first, so that what covers goes before what is covered. */
    while (mounts) {
        struct mount *m = mounts;
        while (m->next)
            m = m->next;
        detach(m);
    }
    return r;
}

/* ---- the calls ---------------------------------------------------------- */

int
call_mount(struct proc *p, const char *source, const char *target,
           const char *type, uint32_t flags, const char *data)
{
    struct fs_type *t = fs_type_first();
    struct fs *fs;
    int r = cap_check(p, CAP_SHELL);

    if (r < 0)
        return r;
    if (!vfs_is_root(p))
        return -E_PERM;
    if (flags & PITH_MS_REMOUNT)
        return remount(p, target, flags);
    while (t && strcmp(t->name, type) != 0)
        t = t->next;
    if (!t)
        return -E_NODEV;
    r = t->create(p, source ? source : "", data ? data : "", &fs);
    if (r < 0)
        return r;
    return vfs_mount(p, fs, source, target, flags, false);
}

int
call_umount(struct proc *p, const char *target, uint32_t flags)
{
    int r = cap_check(p, CAP_SHELL);

    if (r < 0)
        return r;
    if (!vfs_is_root(p))
        return -E_PERM;
    return vfs_umount(p, target, flags);
}
