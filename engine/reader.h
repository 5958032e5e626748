/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading hostile bytes. A reader remembers its first error: after one, it is
 * at its end, every read returns 0, and loops stop because nothing is left.
 * Callers check reader_failed() where it matters, not after every read.
 * Specification: 5.2 (LEB128 lengths and unused bits are checked).
 */
#ifndef ENGINE_READER_H
#define ENGINE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "report.h"

struct reader {
    const uint8_t *p, *end;
    const uint8_t *base; /* offset 0 of the module */
    struct report *report;
    int err; /* 0 or the first -E_... */
};

static inline bool
reader_failed(const struct reader *r)
{
    return r->err != 0;
}

static inline size_t
reader_offset(const struct reader *r)
{
    return (size_t)(r->p - r->base);
}

static inline size_t
reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->p);
}

/* Record an error at the current place. */
void reader_fail(struct reader *r, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4), cold));
uint64_t reader_leb_u(struct reader *r, unsigned bits);
int64_t reader_leb_s(struct reader *r, unsigned bits);
/* Length-prefixed UTF-8; not NUL-terminated. */
const uint8_t *reader_name(struct reader *r, size_t *len);
/* A reader over the next len bytes, which r skips. */
struct reader reader_sub(struct reader *r, size_t len);

static inline uint8_t
read_u8(struct reader *r)
{
    if (r->p == r->end) {
        reader_fail(r, -28, "unexpected end");
        return 0;
    }
    return *r->p++;
}

static inline uint32_t
read_u32(struct reader *r)
{
    if (r->p < r->end && *r->p < 0x80)
        return *r->p++;
    return (uint32_t)reader_leb_u(r, 32);
}

static inline uint64_t
read_u64(struct reader *r)
{
    if (r->p < r->end && *r->p < 0x80)
        return *r->p++;
    return reader_leb_u(r, 64);
}

static inline int32_t
read_s32(struct reader *r)
{
    if (r->p < r->end && *r->p < 0x80)
        return (int32_t)((uint32_t)*r->p++ << 25) >> 25;
    return (int32_t)reader_leb_s(r, 32);
}

static inline int64_t
read_s64(struct reader *r)
{
    return reader_leb_s(r, 64);
}

static inline const uint8_t *
read_bytes(struct reader *r, size_t n)
{
    const uint8_t *p = r->p;

    if (n > reader_left(r)) {
        reader_fail(r, -28, "unexpected end");
        return NULL;
    }
    r->p += n;
    return p;
}

/* ---- trusted input: bodies that were validated ----------------------------
 */

static inline uint64_t
leb_u(const uint8_t **p)
{
    uint64_t v = 0;
    unsigned shift = 0;
    uint8_t b;

    do {
        b = *(*p)++;
        v |= (uint64_t)(b & 0x7f) << shift;
        shift += 7;
    } while (b & 0x80);
    return v;
}

static inline uint32_t
leb_u32(const uint8_t **p)
{
    if (**p < 0x80)
        return *(*p)++;
    return (uint32_t)leb_u(p);
}

static inline int64_t
leb_s(const uint8_t **p)
{
    uint64_t v = 0;
    unsigned shift = 0;
    uint8_t b;

    do {
        b = *(*p)++;
        v |= (uint64_t)(b & 0x7f) << shift;
        shift += 7;
    } while (b & 0x80);
    if (shift < 64 && b & 0x40)
        v |= ~(uint64_t)0 << shift;
    return (int64_t)v;
}

static inline uint32_t
load_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static inline uint64_t
load_le64(const uint8_t *p)
{
    return load_le32(p) | (uint64_t)load_le32(p + 4) << 32;
}

#endif
