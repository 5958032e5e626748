/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preview 1: what a descriptor is. Rights, flags, file types and times.
 *
 * A file opened by path_open or preopened carries exactly the rights it was
 * given; any other (stdio, pipes, sockets) carries all bits. What a program is
 * shown is cut down to what its kind of file can do at all.
 */
#include <string.h>

#include "wasi_p1.h"

#define RIGHTS_SYNC (WASI_R_FD_DATASYNC | WASI_R_FD_SYNC)
#define RIGHTS_STAT                                                            \
    (WASI_R_FD_FILESTAT_GET | WASI_R_FD_FILESTAT_SET_TIMES |                   \
     WASI_R_FD_FDSTAT_SET_FLAGS | WASI_R_POLL_FD_READWRITE)
#define RIGHTS_STREAM (WASI_R_FD_READ | WASI_R_FD_WRITE | RIGHTS_STAT)
#define RIGHTS_FILE                                                            \
    (RIGHTS_STREAM | RIGHTS_SYNC | WASI_R_FD_SEEK | WASI_R_FD_TELL |           \
     WASI_R_FD_ADVISE | WASI_R_FD_ALLOCATE | WASI_R_FD_FILESTAT_SET_SIZE)
#define RIGHTS_DIRECTORY                                                       \
    (RIGHTS_SYNC | RIGHTS_STAT | WASI_R_FD_ADVISE |                            \
     WASI_R_PATH_CREATE_DIRECTORY | WASI_R_PATH_CREATE_FILE |                  \
     WASI_R_PATH_LINK_SOURCE | WASI_R_PATH_LINK_TARGET | WASI_R_PATH_OPEN |    \
     WASI_R_FD_READDIR | WASI_R_PATH_READLINK | WASI_R_PATH_RENAME_SOURCE |    \
     WASI_R_PATH_RENAME_TARGET | WASI_R_PATH_FILESTAT_GET |                    \
     WASI_R_PATH_FILESTAT_SET_SIZE | WASI_R_PATH_FILESTAT_SET_TIMES |          \
     WASI_R_PATH_SYMLINK | WASI_R_PATH_REMOVE_DIRECTORY |                      \
     WASI_R_PATH_UNLINK_FILE)
#define RIGHTS_SOCKET                                                          \
    (RIGHTS_STREAM | WASI_R_SOCK_SHUTDOWN | WASI_R_SOCK_ACCEPT)

uint64_t
wasi_rights_for(uint32_t mode, uint64_t *inheriting)
{
    *inheriting = 0;
    switch (mode & PITH_S_IFMT) {
    case PITH_S_IFDIR:
        *inheriting = WASI_R_ALL;
        return RIGHTS_DIRECTORY;
    case PITH_S_IFREG:
    case PITH_S_IFBLK:
        return RIGHTS_FILE;
    case PITH_S_IFSOCK:
        return RIGHTS_SOCKET;
    default:
        return RIGHTS_STREAM;
    }
}

uint8_t
wasi_filetype(uint32_t mode)
{
    switch (mode & PITH_S_IFMT) {
    case PITH_S_IFDIR:
        return WASI_FT_DIRECTORY;
    case PITH_S_IFREG:
        return WASI_FT_REGULAR;
    case PITH_S_IFLNK:
        return WASI_FT_SYMLINK;
    case PITH_S_IFCHR:
        return WASI_FT_CHARACTER;
    case PITH_S_IFBLK:
        return WASI_FT_BLOCK;
    case PITH_S_IFSOCK:
        return WASI_FT_SOCKET_STREAM;
    default:
        return WASI_FT_UNKNOWN; /* preview 1 has no type for a pipe */
    }
}

uint32_t
wasi_flags_to_open(uint32_t fdflags)
{
    uint32_t flags = 0;
    if (fdflags & WASI_FDFLAG_APPEND)
        flags |= PITH_O_APPEND;
    if (fdflags & WASI_FDFLAG_NONBLOCK)
        flags |= PITH_O_NONBLOCK;
    if (fdflags & WASI_FDFLAG_DSYNC)
        flags |= PITH_O_DSYNC;
    if (fdflags & (WASI_FDFLAG_SYNC | WASI_FDFLAG_RSYNC))
        flags |= PITH_O_SYNC;
    return flags;
}

