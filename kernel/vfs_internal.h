/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the VFS share among themselves: places (vfs_path.c), the
 * walk (vfs_walk.c), mounts (vfs_mount.c), open files (vfs_file.c).
 */
#ifndef KERNEL_VFS_INTERNAL_H
#define KERNEL_VFS_INTERNAL_H

#include "vfs.h"

#define VFS_MAX_LINKS 40
/* Leaving the start of a WALK_BENEATH: as wasi-testsuite has it. */
#define VFS_E_ESCAPE E_PERM

/* ---- vfs_inode.c -------------------------------------------------------- */
int64_t vfs_now_ns(void);
int64_t vfs_recent_ns(void); /* when somebody last asked: clocks can be slow */
bool vfs_is_root(struct proc *p);
bool vfs_in_group(struct proc *p, uint32_t gid);
/* Owner of the inode, or root; else -E_PERM. */
int vfs_owner(struct proc *p, const struct inode *i);
uint64_t vfs_hash_name(const void *seed, const char *name, size_t len);
int vfs_setattr(struct inode *i, const struct inode_attr *a);

/* ---- vfs_path.c --------------------------------------------------------- */

/* To vfs_changed: d, or with a name what is in d by it. */
void vfs_tell(struct dentry_path *d, const char *name, size_t len,
              enum vfs_change what);

/* A mount's root node. */
struct dentry_path *path_create_root(struct mount *m, struct inode *i);
/* The live node for a name, borrowed; NULL when nobody holds it. */
struct dentry_path *path_find(struct dentry_path *parent, const char *name,
                              size_t len);
/* The node for inode i (reference taken over) at that name; made if need be;
 * a node with another inode there is put out of the way. NULL: no memory. */
struct dentry_path *path_get(struct dentry_path *parent, const char *name,
                             size_t len, struct inode *i);
/* A node nobody finds by name (O_TMPFILE, memfd). */
struct dentry_path *path_get_unnamed(struct dentry_path *parent,
                                     struct inode *i);
/* The name is gone from the file system. */
void path_forget(struct dentry_path *parent, const char *name, size_t len);
void path_forget_inode(const struct inode *dir, const char *name, size_t len);
/* d now lives at that name, in host_alloc'ed memory, which is taken over. */
void path_moved(struct dentry_path *d, struct dentry_path *parent, char *name,
                size_t len);
/* Two places change names (RENAME_EXCHANGE); name_a is a's new one. */
void path_exchange(struct dentry_path *a, struct dentry_path *b, char *name_a,
                   char *name_b);
bool path_is_below(const struct dentry_path *d, const struct dentry_path *top);
/* One more up, across mounts; d itself at the top. Borrowed. */
struct dentry_path *path_up(struct dentry_path *d);

/* ---- vfs_walk.c --------------------------------------------------------- */
struct walk {
    struct dentry_path *parent; /* of the last component; referenced */
    struct dentry_path *node;   /* what is there, mounts crossed; or NULL */
    struct file *file;          /* or a file behind a magic link */
    bool special;               /* the last component is /, . or .. */
    bool slash;                 /* it was followed by a slash */
    size_t len;
    char name[PITH_NAME_MAX + 1];
};
/* WALK_PARENT: 0 also when the last component is missing (node NULL). */
int vfs_walk(struct proc *p, struct dentry_path *start, const char *path,
             uint32_t flags, struct walk *w);
void walk_finish(struct walk *w);
/* Look the last component up again, with fs->lock held, so that it stays:
 * w->node is replaced. -E_NOENT leaves it NULL. */
int walk_again(struct walk *w);
/* The grant for the node, or for the name the walk ended at. */
int vfs_grant(struct proc *p, struct dentry_path *d, bool write);
/* A directory is to be renamed: see cap_check_move. */
int vfs_grant_move(struct proc *p, struct dentry_path *dir);
int vfs_grant_name(struct proc *p, struct dentry_path *parent,
                   const char *name, size_t len, bool write);


/* ---- vfs_at.c: from (dirfd, path, flags) to places ---------------------- */
/* Where a walk of path begins, referenced: dirfd's directory or cwd. An
 * absolute path needs none: NULL. -E_BADF, -E_NOTDIR */
int vfs_start(struct proc *p, int dirfd, const char *path,
              struct dentry_path **out);
/* The place itself. flags: PITH_AT_SYMLINK_NOFOLLOW, PITH_AT_EMPTY_PATH,
 * WALK_BENEATH; write: the grant that is needed. */
int vfs_find(struct proc *p, int dirfd, const char *path, uint32_t flags,
             bool write, struct dentry_path **out);

/* ---- vfs_mount.c -------------------------------------------------------- */
int vfs_writable(const struct dentry_path *d); /* -E_ROFS */
void mount_gone(struct mount *m); /* its last node went after a detach */

/* ---- vfs_make.c: changes of names; w comes from a WALK_PARENT walk ------ */
/* May p make a name in w->parent? Grant, read-only, permission. */
int vfs_may_make(struct proc *p, const struct walk *w);
/* Make it; w->node is then the new node. Takes fs->lock. -E_EXIST */
int vfs_make(struct proc *p, struct walk *w, uint32_t mode, uint64_t rdev,
             const char *target);

/* ---- vfs_file.c --------------------------------------------------------- */
extern const struct file_ops vfs_file_ops;  /* regular files, directories */
extern const struct file_ops vfs_path_ops;  /* O_PATH */
/* Grow or shrink with RLIMIT_FSIZE of the running process. */
int vfs_truncate(struct inode *i, uint64_t size);

/* ---- devfs.c ------------------------------------------------------------ */
int device_open_inode(struct inode *i, uint32_t flags, struct file **out);

/* Every fs type that the kernel brings. */
void vfs_register_types(void);

#endif
