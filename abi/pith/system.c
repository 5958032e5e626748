/* SPDX-License-Identifier: Apache-2.0 */
/* The `pith` module: identity, limits, accounting, grants, the machine. */
#include <string.h>

#include "../../kernel/lib.h"
#include "../../kernel/main.h"
#include "app.h"
#include "identity.h"
#include "sys.h"

#define GRANTS_TEXT_MAX (1u << 20)

int64_t
sys_umask(struct proc *p, const uint64_t *a)
{
    uint32_t old = p->umask;

    p->umask = (uint32_t)a[0] & 0777;
    return old;
}

/* ---- users ----------------------------------------------------------- */

static int64_t
put3(struct proc *p, const uint64_t *a, uint32_t x, uint32_t y, uint32_t z)
{
    int r = copy_out(p, gptr(a[0]), &x, sizeof x);

    if (r == 0)
        r = copy_out(p, gptr(a[1]), &y, sizeof y);
    return r < 0 ? r : copy_out(p, gptr(a[2]), &z, sizeof z);
}

int64_t
sys_getresuid(struct proc *p, const uint64_t *a)
{
    return put3(p, a, p->cred.ruid, p->cred.euid, p->cred.suid);
}

int64_t
sys_getresgid(struct proc *p, const uint64_t *a)
{
    return put3(p, a, p->cred.rgid, p->cred.egid, p->cred.sgid);
}

/* Root may set anything; others any of the three to any of the three. */
static int
set3(bool root, const uint64_t *a, uint32_t *r, uint32_t *e, uint32_t *s)
{
    uint32_t *ids[3] = {r, e, s}, now[3];
    int i;

    for (i = 0; i < 3; i++) {
        uint32_t v = (uint32_t)a[i];

        now[i] = v == UINT32_MAX ? *ids[i] : v;
        if (!root && now[i] != *r && now[i] != *e && now[i] != *s)
            return -E_PERM;
    }
    for (i = 0; i < 3; i++)
        *ids[i] = now[i];
    return 0;
}

int64_t
sys_setresuid(struct proc *p, const uint64_t *a)
{
    return set3(p->cred.euid == 0, a, &p->cred.ruid, &p->cred.euid,
                &p->cred.suid);
}

int64_t
sys_setresgid(struct proc *p, const uint64_t *a)
{
    return set3(p->cred.euid == 0, a, &p->cred.rgid, &p->cred.egid,
                &p->cred.sgid);
}

int64_t
sys_getgroups(struct proc *p, const uint64_t *a)
{
    uint32_t n = p->cred.ngroups;
    int r;

    if (!a[0])
        return n;
    if ((int32_t)a[0] < 0 || a[0] < n)
        return -E_INVAL;
    r = copy_out(p, gptr(a[1]), p->cred.groups, n * sizeof p->cred.groups[0]);
    return r < 0 ? r : (int64_t)n;
}

int64_t
sys_setgroups(struct proc *p, const uint64_t *a)
{
    uint32_t groups[sizeof p->cred.groups / sizeof p->cred.groups[0]];
    uint32_t n = (uint32_t)a[0];
    int r;

    if (p->cred.euid != 0)
        return -E_PERM;
    if (n > sizeof groups / sizeof groups[0])
        return -E_INVAL;
    r = copy_in(p, groups, gptr(a[1]), n * sizeof groups[0]);
    if (r < 0)
        return r;
    memcpy(p->cred.groups, groups, n * sizeof groups[0]);
    p->cred.ngroups = n;
    return 0;
}

int64_t
sys_identity_make(struct proc *p, const uint64_t *a)
{
    struct pith_identity id;
    struct cred c = {0};
    struct file *f;
    int r = copy_in(p, &id, gptr(a[0]), sizeof id);

    if (r < 0)
        return r;
    if (id.ngroups > PITH_NGROUPS || id.uid == UINT32_MAX ||
        id.gid == UINT32_MAX)
        return -E_INVAL;
    c.ruid = c.euid = c.suid = id.uid;
    c.rgid = c.egid = c.sgid = id.gid;
    c.ngroups = id.ngroups;
    memcpy(c.groups, id.groups, id.ngroups * sizeof id.groups[0]);
    r = identity_make(p, &c, &f);
    if (r < 0)
        return r;
    return fd_give(p, f, true);
}

