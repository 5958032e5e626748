/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of stencils, packed: prints what engine/jit/stencils.c unpacks,
 * group by group, when a group is first used.
 *
 * Stencils of a family are each other's likeness: another register is another
 * few bits, in the same places whatever the rest is. So
 *
 *   stencil[i] = stencil[i - p] ^ stencil[i - q] ^ stencil[i - p - q]
 *
 * holds for nearly all, for one of a few pairs (p, q), the rules; the three
 * have the same size and holes. Where a family has a likeness in an earlier one
 * (one comparison in another), p is the distance between the two, written as 0.
 * q = 0 is a copy of i - p. A rule may be right but for some bytes.
 *
 * Bytes of a group: a rule's number, or
 *   PACK_ABSENT n       n + 1 stencils that do not exist
 *   PACK_AGAIN n        the last rule, n + 1 times more
 *   PACK_PATCH rule n (at, xor)*n
 *   PACK_SPLICE d head n tail holes lo, hi, bytes*n
 *                       both ends of stencil[i - d], and what is between
 *   PACK_LITERAL size lo, hi, holes lo, hi, bytes
 */
#ifndef TOOLS_PACK_H
#define TOOLS_PACK_H

#include <stddef.h>
#include <stdint.h>

struct record {
    unsigned size, holes; /* holes + 1; 0: there is no such stencil */
    const uint8_t *bytes;
};

/* families: the first record of each, in order; then n. */
void pack(const struct record *records, size_t n, const unsigned *families,
          size_t nfamilies);

#endif
