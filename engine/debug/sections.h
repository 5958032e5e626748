/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over a module's sections, for who wants to know where they lie. */
#ifndef ENGINE_DEBUG_SECTIONS_H
#define ENGINE_DEBUG_SECTIONS_H

#include "reader.h"

struct section_at {
    uint8_t id;
    uint32_t start, end; /* the contents, as offsets in the module */
};

/* The section that starts at r, which moves behind it; false at the end. */
static inline bool
section_next(struct reader *r, struct section_at *out)
{
    uint32_t size;

    if (!reader_left(r) || reader_failed(r))
        return false;
    out->id = read_u8(r);
    size = read_u32(r);
    out->start = (uint32_t)reader_offset(r);
    out->end = out->start + size;
    return read_bytes(r, size) && !reader_failed(r);
}

static inline bool
section_find(const uint8_t *bytes, size_t size, uint8_t id,
             struct section_at *out)
{
    struct reader r = {bytes, bytes + size, bytes, NULL, 0};

    read_bytes(&r, 8);
    while (section_next(&r, out))
        if (out->id == id)
            return true;
    return false;
}

#endif
