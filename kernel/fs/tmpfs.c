/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpfs: files in memory. Every page, inode and entry is charged to the file
 * system's limit before it is allocated, so a full one says -E_NOSPC and
 * nothing else happens. Nothing here blocks.
 *
 * An entry holds a reference to its inode; an inode without references and
 * names is freed. devfs is a tmpfs too (devfs.c).
 */
#include "tmpfs.h"

#include "../memory.h"
#include "../vfs_internal.h"
#include "dirtab.h"
#include "pages.h"
#include "pith_errno.h"
#include "zeros.h"

#include <string.h>

#define PAGE 4096u

struct tmpfs {
    struct fs fs;
    uint64_t limit, used; /* bytes */
    uint64_t next_ino, inodes;
    struct tmpfs_inode *all; /* doubly linked, for destroy */
    bool destroyed;
};

struct tmpfs_inode {
    struct inode i;
    struct tmpfs_inode *next, *prev;
    uint64_t parent_ino; /* directories */
    union {
        struct page_tree pages;
        struct dirtab dir;
        char *target; /* size bytes */
    };
};

_Static_assert(PAGE <= ZEROS, "a hole is read from zeros");

static struct tmpfs *
fs_of(const struct inode *i)
{
    return i->fs->data;
}

static struct tmpfs_inode *
of(struct inode *i)
{
    return (struct tmpfs_inode *)i;
}

static int
charge(struct tmpfs *t, uint64_t n)
{
    if (t->used > t->limit || n > t->limit - t->used)
        return -E_NOSPC;
    if (!memory_take(n, t->used + n))
        return -E_NOSPC;
    t->used += n;
    return 0;
}

static void
uncharge(struct tmpfs *t, uint64_t n)
{
    t->used -= n;
    memory_give(n);
}

static void
changed(struct inode *i)
{
    i->mtime_ns = i->ctime_ns = vfs_now_ns();
    i->version++;
}

/* ---- inodes ------------------------------------------------------------- */

static uint64_t
inode_cost(const struct inode *i)
{
    return sizeof(struct tmpfs_inode) +
           (inode_is(i, PITH_S_IFLNK) ? i->size : 0);
}

static const struct inode_ops tmpfs_ops;

static int
new_inode(struct tmpfs *t, const struct inode_new *n, struct inode **out)
{
    struct tmpfs_inode *ti;
    size_t target = n->target ? strlen(n->target) : 0;
    uint64_t cost = sizeof *ti + target;
    int r = charge(t, cost);

    if (r < 0)
        return r;
    ti = host_alloc(sizeof *ti);
    if (ti && target)
        ti->target = host_alloc(target);
    if (!ti || (target && !ti->target)) {
        host_free(ti);
        uncharge(t, cost);
        return -E_NOMEM;
    }
    ti->i = (struct inode){.refs = 1,
                           .mode = n->mode,
                           .uid = n->uid,
                           .gid = n->gid,
                           .rdev = n->rdev,
                           .size = target,
                           .ino = t->next_ino++,
                           .fs = &t->fs,
                           .ops = &tmpfs_ops};
    ti->i.atime_ns = ti->i.mtime_ns = ti->i.ctime_ns = vfs_now_ns();
    if (target)
        memcpy(ti->target, n->target, target);
    if (inode_is(&ti->i, PITH_S_IFDIR))
        dirtab_init(&ti->dir);
    ti->next = t->all;
    if (t->all)
        t->all->prev = ti;
    t->all = ti;
    t->inodes++;
    *out = &ti->i;
    return 0;
}

static void
free_pages(struct tmpfs_inode *ti, uint64_t from)
{
    struct tmpfs *t = fs_of(&ti->i);
    uint64_t at = from;
    void *page;

    while ((page = page_tree_next(&ti->pages, &at))) {
        uint64_t tree = ti->pages.bytes;
        page_tree_remove(&ti->pages, at);
        host_free(page);
        uncharge(t, PAGE + tree - ti->pages.bytes);
        ti->i.blocks -= PAGE / 512;
        at++;
    }
}

static void
tmpfs_evict(struct inode *i)
{
    struct tmpfs_inode *ti = of(i);
    struct tmpfs *t = fs_of(i);

    uncharge(t, inode_cost(i));
    switch (i->mode & PITH_S_IFMT) {
    case PITH_S_IFREG:
        free_pages(ti, 0);
        uncharge(t, ti->pages.bytes); /* of pages there was no memory for */
        page_tree_finish(&ti->pages);
        break;
    case PITH_S_IFDIR:
        dirtab_finish(&ti->dir);
        break;
    case PITH_S_IFLNK:
        host_free(ti->target);
        break;
    default:
        break;
    }
    if (ti->prev)
        ti->prev->next = ti->next;
    else
        t->all = ti->next;
    if (ti->next)
        ti->next->prev = ti->prev;
    host_free(ti);
    if (--t->inodes == 0 && t->destroyed)
        host_free(t);
}

