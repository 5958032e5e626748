/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random code that is valid wherever an instruction may stand: expressions of a
 * type out of constants, locals, globals and memory, and statements that leave
 * the operand stack alone. Operations come from the engine's own tables.
 */
#include "tiers.h"

#include "module.h"

#include "gen_op.h"

enum { TRIES = 200, ADDRESS_MASK = 0xfff8 };

static bool
numeric(uint32_t vt)
{
    return vt >= VT_V128 && vt <= VT_I32;
}

static void
op(struct gen *g, uint8_t byte)
{
    bytes_u8(g->out, byte);
    if (g->left)
        g->left--;
}

static void
op_index(struct gen *g, uint8_t byte, uint32_t index)
{
    op(g, byte);
    bytes_u64(g->out, index);
}

static void
constant(struct gen *g, uint32_t vt)
{
    uint64_t v[2] = {rng_value(g->rng), rng_value(g->rng)};

    switch (vt) {
    case VT_I32:
        op(g, 0x41);
        bytes_s64(g->out, (int32_t)(uint32_t)v[0]);
        break;
    case VT_I64:
        op(g, 0x42);
        bytes_s64(g->out, (int64_t)v[0]);
        break;
    case VT_F32:
        op(g, 0x43);
        bytes_add(g->out, v, 4);
        break;
    case VT_F64:
        op(g, 0x44);
        bytes_add(g->out, v, 8);
        break;
    default:
        op(g, 0xfd);
        bytes_u64(g->out, 0x0c);
        bytes_add(g->out, v, 16);
    }
}

static void
i32_const(struct gen *g, int32_t v)
{
    op(g, 0x41);
    bytes_s64(g->out, v);
}

/* A local of type vt; UINT32_MAX: none. */
static uint32_t
find_local(struct gen *g, uint32_t vt)
{
    uint32_t n = g->locals->n, at = rng_below(g->rng, n);

    for (uint32_t i = 0; i < n; i++, at = at + 1 < n ? at + 1 : 0)
        if (g->locals->vt[at] == vt && at != g->counter)
            return at;
    return UINT32_MAX;
}

static uint32_t
find_global(struct gen *g, uint32_t vt, bool mutable_)
{
    uint32_t n = g->m->nglobals, at = rng_below(g->rng, n);

    for (uint32_t i = 0; i < n; i++, at = at + 1 < n ? at + 1 : 0)
        if (g->m->globals[at].vt == vt &&
            (g->m->globals[at].mutable_ || !mutable_))
            return at;
    return UINT32_MAX;
}

static void
leaf(struct gen *g, uint32_t vt)
{
    uint32_t at;

    if (!rng_one_in(g->rng, 4) && (at = find_local(g, vt)) != UINT32_MAX)
        op_index(g, 0x20, at);
    else if (rng_one_in(g->rng, 3) &&
             (at = find_global(g, vt, false)) != UINT32_MAX)
        op_index(g, 0x23, at);
    else
        constant(g, vt);
}

/* An address in memory 0, most often inside its first page. */
static void
address(struct gen *g, unsigned depth)
{
    bool is64 = g->m->memories[0].is64;
    uint32_t vt = is64 ? VT_I64 : VT_I32;

    if (rng_one_in(g->rng, 6)) {
        op(g, is64 ? 0x42 : 0x41);
        bytes_s64(g->out, (int64_t)rng_below(g->rng, 256) * 8);
        return;
    }
    gen_value(g, vt, depth);
    if (rng_one_in(g->rng, 40))
        return;
    op(g, is64 ? 0x42 : 0x41);
    bytes_s64(g->out, ADDRESS_MASK | (rng_one_in(g->rng, 4) ? 7 : 0));
    op(g, is64 ? 0x83 : 0x71); /* and */
}

static void
memory_argument(struct gen *g, const struct gen_op *o)
{
    uint32_t align = o->size;

    if (o->prefix != 0xfe)
        align = rng_below(g->rng, align + 1);
    bytes_u64(g->out, align);
    bytes_u64(g->out, rng_one_in(g->rng, 3)    ? 0
                      : rng_one_in(g->rng, 30) ? (uint32_t)rng_value(g->rng)
                                               : rng_below(g->rng, 64) * 8);
}

