/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Coredumps written (core.h). Memory is written as segments of what is not
 * zero, in pieces as small as still make a module that others take; all that
 * comes before it is small and built in memory.
 */
#include <stdio.h>
#include <stdlib.h>

#include "debug/core.h"
#include "limits.h"
#include "pith_errno.h"

#define PIECE_FIRST 4096u
#define MAX_SEGMENTS 90000u /* 100,000 is what browsers take */
#define MAX_DATA (LIMIT_MODULE_BYTES - ((uint64_t)32 << 20))
#define MAX_INSTANCES 10000u
#define MAX_EXTRA 1000u

struct dump {
    struct engine_store *s;
    struct engine_sink *to;
    struct engine_instance **instances; /* in the order of creation */
    uint32_t ninstances;
    uint32_t *globals; /* the number of each instance's first own global */
    uint32_t nglobals;
    struct engine_global **extra; /* the host's own, behind all of these */
    uint32_t nextra;
    struct engine_memory **memories;
    uint32_t nmemories;
    uint64_t piece, segments, data; /* what memory comes to */
    bool cut;
};

/* ---- what there is ---- */

static uint32_t
own_globals(const struct engine_instance *in)
{
    return in->module->nglobals - in->module->nglobals_imported;
}

static bool
collect(struct dump *d)
{
    uint32_t n = 0, k;

    for (struct engine_instance *in = d->s->instances; in; in = in->next)
        n++;
    d->ninstances = n < MAX_INSTANCES ? n : MAX_INSTANCES;
    d->instances = calloc(d->ninstances + 1u, sizeof(void *));
    d->globals = calloc(d->ninstances + 1u, sizeof *d->globals);
    d->extra = calloc(MAX_EXTRA, sizeof(void *));
    for (struct engine_memory *m = d->s->memories; m; m = m->next)
        d->nmemories++;
    d->memories = calloc(d->nmemories + 1u, sizeof(void *));
    if (!d->instances || !d->globals || !d->extra || !d->memories)
        return false;
    k = n;
    for (struct engine_instance *in = d->s->instances; in; in = in->next)
        if (--k < d->ninstances)
            d->instances[k] = in;
    for (k = 0; k < d->ninstances; k++) {
        d->globals[k] = d->nglobals;
        d->nglobals += own_globals(d->instances[k]);
    }
    k = d->nmemories;
    for (struct engine_memory *m = d->s->memories; m; m = m->next)
        d->memories[--k] = m;
    return true;
}

static uint32_t
memory_number(const struct dump *d, const struct engine_memory *m)
{
    uint32_t i = 0;

    while (i < d->nmemories && d->memories[i] != m)
        i++;
    return i;
}

/* Own globals of an instance lie in one array. */
static uint32_t
global_number(struct dump *d, struct engine_global *g)
{
    uint32_t i;

    for (i = 0; i < d->ninstances; i++) {
        const struct engine_instance *in = d->instances[i];
        uint32_t n = own_globals(in);
        struct engine_global *first =
            n ? in->globals[in->module->nglobals_imported] : NULL;

        if (n && (uintptr_t)g >= (uintptr_t)first &&
            (uintptr_t)g < (uintptr_t)(first + n))
            return d->globals[i] + (uint32_t)(g - first);
    }
    for (i = 0; i < d->nextra && d->extra[i] != g; i++)
        ;
    if (i == d->nextra && i < MAX_EXTRA)
        d->extra[d->nextra++] = g;
    return d->nglobals + (i < MAX_EXTRA ? i : MAX_EXTRA - 1);
}

/* ---- custom sections ---- */

static void
section(struct dump *d, uint8_t id, struct bytes *b)
{
    struct bytes head = {0};

    bytes_u8(&head, id);
    bytes_u64(&head, b->n);
    if (head.failed || b->failed) {
        d->to->failed = true;
    } else {
        engine_sink_write(d->to, head.p, head.n);
        engine_sink_write(d->to, b->p, b->n);
    }
    bytes_free(&head);
    bytes_free(b);
}

static void
write_core(struct dump *d, const char *program)
{
    struct bytes b = {0};

    bytes_name(&b, "core");
    bytes_u8(&b, 0);
    bytes_name(&b, program);
    section(d, 0, &b);
}

/* Each instance has an entry of its own here: two of one module are told apart
 * by that well enough. */
static void
write_modules(struct dump *d, const char *program)
{
    struct bytes b = {0};

    bytes_name(&b, "coremodules");
    bytes_u64(&b, d->ninstances);
    for (uint32_t i = 0; i < d->ninstances; i++) {
        bytes_u8(&b, 0);
        bytes_name(&b, program);
    }
    section(d, 0, &b);
}

