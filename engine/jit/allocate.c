/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear scan: segments in order of their start get a free register; when there
 * is none, the one that gains least per instruction stays in its slot.
 */
#include "config.h"

#if ENGINE_JIT
#include "jit.h"

static float
density(const struct segment *s)
{
    return s->benefit / (float)(s->end - s->start + 4);
}

static void
place(struct jit *j, uint32_t active[NREGS], uint32_t at)
{
    struct segment *s = &j->segments[at];
    uint32_t best = 0, free = 0;
    float least = density(s);

    for (uint32_t r = 1; r < NREGS; r++) {
        const struct segment *a;

        if (active[r] != NONE && j->segments[active[r]].end < s->start) {
            if (j->segments[active[r]].slot == s->hint &&
                j->segments[active[r]].end + 1 == s->start)
                best = r;
            active[r] = NONE;
        }
        if (active[r] == NONE) {
            free = r;
            continue;
        }
        a = &j->segments[active[r]];
        if (density(a) < least && !free && !best) {
            least = density(a);
        }
    }
    if (!best)
        best = free;
    if (!best) {
        for (uint32_t r = 1; r < NREGS; r++)
            if (density(&j->segments[active[r]]) == least) {
                j->segments[active[r]].reg = 0;
                best = r;
                break;
            }
        if (!best)
            return; /* s itself gains least */
    }
    active[best] = at;
    s->reg = (uint8_t)best;
}

void
jit_allocate(struct jit *j)
{
    uint32_t active[2][NREGS];

    memset(active, 0xff, sizeof active);
    for (uint32_t i = 0; i < j->nsegments; i++)
        if (j->segments[i].benefit > 0)
            place(j, active[j->segments[i].class == DBL], i);
}
#endif
