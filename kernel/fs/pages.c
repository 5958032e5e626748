/* SPDX-License-Identifier: Apache-2.0 */
/* The radix tree; see pages.h. */
#include "pages.h"

#include "../host.h"
#include "pith_errno.h"

#define BITS 6u
#define WAYS (1u << BITS)
#define MAX_HEIGHT 11u /* 11 * 6 >= 64 */

struct page_node {
    void *slot[WAYS]; /* nodes, or values at the bottom */
    uint32_t used;
};

static unsigned
way(uint64_t index, uint32_t level)
{
    return (unsigned)(index >> (level * BITS)) & (WAYS - 1);
}

/* Does a tree of this height reach index? */
static bool
reaches(uint32_t height, uint64_t index)
{
    return height >= MAX_HEIGHT || index >> (height * BITS) == 0;
}

void *
page_tree_get(const struct page_tree *t, uint64_t index)
{
    struct page_node *n = t->root;

    if (!n || !reaches(t->height, index))
        return NULL;
    for (uint32_t level = t->height - 1; n && level > 0; level--)
        n = n->slot[way(index, level)];
    return n ? n->slot[way(index, 0)] : NULL;
}

static int
grow(struct page_tree *t, uint64_t index)
{
    while (t->height == 0 || !reaches(t->height, index)) {
        struct page_node *n = host_alloc(sizeof *n);
        if (!n)
            return -E_NOMEM;
        if (t->root) {
            n->slot[0] = t->root;
            n->used = 1;
        }
        t->root = n;
        t->height++;
        t->bytes += sizeof *n;
    }
    return 0;
}

int
page_tree_set(struct page_tree *t, uint64_t index, void *value)
{
    struct page_node *n;
    int r = grow(t, index);

    if (r < 0)
        return r;
    n = t->root;
    for (uint32_t level = t->height - 1; level > 0; level--) {
        unsigned w = way(index, level);
        if (!n->slot[w]) {
            n->slot[w] = host_alloc(sizeof *n);
            if (!n->slot[w])
                return -E_NOMEM; /* empty nodes above go with the tree */
            n->used++;
            t->bytes += sizeof *n;
        }
        n = n->slot[w];
    }
    if (!n->slot[way(index, 0)])
        n->used++;
    n->slot[way(index, 0)] = value;
    return 0;
}

void *
page_tree_remove(struct page_tree *t, uint64_t index)
{
    struct page_node *path[MAX_HEIGHT], *n = t->root;
    void *value;

    if (!n || !reaches(t->height, index))
        return NULL;
    for (uint32_t level = t->height - 1;; level--) {
        path[level] = n;
        if (level == 0)
            break;
        n = n->slot[way(index, level)];
        if (!n)
            return NULL;
    }
    value = n->slot[way(index, 0)];
    if (!value)
        return NULL;
    for (uint32_t level = 0;; level++) {
        n = path[level];
        n->slot[way(index, level)] = NULL;
        if (--n->used > 0)
            break;
        host_free(n);
        t->bytes -= sizeof *n;
        if (level == t->height - 1) {
            t->root = NULL;
            t->height = 0;
            break;
        }
    }
    return value;
}

void *
page_tree_next(const struct page_tree *t, uint64_t *index)
{
    uint64_t at = *index;

    while (t->root && reaches(t->height, at)) {
        const struct page_node *n = t->root;
        uint32_t level = t->height - 1;
        uint64_t step;

        while (level > 0 && n->slot[way(at, level)]) {
            n = n->slot[way(at, level)];
            level--;
        }
        if (level == 0 && n->slot[way(at, 0)]) {
            *index = at;
            return n->slot[way(at, 0)];
        }
        step = (uint64_t)1 << (level * BITS);
        at = (at | (step - 1)) + 1; /* past what is empty */
        if (at == 0)
            break;
    }
    return NULL;
}

static void
free_nodes(struct page_node *n, uint32_t level)
{
    for (unsigned w = 0; level > 0 && w < WAYS; w++)
        if (n->slot[w])
            free_nodes(n->slot[w], level - 1);
    host_free(n);
}

void
page_tree_finish(struct page_tree *t)
{
    if (t->root)
        free_nodes(t->root, t->height - 1);
    t->root = NULL;
    t->height = 0;
    t->bytes = 0;
}
