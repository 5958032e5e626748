/* SPDX-License-Identifier: Apache-2.0 */
/* Types and numbers as text; see values.h. */
#include "debug/values.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "pith_errno.h"

/* ---- types ---- */

/* What nullable references to abstract heap types are called, from 0x75 down.
 */
static const char *const short_names[] = {
    "nullcontref", "nullexnref", "nullfuncref", "nullexternref", "nullref",
    "funcref",     "externref",  "anyref",      "eqref",         "i31ref",
    "structref",   "arrayref",   "exnref",      "contref"};

static bool
is_abstract(uint8_t byte)
{
    return byte <= 0x75 && byte >= 0x68;
}

void
heap_type_write(struct reader *r, struct names *n, struct engine_sink *to)
{
    int64_t h = reader_leb_s(r, 33);
    uint8_t byte = (uint8_t)(h & 0x7f);

    engine_sink_write(to, " ", 1);
    if (h >= 0)
        names_write(n, NAME_TYPE, (uint32_t)h, to);
    else if (h >= -64 && is_abstract(byte))
        engine_sink_text(to, "%s", heap_name(HEAP_ABSTRACT | byte));
    else
        reader_fail(r, -E_INVAL, "heap type");
}

void
value_type_write(struct reader *r, struct names *n, struct engine_sink *to)
{
    uint8_t byte = read_u8(r);

    if (vt_number_name(byte)) {
        engine_sink_text(to, " %s", vt_number_name(byte));
    } else if (is_abstract(byte)) {
        engine_sink_text(to, " %s", short_names[0x75 - byte]);
    } else if (byte == 0x63 || byte == 0x64) {
        engine_sink_text(to, byte == 0x63 ? " (ref null" : " (ref");
        heap_type_write(r, n, to);
        engine_sink_write(to, ")", 1);
    } else {
        reader_fail(r, -E_INVAL, "value type");
    }
}

static int
by_id(const void *a, const void *b)
{
    const struct type_pair *x = a, *y = b;

    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

bool
type_names_init(struct type_names *t, const struct engine_module *m)
{
    t->n = m->ntypes;
    t->v = calloc(m->ntypes + 1u, sizeof *t->v);
    if (!t->v)
        return false;
    for (uint32_t i = 0; i < m->ntypes; i++)
        t->v[i] = (struct type_pair){m->types[i], i};
    qsort(t->v, t->n, sizeof *t->v, by_id);
    return true;
}

void
type_names_finish(struct type_names *t)
{
    free(t->v);
}

/* The first of the module's types that is the canonical type id. */
static uint32_t
index_of(const struct type_names *t, uint32_t id)
{
    uint32_t lo = 0, hi = t->n;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (t->v[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < t->n && t->v[lo].id == id ? t->v[lo].index : UINT32_MAX;
}

void
type_write(const struct type_names *t, uint32_t vt, struct names *n,
           struct engine_sink *to)
{
    uint32_t heap = vt_heap(vt);
    uint8_t byte = (uint8_t)heap;

    if (!vt_is_ref(vt)) {
        const char *name = vt_number_name(vt);

        engine_sink_text(to, " %s", name ? name : "?");
    } else if (heap_is_abstract(heap) && is_abstract(byte)) {
        engine_sink_text(to, vt & VT_NULLABLE ? " %s" : " (ref %s)",
                         vt & VT_NULLABLE ? short_names[0x75 - byte]
                                          : heap_name(HEAP_ABSTRACT | byte));
    } else {
        engine_sink_text(to, vt & VT_NULLABLE ? " (ref null " : " (ref ");
        names_write(n, NAME_TYPE, index_of(t, heap), to);
        engine_sink_write(to, ")", 1);
    }
}

/* ---- numbers ---- */

/* The shortest decimal that reads back as the same number. */
static void
decimal_write(double v, bool is_single, struct engine_sink *to)
{
    char text[40];

    for (int digits = is_single ? 6 : 15; digits <= (is_single ? 9 : 17);
         digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (is_single ? (double)strtof(text, NULL) == v
                      : strtod(text, NULL) == v)
            break;
    }
    engine_sink_text(to, "%s", text);
}

void
float_write(uint64_t bits, unsigned fraction, unsigned exponent,
            struct engine_sink *to)
{
    uint64_t frac = bits & (((uint64_t)1 << fraction) - 1);
    uint64_t exp = bits >> fraction & (((uint64_t)1 << exponent) - 1);
    const char *sign = bits >> (fraction + exponent) & 1 ? "-" : "";
    uint32_t low = (uint32_t)bits;
    double value;
    float single;

    if (exp == ((uint64_t)1 << exponent) - 1) {
        engine_sink_text(to, "%s", sign);
        if (!frac)
            engine_sink_text(to, "inf");
        else if (frac == (uint64_t)1 << (fraction - 1))
            engine_sink_text(to, "nan");
        else
            engine_sink_text(to, "nan:0x%" PRIx64, frac);
        return;
    }
    if (fraction == 23) {
        memcpy(&single, &low, sizeof single);
        value = (double)single;
    } else {
        memcpy(&value, &bits, sizeof value);
    }
    decimal_write(value, fraction == 23, to);
}
