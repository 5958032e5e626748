/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grants that change while programs run; see cap.h.
 *
 *     revoke: every process of the app, and of those below it
 *        grants --> a smaller set (sets are never changed, only replaced)
 *        descriptors opened by what is gone --> dead ones: -E_NOTCAPABLE
 *        waiting calls begin anew, and so find them dead
 *
 * A descriptor that the process was given (by its parent, over a socket) and
 * could not have opened itself is not touched: it was granted by giving it.
 */
#include <string.h>

#include "audit.h"
#include "cap_internal.h"
#include "inet.h"
#include "lib.h"
#include "pith_errno.h"
#include "port.h"
#include "proc.h"
#include "proc_internal.h"
#include "socket.h"
#include "vfs.h"

#define OBJECTS (1u << CAP_BASE | 1u << CAP_FS | 1u << CAP_NET | 1u << CAP_IPC)

/* ---- sets ------------------------------------------------------------ */

static bool
gone_rule(const struct grants *gone, const struct rule *r)
{
    for (uint32_t i = 0; i < gone->nrules; i++)
        if (cap_rule_covers(&gone->rules[i], r))
            return true;
    return false;
}

/* What is gone as rules that deny. */
static int
turn_round(struct grants *gone)
{
    for (uint32_t i = 0; i < gone->nrules; i++) {
        if (gone->rules[i].deny)
            return -E_INVAL;
        gone->rules[i].deny = true;
        if (gone->rules[i].cap == CAP_FS)
            gone->rules[i].how = RULE_WRITE; /* to read is to lose both */
    }
    return 0;
}

/* g without what is gone; *changed. NULL: no memory, or too many. */
static struct grants *
without(const struct grants *g, const struct grants *gone, bool *changed)
{
    struct grants *c = grants_create();
    int r = c ? 0 : -E_NOMEM;

    for (uint32_t i = 0; i < g->nrules && r == 0; i++) {
        if (!gone_rule(gone, &g->rules[i]))
            r = grants_add_rule(c, g->rules[i], g->rules[i].object,
                                g->rules[i].len);
    }
    for (uint32_t i = 0; i < gone->nrules && r == 0; i++) {
        const struct rule *d = &gone->rules[i];

        *changed |= grants_touch_rule(g, d);
        if (grants_touch_rule(c, d)) /* a part of a larger one */
            r = grants_add_rule(c, *d, d->object, d->len);
    }
    if (r < 0) {
        grants_unref(c);
        return NULL;
    }
    *changed |= (g->caps & gone->caps & ~OBJECTS) != 0;
    c->caps |= g->caps & ~gone->caps & ~OBJECTS;
    grants_copy_rest(c, g);
    return c;
}

/* ---- descriptors ----------------------------------------------------- */

static int64_t
dead_transfer(struct file *f, struct uio *u)
{
    (void)f, (void)u;
    return -E_NOTCAPABLE;
}

static int64_t
dead_seek(struct file *f, int64_t offset, int whence)
{
    (void)f, (void)offset, (void)whence;
    return -E_NOTCAPABLE;
}

static int
dead_ioctl(struct file *f, struct proc *p, uint32_t req, struct gptr arg)
{
    (void)f, (void)p, (void)req, (void)arg;
    return -E_NOTCAPABLE;
}

static int
dead_poll(struct file *f, struct poll_waiter *w)
{
    (void)f, (void)w;
    return PITH_POLLERR | PITH_POLLHUP;
}

static int
dead_fsync(struct file *f, bool data_only)
{
    (void)f, (void)data_only;
    return -E_NOTCAPABLE;
}

static int
dead_truncate(struct file *f, uint64_t size)
{
    (void)f, (void)size;
    return -E_NOTCAPABLE;
}

static const struct file_ops dead_ops = {
    .name = "revoked",
    .read = dead_transfer,
    .write = dead_transfer,
    .seek = dead_seek,
    .ioctl = dead_ioctl,
    .poll = dead_poll,
    .fsync = dead_fsync,
    .truncate = dead_truncate,
};

