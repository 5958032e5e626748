/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preview 1: path_*. Every path is resolved beneath its directory descriptor:
 * CALL_BENEATH makes the kernel refuse absolute paths and whatever leads out.
 */
#include <string.h>

#include "wasi_p1.h"

int
wasi_path(struct proc *p, char *out, uint64_t ptr, uint64_t len)
{
    if (len >= PITH_PATH_MAX)
        return -E_NAMETOOLONG;
    if (len == 0)
        return -E_NOENT;
    int r = copy_in(p, out, gptr(ptr), (size_t)len);
    if (r < 0)
        return r;
    out[len] = 0;
    return memchr(out, 0, (size_t)len) ? -E_INVAL : 0;
}

/* The common beginning: a directory with the right, and a path in it. */
static int
dir_path(struct proc *p, uint64_t fd, uint64_t need, char *path, uint64_t ptr,
         uint64_t len)
{
    struct file *f;
    int r = wasi_fd(p, (uint32_t)fd, need, &f);
    return r < 0 ? r : wasi_path(p, path, ptr, len);
}

/* Lookup flags to *at flags, or -E_INVAL. */
static int64_t
lookup(uint64_t flags)
{
    if ((uint32_t)flags & ~WASI_LOOKUP_FOLLOW)
        return -E_INVAL;
    return CALL_BENEATH |
           (flags & WASI_LOOKUP_FOLLOW ? 0 : PITH_AT_SYMLINK_NOFOLLOW);
}

int64_t
wasi_path_create_directory(struct proc *p, const uint64_t *a)
{
    char path[PITH_PATH_MAX];
    int r = dir_path(p, a[0], WASI_R_PATH_CREATE_DIRECTORY, path, a[1], a[2]);
    return r < 0 ? r : call_mkdirat(p, (int)a[0], path, 0777, CALL_BENEATH);
}

static int32_t
path_filestat(struct proc *p, const uint64_t *a, bool preview0)
{
    char path[PITH_PATH_MAX];
    struct pith_stat st;
    int64_t flags = lookup(a[1]);
    int r = dir_path(p, a[0], WASI_R_PATH_FILESTAT_GET, path, a[2], a[3]);
    if (r < 0 || flags < 0)
        return r < 0 ? r : (int32_t)flags;
    r = call_fstatat(p, (int)a[0], path, &st, (uint32_t)flags);
    return r < 0 ? r : wasi_put_filestat(p, gptr(a[4]), &st, preview0);
}

int64_t
wasi_path_filestat_get(struct proc *p, const uint64_t *a)
{
    return path_filestat(p, a, false);
}

int64_t
wasi0_path_filestat_get(struct proc *p, const uint64_t *a)
{
    return path_filestat(p, a, true);
}

int64_t
wasi_path_filestat_set_times(struct proc *p, const uint64_t *a)
{
    char path[PITH_PATH_MAX];
    struct pith_timespec times[2];
    int64_t flags = lookup(a[1]);
    int r = dir_path(p, a[0], WASI_R_PATH_FILESTAT_SET_TIMES, path, a[2], a[3]);
    if (r == 0)
        r = wasi_times(a[4], a[5], (uint32_t)a[6], times);
    if (r < 0 || flags < 0)
        return r < 0 ? r : (int32_t)flags;
    return call_utimensat(p, (int)a[0], path, times, (uint32_t)flags);
}

int64_t
wasi_path_link(struct proc *p, const uint64_t *a)
{
    char from[PITH_PATH_MAX], to[PITH_PATH_MAX];
    if ((uint32_t)a[1] & ~WASI_LOOKUP_FOLLOW)
        return -E_INVAL;
    int r = dir_path(p, a[0], WASI_R_PATH_LINK_SOURCE, from, a[2], a[3]);
    if (r == 0)
        r = dir_path(p, a[4], WASI_R_PATH_LINK_TARGET, to, a[5], a[6]);
    if (r < 0)
        return r;
    uint32_t follow = a[1] & WASI_LOOKUP_FOLLOW ? PITH_AT_SYMLINK_FOLLOW : 0;
    return call_linkat(p, (int)a[0], from, (int)a[4], to,
                       CALL_BENEATH | follow);
}

int64_t
wasi_path_readlink(struct proc *p, const uint64_t *a)
{
    char path[PITH_PATH_MAX], target[PITH_PATH_MAX];
    int r = dir_path(p, a[0], WASI_R_PATH_READLINK, path, a[1], a[2]);
    if (r < 0)
        return r;
    size_t room = a[4] < sizeof target ? (size_t)a[4] : sizeof target;
    int64_t n = call_readlinkat(p, (int)a[0], path, target, sizeof target,
                                CALL_BENEATH);
    if (n < 0)
        return (int32_t)n;
    if ((size_t)n > room)
        n = (int64_t)room;
    r = copy_out(p, gptr(a[3]), target, (size_t)n);
    return r < 0 ? r : wasi_put32(p, a[5], (uint32_t)n);
}

int64_t
wasi_path_remove_directory(struct proc *p, const uint64_t *a)
{
    char path[PITH_PATH_MAX];
    int r = dir_path(p, a[0], WASI_R_PATH_REMOVE_DIRECTORY, path, a[1], a[2]);
    return r < 0 ? r
                 : call_unlinkat(p, (int)a[0], path,
                                 CALL_BENEATH | PITH_AT_REMOVEDIR);
}

