/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be seen of an instance, as one number that does not depend on where
 * things lie: memories, globals, tables; references by what they refer to, a
 * few levels deep.
 */
#include "tiers.h"

#include <inttypes.h>
#include <stdio.h>

#include "gc.h"

enum { DEPTH = 3, ELEMENTS = 16 };
#define WHOLE ((uint64_t)256 << 10) /* bytes of a memory; beyond: samples */
#define STRIDE 4096u

uint64_t
mix(uint64_t h, const void *p, size_t n)
{
    const uint8_t *b = p;
    uint64_t word;

    for (; n >= sizeof word; b += sizeof word, n -= sizeof word) {
        memcpy(&word, b, sizeof word);
        h = (h ^ word) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    while (n--)
        h = (h ^ *b++) * 0x100000001b3u;
    return h;
}

static uint64_t
mix_number(uint64_t h, uint64_t n)
{
    return mix(h, &n, sizeof n);
}

static uint64_t hash_ref(uint64_t h, uint32_t vt, uint64_t v, unsigned depth);

/* A value in slots or in a field. */
static uint64_t
hash_slot(uint64_t h, uint32_t vt, const void *at, unsigned depth)
{
    uint64_t v;

    if (!vt_is_ref(vt))
        return mix(h, at, gc_element_size(vt));
    memcpy(&v, at, sizeof v);
    return hash_ref(h, vt, v, depth);
}

static uint64_t
hash_object(uint64_t h, const struct gc_object *o, unsigned depth)
{
    const struct type_def *d = type_get(o->type);
    const uint64_t *slot = o->slots;
    uint32_t size;

    h = mix_number(h, d->kind);
    if (d->kind == TYPE_STRUCT) {
        h = mix_number(h, d->nparams);
        for (uint32_t i = 0; depth && i < d->nparams; i++) {
            h = hash_slot(h, d->vt[i], slot, depth - 1);
            slot += vt_slots(d->vt[i]);
        }
        return h;
    }
    size = gc_element_size(d->vt[0]);
    h = mix_number(h, o->length);
    for (uint32_t i = 0; depth && i < o->length && i < ELEMENTS; i++)
        h = hash_slot(h, d->vt[0], o->bytes + (size_t)i * size, depth - 1);
    return h;
}

static uint64_t
hash_exception(uint64_t h, const struct exception *e, unsigned depth)
{
    const struct type_def *d = type_get(e->tag->type);
    const uint64_t *slot = e->slots;

    for (uint32_t i = 0; depth && i < d->nparams; i++) {
        h = hash_slot(h, d->vt[i], slot, depth - 1);
        slot += vt_slots(d->vt[i]);
    }
    return mix_number(h, d->nparams);
}

static uint64_t
hash_ref(uint64_t h, uint32_t vt, uint64_t v, unsigned depth)
{
    uint32_t top = heap_top(vt_heap(vt));
    uint64_t object = top == HEAP_EXTERN ? v ^ 2 : v;

    if (!v)
        return mix_number(h, 0);
    if (top == HEAP_FUNC) {
        const struct engine_func *f = (const void *)(uintptr_t)v;

        return mix_number(h, f->instance ? f->index + 2 : 1);
    }
    if (top == HEAP_EXN)
        return hash_exception(h, (const void *)(uintptr_t)v, depth);
    if (v & 1)
        return mix_number(h, (uint32_t)v);
    if (object & 2)
        return mix_number(h, object); /* the host's: numbers of link.c */
    return hash_object(h, (const void *)(uintptr_t)object, depth);
}

uint64_t
hash_value(struct run *r, uint64_t h, const struct engine_valtype *t,
           const union engine_value *v)
{
    uint32_t vt = vt_from_public(*t);

    if (r->show) {
        if (vt_is_ref(vt))
            printf(" ref:%" PRIx64, hash_ref(0, vt, (uintptr_t)v->ref, DEPTH));
        else if (vt == VT_V128)
            printf(" %016" PRIx64 "%016" PRIx64, v->v128[1], v->v128[0]);
        else
            printf(" %" PRIx64, gc_element_size(vt) == 4 ? v->i32 : v->i64);
    }
    return hash_slot(h, vt, v, DEPTH);
}

static uint64_t
hash_memory(uint64_t h, const struct engine_memory *m)
{
    uint64_t n = memory_bytes(m);

    h = mix_number(h, n);
    if (n <= WHOLE)
        return mix(h, m->base, n);
    h = mix(h, m->base, WHOLE);
    for (uint64_t at = WHOLE; at + STRIDE <= n; at += STRIDE)
        h = mix(h, m->base + at + (at / STRIDE * 8) % STRIDE, 8);
    return mix(h, m->base + n - STRIDE, STRIDE);
}

static uint64_t
hash_table(uint64_t h, const struct engine_table *t)
{
    h = mix_number(h, t->size);
    for (uint64_t i = 0; i < t->size && i < 1024; i++)
        h = hash_ref(h, t->vt, (uintptr_t)t->elems[i], 1);
    return h;
}

uint64_t
hash_state(const struct run *r, uint64_t h)
{
    const struct engine_instance *in = r->in;
    const struct engine_module *m = r->m;
    uint64_t memories = 0, globals = 0, tables = 0;

    for (uint32_t i = 0; i < m->nmemories; i++)
        memories = hash_memory(memories, in->memories[i]);
    for (uint32_t i = 0; i < m->nglobals; i++)
        globals = hash_slot(globals, in->globals[i]->vt, in->globals[i]->value,
                            DEPTH);
    for (uint32_t i = 0; i < m->ntables; i++)
        tables = hash_table(tables, in->tables[i]);
    if (r->show)
        printf("  memories %" PRIx64 " globals %" PRIx64 " tables %" PRIx64
               "\n",
               memories, globals, tables);
    h = mix_number(h, memories);
    h = mix_number(h, globals);
    return mix_number(h, tables);
}

uint64_t
hash_end(const struct run *r, uint64_t h, enum engine_status st)
{
    const struct engine_frame *frames;
    uint32_t n;

    if (st == ENGINE_EXCEPTION)
        return r->s->exception ? hash_exception(h, r->s->exception, DEPTH) : h;
    n = engine_backtrace(r->s, &frames);
    h = mix_number(h, n);
    for (uint32_t i = 0; i < n; i++) {
        if (r->show)
            printf("  at func %u 0x%x\n", frames[i].func, frames[i].offset);
        h = mix_number(h, frames[i].func);
        /* LLVM's code knows of a fault only the function it was in */
        if (i || st != ENGINE_MEMORY_BOUNDS)
            h = mix_number(h, frames[i].offset);
    }
    return h;
}
