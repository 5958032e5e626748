/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptors of hostfs inodes; see hostfs_internal.h. */
#define _GNU_SOURCE
#include "hostfs_internal.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct hostfs_inode *newest, *oldest;
static uint32_t nfds, max_fds = 256;

void
hostfs_raise_limit(void)
{
    static bool done;
    struct rlimit l;

    if (done || getrlimit(RLIMIT_NOFILE, &l) < 0)
        return;
    done = true;
    l.rlim_cur = l.rlim_max;
    setrlimit(RLIMIT_NOFILE, &l);
    if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur / 4 < max_fds)
        max_fds = (uint32_t)(l.rlim_cur / 4);
    if (max_fds < 8)
        max_fds = 8;
}

/*
 * A single component with O_NOFOLLOW cannot leave dirfd; openat2 has the host
 * say so as well. Kernels before 5.6, and some sandboxes, do not have it.
 */
int
hostfs_openat(int dirfd, const char *name, int flags)
{
    static atomic_bool no_openat2;
    struct open_how how = {
        .flags = (uint32_t)(flags | O_NOFOLLOW | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS |
                   RESOLVE_NO_SYMLINKS,
    };
    int fd;

    if (!atomic_load_explicit(&no_openat2, memory_order_relaxed)) {
        fd = (int)syscall(SYS_openat2, dirfd, name, &how, sizeof how);
        if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
            return fd < 0 ? host_error(errno) : fd;
        if (errno == ENOSYS)
            atomic_store_explicit(&no_openat2, true, memory_order_relaxed);
    }
    fd = openat(dirfd, name, flags | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? host_error(errno) : fd;
}

/* ---- the list of those that have one ------------------------------------ */

static void
list_remove(struct hostfs_inode *h)
{
    if (h->newer)
        h->newer->older = h->older;
    else
        newest = h->older;
    if (h->older)
        h->older->newer = h->newer;
    else
        oldest = h->newer;
    h->newer = h->older = NULL;
}

static void
list_add(struct hostfs_inode *h)
{
    h->older = newest;
    h->newer = NULL;
    if (newest)
        newest->newer = h;
    else
        oldest = h;
    newest = h;
}

void
hostfs_drop_fd(struct hostfs_inode *h)
{
    if (h->fd < 0)
        return;
    list_remove(h);
    close(h->fd);
    h->fd = -1;
    nfds--;
}

static void
drop_oldest(uint32_t keep)
{
    struct hostfs_inode *h = oldest, *newer;

    for (; h && nfds > keep; h = newer) {
        newer = h->newer;
        if (h->pins == 0 && !h->removed && h->parent)
            hostfs_drop_fd(h);
    }
}

void
hostfs_adopt_fd(struct hostfs_inode *h, int fd)
{
    if (fd < 0)
        return;
    if (h->fd >= 0) {
        close(fd);
        return;
    }
    h->fd = fd;
    list_add(h);
    nfds++;
    if (nfds > max_fds) {
        h->pins++;
        drop_oldest(max_fds);
        h->pins--;
    }
}

/* ---- pins --------------------------------------------------------------- */

/* Open h, whose parent has a descriptor. */
static int
open_again(struct hostfs_inode *h)
{
    struct hostfs_inode *parent = h->parent;
    struct stat st;
    int fd, dirfd = parent->fd;
    char name[PITH_NAME_MAX + 1];

    snprintf(name, sizeof name, "%s", h->name);
    parent->pins++;
    inode_ref(&parent->i);
    kernel_unlock();
    fd = hostfs_openat(dirfd, name, O_PATH);
    if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_dev != h->dev ||
                    st.st_ino != h->host_ino)) {
        close(fd);
        fd = -E_STALE; /* another file has the name now */
    }
    kernel_lock();
    parent->pins--;
    inode_unref(&parent->i);
    if (fd < 0)
        return h->fd >= 0 ? 0 : fd;
    hostfs_adopt_fd(h, fd);
    return 0;
}

int
hostfs_pin(struct hostfs_inode *h)
{
    while (h->fd < 0) {
        struct hostfs_inode *at = h;
        int r;
        while (at->parent && at->parent->fd < 0)
            at = at->parent;
        if (!at->parent)
            return -E_STALE;
        r = open_again(at);
        if (r == -E_MFILE || r == -E_NFILE) {
            drop_oldest(nfds / 2);
            r = open_again(at);
        }
        if (r < 0)
            return r;
    }
    h->pins++;
    list_remove(h);
    list_add(h);
    return h->fd;
}

void
hostfs_unpin(struct hostfs_inode *h)
{
    h->pins--;
}

/* ---- real descriptors --------------------------------------------------- */

static bool
is_same(int fd, const struct hostfs_inode *h)
{
    struct stat st;

    return fstat(fd, &st) == 0 && st.st_dev == h->dev &&
           st.st_ino == h->host_ino;
}

static int
reopen_once(struct hostfs_inode *h, int flags)
{
    struct hostfs_inode *parent = h->removed ? NULL : h->parent;
    char name[PITH_NAME_MAX + 1] = ".", link[32];
    int pin = hostfs_pin(h), dirfd = -1, fd = -E_STALE;

    if (pin < 0)
        return pin;
    if (parent) {
        snprintf(name, sizeof name, "%s", h->name);
        inode_ref(&parent->i);
        dirfd = hostfs_pin(parent);
    } else if (!h->parent) {
        dirfd = pin;
    }
    flags |= O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    snprintf(link, sizeof link, "/proc/self/fd/%d", pin);
    kernel_unlock();
    if (dirfd >= 0)
        fd = parent ? hostfs_openat(dirfd, name, flags)
                    : openat(dirfd, name, flags);
    if (fd >= 0 && !is_same(fd, h)) {
        close(fd);
        fd = -E_STALE;
    }
    if (fd == -E_STALE || fd == -E_NOENT) { /* the name moved on */
        fd = open(link, flags);
        fd = fd < 0 ? host_error(errno) : fd;
    }
    kernel_lock();
    hostfs_unpin(h);
    if (parent) {
        if (dirfd >= 0)
            hostfs_unpin(parent);
        inode_unref(&parent->i);
    }
    return fd;
}

int
hostfs_reopen(struct hostfs_inode *h, int flags)
{
    int fd = reopen_once(h, flags);

    if (fd == -E_MFILE || fd == -E_NFILE) {
        drop_oldest(nfds / 2);
        fd = reopen_once(h, flags);
    }
    return fd;
}
