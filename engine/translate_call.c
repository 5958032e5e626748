/* SPDX-License-Identifier: Apache-2.0 */
/* Calls and tail calls. */
#include "translate.h"

/* Put the arguments into their slots; the first one's slot is returned. */
uint32_t
t_arguments(struct translator *t, const struct type_def *type)
{
    for (uint32_t i = t->sp - type->nparams; i < t->sp; i++)
        t_materialise(t, i);
    return type->nparams ? t->stack[t->sp - type->nparams].slot : t->top;
}

static void
call_results(struct translator *t, const struct type_def *type)
{
    t_drop(t, type->nparams);
    for (uint32_t i = 0; i < type->nresults; i++)
        t_push_vt(t, type->vt[type->nparams + i]);
    /* room for the arguments of host functions is room for their results */
    t->last = 0;
    t->last_call = t->n;
    t->call_operand = t->sp - type->nresults;
    if (t->wide || type->nresults != 1)
        t->last_call = 0; /* ret_n leaves no accumulator */
}

static uint32_t
area(const struct type_def *type)
{
    return type->param_slots > type->result_slots ? type->param_slots
                                                  : type->result_slots;
}

static bool
far_call(const struct translator *t, uint32_t at)
{
    return t->wide && at >= FAR;
}

static void
invoke_far(struct translator *t, uint32_t at)
{
    t_emit(t, OP_invoke_far, 0, 0, 0);
    t_data(t, at);
}

void
t_call(struct translator *t)
{
    uint32_t func = leb_u32(&t->p), at;
    const struct type_def *type = module_func_type(t->m, func);
    uint32_t own = func - t->m->nfuncs_imported;

    at = t_arguments(t, type);
    if (func < t->m->nfuncs_imported) {
        if (far_call(t, at)) {
            t_emit(t, OP_func_import, 0, 0, func);
            invoke_far(t, at);
        } else {
            t_emit(t, OP_call_import, at, area(type), func);
        }
    } else if (far_call(t, at)) {
        t_emit(t, OP_call_far, type->param_slots, type->result_slots,
               own * (uint32_t)sizeof(struct func_code));
        t_data(t, at);
    } else {
        t_emit(t, OP_call, at, 0, own * (uint32_t)sizeof(struct func_code));
    }
    call_results(t, type);
}

void
t_call_indirect(struct translator *t)
{
    uint32_t id = t->m->types[leb_u32(&t->p)], table = leb_u32(&t->p);
    const struct type_def *type = type_get(id);
    uint32_t index, at;
    bool simple = table == 0 && !t->m->tables[0].limits.is64;

    index = t_source(t, t->sp - 1);
    t_drop(t, 1);
    t->last = 0;
    at = t_arguments(t, type);
    if (!simple || far_call(t, at))
        t_emit(t, OP_table_ref, 0, 0, table);
    if (far_call(t, at)) {
        t_emit(t, OP_func_table, 0, index, id);
        invoke_far(t, at);
    } else {
        t_emit(t, simple ? OP_call_indirect : OP_call_table, at, index, id);
    }
    call_results(t, type);
}

void
t_call_ref(struct translator *t)
{
    const struct type_def *type = type_get(t->m->types[leb_u32(&t->p)]);
    uint32_t f = t_source(t, t->sp - 1), at;

    t_drop(t, 1);
    t->last = 0;
    at = t_arguments(t, type);
    if (far_call(t, at)) {
        t_emit(t, OP_func_ref, 0, f, 0);
        invoke_far(t, at);
    } else {
        t_emit(t, OP_call_ref, at, f, type->id);
    }
    call_results(t, type);
}

/* The second word of a tail call: link, operand slot, arguments. */
static void
tail(struct translator *t, unsigned op, const struct type_def *type,
     uint32_t imm, uint32_t operand)
{
    uint32_t at = t_arguments(t, type);

    t_emit(t, op, 0, type->param_slots, imm);
    t_emit(t, OP_none, t->link, operand, at);
    if (at + area(type) > t->max)
        t->max = at + area(type);
    t->dead = true;
}

void
t_return_call(struct translator *t)
{
    uint32_t func = leb_u32(&t->p);
    const struct type_def *type = module_func_type(t->m, func);

    if (func < t->m->nfuncs_imported)
        tail(t, OP_ret_call_import, type, func, 0);
    else
        tail(t, OP_ret_call, type,
             (func - t->m->nfuncs_imported) *
                 (uint32_t)sizeof(struct func_code),
             0);
}

void
t_return_call_indirect(struct translator *t)
{
    uint32_t id = t->m->types[leb_u32(&t->p)], table = leb_u32(&t->p);
    const struct type_def *type = type_get(id);
    uint32_t index = t_source(t, t->sp - 1);

    t_drop(t, 1);
    t->last = 0;
    t_arguments(t, type);
    t_emit(t, OP_table_ref, 0, 0, table);
    tail(t, OP_ret_call_table, type, id, index);
}

void
t_return_call_ref(struct translator *t)
{
    const struct type_def *type = type_get(t->m->types[leb_u32(&t->p)]);
    uint32_t f = t_source(t, t->sp - 1);

    t_drop(t, 1);
    t->last = 0;
    tail(t, OP_ret_call_ref, type, type->id, f);
}
