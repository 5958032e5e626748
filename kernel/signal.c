/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals: sent under the lock, acted on by the process itself on its way back
 * to user code.
 *
 *   signal_send --> pending --+--> blocked in the kernel: -E_INTR wakes it
 *     (ignored: dropped)      `--> running: attention, engine poll
 *                                      |
 *   proc_leave_call / proc_poll:  die | stop | call __pith_signal(signo, fn)
 *
 * A handler runs as a nested engine call in the middle of the interrupted call
 * or loop. It may leave by a wasm exception (longjmp): then the mask stays as it
 * is, as with longjmp on Unix; siglongjmp restores it.
 */
#include <stdatomic.h>
#include <string.h>

#include "app.h"
#include "call.h"
#include "lib.h"
#include "pith_errno.h"
#include "proc_internal.h"

enum action { ACT_END, ACT_IGNORE, ACT_STOP, ACT_CONT };

static enum action
default_action(int sig)
{
    switch (sig) {
    case PITH_SIGCHLD:
    case PITH_SIGURG:
    case PITH_SIGWINCH:
        return ACT_IGNORE;
    case PITH_SIGCONT:
        return ACT_CONT;
    case PITH_SIGSTOP:
    case PITH_SIGTSTP:
    case PITH_SIGTTIN:
    case PITH_SIGTTOU:
        return ACT_STOP;
    default:
        return ACT_END;
    }
}

#define STOP_SIGNALS                                                          \
    (sig_bit(PITH_SIGSTOP) | sig_bit(PITH_SIGTSTP) | sig_bit(PITH_SIGTTIN) |  \
     sig_bit(PITH_SIGTTOU))

static bool
ignored(const struct proc *p, int sig)
{
    uint32_t h = p->sig.action[sig].handler;

    if (h == PITH_SIG_IGN)
        return true;
    return h == PITH_SIG_DFL && (default_action(sig) == ACT_IGNORE ||
                                 default_action(sig) == ACT_CONT);
}

static int
lowest(uint64_t set)
{
    return __builtin_ctzll(set) + 1;
}

/*
 * What a forked child ignores is what its parent does, until it has had its say:
 * shells' children take that back first of all. Its parent waits for that, but
 * not for ever (let_go_first); what is sent meanwhile is kept.
 */
#define UNDECIDED_NS 10000000000u

static bool
undecided(const struct proc *p, int sig)
{
    return p->young && p->sig.action[sig].handler == PITH_SIG_IGN &&
           host_mono_ns() - p->start_ns < UNDECIDED_NS;
}

/* It has: what it ignores is dropped now. */
void
signal_decided(struct proc *p)
{
    uint64_t left = p->sig.pending & ~p->sig.blocked;

    for (; left; left &= left - 1) {
        if (ignored(p, lowest(left)))
            p->sig.pending &= ~sig_bit(lowest(left));
    }
}

/* The pending ones that would do something now. */
static uint64_t
deliverable(const struct proc *p)
{
    uint64_t set = p->sig.pending & ~p->sig.blocked, left;

    for (left = set; left; left &= left - 1) {
        if (ignored(p, lowest(left)))
            set &= ~sig_bit(lowest(left));
    }
    return set;
}

bool
signal_pending(struct proc *p)
{
    if (!thread_is_main(p))
        return p->dying || p->pending_exec || p->stopped || signal_fatal(p);
    return p->dying || p->pending_exec || p->regranted ||
           (p->sig.pending && deliverable(p));
}

int
signal_fatal(const struct proc *p)
{
    uint64_t set = p->sig.pending ? deliverable(p) : 0;
    int sig;

    for (; set; set &= set - 1) {
        sig = lowest(set);
        if (p->sig.action[sig].handler == PITH_SIG_DFL &&
            default_action(sig) == ACT_END)
            return sig;
    }
    return 0;
}

/* Make p look at its signals soon, wherever it is. */
static void
poke(struct proc *p)
{
    thread_poke_all(p);
}

static void
resume(struct proc *p)
{
    if (!p->stopped)
        return;
    p->stopped = false;
    proc_stopped_count--;
    wake(&p->stop_wait);
}

void
signal_send(struct proc *p, int sig)
{
    if (sig < 1 || sig >= PITH_NSIG || p->state == PROC_TERMINATED || p->dying)
        return;
    if (sig == PITH_SIGKILL) {
        p->dying = true;
        p->status = PITH_SIGKILL;
        resume(p);
        poke(p);
        return;
    }
    if (sig == PITH_SIGCONT) {
        p->sig.pending &= ~STOP_SIGNALS;
        if (p->stopped) {
            resume(p);
            p->continued = true;
            proc_tell_parent(p, PITH_SIGCHLD);
        }
    } else if (sig_bit(sig) & STOP_SIGNALS) {
        p->sig.pending &= ~sig_bit(PITH_SIGCONT);
    }
    if (ignored(p, sig) && !(p->sig.blocked & sig_bit(sig)) &&
        !undecided(p, sig))
        return;
    p->sig.pending |= sig_bit(sig);
    if (!(p->sig.blocked & sig_bit(sig)))
        poke(p);
}

int
signal_send_group(int32_t pgid, int sig)
{
    struct proc *p;
    int r = -E_SRCH;

    for (p = proc_first(); p; p = p->next) {
        if (p->pgid == pgid && p->state != PROC_TERMINATED) {
            signal_send(p, sig);
            r = 0;
        }
    }
    return r;
}

void
proc_regranted(struct proc *p)
{
    p->regranted = true;
    poke(p);
}

void
proc_kill(struct proc *p, int sig, const char *why)
{
    if (p->state == PROC_TERMINATED || p->dying)
        return;
    p->dying = true;
    p->status = sig;
    if (why)
        report_set(&p->trouble, 0, "%s", why);
    resume(p);
    poke(p);
}

/* ---- delivery, by the process itself --------------------------------- */

static void
stop(struct proc *p, int sig)
{
    p->stopped = true;
    p->stop_reported = p->continued = false;
    p->stop_signal = sig;
    proc_stopped_count++;
    thread_poke_all(p);
    if (p->parent)
        proc_tell_parent(p, p->parent->sig.action[PITH_SIGCHLD].flags &
                                    PITH_SA_NOCLDSTOP
                                ? 0
                                : PITH_SIGCHLD);
    while (p->stopped && !p->dying)
        wait_on_killable(&p->stop_wait, HOST_FOREVER);
}

/* SIGTSTP and friends do nothing to a group that nobody could continue. */
static bool
may_stop(struct proc *p, int sig)
{
    const struct proc *o;

    if (sig == PITH_SIGSTOP)
        return true;
    for (o = proc_first(); o; o = o->next) {
        if (o->pgid == p->pgid && o->parent &&
            o->parent->pgid != p->pgid && o->parent->session == p->session)
            return true;
    }
    return false;
}

static void
die_of(struct proc *p, int sig)
{
    p->dying = true;
    p->status = sig;
    thread_poke_all(p);
}

static enum engine_status
run_handler(struct proc *p, int sig, bool *no_restart)
{
    struct pith_sigaction *a = &p->sig.action[sig];
    union engine_value args[2] = {{.i32 = (uint32_t)sig},
                                  {.i32 = a->handler}};
    union engine_value result = {.i32 = 0};
    uint64_t old = p->sig.restore_mask ? p->sig.saved_mask : p->sig.blocked;
    static const char name[] = "__pith_signal";
    struct engine_extern e;
    enum engine_status st;

    if (p->handlers_running >= HANDLER_DEPTH || !p->main.instance ||
        !engine_instance_export(p->main.instance, name, sizeof name - 1, &e) ||
        e.kind != ENGINE_FUNC) {
        die_of(p, p->handlers_running ? PITH_SIGSEGV : sig);
        return ENGINE_EXIT;
    }
    p->sig.restore_mask = false;
    p->sig.blocked |= a->mask;
    if (!(a->flags & PITH_SA_NODEFER))
        p->sig.blocked |= sig_bit(sig);
    p->sig.blocked &= ~SIG_UNBLOCKABLE;
    if (a->flags & PITH_SA_RESETHAND)
        a->handler = PITH_SIG_DFL;
    p->handlers_running++;
    kernel_leave();
    st = engine_call(p->main.store, e.func, args, &result);
    kernel_lock();
    p->handlers_running--;
    if (result.i32) { /* none declared: stays 0 */
        *no_restart = true;
        p->jump_due = JUMP_TRIES;
    }
    if (st == ENGINE_OK)
        p->sig.blocked = old;
    return st;
}

enum engine_status
proc_jump(struct proc *p)
{
    static const char name[] = "__pith_throw";
    struct engine_extern e;

    if (!engine_instance_export(p->main.instance, name, sizeof name - 1, &e) ||
        e.kind != ENGINE_FUNC || engine_func_type(e.func)->nparams ||
        engine_func_type(e.func)->nresults) {
        p->jump_due = 0;
        return ENGINE_OK;
    }
    if (!engine_poll_may_throw(p->main.store)) {
        if (p->jump_due > 1) { /* again at the next entry or loop, but not for
                                * ever: a long loop would be all polls */
            p->jump_due--;
            engine_store_interrupt(p->main.store);
        }
        return ENGINE_OK;
    }
    p->jump_due = 0;
    return engine_call(p->main.store, e.func, NULL, NULL);
}

static bool
handler_type_ok(struct proc *p)
{
    static const char name[] = "__pith_signal";
    const struct engine_functype *t;
    struct engine_instance *i = thread_self(p)->instance;
    struct engine_extern e;

    if (!i || !engine_instance_export(i, name, sizeof name - 1, &e) ||
        e.kind != ENGINE_FUNC)
        return false;
    t = engine_func_type(e.func);
    return t->nparams == 2 && t->nresults <= 1 &&
           (!t->nresults || t->results[0].kind == ENGINE_I32) &&
           t->params[0].kind == ENGINE_I32 && t->params[1].kind == ENGINE_I32;
}

/* Act on one; ENGINE_OK: go on. */
static enum engine_status
deliver(struct proc *p, int sig, bool *handled, bool *no_restart)
{
    const struct pith_sigaction *a = &p->sig.action[sig];

    p->sig.pending &= ~sig_bit(sig);
    if (ignored(p, sig))
        return ENGINE_OK;
    if (a->handler > PITH_SIG_IGN) {
        *handled = true;
        if (!(a->flags & PITH_SA_RESTART))
            *no_restart = true;
        return run_handler(p, sig, no_restart);
    }
    if (default_action(sig) == ACT_STOP) {
        if (may_stop(p, sig))
            stop(p, sig);
        return ENGINE_OK;
    }
    die_of(p, sig);
    return ENGINE_EXIT;
}

/* A thread that is not the first leaves what a handler or the parent has to do
 * with to the first, and ends, stops and goes on with it. */
static enum engine_status
leave_thread(struct proc *p)
{
    for (;;) {
        int sig;

        if (p->dying || p->pending_exec)
            return ENGINE_EXIT;
        if ((sig = signal_fatal(p))) {
            die_of(p, sig);
            return ENGINE_EXIT;
        }
        if (!p->stopped)
            return ENGINE_OK;
        wait_on_killable(&p->stop_wait, HOST_FOREVER);
    }
}

static enum engine_status
leave(struct proc *p, bool *handled, bool *no_restart)
{
    enum engine_status st = ENGINE_OK;

    if (!thread_is_main(p))
        return leave_thread(p);

    p->regranted = false;
    for (;;) {
        uint64_t set;

        if (p->dying || p->pending_exec)
            return ENGINE_EXIT;
        set = p->sig.pending ? deliverable(p) : 0;
        if (set) {
            /* SIGSTOP and other stops after all that a program handles. */
            uint64_t rest = set & ~STOP_SIGNALS;

            st = deliver(p, lowest(rest ? rest : set), handled, no_restart);
            if (st != ENGINE_OK)
                return st;
        } else if (p->sig.restore_mask) {
            p->sig.blocked = p->sig.saved_mask;
            p->sig.restore_mask = false;
        } else {
            break;
        }
    }
    atomic_store_explicit(&p->attention, 0, memory_order_relaxed);
    return ENGINE_OK;
}

enum engine_status
proc_leave_call(struct proc *p, bool with_handlers, bool *again)
{
    bool handled = false, no_restart = false;
    enum engine_status st;

    kernel_lock();
    st = leave(p, &handled, &no_restart);
    kernel_leave();
    *again = st == ENGINE_OK && (!handled || (with_handlers && !no_restart));
    return st;
}

enum engine_status
proc_leave_kernel(struct proc *p)
{
    bool again;

    return proc_leave_call(p, true, &again);
}

/* ---- calls ----------------------------------------------------------- */

void
signal_reset_for_exec(struct proc *p)
{
    int s;

    for (s = 1; s < PITH_NSIG; s++) {
        if (p->sig.action[s].handler > PITH_SIG_IGN)
            p->sig.action[s] = (struct pith_sigaction){0};
    }
    p->sig.restore_mask = false;
    p->handlers_running = 0;
    p->jump_due = 0;
}

/* Within one's own app and those below; beyond that is the supervisor's. */
static bool
app_reaches(const struct proc *p, const struct proc *to)
{
    const struct app *a = to->app;

    while (a && p->app && a != p->app->named)
        a = a->parent;
    return a || !p->app || !to->app || cap_has(p->grants, CAP_SHELL);
}

static bool
may_signal(const struct proc *p, const struct proc *to, int sig)
{
    if (!app_reaches(p, to))
        return false;
    return p->cred.euid == 0 || p->cred.ruid == to->cred.ruid ||
           p->cred.euid == to->cred.ruid || p->cred.ruid == to->cred.suid ||
           p->cred.euid == to->cred.suid ||
           (sig == PITH_SIGCONT && p->session == to->session);
}

/* All that match get it; 0 when one did. */
static int
kill_many(struct proc *p, int32_t pgid, int sig)
{
    struct proc *to;
    int r = -E_SRCH;

    for (to = proc_first(); to; to = to->next) {
        if (pgid ? to->pgid != pgid : to == p || to->pid == 1)
            continue;
        if (to->state == PROC_TERMINATED && !pgid)
            continue;
        if (may_signal(p, to, sig)) {
            signal_send(to, sig);
            r = 0;
        } else if (r < 0) {
            r = -E_PERM;
        }
    }
    return r;
}

/* As elsewhere, nobody inside takes init away; it ends by shutdown. (A program
 * that runs alone has its number, too.) */
static bool
is_init(const struct proc *p, const struct proc *to, int sig)
{
    return to->pid == 1 && p != to &&
           (sig == PITH_SIGKILL || sig == PITH_SIGSTOP) &&
           strcmp(app_name(to), "supervisor") == 0;
}

int
call_kill(struct proc *p, int32_t pid, int sig)
{
    struct proc *to;

    if (sig < 0 || sig >= PITH_NSIG || pid == INT32_MIN)
        return -E_INVAL;
    if (pid == -1)
        return kill_many(p, 0, sig);
    if (pid <= 0)
        return kill_many(p, pid ? -pid : p->pgid, sig);
    to = proc_find(pid);
    if (!to)
        return -E_SRCH;
    if (!may_signal(p, to, sig))
        return -E_PERM;
    if (!is_init(p, to, sig))
        signal_send(to, sig);
    return 0;
}

int
call_sigaction(struct proc *p, int sig, const struct pith_sigaction *act,
               struct pith_sigaction *old)
{
    struct pith_sigaction was;

    if (sig < 1 || sig >= PITH_NSIG)
        return -E_INVAL;
    was = p->sig.action[sig];
    if (act) {
        if (sig_bit(sig) & SIG_UNBLOCKABLE)
            return -E_INVAL;
        if (act->handler > PITH_SIG_IGN && !handler_type_ok(p))
            return -E_NOSYS;
        p->sig.action[sig] = *act;
        p->sig.action[sig].mask &= ~SIG_UNBLOCKABLE;
        if (ignored(p, sig))
            p->sig.pending &= ~sig_bit(sig);
        else if (p->sig.pending & sig_bit(sig) & ~p->sig.blocked)
            poke(p);
    }
    if (old)
        *old = was;
    return 0;
}

int
call_sigprocmask(struct proc *p, int how, const uint64_t *set, uint64_t *old)
{
    uint64_t was = p->sig.blocked, now = was;

    if (set) {
        if (how == PITH_SIG_BLOCK)
            now |= *set;
        else if (how == PITH_SIG_UNBLOCK)
            now &= ~*set;
        else if (how == PITH_SIG_SETMASK)
            now = *set;
        else
            return -E_INVAL;
        p->sig.blocked = now & ~SIG_UNBLOCKABLE;
        if (!p->young)
            signal_decided(p); /* what came while it was blocked */
        if (p->sig.pending & ~p->sig.blocked)
            poke(p);
    }
    if (old)
        *old = was;
    return 0;
}

int
call_sigsuspend(struct proc *p, uint64_t mask)
{
    struct wait_queue nobody = WAIT_QUEUE_INIT;

    p->sig.saved_mask = p->sig.blocked;
    p->sig.restore_mask = true;
    p->sig.blocked = mask & ~SIG_UNBLOCKABLE;
    poke(p); /* whatever happens, the mask comes back on the way out */
    while (!signal_pending(p))
        wait_on(&nobody, HOST_FOREVER);
    return -E_INTR;
}
