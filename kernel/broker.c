/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a person; see broker.h. */
#include "broker.h"

#include <string.h>

#include "app.h"
#include "audit.h"
#include "cap_internal.h"
#include "lib.h"
#include "pith_errno.h"
#include "proc.h"
#include "sha256.h"

enum answer { OPEN, DENY, ONCE, ALWAYS };

struct question {
    struct question *next;
    uint64_t id;
    uint32_t askers;  /* calls that wait for it */
    struct app *app;
    int32_t pid;
    char program[32];
    bool told;        /* the broker has read it */
    enum answer answer;
    struct wait_queue answered;
    char line[];
};

static struct {
    struct file *file; /* borrowed; NULL: there is none */
    uint64_t timeout_ns, last_id;
    struct question *first;
    uint32_t count;
    struct wait_queue readable;
} broker;

/* ---- the asking side -------------------------------------------------- */

bool
broker_asks(const struct proc *p)
{
    return broker.file && p->app && p->app->named->asks;
}

void
broker_note(struct proc *p, const char *line)
{
    struct thread *t;

    if (!broker_asks(p) || p != proc_current())
        return;
    for (const char *s = line; *s; s++)
        if ((uint8_t)*s < 0x20 || *s == 0x7f)
            return; /* a name like that is no grant */
    t = thread_self(p);
    host_free(t->wanted);
    t->wanted = text_copy(line, strlen(line));
}

const struct grants *
broker_once(struct proc *p)
{
    return broker.file && p == proc_current() ? thread_self(p)->once : NULL;
}

void
broker_done(struct proc *p)
{
    struct thread *t = thread_self(p);

    grants_unref(t->once);
    t->once = NULL;
    host_free(t->wanted);
    t->wanted = NULL;
}

static uint64_t
hash_of(const char *line)
{
    struct sha256 s;
    uint8_t hash[SHA256_BYTES];
    uint64_t h;

    sha256_init(&s);
    sha256_add(&s, line, strlen(line));
    sha256_finish(&s, hash);
    memcpy(&h, hash, sizeof h);
    return h;
}

static bool
was_refused(const struct app *a, uint64_t hash)
{
    uint32_t n = a->nrefused < BROKER_REMEMBERED ? a->nrefused
                                                 : BROKER_REMEMBERED;

    while (n)
        if (a->refused[--n] == hash)
            return true;
    return false;
}

/* The same question of the same app that waits already, or a new one. */
static struct question *
question(struct proc *p, const char *line)
{
    struct app *a = p->app->named;
    struct question *q, **end = &broker.first;
    size_t n = strlen(line) + 1;

    for (; *end; end = &(*end)->next)
        if ((*end)->app == a && (*end)->answer == OPEN &&
            !strcmp((*end)->line, line))
            return *end;
    if (a->asked >= BROKER_ASKS || broker.count >= BROKER_WAITING)
        return NULL;
    q = host_alloc(sizeof *q + n);
    if (!q)
        return NULL;
    a->asked++;
    q->id = ++broker.last_id;
    q->app = app_ref(a);
    q->pid = p->pid;
    memcpy(q->program, p->name, sizeof q->program);
    memcpy(q->line, line, n);
    *end = q;
    broker.count++;
    wake(&broker.readable);
    return q;
}

static void
leave(struct question *q)
{
    struct question **at = &broker.first;

    if (--q->askers)
        return;
    while (*at && *at != q)
        at = &(*at)->next;
    if (*at) {
        *at = q->next;
        broker.count--;
    }
    app_unref(q->app);
    host_free(q);
}

static enum answer
await(struct question *q)
{
    uint64_t until = host_mono_ns() + broker.timeout_ns;
    enum answer answer;
    int r = 0;

    q->askers++;
    while (q->answer == OPEN && r == 0)
        r = wait_on(&q->answered, until);
    answer = q->answer == OPEN && r == -E_TIMEDOUT ? DENY : q->answer;
    leave(q);
    return answer;
}

/* The running call may do that as well. */
static bool
allow_once(struct thread *t, const char *line)
{
    if (!t->once)
        t->once = grants_create();
    return t->once && grants_add(t->once, line, strlen(line), NULL) == 0;
}

