/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of grants compared: is one no more than another? A rule of the small set
 * must be covered by one of the large set, and of what was taken out behind that
 * one nothing may be left in it:
 *
 *     large  fs / rw      not fs /data              fs /data/pub ro
 *     small  fs /data/pub ro      yes: by the third, nothing behind it
 *            fs / ro              no: it would reach /data
 *            fs / ro, not fs /data    yes
 */
#include "cap_internal.h"

#include <string.h>

#include "pith_errno.h"

static bool
is_any(const struct rule *r)
{
    return r->len == 1 && r->object[0] == '*';
}

/* As cap_rule_covers, about the objects alone. */
static bool
object_covers(struct rule big, struct rule small)
{
    small.how = big.how;
    small.port = big.port;
    return cap_rule_covers(&big, &small);
}

bool
cap_rules_meet(const struct rule *a, const struct rule *b)
{
    if (a->cap != b->cap)
        return false;
    if (a->cap == CAP_NET &&
        (!(a->how & b->how) || (a->port && b->port && a->port != b->port)))
        return false;
    return is_any(a) || is_any(b) || object_covers(*a, *b) ||
           object_covers(*b, *a);
}

/* Is d, or more than that, taken out behind rule `at` of g? */
static bool
taken_out(const struct grants *g, uint32_t at, const struct rule *d)
{
    for (uint32_t i = at; i < g->nrules; i++)
        if (g->rules[i].deny && cap_rule_covers(&g->rules[i], d))
            return true;
    return false;
}

/* The last rule that allows all of s, + 1; 0: none. */
static uint32_t
cover(const struct grants *g, const struct rule *s)
{
    uint32_t i = g->nrules;

    while (i && (g->rules[i - 1].deny || !cap_rule_covers(&g->rules[i - 1], s)))
        i--;
    return i;
}

bool
grants_cover_rule(const struct grants *g, const struct rule *r)
{
    uint32_t i = cover(g, r);

    if (!i)
        return false;
    for (; i < g->nrules; i++)
        if (g->rules[i].deny && cap_rules_meet(&g->rules[i], r))
            return false;
    return true;
}

bool
grants_touch_rule(const struct grants *g, const struct rule *r)
{
    for (uint32_t i = 0; i < g->nrules; i++)
        if (!g->rules[i].deny && cap_rules_meet(&g->rules[i], r) &&
            !taken_out(g, i + 1, r) && !taken_out(g, i + 1, &g->rules[i]))
            return true;
    return false;
}

bool
grants_subset(const struct grants *small, const struct grants *big)
{
    if (small == big)
        return true;
    if (small->caps & ~big->caps)
        return false;
    for (uint32_t i = 0; i < small->nrules; i++) {
        const struct rule *s = &small->rules[i];
        uint32_t k;

        if (s->deny)
            continue;
        k = cover(big, s);
        if (!k)
            return false;
        for (; k < big->nrules; k++)
            if (big->rules[k].deny && cap_rules_meet(&big->rules[k], s) &&
                !taken_out(small, i + 1, &big->rules[k]))
                return false;
    }
    return true;
}

static int
add_copy(struct grants *g, const struct rule *r)
{
    return grants_add_rule(g, *r, r->object, r->len);
}

/* s, and behind it what big has taken out of the rule that covers it. */
static int
fit_rule(struct grants *out, const struct rule *s, const struct grants *big)
{
    uint32_t k = s->deny ? big->nrules : cover(big, s);
    int r = k || s->deny ? add_copy(out, s) : -E_NOTCAPABLE;

    for (; k < big->nrules && r == 0; k++)
        if (big->rules[k].deny && cap_rules_meet(&big->rules[k], s))
            r = add_copy(out, &big->rules[k]);
    return r;
}

int
grants_fit(const struct grants *small, const struct grants *big,
           struct grants **out)
{
    struct grants *g;
    int r = 0;

    if (grants_subset(small, big)) {
        *out = grants_ref((struct grants *)(uintptr_t)small);
        return 0;
    }
    g = grants_create();
    if (!g)
        return -E_NOMEM;
    if (small->caps & ~big->caps)
        r = -E_NOTCAPABLE;
    for (uint32_t i = 0; i < small->nrules && r == 0; i++)
        r = fit_rule(g, &small->rules[i], big);
    if (r < 0) {
        grants_unref(g);
        return r;
    }
    g->caps = small->caps;
    grants_copy_rest(g, small);
    *out = g;
    return 0;
}