int64_t
sys_identity_take(struct proc *p, const uint64_t *a)
{
    struct file *f = fd_peek(p, (int)(int32_t)a[0]);

    return f ? identity_take(p, f) : -E_BADF;
}

/* ---- limits and accounting ------------------------------------------- */

int64_t
sys_getrlimit(struct proc *p, const uint64_t *a)
{
    if (a[0] >= PITH_RLIMIT_COUNT)
        return -E_INVAL;
    return copy_out(p, gptr(a[1]), &p->rlimit[a[0]], sizeof p->rlimit[0]);
}

int64_t
sys_setrlimit(struct proc *p, const uint64_t *a)
{
    struct pith_rlimit l;
    int r;

    if (a[0] >= PITH_RLIMIT_COUNT)
        return -E_INVAL;
    r = copy_in(p, &l, gptr(a[1]), sizeof l);
    if (r < 0)
        return r;
    if (l.cur > l.max)
        return -E_INVAL;
    /* Raising a hard limit is the host's or nobody's business: limits hold for
     * root, too. */
    if (l.max > p->rlimit[a[0]].max)
        return -E_PERM;
    p->rlimit[a[0]] = l;
    return 0;
}

int64_t
sys_getrusage(struct proc *p, const uint64_t *a)
{
    struct pith_rusage u;

    if ((int32_t)a[0] == 0) {
        proc_usage(p, &u);
    } else if ((int32_t)a[0] == -1) {
        u = p->children_usage;
    } else {
        return -E_INVAL;
    }
    return copy_out(p, gptr(a[1]), &u, sizeof u);
}

#define PRIO_PROCESS 0
#define PRIO_PGRP 1
#define PRIO_USER 2

static bool
prio_matches(const struct proc *p, const struct proc *t, uint64_t which,
             uint32_t who)
{
    if (which == PRIO_PROCESS)
        return who ? (uint32_t)t->pid == who : t == p;
    if (which == PRIO_PGRP)
        return (uint32_t)t->pgid == (who ? who : (uint32_t)p->pgid);
    return t->cred.ruid == (who ? who : p->cred.ruid);
}

/* As Linux's system call: 20 - nice, so that it is never negative. */
int64_t
sys_getpriority(struct proc *p, const uint64_t *a)
{
    const struct proc *t;
    int64_t best = -E_SRCH;

    if (a[0] > PRIO_USER)
        return -E_INVAL;
    for (t = proc_first(); t; t = t->next) {
        if (prio_matches(p, t, a[0], (uint32_t)a[1]) && 20 - t->nice > best)
            best = 20 - t->nice;
    }
    return best;
}

int64_t
sys_setpriority(struct proc *p, const uint64_t *a)
{
    int32_t nice = (int32_t)a[2];
    struct proc *t;
    int64_t r = -E_SRCH;

    if (a[0] > PRIO_USER)
        return -E_INVAL;
    nice = nice < -20 ? -20 : nice > 19 ? 19 : nice;
    for (t = proc_first(); t; t = t->next) {
        if (!prio_matches(p, t, a[0], (uint32_t)a[1]))
            continue;
        if (p->cred.euid && p->cred.euid != t->cred.ruid &&
            p->cred.euid != t->cred.euid)
            return -E_PERM;
        if (p->cred.euid && nice < t->nice)
            return -E_ACCES;
        t->nice = nice;
        r = 0;
    }
    return r;
}

int64_t
sys_sched_yield(struct proc *p, const uint64_t *a)
{
    (void)p, (void)a;
    host_task_yield();
    return 0;
}

/* ---- the machine ----------------------------------------------------- */

int64_t
sys_uname(struct proc *p, const uint64_t *a)
{
    struct pith_utsname u;

    memset(&u, 0, sizeof u);
    text_format(u.sysname, sizeof u.sysname, "Pith");
    text_format(u.nodename, sizeof u.nodename, "%s", kernel_hostname);
    text_format(u.release, sizeof u.release, "%s", KERNEL_RELEASE);
    text_format(u.version, sizeof u.version, "Pith %s", KERNEL_RELEASE);
    text_format(u.machine, sizeof u.machine, "wasm32");
    return copy_out(p, gptr(a[0]), &u, sizeof u);
}

