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
    bool open;
    bool begins; /* cover: do not close above it */
};

struct walk_back {
    struct jit *j;
    struct open *at; /* per slot */
    uint64_t *open;  /* global slots, as bits */
    float weight;
};

static void
open_at(struct walk_back *w, uint32_t slot, uint32_t pos)
{
    struct open *o = &w->at[slot];
    uint32_t g = w->j->global[slot];

    if (o->open)
        return;
    *o = (struct open){.end = pos, .cover = NONE, .open = true};
    if (g != NONE)
        w->open[g / 64] |= (uint64_t)1 << g % 64;
}

static void
close_at(struct walk_back *w, uint32_t slot, uint32_t pos, uint32_t hint)
{
    struct jit *j = w->j;
    struct open *o = &w->at[slot];
    uint32_t g = j->global[slot];
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
    calls = j->calls[o->end / 2] - j->calls[(pos + 1) / 2];
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
instruction(struct walk_back *w, uint32_t i)
{
    struct operands o;
    uint32_t pos = 2 * i;

    jit_operands(w->j, i, &o);
    if (o.def != NONE)
        see_def(w, o.def, o.def_class, pos + 1, o.uses ? o.use[0] : NONE);
    for (uint32_t k = 0; k < o.nwrites; k++)
        see_def(w, o.writes + k, MEM, pos + 1, NONE);
    for (uint32_t k = 0; k < o.uses; k++) {
        open_at(w, o.use[k], pos);
        w->at[o.use[k]].uses += w->weight;
        vote(&w->at[o.use[k]], o.use_class[k], w->weight);
    }
    see_read(w, o.reads, o.nreads, pos);
    see_read(w, o.reads2, o.nreads2, pos);
    see_read(w, o.reads3, o.nreads3, pos);
}

static float
weight_of(uint32_t depth)
{
    static const float weights[] = {1, 8, 64, 512, 4096, 32768};

    return weights[depth < 5 ? depth : 5];
}

static void
cover_live_in(struct walk_back *w, uint32_t block, uint32_t pos)
{
    struct jit *j = w->j;
    const uint64_t *in = j->live_in + (size_t)block * j->words;

    for (uint32_t k = 0; k < j->words; k++)
        for (uint64_t bits = in[k]; bits; bits &= bits - 1) {
            struct open *o =
                &w->at[j->global_slot[k * 64 +
                                      (uint32_t)__builtin_ctzll(bits)]];

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
            uint32_t slot =
                j->global_slot[v * 64 + (uint32_t)__builtin_ctzll(bits)];
            const struct open *o = &w->at[slot];

            if (o->cover == NONE || o->cover > pos)
                close_at(w, slot, 2 * k->end, NONE);
        }
        for (uint64_t bits = out[v] & ~w->open[v]; bits; bits &= bits - 1)
            open_at(w, j->global_slot[v * 64 + (uint32_t)__builtin_ctzll(bits)],
                    pos);
    }
    for (uint32_t h = loops[b]; h != NONE; h = loop_of[h])
        cover_live_in(w, h, 2 * j->blocks[h].first);
}

static bool
count_calls(struct jit *j)
{
    j->calls = arena_alloc(&j->work, (j->n + 1u) * sizeof *j->calls);
    if (!j->calls)
        return false;
    for (uint32_t b = 0; b < j->nblocks; b++)
        for (uint32_t i = j->blocks[b].first; i < j->blocks[b].end; i++)
            if (j->mark[i] & MARK_CALLS)
                j->calls[i + 1] = weight_of(j->blocks[b].depth);
    for (uint32_t i = 1; i <= j->n; i++)
        j->calls[i] += j->calls[i - 1];
    return true;
}

bool
jit_segments(struct jit *j)
{
    struct walk_back w = {.j = j};
    uint32_t *loops, *loop_of; /* headers whose last jump back is in a block */
    uint32_t *order;

    j->nsegments = 0;
    if (!j->live_in)
        return true;
    w.at = arena_alloc(&j->work, j->nslots * sizeof *w.at);
    w.open = arena_alloc(&j->work, (j->words + 1u) * 8);
    loops = arena_alloc(&j->work, j->nblocks * sizeof *loops);
    loop_of = arena_alloc(&j->work, j->nblocks * sizeof *loop_of);
    order = arena_alloc(&j->work, j->n * sizeof *order);
    if (!w.at || !w.open || !loops || !loop_of || !order || !count_calls(j))
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
        uint32_t n = 0;

        w.weight = weight_of(k->depth);
        block_end(&w, b, loops, loop_of);
        for (uint32_t i = k->first; i < k->end; i += j->length[i])
            order[n++] = i;
        while (n-- > 0 && !j->failed)
            instruction(&w, order[n]);
        if (k->from != NONE)
            cover_live_in(&w, b, 2 * j->blocks[k->from].end - 1);
    }
    for (uint32_t s = 0; s < j->nslots && !j->failed; s++)
        if (w.at[s].open)
            close_at(&w, s, 0, NONE);
    for (uint32_t a = 0, z = j->nsegments; z > a + 1; a++) {
        struct segment swap = j->segments[a];

        j->segments[a] = j->segments[--z];
        j->segments[z] = swap;
    }
    return !j->failed;
}
#endif
