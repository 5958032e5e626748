/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The type section and type-like immediates (5.3). A recursion group is parsed
 * whole, then interned, then its subtyping is checked on the interned types.
 */
#include "decode.h"

#include <stdlib.h>

#include "limits.h"
#include "pith_errno.h"

/* While a group is parsed, indices from rec_first on are relative. */
struct rec_scope {
    uint32_t first, n;
};
static _Thread_local struct rec_scope scope;

uint32_t
decode_heaptype(struct engine_module *m, struct reader *r)
{
    int64_t h = reader_leb_s(r, 33);

    if (h < 0) {
        uint32_t heap = HEAP_ABSTRACT | (uint32_t)(h + 0x80);

        if (h < -0x40 || heap < HEAP_CONT || heap > HEAP_NOCONT)
            reader_fail(r, -E_INVAL, "malformed heap type");
        return heap;
    }
    if (h < m->ntypes)
        return m->types[h];
    if (h >= scope.first && h < (int64_t)scope.first + scope.n)
        return TYPE_REC + (uint32_t)h - scope.first;
    reader_fail(r, -E_INVAL, "unknown type %u", (unsigned)h);
    return HEAP_ANY;
}

uint32_t
decode_valtype(struct engine_module *m, struct reader *r)
{
    uint8_t b = read_u8(r);

    switch (b) {
    case VT_I32:
    case VT_I64:
    case VT_F32:
    case VT_F64:
    case VT_V128:
        return b;
    case 0x63:
        return VT_REF | VT_NULLABLE | decode_heaptype(m, r);
    case 0x64:
        return VT_REF | decode_heaptype(m, r);
    default:
        if (b >= 0x68 && b <= 0x75)
            return VT_REF | VT_NULLABLE | HEAP_ABSTRACT | b;
        reader_fail(r, -E_INVAL, "malformed value type 0x%02x", b);
        return VT_I32;
    }
}

uint32_t
decode_functype_index(struct engine_module *m, struct reader *r)
{
    uint32_t i = read_u32(r);

    if (i >= m->ntypes || type_get(m->types[i])->kind != TYPE_FUNC) {
        reader_fail(r, -E_INVAL, "unknown function type %u", (unsigned)i);
        return 0;
    }
    return m->types[i];
}

/* Grows an array of words: value types of the group being parsed. */
struct words {
    uint32_t *w;
    uint8_t *mutable_;
    size_t n, cap;
};

static void
words_put(struct words *v, struct reader *r, uint32_t vt, uint8_t mut)
{
    if (v->n == v->cap) {
        size_t cap = v->cap ? v->cap * 2 : 256;
        uint32_t *w = realloc(v->w, cap * sizeof *w);
        uint8_t *mu;

        if (w)
            v->w = w;
        mu = realloc(v->mutable_, cap);
        if (mu)
            v->mutable_ = mu;
        if (!w || !mu) {
            reader_fail(r, -E_NOMEM, "out of memory");
            return;
        }
        v->cap = cap;
    }
    v->w[v->n] = vt;
    v->mutable_[v->n++] = mut;
}

static void
decode_field(struct engine_module *m, struct reader *r, struct words *v)
{
    uint32_t vt;
    uint8_t mut;

    if (r->p < r->end && (*r->p == VT_I8 || *r->p == VT_I16))
        vt = read_u8(r);
    else
        vt = decode_valtype(m, r);
    mut = read_u8(r);
    if (mut > 1)
        reader_fail(r, -E_INVAL, "malformed mutability");
    words_put(v, r, vt, mut);
}

static void
decode_comptype(struct engine_module *m, struct reader *r, struct type_def *d,
                struct words *v)
{
    uint8_t kind = read_u8(r);
    uint32_t n;

    d->kind = kind;
    switch (kind) {
    case TYPE_FUNC:
        d->nparams = n = decode_count(r, LIMIT_PARAMS, "parameters");
        while (n-- && !reader_failed(r))
            words_put(v, r, decode_valtype(m, r), 0);
        d->nresults = n = decode_count(r, LIMIT_RESULTS, "results");
        while (n-- && !reader_failed(r))
            words_put(v, r, decode_valtype(m, r), 0);
        break;
    case TYPE_STRUCT:
        d->nparams = n = decode_count(r, LIMIT_FIELDS, "fields");
        while (n-- && !reader_failed(r))
            decode_field(m, r, v);
        break;
    case TYPE_ARRAY:
        d->nparams = 1;
        decode_field(m, r, v);
        break;
    case TYPE_CONT:
        d->nparams = 1;
        words_put(v, r, VT_REF | decode_heaptype(m, r), 0);
        m->conts = true;
        break;
    default:
        reader_fail(r, -E_INVAL, "malformed type 0x%02x", kind);
    }
}

