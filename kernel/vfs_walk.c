/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a path to a place (POSIX.1-2017, 4.13 Pathname Resolution).
 *
 * One component at a time: search permission, then the driver's lookup, then
 * mounts are crossed, then a symbolic link puts its target in front of what is
 * left. A WALK_BENEATH may not pass above its start, whatever .. and links say.
 *
 * Grants are checked on where the walk ended, by its real absolute name, so
 * neither .. nor a link evades them; a walk that fails outside of what is
 * granted says -E_NOTCAPABLE, so that it does not tell what exists there.
 */
#include "vfs_internal.h"

#include "call.h"
#include "pith_errno.h"

#include <string.h>

struct state {
    struct proc *p;
    struct dentry_path *at;           /* referenced */
    struct dentry_path *root, *fence; /* borrowed */
    const char *rest;                 /* of the path */
    char *expanded;                   /* the memory it is in, after a link */
    uint32_t flags, links;
};

/* ---- grants ------------------------------------------------------------- */

/* Under the kernel lock, and never kept: one buffer will do. */
static char scratch[PITH_PATH_MAX + PITH_NAME_MAX + 2];

/* Append components of `rest`, as far as they fit; "." and ".." are resolved as
 * text. */
static void
scratch_append(size_t used, const char *rest)
{
    if (used == 1)
        used = 0;
    while (*rest) {
        size_t n = strcspn(rest, "/");
        if (n == 2 && rest[0] == '.' && rest[1] == '.') {
            while (used > 0 && scratch[--used] != '/') {
            }
        } else if (n > 0 && !(n == 1 && rest[0] == '.')) {
            if (used + n + 2 > sizeof scratch)
                break;
            scratch[used++] = '/';
            memcpy(scratch + used, rest, n);
            used += n;
        }
        rest += n;
        rest += strspn(rest, "/");
    }
    if (used == 0)
        scratch[used++] = '/';
    scratch[used] = '\0';
}

static int
grant(struct proc *p, struct dentry_path *d, const char *rest, bool write)
{
    int r;

    if (!p)
        return 0;
    /* Of a name that is too long to be spelled the beginning decides: a grant
     * is for all that is below. */
    while ((r = vfs_path_name(NULL, d, scratch, PITH_PATH_MAX)) == -E_RANGE) {
        d = path_up(d);
        rest = NULL;
    }
    if (rest)
        scratch_append(strlen(scratch), rest);
    return cap_check_path(p, scratch, write);
}

int
vfs_grant(struct proc *p, struct dentry_path *d, bool write)
{
    return grant(p, d, NULL, write);
}

int
vfs_grant_move(struct proc *p, struct dentry_path *dir)
{
    if (!p || vfs_path_name(NULL, dir, scratch, PITH_PATH_MAX) < 0)
        return p ? -E_NOTCAPABLE : 0;
    return cap_check_move(p, scratch);
}

int
vfs_grant_name(struct proc *p, struct dentry_path *parent, const char *name,
               size_t len, bool write)
{
    char text[PITH_NAME_MAX + 1];

    memcpy(text, name, len);
    text[len] = '\0';
    return grant(p, parent, text, write);
}

/* ---- steps -------------------------------------------------------------- */

static struct dentry_path *
cross_mounts(struct dentry_path *d)
{
    while (d->covered) {
        struct dentry_path *over = path_ref(d->covered->root);
        path_unref(d);
        d = over;
    }
    return d;
}

static int
may_search(struct proc *p, const struct dentry_path *d)
{
    if (!inode_is(d->inode, PITH_S_IFDIR))
        return -E_NOTDIR;
    return vfs_permission(p, d->inode, MAY_EXEC);
}

/* The child of dir by that name, with mounts crossed. */
static int
child_of(struct dentry_path *dir, const char *name, size_t len,
         struct dentry_path **out)
{
    struct dentry_path *d = path_find(dir, name, len);
    struct inode *i = NULL;
    int r;

