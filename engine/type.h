/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types. A value type is one uint32_t, comparable with ==:
 *
 *   0x7f i32  0x7e i64  0x7d f32  0x7c f64  0x7b v128  0 bottom (unreachable)
 *   1 n 000000 hhhhhhhhhhhhhhhhhhhhhhhh   reference; n nullable, h heap type
 *
 * and a heap type is the canonical index of a defined type, or HEAP_ABSTRACT
 * plus the binary encoding's byte. 0x78 and 0x77 (i8, i16) occur as storage
 * types of fields only.
 *
 * Canonical indices are the process's: defined types live in a registry, equal
 * recursion groups once, so that type equality is == in and across modules
 * (call_indirect, imports, casts). A group lives as long as somebody holds a
 * reference to it.
 *
 * Threads: the registry locks itself; type_get() needs no lock for an index
 * whose group the caller holds. Specification: 2.3, 3.1-3.3, 5.3.
 */
#ifndef ENGINE_TYPE_H
#define ENGINE_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine.h"

#define VT_BOTTOM 0u
#define VT_I32 0x7fu
#define VT_I64 0x7eu
#define VT_F32 0x7du
#define VT_F64 0x7cu
#define VT_V128 0x7bu
#define VT_I8 0x78u
#define VT_I16 0x77u
#define VT_REF 0x80000000u
#define VT_NULLABLE 0x40000000u
#define VT_HEAP 0x00ffffffu

#define HEAP_ABSTRACT 0x00ffff00u
enum heap_type {
    HEAP_BOTTOM = HEAP_ABSTRACT, /* below every heap type; validation only */
    HEAP_NOCONT = HEAP_ABSTRACT | 0x75,
    HEAP_NOEXN = HEAP_ABSTRACT | 0x74,
    HEAP_NOFUNC = HEAP_ABSTRACT | 0x73,
    HEAP_NOEXTERN = HEAP_ABSTRACT | 0x72,
    HEAP_NONE = HEAP_ABSTRACT | 0x71,
    HEAP_FUNC = HEAP_ABSTRACT | 0x70,
    HEAP_EXTERN = HEAP_ABSTRACT | 0x6f,
    HEAP_ANY = HEAP_ABSTRACT | 0x6e,
    HEAP_EQ = HEAP_ABSTRACT | 0x6d,
    HEAP_I31 = HEAP_ABSTRACT | 0x6c,
    HEAP_STRUCT = HEAP_ABSTRACT | 0x6b,
    HEAP_ARRAY = HEAP_ABSTRACT | 0x6a,
    HEAP_EXN = HEAP_ABSTRACT | 0x69,
    HEAP_CONT = HEAP_ABSTRACT | 0x68,
};
#define VT_FUNCREF (VT_REF | VT_NULLABLE | HEAP_FUNC)
#define VT_EXTERNREF (VT_REF | VT_NULLABLE | HEAP_EXTERN)
#define VT_EXNREF (VT_REF | VT_NULLABLE | HEAP_EXN)

#define TYPE_NONE UINT32_MAX

enum type_kind {
    TYPE_FUNC = 0x60,
    TYPE_STRUCT = 0x5f,
    TYPE_ARRAY = 0x5e,
    TYPE_CONT = 0x5d, /* stack switching */
};

struct type_def { /* one defined type, immutable once interned */
    uint8_t kind; /* enum type_kind */
    bool final;
    uint8_t depth;  /* supertypes above it */
    uint32_t id;    /* canonical index */
    uint32_t super; /* canonical index or TYPE_NONE */
    /* Functions: vt holds parameters, then results. Structs and arrays:
     * fields, mutability in field_mutable. Continuations: one reference to
     * the function type. */
    uint32_t nparams, nresults;
    uint32_t param_slots, result_slots;
    const uint32_t *vt;
    const uint8_t *field_mutable;
    struct engine_functype functype; /* the public view; functions only */
    struct type_group *group;
};

/* What the decoder hands in: heap types inside are canonical indices, or
 * TYPE_REC + i for the i-th type of the same group. */
#define TYPE_REC 0x00800000u

static inline bool
vt_is_ref(uint32_t vt)
{
    return vt & VT_REF;
}

static inline uint32_t
vt_heap(uint32_t vt)
{
    return vt & VT_HEAP;
}

static inline bool
heap_is_abstract(uint32_t heap)
{
    return heap >= HEAP_ABSTRACT;
}

/* 64-bit slots that a value takes. */
static inline uint32_t
vt_slots(uint32_t vt)
{
    return vt == VT_V128 ? 2 : 1;
}

static inline bool
vt_is_defaultable(uint32_t vt)
{
    return !vt_is_ref(vt) || vt & VT_NULLABLE;
}

/* The type of a canonical index that somebody holds. */
const struct type_def *type_get(uint32_t id);
/*
 * Intern n types as one recursion group and hold it. The definitions' pointers
 * are copied. Sets *first to the canonical index of the first; the rest
 * follow. -E_NOMEM, -E_2BIG.
 */
int type_intern(const struct type_def *defs, uint32_t n, uint32_t *first);
void type_hold(uint32_t id);
void type_release(uint32_t id);
/* Intern one function type given in the public form. */
int type_intern_public(const struct engine_functype *t, uint32_t *id);

bool heap_matches(uint32_t sub, uint32_t super);
bool vt_matches_slow(uint32_t sub, uint32_t super);
/* Is sub a subtype of super? */
static inline bool
vt_matches(uint32_t sub, uint32_t super)
{
    return sub == super || vt_matches_slow(sub, super);
}
bool type_is_subtype(uint32_t sub, uint32_t super);
/* The function type that a continuation type is of. */
const struct type_def *type_cont_func(const struct type_def *cont);
/* The abstract type at the top of a heap type's hierarchy. */
uint32_t heap_top(uint32_t heap);

struct engine_valtype vt_public(uint32_t vt);
uint32_t vt_from_public(struct engine_valtype t);
/* "i32"; NULL: not a number or vector. */
const char *vt_number_name(uint32_t vt);
/* "func"; NULL: not an abstract one. */
const char *heap_name(uint32_t heap);
/* "i32", "(ref null func)"; in buf. */
const char *vt_name(uint32_t vt, char *buf, size_t size);

#endif
