/* SPDX-License-Identifier: Apache-2.0 */
/* A module as function bodies that can be changed. */
#include "tiers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "translate.h"

enum { SECTION_CODE = 10 };

static void *
need(void *p)
{
    if (!p) {
        fputs("fuzz-tiers: out of memory\n", stderr);
        exit(2);
    }
    return p;
}

/* ---- the module ---- */

static const uint8_t *
skip_section(const uint8_t *p)
{
    uint32_t n;

    p++;
    n = leb_u32(&p);
    return p + n;
}

bool
edit_open(struct edit *e, const struct engine_module *m)
{
    const uint8_t *p = m->bytes + 8, *end = m->bytes + m->size;

    *e = (struct edit){.m = m, .n = m->nfuncs - m->nfuncs_imported};
    while (p < end && *p != SECTION_CODE)
        p = skip_section(p);
    if (p == end || !e->n)
        return false;
    e->head = (size_t)(p - m->bytes);
    e->tail = (size_t)(skip_section(p) - m->bytes);
    e->bodies = need(calloc(e->n, sizeof *e->bodies));
    for (uint32_t i = 0; i < e->n; i++)
        bytes_add(&e->bodies[i], m->bytes + m->code[i].body, m->code[i].length);
    return true;
}

void
edit_close(struct edit *e)
{
    for (uint32_t i = 0; e->bodies && i < e->n; i++)
        bytes_free(&e->bodies[i]);
    free(e->bodies);
}

void
edit_splice(struct edit *e, uint32_t i, size_t at, size_t n,
            const struct bytes *with)
{
    struct bytes *b = &e->bodies[i], out = {0};

    bytes_add(&out, b->p, at);
    bytes_add(&out, with->p, with->n);
    bytes_add(&out, b->p + at + n, b->n - at - n);
    bytes_free(b);
    *b = out;
}

void
edit_write(const struct edit *e, struct bytes *out)
{
    struct bytes code = {0};

    bytes_u64(&code, e->n);
    for (uint32_t i = 0; i < e->n; i++) {
        bytes_u64(&code, e->bodies[i].n);
        bytes_add(&code, e->bodies[i].p, e->bodies[i].n);
    }
    out->n = 0;
    bytes_add(out, e->m->bytes, e->head);
    bytes_u8(out, SECTION_CODE);
    bytes_u64(out, code.n);
    bytes_add(out, code.p, code.n);
    bytes_add(out, e->m->bytes + e->tail, e->m->size - e->tail);
    bytes_free(&code);
}

/* ---- one body, as the module has it ---- */

static const uint8_t *
body(const struct edit *e, uint32_t i)
{
    return e->m->bytes + e->m->code[i].body;
}

static const uint8_t *
skip_locals(const uint8_t *p)
{
    for (uint32_t n = leb_u32(&p); n; n--) {
        leb_u32(&p);
        t_skip_valtype(&p);
    }
    return p;
}

void
edit_places(const struct edit *e, uint32_t i, struct places *out)
{
    const uint8_t *start = body(e, i), *p = skip_locals(start);
    const uint8_t *end = start + e->m->code[i].length;

    out->n = 0;
    out->at = need(malloc((size_t)(end - p + 1) * sizeof *out->at));
    while (p < end) {
        out->at[out->n++] = (uint32_t)(p - start);
        p++;
        t_skip_immediates(&p, p[-1]);
    }
}

void
places_free(struct places *p)
{
    free(p->at);
}

/* Reference types of locals matter only as that. */
static uint32_t
local_type(const uint8_t **p)
{
    uint8_t b = **p;

    t_skip_valtype(p);
    return b >= VT_V128 && b <= VT_I32 ? b : VT_REF;
}

void
edit_locals(const struct edit *e, uint32_t i, struct locals *out)
{
    const struct type_def *t = type_get(e->m->code[i].type);
    const uint8_t *start = body(e, i), *p = start;
    uint32_t cap = t->nparams + 16;

    out->n = out->params = t->nparams;
    out->vt = need(malloc(cap * sizeof *out->vt));
    if (t->nparams)
        memcpy(out->vt, t->vt, t->nparams * sizeof *out->vt);
    for (uint32_t groups = leb_u32(&p); groups; groups--) {
        uint32_t n = leb_u32(&p), vt = local_type(&p);

        if (out->n + n > cap) {
            cap = (out->n + n) * 2;
            out->vt = need(realloc(out->vt, cap * sizeof *out->vt));
        }
        while (n--)
            out->vt[out->n++] = vt;
    }
    out->code = (size_t)(p - start);
}

void
locals_free(struct locals *l)
{
    free(l->vt);
}
