/* SPDX-License-Identifier: Apache-2.0 */
/* Stencils: vectors, which stay in slots. Lanes are holes as well. */
#include "stencil.h"

#include "op/simd.h"

#include "op/unrow.h"
#include "op/norow.h"

#define CARRIER_I32 uint32_t
#define CARRIER_I64 uint64_t
#define CARRIER_F32 uint32_t
#define CARRIER_F64 uint64_t
#define V_SLOT(x) slot_v128(fp + HOLE(x))
#define V_PUT(v)                                                               \
    do {                                                                       \
        struct v128 v_ = (v);                                                  \
        memcpy(fp + HOLE(a), &v_, sizeof v_);                                  \
    } while (0)
#define LANE ((uint32_t)NUMBER)

static inline __attribute__((always_inline)) struct v128
slot_v128(const char *p)
{
    struct v128 v;

    memcpy(&v, p, sizeof v);
    return v;
}

#undef SIMD_LOAD
#define SIMD_LOAD(n, t, s)                                                     \
    STENCIL(n)                                                                 \
    {                                                                          \
        V_PUT(op_##n(MEMORY(SLOT(uint32_t, b))));                              \
        NEXT;                                                                  \
    }
#undef SIMD_STORE
#define SIMD_STORE(n, t, s)                                                    \
    STENCIL(n)                                                                 \
    {                                                                          \
        op_##n(MEMORY(SLOT(uint32_t, a)), V_SLOT(b));                          \
        NEXT;                                                                  \
    }
#undef SIMD_SPLAT
#define SIMD_SPLAT(n, t, s)                                                    \
    STENCIL(n)                                                                 \
    {                                                                          \
        V_PUT(op_##n(SLOT(CARRIER_##t, b)));                                   \
        NEXT;                                                                  \
    }
#undef SIMD_EXTRACT
#define SIMD_EXTRACT(n, t, s)                                                  \
    STENCIL(n)                                                                 \
    {                                                                          \
        SLOT(uint64_t, a) = op_##n(V_SLOT(b), LANE);                           \
        NEXT;                                                                  \
    }
#undef SIMD_REPLACE
#define SIMD_REPLACE(n, t, s)                                                  \
    STENCIL(n)                                                                 \
    {                                                                          \
        V_PUT(op_##n(V_SLOT(b), SLOT(CARRIER_##t, c), LANE));                  \
        NEXT;                                                                  \
    }
#undef SIMD_UN
#define SIMD_UN(n, t, s)                                                       \
    STENCIL(n)                                                                 \
    {                                                                          \
        V_PUT(op_##n(V_SLOT(b)));                                              \
        NEXT;                                                                  \
    }
#undef SIMD_BIN
#define SIMD_BIN(n, t, s)                                                      \
    STENCIL(n)                                                                 \
    {                                                                          \
        V_PUT(op_##n(V_SLOT(b), V_SLOT(c)));                                   \
        NEXT;                                                                  \
    }
#undef SIMD_TER
#define SIMD_TER(n, t, s)                                                      \
    STENCIL(n)                                                                 \
    {                                                                          \
        V_PUT(op_##n(V_SLOT(b), V_SLOT(c), V_SLOT(d)));                        \
        NEXT;                                                                  \
    }
#undef SIMD_SHIFT
#define SIMD_SHIFT(n, t, s)                                                    \
    STENCIL(n)                                                                 \
    {                                                                          \
        V_PUT(op_##n(V_SLOT(b), SLOT(uint32_t, c)));                           \
        NEXT;                                                                  \
    }
#undef SIMD_TEST
#define SIMD_TEST(n, t, s)                                                     \
    STENCIL(n)                                                                 \
    {                                                                          \
        SLOT(uint64_t, a) = op_##n(V_SLOT(b));                                 \
        NEXT;                                                                  \
    }
#include "op/all.def"

STENCIL(mov2)
{
    V_PUT(V_SLOT(b));
    NEXT;
}
STENCIL(select128)
{
    struct v128 x = V_SLOT(b), y = V_SLOT(c);
    V_PUT(SLOT(uint32_t, d) ? x : y);
    NEXT;
}
