/* SPDX-License-Identifier: Apache-2.0 */
/* Where values are: each in its register, in its slot, or in both. */
#include "config.h"

#if ENGINE_JIT
#include "jit/emit.h"

void
jit_move(struct jit *j, unsigned file, unsigned to, unsigned from,
         uint32_t slot, uint32_t i)
{
    if (to != from)
        PUT((file ? ST_fmov : ST_mov) + to * 9 + from, .b = slot);
}

void
jit_constant(struct jit *j, unsigned r, uint64_t v, uint32_t i)
{
    if (v == 0)
        PUT(ST_zero + r);
    else if (v <= UINT32_MAX)
        PUT(ST_k_const32 + r, .k = v);
    else
        PUT(ST_k_const64 + r, .k = v);
}

void
jit_begin_segments(struct jit *j, uint32_t pos)
{
    uint32_t at = j->next_segment;

    while (at && j->segments[at - 1].start <= pos) {
        const struct segment *s = &j->segments[--at];
        unsigned file = jit_file_of(s);

        j->current[s->slot] = at;
        if (!s->reg)
            continue;
        j->owner[file][s->reg] = at;
        j->owned[file] |= 1u << s->reg;
        j->valid[file] |= 1u << s->reg;
        if (s->write_through || s->clean)
            j->dirty[file] &= ~(1u << s->reg);
        else
            j->dirty[file] |= 1u << s->reg;
    }
    j->next_segment = at;
    j->next_start = at ? j->segments[at - 1].start : NONE;
}

void
jit_load_reg(struct jit *j, const struct segment *s, uint32_t i)
{
    jit_move(j, jit_file_of(s), s->reg, IN_SLOT, s->slot, i);
    j->valid[jit_file_of(s)] |= 1u << s->reg;
    j->dirty[jit_file_of(s)] &= ~(1u << s->reg);
}

void
jit_store_reg(struct jit *j, const struct segment *s, uint32_t i)
{
    PUT((jit_file_of(s) ? ST_fstore : ST_store) + s->reg, .a = s->slot);
    j->dirty[jit_file_of(s)] &= ~(1u << s->reg);
}

/* The slot itself holds the value, whatever register does as well. */
static void
flush(struct jit *j, uint32_t slot, uint32_t i)
{
    const struct segment *s = jit_segment_at(j, slot, 2 * i);

    if (s && j->dirty[jit_file_of(s)] >> s->reg & 1)
        jit_store_reg(j, s, i);
}

void
jit_flush_range(struct jit *j, uint32_t slot, uint32_t n, uint32_t i)
{
    for (; n; n--, slot++)
        flush(j, slot, i);
}

void
jit_written(struct jit *j, uint32_t slot, uint32_t i)
{
    const struct segment *s = jit_segment_at(j, slot, 2 * i + 1);

    if (s) {
        j->valid[jit_file_of(s)] &= ~(1u << s->reg);
        j->dirty[jit_file_of(s)] &= ~(1u << s->reg);
    }
}

void
jit_note_copy(struct jit *j, unsigned file, unsigned reg, uint32_t slot,
              uint32_t i)
{
    jit_written(j, slot, i);
    j->copy.at = j->at;
    j->copy.slot = slot;
    j->copy.file = (uint8_t)file;
    j->copy.reg = (uint8_t)reg;
}

void
jit_store_copy(struct jit *j, unsigned file, unsigned reg, uint32_t slot,
               uint32_t i)
{
    PUT((file ? ST_fstore : ST_store) + reg, .a = slot);
    jit_note_copy(j, file, reg, slot, i);
}

/*
 * Is a slot's value still in the register that it was stored from? Only right
 * behind the store: between two instructions nothing else becomes that
 * register's, and where blocks begin there is no copy.
 */
static bool
is_copy(const struct jit *j, uint32_t slot, unsigned file)
{
    return j->copy.at == j->at && j->copy.slot == slot && j->copy.file == file;
}

unsigned
jit_source(struct jit *j, uint32_t slot, unsigned file, uint32_t i)
{
    const struct segment *s = jit_segment_at(j, slot, 2 * i);

    if (!s)
        return is_copy(j, slot, file) && j->copy.reg ? j->copy.reg : IN_SLOT;
    if (jit_file_of(s) != file) {
        flush(j, slot, i);
        return IN_SLOT;
    }
    if (!(j->valid[file] >> s->reg & 1))
        jit_load_reg(j, s, i);
    return s->reg;
}

bool
jit_is_fresh(const struct jit *j, uint32_t slot)
{
    return is_copy(j, slot, 0);
}

unsigned
jit_fresh_source(struct jit *j, uint32_t slot, uint32_t i)
{
    if (!jit_segment_at(j, slot, 2 * i) && jit_is_fresh(j, slot))
        return j->copy.reg;
    return jit_int_source(j, slot, i);
}

unsigned
jit_int_source(struct jit *j, uint32_t slot, uint32_t i)
{
    return jit_source(j, slot, 0, i);
}

unsigned
jit_in_register(struct jit *j, uint32_t slot, uint32_t i)
{
    unsigned x = jit_fresh_source(j, slot, i);

    if (x != IN_SLOT)
        return x;
    jit_move(j, 0, 0, IN_SLOT, slot, i);
    return 0;
}

