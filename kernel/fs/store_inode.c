/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inode cache of store. Inodes without references stay, in the order of
 * their last use, until there are too many; dirty ones stay whatever comes.
 */
#include "store_internal.h"

#include <string.h>

#define KEEP_INODES 8192u
#define META_BYTES (32u << 20) /* names in memory before the old ones go */

/* ---- lists -------------------------------------------------------------- */

static struct inode **
bucket_of(struct store *s, uint64_t ino)
{
    return &s->live[ino % STORE_BUCKETS];
}

static struct inode *
find_live(struct store *s, uint64_t ino)
{
    struct inode *i = *bucket_of(s, ino);

    while (i && i->ino != ino)
        i = i->hash_next;
    return i;
}

static void
lru_remove(struct store *s, struct store_inode *si)
{
    if (si->newer)
        si->newer->older = si->older;
    else
        s->newest = si->older;
    if (si->older)
        si->older->newer = si->newer;
    else
        s->oldest = si->newer;
    si->newer = si->older = NULL;
}

static void
lru_add(struct store *s, struct store_inode *si)
{
    si->older = s->newest;
    si->newer = NULL;
    if (s->newest)
        s->newest->newer = si;
    else
        s->oldest = si;
    s->newest = si;
}

void
store_hold(struct store_inode *si)
{
    if (si->i.refs == 0)
        lru_remove(store_of(&si->i), si);
    inode_ref(&si->i);
}

void
store_mark_dirty(struct store_inode *si)
{
    struct store *s = store_of(&si->i);

    if (!si->dirty) {
        si->dirty = true;
        si->prev_dirty = NULL;
        si->next_dirty = s->dirty_inodes;
        if (s->dirty_inodes)
            s->dirty_inodes->prev_dirty = si;
        s->dirty_inodes = si;
        s->ndirty++;
    }
    si->lazy = false;
    store_hurry(s);
}

void
store_mark_clean(struct store_inode *si)
{
    struct store *s = store_of(&si->i);

    if (!si->dirty)
        return;
    si->dirty = si->lazy = false;
    s->ndirty--;
    if (si->prev_dirty)
        si->prev_dirty->next_dirty = si->next_dirty;
    else
        s->dirty_inodes = si->next_dirty;
    if (si->next_dirty)
        si->next_dirty->prev_dirty = si->prev_dirty;
    si->next_dirty = si->prev_dirty = NULL;
}

void
store_touch(struct store_inode *si)
{
    si->i.mtime_ns = si->i.ctime_ns = vfs_now_ns();
    si->i.version++;
    store_mark_dirty(si);
}

/* ---- making and loading ------------------------------------------------- */

static struct store_inode *
inode_create(struct store *s, uint64_t ino, uint32_t mode)
{
    struct store_inode *si = host_alloc(sizeof *si);
    struct inode **bucket = bucket_of(s, ino);

    if (!si)
        return NULL;
    si->i.refs = 1;
    si->i.ino = ino;
    si->i.mode = mode;
    si->i.fs = &s->fs;
    si->i.ops = &store_inode_ops;
    si->i.hash_next = *bucket;
    si->void_from = si->void_writing = STORE_NOTHING_VOID;
    if (inode_is(&si->i, PITH_S_IFDIR))
        dirtab_init(&si->dir);
    *bucket = &si->i;
    s->ninodes++;
    return si;
}

int
store_new_inode(struct store *s, const struct inode_new *n,
                struct inode **out)
{
    size_t target = n->target ? strlen(n->target) : 0;
    char *copy = NULL;
    struct store_inode *si;

    if (target) {
        copy = host_alloc(target);
        if (!copy)
            return -E_NOMEM;
        memcpy(copy, n->target, target);
    }
    si = inode_create(s, s->next_ino, n->mode);
    if (!si) {
        host_free(copy);
        return -E_NOMEM;
    }
    s->next_ino++;
    s->file_count++;
    si->i.uid = n->uid;
    si->i.gid = n->gid;
    si->i.rdev = n->rdev;
    si->loaded = true;
    si->void_from = 0; /* nothing of it is in the database */
    if (inode_is(&si->i, PITH_S_IFLNK)) {
        si->target = copy;
        si->i.size = target;
    }
    si->i.atime_ns = vfs_now_ns();
    si->i.version = (uint64_t)si->i.atime_ns;
    store_touch(si);
    *out = &si->i;
    return 0;
}

