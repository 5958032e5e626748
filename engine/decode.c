/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder (chapter 5): one pass over the bytes, section by section, bodies
 * validated as they come. Memory taken is proportional to the bytes read:
 * every count is checked against limits.def and against the bytes left.
 */
#include "decode.h"

#include <stdlib.h>

#include "limits.h"
#include "pith_errno.h"

enum section {
    SECTION_CUSTOM,
    SECTION_TYPE,
    SECTION_IMPORT,
    SECTION_FUNCTION,
    SECTION_TABLE,
    SECTION_MEMORY,
    SECTION_GLOBAL,
    SECTION_EXPORT,
    SECTION_START,
    SECTION_ELEMENT,
    SECTION_CODE,
    SECTION_DATA,
    SECTION_DATA_COUNT,
    SECTION_TAG,
};

void *
decode_alloc(struct engine_module *m, struct reader *r, size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);

    if (!p)
        reader_fail(r, -E_NOMEM, "out of memory");
    else
        m->arena_bytes += n * size;
    return p;
}

uint32_t
decode_count(struct reader *r, uint32_t limit, const char *what)
{
    uint32_t n = read_u32(r);

    if (n > reader_left(r)) {
        reader_fail(r, -E_INVAL, "unexpected end: %u %s announced", (unsigned)n,
                    what);
        return 0;
    }
    if (n > limit) {
        reader_fail(r, -E_2BIG, "too many %s: %u, at most %u", what,
                    (unsigned)n, (unsigned)limit);
        return 0;
    }
    return n;
}

void
decode_declare_func(struct engine_module *m, uint32_t func)
{
    m->func_declared[func / 8] |= (uint8_t)(1u << func % 8);
}

/* A NUL-terminated copy; the module owns it through its port. */
static const char *
copy_name(struct engine_module *m, struct reader *r, size_t *len)
{
    const uint8_t *s = reader_name(r, len);
    char *copy = decode_alloc(m, r, *len + 1, 1);

    if (copy)
        memcpy(copy, s, *len);
    return copy;
}

/* ---- imports -------------------------------------------------------------- */

struct counts {
    uint32_t funcs, tables, memories, globals, tags;
};

static uint32_t
decode_tag_type(struct engine_module *m, struct reader *r)
{
    uint32_t type;

    if (read_u8(r) != 0)
        reader_fail(r, -E_INVAL, "malformed tag attribute");
    type = decode_functype_index(m, r);
    if (!reader_failed(r) && type_get(type)->nresults)
        reader_fail(r, -E_INVAL, "non-empty tag result type");
    return type;
}

static void
import_kind(struct engine_module *m, struct reader *r, struct port *p,
            uint8_t kind)
{
    struct table_type t = {0};
    struct global_type g = {0};

    switch (kind) {
    case 0:
        p->pub.kind = ENGINE_FUNC;
        p->type = decode_functype_index(m, r);
        break;
    case 1:
        p->pub.kind = ENGINE_TABLE;
        decode_table_type(m, r, &t);
        p->type = t.vt;
        p->limits = t.limits;
        break;
    case 2:
        p->pub.kind = ENGINE_MEMORY;
        p->limits = decode_limits(r, true);
        break;
    case 3:
        p->pub.kind = ENGINE_GLOBAL;
        decode_global_type(m, r, &g);
        p->type = g.vt;
        p->mutable_ = g.mutable_;
        break;
    case 4:
        p->pub.kind = ENGINE_TAG;
        p->type = decode_tag_type(m, r);
        break;
    default:
        reader_fail(r, -E_INVAL, "malformed import kind");
    }
}

static void
section_import(struct engine_module *m, struct reader *r)
{
    uint32_t n = decode_count(r, LIMIT_IMPORTS, "imports");

    m->imports = decode_alloc(m, r, n, sizeof *m->imports);
    for (; n && !reader_failed(r); n--) {
        struct port *p = &m->imports[m->nimports++];

        p->pub.module = copy_name(m, r, &p->pub.module_len);
        p->pub.name = copy_name(m, r, &p->pub.name_len);
        import_kind(m, r, p, read_u8(r));
        p->pub.min = p->limits.min;
        p->pub.max = p->limits.max;
        p->pub.is64 = p->limits.is64;
        p->pub.shared = p->limits.shared;
        p->pub.mutable_ = p->mutable_;
        if (!reader_failed(r) &&
            (p->pub.kind == ENGINE_TABLE || p->pub.kind == ENGINE_GLOBAL))
            p->pub.type = vt_public(p->type);
        if (!reader_failed(r) &&
            (p->pub.kind == ENGINE_FUNC || p->pub.kind == ENGINE_TAG))
            p->pub.functype = &type_get(p->type)->functype;
    }
}

