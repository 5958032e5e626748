/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The type registry; see type.h. A group is keyed by its definitions with
 * references inside the group written relatively, so structural equality is
 * equality of bytes. Definitions are found through a two-level table whose
 * chunks never move, which is what makes type_get() lock-free.
 */
#include "type.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "pith_errno.h"

#define CHUNK 4096u
#define CHUNKS 2048u /* 8 M types; below TYPE_REC */
#define BUCKETS 4096u

struct type_group {
    struct type_group *next; /* in its bucket */
    uint64_t hash;
    uint32_t *key;
    size_t key_len;
    uint32_t first, n;
    uint64_t refs;
    struct type_def defs[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct type_group *buckets[BUCKETS];
static struct type_def **chunks[CHUNKS];
static uint32_t used;
/* Runs of indices given back, reused first-fit. */
static struct run {
    uint32_t first, n;
} *runs;
static size_t nruns, runs_cap;

const struct type_def *
type_get(uint32_t id)
{
    return chunks[id / CHUNK][id % CHUNK];
}

/* ---- keys --------------------------------------------------------------- */

struct key {
    uint32_t *w;
    size_t n, cap;
    bool failed;
};

static void
key_put(struct key *k, uint32_t w)
{
    if (k->n == k->cap) {
        size_t cap = k->cap ? k->cap * 2 : 64;
        uint32_t *p = realloc(k->w, cap * sizeof *p);

        if (!p) {
            k->failed = true;
            k->n = 0;
            return;
        }
        k->w = p;
        k->cap = cap;
    }
    k->w[k->n++] = w;
}

static uint32_t
def_values(const struct type_def *d)
{
    return d->nparams + d->nresults;
}

static void
key_def(struct key *k, const struct type_def *d)
{
    key_put(k, d->kind | (d->final ? 0x100u : 0));
    key_put(k, d->super);
    key_put(k, d->nparams);
    key_put(k, d->nresults);
    for (uint32_t i = 0; i < def_values(d); i++) {
        key_put(k, d->vt[i]);
        if (d->kind != TYPE_FUNC)
            key_put(k, d->field_mutable[i]);
    }
}

static uint64_t
key_hash(const struct key *k)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < k->n; i++)
        h = (h ^ k->w[i]) * 0x100000001b3u;
    return h ^ h >> 29;
}

/* ---- indices ------------------------------------------------------------ */

static int
index_take(uint32_t n, uint32_t *first)
{
    for (size_t i = 0; i < nruns; i++)
        if (runs[i].n >= n) {
            *first = runs[i].first;
            runs[i].first += n;
            runs[i].n -= n;
            if (!runs[i].n)
                runs[i] = runs[--nruns];
            return 0;
        }
    if (n > CHUNK * CHUNKS - used)
        return -E_2BIG;
    for (uint32_t c = used / CHUNK; c <= (used + n - 1) / CHUNK; c++)
        if (!chunks[c]) {
            chunks[c] = calloc(CHUNK, sizeof *chunks[c]);
            if (!chunks[c])
                return -E_NOMEM;
        }
    *first = used;
    used += n;
    return 0;
}

static void
index_give(uint32_t first, uint32_t n)
{
    if (nruns == runs_cap) {
        size_t cap = runs_cap ? runs_cap * 2 : 64;
        struct run *p = realloc(runs, cap * sizeof *p);

        if (!p)
            return; /* the indices are lost, nothing else */
        runs = p;
        runs_cap = cap;
    }
    runs[nruns].first = first;
    runs[nruns++].n = n;
}

/* ---- groups ------------------------------------------------------------- */

static void
group_free(struct type_group *g)
{
    for (uint32_t i = 0; i < g->n; i++)
        free((void *)(uintptr_t)g->defs[i].vt);
    free(g->key);
    free(g);
}

static uint32_t
resolve(uint32_t vt, uint32_t first)
{
    uint32_t heap = vt_heap(vt);

    if (!vt_is_ref(vt) || heap_is_abstract(heap) || heap < TYPE_REC)
        return vt;
    return (vt & ~VT_HEAP) | (first + heap - TYPE_REC);
}

