/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advisory locks: fcntl's, which belong to a process and cover a range
 * (POSIX.1-2017 fcntl(), with deadlock detection), and flock's, which belong to
 * an open file and cover it all. The two kinds do not see each other. An inode
 * has one list of both; ranges of one owner never overlap in it.
 */
#include "vfs_internal.h"

#include "call.h"
#include "pith_errno.h"

#define TO_END INT64_MAX
#define LOCKS_PER_PROC 4096 /* what one process can make the list long by */
#define CYCLE_BUDGET 256

struct file_lock {
    struct file_lock *next;
    int type;             /* PITH_F_RDLCK or PITH_F_WRLCK */
    int64_t first, last;  /* inclusive */
    const void *owner;    /* struct proc, or struct file for flock */
    int32_t pid;          /* 0 for flock */
};

/* Who waits for what: for finding cycles. */
struct lock_wait {
    struct lock_wait *next;
    struct inode *inode;
    struct file_lock want;
};
static struct lock_wait *waiting;

static bool
conflicts(const struct file_lock *l, const struct file_lock *want)
{
    return l->owner != want->owner && (l->pid != 0) == (want->pid != 0) &&
           l->first <= want->last && want->first <= l->last &&
           (l->type == PITH_F_WRLCK || want->type == PITH_F_WRLCK);
}

static struct file_lock *
find_conflict(const struct inode *i, const struct file_lock *want)
{
    struct file_lock *l = i->locks;

    while (l && !conflicts(l, want))
        l = l->next;
    return l;
}

/*
 * Would waiting for `want` close a cycle? Follows owners of what is in the way
 * to what they wait for, at most *budget locks; a longer chain counts as one.
 */
static bool
closes_cycle(const struct inode *i, const struct file_lock *want,
             const void *me, int *budget)
{
    for (const struct file_lock *l = i->locks; l; l = l->next) {
        if (!conflicts(l, want))
            continue;
        if (l->owner == me || --*budget < 0)
            return true;
        for (const struct lock_wait *w = waiting; w; w = w->next)
            if (w->want.owner == l->owner &&
                closes_cycle(w->inode, &w->want, me, budget))
                return true;
    }
    return false;
}

static struct file_lock *
lock_create(const struct file_lock *like)
{
    struct file_lock *l = host_alloc(sizeof *l);

    if (l)
        *l = *like;
    return l;
}

/*
 * Put `want` in place of whatever its owner has there; F_UNLCK just clears. At
 * most one old range is split in two.
 */
static int
put_lock(struct inode *i, const struct file_lock *want)
{
    struct file_lock *fresh = NULL, *split = NULL, **at = &i->locks;
    int owned = 0;

    for (struct file_lock *l = i->locks; l; l = l->next)
        owned += l->owner == want->owner;
    if (owned >= LOCKS_PER_PROC)
        return -E_NOLCK;
    split = lock_create(want);
    if (want->type != PITH_F_UNLCK)
        fresh = lock_create(want);
    if (!split || (want->type != PITH_F_UNLCK && !fresh)) {
        host_free(split);
        host_free(fresh);
        return -E_NOLCK;
    }
    while (*at) {
        struct file_lock *l = *at;
        if (l->owner != want->owner || l->last < want->first ||
            l->first > want->last) {
            at = &l->next;
        } else if (l->first < want->first && l->last > want->last) {
            *split = *l; /* the part behind */
            split->first = want->last + 1;
            l->last = want->first - 1;
            l->next = split;
            split = NULL;
            break;
        } else if (l->first < want->first) {
            l->last = want->first - 1;
            at = &l->next;
        } else if (l->last > want->last) {
            l->first = want->last + 1;
            at = &l->next;
        } else {
            *at = l->next;
            host_free(l);
        }
    }
    host_free(split);
    if (fresh) {
        fresh->next = i->locks;
        i->locks = fresh;
    }
    wake(&i->lock_wait);
    return 0;
}

static int
wait_for(struct inode *i, const struct file_lock *want)
{
    struct lock_wait w = {waiting, i, *want}, **at = &waiting;
    int r;

    waiting = &w;
    r = wait_on(&i->lock_wait, HOST_FOREVER);
    while (*at != &w)
        at = &(*at)->next;
    *at = w.next;
    return r;
}

static int
take(struct inode *i, const struct file_lock *want, bool block)
{
    if (want->type != PITH_F_UNLCK) {
        while (find_conflict(i, want)) {
            int r, budget = CYCLE_BUDGET;
            if (!block)
                return -E_AGAIN;
            if (want->pid && closes_cycle(i, want, want->owner, &budget))
                return -E_DEADLK;
            r = wait_for(i, want);
            if (r < 0)
                return r;
        }
    }
    return put_lock(i, want);
}