/*
 * Size the index spaces once: imports, then as many as the section that is
 * about to define more says.
 */
static bool
space(struct engine_module *m, struct reader *r, enum engine_kind kind,
      uint32_t extra)
{
    uint32_t n = 0, i = 0;

    for (uint32_t k = 0; k < m->nimports; k++)
        n += m->imports[k].pub.kind == kind;
    switch (kind) {
    case ENGINE_FUNC:
        m->func_types = decode_alloc(m, r, n + extra, sizeof *m->func_types);
        m->func_declared = decode_alloc(m, r, (n + extra) / 8 + 1, 1);
        m->code = decode_alloc(m, r, extra, sizeof *m->code);
        m->nfuncs = m->nfuncs_imported = n;
        break;
    case ENGINE_TABLE:
        m->tables = decode_alloc(m, r, n + extra, sizeof *m->tables);
        m->ntables = m->ntables_imported = n;
        break;
    case ENGINE_MEMORY:
        m->memories = decode_alloc(m, r, n + extra, sizeof *m->memories);
        m->nmemories = m->nmemories_imported = n;
        break;
    case ENGINE_GLOBAL:
        m->globals = decode_alloc(m, r, n + extra, sizeof *m->globals);
        m->global_slot = decode_alloc(m, r, n + extra, sizeof(uint32_t));
        m->nglobals = m->nglobals_imported = n;
        break;
    case ENGINE_TAG:
        m->tags = decode_alloc(m, r, n + extra, sizeof *m->tags);
        m->ntags = m->ntags_imported = n;
        break;
    }
    if (reader_failed(r))
        return false;
    for (uint32_t k = 0; k < m->nimports; k++) {
        const struct port *p = &m->imports[k];

        if (p->pub.kind != kind)
            continue;
        if (kind == ENGINE_FUNC)
            m->func_types[i++] = p->type;
        else if (kind == ENGINE_TAG)
            m->tags[i++] = p->type;
        else if (kind == ENGINE_MEMORY)
            m->memories[i++] = p->limits;
        else if (kind == ENGINE_TABLE)
            m->tables[i++] = (struct table_type){p->type, p->limits, false, {0, 0}};
        else
            m->globals[i++] =
                (struct global_type){p->type, p->mutable_, {0, 0}};
    }
    return true;
}

/* Sections may be missing: make sure that every space up to id exists. */
static void
spaces_before(struct engine_module *m, struct reader *r, uint8_t id)
{
    static const uint8_t order[] = {[SECTION_FUNCTION] = 1, [SECTION_TABLE] = 2,
                                    [SECTION_MEMORY] = 3,   [SECTION_TAG] = 4,
                                    [SECTION_GLOBAL] = 5,   [SECTION_EXPORT] = 6,
                                    [SECTION_START] = 6,    [SECTION_ELEMENT] = 6,
                                    [SECTION_CODE] = 6,     [SECTION_DATA] = 6,
                                    [SECTION_DATA_COUNT] = 6};
    uint8_t at = id < sizeof order ? order[id] : 6;

    if (at > 1 && !m->func_types && !space(m, r, ENGINE_FUNC, 0))
        return;
    if (at > 2 && !m->tables && !space(m, r, ENGINE_TABLE, 0))
        return;
    if (at > 3 && !m->memories && !space(m, r, ENGINE_MEMORY, 0))
        return;
    if (at > 4 && !m->tags && !space(m, r, ENGINE_TAG, 0))
        return;
    /* Table initialisers may name imported globals, so these come early;
     * section_global() makes the space anew. */
    if (at > 5 && !m->globals)
        space(m, r, ENGINE_GLOBAL, 0);
}

/* ---- definitions ------------------------------------------------------------ */

