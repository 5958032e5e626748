/* SPDX-License-Identifier: Apache-2.0 */
/* Traps: a message and the frames of the place where they happened. */
#include "capi.h"

static struct trap *
trap_create(struct wasm_store_t *s, const char *text, size_t n)
{
    struct trap *t = ref_create(s, REF_TRAP, NULL, sizeof *t);

    if (!t)
        return NULL;
    wasm_byte_vec_new(&t->message, n, text);
    return t;
}

void
trap_finish(struct trap *t)
{
    for (uint32_t i = 0; i < t->nframes; i++)
        ref_unown(t->frames[i].instance);
    free(t->frames);
    wasm_name_delete(&t->message);
}

/* Keep the engine's last backtrace; without memory, none. */
static void
trap_trace(struct trap *t)
{
    struct wasm_store_t *s = t->ref.store;
    const struct engine_frame *from;
    uint32_t n = engine_backtrace(s->engine, &from);

    t->traced = true;
    t->frames = n ? calloc(n, sizeof *t->frames) : NULL;
    for (uint32_t i = 0; t->frames && i < n; i++) {
        struct trap_frame *f = &t->frames[t->nframes];
        uint32_t body = engine_module_body(
            engine_instance_module(from[i].instance), from[i].func);

        f->instance = ref_intern(s, REF_INSTANCE, from[i].instance);
        if (!f->instance)
            break;
        f->func = from[i].func;
        f->module_offset = from[i].offset;
        f->func_offset = from[i].offset > body ? from[i].offset - body : 0;
        t->nframes++;
    }
}

wasm_trap_t *
trap_from_text(struct wasm_store_t *s, const char *text)
{
    return (wasm_trap_t *)trap_create(s, text, strlen(text) + 1);
}

wasm_trap_t *
trap_from_engine(struct wasm_store_t *s, enum engine_status st,
                 const char *text)
{
    wasm_trap_t *thrown = s->trap;
    struct trap *t;

    s->trap = NULL;
    if (st == ENGINE_EXIT && thrown)
        return thrown;
    wasm_trap_delete(thrown);
    if (!text)
        text = engine_status_text(st);
    t = trap_create(s, text, strlen(text) + 1);
    if (t)
        trap_trace(t);
    return (wasm_trap_t *)t;
}

enum engine_status
trap_throw(struct wasm_store_t *s, wasm_trap_t *thrown)
{
    struct trap *t = (struct trap *)thrown;

    if (!thrown)
        return ENGINE_NO_MEMORY;
    if (!t->traced && t->ref.store == s) {
        engine_backtrace_here(s->engine);
        trap_trace(t);
    }
    wasm_trap_delete(s->trap);
    s->trap = thrown;
    return ENGINE_EXIT;
}

/* ---- the public face ---- */

wasm_trap_t *
wasm_trap_new(wasm_store_t *s, const wasm_message_t *message)
{
    size_t n = message ? message->size : 0;
    struct trap *t = ref_create(s, REF_TRAP, NULL, sizeof *t);

    if (!t)
        return NULL;
    /* Whether or not the caller counted the NUL, there is one. */
    while (n && !message->data[n - 1])
        n--;
    wasm_byte_vec_new_uninitialized(&t->message, n + 1);
    if (t->message.size && n)
        memcpy(t->message.data, message->data, n);
    return (wasm_trap_t *)t;
}

void
wasm_trap_message(const wasm_trap_t *trap, wasm_message_t *out)
{
    const struct trap *t = (const struct trap *)trap;

    wasm_name_copy(out, &t->message);
}

static wasm_frame_t *
frame_create(const struct trap_frame *from)
{
    wasm_frame_t *f = calloc(1, sizeof *f);

    if (!f)
        return NULL;
    f->at = *from;
    ref_own(f->at.instance);
    return f;
}

wasm_frame_t *
wasm_trap_origin(const wasm_trap_t *trap)
{
    const struct trap *t = (const struct trap *)trap;

    return t->nframes ? frame_create(&t->frames[0]) : NULL;
}

void
wasm_trap_trace(const wasm_trap_t *trap, wasm_frame_vec_t *out)
{
    const struct trap *t = (const struct trap *)trap;

    wasm_frame_vec_new_uninitialized(out, t->nframes);
    for (size_t i = 0; i < out->size; i++) {
        out->data[i] = frame_create(&t->frames[i]);
        if (!out->data[i])
            out->size = i; /* shorter is better than a hole */
    }
}

void
wasm_frame_delete(wasm_frame_t *f)
{
    if (f)
        ref_unown(f->at.instance);
    free(f);
}

wasm_frame_t *
wasm_frame_copy(const wasm_frame_t *f)
{
    return f ? frame_create(&f->at) : NULL;
}

wasm_instance_t *
wasm_frame_instance(const wasm_frame_t *f)
{
    return (wasm_instance_t *)f->at.instance;
}

uint32_t
wasm_frame_func_index(const wasm_frame_t *f)
{
    return f->at.func;
}

size_t
wasm_frame_func_offset(const wasm_frame_t *f)
{
    return f->at.func_offset;
}

size_t
wasm_frame_module_offset(const wasm_frame_t *f)
{
    return f->at.module_offset;
}
