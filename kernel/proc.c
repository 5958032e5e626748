/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process table: birth, family, death, wait.
 *
 * A process that has ended keeps its struct as a zombie until its parent has
 * waited for it; one without a parent (or whose parent ignores SIGCHLD) goes at
 * once. Orphans become children of process 1; when that ends the system does.
 */
#include "proc.h"

#include <string.h>

#include "app.h"
#include "call.h"
#include "lib.h"
#include "main.h"
#include "pith_errno.h"
#include "proc_internal.h"
#include "tty.h"
#include "vfs.h"

#define HASH_SIZE 1024u /* power of two */

static struct proc *by_pid[HASH_SIZE];
static struct proc *first, *last;
static uint32_t count;
static int32_t last_pid;

struct proc *
proc_find(int32_t pid)
{
    struct proc *p;

    if (pid <= 0)
        return NULL;
    for (p = by_pid[(uint32_t)pid % HASH_SIZE]; p; p = p->hash_next) {
        if (p->pid == pid)
            return p;
    }
    return NULL;
}

struct proc *
proc_first(void)
{
    return first;
}

uint32_t
proc_count(void)
{
    return count;
}

struct proc *
proc_current(void)
{
    struct host_task *task = host_task_self();
    struct thread *t = task ? *host_task_local(task) : NULL;

    return t ? t->proc : NULL;
}

/* ---- the table ------------------------------------------------------- */

/* Is the number in use, as a process, a group or a session? A group can only
 * outlive its leader, whose number must not be given away meanwhile. */
static bool
pid_taken(int32_t pid)
{
    const struct proc *p;

    if (proc_find(pid))
        return true;
    for (p = last; p; p = p->prev) {
        if (p->pgid == pid || (p->session && p->session->sid == pid))
            return true;
    }
    return false;
}

static int32_t
new_pid(void)
{
    static bool wrapped; /* all numbers have been used once */

    do {
        if (++last_pid > PID_MAX) {
            last_pid = 2;
            wrapped = true;
        }
    } while (wrapped && pid_taken(last_pid));
    return last_pid;
}

static void
table_insert(struct proc *p)
{
    struct proc **slot = &by_pid[(uint32_t)p->pid % HASH_SIZE];
    struct proc *after = last;

    p->hash_next = *slot;
    *slot = p;
    while (after && after->pid > p->pid)
        after = after->prev;
    p->prev = after;
    p->next = after ? after->next : first;
    if (p->next)
        p->next->prev = p;
    else
        last = p;
    if (after)
        after->next = p;
    else
        first = p;
    count++;
}

static void
table_remove(struct proc *p)
{
    struct proc **slot = &by_pid[(uint32_t)p->pid % HASH_SIZE];

    while (*slot != p)
        slot = &(*slot)->hash_next;
    *slot = p->hash_next;
    if (p->prev)
        p->prev->next = p->next;
    else
        first = p->next;
    if (p->next)
        p->next->prev = p->prev;
    else
        last = p->prev;
    count--;
}

static void
adopt(struct proc *parent, struct proc *p)
{
    p->parent = parent;
    p->sibling = parent->children;
    parent->children = p;
}

static void
leave_parent(struct proc *p)
{
    struct proc **at;

    if (!p->parent)
        return;
    for (at = &p->parent->children; *at != p; at = &(*at)->sibling)
        continue;
    *at = p->sibling;
    p->parent = p->sibling = NULL;
}

void
proc_disown(struct proc *c)
{
    leave_parent(c);
}

/* ---- birth ----------------------------------------------------------- */

/* RLIMIT_NPROC counts a user's processes. */
static bool
too_many(const struct proc *parent)
{
    uint64_t max = PROC_MAX, n = 0;
    const struct proc *p;

    if (parent)
        max = parent->rlimit[PITH_RLIMIT_NPROC].cur;
    if (count + thread_total >= PROC_MAX || kernel_is_shutting_down())
        return true;
    if (max >= PROC_MAX || !parent)
        return false;
    for (p = first; p; p = p->next)
        n += p->cred.ruid == parent->cred.ruid;
    return n >= max;
}

