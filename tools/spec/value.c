/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON values to and from engine values. Numbers are decimal strings of their
 * bits; v128 is an array of lanes; float lanes may be NaN patterns; references
 * are "null", a number (the host's own externref), or anything non-null.
 */
#include "spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An externref N is the address of its element here; seen as anyref that has
 * bit 1 set (engine/gc.h). */
enum { EXTERNS = 4096 };
static struct {
    uint64_t unused[2];
} externs[EXTERNS];

static const char *
field(json_t *v, const char *name)
{
    const char *s = json_string_value(json_object_get(v, name));

    return s ? s : "";
}

static bool
is_null_type(const char *type)
{
    return !strcmp(type, "refnull") || !strcmp(type, "nullref") ||
           !strcmp(type, "nullfuncref") || !strcmp(type, "nullexternref") ||
           !strcmp(type, "nullexnref");
}

/* The name a value type has in the JSON, NULL for references. */
static const char *
number_name(const struct engine_valtype *type)
{
    switch (type->kind) {
    case ENGINE_I32:
        return "i32";
    case ENGINE_I64:
        return "i64";
    case ENGINE_F32:
        return "f32";
    case ENGINE_F64:
        return "f64";
    case ENGINE_V128:
        return "v128";
    default:
        return NULL;
    }
}

/* Bits a lane; 0 for a type that is none. */
static unsigned
lane_width(const char *type)
{
    return type[0] == 'i' || type[0] == 'f' ? (unsigned)atoi(type + 1) : 0;
}

static uint64_t
lane_get(const uint64_t v[2], unsigned i, unsigned width)
{
    unsigned bit = i * width;
    uint64_t mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;

    return v[bit / 64] >> bit % 64 & mask;
}

/* Does one number match its text? type is "f32" and so on. */
static bool
bits_match(const char *type, const char *text, uint64_t bits)
{
    const unsigned width = lane_width(type);
    uint64_t quiet = width == 64 ? 0x7ff8000000000000u : 0x7fc00000u;
    uint64_t sign = (uint64_t)1 << (width - 1);

    if (!strcmp(text, "nan:canonical"))
        return (bits & ~sign) == quiet;
    if (!strcmp(text, "nan:arithmetic"))
        return (bits & quiet) == quiet;
    if (width < 64)
        return ((strtoull(text, NULL, 10) ^ bits) &
                (((uint64_t)1 << width) - 1)) == 0;
    return strtoull(text, NULL, 10) == bits;
}

static bool
v128_parse(json_t *v, uint64_t out[2])
{
    unsigned width = lane_width(field(v, "lane_type"));
    json_t *lanes = json_object_get(v, "value");

    if (!width || json_array_size(lanes) != 128 / width)
        return false;
    out[0] = out[1] = 0;
    for (unsigned i = 0; i < 128 / width; i++) {
        const char *text = json_string_value(json_array_get(lanes, i));
        uint64_t mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;

        if (!text)
            return false;
        out[i * width / 64] |= (strtoull(text, NULL, 10) & mask)
                               << i * width % 64;
    }
    return true;
}

static bool
v128_match(json_t *want, const uint64_t got[2])
{
    const char *type = field(want, "lane_type");
    unsigned width = lane_width(type);
    json_t *lanes = json_object_get(want, "value");

    if (!width || json_array_size(lanes) != 128 / width)
        return false;
    for (unsigned i = 0; i < 128 / width; i++) {
        const char *text = json_string_value(json_array_get(lanes, i));

        if (!text || !bits_match(type, text, lane_get(got, i, width)))
            return false;
    }
    return true;
}

static bool
ref_parse(json_t *v, const char *name, union engine_value *out)
{
    const char *text = field(v, "value");
    unsigned long n = strtoul(text, NULL, 10);

    if (is_null_type(name) || !strcmp(text, "null")) {
        out->ref = NULL;
        return true;
    }
    if (n >= EXTERNS)
        return false;
    out->ref = (uint8_t *)&externs[n] + (!strcmp(name, "anyref") ? 2 : 0);
    return !strcmp(name, "externref") || !strcmp(name, "anyref");
}

bool
value_parse(json_t *v, const struct engine_valtype *type,
            union engine_value *out)
{
    const char *name = field(v, "type"), *number = number_name(type);
    uint64_t bits;

    memset(out, 0, sizeof *out);
    if (!number)
        return ref_parse(v, name, out);
    if (strcmp(number, name) != 0)
        return false;
    if (type->kind == ENGINE_V128)
        return v128_parse(v, out->v128);
    bits = strtoull(field(v, "value"), NULL, 10);
    if (type->kind == ENGINE_I32 || type->kind == ENGINE_F32)
        out->i32 = (uint32_t)bits;
    else
        out->i64 = bits;
    return true;
}

static bool
ref_match(json_t *want, const char *name, const union engine_value *got)
{
    json_t *value = json_object_get(want, "value");
    const char *text = json_string_value(value);
    size_t n = strlen(name);

    if (n < 3 || (strcmp(name + n - 3, "ref") != 0 && !is_null_type(name)))
        return false;
    if (is_null_type(name) || (text && !strcmp(text, "null")))
        return !got->ref;
    if (text && (!strcmp(name, "externref") || !strcmp(name, "anyref"))) {
        union engine_value same;

        return ref_parse(want, name, &same) && got->ref == same.ref;
    }
    return got->ref != NULL;
}

bool
value_match(json_t *want, const struct engine_valtype *type,
            const union engine_value *got)
{
    const char *name = field(want, "type"), *number = number_name(type);
    json_t *either;
    size_t i;

    if (!strcmp(name, "either")) {
        json_array_foreach(
            json_object_get(want, "values"), i,
            either) if (value_match(either, type, got)) return true;
        return false;
    }
    if (!number)
        return ref_match(want, name, got);
    if (strcmp(number, name) != 0)
        return false;
    if (type->kind == ENGINE_V128)
        return v128_match(want, got->v128);
    return bits_match(name, field(want, "value"),
                      lane_width(name) == 32 ? got->i32 : got->i64);
}

void
value_print(char *text, size_t size, const struct engine_valtype *type,
            const union engine_value *v)
{
    size_t n = strlen(text);

    text += n;
    size -= n;
    switch (type->kind) {
    case ENGINE_I32:
        snprintf(text, size, " i32:%u", v->i32);
        break;
    case ENGINE_I64:
        snprintf(text, size, " i64:%llu", (unsigned long long)v->i64);
        break;
    case ENGINE_F32:
        snprintf(text, size, " f32:0x%08x", v->f32);
        break;
    case ENGINE_F64:
        snprintf(text, size, " f64:0x%016llx", (unsigned long long)v->f64);
        break;
    case ENGINE_V128:
        snprintf(text, size, " v128:0x%016llx%016llx",
                 (unsigned long long)v->v128[1],
                 (unsigned long long)v->v128[0]);
        break;
    default:
        snprintf(text, size, v->ref ? " ref:%p" : " null", v->ref);
    }
}
