/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's decisions in seeded worlds: sim [FIRST] [COUNT]. A world has
 * a fake clock, up to 12 units with random dependencies (never in circles) and
 * habits (exits well, crashes, hangs silently, ignores SIGTERM, cannot be
 * started, dies late of SIGKILL), and an operator who starts, stops and restarts
 * at random. Faults: the machine sleeps for hours, manifests change while their
 * apps run, ends, readiness and signs of life are told again or of nobody, an
 * app takes to another habit. Checked at each step:
 *
 *     a unit runs at most once; nobody starts before those it comes after were
 *     ready; signals go to live ones only; SIGKILL comes after SIGTERM, or from
 *     the watchdog; failures in a row wait longer each time, and end; what has
 *     hung is killed in time; at the end all stop, in order
 *
 * A failure names its seed; the same seed is the same world.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"

#define UNITS 12
#define STEPS 400

struct world {
    struct policy p;
    struct unit units[UNITS];
    int after[UNITS][UNITS + 1];
    uint64_t now, random;
    struct {
        bool alive, deaf, termed, killed;
        uint64_t ends, speaks, last_end, wait;
        bool ends_ok;
        int habit;
        uint32_t failed_in_row;
    } real[UNITS];
    const char *wrong;
};

static uint64_t
rnd(struct world *w, uint64_t n)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random % n;
}

static void
expect(struct world *w, bool ok, const char *what)
{
    if (!ok && !w->wrong)
        w->wrong = what;
}

static int
start(void *ctx, int i)
{
    struct world *w = ctx;

    expect(w, !w->real[i].alive, "started twice");
    expect(w, !w->p.ending, "started at the end");
    for (int *a = w->after[i]; *a >= 0; a++)
        expect(w, w->units[*a].ready_once, "started before what it is after");
    if (w->real[i].habit == 4 && rnd(w, 2))
        return -1;
    w->real[i].alive = true;
    w->real[i].termed = w->real[i].killed = false;
    w->real[i].deaf = rnd(w, 3) == 0;
    w->real[i].ends_ok = w->real[i].habit == 0;
    w->real[i].ends = w->real[i].habit == 3 ? UINT64_MAX
                      : w->real[i].habit == 1
                          ? w->now + 1 + rnd(w, 50)
                          : w->now + 1 + rnd(w, 40000);
    w->real[i].speaks = w->real[i].habit == 2 ? UINT64_MAX : w->now;
    return 0;
}

static void
signal_unit(void *ctx, int i, bool hard)
{
    struct world *w = ctx;

    expect(w, w->real[i].alive, "a signal to nobody");
    if (hard)
        expect(w, w->real[i].termed || w->units[i].barked,
               "SIGKILL without SIGTERM before");
    if (!hard && w->p.ending)
        for (int k = 0; k < w->p.count; k++)
            for (int *a = w->after[k]; *a >= 0 && w->real[k].alive; a++)
                expect(w, *a != i, "stopped before what comes after it");
    w->real[i].termed |= !hard;
    w->real[i].killed |= hard;
    if (hard || !w->real[i].deaf) {
        uint64_t soon = w->now + rnd(w, hard && w->real[i].habit == 5
                                            ? 3000
                                            : 20);

        if (soon < w->real[i].ends) {
            w->real[i].ends = soon;
            w->real[i].ends_ok = false;
        }
    }
}

static void
log_nothing(void *ctx, int unit, const char *what)
{
    (void)ctx, (void)unit, (void)what;
}

static void
make(struct world *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    w->random = seed * 0x9e3779b97f4a7c15u + 1;
    w->now = 1000;
    w->p = (struct policy){w->units, 1 + (int)rnd(w, UNITS), false, w, start,
                           signal_unit, log_nothing};
    for (int i = 0; i < w->p.count; i++) {
        int n = 0;

        for (int k = 0; k < i; k++)
            if (rnd(w, 4) == 0)
                w->after[i][n++] = k;
        w->after[i][n] = -1;
        w->units[i].after = w->after[i];
        w->units[i].restart = (enum unit_restart)rnd(w, 3);
        w->units[i].watchdog_ms = rnd(w, 3) ? 0 : 500 + (uint32_t)rnd(w, 3000);
        w->real[i].habit = (int)rnd(w, 6);
    }
}

