/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executable memory: chunks per module, each mapped twice, once to write and
 * once to run, so that no page is ever both at one address. Functions lie in
 * order of address; code is never moved or freed before its module.
 */
#define _GNU_SOURCE
#include "config.h"

#if ENGINE_JIT
#include "jit.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define FIRST ((size_t)64 << 10)
#define LARGEST ((size_t)4 << 20)
#define LARGEST_MODULE ((size_t)1 << 30) /* bytes of code */

static bool
map_twice(size_t size, uint8_t **rx, uint8_t **rw)
{
    int fd = memfd_create("pith-jit", MFD_CLOEXEC);
    void *w, *x;

    if (fd < 0)
        return false;
    if (ftruncate(fd, (off_t)size) < 0) {
        close(fd);
        return false;
    }
    w = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    x = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    close(fd);
    if (w != MAP_FAILED && x != MAP_FAILED) {
        *rx = x;
        *rw = w;
        return true;
    }
    if (w != MAP_FAILED)
        munmap(w, size);
    if (x != MAP_FAILED)
        munmap(x, size);
    return false;
}

bool
jit_memory_works(void)
{
    uint8_t *rx, *rw;

    if (!map_twice(4096, &rx, &rw))
        return false;
    munmap(rx, 4096);
    munmap(rw, 4096);
    return true;
}

/* A chunk begins with a veneer for each helper, and the pool of constants. */
#define VENEER (sizeof jit_machine_veneer + sizeof jit_helpers[0])

uint32_t
jit_pool_place(void)
{
    return (uint32_t)(HELPER_COUNT * VENEER);
}

static size_t
header_size(void)
{
    return jit_pool_place() + jit_pool_size();
}

static void
put_header(uint8_t *chunk)
{
    for (unsigned h = 0; h < HELPER_COUNT; h++) {
        uint8_t *at = chunk + h * VENEER;

        memcpy(at, jit_machine_veneer, sizeof jit_machine_veneer);
        memcpy(at + sizeof jit_machine_veneer, &jit_helpers[h],
               sizeof jit_helpers[h]);
    }
    jit_pool_copy(chunk + jit_pool_place());
}

static struct jit_chunk *
chunk_for(struct jit *j, size_t bytes)
{
    struct jit_chunk *c = j->chunks;
    size_t size = c ? c->size * 2 : FIRST;

    if (c && bytes <= c->size - c->used)
        return c;
    if (size > LARGEST)
        size = LARGEST;
    while (size < bytes + header_size())
        size *= 2;
    if (j->code_bytes + size > LARGEST_MODULE)
        return NULL;
    c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    if (!map_twice(size, &c->rx, &c->rw)) {
        free(c);
        return NULL;
    }
    c->size = size;
    c->used = header_size();
    put_header(c->rw);
    jit_machine_written(c->rx, c->used);
    if (native_code_add(c->rx, size, j->m, NATIVE_CODE_CHUNK, jit_place) < 0) {
        munmap(c->rx, size);
        munmap(c->rw, size);
        free(c);
        return NULL;
    }
    c->next = j->chunks;
    j->chunks = c;
    j->code_bytes += size;
    return c;
}

void
jit_chunks_free(struct jit *j)
{
    struct jit_chunk *c;

    while ((c = j->chunks)) {
        j->chunks = c->next;
        native_code_remove(c->rx);
        munmap(c->rx, c->size);
        munmap(c->rw, c->size);
        free(c->funcs);
        free(c);
    }
}

/* How many bytes each instruction became. */
static const uint8_t *
sizes(struct jit *j)
{
    uint8_t *made = arena_take(&j->work, j->n * 3u + 16), *p = made, *out;
    uint32_t at = j->body;

    if (!made)
        return NULL;
    for (uint32_t i = 1; i < j->n; i++) {
        uint32_t n = j->native_at[i] - at; /* of the one before */

        for (at = j->native_at[i]; n > 0x7f; n >>= 7)
            *p++ = (uint8_t)(n | 0x80);
        *p++ = (uint8_t)n;
    }
    out = arena_take(&j->keep, (size_t)(p - made));
    return out ? memcpy(out, made, (size_t)(p - made)) : NULL;
}

/* The ways into loops, to be kept. */
static const struct jit_loop *
entries(struct jit *j)
{
    size_t bytes = j->nentries * sizeof *j->entries;
    struct jit_loop *out = arena_take(&j->keep, bytes);

    return out ? memcpy(out, j->entries, bytes) : NULL;
}

