/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devfs and the device table. /dev is one tmpfs that the kernel fills: a node
 * for every registered device. What a node opens is decided by its number in
 * the table, so nodes made by mknod elsewhere work as well.
 *
 * Here too: null, zero, full, random, urandom. Terminals register themselves.
 */
#include "../vfs_internal.h"
#include "../call.h"
#include "../lib.h"
#include "pith_errno.h"
#include "zeros.h"
#include "tmpfs.h"

#include <string.h>

struct device {
    struct device *next;
    uint64_t rdev;
    device_open *open;
    bool privileged;
    char name[32];
};

static struct device *devices;
static struct fs *devfs;

static struct device *
find_device(uint64_t rdev)
{
    struct device *d = devices;

    while (d && d->rdev != rdev)
        d = d->next;
    return d;
}

int
device_open_inode(struct inode *i, uint32_t flags, struct file **out)
{
    struct device *d = find_device(i->rdev);
    struct proc *p = proc_current();

    if (!d || !inode_is(i, PITH_S_IFCHR))
        return -E_NXIO;
    if (d->privileged && p) {
        int r = cap_check(p, CAP_DEVICE);
        if (r < 0)
            return r;
    }
    return d->open(i, flags, out);
}

/* ---- nodes -------------------------------------------------------------- */

/* The directory that name is in, made when missing; *leaf is the rest. */
static int
dir_of(const char *name, struct inode **dir, const char **leaf)
{
    struct inode *root = devfs->root, *sub = NULL;
    struct inode_new n = {.mode = PITH_S_IFDIR | 0755};
    const char *slash = strchr(name, '/');
    int r;

    *leaf = slash ? slash + 1 : name;
    if (!slash) {
        *dir = inode_ref(root);
        return 0;
    }
    r = root->ops->lookup(root, name, (size_t)(slash - name), &sub);
    if (r == -E_NOENT)
        r = root->ops->create(root, name, (size_t)(slash - name), &n, &sub);
    if (r == 0)
        *dir = sub;
    return r;
}

static int
make_node(const char *name, const struct inode_new *n)
{
    struct inode *dir, *i;
    const char *leaf;
    int r = dir_of(name, &dir, &leaf);

    if (r < 0)
        return r;
    r = dir->ops->create(dir, leaf, strlen(leaf), n, &i);
    if (r == 0)
        inode_unref(i);
    inode_unref(dir);
    return r;
}

static void
remove_node(const char *name)
{
    struct inode *dir, *i;
    const char *leaf;

    if (dir_of(name, &dir, &leaf) < 0)
        return;
    if (dir->ops->lookup(dir, leaf, strlen(leaf), &i) == 0) {
        dir->ops->unlink(dir, leaf, strlen(leaf), i);
        path_forget_inode(dir, leaf, strlen(leaf));
        inode_unref(i);
    }
    inode_unref(dir);
}

static int
link_node(const char *name, const char *target)
{
    struct inode_new n = {.mode = PITH_S_IFLNK | 0777, .target = target};

    return make_node(name, &n);
}

int
devfs_register_owned(const char *name, uint32_t mode, uint32_t uid,
                     uint32_t gid, uint64_t rdev, device_open *open,
                     bool privileged)
{
    struct inode_new n = {PITH_S_IFCHR | (mode & 0777), uid, gid, rdev, NULL};
    struct device *d;
    struct fs *fs;
    int r = devfs ? 0 : devfs_create(&fs);

    if (r < 0)
        return r;
    if (strlen(name) >= sizeof d->name)
        return -E_NAMETOOLONG;
    d = host_alloc(sizeof *d);
    if (!d)
        return -E_NOMEM;
    text_format(d->name, sizeof d->name, "%s", name);
    d->rdev = rdev;
    d->open = open;
    d->privileged = privileged;
    r = make_node(name, &n);
    if (r < 0) {
        host_free(d);
        return r;
    }
    d->next = devices;
    devices = d;
    return 0;
}

int
devfs_register(const char *name, uint32_t mode, uint64_t rdev,
               device_open *open, bool privileged)
{
    return devfs_register_owned(name, mode, 0, 0, rdev, open, privileged);
}

