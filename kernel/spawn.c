/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting programs: spawn (the native way), exec, fork, and proc_start for the
 * host.
 *
 * spawn does everything that can fail while the parent still waits: it finds
 * and loads the program, compares the grants, performs the file actions on the
 * child's own table. Only instantiation is left to the child's task.
 */
#include <stdatomic.h>
#include <string.h>

#include "app.h"
#include "audit.h"
#include "call.h"
#include "identity.h"
#include "lib.h"
#include "memory.h"
#include "pith_errno.h"
#include "proc_internal.h"
#include "tty.h"
#include "vfs.h"

#define ACTIONS_MAX 4096u

/* Load the program for p and give it its arguments; these are taken over on
 * success only. Whether its grants suffice is still to be asked. */
static int
prepare(struct proc *p, const char *path, struct exec_args *a,
        struct report *report)
{
    struct exec_image *i;
    int r = exec_image_open(p, path, a, &i, report);

    if (r < 0)
        return r;
    p->image = i;
    proc_set_args(p, a);
    return 0;
}

static int
make_task(struct proc *p)
{
    return host_task_create(&p->main.task, proc_main, p, VALUE_STACK);
}

/* ---- for the host ---------------------------------------------------- */

static int
install_stdio(struct proc *p, const struct proc_spec *spec)
{
    int i, r = 0;

    for (i = 0; i < 3 && r >= 0; i++) {
        if (spec->stdio[i])
            r = fd_install_at(p, file_ref(spec->stdio[i]), i, false);
        if (r < 0)
            file_put(spec->stdio[i]);
    }
    return r < 0 ? r : 0;
}

static int
set_cwd(struct proc *p, struct proc *parent, const char *path)
{
    struct dentry_path *d;
    int r;

    if (!path)
        return 0;
    /* Of the first process it is the host that says where it is: it need not be
     * able to look at its own directory. */
    r = vfs_lookup(parent ? p : NULL, NULL, path, WALK_DIRECTORY, &d);
    if (r < 0)
        return r;
    path_unref(p->cwd);
    p->cwd = d;
    return 0;
}

static void
apply_limits(struct proc *p, const struct proc_spec *spec)
{
    if (spec->memory_bytes)
        p->rlimit[PITH_RLIMIT_AS] =
            (struct pith_rlimit){spec->memory_bytes, spec->memory_bytes};
    if (spec->fuel)
        p->fuel = spec->fuel;
    if (spec->deadline_ns)
        p->deadline_ns = spec->deadline_ns;
    p->traced |= spec->traced;
    p->on_exit = spec->on_exit;
    p->on_trap = spec->on_trap;
    p->on_exit_ctx = spec->on_exit_ctx;
}

static int
configure(struct proc *p, struct proc *parent, const struct proc_spec *spec)
{
    int r = parent ? fd_table_copy(&p->fds, &parent->fds) : 0;

    if (r == 0)
        r = install_stdio(p, spec);
    if (r == 0 && spec->grants) {
        struct grants *g = grants_ref(spec->grants);

        if (parent) {
            grants_unref(g);
            r = grants_fit(spec->grants, parent->grants, &g);
        }
        if (r < 0)
            return r;
        cap_set_grants(p, g);
        r = app_enter(p, parent, g);
    }
    if (r == 0)
        r = set_cwd(p, parent, spec->cwd);
    if (r == 0 && parent && spec->new_session)
        r = call_setsid(p) < 0 ? -E_NOMEM : 0;
    apply_limits(p, spec);
    return r;
}

int
proc_start(struct proc *parent, const struct proc_spec *spec,
           struct proc **out, struct report *report)
{
    struct exec_args a;
    struct proc *p;
    int r = proc_create(parent, &p);

    if (r < 0)
        return r;
    r = configure(p, parent, spec);
    if (r == 0)
        r = exec_args_init(&a, spec->argv, spec->envp);
    if (r < 0) {
        proc_discard(p);
        return r;
    }
    if (spec->path) {
        r = prepare(p, spec->path, &a, report);
    } else {
        r = exec_image_bytes(spec->bytes, spec->size, spec->file, &p->image,
                             report);
        if (r == 0)
            proc_set_args(p, &a);
    }
    if (r == 0)
        r = exec_image_check(p->image, p, report);
    if (r == 0)
        r = make_task(p);
    exec_args_finish(&a);
    if (r < 0) {
        report_set(report, 0, "%s", pith_errno_text(-r));
        proc_discard(p);
        return r;
    }
    if (out)
        *out = p;
    r = p->pid;
    proc_begin(p);
    return r;
}

