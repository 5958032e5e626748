/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places in the name space. While somebody holds a place there is exactly one
 * node for (parent, name), found through a hash table; a rename changes that
 * node, and so everything below it, in one step. Nodes nobody holds are gone:
 * this is not a cache, drivers find names fast enough by themselves.
 *
 * A node whose name was removed stays with its holders, marked deleted and out
 * of the table.
 */
#include "vfs_internal.h"

#include "lib.h"
#include "pith_errno.h"
#include "proc.h"

#include <string.h>

#define FIRST_BUCKETS 256u

static struct dentry_path **buckets;
static uint32_t nbuckets, nnodes;

static struct dentry_path **
bucket_of(const struct dentry_path *parent, const char *name, size_t len)
{
    return &buckets[vfs_hash_name(parent, name, len) & (nbuckets - 1)];
}

static int
table_grow(void)
{
    uint32_t n = nbuckets ? nbuckets * 2 : FIRST_BUCKETS, old_n = nbuckets;
    struct dentry_path **table = host_alloc(n * sizeof *table);
    struct dentry_path **old = buckets;

    if (!table)
        return nbuckets ? 0 : -E_NOMEM; /* a full table still works */
    buckets = table;
    nbuckets = n;
    for (uint32_t b = 0; b < old_n; b++) {
        for (struct dentry_path *d = old[b], *next; d; d = next) {
            struct dentry_path **to = bucket_of(d->parent, d->name,
                                                d->name_len);
            next = d->hash_next;
            d->hash_next = *to;
            *to = d;
        }
    }
    host_free(old);
    return 0;
}

static void
unhash(struct dentry_path *d)
{
    struct dentry_path **at = bucket_of(d->parent, d->name, d->name_len);

    while (*at && *at != d)
        at = &(*at)->hash_next;
    if (*at) {
        *at = d->hash_next;
        nnodes--;
    }
    d->hash_next = NULL;
}

static void
hash(struct dentry_path *d)
{
    struct dentry_path **at = bucket_of(d->parent, d->name, d->name_len);

    d->hash_next = *at;
    *at = d;
    nnodes++;
}

static void
free_name(struct dentry_path *d)
{
    union {
        const char *shared;
        char *own;
    } name = {d->name};

    if (d->name != d->short_name)
        host_free(name.own);
}

/* Takes over i and a reference to parent; neither on failure. */
static struct dentry_path *
node_create(struct mount *m, struct dentry_path *parent, const char *name,
            size_t len, struct inode *i)
{
    struct dentry_path *d = host_alloc(sizeof *d);
    char *to;

    if (!d)
        return NULL;
    to = d->short_name;
    if (len >= sizeof d->short_name) {
        to = host_alloc(len + 1);
        if (!to) {
            host_free(d);
            return NULL;
        }
    }
    memcpy(to, name, len);
    d->name = to;
    d->name_len = (uint8_t)len;
    d->refs = 1;
    d->mount = m;
    d->parent = parent;
    d->inode = i;
    m->nodes++;
    return d;
}

struct dentry_path *
path_create_root(struct mount *m, struct inode *i)
{
    struct dentry_path *d = node_create(m, NULL, "", 0, i);

    if (!d)
        inode_unref(i);
    return d;
}

struct dentry_path *
path_ref(struct dentry_path *d)
{
    if (d)
        d->refs++;
    return d;
}

void
path_unref(struct dentry_path *d)
{
    while (d && --d->refs == 0) {
        struct dentry_path *parent = d->parent;
        struct mount *m = d->mount;

        if (parent && !d->deleted)
            unhash(d);
        inode_unref(d->inode);
        free_name(d);
        host_free(d);
        if (--m->nodes == 0)
            mount_gone(m);
        d = parent;
    }
}

struct dentry_path *
path_find(struct dentry_path *parent, const char *name, size_t len)
{
    struct dentry_path *d;

    if (!nbuckets)
        return NULL;
    for (d = *bucket_of(parent, name, len); d; d = d->hash_next)
        if (d->parent == parent && d->name_len == len &&
            memcmp(d->name, name, len) == 0)
            break;
    return d;
}

static void
set_deleted(struct dentry_path *d)
{
    unhash(d);
    d->deleted = true;
}

struct dentry_path *
path_get(struct dentry_path *parent, const char *name, size_t len,
         struct inode *i)
{
    struct dentry_path *d = path_find(parent, name, len);

    if (d && (d->inode == i || d->covered)) {
        inode_unref(i);
        return path_ref(d);
    }
    if (nnodes >= nbuckets && table_grow() < 0) {
        inode_unref(i);
        return NULL;
    }
    if (d)
        set_deleted(d);
    d = node_create(parent->mount, parent, name, len, i);
    if (!d) {
        inode_unref(i);
        return NULL;
    }
    path_ref(parent);
    hash(d);
    return d;
}