uint16_t
wasi_flags_from_open(uint32_t flags)
{
    uint32_t r = 0;
    if (flags & PITH_O_APPEND)
        r |= WASI_FDFLAG_APPEND;
    if (flags & PITH_O_NONBLOCK)
        r |= WASI_FDFLAG_NONBLOCK;
    if ((flags & PITH_O_SYNC) == PITH_O_SYNC)
        r |= WASI_FDFLAG_SYNC;
    else if (flags & PITH_O_DSYNC)
        r |= WASI_FDFLAG_DSYNC;
    return (uint16_t)r;
}

int
wasi_fd(struct proc *p, uint32_t fd, uint64_t need, struct file **out)
{
    struct file *f = fd > INT32_MAX ? NULL : fd_peek(p, (int)fd);
    if (!f)
        return -E_BADF;
    if (need & ~f->rights_base) {
        /* Only directories have a right to readdir but none to read. */
        bool directory = f->rights_inheriting && !(need & RIGHTS_DIRECTORY);
        return directory ? -E_ISDIR : -E_NOTCAPABLE;
    }
    *out = f;
    return 0;
}

int64_t
wasi_fd_fdstat_get(struct proc *p, const uint64_t *a)
{
    struct file *f;
    struct pith_stat st;
    int r = wasi_fd(p, (uint32_t)a[0], 0, &f);
    if (r < 0)
        return r;
    struct wasi_fdstat out;
    memset(&out, 0, sizeof out); /* the padding is copied out, too */
    out.flags = wasi_flags_from_open(f->flags);
    out.rights_base = f->rights_base;
    out.rights_inheriting = f->rights_inheriting;
    uint32_t mode = f->flags & PITH_O_ACCMODE;
    r = call_fstat(p, (int)a[0], &st);
    if (r < 0)
        return r;
    uint64_t inheriting, can = wasi_rights_for(st.mode, &inheriting);
    /* wasi-libc takes a character device that cannot seek for a terminal. */
    if ((st.mode & PITH_S_IFMT) == PITH_S_IFCHR &&
        call_lseek(p, (int)a[0], 0, PITH_SEEK_CUR) >= 0)
        can |= WASI_R_FD_SEEK | WASI_R_FD_TELL;
    out.rights_base &= can;
    out.rights_inheriting &= inheriting;
    if (mode == PITH_O_RDONLY)
        out.rights_base &= ~(WASI_R_FD_WRITE | WASI_R_FD_ALLOCATE |
                             WASI_R_FD_FILESTAT_SET_SIZE);
    else if (mode == PITH_O_WRONLY)
        out.rights_base &= ~WASI_R_FD_READ;
    out.filetype = wasi_filetype(st.mode);
    return copy_out(p, gptr(a[1]), &out, sizeof out);
}

int64_t
wasi_fd_fdstat_set_flags(struct proc *p, const uint64_t *a)
{
    struct file *f;
    uint32_t want = (uint32_t)a[1] & 0xffff;
    int r = wasi_fd(p, (uint32_t)a[0], WASI_R_FD_FDSTAT_SET_FLAGS, &f);
    if (r < 0)
        return r;
    if (want & ~WASI_FDFLAG_ALL)
        return -E_INVAL;
    /* As fcntl, this cannot change how writes are synchronised. */
    uint32_t fixed = WASI_FDFLAG_SYNC | WASI_FDFLAG_DSYNC | WASI_FDFLAG_RSYNC;
    if ((want & fixed) & ~(uint32_t)wasi_flags_from_open(f->flags))
        return -E_NOTSUP;
    return (int32_t)call_fcntl(p, (int)a[0], PITH_F_SETFL,
                               wasi_flags_to_open(want & ~fixed));
}

int64_t
wasi_fd_fdstat_set_rights(struct proc *p, const uint64_t *a)
{
    struct file *f;
    struct pith_stat st;
    int r = wasi_fd(p, (uint32_t)a[0], 0, &f);
    if (r < 0)
        return r;
    r = call_fstat(p, (int)a[0], &st);
    if (r < 0)
        return r;
    f = fd_peek(p, (int)a[0]); /* fstat may have blocked */
    if (!f)
        return -E_BADF;
    uint64_t inheriting;
    uint64_t base = wasi_rights_for(st.mode, &inheriting) & f->rights_base;
    inheriting &= f->rights_inheriting;
    if ((a[1] & ~base) || (a[2] & ~inheriting))
        return -E_NOTCAPABLE;
    f->rights_base = a[1];
    f->rights_inheriting = a[2];
    return 0;
}

