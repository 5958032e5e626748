/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page cache of store: chunks of 64 KiB, loaded when touched, each in a
 * buffer no larger than what it holds. A commit under way shares the buffers it
 * writes from; a writer then makes itself a copy.
 *
 *     index  0        1        2        3
 *          [chunk]  (hole)  [chunk]  not here: in the database, unless 3 >=
 *                                    void_from: then it is a hole
 */
#include "store_internal.h"

#include "../memory.h"
#include "zeros.h"

#include <string.h>

#define CHUNK STORE_CHUNK
#define FIRST_ROOM 512u

/* ---- buffers ------------------------------------------------------------ */

void
chunk_data_unref(struct chunk_data *d)
{
    if (d && --d->refs == 0)
        host_free(d);
}

/* A buffer of its own with room for n bytes. */
static int
make_writable(struct chunk *c, size_t n)
{
    struct chunk_data *d = c->data;
    uint32_t room = FIRST_ROOM;

    if (d && d->refs == 1 && d->room >= n)
        return 0;
    while (room < n || room < c->len)
        room *= 2;
    d = host_alloc(sizeof *d + room);
    if (!d)
        return -E_NOMEM;
    d->refs = 1;
    d->room = room;
    if (c->data)
        memcpy(d->bytes, c->data->bytes, c->len);
    chunk_data_unref(c->data);
    c->data = d;
    return 0;
}

/* ---- rings -------------------------------------------------------------- */

static void
ring_add(struct chunk **ring, struct chunk *c)
{
    if (!*ring) {
        c->next = c->prev = c;
        *ring = c;
    } else {
        c->next = *ring;
        c->prev = (*ring)->prev;
        c->prev->next = c->next->prev = c;
    }
}

static void
ring_remove(struct chunk **ring, struct chunk *c)
{
    if (c->next == c) {
        *ring = NULL;
    } else {
        c->next->prev = c->prev;
        c->prev->next = c->next;
        if (*ring == c)
            *ring = c->next;
    }
    c->next = c->prev = NULL;
}

static uint64_t
cost(const struct chunk *c)
{
    return sizeof *c + (c->data ? c->data->room : 0);
}

/* Chunks are counted in the ring they are in: take out, change, put back. */
static void
uncount(struct store *s, struct chunk *c)
{
    ring_remove(c->dirty ? &s->dirty : &s->clean, c);
    *(c->dirty ? &s->dirty_bytes : &s->clean_bytes) -= cost(c);
    s->fs.cached -= cost(c);
    memory_give(cost(c));
}

static void
count(struct store *s, struct chunk *c)
{
    ring_add(c->dirty ? &s->dirty : &s->clean, c);
    *(c->dirty ? &s->dirty_bytes : &s->clean_bytes) += cost(c);
    s->fs.cached += cost(c);
    memory_charge(cost(c));
}

void
chunk_set_dirty(struct chunk *c, bool dirty)
{
    struct store *s = store_of(&c->owner->i);

    if (c->dirty == dirty)
        return;
    uncount(s, c);
    c->dirty = dirty;
    count(s, c);
}

static struct chunk *
chunk_create(struct store_inode *si, uint64_t index)
{
    struct chunk *c = host_alloc(sizeof *c);
    uint64_t tree = si->chunks.bytes;
    int r;

    if (!c)
        return NULL;
    c->owner = si;
    c->index = index;
    r = page_tree_set(&si->chunks, index, c);
    store_of(&si->i)->tree_bytes += si->chunks.bytes - tree;
    if (r < 0) {
        host_free(c);
        return NULL;
    }
    count(store_of(&si->i), c);
    return c;
}

/* Out of the tree and away. */
static void
chunk_destroy(struct chunk *c)
{
    struct store_inode *si = c->owner;
    struct store *s = store_of(&si->i);
    uint64_t tree = si->chunks.bytes;

    page_tree_remove(&si->chunks, c->index);
    s->tree_bytes -= tree - si->chunks.bytes;
    uncount(s, c);
    chunk_data_unref(c->data);
    host_free(c);
}

/* A clock over the clean ones: those used since the hand last passed stay. */
void
store_trim_chunks(struct store *s)
{
    for (int steps = 0;
         s->clean && steps < 256 &&
         s->clean_bytes + s->tree_bytes > s->options.cache_bytes;
         steps++) {
        struct chunk *c = s->clean;
        if (c->referenced || c->loading || c->writing) {
            c->referenced = false;
            s->clean = c->next;
        } else {
            chunk_destroy(c);
        }
    }
}

