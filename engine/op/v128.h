/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A v128 in memory and in two value slots: sixteen bytes in wasm's order (lane
 * 0 first, each lane little-endian) on every host, so that loads, stores,
 * shuffles and reinterpretations are copies. Bodies see it through typed
 * vectors of the compiler: v_u16x8(a) gives eight lanes of host integers,
 * of_u16x8(x) goes back. On a big-endian host these two swap the bytes of each
 * lane; elsewhere they are nothing.
 *
 * Vectors are always 16 bytes (GCC vector extensions: SSE2, NEON, or scalar
 * code where there is neither).
 */
#ifndef ENGINE_OP_V128_H
#define ENGINE_OP_V128_H

#include <stdint.h>
#include <string.h>

struct v128 {
    union {
        uint8_t u8[16];
        uint64_t u64[2]; /* slots; lane values only on little-endian hosts */
    };
};

#define V128_INLINE static inline __attribute__((always_inline, unused))

typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef uint16_t u16x8 __attribute__((vector_size(16)));
typedef uint32_t u32x4 __attribute__((vector_size(16)));
typedef uint64_t u64x2 __attribute__((vector_size(16)));
typedef int8_t s8x16 __attribute__((vector_size(16)));
typedef int16_t s16x8 __attribute__((vector_size(16)));
typedef int32_t s32x4 __attribute__((vector_size(16)));
typedef int64_t s64x2 __attribute__((vector_size(16)));
typedef float f32x4 __attribute__((vector_size(16)));
typedef double f64x2 __attribute__((vector_size(16)));

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define V128_SWAP(bytes, width)                                                \
    for (unsigned i_ = 0; i_ < 16; i_++)                                       \
    swapped_.u8[i_] = (bytes).u8[i_ ^ ((width) - 1u)]
#else
#define V128_SWAP(bytes, width) swapped_ = (bytes)
#endif

#define V128_VIEW(type, width)                                                 \
    V128_INLINE type v_##type(struct v128 a)                                   \
    {                                                                          \
        struct v128 swapped_;                                                  \
        type x;                                                                \
                                                                               \
        V128_SWAP(a, width);                                                   \
        memcpy(&x, &swapped_, sizeof x);                                       \
        return x;                                                              \
    }                                                                          \
    V128_INLINE struct v128 of_##type(type x)                                  \
    {                                                                          \
        struct v128 a, swapped_;                                               \
                                                                               \
        memcpy(&a, &x, sizeof a);                                              \
        V128_SWAP(a, width);                                                   \
        return swapped_;                                                       \
    }
V128_VIEW(u8x16, 1)
V128_VIEW(u16x8, 2)
V128_VIEW(u32x4, 4)
V128_VIEW(u64x2, 8)
V128_VIEW(s8x16, 1)
V128_VIEW(s16x8, 2)
V128_VIEW(s32x4, 4)
V128_VIEW(s64x2, 8)
V128_VIEW(f32x4, 4)
V128_VIEW(f64x2, 8)
#undef V128_VIEW
#undef V128_SWAP

#endif