/* ---- spawn ----------------------------------------------------------- */

static int
do_open(struct proc *p, const struct call_fd_action *a)
{
    struct file *f;
    int r = vfs_open(p, NULL, a->path, a->flags, a->mode, &f);

    if (r < 0)
        return r;
    r = fd_install_at(p, f, a->fd, (a->flags & PITH_O_CLOEXEC) != 0);
    if (r < 0)
        file_put(f);
    return r;
}

static int
do_dup2(struct proc *p, const struct call_fd_action *a)
{
    struct file *f;
    int r;

    if (a->from == a->fd) { /* POSIX: it stays open in the child */
        if (!fd_peek(p, a->fd))
            return -E_BADF;
        p->fds.slots[a->fd].cloexec = false;
        return 0;
    }
    f = fd_get(p, a->from);
    if (!f)
        return -E_BADF;
    r = fd_install_at(p, f, a->fd, false);
    if (r < 0)
        file_put(f);
    return r;
}

static int
file_action(struct proc *p, const struct call_fd_action *a)
{
    switch (a->op) {
    case PITH_FDA_CLOSE:
        fd_close(p, a->fd); /* POSIX: no error when it was not open */
        return 0;
    case PITH_FDA_DUP2:
        return do_dup2(p, a);
    case PITH_FDA_OPEN:
        return do_open(p, a);
    case PITH_FDA_CHDIR:
        return call_chdir(p, a->path);
    case PITH_FDA_FCHDIR:
        return call_fchdir(p, a->fd);
    case PITH_FDA_IDENTITY:
        return fd_peek(p, a->from) ? identity_take(p, fd_peek(p, a->from))
                                   : -E_BADF;
    default:
        return -E_INVAL;
    }
}

/* Handlers cannot be inherited by another program; what is ignored stays so. */
static void
spawn_signals(struct proc *p, const struct call_spawn *s)
{
    int i;

    signal_reset_for_exec(p);
    for (i = 1; i < PITH_NSIG; i++) {
        if ((s->flags & PITH_SPAWN_SETSIGDEF) && (s->sigdefault & sig_bit(i)))
            p->sig.action[i] = (struct pith_sigaction){0};
    }
    if (s->flags & PITH_SPAWN_SETSIGMASK)
        p->sig.blocked = s->sigmask & ~SIG_UNBLOCKABLE;
}

static int
spawn_group(struct proc *p, const struct call_spawn *s)
{
    struct session *se;
    int r = 0;

    if (s->flags & PITH_SPAWN_SETSID) {
        se = session_create(p->pid);
        if (!se)
            return -E_NOMEM;
        session_unref(p->session);
        p->session = se;
        p->pgid = p->pid;
    } else if (s->flags & PITH_SPAWN_SETPGROUP) {
        int32_t to = s->pgroup ? s->pgroup : p->pid;

        if (to < 0)
            return -E_INVAL;
        if (to != p->pid && !group_in_session(to, p->session))
            r = -E_PERM;
        else
            p->pgid = to;
    }
    if (r == 0 && (s->flags & PITH_SPAWN_FOREGROUND) && p->session->tty)
        tty_set_foreground(p->session->tty, p->pgid);
    return r;
}

static const char *
env_value(const char *env, size_t len, const char *name)
{
    size_t n = strlen(name), at;

    for (at = 0; at < len; at += strlen(env + at) + 1) {
        if (!strncmp(env + at, name, n) && env[at + n] == '=')
            return env + at + n + 1;
    }
    return NULL;
}

/* posix_spawnp: path has no slash, so each directory of PATH is tried. */
static int
prepare_searching(struct proc *p, const struct call_spawn *s,
                  struct exec_args *a, struct report *report)
{
    const char *dirs = env_value(a->env, a->env_len, "PATH");
    char *path = host_alloc(PITH_PATH_MAX);
    int r, denied = -E_NOENT;

