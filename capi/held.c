/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References that wasm code has got as externrefs. Nobody tells when it lets go
 * of one, so when their number has doubled, and by no less than the search is
 * worth, the store's words are compared with those that the host does not own:
 * what does not occur is let go of.
 *
 * Safe wherever a reference crosses the border: what is on its way is either
 * owned by the host or already on the store's stack.
 */
#include "capi.h"

#define FEW ((size_t)1024)

struct search {
    struct wasm_ref_t **refs; /* by address */
    bool *found;
    size_t n;
    size_t words;
};

static int
by_address(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)*(struct wasm_ref_t *const *)a;
    uintptr_t y = (uintptr_t)*(struct wasm_ref_t *const *)b;

    return x < y ? -1 : x > y;
}

static void
see(void *ctx, uint64_t word)
{
    struct search *s = ctx;
    uintptr_t at = (uintptr_t)word & ~(uintptr_t)2; /* as any or extern */
    size_t lo = 0, hi = s->n;

    s->words++;
    if (!at || at & 7 || at < (uintptr_t)s->refs[0] ||
        at > (uintptr_t)s->refs[s->n - 1])
        return;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if ((uintptr_t)s->refs[mid] < at)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo < s->n && (uintptr_t)s->refs[lo] == at)
        s->found[lo] = true;
}

static bool
candidates(struct wasm_store_t *s, struct search *out)
{
    *out = (struct search){0};
    out->refs = malloc(s->nheld * sizeof(void *) + 1);
    out->found = calloc(s->nheld + 1, 1);
    if (!out->refs || !out->found)
        return false;
    for (struct wasm_ref_t *r = s->refs; r; r = r->next)
        if (r->held && !r->owners)
            out->refs[out->n++] = r;
    qsort(out->refs, out->n, sizeof(void *), by_address);
    return true;
}

static void
collect(struct wasm_store_t *s)
{
    struct search c;

    s->collecting = true; /* finalizers may come back here */
    if (candidates(s, &c) && c.n) {
        engine_store_visit(s->engine, see, &c);
        for (size_t i = 0; i < c.n; i++) {
            if (c.found[i])
                continue;
            c.refs[i]->held = false;
            s->nheld--;
            c.refs[i]->owners = 1;
            ref_unown(c.refs[i]);
        }
    }
    s->held_limit = FEW + s->nheld * 2 + c.words / 16;
    free(c.refs);
    free(c.found);
    s->collecting = false;
}

void
ref_hold(struct wasm_ref_t *r)
{
    struct wasm_store_t *s = r->store;

    if (r->held)
        return;
    if (!s->held_limit)
        s->held_limit = FEW;
    if (s->nheld >= s->held_limit && !s->collecting && !s->closing)
        collect(s);
    r->held = true;
    s->nheld++;
}