bool
jit_install(struct jit *j)
{
    struct jit_chunk *c = chunk_for(j, j->at + 16);
    struct jit_func *f;
    uint32_t start;

    if (!c)
        return false;
    if (c->nfuncs == c->funcs_cap &&
        !t_grow(j->t, &c->funcs, &c->funcs_cap, sizeof *c->funcs))
        return false;
    start = (uint32_t)((c->used + 15) & ~(size_t)15);
    f = &c->funcs[c->nfuncs];
    *f = (struct jit_func){.start = start,
                           .body = start + j->body,
                           .end = start + (uint32_t)j->at,
                           .func = j->func,
                           .ninsns = j->n,
                           .sizes = sizes(j),
                           .insns = j->published};
    if (j->nentries && (f->loops = entries(j)))
        f->nloops = j->nentries;
    if (!f->sizes)
        return false;
    j->start = start;
    for (uint32_t k = 0; k < j->nfixups; k++) {
        uint32_t to = j->fixups[k].insn;

        if (to == JIT_POOL)
            jit_patch(j, j->fixups[k].at, jit_pool_place() - start);
        else if (to >= JIT_HELPER)
            jit_patch(j, j->fixups[k].at,
                      (uint32_t)((to - JIT_HELPER) * VENEER) -
                          start);
    }
    if (j->failed) /* too far */
        return false;
    memcpy(c->rw + start, j->buf, j->at);
    c->used = start + j->at;
    c->nfuncs++;
    jit_machine_written(c->rx + start, j->at);
    native_publish(j->m, j->func, (native_fn *)(uintptr_t)(c->rx + start),
                   (uintptr_t)c->rx + f->body);
    native_tell_perf(j->m, j->func, c->rx + start, j->at);
    return true;
}

bool
jit_publish_again(struct engine_module *m, uint32_t func)
{
    for (const struct jit_chunk *c = m->jit ? m->jit->chunks : NULL; c;
         c = c->next)
        for (uint32_t k = 0; k < c->nfuncs; k++)
            if (c->funcs[k].func == func) {
                native_publish(m, func,
                               (native_fn *)(uintptr_t)(c->rx +
                                                        c->funcs[k].start),
                               (uintptr_t)c->rx + c->funcs[k].body);
                return true;
            }
    return false;
}

/* ---- places ---- */

static const struct jit_func *
find(struct engine_module *m, uintptr_t at, const struct jit_chunk **chunk)
{
    for (const struct jit_chunk *c = m->jit ? m->jit->chunks : NULL; c;
         c = c->next) {
        uint32_t lo = 0, hi = c->nfuncs, offset;

        if (at < (uintptr_t)c->rx || at >= (uintptr_t)c->rx + c->used)
            continue;
        offset = (uint32_t)(at - (uintptr_t)c->rx);
        while (lo < hi) {
            uint32_t mid = (lo + hi) / 2;

            if (c->funcs[mid].end <= offset)
                lo = mid + 1;
            else
                hi = mid;
        }
        *chunk = c;
        return lo < c->nfuncs && offset >= c->funcs[lo].start ? &c->funcs[lo]
                                                              : NULL;
    }
    return NULL;
}

static uint32_t
next_size(const uint8_t **p)
{
    uint32_t v = 0, shift = 0;

    for (; **p & 0x80; shift += 7)
        v |= (uint32_t)(*(*p)++ & 0x7f) << shift;
    return v | (uint32_t)*(*p)++ << shift;
}

/* Called on a fault of machine code, which holds no lock. */
const struct insn *
jit_place(struct engine_module *m, uint32_t func, uintptr_t at)
{
    const struct jit_chunk *c;
    const struct jit_func *f;
    const struct insn *insn = NULL;
    const uint8_t *p;

    (void)func;
    pthread_mutex_lock(&m->lock);
    f = find(m, at, &c);
    if (f) {
        uint32_t offset = (uint32_t)(at - (uintptr_t)c->rx), i = 0;
        uint32_t here = f->body;

        for (p = f->sizes;; i++) {
            uint32_t n;

            if (i + 1 >= f->ninsns)
                break;
            n = next_size(&p);
            if (here + n > offset)
                break;
            here += n;
        }
        insn = f->insns + i;
    }
    pthread_mutex_unlock(&m->lock);
    return insn;
}

uintptr_t
jit_loop_entry(struct engine_module *m, uint32_t func, uint32_t insn)
{
    native_fn *fn = atomic_load(&m->code[func].native);
    const struct jit_chunk *c;
    const struct jit_func *f;
    uintptr_t at = 0;

    pthread_mutex_lock(&m->lock);
    f = fn ? find(m, (uintptr_t)fn, &c) : NULL;
    for (uint32_t k = 0; f && k < f->nloops; k++)
        if (f->loops[k].insn == insn)
            at = (uintptr_t)c->rx + f->start + f->loops[k].at;
    pthread_mutex_unlock(&m->lock);
    return at;
}

uintptr_t
jit_address(struct engine_module *m, uintptr_t body, uint32_t insn)
{
    const struct jit_chunk *c;
    const struct jit_func *f;
    uintptr_t at = 0;

    pthread_mutex_lock(&m->lock);
    f = find(m, body, &c);
    if (f && insn < f->ninsns) {
        const uint8_t *p = f->sizes;

        at = body;
        while (insn--)
            at += next_size(&p);
    }
    pthread_mutex_unlock(&m->lock);
    return at;
}
#endif
