/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between apps; see port.h. */
#include "port.h"

#include <string.h>

#include "app.h"
#include "file.h"
#include "ipc.h"
#include "lib.h"
#include "pith_errno.h"
#include "proc.h"

#define ASKERS 128u /* messages that can still be answered */

struct message {
    struct message *next;
    struct port_head head;
    uint8_t data[];
};

struct port {
    uint32_t refs;   /* the app, and open files */
    struct app *app; /* borrowed; NULL: gone */
    struct message *first, *last;
    uint32_t count;
    size_t bytes;
    bool opened;
    struct wait_queue readable, writable;
    struct {
        uint64_t id;
        uint32_t app;
    } askers[ASKERS];
    uint32_t next_asker;
};

static uint64_t last_id;

static void
free_message(struct message *m)
{
    ipc_count.messages -= m != NULL;
    host_free(m);
}

/* ---- life ------------------------------------------------------------ */

static void
unref(struct port *port)
{
    if (port && --port->refs == 0)
        host_free(port);
}

static struct port *
port_for(struct app *a)
{
    a = a->named;
    if (!a->port) {
        a->port = host_alloc(sizeof *a->port);
        if (!a->port)
            return NULL;
        a->port->refs = 1;
        a->port->app = a;
    }
    return a->port;
}

void
port_close(struct port *port)
{
    struct message *m;

    while ((m = port->first)) {
        port->first = m->next;
        free_message(m);
    }
    port->last = NULL;
    port->count = 0;
    port->bytes = 0;
    port->opened = false;
    memset(port->askers, 0, sizeof port->askers);
    wake(&port->readable);
    wake(&port->writable);
}

void
port_destroy(struct port *port)
{
    if (!port)
        return;
    port_close(port);
    port->app = NULL;
    unref(port);
}

bool
port_is_open(const struct port *port)
{
    return port && port->opened;
}

uint32_t
port_pending(const struct port *port)
{
    return port ? port->count : 0;
}

/* ---- sending --------------------------------------------------------- */

/* Is there room for one more of that sender's? */
static bool
has_room(const struct port *port, uint32_t from, size_t bytes)
{
    const struct message *m;
    uint32_t n = 0;

    if (port->count >= PORT_MESSAGES || port->bytes + bytes > PORT_BYTES)
        return false;
    if (port->count < PORT_SHARE)
        return true;
    for (m = port->first; m; m = m->next)
        n += m->head.app == from;
    return n < PORT_SHARE;
}

static void
append(struct port *port, struct message *m)
{
    m->next = NULL;
    if (port->last)
        port->last->next = m;
    else
        port->first = m;
    port->last = m;
    port->count++;
    port->bytes += m->head.length;
    port->app->received++;
    wake_one(&port->readable);
}

/* Until the rate allows one more. */
static int
await_rate(struct proc *p, struct app *a, bool dontwait)
{
    uint64_t due;
    int r;

    while ((due = app_message_due(a))) {
        if (dontwait)
            return -E_AGAIN;
        r = wait_on(&p->app->throttled, due);
        if (r == -E_INTR)
            return r;
    }
    return 0;
}

/* Who asked: an answer is due to them once. */
static struct app *
take_asker(struct app *me, uint64_t id)
{
    struct port *port = me->named->port;
    uint32_t i, app;

    for (i = 0; port && i < ASKERS; i++) {
        if (id && port->askers[i].id == id) {
            app = port->askers[i].app;
            port->askers[i].id = 0;
            return app_by_id(app);
        }
    }
    return NULL;
}

/* a is referenced by the caller: it may end while we wait. */
static int
deliver(struct proc *p, struct app *a, struct message *m, bool dontwait)
{
    struct port *port = port_for(a);
    int r;

    if (!port)
        return -E_NOMEM;
    while (!has_room(port, m->head.app, m->head.length)) {
        if (dontwait)
            return -E_AGAIN;
        port->refs++;
        r = wait_on(&port->writable, HOST_FOREVER);
        unref(port);
        if (r < 0)
            return r;
        if (!a->procs)
            return -E_NOENT;
    }
    (void)p;
    append(port, m);
    return 0;
}

static int64_t
broadcast(struct message *m, struct app *from)
{
    size_t size = sizeof *m + m->head.length;
    struct message *copy;
    struct app *a;
    int64_t n = 0;

    for (a = app_first(); a; a = a->next) {
        if (a->named != a || a == from || !a->port || !a->port->opened ||
            !has_room(a->port, m->head.app, m->head.length))
            continue;
        copy = host_alloc(size);
        if (!copy)
            break;
        ipc_count.messages++;
        memcpy(copy, m, size);
        append(a->port, copy);
        n++;
    }
    free_message(m);
    return n;
}

