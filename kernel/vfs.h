/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual file system: one name space over many drivers.
 *
 *   dentry_path  a place in the name space that somebody holds: (mount, parent,
 *      |         name). One node per place while it is held, so a rename moves
 *      |         everybody's cwd, and getcwd just reads the names upwards.
 *      v
 *   inode        a file: attributes, and the driver's inode_ops
 *      |
 *      v
 *   fs           a file system instance; mounted once or several times
 *
 * A driver is one file that exports one fs_type: tmpfs, devfs, procfs, store in
 * kernel/fs/; hosts add theirs (hostfs). Drivers know nothing of paths, users
 * or grants: permissions, path grants, symbolic links, mounts, read-only
 * mounts and limits are all decided above them, in vfs_*.c.
 *
 * All under the kernel lock. Driver operations may block (they then release the
 * lock meanwhile); operations that change names hold fs->lock, so that at most
 * one runs per file system. `p` is the calling process; NULL is the kernel
 * itself: all permissions, all grants, the real root.
 */
#ifndef KERNEL_VFS_H
#define KERNEL_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file.h"
#include "wait.h"
#include "../abi/pith/abi.h"

struct dentry_path;
struct fs;
struct inode;
struct mount;
struct proc;
struct file_lock;

/* A lock that may be held while sleeping. */
struct sleep_lock {
    bool held;
    struct wait_queue queue;
};
int sleep_lock_take(struct sleep_lock *l); /* 0, or -E_INTR when killed */
void sleep_lock_drop(struct sleep_lock *l);

/* ---- inodes ------------------------------------------------------------- */

struct inode {
    uint32_t refs;
    uint32_t mode;      /* type and permissions, PITH_S_* */
    uint32_t nlink, uid, gid;
    uint32_t flags;     /* INODE_* */
    uint64_t ino, rdev, size, blocks; /* blocks of 512 bytes */
    int64_t atime_ns, mtime_ns, ctime_ns; /* since 1970 */
    uint64_t version;   /* another one whenever the content changes */
    struct fs *fs;
    const struct inode_ops *ops;
    struct file_lock *locks;        /* vfs_lock.c */
    struct wait_queue lock_wait;
    /* FIFO: its pipe while it is open; socket: what is bound to it. Set and
     * cleared by its owner (pipe.c, socket.c), who holds a reference. */
    void *special;
    struct inode *hash_next;        /* the driver's */
};
#define INODE_DELETED_DIR 1u /* a removed directory: stays empty */
#define INODE_UNNAMED 2u     /* O_TMPFILE: link() may give it its first name */

struct inode *inode_ref(struct inode *i);
void inode_unref(struct inode *i); /* NULL is fine; never blocks */

static inline bool
inode_is(const struct inode *i, uint32_t type)
{
    return (i->mode & PITH_S_IFMT) == type;
}

/* What a new inode is to be. */
struct inode_new {
    uint32_t mode, uid, gid;
    uint64_t rdev;
    const char *target; /* symbolic links */
};

/* Attributes to change; `what` says which. Times in ns. */
struct inode_attr {
    uint32_t what; /* ATTR_* */
    uint32_t mode, uid, gid;
    uint64_t size;
    int64_t atime_ns, mtime_ns, ctime_ns;
};
#define ATTR_MODE 1u
#define ATTR_UID 2u
#define ATTR_GID 4u
#define ATTR_SIZE 8u
#define ATTR_ATIME 16u
#define ATTR_MTIME 32u
#define ATTR_CTIME 64u

/* A whole file in memory: for exec. release(bytes, size, ctx) ends it. */
struct vfs_image {
    const uint8_t *bytes;
    size_t size;
    void (*release)(const uint8_t *bytes, size_t size, void *ctx);
    void *ctx;
};

typedef int vfs_emit(void *ctx, const char *name, size_t len, uint64_t ino,
                     uint32_t mode, uint64_t next);

/*
 * What a driver does. Names are one component, never "", "." or ".." (except
 * that readdir emits the two dots), at most PITH_NAME_MAX bytes, not
 * terminated. Inodes come back referenced. A NULL entry means -E_PERM for
 * changes, -E_NOTSUP else. The caller has checked permissions, types and
 * loops.
 */