    if (!path)
        return -E_NOMEM;
    if (!dirs)
        dirs = "/bin:/usr/bin";
    for (;;) {
        size_t n = strcspn(dirs, ":");

        r = -E_NOENT;
        if (text_format(path, PITH_PATH_MAX, "%.*s%s%s", (int)n, dirs,
                        n ? "/" : "", s->path) < PITH_PATH_MAX)
            r = prepare(p, path, a, report);
        if (r != -E_NOENT && r != -E_NOTDIR && r != -E_ACCES)
            break;
        if (r == -E_ACCES)
            denied = r;
        if (!dirs[n]) {
            r = denied;
            break;
        }
        dirs += n + 1;
    }
    host_free(path);
    return r;
}

/*
 * What was opened up to here, the program and the files of the actions, the
 * parent asked for and had the grants for: only now do the child's own count.
 */
static int
give_grants(struct proc *p, struct proc *parent, struct grants *given)
{
    struct grants *g;
    int r = grants_fit(given, parent->grants, &g);

    if (r == -E_NOTCAPABLE)
        audit(parent, "refused", "spawn with more than it has");
    if (r < 0)
        return r;
    cap_set_grants(p, g);
    return app_enter(p, parent, g);
}

/* Which of the two an action means does not matter: it is closed again. */
static int
inherit_named(struct proc *p, struct proc *parent,
              const struct call_fd_action *a)
{
    int r = fd_table_inherit_one(&p->fds, &parent->fds, a->fd);

    return r < 0 ? r : fd_table_inherit_one(&p->fds, &parent->fds, a->from);
}

static int
spawn_child(struct proc *p, struct proc *parent, struct call_spawn *s,
            struct exec_args *a)
{
    struct report why = {0};
    uint32_t i;
    int r;

    if (s->grants) { /* before anything is done for it */
        struct grants *fits;

        r = grants_fit(s->grants, parent->grants, &fits);
        if (r < 0) {
            if (r == -E_NOTCAPABLE)
                audit(parent, "refused", "spawn with more than it has");
            return r;
        }
        grants_unref(fits);
    }
    spawn_signals(p, s);
    r = fd_table_inherit(&p->fds, &parent->fds);
    for (i = 0; i < s->nactions && r >= 0; i++)
        r = inherit_named(p, parent, &s->actions[i]);
    if (r == 0)
        r = spawn_group(p, s);
    for (i = 0; i < s->nactions && r >= 0; i++)
        r = file_action(p, &s->actions[i]);
    if (r < 0)
        return r;
    fd_table_close_on_exec(&p->fds, p);
    if (s->search && !strchr(s->path, '/'))
        r = prepare_searching(p, s, a, &why);
    else
        r = prepare(p, s->path, a, &why);
    if (r == 0 && s->grants)
        r = give_grants(p, parent, s->grants);
    if (r == 0)
        r = exec_image_check(p->image, p, &why);
    if (r == 0)
        r = make_task(p);
    return r;
}

int
call_spawn(struct proc *p, struct call_spawn *s)
{
    struct exec_args a = {.args = s->args, .env = s->env,
                          .args_len = s->args_len, .env_len = s->env_len,
                          .argc = s->argc, .envc = s->envc};
    struct proc *c = NULL;
    int r = cap_check(p, CAP_SPAWN);

    if (r == 0 && s->nactions > ACTIONS_MAX)
        r = -E_2BIG;
    if (r == 0)
        r = proc_create(p, &c);
    if (r == 0)
        r = spawn_child(c, p, s, &a);
    exec_args_finish(&a);
    if (r < 0) {
        if (c)
            proc_discard(c);
        return r;
    }
    r = c->pid;
    proc_begin(c);
    return r;
}

/* ---- exec ------------------------------------------------------------ */

int
call_exec(struct proc *p, const char *path, char *args, size_t args_len,
          uint32_t argc, char *env, size_t env_len, uint32_t envc)
{
    struct exec_args a = {.args = args, .env = env, .args_len = args_len,
                          .env_len = env_len, .argc = argc, .envc = envc};
    struct exec_args *kept = NULL;
    struct exec_image *i = NULL;
    int r = cap_check(p, CAP_SPAWN);

    if (p->young)
        proc_grown(p);
    if (r == 0)
        r = exec_image_open(p, path, &a, &i, NULL);
    if (r == 0)
        r = exec_image_check(i, p, NULL);
    if (r == 0)
        kept = host_alloc(sizeof *kept);
    if (r == 0 && !kept)
        r = -E_NOMEM;
    if (r < 0 || !kept) {
        exec_image_unref(i);
        exec_args_finish(&a);
        return r;
    }
    if (p->pending_exec) { /* another thread was first */
        exec_image_unref(i);
        exec_args_finish(&a);
        host_free(kept);
        return 0;
    }
    *kept = a;
    p->pending_args = kept;
    p->pending_exec = i;
    /* Off to proc_main, which becomes the new program. */
    thread_poke_all(p);
    return 0;
}

