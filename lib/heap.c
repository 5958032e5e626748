/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairing heap; see heap.h. Fredman, Sedgewick, Sleator, Tarjan: "The pairing
 * heap", 1986; two-pass merging, without recursion.
 */
#include "heap.h"

#include <stddef.h>

/* Both are roots; the larger becomes the first child of the smaller. */
static struct heap_node *
meld(struct heap_node *a, struct heap_node *b)
{
    if (!a)
        return b;
    if (!b)
        return a;
    if (b->key < a->key) {
        struct heap_node *t = a;

        a = b;
        b = t;
    }
    b->next = a->child;
    if (a->child)
        a->child->prev = b;
    b->prev = a;
    a->child = b;
    return a;
}

/* Make one tree of a list of siblings: pairs left to right, then all of them
 * right to left. */
static struct heap_node *
meld_siblings(struct heap_node *n)
{
    struct heap_node *done = NULL, *root = NULL;

    while (n) {
        struct heap_node *a = n, *b = n->next, *rest = b ? b->next : NULL;

        a->next = a->prev = NULL;
        if (b)
            b->next = b->prev = NULL;
        a = meld(a, b);
        a->next = done;
        done = a;
        n = rest;
    }
    while (done) {
        struct heap_node *rest = done->next;

        done->next = NULL;
        root = meld(root, done);
        done = rest;
    }
    return root;
}

void
heap_insert(struct heap *h, struct heap_node *n, uint64_t key)
{
    n->child = n->next = n->prev = NULL;
    n->key = key;
    n->queued = true;
    h->root = meld(h->root, n);
}

void
heap_remove(struct heap *h, struct heap_node *n)
{
    struct heap_node *rest;

    if (!n->queued)
        return;
    rest = meld_siblings(n->child);
    if (n == h->root) {
        h->root = rest;
    } else {
        if (n->prev->child == n)
            n->prev->child = n->next;
        else
            n->prev->next = n->next;
        if (n->next)
            n->next->prev = n->prev;
        h->root = meld(h->root, rest);
    }
    n->child = n->next = n->prev = NULL;
    n->queued = false;
}
