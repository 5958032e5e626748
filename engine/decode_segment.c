/* SPDX-License-Identifier: Apache-2.0 */
/* Exports, the start function, element and data segments. */
#include "decode.h"

#include <stdlib.h>

#include "limits.h"
#include "pith_errno.h"

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

void
decode_section_export(struct engine_module *m, struct reader *r)
{
    uint32_t n = decode_count(r, LIMIT_EXPORTS, "exports"), size = 4;

    while (size < n * 2)
        size *= 2;
    m->exports = decode_alloc(m, r, n, sizeof *m->exports);
    m->export_hash = decode_alloc(m, r, size, sizeof *m->export_hash);
    m->export_mask = size - 1;
    for (uint32_t i = 0; i < n && !reader_failed(r); i++) {
        m->nexports++;
        m->exports[i].pub.name =
            decode_copy_name(m, r, &m->exports[i].pub.name_len);
        export_target(m, r, &m->exports[i]);
        export_insert(m, r, i);
    }
}

void
decode_section_start(struct engine_module *m, struct reader *r)
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

/* ---- segments
 * ---------------------------------------------------------------- */

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

void
decode_section_element(struct engine_module *m, struct reader *r)
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

void
decode_section_data(struct engine_module *m, struct reader *r)
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