struct dentry_path *
path_get_unnamed(struct dentry_path *parent, struct inode *i)
{
    char name[32];
    size_t len = text_format(name, sizeof name, "#%llu",
                             (unsigned long long)i->ino);
    struct dentry_path *d = node_create(parent->mount, parent, name, len, i);

    if (!d) {
        inode_unref(i);
        return NULL;
    }
    path_ref(parent);
    d->deleted = true;
    return d;
}

void
path_forget(struct dentry_path *parent, const char *name, size_t len)
{
    struct dentry_path *d = path_find(parent, name, len);

    if (d)
        set_deleted(d);
}

/* The same, for the driver of a file system that may be mounted anywhere. */
void
path_forget_inode(const struct inode *dir, const char *name, size_t len)
{
    for (uint32_t b = 0; b < nbuckets; b++) {
        struct dentry_path *d = buckets[b];
        while (d) {
            struct dentry_path *next = d->hash_next;
            if (d->parent->inode == dir && d->name_len == len &&
                memcmp(d->name, name, len) == 0)
                set_deleted(d);
            d = next;
        }
    }
}

/* Out of the table and without a name, for set_place. On a live file system
 * somebody may have found its old name gone already. */
static void
leave_place(struct dentry_path *d)
{
    if (!d->deleted)
        unhash(d);
    d->deleted = false;
    free_name(d);
}

static void
set_place(struct dentry_path *d, struct dentry_path *parent, char *name,
          size_t len)
{
    struct dentry_path *old = d->parent;
    struct dentry_path *there = path_find(parent, name, len);

    if (there)
        set_deleted(there);
    path_ref(parent);
    d->parent = parent;
    d->name = name;
    d->name_len = (uint8_t)len;
    hash(d);
    path_unref(old);
}

void
path_moved(struct dentry_path *d, struct dentry_path *parent, char *name,
           size_t len)
{
    struct dentry_path *there = path_find(parent, name, len);

    if (there == d) { /* the same place */
        host_free(name);
        return;
    }
    leave_place(d);
    set_place(d, parent, name, len);
}

void
path_exchange(struct dentry_path *a, struct dentry_path *b, char *name_a,
              char *name_b)
{
    struct dentry_path *parent_a = path_ref(a->parent);
    struct dentry_path *parent_b = path_ref(b->parent);
    size_t len_a = a->name_len, len_b = b->name_len;

    leave_place(a);
    leave_place(b);
    set_place(a, parent_b, name_a, len_b);
    set_place(b, parent_a, name_b, len_a);
    path_unref(parent_a);
    path_unref(parent_b);
}

struct dentry_path *
path_up(struct dentry_path *d)
{
    struct dentry_path *at = d;

    while (!at->parent && at->mount->point)
        at = at->mount->point;
    return at->parent ? at->parent : d;
}

bool
path_is_below(const struct dentry_path *d, const struct dentry_path *top)
{
    while (d != top) {
        if (d->parent)
            d = d->parent;
        else if (d->mount->point)
            d = d->mount->point;
        else
            return false;
    }
    return true;
}

/* The name is written from the end; then moved to the front. */
int
vfs_path_name(struct proc *p, struct dentry_path *d, char *out, size_t room)
{
    const struct dentry_path *top = p && p->root ? p->root : NULL, *at = d;
    size_t used = 0;
    bool deleted = false;

    if (room < 2)
        return -E_RANGE;
    while (at != top) {
        if (!at->parent) {
            if (!at->mount->point)
                break;
            at = at->mount->point;
            continue;
        }
        deleted |= at->deleted;
        if (used + at->name_len + 1u >= room)
            return -E_RANGE;
        used += at->name_len;
        memcpy(out + room - 1 - used, at->name, at->name_len);
        used++;
        out[room - 1 - used] = '/';
        at = at->parent;
    }
    if (used == 0)
        out[room - 1 - ++used] = '/';
    memmove(out, out + room - 1 - used, used);
    out[used] = '\0';
    return deleted ? -E_NOENT : (int)used;
}

void (*vfs_changed)(const char *path, enum vfs_change what);

void
vfs_tell(struct dentry_path *d, const char *name, size_t len,
         enum vfs_change what)
{
    char path[PITH_PATH_MAX];
    int n;

    if (!vfs_changed)
        return;
    n = vfs_path_name(NULL, d, path, sizeof path);
    if (n < 0 || (size_t)n + len + 2 > sizeof path)
        return;
    if (name) {
        size_t at = strlen(path);

        if (at > 1)
            path[at++] = '/';
        memcpy(path + at, name, len);
        path[at + len] = 0;
    }
    vfs_changed(path, what);
}
