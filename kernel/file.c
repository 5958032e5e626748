/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open files and descriptor tables (file.h), and the calls of call.h that need
 * nothing else: dup, fcntl, read, write, lseek, close.
 */
#include "file.h"

#include <string.h>

#include "call.h"
#include "ipc.h"
#include "pith_errno.h"
#include "proc.h"
#include "vfs.h"

#define FD_ROOM_FIRST 16u
#define FD_LIMIT (1u << 20) /* whatever RLIMIT_NOFILE says */
#define SETTABLE (PITH_O_APPEND | PITH_O_NONBLOCK)

struct file *
file_create(const struct file_ops *ops, struct inode *inode, uint32_t flags,
            void *data)
{
    struct file *f = host_alloc(sizeof *f);

    if (!f)
        return NULL;
    ipc_count.files++;
    f->refs = 1;
    f->flags = flags;
    f->ops = ops;
    f->inode = inode;
    f->data = data;
    f->rights_base = f->rights_inheriting = UINT64_MAX;
    return f;
}

struct file *
file_ref(struct file *f)
{
    f->refs++;
    return f;
}

void
file_put(struct file *f)
{
    if (!f || --f->refs)
        return;
    if (f->ops->release)
        f->ops->release(f);
    vfs_file_released(f);
    inode_unref(f->inode);
    path_unref(f->path);
    host_free(f->preopen_name);
    host_free(f);
    ipc_count.files--;
}

/* ---- descriptor tables ----------------------------------------------- */

int
fd_table_init(struct fd_table *t)
{
    *t = (struct fd_table){0};
    return 0;
}

void
fd_table_finish(struct fd_table *t, struct proc *owner)
{
    uint32_t i;

    /* Closing may block; nobody else has this table, and what was closed is
     * gone from it, so a signal handler's view stays true. */
    for (i = 0; i < t->room; i++) {
        struct file *f = t->slots[i].file;

        t->slots[i].file = NULL;
        if (f) {
            vfs_fd_closed(owner, f);
            file_put(f);
        }
    }
    host_free(t->slots);
    *t = (struct fd_table){0};
}

static int
grow(struct fd_table *t, uint32_t room)
{
    uint32_t n = t->room ? t->room : FD_ROOM_FIRST;
    struct fd_slot *slots;

    while (n < room)
        n *= 2;
    if (n == t->room)
        return 0;
    slots = host_realloc(t->slots, n * sizeof *slots);
    if (!slots)
        return -E_NOMEM;
    memset(slots + t->room, 0, (n - t->room) * sizeof *slots);
    t->slots = slots;
    t->room = n;
    return 0;
}

int
fd_table_copy(struct fd_table *to, const struct fd_table *from)
{
    uint32_t i, used = from->room;

    while (used && !from->slots[used - 1].file)
        used--;
    if (used && grow(to, used) < 0)
        return -E_NOMEM;
    for (i = 0; i < used; i++) {
        to->slots[i] = from->slots[i];
        if (to->slots[i].file)
            file_ref(to->slots[i].file);
    }
    return 0;
}

int
fd_table_inherit(struct fd_table *to, const struct fd_table *from)
{
    uint32_t i, used = from->room;

    while (used && (!from->slots[used - 1].file || from->slots[used - 1].cloexec))
        used--;
    if (used && grow(to, used) < 0)
        return -E_NOMEM;
    for (i = 0; i < used; i++) {
        if (from->slots[i].file && !from->slots[i].cloexec) {
            to->slots[i] = from->slots[i];
            file_ref(to->slots[i].file);
        }
    }
    return 0;
}

int
fd_table_inherit_one(struct fd_table *to, const struct fd_table *from, int fd)
{
    if (fd < 0 || (uint32_t)fd >= from->room || !from->slots[fd].file)
        return 0;
    if ((uint32_t)fd >= to->room && grow(to, (uint32_t)fd + 1) < 0)
        return -E_NOMEM;
    if (!to->slots[fd].file) {
        to->slots[fd] = from->slots[fd];
        file_ref(to->slots[fd].file);
    }
    return 0;
}

