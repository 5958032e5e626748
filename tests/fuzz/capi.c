/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzing libpith-wasm: any bytes, as a module and as a serialized one. What
 * loads is described, linked to externs of the types it asks for, run, looked
 * into, and serialized. Nothing may crash, leak or run on.
 */
#include <stdlib.h>

#include "wasm.h"
#include "wasm_pith.h"

#define VALUES 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static wasm_trap_t *
callback(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)env;
    for (size_t i = 0; i < results->size && i < args->size; i++)
        if (args->data[i].kind == results->data[i].kind)
            wasm_val_copy(&results->data[i], &args->data[i]);
    return NULL;
}

static wasm_extern_t *
make(wasm_store_t *s, const wasm_externtype_t *t)
{
    wasm_val_t v = WASM_INIT_VAL;
    const wasm_globaltype_t *g;

    switch (wasm_externtype_kind(t)) {
    case WASM_EXTERN_FUNC:
        return wasm_func_as_extern(wasm_func_new_with_env(
            s, wasm_externtype_as_functype_const(t), callback, s, NULL));
    case WASM_EXTERN_GLOBAL:
        g = wasm_externtype_as_globaltype_const(t);
        v.kind = wasm_valtype_kind(wasm_globaltype_content(g));
        return wasm_global_as_extern(wasm_global_new(s, g, &v));
    case WASM_EXTERN_TABLE:
        return wasm_table_as_extern(
            wasm_table_new(s, wasm_externtype_as_tabletype_const(t), NULL));
    case WASM_EXTERN_MEMORY:
        return wasm_memory_as_extern(
            wasm_memory_new(s, wasm_externtype_as_memorytype_const(t)));
    default:
        return wasm_tag_as_extern(
            wasm_tag_new(s, wasm_externtype_as_tagtype_const(t)));
    }
}

static void
imports(wasm_store_t *s, const wasm_module_t *m, wasm_extern_vec_t *out)
{
    wasm_importtype_vec_t types;

    wasm_module_imports(m, &types);
    wasm_extern_vec_new_uninitialized(out, types.size);
    for (size_t i = 0; i < out->size; i++)
        out->data[i] = make(s, wasm_importtype_type(types.data[i]));
    wasm_importtype_vec_delete(&types);
}

static void
read_trap(wasm_trap_t *t)
{
    wasm_frame_vec_t trace;
    wasm_message_t text;

    if (!t)
        return;
    wasm_trap_message(t, &text);
    wasm_trap_trace(t, &trace);
    if (!text.size || text.data[text.size - 1])
        abort();
    wasm_name_delete(&text);
    wasm_frame_vec_delete(&trace);
    wasm_trap_delete(t);
}

/* Call with zeros, and again with what came out. */
static void
run(const wasm_func_t *f)
{
    wasm_functype_t *t = wasm_func_type(f);
    const wasm_valtype_vec_t *p = wasm_functype_params(t);
    wasm_val_t in[VALUES], out[VALUES];
    wasm_val_vec_t args = {p->size, in};
    wasm_val_vec_t results = {wasm_func_result_arity(f), out};

    for (int round = 0; round < 2 && p->size <= VALUES; round++) {
        wasm_trap_t *trap;

        if (results.size > VALUES)
            results.size = VALUES;
        for (size_t i = 0; i < p->size; i++) {
            if (round && i < results.size)
                in[i] = out[i];
            else
                in[i] = (wasm_val_t)WASM_INIT_VAL;
            if (wasm_valtype_is_num(p->data[i]))
                in[i].kind = wasm_valtype_kind(p->data[i]);
            else if (!wasm_valkind_is_ref(in[i].kind))
                in[i] = (wasm_val_t)WASM_INIT_VAL;
        }
        if (round) {
            trap = wasm_func_call(f, &args, NULL);
            read_trap(trap);
            for (size_t i = 0; i < results.size; i++)
                wasm_val_delete(&out[i]);
            break;
        }
        trap = wasm_func_call(f, &args, &results);
        read_trap(trap);
        if (trap)
            break;
    }
    wasm_functype_delete(t);
}

static void
look(wasm_extern_t *e)
{
    wasm_externtype_t *t = wasm_extern_type(e);
    wasm_val_t v;

    wasm_externtype_delete(t);
    if (wasm_extern_as_func(e))
        run(wasm_extern_as_func(e));
    if (wasm_extern_as_global(e)) {
        wasm_global_get(wasm_extern_as_global(e), &v);
        wasm_global_set(wasm_extern_as_global(e), &v);
        wasm_val_delete(&v);
    }
    if (wasm_extern_as_table(e)) {
        wasm_table_t *table = wasm_extern_as_table(e);
        wasm_ref_t *r = wasm_table_get(table, 0);

        wasm_table_grow(table, 1, r);
        wasm_table_set(table, wasm_table_size(table) - 1, r);
        wasm_ref_delete(r);
    }
    if (wasm_extern_as_memory(e)) {
        wasm_memory_t *memory = wasm_extern_as_memory(e);

        wasm_memory_grow(memory, 1);
        if (wasm_memory_data_size(memory))
            wasm_memory_data(memory)[wasm_memory_data_size(memory) - 1] ^= 1;
    }
}

static void
use(wasm_store_t *s, const wasm_module_t *m)
{
    wasm_extern_vec_t im, ex;
    wasm_exporttype_vec_t types;
    wasm_byte_vec_t bytes;
    wasm_instance_t *in;
    wasm_trap_t *trap;
    wasm_module_t *again;

    wasm_module_exports(m, &types);
    wasm_exporttype_vec_delete(&types);
    wasm_module_serialize(m, &bytes);
    again = wasm_module_deserialize(s, &bytes);
    if (!again)
        abort();
    wasm_module_delete(again);
    wasm_byte_vec_delete(&bytes);
    imports(s, m, &im);
    in = wasm_instance_new(s, m, &im, &trap);
    read_trap(trap);
    wasm_extern_vec_delete(&im);
    if (!in)
        return;
    wasm_instance_exports(in, &ex);
    for (size_t i = 0; i < ex.size; i++)
        look(ex.data[i]);
    wasm_instance_delete(in);
    wasm_extern_vec_delete(&ex);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wasm_config_t *c = wasm_config_new();
    wasm_byte_vec_t bytes = {size, (wasm_byte_t *)(uintptr_t)data};
    wasm_engine_t *e;
    wasm_store_t *s;
    wasm_module_t *m;

    wasm_config_limit_memory(c, 4 << 20);
    wasm_config_limit_tables(c, 10000);
    wasm_config_limit_fuel(c, 20000);
    e = wasm_engine_new_with_config(c);
    s = wasm_store_new(e);
    m = wasm_module_deserialize(s, &bytes);
    if (!m)
        m = wasm_module_new(s, &bytes);
    if (m)
        use(s, m);
    wasm_module_delete(m);
    wasm_store_delete(s);
    wasm_engine_delete(e);
    return 0;
}
