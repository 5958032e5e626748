/* SPDX-License-Identifier: Apache-2.0 */
/* Slow paths of reader.h: errors, long LEB128 numbers, names. */
#include "reader.h"

#include <stdarg.h>
#include <stdio.h>

#include "pith_errno.h"

_Static_assert(E_INVAL == 28, "reader.h spells -E_INVAL as a number");

void
reader_fail(struct reader *r, int err, const char *format, ...)
{
    char text[160];
    va_list ap;

    if (r->err)
        return;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    report_set(r->report, reader_offset(r), "at byte 0x%zx: %s",
               reader_offset(r), text);
    r->err = err;
    r->p = r->end;
}

uint64_t
reader_leb_u(struct reader *r, unsigned bits)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < bits; shift += 7) {
        uint8_t b;

        if (r->p == r->end) {
            reader_fail(r, -E_INVAL, "unexpected end in a number");
            return 0;
        }
        b = *r->p++;
        if (bits - shift < 7 && (b & 0x7f) >> (bits - shift)) {
            reader_fail(r, -E_INVAL, "integer too large");
            return 0;
        }
        v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return v;
    }
    reader_fail(r, -E_INVAL, "integer representation too long");
    return 0;
}

int64_t
reader_leb_s(struct reader *r, unsigned bits)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < bits; shift += 7) {
        unsigned left = bits - shift;
        uint8_t b;

        if (r->p == r->end) {
            reader_fail(r, -E_INVAL, "unexpected end in a number");
            return 0;
        }
        b = *r->p++;
        if (left < 7) { /* the unused bits must repeat the sign */
            uint8_t high = (uint8_t)((b & 0x7f) >> (left - 1));

            if (!(b & 0x80) && high != 0 && high != 0x7f >> (left - 1)) {
                reader_fail(r, -E_INVAL, "integer too large");
                return 0;
            }
        }
        v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80)) {
            if (shift + 7 < 64 && b & 0x40)
                v |= ~(uint64_t)0 << (shift + 7);
            return (int64_t)v;
        }
    }
    reader_fail(r, -E_INVAL, "integer representation too long");
    return 0;
}

/* Bytes of the UTF-8 sequence at p, 0 if it is not one (RFC 3629). */
static size_t
utf8_sequence(const uint8_t *p, size_t left)
{
    uint8_t lo = 0x80, hi = 0xbf;
    size_t n;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (left < n)
        return 0;
    if (p[0] == 0xe0)
        lo = 0xa0;
    if (p[0] == 0xed)
        hi = 0x9f;
    if (p[0] == 0xf0)
        lo = 0x90;
    if (p[0] == 0xf4)
        hi = 0x8f;
    if (p[1] < lo || p[1] > hi)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

const uint8_t *
reader_name(struct reader *r, size_t *len)
{
    const uint8_t *s;
    size_t n;

    *len = read_u32(r);
    s = read_bytes(r, *len);
    if (!s) {
        *len = 0;
        return (const uint8_t *)"";
    }
    for (size_t i = 0; i < *len; i += n) {
        n = utf8_sequence(s + i, *len - i);
        if (!n) {
            reader_fail(r, -E_INVAL, "malformed UTF-8 encoding");
            *len = 0;
            return (const uint8_t *)"";
        }
    }
    return s;
}

struct reader
reader_sub(struct reader *r, size_t len)
{
    struct reader sub = *r;

    if (len > reader_left(r)) {
        reader_fail(r, -E_INVAL, "length out of bounds");
        sub = *r;
        return sub;
    }
    sub.end = r->p + len;
    r->p += len;
    return sub;
}
