/* SPDX-License-Identifier: Apache-2.0 */
/* System calls of a TVM program by those of the system; see world.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#ifndef ENOTCAPABLE /* Pith's: nothing was granted there */
#define ENOTCAPABLE EACCES
#endif
#define PATH_LEN 4096u
#define MOVE_MOST (1u << 20) /* bytes one read or write moves */
#define AT_CWD 0xffffff9cu   /* AT_FDCWD, as programs say it */

enum {
#define CALL(number, name, allowed) CALL_##name = number,
#include "call.def"
#undef CALL
};

static int64_t
error(void)
{
    static const struct {
        int here, there;
    } rows[] = {
        {EPERM, TVM_EPERM},         {ENOENT, TVM_ENOENT},
        {EBADF, TVM_EBADF},         {ENOMEM, TVM_ENOMEM},
        {EACCES, TVM_EACCES},       {EEXIST, TVM_EEXIST},
        {ENODEV, TVM_ENODEV},       {ENOTDIR, TVM_ENOTDIR},
        {EISDIR, TVM_EISDIR},       {EINVAL, TVM_EINVAL},
        {EMFILE, TVM_EMFILE},       {EFBIG, TVM_EFBIG},
        {ENOSPC, TVM_ENOSPC},       {EROFS, TVM_EROFS},
        {EPIPE, TVM_EPIPE},         {ENAMETOOLONG, TVM_ENAMETOOLONG},
        {ENOTCAPABLE, TVM_EACCES},  {ELOOP, TVM_ELOOP},
        {ENOTEMPTY, TVM_ENOTEMPTY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].here == errno)
            return -rows[i].there;
    }
    return -TVM_EIO;
}

/* A path; NULL: *r is the error. It may move with the memory. */
static const char *
path_at(struct tvm *t, uint32_t at, int64_t *r)
{
    uint32_t most = at < t->mem_size ? t->mem_size - at : 0;
    const uint8_t *p;

    if (most > PATH_LEN)
        most = PATH_LEN;
    p = most ? tvm_look(t, at, most, false) : NULL;
    if (p && memchr(p, 0, most))
        return (const char *)p;
    *r = p && most == PATH_LEN ? -TVM_ENAMETOOLONG : -TVM_EFAULT;
    return NULL;
}

static int
fd_of(const struct world *w, uint32_t n)
{
    return n < WORLD_FILES ? w->file[n].fd : -1;
}

/* ---- reading, writing ------------------------------------------------------
 */

static int64_t
keep(struct world_text *k, const uint8_t *p, uint32_t n)
{
    size_t room = k->room ? k->room : 4096;
    char *more;

    if (n > WORLD_KEPT - k->n)
        return -TVM_ENOSPC;
    while (room < k->n + n)
        room *= 2;
    if (room > k->room) {
        more = realloc(k->bytes, room);
        if (!more)
            return -TVM_ENOMEM;
        k->bytes = more;
        k->room = room;
    }
    memcpy(k->bytes + k->n, p, n);
    k->n += n;
    return n;
}

static int64_t
move(struct world *w, struct tvm *t, bool out, const uint32_t a[6])
{
    uint32_t n = a[2] > MOVE_MOST ? MOVE_MOST : a[2];
    int fd = fd_of(w, a[0]);
    uint8_t *p = tvm_look(t, a[1], n, !out);
    ssize_t r;

    if (fd < 0)
        return -TVM_EBADF;
    if (!p)
        return n ? -TVM_EFAULT : 0;
    tvm_spend(t, n / 8);
    if (out && w->keep && (a[0] == 1 || a[0] == 2) && fd == (int)a[0])
        return keep(&w->text[a[0] - 1], p, n);
    do {
        r = out ? write(fd, p, n) : read(fd, p, n);
    } while (r < 0 && errno == EINTR);
    return r < 0 ? error() : r;
}

/* ---- files
 * ------------------------------------------------------------------- */

static int
flags_of(uint32_t f)
{
    static const struct {
        uint32_t there;
        int here;
    } rows[] = {
        {0100, O_CREAT},   {0200, O_EXCL},         {01000, O_TRUNC},
        {02000, O_APPEND}, {0200000, O_DIRECTORY}, {0400000, O_NOFOLLOW},
    };
    int flags = (f & 3) == 0 ? O_RDONLY : (f & 3) == 1 ? O_WRONLY : O_RDWR;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (f & rows[i].there)
            flags |= rows[i].here;
    }
    return flags | O_CLOEXEC | O_NOCTTY;
}

static int64_t
open_file(struct world *w, struct tvm *t, uint32_t dir, const uint32_t *a)
{
    int64_t r = 0;
    const char *path = path_at(t, a[0], &r);
    int at = dir == AT_CWD ? AT_FDCWD : fd_of(w, dir);
    uint32_t n = 0;

    if (!path)
        return r;
    if (at == -1 && path[0] != '/')
        return -TVM_EBADF;
    while (n < WORLD_FILES && w->file[n].fd >= 0)
        n++;
    if (n == WORLD_FILES)
        return -TVM_EMFILE;
    w->file[n].fd = openat(at, path, flags_of(a[1]), (mode_t)a[2] & 0777);
    return w->file[n].fd < 0 ? error() : (int64_t)n;
}

