/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linking: a program's imports against the ABIs and its process's grants. An
 * import is looked up once per module (exec_resolve); per process only host
 * functions are made.
 */
#include <string.h>

#include "audit.h"
#include "broker.h"
#include "exec.h"
#include "lib.h"
#include "pith_errno.h"
#include "proc_internal.h"

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

    if (port->kind == ENGINE_MEMORY && port->shared) {
        *f = (struct abi_func){.cap = CAP_BASE};
        return 0;
    }
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
exec_image_check(const struct exec_image *i, struct proc *p,
                 struct report *report)
{
    uint32_t k, n = engine_module_imports(i->module), missing = 0;
    char list[160];
    struct text t = {list, sizeof list, 0};
    int c;

    for (k = 0; k < n; k++) {
        if (!cap_has(p->grants, i->funcs[k].cap))
            missing |= 1u << i->funcs[k].cap;
        else if (cap_used)
            cap_used(p, cap_name(i->funcs[k].cap));
    }
    if (!missing || cap_stubbed(p) || broker_asks(p))
        return 0;
    list[0] = 0;
    for (c = 0; c < CAP_COUNT; c++) {
        if (missing & (1u << c))
            text_add(&t, " --cap %s", cap_name((enum cap)c));
    }
    audit(p, "refused", "to load, for want of%s", list);
    report_set(report, 0, "it needs what it was not granted; to allow it:%s",
               list);
    return -E_NOTCAPABLE;
}

/* ---- once per process ------------------------------------------------ */

static void
find_memory(struct proc *p)
{
    struct engine_extern e;

    if (engine_instance_export(p->main.instance, "memory", 6, &e) &&
        e.kind == ENGINE_MEMORY)
        p->memory = e.memory;
    else
        p->memory = engine_instance_memory(p->main.instance);
}

/* Import k is a shared memory: the first thread makes it, the others find it. */
static struct engine_memory *
shared_import(struct thread *t, uint32_t k, uint32_t n)
{
    struct proc *p = t->proc;
    const struct engine_port *port = engine_module_import(p->image->module, k);

    if (t == &p->main && !p->imported)
        p->imported = host_alloc(n * sizeof *p->imported);
    if (!p->imported)
        return NULL;
    if (t == &p->main)
        p->imported[k] = engine_memory_create_shared(
            t->store, port->min, port->max, port->is64);
    return p->imported[k];
}

static bool
make_import(struct thread *t, uint32_t k, uint32_t n,
            struct engine_extern *out)
{
    const struct abi_func *f = &t->proc->image->funcs[k];
    struct host_type type;

    if (!f->fn) {
        out->kind = ENGINE_MEMORY;
        out->memory = shared_import(t, k, n);
        return out->memory != NULL;
    }
    host_type_init(&type, f->signature);
    out->kind = ENGINE_FUNC;
    out->func = engine_func_host(t->store, &type.type, f->fn, f->env);
    return out->func != NULL;
}

enum engine_status
exec_link(struct thread *t, struct engine_instance *from)
{
    struct proc *p = t->proc;
    struct exec_image *i = p->image;
    struct report why = {0};
    uint32_t k, n = engine_module_imports(i->module);
    struct engine_extern *imports = host_alloc((n + !n) * sizeof *imports);
    enum engine_status st = ENGINE_OK;

    if (!imports)
        return ENGINE_NO_MEMORY;
    for (k = 0; k < n && st == ENGINE_OK; k++)
        if (!make_import(t, k, n, &imports[k]))
            st = ENGINE_NO_MEMORY;
    if (st == ENGINE_OK && from) {
        if (engine_instance_clone(t->store, from, imports, &t->instance) < 0)
            st = ENGINE_NO_MEMORY;
    } else if (st == ENGINE_OK) {
        st = engine_instance_create(t->store, i->module, imports,
                                    &t->instance, &why);
    }
    host_free(imports);
    if (t != &p->main)
        return st;
    if (st == ENGINE_OK)
        find_memory(p);
    else
        proc_trouble(p, why.text);
    return st;
}
