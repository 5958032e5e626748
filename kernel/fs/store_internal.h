/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the parts of store: inodes (store_inode.c), names (store_dir.c), the
 * page cache (store_page.c), commits (store_commit.c).
 *
 * Invariants
 *  - Backend calls are made without the kernel lock. What they read into is
 *    marked `loading` meanwhile and nobody else touches it; what they write
 *    from is a reference to an immutable buffer.
 *  - What memory does not hold is in the database exactly as a program should
 *    see it: dirty things, and things of a commit under way, stay in memory.
 *    For chunks that were cut off, `void_from` says from where on the database
 *    is to be ignored, until a commit has deleted them.
 *  - A change to an inode's chunks or entries also makes the inode dirty.
 */
#ifndef KERNEL_FS_STORE_INTERNAL_H
#define KERNEL_FS_STORE_INTERNAL_H

#include "../vfs_internal.h"
#include "dirtab.h"
#include "pages.h"
#include "pith_errno.h"
#include "store.h"
#include "store_schema.h"

#define STORE_BUCKETS 4096u
#define STORE_FLUSH_NS 5000000000u
#define STORE_NOTHING_VOID UINT64_MAX
#define STORE_MANY 16384u /* changed names or inodes: time for a commit */

/* Data of a chunk. Shared with a commit under way: then nobody writes to it. */
struct chunk_data {
    uint32_t refs, room;
    uint8_t bytes[];
};

struct chunk {
    struct store_inode *owner;
    uint64_t index;
    struct chunk_data *data; /* NULL: all zeros */
    uint32_t len;            /* bytes; zeros follow */
    bool loading, dirty, writing, referenced;
    struct chunk *next, *prev; /* in the clean or the dirty ring */
};

struct store_inode {
    struct inode i;
    uint64_t bytes;          /* in chunks */
    uint64_t parent_ino;     /* directories: as last looked up */
    bool dirty;              /* in the dirty list */
    bool lazy;               /* only the access time changed: no hurry */
    bool saved;              /* the database has a row, or will have */
    bool loaded, loading;    /* directories: dir is there */
    uint64_t void_from;      /* chunks from here on: not the database's */
    uint64_t void_writing;   /* the same, of the commit under way */
    struct sleep_lock lock;  /* one writer or truncation at a time */
    struct store_inode *next_dirty, *prev_dirty;
    struct store_inode *newer, *older; /* without references, by last use */
    union {
        struct page_tree chunks;
        struct dirtab dir;
        char *target; /* size bytes */
    };
};

/* A change of names, in the order it happened. */
struct store_change {
    struct store_change *next;
    enum store_sql sql; /* PUT_ENTRY, DEL_ENTRY, DEL_INODE */
    uint64_t dir, ino, cookie;
    size_t len;
    char name[];
};

struct store {
    struct fs fs;
    struct store_backend *backend;
    struct store_options options;
    struct inode *live[STORE_BUCKETS]; /* by ino */
    struct store_inode *newest, *oldest;
    struct store_inode *dirty_inodes;
    struct store_change *changes, **changes_end;
    uint32_t nchanges, ninodes, ndirty;
    struct chunk *clean, *dirty;       /* rings; the head is the oldest */
    uint64_t clean_bytes, dirty_bytes, meta_bytes, tree_bytes;
    uint64_t next_ino, file_count;
    uint64_t used_bytes, left_bytes;   /* of the backend, at the last commit */
    struct wait_queue loads;           /* something was loaded, or failed to */

    /* commits */
    bool committing, stopping, flusher_runs;
    uint64_t generation, committed;    /* changes belong to one; last safe */
    uint64_t dirty_since_ns;           /* 0: nothing to hurry for */
    struct wait_queue commits, flush;
    struct store_stats stats;
};

static inline struct store *
store_of(const struct inode *i)
{
    return i->fs->data;
}

static inline struct store_inode *
store_inode(struct inode *i)
{
    return (struct store_inode *)i;
}

/* ---- store_inode.c ------------------------------------------------------ */
extern const struct inode_ops store_inode_ops;
/* Referenced; loaded if need be. -E_IO when there is none or it is broken. */
int store_get_inode(struct store *s, uint64_t ino, struct inode **out);
int store_new_inode(struct store *s, const struct inode_new *n,
                    struct inode **out);
/* A reference, also to one that nobody uses. */
void store_hold(struct store_inode *si);
void store_mark_dirty(struct store_inode *si);
void store_mark_clean(struct store_inode *si);
/* mtime, ctime and version of something whose content changed; dirty. */
void store_touch(struct store_inode *si);
void store_evict(struct inode *i);
void store_trim_inodes(struct store *s, uint32_t keep);
void store_free_inode(struct store_inode *si);

/* ---- store_dir.c -------------------------------------------------------- */
int store_lookup(struct inode *dir, const char *name, size_t len,
                 struct inode **out);
int store_make(struct inode *dir, const char *name, size_t len,
               const struct inode_new *n, struct inode **out);
int store_link(struct inode *dir, const char *name, size_t len,
               struct inode *i);
int store_unlink(struct inode *dir, const char *name, size_t len,
                 struct inode *i);
int store_rmdir(struct inode *dir, const char *name, size_t len,
                struct inode *i);
int store_rename(struct inode *from, const char *fname, size_t flen,
                 struct inode *i, struct inode *to, const char *tname,
                 size_t tlen, struct inode *replaced, uint32_t flags);
int store_readdir(struct inode *dir, struct file *f, uint64_t *pos,
                  vfs_emit *emit, void *ctx);
/* Remember a change for the commit; always before the change itself. */
int store_log(struct store *s, enum store_sql sql, uint64_t dir,
              const char *name, size_t len, uint64_t ino, uint64_t cookie);

/* ---- store_page.c ------------------------------------------------------- */
int64_t store_read(struct inode *i, struct file *f, struct uio *u);
int64_t store_write(struct inode *i, struct file *f, struct uio *u);
int store_truncate(struct store_inode *si, uint64_t size);
int store_allocate(struct inode *i, struct file *f, uint64_t offset,
                   uint64_t len, bool keep_size);
void store_drop_chunks(struct store_inode *si, uint64_t from);
void chunk_data_unref(struct chunk_data *d);
void chunk_set_dirty(struct chunk *c, bool dirty);
void store_trim_chunks(struct store *s);

/* ---- store_commit.c ----------------------------------------------------- */
/* Everything up to now is safe afterwards. May block. */
int store_commit(struct store *s);
/* Room for n more bytes of changes? Commits when too much has piled up.
 * -E_NOSPC, and what the commit gave. May block. */
int store_reserve(struct store *s, uint64_t n);
/* Something changed: see that it is written in time. */
void store_hurry(struct store *s);
void store_flusher(void *store);
int store_fsync(struct inode *i, struct file *f, bool data_only);
bool store_is_clean(const struct store *s);

#endif
