/* SPDX-License-Identifier: Apache-2.0 */
/* Types and floating-point numbers in the words of the text format (6). Each
 * type is written with a space in front. */
#ifndef ENGINE_DEBUG_VALUES_H
#define ENGINE_DEBUG_VALUES_H

#include "debug/names.h"

/* A value type, a heap type, as encoded at r. */
void value_type_write(struct reader *r, struct names *n,
                      struct engine_sink *to);
void heap_type_write(struct reader *r, struct names *n, struct engine_sink *to);

/* From canonical types back to the module's own indices. */
struct type_names {
    struct type_pair {
        uint32_t id, index;
    } *v;
    uint32_t n;
};
bool type_names_init(struct type_names *t, const struct engine_module *m);
void type_names_finish(struct type_names *t);
/* The value type vt (type.h). */
void type_write(const struct type_names *t, uint32_t vt, struct names *n,
                struct engine_sink *to);

/* The bits of a float with so many bits of fraction and exponent; no space. */
void float_write(uint64_t bits, unsigned fraction, unsigned exponent,
                 struct engine_sink *to);

#endif