/* ---- names -------------------------------------------------------------- */

static int
tmpfs_lookup(struct inode *dir, const char *name, size_t len,
             struct inode **out)
{
    struct dirtab_entry *e = dirtab_find(&of(dir)->dir, name, len);

    if (!e)
        return -E_NOENT;
    *out = inode_ref(e->inode);
    return 0;
}

/* Takes over a reference to i on success. */
static int
add_entry(struct inode *dir, const char *name, size_t len, struct inode *i)
{
    struct tmpfs *t = fs_of(dir);
    struct dirtab_entry *e;
    int r = charge(t, dirtab_cost(len));

    if (r < 0)
        return r;
    e = dirtab_add(&of(dir)->dir, name, len, i->ino, i->mode & PITH_S_IFMT, 0);
    if (!e) {
        uncharge(t, dirtab_cost(len));
        return -E_NOMEM;
    }
    e->inode = i;
    if (inode_is(i, PITH_S_IFDIR)) {
        of(i)->parent_ino = dir->ino;
        dir->nlink++;
    }
    changed(dir);
    return 0;
}

/* The entry's reference goes to the caller. */
static struct inode *
remove_entry(struct inode *dir, struct dirtab_entry *e)
{
    struct inode *i = e->inode;

    uncharge(fs_of(dir), dirtab_cost(e->len));
    if (inode_is(i, PITH_S_IFDIR))
        dir->nlink--;
    dirtab_remove(&of(dir)->dir, e);
    changed(dir);
    return i;
}

static int
tmpfs_create_inode(struct inode *dir, const char *name, size_t len,
                   const struct inode_new *n, struct inode **out)
{
    struct inode *i;
    int r;

    if (dirtab_find(&of(dir)->dir, name, len))
        return -E_EXIST;
    r = new_inode(fs_of(dir), n, &i);
    if (r < 0)
        return r;
    r = add_entry(dir, name, len, i);
    if (r < 0) {
        inode_unref(i);
        return r;
    }
    i->nlink = inode_is(i, PITH_S_IFDIR) ? 2 : 1;
    *out = inode_ref(i);
    return 0;
}

static int
tmpfs_tmpfile(struct inode *dir, const struct inode_new *n,
              struct inode **out)
{
    return new_inode(fs_of(dir), n, out);
}

static int
tmpfs_link(struct inode *dir, const char *name, size_t len, struct inode *i)
{
    int r;

    if (i->nlink == 0 && !(i->flags & INODE_UNNAMED))
        return -E_NOENT;
    if (i->nlink >= 65000)
        return -E_MLINK;
    r = add_entry(dir, name, len, i);
    if (r < 0)
        return r;
    inode_ref(i);
    i->flags &= ~INODE_UNNAMED;
    i->nlink++;
    i->ctime_ns = vfs_now_ns();
    return 0;
}

static void
drop(struct inode *i)
{
    i->nlink -= inode_is(i, PITH_S_IFDIR) ? 2 : 1;
    i->ctime_ns = vfs_now_ns();
    inode_unref(i);
}

static int
tmpfs_unlink(struct inode *dir, const char *name, size_t len, struct inode *i)
{
    struct dirtab_entry *e = dirtab_find(&of(dir)->dir, name, len);

    if (!e || e->inode != i)
        return -E_NOENT;
    drop(remove_entry(dir, e));
    return 0;
}

static int
tmpfs_rmdir(struct inode *dir, const char *name, size_t len, struct inode *i)
{
    if (of(i)->dir.live > 0)
        return -E_NOTEMPTY;
    return tmpfs_unlink(dir, name, len, i);
}

/* e, in dir, now names i; e's reference to what it named is given back. */
static struct inode *
repoint(struct inode *dir, struct dirtab_entry *e, struct inode *i)
{
    struct inode *old = e->inode;

    if (inode_is(old, PITH_S_IFDIR))
        dir->nlink--;
    if (inode_is(i, PITH_S_IFDIR)) {
        dir->nlink++;
        of(i)->parent_ino = dir->ino;
    }
    e->inode = i;
    e->ino = i->ino;
    e->type = i->mode & PITH_S_IFMT;
    changed(dir);
    return old;
}

static int
tmpfs_rename(struct inode *from, const char *fname, size_t flen,
             struct inode *i, struct inode *to, const char *tname, size_t tlen,
             struct inode *replaced, uint32_t flags)
{
    struct dirtab_entry *fe = dirtab_find(&of(from)->dir, fname, flen);
    struct dirtab_entry *te = dirtab_find(&of(to)->dir, tname, tlen);
    int r;