/* vt, the public arrays and the mutability bytes in one allocation. */
static int
def_copy(struct type_def *d, const struct type_def *from, uint32_t first)
{
    uint32_t n = def_values(from);
    size_t words = n * sizeof(uint32_t),
           pub = n * sizeof(struct engine_valtype);
    uint8_t *mem = malloc(words + pub + n + 1);
    uint32_t *vt = (uint32_t *)(void *)mem;
    struct engine_valtype *types;

    if (!mem)
        return -E_NOMEM;
    *d = *from;
    d->vt = vt;
    d->param_slots = d->result_slots = 0;
    types = (struct engine_valtype *)(void *)(mem + words);
    for (uint32_t i = 0; i < n; i++) {
        vt[i] = resolve(from->vt[i], first);
        types[i] = vt_public(vt[i]);
        if (i < d->nparams)
            d->param_slots += vt_slots(vt[i]);
        else
            d->result_slots += vt_slots(vt[i]);
        mem[words + pub + i] = from->field_mutable ? from->field_mutable[i] : 0;
    }
    d->field_mutable = mem + words + pub;
    d->functype.nparams = d->nparams;
    d->functype.nresults = d->nresults;
    d->functype.params = types;
    d->functype.results = types + d->nparams;
    if (d->super != TYPE_NONE && d->super >= TYPE_REC)
        d->super = first + d->super - TYPE_REC;
    return 0;
}

/* Supertypes outside the group are held; references to other types are too. */
static void
group_neighbours(struct type_group *g, void (*f)(uint32_t))
{
    for (uint32_t i = 0; i < g->n; i++) {
        const struct type_def *d = &g->defs[i];

        if (d->super != TYPE_NONE && d->super - g->first >= g->n)
            f(d->super);
        for (uint32_t k = 0; k < def_values(d); k++) {
            uint32_t heap = vt_heap(d->vt[k]);

            if (vt_is_ref(d->vt[k]) && !heap_is_abstract(heap) &&
                heap - g->first >= g->n)
                f(heap);
        }
    }
}

static void
hold_locked(uint32_t id)
{
    chunks[id / CHUNK][id % CHUNK]->group->refs++;
}

static struct type_group *doomed; /* unreferenced groups, chained by next */

static void
drop_locked(uint32_t id)
{
    struct type_group *g = chunks[id / CHUNK][id % CHUNK]->group, **at;

    if (--g->refs)
        return;
    for (at = &buckets[g->hash % BUCKETS]; *at != g; at = &(*at)->next)
        ;
    *at = g->next;
    g->next = doomed;
    doomed = g;
}

static void
release_locked(uint32_t id)
{
    struct type_group *g;

    drop_locked(id);
    while ((g = doomed)) {
        doomed = g->next;
        group_neighbours(g, drop_locked);
        for (uint32_t i = 0; i < g->n; i++)
            chunks[(g->first + i) / CHUNK][(g->first + i) % CHUNK] = NULL;
        index_give(g->first, g->n);
        group_free(g);
    }
}

