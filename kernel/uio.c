/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User memory; see uio.h. It is touched by the engine alone: in a browser it is
 * another memory than the kernel's. Other threads may write to it and make it
 * grow meanwhile: what was read once may be different the second time.
 */
#include "uio.h"

#include <string.h>

#include "pith_errno.h"
#include "proc.h"

#define STRING_STEP 256u /* bytes looked at in one go */

int
copy_in(struct proc *p, void *dst, struct gptr src, size_t n)
{
    if (!p->memory || !engine_memory_read(p->memory, src.addr, dst, n))
        return -E_FAULT;
    return 0;
}

int
copy_out(struct proc *p, struct gptr dst, const void *src, size_t n)
{
    if (!p->memory || !engine_memory_write(p->memory, dst.addr, src, n))
        return -E_FAULT;
    return 0;
}

int64_t
user_string_length(struct proc *p, struct gptr s, size_t max)
{
    char piece[STRING_STEP];
    uint64_t size = p->memory ? engine_memory_size(p->memory) : 0;
    size_t done = 0;

    while (s.addr < size && done <= max) {
        uint64_t left = size - s.addr;
        size_t n = max - done + 1 < STRING_STEP ? max - done + 1 : STRING_STEP;
        const char *end;

        if (n > left)
            n = (size_t)left;
        if (copy_in(p, piece, s, n) < 0)
            return -E_FAULT;
        end = memchr(piece, 0, n);
        if (end)
            return (int64_t)(done + (size_t)(end - piece));
        done += n;
        s = gptr_add(s, n);
    }
    return done > max ? -E_NAMETOOLONG : -E_FAULT;
}

int
copy_in_string(struct proc *p, char *dst, struct gptr src, size_t room)
{
    int64_t n = room ? user_string_length(p, src, room - 1) : -E_NAMETOOLONG;

    if (n >= 0 && copy_in(p, dst, src, (size_t)n + 1) < 0)
        n = -E_FAULT;
    if (n >= 0)
        dst[n] = 0;
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

/* n bytes of the current segment, to or from kernel memory; 0 or -E_FAULT. */
static int
move_piece(struct uio *u, uint8_t *kernel, size_t n, bool in)
{
    uint64_t at = u->seg[u->at].base + u->done_in_seg;
    uint8_t *direct = (uint8_t *)(uintptr_t)at;

    if (u->proc)
        return in ? copy_out(u->proc, gptr(at), kernel, n)
                  : copy_in(u->proc, kernel, gptr(at), n);
    memcpy(in ? direct : kernel, in ? kernel : direct, n);
    return 0;
}

static int64_t
move(struct uio *u, uint8_t *kernel, size_t n, bool in)
{
    size_t done = 0;

    if (n > u->resid)
        n = u->resid;
    while (done < n) {
        size_t len;

        while (u->done_in_seg == u->seg[u->at].len) {
            u->at++;
            u->done_in_seg = 0;
        }
        len = u->seg[u->at].len - u->done_in_seg;
        if (len > n - done)
            len = n - done;
        if (move_piece(u, kernel + done, len, in) < 0)
            return -E_FAULT;
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
