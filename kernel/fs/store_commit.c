/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits: everything that changed goes out in one transaction.
 *
 *     1. lock held:  take the changes of names, a row for each dirty inode and
 *                    a reference to each dirty chunk's buffer; all is clean now
 *     2. no lock:    the backend writes them; programs go on
 *     3. lock held:  if it failed, what was taken is dirty again
 *
 * Inodes of a commit under way are referenced, so they stay; what is changed
 * meanwhile is dirty again and belongs to the next one.
 */
#include "store_internal.h"

#include "../lib.h"
#include "../memory.h"

#include <string.h>

#define RESERVE (1u << 20) /* kept free, so that removing still works */
#define MOST_WHEN_SHORT (1u << 20) /* dirty bytes, when memory is */

struct batch {
    struct store_step *steps;
    size_t nsteps;
    struct batch_inode {
        struct store_inode *si;
        bool was_saved;
    } *inodes;
    size_t ninodes;
    struct batch_chunk {
        struct store_inode *si;
        uint64_t index;
        struct chunk_data *data;
        uint32_t len;
    } *chunks;
    size_t nchunks;
    struct store_change *changes;
    uint32_t nchanges;
    uint64_t bytes;
};

bool
store_is_clean(const struct store *s)
{
    return !s->dirty_inodes && !s->changes && !s->dirty;
}

/* ---- 1: taking ---------------------------------------------------------- */

static void
batch_finish(struct batch *b)
{
    while (b->changes) {
        struct store_change *next = b->changes->next;
        host_free(b->changes);
        b->changes = next;
    }
    host_free(b->steps);
    host_free(b->inodes);
    host_free(b->chunks);
}

static int
batch_init(struct store *s, struct batch *b)
{
    size_t inodes = 0, chunks = 0;
    const struct store_change *ch;
    size_t changes = 0;

    memset(b, 0, sizeof *b);
    for (struct store_inode *si = s->dirty_inodes; si; si = si->next_dirty)
        inodes++;
    if (s->dirty) {
        const struct chunk *c = s->dirty;
        do
            chunks++;
        while ((c = c->next) != s->dirty);
    }
    for (ch = s->changes; ch; ch = ch->next)
        changes += ch->sql == STORE_DEL_INODE ? 2 : 1;
    b->steps = host_alloc((changes + inodes * 2 + chunks + 1) *
                          sizeof *b->steps);
    b->inodes = host_alloc((inodes + 1) * sizeof *b->inodes);
    b->chunks = host_alloc((chunks + 1) * sizeof *b->chunks);
    if (b->steps && b->inodes && b->chunks)
        return 0;
    batch_finish(b);
    return -E_NOMEM;
}

static void
set_int(struct store_value *v, uint64_t n)
{
    *v = (struct store_value){.kind = STORE_INT, .i = (int64_t)n};
}

static struct store_step *
add_step(struct batch *b, enum store_sql sql)
{
    struct store_step *st = &b->steps[b->nsteps++];

    st->sql = sql;
    return st;
}

static void
take_changes(struct store *s, struct batch *b)
{
    b->changes = s->changes;
    b->nchanges = s->nchanges;
    s->changes = NULL;
    s->changes_end = &s->changes;
    s->nchanges = 0;
    for (const struct store_change *c = b->changes; c; c = c->next) {
        struct store_step *st = add_step(b, c->sql);
        if (c->sql == STORE_DEL_INODE) {
            set_int(&st->arg[0], c->ino);
            st = add_step(b, STORE_DEL_CHUNKS);
            set_int(&st->arg[0], c->ino);
            set_int(&st->arg[1], 0);
            continue;
        }
        set_int(&st->arg[0], c->dir);
        st->arg[1] = (struct store_value){STORE_TEXT, 0, c->name, c->len};
        set_int(&st->arg[2], c->ino);
        set_int(&st->arg[3], c->cookie);
        b->bytes += c->len + 32;
    }
}

static void
take_inode(struct batch *b, struct store_inode *si)
{
    const struct inode *i = &si->i;
    struct store_step *st;
    uint64_t column[] = {i->ino, i->mode, i->nlink, i->uid, i->gid, i->rdev,
                         i->size, si->bytes, (uint64_t)i->atime_ns,
                         (uint64_t)i->mtime_ns, (uint64_t)i->ctime_ns};

    b->inodes[b->ninodes++] = (struct batch_inode){si, si->saved};
    if (si->void_from != STORE_NOTHING_VOID) {
        if (si->saved) {
            st = add_step(b, STORE_DEL_CHUNKS);
            set_int(&st->arg[0], i->ino);
            set_int(&st->arg[1], si->void_from);
        }
        si->void_writing = si->void_from;
        si->void_from = STORE_NOTHING_VOID;
    }
    st = add_step(b, STORE_PUT_INODE);
    for (size_t k = 0; k < sizeof column / sizeof *column; k++)
        set_int(&st->arg[k], column[k]);
    if (inode_is(i, PITH_S_IFLNK)) /* never changes: no copy needed */
        st->arg[11] = (struct store_value){STORE_TEXT, 0, si->target,
                                           (size_t)i->size};
    si->saved = true;
    b->bytes += 128;
}

static void
take_chunk(struct batch *b, struct chunk *c)
{
    struct store_step *st = add_step(b, STORE_PUT_CHUNK);
    struct batch_chunk *bc = &b->chunks[b->nchunks++];

    *bc = (struct batch_chunk){c->owner, c->index, c->data, c->len};
    if (c->data)
        c->data->refs++;
    set_int(&st->arg[0], c->owner->i.ino);
    set_int(&st->arg[1], c->index);
    st->arg[2] = (struct store_value){STORE_BLOB, 0,
                                      c->data ? (const void *)c->data->bytes
                                              : "",
                                      c->len};
    c->writing = true;
    chunk_set_dirty(c, false);
    b->bytes += c->len;
}