/* ---- fork ------------------------------------------------------------ */

static int
copy_args(struct proc *c, const struct proc *p)
{
    struct exec_args a = {
        .args = text_copy(p->args, p->args_len),
        .env = text_copy(p->env, p->env_len),
        .exe = p->exe ? text_copy(p->exe, strlen(p->exe)) : NULL,
        .args_len = p->args_len, .env_len = p->env_len,
        .argc = p->argc, .envc = p->envc,
    };

    if (!a.args || !a.env || (p->exe && !a.exe)) {
        exec_args_finish(&a);
        return -E_NOMEM;
    }
    proc_set_args(c, &a);
    memcpy(c->name, p->name, sizeof c->name);
    return 0;
}

static int
fork_child(struct proc *c, struct proc *p)
{
    enum engine_status st;
    int r = fd_table_copy(&c->fds, &p->fds);

    if (r == 0)
        r = copy_args(c, p);
    if (r == 0)
        r = make_task(c);
    if (r < 0)
        return r;
    c->image = exec_image_ref(p->image);
    c->main.store = proc_store_create(&c->main);
    st = c->main.store ? ENGINE_OK : ENGINE_NO_MEMORY;
    if (st == ENGINE_OK) {
        /* Only this process runs in the memory that is copied, and but for
         * other threads it is here; nobody else need wait for the copy. */
        kernel_unlock();
        st = exec_link(&c->main, p->main.instance);
        kernel_lock();
    }
    return st == ENGINE_OK ? 0 : -E_NOMEM;
}


void
proc_grown(struct proc *p)
{
    p->young = false;
    signal_decided(p);
    if (p->parent)
        wake(&p->parent->child_wait);
}

#define FORK_FIRST_NS 10000000u
#define FORK_TURNS 200 /* at most, on a machine that has no time for it */

/*
 * In turns, until it has had a CPU for FORK_FIRST_NS, wherever it spent the time
 * before: it, and of that which is ours in the host. It may be gone meanwhile,
 * and another thread have heard of it. Turns, not time, are what is enough at
 * last: a host may stop all of us for seconds.
 */
static void
let_go_first(struct proc *p, int32_t pid)
{
    uint64_t enough = FORK_FIRST_NS + host_cpu_wait_ns();
    uint64_t used = host_cpu_ns();
    const struct proc *c;
    int r = 0, turns = 0;

    while (r == 0 && (c = proc_find(pid)) && c->parent == p && c->young &&
           c->state != PROC_TERMINATED) {
        if (turns == FORK_TURNS ||
            (host_task_cpu_ns(c->main.task) >= enough &&
             host_cpu_ns() - used >= FORK_FIRST_NS))
            break;
        r = wait_on(&p->child_wait, host_mono_ns() + FORK_FIRST_NS);
        if (r == -E_TIMEDOUT) {
            turns++;
            r = 0;
        }
    }
}

static int
fork_once(struct proc *p)
{
    struct proc *c;
    int r = proc_create(p, &c);

    if (r < 0)
        return r;
    r = fork_child(c, p);
    if (r < 0 && !c->main.task) {
        proc_discard(c);
        return r;
    }
    if (r < 0) {
        /* The task must end by itself; nobody hears of it. */
        proc_kill(c, PITH_SIGKILL, NULL);
        proc_disown(c);
    } else {
        c->forked = c->young = true;
        r = c->pid;
    }
    proc_begin(c);
    return r;
}

int
call_fork(struct proc *p)
{
    static const char entry[] = "__pith_fork_child";
    struct engine_extern e;
    int r = cap_check(p, CAP_SPAWN), tries = 0;

    if (r < 0)
        return r;
    if (!thread_is_main(p))
        return -E_NOTSUP;
    if (!p->main.instance ||
        !engine_instance_export(p->main.instance, entry, sizeof entry - 1, &e))
        return -E_NOSYS;
    r = fork_once(p);
    while (r == -E_NOMEM && tries++ < RELIEFS && memory_relieve(p))
        r = fork_once(p);
    if (r >= 0)
        let_go_first(p, r);
    return r;
}
