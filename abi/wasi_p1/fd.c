/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preview 1: reading, writing and moving about in open files.
 */
#include "wasi_p1.h"

#define FEW 8u /* segments that need no allocation */

enum op { READ, WRITE, PREAD, PWRITE };

/* One scatter/gather call; the count goes to *where of the program. */
static int32_t
transfer(struct proc *p, enum op op, const uint64_t *a, uint64_t offset,
         uint64_t where)
{
    static const uint64_t need[] = {WASI_R_FD_READ, WASI_R_FD_WRITE,
                                    WASI_R_FD_READ | WASI_R_FD_SEEK,
                                    WASI_R_FD_WRITE | WASI_R_FD_SEEK};
    struct file *f;
    int r = wasi_fd(p, (uint32_t)a[0], need[op], &f);
    if (r < 0)
        return r;
    if (offset > INT64_MAX || a[2] > UIO_MAXIOV)
        return -E_INVAL;
    struct uio u;
    struct uio_seg few[FEW], *segs = few;
    uint32_t n = (uint32_t)a[2];
    if (n > FEW && !(segs = host_alloc(n * sizeof *segs)))
        return -E_NOMEM;
    int64_t done = uio_user_iov(&u, p, segs, n > FEW ? n : FEW, gptr(a[1]), n);
    if (done == 0)
        switch (op) {
        case READ:
            done = call_read(p, (int)a[0], &u);
            break;
        case WRITE:
            done = call_write(p, (int)a[0], &u);
            break;
        case PREAD:
            done = call_pread(p, (int)a[0], &u, offset);
            break;
        case PWRITE:
            done = call_pwrite(p, (int)a[0], &u, offset);
            break;
        }
    if (segs != few)
        host_free(segs);
    return done < 0 ? (int32_t)done : wasi_put32(p, where, (uint32_t)done);
}

int64_t
wasi_fd_read(struct proc *p, const uint64_t *a)
{
    return transfer(p, READ, a, 0, a[3]);
}

int64_t
wasi_fd_write(struct proc *p, const uint64_t *a)
{
    return transfer(p, WRITE, a, 0, a[3]);
}

int64_t
wasi_fd_pread(struct proc *p, const uint64_t *a)
{
    return transfer(p, PREAD, a, a[3], a[4]);
}

int64_t
wasi_fd_pwrite(struct proc *p, const uint64_t *a)
{
    return transfer(p, PWRITE, a, a[3], a[4]);
}

static int32_t
seek(struct proc *p, uint64_t fd, int64_t offset, int whence, uint64_t where)
{
    struct file *f;
    bool tell = offset == 0 && whence == PITH_SEEK_CUR;
    int r =
        wasi_fd(p, (uint32_t)fd, tell ? WASI_R_FD_TELL : WASI_R_FD_SEEK, &f);
    if (r == -E_NOTCAPABLE && tell)
        r = wasi_fd(p, (uint32_t)fd, WASI_R_FD_SEEK, &f);
    if (r < 0)
        return r;
    int64_t at = call_lseek(p, (int)fd, offset, whence);
    return at < 0 ? (int32_t)at : wasi_put64(p, where, (uint64_t)at);
}

int64_t
wasi_fd_seek(struct proc *p, const uint64_t *a)
{
    static const int whence[] = {PITH_SEEK_SET, PITH_SEEK_CUR, PITH_SEEK_END};
    if (a[2] > 2)
        return -E_INVAL;
    return seek(p, a[0], (int64_t)a[1], whence[a[2]], a[3]);
}

int64_t
wasi0_fd_seek(struct proc *p, const uint64_t *a)
{
    static const int whence[] = {PITH_SEEK_CUR, PITH_SEEK_END, PITH_SEEK_SET};
    if (a[2] > 2)
        return -E_INVAL;
    return seek(p, a[0], (int64_t)a[1], whence[a[2]], a[3]);
}

int64_t
wasi_fd_tell(struct proc *p, const uint64_t *a)
{
    return seek(p, a[0], 0, PITH_SEEK_CUR, a[1]);
}

int64_t
wasi_fd_close(struct proc *p, const uint64_t *a)
{
    struct file *f;
    int r = wasi_fd(p, (uint32_t)a[0], 0, &f);
    return r < 0 ? r : call_close(p, (int)a[0]);
}

int64_t
wasi_fd_renumber(struct proc *p, const uint64_t *a)
{
    struct file *f;
    int r = wasi_fd(p, (uint32_t)a[0], 0, &f);
    if (r == 0)
        r = wasi_fd(p, (uint32_t)a[1], 0, &f);
    if (r < 0 || a[0] == a[1])
        return r;
    r = call_dup3(p, (int)a[0], (int)a[1], 0);
    return r < 0 ? r : call_close(p, (int)a[0]);
}

int64_t
wasi_fd_sync(struct proc *p, const uint64_t *a)
{
    struct file *f;
    int r = wasi_fd(p, (uint32_t)a[0], WASI_R_FD_SYNC, &f);
    return r < 0 ? r : call_fsync(p, (int)a[0], false);
}

int64_t
wasi_fd_datasync(struct proc *p, const uint64_t *a)
{
    struct file *f;
    int r = wasi_fd(p, (uint32_t)a[0], WASI_R_FD_DATASYNC, &f);
    return r < 0 ? r : call_fsync(p, (int)a[0], true);
}

int64_t
wasi_fd_advise(struct proc *p, const uint64_t *a)
{
    struct file *f;
    struct pith_stat st;
    int r = wasi_fd(p, (uint32_t)a[0], WASI_R_FD_ADVISE, &f);
    if (r < 0)
        return r;
    if ((a[3] & 0xff) > WASI_ADVICE_LAST || a[1] > INT64_MAX ||
        a[2] > INT64_MAX)
        return -E_INVAL;
    /* The page cache needs no advice, but a pipe can take none. */
    r = call_fstat(p, (int)a[0], &st);
    if (r < 0)
        return r;
    uint32_t type = st.mode & PITH_S_IFMT;
    return type == PITH_S_IFIFO || type == PITH_S_IFSOCK ? -E_SPIPE : 0;
}

int64_t
wasi_fd_allocate(struct proc *p, const uint64_t *a)
{
    struct file *f;
    int r = wasi_fd(p, (uint32_t)a[0], WASI_R_FD_ALLOCATE, &f);
    if (r < 0)
        return r;
    if (a[1] > INT64_MAX || a[2] == 0 || a[2] > INT64_MAX - a[1])
        return -E_INVAL;
    return call_fallocate(p, (int)a[0], 0, a[1], a[2]);
}

int64_t
wasi_fd_filestat_set_size(struct proc *p, const uint64_t *a)
{
    struct file *f;
    int r = wasi_fd(p, (uint32_t)a[0], WASI_R_FD_FILESTAT_SET_SIZE, &f);
    if (r < 0)
        return r;
    if (a[1] > INT64_MAX)
        return -E_INVAL;
    return call_ftruncate(p, (int)a[0], a[1]);
}