static void
decode_subtype(struct engine_module *m, struct reader *r, struct type_def *d,
               uint32_t index, struct words *v)
{
    d->final = true;
    d->super = TYPE_NONE;
    if (r->p < r->end && (*r->p == 0x50 || *r->p == 0x4f)) {
        uint32_t n, super;

        d->final = *r->p++ == 0x4f;
        n = read_u32(r);
        if (n > 1) {
            reader_fail(r, -E_INVAL, "more than one supertype");
            return;
        }
        if (n) {
            super = read_u32(r);
            if (super >= index) {
                reader_fail(r, -E_INVAL, "unknown type %u", (unsigned)super);
                return;
            }
            d->super = super < m->ntypes ? m->types[super]
                                         : TYPE_REC + super - scope.first;
        }
    }
    decode_comptype(m, r, d, v);
}

static bool
field_matches(uint32_t sub, bool sub_mut, uint32_t super, bool super_mut)
{
    if (sub_mut != super_mut)
        return false;
    return super_mut ? sub == super : vt_matches(sub, super);
}

/* May d declare its supertype? (3.2.10) */
static bool
subtype_valid(const struct type_def *d)
{
    const struct type_def *s = type_get(d->super);

    if (s->final || s->kind != d->kind)
        return false;
    if (d->kind == TYPE_FUNC) {
        if (d->nparams != s->nparams || d->nresults != s->nresults)
            return false;
        for (uint32_t i = 0; i < d->nparams; i++)
            if (!vt_matches(s->vt[i], d->vt[i]))
                return false;
        for (uint32_t i = d->nparams; i < d->nparams + d->nresults; i++)
            if (!vt_matches(d->vt[i], s->vt[i]))
                return false;
        return true;
    }
    if (d->kind == TYPE_CONT)
        return vt_matches(d->vt[0], s->vt[0]);
    if (d->nparams < s->nparams)
        return false;
    for (uint32_t i = 0; i < s->nparams; i++)
        if (!field_matches(d->vt[i], d->field_mutable[i], s->vt[i],
                           s->field_mutable[i]))
            return false;
    return true;
}

/* Depth of a chain within one group cannot be looked up yet: count it. */
static bool
depth_ok(const struct type_def *defs, uint32_t i)
{
    uint32_t depth = 0, super = defs[i].super;

    while (super != TYPE_NONE && super >= TYPE_REC) {
        if (++depth > LIMIT_SUBTYPE_DEPTH)
            return false;
        super = defs[super - TYPE_REC].super;
    }
    if (super != TYPE_NONE)
        depth += type_get(super)->depth + 1u;
    return depth <= LIMIT_SUBTYPE_DEPTH;
}

static bool
cont_valid(const struct type_def *d)
{
    uint32_t heap = vt_heap(d->vt[0]);

    return !heap_is_abstract(heap) && type_get(heap)->kind == TYPE_FUNC;
}

static void
intern_group(struct engine_module *m, struct reader *r, struct type_def *defs,
             uint32_t n)
{
    uint32_t first = 0;
    int e;

    if (n == 0)
        return; /* an empty group defines and holds nothing */
    for (uint32_t i = 0; i < n; i++)
        if (!depth_ok(defs, i)) {
            reader_fail(r, -E_2BIG, "sub type hierarchy too deep");
            return;
        }
    e = type_intern(defs, n, &first);
    if (e < 0) {
        reader_fail(r, e, "no room for types");
        return;
    }
    m->groups[m->ngroups++] = first;
    for (uint32_t i = 0; i < n; i++)
        m->types[m->ntypes++] = first + i;
    for (uint32_t i = 0; i < n; i++) {
        const struct type_def *d = type_get(first + i);

        if (d->kind == TYPE_CONT && !cont_valid(d)) {
            reader_fail(r, -E_INVAL,
                        "a continuation type must be of a function type");
            return;
        }
        if (d->super != TYPE_NONE && !subtype_valid(d)) {
            reader_fail(r, -E_INVAL, "sub type %u does not match super type",
                        (unsigned)(m->ntypes - n + i));
            return;
        }
    }
}

