/* SPDX-License-Identifier: Apache-2.0 */
/* Apps: names, accounts, limits; see app.h. */
#include "app.h"

#include <string.h>

#include "audit.h"
#include "cap_internal.h"
#include "ipc.h"
#include "lib.h"
#include "pith_errno.h"
#include "port.h"
#include "proc.h"

#define WINDOW_NS 100000000u /* over which a share of the CPU is meant */
#define CREDIT 1000000000u   /* of one message */
#define CALL_BYTES 24u       /* of the stack: a small function's frame */

#define BUCKETS 256u /* a power of two */

static struct app *all;
static struct app *by_name[BUCKETS], *by_id[BUCKETS];
static uint32_t last_id;

/* ---- the tree -------------------------------------------------------- */

struct app *
app_first(void)
{
    return all;
}

static struct app **
name_bucket(const char *name)
{
    uint32_t h = 2166136261u;

    while (*name)
        h = (h ^ (uint8_t)*name++) * 16777619u;
    return &by_name[h % BUCKETS];
}

static void
tables_add(struct app *a)
{
    struct app **bucket = name_bucket(a->name);

    a->name_next = *bucket;
    *bucket = a;
    bucket = &by_id[a->id % BUCKETS];
    a->id_next = *bucket;
    *bucket = a;
}

static void
tables_remove(struct app *a)
{
    struct app **at = name_bucket(a->name);

    while (*at != a)
        at = &(*at)->name_next;
    *at = a->name_next;
    at = &by_id[a->id % BUCKETS];
    while (*at != a)
        at = &(*at)->id_next;
    *at = a->id_next;
}

static struct app *
create(struct app *parent, const char *name)
{
    struct app *a = host_alloc(sizeof *a);

    if (!a)
        return NULL;
    ipc_count.apps++;
    a->refs = 1;
    a->id = ++last_id;
    a->parent = parent ? app_ref(parent) : NULL;
    a->named = *name || !parent ? a : parent->named;
    text_format(a->name, sizeof a->name, "%s",
                *name ? name : parent ? parent->named->name : "system");
    a->next = all;
    if (all)
        all->prev = a;
    all = a;
    tables_add(a);
    return a;
}

struct app *
app_ref(struct app *a)
{
    a->refs++;
    return a;
}

void
app_unref(struct app *a)
{
    while (a && --a->refs == 0) {
        struct app *parent = a->parent;

        tables_remove(a);
        if (a->prev)
            a->prev->next = a->next;
        else
            all = a->next;
        if (a->next)
            a->next->prev = a->prev;
        port_destroy(a->port);
        host_free(a);
        ipc_count.apps--;
        a = parent;
    }
}

struct app *
app_find(const char *name)
{
    struct app *a;

    for (a = *name_bucket(name); a; a = a->name_next) {
        if (a->named == a && a->procs && !strcmp(a->name, name))
            return a;
    }
    return NULL;
}

struct app *
app_named(const char *name)
{
    struct app *a = *name_bucket(name);

    while (a && (a->named != a || strcmp(a->name, name) != 0))
        a = a->name_next;
    return a;
}

void
app_sum(struct app *only)
{
    const struct proc *q;
    struct app *a;

    for (a = all; a; a = a->next) {
        a->sum_cpu_ns = a->cpu_ns;
        a->sum_bytes = 0;
    }
    for (q = proc_first(); q; q = q->next) {
        a = q->app ? q->app->named : NULL;
        if (!a || (only && a != only))
            continue;
        a->sum_cpu_ns += proc_cpu_ns(q);
        if (q->state != PROC_TERMINATED)
            a->sum_bytes += q->usage.maxrss;
    }
}

struct app *
app_by_id(uint32_t id)
{
    struct app *a = by_id[id % BUCKETS];

    while (a && a->id != id)
        a = a->id_next;
    return a;
}

/* ---- processes ------------------------------------------------------- */

static struct app *
root(void)
{
    struct app *a;

    for (a = all; a; a = a->next) {
        if (!a->parent)
            return app_ref(a);
    }
    return create(NULL, "");
}

int
app_join(struct proc *p, struct app *a)
{
    struct app *x;

    a = a ? app_ref(a) : root();
    if (!a)
        return -E_NOMEM;
    for (x = a; x; x = x->parent) {
        if (x->limit[APP_PROCESSES] && x->procs >= x->limit[APP_PROCESSES]) {
            audit(p->parent ? p->parent : p, "limit", "processes %u", x->procs);
            app_unref(a);
            return -E_AGAIN;
        }
    }
    for (x = a; x; x = x->parent)
        x->procs++;
    p->app = a;
    return 0;
}

void
app_leave(struct proc *p)
{
    struct app *a = p->app, *x;

    p->app = NULL;
    for (x = a; x; x = x->parent) {
        x->cpu_ns += p->cpu_ns;
        x->procs--;
        if (!x->procs && x->port)
            port_close(x->port);
    }
    app_unref(a);
}

static void
lower_rlimit(struct proc *p, int which, uint64_t to)
{
    struct pith_rlimit *l = &p->rlimit[which];

    if (to && to < l->max)
        l->max = to;
    if (l->cur > l->max)
        l->cur = l->max;
}

static bool
has_limits(const struct grants *g)
{
    int i;

    for (i = 0; i < APP_LIMITS; i++) {
        if (g->limit[i])
            return true;
    }
    return false;
}

