/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a module: imports with their types, exports, memory 0, mutable
 * globals. Nothing is trusted; that it is valid WebAssembly is the browser's to
 * say, here only no read leaves the file and no table is larger than the file
 * warrants.
 */
#include "module.h"

#include <string.h>

#include "pith_errno.h"
#include "report.h"

/* ---- the cursor ----------------------------------------------------------- */

uint8_t
read_byte(struct reader *r)
{
    if (r->bad || r->at >= r->end) {
        r->bad = true;
        return 0;
    }
    return r->bytes[r->at++];
}

uint64_t
read_u64(struct reader *r)
{
    uint64_t v = 0;
    uint32_t shift = 0;
    uint8_t b;

    do {
        b = read_byte(r);
        if (shift < 64)
            v |= (uint64_t)(b & 0x7f) << shift;
        shift += 7;
    } while ((b & 0x80) && shift < 70);
    if (b & 0x80)
        r->bad = true;
    return v;
}

uint32_t
read_u32(struct reader *r)
{
    uint64_t v = read_u64(r);

    if (v > UINT32_MAX)
        r->bad = true;
    return (uint32_t)v;
}

struct span
read_name(struct reader *r)
{
    uint32_t n = read_u32(r);
    struct span s = {r->at, r->at};

    if (r->bad || n > r->end - r->at) {
        r->bad = true;
        return s;
    }
    r->at += n;
    s.end = r->at;
    return s;
}

uint32_t
read_count(struct reader *r)
{
    uint32_t n = read_u32(r);

    if (n > r->end - r->at)
        r->bad = true;
    return r->bad ? 0 : n;
}

/* ---- types ------------------------------------------------------------------ */

static struct engine_valtype
read_valtype(struct reader *r)
{
    struct engine_valtype t = {.kind = read_byte(r)};

    if (t.kind == 0x63 || t.kind == 0x64) { /* ref null ht, ref ht */
        t.nullable = t.kind == 0x63;
        t.heap = (int32_t)read_u64(r);
        t.kind = ENGINE_REF;
    } else if (t.kind < 0x7b && t.kind != 0x78 && t.kind != 0x77) {
        t.nullable = true;
        t.heap = (int32_t)t.kind - 0x80;
        t.kind = ENGINE_REF;
    }
    return t;
}

struct typing {
    struct engine_module *m;
    struct engine_functype *out; /* NULL: only count */
    struct engine_valtype *vals;
    uint32_t ntypes, nvals;
};

static const struct engine_valtype *
read_valtypes(struct reader *r, struct typing *t, uint32_t *n)
{
    const struct engine_valtype *at = t->out ? t->vals + t->nvals : NULL;

    *n = read_count(r);
    for (uint32_t i = 0; i < *n && !r->bad; i++) {
        struct engine_valtype v = read_valtype(r);

        if (t->out)
            t->vals[t->nvals] = v;
        t->nvals++;
    }
    return at;
}

static void
read_field(struct reader *r)
{
    read_valtype(r);
    read_byte(r); /* mutable */
}

/* One composite type, with what may stand before it. */
static void
read_subtype(struct reader *r, struct typing *t)
{
    struct engine_functype f = {0};
    uint8_t form = read_byte(r);
    uint32_t n;

    if (form == 0x50 || form == 0x4f) { /* sub, sub final */
        for (n = read_count(r); n && !r->bad; n--)
            read_u32(r);
        form = read_byte(r);
    }
    if (form == 0x60) {
        f.params = read_valtypes(r, t, &f.nparams);
        f.results = read_valtypes(r, t, &f.nresults);
    } else if (form == 0x5e) {
        read_field(r);
    } else if (form == 0x5d) { /* a continuation of a function type */
        read_u32(r);
    } else if (form == 0x5f) {
        for (n = read_count(r); n && !r->bad; n--)
            read_field(r);
    } else {
        r->bad = true;
    }
    if (t->out)
        t->out[t->ntypes] = f;
    t->ntypes++;
}

