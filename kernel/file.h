/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open files and descriptor tables.
 *
 *   fd table (per process) --> struct file (shared by dup, fork, spawn, SCM)
 *                                |-- ops: what read, write, poll... mean
 *                                `-- inode (vfs.h), for files that have one
 *
 * All under the kernel lock. A call that may block holds its own reference
 * (file_get ... file_put), since another process of the same table is not
 * possible but a signal handler may close the descriptor meanwhile.
 */
#ifndef KERNEL_FILE_H
#define KERNEL_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "uio.h"
#include "wait.h"

struct file;
struct inode;
struct pith_stat;
struct proc;

/*
 * What an open file does. A NULL entry means the usual error: read/write
 * -E_INVAL, seek -E_SPIPE, ioctl -E_NOTTY, poll always ready, readdir -E_NOTDIR,
 * fsync -E_INVAL, truncate -E_INVAL.
 */
struct file_ops {
    const char *name; /* "pipe", "tty", "socket": shown in /proc/<pid>/fd */
    /* Bytes moved (0: end of file) or -E_. u->offset is the position; the
     * caller then sets f->offset = u->offset + moved. Moving does not change
     * u->offset, but an appending write sets it to where it began. Honour
     * f->flags & PITH_O_NONBLOCK. */
    int64_t (*read)(struct file *f, struct uio *u);
    int64_t (*write)(struct file *f, struct uio *u);
    /* Sets f->offset and returns it. */
    int64_t (*seek)(struct file *f, int64_t offset, int whence);
    int (*ioctl)(struct file *f, struct proc *p, uint32_t req, struct gptr arg);
    /* PITH_POLL* bits that hold now; registers on w (may be NULL). */
    int (*poll)(struct file *f, struct poll_waiter *w);
    /*
     * Call emit for entries from cookie *pos on until it returns non-zero
     * (entry not taken) or there are no more; *pos follows. Cookies are stable
     * under change: an entry that stays is seen exactly once.
     */
    int (*readdir)(struct file *f, uint64_t *pos,
                   int (*emit)(void *ctx, const char *name, size_t len,
                               uint64_t ino, uint32_t mode, uint64_t next),
                   void *ctx);
    int (*fsync)(struct file *f, bool data_only);
    int (*truncate)(struct file *f, uint64_t size);
    /* fstat, for files without an inode (pipes, sockets, host descriptors);
     * NULL: the inode tells, or a character device of no size. */
    int (*stat)(struct file *f, struct pith_stat *out);
    /* Last reference is going; may block. */
    void (*release)(struct file *f);
};

struct file {
    uint32_t refs;
    uint32_t flags;  /* PITH_O_ACCMODE | APPEND | NONBLOCK | ... */
    uint64_t offset;
    const struct file_ops *ops;
    struct inode *inode;    /* may be NULL (pipe, socket) */
    struct dentry_path *path; /* how it was opened, for *at and /proc; or NULL */
    void *data;             /* the ops' own */
    /* WASI preview 1 rights; UINT64_MAX for everything else. */
    uint64_t rights_base, rights_inheriting;
    uint8_t needs;          /* enum cap that opened it, of devices; 0: none */
    bool preopen;           /* a WASI preopen: name in path */
    char *preopen_name;     /* host_alloc'ed, goes with the file; NULL: its
                             * path is its name */
};

/* refs = 1. NULL: no memory. Takes over the caller's inode and path refs. */
struct file *file_create(const struct file_ops *ops, struct inode *inode,
                         uint32_t flags, void *data);
struct file *file_ref(struct file *f);
void file_put(struct file *f); /* NULL is fine; may block on the last one */

struct fd_slot {
    struct file *file;
    bool cloexec;
};
struct fd_table {
    struct fd_slot *slots;
    uint32_t room;  /* slots allocated */
    uint32_t low;   /* no free slot below this one */
};

int fd_table_init(struct fd_table *t);
/* owner: whose record locks closing drops. Both may block. */
void fd_table_finish(struct fd_table *t, struct proc *owner);
/* fork/spawn: share the files; slots keep cloexec. -E_NOMEM. */
int fd_table_copy(struct fd_table *to, const struct fd_table *from);
/* What a program that is spawned keeps: the supervisor has ten thousand open
 * files that it does not. And one more that it asks for by its number (if there
 * is one, and `to` does not have that number yet). */
int fd_table_inherit(struct fd_table *to, const struct fd_table *from);
int fd_table_inherit_one(struct fd_table *to, const struct fd_table *from,
                         int fd);
void fd_table_close_on_exec(struct fd_table *t, struct proc *owner);

/* Lowest free fd >= min; takes over f's reference on success only.
 * -E_MFILE over the process's RLIMIT_NOFILE. */
int fd_install(struct proc *p, struct file *f, int min, bool cloexec);
/* The same from 0 on, and f is taken over in any case. */
int fd_give(struct proc *p, struct file *f, bool cloexec);
/* Put f at exactly fd, closing what was there. */
int fd_install_at(struct proc *p, struct file *f, int fd, bool cloexec);
/* A new reference, or NULL when fd is not open. */
struct file *fd_get(struct proc *p, int fd);
/* Borrowed; only until the next blocking point. NULL when not open. */
struct file *fd_peek(struct proc *p, int fd);
int fd_close(struct proc *p, int fd); /* -E_BADF */

#endif
