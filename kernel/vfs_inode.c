/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inodes as every driver has them: references, attributes, permissions; and the
 * list of file system types.
 */
#include "vfs_internal.h"

#include "call.h"
#include "pith_errno.h"

#include <string.h>

int
sleep_lock_take(struct sleep_lock *l)
{
    while (l->held) {
        int r = wait_on_killable(&l->queue, HOST_FOREVER);
        if (r < 0)
            return r;
    }
    l->held = true;
    return 0;
}

void
sleep_lock_drop(struct sleep_lock *l)
{
    l->held = false;
    wake_one(&l->queue);
}

struct inode *
inode_ref(struct inode *i)
{
    i->refs++;
    return i;
}

void
inode_unref(struct inode *i)
{
    if (i && --i->refs == 0)
        i->ops->evict(i);
}

static int64_t recent_ns;

int64_t
vfs_now_ns(void)
{
    return recent_ns = (int64_t)host_wall_ns();
}

int64_t
vfs_recent_ns(void)
{
    return recent_ns;
}

bool
vfs_is_root(struct proc *p)
{
    return !p || p->cred.euid == 0;
}

bool
vfs_in_group(struct proc *p, uint32_t gid)
{
    if (p->cred.egid == gid)
        return true;
    for (uint32_t n = 0; n < p->cred.ngroups; n++)
        if (p->cred.groups[n] == gid)
            return true;
    return false;
}

int
vfs_owner(struct proc *p, const struct inode *i)
{
    return vfs_is_root(p) || p->cred.euid == i->uid ? 0 : -E_PERM;
}

int
vfs_permission(struct proc *p, const struct inode *i, uint32_t may)
{
    uint32_t bits = i->mode & 7;

    if (vfs_is_root(p)) {
        /* Even root cannot run what nobody may run. */
        if ((may & MAY_EXEC) && !inode_is(i, PITH_S_IFDIR) &&
            !(i->mode & 0111))
            return -E_ACCES;
        return 0;
    }
    if (p->cred.euid == i->uid)
        bits = (i->mode >> 6) & 7;
    else if (vfs_in_group(p, i->gid))
        bits = (i->mode >> 3) & 7;
    return (bits & may) == may ? 0 : -E_ACCES;
}

int
vfs_getattr(struct inode *i)
{
    return i->ops->getattr ? i->ops->getattr(i) : 0;
}

int
vfs_setattr(struct inode *i, const struct inode_attr *a)
{
    return i->ops->setattr ? i->ops->setattr(i, a) : -E_PERM;
}

static struct pith_timespec
timespec_of(int64_t ns)
{
    struct pith_timespec t = {ns / 1000000000, ns % 1000000000};

    if (t.nsec < 0) {
        t.sec--;
        t.nsec += 1000000000;
    }
    return t;
}

int
vfs_stat(struct inode *i, struct pith_stat *out)
{
    int r = vfs_getattr(i);

    if (r < 0)
        return r;
    *out = (struct pith_stat){
        .dev = i->fs->dev,
        .ino = i->ino,
        .mode = i->mode,
        .nlink = i->nlink,
        .uid = i->uid,
        .gid = i->gid,
        .rdev = i->rdev,
        .size = (int64_t)i->size,
        .blksize = 4096,
        .blocks = i->blocks,
        .atim = timespec_of(i->atime_ns),
        .mtim = timespec_of(i->mtime_ns),
        .ctim = timespec_of(i->ctime_ns),
    };
    return 0;
}

int
vfs_identity(struct inode *i, struct vfs_id *out)
{
    int r = vfs_getattr(i);

    if (r < 0)
        return r;
    *out = (struct vfs_id){i->fs->dev, i->ino, i->version, i->size,
                           i->mtime_ns};
    return 0;
}

/*
 * Names come from programs: the seed keeps them from choosing names that all
 * fall into one bucket.
 */
uint64_t
vfs_hash_name(const void *seed, const char *name, size_t len)
{
    static uint64_t key[2];
    uint64_t h;

    if (!key[0]) {
        host_random(key, sizeof key);
        key[0] |= 1;
        key[1] |= 1;
    }
    h = ((uint64_t)(uintptr_t)seed ^ key[1]) * key[0] + len;
    while (len > 0) {
        uint64_t word = 0;
        size_t n = len < 8 ? len : 8;
        memcpy(&word, name, n);
        name += n;
        len -= n;
        h = (h ^ word) * key[0];
        h ^= h >> 29;
        h *= key[1];
        h ^= h >> 32;
    }
    return h;
}

void
fs_init(struct fs *fs, const char *type_name, const struct fs_ops *ops,
        uint32_t flags, void *data)
{
    static uint64_t next_dev = 1;

    memset(fs, 0, sizeof *fs);
    fs->type_name = type_name;
    fs->ops = ops;
    fs->flags = flags;
    fs->data = data;
    fs->dev = next_dev++;
}

static struct fs_type *types, **types_end = &types;

void
fs_type_register(struct fs_type *t)
{
    for (struct fs_type *o = types; o; o = o->next)
        if (o == t)
            return;
    t->next = NULL;
    *types_end = t;
    types_end = &t->next;
}

struct fs_type *
fs_type_first(void)
{
    return types;
}
