/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks, loops, and which slots live where. Work and memory are bounded: live
 * sets have a bit per block and per slot that crosses blocks, and where those
 * would be too many every slot stays in memory.
 */
#include "config.h"

#if ENGINE_JIT
#include "jit.h"

#include <stdlib.h>

#define LARGEST_CODE (1u << 20)         /* instructions */
#define LARGEST_SETS ((size_t)32 << 20) /* bytes */

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    uint64_t bytes[];
};

void *
arena_alloc(struct arena *a, size_t bytes)
{
    struct arena_block *b = a->blocks;
    void *p;

    bytes = (bytes + 15) & ~(size_t)15;
    if (!b || bytes > b->size - b->used) {
        size_t size = bytes > 65536 ? bytes : 65536;

        b = malloc(sizeof *b + size);
        if (!b)
            return NULL;
        b->next = a->blocks;
        b->size = size;
        b->used = 0;
        a->blocks = b;
    }
    p = (uint8_t *)b->bytes + b->used;
    b->used += bytes;
    return memset(p, 0, bytes);
}

void
arena_reset(struct arena *a, bool all)
{
    struct arena_block *b = a->blocks;

    while (b && (all || b->next || b->size > 65536)) {
        struct arena_block *next = b->next;

        free(b);
        b = next;
    }
    if (b)
        b->used = 0;
    a->blocks = b;
}

/* ---- marks: where blocks begin ---- */

static bool
is_jump(const struct how_to *h, uintptr_t op)
{
    return h->how == HOW_BRANCH || h->how == HOW_BRANCH_IMM ||
           h->how == HOW_TEST || h->how == HOW_FBRANCH || op == OP_br ||
           op == OP_br_l;
}

/* Nothing falls through it. */
static bool
ends(uintptr_t op)
{
    switch (op) {
    case OP_br:
    case OP_br_l:
    case OP_br_table_s:
    case OP_unreachable:
    case OP_ret:
    case OP_ret_i:
    case OP_ret_d:
    case OP_ret_f:
    case OP_ret_n:
    case OP_ret_call:
    case OP_ret_call_table:
    case OP_ret_call_ref:
    case OP_throw:
    case OP_throw_ref:
        return true;
    default:
        return false;
    }
}

static void
mark_target(struct jit *j, uint32_t from, uint32_t to)
{
    j->mark[to] |= MARK_LEADER;
    if (to <= from)
        j->mark[to] |= MARK_LOOP;
}

static bool
mark_blocks(struct jit *j)
{
    struct operands o;

    j->leaf = true;
    for (uint32_t i = 1; i < j->n; i += o.len) {
        const struct insn *p = &j->code[i];

        jit_operands(j, i, &o);
        if (!o.len || i + o.len > j->n)
            return false;
        j->length[i] = o.len;
        if (o.calls) {
            j->mark[i] |= MARK_CALLS;
            j->leaf = false;
        }
        if (p->code == OP_br_table_s) {
            for (uint32_t k = 0; k <= p->uimm; k++)
                mark_target(j, i, i + 1 + k + (uint32_t)p[1 + k].imm);
        } else if (is_jump(&jit_how[p->code], p->code)) {
            mark_target(j, i, i + (uint32_t)p->imm);
        } else if (!ends(p->code)) {
            continue;
        }
        if (i + o.len < j->n)
            j->mark[i + o.len] |= MARK_LEADER;
    }
    for (uint32_t i = 0; i < j->t->nhandlers; i++)
        if (j->t->handlers[i].tag != EH_DELEGATE)
            j->mark[j->t->handlers[i].target] |= MARK_LEADER | MARK_HANDLER;
    return true;
}

/* ---- blocks ---- */

static void
edge(struct jit *j, uint32_t b, uint32_t target)
{
    uint32_t to = j->block_at[target];

    if (to <= b) {
        if (j->blocks[to].back == NONE || j->blocks[to].back < b)
            j->blocks[to].back = b;
    } else if (j->blocks[to].from > b) {
        j->blocks[to].from = b;
    }
}

