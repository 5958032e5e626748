/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stencils: fields of structs, elements of arrays (gc.h). An element's address
 * is computed first, into r0; what is loaded comes to r0 or f0.
 */
#include "stencil.h"

#include "gc.h"

#define AT(T, x) (*(T *)(void *)((char *)(x) + NUMBER))
#define LOAD_AS(k, name, T, R)                                                 \
    STENCIL(object_##name##__##k)                                              \
    {                                                                          \
        r0 = (uint64_t)(R)AT(T, r##k);                                         \
        NEXT;                                                                  \
    }
R8(LOAD_AS, load8_u, uint8_t, uint8_t)
R8(LOAD_AS, load8_s, int8_t, uint32_t)
R8(LOAD_AS, load16_u, uint16_t, uint16_t)
R8(LOAD_AS, load16_s, int16_t, uint32_t)
R8(LOAD_AS, load32, uint32_t, uint32_t)
R8(LOAD_AS, load64, uint64_t, uint64_t)
#define FLOAD(k, u)                                                            \
    STENCIL(object_fload32__##k)                                               \
    {                                                                          \
        float v = AT(float, r##k);                                             \
        NEW_F(f0, v);                                                          \
        NEXT;                                                                  \
    }                                                                          \
    STENCIL(object_fload64__##k)                                               \
    {                                                                          \
        double v = AT(double, r##k);                                           \
        NEW_D(f0, v);                                                          \
        NEXT;                                                                  \
    }
R8(FLOAD, )

/* To r0 plus the number: the object or the element is there. */
#define STORE_AS(v, name, T)                                                   \
    STENCIL(object_##name##__##v)                                              \
    {                                                                          \
        AT(T, r0) = (T)r##v;                                                   \
        NEXT;                                                                  \
    }
#define STORES(name, T)                                                        \
    R8(STORE_AS, name, T)                                                      \
    STENCIL(object_##name##__8)                                                \
    {                                                                          \
        AT(T, r0) = SLOT(T, b);                                                \
        NEXT;                                                                  \
    }
STORES(store8, uint8_t)
STORES(store16, uint16_t)
STORES(store32, uint32_t)
STORES(store64, uint64_t)
#define FSTORE(v, u)                                                           \
    STENCIL(object_fstore32__##v)                                              \
    {                                                                          \
        AT(float, r0) = GET_F(f##v);                                           \
        NEXT;                                                                  \
    }                                                                          \
    STENCIL(object_fstore64__##v)                                              \
    {                                                                          \
        AT(double, r0) = GET_D(f##v);                                          \
        NEXT;                                                                  \
    }
R8(FSTORE, )

/* The array in rx, the index: null and bounds are checked. */
#define ELEMENT(x, index, shift)                                               \
    {                                                                          \
        const struct gc_object *o = (const struct gc_object *)r##x;            \
        uint32_t at;                                                           \
        if (UNLIKELY(!o))                                                      \
            TRAP(ENGINE_NULL_REFERENCE);                                       \
        at = (uint32_t)(index);                                                \
        if (UNLIKELY(at >= o->length))                                         \
            TRAP(ENGINE_ARRAY_BOUNDS);                                         \
        r0 = (uintptr_t)o->bytes + ((uint64_t)at << shift);                    \
        NEXT;                                                                  \
    }
#define ELEMENT_R(y, x, shift)                                                 \
    STENCIL(element##shift##__##x##_##y) ELEMENT(x, r##y, shift)
#define ELEMENT_X(x, shift)                                                    \
    R8B(ELEMENT_R, x, shift)                                                   \
    STENCIL(element##shift##__##x##_8) ELEMENT(x, SLOT(uint32_t, b), shift)
R8(ELEMENT_X, 0)
R8(ELEMENT_X, 1)
R8(ELEMENT_X, 2)
R8(ELEMENT_X, 3)
#define LENGTH(k, u)                                                           \
    STENCIL(array_length__##k)                                                 \
    {                                                                          \
        const struct gc_object *o = (const struct gc_object *)r##k;            \
        if (UNLIKELY(!o))                                                      \
            TRAP(ENGINE_NULL_REFERENCE);                                       \
        r0 = o->length;                                                        \
        NEXT;                                                                  \
    }
R8(LENGTH, )
