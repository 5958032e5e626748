/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that live in memory:
 *
 *     string   u32 length | bytes
 *     array    u32 length | u32 unused | i64 ...
 *     object   u32 length | u32 room | u32 entries | u32 unused
 *     entry    u32 key, a string | u32 unused | i64
 *
 * A program can make and change them by itself, so nothing in them is believed:
 * each is looked at like any other address. What takes time is paid for.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tvm.h"

#define INDEX_ON_STACK 0xffffu
#define OBJECT_SIZE 16u
#define ENTRY_SIZE 16u
#define FIRST_ROOM 4u

/* ---- strings ------------------------------------------------------------ */

/* The bytes of a string, which has been paid for. */
static const uint8_t *
string_at(struct tvm *t, int64_t address, uint32_t *n)
{
    const uint8_t *p = tvm_at(t, (uint64_t)address, 4, false);

    if (!p)
        return NULL;
    *n = tvm_get32(p);
    p = tvm_at(t, (uint64_t)address, 4 + (uint64_t)*n, false);
    return p && tvm_spend(t, *n / 8) ? p + 4 : NULL;
}

/* A new string of n bytes is pushed; where they go, or NULL. */
static uint8_t *
new_string(struct tvm *t, uint64_t n)
{
    uint32_t at = n < TVM_MEMORY_MAX ? tvm_alloc(t, n + 4, TVM_STRING) : 0;

    if (!at) {
        tvm_fail(t, "there is no memory for a string of %llu bytes",
                 (unsigned long long)n);
        return NULL;
    }
    tvm_put(t->mem + at, n, 4);
    tvm_push(t, at);
    return t->mem + at + 4;
}

static bool
concat(struct tvm *t)
{
    int64_t b = tvm_pop(t), a = tvm_pop(t);
    uint32_t na, nb;
    uint8_t *out;

    if (!string_at(t, a, &na) || !string_at(t, b, &nb))
        return false;
    out = new_string(t, (uint64_t)na + nb);
    if (!out)
        return false;
    memcpy(out, t->mem + a + 4, na); /* memory may have moved */
    memcpy(out + na, t->mem + b + 4, nb);
    return true;
}

/* s from to -- the bytes from..to-1, as far as there are any. */
static bool
slice(struct tvm *t)
{
    int64_t to = tvm_pop(t), from = tvm_pop(t), s = tvm_pop(t);
    uint32_t n;
    uint8_t *out;

    if (!string_at(t, s, &n))
        return false;
    if (from < 0)
        from = 0;
    if (to > n)
        to = n;
    if (to < from)
        to = from = 0;
    out = new_string(t, (uint64_t)(to - from));
    if (out)
        memcpy(out, t->mem + s + 4 + from, (size_t)(to - from));
    return out != NULL;
}

/* ---- numbers ------------------------------------------------------------- */

/* A double is its bits; one that no i64 is becomes the nearest, no number 0. */
static int64_t
from_double(int64_t bits)
{
    double d;

    memcpy(&d, &bits, sizeof d);
    if (d != d)
        return 0;
    if (d >= 9223372036854775808.0)
        return INT64_MAX;
    if (d < -9223372036854775808.0)
        return INT64_MIN;
    return (int64_t)d;
}

bool
tvm_group_convert(struct tvm *t, uint8_t op)
{
    int64_t v = tvm_pop(t);
    char text[24];
    uint8_t *out;
    double d;
    int n;

    switch (op) {
    case OP_I2F:
        d = (double)v;
        memcpy(&v, &d, sizeof v);
        tvm_push(t, v);
        break;
    case OP_F2I:
        tvm_push(t, from_double(v));
        break;
    case OP_I2S:
        n = snprintf(text, sizeof text, "%" PRId64, v);
        out = new_string(t, (uint64_t)n);
        if (!out)
            return false;
        memcpy(out, text, (size_t)n);
        break;
    case OP_TYPEOF:
        tvm_push(t, (int64_t)tvm_kind_of(t, (uint64_t)v));
        break;
    }
    return true;
}

/* ---- arrays ---------------------------------------------------------------
 */

/* The element that the operand, or the stack, says. */
static uint8_t *
element(struct tvm *t, bool write)
{
    int64_t i = tvm_get16(t->code + t->at + 1), a;
    const uint8_t *p;
    uint32_t n;

    if (i == INDEX_ON_STACK) {
        if (t->sp < 2) {
            tvm_fail(t, "the stack is empty");
            return NULL;
        }
        i = tvm_pop(t);
    }
    a = tvm_pop(t);
    p = tvm_at(t, (uint64_t)a, 8, write);
    if (!p)
        return NULL;
    n = tvm_get32(p);
    if (i < 0 || i >= n) {
        tvm_fail(t, "the array has %u elements, no number %lld", n,
                 (long long)i);
        return NULL;
    }
    return tvm_at(t, (uint64_t)a + 8 + 8 * (uint64_t)i, 8, write);
}