static void
operation(struct gen *g, const struct gen_op *o, unsigned depth)
{
    for (unsigned i = 0; i < o->nin; i++)
        if (o->in[i] == GEN_ADDRESS)
            address(g, depth);
        else
            gen_value(g, o->in[i], depth);
    if (o->prefix) {
        op(g, o->prefix);
        bytes_u64(g->out, o->sub);
    } else {
        op(g, (uint8_t)o->sub);
    }
    if (o->memory)
        memory_argument(g, o);
    if (o->shuffle)
        for (unsigned i = 0; i < 16; i++)
            bytes_u8(g->out, (uint8_t)rng_below(g->rng, o->lanes));
    else if (o->lanes)
        bytes_u8(g->out, (uint8_t)rng_below(g->rng, o->lanes));
}

/* A random operation with result vt (0: none); false: none came up. */
static bool
random_operation(struct gen *g, uint32_t vt, unsigned depth)
{
    for (unsigned i = 0; i < TRIES; i++) {
        const struct gen_op *o =
            &gen_ops[rng_below(g->rng, (uint32_t)gen_nops)];

        if (o->out != vt || (o->memory && !g->m->nmemories))
            continue;
        operation(g, o, depth);
        return true;
    }
    return false;
}

/* Call a function further down, so that there is no recursion of ours, that
 * takes numbers and returns what *vt says (any number of any: UINT32_MAX). */
static bool
call(struct gen *g, uint32_t vt, unsigned depth)
{
    uint32_t first = g->m->nfuncs_imported + g->func + 1;
    uint32_t func = first + rng_below(g->rng, g->m->nfuncs - first);
    const struct type_def *t;

    if (first >= g->m->nfuncs)
        return false;
    t = module_func_type(g->m, func);
    if (t->nparams > 8 ||
        (vt != UINT32_MAX && (t->nresults != 1 || t->vt[t->nparams] != vt)))
        return false;
    for (uint32_t i = 0; i < t->nparams; i++)
        if (!numeric(t->vt[i]))
            return false;
    for (uint32_t i = 0; i < t->nparams; i++)
        gen_value(g, t->vt[i], depth);
    op_index(g, 0x10, func);
    for (uint32_t i = 0; vt == UINT32_MAX && i < t->nresults; i++)
        op(g, 0x1a);
    return true;
}

/* A loop of a few turns, open behind its header. */
static bool
loop_open(struct gen *g, uint8_t block_type, uint32_t *counter)
{
    *counter = g->counter;
    if (g->counter == UINT32_MAX)
        return false;
    i32_const(g, 1 + (int32_t)rng_below(g->rng, 40));
    op_index(g, 0x21, g->counter);
    op(g, 0x03);
    bytes_u8(g->out, block_type);
    g->counter = UINT32_MAX; /* is taken */
    return true;
}

static void
loop_again(struct gen *g, uint32_t counter)
{
    op_index(g, 0x20, counter);
    i32_const(g, 1);
    op(g, 0x6b);
    op_index(g, 0x22, counter);
    op_index(g, 0x0d, 0);
    g->counter = counter;
}

static bool
structured_value(struct gen *g, uint32_t vt, unsigned depth)
{
    uint32_t at, counter;

    switch (rng_below(g->rng, 7)) {
    case 0: /* select */
        gen_value(g, vt, depth);
        gen_value(g, vt, depth);
        gen_value(g, VT_I32, depth);
        op(g, 0x1b);
        return true;
    case 1: /* if */
        gen_value(g, VT_I32, depth);
        op(g, 0x04);
        bytes_u8(g->out, (uint8_t)vt);
        gen_value(g, vt, depth);
        op(g, 0x05);
        gen_value(g, vt, depth);
        op(g, 0x0b);
        return true;
    case 2: /* block, left early */
        op(g, 0x02);
        bytes_u8(g->out, (uint8_t)vt);
        gen_value(g, vt, depth);
        gen_value(g, VT_I32, depth);
        op_index(g, 0x0d, 0);
        op(g, 0x1a);
        gen_value(g, vt, depth);
        op(g, 0x0b);
        return true;
    case 3:
        if (!loop_open(g, (uint8_t)vt, &counter))
            return false;
        gen_statement(g);
        loop_again(g, counter);
        gen_value(g, vt, depth);
        op(g, 0x0b);
        return true;
    case 4:
        at = find_local(g, vt);
        if (at == UINT32_MAX)
            return false;
        gen_value(g, vt, depth);
        op_index(g, 0x22, at);
        return true;
    default:
        return call(g, vt, depth);
    }
}

bool
gen_value(struct gen *g, uint32_t vt, unsigned depth)
{
    if (!numeric(vt))
        return false;
    if (!depth || !g->left || rng_one_in(g->rng, 5))
        leaf(g, vt);
    else if (rng_one_in(g->rng, 3) && structured_value(g, vt, depth - 1))
        return true;
    else if (!random_operation(g, vt, depth - 1))
        leaf(g, vt);
    return true;
}

