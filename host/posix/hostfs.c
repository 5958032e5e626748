/* SPDX-License-Identifier: Apache-2.0 */
/* Names and inodes of a host directory; see hostfs_internal.h. */
#define _GNU_SOURCE
#include "hostfs_internal.h"

#include "lib.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

static const struct inode_ops hostfs_ops;

/* ---- inodes ------------------------------------------------------------- */

/* One number of two: files of other devices below must not collide. */
static uint64_t
ino_of(const struct hostfs *h, const struct stat *st)
{
    uint64_t other = (uint64_t)st->st_dev ^ (uint64_t)h->dev;

    return (uint64_t)st->st_ino ^ (other << 40);
}

static struct inode **
bucket_of(struct hostfs *h, dev_t dev, ino_t ino)
{
    return &h->live[((uint64_t)ino * 0x9e3779b97f4a7c15u ^ (uint64_t)dev) >>
                    7 & (HOSTFS_BUCKETS - 1)];
}

static void
unhash(struct hostfs_inode *h)
{
    struct inode **at = bucket_of(hostfs_of(&h->i), h->dev, h->host_ino);

    while (*at && *at != &h->i)
        at = &(*at)->hash_next;
    if (*at)
        *at = h->i.hash_next;
}

/* dir and name are where it was last seen. */
static int
set_place(struct hostfs_inode *h, struct hostfs_inode *dir, const char *name)
{
    char *copy;

    if (h->parent == dir && h->name && strcmp(h->name, name) == 0)
        return 0;
    if (!h->parent && h->i.fs->root == &h->i)
        return 0; /* the root, met again through a bind mount, say */
    copy = text_copy(name, strlen(name));
    if (!copy)
        return -E_NOMEM;
    host_free(h->name);
    h->name = copy;
    inode_ref(&dir->i);
    if (h->parent)
        inode_unref(&h->parent->i);
    h->parent = dir;
    return 0;
}

/* The inode for what fd (taken over) and st are. */
static int
get_inode(struct hostfs *fs, struct hostfs_inode *dir, const char *name,
          int fd, const struct stat *st, struct inode **out)
{
    struct inode **bucket = bucket_of(fs, st->st_dev, st->st_ino), *i;
    struct hostfs_inode *h;

    for (i = *bucket; i; i = i->hash_next) {
        h = hostfs_inode(i);
        if (h->host_ino == st->st_ino && h->dev == st->st_dev)
            break;
    }
    if (i && ((i->mode ^ st->st_mode) & S_IFMT)) {
        unhash(hostfs_inode(i)); /* the number was given to another file */
        i = NULL;
    }
    if (i) {
        h = hostfs_inode(inode_ref(i));
    } else {
        h = host_alloc(sizeof *h);
        if (!h) {
            close(fd);
            return -E_NOMEM;
        }
        h->fd = h->fresh_fd = -1;
        h->dev = st->st_dev;
        h->host_ino = st->st_ino;
        h->i = (struct inode){.refs = 1,
                              .ino = ino_of(fs, st),
                              .fs = &fs->fs,
                              .ops = &hostfs_ops,
                              .hash_next = *bucket};
        *bucket = &h->i;
    }
    hostfs_fill(&h->i, st);
    hostfs_adopt_fd(h, fd);
    if (dir && set_place(h, dir, name) < 0) {
        inode_unref(&h->i);
        return -E_NOMEM;
    }
    if (dir && st->st_nlink > 0)
        h->removed = false; /* we know a name again */
    *out = &h->i;
    return 0;
}

/* Parents go with their last child, one after the other. */
static void
hostfs_evict(struct inode *i)
{
    struct hostfs_inode *h = hostfs_inode(i);

    while (h) {
        struct hostfs_inode *parent = h->parent;
        unhash(h);
        hostfs_drop_fd(h);
        if (h->fresh_fd >= 0)
            close(h->fresh_fd);
        host_free(h->name);
        host_free(h);
        h = parent && --parent->i.refs == 0 ? parent : NULL;
    }
}

