/* SPDX-License-Identifier: Apache-2.0 */
/* Packs the table of stencils; see pack.h. Nothing here has to be quick: each
 * stencil is tried with every rule, and the rules that serve most are kept. */
#include "pack.h"

#include "stencils.h"

enum { MAX_DISTANCE = 100, MAX_RULES = 200, MAX_DEPTH = 3, MAX_ALONE = 64 };
enum { PACK_ABSENT = 251, PACK_AGAIN, PACK_PATCH, PACK_SPLICE, PACK_LITERAL };

struct rule {
    unsigned p, q;
};

/* Records first..end - 1, unpacked together; ref: the group that p = 0 is the
 * distance from, or itself. */
struct group {
    unsigned first, end, ref, depth;
    size_t at;
};

static const struct record *all;
static struct group *groups;
static size_t ngroups;
static struct rule *rules; /* all there could be, then those that are */
static size_t nrules;
static uint8_t *out;
static size_t nout;

/* ---- rules ---- */

/* What the rule makes of record i, or NULL when it says nothing. */
static const struct record *
predict(const struct group *g, unsigned i, struct rule r, uint8_t *to)
{
    unsigned first = r.p ? g->first : groups[g->ref].first;
    unsigned p = r.p ? r.p : g->first - first;
    const struct record *a, *b, *c;

    if (!p || i < first + p + r.q || i < g->first + r.q)
        return NULL;
    a = &all[i - p];
    b = &all[i - r.q];
    c = &all[i - p - r.q];
    if (!a->holes)
        return NULL;
    if (!r.q) {
        memcpy(to, a->bytes, a->size);
        return a;
    }
    if (!b->holes || !c->holes || a->size != b->size || a->size != c->size)
        return NULL;
    for (unsigned k = 0; k < a->size; k++)
        to[k] = a->bytes[k] ^ b->bytes[k] ^ c->bytes[k];
    return a;
}

/* In how many bytes it is wrong, or 1000. */
static unsigned
wrong(const struct group *g, unsigned i, struct rule r)
{
    uint8_t to[MAX_BYTES];
    const struct record *a = predict(g, i, r, to);
    unsigned n = 0;

    if (!a || a->size != all[i].size || a->holes != all[i].holes)
        return 1000;
    for (unsigned k = 0; k < a->size; k++)
        n += to[k] != all[i].bytes[k];
    return n;
}

static void
all_rules(void)
{
    rules = malloc((MAX_DISTANCE + 1) * (MAX_DISTANCE + 1) * sizeof *rules);
    if (!rules)
        die("out of memory");
    for (unsigned p = 0; p <= MAX_DISTANCE; p++)
        for (unsigned q = 0; q <= (p ? p : MAX_DISTANCE); q++)
            rules[nrules++] = (struct rule){p, q};
}

/* ---- groups ---- */

/* A family, or some that are of one each. */
static void
make_groups(const unsigned *families, size_t n)
{
    groups = calloc(n + 1, sizeof *groups);
    if (!groups)
        die("out of memory");
    for (size_t i = 0; i < n; i++) {
        struct group *last = ngroups ? &groups[ngroups - 1] : NULL;
        bool alone = families[i + 1] - families[i] == 1;

        if (alone && last && last->depth && last->end - last->first < MAX_ALONE)
            last->end++;
        else
            groups[ngroups++] = (struct group){
                .first = families[i], .end = families[i + 1], .depth = alone};
    }
    for (size_t i = 0; i < ngroups; i++)
        groups[i].depth = 0;
}

static unsigned
served_by_reference(const struct group *g)
{
    unsigned n = 0;

    for (unsigned i = g->first; i < g->end; i++)
        for (unsigned q = 0; all[i].holes && q <= MAX_DISTANCE; q++)
            if (wrong(g, i, (struct rule){0, q}) == 0) {
                n++;
                break;
            }
    return n;
}

static void
find_reference(struct group *g)
{
    size_t self = (size_t)(g - groups);
    unsigned best = 0, ref = (unsigned)self;

    for (size_t k = 0; k < self; k++) {
        unsigned n;

        if (groups[k].depth >= MAX_DEPTH ||
            groups[k].end - groups[k].first != g->end - g->first)
            continue;
        g->ref = (unsigned)k;
        n = served_by_reference(g);
        if (n > best) {
            best = n;
            ref = (unsigned)k;
        }
    }
    g->ref = ref;
    g->depth = ref == self ? 0 : groups[ref].depth + 1;
}

