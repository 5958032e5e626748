/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder (chapter 5): one pass over the bytes, section by section, bodies
 * validated as they come. Memory taken is proportional to the bytes read:
 * every count is checked against limits.def and against the bytes left.
 */
#include "decode.h"

#include <stdlib.h>

#include "limits.h"
#include "module_cache.h"
#include "pith_errno.h"
#include "ready.h"

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
const char *
decode_copy_name(struct engine_module *m, struct reader *r, size_t *len)
{
    const uint8_t *s = reader_name(r, len);
    char *copy = decode_alloc(m, r, *len + 1, 1);

    if (copy)
        memcpy(copy, s, *len);
    return copy;
}

/* ---- code
 * --------------------------------------------------------------------- */

/* From the cache; false: that is not about this section. */
static bool
known_code(struct engine_module *m, struct reader *r, uint32_t n)
{
    const struct known_module *k = m->known;
    uint32_t at = (uint32_t)reader_offset(r);

    if (k->nbodies != n || k->code_at != m->code_at ||
        k->code_end != m->code_end)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const struct known_body *b = &k->bodies[i];

        if (b->at <= at || b->at > m->code_end ||
            b->length > m->code_end - b->at)
            return false;
        at = b->at + b->length;
        m->code[i].body = b->at;
        m->code[i].length = b->length;
    }
    m->tail_calls = k->tail_calls;
    r->p = r->end;
    return true;
}

static void
section_code(struct engine_module *m, struct reader *r)
{
    uint32_t n;
    struct validator *v;

    m->code_at = (uint32_t)reader_offset(r);
    m->code_end = m->code_at + (uint32_t)reader_left(r);
    n = decode_count(r, LIMIT_FUNCTIONS, "function bodies");
    if (n != m->nfuncs - m->nfuncs_imported) {
        reader_fail(r, -E_INVAL,
                    "function and code section have inconsistent lengths");
        return;
    }
    if (m->known && known_code(m, r, n))
        return;
    m->known = NULL;
    v = m->ready ? NULL : validator_create(m);
    if (m->ready)
        m->tail_calls = m->ready->tail_calls;
    else if (!v)
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
        if (v && !reader_failed(&body) && validator_func(v, i, &body) < 0)
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

/* ---- the whole
 * ------------------------------------------------------------------ */

static void
section(struct engine_module *m, struct reader *r, uint8_t id)
{
    decode_spaces_before(m, r, id);
    if (reader_failed(r))
        return;
    switch (id) {
    case SECTION_TYPE:
        decode_types(m, r);
        break;
    case SECTION_IMPORT:
        decode_section_import(m, r);
        break;
    case SECTION_FUNCTION:
        decode_section_function(m, r);
        break;
    case SECTION_TABLE:
        decode_section_table(m, r);
        break;
    case SECTION_MEMORY:
        decode_section_memory(m, r);
        break;
    case SECTION_TAG:
        decode_section_tag(m, r);
        break;
    case SECTION_GLOBAL:
        decode_section_global(m, r);
        break;
    case SECTION_EXPORT:
        decode_section_export(m, r);
        break;
    case SECTION_START:
        decode_section_start(m, r);
        break;
    case SECTION_ELEMENT:
        decode_section_element(m, r);
        break;
    case SECTION_DATA_COUNT:
        m->data_count = read_u32(r);
        break;
    case SECTION_CODE:
        section_code(m, r);
        break;
    default:
        decode_section_data(m, r);
        break;
    }
}

/* Position in the required order (5.5.2); 0: unknown. */
static uint8_t
section_rank(uint8_t id)
{
    static const uint8_t rank[] = {
        [SECTION_TYPE] = 1,        [SECTION_IMPORT] = 2,
        [SECTION_FUNCTION] = 3,    [SECTION_TABLE] = 4,
        [SECTION_MEMORY] = 5,      [SECTION_TAG] = 6,
        [SECTION_GLOBAL] = 7,      [SECTION_EXPORT] = 8,
        [SECTION_START] = 9,       [SECTION_ELEMENT] = 10,
        [SECTION_DATA_COUNT] = 11, [SECTION_CODE] = 12,
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
                reader_fail(r, -E_INVAL,
                            "unexpected content after last section");
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
    decode_spaces_before(m, r, SECTION_DATA);
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
