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
#define MAX_MEMORIES 2000u

struct dump {
    struct engine_store *s;
    struct engine_sink *to;
    struct engine_instance **instances; /* in the order of creation */
    uint32_t ninstances;
    uint32_t *globals; /* the number of each instance's first own global */
    uint32_t nglobals;
    struct engine_global **extra; /* the host's own, behind all of these */
    uint32_t nextra;
    struct memory_at {
        struct engine_memory *memory;
        uint64_t bytes; /* now: threads may make a shared one grow */
    } *memories;
    uint32_t nmemories;
    struct run { /* of what is not zero */
        uint32_t memory;
        uint64_t at, end;
    } *runs;
    uint32_t nruns;
    bool cut;
};

/* ---- what there is ---- */

static uint32_t
own_globals(const struct engine_instance *in)
{
    return in->module->nglobals - in->module->nglobals_imported;
}

static uint32_t
memory_number(const struct dump *d, const struct engine_memory *m)
{
    uint32_t i = 0;

    while (i < d->nmemories && d->memories[i].memory != m)
        i++;
    return i;
}

static void
collect_memories(struct dump *d, const struct engine_instance *in)
{
    for (uint32_t i = 0; i < in->module->nmemories; i++) {
        struct engine_memory *m = in->memories[i];

        if (m && d->nmemories < MAX_MEMORIES &&
            memory_number(d, m) == d->nmemories)
            d->memories[d->nmemories++] =
                (struct memory_at){m, memory_bytes(m)};
    }
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
    d->memories = calloc(MAX_MEMORIES, sizeof *d->memories);
    d->runs = calloc(MAX_SEGMENTS, sizeof *d->runs);
    if (!d->instances || !d->globals || !d->extra || !d->memories || !d->runs)
        return false;
    k = n;
    for (struct engine_instance *in = d->s->instances; in; in = in->next)
        if (--k < d->ninstances)
            d->instances[k] = in;
    for (k = 0; k < d->ninstances; k++) {
        d->globals[k] = d->nglobals;
        d->nglobals += own_globals(d->instances[k]);
        collect_memories(d, d->instances[k]);
    }
    return true;
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
        const struct engine_memory *m = d->memories[i].memory;
        bool bytewise = m->page_shift == 0;
        uint64_t pages = d->memories[i].bytes >> m->page_shift;

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
    return !n || (!*p && !memcmp(p, p + 1, (size_t)n - 1));
}

/* The first piece from `at` on that is all zero, or is not. */
static uint64_t
skip(const struct memory_at *m, uint64_t piece, uint64_t at, bool zero)
{
    while (at < m->bytes) {
        uint64_t n = m->bytes - at < piece ? m->bytes - at : piece;

        if (is_zero(m->memory->base + at, n) != zero)
            break;
        at += n;
    }
    return at;
}

/* False: too many; larger pieces make fewer. */
static bool
find_runs(struct dump *d, uint64_t piece)
{
    uint64_t left = MAX_DATA;

    d->nruns = 0;
    for (uint32_t i = 0; i < d->nmemories; i++) {
        const struct memory_at *m = &d->memories[i];
        uint64_t at = skip(m, piece, 0, true);

        while (at < m->bytes) {
            struct run *r = &d->runs[d->nruns];

            if (d->nruns == MAX_SEGMENTS)
                return false;
            *r = (struct run){i, at, skip(m, piece, at, false)};
            if (r->end - at > left) {
                r->end = at + left;
                d->cut = true;
            }
            left -= r->end - at;
            if (r->end > at)
                d->nruns++;
            if (d->cut)
                return true;
            at = skip(m, piece, r->end, true);
        }
    }
    return true;
}

static void
segment_head(struct bytes *b, const struct dump *d, const struct run *r)
{
    bool is64 = d->memories[r->memory].memory->is64;

    bytes_u8(b, r->memory ? 2 : 0);
    if (r->memory)
        bytes_u64(b, r->memory);
    bytes_u8(b, is64 ? 0x42 : 0x41);
    bytes_s64(b, is64 ? (int64_t)r->at : (int32_t)(uint32_t)r->at);
    bytes_u8(b, 0x0b);
    bytes_u64(b, r->end - r->at);
}

static void
write_data(struct dump *d)
{
    struct bytes heads = {0}, b = {0}, count = {0};
    uint64_t size = 0, piece = PIECE_FIRST;

    while (!find_runs(d, piece))
        piece *= 16;
    for (uint32_t i = 0; i < d->nruns; i++) {
        segment_head(&heads, d, &d->runs[i]);
        size += d->runs[i].end - d->runs[i].at;
    }
    bytes_u64(&count, d->nruns);
    bytes_u8(&b, 11);
    bytes_u64(&b, size + heads.n + count.n);
    bytes_add(&b, count.p, count.n);
    for (uint32_t i = 0; i < d->nruns; i++) {
        const struct run *r = &d->runs[i];

        segment_head(&b, d, r);
        if (heads.failed || b.failed || count.failed)
            d->to->failed = true;
        engine_sink_write(d->to, b.p, b.n);
        engine_sink_write(d->to, d->memories[r->memory].memory->base + r->at,
                          (size_t)(r->end - r->at));
        b.n = 0;
    }
    bytes_free(&heads);
    bytes_free(&count);
    bytes_free(&b);
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
    free(d.runs);
    return r;
}