static int64_t
close_file(struct world *w, uint32_t n)
{
    int fd = fd_of(w, n);

    if (fd < 0)
        return -TVM_EBADF;
    if (w->file[n].dir)
        closedir(w->file[n].dir); /* has a descriptor of its own */
    if (fd > 2)
        close(fd); /* the first three stay with this program */
    w->file[n].dir = NULL;
    w->file[n].next = NULL;
    w->file[n].fd = -1;
    return 0;
}

/* u64 inode | u64 place | u16 length | name | 0 | type at the very end */
static int64_t
list(struct world *w, struct tvm *t, const uint32_t a[6])
{
    int fd = fd_of(w, a[0]), own;
    uint8_t *out = tvm_look(t, a[1], a[2], true);
    uint32_t n = 0, len, name;
    struct dirent *d;

    if (fd < 0)
        return -TVM_EBADF;
    if (!out)
        return -TVM_EFAULT;
    if (!w->file[a[0]].dir) {
        own = dup(fd);
        w->file[a[0]].dir = own < 0 ? NULL : fdopendir(own);
        if (!w->file[a[0]].dir) {
            int64_t r = error();
            if (own >= 0)
                close(own);
            return r;
        }
    }
    for (;;) {
        errno = 0;
        d = w->file[a[0]].next;
        if (!d)
            d = readdir(w->file[a[0]].dir);
        w->file[a[0]].next = d;
        if (!d)
            return errno && !n ? error() : (int64_t)n;
        name = (uint32_t)strlen(d->d_name);
        len = (18 + name + 2 + 7) & ~7u;
        if (len > a[2] - n)
            return n ? (int64_t)n : -TVM_EINVAL;
        memset(out + n, 0, len);
        tvm_put(out + n, d->d_ino, 8);
        tvm_put(out + n + 8, n + len, 8);
        tvm_put(out + n + 16, len, 2);
        memcpy(out + n + 18, d->d_name, name);
        out[n + len - 1] = d->d_type;
        n += len;
        w->file[a[0]].next = NULL;
    }
}

static int64_t
working_directory(struct tvm *t, uint32_t at, uint32_t size)
{
    char path[PATH_LEN];
    uint8_t *p = tvm_look(t, at, size, true);
    size_t n;

    if (!p)
        return -TVM_EFAULT;
    if (!getcwd(path, sizeof path))
        return error();
    n = strlen(path) + 1;
    if (n > size)
        return -34; /* ERANGE */
    memcpy(p, path, n);
    return (int64_t)n;
}

static int64_t
time_of_day(struct world *w, struct tvm *t, uint32_t at)
{
    uint8_t *p = tvm_look(t, at, 16, true);
    struct timeval now;

    if (!w->clocks)
        return -TVM_EPERM;
    if (!p)
        return -TVM_EFAULT;
    if (gettimeofday(&now, NULL) < 0)
        return error();
    tvm_put(p, (uint64_t)now.tv_sec, 8);
    tvm_put(p + 8, (uint64_t)now.tv_usec, 8);
    return 0;
}

static int64_t
by_path(struct tvm *t, uint32_t number, const uint32_t a[6])
{
    int64_t r = 0;
    const char *path = path_at(t, a[0], &r);

    if (!path)
        return r;
    if (number == CALL_chdir)
        return chdir(path) < 0 ? error() : 0;
    return access(path, (int)(a[1] & 7)) < 0 ? error() : 0;
}

/* ---- all of them
 * ----------------------------------------------------------------- */

static int64_t
world_call(struct tvm *t, uint32_t number, const uint32_t a[6])
{
    struct world *w = t->host.ctx;

    switch (number) {
    case CALL_read:
        return move(w, t, false, a);
    case CALL_write:
        return move(w, t, true, a);
    case CALL_open:
        return open_file(w, t, AT_CWD, a);
    case CALL_openat:
        return open_file(w, t, a[0], a + 1);
    case CALL_close:
        return close_file(w, a[0]);
    case CALL_access:
    case CALL_chdir:
        return by_path(t, number, a);
    case CALL_getdents:
        return list(w, t, a);
    case CALL_getcwd:
        return working_directory(t, a[0], a[1]);
    case CALL_gettimeofday:
        return time_of_day(w, t, a[0]);
    case CALL_getuid:
        return getuid();
    case CALL_geteuid:
        return geteuid();
    case CALL_getgid:
        return getgid();
    case CALL_getegid:
        return getegid();
    }
    return -TVM_ENOSYS;
}

static uint64_t
now(void *ctx)
{
    struct timespec ts = {0};

    (void)ctx;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void
rest(void *ctx, uint64_t ns)
{
    struct timespec ts = {.tv_sec = (time_t)(ns / 1000000000u),
                          .tv_nsec = (long)(ns % 1000000000u)};

    (void)ctx;
    nanosleep(&ts, NULL);
}

struct tvm_host
world_host(struct world *w)
{
    return (struct tvm_host){world_call, now, rest, w};
}

void
world_init(struct world *w, bool keep_output, bool clocks)
{
    memset(w, 0, sizeof *w);
    for (int i = 0; i < WORLD_FILES; i++)
        w->file[i].fd = i < 3 ? i : -1;
    w->keep = keep_output;
    w->clocks = clocks;
}

void
world_finish(struct world *w)
{
    for (uint32_t i = 0; i < WORLD_FILES; i++)
        close_file(w, i);
    free(w->text[0].bytes);
    free(w->text[1].bytes);
}
