/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers share. */
#ifndef MANIFEST_READ_H
#define MANIFEST_READ_H

#include "doc.h"
#include "manifest.h"

/* Each: 0, or -E_INVAL having said what is wrong with the node. */
int read_text(const struct doc_node *n, char *out, struct report *r);
int read_name(const struct doc_node *n, char *out, struct report *r);
int read_restart(const struct doc_node *n, uint32_t *out, struct report *r);
int read_kind(const struct doc_node *n, enum doc_kind k, struct report *r);
/* A copy of n's strings, NULL-terminated; names: each a name. */
int read_strings(const struct doc_node *n, bool names, char ***out,
                 struct report *r);
void free_strings(char **s);

/* A rule; object is checked. -E_INVAL: at n. */
int manifest_add_rule(struct manifest *m, enum cap cap, uint32_t how,
                      const char *object, const struct doc_node *n,
                      struct report *r);

/* "64MB", "1K", "4096" --> bytes. */
bool manifest_size(const char *s, uint64_t *out);
enum cap_value { VALUE_FLAG, VALUE_PATHS, VALUE_NET, VALUE_NAMES };
struct cap_row {
    enum cap cap;
    const char *key, *permission;
    enum cap_value value;
};
extern const struct cap_row cap_rows[];
extern const uint32_t cap_row_count;

#endif