/* A program that has few files need not keep its parent's large table. */
static void
shrink(struct fd_table *t)
{
    uint32_t used = t->room, n = FD_ROOM_FIRST;
    struct fd_slot *slots;

    while (used && !t->slots[used - 1].file)
        used--;
    while (n < used)
        n *= 2;
    if (n >= t->room)
        return;
    slots = host_realloc(t->slots, n * sizeof *slots);
    if (!slots)
        return;
    t->slots = slots;
    t->room = n;
}

void
fd_table_close_on_exec(struct fd_table *t, struct proc *owner)
{
    uint32_t i;

    for (i = 0; i < t->room; i++) {
        struct file *f = t->slots[i].file;

        if (!f || !t->slots[i].cloexec)
            continue;
        t->slots[i].file = NULL;
        vfs_fd_closed(owner, f);
        file_put(f);
    }
    t->low = 0;
    shrink(t);
}

static uint32_t
fd_limit(const struct proc *p)
{
    uint64_t n = p->rlimit[PITH_RLIMIT_NOFILE].cur;

    return n < FD_LIMIT ? (uint32_t)n : FD_LIMIT;
}

int
fd_install(struct proc *p, struct file *f, int min, bool cloexec)
{
    struct fd_table *t = &p->fds;
    uint32_t fd;

    if (min < 0)
        return -E_INVAL;
    fd = (uint32_t)min > t->low ? (uint32_t)min : t->low;
    while (fd < t->room && t->slots[fd].file)
        fd++;
    if (fd >= fd_limit(p))
        return -E_MFILE;
    if (fd >= t->room && grow(t, fd + 1) < 0)
        return -E_NOMEM;
    if ((uint32_t)min <= t->low)
        t->low = fd + 1;
    t->slots[fd].file = f;
    t->slots[fd].cloexec = cloexec;
    return (int)fd;
}

int
fd_give(struct proc *p, struct file *f, bool cloexec)
{
    int fd = fd_install(p, f, 0, cloexec);

    if (fd < 0)
        file_put(f);
    return fd;
}

int
fd_install_at(struct proc *p, struct file *f, int fd, bool cloexec)
{
    struct fd_table *t = &p->fds;
    struct file *old;

    if (fd < 0 || (uint32_t)fd >= fd_limit(p))
        return -E_BADF;
    if ((uint32_t)fd >= t->room && grow(t, (uint32_t)fd + 1) < 0)
        return -E_NOMEM;
    old = t->slots[fd].file;
    t->slots[fd].file = f;
    t->slots[fd].cloexec = cloexec;
    if (old) {
        vfs_fd_closed(p, old);
        file_put(old);
    }
    return fd;
}

struct file *
fd_peek(struct proc *p, int fd)
{
    if (fd < 0 || (uint32_t)fd >= p->fds.room)
        return NULL;
    return p->fds.slots[fd].file;
}

struct file *
fd_get(struct proc *p, int fd)
{
    struct file *f = fd_peek(p, fd);

    return f ? file_ref(f) : NULL;
}

int
fd_close(struct proc *p, int fd)
{
    struct file *f = fd_peek(p, fd);

    if (!f)
        return -E_BADF;
    p->fds.slots[fd].file = NULL;
    if ((uint32_t)fd < p->fds.low)
        p->fds.low = (uint32_t)fd;
    vfs_fd_closed(p, f);
    file_put(f);
    return 0;
}

/* ---- calls ----------------------------------------------------------- */

int
call_close(struct proc *p, int fd)
{
    return fd_close(p, fd);
}

static int
dup_from(struct proc *p, int fd, int min, bool cloexec)
{
    struct file *f = fd_peek(p, fd);
    int r;

    if (!f)
        return -E_BADF;
    r = fd_install(p, f, min, cloexec);
    if (r >= 0)
        file_ref(f);
    return r;
}

int
call_dup(struct proc *p, int fd)
{
    return dup_from(p, fd, 0, false);
}

int
call_dup3(struct proc *p, int from, int to, uint32_t flags)
{
    struct file *f = fd_peek(p, from);
    int r;

    if (!f)
        return -E_BADF;
    if (from == to || (flags & ~(uint32_t)PITH_O_CLOEXEC))
        return -E_INVAL;
    file_ref(f);
    r = fd_install_at(p, f, to, flags != 0);
    if (r < 0)
        file_put(f);
    return r;
}

