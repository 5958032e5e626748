/* SPDX-License-Identifier: Apache-2.0 */
/* x86-64: stencils into the buffer, their holes filled. */
#include "config.h"

#if ENGINE_JIT && defined(__x86_64__)
#define STENCIL_DATA
#include "jit/emit.h"

void
jit_patch(struct jit *j, uint32_t at, uint32_t target)
{
    uint32_t v;

    memcpy(&v, j->buf + at, sizeof v);
    v += target - at;
    memcpy(j->buf + at, &v, sizeof v);
}

uint32_t
jit_pool_size(void)
{
    return sizeof stencil_pool;
}

void
jit_pool_copy(void *to)
{
    memcpy(to, stencil_pool, sizeof stencil_pool);
}

static void
add32(uint8_t *p, uint64_t v)
{
    uint32_t old;

    memcpy(&old, p, sizeof old);
    old += (uint32_t)v;
    memcpy(p, &old, sizeof old);
}

#define MOST 32u /* few stencils are longer */

/* Copying a constant number of bytes is two instructions. */
static bool
copy(struct jit *j, uint32_t at, unsigned size)
{
    if (size > MOST || j->cap - j->at < MOST ||
        at > sizeof stencil_bytes - MOST) {
        jit_bytes(j, stencil_bytes + at, size);
        return !j->failed;
    }
    memcpy(j->buf + j->at, stencil_bytes + at, MOST);
    j->at += size;
    return true;
}

void
jit_put(struct jit *j, unsigned stencil, uint32_t insn, const struct holes *h)
{
    size_t start = j->at;
    unsigned size = stencils[stencil].size;

    if (!stencils[stencil].holes) {
        j->failed = true;
        return;
    }
    if (!copy(j, stencils[stencil].at, size))
        return;
    for (const uint16_t *p = stencil_holes + stencils[stencil].holes - 1;
         *p != 0xffff; p++) {
        uint32_t at = (uint32_t)start + (*p & 0xfff);
        uint8_t *to = j->buf + at;

        if (*p >> 12 <= HOLE_D) { /* nearly all */
            uint32_t slot;

            memcpy(&slot, (const char *)h + (*p >> 12) * sizeof slot,
                   sizeof slot);
            add32(to, slot * 8u);
            continue;
        }
        switch ((enum hole_kind)(*p >> 12)) {
        case HOLE_A:
        case HOLE_B:
        case HOLE_C:
        case HOLE_D:
            break;
        case HOLE_I:
            add32(to, h->i);
            break;
        case HOLE_NEXT:
            add32(to, start + size - at);
            break;
        case HOLE_TAKEN:
            jit_fixup(j, at, h->taken);
            break;
        case HOLE_TRAP:
            jit_cold(j, at, insn,
                     stencil == ST_loop             ? HELPER_LOOP
                     : stencil == ST_k_find_element ? HELPER_INDIRECT
                     : stencil == ST_find_ref       ? HELPER_INDIRECT
                                                    : HELPER_TRAP);
            break;
        case HOLE_K32:
            add32(to, h->k);
            break;
        case HOLE_K32_NEG:
            add32(to, 0 - h->k);
            break;
        case HOLE_K8:
            *to = (uint8_t)h->k;
            break;
        case HOLE_K16:
            memcpy(to, &h->k, 2);
            break;
        case HOLE_K64:
            memcpy(to, &h->k, 8);
            break;
        case HOLE_CONST: /* memory.c knows where */
            jit_fixup(j, at, JIT_POOL);
            break;
        }
    }
}
#endif