/* What happens in the world until now. */
static void
happen(struct world *w)
{
    for (int i = 0; i < w->p.count; i++) {
        enum unit_state was = w->units[i].state;

        if (!w->real[i].alive)
            continue;
        if (w->real[i].speaks <= w->now) {
            policy_spoke(&w->p, i, w->now);
            if (rnd(w, 2))
                policy_ready(&w->p, i, w->now);
            w->real[i].speaks = w->now + rnd(w, 400);
        }
        if (w->real[i].ends > w->now)
            continue;
        w->real[i].alive = false;
        policy_exited(&w->p, i, w->real[i].ends_ok, w->now);
        expect(w, unit_alive(&w->units[i]) == w->real[i].alive,
               "thinks it runs");
        if (w->units[i].state != UNIT_BACKOFF || was == UNIT_STOPPING)
            continue;
        expect(w, w->units[i].restart != UNIT_NEVER || w->units[i].barked,
               "restarted what is never to be");
        expect(w, w->units[i].deadline > w->now &&
                      w->units[i].deadline <= w->now + BACKOFF_MAX_MS,
               "no wait before a restart");
        expect(w, w->units[i].failures < START_LIMIT, "never gives up");
    }
}

static void
invariants(struct world *w)
{
    for (int i = 0; i < w->p.count; i++) {
        const struct unit *u = &w->units[i];

        expect(w, unit_alive(u) == w->real[i].alive, "does not know who runs");
        if (u->watchdog_ms && w->real[i].alive && u->state == UNIT_RUNNING)
            expect(w, u->barked || w->now - u->spoke < u->watchdog_ms,
                   "the watchdog sleeps");
        if (u->state == UNIT_STOPPING && w->now > u->spoke + 10 * GRACE_MS)
            expect(w, u->killed || u->deadline, "waits for ever for an end");
    }
}

/* Never what the unit's own process would be in the way of. */
static void
fault(struct world *w, int i)
{
    switch (rnd(w, 60)) {
    case 0: /* suspended */
        w->now += 1000 * (1 + rnd(w, 36000));
        break;
    case 1: /* its manifest was read again */
        w->units[i].restart = (enum unit_restart)rnd(w, 3);
        break;
    case 2:
        w->units[i].watchdog_ms = rnd(w, 2) ? 0 : 200 + (uint32_t)rnd(w, 9000);
        break;
    case 3: /* told of an end that was none of its */
        if (!w->real[i].alive)
            policy_exited(&w->p, i, rnd(w, 2), w->now);
        break;
    case 4:
        policy_ready(&w->p, i, w->now);
        policy_ready(&w->p, i, w->now);
        break;
    case 5:
        policy_spoke(&w->p, i, w->now);
        break;
    case 6:
        w->real[i].habit = (int)rnd(w, 6);
        break;
    case 7: /* everything at once: stop, start, restart */
        policy_stop(&w->p, i, w->now);
        policy_start(&w->p, i, w->now);
        policy_restart(&w->p, i, w->now);
        break;
    case 8: /* all crash in the same moment */
        for (int k = 0; k < w->p.count; k++)
            if (w->real[k].alive && w->real[k].ends > w->now)
                w->real[k].ends = w->now, w->real[k].ends_ok = false;
        break;
    default:
        break;
    }
}

static const char *
run(uint64_t seed)
{
    static struct world w;
    uint64_t next, deadline;
    int steps;

    make(&w, seed);
    for (int i = 0; i < w.p.count; i++)
        policy_start(&w.p, i, w.now);
    for (steps = 0; steps < STEPS && !w.wrong; steps++) {
        int i = (int)rnd(&w, (uint64_t)w.p.count);

        switch (rnd(&w, 40)) {
        case 0:
            policy_stop(&w.p, i, w.now);
            break;
        case 1:
            policy_start(&w.p, i, w.now);
            break;
        case 2:
            policy_restart(&w.p, i, w.now);
            break;
        default:
            break;
        }
        fault(&w, i);
        next = policy_tick(&w.p, w.now);
        expect(&w, !next || next > w.now, "a date that has passed");
        invariants(&w);
        w.now += 1 + rnd(&w, rnd(&w, 10) ? 200 : 5000);
        if (next && next < w.now)
            w.now = next;
        happen(&w);
        policy_tick(&w.p, w.now);
    }
    deadline = w.now + (uint64_t)(w.p.count + 1) * (GRACE_MS + 3100);
    while (!policy_end(&w.p, w.now) && !w.wrong) {
        expect(&w, w.now < deadline, "no end");
        policy_tick(&w.p, w.now);
        w.now += 10;
        happen(&w);
    }
    for (int i = 0; i < w.p.count; i++)
        expect(&w, !w.real[i].alive, "one is left at the end");
    return w.wrong;
}

int
main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : 20000;
    int failed = 0;

    for (uint64_t s = first; s < first + count; s++) {
        const char *wrong = run(s);

        if (wrong && failed++ < 10)
            printf("FAIL seed %llu: %s\n", (unsigned long long)s, wrong);
    }
    printf("%d passed, %d failed\n", (int)count - failed, failed);
    return failed != 0;
}