bool
cap_is_dead(const struct file *f)
{
    return f->ops == &dead_ops;
}

static bool
path_lost(struct file *f, const struct grants *old, const struct grants *new)
{
    bool write = (f->flags & PITH_O_ACCMODE) != PITH_O_RDONLY, lost;
    char *name = host_alloc(PITH_PATH_MAX);

    if (!name || vfs_path_name(NULL, f->path, name, PITH_PATH_MAX) < 0) {
        host_free(name);
        return true; /* better too much than too little */
    }
    lost = grants_allow_path(old, name, write) &&
           !grants_allow_path(new, name, write);
    host_free(name);
    return lost;
}

static bool
socket_lost(struct socket *s, const struct grants *old,
            const struct grants *new)
{
    char host[48];
    uint16_t port;
    enum cap_net how = s->connected || s->connecting ? CAP_NET_CONNECT
                                                     : CAP_NET_LISTEN;

    if (s->domain == PITH_AF_UNIX)
        return false;
    if (!cap_has(new, CAP_NET))
        return cap_has(old, CAP_NET);
    inet_text(s, how == CAP_NET_CONNECT, host, sizeof host, &port);
    return (grants_allow_net(old, CAP_NET_CONNECT, host, port) &&
            !grants_allow_net(new, CAP_NET_CONNECT, host, port)) ||
           (grants_allow_net(old, CAP_NET_LISTEN, host, port) &&
            !grants_allow_net(new, CAP_NET_LISTEN, host, port));
}

static bool
lost(struct file *f, uint32_t fd, const struct grants *old,
     const struct grants *new)
{
    struct socket *s = socket_of(f);

    if (fd < 3 && cap_has(old, CAP_STDIO) && !cap_has(new, CAP_STDIO))
        return true;
    if (f->needs && cap_has(old, f->needs) && !cap_has(new, (enum cap)f->needs))
        return true;
    if (port_of(f))
        return cap_has(old, CAP_IPC) && !cap_has(new, CAP_IPC);
    if (s)
        return socket_lost(s, old, new);
    return f->path && path_lost(f, old, new);
}

/* Returns the files to be put, a NULL behind, host_alloc'ed; or NULL. */
static struct file **
kill_descriptors(struct proc *p, const struct grants *old,
                 const struct grants *new)
{
    struct file **dead = host_alloc((p->fds.room + 1) * sizeof *dead);
    uint32_t fd, n = 0;

    for (fd = 0; dead && fd < p->fds.room; fd++) {
        struct file *f = p->fds.slots[fd].file, *stub;

        if (!f || cap_is_dead(f) || !lost(f, fd, old, new))
            continue;
        stub = file_create(&dead_ops, NULL, f->flags, NULL);
        if (!stub) {
            proc_kill(p, PITH_SIGKILL, "out of memory at a revocation");
            break;
        }
        p->fds.slots[fd].file = stub;
        dead[n++] = f;
    }
    if (!dead)
        proc_kill(p, PITH_SIGKILL, "out of memory at a revocation");
    return dead;
}

/* ---- revoking -------------------------------------------------------- */

static bool
is_below(const struct app *a, const struct app *top)
{
    while (a && a != top)
        a = a->parent;
    return a != NULL;
}

static int
revoke_one(struct proc *p, const struct grants *gone, bool *changed)
{
    bool here = false;
    struct grants *old = p->grants, *new = without(old, gone, &here);
    struct file **dead;
    uint32_t i;

    if (!new) { /* it may not keep what it was told to give up */
        proc_kill(p, PITH_SIGKILL, "its grants could not be made fewer");
        *changed = true;
        return 0;
    }
    if (!here) {
        grants_unref(new);
        return 0;
    }
    *changed = true;
    grants_ref(old);
    cap_set_grants(p, new);
    dead = kill_descriptors(p, old, new);
    grants_unref(old);
    proc_regranted(p);
    for (i = 0; dead && dead[i]; i++)
        file_put(dead[i]); /* may block: p may be gone from here on */
    host_free(dead);
    return 0;
}

