/* SPDX-License-Identifier: Apache-2.0 */
/* What instructions do, kept for who comes next; blocks and loops. */
#include "config.h"

#if ENGINE_JIT
#include "jit.h"

#define LARGEST_CODE (1u << 20) /* instructions */

static void
mark_leader(struct jit *j, uint32_t at, uint8_t mark)
{
    if (!(j->mark[at] & MARK_LEADER))
        j->nblocks++;
    j->mark[at] |= MARK_LEADER | mark;
}

static void
mark_target(struct jit *j, uint32_t from, uint32_t to)
{
    mark_leader(j, to, to <= from ? MARK_LOOP : 0);
}

static void
mark_flow(struct jit *j, const struct operands *o)
{
    const struct insn *p = &j->code[o->at];

    if (o->flow == FLOW_TABLE)
        for (uint32_t k = o->at + 1; k < o->at + o->length; k++)
            mark_target(j, o->at, k + (uint32_t)j->code[k].imm);
    else if (o->flow != FLOW_END)
        mark_target(j, o->at, o->at + (uint32_t)p->imm);
    if (o->at + o->length < j->n)
        mark_leader(j, o->at + o->length, 0);
}

static bool
read_instructions(struct jit *j)
{
    struct operands *o = j->ops;

    j->leaf = true;
    mark_leader(j, 1, 0);
    for (uint32_t i = 1; i < j->n; i += o->length, o++) {
        jit_operands(j, i, o);
        if (!o->length || o->length > j->n - i)
            return false;
        if (o->calls)
            j->leaf = false;
        if (o->flow != FLOW_ON)
            mark_flow(j, o);
    }
    j->nops = (uint32_t)(o - j->ops);
    for (uint32_t i = 0; i < j->t->nhandlers; i++)
        if (j->t->handlers[i].tag != EH_DELEGATE)
            mark_leader(j, j->t->handlers[i].target, MARK_HANDLER);
    return true;
}

static void
edge(struct jit *j, uint32_t b, uint32_t to)
{
    if (to <= b) {
        if (j->blocks[to].back == NONE || j->blocks[to].back < b)
            j->blocks[to].back = b;
        j->loops = true;
    } else if (j->blocks[to].from > b) {
        j->blocks[to].from = b;
    }
}

static void
cut(struct jit *j)
{
    struct jit_block *k = NULL;

    j->nblocks = 0;
    for (uint32_t x = 0; x < j->nops; x++) {
        uint32_t i = j->ops[x].at;

        if (!(j->mark[i] & MARK_LEADER))
            continue;
        if (k) {
            k->end = i;
            k->op_end = x;
        }
        k = &j->blocks[j->nblocks];
        *k = (struct jit_block){.first = i,
                                .op = x,
                                .next = NONE,
                                .taken = NONE,
                                .from = NONE,
                                .back = NONE,
                                .mark = j->mark[i]};
        j->block_at[i] = j->nblocks++;
    }
    k->end = j->n;
    k->op_end = j->nops;
}

static void
connect(struct jit *j, uint32_t b)
{
    struct jit_block *k = &j->blocks[b];
    const struct operands *o = &j->ops[k->op_end - 1];

    k->flow = o->flow;
    if (k->flow <= FLOW_BRANCH && b + 1 < j->nblocks) {
        k->next = b + 1;
        edge(j, b, b + 1);
    }
    if (k->flow == FLOW_TABLE) {
        for (uint32_t r = o->at + 1; r < k->end; r++)
            edge(j, b, j->block_at[r + (uint32_t)j->code[r].imm]);
    } else if (k->flow == FLOW_BRANCH || k->flow == FLOW_JUMP) {
        k->taken = j->block_at[o->at + (uint32_t)j->code[o->at].imm];
        edge(j, b, k->taken);
    }
}

static bool
nest(struct jit *j)
{
    int32_t *change;
    uint32_t depth = 0;

    if (!j->loops)
        return true;
    change = arena_alloc(&j->work, (j->nblocks + 1u) * sizeof *change);
    if (!change)
        return false;
    for (uint32_t b = 0; b < j->nblocks; b++)
        if (j->blocks[b].back != NONE) {
            change[b]++;
            change[j->blocks[b].back + 1]--;
        }
    for (uint32_t b = 0; b < j->nblocks; b++) {
        depth += (uint32_t)change[b];
        j->blocks[b].depth = depth;
    }
    return true;
}

bool
jit_blocks(struct jit *j)
{
    j->nblocks = 0;
    j->loops = false;
    if (j->n < 2 || j->n > LARGEST_CODE || j->nslots > UINT16_MAX)
        return false;
    j->mark = arena_alloc(&j->work, j->n);
    j->ops = arena_take(&j->work, j->n * sizeof *j->ops);
    if (!j->mark || !j->ops || !read_instructions(j))
        return false;
    j->blocks = arena_take(&j->work, j->nblocks * sizeof *j->blocks);
    j->block_at = arena_take(&j->work, j->n * sizeof *j->block_at);
    if (!j->blocks || !j->block_at)
        return false;
    cut(j);
    for (uint32_t b = 0; b < j->nblocks; b++)
        connect(j, b);
    return nest(j);
}
#endif
