/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways into compiled code at loops' heads. A list for each module, looked at
 * when a loop's head of jit/ polls: there are few of them, and polls are rare.
 */
#include "object.h"

#include <stdlib.h>

#include "llvm/unit.h"
#include "pith_errno.h"
#include "runtime.h"

#define SLACK 128u /* slots behind its frame that compiled code may use */

int
object_osr_add(struct engine_module *m, uint32_t func, uint32_t insn,
               uint32_t frame, uintptr_t code)
{
    struct object_osr *o = malloc(sizeof *o);

    if (!o)
        return -E_NOMEM;
    *o = (struct object_osr){NULL, func, insn, frame, code};
    o->next = atomic_load(&m->osr);
    while (!atomic_compare_exchange_weak(&m->osr, &o->next, o))
        continue;
    return 0;
}

bool
object_osr_known(struct engine_module *m, uint32_t func, uint32_t insn)
{
    for (struct object_osr *o = atomic_load(&m->osr); o; o = o->next)
        if (o->func == func && o->insn == insn)
            return true;
    return false;
}

uintptr_t
object_osr_at(struct engine_instance *in, const uint64_t *fp,
              const struct insn *pc)
{
    struct engine_module *m = in->module;

    if (atomic_load(&m->exact))
        return 0;
    for (struct object_osr *o = atomic_load(&m->osr); o; o = o->next) {
        const struct insn *insns = atomic_load(&m->code[o->func].insns);

        if (insns && pc == insns + o->insn)
            return (size_t)(in->stack_limit - fp) < o->frame + SLACK ? 0
                                                                    : o->code;
    }
    return 0;
}

void
object_osr_free(struct engine_module *m)
{
    struct object_osr *o;

    while ((o = atomic_load(&m->osr))) {
        atomic_store(&m->osr, o->next);
        free(o);
    }
}
