/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sparse array of pointers with 64-bit indices: a radix tree of 64 ways, as
 * deep as the highest index needs. Files keep their pages in it.
 */
#ifndef KERNEL_FS_PAGES_H
#define KERNEL_FS_PAGES_H

#include <stddef.h>
#include <stdint.h>

struct page_node;
struct page_tree {
    struct page_node *root;
    uint32_t height; /* levels of nodes; 0: empty */
    uint64_t bytes;  /* that the nodes take */
};

void *page_tree_get(const struct page_tree *t, uint64_t index);
/* value is not NULL. 0 or -E_NOMEM. */
int page_tree_set(struct page_tree *t, uint64_t index, void *value);
/* Take one out; returns it, or NULL. */
void *page_tree_remove(struct page_tree *t, uint64_t index);
/* The first at *index or beyond; *index follows. NULL: no more. */
void *page_tree_next(const struct page_tree *t, uint64_t *index);
/* Free the nodes that are left; the values are the caller's business. */
void page_tree_finish(struct page_tree *t);

#endif
