/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of ABIs: import modules by name, functions by name and type. */
#include <string.h>

#include "exec.h"
#include "pith_errno.h"

static struct abi *first, **last = &first;

void
abi_register(struct abi *a)
{
    a->next = NULL;
    *last = a;
    last = &a->next;
}

static bool
letter_is(char c, struct engine_valtype t)
{
    switch (c) {
    case 'i':
    case 'p':
        return t.kind == ENGINE_I32;
    case 'l':
        return t.kind == ENGINE_I64;
    case 'f':
        return t.kind == ENGINE_F32;
    case 'd':
        return t.kind == ENGINE_F64;
    default:
        return false;
    }
}

static bool
same_type(const char *signature, const struct engine_functype *t)
{
    bool nothing = signature[0] == 'v';
    if (t->nresults != (nothing ? 0u : 1u) ||
        t->nparams != strlen(signature) - 1)
        return false;
    if (!nothing && !letter_is(signature[0], t->results[0]))
        return false;
    for (uint32_t i = 0; i < t->nparams; i++)
        if (!letter_is(signature[1 + i], t->params[i]))
            return false;
    return true;
}

int
abi_find(const char *module, const char *name, size_t name_len,
         const struct engine_functype *type, struct abi_func *out)
{
    int r = -E_NOENT;
    for (struct abi *a = first; a; a = a->next) {
        struct abi_func f;
        if (strcmp(a->module, module) != 0 ||
            a->resolve(name, name_len, &f) < 0)
            continue;
        if (!type || same_type(f.signature, type)) {
            *out = f;
            return 0;
        }
        if (r == -E_NOENT)
            *out = f;
        r = -E_INVAL;
    }
    return r;
}

int
abi_attach(struct proc *p, const struct engine_module *m)
{
    uint32_t n = engine_module_imports(m);
    int r = 0;

    for (struct abi *a = first; a && r == 0; a = a->next) {
        uint32_t i = 0;

        if (!a->attach)
            continue;
        while (i < n && strcmp(engine_module_import(m, i)->module, a->module))
            i++;
        if (i < n)
            r = a->attach(p);
    }
    return r;
}
