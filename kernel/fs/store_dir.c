/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in store. A directory is loaded whole when it is first looked into and
 * then kept in memory as long as its inode is. Changes are made there and noted
 * in a list for the next commit.
 */
#include "store_internal.h"

#include "../lib.h"

#include <string.h>

/* ---- the list of changes ------------------------------------------------ */

int
store_log(struct store *s, enum store_sql sql, uint64_t dir, const char *name,
          size_t len, uint64_t ino, uint64_t cookie)
{
    struct store_change *c;

    if (s->options.ephemeral)
        return 0;
    c = host_alloc(sizeof *c + len);
    if (!c)
        return -E_NOMEM;
    c->sql = sql;
    c->dir = dir;
    c->ino = ino;
    c->cookie = cookie;
    c->len = len;
    if (len)
        memcpy(c->name, name, len);
    *s->changes_end = c;
    s->changes_end = &c->next;
    s->nchanges++;
    store_hurry(s);
    return 0;
}

/* ---- loading ------------------------------------------------------------ */

struct load {
    struct store *s;
    struct store_inode *dir;
    uint64_t bytes;
};

static bool
is_name(const struct store_value *v)
{
    const char *s = v->p;

    if (v->kind != STORE_TEXT || v->n == 0 || v->n > PITH_NAME_MAX)
        return false;
    if (s[0] == '.' && (v->n == 1 || (v->n == 2 && s[1] == '.')))
        return false;
    return !memchr(s, '/', v->n) && !memchr(s, '\0', v->n);
}

static int
take_entry(void *ctx, const struct store_value *v, uint32_t n)
{
    struct load *l = ctx;
    struct dirtab *t = &l->dir->dir;
    uint64_t cookie;
    uint32_t type;

    if (n != 4 || !is_name(&v[0]) || v[1].kind != STORE_INT || v[1].i <= 0 ||
        v[2].kind != STORE_INT || v[3].kind != STORE_INT)
        return 0; /* a broken entry is no entry */
    cookie = v[2].i < 0 ? 0 : (uint64_t)v[2].i;
    if (cookie < t->next_cookie)
        cookie = t->next_cookie;
    if (cookie > INT64_MAX / 2)
        return -E_IO;
    type = (uint32_t)v[3].i & PITH_S_IFMT;
    if (!dirtab_add(t, v[0].p, v[0].n, (uint64_t)v[1].i, type, cookie))
        return -E_NOMEM;
    l->bytes += dirtab_cost(v[0].n);
    return 0;
}

/* The entries are in memory afterwards. */
static int
need(struct inode *dir)
{
    struct store_inode *si = store_inode(dir);
    struct store *s = store_of(dir);
    struct store_value arg = {.kind = STORE_INT, .i = (int64_t)dir->ino};
    struct load l = {s, si, 0};
    int r = 0;

    while (si->loading) {
        r = wait_on_killable(&s->loads, HOST_FOREVER);
        if (r < 0)
            return r;
    }
    if (si->loaded)
        return 0;
    si->loading = true;
    kernel_unlock();
    r = s->backend->ops->query(s->backend, STORE_GET_DIR, &arg, take_entry,
                               &l);
    kernel_lock();
    si->loading = false;
    if (r < 0) {
        dirtab_finish(&si->dir);
    } else {
        si->loaded = true;
        s->meta_bytes += l.bytes;
    }
    wake(&s->loads);
    return r;
}

/* ---- entries ------------------------------------------------------------ */

int
store_lookup(struct inode *dir, const char *name, size_t len,
             struct inode **out)
{
    int r = need(dir);

    /* Loading the inode may block; the entry may change meanwhile. */
    while (r == 0) {
        struct dirtab_entry *e = dirtab_find(&store_inode(dir)->dir, name, len);
        struct inode *i;
        uint64_t ino;
        if (!e)
            return -E_NOENT;
        ino = e->ino;
        r = store_get_inode(store_of(dir), ino, &i);
        if (r < 0)
            break;
        e = dirtab_find(&store_inode(dir)->dir, name, len);
        if (e && e->ino == ino) {
            if (inode_is(i, PITH_S_IFDIR))
                store_inode(i)->parent_ino = dir->ino;
            *out = i;
            return 0;
        }
        inode_unref(i);
    }
    return r;
}