static void
section_function(struct engine_module *m, struct reader *r)
{
    uint32_t n = decode_count(r, LIMIT_FUNCTIONS, "functions");

    if (!space(m, r, ENGINE_FUNC, n))
        return;
    for (uint32_t i = 0; i < n && !reader_failed(r); i++) {
        uint32_t type = decode_functype_index(m, r);

        m->code[i].type = type;
        m->func_types[m->nfuncs++] = type;
    }
}

static void
section_table(struct engine_module *m, struct reader *r)
{
    uint32_t n = decode_count(r, LIMIT_TABLES, "tables");

    /* initialisers see the imported globals only */
    if (!space(m, r, ENGINE_TABLE, n) || !space(m, r, ENGINE_GLOBAL, 0))
        return;
    for (; n && !reader_failed(r); n--) {
        struct table_type *t = &m->tables[m->ntables];

        if (r->p < r->end && *r->p == 0x40) {
            r->p++;
            if (read_u8(r) != 0)
                reader_fail(r, -E_INVAL, "malformed table");
            decode_table_type(m, r, t);
            t->has_init = true;
            decode_const_expr(m, r, t->vt, &t->init);
        } else {
            decode_table_type(m, r, t);
            if (!reader_failed(r) && !vt_is_defaultable(t->vt))
                reader_fail(r, -E_INVAL,
                            "type mismatch: table needs an initialiser");
        }
        m->ntables++;
    }
    free(m->globals);
    free(m->global_slot);
    m->globals = NULL;
    m->global_slot = NULL;
}

static void
section_memory(struct engine_module *m, struct reader *r)
{
    uint32_t n = decode_count(r, LIMIT_MEMORIES, "memories");

    if (!space(m, r, ENGINE_MEMORY, n))
        return;
    for (; n && !reader_failed(r); n--)
        m->memories[m->nmemories++] = decode_limits(r, true);
}

static void
section_tag(struct engine_module *m, struct reader *r)
{
    uint32_t n = decode_count(r, LIMIT_TAGS, "tags");

    if (!space(m, r, ENGINE_TAG, n))
        return;
    for (; n && !reader_failed(r); n--)
        m->tags[m->ntags++] = decode_tag_type(m, r);
}

static void
section_global(struct engine_module *m, struct reader *r)
{
    uint32_t n = decode_count(r, LIMIT_GLOBALS, "globals");

    if (!space(m, r, ENGINE_GLOBAL, n))
        return;
    for (; n && !reader_failed(r); n--) {
        struct global_type *g = &m->globals[m->nglobals];

        decode_global_type(m, r, g);
        decode_const_expr(m, r, g->vt, &g->init);
        m->global_slot[m->nglobals] = m->global_slots;
        m->global_slots += vt_slots(g->vt);
        m->nglobals++;
    }
}

/* ---- exports ---------------------------------------------------------------- */

static uint32_t
name_hash(const char *s, size_t len)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)s[i]) * 16777619u;
    return h ^ h >> 15;
}

struct port *
module_find_export(const struct engine_module *m, const char *name, size_t len)
{
    if (!m->export_hash)
        return NULL;
    for (uint32_t at = name_hash(name, len);; at++) {
        uint32_t i = m->export_hash[at & m->export_mask];
        struct port *p;

        if (!i)
            return NULL;
        p = &m->exports[i - 1];
        if (p->pub.name_len == len && !memcmp(p->pub.name, name, len))
            return p;
    }
}

static void
export_insert(struct engine_module *m, struct reader *r, uint32_t i)
{
    const struct port *p = &m->exports[i];
    uint32_t at;

    if (reader_failed(r))
        return;
    if (module_find_export(m, p->pub.name, p->pub.name_len)) {
        reader_fail(r, -E_INVAL, "duplicate export name");
        return;
    }
    for (at = name_hash(p->pub.name, p->pub.name_len);
         m->export_hash[at & m->export_mask]; at++)
        ;
    m->export_hash[at & m->export_mask] = i + 1;
}