    if (!fe || fe->inode != i || (te ? te->inode : NULL) != replaced)
        return -E_NOENT;
    i->ctime_ns = vfs_now_ns();
    if (flags & PITH_RENAME_EXCHANGE) {
        repoint(from, fe, repoint(to, te, i));
        replaced->ctime_ns = i->ctime_ns;
        return 0;
    }
    if (te && inode_is(replaced, PITH_S_IFDIR) && of(replaced)->dir.live > 0)
        return -E_NOTEMPTY;
    if (te) {
        remove_entry(from, fe);
        drop(repoint(to, te, i));
        return 0;
    }
    r = add_entry(to, tname, tlen, i);
    if (r == 0) /* adding may have moved nothing, but find it anew anyway */
        remove_entry(from, dirtab_find(&of(from)->dir, fname, flen));
    return r;
}

static int
tmpfs_readdir(struct inode *dir, struct file *f, uint64_t *pos,
              vfs_emit *emit, void *ctx)
{
    (void)f;
    return dirtab_readdir(&of(dir)->dir, dir->ino, of(dir)->parent_ino, pos,
                          emit, ctx);
}

static int64_t
tmpfs_readlink(struct inode *i, char *out, size_t room)
{
    size_t n = i->size < room ? (size_t)i->size : room;

    memcpy(out, of(i)->target, n);
    return (int64_t)n;
}

/* ---- content ------------------------------------------------------------ */

static int64_t
tmpfs_read(struct inode *i, struct file *f, struct uio *u)
{
    uint64_t at = u->offset;
    size_t left = u->resid;
    int64_t done = 0;

    (void)f;
    if (at >= i->size)
        return 0;
    if (left > i->size - at)
        left = (size_t)(i->size - at);
    while (left > 0) {
        size_t in = (size_t)(at % PAGE), n = PAGE - in;
        const uint8_t *page = page_tree_get(&of(i)->pages, at / PAGE);
        int64_t r;
        if (n > left)
            n = left;
        r = uio_put(u, (page ? page : zeros) + in, n);
        if (r < 0)
            return done ? done : r;
        done += r;
        at += n;
        left -= n;
    }
    return done;
}

static int
get_page(struct tmpfs_inode *ti, uint64_t index, uint8_t **out)
{
    struct tmpfs *t = fs_of(&ti->i);
    uint64_t tree = ti->pages.bytes;
    int r;

    *out = page_tree_get(&ti->pages, index);
    if (*out)
        return 0;
    r = charge(t, PAGE);
    if (r < 0)
        return r;
    *out = host_alloc(PAGE);
    r = *out ? page_tree_set(&ti->pages, index, *out) : -E_NOMEM;
    /* Where a sparse file is deep the tree costs more than the page. */
    t->used += ti->pages.bytes - tree;
    memory_charge(ti->pages.bytes - tree);
    if (r < 0) {
        host_free(*out);
        uncharge(t, PAGE);
        return r;
    }
    ti->i.blocks += PAGE / 512;
    return 0;
}

static int64_t
tmpfs_write(struct inode *i, struct file *f, struct uio *u)
{
    uint64_t at;
    size_t left = u->resid;
    int64_t done = 0, r = 0;

    if (f->flags & PITH_O_APPEND)
        u->offset = i->size;
    at = u->offset;
    while (left > 0) {
        size_t in = (size_t)(at % PAGE), n = PAGE - in;
        uint8_t *page;
        if (n > left)
            n = left;
        r = get_page(of(i), at / PAGE, &page);
        if (r == 0)
            r = uio_get(u, page + in, n);
        if (r < 0)
            break;
        done += r;
        at += n;
        left -= n;
        if (at > i->size)
            i->size = at;
    }
    if (done > 0)
        changed(i);
    return done ? done : r;
}

static void
resize(struct inode *i, uint64_t size)
{
    uint64_t pages = (size + PAGE - 1) / PAGE;

    if (size < i->size) {
        uint8_t *last;
        free_pages(of(i), pages);
        last = size % PAGE ? page_tree_get(&of(i)->pages, size / PAGE) : NULL;
        if (last)
            memset(last + size % PAGE, 0, PAGE - size % PAGE);
    }
    i->size = size;
    i->version++;
}

static int
tmpfs_setattr(struct inode *i, const struct inode_attr *a)
{
    if (a->what & ATTR_MODE)
        i->mode = (i->mode & PITH_S_IFMT) | (a->mode & 07777);
    if (a->what & ATTR_UID)
        i->uid = a->uid;
    if (a->what & ATTR_GID)
        i->gid = a->gid;
    if ((a->what & ATTR_SIZE) && inode_is(i, PITH_S_IFREG))
        resize(i, a->size);
    if (a->what & ATTR_ATIME)
        i->atime_ns = a->atime_ns;
    if (a->what & ATTR_MTIME)
        i->mtime_ns = a->mtime_ns;
    if (a->what & ATTR_CTIME)
        i->ctime_ns = a->ctime_ns;
    return 0;
}