static bool
grow_types(struct engine_module *m, struct reader *r, uint32_t n, uint32_t *cap)
{
    uint32_t want = *cap;
    uint32_t *p;

    if (n > LIMIT_TYPES - m->ntypes) {
        reader_fail(r, -E_2BIG, "too many types");
        return false;
    }
    if (m->ntypes + n <= *cap)
        return true;
    while (want < m->ntypes + n)
        want = want ? want * 2 : 64;
    p = realloc(m->types, want * sizeof *p);
    if (!p) {
        reader_fail(r, -E_NOMEM, "out of memory");
        return false;
    }
    m->types = p;
    *cap = want;
    return true;
}

static void
decode_group(struct engine_module *m, struct reader *r, uint32_t *cap)
{
    struct type_def *defs;
    struct words v = {0};
    uint32_t n = 1;
    size_t at = 0;

    if (r->p < r->end && *r->p == 0x4e) {
        r->p++;
        n = decode_count(r, LIMIT_TYPES, "types");
    }
    if (!grow_types(m, r, n, cap))
        return;
    defs = calloc(n ? n : 1, sizeof *defs);
    if (!defs) {
        reader_fail(r, -E_NOMEM, "out of memory");
        return;
    }
    scope = (struct rec_scope){m->ntypes, n};
    for (uint32_t i = 0; i < n && !reader_failed(r); i++)
        decode_subtype(m, r, &defs[i], m->ntypes + i, &v);
    scope = (struct rec_scope){0, 0};
    for (uint32_t i = 0; i < n && !reader_failed(r); i++) {
        if (!v.w)
            break; /* no values at all: nothing to point at */
        defs[i].vt = v.w + at;
        defs[i].field_mutable = v.mutable_ + at;
        at += defs[i].nparams + defs[i].nresults;
    }
    if (!reader_failed(r))
        intern_group(m, r, defs, n);
    free(v.w);
    free(v.mutable_);
    free(defs);
}

void
decode_types(struct engine_module *m, struct reader *r)
{
    uint32_t n = decode_count(r, LIMIT_TYPES, "types"), cap = 0;

    m->groups = decode_alloc(m, r, n, sizeof *m->groups);
    while (n-- && !reader_failed(r))
        decode_group(m, r, &cap);
}

/* Log2 of a page's bytes (custom page sizes): 16 or, true, 0. */
static bool
decode_page_size(struct reader *r)
{
    uint32_t log2 = read_u32(r);

    if (log2 && log2 != 16)
        reader_fail(r, -E_INVAL, "invalid custom page size");
    return !log2;
}

struct limits
decode_limits(struct reader *r, bool memory)
{
    struct limits l = {.max = UINT64_MAX};
    uint8_t flags = read_u8(r);
    uint64_t bound;

    if (flags & ~15u || (!memory && flags & 10)) {
        reader_fail(r, -E_INVAL, "malformed limits flags");
        return l;
    }
    l.is64 = flags & 4;
    l.shared = flags & 2;
    l.min = l.is64 ? read_u64(r) : read_u32(r);
    if (flags & 1)
        l.max = l.is64 ? read_u64(r) : read_u32(r);
    if (flags & 8)
        l.byte_pages = decode_page_size(r);
    bound = UINT64_MAX;
    if (memory && !l.byte_pages)
        bound = l.is64 ? (uint64_t)1 << 48 : 65536;
    if (l.min > bound || (flags & 1 && l.max > bound))
        reader_fail(r, -E_INVAL, "memory size must be at most %llu pages",
                    (unsigned long long)bound);
    else if (l.max < l.min)
        reader_fail(r, -E_INVAL, "size minimum must not be greater than maximum");
    else if (l.shared && !(flags & 1))
        reader_fail(r, -E_INVAL, "shared memory must have maximum");
    return l;
}

void
decode_table_type(struct engine_module *m, struct reader *r,
                  struct table_type *t)
{
    t->vt = decode_valtype(m, r);
    if (!reader_failed(r) && !vt_is_ref(t->vt))
        reader_fail(r, -E_INVAL, "malformed reference type");
    t->limits = decode_limits(r, false);
}

void
decode_global_type(struct engine_module *m, struct reader *r,
                   struct global_type *g)
{
    uint8_t mut;

    g->vt = decode_valtype(m, r);
    mut = read_u8(r);
    if (mut > 1)
        reader_fail(r, -E_INVAL, "malformed mutability");
    g->mutable_ = mut;
}
