/* SPDX-License-Identifier: Apache-2.0 */
/* What the decoder's files share: decode.c (sections), decode_type.c (types
 * and limits), constexpr.c (constant expressions). */
#ifndef ENGINE_DECODE_H
#define ENGINE_DECODE_H

#include "module.h"

/* The type section; fills m->types. */
void decode_types(struct engine_module *m, struct reader *r);
/* A type index that must name a function type; returns its canonical index. */
uint32_t decode_functype_index(struct engine_module *m, struct reader *r);
struct limits decode_limits(struct reader *r, bool memory);
void decode_table_type(struct engine_module *m, struct reader *r,
                       struct table_type *t);
void decode_global_type(struct engine_module *m, struct reader *r,
                        struct global_type *g);
/* Check a constant expression of type vt and skip it. */
void decode_const_expr(struct engine_module *m, struct reader *r, uint32_t vt,
                       struct const_expr *e);
/* n elements of size bytes each, zeroed; NULL and an error when impossible. */
void *decode_alloc(struct engine_module *m, struct reader *r, size_t n,
                   size_t size);
/* A count, checked against a limit and the bytes left (each item takes one). */
uint32_t decode_count(struct reader *r, uint32_t limit, const char *what);
void decode_declare_func(struct engine_module *m, uint32_t func);

enum section {
    SECTION_CUSTOM,
    SECTION_TYPE,
    SECTION_IMPORT,
    SECTION_FUNCTION,
    SECTION_TABLE,
    SECTION_MEMORY,
    SECTION_GLOBAL,
    SECTION_EXPORT,
    SECTION_START,
    SECTION_ELEMENT,
    SECTION_CODE,
    SECTION_DATA,
    SECTION_DATA_COUNT,
    SECTION_TAG,
};

/* ---- sections ---- */

void decode_section_import(struct engine_module *m, struct reader *r);
void decode_spaces_before(struct engine_module *m, struct reader *r,
                          uint8_t id);
void decode_section_function(struct engine_module *m, struct reader *r);
void decode_section_table(struct engine_module *m, struct reader *r);
void decode_section_memory(struct engine_module *m, struct reader *r);
void decode_section_tag(struct engine_module *m, struct reader *r);
void decode_section_global(struct engine_module *m, struct reader *r);
void decode_section_export(struct engine_module *m, struct reader *r);
void decode_section_start(struct engine_module *m, struct reader *r);
void decode_section_element(struct engine_module *m, struct reader *r);
void decode_section_data(struct engine_module *m, struct reader *r);
const char *decode_copy_name(struct engine_module *m, struct reader *r,
                             size_t *len);

#endif
