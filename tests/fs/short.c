/* SPDX-License-Identifier: Apache-2.0 */
/* Short forms of the calls; see fs_test.h. */
#include "fs_test.h"

#include <stdlib.h>

int
t_open(const char *path, uint32_t flags, uint32_t mode)
{
    return call_open(proc_current(), PITH_AT_FDCWD, path, flags, mode);
}

int
t_close(int fd)
{
    return call_close(proc_current(), fd);
}

static int64_t
transfer(int fd, void *data, size_t n, bool write, int64_t at)
{
    struct uio_seg seg;
    struct uio u;
    struct proc *p = proc_current();

    uio_kernel(&u, &seg, data, n);
    if (at < 0)
        return write ? call_write(p, fd, &u) : call_read(p, fd, &u);
    return write ? call_pwrite(p, fd, &u, (uint64_t)at)
                 : call_pread(p, fd, &u, (uint64_t)at);
}

int64_t
t_write(int fd, const void *data, size_t n)
{
    return transfer(fd, (void *)(uintptr_t)data, n, true, -1);
}

int64_t
t_read(int fd, void *data, size_t n)
{
    return transfer(fd, data, n, false, -1);
}

int64_t
t_pwrite(int fd, const void *data, size_t n, uint64_t at)
{
    return transfer(fd, (void *)(uintptr_t)data, n, true, (int64_t)at);
}

int64_t
t_pread(int fd, void *data, size_t n, uint64_t at)
{
    return transfer(fd, data, n, false, (int64_t)at);
}

int
t_mkdir(const char *path)
{
    return call_mkdirat(proc_current(), PITH_AT_FDCWD, path, 0777, 0);
}

int
t_unlink(const char *path)
{
    return call_unlinkat(proc_current(), PITH_AT_FDCWD, path, 0);
}

int
t_rmdir(const char *path)
{
    return call_unlinkat(proc_current(), PITH_AT_FDCWD, path,
                         PITH_AT_REMOVEDIR);
}

int
t_rename(const char *from, const char *to)
{
    return call_renameat2(proc_current(), PITH_AT_FDCWD, from, PITH_AT_FDCWD,
                          to, 0);
}

int
t_link(const char *from, const char *to)
{
    return call_linkat(proc_current(), PITH_AT_FDCWD, from, PITH_AT_FDCWD, to,
                       0);
}

int
t_symlink(const char *target, const char *path)
{
    return call_symlinkat(proc_current(), target, PITH_AT_FDCWD, path, 0);
}

int
t_chmod(const char *path, uint32_t mode)
{
    return call_fchmodat(proc_current(), PITH_AT_FDCWD, path, mode, 0);
}

int
t_stat(const char *path, struct pith_stat *st)
{
    return call_fstatat(proc_current(), PITH_AT_FDCWD, path, st, 0);
}

int
t_lstat(const char *path, struct pith_stat *st)
{
    return call_fstatat(proc_current(), PITH_AT_FDCWD, path, st,
                        PITH_AT_SYMLINK_NOFOLLOW);
}

void
t_put(const char *path, const char *text)
{
    int fd = t_open(path, PITH_O_WRONLY | PITH_O_CREAT | PITH_O_TRUNC, 0666);

    OK(fd);
    IS(t_write(fd, text, strlen(text)), strlen(text));
    OK(t_close(fd));
}

bool
t_is(const char *path, const char *text)
{
    char buf[4096];
    int64_t n;
    int fd = t_open(path, PITH_O_RDONLY, 0);

    if (fd < 0)
        return false;
    n = t_read(fd, buf, sizeof buf);
    t_close(fd);
    return n == (int64_t)strlen(text) && memcmp(buf, text, (size_t)n) == 0;
}

#define MAX_NAMES 4096
static char *names[MAX_NAMES];
static int nnames;

static int
collect(void *ctx, const char *name, size_t len, uint64_t ino, uint32_t mode,
        uint64_t next)
{
    (void)ino;
    (void)mode;
    (void)next;
    (void)ctx;
    if (len <= 2 && strncmp(name, "..", len) == 0)
        return 0;
    if (nnames < MAX_NAMES)
        names[nnames++] = strndup(name, len);
    return 0;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
read_names(const char *path)
{
    uint64_t pos = 0;
    int fd = t_open(path, PITH_O_RDONLY | PITH_O_DIRECTORY, 0), r;

    nnames = 0;
    if (fd < 0)
        return fd;
    r = call_readdir(proc_current(), fd, &pos, collect, NULL);
    t_close(fd);
    qsort(names, (size_t)nnames, sizeof *names, by_name);
    return r;
}

const char *
t_list(const char *path)
{
    static char out[65536];
    size_t used = 0;

    out[0] = '\0';
    OK(read_names(path));
    for (int n = 0; n < nnames; n++) {
        if (used < sizeof out)
            used += (size_t)snprintf(out + used, sizeof out - used, "%s%s",
                                     n ? " " : "", names[n]);
        free(names[n]);
    }
    return out;
}

void
t_clear(const char *path)
{
    char *mine[MAX_NAMES], full[PITH_PATH_MAX];
    int n;

    if (read_names(path) < 0)
        return;
    n = nnames;
    memcpy(mine, names, sizeof names);
    for (int k = 0; k < n; k++) {
        struct pith_stat st;
        snprintf(full, sizeof full, "%s/%s", path, mine[k]);
        if (t_lstat(full, &st) == 0 &&
            (st.mode & PITH_S_IFMT) == PITH_S_IFDIR) {
            t_clear(full);
            t_rmdir(full);
        } else {
            t_unlink(full);
        }
        free(mine[k]);
    }
}
