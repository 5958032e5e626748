/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear scan: segments in order of their start get a free register; when there
 * is none, the one that gains least per instruction stays in its slot.
 */
#include "config.h"

#if ENGINE_JIT
#include "jit.h"

struct active {   /* what holds a register, ... */
    uint32_t end; /* ... up to there */
    uint32_t at;  /* in jit->segments, NONE: nothing does */
    float density;
};

static void
place(struct jit *j, struct active active[NREGS], uint32_t at)
{
    struct segment *s = &j->segments[at];
    uint32_t best = 0, free = 0, least = 0;
    float density = s->density;

    for (uint32_t r = 1; r < NREGS; r++) {
        struct active *a = &active[r];

        if (a->at != NONE && a->end < s->start) {
            if (a->end + 1 == s->start && j->segments[a->at].slot == s->hint)
                best = r;
            a->at = NONE;
        }
        if (a->at == NONE) {
            free = r;
        } else if (a->density < density) {
            density = a->density;
            least = r;
        }
    }
    if (!best)
        best = free;
    if (!best && least) {
        j->segments[active[least].at].reg = 0;
        best = least;
    }
    if (!best)
        return; /* s itself gains least */
    active[best] =
        (struct active){.end = s->end, .at = at, .density = s->density};
    s->reg = (uint8_t)best;
}

void
jit_allocate(struct jit *j)
{
    struct active active[2][NREGS];

    memset(active, 0xff, sizeof active);
    for (uint32_t i = j->nsegments; i-- > 0;)
        if (j->segments[i].benefit > 0)
            place(j, active[j->segments[i].class == DBL], i);
}
#endif