/* ---- names -------------------------------------------------------------- */

struct name {
    char text[PITH_NAME_MAX + 1];
};

static struct name
terminated(const char *name, size_t len)
{
    struct name n;

    memcpy(n.text, name, len);
    n.text[len] = '\0';
    return n;
}

static int
hostfs_lookup(struct inode *dir, const char *name, size_t len,
              struct inode **out)
{
    struct hostfs_inode *d = hostfs_inode(dir);
    struct name n = terminated(name, len);
    int dirfd = hostfs_pin(d), fd;
    struct stat st;

    if (dirfd < 0)
        return dirfd;
    kernel_unlock();
    fd = hostfs_openat(dirfd, n.text, O_PATH);
    if (fd >= 0 && fstat(fd, &st) < 0) {
        close(fd);
        fd = host_error(errno);
    }
    kernel_lock();
    hostfs_unpin(d);
    if (fd < 0)
        return fd;
    return get_inode(hostfs_of(dir), d, n.text, fd, &st, out);
}

/* Without the lock: make it; a descriptor for a regular file, else 0. */
static int
make(int dirfd, const char *name, const struct inode_new *n, bool own)
{
    uint32_t perm = hostfs_mode(n->mode);
    int fd = 0, r = 0;

    switch (n->mode & PITH_S_IFMT) {
    case PITH_S_IFREG:
        fd = openat(dirfd, name,
                    O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);
        r = fd < 0 ? -1 : 0;
        break;
    case PITH_S_IFDIR:
        r = mkdirat(dirfd, name, 0700);
        break;
    case PITH_S_IFLNK:
        r = symlinkat(n->target, dirfd, name);
        break;
    case PITH_S_IFIFO:
    case PITH_S_IFSOCK:
        r = mknodat(dirfd, name, (n->mode & PITH_S_IFMT) | 0600, 0);
        break;
    default:
        return -E_PERM;
    }
    if (r < 0)
        return host_error(errno);
    if (own && (n->uid != 0 || n->gid != 0))
        r = fchownat(dirfd, name, n->uid, n->gid, AT_SYMLINK_NOFOLLOW);
    /* The process's umask is the host's business, the mode is ours. */
    if (r == 0 && fd > 0)
        r = fchmod(fd, perm);
    else if (r == 0 && (n->mode & PITH_S_IFMT) != PITH_S_IFLNK)
        r = fchmodat(dirfd, name, perm, 0);
    if (r < 0) {
        r = host_error(errno);
        if (fd > 0)
            close(fd);
        return r;
    }
    return fd;
}

static int
hostfs_create_inode(struct inode *dir, const char *name, size_t len,
                    const struct inode_new *n, struct inode **out)
{
    struct hostfs_inode *d = hostfs_inode(dir);
    struct name text = terminated(name, len);
    bool own = hostfs_of(dir)->identity;
    int dirfd = hostfs_pin(d), fd, r;

    if (dirfd < 0)
        return dirfd;
    kernel_unlock();
    fd = make(dirfd, text.text, n, own);
    kernel_lock();
    hostfs_unpin(d);
    if (fd < 0)
        return fd;
    r = hostfs_lookup(dir, name, len, out);
    if (fd == 0)
        return r;
    if (r == 0 && hostfs_inode(*out)->fresh_fd < 0)
        hostfs_inode(*out)->fresh_fd = fd;
    else
        close(fd);
    return r;
}

static int
hostfs_tmpfile(struct inode *dir, const struct inode_new *n,
               struct inode **out)
{
    struct hostfs_inode *d = hostfs_inode(dir);
    bool own = hostfs_of(dir)->identity;
    int dirfd = hostfs_pin(d), fd, path_fd = -1, r = 0;
    struct stat st;
    char link[32];