void
devfs_unregister(const char *name)
{
    struct device **at = &devices;

    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    if (*at) {
        struct device *d = *at;
        *at = d->next;
        host_free(d);
        remove_node(name);
    }
}

/* ---- memory devices ----------------------------------------------------- */

enum { NULL_DEV, ZERO_DEV, FULL_DEV, RANDOM_DEV };

static int
kind(const struct file *f)
{
    return (int)(uintptr_t)f->data;
}

static int64_t
mem_read(struct file *f, struct uio *u)
{
    uint8_t noise[512];
    int64_t done = 0;

    if (kind(f) == NULL_DEV)
        return 0;
    while (u->resid > 0) {
        const void *from = zeros;
        size_t n = ZEROS;
        int64_t r;
        if (kind(f) == RANDOM_DEV) {
            host_random(noise, sizeof noise);
            from = noise;
            n = sizeof noise;
        }
        if (n > u->resid)
            n = u->resid;
        r = uio_put(u, from, n);
        if (r < 0)
            return done ? done : r;
        done += r;
        if (done >= (int64_t)(16 << 20)) /* others want the kernel as well */
            break;
    }
    return done;
}

static int64_t
mem_write(struct file *f, struct uio *u)
{
    return kind(f) == FULL_DEV && u->resid ? -E_NOSPC : (int64_t)u->resid;
}

static int64_t
mem_seek(struct file *f, int64_t offset, int whence)
{
    (void)offset;
    (void)whence;
    f->offset = 0;
    return 0;
}

static const struct file_ops mem_ops = {
    .name = "mem", .read = mem_read, .write = mem_write, .seek = mem_seek};

static int
mem_open(struct inode *i, uint32_t flags, struct file **out)
{
    static const uint8_t minors[] = {3, NULL_DEV,   5, ZERO_DEV,  7, FULL_DEV,
                                     8, RANDOM_DEV, 9, RANDOM_DEV};
    uintptr_t what = NULL_DEV;

    for (size_t n = 0; n < sizeof minors; n += 2)
        if ((i->rdev & 0xff) == minors[n])
            what = minors[n + 1];
    *out = file_create(&mem_ops, inode_ref(i),
                       flags & (PITH_O_ACCMODE | PITH_O_APPEND |
                                PITH_O_NONBLOCK),
                       (void *)what); /* a number, not a pointer */
    if (*out)
        return 0;
    inode_unref(i);
    return -E_NOMEM;
}

static const struct {
    const char *name;
    uint8_t minor;
} mem_devices[] = {
    {"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}};

static const struct {
    const char *name, *target;
} links[] = {{"fd", "/proc/self/fd"},
             {"stdin", "/proc/self/fd/0"},
             {"stdout", "/proc/self/fd/1"},
             {"stderr", "/proc/self/fd/2"}};

/* ---- the file system ---------------------------------------------------- */

int
devfs_create(struct fs **out)
{
    struct inode_new shm = {.mode = PITH_S_IFDIR | 01777};
    uint64_t total, unused;
    struct inode_new pts = {.mode = PITH_S_IFDIR | 0755};
    int r;

    if (!devfs) {
        host_memory(&total, &unused); /* for /dev/shm */
        r = tmpfs_create_named("devfs", total / 4, 0755, &devfs);
        if (r < 0)
            return r;
        devfs->mounts++; /* for good: the table outlives its mounts */
        r = make_node("shm", &shm);
        if (r == 0)
            r = make_node("pts", &pts);
        for (size_t n = 0; r == 0 && n < sizeof links / sizeof *links; n++)
            r = link_node(links[n].name, links[n].target);
        for (size_t n = 0;
             r == 0 && n < sizeof mem_devices / sizeof *mem_devices; n++)
            r = devfs_register(mem_devices[n].name, 0666,
                               DEV(1, mem_devices[n].minor), mem_open, false);
        if (r < 0)
            return r;
    }
    *out = devfs;
    return 0;
}

static int
devfs_mount_type(struct proc *p, const char *source, const char *data,
                 struct fs **out)
{
    (void)p;
    (void)source;
    (void)data;
    return devfs_create(out);
}

struct fs_type devfs_type = {.name = "devfs", .nodev = true,
                             .create = devfs_mount_type};
