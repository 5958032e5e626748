/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process groups and sessions (POSIX.1-2017, base definitions 3.290 to 3.337,
 * and "Orphaned Process Group", 3.264). A group is just the processes that have
 * its number; groups are walked rarely and processes are few, so there are no
 * lists of members.
 */
#include <string.h>

#include "call.h"
#include "pith_errno.h"
#include "proc_internal.h"
#include "tty.h"

uint32_t proc_stopped_count;

struct session *
session_create(int32_t sid)
{
    struct session *s = host_alloc(sizeof *s);

    if (s) {
        s->refs = 1;
        s->sid = sid;
    }
    return s;
}

struct session *
session_ref(struct session *s)
{
    s->refs++;
    return s;
}

void
session_unref(struct session *s)
{
    if (!s || --s->refs)
        return;
    s->refs = 1; /* the terminal may look at it once more */
    tty_session_detach(s);
    host_free(s);
}

bool
group_in_session(int32_t pgid, const struct session *s)
{
    const struct proc *p;

    /* A member that has ended counts until it is waited for: the second
     * command of a pipeline joins the first one's group, however short. */
    for (p = proc_first(); p; p = p->next) {
        if (p->pgid == pgid && p->session == s)
            return true;
    }
    return false;
}

int
call_setsid(struct proc *p)
{
    struct session *s;
    const struct proc *o;

    for (o = proc_first(); o; o = o->next) {
        if (o->pgid == p->pid)
            return -E_PERM; /* a group leader, or the group it once led */
    }
    s = session_create(p->pid);
    if (!s)
        return -E_NOMEM;
    groups_orphaned_by(p);
    session_unref(p->session);
    p->session = s;
    p->pgid = p->pid;
    return p->pid;
}

int
call_setpgid(struct proc *p, int32_t pid, int32_t pgid)
{
    struct proc *t = pid ? proc_find(pid) : p;

    if (pgid < 0)
        return -E_INVAL;
    if (!t || (t != p && t->parent != p) || t->state == PROC_TERMINATED)
        return -E_SRCH;
    if (t->session != p->session || t->session->sid == t->pid)
        return -E_PERM;
    if (!pgid)
        pgid = t->pid;
    if (pgid != t->pid && !group_in_session(pgid, p->session))
        return -E_PERM;
    t->pgid = pgid;
    return 0;
}

/* Does a member of the group have a parent in another group of its session,
 * who could continue it? `without`, which is leaving, does not count. */
static bool
orphaned(int32_t pgid, const struct proc *without)
{
    const struct proc *p;

    for (p = proc_first(); p; p = p->next) {
        const struct proc *up = p->parent;

        if (p->pgid == pgid && p != without && p->state != PROC_TERMINATED &&
            up && up != without && up->pgid != pgid &&
            up->session == p->session)
            return false;
    }
    return true;
}

static bool
has_stopped(int32_t pgid, const struct proc *without)
{
    const struct proc *p;

    for (p = proc_first(); p; p = p->next) {
        if (p->pgid == pgid && p != without && p->stopped)
            return true;
    }
    return false;
}

static void
hang_up(int32_t pgid)
{
    signal_send_group(pgid, PITH_SIGHUP);
    signal_send_group(pgid, PITH_SIGCONT);
}

void
groups_orphaned_by(struct proc *p)
{
    const struct proc *up = p->parent;
    struct proc *c;

    if (!proc_stopped_count)
        return; /* only stopped processes are told */
    /* Only when p was the group's tie to the rest of its session: a group that
     * was an orphan before is not told again. */
    if (up && up->pgid != p->pgid && up->session == p->session &&
        has_stopped(p->pgid, p) && orphaned(p->pgid, p))
        hang_up(p->pgid);
    for (c = proc_first(); c; c = c->next) {
        if (c->stopped && c->parent == p && c->pgid != p->pgid &&
            c->session == p->session && orphaned(c->pgid, p))
            hang_up(c->pgid);
    }
}