int64_t
call_fcntl(struct proc *p, int fd, int cmd, int64_t arg)
{
    struct file *f = fd_peek(p, fd);

    if (!f)
        return -E_BADF;
    switch (cmd) {
    case PITH_F_DUPFD:
    case PITH_F_DUPFD_CLOEXEC:
        if (arg < 0 || arg >= fd_limit(p))
            return -E_INVAL;
        return dup_from(p, fd, (int)arg, cmd == PITH_F_DUPFD_CLOEXEC);
    case PITH_F_GETFD:
        return p->fds.slots[fd].cloexec ? PITH_FD_CLOEXEC : 0;
    case PITH_F_SETFD:
        p->fds.slots[fd].cloexec = (arg & PITH_FD_CLOEXEC) != 0;
        return 0;
    case PITH_F_GETFL:
        return f->flags & ~(uint32_t)(PITH_O_CREAT | PITH_O_EXCL |
                                      PITH_O_NOCTTY | PITH_O_TRUNC |
                                      PITH_O_CLOEXEC);
    case PITH_F_SETFL:
        f->flags = (f->flags & ~(uint32_t)SETTABLE) |
                   ((uint32_t)arg & SETTABLE);
        return 0;
    default:
        return -E_INVAL;
    }
}

/* A reference on fd's file, if it is open for this; -E_BADF. */
static int
file_for(struct proc *p, int fd, bool write, struct file **out)
{
    struct file *f = fd_peek(p, fd);
    uint32_t mode;

    if (!f || (f->flags & PITH_O_PATH))
        return -E_BADF;
    mode = f->flags & PITH_O_ACCMODE;
    if (mode == (write ? PITH_O_RDONLY : PITH_O_WRONLY))
        return -E_BADF;
    if (!(write ? f->ops->write : f->ops->read))
        return -E_INVAL;
    *out = file_ref(f);
    return 0;
}

static int64_t
transfer(struct proc *p, int fd, struct uio *u, bool write, bool at_offset)
{
    struct file *f;
    int64_t r = file_for(p, fd, write, &f);

    if (r < 0)
        return r;
    if (!at_offset)
        u->offset = f->offset;
    r = write ? f->ops->write(f, u) : f->ops->read(f, u);
    if (r > 0) {
        if (!at_offset)
            f->offset = u->offset + (uint64_t)r;
        if (write)
            p->usage.bytes_out += (uint64_t)r;
        else
            p->usage.bytes_in += (uint64_t)r;
    }
    file_put(f);
    return r;
}

int64_t
call_read(struct proc *p, int fd, struct uio *u)
{
    return transfer(p, fd, u, false, false);
}

int64_t
call_write(struct proc *p, int fd, struct uio *u)
{
    return transfer(p, fd, u, true, false);
}

/* Files that have a position can be read and written at another one. */
static int
check_seekable(struct proc *p, int fd, uint64_t offset)
{
    struct file *f = fd_peek(p, fd);

    if (!f)
        return -E_BADF;
    if (offset > INT64_MAX)
        return -E_INVAL;
    return f->ops->seek || (f->inode && inode_is(f->inode, PITH_S_IFREG))
               ? 0
               : -E_SPIPE;
}

int64_t
call_pread(struct proc *p, int fd, struct uio *u, uint64_t offset)
{
    int r = check_seekable(p, fd, offset);

    if (r < 0)
        return r;
    u->offset = offset;
    return transfer(p, fd, u, false, true);
}

int64_t
call_pwrite(struct proc *p, int fd, struct uio *u, uint64_t offset)
{
    int r = check_seekable(p, fd, offset);

    if (r < 0)
        return r;
    u->offset = offset;
    return transfer(p, fd, u, true, true);
}

int64_t
call_lseek(struct proc *p, int fd, int64_t offset, int whence)
{
    struct file *f = fd_get(p, fd);
    int64_t r;

    if (!f)
        return -E_BADF;
    if (f->flags & PITH_O_PATH)
        r = -E_BADF;
    else
        r = f->ops->seek ? f->ops->seek(f, offset, whence) : -E_SPIPE;
    if (r >= 0)
        f->offset = (uint64_t)r;
    file_put(f);
    return r;
}