    if (d && (d->covered || !(dir->inode->fs->flags & FS_LIVE))) {
        *out = cross_mounts(path_ref(d));
        return 0;
    }
    if (!dir->inode->ops->lookup)
        return -E_NOENT;
    r = dir->inode->ops->lookup(dir->inode, name, len, &i);
    if (r < 0) {
        if (r == -E_NOENT && (dir->inode->fs->flags & FS_LIVE))
            path_forget(dir, name, len);
        return r;
    }
    d = path_get(dir, name, len, i);
    if (!d)
        return -E_NOMEM;
    *out = cross_mounts(d);
    return 0;
}

static int
step_up(struct state *s)
{
    struct dentry_path *up;

    if (s->at == s->fence)
        return -VFS_E_ESCAPE;
    if (s->at == s->root)
        return s->fence ? -VFS_E_ESCAPE : 0;
    up = path_ref(path_up(s->at));
    path_unref(s->at);
    s->at = up;
    return 0;
}

/* Put the link's target in front of the rest. */
static int
expand(struct state *s, struct inode *link, bool slash)
{
    char *buf;
    size_t rest = strlen(s->rest), used;
    int64_t n;

    if (!link->ops->readlink)
        return -E_NOTSUP;
    buf = host_alloc(PITH_PATH_MAX);
    if (!buf)
        return -E_NOMEM;
    n = link->ops->readlink(link, buf, PITH_PATH_MAX);
    if (n <= 0) {
        host_free(buf);
        return n < 0 ? (int)n : -E_NOENT;
    }
    used = (size_t)n;
    if (used + slash + rest >= PITH_PATH_MAX) {
        host_free(buf);
        return -E_NAMETOOLONG;
    }
    if (slash)
        buf[used++] = '/';
    memcpy(buf + used, s->rest, rest);
    buf[used + rest] = '\0';
    host_free(s->expanded);
    s->expanded = buf;
    s->rest = buf;
    if (buf[0] == '/') {
        if (s->fence)
            return -VFS_E_ESCAPE;
        path_unref(s->at);
        s->at = path_ref(s->root);
    }
    return 0;
}

/*
 * Follow the link at `link` (its reference is taken over). A magic link that
 * leads to a file without a place ends the walk: 1.
 */
static int
follow(struct state *s, struct dentry_path *link, bool last, bool slash,
       struct walk *w)
{
    struct dentry_path *to = NULL;
    struct inode *i = link->inode;
    int r;

    if (++s->links > VFS_MAX_LINKS) {
        r = -E_LOOP;
    } else if (!i->ops->follow) {
        r = expand(s, i, slash);
    } else if (s->fence) {
        r = -VFS_E_ESCAPE;
    } else {
        r = i->ops->follow(i, &to, &w->file);
        if (r == 0 && to) {
            path_unref(s->at);
            s->at = to;
        } else if (r == 0) {
            r = last && !slash ? 1 : -E_NOTDIR;
        }
    }
    path_unref(link);
    return r;
}

static int
step_named(struct state *s, const char *name, size_t len, bool slash,
           struct walk *w)
{
    struct dentry_path *d;
    bool last = *s->rest == '\0';
    int r = child_of(s->at, name, len, &d);

    if (last) {
        w->len = len;
        memcpy(w->name, name, len);
        w->name[len] = '\0';
    }
    if (r == -E_NOENT && last && (s->flags & WALK_PARENT)) {
        w->parent = path_ref(s->at);
        return 1;
    }
    if (r < 0)
        return r;
    if (inode_is(d->inode, PITH_S_IFLNK) &&
        (!last || !(s->flags & WALK_NOFOLLOW) ||
         (slash && !(s->flags & WALK_PARENT))))
        return follow(s, d, last, slash, w);
    if (last)
        w->parent = s->at;
    else
        path_unref(s->at);
    s->at = d;
    if (last)
        w->node = path_ref(d);
    return last;
}

