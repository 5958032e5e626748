/* SPDX-License-Identifier: Apache-2.0 */
/* Stencils: loads and stores of memory 0, whose guard pages catch the rest. */
#include "stencil.h"

#include "op/unrow.h"
#include "op/norow.h"
#undef LOAD
#undef STORE

#define LOAD_BODY_I(d, at, T, R)                                               \
    {                                                                          \
        T v;                                                                   \
        memcpy(&v, MEMORY(at), sizeof v);                                      \
        r##d = (uint64_t)(R)v;                                                 \
        NEXT;                                                                  \
    }
#define LOAD_BODY_D(d, at, T, R)                                               \
    {                                                                          \
        T v;                                                                   \
        memcpy(&v, MEMORY(at), sizeof v);                                      \
        NEW_D(f##d, v);                                                        \
        NEXT;                                                                  \
    }
#define LOAD_BODY_F(d, at, T, R)                                               \
    {                                                                          \
        T v;                                                                   \
        memcpy(&v, MEMORY(at), sizeof v);                                      \
        NEW_F(f##d, v);                                                        \
        NEXT;                                                                  \
    }
#define LOAD_R(k, d, n, T, R, D)                                               \
    STENCIL(n##__##d##_##k)                                                    \
    {                                                                          \
        WITHOUT_TOP(r##k);                                                     \
        LOAD_BODY_##D(d, r##k, T, R)                                           \
    }
#define LOAD_D(d, n, T, R, D)                                                  \
    R8B(LOAD_R, d, n, T, R, D)                                                 \
    STENCIL(n##__##d##_8) LOAD_BODY_##D(d, SLOT(uint32_t, b), T, R)
#define LOAD(n, T, R, D, k) R8(LOAD_D, n, T, R, D)

#define STORE_BODY(at, T, value)                                               \
    {                                                                          \
        T v = (T)(value);                                                      \
        memcpy(MEMORY(at), &v, sizeof v);                                      \
        NEXT;                                                                  \
    }
#define STORE_R(v, x, n, T)                                                    \
    STENCIL(n##__##x##_##v)                                                    \
    {                                                                          \
        WITHOUT_TOP(r##x);                                                     \
        STORE_BODY(r##x, T, r##v)                                              \
    }
#define STORE_S(v, n, T)                                                       \
    STENCIL(n##__8_##v) STORE_BODY(SLOT(uint32_t, a), T, r##v)
#define STORE_X(x, n, T)                                                       \
    R8B(STORE_R, x, n, T)                                                      \
    STENCIL(n##__##x##_8)                                                      \
    {                                                                          \
        WITHOUT_TOP(r##x);                                                     \
        STORE_BODY(r##x, T, SLOT(T, b))                                        \
    }                                                                          \
    STENCIL(n##__##x##_9)                                                      \
    {                                                                          \
        WITHOUT_TOP(r##x);                                                     \
        STORE_BODY(r##x, T, K32)                                               \
    }
#define STORE_I(n, T)                                                          \
    R8(STORE_X, n, T)                                                          \
    R8(STORE_S, n, T)                                                          \
    STENCIL(n##__8_8)                                                          \
    STORE_BODY(SLOT(uint32_t, a), T, SLOT(T, b))                               \
    STENCIL(n##__8_9) STORE_BODY(SLOT(uint32_t, a), T, K32)

#define FSTORE_R(v, x, n, T, C)                                                \
    STENCIL(n##__##x##_##v)                                                    \
    {                                                                          \
        WITHOUT_TOP(r##x);                                                     \
        STORE_BODY(r##x, T, GET_##C(f##v))                                     \
    }
#define FSTORE_X(x, n, T, C) R8B(FSTORE_R, x, n, T, C)
#define FSTORE_S(v, n, T, C)                                                   \
    STENCIL(n##__8_##v) STORE_BODY(SLOT(uint32_t, a), T, GET_##C(f##v))
#define STORE_D(n, T) R8(FSTORE_X, n, T, D) R8(FSTORE_S, n, T, D)
#define STORE_F(n, T) R8(FSTORE_X, n, T, F) R8(FSTORE_S, n, T, F)
#define STORE(n, T, C, k) STORE_##C(n, T)

#include "op/all.def"
