/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A find made smaller: bodies become `unreachable`, then runs of instructions
 * go or become a constant, in ever shorter steps, for as long as the same kind
 * of find is left.
 */
#include "tiers.h"

#include <stdlib.h>
#include <time.h>

#include "module.h"

struct reducer {
    struct bytes *best;
    uint32_t interval;
    enum verdict verdict;
    time_t until;
};

static bool
late(const struct reducer *r)
{
    return time(NULL) >= r->until;
}

static struct engine_module *
load(const struct bytes *b)
{
    struct report report = {.text = ""};
    struct engine_module *m;

    return engine_module_load(b->p, b->n, NULL, NULL, &m, &report) ? NULL : m;
}

/* Take it, if it is still one. */
static bool
accept(struct reducer *r, const struct edit *e)
{
    struct bytes b = {0};
    struct engine_module *m;
    struct trial t = {.verdict = INVALID};

    edit_write(e, &b);
    m = b.n < r->best->n ? load(&b) : NULL;
    if (m) {
        engine_module_unref(m);
        trial_run(b.p, b.n, r->interval, &t);
    }
    if (t.verdict != r->verdict) {
        bytes_free(&b);
        return false;
    }
    bytes_free(r->best);
    *r->best = b;
    return true;
}

/* n bytes of body func at at become with; true: that was taken. */
static bool
attempt(struct reducer *r, uint32_t func, size_t at, size_t n, const char *with,
        size_t nwith)
{
    struct bytes code = {0}, copy = {0};
    struct engine_module *m;
    struct edit e;
    bool taken = false;

    bytes_add(&copy, r->best->p, r->best->n);
    bytes_add(&code, with, nwith);
    m = load(&copy);
    if (m && edit_open(&e, m)) {
        edit_splice(&e, func, at, n ? n : e.bodies[func].n, &code);
        taken = accept(r, &e);
        edit_close(&e);
    }
    engine_module_unref(m);
    bytes_free(&copy);
    bytes_free(&code);
    return taken;
}

/* The places of body func in what is the best now. */
static void
look(const struct reducer *r, uint32_t func, struct places *p)
{
    struct engine_module *m = load(r->best);
    struct edit e;

    *p = (struct places){0};
    if (m && edit_open(&e, m)) {
        if (func < e.n)
            edit_places(&e, func, p);
        edit_close(&e);
    }
    engine_module_unref(m);
}

/* Runs of step instructions of one body; true: something went. */
static bool
shorten(struct reducer *r, uint32_t func, uint32_t step)
{
    static const struct {
        const char *code;
        size_t n;
    } with[] = {{"", 0}, {"\x41\x00", 2}, {"\x42\x00", 2}, {"\x1a", 1}};
    bool any = false;
    struct places p;

    look(r, func, &p);
    for (uint32_t i = p.n; i-- > 0 && !late(r);) {
        uint32_t to = i + step;

        if (to >= p.n) /* the final end stays */
            continue;
        for (unsigned k = 0; k < 4; k++)
            if (attempt(r, func, p.at[i], p.at[to] - p.at[i], with[k].code,
                        with[k].n)) {
                any = true;
                places_free(&p);
                look(r, func, &p);
                break;
            }
    }
    places_free(&p);
    return any;
}

void
reduce(struct bytes *b, uint32_t interval, enum verdict verdict,
       unsigned seconds)
{
    struct reducer r = {b, interval, verdict, time(NULL) + (time_t)seconds};
    struct engine_module *m = load(b);
    uint32_t n = m ? m->nfuncs - m->nfuncs_imported : 0;
    bool again = true;

    engine_module_unref(m);
    for (uint32_t i = 0; i < n && !late(&r); i++)
        attempt(&r, i, 0, 0, "\0\0\x0b", 3);
    while (again && !late(&r)) {
        again = false;
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t step = 64; step && !late(&r); step /= 2)
                again = shorten(&r, i, step) || again;
    }
}