int64_t
sys_sethostname(struct proc *p, const uint64_t *a)
{
    char name[sizeof kernel_hostname];
    int r = cap_check(p, CAP_SHELL);

    if (r < 0)
        return r;
    if (p->cred.euid != 0)
        return -E_PERM;
    if (a[1] >= sizeof name)
        return -E_INVAL;
    memset(name, 0, sizeof name);
    r = copy_in(p, name, gptr(a[0]), (size_t)a[1]);
    if (r == 0)
        memcpy(kernel_hostname, name, sizeof name);
    return r;
}

int64_t
sys_sysinfo(struct proc *p, const uint64_t *a)
{
    struct pith_sysinfo s;
    uint32_t loads[3];
    int i;

    memset(&s, 0, sizeof s);
    s.uptime_ns = host_mono_ns();
    host_memory(&s.total_ram, &s.free_ram);
    s.procs = proc_count();
    kernel_loads(loads);
    for (i = 0; i < 3; i++)
        s.loads[i] = loads[i];
    return copy_out(p, gptr(a[0]), &s, sizeof s);
}

int64_t
sys_reboot(struct proc *p, const uint64_t *a)
{
    static struct wait_queue never = WAIT_QUEUE_INIT;
    int r = cap_check(p, CAP_SHELL);

    if (r < 0)
        return r;
    if (p->cred.euid != 0)
        return -E_PERM;
    if (a[0] != PITH_REBOOT_POWEROFF && a[0] != PITH_REBOOT_RESTART)
        return -E_INVAL;
    kernel_restart = a[0] == PITH_REBOOT_RESTART;
    kernel_shutdown(0);
    while (wait_on_killable(&never, HOST_FOREVER) == 0)
        ; /* it comes with SIGKILL */
    return 0;
}

/* ---- grants, arguments ----------------------------------------------- */

/* As much as fits; the length of the whole, NUL included. */
int64_t
sys_cap_get(struct proc *p, const uint64_t *a)
{
    size_t need = grants_format(p->grants, NULL, 0) + 1;
    size_t room = a[1] < need ? (size_t)a[1] : need;
    char *text = need <= GRANTS_TEXT_MAX ? host_alloc(need) : NULL;
    int r;

    if (!text)
        return -E_NOMEM;
    grants_format(p->grants, text, need);
    r = room ? copy_out(p, gptr(a[0]), text, room) : 0;
    host_free(text);
    return r < 0 ? r : (int64_t)need;
}

/* From now on only these: a subset of what there is. */
int64_t
sys_cap_drop(struct proc *p, const uint64_t *a)
{
    int64_t n = user_string_length(p, gptr(a[0]), GRANTS_TEXT_MAX);
    struct grants *g = NULL, *want = NULL;
    char *text;
    int r;

    if (n < 0)
        return n;
    text = host_alloc((size_t)n + 1);
    if (!text)
        return -E_NOMEM;
    r = copy_in(p, text, gptr(a[0]), (size_t)n);
    if (r == 0)
        r = grants_parse(text, (size_t)n, &want, NULL);
    host_free(text);
    if (r == 0)
        r = grants_fit(want, p->grants, &g);
    grants_unref(want);
    if (r == 0) {
        r = app_enter(p, p, g);
        if (r == 0)
            cap_set_grants(p, g);
    }
    if (r < 0) {
        grants_unref(g);
    }
    return r;
}

static int64_t
put_bytes(struct proc *p, const uint64_t *a, const char *bytes, size_t len)
{
    size_t n = a[1] < len ? (size_t)a[1] : len;
    int r = n ? copy_out(p, gptr(a[0]), bytes, n) : 0;

    return r < 0 ? r : (int64_t)len;
}

int64_t
sys_args_get(struct proc *p, const uint64_t *a)
{
    return put_bytes(p, a, p->args, p->args_len);
}

int64_t
sys_env_get(struct proc *p, const uint64_t *a)
{
    return put_bytes(p, a, p->env, p->env_len);
}
