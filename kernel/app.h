/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apps: whose processes they are. An app has a name that no program can choose
 * for itself (it comes with the grants, from who holds `shell`), limits that
 * all its processes share, accounts, and an inbox (port.h).
 *
 *     system --> supervisor --> files --> (limited child, same name)
 *                          `--> clock
 *
 * A child process is in its parent's app, unless it is spawned with grants that
 * say otherwise (`app NAME`, `limit WHAT N`): then in a new one below. What is
 * used counts for an app and all those above it, so nobody gets more by
 * starting children. Lock held throughout.
 */
#ifndef KERNEL_APP_H
#define KERNEL_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "wait.h"

struct grants;
struct port;
struct proc;

#define APP_NAME_MAX 63u
#define BROKER_REMEMBERED 32u /* what a person said no to */

enum app_limit {
#define LIMIT(NAME, name, text) APP_##NAME,
#include "limit.def"
#undef LIMIT
    APP_LIMITS
};
/* enum app_limit or -E_INVAL */
int app_limit_by_name(const char *name, size_t len);
const char *app_limit_name(int limit);

struct app {
    uint32_t refs;
    uint32_t id;              /* never used again */
    struct app *parent;       /* referenced; NULL: the root */
    struct app *named;        /* the one whose name this is: itself, above */
    struct app *next, *prev;  /* all */
    struct app *name_next, *id_next; /* app.c: tables */
    char name[APP_NAME_MAX + 1];
    uint64_t limit[APP_LIMITS]; /* 0: none */
    bool cpu_limited, disk_limited; /* this one or one above */
    uint32_t procs;           /* below, too */
    uint64_t cpu_ns;          /* of processes that have ended */
    int64_t disk;             /* bytes by which its files grew */
    uint64_t denials, sent, received;
    uint32_t generation;      /* of its grants: changed so often */
    bool asks;                /* a person, for what was not granted; broker.h */
    uint32_t asked, nrefused; /* broker.c */
    uint64_t refused[BROKER_REMEMBERED]; /* hashes */
    uint64_t window_ns, window_used_ns; /* cpu: the current window */
    uint64_t credit, credit_ns;         /* messages: billionths; since when */
    struct port *port;        /* of a named one, once it is needed */
    uint64_t sum_cpu_ns, sum_bytes; /* app_sum() */
    struct wait_queue throttled;
};

struct app *app_first(void);
struct app *app_find(const char *name); /* with processes; NULL */
struct app *app_by_id(uint32_t id);     /* NULL: gone */
/* The newest of that name, even without processes: one that ended is there as
 * long as somebody has its inbox open, so that its accounts can be read. */
struct app *app_named(const char *name);
/* Bring sum_* of `only` (NULL: of all named ones) up to date: CPU time and
 * memory of all processes, the ones that have ended too. */
void app_sum(struct app *only);
struct app *app_ref(struct app *a);
void app_unref(struct app *a); /* NULL is fine */

/* Who p belongs to, as messages and logs name it: never NULL or empty. */
const char *app_name(const struct proc *p);

/* p, new, joins a (NULL: the root). -E_AGAIN: over a limit of processes. */
int app_join(struct proc *p, struct app *a);
void app_leave(struct proc *p);
/*
 * p is to have the grants g, given by `by` (NULL: the host): make and enter the
 * app that g names or limits, if any; limits of single processes are set.
 * -E_NOTCAPABLE: naming needs `shell`; -E_EXIST: that name is alive; -E_AGAIN.
 */
int app_enter(struct proc *p, struct proc *by, const struct grants *g);

/* p's files are to grow by that much (or shrink). -E_DQUOT */
int app_charge_disk(struct proc *p, int64_t bytes);
bool app_disk_limited(const struct proc *p); /* p may be NULL */
/* One message more: 0, or when there may be one (host_mono_ns). */
uint64_t app_message_due(struct app *a);
/* By p's own task, without the lock, now and then: sleep off what it has used
 * beyond its share of the CPU. */
void app_throttle(struct proc *p);

#endif
