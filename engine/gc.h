/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs, arrays and i31 (WebAssembly 3.0, 4.2.11 and 4.4.5): references and
 * the heap they point into.
 *
 * A reference is 64 bits:
 *
 *   0                null
 *   ......1          i31, the value in bits 1..31 (any and extern alike)
 *   p     (...00)    seen as any: a struct gc_object; as extern: the host's
 *                    pointer, which must be a multiple of 4
 *   p|2   (...10)    seen as any: an extern from the host; as extern: an object
 *
 * so that any.convert_extern and extern.convert_any flip one bit. func and exn
 * references are pointers to their own structs and never converted.
 *
 * The heap belongs to a store. It is collected by mark and sweep when what was
 * allocated since the last time outweighs what lived then. Objects do not move.
 * Roots are found conservatively: any word of the value stack, of globals,
 * tables, element segments and exceptions that is the address of an object
 * keeps it; objects themselves are traced by their types. A reference that the
 * host holds in its own variables keeps nothing: it lives until the store's
 * code runs again.
 */
#ifndef ENGINE_GC_H
#define ENGINE_GC_H

#include "runtime.h"

struct gc_object {
    uint32_t type;   /* canonical */
    uint32_t length; /* arrays: elements */
    /* Structs: a slot per field (two for v128), as on the stack, but packed
     * fields hold garbage above their bits. Arrays: elements of 1 to 16 bytes
     * next to each other. */
    union {
        uint8_t bytes[1];
        uint64_t slots[1];
    };
};

/* The opcodes after 0xfb, and the one that has no prefix. */
enum gc_opcode {
    GC_STRUCT_NEW,
    GC_STRUCT_NEW_DEFAULT,
    GC_STRUCT_GET,
    GC_STRUCT_GET_S,
    GC_STRUCT_GET_U,
    GC_STRUCT_SET,
    GC_ARRAY_NEW,
    GC_ARRAY_NEW_DEFAULT,
    GC_ARRAY_NEW_FIXED,
    GC_ARRAY_NEW_DATA,
    GC_ARRAY_NEW_ELEM,
    GC_ARRAY_GET,
    GC_ARRAY_GET_S,
    GC_ARRAY_GET_U,
    GC_ARRAY_SET,
    GC_ARRAY_LEN,
    GC_ARRAY_FILL,
    GC_ARRAY_COPY,
    GC_ARRAY_INIT_DATA,
    GC_ARRAY_INIT_ELEM,
    GC_REF_TEST,
    GC_REF_TEST_NULL,
    GC_REF_CAST,
    GC_REF_CAST_NULL,
    GC_BR_ON_CAST,
    GC_BR_ON_CAST_FAIL,
    GC_ANY_CONVERT_EXTERN,
    GC_EXTERN_CONVERT_ANY,
    GC_REF_I31,
    GC_I31_GET_S,
    GC_I31_GET_U,
    GC_REF_EQ,
    GC_CONT_NEW, /* x: type (cont.h) */
    GC_CONT_BIND /* x: from; y: to */
};

/*
 * One instruction: operands from sp[0] on, the result to sp[0]. x is the
 * canonical type or the target's heap type, y the field, segment or count
 * (array.copy: the source's type). top is the first slot of the value stack
 * that is not in use. br_on_cast is ref.test and a branch.
 */
enum engine_status gc_execute(struct engine_instance *in, enum gc_opcode op,
                              uint32_t x, uint32_t y, uint64_t *sp,
                              uint64_t *top);

/* Is the non-null reference v, of heap's hierarchy, of type heap? */
bool gc_ref_is(uint64_t v, uint32_t heap);

/* ---- the heap (gc_heap.c) ---- */

struct gc_heap;

/* Zeroed but for type and length; NULL: out of memory or quota. Nothing is
 * collected when top is NULL (constant expressions keep values elsewhere). */
struct gc_object *gc_alloc(struct engine_instance *in, uint32_t type,
                           uint32_t length, uint64_t *top);
uint64_t gc_heap_bytes(const struct gc_heap *h); /* charged to the quota */
void gc_heap_free(struct gc_heap *h); /* NULL is fine */
/* f for every word of every object that may be a reference. */
void gc_visit(struct gc_heap *h, void (*f)(void *ctx, uint64_t word),
              void *ctx);

/* Bytes of one array element of storage type vt. */
static inline uint32_t
gc_element_size(uint32_t vt)
{
    switch (vt) {
    case VT_I8:
        return 1;
    case VT_I16:
        return 2;
    case VT_I32:
    case VT_F32:
        return 4;
    case VT_V128:
        return 16;
    default:
        return 8;
    }
}

#endif