/* ---- the rules that are kept ---- */

/* Bits by record, a row per rule: is it right? */
static void
choose_rules(size_t n)
{
    size_t words = (n + 63) / 64, kept = 0;
    uint64_t *right = calloc(nrules * words, sizeof *right);
    uint64_t *open = calloc(words, sizeof *open);

    if (!right || !open)
        die("out of memory");
    for (size_t k = 0; k < ngroups; k++)
        for (unsigned i = groups[k].first; i < groups[k].end; i++) {
            if (!all[i].holes)
                continue;
            open[i / 64] |= (uint64_t)1 << i % 64;
            for (size_t r = 0; r < nrules; r++)
                if (wrong(&groups[k], i, rules[r]) == 0)
                    right[r * words + i / 64] |= (uint64_t)1 << i % 64;
        }
    while (kept < MAX_RULES) {
        size_t best = 0;
        unsigned most = 0;

        for (size_t r = 0; r < nrules; r++) {
            unsigned served = 0;

            for (size_t w = 0; w < words; w++)
                served += (unsigned)__builtin_popcountll(right[r * words + w] &
                                                         open[w]);
            if (served > most) {
                most = served;
                best = r;
            }
        }
        if (most < 2)
            break;
        for (size_t w = 0; w < words; w++)
            open[w] &= ~right[best * words + w];
        /* the one that has its place goes where the best one was */
        for (size_t w = 0; w < words; w++)
            right[best * words + w] = right[kept * words + w];
        struct rule r = rules[best];
        rules[best] = rules[kept];
        rules[kept++] = r;
    }
    nrules = kept;
    free(right);
    free(open);
}

/* ---- output ---- */

static void
put(unsigned byte)
{
    out[nout++] = (uint8_t)byte;
}

static void
put_patched(const struct group *g, unsigned i, unsigned rule)
{
    uint8_t to[MAX_BYTES];
    const struct record *a = predict(g, i, rules[rule], to);

    put(PACK_PATCH);
    put(rule);
    put(wrong(g, i, rules[rule]));
    for (unsigned k = 0; k < a->size; k++)
        if (to[k] != all[i].bytes[k]) {
            put(k);
            put(to[k] ^ all[i].bytes[k]);
        }
}

/* How many bytes are the same at both ends of a and b. */
static void
ends(const struct record *a, const struct record *b, unsigned *head,
     unsigned *tail)
{
    unsigned n = a->size < b->size ? a->size : b->size;

    for (*head = 0; *head < n && a->bytes[*head] == b->bytes[*head]; ++*head)
        ;
    for (*tail = 0; *tail < n - *head && a->bytes[a->size - 1 - *tail] ==
                                             b->bytes[b->size - 1 - *tail];
         ++*tail)
        ;
}

/* The distance to the one in the group whose ends spare most, or 0. */
static unsigned
best_splice(const struct group *g, unsigned i)
{
    unsigned best = 0, most = 3, head, tail;

    if (all[i].size > 255)
        return 0;
    for (unsigned d = 1; d <= 255 && i >= g->first + d; d++) {
        if (!all[i - d].holes || all[i - d].size > 255)
            continue;
        ends(&all[i - d], &all[i], &head, &tail);
        if (head + tail > most) {
            most = head + tail;
            best = d;
        }
    }
    return best;
}

static unsigned
splice_cost(unsigned i, unsigned d)
{
    unsigned head, tail;

    ends(&all[i - d], &all[i], &head, &tail);
    return 7 + all[i].size - head - tail;
}

static void
put_splice(unsigned i, unsigned d)
{
    const struct record *r = &all[i];
    unsigned head, tail;

    ends(&all[i - d], r, &head, &tail);
    put(PACK_SPLICE);
    put(d);
    put(head);
    put(r->size - head - tail);
    put(tail);
    put(r->holes & 0xff);
    put(r->holes >> 8);
    memcpy(out + nout, r->bytes + head, r->size - head - tail);
    nout += r->size - head - tail;
}