static void
write_instances(struct dump *d)
{
    struct bytes b = {0};

    bytes_name(&b, "coreinstances");
    bytes_u64(&b, d->ninstances);
    for (uint32_t i = 0; i < d->ninstances; i++) {
        const struct engine_instance *in = d->instances[i];

        bytes_u8(&b, 0);
        bytes_u64(&b, i);
        bytes_u64(&b, in->module->nmemories);
        for (uint32_t k = 0; k < in->module->nmemories; k++)
            bytes_u64(&b, memory_number(d, in->memories[k]));
        bytes_u64(&b, in->module->nglobals);
        for (uint32_t k = 0; k < in->module->nglobals; k++)
            bytes_u64(&b, global_number(d, in->globals[k]));
    }
    section(d, 0, &b);
}

static uint32_t
instance_number(const struct dump *d, const struct engine_instance *in)
{
    uint32_t i = 0;

    while (i < d->ninstances && d->instances[i] != in)
        i++;
    return i < d->ninstances ? i : 0;
}

/* The instruction counts from the start of the function's body, which is where
 * its locals are declared. */
static uint32_t
code_offset(const struct engine_frame *f)
{
    const struct engine_module *m = f->instance->module;
    const struct func_code *c = &m->code[f->func - m->nfuncs_imported];

    return f->offset > c->body ? f->offset - c->body : 0;
}

static void
write_stack(struct dump *d, const struct engine_frame *f, uint32_t n)
{
    struct bytes b = {0};

    bytes_name(&b, "corestack");
    bytes_u8(&b, 0);
    bytes_name(&b, "main");
    bytes_u64(&b, n);
    for (uint32_t i = 0; i < n; i++) {
        bytes_u8(&b, 0);
        bytes_u64(&b, instance_number(d, f[i].instance));
        bytes_u64(&b, f[i].func);
        bytes_u64(&b, code_offset(&f[i]));
        core_frame_values(&b, &f[i], i ? &f[i - 1] : NULL);
    }
    section(d, 0, &b);
}

static void
write_frames(struct dump *d, const struct engine_frame *f, uint32_t n)
{
    struct bytes b = {0};

    bytes_name(&b, "pithframes");
    bytes_u64(&b, n);
    for (uint32_t i = 0; i < n; i++) {
        struct engine_place p[1];
        char text[520];
        uint32_t k;

        k = engine_places(f[i].instance->module, f[i].offset, p, 1);
        snprintf(text, sizeof text, "%.200s", f[i].name ? f[i].name : "");
        if (!f[i].name)
            snprintf(text, sizeof text, "function %u", f[i].func);
        if (k && p[0].file[0])
            snprintf(text + strlen(text), sizeof text - strlen(text),
                     " at %s:%u", p[0].file, p[0].line);
        bytes_name(&b, text);
    }
    section(d, 0, &b);
}

/* ---- globals and memories ---- */

static void
write_global(struct bytes *b, const struct engine_global *g)
{
    uint32_t vt = g->vt;
    const uint64_t *v = g->value->v128;
    struct bytes value = {0};

    if (vt_is_ref(vt)) { /* which one it was has no meaning outside */
        uint8_t top = heap_top(vt_heap(vt)) == HEAP_FUNC ? 0x70 : 0x6f;
        uint8_t bytes[] = {top, 0, 0xd0, top, 0x0b};

        bytes_add(b, bytes, sizeof bytes);
        return;
    }
    bytes_u8(b, (uint8_t)vt);
    bytes_u8(b, 0);
    if (vt == VT_V128) {
        bytes_u8(b, 0xfd);
        bytes_u8(b, 0x0c);
        for (unsigned i = 0; i < 16; i++)
            bytes_u8(b, (uint8_t)(v[i / 8] >> 8 * (i % 8)));
    } else {
        core_value(&value, vt, v);
        bytes_u8(b, (uint8_t)(0x41 + VT_I32 - vt)); /* i32.const, ... */
        if (value.n)
            bytes_add(b, value.p + 1, value.n - 1);
        b->failed |= value.failed;
    }
    bytes_u8(b, 0x0b);
    bytes_free(&value);
}

static void
write_globals(struct dump *d)
{
    struct bytes b = {0};

    if (!d->nglobals && !d->nextra)
        return;
    bytes_u64(&b, (uint64_t)d->nglobals + d->nextra);
    for (uint32_t i = 0; i < d->ninstances; i++) {
        const struct engine_instance *in = d->instances[i];

        for (uint32_t k = 0; k < own_globals(in); k++)
            write_global(&b, in->globals[in->module->nglobals_imported + k]);
    }
    for (uint32_t i = 0; i < d->nextra; i++)
        write_global(&b, d->extra[i]);
    section(d, 6, &b);
}

