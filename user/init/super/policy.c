/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's decisions; see policy.h. */
#include "policy.h"

#include <stddef.h>

const char *const unit_state_names[] = {"stopped", "waiting", "starting",
                                        "running", "backoff", "stopping",
                                        "failed"};

bool
unit_alive(const struct unit *u)
{
    return u->state == UNIT_STARTING || u->state == UNIT_RUNNING ||
           u->state == UNIT_STOPPING;
}

static bool
may_start(const struct policy *p, const struct unit *u)
{
    for (const int *a = u->after; a && *a >= 0; a++)
        if (!p->units[*a].ready_once)
            return false;
    return true;
}

/* It has failed: when is it to be tried again, if at all? */
static void
back_off(struct policy *p, int i, uint64_t now)
{
    struct unit *u = &p->units[i];
    uint64_t wait = BACKOFF_FIRST_MS;

    if (!u->failures || now - u->first_failure > START_WINDOW_MS) {
        u->failures = 0;
        u->first_failure = now;
    }
    u->failures++;
    if (u->failures >= START_LIMIT) {
        u->state = UNIT_FAILED;
        u->deadline = 0;
        p->log(p->ctx, i, "failed too often: given up");
        return;
    }
    for (uint32_t n = 1; n < u->failures && wait < BACKOFF_MAX_MS; n++)
        wait *= 2;
    u->state = UNIT_BACKOFF;
    u->deadline = now + (wait < BACKOFF_MAX_MS ? wait : BACKOFF_MAX_MS);
}

static void
try_start(struct policy *p, int i, uint64_t now)
{
    struct unit *u = &p->units[i];

    u->state = UNIT_WAITING;
    u->deadline = 0;
    if (p->ending || !may_start(p, u))
        return;
    u->killed = u->barked = u->again = false;
    u->starts++;
    if (p->start(p->ctx, i) != 0) {
        back_off(p, i, now);
        return;
    }
    u->state = UNIT_STARTING;
    u->started = u->spoke = now;
    u->deadline = now + READY_MS;
}

void
policy_start(struct policy *p, int i, uint64_t now)
{
    struct unit *u = &p->units[i];

    if (u->state == UNIT_STOPPING)
        u->again = true;
    else if (!unit_alive(u) && !p->ending) {
        u->failures = 0;
        try_start(p, i, now);
    }
}

void
policy_stop(struct policy *p, int i, uint64_t now)
{
    struct unit *u = &p->units[i];

    u->again = false;
    if (u->state == UNIT_STOPPING)
        return;
    if (!unit_alive(u)) {
        u->state = UNIT_STOPPED;
        u->deadline = 0;
        return;
    }
    u->state = UNIT_STOPPING;
    u->deadline = now + GRACE_MS;
    p->signal(p->ctx, i, false);
}

void
policy_restart(struct policy *p, int i, uint64_t now)
{
    struct unit *u = &p->units[i];

    if (!unit_alive(u)) {
        policy_start(p, i, now);
        return;
    }
    policy_stop(p, i, now);
    u->again = true;
}

static void
start_waiting(struct policy *p, uint64_t now)
{
    for (int i = 0; i < p->count; i++)
        if (p->units[i].state == UNIT_WAITING && may_start(p, &p->units[i]))
            try_start(p, i, now);
}

void
policy_ready(struct policy *p, int i, uint64_t now)
{
    struct unit *u = &p->units[i];

    if (u->state != UNIT_STARTING)
        return;
    u->state = UNIT_RUNNING;
    u->deadline = 0;
    u->ready_once = true;
    start_waiting(p, now);
}

void
policy_spoke(struct policy *p, int i, uint64_t now)
{
    p->units[i].spoke = now;
}

void
policy_exited(struct policy *p, int i, bool ok, uint64_t now)
{
    struct unit *u = &p->units[i];
    bool stopping = u->state == UNIT_STOPPING, again = u->again;

    if (!unit_alive(u))
        return;
    u->state = UNIT_STOPPED;
    u->deadline = 0;
    if (stopping || p->ending) {
        if (again && !p->ending)
            policy_start(p, i, now);
        return;
    }
    ok = ok && !u->barked;
    if (now - u->started >= STEADY_MS)
        u->failures = 0;
    if (ok && !u->ready_once) { /* did its work and went */
        u->ready_once = true;
        start_waiting(p, now);
    }
    if (u->restart == UNIT_ALWAYS || u->barked ||
        (u->restart == UNIT_ON_FAILURE && !ok))
        back_off(p, i, now);
    else if (!ok)
        u->state = UNIT_FAILED;
}

static void
tick_one(struct policy *p, int i, uint64_t now)
{
    struct unit *u = &p->units[i];

    if (u->watchdog_ms && (u->state == UNIT_RUNNING ||
                           u->state == UNIT_STARTING) &&
        !u->barked && now - u->spoke >= u->watchdog_ms) {
        u->barked = true;
        u->barks++;
        u->deadline = 0; /* it will not be ready any more */
        p->log(p->ctx, i, "silent for too long: killed");
        p->signal(p->ctx, i, true);
        return;
    }
    if (!u->deadline || now < u->deadline)
        return;
    u->deadline = 0;
    if (u->state == UNIT_STARTING) {
        policy_ready(p, i, now);
    } else if (u->state == UNIT_BACKOFF) {
        try_start(p, i, now);
    } else if (u->state == UNIT_STOPPING && !u->killed) {
        u->killed = true;
        p->signal(p->ctx, i, true);
    }
}

uint64_t
policy_tick(struct policy *p, uint64_t now)
{
    uint64_t next = 0;

    for (int i = 0; i < p->count; i++)
        tick_one(p, i, now);
    for (int i = 0; i < p->count; i++) {
        const struct unit *u = &p->units[i];
        uint64_t due = u->deadline;

        if (u->watchdog_ms && !u->barked &&
            (u->state == UNIT_RUNNING || u->state == UNIT_STARTING) &&
            (!due || u->spoke + u->watchdog_ms < due))
            due = u->spoke + u->watchdog_ms;
        if (due && (!next || due < next))
            next = due;
    }
    return next;
}

/* Mark those that somebody who is alive comes after. */
static void
mark_needed(struct policy *p)
{
    for (int i = 0; i < p->count; i++)
        p->units[i].needed = false;
    for (int i = 0; i < p->count; i++) {
        if (!unit_alive(&p->units[i]))
            continue;
        for (const int *a = p->units[i].after; a && *a >= 0; a++)
            p->units[*a].needed = true;
    }
}

bool
policy_end(struct policy *p, uint64_t now)
{
    bool gone = true;

    p->ending = true;
    mark_needed(p); /* who stops now is alive still: nothing changes below */
    for (int i = 0; i < p->count; i++) {
        struct unit *u = &p->units[i];

        gone &= !unit_alive(u);
        if (u->state == UNIT_STOPPING)
            continue;
        if (!unit_alive(u) || !u->needed)
            policy_stop(p, i, now);
    }
    return gone;
}
