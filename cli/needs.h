/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a module would need to be granted, told by its imports, and the options
 * of `pith run` that grant it.
 */
#ifndef CLI_NEEDS_H
#define CLI_NEEDS_H

#include "cap.h"
#include "engine.h"

struct needs {
    uint32_t caps;    /* bit per enum cap */
    bool files;       /* imports calls that open paths */
    uint32_t unknown; /* imports that no ABI has */
    const char *unknown_module, *unknown_name; /* the first of them */
};
void needs_of(const struct engine_module *m, struct needs *out);

/* "--cap time,random --net" for these capabilities, into out[room]. */
void needs_flags(uint32_t caps, char *out, size_t room);

/* Say what the module in bytes needs beyond g, and the options to give. */
void needs_refuse(const char *file, const uint8_t *bytes, size_t size,
                  const struct grants *g);

#endif