static void
put_literal(const struct record *r)
{
    put(PACK_LITERAL);
    put(r->size & 0xff);
    put(r->size >> 8);
    put(r->holes & 0xff);
    put(r->holes >> 8);
    memcpy(out + nout, r->bytes, r->size);
    nout += r->size;
}

/* How many from i on the rule is right for, at most 256. */
static unsigned
run(const struct group *g, unsigned i, unsigned rule)
{
    unsigned n = 0;

    while (n < 256 && i + n < g->end && all[i + n].holes &&
           wrong(g, i + n, rules[rule]) == 0)
        n++;
    return n;
}

static unsigned
put_absent(const struct group *g, unsigned i)
{
    unsigned n = 0;

    while (n < 256 && i + n < g->end && !all[i + n].holes)
        n++;
    put(PACK_ABSENT);
    put(n - 1);
    return n;
}

/* One stencil that no rule is right for. */
static void
put_odd(const struct group *g, unsigned i)
{
    unsigned best = 0, least = 1000, d = best_splice(g, i);
    unsigned cost = d ? splice_cost(i, d) : 5 + all[i].size;

    for (unsigned r = 0; r < nrules; r++)
        if (wrong(g, i, rules[r]) < least) {
            least = wrong(g, i, rules[r]);
            best = r;
        }
    if (all[i].size <= 256 && 2 * least + 3 < cost)
        put_patched(g, i, best);
    else if (d)
        put_splice(i, d);
    else
        put_literal(&all[i]);
}

static void
put_group(struct group *g)
{
    g->at = nout;
    for (unsigned i = g->first; i < g->end;) {
        unsigned best = 0, longest = 0;

        if (!all[i].holes) {
            i += put_absent(g, i);
            continue;
        }
        for (unsigned r = 0; r < nrules; r++)
            if (run(g, i, r) > longest) {
                longest = run(g, i, r);
                best = r;
            }
        if (!longest) {
            put_odd(g, i++);
            continue;
        }
        put(best);
        if (longest > 2) {
            put(PACK_AGAIN);
            put(longest - 2);
            i += longest;
        } else {
            i++;
        }
    }
}

static void
print(size_t n)
{
    size_t bytes = 0;

    for (size_t i = 0; i < n; i++)
        bytes += all[i].holes ? all[i].size : 0;
    printf("#define STENCIL_GROUPS %zu\n#define STENCIL_BYTES %zu\n", ngroups,
           bytes);
    printf("enum {\n    PACK_ABSENT = %d,\n    PACK_AGAIN,\n    PACK_PATCH,\n"
           "    PACK_SPLICE,\n    PACK_LITERAL\n};\n",
           PACK_ABSENT);
    puts("static const struct {\n    uint8_t p, q;\n} stencil_rules[] = {");
    for (size_t i = 0; i < nrules; i++)
        printf("{%u,%u},%s", rules[i].p, rules[i].q, i % 12 == 11 ? "\n" : "");
    puts("};\n/* first stencil, group that it is like, place in the bytes */");
    puts("static const struct {\n    uint16_t first, like, at;\n"
         "} stencil_groups[STENCIL_GROUPS + 1] = {");
    for (size_t i = 0; i < ngroups; i++)
        printf("{%u,%u,%zu},%s", groups[i].first, groups[i].ref, groups[i].at,
               i % 6 == 5 ? "\n" : "");
    printf("{%zu,0,%zu}};\nstatic const uint8_t stencil_packed[] = {\n", n,
           nout);
    for (size_t i = 0; i < nout; i++)
        printf("%u,%s", out[i], i % 24 == 23 ? "\n" : "");
    puts("};");
}

void
pack(const struct record *records, size_t n, const unsigned *families,
     size_t nfamilies)
{
    size_t room = 0;

    all = records;
    for (size_t i = 0; i < n; i++)
        room += records[i].size + 16;
    out = malloc(room);
    if (!out)
        die("out of memory");
    make_groups(families, nfamilies);
    all_rules();
    for (size_t k = 0; k < ngroups; k++)
        find_reference(&groups[k]);
    choose_rules(n);
    for (size_t k = 0; k < ngroups; k++)
        put_group(&groups[k]);
    if (nout > UINT16_MAX || n > UINT16_MAX)
        die("the packed table is too large");
    print(n);
}
