/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to start, restart, kill and give up: decisions only. No clock, no
 * process, no file is touched here, so the whole of it can be run against a
 * thousand seeded worlds (tests/super).
 *
 *              start            ready              exit, to be
 *   STOPPED --> WAITING --> STARTING --> RUNNING --restarted--> BACKOFF
 *      ^      (for `after`)     |           |                      |
 *      |                        `-----------+--- exit, not to be --+--> STOPPED
 *      `--- exit <-- STOPPING <-- stop       restarted, or given up --> FAILED
 *
 * Times are milliseconds on any clock that does not go back.
 */
#ifndef SUPER_POLICY_H
#define SUPER_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#define BACKOFF_FIRST_MS 100u
#define BACKOFF_MAX_MS 30000u
#define STEADY_MS 10000u      /* ran for so long: its failures are forgotten */
#define START_LIMIT 10u       /* failures in a row within ... */
#define START_WINDOW_MS 60000u /* ... this: given up */
#define READY_MS 300u         /* silent, but alive for so long: ready */
#define GRACE_MS 2000u        /* from SIGTERM to SIGKILL */

enum unit_state {
    UNIT_STOPPED,
    UNIT_WAITING,
    UNIT_STARTING,
    UNIT_RUNNING,
    UNIT_BACKOFF,
    UNIT_STOPPING,
    UNIT_FAILED,
};
extern const char *const unit_state_names[];

enum unit_restart { UNIT_NEVER, UNIT_ALWAYS, UNIT_ON_FAILURE };

struct unit {
    enum unit_restart restart;
    uint32_t watchdog_ms; /* 0: off */
    int *after;           /* indices; -1 ends; NULL: none */
    /* policy's own */
    enum unit_state state;
    bool ready_once;      /* for those that wait for it */
    bool again;           /* start once it has stopped */
    bool killed;          /* SIGKILL was sent */
    bool barked;          /* by the watchdog: counts as a failure */
    bool needed;          /* at the end: others that come after it are alive */
    uint64_t started, spoke, deadline; /* deadline: of the state; 0: none */
    uint64_t first_failure;
    uint32_t failures;    /* in a row */
    uint32_t starts, barks; /* all */
};

struct policy {
    struct unit *units;
    int count;
    bool ending;
    void *ctx;
    /* 0: its process runs; else not, and the unit has failed to start. */
    int (*start)(void *ctx, int unit);
    void (*signal)(void *ctx, int unit, bool hard); /* TERM, or KILL */
    void (*log)(void *ctx, int unit, const char *what);
};

void policy_start(struct policy *p, int unit, uint64_t now);
void policy_stop(struct policy *p, int unit, uint64_t now);
void policy_restart(struct policy *p, int unit, uint64_t now);
/* Its process ended; ok: by itself, with 0. */
void policy_exited(struct policy *p, int unit, bool ok, uint64_t now);
void policy_spoke(struct policy *p, int unit, uint64_t now); /* not stuck */
void policy_ready(struct policy *p, int unit, uint64_t now);
/* Do what is due; when there will be more to do (0: no date). */
uint64_t policy_tick(struct policy *p, uint64_t now);
/* All stop, those that others come after last; true once none is left. Again
 * and again until then. */
bool policy_end(struct policy *p, uint64_t now);
bool unit_alive(const struct unit *u); /* has a process */

#endif