int64_t
wasi_path_unlink_file(struct proc *p, const uint64_t *a)
{
    char path[PITH_PATH_MAX];
    int r = dir_path(p, a[0], WASI_R_PATH_UNLINK_FILE, path, a[1], a[2]);
    return r < 0 ? r : call_unlinkat(p, (int)a[0], path, CALL_BENEATH);
}

int64_t
wasi_path_rename(struct proc *p, const uint64_t *a)
{
    char from[PITH_PATH_MAX], to[PITH_PATH_MAX];
    int r = dir_path(p, a[0], WASI_R_PATH_RENAME_SOURCE, from, a[1], a[2]);
    if (r == 0)
        r = dir_path(p, a[3], WASI_R_PATH_RENAME_TARGET, to, a[4], a[5]);
    return r < 0 ? r
                 : call_renameat2(p, (int)a[0], from, (int)a[3], to,
                                  CALL_BENEATH);
}

int64_t
wasi_path_symlink(struct proc *p, const uint64_t *a)
{
    char target[PITH_PATH_MAX], path[PITH_PATH_MAX];
    int r = dir_path(p, a[2], WASI_R_PATH_SYMLINK, path, a[3], a[4]);
    if (r == 0)
        r = wasi_path(p, target, a[0], a[1]);
    if (r < 0)
        return r;
    if (target[0] == '/') /* could never be followed from here */
        return -E_NOTCAPABLE;
    return call_symlinkat(p, target, (int)a[2], path, CALL_BENEATH);
}

/* What path_open needs of its directory, and how it is to be opened. */
static int
open_flags(uint64_t oflags, uint64_t base, uint64_t fdflags, uint64_t *need,
           uint32_t *flags)
{
    const uint64_t reads = WASI_R_FD_READ | WASI_R_FD_READDIR;
    const uint64_t writes =
        WASI_R_FD_WRITE | WASI_R_FD_ALLOCATE | WASI_R_FD_FILESTAT_SET_SIZE;
    uint32_t f = wasi_flags_to_open((uint32_t)fdflags);
    if ((oflags & ~(uint64_t)WASI_OFLAG_ALL) ||
        (fdflags & ~(uint64_t)WASI_FDFLAG_ALL))
        return -E_INVAL;
    *need = WASI_R_PATH_OPEN;
    if (oflags & WASI_OFLAG_CREAT) {
        *need |= WASI_R_PATH_CREATE_FILE;
        f |= PITH_O_CREAT;
    }
    if (oflags & WASI_OFLAG_TRUNC) {
        *need |= WASI_R_PATH_FILESTAT_SET_SIZE;
        f |= PITH_O_TRUNC;
    }
    if (oflags & WASI_OFLAG_EXCL)
        f |= PITH_O_EXCL;
    if (oflags & WASI_OFLAG_DIRECTORY) {
        if (base & WASI_R_FD_WRITE)
            return -E_ISDIR;
        f |= PITH_O_DIRECTORY;
    }
    bool write = (base & writes) || (oflags & WASI_OFLAG_TRUNC);
    if (!write || (oflags & WASI_OFLAG_DIRECTORY))
        f |= PITH_O_RDONLY;
    else
        f |= base & reads ? PITH_O_RDWR : PITH_O_WRONLY;
    *flags = f;
    return 0;
}

int64_t
wasi_path_open(struct proc *p, const uint64_t *a)
{
    char path[PITH_PATH_MAX];
    struct pith_stat st;
    struct file *f;
    uint64_t need, inheriting;
    uint32_t flags;
    uint64_t base = a[5] & WASI_R_ALL, inherit = a[6] & WASI_R_ALL;
    int64_t at = lookup(a[1]);
    int r = open_flags(a[4] & 0xffff, base, a[7] & 0xffff, &need, &flags);
    if (at < 0 || r < 0)
        return r < 0 ? r : (int32_t)at;
    r = wasi_fd(p, (uint32_t)a[0], need, &f);
    if (r == 0 && ((base | inherit) & ~f->rights_inheriting))
        r = -E_NOTCAPABLE;
    if (r == 0)
        r = wasi_path(p, path, a[2], a[3]);
    if (r < 0)
        return r;
    flags |= CALL_BENEATH;
    if (at & PITH_AT_SYMLINK_NOFOLLOW)
        flags |= PITH_O_NOFOLLOW;
    int fd = call_open(p, (int)a[0], path, flags, 0666);
    if (fd < 0)
        return fd;
    /* At once: other threads have the descriptor, too. */
    f = fd_get(p, fd);
    if (!f)
        return -E_BADF;
    f->rights_base = base;
    f->rights_inheriting = inherit;
    r = call_fstat(p, fd, &st);
    if (r == 0) {
        f->rights_base &= wasi_rights_for(st.mode, &inheriting);
        f->rights_inheriting &= inheriting;
        r = wasi_put32(p, a[8], (uint32_t)fd);
    }
    if (r < 0 && fd_peek(p, fd) == f)
        call_close(p, fd);
    file_put(f);
    return r;
}