static int
group_create(const struct type_def *defs, uint32_t n, struct key *k,
             uint64_t hash, struct type_group **out)
{
    struct type_group *g = calloc(1, sizeof *g + n * sizeof g->defs[0]);
    int r = -E_NOMEM;

    if (!g)
        return -E_NOMEM;
    r = index_take(n, &g->first);
    if (r < 0)
        goto fail;
    for (g->n = 0; g->n < n; g->n++) {
        r = def_copy(&g->defs[g->n], &defs[g->n], g->first);
        if (r < 0) {
            index_give(g->first, n);
            goto fail;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        struct type_def *d = &g->defs[i];

        d->group = g;
        d->id = g->first + i;
        chunks[d->id / CHUNK][d->id % CHUNK] = d;
        d->depth = 0;
        if (d->super != TYPE_NONE)
            d->depth = (uint8_t)(type_get(d->super)->depth + 1);
    }
    g->hash = hash;
    g->key = k->w;
    g->key_len = k->n;
    g->next = buckets[hash % BUCKETS];
    buckets[hash % BUCKETS] = g;
    group_neighbours(g, hold_locked);
    *out = g;
    return 0;
fail:
    group_free(g);
    return r;
}

int
type_intern(const struct type_def *defs, uint32_t n, uint32_t *first)
{
    struct key k = {0};
    struct type_group *g;
    uint64_t hash;
    int r = 0;

    if (n == 0) {
        *first = 0;
        return 0;
    }
    for (uint32_t i = 0; i < n; i++)
        key_def(&k, &defs[i]);
    if (k.failed) {
        free(k.w);
        return -E_NOMEM;
    }
    hash = key_hash(&k);
    pthread_mutex_lock(&lock);
    for (g = buckets[hash % BUCKETS]; g; g = g->next)
        if (g->hash == hash && g->n == n && g->key_len == k.n &&
            !memcmp(g->key, k.w, k.n * sizeof *k.w))
            break;
    if (g)
        free(k.w);
    else if ((r = group_create(defs, n, &k, hash, &g)) < 0)
        free(k.w);
    if (r == 0) {
        g->refs++;
        *first = g->first;
    }
    pthread_mutex_unlock(&lock);
    return r;
}

void
type_hold(uint32_t id)
{
    pthread_mutex_lock(&lock);
    hold_locked(id);
    pthread_mutex_unlock(&lock);
}

void
type_release(uint32_t id)
{
    pthread_mutex_lock(&lock);
    release_locked(id);
    pthread_mutex_unlock(&lock);
}

int
type_intern_public(const struct engine_functype *t, uint32_t *id)
{
    struct type_def d = {.kind = TYPE_FUNC, .final = true, .super = TYPE_NONE};
    uint32_t *vt;
    int r;

    if (t->nparams > LIMIT_PARAMS || t->nresults > LIMIT_RESULTS)
        return -E_2BIG;
    vt = malloc(((size_t)t->nparams + t->nresults + 1) * sizeof *vt);
    if (!vt)
        return -E_NOMEM;
    d.nparams = t->nparams;
    d.nresults = t->nresults;
    for (uint32_t i = 0; i < t->nparams; i++)
        vt[i] = vt_from_public(t->params[i]);
    for (uint32_t i = 0; i < t->nresults; i++)
        vt[t->nparams + i] = vt_from_public(t->results[i]);
    d.vt = vt;
    r = type_intern(&d, 1, id);
    free(vt);
    return r;
}

/* ---- matching (3.3) ------------------------------------------------------ */

bool
type_is_subtype(uint32_t sub, uint32_t super)
{
    while (sub != super) {
        sub = type_get(sub)->super;
        if (sub == TYPE_NONE)
            return false;
    }
    return true;
}

const struct type_def *
type_cont_func(const struct type_def *cont)
{
    return type_get(vt_heap(cont->vt[0]));
}

static uint32_t
kind_heap(uint32_t id)
{
    switch (type_get(id)->kind) {
    case TYPE_FUNC:
        return HEAP_FUNC;
    case TYPE_STRUCT:
        return HEAP_STRUCT;
    case TYPE_CONT:
        return HEAP_CONT;
    default:
        return HEAP_ARRAY;
    }
}

uint32_t
heap_top(uint32_t heap)
{
    if (!heap_is_abstract(heap))
        heap = kind_heap(heap);
    switch (heap) {
    case HEAP_FUNC:
    case HEAP_NOFUNC:
        return HEAP_FUNC;
    case HEAP_EXTERN:
    case HEAP_NOEXTERN:
        return HEAP_EXTERN;
    case HEAP_EXN:
    case HEAP_NOEXN:
        return HEAP_EXN;
    case HEAP_CONT:
    case HEAP_NOCONT:
        return HEAP_CONT;
    default:
        return HEAP_ANY;
    }
}

bool
heap_matches(uint32_t sub, uint32_t super)
{
    if (sub == super || sub == HEAP_BOTTOM)
        return true;
    if (!heap_is_abstract(super)) {
        if (!heap_is_abstract(sub))
            return type_is_subtype(sub, super);
        switch (kind_heap(super)) {
        case HEAP_FUNC:
            return sub == HEAP_NOFUNC;
        case HEAP_CONT:
            return sub == HEAP_NOCONT;
        default:
            return sub == HEAP_NONE;
        }
    }
    if (!heap_is_abstract(sub)) {
        sub = kind_heap(sub);
        if (sub == super)
            return true;
    }
    switch (super) {
    case HEAP_FUNC:
        return sub == HEAP_NOFUNC;
    case HEAP_EXTERN:
        return sub == HEAP_NOEXTERN;
    case HEAP_EXN:
        return sub == HEAP_NOEXN;
    case HEAP_CONT:
        return sub == HEAP_NOCONT;
    case HEAP_ANY:
        return sub == HEAP_EQ || sub == HEAP_I31 || sub == HEAP_STRUCT ||
               sub == HEAP_ARRAY || sub == HEAP_NONE;
    case HEAP_EQ:
        return sub == HEAP_I31 || sub == HEAP_STRUCT || sub == HEAP_ARRAY ||
               sub == HEAP_NONE;
    case HEAP_I31:
    case HEAP_STRUCT:
    case HEAP_ARRAY:
        return sub == HEAP_NONE;
    default:
        return false;
    }
}

bool
vt_matches_slow(uint32_t sub, uint32_t super)
{
    if (sub == super || sub == VT_BOTTOM)
        return true;
    if (!vt_is_ref(sub) || !vt_is_ref(super))
        return false;
    if (sub & VT_NULLABLE && !(super & VT_NULLABLE))
        return false;
    return heap_matches(vt_heap(sub), vt_heap(super));
}

/* ---- the public view ----------------------------------------------------- */

struct engine_valtype
vt_public(uint32_t vt)
{
    struct engine_valtype t = {.kind = (uint8_t)vt};
    uint32_t heap = vt_heap(vt);

    if (vt_is_ref(vt)) {
        t.kind = ENGINE_REF;
        t.nullable = vt & VT_NULLABLE;
        t.heap = heap_is_abstract(heap) ? (int32_t)(heap & 0xff) - 0x80
                                        : (int32_t)heap;
    }
    return t;
}

uint32_t
vt_from_public(struct engine_valtype t)
{
    uint32_t heap;

    if (t.kind != ENGINE_REF)
        return t.kind;
    heap = t.heap < 0 ? HEAP_ABSTRACT | (uint32_t)(t.heap + 0x80)
                      : (uint32_t)t.heap;
    return VT_REF | (t.nullable ? VT_NULLABLE : 0) | heap;
}

const char *
vt_number_name(uint32_t vt)
{
    switch (vt) {
    case VT_I32:
        return "i32";
    case VT_I64:
        return "i64";
    case VT_F32:
        return "f32";
    case VT_F64:
        return "f64";
    case VT_V128:
        return "v128";
    default:
        return NULL;
    }
}

const char *
heap_name(uint32_t heap)
{
    static const char *const heaps[] = {
        "cont",   "exn",  "array", "struct",   "i31",    "eq",    "any",
        "extern", "func", "none",  "noextern", "nofunc", "noexn", "nocont"};

    return heap >= HEAP_CONT && heap <= HEAP_NOCONT ? heaps[heap - HEAP_CONT]
                                                    : NULL;
}

const char *
vt_name(uint32_t vt, char *buf, size_t size)
{
    const char *name = vt_number_name(vt);
    uint32_t heap = vt_heap(vt);

    if (name)
        return name;
    if (vt == VT_BOTTOM)
        return "any type";
    if ((name = heap_name(heap)))
        snprintf(buf, size, "(ref %s%s)", vt & VT_NULLABLE ? "null " : "",
                 name);
    else
        snprintf(buf, size, "(ref %s#%u)", vt & VT_NULLABLE ? "null " : "",
                 (unsigned)heap);
    return buf;
}