/* A new entry, noted; the directory is dirty. */
static int
add_entry(struct inode *dir, const char *name, size_t len, struct inode *i)
{
    struct store *s = store_of(dir);
    struct dirtab *t = &store_inode(dir)->dir;
    struct dirtab_entry *e = dirtab_add(t, name, len, i->ino,
                                        i->mode & PITH_S_IFMT, 0);
    int r;

    if (!e)
        return -E_NOMEM;
    r = store_log(s, STORE_PUT_ENTRY, dir->ino, name, len, i->ino, e->cookie);
    if (r < 0) {
        dirtab_remove(t, e);
        return r;
    }
    s->meta_bytes += dirtab_cost(len);
    if (inode_is(i, PITH_S_IFDIR)) {
        dir->nlink++;
        store_inode(i)->parent_ino = dir->ino;
    }
    store_touch(store_inode(dir));
    return 0;
}

static int
remove_entry(struct inode *dir, struct dirtab_entry *e)
{
    struct store *s = store_of(dir);
    int r = store_log(s, STORE_DEL_ENTRY, dir->ino, e->name, e->len, 0, 0);

    if (r < 0)
        return r;
    s->meta_bytes -= dirtab_cost(e->len);
    if (e->type == PITH_S_IFDIR && dir->nlink > 0)
        dir->nlink--;
    dirtab_remove(&store_inode(dir)->dir, e);
    store_touch(store_inode(dir));
    return 0;
}

/* e of dir names i from now on. */
static int
repoint(struct inode *dir, struct dirtab_entry *e, struct inode *i)
{
    int r = store_log(store_of(dir), STORE_PUT_ENTRY, dir->ino, e->name,
                      e->len, i->ino, e->cookie);

    if (r < 0)
        return r;
    if (e->type == PITH_S_IFDIR && dir->nlink > 0)
        dir->nlink--;
    e->ino = i->ino;
    e->type = i->mode & PITH_S_IFMT;
    if (e->type == PITH_S_IFDIR) {
        dir->nlink++;
        store_inode(i)->parent_ino = dir->ino;
    }
    store_touch(store_inode(dir));
    return 0;
}

/* One name less. */
static void
drop_link(struct inode *i)
{
    uint32_t links = inode_is(i, PITH_S_IFDIR) ? i->nlink : 1;

    i->nlink = i->nlink > links ? i->nlink - links : 0;
    i->ctime_ns = vfs_now_ns();
    store_mark_dirty(store_inode(i));
}

/* ---- the operations ----------------------------------------------------- */

static int
prepare(struct inode *dir, size_t len)
{
    int r = store_reserve(store_of(dir),
                          len + sizeof(struct store_inode));

    return r < 0 ? r : need(dir);
}

int
store_make(struct inode *dir, const char *name, size_t len,
           const struct inode_new *n, struct inode **out)
{
    struct inode *i;
    int r = prepare(dir, len);

    if (r < 0)
        return r;
    if (dirtab_find(&store_inode(dir)->dir, name, len))
        return -E_EXIST;
    r = store_new_inode(store_of(dir), n, &i);
    if (r < 0)
        return r;
    r = add_entry(dir, name, len, i);
    if (r < 0) {
        inode_unref(i);
        return r;
    }
    i->nlink = inode_is(i, PITH_S_IFDIR) ? 2 : 1;
    *out = i;
    return 0;
}

