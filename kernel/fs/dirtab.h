/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of one directory in memory, for drivers that keep them so: found
 * by name through a hash table, walked in the order of their cookies. A cookie
 * is given once and never again, so a reader that comes back with one finds its
 * place whatever was added or removed meanwhile.
 *
 *   slots   | 2 a | 3 - | 4 c | 7 x |    by cookie; holes are closed later
 */
#ifndef KERNEL_FS_DIRTAB_H
#define KERNEL_FS_DIRTAB_H

#include "vfs.h"

#define DIRTAB_FIRST_COOKIE 2u /* 0 and 1 are "." and ".." */

struct dirtab_entry {
    struct dirtab_entry *hash_next;
    struct inode *inode; /* the driver's: referenced or NULL */
    uint64_t ino, cookie;
    uint32_t type;       /* PITH_S_IFMT bits */
    uint16_t len;
    char name[];
};

struct dirtab_slot {
    uint64_t cookie;
    struct dirtab_entry *entry; /* NULL: removed */
};

struct dirtab {
    struct dirtab_entry **buckets;
    uint32_t nbuckets, live, used, room; /* slots: used of room */
    struct dirtab_slot *slots;
    uint64_t next_cookie;
};

void dirtab_init(struct dirtab *t);
/* Frees the entries; their inodes are the caller's business. */
void dirtab_finish(struct dirtab *t);
struct dirtab_entry *dirtab_find(const struct dirtab *t, const char *name,
                                 size_t len);
/* cookie 0: the next one; else it must be higher than all before. NULL: no
 * memory, nothing changed. */
struct dirtab_entry *dirtab_add(struct dirtab *t, const char *name, size_t len,
                                uint64_t ino, uint32_t type, uint64_t cookie);
void dirtab_remove(struct dirtab *t, struct dirtab_entry *e); /* frees e */
/* The first entry with this cookie or a higher one, or NULL. */
struct dirtab_entry *dirtab_from(const struct dirtab *t, uint64_t cookie);
/* About what an entry with a name of len bytes costs, in bytes. */
size_t dirtab_cost(size_t len);
/* The driver's readdir: the two dots, then the entries. */
int dirtab_readdir(const struct dirtab *t, uint64_t self, uint64_t parent,
                   uint64_t *pos, vfs_emit *emit, void *ctx);

#endif