static void
inherit(struct proc *p, const struct proc *parent)
{
    p->pgid = parent->pgid;
    p->session = session_ref(parent->session);
    p->cred = parent->cred;
    cap_set_grants(p, grants_ref(parent->grants));
    p->cwd = path_ref(parent->cwd);
    p->root = path_ref(parent->root);
    p->umask = parent->umask;
    memcpy(p->rlimit, parent->rlimit, sizeof p->rlimit);
    p->fuel = parent->fuel;
    p->deadline_ns = parent->deadline_ns;
    p->nice = parent->nice;
    p->traced = parent->traced;
    p->sig.blocked = parent->sig.blocked;
    memcpy(p->sig.action, parent->sig.action, sizeof p->sig.action);
    memcpy(p->name, parent->name, sizeof p->name);
}

static int
first_of_family(struct proc *p)
{
    p->pgid = p->pid;
    p->session = session_create(p->pid);
    cap_set_grants(p, grants_create());
    if (!p->session || !p->grants)
        return -E_NOMEM;
    p->root = path_ref(vfs_root());
    p->cwd = path_ref(vfs_root());
    p->umask = 022;
    p->fuel = UINT64_MAX;
    p->deadline_ns = HOST_FOREVER;
    limits_init(p);
    return 0;
}

int
proc_create(struct proc *parent, struct proc **out)
{
    struct proc *p;
    int r = 0;

    if (too_many(parent))
        return -E_AGAIN;
    p = host_alloc(sizeof *p);
    if (!p)
        return -E_NOMEM;
    p->main.proc = p;
    p->pid = new_pid();
    p->state = PROC_CREATED;
    p->start_ns = host_mono_ns();
    table_insert(p);
    if (parent) {
        inherit(p, parent);
        adopt(parent, p);
    } else {
        r = first_of_family(p);
    }
    if (r == 0)
        r = app_join(p, parent ? parent->app : NULL);
    if (r < 0)
        proc_discard(p);
    else
        *out = p;
    return r;
}

/* ---- death ----------------------------------------------------------- */

static void
release_resources(struct proc *p)
{
    timer_cancel(&p->itimer);
    timer_cancel(&p->limit_timer);
    fd_table_finish(&p->fds, p);
    path_unref(p->cwd);
    path_unref(p->root);
    p->cwd = p->root = NULL;
    exec_image_unref(p->image);
    exec_image_unref(p->pending_exec);
    p->image = p->pending_exec = NULL;
    if (p->pending_args)
        exec_args_finish(p->pending_args);
    host_free(p->pending_args);
    p->pending_args = NULL;
}

struct wait_queue proc_all_gone;

void
proc_free(struct proc *p)
{
    leave_parent(p);
    table_remove(p);
    if (!count)
        wake(&proc_all_gone);
    session_unref(p->session);
    grants_unref(p->grants);
    if (p->app)
        app_leave(p);
    host_free(p->args);
    host_free(p->env);
    host_free(p->exe);
    host_free(p->trap_trace);
    host_free(p->imported);
    host_free(p);
}

void
proc_discard(struct proc *p)
{
    release_resources(p);
    if (p->main.store)
        engine_store_destroy(p->main.store);
    proc_free(p);
}

static bool
parent_cares(const struct proc *parent)
{
    const struct pith_sigaction *a = &parent->sig.action[PITH_SIGCHLD];

    return a->handler != PITH_SIG_IGN && !(a->flags & PITH_SA_NOCLDWAIT);
}

void
proc_tell_parent(struct proc *p, int sig)
{
    if (!p->parent)
        return;
    if (sig)
        signal_send(p->parent, sig);
    wake(&p->parent->child_wait);
}

/* Children go to process 1, or are on their own when there is none. */
static void
give_children_away(struct proc *p)
{
    struct proc *init = proc_find(1), *c;

    if (init == p || (init && init->state == PROC_TERMINATED))
        init = NULL;
    while ((c = p->children)) {
        p->children = c->sibling;
        c->parent = c->sibling = NULL;
        if (init) {
            adopt(init, c);
            if (c->state == PROC_TERMINATED)
                proc_tell_parent(c, PITH_SIGCHLD);
        } else if (c->state == PROC_TERMINATED) {
            proc_free(c);
        }
    }
}

