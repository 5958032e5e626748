/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests import: the module spectest (functions that do nothing, as
 * print's output is not tested), wasmtime's gc; and stand-ins of any type for
 * hostile modules.
 */
#include "spec.h"

#include <stdlib.h>
#include <string.h>

struct item {
    const char *module, *name;
    struct engine_extern is;
};

struct host {
    size_t count;
    struct item items[24];
};

static enum engine_status
nothing(struct engine_store *s, struct engine_instance *caller, void *env,
        uint64_t *slots)
{
    (void)s;
    (void)caller;
    (void)env;
    (void)slots;
    return ENGINE_OK;
}

static const struct engine_valtype i32 = {.kind = ENGINE_I32};
static const struct engine_valtype i64 = {.kind = ENGINE_I64};
static const struct engine_valtype f32 = {.kind = ENGINE_F32};
static const struct engine_valtype f64 = {.kind = ENGINE_F64};
static const struct engine_valtype funcref = {
    .kind = ENGINE_REF, .nullable = true, .heap = -0x10};

static const struct {
    const char *module, *name;
    uint32_t nparams;
    struct engine_valtype params[2];
} functions[] = {
    {"spectest", "print", 0, {{0}, {0}}},
    {"spectest", "print_i32", 1, {{.kind = ENGINE_I32}, {0}}},
    {"spectest", "print_i64", 1, {{.kind = ENGINE_I64}, {0}}},
    {"spectest", "print_f32", 1, {{.kind = ENGINE_F32}, {0}}},
    {"spectest", "print_f64", 1, {{.kind = ENGINE_F64}, {0}}},
    {"spectest",
     "print_i32_f32",
     2,
     {{.kind = ENGINE_I32}, {.kind = ENGINE_F32}}},
    {"spectest",
     "print_f64_f64",
     2,
     {{.kind = ENGINE_F64}, {.kind = ENGINE_F64}}},
    {"wasmtime", "gc", 0, {{0}, {0}}},
};

static bool
add(struct host *h, const char *module, const char *name,
    struct engine_extern is)
{
    if (!is.func || h->count == sizeof h->items / sizeof h->items[0])
        return false;
    h->items[h->count++] = (struct item){module, name, is};
    return true;
}

static bool
add_global(struct host *h, struct engine_store *s, const char *name,
           struct engine_valtype type, union engine_value v)
{
    return add(h, "spectest", name,
               (struct engine_extern){
                   .kind = ENGINE_GLOBAL,
                   .global = engine_global_create(s, type, false, v)});
}

static bool
fill(struct host *h, struct engine_store *s)
{
    const union engine_value v32 = {.i32 = 666}, v64 = {.i64 = 666};
    const union engine_value vf32 = {.f32 = 0x4426a666};
    const union engine_value vf64 = {.f64 = 0x4084d4cccccccccdu};

    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        struct engine_functype type = {functions[i].nparams, 0,
                                       functions[i].params, NULL};
        struct engine_extern is = {
            .kind = ENGINE_FUNC,
            .func = engine_func_host(s, &type, nothing, NULL)};

        if (!add(h, functions[i].module, functions[i].name, is))
            return false;
    }
    return add_global(h, s, "global_i32", i32, v32) &&
           add_global(h, s, "global_i64", i64, v64) &&
           add_global(h, s, "global_f32", f32, vf32) &&
           add_global(h, s, "global_f64", f64, vf64) &&
           add(h, "spectest", "table",
               (struct engine_extern){
                   .kind = ENGINE_TABLE,
                   .table = engine_table_create(s, funcref, 10, 20, false)}) &&
           add(h, "spectest", "table64",
               (struct engine_extern){
                   .kind = ENGINE_TABLE,
                   .table = engine_table_create(s, funcref, 10, 20, true)}) &&
           add(h, "spectest", "memory",
               (struct engine_extern){
                   .kind = ENGINE_MEMORY,
                   .memory = engine_memory_create(s, 1, 2, false)}) &&
           add(h, "spectest", "shared_memory",
               (struct engine_extern){
                   .kind = ENGINE_MEMORY,
                   .memory = engine_memory_create_shared(s, 1, 2, false)});
}

struct host *
host_create(struct engine_store *s)
{
    struct host *h = calloc(1, sizeof *h);

    if (h && !fill(h, s)) {
        free(h);
        return NULL;
    }
    return h;
}

void
host_free(struct host *h)
{
    free(h);
}

bool
host_find(const struct host *h, const char *module, const char *name,
          struct engine_extern *out)
{
    for (size_t i = 0; i < h->count; i++)
        if (!strcmp(h->items[i].module, module) &&
            !strcmp(h->items[i].name, name)) {
            *out = h->items[i].is;
            return true;
        }
    return false;
}

/* Answers zeros; env is the number of slots the results take. */
static enum engine_status
zeros(struct engine_store *s, struct engine_instance *caller, void *env,
      uint64_t *slots)
{
    (void)s;
    (void)caller;
    memset(slots, 0, (uintptr_t)env * sizeof *slots);
    return ENGINE_OK;
}

static struct engine_func *
stub_func(struct engine_store *s, const struct engine_functype *type)
{
    uintptr_t slots = 0;

    for (uint32_t i = 0; i < type->nresults; i++) {
        const struct engine_valtype *r = &type->results[i];

        if (r->kind == ENGINE_REF && !r->nullable)
            return NULL; /* no value to answer with */
        slots += r->kind == ENGINE_V128 ? 2 : 1;
    }
    return engine_func_host(s, type, zeros, (void *)slots);
}

bool
host_stub(struct engine_store *s, const struct engine_port *p,
          struct engine_extern *out)
{
    out->kind = p->kind;
    out->func = NULL;
    switch (p->kind) {
    case ENGINE_FUNC:
        out->func = stub_func(s, p->functype);
        break;
    case ENGINE_TABLE:
        if (p->type.nullable)
            out->table =
                engine_table_create(s, p->type, p->min, p->max, p->is64);
        break;
    case ENGINE_MEMORY:
        out->memory =
            p->shared ? engine_memory_create_shared(s, p->min, p->max, p->is64)
                      : engine_memory_create(s, p->min, p->max, p->is64);
        break;
    case ENGINE_GLOBAL:
        if (p->type.kind != ENGINE_REF || p->type.nullable)
            out->global = engine_global_create(
                s, p->type, p->mutable_, (union engine_value){.v128 = {0, 0}});
        break;
    case ENGINE_TAG:
        out->tag = engine_tag_create(s, p->functype);
        break;
    }
    return out->func != NULL;
}