static void
read_rectypes(struct reader *r, struct typing *t)
{
    uint32_t n = read_count(r), k;

    for (; n && !r->bad; n--) {
        if (r->at < r->end && r->bytes[r->at] == 0x4e) {
            r->at++;
            for (k = read_count(r); k && !r->bad; k--)
                read_subtype(r, t);
        } else {
            read_subtype(r, t);
        }
    }
}

static int
read_types(struct engine_module *m, struct reader *r)
{
    struct reader again = *r;
    struct typing t = {.m = m};

    read_rectypes(r, &t);
    if (r->bad)
        return 0;
    m->types = host_alloc((t.ntypes + 1) * sizeof *m->types);
    m->valtypes = host_alloc((t.nvals + 1) * sizeof *m->valtypes);
    if (!m->types || !m->valtypes)
        return -E_NOMEM;
    m->ntypes = t.ntypes;
    t = (struct typing){.m = m, .out = m->types, .vals = m->valtypes};
    read_rectypes(&again, &t);
    return 0;
}

/* ---- imports ------------------------------------------------------------------ */

static void
read_limits(struct reader *r, uint8_t *flags, uint64_t *min, uint64_t *max)
{
    *flags = read_byte(r);
    *min = read_u64(r);
    *max = *flags & 1 ? read_u64(r) : UINT64_MAX;
    if (*flags & 8)
        read_u32(r); /* custom page size */
}

static void
read_import_kind(struct engine_module *m, struct reader *r,
                 struct engine_port *p)
{
    uint8_t kind = read_byte(r), flags;
    uint32_t type;

    switch (kind) {
    case 0:
        type = read_u32(r);
        p->kind = ENGINE_FUNC;
        if (type >= m->ntypes)
            r->bad = true;
        else
            p->functype = &m->types[type];
        m->imported_funcs++;
        break;
    case 1:
        p->kind = ENGINE_TABLE;
        m->imported_tables++;
        p->type = read_valtype(r);
        read_limits(r, &flags, &p->min, &p->max);
        break;
    case 2:
        p->kind = ENGINE_MEMORY;
        read_limits(r, &flags, &p->min, &p->max);
        p->shared = flags & 2;
        p->is64 = flags & 4;
        if (m->imported_memories++)
            break;
        m->min = p->min;
        m->max = p->max;
        m->shared = p->shared;
        m->is64 = p->is64;
        m->odd_pages = flags & 8;
        break;
    case 3:
        p->kind = ENGINE_GLOBAL;
        p->type = read_valtype(r);
        p->mutable_ = read_byte(r);
        m->imported_globals++;
        break;
    case 4:
        p->kind = ENGINE_TAG;
        read_byte(r);
        read_u32(r);
        break;
    default:
        r->bad = true;
    }
}

static const char *
keep_name(struct engine_module *m, struct span s, char **at)
{
    char *name = *at;

    memcpy(name, m->bytes + s.at, s.end - s.at);
    *at += s.end - s.at + 1;
    return name;
}

static int
read_imports(struct engine_module *m, struct reader *r)
{
    uint32_t n = read_count(r);
    char *at;

    m->imports = host_alloc((n + 1) * sizeof *m->imports);
    at = m->names = host_alloc(r->end - r->at + 2 * n + 2);
    if (!m->imports || !m->names)
        return -E_NOMEM;
    for (; m->nimports < n && !r->bad; m->nimports++) {
        struct engine_port *p = &m->imports[m->nimports];
        struct span module = read_name(r), name = read_name(r);

        if (r->bad)
            break;
        p->module = keep_name(m, module, &at);
        p->name = keep_name(m, name, &at);
        p->module_len = module.end - module.at;
        p->name_len = name.end - name.at;
        read_import_kind(m, r, p);
    }
    return 0;
}

