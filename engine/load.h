/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a module may be that joins a running program (engine_code_load), in the
 * words that it is refused with: on every host the same (docs/code.md).
 */
#ifndef ENGINE_LOAD_H
#define ENGINE_LOAD_H

#include <string.h>

#include "engine.h"
#include "pith_errno.h"
#include "report.h"

/* Why a module that defines these of its own cannot join; NULL: it can. */
static inline const char *
load_cannot_join(bool memory, bool table, bool tag, bool start)
{
    if (memory)
        return "it has a memory of its own; it must import env.memory";
    if (table)
        return "it has a table of its own; it must import "
               "env.__indirect_function_table";
    if (tag)
        return "it has a tag of its own; it must import it";
    if (start)
        return "it has a start function; put it into the table and call it";
    return NULL;
}

static inline bool
load_named(const struct engine_port *p, const char *name)
{
    return p->name_len == strlen(name) && !memcmp(p->name, name, p->name_len);
}

/* Says that the program has nothing for this import. */
static inline int
load_lacks(const struct engine_port *p, struct report *report)
{
    report_set(report, 0,
               "it imports %.80s from %.60s; what there is: env.memory, "
               "env.__indirect_function_table, env.__memory_base, "
               "env.__table_base, and from env what the program exports",
               p->name, p->module);
    return -E_NOEXEC;
}

#endif
