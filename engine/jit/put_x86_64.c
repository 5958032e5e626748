/* SPDX-License-Identifier: Apache-2.0 */
/* x86-64: stencils into the buffer, their holes filled. */
#include "config.h"

#if ENGINE_JIT && defined(__x86_64__)
#define STENCIL_DATA
#include "jit/emit.h"
#include "jit/stencils.h"

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

#define SHORT 0x800u /* in a hole: tools/stencils/x86_64.c */
#define MOST STENCIL_MOST

/* Copying a constant number of bytes is two instructions. */
static bool
copy(struct jit *j, uint32_t at, unsigned size)
{
    if (size > MOST || j->cap - j->at < MOST) {
        jit_bytes(j, stencil_bytes + at, size);
        return !j->failed;
    }
    memcpy(j->buf + j->at, stencil_bytes + at, MOST);
    j->at += size;
    return true;
}

/* Slots and offsets: the value that a hole gets, its addend aside. */
static uint32_t
displacement(const struct holes *h, unsigned kind)
{
    uint32_t v;

    memcpy(&v, (const char *)h + kind * sizeof v, sizeof v);
    return kind == HOLE_I ? v : v * 8;
}

/* A displacement of four bytes to one of one: mod in its modrm, the gap. */
static void
make_short(struct jit *j, uint8_t *to, bool sib, uint32_t v)
{
    uint8_t rest[MOST];

    to[sib ? -2 : -1] ^= 0xc0; /* 10 to 01 */
    *to = (uint8_t)v;
    memcpy(rest, to + 4, MOST);
    memcpy(to + 1, rest, MOST);
    j->at -= 3;
}

void
jit_put(struct jit *j, unsigned stencil, uint32_t insn, const struct holes *h)
{
    size_t start = j->at;
    struct stencil st = stencil_get(stencil);
    unsigned size = st.size, cut = 0;

    if (!st.holes) {
        j->failed = true;
        return;
    }
    if (!copy(j, st.at, size))
        return;
    for (const uint16_t *p = stencil_holes + st.holes - 1; *p != 0xffff; p++) {
        unsigned kind = *p >> 12;
        uint32_t at = (uint32_t)start + (*p & (SHORT - 1)) - cut;
        uint8_t *to = j->buf + at;

        if (kind <= HOLE_I) { /* nearly all */
            uint32_t v = displacement(h, kind);

            add32(to, v);
            memcpy(&v, to, sizeof v);
            if (*p & SHORT && v < 0x80 && j->cap - j->at > 2 * MOST) {
                make_short(j, to, kind == HOLE_I, v);
                cut += 3;
            }
            continue;
        }
        switch ((enum hole_kind)kind) {
        case HOLE_A:
        case HOLE_B:
        case HOLE_C:
        case HOLE_D:
        case HOLE_I:
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
