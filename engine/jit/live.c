/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which slots live at blocks' ends. Work and memory are bounded: live sets have
 * a bit per block and slot, of large frames only per slot that crosses blocks,
 * and where those would be too many every slot stays in memory.
 */
#include "config.h"

#if ENGINE_JIT
#include "jit.h"

#define LARGEST_SETS ((size_t)32 << 20) /* bytes */
#define SMALL_FRAME 128u                /* slots: no need to count them */
#define MOST_PASSES 64u

/* ---- slots that cross blocks ---- */

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
    uint32_t *defined;

    j->nglobal = j->nslots;
    j->global = NULL;
    if (j->nslots <= SMALL_FRAME)
        return true;
    j->nglobal = 0;
    defined = arena_alloc(&j->work, j->nslots * sizeof *defined);
    j->global = arena_take(&j->work, j->nslots * sizeof *j->global);
    j->global_slot = arena_take(&j->work, j->nslots * sizeof *j->global_slot);
    if (!defined || !j->global || !j->global_slot)
        return false;
    memset(j->global, 0xff, j->nslots * sizeof *j->global);
    for (uint32_t b = 0; b < j->nblocks; b++)
        for (uint32_t x = j->blocks[b].op; x < j->blocks[b].op_end; x++) {
            const struct operands *o = &j->ops[x];

            for (uint32_t k = 0; k < o->uses; k++)
                see_use(j, defined, o->use[k], 1, b);
            for (uint32_t k = 0; k < o->ranges; k++)
                see_use(j, defined, o->reads[k], o->nreads[k], b);
            if (o->defines)
                defined[o->def] = b + 1;
            for (uint32_t k = 0; k < o->nwrites; k++)
                defined[o->writes + k] = b + 1;
        }
    return true;
}

/* ---- live sets ---- */

static void
read_first(const struct jit *j, uint64_t *in, const uint64_t *kills,
           uint32_t slot)
{
    uint32_t g = jit_bit(j, slot);

    if (g != NONE)
        in[g / 64] |= (uint64_t)1 << g % 64 & ~kills[g / 64];
}

static void
kill(const struct jit *j, uint64_t *kills, uint32_t slot)
{
    uint32_t g = jit_bit(j, slot);

    if (g != NONE)
        kills[g / 64] |= (uint64_t)1 << g % 64;
}

/* live_in starts as what the block reads first. */
static void
local_sets(struct jit *j, uint64_t *kills)
{
    for (uint32_t b = 0; b < j->nblocks; b++) {
        uint64_t *in = j->live_in + (size_t)b * j->words;
        uint64_t *ks = kills + (size_t)b * j->words;

        for (uint32_t x = j->blocks[b].op; x < j->blocks[b].op_end; x++) {
            const struct operands *o = &j->ops[x];

            for (uint32_t k = 0; k < o->uses; k++)
                read_first(j, in, ks, o->use[k]);
            for (uint32_t r = 0; r < o->ranges; r++)
                for (uint32_t k = 0; k < o->nreads[r]; k++)
                    read_first(j, in, ks, o->reads[r] + k);
            if (o->defines)
                kill(j, ks, o->def);
            for (uint32_t k = 0; k < o->nwrites; k++)
                kill(j, ks, o->writes + k);
        }
    }
}

static void
join(const struct jit *j, uint64_t *out, uint32_t b)
{
    const uint64_t *in = j->live_in + (size_t)b * j->words;

    for (uint32_t w = 0; w < j->words; w++)
        out[w] |= in[w];
}

static void
flow_out(struct jit *j, const struct jit_block *k, uint64_t *out)
{
    if (k->next != NONE)
        join(j, out, k->next);
    if (k->taken != NONE)
        join(j, out, k->taken);
    if (k->flow == FLOW_TABLE)
        for (uint32_t r = j->ops[k->op_end - 1].at + 1; r < k->end; r++)
            join(j, out, j->block_at[r + (uint32_t)j->code[r].imm]);
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
        if (pass == MOST_PASSES)
            return false;
        changed = false;
        for (uint32_t b = j->nblocks; b-- > 0;) {
            uint64_t *in = j->live_in + (size_t)b * j->words;
            uint64_t *out = j->live_out + (size_t)b * j->words;
            const uint64_t *ks = kills + (size_t)b * j->words;

            flow_out(j, &j->blocks[b], out);
            for (uint32_t w = 0; w < j->words; w++) {
                uint64_t v = in[w] | (out[w] & ~ks[w]);

                changed |= v != in[w];
                in[w] = v;
            }
        }
        if (!j->loops)
            break; /* all came in order */
    }
    return true;
}

/* What handlers find must be in slots at all times. */
static void
handlers_read_memory(struct jit *j)
{
    for (uint32_t b = 0; b < j->nblocks && j->t->nhandlers; b++) {
        const uint64_t *in = j->live_in + (size_t)b * j->words;

        if (!(j->blocks[b].mark & MARK_HANDLER))
            continue;
        for (uint32_t g = 0; g < j->nglobal; g++)
            if (in[g / 64] >> g % 64 & 1)
                j->in_memory[jit_slot_of_bit(j, g)] = 1;
    }
}

bool
jit_live(struct jit *j)
{
    j->nglobal = j->words = 0;
    j->live_in = j->live_out = NULL;
    j->in_memory = arena_alloc(&j->work, j->nslots);
    if (!j->in_memory || !find_globals(j))
        return false;
    if (find_live(j))
        handlers_read_memory(j);
    else
        j->live_in = NULL; /* all in memory */
    return true;
}
#endif