int
app_enter(struct proc *p, struct proc *by, const struct grants *g)
{
    bool naming = g->app[0] && strcmp(g->app, app_name(p)) != 0;
    struct app *a, *old = p->app;
    int r = 0;

    if (!naming && !has_limits(g))
        return 0;
    if (naming && by)
        r = cap_check_root(by, CAP_SHELL);
    if (r == 0 && naming && app_find(g->app))
        r = -E_EXIST;
    if (r < 0)
        return r;
    a = create(old, naming ? g->app : "");
    if (!a)
        return -E_NOMEM;
    a->asks = naming && g->ask;
    memcpy(a->limit, g->limit, sizeof a->limit);
    a->cpu_limited = a->limit[APP_CPU] || (old && old->cpu_limited);
    a->disk_limited = a->limit[APP_DISK] || (old && old->disk_limited);
    app_ref(old);
    app_leave(p);
    r = app_join(p, a);
    if (r < 0 && app_join(p, old) < 0)
        p->app = NULL; /* only when the root's memory is gone */
    app_unref(old);
    app_unref(a);
    if (r < 0)
        return r;
    lower_rlimit(p, PITH_RLIMIT_AS, g->limit[APP_MEMORY]);
    lower_rlimit(p, PITH_RLIMIT_NOFILE, g->limit[APP_FILES]);
    lower_rlimit(p, PITH_RLIMIT_STACK,
                 g->limit[APP_CALL_DEPTH] < UINT64_MAX / CALL_BYTES
                     ? g->limit[APP_CALL_DEPTH] * CALL_BYTES
                     : 0);
    if (g->limit[APP_FUEL] && g->limit[APP_FUEL] < p->fuel)
        p->fuel = g->limit[APP_FUEL];
    if (naming)
        audit(p, "app", "%s", a->name);
    return 0;
}

/* ---- what is used ---------------------------------------------------- */

bool
app_disk_limited(const struct proc *p)
{
    return p && p->app && p->app->disk_limited;
}

int
app_charge_disk(struct proc *p, int64_t bytes)
{
    struct app *x;

    if (!p)
        return 0;
    for (x = p->app; x && bytes > 0; x = x->parent) {
        uint64_t used = x->disk > 0 ? (uint64_t)x->disk : 0;

        if (x->limit[APP_DISK] && (used > x->limit[APP_DISK] ||
                                   (uint64_t)bytes > x->limit[APP_DISK] - used)) {
            audit(p, "limit", "disk");
            return -E_DQUOT;
        }
    }
    for (x = p->app; x; x = x->parent)
        x->disk += bytes;
    return 0;
}

/* Up to a second's messages may come at once. */
static uint64_t
message_due_one(struct app *a, uint64_t now)
{
    uint64_t rate = a->limit[APP_MESSAGES], full, gained;

    if (!rate)
        return 0;
    if (rate > CREDIT)
        rate = CREDIT;
    full = rate * CREDIT;
    gained = now - a->credit_ns;
    gained = gained >= CREDIT || !a->credit_ns ? full : gained * rate;
    a->credit = gained > full - a->credit ? full : a->credit + gained;
    a->credit_ns = now;
    return a->credit >= CREDIT ? 0 : now + (CREDIT - a->credit) / rate + 1;
}

uint64_t
app_message_due(struct app *a)
{
    uint64_t now = 0, due = 0, d;
    struct app *x;

    for (x = a; x; x = x->parent) {
        if (!x->limit[APP_MESSAGES])
            continue;
        if (!now)
            now = host_mono_ns();
        d = message_due_one(x, now);
        if (d > due)
            due = d;
    }
    if (due)
        return due;
    for (x = a; now && x; x = x->parent) {
        if (x->limit[APP_MESSAGES])
            x->credit -= CREDIT;
    }
    return 0;
}

/* ---- the CPU --------------------------------------------------------- */

/* Until when a has to wait for its next window; 0: not at all. */
static uint64_t
over_until(struct app *a, uint64_t used, uint64_t now)
{
    uint64_t share = a->limit[APP_CPU], window;

    if (!share)
        return 0;
    /* a small share gets a longer window, so that a time slice fits in */
    window = share < 10 ? WINDOW_NS * 10u : WINDOW_NS;
    if (now - a->window_ns >= window) {
        uint64_t budget = window / 100 * share;
        uint64_t windows = (now - a->window_ns) / window;

        /* what was over is still owed */
        a->window_used_ns = a->window_used_ns / budget > windows
                                ? a->window_used_ns - budget * windows
                            : a->window_used_ns > budget * windows
                                ? a->window_used_ns - budget * windows
                                : 0;
        a->window_ns = now;
    }
    a->window_used_ns += used;
    return a->window_used_ns > window / 100 * share ? a->window_ns + window : 0;
}

void
app_throttle(struct proc *p)
{
    uint64_t cpu, until, u;
    struct app *x;

    if (!p->app || !p->app->cpu_limited)
        return;
    kernel_lock();
    for (;;) {
        cpu = proc_cpu_ns(p);
        until = 0;
        for (x = p->app; x; x = x->parent) {
            u = over_until(x, cpu > p->throttled_cpu_ns
                                  ? cpu - p->throttled_cpu_ns
                                  : 0,
                           host_mono_ns());
            if (u > until)
                until = u;
        }
        p->throttled_cpu_ns = cpu;
        if (!until || wait_on(&p->app->throttled, until) == -E_INTR)
            break;
    }
    kernel_leave();
}
