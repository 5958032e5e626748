/* SPDX-License-Identifier: Apache-2.0 */
/* The `pith` module: messages between apps, and control of apps. */
#include "sys.h"

#include <string.h>

#include "app.h"
#include "audit.h"
#include "broker.h"
#include "lib.h"
#include "port.h"

#define TEXT_MAX_ 65536u

/* ---- messages -------------------------------------------------------- */

/* The inbox of the caller's own app (len 0), or, for the supervisor, of the app
 * that is called so. */
int64_t
sys_port_open(struct proc *p, const uint64_t *a)
{
    uint32_t flags = (uint32_t)a[2];
    struct app *app = p->app;
    char name[APP_NAME_MAX + 1] = "";
    struct file *f;
    int r;

    if (flags & ~(uint32_t)(PITH_O_CLOEXEC | PITH_O_NONBLOCK))
        return -E_INVAL;
    if (a[1] > APP_NAME_MAX)
        return -E_NAMETOOLONG;
    if (a[1]) {
        r = cap_check_root(p, CAP_SHELL);
        if (r == 0)
            r = copy_in(p, name, gptr(a[0]), (size_t)a[1]);
        if (r < 0)
            return r;
        app = app_find(name);
        if (!app)
            return -E_NOENT;
    }
    r = port_file(app, flags & PITH_O_NONBLOCK, a[1] == 0, &f);
    if (r < 0)
        return r;
    return fd_give(p, f, (flags & PITH_O_CLOEXEC) != 0);
}

/* Whose name and grants count: p's own, or for the supervisor another's. */
static int
find_sender(struct proc *p, int32_t as, struct proc **out)
{
    int r;

    *out = p;
    if (!as)
        return 0;
    r = cap_check_root(p, CAP_SHELL);
    if (r < 0)
        return r;
    *out = proc_find(as);
    return *out && (*out)->app ? 0 : -E_SRCH;
}

int64_t
sys_msg_send(struct proc *p, const uint64_t *a)
{
    char name[APP_NAME_MAX + 1] = "";
    struct pith_message m;
    struct proc *sender = NULL;
    struct uio_seg seg;
    struct uio u;
    int64_t n;
    int r = copy_in(p, &m, gptr(a[0]), sizeof m);

    if (r < 0)
        return r;
    if (m.flags & ~(uint32_t)PITH_MSG_DONTWAIT)
        return -E_INVAL;
    if (m.name_len > APP_NAME_MAX)
        return -E_NAMETOOLONG;
    r = copy_in(p, name, gptr(m.name), m.name_len);
    if (r == 0)
        r = find_sender(p, m.as, &sender);
    if (r < 0)
        return r;
    uio_user(&u, p, &seg, gptr(m.data), m.data_len);
    n = port_send(p, sender, m.name_len ? name : NULL, m.reply_to, &u,
                  (m.flags & PITH_MSG_DONTWAIT) != 0, &m.id);
    if (n >= 0)
        r = copy_out(p, gptr(a[0]), &m, sizeof m);
    return r < 0 ? r : n;
}

int64_t
sys_msg_recv(struct proc *p, const uint64_t *a)
{
    struct port_head head;
    struct pith_message m;
    struct uio_seg seg;
    struct uio u;
    struct file *f;
    size_t len;
    int64_t n;
    int r = copy_in(p, &m, gptr(a[1]), sizeof m);

    if (r < 0)
        return r;
    f = fd_get(p, (int32_t)a[0]);
    if (!f)
        return -E_BADF;
    uio_user(&u, p, &seg, gptr(m.data), m.data_len);
    n = port_of(f) ? port_recv(port_of(f), &u,
                               (m.flags & PITH_MSG_DONTWAIT) ||
                                   (f->flags & PITH_O_NONBLOCK),
                               &head)
                   : -E_INVAL;
    file_put(f);
    if (n < 0)
        return n;
    len = strlen(head.from);
    if (m.name_len < len)
        len = m.name_len;
    r = copy_out(p, gptr(m.name), head.from, len);
    m.id = head.id;
    m.reply_to = head.reply_to;
    m.pid = head.pid;
    m.app = head.app;
    m.name_len = (uint32_t)strlen(head.from);
    m.data_len = (uint32_t)head.length;
    m.flags = (head.length > (size_t)n ? PITH_MSG_TRUNC : 0u) |
              (head.broadcast ? PITH_MSG_BROADCAST : 0u);
    if (r == 0)
        r = copy_out(p, gptr(a[1]), &m, sizeof m);
    return r < 0 ? r : n;
}

/* ---- control --------------------------------------------------------- */

static struct proc *
leader_of(const struct app *a)
{
    struct proc *p = proc_first();

    while (p && (p->state == PROC_TERMINATED || !p->app || p->app->named != a))
        p = p->next;
    return p;
}