static int
tmpfs_allocate(struct inode *i, struct file *f, uint64_t offset, uint64_t len,
               bool keep_size)
{
    uint64_t first = offset / PAGE, last = (offset + len - 1) / PAGE, n;
    struct tmpfs *t = fs_of(i);
    uint8_t *page;
    int r = 0;

    (void)f;
    if (last - first > t->limit / PAGE + 1)
        return -E_NOSPC;
    for (n = first; r == 0 && n <= last; n++)
        if (!keep_size || n * PAGE < i->size)
            r = get_page(of(i), n, &page);
    if (r == 0 && !keep_size && offset + len > i->size)
        i->size = offset + len;
    changed(i);
    return r;
}

static const struct inode_ops tmpfs_ops = {
    .lookup = tmpfs_lookup,
    .create = tmpfs_create_inode,
    .tmpfile = tmpfs_tmpfile,
    .link = tmpfs_link,
    .unlink = tmpfs_unlink,
    .rmdir = tmpfs_rmdir,
    .rename = tmpfs_rename,
    .readdir = tmpfs_readdir,
    .readlink = tmpfs_readlink,
    .setattr = tmpfs_setattr,
    .read = tmpfs_read,
    .write = tmpfs_write,
    .allocate = tmpfs_allocate,
    .evict = tmpfs_evict,
};

/* ---- the file system ---------------------------------------------------- */

static int
tmpfs_statfs(struct fs *fs, struct pith_statfs *out)
{
    const struct tmpfs *t = fs->data;
    uint64_t left = t->limit > t->used ? t->limit - t->used : 0;

    out->type = 0x01021994;
    out->blocks = t->limit / PAGE;
    out->bfree = out->bavail = left / PAGE;
    out->ffree = left / sizeof(struct tmpfs_inode);
    out->files = t->inodes + out->ffree;
    return 0;
}

/* Entries let go of their inodes; what nobody else holds is freed, and a bound
 * socket, say, keeps the rest alive until it goes. */
static void
tmpfs_destroy(struct fs *fs)
{
    struct tmpfs *t = fs->data;
    struct tmpfs_inode *ti, *next;

    for (ti = t->all; ti; ti = ti->next) {
        if (!inode_is(&ti->i, PITH_S_IFDIR))
            continue;
        for (uint32_t n = 0; n < ti->dir.used; n++)
            if (ti->dir.slots[n].entry)
                ti->dir.slots[n].entry->inode->refs--;
        dirtab_finish(&ti->dir);
    }
    fs->root->refs--;
    t->destroyed = true;
    t->inodes++; /* so that t itself outlives the loop */
    for (ti = t->all; ti; ti = next) {
        next = ti->next;
        if (ti->i.refs == 0)
            tmpfs_evict(&ti->i);
    }
    if (--t->inodes == 0)
        host_free(t);
}

static const struct fs_ops tmpfs_fs_ops = {
    .statfs = tmpfs_statfs,
    .destroy = tmpfs_destroy,
};

int
tmpfs_create_named(const char *type_name, uint64_t limit_bytes, uint32_t mode,
                   struct fs **out)
{
    struct tmpfs *t = host_alloc(sizeof *t);
    struct inode_new n = {.mode = PITH_S_IFDIR | mode};
    uint64_t total, free_bytes;
    int r;

    if (!t)
        return -E_NOMEM;
    if (limit_bytes == 0) {
        host_memory(&total, &free_bytes);
        limit_bytes = total / 2;
    }
    t->limit = limit_bytes;
    t->next_ino = 1;
    fs_init(&t->fs, type_name, &tmpfs_fs_ops, 0, t);
    r = new_inode(t, &n, &t->fs.root);
    if (r < 0) {
        host_free(t);
        return r;
    }
    t->fs.root->nlink = 2;
    of(t->fs.root)->parent_ino = t->fs.root->ino;
    *out = &t->fs;
    return 0;
}

int
tmpfs_create(uint64_t limit_bytes, struct fs **out)
{
    return tmpfs_create_named("tmpfs", limit_bytes, 0755, out);
}

/* data: "size=64m,mode=1777" */
static int
tmpfs_mount(struct proc *p, const char *source, const char *data,
            struct fs **out)
{
    uint64_t size = 0, mode = 01777;

    (void)p;
    (void)source;
    if (fs_option_number(data, "size", 10, &size) < 0 ||
        fs_option_number(data, "mode", 8, &mode) < 0 || mode > 07777)
        return -E_INVAL;
    return tmpfs_create_named("tmpfs", size, (uint32_t)mode, out);
}

struct fs_type tmpfs_type = {.name = "tmpfs", .nodev = true,
                             .create = tmpfs_mount};
