/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations, engines and stores, with the bounds of wasm_pith.h. */
#include "capi.h"

/* ---- configurations ---- */

wasm_config_t *
wasm_config_new(void)
{
    return calloc(1, sizeof(struct wasm_config_t));
}

void
wasm_config_delete(wasm_config_t *c)
{
    free(c);
}

/* The engine takes 0 for its default. */
static uint64_t
limit(uint64_t n)
{
    return n ? n : 1;
}

void
wasm_config_limit_memory(wasm_config_t *c, uint64_t bytes)
{
    c->memory = limit(bytes);
}

void
wasm_config_limit_tables(wasm_config_t *c, uint64_t elements)
{
    c->tables = limit(elements);
}

void
wasm_config_limit_fuel(wasm_config_t *c, uint64_t units)
{
    c->fuel = limit(units);
}

/* ---- engines ---- */

wasm_engine_t *
wasm_engine_new_with_config(wasm_config_t *c)
{
    wasm_engine_t *e = calloc(1, sizeof *e);

    if (e) {
        atomic_init(&e->refs, 1);
        if (c)
            e->config = *c;
    }
    wasm_config_delete(c);
    return e;
}

wasm_engine_t *
wasm_engine_new(void)
{
    return wasm_engine_new_with_config(NULL);
}

void
wasm_engine_delete(wasm_engine_t *e)
{
    if (e && atomic_fetch_sub(&e->refs, 1) == 1)
        free(e);
}

/* ---- stores ---- */

static enum engine_status
poll(struct engine_store *engine, void *user)
{
    struct wasm_store_t *s = user;

    (void)engine;
    if (!atomic_exchange(&s->interrupted, false))
        return ENGINE_OK;
    return trap_throw(s, trap_from_text(s, "interrupted"));
}

void
wasm_store_interrupt(wasm_store_t *s)
{
    atomic_store(&s->interrupted, true);
    engine_store_interrupt(s->engine);
}

wasm_store_t *
wasm_store_new(wasm_engine_t *e)
{
    struct engine_config config = {.poll = poll};
    wasm_store_t *s = e ? calloc(1, sizeof *s) : NULL;

    if (!s)
        return NULL;
    config.user = s;
    config.memory_bytes = e->config.memory;
    config.table_elements = e->config.tables;
    config.fuel = e->config.fuel;
    s->engine = engine_store_create(&config);
    if (!s->engine) {
        free(s);
        return NULL;
    }
    s->thread = pthread_self();
    s->owner = e;
    atomic_fetch_add(&e->refs, 1);
    return s;
}

void
store_enter(struct wasm_store_t *s)
{
    if (pthread_equal(s->thread, pthread_self()))
        return;
    s->thread = pthread_self();
    engine_thread_init();
}

void
wasm_store_delete(wasm_store_t *s)
{
    struct host_func *f;

    if (!s)
        return;
    s->closing = true;
    ref_finalize_all(s);
    for (f = s->funcs; f; f = f->next)
        if (f->finalizer)
            f->finalizer(f->env);
    engine_store_destroy(s->engine);
    wasm_trap_delete(s->trap);
    ref_end_all(s->refs);
    while ((f = s->funcs)) {
        s->funcs = f->next;
        free(f);
    }
    free(s->buckets);
    free(s->any.free);
    free(s->exn.free);
    wasm_engine_delete(s->owner);
    free(s);
}