static int
kill_app(struct app *a, int sig)
{
    struct proc *p;

    if (sig < 0 || sig >= PITH_NSIG)
        return -E_INVAL;
    for (p = proc_first(); p; p = p->next) {
        if (sig && p->app && p->app->named == a)
            signal_send(p, sig);
    }
    return 0;
}

#define LINE_ROOM 256u

static void
list_one(struct text *t, const struct app *a)
{
    text_add(t, "%s %u %u %llu %llu %lld %llu %llu %llu %u\n", a->name, a->id,
             a->procs, (unsigned long long)a->sum_cpu_ns,
             (unsigned long long)a->sum_bytes, (long long)a->disk,
             (unsigned long long)a->sent, (unsigned long long)a->received,
             (unsigned long long)a->denials, port_pending(a->port));
}

/* One of them, or all: only NULL. */
static int64_t
list_apps(struct proc *p, struct app *only, struct gptr out, size_t room)
{
    size_t need = 1;
    struct app *a;
    struct text t = {NULL, 0, 0};
    int r;

    for (a = only ? only : app_first(); a; a = only ? NULL : a->next)
        need += LINE_ROOM;
    t.out = host_alloc(need);
    t.room = need;
    if (!t.out)
        return -E_NOMEM;
    app_sum(only);
    for (a = only ? only : app_first(); a; a = only ? NULL : a->next)
        if (a->named == a)
            list_one(&t, a);
    if (t.used < room)
        room = t.used;
    r = room ? copy_out(p, out, t.out, room) : 0;
    host_free(t.out);
    return r < 0 ? r : (int64_t)t.used;
}

static int
copy_text(struct proc *p, uint64_t at, uint64_t len, char **out)
{
    int r;

    if (len > TEXT_MAX_)
        return -E_2BIG;
    *out = host_alloc((size_t)len + 1);
    if (!*out)
        return -E_NOMEM;
    r = copy_in(p, *out, gptr(at), (size_t)len);
    if (r < 0)
        host_free(*out);
    return r;
}

/* What a service refused or did: "word more". */
static int
audit_line(struct proc *p, uint64_t at, uint64_t len)
{
    char *text, *more;
    int r = copy_text(p, at, len, &text);

    if (r < 0)
        return r;
    more = strchr(text, ' ');
    if (more)
        *more++ = 0;
    audit(p, text, "%s", more ? more : "");
    host_free(text);
    return 0;
}

static int
control(struct proc *p, uint64_t op, struct app *app, const char *text,
        size_t len, uint64_t arg)
{
    struct proc *leader = leader_of(app);

    switch (op) {
    case PITH_APP_KILL:
        return kill_app(app, (int)arg);
    case PITH_APP_GRANT:
        return leader ? cap_grant_app(p, app, text, len) : -E_SRCH;
    case PITH_APP_REVOKE:
        return cap_revoke_app(p, app, text, len);
    case PITH_APP_CHECK:
        return leader ? cap_check_line(leader, text, len) : -E_SRCH;
    case PITH_APP_LEADER:
        return leader ? leader->pid : -E_SRCH;
    case PITH_APP_MESSAGE:
        return app_message_due(app) ? -E_AGAIN : 0;
    case PITH_APP_TYPED:
        return port_is_open(app->port);
    default:
        return -E_INVAL;
    }
}

/* (ms): be the broker; a question waits so long for an answer. */
int64_t
sys_broker(struct proc *p, const uint64_t *a)
{
    struct file *f;
    int r;

    if (!a[0] || a[0] > INT32_MAX)
        return -E_INVAL;
    r = broker_open(p, a[0] * 1000000u, &f);
    if (r < 0)
        return r;
    return fd_give(p, f, true);
}

/* (op, name, text, text length, arg); name is NUL-terminated. */
int64_t
sys_app_control(struct proc *p, const uint64_t *a)
{
    char name[APP_NAME_MAX + 1];
    struct app *app;
    char *text;
    int r = cap_check_root(p, CAP_SHELL);

    if (r < 0)
        return r;
    if (a[0] == PITH_APP_AUDIT)
        return audit_line(p, a[2], a[3]);
    r = copy_in_string(p, name, gptr(a[1]), sizeof name);
    if (r < 0)
        return r;
    if (a[0] == PITH_APP_LIST) {
        app = name[0] ? app_named(name) : NULL;
        if (name[0] && !app)
            return -E_SRCH;
        return list_apps(p, app, gptr(a[2]), (size_t)a[3]);
    }
    app = app_find(name);
    if (!app)
        return -E_SRCH;
    r = copy_text(p, a[2], a[3], &text);
    if (r < 0)
        return r;
    app_ref(app);
    r = control(p, a[0], app, text, (size_t)a[3], a[4]);
    app_unref(app);
    host_free(text);
    return r;
}
