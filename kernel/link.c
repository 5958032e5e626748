/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linking: a program's imports against the ABIs and its process's grants. An
 * import is looked up once per module (exec_resolve); per process only host
 * functions are made.
 */
#include <string.h>

#include "exec.h"
#include "lib.h"
#include "pith_errno.h"

#define PARAMS_MAX 12

/* ---- signatures ------------------------------------------------------ */

struct host_type {
    struct engine_functype type;
    struct engine_valtype params[PARAMS_MAX], result;
};

static uint8_t
letter_kind(char c)
{
    return c == 'l' ? ENGINE_I64
           : c == 'f' ? ENGINE_F32
           : c == 'd' ? ENGINE_F64
                      : ENGINE_I32;
}

static void
host_type_init(struct host_type *t, const char *signature)
{
    uint32_t i;

    memset(t, 0, sizeof *t);
    t->type.params = t->params;
    t->type.results = &t->result;
    t->type.nresults = signature[0] != 'v';
    t->result.kind = letter_kind(signature[0]);
    for (i = 0; i < PARAMS_MAX && signature[i + 1]; i++)
        t->params[i].kind = letter_kind(signature[i + 1]);
    t->type.nparams = i;
}

/* ---- once per module ------------------------------------------------- */

static int
resolve(const struct engine_port *port, struct abi_func *f,
        struct report *report)
{
    int r = -E_NOENT;

    if (port->kind == ENGINE_FUNC)
        r = abi_find(port->module, port->name, port->name_len, port->functype,
                     f);
    if (r == -E_INVAL)
        report_set(report, 0, "it imports %.80s from %.60s with another type "
                              "than Pith's",
                   port->name, port->module);
    else if (r < 0)
        report_set(report, 0,
                   "it imports %.80s from %.60s, which Pith does not have",
                   port->name, port->module);
    return r < 0 ? -E_NOEXEC : 0;
}

int
exec_resolve(struct exec_image *i, struct report *report)
{
    uint32_t k, n = engine_module_imports(i->module);
    int r = 0;

    i->funcs = host_alloc((n + !n) * sizeof *i->funcs);
    if (!i->funcs)
        return -E_NOMEM;
    for (k = 0; k < n && r == 0; k++)
        r = resolve(engine_module_import(i->module, k), &i->funcs[k], report);
    return r;
}

int
exec_image_check(const struct exec_image *i, const struct grants *g,
                 struct report *report)
{
    uint32_t k, n = engine_module_imports(i->module), missing = 0;
    char list[160];
    struct text t = {list, sizeof list, 0};
    int c;

    for (k = 0; k < n; k++) {
        if (!cap_has(g, i->funcs[k].cap))
            missing |= 1u << i->funcs[k].cap;
    }
    if (!missing)
        return 0;
    list[0] = 0;
    for (c = 0; c < CAP_COUNT; c++) {
        if (missing & (1u << c))
            text_add(&t, " --cap %s", cap_name((enum cap)c));
    }
    report_set(report, 0, "it needs what it was not granted; to allow it:%s",
               list);
    return -E_NOTCAPABLE;
}

/* ---- once per process ------------------------------------------------ */

static void
find_memory(struct proc *p)
{
    struct engine_extern e;

    if (engine_instance_export(p->instance, "memory", 6, &e) &&
        e.kind == ENGINE_MEMORY)
        p->memory = e.memory;
    else
        p->memory = engine_instance_memory(p->instance);
}

enum engine_status
exec_link(struct proc *p, struct engine_instance *from)
{
    struct exec_image *i = p->image;
    uint32_t k, n = engine_module_imports(i->module);
    struct engine_extern *imports = host_alloc((n + !n) * sizeof *imports);
    enum engine_status st = ENGINE_OK;

    if (!imports)
        return ENGINE_NO_MEMORY;
    for (k = 0; k < n && st == ENGINE_OK; k++) {
        const struct abi_func *f = &i->funcs[k];
        struct host_type t;

        host_type_init(&t, f->signature);
        imports[k].kind = ENGINE_FUNC;
        imports[k].func = engine_func_host(p->store, &t.type, f->fn, f->env);
        if (!imports[k].func)
            st = ENGINE_NO_MEMORY;
    }
    if (st == ENGINE_OK && from) {
        if (engine_instance_clone(p->store, from, imports, &p->instance) < 0)
            st = ENGINE_NO_MEMORY;
    } else if (st == ENGINE_OK) {
        st = engine_instance_create(p->store, i->module, imports,
                                    &p->instance, &p->trouble);
    }
    host_free(imports);
    if (st == ENGINE_OK)
        find_memory(p);
    return st;
}