struct loaded {
    bool found;
    int64_t column[10];
    char *target;
    size_t target_len;
};

static int
take_row(void *ctx, const struct store_value *v, uint32_t n)
{
    struct loaded *l = ctx;

    if (n != 11)
        return -E_IO;
    for (int k = 0; k < 10; k++) {
        if (v[k].kind != STORE_INT)
            return -E_IO;
        l->column[k] = v[k].i;
    }
    if (v[10].kind == STORE_TEXT && v[10].n > 0) {
        if (v[10].n >= PITH_PATH_MAX)
            return -E_IO;
        l->target = host_alloc(v[10].n);
        if (!l->target)
            return -E_NOMEM;
        memcpy(l->target, v[10].p, v[10].n);
        l->target_len = v[10].n;
    }
    l->found = true;
    return 0;
}

/* A file can be anything: nothing of it is believed. */
static bool
is_sane(const struct loaded *l)
{
    const int64_t *c = l->column;
    uint32_t type = (uint32_t)c[0] & PITH_S_IFMT;

    if (!l->found || c[0] < 0 || c[0] > 0177777)
        return false;
    for (int k = 1; k <= 3; k++) /* nlink, uid, gid */
        if (c[k] < 0 || c[k] > UINT32_MAX)
            return false;
    if (c[5] < 0 || c[6] < 0)
        return false;
    switch (type) {
    case PITH_S_IFLNK:
        return l->target && (int64_t)l->target_len == c[5];
    case PITH_S_IFREG:
    case PITH_S_IFDIR:
    case PITH_S_IFIFO:
    case PITH_S_IFSOCK:
    case PITH_S_IFCHR:
    case PITH_S_IFBLK:
        return true;
    default:
        return false;
    }
}

static int
from_row(struct store *s, uint64_t ino, struct loaded *l, struct inode **out)
{
    const int64_t *c = l->column;
    struct store_inode *si = inode_create(s, ino, (uint32_t)c[0]);

    if (!si)
        return -E_NOMEM;
    si->i.nlink = (uint32_t)c[1];
    si->i.uid = (uint32_t)c[2];
    si->i.gid = (uint32_t)c[3];
    si->i.rdev = (uint64_t)c[4];
    si->i.size = (uint64_t)c[5];
    si->bytes = (uint64_t)c[6];
    si->i.atime_ns = c[7];
    si->i.mtime_ns = c[8];
    si->i.ctime_ns = c[9];
    si->i.version = (uint64_t)c[9]; /* the same for the same content */
    si->saved = true;
    if (inode_is(&si->i, PITH_S_IFLNK)) {
        si->target = l->target;
        l->target = NULL;
    }
    *out = &si->i;
    return 0;
}

int
store_get_inode(struct store *s, uint64_t ino, struct inode **out)
{
    struct store_value arg = {.kind = STORE_INT, .i = (int64_t)ino};
    struct loaded l = {.found = false};
    struct inode *i = find_live(s, ino);
    int r = 0;

    if (!i) {
        kernel_unlock();
        r = s->backend->ops->query(s->backend, STORE_GET_INODE, &arg,
                                   take_row, &l);
        kernel_lock();
        i = find_live(s, ino); /* somebody else may have been faster */
    }
    if (i) {
        store_hold(store_inode(i));
        *out = i;
        r = 0;
    } else if (r == 0) {
        r = is_sane(&l) ? from_row(s, ino, &l, out) : -E_IO;
    }
    host_free(l.target);
    return r;
}

/* ---- letting go --------------------------------------------------------- */

void
store_free_inode(struct store_inode *si)
{
    struct store *s = store_of(&si->i);
    struct inode **at = bucket_of(s, si->i.ino);

    while (*at != &si->i)
        at = &(*at)->hash_next;
    *at = si->i.hash_next;
    store_mark_clean(si);
    switch (si->i.mode & PITH_S_IFMT) {
    case PITH_S_IFREG:
        store_drop_chunks(si, 0);
        s->tree_bytes -= si->chunks.bytes;
        page_tree_finish(&si->chunks);
        break;
    case PITH_S_IFDIR:
        for (uint32_t n = 0; n < si->dir.used; n++)
            if (si->dir.slots[n].entry)
                s->meta_bytes -= dirtab_cost(si->dir.slots[n].entry->len);
        dirtab_finish(&si->dir);
        break;
    case PITH_S_IFLNK:
        host_free(si->target);
        break;
    default:
        break;
    }
    s->ninodes--;
    host_free(si);
}

