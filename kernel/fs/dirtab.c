/* SPDX-License-Identifier: Apache-2.0 */
/* Directories in memory; see dirtab.h. */
#include "dirtab.h"

#include "../vfs_internal.h"

#include <string.h>

void
dirtab_init(struct dirtab *t)
{
    memset(t, 0, sizeof *t);
    t->next_cookie = DIRTAB_FIRST_COOKIE;
}

void
dirtab_finish(struct dirtab *t)
{
    for (uint32_t n = 0; n < t->used; n++)
        host_free(t->slots[n].entry);
    host_free(t->slots);
    host_free(t->buckets);
    dirtab_init(t);
}

static struct dirtab_entry **
bucket_of(const struct dirtab *t, const char *name, size_t len)
{
    return &t->buckets[vfs_hash_name(t, name, len) & (t->nbuckets - 1)];
}

struct dirtab_entry *
dirtab_find(const struct dirtab *t, const char *name, size_t len)
{
    struct dirtab_entry *e;

    if (!t->nbuckets)
        return NULL;
    for (e = *bucket_of(t, name, len); e; e = e->hash_next)
        if (e->len == len && memcmp(e->name, name, len) == 0)
            break;
    return e;
}

static bool
grow_buckets(struct dirtab *t)
{
    uint32_t n = t->nbuckets ? t->nbuckets * 2 : 8;
    struct dirtab_entry **table = host_alloc(n * sizeof *table);

    if (!table)
        return t->nbuckets > 0;
    host_free(t->buckets);
    t->buckets = table;
    t->nbuckets = n;
    for (uint32_t k = 0; k < t->used; k++) {
        struct dirtab_entry *e = t->slots[k].entry, **to;
        if (!e)
            continue;
        to = bucket_of(t, e->name, e->len);
        e->hash_next = *to;
        *to = e;
    }
    return true;
}

static void
close_holes(struct dirtab *t)
{
    uint32_t to = 0;

    for (uint32_t n = 0; n < t->used; n++)
        if (t->slots[n].entry)
            t->slots[to++] = t->slots[n];
    t->used = to;
}

static bool
grow_slots(struct dirtab *t)
{
    uint32_t room = t->room ? t->room * 2 : 8;
    struct dirtab_slot *slots;

    if (t->used < t->room)
        return true;
    if (t->live < t->room / 2) {
        close_holes(t);
        return true;
    }
    slots = host_realloc(t->slots, room * sizeof *slots);
    if (!slots)
        return false;
    t->slots = slots;
    t->room = room;
    return true;
}

struct dirtab_entry *
dirtab_add(struct dirtab *t, const char *name, size_t len, uint64_t ino,
           uint32_t type, uint64_t cookie)
{
    struct dirtab_entry *e, **bucket;

    if (!grow_slots(t) || (t->live >= t->nbuckets && !grow_buckets(t)))
        return NULL;
    e = host_alloc(sizeof *e + len);
    if (!e)
        return NULL;
    e->ino = ino;
    e->type = type;
    e->cookie = cookie ? cookie : t->next_cookie;
    e->len = (uint16_t)len;
    memcpy(e->name, name, len);
    t->next_cookie = e->cookie + 1;
    t->slots[t->used++] = (struct dirtab_slot){e->cookie, e};
    bucket = bucket_of(t, name, len);
    e->hash_next = *bucket;
    *bucket = e;
    t->live++;
    return e;
}

/* Index of the first slot with this cookie or a higher one. */
static uint32_t
slot_from(const struct dirtab *t, uint64_t cookie)
{
    uint32_t low = 0, high = t->used;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (t->slots[mid].cookie < cookie)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void
dirtab_remove(struct dirtab *t, struct dirtab_entry *e)
{
    struct dirtab_entry **at = bucket_of(t, e->name, e->len);

    while (*at != e)
        at = &(*at)->hash_next;
    *at = e->hash_next;
    t->slots[slot_from(t, e->cookie)].entry = NULL;
    t->live--;
    while (t->used > 0 && !t->slots[t->used - 1].entry)
        t->used--;
    if (t->used > 64 && t->live < t->used / 4)
        close_holes(t);
    host_free(e);
}

struct dirtab_entry *
dirtab_from(const struct dirtab *t, uint64_t cookie)
{
    for (uint32_t n = slot_from(t, cookie); n < t->used; n++)
        if (t->slots[n].entry)
            return t->slots[n].entry;
    return NULL;
}

size_t
dirtab_cost(size_t len)
{
    return sizeof(struct dirtab_entry) + sizeof(struct dirtab_slot) * 2 +
           sizeof(void *) * 2 + len;
}

int
dirtab_readdir(const struct dirtab *t, uint64_t self, uint64_t parent,
               uint64_t *pos, vfs_emit *emit, void *ctx)
{
    uint32_t n;

    if (*pos == 0) {
        if (emit(ctx, ".", 1, self, PITH_S_IFDIR, 1))
            return 0;
        *pos = 1;
    }
    if (*pos == 1) {
        if (emit(ctx, "..", 2, parent, PITH_S_IFDIR, DIRTAB_FIRST_COOKIE))
            return 0;
        *pos = DIRTAB_FIRST_COOKIE;
    }
    for (n = slot_from(t, *pos); n < t->used; n++) {
        const struct dirtab_entry *e = t->slots[n].entry;
        if (!e)
            continue;
        if (emit(ctx, e->name, e->len, e->ino, e->type, e->cookie + 1))
            return 0;
        *pos = e->cookie + 1;
    }
    return 0;
}