static struct proc *
next_after(int32_t pid)
{
    struct proc *p = proc_first();

    while (p && p->pid <= pid)
        p = p->next;
    return p;
}

int
cap_revoke_app(struct proc *by, struct app *a, const char *text, size_t len)
{
    struct grants *gone;
    struct proc *p;
    bool changed = false;
    int32_t pid = 0;
    int r = grants_parse(text, len, &gone, NULL);

    if (r < 0)
        return r;
    r = turn_round(gone);
    while (r == 0 && (p = next_after(pid))) {
        pid = p->pid;
        if (p->state == PROC_TERMINATED || !is_below(p->app, a) || !p->grants)
            continue;
        r = revoke_one(p, gone, &changed);
    }
    grants_unref(gone);
    if (r == 0 && !changed)
        r = -E_NOENT;
    if (r == 0) {
        a->generation++;
        audit(by, "revoked", "%s: %.*s (generation %u)", a->name,
              (int)(len < 120 ? len : 120), text, a->generation);
    }
    return r;
}

/* ---- granting -------------------------------------------------------- */

/* g and then more; what more covers, allowed or taken out, is left out. */
static struct grants *
merged(const struct grants *g, const struct grants *more)
{
    struct grants *c = grants_create();
    int r = c ? 0 : -E_NOMEM;

    for (uint32_t i = 0; i < g->nrules && r == 0; i++)
        if (!gone_rule(more, &g->rules[i]))
            r = grants_add_rule(c, g->rules[i], g->rules[i].object,
                                g->rules[i].len);
    for (uint32_t i = 0; i < more->nrules && r == 0; i++)
        r = grants_add_rule(c, more->rules[i], more->rules[i].object,
                            more->rules[i].len);
    if (r < 0) {
        grants_unref(c);
        return NULL;
    }
    c->caps |= g->caps | more->caps;
    grants_copy_rest(c, g);
    return c;
}

int
cap_grant_app(struct proc *by, struct app *a, const char *text, size_t len)
{
    struct grants *more, *new;
    struct proc *p = proc_first();
    int r = grants_parse(text, len, &more, NULL);

    if (r < 0)
        return r;
    while (p && (p->state == PROC_TERMINATED || !p->app || p->app->named != a))
        p = p->next;
    for (uint32_t i = 0; i < more->nrules; i++)
        if (more->rules[i].deny)
            r = -E_INVAL; /* that is for revoke */
    if (r == 0 && !p)
        r = -E_SRCH;
    if (r == 0 && !grants_subset(more, by->grants))
        r = -E_NOTCAPABLE;
    new = r == 0 ? merged(p->grants, more) : NULL;
    grants_unref(more);
    if (r < 0 || !new)
        return r < 0 ? r : -E_NOMEM;
    cap_set_grants(p, new);
    a->generation++;
    audit(by, "granted", "%s: %.*s (generation %u)", a->name,
          (int)(len < 120 ? len : 120), text, a->generation);
    return 0;
}

int
cap_check_line(struct proc *p, const char *text, size_t len)
{
    char object[200];
    struct grants *want;
    enum cap c = CAP_BASE;
    int r = grants_parse(text, len, &want, NULL);

    if (r < 0)
        return r;
    if (!grants_subset(want, p->grants)) {
        while (c < CAP_COUNT - 1 && (c == CAP_BASE || !cap_has(want, c)))
            c++;
        text_format(object, sizeof object, "%.*s", (int)(len < 190 ? len : 190),
                    text);
        r = cap_refuse(p, c,
                       strcspn(object, " ") < strlen(object)
                           ? object + strcspn(object, " ") + 1
                           : "",
                       NULL);
    }
    grants_unref(want);
    return r;
}