/* ---- loading ------------------------------------------------------------ */

static bool
in_database(const struct store_inode *si, uint64_t index)
{
    return index < si->void_from && index < si->void_writing &&
           index < si->i.size / CHUNK + 1;
}

static int
take_data(void *ctx, const struct store_value *v, uint32_t n)
{
    struct chunk *c = ctx;

    if (n != 1 || v[0].kind != STORE_BLOB || v[0].n > CHUNK)
        return -E_IO;
    if (v[0].n == 0)
        return 0;
    if (make_writable(c, v[0].n) < 0)
        return -E_NOMEM;
    memcpy(c->data->bytes, v[0].p, v[0].n);
    c->len = (uint32_t)v[0].n;
    return 0;
}

static int
load(struct store *s, struct chunk *c)
{
    struct store_value args[2] = {
        {.kind = STORE_INT, .i = (int64_t)c->owner->i.ino},
        {.kind = STORE_INT, .i = (int64_t)c->index}};
    int r;

    uncount(s, c); /* it is nobody else's while it loads */
    c->loading = true;
    kernel_unlock();
    r = s->backend->ops->query(s->backend, STORE_GET_CHUNK, args, take_data,
                               c);
    kernel_lock();
    c->loading = false;
    count(s, c);
    s->stats.loads++;
    if (r < 0)
        chunk_destroy(c);
    wake(&s->loads);
    return r;
}

/*
 * The chunk, loaded; *out is NULL where there is a hole, unless make says to
 * fill it. May block: what the caller knew of the inode before may have
 * changed.
 */
static int
get_chunk(struct store_inode *si, uint64_t index, bool make,
          struct chunk **out)
{
    struct store *s = store_of(&si->i);
    struct chunk *c;
    int r;

    while ((c = page_tree_get(&si->chunks, index)) && c->loading) {
        r = wait_on_killable(&s->loads, HOST_FOREVER);
        if (r < 0)
            return r;
    }
    *out = c;
    if (c) {
        c->referenced = true;
        return 0;
    }
    if (!make && !in_database(si, index))
        return 0;
    store_trim_chunks(s);
    c = chunk_create(si, index);
    if (!c)
        return -E_NOMEM;
    if (in_database(si, index)) {
        r = load(s, c);
        if (r < 0)
            return r;
    }
    c->referenced = true;
    *out = c;
    return 0;
}

/* ---- reading ------------------------------------------------------------ */

static int64_t
put_chunk(struct uio *u, const struct chunk *c, size_t in, size_t n)
{
    size_t have = c && c->len > in ? c->len - in : 0;
    int64_t r = 0;

    if (have > n)
        have = n;
    if (have > 0)
        r = uio_put(u, c->data->bytes + in, have);
    for (size_t done = have; r >= 0 && done < n;) {
        size_t step = n - done < ZEROS ? n - done : ZEROS;
        r = uio_put(u, zeros, step);
        done += step;
    }
    return r < 0 ? r : (int64_t)n;
}

int64_t
store_read(struct inode *i, struct file *f, struct uio *u)
{
    struct store_inode *si = store_inode(i);
    uint64_t at = u->offset;
    int64_t done = 0, r = 0;

    (void)f;
    while (u->resid > 0 && at < i->size) {
        size_t in = (size_t)(at % CHUNK), n = CHUNK - in;
        struct chunk *c;
        r = get_chunk(si, at / CHUNK, false, &c);
        if (r < 0 || at >= i->size) /* cut off meanwhile */
            break;
        if (n > i->size - at)
            n = (size_t)(i->size - at);
        if (n > u->resid)
            n = u->resid;
        r = put_chunk(u, c, in, n);
        if (r < 0)
            break;
        done += r;
        at += n;
    }
    return done ? done : r;
}

/* ---- writing ------------------------------------------------------------ */

static void
set_len(struct chunk *c, uint32_t len)
{
    c->owner->bytes += len;
    c->owner->bytes -= c->len < c->owner->bytes ? c->len : c->owner->bytes;
    c->len = len;
}