static bool
array_set(struct tvm *t)
{
    int64_t v = tvm_pop(t);
    uint8_t *p;

    p = element(t, true);
    if (p)
        tvm_put(p, (uint64_t)v, 8);
    return p != NULL;
}

/* ---- objects ---------------------------------------------------------------
 */

/* The entry with this key, NULL: there is none, or the program has failed. */
static uint8_t *
find(struct tvm *t, int64_t object, int64_t key)
{
    uint8_t *o = tvm_at(t, (uint64_t)object, OBJECT_SIZE, false), *e;
    uint32_t n, nk, ns;
    const uint8_t *k = o ? string_at(t, key, &nk) : NULL, *s;

    if (!k)
        return NULL;
    n = tvm_get32(o);
    e = tvm_at(t, tvm_get32(o + 8), (uint64_t)n * ENTRY_SIZE, n != 0);
    for (uint32_t i = 0; e && i < n; i++, e += ENTRY_SIZE) {
        if (!tvm_spend(t, 1) || !(s = string_at(t, tvm_get32(e), &ns)))
            return NULL;
        if (ns == nk && !memcmp(s, k, nk))
            return e;
    }
    return NULL;
}

static bool
object_get(struct tvm *t)
{
    int64_t key = tvm_pop(t), object = tvm_pop(t);
    const uint8_t *e = find(t, object, key);

    if (t->state != TVM_RUNNING)
        return false;
    tvm_push(t, e ? (int64_t)tvm_get64(e + 8) : 0);
    return true;
}

/* Room for one entry more; its place, 0: no memory. */
static uint32_t
append(struct tvm *t, uint32_t object)
{
    uint8_t *o = t->mem + object;
    uint32_t n = tvm_get32(o), room = tvm_get32(o + 4), old = tvm_get32(o + 8);
    uint32_t more;

    if (n >= room) {
        if (n > TVM_MEMORY_MAX / ENTRY_SIZE / 2)
            return 0;
        room = n < FIRST_ROOM ? FIRST_ROOM : n * 2;
        more = tvm_alloc(t, (uint64_t)room * ENTRY_SIZE, TVM_BLOCK);
        if (!more || !tvm_spend(t, n))
            return 0;
        memcpy(t->mem + more, t->mem + old, (size_t)n * ENTRY_SIZE);
        tvm_free(t, old);
        o = t->mem + object;
        tvm_put(o + 4, room, 4);
        tvm_put(o + 8, more, 4);
    }
    if (!tvm_at(t, tvm_get32(o + 8) + (uint64_t)n * ENTRY_SIZE, ENTRY_SIZE,
                true))
        return 0;
    tvm_put(o, n + 1, 4);
    return tvm_get32(o + 8) + n * ENTRY_SIZE;
}

/* object key value -- object; object 0: a new one. */
static bool
object_set(struct tvm *t)
{
    int64_t v = tvm_pop(t), key = tvm_pop(t), object = tvm_pop(t);
    uint32_t at;
    uint8_t *e;

    if (!object) {
        object = tvm_alloc(t, OBJECT_SIZE, TVM_OBJECT);
        at = object ? tvm_alloc(t, FIRST_ROOM * ENTRY_SIZE, TVM_BLOCK) : 0;
        if (!at)
            return tvm_fail(t, "there is no memory for an object");
        tvm_put(t->mem + object + 4, FIRST_ROOM, 4);
        tvm_put(t->mem + object + 8, at, 4);
    }
    if (!tvm_at(t, (uint64_t)object, OBJECT_SIZE, true))
        return false;
    e = find(t, object, key);
    if (t->state != TVM_RUNNING)
        return false;
    if (!e) {
        at = append(t, (uint32_t)object);
        if (!at)
            return tvm_fail(t, "there is no memory for a member");
        e = t->mem + at;
        tvm_put(e, (uint64_t)key, 4);
    }
    tvm_put(e + 8, (uint64_t)v, 8);
    tvm_push(t, object);
    return true;
}

bool
tvm_group_value(struct tvm *t, uint8_t op)
{
    const uint8_t *p;

    switch (op) {
    case OP_ARRAY_LEN:
    case OP_STR_LEN:
        p = tvm_at(t, (uint64_t)tvm_pop(t), 4, false);
        if (p)
            tvm_push(t, tvm_get32(p));
        return p != NULL;
    case OP_ARRAY_GET:
        p = element(t, false);
        if (p)
            tvm_push(t, (int64_t)tvm_get64(p));
        return p != NULL;
    case OP_ARRAY_SET:
        return array_set(t);
    case OP_OBJ_GET:
        return object_get(t);
    case OP_OBJ_SET:
        return object_set(t);
    case OP_STR_CONCAT:
        return concat(t);
    case OP_STR_SLICE:
        return slice(t);
    }
    return true;
}
