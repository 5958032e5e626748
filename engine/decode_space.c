/* SPDX-License-Identifier: Apache-2.0 */
/* Imports, and the sections that fill index spaces (5.5.5 to 5.5.9, 5.5.16). */
#include "decode.h"

#include <stdlib.h>

#include "limits.h"
#include "mem.h"
#include "pith_errno.h"

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
    /* those with results are for suspending: only where that can be done */
    if (!reader_failed(r) && type_get(type)->nresults && !m->conts)
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

void
decode_section_import(struct engine_module *m, struct reader *r)
{
    uint32_t n = decode_count(r, LIMIT_IMPORTS, "imports");

    m->imports = decode_alloc(m, r, n, sizeof *m->imports);
    for (; n && !reader_failed(r); n--) {
        struct port *p = &m->imports[m->nimports++];

        p->pub.module = decode_copy_name(m, r, &p->pub.module_len);
        p->pub.name = decode_copy_name(m, r, &p->pub.name_len);
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
        mem_soon(m->code, extra * sizeof *m->code);
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
            m->tables[i++] =
                (struct table_type){p->type, p->limits, false, {0, 0}};
        else
            m->globals[i++] =
                (struct global_type){p->type, p->mutable_, {0, 0}};
    }
    return true;
}

/* Sections may be missing: make sure that every space up to id exists. */
void
decode_spaces_before(struct engine_module *m, struct reader *r, uint8_t id)
{
    static const uint8_t order[] = {
        [SECTION_FUNCTION] = 1, [SECTION_TABLE] = 2,     [SECTION_MEMORY] = 3,
        [SECTION_TAG] = 4,      [SECTION_GLOBAL] = 5,    [SECTION_EXPORT] = 6,
        [SECTION_START] = 6,    [SECTION_ELEMENT] = 6,   [SECTION_CODE] = 6,
        [SECTION_DATA] = 6,     [SECTION_DATA_COUNT] = 6};
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
     * decode_section_global() makes the space anew. */
    if (at > 5 && !m->globals)
        space(m, r, ENGINE_GLOBAL, 0);
}

/* ---- definitions ------------------------------------------------------------
 */

void
decode_section_function(struct engine_module *m, struct reader *r)
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

void
decode_section_table(struct engine_module *m, struct reader *r)
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

void
decode_section_memory(struct engine_module *m, struct reader *r)
{
    uint32_t n = decode_count(r, LIMIT_MEMORIES, "memories");

    if (!space(m, r, ENGINE_MEMORY, n))
        return;
    for (; n && !reader_failed(r); n--)
        m->memories[m->nmemories++] = decode_limits(r, true);
}

void
decode_section_tag(struct engine_module *m, struct reader *r)
{
    uint32_t n = decode_count(r, LIMIT_TAGS, "tags");

    if (!space(m, r, ENGINE_TAG, n))
        return;
    for (; n && !reader_failed(r); n--)
        m->tags[m->ntags++] = decode_tag_type(m, r);
}

void
decode_section_global(struct engine_module *m, struct reader *r)
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