static int
make_message(struct proc *sender, struct uio *u, uint64_t reply_to,
             struct message **out)
{
    size_t n = u->resid;
    struct message *m;
    int64_t r;

    if (n > PORT_MESSAGE_MAX)
        return -E_MSGSIZE;
    m = host_alloc(sizeof *m + n);
    if (!m)
        return -E_NOMEM;
    ipc_count.messages++;
    r = n ? uio_get(u, m->data, n) : 0;
    if (r < 0) {
        free_message(m);
        return (int)r;
    }
    m->head.id = ++last_id;
    m->head.reply_to = reply_to;
    m->head.pid = sender->pid;
    m->head.app = sender->app->named->id;
    m->head.length = n;
    memcpy(m->head.from, app_name(sender), sizeof m->head.from);
    *out = m;
    return 0;
}

static int64_t
send_to(struct proc *p, struct proc *sender, struct app *to,
        struct message *m, bool dontwait)
{
    struct app *from = app_ref(sender->app);
    int64_t r;

    if (to)
        app_ref(to);
    r = await_rate(p, from, dontwait);
    if (r == 0 && !to) {
        m->head.broadcast = true;
        r = broadcast(m, from->named);
        m = NULL;
    } else if (r == 0) {
        r = deliver(p, to, m, dontwait);
        if (r == 0)
            m = NULL;
    }
    if (r >= 0)
        from->named->sent++;
    free_message(m);
    app_unref(to);
    app_unref(from);
    return r;
}

int64_t
port_send(struct proc *p, struct proc *sender, const char *name,
          uint64_t reply_to, struct uio *u, bool dontwait, uint64_t *id)
{
    bool everyone = name && !strcmp(name, "*");
    struct message *m = NULL;
    struct app *to = NULL;
    int r = name ? cap_check_ipc(sender, name) : 0;

    if (r < 0)
        return r;
    r = make_message(sender, u, reply_to, &m);
    if (r < 0)
        return r;
    if (!name)
        to = take_asker(sender->app, reply_to);
    else if (!everyone)
        to = app_find(name);
    if (!everyone && (!to || !to->procs)) {
        free_message(m);
        return -E_NOENT;
    }
    *id = m->head.id;
    return send_to(p, sender, to, m, dontwait);
}

/* ---- receiving ------------------------------------------------------- */

int64_t
port_recv(struct port *port, struct uio *u, bool dontwait,
          struct port_head *head)
{
    struct message *m;
    int64_t r = 0;
    size_t n;

    while (!port->first) {
        if (dontwait)
            return -E_AGAIN;
        if (!port->app || !port->app->procs)
            return -E_PIPE;
        r = wait_on(&port->readable, HOST_FOREVER);
        if (r < 0)
            return r;
    }
    m = port->first;
    n = m->head.length < u->resid ? m->head.length : u->resid;
    if (n)
        r = uio_put(u, m->data, n);
    if (r < 0)
        return r; /* a bad buffer loses nothing */
    port->first = m->next;
    if (!m->next)
        port->last = NULL;
    port->count--;
    port->bytes -= m->head.length;
    *head = m->head;
    port->askers[port->next_asker].id = m->head.id;
    port->askers[port->next_asker].app = m->head.app;
    port->next_asker = (port->next_asker + 1) % ASKERS;
    free_message(m);
    wake(&port->writable);
    return (int64_t)n;
}

/* ---- as a file ------------------------------------------------------- */

static int
port_poll(struct file *f, struct poll_waiter *w)
{
    struct port *port = f->data;
    int r = poll_wait(w, &port->readable);

    if (r < 0)
        return r;
    return (port->first ? PITH_POLLIN : 0) | PITH_POLLOUT |
           (port->app && port->app->procs ? 0 : PITH_POLLHUP);
}

static void
port_release(struct file *f)
{
    struct port *port = f->data;

    app_unref(port->app); /* it may go with that, but not the port */
    unref(port);
}

static const struct file_ops port_ops = {
    .name = "port",
    .poll = port_poll,
    .release = port_release,
};

int
port_file(struct app *a, uint32_t flags, bool own, struct file **out)
{
    struct port *port = port_for(a);

    if (!port)
        return -E_NOMEM;
    *out = file_create(&port_ops, NULL, PITH_O_RDWR | flags, port);
    if (!*out)
        return -E_NOMEM;
    port->refs++;
    app_ref(port->app);
    port->opened |= own;
    return 0;
}

struct port *
port_of(const struct file *f)
{
    return f->ops == &port_ops ? f->data : NULL;
}