static int
range_of(struct file *f, const struct pith_flock *l, struct file_lock *out)
{
    int64_t start = l->start, base = 0;
    int r;

    if (l->whence == PITH_SEEK_CUR) {
        base = (int64_t)f->offset;
    } else if (l->whence == PITH_SEEK_END) {
        r = vfs_getattr(f->inode);
        if (r < 0)
            return r;
        base = (int64_t)f->inode->size;
    } else if (l->whence != PITH_SEEK_SET) {
        return -E_INVAL;
    }
    if (start > 0 && base > INT64_MAX - start)
        return -E_OVERFLOW;
    start += base;
    if (start < 0)
        return -E_INVAL;
    out->first = start;
    out->last = TO_END;
    if (l->len > 0) {
        if (start > INT64_MAX - (l->len - 1))
            return -E_OVERFLOW;
        out->last = start + l->len - 1;
    } else if (l->len < 0) {
        if (l->len < -start)
            return -E_INVAL;
        out->first = start + l->len;
        out->last = start - 1;
    }
    return 0;
}

static void
tell(const struct file_lock *l, struct pith_flock *out)
{
    if (!l) {
        out->type = PITH_F_UNLCK;
        return;
    }
    out->type = (int16_t)l->type;
    out->whence = PITH_SEEK_SET;
    out->pid = l->pid;
    out->start = l->first;
    out->len = l->last == TO_END ? 0 : l->last - l->first + 1;
}

static int
lock_file(struct proc *p, struct file *f, int cmd, struct pith_flock *l)
{
    struct file_lock want = {.type = l->type, .owner = p, .pid = p->pid};
    uint32_t mode = f->flags & PITH_O_ACCMODE;
    int r;

    if (!f->inode || (f->flags & PITH_O_PATH))
        return -E_BADF;
    if (l->type != PITH_F_RDLCK && l->type != PITH_F_WRLCK &&
        (l->type != PITH_F_UNLCK || cmd == PITH_F_GETLK))
        return -E_INVAL;
    r = range_of(f, l, &want);
    if (r < 0)
        return r;
    switch (cmd) {
    case PITH_F_GETLK:
        tell(find_conflict(f->inode, &want), l);
        return 0;
    case PITH_F_SETLK:
    case PITH_F_SETLKW:
        if ((l->type == PITH_F_RDLCK && mode == PITH_O_WRONLY) ||
            (l->type == PITH_F_WRLCK && mode == PITH_O_RDONLY))
            return -E_BADF;
        return take(f->inode, &want, cmd == PITH_F_SETLKW);
    default:
        return -E_INVAL;
    }
}

int
call_lock(struct proc *p, int fd, int cmd, struct pith_flock *l)
{
    struct file *f = fd_get(p, fd);
    int r;

    if (!f)
        return -E_BADF;
    r = lock_file(p, f, cmd, l);
    /* A handler may have closed it while we waited: then nobody will. */
    if (r == 0 && cmd != PITH_F_GETLK && fd_peek(p, fd) != f)
        vfs_fd_closed(p, f);
    file_put(f);
    return r;
}

int
call_flock(struct proc *p, int fd, int op)
{
    struct file *f = fd_get(p, fd);
    struct file_lock want = {.last = TO_END, .owner = f};
    int r;

    if (!f)
        return -E_BADF;
    switch (op & ~PITH_LOCK_NB) {
    case PITH_LOCK_SH:
        want.type = PITH_F_RDLCK;
        break;
    case PITH_LOCK_EX:
        want.type = PITH_F_WRLCK;
        break;
    case PITH_LOCK_UN:
        want.type = PITH_F_UNLCK;
        break;
    default:
        file_put(f);
        return -E_INVAL;
    }
    r = !f->inode || (f->flags & PITH_O_PATH)
            ? -E_BADF
            : take(f->inode, &want, !(op & PITH_LOCK_NB));
    file_put(f);
    return r;
}

static void
drop_locks(struct inode *i, const void *owner)
{
    struct file_lock **at = &i->locks;
    bool any = false;

    while (*at) {
        struct file_lock *l = *at;
        if (l->owner != owner) {
            at = &l->next;
            continue;
        }
        *at = l->next;
        host_free(l);
        any = true;
    }
    if (any)
        wake(&i->lock_wait);
}

void
vfs_fd_closed(struct proc *p, struct file *f)
{
    if (p && f->inode && f->inode->locks)
        drop_locks(f->inode, p);
}

void
vfs_file_released(struct file *f)
{
    if (f->inode && f->inode->locks)
        drop_locks(f->inode, f);
}
