/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name section (7.4.1) for who wants more than functions' names. Lists are
 * kept as far as their indices ascend, as they must.
 */
#ifndef ENGINE_DEBUG_NAMES_H
#define ENGINE_DEBUG_NAMES_H

#include "debug.h"
#include "module.h"

enum name_kind { /* the subsections' numbers */
                 NAME_FUNC = 1,
                 NAME_LOCAL = 2,
                 NAME_TYPE = 4,
                 NAME_TABLE = 5,
                 NAME_MEMORY = 6,
                 NAME_GLOBAL = 7,
                 NAME_ELEM = 8,
                 NAME_DATA = 9,
                 NAME_TAG = 11,
                 NAME_KINDS
};

struct name_entry { /* locals: of function index, its list is the bytes */
    uint32_t index, len;
    const uint8_t *p;
};

struct name_list {
    struct name_entry *v;
    uint32_t n, cap;
};

struct names {
    struct engine_module *m;
    struct name_list lists[NAME_KINDS];
    struct name_list locals; /* of one function */
};

/* Reads all lists; what memory there is no room for has no name. */
void names_init(struct names *n, struct engine_module *m);
void names_finish(struct names *n);
/* From now on locals are those of this function. */
void names_function(struct names *n, uint32_t func);
/* "$name", quoted where it must be, or the number. */
void names_write(struct names *n, enum name_kind kind, uint32_t index,
                 struct engine_sink *to);

#endif