/* One component; 1: that was the last. */
static int
step(struct state *s, struct walk *w)
{
    const char *name = s->rest;
    size_t len = strcspn(name, "/");
    bool slash = name[len] == '/';
    int r;

    if (len == 0) { /* the path was only slashes, or a link led to a place */
        w->special = true;
        w->node = path_ref(s->at);
        return 1;
    }
    if (len > PITH_NAME_MAX)
        return -E_NAMETOOLONG;
    r = may_search(s->p, s->at);
    if (r < 0)
        return r;
    s->rest = name + len + strspn(name + len, "/");
    w->slash = slash;
    if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'))) {
        r = len == 2 ? step_up(s) : 0;
        if (r < 0 || *s->rest)
            return r;
        w->special = true;
        w->node = path_ref(s->at);
        return 1;
    }
    r = step_named(s, name, len, slash, w);
    if (r < 0)
        s->rest = s->expanded && r == -VFS_E_ESCAPE ? s->rest : name;
    return r;
}

static int
check_end(const struct state *s, const struct walk *w)
{
    const struct dentry_path *end = w->node ? w->node : w->parent;

    if (w->file)
        return 0;
    if (s->fence && !path_is_below(end, s->fence))
        return -VFS_E_ESCAPE;
    if (w->node && (w->slash || (s->flags & WALK_DIRECTORY)) &&
        !inode_is(w->node->inode, PITH_S_IFDIR))
        return -E_NOTDIR;
    return 0;
}

int
vfs_walk(struct proc *p, struct dentry_path *start, const char *path,
         uint32_t flags, struct walk *w)
{
    struct state s = {.p = p, .rest = path, .flags = flags};
    size_t len = strnlen(path, PITH_PATH_MAX);
    int r;

    w->parent = w->node = NULL;
    w->file = NULL;
    w->special = w->slash = false;
    w->len = 0;
    if (len == 0)
        return -E_NOENT;
    if (len >= PITH_PATH_MAX)
        return -E_NAMETOOLONG;
    s.root = p && p->root ? p->root : vfs_root();
    if (!start)
        start = p && p->cwd ? p->cwd : s.root;
    if (flags & WALK_BENEATH)
        s.fence = start;
    if (path[0] == '/') {
        if (s.fence)
            return -VFS_E_ESCAPE;
        start = s.root;
    }
    s.at = path_ref(start);
    while (*s.rest == '/')
        s.rest++;
    do
        r = step(&s, w);
    while (r == 0 && (s.rest += strspn(s.rest, "/"), 1));
    if (r > 0)
        r = check_end(&s, w);
    if (r < 0) {
        if (r != -VFS_E_ESCAPE &&
            grant(p, s.at, s.rest, flags & WALK_WRITE) < 0)
            r = -E_NOTCAPABLE;
        walk_finish(w);
    }
    path_unref(s.at);
    host_free(s.expanded);
    return r;
}

void
walk_finish(struct walk *w)
{
    path_unref(w->parent);
    path_unref(w->node);
    file_put(w->file);
    w->parent = w->node = NULL;
    w->file = NULL;
}

int
walk_again(struct walk *w)
{
    path_unref(w->node);
    w->node = NULL;
    return child_of(w->parent, w->name, w->len, &w->node);
}

int
vfs_lookup(struct proc *p, struct dentry_path *start, const char *path,
           uint32_t flags, struct dentry_path **out)
{
    struct walk w;
    int r = vfs_walk(p, start, path, flags & ~WALK_PARENT, &w);

    if (r < 0)
        return r;
    if (!w.node) { /* a magic link to a file that has no place */
        walk_finish(&w);
        return -E_NXIO;
    }
    r = vfs_grant(p, w.node, (flags & WALK_WRITE) != 0);
    if (r == 0)
        *out = path_ref(w.node);
    walk_finish(&w);
    return r;
}
