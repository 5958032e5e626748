/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminals and processes: the controlling terminal of a session, its
 * foreground group, job control (POSIX.1-2017 base definitions, 11.1) and the
 * ioctls.
 */
#include "tty.h"

#include <string.h>

#include "call.h"
#include "pith_errno.h"

/* ---- job control ---------------------------------------------------- */

/* A group is orphaned when no member has a parent in the same session but
 * another group: nobody is there to continue it once it stops. */
static bool
group_orphaned(int32_t pgid, const struct session *s)
{
    const struct proc *p;

    for (p = proc_first(); p; p = p->next) {
        if (p->pgid != pgid || p->session != s || p->state == PROC_TERMINATED ||
            !p->parent)
            continue;
        if (p->parent->session == s && p->parent->pgid != pgid)
            return false;
    }
    return true;
}

static bool
ignores(const struct proc *p, int sig)
{
    return p->sig.action[sig].handler == PITH_SIG_IGN ||
           ((p->sig.blocked >> (sig - 1)) & 1);
}

int
tty_check_job(struct tty *t, struct proc *p, int sig)
{
    if (!p || !p->session || p->session != t->session || t->pgrp == 0 ||
        p->pgid == t->pgrp)
        return 0;
    if (ignores(p, sig))
        return sig == PITH_SIGTTIN ? -E_IO : 0;
    if (group_orphaned(p->pgid, p->session))
        return -E_IO;
    signal_send_group(p->pgid, sig);
    /* It stops on its way out of the call, which is then made again. */
    return -E_INTR;
}

void
tty_set_foreground(struct tty *t, int32_t pgid)
{
    t->pgrp = pgid;
}

int
tty_control(struct tty *t, struct proc *p)
{
    struct session *s = p->session;

    if (!s || s->sid != p->pid || (s->tty && s->tty != t) ||
        (t->session && t->session != s))
        return -E_PERM;
    if (s->tty == t)
        return 0;
    s->tty = tty_ref(t);
    t->session = s;
    t->pgrp = p->pgid;
    return 0;
}

/* ---- ioctls --------------------------------------------------------- */

static int
put_int(struct proc *p, struct gptr arg, int32_t value)
{
    return copy_out(p, arg, &value, sizeof value);
}

static int
get_int(struct proc *p, struct gptr arg, int32_t *value)
{
    return copy_in(p, value, arg, sizeof *value);
}

/* Wait until the device has taken all output. */
static int
drain(struct tty *t)
{
    uint32_t generation = t->generation;

    while ((ldisc_out_used(&t->disc) || t->sending) &&
           generation == t->generation) {
        int r = wait_on(&t->write_wait, HOST_FOREVER);

        if (r < 0)
            return r;
    }
    return 0;
}

static void
flush(struct tty *t, bool input, bool output)
{
    if (input)
        tty_flush_input(t);
    if (output) {
        ldisc_flush_output(&t->disc);
        wake(&t->write_wait);
    }
    t->driver->output(t);
}

static int
set_termios(struct tty *t, struct proc *p, uint32_t req, struct gptr arg,
            bool master)
{
    struct pith_termios tio;
    int r = copy_in(p, &tio, arg, sizeof tio);

    /* The other side of a pty is who reads the output: it cannot wait. */
    if (r >= 0 && req != PITH_TCSETS && !master)
        r = drain(t);
    if (r < 0)
        return r;
    if (req == PITH_TCSETSF)
        tty_flush_input(t);
    ldisc_set_termios(&t->disc, &tio);
    wake(&t->room_wait);
    wake(&t->read_wait); /* what is there may be enough by the new rules */
    t->driver->output(t);
    return 0;
}

static int
flow(struct tty *t, int64_t how)
{
    switch (how) {
    case PITH_TCOOFF:
        t->disc.held = true;
        return 0;
    case PITH_TCOON:
        t->disc.held = t->disc.stopped = false;
        break;
    case PITH_TCIOFF:
    case PITH_TCION:
        ldisc_send_flow(&t->disc, how == PITH_TCIOFF);
        break;
    default:
        return -E_INVAL;
    }
    t->driver->output(t);
    return 0;
}