/* ---- statements ---- */

static void
statements(struct gen *g)
{
    for (unsigned n = 1 + rng_below(g->rng, 3); n && g->left; n--)
        gen_statement(g);
}

static bool
assign(struct gen *g)
{
    uint32_t at = rng_below(g->rng, g->locals->n);

    if (!g->locals->n || at == g->counter || !numeric(g->locals->vt[at]))
        return false;
    gen_value(g, g->locals->vt[at], 3);
    op_index(g, 0x21, at);
    return true;
}

static bool
assign_global(struct gen *g)
{
    static const uint32_t types[] = {VT_I32, VT_I64, VT_F32, VT_F64, VT_V128};
    uint32_t vt = types[rng_below(g->rng, 5)];
    uint32_t at = find_global(g, vt, true);

    if (at == UINT32_MAX)
        return false;
    gen_value(g, vt, 3);
    op_index(g, 0x24, at);
    return true;
}

/* memory.fill or memory.copy of a few bytes; memory.grow. */
static bool
bulk(struct gen *g)
{
    bool is64 = g->m->nmemories && g->m->memories[0].is64;
    uint32_t kind = rng_below(g->rng, 3);

    if (!g->m->nmemories)
        return false;
    if (kind < 2)
        address(g, 1);
    if (kind == 0)
        gen_value(g, VT_I32, 1);
    else if (kind == 1)
        address(g, 1);
    op(g, is64 ? 0x42 : 0x41);
    bytes_s64(g->out, rng_below(g->rng, kind < 2 ? 70 : 3));
    if (kind == 2) {
        op_index(g, 0x40, 0);
        op(g, 0x1a);
        return true;
    }
    op(g, 0xfc);
    bytes_u8(g->out, kind == 0 ? 0x0b : 0x0a);
    bytes_u8(g->out, 0);
    if (kind == 1)
        bytes_u8(g->out, 0);
    return true;
}

static void
conditional(struct gen *g)
{
    gen_value(g, VT_I32, 2);
    op(g, 0x04);
    bytes_u8(g->out, 0x40);
    statements(g);
    if (rng_one_in(g->rng, 2)) {
        op(g, 0x05);
        statements(g);
    }
    op(g, 0x0b);
}

/* if (...) return ...; */
static bool
leave(struct gen *g)
{
    const struct type_def *t = type_get(g->m->code[g->func].type);

    for (uint32_t i = 0; i < t->nresults; i++)
        if (!numeric(t->vt[t->nparams + i]))
            return false;
    gen_value(g, VT_I32, 2);
    op(g, 0x04);
    bytes_u8(g->out, 0x40);
    for (uint32_t i = 0; i < t->nresults; i++)
        gen_value(g, t->vt[t->nparams + i], 3);
    op(g, 0x0f);
    op(g, 0x0b);
    return true;
}

static void
table(struct gen *g)
{
    uint32_t n = 1 + rng_below(g->rng, 5);

    for (uint32_t i = 0; i <= n; i++) {
        op(g, 0x02);
        bytes_u8(g->out, 0x40);
    }
    gen_value(g, VT_I32, 2);
    op_index(g, 0x0e, n);
    for (uint32_t i = 0; i <= n; i++)
        bytes_u64(g->out, rng_below(g->rng, n + 1));
    for (uint32_t i = 0; i <= n; i++) {
        op(g, 0x0b);
        if (g->left)
            gen_statement(g);
    }
}

static bool
loop(struct gen *g)
{
    uint32_t counter;

    if (!loop_open(g, 0x40, &counter))
        return false;
    statements(g);
    loop_again(g, counter);
    op(g, 0x0b);
    return true;
}

void
gen_statement(struct gen *g)
{
    bool done = false;

    switch (rng_below(g->rng, 14)) {
    case 0:
        conditional(g);
        return;
    case 1:
        done = loop(g);
        break;
    case 2:
        done = leave(g);
        break;
    case 3:
        table(g);
        return;
    case 4:
        done = assign_global(g);
        break;
    case 5:
        done = bulk(g);
        break;
    case 6:
        done = call(g, UINT32_MAX, 2);
        break;
    case 7:
    case 8:
        done = random_operation(g, 0, 2); /* stores */
        break;
    default:
        done = assign(g);
    }
    if (!done && !assign(g))
        op(g, 0x01);
}
