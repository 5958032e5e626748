/* SPDX-License-Identifier: Apache-2.0 */
/* Instances. */
#include "capi.h"

/* What the engine links, or NULL and why not. */
static struct engine_extern *
gather(struct wasm_store_t *s, const struct engine_module *m,
       const wasm_extern_vec_t *imports, const char **why)
{
    uint32_t n = engine_module_imports(m);
    struct engine_extern *e;

    if ((imports ? imports->size : 0) != n) {
        *why = "wrong number of imports";
        return NULL;
    }
    e = calloc((size_t)n + 1, sizeof *e);
    if (!e) {
        *why = engine_status_text(ENGINE_NO_MEMORY);
        return NULL;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct wasm_ref_t *r = ref_of(imports->data[i]);

        if (!r || r->store != s || r->kind > REF_TAG) {
            *why =
                r ? "an import belongs to another store" : "an import is NULL";
            free(e);
            return NULL;
        }
        e[i] = ref_extern(r);
    }
    return e;
}

static void
explain(wasm_trap_t **out, wasm_trap_t *trap)
{
    if (out)
        *out = trap;
    else
        wasm_trap_delete(trap);
}

wasm_instance_t *
wasm_instance_new(wasm_store_t *s, const wasm_module_t *module,
                  const wasm_extern_vec_t *imports, wasm_trap_t **trap)
{
    struct engine_module *m = module ? ref_of(module)->object : NULL;
    struct engine_instance *in;
    struct engine_extern *e;
    struct report report = {0};
    enum engine_status st;
    const char *why;

    if (trap)
        *trap = NULL;
    why = "there is no module";
    e = m ? gather(s, m, imports, &why) : NULL;
    if (!e) {
        explain(trap, trap_from_text(s, why));
        return NULL;
    }
    store_enter(s);
    st = engine_instance_create(s->engine, m, e, &in, &report);
    free(e);
    if (st == ENGINE_OK)
        return (wasm_instance_t *)ref_intern(s, REF_INSTANCE, in);
    explain(trap, trap_from_engine(
                      s, st, st == ENGINE_UNLINKABLE ? report.text : NULL));
    return NULL;
}

void
wasm_instance_exports(const wasm_instance_t *ref, wasm_extern_vec_t *out)
{
    struct engine_instance *in = ref_object(ref);
    struct engine_module *m;

    wasm_extern_vec_new_empty(out);
    if (!in)
        return;
    m = engine_instance_module(in);
    wasm_extern_vec_new_uninitialized(out, engine_module_exports(m));
    for (uint32_t i = 0; i < out->size; i++) {
        const struct engine_port *p = engine_module_export(m, i);
        struct engine_extern e;

        if (engine_instance_export(in, p->name, p->name_len, &e))
            out->data[i] =
                (wasm_extern_t *)ref_from_extern(ref_of(ref)->store, &e);
    }
}