static bool
make_blocks(struct jit *j)
{
    uint32_t b = 0, depth = 0;
    int32_t *nest;

    for (uint32_t i = 1; i < j->n; i++)
        j->nblocks += i == 1 || j->mark[i] & MARK_LEADER;
    j->blocks = arena_alloc(&j->work, j->nblocks * sizeof *j->blocks);
    j->block_at = arena_alloc(&j->work, j->n * sizeof *j->block_at);
    nest = arena_alloc(&j->work, (j->nblocks + 1u) * sizeof *nest);
    if (!j->blocks || !j->block_at || !nest)
        return false;
    for (uint32_t i = 1; i < j->n; i++)
        if (i == 1 || j->mark[i] & MARK_LEADER) {
            j->block_at[i] = b;
            j->blocks[b++] = (struct jit_block){.first = i,
                                                .next = NONE,
                                                .taken = NONE,
                                                .from = NONE,
                                                .back = NONE};
        }
    for (b = 0; b < j->nblocks; b++) {
        struct jit_block *k = &j->blocks[b];
        uint32_t last = k->first;

        k->end = b + 1 < j->nblocks ? k[1].first : j->n;
        for (uint32_t i = k->first; i < k->end; i += j->length[i])
            last = i;
        if (!ends(j->code[last].code) && b + 1 < j->nblocks) {
            k->next = b + 1;
            edge(j, b, k->end);
        }
        if (j->code[last].code == OP_br_table_s) {
            for (uint32_t r = last + 1; r < k->end; r++)
                edge(j, b, r + (uint32_t)j->code[r].imm);
        } else if (is_jump(&jit_how[j->code[last].code], j->code[last].code)) {
            k->taken = j->block_at[last + (uint32_t)j->code[last].imm];
            edge(j, b, last + (uint32_t)j->code[last].imm);
        }
    }
    for (b = 0; b < j->nblocks; b++)
        if (j->blocks[b].back != NONE) {
            nest[b]++;
            nest[j->blocks[b].back + 1]--;
        }
    for (b = 0; b < j->nblocks; b++) {
        depth += (uint32_t)nest[b];
        j->blocks[b].depth = depth;
    }
    return true;
}

/* ---- live sets ---- */

static void
see_use(struct jit *j, const uint32_t *defined, uint32_t slot, uint32_t n,
        uint32_t b)
{
    for (; n; n--, slot++)
        if (defined[slot] != b + 1 && j->global[slot] == NONE) {
            j->global_slot[j->nglobal] = slot;
            j->global[slot] = j->nglobal++;
        }
}

/* A slot is global if some block reads it before writing it. */
static bool
find_globals(struct jit *j)
{
    uint32_t *defined = arena_alloc(&j->work, j->nslots * sizeof *defined);
    struct operands o;

    j->global = arena_alloc(&j->work, j->nslots * sizeof *j->global);
    j->global_slot = arena_alloc(&j->work, j->nslots * sizeof *j->global_slot);
    if (!defined || !j->global || !j->global_slot)
        return false;
    memset(j->global, 0xff, j->nslots * sizeof *j->global);
    for (uint32_t b = 0; b < j->nblocks; b++)
        for (uint32_t i = j->blocks[b].first; i < j->blocks[b].end;
             i += o.len) {
            jit_operands(j, i, &o);
            for (uint32_t k = 0; k < o.uses; k++)
                see_use(j, defined, o.use[k], 1, b);
            see_use(j, defined, o.reads, o.nreads, b);
            see_use(j, defined, o.reads2, o.nreads2, b);
            see_use(j, defined, o.reads3, o.nreads3, b);
            if (o.def != NONE)
                defined[o.def] = b + 1;
            for (uint32_t k = 0; k < o.nwrites; k++)
                defined[o.writes + k] = b + 1;
        }
    return true;
}

/* live_in starts as what the block reads first; kills in the last argument. */
static void
local_sets(struct jit *j, uint64_t *kills)
{
    struct operands o;

    for (uint32_t b = 0; b < j->nblocks; b++) {
        uint64_t *in = j->live_in + (size_t)b * j->words;
        uint64_t *ks = kills + (size_t)b * j->words;

        for (uint32_t i = j->blocks[b].first; i < j->blocks[b].end;
             i += o.len) {
            uint32_t s[4], n = 0;

            jit_operands(j, i, &o);
            for (uint32_t k = 0; k < o.uses; k++)
                s[n++] = o.use[k];
            for (uint32_t k = 0; k < n; k++) {
                uint32_t g = j->global[s[k]];

                if (g != NONE && !(ks[g / 64] >> g % 64 & 1))
                    in[g / 64] |= (uint64_t)1 << g % 64;
            }
            for (uint32_t r = 0; r < 3; r++) {
                uint32_t at = r == 0 ? o.reads : r == 1 ? o.reads2 : o.reads3;
                uint32_t c = r == 0 ? o.nreads : r == 1 ? o.nreads2 : o.nreads3;

                for (; c; c--, at++) {
                    uint32_t g = j->global[at];

                    if (g != NONE && !(ks[g / 64] >> g % 64 & 1))
                        in[g / 64] |= (uint64_t)1 << g % 64;
                }
            }
            if (o.def != NONE && j->global[o.def] != NONE)
                ks[j->global[o.def] / 64] |= (uint64_t)1
                                             << j->global[o.def] % 64;
            for (uint32_t k = 0; k < o.nwrites; k++) {
                uint32_t g = j->global[o.writes + k];

                if (g != NONE)
                    ks[g / 64] |= (uint64_t)1 << g % 64;
            }
        }
    }
}