struct inode_ops {
    /* directories */
    int (*lookup)(struct inode *dir, const char *name, size_t len,
                  struct inode **out); /* -E_NOENT */
    int (*create)(struct inode *dir, const char *name, size_t len,
                  const struct inode_new *n, struct inode **out); /* -E_EXIST */
    int (*tmpfile)(struct inode *dir, const struct inode_new *n,
                   struct inode **out); /* nlink 0 */
    int (*link)(struct inode *dir, const char *name, size_t len,
                struct inode *i);
    int (*unlink)(struct inode *dir, const char *name, size_t len,
                  struct inode *i);
    int (*rmdir)(struct inode *dir, const char *name, size_t len,
                 struct inode *i); /* -E_NOTEMPTY */
    /* replaced: what `to` is now, or NULL; flags: only PITH_RENAME_EXCHANGE */
    int (*rename)(struct inode *from, const char *fname, size_t flen,
                  struct inode *i, struct inode *to, const char *tname,
                  size_t tlen, struct inode *replaced, uint32_t flags);
    int (*readdir)(struct inode *dir, struct file *f, uint64_t *pos,
                   vfs_emit *emit, void *ctx); /* as file_ops.readdir */
    /* symbolic links: at most room bytes, not terminated; its length */
    int64_t (*readlink)(struct inode *i, char *out, size_t room);
    /* A link that leads to a file rather than a name (/proc/self/fd/N): one of
     * the two, referenced. */
    int (*follow)(struct inode *i, struct dentry_path **path,
                  struct file **file);
    /* all */
    int (*getattr)(struct inode *i); /* refresh the fields; NULL: they are */
    int (*setattr)(struct inode *i, const struct inode_attr *a);
    /* regular files. open may set f->data and is undone by release */
    int (*open)(struct inode *i, struct file *f);
    void (*release)(struct inode *i, struct file *f);
    int64_t (*read)(struct inode *i, struct file *f, struct uio *u);
    /* With PITH_O_APPEND sets u->offset to where it wrote. */
    int64_t (*write)(struct inode *i, struct file *f, struct uio *u);
    int (*allocate)(struct inode *i, struct file *f, uint64_t offset,
                    uint64_t len, bool keep_size);
    int (*fsync)(struct inode *i, struct file *f, bool data_only);
    int (*map)(struct inode *i, struct vfs_image *out); /* may be NULL */
    /* something else: the whole open (devices, generated files); NULL: usual */
    int (*open_special)(struct inode *i, uint32_t flags, struct file **out);
    /* Last reference is gone: free it, or keep it for later. */
    void (*evict)(struct inode *i);
};

/* ---- file systems and mounts -------------------------------------------- */

struct fs_ops {
    int (*statfs)(struct fs *fs, struct pith_statfs *out);
    int (*sync)(struct fs *fs); /* all is safe then; NULL: nothing to do */
    /* The last mount is gone; no inode is referenced but the root, which it
     * drops. Frees fs. */
    void (*destroy)(struct fs *fs);
};

struct fs {
    const char *type_name;
    const struct fs_ops *ops;
    struct inode *root;  /* referenced */
    uint64_t dev;        /* st_dev; given by fs_init */
    uint32_t mounts;     /* how often it is mounted */
    uint32_t flags;      /* FS_* */
    uint64_t cached;     /* bytes of memory that its files' data takes */
    struct sleep_lock lock; /* held while names change */
    void *data;          /* the driver's */
};
#define FS_READONLY 1u
#define FS_LIVE 2u   /* names change behind our back: look up every time */
#define FS_NODEV 4u  /* device nodes on it do not work */

/* For drivers: fills in what every fs has. */
void fs_init(struct fs *fs, const char *type_name, const struct fs_ops *ops,
             uint32_t flags, void *data);

/* A kind that mount() knows by name. source, data: strings, never NULL. */
struct fs_type {
    const char *name;
    bool nodev; /* needs no source; "nodev" in /proc/filesystems */
    int (*create)(struct proc *p, const char *source, const char *data,
                  struct fs **out);
    struct fs_type *next; /* the VFS's */
};
void fs_type_register(struct fs_type *t);
struct fs_type *fs_type_first(void);

#define PITH_MS_RDONLY 1u  /* mount flags, as Linux */
#define PITH_MS_REMOUNT 32u
#define PITH_MNT_DETACH 2u /* umount */

struct mount {
    struct fs *fs;
    uint32_t flags;               /* PITH_MS_* */
    struct dentry_path *root;     /* its root; referenced */
    struct dentry_path *point;    /* what it covers; NULL for the root mount */
    uint32_t nodes;               /* live dentry_paths in it, root included */
    bool detached;
    struct mount *next;           /* in order of mounting */
    char source[64];
};
struct mount *mount_first(void);

/*
 * The first mount: fs becomes the root. Registers the built-in types. Takes fs
 * over. Call once, before the first process.
 */
int vfs_init(struct fs *root, const char *source);
/* Mount fs (taken over, also on failure) on the directory at path. mkdir: make
 * it, and what leads there, when it is missing. */
int vfs_mount(struct proc *p, struct fs *fs, const char *source,
              const char *path, uint32_t flags, bool mkdir);
int vfs_umount(struct proc *p, const char *path, uint32_t flags);
/* Sync everything, then unmount everything: the last thing before halting.
 * The first error of a sync. */
int vfs_shutdown(void);
int vfs_sync(void);

/* Drivers in kernel/fs/. limit_bytes 0: half of the memory. */
int tmpfs_create(uint64_t limit_bytes, struct fs **out);
int devfs_create(struct fs **out);  /* the one devfs, mounted again */
int procfs_create(struct fs **out);
/* /dev, /proc and an empty /tmp; 0 or -E_. After vfs_init, lock held. */
int vfs_mount_usual(void);

