/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacks stencils; tools/stencils/pack.h says how they are packed. */
#include "config.h"

#if ENGINE_JIT
#define STENCIL_PACKED
#include "jit/stencils.h"

#include "jit/jit.h"

#include <pthread.h>

_Static_assert(STENCIL_MOST >= 16, "words are written and read past the end");
_Atomic uint64_t stencil_records[ST_COUNT];
uint8_t stencil_bytes[STENCIL_BYTES + STENCIL_MOST];

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards: */
static uint32_t used;                                     /* of stencil_bytes */
static bool unpacked[STENCIL_GROUPS];

static struct stencil
get(unsigned number)
{
    uint64_t v =
        atomic_load_explicit(&stencil_records[number], memory_order_relaxed);
    struct stencil s;

    memcpy(&s, &v, sizeof s);
    return s;
}

static void
set(unsigned number, struct stencil s)
{
    uint64_t v;

    memcpy(&v, &s, sizeof v);
    atomic_store_explicit(&stencil_records[number], v, memory_order_release);
}

static uint64_t
word(uint32_t at)
{
    uint64_t v;

    memcpy(&v, stencil_bytes + at, sizeof v);
    return v;
}

/* The stencil that a rule makes of others: its bytes go to the next place, and
 * perhaps some more, where there is nothing yet. */
static struct stencil
by_rule(unsigned group, unsigned i, unsigned rule)
{
    unsigned p = stencil_rules[rule].p, q = stencil_rules[rule].q;
    struct stencil s;
    uint32_t x, y, z;

    if (!p)
        p = stencil_groups[group].first -
            (unsigned)stencil_groups[stencil_groups[group].like].first;
    s = get(i - p);
    x = s.at;
    y = q ? get(i - q).at : 0;
    z = q ? get(i - p - q).at : 0;
    s.at = used;
    for (unsigned k = 0; k < s.size; k += 8) {
        uint64_t v = word(x + k) ^ word(y + k) ^ word(z + k);

        memcpy(stencil_bytes + used + k, &v, sizeof v);
    }
    return s;
}

/* Both ends of another, and what is between: d head n tail holes bytes. */
static struct stencil
by_splice(unsigned i, const uint8_t *p)
{
    struct stencil from = get(i - p[0]);
    unsigned head = p[1], n = p[2], tail = p[3];
    struct stencil s = {(uint16_t)(head + n + tail),
                        (uint16_t)(p[4] | p[5] << 8), used};
    const uint8_t *bytes = stencil_bytes + from.at;
    uint8_t *to = stencil_bytes + used;

    memcpy(to, bytes, head);
    memcpy(to + head, p + 6, n);
    memcpy(to + head + n, bytes + from.size - tail, tail);
    return s;
}

static void
unpack_group(unsigned group)
{
    const uint8_t *p = stencil_packed + stencil_groups[group].at;
    unsigned i = stencil_groups[group].first, rule = 0;
    unsigned end = stencil_groups[group + 1].first;

    while (i < end) {
        unsigned n = 1, patches = 0;
        struct stencil s;

        switch (*p++) {
        case PACK_ABSENT:
            i += *p++ + 1u;
            continue;
        case PACK_AGAIN:
            n = *p++ + 1u;
            break;
        case PACK_PATCH:
            rule = *p++;
            patches = *p++;
            break;
        case PACK_SPLICE:
            s = by_splice(i, p);
            p += 6 + p[2];
            n = 0;
            break;
        case PACK_LITERAL:
            s = (struct stencil){(uint16_t)(p[0] | p[1] << 8),
                                 (uint16_t)(p[2] | p[3] << 8), used};
            memcpy(stencil_bytes + used, p + 4, s.size);
            p += 4 + s.size;
            n = 0;
            break;
        default:
            rule = p[-1];
            break;
        }
        for (unsigned k = 0; k < (n ? n : 1); k++) {
            if (n)
                s = by_rule(group, i, rule);
            for (; patches; patches--, p += 2)
                stencil_bytes[used + p[0]] ^= p[1];
            used += s.size;
            set(i++, s);
        }
    }
    unpacked[group] = true;
}

/* First what it is like; that is few deep. */
static void
unpack(unsigned group)
{
    unsigned like[8], n = 0;

    for (; !unpacked[group]; group = stencil_groups[group].like) {
        like[n++] = group;
        if (stencil_groups[group].like == group)
            break;
    }
    while (n)
        unpack_group(like[--n]);
}

uint64_t
stencil_unpack(unsigned number)
{
    unsigned low = 0, high = STENCIL_GROUPS;

    while (high - low > 1) {
        unsigned mid = (low + high) / 2;

        if (stencil_groups[mid].first <= number)
            low = mid;
        else
            high = mid;
    }
    pthread_mutex_lock(&mutex);
    if (!unpacked[low])
        unpack(low);
    pthread_mutex_unlock(&mutex);
    return atomic_load_explicit(&stencil_records[number], memory_order_relaxed);
}

#endif