static int
set_foreground(struct tty *t, struct proc *p, struct gptr arg)
{
    struct proc *member;
    int32_t pgid;
    int r = get_int(p, arg, &pgid);

    if (r < 0)
        return r;
    if (!p->session || p->session != t->session)
        return -E_NOTTY;
    if (pgid <= 0)
        return -E_INVAL;
    for (member = proc_first(); member; member = member->next)
        if (member->pgid == pgid && member->session == p->session)
            break;
    if (!member)
        return -E_PERM;
    t->pgrp = pgid;
    return 0;
}

static int
take_control(struct tty *t, struct proc *p, uint64_t steal)
{
    struct session *s = p->session;

    if (s && s->sid == p->pid && !s->tty && t->session && steal == 1 &&
        p->cred.euid == 0)
        tty_session_detach(t->session);
    return tty_control(t, p);
}

static int
give_up_control(struct tty *t, struct proc *p)
{
    if (!p->session || p->session != t->session)
        return -E_NOTTY;
    /* The terminal belongs to the session: one process cannot leave alone. */
    if (p->session->sid != p->pid)
        return -E_PERM;
    tty_session_exit(p->session);
    return 0;
}

static bool
changes(uint32_t req)
{
    return req == PITH_TCSETS || req == PITH_TCSETSW || req == PITH_TCSETSF ||
           req == PITH_TCSBRK || req == PITH_TCSBRKP || req == PITH_TCXONC ||
           req == PITH_TCFLSH || req == PITH_TIOCSPGRP;
}

/* What only looks. -E_NOTTY: not one of these. */
static int
ioctl_get(struct tty *t, struct proc *p, uint32_t req, struct gptr arg,
          bool master)
{
    bool ours = p->session && p->session == t->session;

    switch (req) {
    case PITH_TCGETS:
        return copy_out(p, arg, &t->disc.termios, sizeof t->disc.termios);
    case PITH_TIOCGWINSZ:
        return copy_out(p, arg, &t->size, sizeof t->size);
    case PITH_TIOCGPGRP:
        return ours || master ? put_int(p, arg, t->pgrp) : -E_NOTTY;
    case PITH_TIOCGSID:
        return t->session && (ours || master) ? put_int(p, arg, t->session->sid)
                                              : -E_NOTTY;
    case PITH_FIONREAD:
        return put_int(p, arg, (int32_t)ldisc_available(&t->disc));
    case PITH_TIOCOUTQ:
        return put_int(p, arg, (int32_t)ldisc_out_used(&t->disc));
    default:
        return -E_NOTTY;
    }
}

static int
ioctl_set(struct tty *t, struct proc *p, uint32_t req, struct gptr arg,
          bool master)
{
    struct pith_winsize size;
    int r;

    switch (req) {
    case PITH_TCSETS:
    case PITH_TCSETSW:
    case PITH_TCSETSF:
        return set_termios(t, p, req, arg, master);
    case PITH_TCSBRK:
    case PITH_TCSBRKP:
        return master ? 0 : drain(t);
    case PITH_TCXONC:
        return flow(t, (int64_t)arg.addr);
    case PITH_TCFLSH:
        if (arg.addr > PITH_TCIOFLUSH)
            return -E_INVAL;
        flush(t, arg.addr != PITH_TCOFLUSH, arg.addr != PITH_TCIFLUSH);
        return 0;
    case PITH_TIOCSWINSZ:
        r = copy_in(p, &size, arg, sizeof size);
        if (r >= 0)
            tty_resize(t, &size);
        return r;
    case PITH_TIOCSPGRP:
        return set_foreground(t, p, arg);
    case PITH_TIOCSCTTY:
        return take_control(t, p, arg.addr);
    case PITH_TIOCNOTTY:
        return give_up_control(t, p);
    case PITH_TIOCSTI:
        return -E_IO; /* typing for the user: refused, as on Linux by now */
    default:
        return -E_NOTTY;
    }
}

int
tty_ioctl(struct tty *t, struct proc *p, uint32_t req, struct gptr arg,
          bool master)
{
    int r = ioctl_get(t, p, req, arg, master);

    if (r != -E_NOTTY || !p)
        return r;
    if (changes(req) && !master) {
        r = tty_check_job(t, p, PITH_SIGTTOU);
        if (r < 0)
            return r;
    }
    return ioctl_set(t, p, req, arg, master);
}
