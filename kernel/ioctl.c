/* SPDX-License-Identifier: Apache-2.0 */
/* ioctl(): what every file has, and the way to what it has of its own. */
#include "call.h"
#include "pith_errno.h"
#include "vfs.h"

static int
set_nonblocking(struct file *f, struct proc *p, struct gptr arg)
{
    int32_t on;
    int r = copy_in(p, &on, arg, sizeof on);

    if (r < 0)
        return r;
    if (on)
        f->flags |= PITH_O_NONBLOCK;
    else
        f->flags &= ~(uint32_t)PITH_O_NONBLOCK;
    return 0;
}

/* Bytes left to read of a regular file. */
static int
bytes_left(struct file *f, struct proc *p, struct gptr arg)
{
    uint64_t left = 0;
    int32_t value;
    int r = vfs_getattr(f->inode);

    if (r < 0)
        return r;
    if (f->inode->size > f->offset)
        left = f->inode->size - f->offset;
    value = left > INT32_MAX ? INT32_MAX : (int32_t)left;
    return copy_out(p, arg, &value, sizeof value);
}

int
call_ioctl(struct proc *p, int fd, uint32_t req, struct gptr arg)
{
    struct file *f = fd_get(p, fd);
    int r = -E_NOTTY;

    if (!f)
        return -E_BADF;
    if (f->flags & PITH_O_PATH)
        r = -E_BADF;
    else if (req == PITH_FIONBIO)
        r = set_nonblocking(f, p, arg);
    else if (f->ops->ioctl)
        r = f->ops->ioctl(f, p, req, arg);
    else if (req == PITH_FIONREAD && f->inode &&
             inode_is(f->inode, PITH_S_IFREG))
        r = bytes_left(f, p, arg);
    file_put(f);
    return r;
}