int
store_link(struct inode *dir, const char *name, size_t len, struct inode *i)
{
    int r = prepare(dir, len);

    if (r < 0)
        return r;
    if (i->nlink == 0 && !(i->flags & INODE_UNNAMED))
        return -E_NOENT;
    if (i->nlink >= 65000)
        return -E_MLINK;
    if (dirtab_find(&store_inode(dir)->dir, name, len))
        return -E_EXIST;
    r = add_entry(dir, name, len, i);
    if (r < 0)
        return r;
    i->flags &= ~INODE_UNNAMED;
    i->nlink++;
    i->ctime_ns = vfs_now_ns();
    store_mark_dirty(store_inode(i));
    return 0;
}

int
store_unlink(struct inode *dir, const char *name, size_t len, struct inode *i)
{
    struct dirtab_entry *e;
    int r = need(dir);

    if (r < 0)
        return r;
    e = dirtab_find(&store_inode(dir)->dir, name, len);
    if (!e || e->ino != i->ino)
        return -E_NOENT;
    r = remove_entry(dir, e);
    if (r == 0)
        drop_link(i);
    return r;
}

int
store_rmdir(struct inode *dir, const char *name, size_t len, struct inode *i)
{
    int r = need(i);

    if (r < 0)
        return r;
    if (store_inode(i)->dir.live > 0)
        return -E_NOTEMPTY;
    return store_unlink(dir, name, len, i);
}

static int
exchange(struct inode *from, struct dirtab_entry *fe, struct inode *i,
         struct inode *to, struct dirtab_entry *te, struct inode *other)
{
    int r = repoint(to, te, i);

    if (r < 0)
        return r;
    r = repoint(from, fe, other);
    if (r < 0) {
        repoint(to, te, other); /* no memory for this either: nothing left */
        return r;
    }
    i->ctime_ns = other->ctime_ns = vfs_now_ns();
    store_mark_dirty(store_inode(i));
    store_mark_dirty(store_inode(other));
    return 0;
}

static int
move(struct inode *from, const char *fname, size_t flen, struct inode *i,
     struct inode *to, const char *tname, size_t tlen,
     struct dirtab_entry *te, struct inode *replaced)
{
    int r = te ? repoint(to, te, i) : add_entry(to, tname, tlen, i);

    if (r < 0)
        return r;
    r = remove_entry(from, dirtab_find(&store_inode(from)->dir, fname, flen));
    if (r < 0)
        return r;
    if (te)
        drop_link(replaced);
    i->ctime_ns = vfs_now_ns();
    store_mark_dirty(store_inode(i));
    return 0;
}

int
store_rename(struct inode *from, const char *fname, size_t flen,
             struct inode *i, struct inode *to, const char *tname, size_t tlen,
             struct inode *replaced, uint32_t flags)
{
    struct dirtab_entry *fe, *te;
    int r = prepare(to, tlen);

    if (r == 0)
        r = need(from);
    if (r == 0 && replaced && inode_is(replaced, PITH_S_IFDIR))
        r = need(replaced);
    if (r < 0)
        return r;
    fe = dirtab_find(&store_inode(from)->dir, fname, flen);
    te = dirtab_find(&store_inode(to)->dir, tname, tlen);
    if (!fe || fe->ino != i->ino ||
        (te ? te->ino : 0) != (replaced ? replaced->ino : 0))
        return -E_NOENT;
    if (flags & PITH_RENAME_EXCHANGE)
        return exchange(from, fe, i, to, te, replaced);
    if (te && inode_is(replaced, PITH_S_IFDIR) &&
        store_inode(replaced)->dir.live > 0)
        return -E_NOTEMPTY;
    return move(from, fname, flen, i, to, tname, tlen, te, replaced);
}

int
store_readdir(struct inode *dir, struct file *f, uint64_t *pos, vfs_emit *emit,
              void *ctx)
{
    struct store_inode *si = store_inode(dir);
    uint64_t parent = si->parent_ino ? si->parent_ino : dir->ino;
    int r = need(dir);

    (void)f;
    return r < 0 ? r
                 : dirtab_readdir(&si->dir, dir->ino, parent, pos, emit, ctx);
}
