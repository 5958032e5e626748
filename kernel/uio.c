/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User memory; see uio.h. A memory may grow while its process is in the kernel
 * only by that process itself, so base and size are looked up at every use and
 * never kept.
 */
#include "uio.h"

#include <string.h>

#include "pith_errno.h"
#include "proc.h"

/* n bytes of user memory at g, or NULL. */
static uint8_t *
user_at(struct proc *p, struct gptr g, size_t n)
{
    uint64_t size;

    if (!p->memory)
        return NULL;
    size = engine_memory_size(p->memory);
    if (g.addr > size || n > size - g.addr)
        return NULL;
    return engine_memory_base(p->memory) + g.addr;
}

int
copy_in(struct proc *p, void *dst, struct gptr src, size_t n)
{
    const uint8_t *at = user_at(p, src, n);

    if (!at)
        return -E_FAULT;
    memcpy(dst, at, n);
    return 0;
}

int
copy_out(struct proc *p, struct gptr dst, const void *src, size_t n)
{
    uint8_t *at = user_at(p, dst, n);

    if (!at)
        return -E_FAULT;
    memcpy(at, src, n);
    return 0;
}

int64_t
user_string_length(struct proc *p, struct gptr s, size_t max)
{
    const uint8_t *at = user_at(p, s, 0), *end;
    uint64_t left;
    size_t n;

    if (!at)
        return -E_FAULT;
    left = engine_memory_size(p->memory) - s.addr;
    n = left <= max ? (size_t)left : max + 1;
    end = n ? memchr(at, 0, n) : NULL;
    if (!end)
        return left > max ? -E_NAMETOOLONG : -E_FAULT;
    return end - at;
}

int
copy_in_string(struct proc *p, char *dst, struct gptr src, size_t room)
{
    int64_t n = room ? user_string_length(p, src, room - 1) : -E_NAMETOOLONG;

    if (n >= 0 && copy_in(p, dst, src, (size_t)n + 1) < 0)
        n = -E_FAULT;
    return (int)n;
}

void
uio_user(struct uio *u, struct proc *p, struct uio_seg *seg, struct gptr b,
         size_t n)
{
    seg->base = b.addr;
    seg->len = n;
    *u = (struct uio){.proc = p, .seg = seg, .nseg = 1, .resid = n};
}

void
uio_kernel(struct uio *u, struct uio_seg *seg, void *b, size_t n)
{
    seg->base = (uintptr_t)b;
    seg->len = n;
    *u = (struct uio){.seg = seg, .nseg = 1, .resid = n};
}

int
uio_user_iov(struct uio *u, struct proc *p, struct uio_seg *segs,
             uint32_t room, struct gptr iov, uint32_t niov)
{
    uint64_t sum = 0;
    uint32_t i;

    if (niov > room || niov > UIO_MAXIOV)
        return -E_INVAL;
    for (i = 0; i < niov; i++) {
        struct pith_iovec v;

        if (copy_in(p, &v, gptr_add(iov, i * sizeof v), sizeof v) < 0)
            return -E_FAULT;
        segs[i].base = v.base;
        segs[i].len = v.len;
        sum += v.len;
    }
    if (sum > INT32_MAX)
        return -E_INVAL;
    *u = (struct uio){
        .proc = p, .seg = segs, .nseg = niov, .resid = (size_t)sum};
    return 0;
}

/* The next piece of the uio, at most n bytes: where, and how long. */
static uint8_t *
next_piece(struct uio *u, size_t n, size_t *len)
{
    const struct uio_seg *s = &u->seg[u->at];
    uint64_t at = s->base + u->done_in_seg;

    *len = s->len - u->done_in_seg;
    if (*len > n)
        *len = n;
    if (!u->proc)
        return (uint8_t *)(uintptr_t)at;
    return user_at(u->proc, gptr(at), *len);
}

static int64_t
move(struct uio *u, uint8_t *kernel, size_t n, bool in)
{
    size_t done = 0;

    if (n > u->resid)
        n = u->resid;
    while (done < n) {
        size_t len;
        uint8_t *at;

        while (u->done_in_seg == u->seg[u->at].len) {
            u->at++;
            u->done_in_seg = 0;
        }
        at = next_piece(u, n - done, &len);
        if (!at)
            return -E_FAULT;
        if (in)
            memcpy(at, kernel + done, len);
        else
            memcpy(kernel + done, at, len);
        done += len;
        u->done_in_seg += len;
        u->resid -= len;
    }
    return (int64_t)done;
}

int64_t
uio_put(struct uio *u, const void *from, size_t n)
{
    return move(u, (uint8_t *)(uintptr_t)from, n, true);
}

int64_t
uio_get(struct uio *u, void *to, size_t n)
{
    return move(u, to, n, false);
}