/* ---- functions, memories, globals, exports -------------------------------- */

static int
read_functions(struct engine_module *m, struct reader *r)
{
    uint32_t n = r ? read_count(r) : 0, i, k;

    if (m->func_types)
        return 0;
    m->func_types = host_alloc((n + m->imported_funcs + 1) *
                               sizeof *m->func_types);
    if (!m->func_types)
        return -E_NOMEM;
    for (i = 0, k = 0; i < m->nimports; i++) {
        if (m->imports[i].kind == ENGINE_FUNC && m->imports[i].functype)
            m->func_types[k++] =
                (uint32_t)(m->imports[i].functype - m->types);
    }
    for (i = 0; i < n && r && !r->bad; i++) {
        m->func_types[k] = read_u32(r);
        if (m->func_types[k++] >= m->ntypes)
            r->bad = true;
    }
    m->nfuncs = k;
    return 0;
}

static void
read_memories(struct engine_module *m, struct reader *r)
{
    uint8_t flags;

    m->memories = read_count(r);
    if (!m->memories || m->imported_memories)
        return;
    read_limits(r, &flags, &m->min, &m->max);
    m->first_memory_end = r->at;
    m->shared = flags & 2;
    m->is64 = flags & 4;
    m->odd_pages = flags & 8;
}

/* Only to find their end. */
void
skip_constant(struct reader *r)
{
    while (!r->bad) {
        uint8_t op = read_byte(r);

        switch (op) {
        case 0x0b:
            return;
        case 0x41: /* i32.const */
        case 0x42: /* i64.const */
        case 0x23: /* global.get */
        case 0xd0: /* ref.null */
        case 0xd2: /* ref.func */
            read_u64(r);
            break;
        case 0x43:
            r->at += 4;
            break;
        case 0x44:
            r->at += 8;
            break;
        case 0x6a: /* i32, i64: add sub mul */
        case 0x6b:
        case 0x6c:
        case 0x7c:
        case 0x7d:
        case 0x7e:
            break;
        default: /* v128, GC: no program that forks has them */
            r->bad = true;
        }
        if (r->at > r->end)
            r->bad = true;
    }
}

static int
read_globals(struct engine_module *m, struct reader *r)
{
    uint32_t n = read_count(r), i;

    m->globals_all = m->imported_globals + n;
    m->globals = host_alloc((n + 1) * sizeof *m->globals);
    if (!m->globals)
        return -E_NOMEM;
    for (i = 0; i < n && !r->bad; i++) {
        struct engine_valtype t = read_valtype(r);
        bool mutable_ = read_byte(r);

        skip_constant(r);
        if (!mutable_ || r->bad)
            continue;
        if (t.kind > ENGINE_I32 || t.kind < ENGINE_F64)
            m->odd_globals = true;
        m->globals[m->nglobals++] =
            (struct module_global){m->imported_globals + i, t.kind};
    }
    if (r->bad) { /* a form that is not known here: it cannot fork, that is all */
        m->odd_globals = true;
        r->bad = false;
    }
    return 0;
}

static void
read_exports(struct engine_module *m, struct reader *r)
{
    m->exports = read_count(r);
    m->export_entries = (struct span){r->at, r->end};
    for (uint32_t i = 0; i < m->exports && !r->bad; i++) {
        read_name(r);
        read_byte(r);
        read_u32(r);
    }
}

bool
module_export_find(const struct engine_module *m, const char *name, size_t len,
                   struct module_export *out)
{
    static const enum engine_kind kinds[] = {
        ENGINE_FUNC, ENGINE_TABLE, ENGINE_MEMORY, ENGINE_GLOBAL, ENGINE_TAG};
    struct reader r = reader_at(m->bytes, m->export_entries.at,
                                m->export_entries.end, false);