    if (dirfd < 0)
        return dirfd;
    kernel_unlock();
    fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC,
                hostfs_mode(n->mode));
    if (fd >= 0 && own)
        (void)!fchown(fd, n->uid, n->gid);
    if (fd >= 0) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        path_fd = open(link, O_PATH | O_CLOEXEC);
    }
    if (fd < 0 || path_fd < 0 || fstat(fd, &st) < 0) {
        r = host_error(errno);
        if (path_fd >= 0)
            close(path_fd);
        if (fd >= 0)
            close(fd);
    }
    kernel_lock();
    hostfs_unpin(d);
    if (r == 0)
        r = get_inode(hostfs_of(dir), NULL, NULL, path_fd, &st, out);
    else
        return r;
    if (r < 0) {
        close(fd);
        return r;
    }
    hostfs_inode(*out)->removed = true;
    hostfs_inode(*out)->fresh_fd = fd;
    return 0;
}

static int
hostfs_link(struct inode *dir, const char *name, size_t len, struct inode *i)
{
    struct hostfs_inode *d = hostfs_inode(dir), *h = hostfs_inode(i);
    struct name n = terminated(name, len);
    int dirfd, fd = hostfs_pin(h), r;
    char link[32];

    if (fd < 0)
        return fd;
    dirfd = hostfs_pin(d);
    if (dirfd < 0) {
        hostfs_unpin(h);
        return dirfd;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    kernel_unlock();
    r = linkat(AT_FDCWD, link, dirfd, n.text, AT_SYMLINK_FOLLOW) < 0
            ? host_error(errno)
            : 0;
    kernel_lock();
    hostfs_unpin(d);
    hostfs_unpin(h);
    return r;
}

static int
remove_name(struct inode *dir, const char *name, size_t len, struct inode *i,
            int flags)
{
    struct hostfs_inode *d = hostfs_inode(dir), *h = hostfs_inode(i);
    struct name n = terminated(name, len);
    struct stat st;
    int fd = hostfs_pin(h), dirfd, r;

    if (fd < 0)
        return fd;
    dirfd = hostfs_pin(d);
    if (dirfd < 0) {
        hostfs_unpin(h);
        return dirfd;
    }
    kernel_unlock();
    r = unlinkat(dirfd, n.text, flags) < 0 ? host_error(errno) : 0;
    if (fstat(fd, &st) < 0)
        st.st_nlink = 0;
    kernel_lock();
    hostfs_unpin(d);
    hostfs_unpin(h);
    if (r == 0) {
        /* Its other names are not known: the descriptor has to do. */
        h->removed = true;
        i->nlink = (uint32_t)st.st_nlink;
    }
    return r;
}

static int
hostfs_unlink(struct inode *dir, const char *name, size_t len,
              struct inode *i)
{
    return remove_name(dir, name, len, i, 0);
}

static int
hostfs_rmdir(struct inode *dir, const char *name, size_t len, struct inode *i)
{
    return remove_name(dir, name, len, i, AT_REMOVEDIR);
}

static int
hostfs_rename(struct inode *from, const char *fname, size_t flen,
              struct inode *i, struct inode *to, const char *tname,
              size_t tlen, struct inode *replaced, uint32_t flags)
{
    struct hostfs_inode *f = hostfs_inode(from), *t = hostfs_inode(to);
    struct name fn = terminated(fname, flen), tn = terminated(tname, tlen);
    int ffd = hostfs_pin(f), tfd, r;

    if (ffd < 0)
        return ffd;
    tfd = hostfs_pin(t);
    r = tfd < 0 ? tfd : 0;
    if (r == 0 && replaced) { /* it may be open: keep a way to it */
        r = hostfs_pin(hostfs_inode(replaced));
        if (r >= 0)
            hostfs_unpin(hostfs_inode(replaced));
        if (r >= 0)
            hostfs_inode(replaced)->removed = true;
    }
    if (r >= 0) {
        kernel_unlock();
        r = renameat2(ffd, fn.text, tfd, tn.text,
                      flags & PITH_RENAME_EXCHANGE ? RENAME_EXCHANGE : 0) < 0
                ? host_error(errno)
                : 0;
        kernel_lock();
    }
    hostfs_unpin(f);
    if (tfd >= 0)
        hostfs_unpin(t);
    if (replaced && (r < 0 || (flags & PITH_RENAME_EXCHANGE)))
        hostfs_inode(replaced)->removed = false;
    if (r < 0)
        return r;
    set_place(hostfs_inode(i), t, tn.text);
    if (replaced && (flags & PITH_RENAME_EXCHANGE))
        set_place(hostfs_inode(replaced), f, fn.text);
    return 0;
}

static int64_t
hostfs_readlink(struct inode *i, char *out, size_t room)
{
    struct hostfs_inode *h = hostfs_inode(i);
    int fd = hostfs_pin(h);
    int64_t n;

    if (fd < 0)
        return fd;
    kernel_unlock();
    n = readlinkat(fd, "", out, room);
    n = n < 0 ? host_error(errno) : n;
    kernel_lock();
    hostfs_unpin(h);
    return n;
}

static const struct inode_ops hostfs_ops = {
    .lookup = hostfs_lookup,
    .create = hostfs_create_inode,
    .tmpfile = hostfs_tmpfile,
    .link = hostfs_link,
    .unlink = hostfs_unlink,
    .rmdir = hostfs_rmdir,
    .rename = hostfs_rename,
    .readdir = hostfs_readdir,
    .readlink = hostfs_readlink,
    .getattr = hostfs_getattr,
    .setattr = hostfs_setattr,
    .open = hostfs_open,
    .release = hostfs_release,
    .read = hostfs_read,
    .write = hostfs_write,
    .allocate = hostfs_allocate,
    .fsync = hostfs_fsync,
    .map = hostfs_map,
    .evict = hostfs_evict,
};

/* ---- the file system ---------------------------------------------------- */

static int
hostfs_statfs(struct fs *fs, struct pith_statfs *out)
{
    struct hostfs_inode *root = hostfs_inode(fs->root);
    struct statfs st;
    int r = hostfs_pin(root), fd = r;

    if (r < 0)
        return r;
    kernel_unlock();
    r = fstatfs(fd, &st) < 0 ? host_error(errno) : 0;
    kernel_lock();
    hostfs_unpin(root);
    if (r < 0)
        return r;
    out->type = (uint64_t)st.f_type;
    out->bsize = (uint64_t)st.f_bsize;
    out->blocks = st.f_blocks;
    out->bfree = st.f_bfree;
    out->bavail = st.f_bavail;
    out->files = st.f_files;
    out->ffree = st.f_ffree;
    out->namelen = PITH_NAME_MAX;
    return 0;
}

static void
hostfs_destroy(struct fs *fs)
{
    struct hostfs *h = fs->data;

    inode_unref(fs->root);
    for (uint32_t b = 0; b < HOSTFS_BUCKETS; b++)
        if (h->live[b])
            return; /* a bound socket still holds its inode: keep us */
    host_free(h);
}

static const struct fs_ops hostfs_fs_ops = {
    .statfs = hostfs_statfs,
    .destroy = hostfs_destroy,
};

int
hostfs_create(const char *host_dir, bool readonly, struct fs **out)
{
    struct hostfs *h;
    struct stat st;
    int r, fd = open(host_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0) {
        r = host_error(errno);
        if (fd >= 0)
            close(fd);
        return r;
    }
    hostfs_raise_limit();
    h = host_alloc(sizeof *h);
    if (!h) {
        close(fd);
        return -E_NOMEM;
    }
    fs_init(&h->fs, "hostfs", &hostfs_fs_ops,
            FS_LIVE | FS_NODEV | (readonly ? FS_READONLY : 0), h);
    h->dev = st.st_dev;
    h->identity = geteuid() == 0;
    r = get_inode(h, NULL, NULL, fd, &st, &h->fs.root);
    if (r < 0) {
        host_free(h);
        return r;
    }
    *out = &h->fs;
    return 0;
}
