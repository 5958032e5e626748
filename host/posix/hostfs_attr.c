/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of host files; see hostfs_internal.h. */
#define _GNU_SOURCE
#include "hostfs_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define NOBODY 65534u

static int64_t
ns_of(struct timespec t)
{
    if (t.tv_sec > INT64_MAX / 1000000000 - 1)
        return INT64_MAX;
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void
hostfs_fill(struct inode *i, const struct stat *st)
{
    const struct hostfs *h = hostfs_of(i);

    i->mode = st->st_mode;
    i->nlink = (uint32_t)st->st_nlink;
    i->size = (uint64_t)st->st_size;
    i->blocks = (uint64_t)st->st_blocks;
    i->rdev = 0; /* its devices are not ours */
    i->uid = h->identity ? st->st_uid : st->st_uid == geteuid() ? 0 : NOBODY;
    i->gid = h->identity ? st->st_gid : st->st_gid == getegid() ? 0 : NOBODY;
    i->atime_ns = ns_of(st->st_atim);
    i->mtime_ns = ns_of(st->st_mtim);
    i->ctime_ns = ns_of(st->st_ctim);
    i->version = (uint64_t)i->ctime_ns;
}

int
hostfs_getattr(struct inode *i)
{
    struct hostfs_inode *h = hostfs_inode(i);
    struct stat st;
    int r = hostfs_pin(h), fd = r;

    if (r < 0)
        return r;
    kernel_unlock();
    r = fstat(fd, &st) < 0 ? host_error(errno) : 0;
    kernel_lock();
    hostfs_unpin(h);
    if (r == 0)
        hostfs_fill(i, &st);
    return r;
}

uint32_t
hostfs_mode(uint32_t mode)
{
    uint32_t bits = mode & (0777 | PITH_S_ISVTX);

    return (mode & PITH_S_IFMT) == PITH_S_IFDIR ? bits | (mode & PITH_S_ISGID)
                                                : bits;
}

static int
set_mode(int fd, uint32_t mode)
{
    char link[32];

    /* An O_PATH descriptor takes no fchmod. */
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return chmod(link, hostfs_mode(mode)) < 0 ? host_error(errno) : 0;
}

static int
set_owner(int fd, const struct inode_attr *a)
{
    uid_t uid = a->what & ATTR_UID ? a->uid : (uid_t)-1;
    gid_t gid = a->what & ATTR_GID ? a->gid : (gid_t)-1;

    return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0 ? host_error(errno)
                                                         : 0;
}

static struct timespec
host_time(bool set, int64_t ns)
{
    struct timespec t = {ns / 1000000000, ns % 1000000000};

    if (!set)
        return (struct timespec){0, UTIME_OMIT};
    if (t.tv_nsec < 0) {
        t.tv_sec--;
        t.tv_nsec += 1000000000;
    }
    return t;
}

static int
set_times(int fd, const struct inode_attr *a)
{
    struct timespec t[2] = {host_time(a->what & ATTR_ATIME, a->atime_ns),
                            host_time(a->what & ATTR_MTIME, a->mtime_ns)};
    char link[32];

    if (utimensat(fd, "", t, AT_EMPTY_PATH) == 0)
        return 0;
    if (errno != EINVAL)
        return host_error(errno);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd); /* before Linux 5.8 */
    return utimensat(AT_FDCWD, link, t, 0) < 0 ? host_error(errno) : 0;
}

int
hostfs_setattr(struct inode *i, const struct inode_attr *a)
{
    struct hostfs_inode *h = hostfs_inode(i);
    uint32_t owner = ATTR_UID | ATTR_GID, time = ATTR_ATIME | ATTR_MTIME;
    bool chown = (a->what & owner) != 0;
    struct stat st;
    int r = 0, fd;

    if (a->what & ATTR_SIZE) {
        r = hostfs_resize(h, a->size);
        time = 0; /* the host has set them */
    }
    if (r < 0)
        return r;
    if (chown && !hostfs_of(i)->identity) {
        if (((a->what & ATTR_UID) && a->uid != i->uid) ||
            ((a->what & ATTR_GID) && a->gid != i->gid))
            return -E_PERM;
        chown = false;
    }
    fd = hostfs_pin(h);
    if (fd < 0)
        return fd;
    kernel_unlock();
    if (chown)
        r = set_owner(fd, a);
    if (r == 0 && (a->what & ATTR_MODE))
        r = set_mode(fd, a->mode);
    if (r == 0 && (a->what & time))
        r = set_times(fd, a);
    if (r == 0)
        r = fstat(fd, &st) < 0 ? host_error(errno) : 0;
    kernel_lock();
    hostfs_unpin(h);
    if (r == 0)
        hostfs_fill(i, &st);
    return r;
}