void
store_trim_inodes(struct store *s, uint32_t keep)
{
    struct store_inode *si;

    for (int n = 0; n < 64 && s->oldest &&
                    (s->ninodes > keep || s->meta_bytes > META_BYTES);
         n++) {
        si = s->oldest;
        lru_remove(s, si);
        if (si->dirty)
            lru_add(s, si); /* later; and not looked at again just now */
        else
            store_free_inode(si);
    }
}

void
store_evict(struct inode *i)
{
    struct store_inode *si = store_inode(i);
    struct store *s = store_of(i);

    if (i->nlink == 0) {
        /* Without memory for the note it is an orphan, gone at next boot. */
        if (si->saved)
            store_log(s, STORE_DEL_INODE, 0, NULL, 0, i->ino, 0);
        s->file_count--;
        store_free_inode(si);
        return;
    }
    lru_add(s, si);
    if (s->ninodes > KEEP_INODES || s->meta_bytes > META_BYTES)
        store_trim_inodes(s, KEEP_INODES / 8 * 7);
}

/* ---- attributes --------------------------------------------------------- */

static int
store_getattr(struct inode *i)
{
    i->blocks = (store_inode(i)->bytes + 511) / 512;
    return 0;
}

/* Only read: written along with the next commit, but none is made for it. */
static void
mark_lazy(struct store_inode *si)
{
    struct store *s = store_of(&si->i);
    uint64_t since = s->dirty_since_ns;

    if (!since)
        s->dirty_since_ns = 1; /* so that nobody is woken */
    store_mark_dirty(si);
    si->lazy = true;
    s->dirty_since_ns = since;
}

static int
store_setattr(struct inode *i, const struct inode_attr *a)
{
    struct store_inode *si = store_inode(i);
    struct store *s = store_of(i);

    if ((a->what & ATTR_SIZE) && inode_is(i, PITH_S_IFREG)) {
        int r = store_truncate(si, a->size);
        if (r < 0)
            return r;
    }
    if (a->what & ATTR_MODE)
        i->mode = (i->mode & PITH_S_IFMT) | (a->mode & 07777);
    if (a->what & ATTR_UID)
        i->uid = a->uid;
    if (a->what & ATTR_GID)
        i->gid = a->gid;
    if (a->what & ATTR_ATIME)
        i->atime_ns = a->atime_ns;
    if (a->what & ATTR_MTIME)
        i->mtime_ns = a->mtime_ns;
    if (a->what & ATTR_CTIME)
        i->ctime_ns = a->ctime_ns;
    if (a->what != ATTR_ATIME)
        store_mark_dirty(si);
    else if (!si->dirty && !s->options.ephemeral)
        mark_lazy(si);
    if (s->ndirty >= 2 * STORE_MANY)
        store_commit(s); /* its error is not ours: nothing is lost yet */
    return 0;
}

static int
store_tmpfile(struct inode *dir, const struct inode_new *n,
              struct inode **out)
{
    int r = store_reserve(store_of(dir), sizeof(struct store_inode));

    return r < 0 ? r : store_new_inode(store_of(dir), n, out);
}

static int64_t
store_readlink(struct inode *i, char *out, size_t room)
{
    size_t n = i->size < room ? (size_t)i->size : room;

    memcpy(out, store_inode(i)->target, n);
    return (int64_t)n;
}

const struct inode_ops store_inode_ops = {
    .lookup = store_lookup,
    .create = store_make,
    .tmpfile = store_tmpfile,
    .link = store_link,
    .unlink = store_unlink,
    .rmdir = store_rmdir,
    .rename = store_rename,
    .readdir = store_readdir,
    .readlink = store_readlink,
    .getattr = store_getattr,
    .setattr = store_setattr,
    .read = store_read,
    .write = store_write,
    .allocate = store_allocate,
    .fsync = store_fsync,
    .evict = store_evict,
};
