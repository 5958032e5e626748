/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as WebAssembly and DWARF write them: LEB128. */
#ifndef LIB_LEB_H
#define LIB_LEB_H

#include <stddef.h>
#include <stdint.h>

#define LEB_MAX 10u /* bytes of any 64-bit number */

/* Into out; how many bytes. */
static inline size_t
leb_put_u(uint8_t out[LEB_MAX], uint64_t v)
{
    size_t n = 0;

    for (; v > 0x7f; v >>= 7)
        out[n++] = (uint8_t)(0x80 | (v & 0x7f));
    out[n++] = (uint8_t)v;
    return n;
}

static inline size_t
leb_put_s(uint8_t out[LEB_MAX], int64_t v)
{
    size_t n = 0;

    for (; v < -64 || v > 63; v >>= 7)
        out[n++] = (uint8_t)(0x80 | (v & 0x7f));
    out[n++] = (uint8_t)(v & 0x7f);
    return n;
}

#endif
