/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmap by copy. Linear memory has no pages to map, so a mapping is a heap
 * block; a file's bytes are read into it, and for MAP_SHARED written back by
 * msync and munmap (where they changed; at exit too). Two processes do not
 * see each other's stores in between.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "pith.h"

struct map {
    struct map *next;
    char *base;
    size_t length;
    int fd; /* a duplicate, when there is something to write back, else -1 */
    int64_t offset;
};
static struct map *maps;

static void *
fail(int error)
{
    errno = error;
    return MAP_FAILED;
}

static int
fill(int fd, char *base, size_t length, int64_t offset)
{
    size_t done = 0;
    while (done < length) {
        size_t n = length - done < 1 << 20 ? length - done : 1 << 20;
        long r = pith_pread(fd, base + done, (int32_t)n,
                            offset + (int64_t)done);
        if (r == -EINTR)
            continue;
        if (r < 0)
            return (int)r;
        if (r == 0)
            break;
        done += (size_t)r;
    }
    return 0;
}

/* Write [at, at + length) of the map back, no further than the file's end. */
static int
flush(struct map *m, char *at, size_t length)
{
    struct pith_stat st;
    int64_t where = m->offset + (at - m->base);
    if (m->fd < 0)
        return 0;
    if (pith_fstat(m->fd, &st) < 0 || where >= st.size)
        return 0;
    if ((int64_t)length > st.size - where)
        length = (size_t)(st.size - where);
    while (length > 0) {
        size_t n = length < 1 << 20 ? length : 1 << 20;
        long r = pith_pwrite(m->fd, at, (int32_t)n, where);
        if (r == -EINTR)
            continue;
        if (r <= 0)
            return r ? (int)r : -EIO;
        at += r;
        where += r;
        length -= (size_t)r;
    }
    return 0;
}

static void
flush_all(void)
{
    for (struct map *m = maps; m; m = m->next)
        flush(m, m->base, m->length);
}

void *
__mmap(void *where, size_t length, int prot, int flags, int fd, off_t offset)
{
    static int at_exit;
    struct map *m;
    int r;
    if (length == 0 || (offset & (PAGE_SIZE - 1)))
        return fail(EINVAL);
    if (flags & MAP_FIXED) /* nothing can be put at a given address */
        return fail(where ? ENOMEM : EINVAL);
    if (length > PTRDIFF_MAX - PAGE_SIZE)
        return fail(ENOMEM);
    m = calloc(1, sizeof *m);
    if (!m)
        return fail(ENOMEM);
    length = (length + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
    *m = (struct map){.length = length, .fd = -1, .offset = offset};
    m->base = aligned_alloc(PAGE_SIZE, length);
    if (!m->base) {
        free(m);
        return fail(ENOMEM);
    }
    memset(m->base, 0, length);
    if (!(flags & MAP_ANONYMOUS)) {
        r = fill(fd, m->base, length, offset);
        if (r >= 0 && (flags & MAP_TYPE) != MAP_PRIVATE && (prot & PROT_WRITE))
            r = m->fd = (int)pith_fcntl(fd, PITH_F_DUPFD_CLOEXEC, 64);
        if (r < 0) {
            free(m->base);
            free(m);
            return fail(-r);
        }
    }
    if (m->fd >= 0 && !at_exit) {
        at_exit = 1;
        atexit(flush_all);
    }
    m->next = maps;
    maps = m;
    return m->base;
}
void *mmap(void *, size_t, int, int, int, off_t)
    __attribute__((__weak__, alias("__mmap")));

/* The map that covers at, and the link to it. */
static struct map **
find(const void *at)
{
    struct map **link;
    for (link = &maps; *link; link = &(*link)->next)
        if ((const char *)at >= (*link)->base &&
            (const char *)at < (*link)->base + (*link)->length)
            break;
    return link;
}

int
__munmap(void *at, size_t length)
{
    struct map **link = find(at), *m = *link;
    if (!m || length == 0) {
        errno = EINVAL;
        return -1;
    }
    length = (length + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
    if (length > (size_t)(m->base + m->length - (char *)at))
        length = (size_t)(m->base + m->length - (char *)at);
    flush(m, at, length);
    if (at != m->base || length != m->length) {
        /* A piece of the block: the end can go, the rest stays until all
         * does (a front piece is remembered as gone by never being asked). */
        if ((char *)at + length == m->base + m->length && at != m->base)
            m->length -= length;
        return 0;
    }
    *link = m->next;
    if (m->fd >= 0)
        pith_close(m->fd);
    free(m->base);
    free(m);
    return 0;
}
int munmap(void *, size_t) __attribute__((__weak__, alias("__munmap")));

int
msync(void *at, size_t length, int flags)
{
    struct map *m = *find(at);
    int r;
    (void)flags;
    if (!m) {
        errno = ENOMEM;
        return -1;
    }
    if (length > (size_t)(m->base + m->length - (char *)at))
        length = (size_t)(m->base + m->length - (char *)at);
    r = flush(m, at, length);
    if (r < 0) {
        errno = -r;
        return -1;
    }
    return 0;
}

void *
__mremap(void *at, size_t old_length, size_t new_length, int flags, ...)
{
    struct map *m = *find(at);
    char *base;
    size_t keep;
    (void)old_length;
    if (!m || at != m->base || new_length == 0)
        return fail(EINVAL);
    new_length = (new_length + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
    if (new_length <= m->length) {
        m->length = new_length;
        return at;
    }
    if (!(flags & MREMAP_MAYMOVE))
        return fail(ENOMEM);
    base = aligned_alloc(PAGE_SIZE, new_length);
    if (!base)
        return fail(ENOMEM);
    keep = m->length;
    memcpy(base, m->base, keep);
    memset(base + keep, 0, new_length - keep);
    if (m->fd >= 0)
        fill(m->fd, base + keep, new_length - keep,
             m->offset + (int64_t)keep);
    free(m->base);
    m->base = base;
    m->length = new_length;
    return base;
}
void *mremap(void *, size_t, size_t, int, ...)
    __attribute__((__weak__, alias("__mremap")));

/* Memory is always readable and writable, never executable. */
int
__mprotect(void *at, size_t length, int prot)
{
    (void)at, (void)length, (void)prot;
    return 0;
}
int mprotect(void *, size_t, int)
    __attribute__((__weak__, alias("__mprotect")));

int
__madvise(void *at, size_t length, int advice)
{
    (void)at, (void)length, (void)advice;
    return 0;
}
int madvise(void *, size_t, int) __attribute__((__weak__, alias("__madvise")));