/*
 * Devices. open makes the file (inode is borrowed: reference it to keep it).
 * name is below /dev and may hold one slash ("pts/0"). Available on every devfs
 * and through device nodes elsewhere. privileged: needs the device grant.
 */
typedef int device_open(struct inode *inode, uint32_t flags,
                        struct file **out);
#define DEV(major, minor) (((uint64_t)(major) << 8) | (minor))
int devfs_register(const char *name, uint32_t mode, uint64_t rdev,
                   device_open *open, bool privileged);
/* The same with an owner, for a pts. */
int devfs_register_owned(const char *name, uint32_t mode, uint32_t uid,
                         uint32_t gid, uint64_t rdev, device_open *open,
                         bool privileged);
void devfs_unregister(const char *name);

/* ---- places ------------------------------------------------------------- */

struct dentry_path {
    uint32_t refs;
    bool deleted;               /* unlinked, or replaced by another */
    uint8_t name_len;
    struct mount *mount;
    struct mount *covered;      /* mounted here, or NULL */
    struct inode *inode;        /* referenced */
    struct dentry_path *parent; /* referenced; NULL for a mount's root */
    struct dentry_path *hash_next;
    const char *name;           /* name_len bytes and a NUL */
    char short_name[24];
};

struct dentry_path *path_ref(struct dentry_path *d);  /* NULL is fine */
void path_unref(struct dentry_path *d);               /* NULL is fine */
struct dentry_path *vfs_root(void); /* borrowed: the real root */

/*
 * The absolute name of d as p sees it, with NUL, into out[room]. Its length, or
 * -E_RANGE; -E_NOENT when it was deleted (then out still gets the old name).
 */
int vfs_path_name(struct proc *p, struct dentry_path *d, char *out,
                  size_t room);

/*
 * For a host that tells of changes; NULL: nobody asks. The absolute path of what
 * was made, or written and closed, or taken away; a rename is both. Lock held.
 */
enum vfs_change { VFS_WRITTEN, VFS_REMOVED };
extern void (*vfs_changed)(const char *path, enum vfs_change what);

/* Find the object at path from `start` (NULL: cwd). Checks search permission
 * and the grant to read. */
#define WALK_NOFOLLOW 1u  /* do not follow a final symbolic link */
#define WALK_DIRECTORY 2u /* it must be a directory */
#define WALK_WRITE 4u     /* check the grant to write instead */
#define WALK_PARENT 8u    /* internal: the last component need not exist */
#define WALK_BENEATH CALL_BENEATH_FLAG
#define CALL_BENEATH_FLAG 0x80000000u /* = CALL_BENEATH of call.h */
int vfs_lookup(struct proc *p, struct dentry_path *start, const char *path,
               uint32_t flags, struct dentry_path **out);

/* The whole of open(2) but the descriptor: flags PITH_O_*, WALK_BENEATH. */
int vfs_open(struct proc *p, struct dentry_path *start, const char *path,
             uint32_t flags, uint32_t mode, struct file **out);

/* Fresh attributes. */
int vfs_getattr(struct inode *i);
int vfs_stat(struct inode *i, struct pith_stat *out);
#define MAY_READ 4u
#define MAY_WRITE 2u
#define MAY_EXEC 1u
/* Permission bits alone; 0 or -E_ACCES. */
int vfs_permission(struct proc *p, const struct inode *i, uint32_t may);

/* ---- for exec ----------------------------------------------------------- */

/* An open file on a program: regular, executable by p, granted. */
int vfs_open_exec(struct proc *p, const char *path, struct file **out);
/* The same bytes while all of this is the same. Refreshes the attributes. */
struct vfs_id {
    uint64_t dev, ino, version, size;
    int64_t mtime_ns;
};
int vfs_identity(struct inode *i, struct vfs_id *out);
/* The whole of a file opened for reading; -E_FBIG over max. Mapped if the
 * driver can, else read into host_alloc'ed memory. */
int vfs_read_all(struct file *f, size_t max, struct vfs_image *out);
void vfs_image_finish(struct vfs_image *m);

/* ---- for pipes and sockets ---------------------------------------------- */

/* A socket node at path for bind; -E_ADDRINUSE when something is there. */
int vfs_mksock(struct proc *p, const char *path, uint32_t mode,
               struct inode **out);
/* The socket inode at path for connect: needs write permission; -E_NOTSOCK.
 * inode->special may be NULL: nobody listens. */
int vfs_find_sock(struct proc *p, const char *path, struct inode **out);

/* ---- for file.c --------------------------------------------------------- */

/* A process closes one of its descriptors for f: POSIX locks go. */
void vfs_fd_closed(struct proc *p, struct file *f);
/* The last reference to f is going (after ops->release): flocks go. */
void vfs_file_released(struct file *f);

#endif