    for (uint32_t i = 0; i < m->exports; i++) {
        struct span s = read_name(&r);
        uint8_t kind = read_byte(&r);

        out->index = read_u32(&r);
        if (r.bad)
            return false;
        if (s.end - s.at == len && !memcmp(m->bytes + s.at, name, len) &&
            kind < 5) {
            out->kind = kinds[kind];
            return true;
        }
    }
    return false;
}

/* ---- sections ---------------------------------------------------------------- */

static int
read_section(struct engine_module *m, uint8_t id, struct reader *r)
{
    switch (id) {
    case 1:
        return read_types(m, r);
    case 2:
        return read_imports(m, r);
    case 3:
        return read_functions(m, r);
    case 4:
        m->tables = read_count(r);
        return 0;
    case 5:
        read_memories(m, r);
        return 0;
    case 6:
        return read_globals(m, r);
    case 7:
        read_exports(m, r);
        return 0;
    case 8:
        m->has_start = true;
        m->start = read_u32(r);
        return 0;
    case 13:
        m->tags = read_count(r);
        return 0;
    default:
        return 0;
    }
}

/* Tag (13) is between memory and global, data count (12) between element and
 * code. */
uint32_t
section_rank(uint8_t id)
{
    return id == 13 ? 11 : id == 12 ? 19 : (uint32_t)id * 2;
}

int
module_read(struct engine_module *m, struct report *report)
{
    struct reader r = reader_at(m->bytes, 8, m->size, false);
    uint32_t seen = 0;
    int e = 0;

    if (m->size < 8 || memcmp(m->bytes, "\0asm\1\0\0\0", 8)) {
        report_set(report, 0, "not a WebAssembly 1.0 module");
        return -E_INVAL;
    }
    while (e == 0 && !r.bad && r.at < r.end) {
        struct span whole = {r.at, 0};
        uint8_t id = read_byte(&r);
        struct span body = read_name(&r);
        struct reader in = reader_at(m->bytes, body.at, body.end, r.bad);

        whole.end = body.end;
        if (r.bad || id >= SECTIONS ||
            (id && section_rank(id) <= seen)) {
            r.bad = true;
            break;
        }
        if (id) {
            seen = section_rank(id);
            m->section[id] = whole;
        }
        e = read_section(m, id, &in);
        r.bad |= in.bad;
    }
    if (!m->section[6].at)
        m->globals_all = m->imported_globals;
    if (e == 0 && !r.bad)
        e = read_functions(m, NULL);
    if (e == 0 && r.bad) {
        report_set(report, r.at, "malformed module near byte %u", r.at);
        e = -E_INVAL;
    }
    return e;
}

/* What thread.c looks through. */
int
module_read_ports(struct engine_module *m)
{
    struct reader r = reader_at(m->bytes, m->export_entries.at,
                                m->export_entries.end, false);

    m->ports = host_alloc((m->exports + 1) * sizeof *m->ports);
    if (!m->ports)
        return -E_NOMEM;
    for (uint32_t i = 0; i < m->exports; i++) {
        struct engine_port *p = &m->ports[i];
        struct span s = read_name(&r);
        uint8_t kind = read_byte(&r);
        uint32_t index = read_u32(&r);

        p->name = (const char *)m->bytes + s.at;
        p->name_len = s.end - s.at;
        p->kind = kind == 0   ? ENGINE_FUNC
                  : kind == 1 ? ENGINE_TABLE
                  : kind == 2 ? ENGINE_MEMORY
                  : kind == 3 ? ENGINE_GLOBAL
                              : ENGINE_TAG;
        if (kind == 0 && index < m->nfuncs)
            p->functype = &m->types[m->func_types[index]];
        else if (kind == 0)
            p->kind = ENGINE_TAG; /* the browser will refuse it */
    }
    return 0;
}

void
module_finish(struct engine_module *m)
{
    host_free(m->ports);
    host_free(m->types);
    host_free(m->valtypes);
    host_free(m->imports);
    host_free(m->names);
    host_free(m->func_types);
    host_free(m->globals);
}
