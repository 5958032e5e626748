/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preview 1: fd_readdir. Records are a wasi_dirent and the name, back to back
 * without padding. The last one is cut off where the buffer ends; a full buffer
 * is how the program knows that there is more.
 */
#include <string.h>

#include "wasi_p1.h"

struct listing {
    struct proc *proc;
    struct gptr buf;
    size_t room, used;
    int error;
};

static int
put(struct listing *l, const void *from, size_t n)
{
    if (n > l->room - l->used)
        n = l->room - l->used;
    int r = copy_out(l->proc, gptr_add(l->buf, l->used), from, n);
    l->used += n;
    return r;
}

static int
emit(void *ctx, const char *name, size_t len, uint64_t ino, uint32_t mode,
     uint64_t next)
{
    struct listing *l = ctx;
    if (l->used == l->room)
        return 1;
    struct wasi_dirent d;
    memset(&d, 0, sizeof d); /* the padding is copied out, too */
    d.next = next;
    d.ino = ino;
    d.namlen = (uint32_t)len;
    d.type = wasi_filetype(mode);
    l->error = put(l, &d, sizeof d);
    if (l->error == 0)
        l->error = put(l, name, len);
    return l->error != 0;
}

int64_t
wasi_fd_readdir(struct proc *p, const uint64_t *a)
{
    struct file *f;
    int r = wasi_fd(p, (uint32_t)a[0], WASI_R_FD_READDIR, &f);
    if (r < 0)
        return r;
    struct listing l = {p, gptr(a[1]), (size_t)(uint32_t)a[2], 0, 0};
    uint64_t pos = a[3];
    r = call_readdir(p, (int)a[0], &pos, emit, &l);
    if (l.error < 0)
        return l.error;
    return r < 0 ? r : wasi_put32(p, a[4], (uint32_t)l.used);
}
