/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations, engines and stores. */
#include "capi.h"

struct wasm_config_t {
    int nothing;
};

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

wasm_engine_t *
wasm_engine_new(void)
{
    wasm_engine_t *e = calloc(1, sizeof *e);

    if (e)
        atomic_init(&e->refs, 1);
    return e;
}

wasm_engine_t *
wasm_engine_new_with_config(wasm_config_t *c)
{
    wasm_config_delete(c);
    return wasm_engine_new();
}

void
wasm_engine_delete(wasm_engine_t *e)
{
    if (e && atomic_fetch_sub(&e->refs, 1) == 1)
        free(e);
}

wasm_store_t *
wasm_store_new(wasm_engine_t *e)
{
    struct engine_config config = {0};
    wasm_store_t *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    config.user = s;
    s->engine = engine_store_create(&config);
    if (!s->engine) {
        free(s);
        return NULL;
    }
    s->thread = pthread_self();
    s->owner = e;
    if (e)
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