static void
export_target(struct engine_module *m, struct reader *r, struct port *p)
{
    const uint32_t bound[] = {m->nfuncs, m->ntables, m->nmemories, m->nglobals,
                              m->ntags};
    static const char *const kinds[] = {"function", "table", "memory", "global",
                                        "tag"};
    uint8_t kind = read_u8(r);
    uint32_t i = read_u32(r);

    if (kind > ENGINE_TAG)
        reader_fail(r, -E_INVAL, "malformed export kind");
    else if (i >= bound[kind])
        reader_fail(r, -E_INVAL, "unknown %s %u", kinds[kind], (unsigned)i);
    if (reader_failed(r))
        return;
    p->pub.kind = (enum engine_kind)kind;
    p->index = i;
    p->pub.max = UINT64_MAX;
    if (kind == ENGINE_FUNC) {
        p->pub.functype = &module_func_type(m, i)->functype;
        decode_declare_func(m, i);
    } else if (kind == ENGINE_TAG) {
        p->pub.functype = &type_get(m->tags[i])->functype;
    } else if (kind == ENGINE_MEMORY) {
        p->pub.min = m->memories[i].min;
        p->pub.max = m->memories[i].max;
        p->pub.is64 = m->memories[i].is64;
        p->pub.shared = m->memories[i].shared;
    } else if (kind == ENGINE_TABLE) {
        p->pub.min = m->tables[i].limits.min;
        p->pub.max = m->tables[i].limits.max;
        p->pub.is64 = m->tables[i].limits.is64;
        p->pub.type = vt_public(m->tables[i].vt);
    } else if (kind == ENGINE_GLOBAL) {
        p->pub.type = vt_public(m->globals[i].vt);
        p->pub.mutable_ = m->globals[i].mutable_;
    }
}

static void
section_export(struct engine_module *m, struct reader *r)
{
    uint32_t n = decode_count(r, LIMIT_EXPORTS, "exports"), size = 4;

    while (size < n * 2)
        size *= 2;
    m->exports = decode_alloc(m, r, n, sizeof *m->exports);
    m->export_hash = decode_alloc(m, r, size, sizeof *m->export_hash);
    m->export_mask = size - 1;
    for (uint32_t i = 0; i < n && !reader_failed(r); i++) {
        m->nexports++;
        m->exports[i].pub.name = copy_name(m, r, &m->exports[i].pub.name_len);
        export_target(m, r, &m->exports[i]);
        export_insert(m, r, i);
    }
}

static void
section_start(struct engine_module *m, struct reader *r)
{
    uint32_t i = read_u32(r);
    const struct type_def *t;

    if (reader_failed(r))
        return;
    if (i >= m->nfuncs) {
        reader_fail(r, -E_INVAL, "unknown function %u", (unsigned)i);
        return;
    }
    t = module_func_type(m, i);
    if (t->nparams || t->nresults)
        reader_fail(r, -E_INVAL, "start function takes or returns values");
    m->start = i;
}

/* ---- segments ---------------------------------------------------------------- */

static void
elem_items(struct engine_module *m, struct reader *r, struct elem_segment *e)
{
    e->count = decode_count(r, LIMIT_TABLE_SIZE, "elements");
    e->at = (uint32_t)reader_offset(r);
    for (uint32_t i = 0; i < e->count && !reader_failed(r); i++) {
        struct const_expr item;
        uint32_t func;

        if (e->exprs) {
            decode_const_expr(m, r, e->vt, &item);
            continue;
        }
        func = read_u32(r);
        if (func >= m->nfuncs)
            reader_fail(r, -E_INVAL, "unknown function %u", (unsigned)func);
        else
            decode_declare_func(m, func);
    }
}

static void
elem_target(struct engine_module *m, struct reader *r, struct elem_segment *e,
            uint32_t flags)
{
    if (flags & 1) {
        e->mode = flags & 2 ? SEGMENT_DECLARED : SEGMENT_PASSIVE;
        return;
    }
    if (flags & 2)
        e->table = read_u32(r);
    if (e->table >= m->ntables) {
        reader_fail(r, -E_INVAL, "unknown table %u", (unsigned)e->table);
        return;
    }
    decode_const_expr(m, r, m->tables[e->table].limits.is64 ? VT_I64 : VT_I32,
                      &e->offset);
}

