/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live segments, found walking backwards: a use opens one, the definition that
 * it sees closes it. Where a branch carries a value over code that does not use
 * it, and around loops, a segment is kept open (cover): so each edge of the
 * flow lies within one segment.
 */
#include "config.h"

#if ENGINE_JIT
#include "jit.h"

struct open {
    uint32_t end, cover;
    float uses, defs, memory, ints, floats;
    float calls; /* of those behind it */
    bool open;
};

struct walk_back {
    struct jit *j;
    struct open *at; /* per slot */
    uint64_t *open;  /* global slots, as bits */
    float weight;
    float calls; /* weight of those seen so far */
};

static void
open_at(struct walk_back *w, uint32_t slot, uint32_t pos)
{
    struct open *o = &w->at[slot];
    uint32_t g;

    if (o->open)
        return;
    *o = (struct open){
        .end = pos, .cover = NONE, .calls = w->calls, .open = true};
    g = jit_bit(w->j, slot);
    if (g != NONE)
        w->open[g / 64] |= (uint64_t)1 << g % 64;
}

static void
close_at(struct walk_back *w, uint32_t slot, uint32_t pos, uint32_t hint)
{
    struct jit *j = w->j;
    struct open *o = &w->at[slot];
    uint32_t g = jit_bit(j, slot);
    float calls, through;
    struct segment *s;

    o->open = false;
    if (g != NONE)
        w->open[g / 64] &= ~((uint64_t)1 << g % 64);
    if (j->in_memory[slot])
        return;
    if (j->nsegments == j->segments_cap &&
        !t_grow(j->t, &j->segments, &j->segments_cap, sizeof *j->segments)) {
        j->failed = true;
        return;
    }
    calls = w->calls - o->calls;
    through = o->defs < calls ? o->defs : calls;
    s = &j->segments[j->nsegments++];
    *s = (struct segment){.slot = slot,
                          .start = pos,
                          .end = o->end,
                          .hint = hint,
                          .benefit =
                              o->uses + o->defs - o->memory - calls - through,
                          .class = o->floats > o->ints ? DBL : INT,
                          .write_through = o->defs < calls,
                          .clean = o->defs == 0};
    if (pos == 0)
        s->benefit -= 1;
    s->density = s->benefit / (float)(s->end - s->start + 4);
}

static void
vote(struct open *o, enum reg_class c, float weight)
{
    if (c == INT)
        o->ints += weight;
    else if (c == DBL || c == FLT)
        o->floats += weight;
}

static void
see_read(struct walk_back *w, uint32_t slot, uint32_t n, uint32_t pos)
{
    for (; n; n--, slot++) {
        open_at(w, slot, pos);
        w->at[slot].memory += w->weight;
    }
}

static void
see_def(struct walk_back *w, uint32_t slot, enum reg_class c, uint32_t pos,
        uint32_t hint)
{
    struct open *o = &w->at[slot];

    if (!o->open)
        return; /* nobody reads it */
    if (c != MEM) {
        o->defs += w->weight;
        vote(o, c, w->weight);
    } else {
        o->memory += w->weight;
    }
    if (o->cover == NONE || o->cover >= pos)
        close_at(w, slot, pos, hint);
}

static void
instruction(struct walk_back *w, const struct operands *o)
{
    uint32_t pos = 2 * o->at;

    if (o->defines)
        see_def(w, o->def, o->def_class, pos + 1, o->uses ? o->use[0] : NONE);
    for (uint32_t k = 0; k < o->nwrites; k++)
        see_def(w, o->writes + k, MEM, pos + 1, NONE);
    if (o->calls)
        w->calls += w->weight;
    for (uint32_t k = 0; k < o->uses; k++) {
        open_at(w, o->use[k], pos);
        w->at[o->use[k]].uses += w->weight;
        vote(&w->at[o->use[k]], o->use_class[k], w->weight);
    }
    for (uint32_t k = 0; k < o->ranges; k++)
        see_read(w, o->reads[k], o->nreads[k], pos);
}

static float
weight_of(uint32_t depth)
{
    static const float weights[] = {1, 8, 64, 512, 4096, 32768};

    return weights[depth < 5 ? depth : 5];
}

/* The slot of the lowest bit of word w. */
static uint32_t
bit_slot(const struct jit *j, uint32_t w, uint64_t bits)
{
    return jit_slot_of_bit(j, w * 64 + (uint32_t)__builtin_ctzll(bits));
}

static void
cover_live_in(struct walk_back *w, uint32_t block, uint32_t pos)
{
    struct jit *j = w->j;
    const uint64_t *in = j->live_in + (size_t)block * j->words;

    for (uint32_t k = 0; k < j->words; k++)
        for (uint64_t bits = in[k]; bits; bits &= bits - 1) {
            struct open *o = &w->at[bit_slot(j, k, bits)];

            if (o->open && (o->cover == NONE || o->cover > pos))
                o->cover = pos;
        }
}

/* At the end of block b: open what is live, close what only the next block in
 * the order had. */
static void
block_end(struct walk_back *w, uint32_t b, const uint32_t *loops,
          const uint32_t *loop_of)
{
    struct jit *j = w->j;
    const struct jit_block *k = &j->blocks[b];
    const uint64_t *out = j->live_out + (size_t)b * j->words;
    uint32_t pos = 2 * (k->end - 1) + 1;

    for (uint32_t v = 0; v < j->words; v++) {
        for (uint64_t bits = w->open[v] & ~out[v]; bits; bits &= bits - 1) {
            uint32_t slot = bit_slot(j, v, bits);
            const struct open *o = &w->at[slot];

            if (o->cover == NONE || o->cover > pos)
                close_at(w, slot, 2 * k->end, NONE);
        }
        for (uint64_t bits = out[v] & ~w->open[v]; bits; bits &= bits - 1)
            open_at(w, bit_slot(j, v, bits), pos);
    }
    for (uint32_t h = loops[b]; h != NONE; h = loop_of[h])
        cover_live_in(w, h, 2 * j->blocks[h].first);
}

bool
jit_segments(struct jit *j)
{
    struct walk_back w = {.j = j};
    uint32_t *loops, *loop_of; /* headers whose last jump back is in a block */

    j->nsegments = 0;
    if (!j->live_in)
        return true;
    w.at = arena_alloc(&j->work, j->nslots * sizeof *w.at);
    w.open = arena_alloc(&j->work, (j->words + 1u) * 8);
    loops = arena_take(&j->work, j->nblocks * sizeof *loops);
    loop_of = arena_take(&j->work, j->nblocks * sizeof *loop_of);
    if (!w.at || !w.open || !loops || !loop_of)
        return false;
    memset(loops, 0xff, j->nblocks * sizeof *loops);
    for (uint32_t b = 0; b < j->nblocks; b++) {
        uint32_t back = j->blocks[b].back;

        if (back != NONE) {
            loop_of[b] = loops[back];
            loops[back] = b;
        }
    }
    for (uint32_t b = j->nblocks; b-- > 0 && !j->failed;) {
        const struct jit_block *k = &j->blocks[b];
        w.weight = weight_of(k->depth);
        block_end(&w, b, loops, loop_of);
        for (uint32_t x = k->op_end; x-- > k->op && !j->failed;)
            instruction(&w, &j->ops[x]);
        if (k->from != NONE)
            cover_live_in(&w, b, 2 * j->blocks[k->from].end - 1);
    }
    for (uint32_t s = 0; s < j->nslots && !j->failed; s++)
        if (w.at[s].open)
            close_at(&w, s, 0, NONE);
    return !j->failed;
}
#endif