void
jit_scratch32(struct jit *j, uint32_t slot, uint32_t i)
{
    unsigned x = jit_fresh_source(j, slot, i);

    if (x == IN_SLOT)
        PUT(ST_load32, .b = slot);
    else
        jit_move(j, 0, 0, x, 0, i);
}

unsigned
jit_target(struct jit *j, uint32_t slot, unsigned file, uint32_t i)
{
    const struct segment *s;

    jit_advance(j, 2 * i + 1);
    s = jit_segment_at(j, slot, 2 * i + 1);
    return s && jit_file_of(s) == file ? s->reg : 0;
}

void
jit_finish(struct jit *j, uint32_t slot, unsigned file, unsigned reg,
           uint32_t i)
{
    const struct segment *s = jit_segment_at(j, slot, 2 * i + 1);

    if (reg) {
        j->valid[file] |= 1u << reg;
        j->dirty[file] |= 1u << reg;
        if (s->write_through)
            jit_store_reg(j, s, i);
        return;
    }
    jit_store_copy(j, file, 0, slot, i);
}

void
jit_result(struct jit *j, uint32_t slot, unsigned file, uint32_t i)
{
    unsigned d = jit_target(j, slot, file, i);

    jit_move(j, file, d, 0, 0, i);
    jit_finish(j, slot, file, d, i);
}

/* The registers of those in bits whose values are wanted at pos or later. */
static uint32_t
live(const struct jit *j, unsigned file, uint32_t bits, uint32_t pos)
{
    uint32_t out = 0;

    for (; bits; bits &= bits - 1) {
        uint32_t r = (uint32_t)__builtin_ctz(bits);
        const struct segment *s = &j->segments[j->owner[file][r]];

        if (s->reg == r && s->end >= pos)
            out |= 1u << r;
    }
    return out;
}

void
jit_save_all(struct jit *j, uint32_t i)
{
    for (unsigned file = 0; file < 2; file++)
        for (uint32_t bits =
                 live(j, file, j->owned[file] & j->valid[file] & j->dirty[file],
                      2 * i + 1);
             bits; bits &= bits - 1)
            jit_store_reg(j, &j->segments[j->owner[file][__builtin_ctz(bits)]],
                          i);
}

void
jit_forget_all(struct jit *j)
{
    j->valid[0] = j->valid[1] = 0;
    j->dirty[0] = j->dirty[1] = 0;
}

void
jit_restore_all(struct jit *j, uint32_t i)
{
    for (unsigned file = 0; file < 2; file++)
        for (uint32_t bits =
                 live(j, file, j->owned[file] & ~j->valid[file], 2 * i + 1);
             bits; bits &= bits - 1)
            jit_load_reg(j, &j->segments[j->owner[file][__builtin_ctz(bits)]],
                         i);
}

void
jit_block_state(struct jit *j)
{
    j->copy.at = SIZE_MAX;
    for (unsigned file = 0; file < 2; file++) {
        j->valid[file] = 0xff;
        j->dirty[file] = 0;
        for (uint32_t bits = j->owned[file]; bits; bits &= bits - 1) {
            uint32_t r = (uint32_t)__builtin_ctz(bits);
            const struct segment *s = &j->segments[j->owner[file][r]];

            if (!s->write_through && !s->clean)
                j->dirty[file] |= 1u << r;
        }
    }
}

/* The slots of registers, behind those that are noted already. */
static void
note_slots(struct jit *j, unsigned file, uint32_t bits)
{
    for (; bits; bits &= bits - 1) {
        if (j->nslots_cold == j->slots_cap &&
            !t_grow(j->t, &j->slots, &j->slots_cap, sizeof *j->slots)) {
            j->failed = true;
            return;
        }
        j->slots[j->nslots_cold++] =
            j->segments[j->owner[file][__builtin_ctz(bits)]].slot;
    }
}

void
jit_note_dirty(struct jit *j, uint32_t i)
{
    struct cold *c;

    if (j->failed)
        return;
    c = &j->colds[j->ncolds - 1];
    c->slots = j->nslots_cold;
    for (unsigned file = 0; file < 2; file++) {
        c->dirty[file] = (uint8_t)live(
            j, file, j->owned[file] & j->valid[file] & j->dirty[file], 2 * i);
        note_slots(j, file, c->dirty[file]);
    }
    c->live_slots = j->nslots_cold;
    for (unsigned file = 0; file < 2; file++) {
        c->live[file] =
            (uint8_t)live(j, file, j->owned[file] & j->valid[file], 2 * i);
        note_slots(j, file, c->live[file]);
    }
}

void
jit_load_live(struct jit *j, const struct cold *c)
{
    const uint32_t *slot = j->slots + c->live_slots;

    for (unsigned file = 0; file < 2; file++)
        for (uint32_t bits = c->live[file]; bits; bits &= bits - 1)
            jit_move(j, file, (unsigned)__builtin_ctz(bits), IN_SLOT, *slot++,
                     c->insn);
}

void
jit_store_dirty(struct jit *j, const struct cold *c)
{
    const uint32_t *slot = j->slots + c->slots;
    uint32_t i = c->insn;

    for (unsigned file = 0; file < 2; file++)
        for (uint32_t bits = c->dirty[file]; bits; bits &= bits - 1)
            PUT((file ? ST_fstore : ST_store) + (unsigned)__builtin_ctz(bits),
                .a = *slot++);
}
#endif