static void
section_element(struct engine_module *m, struct reader *r)
{
    uint32_t n = decode_count(r, LIMIT_SEGMENTS, "element segments");

    m->elems = decode_alloc(m, r, n, sizeof *m->elems);
    for (; n && !reader_failed(r); n--) {
        struct elem_segment *e = &m->elems[m->nelems++];
        uint32_t flags = read_u32(r);

        if (flags > 7) {
            reader_fail(r, -E_INVAL, "malformed element segment flags");
            return;
        }
        elem_target(m, r, e, flags);
        e->exprs = flags & 4;
        /* function indices make non-null references */
        e->vt = e->exprs ? VT_FUNCREF : VT_REF | HEAP_FUNC;
        if (flags & 3 && flags & 4) {
            e->vt = decode_valtype(m, r);
            if (!vt_is_ref(e->vt))
                reader_fail(r, -E_INVAL, "malformed reference type");
        } else if (flags & 3 && read_u8(r) != 0) {
            reader_fail(r, -E_INVAL, "malformed element kind");
        }
        if (!reader_failed(r) && e->mode == SEGMENT_ACTIVE &&
            !vt_matches(e->vt, m->tables[e->table].vt))
            reader_fail(r, -E_INVAL, "type mismatch in element segment");
        elem_items(m, r, e);
    }
}

static void
section_data(struct engine_module *m, struct reader *r)
{
    uint32_t n = decode_count(r, LIMIT_SEGMENTS, "data segments");

    if (m->data_count != UINT32_MAX && n != m->data_count)
        reader_fail(r, -E_INVAL,
                    "data count and data section have inconsistent lengths");
    m->datas = decode_alloc(m, r, n, sizeof *m->datas);
    for (; n && !reader_failed(r); n--) {
        struct data_segment *d = &m->datas[m->ndatas++];
        uint32_t flags = read_u32(r);

        if (flags > 2) {
            reader_fail(r, -E_INVAL, "malformed data segment flags");
            return;
        }
        d->mode = flags == 1 ? SEGMENT_PASSIVE : SEGMENT_ACTIVE;
        if (flags == 2)
            d->memory = read_u32(r);
        if (d->mode == SEGMENT_ACTIVE) {
            if (d->memory >= m->nmemories) {
                reader_fail(r, -E_INVAL, "unknown memory %u",
                            (unsigned)d->memory);
                return;
            }
            decode_const_expr(m, r,
                              m->memories[d->memory].is64 ? VT_I64 : VT_I32,
                              &d->offset);
        }
        d->length = read_u32(r);
        d->at = (uint32_t)reader_offset(r);
        read_bytes(r, d->length);
    }
}

/* ---- code --------------------------------------------------------------------- */

static void
section_code(struct engine_module *m, struct reader *r)
{
    uint32_t n = decode_count(r, LIMIT_FUNCTIONS, "function bodies");
    struct validator *v;

    if (n != m->nfuncs - m->nfuncs_imported) {
        reader_fail(r, -E_INVAL,
                    "function and code section have inconsistent lengths");
        return;
    }
    v = validator_create(m);
    if (!v)
        reader_fail(r, -E_NOMEM, "out of memory");
    for (uint32_t i = 0; i < n && !reader_failed(r); i++) {
        uint32_t size = read_u32(r);
        struct reader body;

        if (size > LIMIT_BODY_BYTES) {
            reader_fail(r, -E_2BIG, "function body too large");
            break;
        }
        m->code[i].body = (uint32_t)reader_offset(r);
        m->code[i].length = size;
        body = reader_sub(r, size);
        if (!reader_failed(&body) && validator_func(v, i, &body) < 0)
            reader_fail(r, body.err, "invalid function");
    }
    validator_destroy(v);
}

static void
section_custom(struct engine_module *m, struct reader *r)
{
    struct custom *c;

    if (m->ncustoms == LIMIT_CUSTOMS) {
        r->p = r->end; /* the rest is not kept */
        return;
    }
    if (!(m->ncustoms & (m->ncustoms - 1))) { /* a power of two: grow */
        uint32_t cap = m->ncustoms ? m->ncustoms * 2 : 1;

        c = realloc(m->customs, cap * sizeof *c);
        if (!c) {
            reader_fail(r, -E_NOMEM, "out of memory");
            return;
        }
        m->customs = c;
    }
    c = &m->customs[m->ncustoms];
    c->name = reader_name(r, &c->name_len);
    c->data = r->p;
    c->size = reader_left(r);
    r->p = r->end;
    if (!reader_failed(r))
        m->ncustoms++;
}

/* ---- the whole ------------------------------------------------------------------ */