static void
join(uint64_t *out, const uint64_t *in, uint32_t words)
{
    for (uint32_t w = 0; w < words; w++)
        out[w] |= in[w];
}

static void
flow_out(struct jit *j, uint32_t b, uint64_t *out)
{
    const struct jit_block *k = &j->blocks[b];
    uint32_t last = k->end - 1;

    if (k->next != NONE)
        join(out, j->live_in + (size_t)k->next * j->words, j->words);
    if (k->taken != NONE)
        join(out, j->live_in + (size_t)k->taken * j->words, j->words);
    if (k->next == NONE && k->taken == NONE)
        /* perhaps a table: its rows are the block's last instructions */
        for (uint32_t i = k->first; i < k->end; i++)
            if (j->code[i].code == OP_br_table_s &&
                i + 1 + j->code[i].uimm == last)
                for (uint32_t r = i + 1; r < k->end; r++)
                    join(out,
                         j->live_in +
                             (size_t)j->block_at[r + (uint32_t)j->code[r].imm] *
                                 j->words,
                         j->words);
}

static bool
find_live(struct jit *j)
{
    size_t bytes;
    uint64_t *kills;
    bool changed = true;

    j->words = (j->nglobal + 63) / 64;
    bytes = (size_t)j->nblocks * j->words * 8;
    if (bytes > LARGEST_SETS)
        return false;
    j->live_in = arena_alloc(&j->work, bytes + 8);
    j->live_out = arena_alloc(&j->work, bytes + 8);
    kills = arena_alloc(&j->work, bytes + 8);
    if (!j->live_in || !j->live_out || !kills)
        return false;
    local_sets(j, kills);
    for (uint32_t pass = 0; changed; pass++) {
        if (pass == 64)
            return false;
        changed = false;
        for (uint32_t b = j->nblocks; b-- > 0;) {
            uint64_t *in = j->live_in + (size_t)b * j->words;
            uint64_t *out = j->live_out + (size_t)b * j->words;
            const uint64_t *ks = kills + (size_t)b * j->words;

            flow_out(j, b, out);
            for (uint32_t w = 0; w < j->words; w++) {
                uint64_t v = in[w] | (out[w] & ~ks[w]);

                changed |= v != in[w];
                in[w] = v;
            }
        }
    }
    return true;
}

/* What handlers find must be in slots at all times. */
static void
handlers_read_memory(struct jit *j)
{
    for (uint32_t b = 0; b < j->nblocks; b++) {
        const uint64_t *in = j->live_in + (size_t)b * j->words;

        if (!(j->mark[j->blocks[b].first] & MARK_HANDLER))
            continue;
        for (uint32_t g = 0; g < j->nglobal; g++)
            if (in[g / 64] >> g % 64 & 1)
                j->in_memory[j->global_slot[g]] = 1;
    }
}

bool
jit_scan(struct jit *j)
{
    j->nblocks = j->nglobal = j->words = 0;
    j->live_in = j->live_out = NULL;
    if (j->n < 2 || j->n > LARGEST_CODE)
        return false;
    j->mark = arena_alloc(&j->work, j->n);
    j->length = arena_alloc(&j->work, j->n * sizeof *j->length);
    j->in_memory = arena_alloc(&j->work, j->nslots);
    if (!j->mark || !j->length || !j->in_memory || !mark_blocks(j) ||
        !make_blocks(j) || !find_globals(j))
        return false;
    if (find_live(j))
        handlers_read_memory(j);
    else
        j->live_in = NULL; /* all in memory */
    return true;
}
#endif
