/* SPDX-License-Identifier: Apache-2.0 */
/* What compiled objects call; see native_table.h. */
#include "native_table.h"

#include <stdlib.h>

#include "baseline.h"
#include "llvm/unit.h"
#include "op/ops.h"

static const struct insn *
link_of(const uint64_t *base, uint32_t slot)
{
    return (const struct insn *)(uintptr_t)base[slot];
}

static void
call(struct engine_instance *in, uint64_t *base, uint32_t link, uint32_t func)
{
    jit_call(in, base, link_of(base, link), func);
}

static void
call_func(struct engine_instance *in, uint64_t *base, uint32_t link,
          struct engine_func *f)
{
    const struct insn *at = link_of(base, link);

    if (f->instance == in)
        jit_call(in, base, at, f->index - in->module->nfuncs_imported);
    else
        native_invoke(in, base - at->a, at, f);
}

static void
call_import(struct engine_instance *in, uint64_t *base, uint32_t link,
            uint32_t i)
{
    call_func(in, base, link, in->func_imports[i]);
}

static uint32_t
subtype(struct engine_func *f, uint32_t type)
{
    return type_is_subtype(f->type, type);
}

static void
trap(struct engine_instance *in, uint64_t *fp, const struct insn *at,
     uint32_t status)
{
    native_trap(in, fp, at, (enum engine_status)status);
}

static void
trap_link(struct engine_instance *in, uint64_t *base, const struct insn *link,
          uint32_t status)
{
    native_trap(in, base - link->a, link, (enum engine_status)status);
}

static void
trap_caller(struct engine_instance *in, uint64_t *base, uint32_t link,
            uint32_t status)
{
    trap_link(in, base, link_of(base, link), status);
}

static struct native_step *
make_step(struct engine_module *m, struct object_step *step)
{
    struct native_step *made = NULL;
    size_t bytes = step->n * sizeof(struct insn);
    const struct insn *from;
    struct code_range range;

    if (step->func >= m->nfuncs - m->nfuncs_imported ||
        translate_func(m, step->func) < 0)
        return NULL;
    from = atomic_load_explicit(&m->code[step->func].insns,
                                memory_order_acquire);
    if (!module_find_pc(m, from, &range) ||
        step->at > (size_t)(range.end - from) ||
        step->n > (size_t)(range.end - from) - step->at)
        return NULL;
    pthread_mutex_lock(&m->lock);
    if (!step->made && (made = malloc(sizeof *made + bytes + sizeof *from))) {
        made->origin = from + step->at;
        made->n = step->n + 1;
        memcpy(made->code, made->origin, bytes);
        memset(&made->code[step->n], 0, sizeof *from);
        made->code[step->n].code = interp_code(OP_step_end);
        __atomic_store_n(&step->made, made, __ATOMIC_RELEASE);
    }
    made = step->made;
    pthread_mutex_unlock(&m->lock);
    return made;
}

static void
step(struct engine_instance *in, uint64_t *fp, struct object_step *step_)
{
    struct native_step *made = __atomic_load_n(&step_->made, __ATOMIC_ACQUIRE);

    if (!made)
        made = make_step(in->module, step_);
    if (!made)
        native_trap(in, fp, NULL, ENGINE_NO_MEMORY);
    native_step(in, fp, made);
}

static uint64_t
grow(struct engine_instance *in, uint32_t memory, uint64_t pages)
{
    struct engine_memory *m = in->memories[memory];
    uint64_t old = memory_grow(m, pages);

    if (old != UINT64_MAX)
        in->store->budget -= (int64_t)(pages << m->page_shift >> 14);
    return old;
}

static bool
outside(const struct engine_memory *m, uint64_t at, uint64_t n)
{
    uint64_t bytes = memory_bytes(m);

    return at > bytes || n > bytes - at;
}

static uint32_t
fill(struct engine_instance *in, uint32_t memory, uint64_t to, uint32_t value,
     uint64_t n)
{
    struct engine_memory *m = in->memories[memory];

    if (outside(m, to, n))
        return ENGINE_MEMORY_BOUNDS;
    if (n)
        memset(m->base + to, (uint8_t)value, (size_t)n);
    in->store->budget -= (int64_t)(n >> 14);
    return ENGINE_OK;
}

static uint32_t
copy(struct engine_instance *in, uint32_t memory_to, uint32_t memory_from,
     uint64_t to, uint64_t from, uint64_t n)
{
    struct engine_memory *a = in->memories[memory_to];
    struct engine_memory *b = in->memories[memory_from];

    if (outside(a, to, n) || outside(b, from, n))
        return ENGINE_MEMORY_BOUNDS;
    if (n)
        memmove(a->base + to, b->base + from, (size_t)n);
    in->store->budget -= (int64_t)(n >> 14);
    return ENGINE_OK;
}

const struct native_table native_table = {
    .call = call,
    .call_import = call_import,
    .call_func = call_func,
    .subtype = subtype,
    .trap = trap,
    .trap_caller = trap_caller,
    .trap_link = trap_link,
    .poll = native_poll,
    .step = step,
    .grow = grow,
    .fill = fill,
    .copy = copy,
    .jit_return = jit_leave,
};
