/* SPDX-License-Identifier: Apache-2.0 */
/* store as a file system: opening, statfs, sync, closing. See store.h. */
#include "store_internal.h"

#include "../memory.h"

#include <string.h>

#define MB (1u << 20)

static int
sync_store(struct fs *fs)
{
    return store_commit(fs->data);
}

static int
statfs_store(struct fs *fs, struct pith_statfs *out)
{
    const struct store *s = fs->data;
    uint64_t left = s->left_bytes;

    if (s->options.ephemeral)
        left = s->options.dirty_bytes;
    left = left > s->dirty_bytes ? left - s->dirty_bytes : 0;
    out->type = 0x48544950; /* "PITH" */
    out->bsize = 4096;
    out->bfree = out->bavail = left / 4096;
    out->blocks = out->bfree + (s->used_bytes + s->dirty_bytes) / 4096;
    out->ffree = left / 512;
    out->files = s->file_count + out->ffree;
    return 0;
}

/* Everything in memory goes. */
static void
free_all(struct store *s)
{
    for (uint32_t b = 0; b < STORE_BUCKETS; b++)
        while (s->live[b])
            store_free_inode(store_inode(s->live[b]));
    while (s->changes) {
        struct store_change *next = s->changes->next;
        host_free(s->changes);
        s->changes = next;
    }
}

static bool
is_used(const struct store *s)
{
    for (uint32_t b = 0; b < STORE_BUCKETS; b++)
        for (const struct inode *i = s->live[b]; i; i = i->hash_next)
            if (i->refs > 0)
                return true;
    return false;
}

static void
destroy_store(struct fs *fs)
{
    struct store *s = fs->data;
    struct store_backend *b = s->backend;

    inode_unref(fs->root);
    s->stopping = true;
    wake(&s->flush);
    while (s->flusher_runs)
        if (wait_on_killable(&s->flush, HOST_FOREVER) < 0)
            return; /* the process that unmounts us dies: stay as we are */
    store_commit(s);
    if (is_used(s))
        return; /* a bound socket, say: memory stays, all is written */
    free_all(s);
    host_free(s);
    kernel_unlock();
    b->ops->close(b);
    kernel_lock();
}

static const struct fs_ops store_fs_ops = {
    .statfs = statfs_store,
    .sync = sync_store,
    .destroy = destroy_store,
};

/* ---- opening ------------------------------------------------------------ */

static int
take_version(void *ctx, const struct store_value *v, uint32_t n)
{
    *(bool *)ctx = n == 1 && v[0].kind == STORE_INT && v[0].i == STORE_VERSION;
    return 0;
}

static int
take_totals(void *ctx, const struct store_value *v, uint32_t n)
{
    struct store *s = ctx;

    if (n != 2 || v[0].kind != STORE_INT || v[1].kind != STORE_INT ||
        v[0].i < STORE_ROOT_INO || v[0].i > INT64_MAX / 2)
        return -E_IO;
    s->next_ino = (uint64_t)v[0].i + 1;
    s->file_count = (uint64_t)v[1].i;
    return 0;
}

/* Without the lock: is it ours, what is in it, and away with what was removed
 * while open. */
static int
look_at_backend(struct store *s)
{
    static const struct store_step orphans[2] = {
        {.sql = STORE_DEL_ORPHAN_CHUNKS}, {.sql = STORE_DEL_ORPHANS}};
    const struct store_backend_ops *ops = s->backend->ops;
    struct store_value key = {STORE_TEXT, 0, "version", 7};
    bool ours = false;
    int r = ops->query(s->backend, STORE_META, &key, take_version, &ours);

    if (r == 0 && !ours)
        r = -E_IO;
    if (r == 0)
        r = ops->query(s->backend, STORE_TOTALS, NULL, take_totals, s);
    if (r == 0 && !s->options.ephemeral)
        r = ops->commit(s->backend, orphans, 2);
    if (r == 0)
        r = ops->space(s->backend, &s->used_bytes, &s->left_bytes);
    return r;
}

static void
set_options(struct store *s, const struct store_options *o)
{
    uint64_t total, left;

    s->options = *o;
    if (!s->options.cache_bytes)
        s->options.cache_bytes = memory_share(64 * MB, 8);
    if (!s->options.dirty_bytes && o->ephemeral) {
        host_memory(&total, &left);
        s->options.dirty_bytes = total / 2;
    } else if (!s->options.dirty_bytes) {
        s->options.dirty_bytes = memory_share(32 * MB, 8);
    }
}

static void
start_flusher(struct store *s)
{
    struct host_task *t;

    if (s->options.ephemeral)
        return;
    s->flusher_runs = true;
    if (host_task_create(&t, store_flusher, s, 0) < 0)
        s->flusher_runs = false; /* then only fsync and sync write */
}

int
store_create(struct store_backend *b, const struct store_options *o,
             struct fs **out)
{
    struct store *s = host_alloc(sizeof *s);
    int r;

    if (!s) {
        r = -E_NOMEM;
        goto fail;
    }
    fs_init(&s->fs, "store", &store_fs_ops, 0, s);
    s->backend = b;
    s->changes_end = &s->changes;
    s->generation = 1;
    set_options(s, o);
    kernel_unlock();
    r = look_at_backend(s);
    kernel_lock();
    if (r == 0)
        r = store_get_inode(s, STORE_ROOT_INO, &s->fs.root);
    if (r == 0 && !inode_is(s->fs.root, PITH_S_IFDIR))
        r = -E_IO;
    if (r < 0)
        goto fail;
    start_flusher(s);
    *out = &s->fs;
    return 0;
fail:
    if (s)
        free_all(s);
    host_free(s);
    kernel_unlock();
    b->ops->close(b);
    kernel_lock();
    return r;
}

void
store_stats(struct fs *fs, struct store_stats *out)
{
    struct store *s = fs->data;

    *out = s->stats;
    out->clean_bytes = s->clean_bytes;
    out->dirty_bytes = s->dirty_bytes;
    out->inodes = s->ninodes;
}
