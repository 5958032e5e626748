/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the names (hostfs.c), attributes (hostfs_attr.c), descriptors
 * (hostfs_fd.c) and contents (hostfs_file.c) of a host directory.
 *
 * An inode is a host file that somebody in Pith holds. It is known by (device,
 * inode number) and reached by an O_PATH descriptor, of which only so many are
 * kept: the least recently used is closed and opened again through parent and
 * name when needed. A removed file has no name: its descriptor stays.
 *
 * Lock discipline: the kernel lock guards all fields; host calls are made
 * without it, with the descriptors they use pinned.
 */
#ifndef POSIX_HOSTFS_INTERNAL_H
#define POSIX_HOSTFS_INTERNAL_H

#include "hosterr.h"
#include "hostfs.h"
#include "pith_errno.h"
#include "vfs.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/types.h>

#define HOSTFS_BUCKETS 1024u

struct hostfs_inode {
    struct inode i;
    dev_t dev;
    ino_t host_ino;
    struct hostfs_inode *parent; /* referenced; NULL: the root */
    char *name;                  /* in parent */
    int fd;                      /* O_PATH, or -1 */
    int fresh_fd;                /* of a file just made: for its open; or -1 */
    uint32_t pins;               /* fd is in use without the lock */
    bool removed;                /* fd is all we have */
    struct hostfs_inode *newer, *older; /* those with an fd, by last use */
    struct hostfs_file *files;   /* open ones */
};

struct hostfs {
    struct fs fs;
    dev_t dev;
    bool identity; /* owners are shown as they are */
    struct inode *live[HOSTFS_BUCKETS];
};

/* An open file: f->data. */
struct hostfs_file {
    int fd;
    bool writable;
    struct sleep_lock reading; /* a directory's position is the host's */
    struct hostfs_file *next;
};

static inline struct hostfs_inode *
hostfs_inode(struct inode *i)
{
    return (struct hostfs_inode *)i;
}

static inline struct hostfs *
hostfs_of(const struct inode *i)
{
    return i->fs->data;
}

/* ---- hostfs_fd.c -------------------------------------------------------- */
/* h's descriptor, until hostfs_unpin(). May block. */
int hostfs_pin(struct hostfs_inode *h);
void hostfs_unpin(struct hostfs_inode *h);
/* Without the lock: open one component below dirfd, following nothing. A
 * descriptor or -E_. */
int hostfs_openat(int dirfd, const char *name, int flags);
/* The descriptor is h's from now on (if it has none, else it is closed). */
void hostfs_adopt_fd(struct hostfs_inode *h, int fd);
void hostfs_drop_fd(struct hostfs_inode *h);
/* A real descriptor on h, for reading or writing. May block. */
int hostfs_reopen(struct hostfs_inode *h, int flags);
/* Allow as many descriptors as the host lets us; once. */
void hostfs_raise_limit(void);

/* ---- hostfs_attr.c ------------------------------------------------------- */
void hostfs_fill(struct inode *i, const struct stat *st);
int hostfs_getattr(struct inode *i);
/* Permissions for the host: no set-id programs, or Pith's root could make
 * programs that run as the host's user for whoever starts them there. */
uint32_t hostfs_mode(uint32_t mode);
int hostfs_setattr(struct inode *i, const struct inode_attr *a);

/* ---- hostfs_file.c ------------------------------------------------------ */
int hostfs_open(struct inode *i, struct file *f);
void hostfs_release(struct inode *i, struct file *f);
int64_t hostfs_read(struct inode *i, struct file *f, struct uio *u);
int64_t hostfs_write(struct inode *i, struct file *f, struct uio *u);
int hostfs_readdir(struct inode *i, struct file *f, uint64_t *pos,
                   vfs_emit *emit, void *ctx);
int hostfs_fsync(struct inode *i, struct file *f, bool data_only);
int hostfs_allocate(struct inode *i, struct file *f, uint64_t offset,
                    uint64_t len, bool keep_size);
int hostfs_map(struct inode *i, struct vfs_image *out);
int hostfs_resize(struct hostfs_inode *h, uint64_t size);

#endif
