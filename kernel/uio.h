/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User memory. A guest pointer is a distinct type and is touched only here;
 * every address and length from a program is hostile and checked against its
 * memory. A uio is one scatter/gather transfer, between a file and either user
 * or kernel memory, that remembers how far it has come.
 */
#ifndef KERNEL_UIO_H
#define KERNEL_UIO_H

#include <stddef.h>
#include <stdint.h>

struct proc;

struct gptr {
    uint64_t addr;
};

static inline struct gptr
gptr(uint64_t addr)
{
    return (struct gptr){addr};
}

static inline struct gptr
gptr_add(struct gptr g, uint64_t n)
{
    return (struct gptr){g.addr + n};
}

/* 0 or -E_FAULT; all or nothing. Do not block, so the lock may be held. */
int copy_in(struct proc *p, void *dst, struct gptr src, size_t n);
int copy_out(struct proc *p, struct gptr dst, const void *src, size_t n);
/* A NUL-terminated string into dst[room]. Length, -E_FAULT, -E_NAMETOOLONG. */
int copy_in_string(struct proc *p, char *dst, struct gptr src, size_t room);

/* Length of a NUL-terminated string of at most max bytes; the same errors. */
int64_t user_string_length(struct proc *p, struct gptr s, size_t max);

#define UIO_MAXIOV 1024
struct uio_seg {
    uint64_t base; /* guest address, or a kernel pointer */
    size_t len;
};
struct uio {
    struct proc *proc; /* whose memory; NULL: kernel memory */
    const struct uio_seg *seg;
    uint32_t nseg, at; /* current segment */
    size_t done_in_seg;
    size_t resid;      /* bytes still to move */
    uint64_t offset;   /* file position, for files that have one */
};
/* One buffer; *seg is the caller's and must live as long as u. */
void uio_user(struct uio *u, struct proc *p, struct uio_seg *seg, struct gptr b,
              size_t n);
void uio_kernel(struct uio *u, struct uio_seg *seg, void *b, size_t n);
/*
 * An array of guest iovecs (struct pith_iovec: also WASI's layout) into
 * segs[room]. 0, -E_INVAL (too many, or the sum over INT32_MAX), -E_FAULT.
 */
int uio_user_iov(struct uio *u, struct proc *p, struct uio_seg *segs,
                 uint32_t room, struct gptr iov, uint32_t niov);
/* Move up to n bytes to (from) the uio; bytes moved, or -E_FAULT at once. */
int64_t uio_put(struct uio *u, const void *from, size_t n); /* into the uio */
int64_t uio_get(struct uio *u, void *to, size_t n);         /* out of it */

#endif