/* n bytes of the uio to `in` of the chunk. */
static int64_t
fill_chunk(struct chunk *c, struct uio *u, size_t in, size_t n)
{
    struct store *s = store_of(&c->owner->i);
    int64_t r;

    uncount(s, c);
    r = make_writable(c, in + n);
    if (r == 0) {
        if (in > c->len)
            memset(c->data->bytes + c->len, 0, in - c->len);
        r = uio_get(u, c->data->bytes + in, n);
        c->dirty = true;
        if (r >= 0 && in + n > c->len)
            set_len(c, (uint32_t)(in + n));
    }
    count(s, c);
    return r;
}

static int64_t
write_locked(struct store_inode *si, struct uio *u)
{
    uint64_t at = u->offset;
    int64_t done = 0, r = 0;

    while (u->resid > 0) {
        size_t in = (size_t)(at % CHUNK), n = CHUNK - in;
        struct chunk *c;
        if (n > u->resid)
            n = u->resid;
        r = store_reserve(store_of(&si->i), n);
        if (r == 0)
            r = get_chunk(si, at / CHUNK, true, &c);
        if (r == 0)
            r = fill_chunk(c, u, in, n);
        if (r < 0)
            break;
        done += r;
        at += n;
        if (at > si->i.size)
            si->i.size = at;
        store_touch(si); /* before the next piece may block */
    }
    return done ? done : r;
}

int64_t
store_write(struct inode *i, struct file *f, struct uio *u)
{
    struct store_inode *si = store_inode(i);
    int64_t r = sleep_lock_take(&si->lock);

    if (r < 0)
        return r;
    if (f->flags & PITH_O_APPEND)
        u->offset = i->size;
    r = write_locked(si, u);
    sleep_lock_drop(&si->lock);
    return r;
}

/* ---- size --------------------------------------------------------------- */

void
store_drop_chunks(struct store_inode *si, uint64_t from)
{
    uint64_t at = from;
    struct chunk *c;

    while ((c = page_tree_next(&si->chunks, &at))) {
        set_len(c, 0);
        chunk_destroy(c);
        at++;
    }
}

/* No chunk from there on is being loaded. */
static int
wait_for_loads(struct store_inode *si, uint64_t from)
{
    uint64_t at = from;
    struct chunk *c;

    while ((c = page_tree_next(&si->chunks, &at))) {
        if (c->loading) {
            int r = wait_on_killable(&store_of(&si->i)->loads, HOST_FOREVER);
            if (r < 0)
                return r;
            at = from;
        } else {
            at++;
        }
    }
    return 0;
}

/* The part of the last chunk behind the end goes. */
static int
cut_last(struct store_inode *si, uint64_t size)
{
    uint32_t keep = (uint32_t)(size % CHUNK);
    struct store *s = store_of(&si->i);
    struct chunk *c;
    int r;

    if (keep == 0)
        return 0;
    r = get_chunk(si, size / CHUNK, false, &c);
    if (r < 0 || !c || c->len <= keep)
        return r;
    uncount(s, c);
    set_len(c, keep); /* what follows len is never shown */
    c->dirty = true;
    count(s, c);
    return 0;
}

static int
truncate_locked(struct store_inode *si, uint64_t size)
{
    uint64_t chunks = size / CHUNK + (size % CHUNK != 0);
    int r;

    if (size < si->i.size) {
        r = cut_last(si, size);
        if (r == 0)
            r = wait_for_loads(si, chunks);
        if (r < 0)
            return r;
        store_drop_chunks(si, chunks);
        if (chunks < si->void_from)
            si->void_from = chunks;
        if (si->bytes > chunks * CHUNK)
            si->bytes = chunks * CHUNK;
    }
    si->i.size = size;
    store_touch(si);
    return 0;
}

int
store_truncate(struct store_inode *si, uint64_t size)
{
    int r = sleep_lock_take(&si->lock);

    if (r < 0)
        return r;
    r = truncate_locked(si, size);
    sleep_lock_drop(&si->lock);
    return r;
}

/* Room is promised by having been there; blocks are not laid out ahead. */
int
store_allocate(struct inode *i, struct file *f, uint64_t offset, uint64_t len,
               bool keep_size)
{
    struct store_inode *si = store_inode(i);
    int r;

    (void)f;
    if (keep_size || offset + len <= i->size)
        return 0;
    r = store_reserve(store_of(i), offset + len - i->size);
    return r < 0 ? r : store_truncate(si, offset + len);
}
