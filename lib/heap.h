/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pairing heap: a priority queue whose nodes lie inside the queued objects,
 * so that queueing never fails for want of memory. Smallest key first; equal
 * keys in no particular order. Insert O(1), the rest O(log n) amortised.
 *
 *     root --child--> a --next--> b --next--> c     (each smaller than its
 *                     |                              own children)
 *                     `-child--> ...
 */
#ifndef PITH_HEAP_H
#define PITH_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct heap_node {
    struct heap_node *child, *next;
    struct heap_node *prev; /* left neighbour, or parent of a first child */
    uint64_t key;
    bool queued;
};
struct heap {
    struct heap_node *root;
};

/* n must not be queued. */
void heap_insert(struct heap *h, struct heap_node *n, uint64_t key);
/* Nothing when n is not queued. */
void heap_remove(struct heap *h, struct heap_node *n);
/* The smallest, still queued; NULL when empty. */
static inline struct heap_node *
heap_first(const struct heap *h)
{
    return h->root;
}

#endif
