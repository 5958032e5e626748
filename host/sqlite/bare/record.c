/* SPDX-License-Identifier: Apache-2.0 */
/* Records; see record.h. */
#include "record.h"

#include <stdbool.h>
#include <string.h>

enum {
    TYPE_NULL,
    TYPE_8,
    TYPE_16,
    TYPE_24,
    TYPE_32,
    TYPE_48,
    TYPE_64,
    TYPE_FLOAT,
    TYPE_0,
    TYPE_1,
    TYPE_BLOB = 12, /* and text: an odd one; 2 more for each byte */
};

static const uint8_t bytes_of[TYPE_BLOB] = {0, 1, 2, 3, 4, 6, 8, 8};

/* ---- reading -------------------------------------------------------------- */

/* Bytes taken; 0: it is not wholly there. */
static size_t
read_varint(const uint8_t *p, size_t room, uint64_t *out)
{
    uint64_t n = 0;

    for (size_t k = 0; k < room && k < 9; k++) {
        if (k == 8) {
            *out = n << 8 | p[k];
            return 9;
        }
        n = n << 7 | (p[k] & 0x7f);
        if (!(p[k] & 0x80)) {
            *out = n;
            return k + 1;
        }
    }
    return 0;
}

static int64_t
read_integer(const uint8_t *p, size_t n)
{
    uint64_t v = n && p[0] & 0x80 ? UINT64_MAX : 0;

    while (n--)
        v = v << 8 | *p++;
    return (int64_t)v;
}

static struct store_value
value_of(uint64_t type, const uint8_t *p, size_t size)
{
    struct store_value v = {.kind = STORE_NULL};

    if (type >= TYPE_BLOB) {
        v.kind = type & 1 ? STORE_TEXT : STORE_BLOB;
        v.p = p;
        v.n = size;
    } else if (type == TYPE_0 || type == TYPE_1) {
        v.kind = STORE_INT;
        v.i = type == TYPE_1;
    } else if (type >= TYPE_8 && type <= TYPE_64) {
        v.kind = STORE_INT;
        v.i = read_integer(p, size);
    }
    return v;
}

void
record_read(const uint8_t *record, size_t size, struct store_value *v,
            unsigned n)
{
    uint64_t head = 0, type, bytes;
    size_t at = read_varint(record, size, &head), data, step;

    memset(v, 0, n * sizeof *v);
    if (!at || head > size)
        return;
    data = (size_t)head;
    for (unsigned k = 0; k < n && at < head; k++) {
        step = read_varint(record + at, (size_t)head - at, &type);
        if (!step)
            return;
        at += step;
        bytes = type < TYPE_BLOB ? bytes_of[type] : (type - TYPE_BLOB) / 2;
        if (bytes > size - data)
            return;
        v[k] = value_of(type, record + data, (size_t)bytes);
        data += (size_t)bytes;
    }
}

/* ---- writing -------------------------------------------------------------- */

#define VARINT_MAX 9

static unsigned
type_of_integer(int64_t i)
{
    /* as far from 0 as its complement */
    uint64_t u = (uint64_t)(i < 0 ? ~i : i);

    if (i == 0 || i == 1)
        return i ? TYPE_1 : TYPE_0;
    return u < 1u << 7              ? TYPE_8
           : u < 1u << 15           ? TYPE_16
           : u < 1u << 23           ? TYPE_24
           : u < 1u << 31           ? TYPE_32
           : u < (uint64_t)1 << 47  ? TYPE_48
                                    : TYPE_64;
}

static uint64_t
type_of(const struct store_value *v)
{
    switch (v->kind) {
    case STORE_INT:
        return type_of_integer(v->i);
    case STORE_TEXT:
    case STORE_BLOB:
        return TYPE_BLOB + 2 * (uint64_t)v->n + (v->kind == STORE_TEXT);
    case STORE_NULL:
        break;
    }
    return TYPE_NULL;
}

/* Of fewer than 57 bits: no record is longer. */
static size_t
write_varint(uint64_t n, uint8_t *to)
{
    size_t bytes = 1;

    while (n >> (7 * bytes))
        bytes++;
    for (size_t k = bytes; k-- > 0; n >>= 7)
        to[k] = (uint8_t)((n & 0x7f) | (k + 1 < bytes ? 0x80 : 0));
    return bytes;
}

size_t
record_room(const struct store_value *v, unsigned n)
{
    size_t room = VARINT_MAX;

    for (unsigned k = 0; k < n; k++)
        room += VARINT_MAX + (v[k].n > 8 ? v[k].n : 8);
    return room;
}

static size_t
write_value(const struct store_value *v, uint64_t type, uint8_t *to)
{
    size_t n = type < TYPE_BLOB ? bytes_of[type] : v->n;

    if (type < TYPE_BLOB)
        for (size_t k = 0; k < n; k++)
            to[k] = (uint8_t)((uint64_t)v->i >> (8 * (n - 1 - k)));
    else if (n)
        memcpy(to, v->p, n);
    return n;
}

size_t
record_write(const struct store_value *v, unsigned n, uint8_t *to)
{
    uint8_t types[RECORD_COLUMNS * VARINT_MAX];
    size_t head = 0, at;

    for (unsigned k = 0; k < n; k++)
        head += write_varint(type_of(&v[k]), types + head);
    /* its own length counts: one byte, as it is always below 127 */
    to[0] = (uint8_t)(head + 1);
    memcpy(to + 1, types, head);
    at = head + 1;
    for (unsigned k = 0; k < n; k++)
        at += write_value(&v[k], type_of(&v[k]), to + at);
    return at;
}