static void
section(struct engine_module *m, struct reader *r, uint8_t id)
{
    spaces_before(m, r, id);
    if (reader_failed(r))
        return;
    switch (id) {
    case SECTION_TYPE:
        decode_types(m, r);
        break;
    case SECTION_IMPORT:
        section_import(m, r);
        break;
    case SECTION_FUNCTION:
        section_function(m, r);
        break;
    case SECTION_TABLE:
        section_table(m, r);
        break;
    case SECTION_MEMORY:
        section_memory(m, r);
        break;
    case SECTION_TAG:
        section_tag(m, r);
        break;
    case SECTION_GLOBAL:
        section_global(m, r);
        break;
    case SECTION_EXPORT:
        section_export(m, r);
        break;
    case SECTION_START:
        section_start(m, r);
        break;
    case SECTION_ELEMENT:
        section_element(m, r);
        break;
    case SECTION_DATA_COUNT:
        m->data_count = read_u32(r);
        break;
    case SECTION_CODE:
        section_code(m, r);
        break;
    default:
        section_data(m, r);
        break;
    }
}

/* Position in the required order (5.5.2); 0: unknown. */
static uint8_t
section_rank(uint8_t id)
{
    static const uint8_t rank[] = {
        [SECTION_TYPE] = 1,   [SECTION_IMPORT] = 2,      [SECTION_FUNCTION] = 3,
        [SECTION_TABLE] = 4,  [SECTION_MEMORY] = 5,      [SECTION_TAG] = 6,
        [SECTION_GLOBAL] = 7, [SECTION_EXPORT] = 8,      [SECTION_START] = 9,
        [SECTION_ELEMENT] = 10, [SECTION_DATA_COUNT] = 11, [SECTION_CODE] = 12,
        [SECTION_DATA] = 13};

    return id < sizeof rank ? rank[id] : 0;
}

static void
decode_sections(struct engine_module *m, struct reader *r)
{
    uint8_t last = 0;

    while (!reader_failed(r) && reader_left(r)) {
        uint8_t id = read_u8(r);
        uint32_t size = read_u32(r);
        struct reader sub;
        uint8_t rank = section_rank(id);

        if (id != SECTION_CUSTOM && !reader_failed(r)) {
            if (!rank)
                reader_fail(r, -E_INVAL, "malformed section id %u", id);
            else if (rank <= last)
                reader_fail(r, -E_INVAL, "unexpected content after last section");
            last = rank;
        }
        sub = reader_sub(r, size);
        if (reader_failed(r))
            return;
        if (id == SECTION_CUSTOM)
            section_custom(m, &sub);
        else
            section(m, &sub, id);
        if (!reader_failed(&sub) && reader_left(&sub))
            reader_fail(&sub, -E_INVAL, "section size mismatch");
        r->err = sub.err;
    }
}

static void
decode_finish(struct engine_module *m, struct reader *r)
{
    spaces_before(m, r, SECTION_DATA);
    if (reader_failed(r))
        return;
    if (m->nfuncs > m->nfuncs_imported && !m->code[0].body)
        reader_fail(r, -E_INVAL,
                    "function and code section have inconsistent lengths");
    else if (m->data_count != UINT32_MAX && m->data_count != m->ndatas)
        reader_fail(r, -E_INVAL,
                    "data count and data section have inconsistent lengths");
}

int
decode_module(struct engine_module *m, struct report *report)
{
    struct reader r = {m->bytes, m->bytes + m->size, m->bytes, report, 0};
    const uint8_t *head;

    m->start = m->data_count = UINT32_MAX;
    if (m->size > LIMIT_MODULE_BYTES) {
        reader_fail(&r, -E_2BIG, "module too large: at most %u bytes",
                    (unsigned)LIMIT_MODULE_BYTES);
        return r.err;
    }
    head = read_bytes(&r, 8);
    if (head && memcmp(head, "\0asm", 4))
        reader_fail(&r, -E_INVAL, "magic header not detected: not a wasm file");
    else if (head && load_le32(head + 4) == 0x1000d)
        reader_fail(&r, -E_INVAL, "this is a component, not a core module");
    else if (head && load_le32(head + 4) != 1)
        reader_fail(&r, -E_INVAL, "unknown binary version");
    decode_sections(m, &r);
    if (!reader_failed(&r))
        decode_finish(m, &r);
    return r.err;
}
