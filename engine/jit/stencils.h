/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of stencils: by number, what to copy. It lies packed in the file
 * (tools/stencils/pack.h) and is unpacked a family at a time, when one of its
 * stencils is first put anywhere: programs use a third of them.
 *
 * Any thread may ask; what was unpacked stays as it is.
 */
#ifndef ENGINE_JIT_STENCILS_H
#define ENGINE_JIT_STENCILS_H

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#define STENCIL_MOST 32u /* few stencils are longer */

struct stencil {
    uint16_t size, holes; /* where they are listed, + 1; 0: no such stencil */
    uint32_t at;          /* in stencil_bytes */
};

/* struct stencil as one number; 0: not unpacked, or there is none. */
extern _Atomic uint64_t stencil_records[];
/* STENCIL_MOST bytes behind the end of any may be read, whatever they are. */
extern uint8_t stencil_bytes[];

uint64_t stencil_unpack(unsigned number);

static inline struct stencil
stencil_get(unsigned number)
{
    uint64_t v =
        atomic_load_explicit(&stencil_records[number], memory_order_acquire);
    struct stencil s;

    if (__builtin_expect(!v, 0))
        v = stencil_unpack(number);
    memcpy(&s, &v, sizeof s);
    return s;
}

#endif