static void
account(struct proc *p)
{
    p->cpu_ns = proc_cpu_ns(p);
    proc_usage(p, &p->usage);
}

void
proc_finish(struct proc *p)
{
    bool leader = p->session->sid == p->pid, was_init = p->pid == 1;

    p->dying = true;
    release_resources(p);
    account(p);
    if (p->on_exit)
        p->on_exit(p, p->on_exit_ctx);
    proc_drop_store(p);
    groups_orphaned_by(p);
    give_children_away(p);
    if (leader)
        tty_session_exit(p->session);
    if (p->stopped) {
        p->stopped = false;
        proc_stopped_count--;
    }
    p->state = PROC_TERMINATED;
    if (proc_watch)
        proc_watch(p);
    p->main.task = NULL;
    *host_task_local(host_task_self()) = NULL;
    if (was_init) {
        int s = p->status & 0x7f;

        kernel_shutdown(s ? 128 + s : (p->status >> 8) & 0xff);
    }
    if (!p->parent) {
        proc_free(p);
    } else if (!parent_cares(p->parent)) {
        struct proc *parent = p->parent;

        proc_free(p);
        wake(&parent->child_wait);
    } else {
        proc_tell_parent(p, PITH_SIGCHLD);
    }
}

/* ---- wait ------------------------------------------------------------ */

static bool
wait_matches(const struct proc *p, const struct proc *c, int32_t pid)
{
    if (pid > 0)
        return c->pid == pid;
    if (pid == -1)
        return true;
    return c->pgid == (pid ? -pid : p->pgid);
}

static void
add_usage(struct pith_rusage *to, const struct pith_rusage *from)
{
    to->utime_ns += from->utime_ns;
    to->stime_ns += from->stime_ns;
    if (from->maxrss > to->maxrss)
        to->maxrss = from->maxrss;
    to->syscalls += from->syscalls;
    to->switches += from->switches;
    to->bytes_in += from->bytes_in;
    to->bytes_out += from->bytes_out;
}

/* What wait() would report of c now; false: nothing. */
static bool
wait_report(struct proc *c, int options, int *status)
{
    if (c->state == PROC_TERMINATED) {
        *status = c->status;
        return true;
    }
    if (c->stopped && !c->stop_reported && (options & PITH_WUNTRACED)) {
        c->stop_reported = true;
        *status = (c->stop_signal << 8) | 0x7f;
        return true;
    }
    if (c->continued && (options & PITH_WCONTINUED)) {
        c->continued = false;
        *status = 0xffff;
        return true;
    }
    return false;
}

static int
wait_once(struct proc *p, int32_t pid, int *status, int options,
          struct pith_rusage *usage)
{
    struct proc *c;
    bool any = false;

    for (c = p->children; c; c = c->sibling) {
        if (c->state == PROC_CREATED || !wait_matches(p, c, pid))
            continue;
        any = true;
        if (wait_report(c, options, status)) {
            int32_t found = c->pid;

            if (usage) {
                *usage = c->usage;
                add_usage(usage, &c->children_usage);
            }
            if (c->state == PROC_TERMINATED) {
                add_usage(&p->children_usage, &c->usage);
                add_usage(&p->children_usage, &c->children_usage);
                proc_free(c);
            }
            return found;
        }
    }
    return any ? 0 : -E_CHILD;
}

int
call_wait(struct proc *p, int32_t pid, int *status, int options,
          struct pith_rusage *usage)
{
    int r;

    if ((options & ~(PITH_WNOHANG | PITH_WUNTRACED | PITH_WCONTINUED)) ||
        pid == INT32_MIN)
        return -E_INVAL;
    for (;;) {
        r = wait_once(p, pid, status, options, usage);
        if (r != 0 || (options & PITH_WNOHANG))
            return r;
        r = wait_on(&p->child_wait, HOST_FOREVER);
        if (r < 0)
            return r;
    }
}