static void
write_memories(struct dump *d)
{
    struct bytes b = {0};

    if (!d->nmemories)
        return;
    bytes_u64(&b, d->nmemories);
    for (uint32_t i = 0; i < d->nmemories; i++) {
        const struct engine_memory *m = d->memories[i];
        bool bytewise = m->page_shift == 0;
        uint64_t pages = m->bytes >> m->page_shift;

        bytes_u8(&b, (uint8_t)((m->shared ? 3 : 0) | (m->is64 ? 4 : 0) |
                               (bytewise ? 8 : 0)));
        bytes_u64(&b, pages);
        if (m->shared)
            bytes_u64(&b, m->declared_max);
        if (bytewise)
            bytes_u8(&b, 0);
    }
    section(d, 5, &b);
}

/* ---- data ---- */

static bool
is_zero(const uint8_t *p, uint64_t n)
{
    return !n || (!*p && !memcmp(p, p + 1, n - 1));
}

/* The next run of pieces that are not all zero, from *at on. */
static bool
next_run(const struct engine_memory *m, uint64_t piece, uint64_t *at,
         uint64_t *end)
{
    uint64_t n;

    for (; *at < m->bytes; *at += piece) {
        n = m->bytes - *at < piece ? m->bytes - *at : piece;
        if (!is_zero(m->base + *at, n))
            break;
    }
    if (*at >= m->bytes)
        return false;
    for (*end = *at; *end < m->bytes; *end += n) {
        n = m->bytes - *end < piece ? m->bytes - *end : piece;
        if (is_zero(m->base + *end, n))
            break;
    }
    return true;
}

static void
segment_head(struct bytes *b, const struct engine_memory *m, uint32_t number,
             uint64_t at, uint64_t n)
{
    if (number) {
        bytes_u8(b, 2);
        bytes_u64(b, number);
    } else {
        bytes_u8(b, 0);
    }
    bytes_u8(b, m->is64 ? 0x42 : 0x41);
    bytes_s64(b, m->is64 ? (int64_t)at : (int32_t)(uint32_t)at);
    bytes_u8(b, 0x0b);
    bytes_u64(b, n);
}

/* All segments: written if `write`, else counted. */
static void
segments(struct dump *d, bool write)
{
    uint64_t left = MAX_DATA;

    d->segments = d->data = 0;
    for (uint32_t i = 0; i < d->nmemories; i++) {
        const struct engine_memory *m = d->memories[i];
        uint64_t at = 0, end;

        while (next_run(m, d->piece, &at, &end) && !d->to->failed) {
            struct bytes head = {0};

            if (end - at > left) {
                d->cut = true;
                return;
            }
            left -= end - at;
            segment_head(&head, m, i, at, end - at);
            if (head.failed) {
                d->to->failed = true;
            } else if (write) {
                engine_sink_write(d->to, head.p, head.n);
                engine_sink_write(d->to, m->base + at, end - at);
            }
            d->segments++;
            d->data += head.n + end - at;
            bytes_free(&head);
            at = end;
        }
    }
}

static void
write_data(struct dump *d)
{
    struct bytes head = {0}, count = {0};

    d->piece = PIECE_FIRST;
    for (segments(d, false); d->segments > MAX_SEGMENTS; segments(d, false))
        d->piece *= 16;
    if (!d->segments)
        return;
    bytes_u64(&count, d->segments);
    bytes_u8(&head, 11);
    bytes_u64(&head, d->data + count.n);
    if (head.failed || count.failed)
        d->to->failed = true;
    else {
        engine_sink_write(d->to, head.p, head.n);
        engine_sink_write(d->to, count.p, count.n);
        segments(d, true);
    }
    bytes_free(&head);
    bytes_free(&count);
}

int
engine_coredump(struct engine_store *s, const char *program,
                struct engine_sink *to)
{
    static const uint8_t magic[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    struct dump d = {.s = s, .to = to};
    int r = -E_NOMEM;

    if (collect(&d)) {
        engine_sink_write(to, magic, sizeof magic);
        write_core(&d, program);
        write_modules(&d, program);
        write_instances(&d);
        write_stack(&d, s->frames, s->nframes);
        write_frames(&d, s->frames, s->nframes);
        write_memories(&d);
        write_globals(&d);
        write_data(&d);
        r = to->failed ? -E_IO : d.cut ? -E_2BIG : 0;
    }
    free(d.instances);
    free(d.globals);
    free(d.extra);
    free(d.memories);
    return r;
}
