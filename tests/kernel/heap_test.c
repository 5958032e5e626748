/* SPDX-License-Identifier: Apache-2.0 */
/* The pairing heap against a plain search for the minimum. */
#include "heap.h"

#include <stdlib.h>

#include "test.h"

#define N 500

static uint32_t
next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static uint64_t
smallest(const struct heap_node *n)
{
    uint64_t min = UINT64_MAX;
    int i;

    for (i = 0; i < N; i++) {
        if (n[i].queued && n[i].key < min)
            min = n[i].key;
    }
    return min;
}

void
test_heap(void)
{
    static struct heap_node n[N];
    struct heap h = {0};
    uint32_t seed = 1, round;
    bool same = true;
    int left = 0, i;

    for (round = 0; round < 20000; round++) {
        struct heap_node *x = &n[next(&seed) % N], *first;

        if (x->queued)
            heap_remove(&h, x);
        else
            heap_insert(&h, x, next(&seed) % 1000);
        first = heap_first(&h);
        same &= (first ? first->key : UINT64_MAX) == smallest(n);
    }
    CHECK(same);
    for (i = 0; i < N; i++)
        left += n[i].queued;
    for (uint64_t last = 0; heap_first(&h); left--) {
        struct heap_node *x = heap_first(&h);

        same &= x->key >= last;
        last = x->key;
        heap_remove(&h, x);
    }
    CHECK(same && left == 0);
    heap_remove(&h, &n[0]); /* not queued: nothing */
    CHECK(!heap_first(&h));
}