/* A timestamp is unsigned: what lies before 1970 or after 2554 is clamped. */
static uint64_t
timestamp(struct pith_timespec t)
{
    if (t.sec < 0)
        return 0;
    if (t.sec > (int64_t)(UINT64_MAX / 1000000000u) - 1)
        return UINT64_MAX;
    return (uint64_t)t.sec * 1000000000u + (uint64_t)t.nsec;
}

int
wasi_put_filestat(struct proc *p, struct gptr out, const struct pith_stat *st,
                  bool preview0)
{
    struct wasi_filestat s;
    memset(&s, 0, sizeof s);
    s.dev = st->dev;
    s.ino = st->ino;
    s.filetype = wasi_filetype(st->mode);
    s.nlink = st->nlink;
    s.size = (uint64_t)st->size;
    s.atim = timestamp(st->atim);
    s.mtim = timestamp(st->mtim);
    s.ctim = timestamp(st->ctim);
    if (!preview0)
        return copy_out(p, out, &s, sizeof s);
    struct wasi_filestat0 s0;
    memset(&s0, 0, sizeof s0);
    s0.dev = s.dev;
    s0.ino = s.ino;
    s0.filetype = s.filetype;
    s0.nlink = st->nlink;
    s0.size = s.size;
    s0.atim = s.atim;
    s0.mtim = s.mtim;
    s0.ctim = s.ctim;
    return copy_out(p, out, &s0, sizeof s0);
}

static int32_t
fd_filestat(struct proc *p, const uint64_t *a, bool preview0)
{
    struct file *f;
    struct pith_stat st;
    int r = wasi_fd(p, (uint32_t)a[0], WASI_R_FD_FILESTAT_GET, &f);
    if (r < 0)
        return r;
    r = call_fstat(p, (int)a[0], &st);
    return r < 0 ? r : wasi_put_filestat(p, gptr(a[1]), &st, preview0);
}

int64_t
wasi_fd_filestat_get(struct proc *p, const uint64_t *a)
{
    return fd_filestat(p, a, false);
}

int64_t
wasi0_fd_filestat_get(struct proc *p, const uint64_t *a)
{
    return fd_filestat(p, a, true);
}

int
wasi_times(uint64_t atim, uint64_t mtim, uint32_t fst_flags,
           struct pith_timespec out[2])
{
    uint32_t both_a = WASI_FST_ATIM | WASI_FST_ATIM_NOW;
    uint32_t both_m = WASI_FST_MTIM | WASI_FST_MTIM_NOW;
    fst_flags &= 0xffff;
    if ((fst_flags & ~WASI_FST_ALL) || (fst_flags & both_a) == both_a ||
        (fst_flags & both_m) == both_m)
        return -E_INVAL;
    const uint64_t t[2] = {atim, mtim};
    for (int i = 0; i < 2; i++) {
        uint32_t f = fst_flags >> (2 * i);
        out[i].sec = 0;
        if (f & WASI_FST_ATIM) {
            out[i].sec = (int64_t)(t[i] / 1000000000u);
            out[i].nsec = (int64_t)(t[i] % 1000000000u);
        } else {
            out[i].nsec =
                f & WASI_FST_ATIM_NOW ? PITH_UTIME_NOW : PITH_UTIME_OMIT;
        }
    }
    return 0;
}

int64_t
wasi_fd_filestat_set_times(struct proc *p, const uint64_t *a)
{
    struct file *f;
    struct pith_timespec times[2];
    int r = wasi_fd(p, (uint32_t)a[0], WASI_R_FD_FILESTAT_SET_TIMES, &f);
    if (r < 0)
        return r;
    r = wasi_times(a[1], a[2], (uint32_t)a[3], times);
    if (r < 0)
        return r;
    return call_utimensat(p, (int)a[0], "", times, PITH_AT_EMPTY_PATH);
}