bool
broker_ask(struct proc *p)
{
    struct thread *t = thread_self(p);
    struct app *a = p->app ? p->app->named : NULL;
    struct question *q;
    enum answer answer;
    char *line = t->wanted;
    uint64_t hash;

    t->wanted = NULL;
    if (!line)
        return false;
    hash = hash_of(line);
    q = broker.file && a && !was_refused(a, hash) ? question(p, line) : NULL;
    answer = q ? await(q) : OPEN;
    if (answer == ONCE && !allow_once(t, line))
        answer = DENY;
    if (q && answer == DENY)
        a->refused[a->nrefused++ % BROKER_REMEMBERED] = hash;
    if (q)
        audit(p, "asked", "%s: %s", line,
              answer == ONCE     ? "once"
              : answer == ALWAYS ? "always"
              : answer == DENY   ? "denied"
                                 : "interrupted");
    host_free(line);
    return answer == ONCE || answer == ALWAYS;
}

/* ---- the broker's side ------------------------------------------------- */

static void
answer(struct question *q, enum answer how)
{
    q->answer = how;
    wake(&q->answered);
}

/* One question a read, as a line. */
static int64_t
broker_read(struct file *f, struct uio *u)
{
    struct question *q;
    char head[160];
    size_t n, len;
    int64_t r;

    for (;;) {
        for (q = broker.first; q && q->told; q = q->next)
            ;
        if (q)
            break;
        if (f->flags & PITH_O_NONBLOCK)
            return -E_AGAIN;
        r = wait_on(&broker.readable, HOST_FOREVER);
        if (r < 0)
            return r;
    }
    n = text_format(head, sizeof head, "%llu %d %s %s ",
                    (unsigned long long)q->id, q->pid, q->app->name,
                    q->program[0] ? q->program : "-");
    len = strlen(q->line);
    if (u->resid < n + len + 1)
        return -E_INVAL;
    r = uio_put(u, head, n);
    if (r >= 0)
        r = uio_put(u, q->line, len);
    if (r >= 0)
        r = uio_put(u, "\n", 1);
    if (r < 0)
        return r;
    q->told = true;
    return (int64_t)(n + len + 1);
}

/* "ID once", "ID always", "ID deny". */
static int64_t
broker_write(struct file *f, struct uio *u)
{
    char text[64];
    size_t len = u->resid < sizeof text ? u->resid : sizeof text, digits = 0;
    struct question *q = broker.first;
    struct proc *p = proc_current();
    uint64_t id;
    int r;

    (void)f;
    if (len == sizeof text)
        return -E_INVAL;
    r = (int)uio_get(u, text, len);
    if (r < 0)
        return r;
    text[len] = 0;
    if (len && text[len - 1] == '\n')
        text[len - 1] = 0;
    while (text[digits] >= '0' && text[digits] <= '9')
        digits++;
    if (!text_number(text, digits, UINT64_MAX, &id))
        return -E_INVAL;
    while (q && (q->id != id || q->answer != OPEN))
        q = q->next;
    if (!q)
        return -E_NOENT;
    if (!strcmp(text + digits, " once")) {
        answer(q, ONCE);
    } else if (!strcmp(text + digits, " deny")) {
        answer(q, DENY);
    } else if (!strcmp(text + digits, " always")) {
        r = p ? cap_grant_app(p, q->app, q->line, strlen(q->line)) : -E_PERM;
        if (r < 0)
            return r;
        answer(q, ALWAYS);
    } else {
        return -E_INVAL;
    }
    return (int64_t)len;
}

static int
broker_poll(struct file *f, struct poll_waiter *w)
{
    int r = poll_wait(w, &broker.readable);

    (void)f;
    for (const struct question *q = broker.first; q; q = q->next)
        if (!q->told)
            return r < 0 ? r : PITH_POLLIN | PITH_POLLOUT;
    return r < 0 ? r : PITH_POLLOUT;
}

static void
broker_release(struct file *f)
{
    (void)f;
    broker.file = NULL;
    for (struct question *q = broker.first; q; q = q->next)
        if (q->answer == OPEN)
            answer(q, DENY);
}

static const struct file_ops broker_ops = {
    .name = "broker",
    .read = broker_read,
    .write = broker_write,
    .poll = broker_poll,
    .release = broker_release,
};

int
broker_open(struct proc *p, uint64_t timeout_ns, struct file **out)
{
    int r = cap_check_root(p, CAP_SHELL);

    if (r == 0 && broker.file)
        r = -E_BUSY;
    if (r < 0)
        return r;
    *out = file_create(&broker_ops, NULL, PITH_O_RDWR, NULL);
    if (!*out)
        return -E_NOMEM;
    broker.file = *out;
    broker.timeout_ns = timeout_ns;
    return 0;
}