static void
take(struct store *s, struct batch *b)
{
    take_changes(s, b);
    while (s->dirty_inodes) {
        struct store_inode *si = s->dirty_inodes;
        store_hold(si);
        take_inode(b, si);
        store_mark_clean(si);
    }
    while (s->dirty)
        take_chunk(b, s->dirty);
    s->dirty_since_ns = 0;
}

/* ---- 3: settling -------------------------------------------------------- */

static void
settle_chunks(struct batch *b, bool ok)
{
    for (size_t n = 0; n < b->nchunks; n++) {
        struct batch_chunk *bc = &b->chunks[n];
        struct chunk *c = page_tree_get(&bc->si->chunks, bc->index);
        if (c && c->writing) { /* else it was cut off meanwhile */
            c->writing = false;
            if (!ok)
                chunk_set_dirty(c, true);
        }
        chunk_data_unref(bc->data);
    }
}

static void
settle_inodes(struct batch *b, bool ok)
{
    for (size_t n = 0; n < b->ninodes; n++) {
        struct store_inode *si = b->inodes[n].si;
        if (!ok) {
            if (si->void_writing < si->void_from)
                si->void_from = si->void_writing;
            si->saved = b->inodes[n].was_saved;
            store_mark_dirty(si);
        }
        si->void_writing = STORE_NOTHING_VOID;
        inode_unref(&si->i);
    }
}

/* Names that were not written go before those that came since. */
static void
put_back_changes(struct store *s, struct batch *b)
{
    struct store_change **end = &b->changes;

    if (!b->changes)
        return;
    while (*end)
        end = &(*end)->next;
    *end = s->changes;
    if (!s->changes)
        s->changes_end = end;
    s->changes = b->changes;
    s->nchanges += b->nchanges;
    b->changes = NULL;
}

static int
commit_once(struct store *s)
{
    struct batch b;
    uint64_t used = 0, left = 0, mine;
    int r = batch_init(s, &b);

    if (r < 0)
        return r;
    s->committing = true;
    take(s, &b);
    mine = s->generation++;
    kernel_unlock();
    r = b.nsteps ? s->backend->ops->commit(s->backend, b.steps, b.nsteps) : 0;
    if (s->backend->ops->space(s->backend, &used, &left) < 0)
        left = 0;
    kernel_lock();
    s->used_bytes = used;
    s->left_bytes = left;
    settle_chunks(&b, r == 0);
    if (r < 0)
        put_back_changes(s, &b);
    else
        s->committed = mine;
    settle_inodes(&b, r == 0);
    s->stats.commits++;
    s->stats.committed_steps += b.nsteps;
    batch_finish(&b);
    s->committing = false;
    store_trim_chunks(s);
    wake(&s->commits);
    return r;
}

int
store_commit(struct store *s)
{
    uint64_t want = s->generation;
    int r = 0;

    if (s->options.ephemeral)
        return 0;
    while (s->committed < want) {
        if (s->committing)
            r = wait_on_killable(&s->commits, HOST_FOREVER);
        else if (store_is_clean(s))
            return 0;
        else
            r = commit_once(s);
        if (r < 0)
            return r;
    }
    return 0;
}

int
store_fsync(struct inode *i, struct file *f, bool data_only)
{
    (void)f;
    (void)data_only;
    return store_commit(store_of(i));
}

/* ---- when --------------------------------------------------------------- */

static int
reserve_ephemeral(struct store *s, uint64_t n)
{
    uint64_t used = s->dirty_bytes + s->meta_bytes + s->tree_bytes +
                    (uint64_t)s->ninodes * sizeof(struct store_inode);

    if (used + n > s->options.dirty_bytes || memory_is_short())
        return -E_NOSPC;
    return 0;
}

int
store_reserve(struct store *s, uint64_t n)
{
    uint64_t most =
        memory_is_short() ? MOST_WHEN_SHORT : s->options.dirty_bytes;
    int r;

    if (s->options.ephemeral)
        return reserve_ephemeral(s, n);
    /* Sparse files have trees that cost more than the data. */
    if (s->dirty_bytes + s->tree_bytes / 2 >= most ||
        s->nchanges >= STORE_MANY || s->ndirty >= STORE_MANY) {
        r = store_commit(s);
        if (r < 0)
            return r;
    }
    if (s->dirty_bytes + n + RESERVE <= s->left_bytes)
        return 0;
    if (!store_is_clean(s)) { /* perhaps something was removed */
        r = store_commit(s);
        if (r < 0)
            return r;
    }
    return s->dirty_bytes + n + RESERVE <= s->left_bytes ? 0 : -E_NOSPC;
}

void
store_hurry(struct store *s)
{
    if (s->dirty_since_ns || s->options.ephemeral)
        return;
    s->dirty_since_ns = host_mono_ns();
    if (s->flusher_runs)
        wake(&s->flush);
}

/* The task that writes what nobody asked to be written. */
void
store_flusher(void *store)
{
    struct store *s = store;
    int last = 0;

    while (!s->stopping) {
        uint64_t since = s->dirty_since_ns;
        uint64_t due = since ? since + STORE_FLUSH_NS : HOST_FOREVER;
        int r;
        if (host_mono_ns() < due) {
            wait_on_killable(&s->flush, due);
            continue;
        }
        r = store_commit(s);
        if (r < 0 && r != last)
            kernel_log("store: changes could not be written yet: %s",
                       pith_errno_text(r));
        last = r;
        if (r < 0) /* try again, but not at once */
            s->dirty_since_ns = host_mono_ns();
    }
    s->flusher_runs = false;
    wake(&s->flush);
    host_task_exit();
}
