/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bodies of the atomic opcodes, op_<name> for every row of atomic.def but
 * wait and notify. Memory is little-endian; on a big-endian host loads, stores,
 * exchanges and the bitwise operations swap, and add and sub compare-exchange
 * in a loop. p is aligned in the program's memory, whose base is aligned too.
 */
#ifndef ENGINE_OP_ATOMIC_H
#define ENGINE_OP_ATOMIC_H

#include <stdint.h>

#define ATOMIC_INLINE static inline __attribute__((always_inline, unused))

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define ATOMIC_LE_8(x) (x)
#define ATOMIC_LE_16(x) __builtin_bswap16(x)
#define ATOMIC_LE_32(x) __builtin_bswap32(x)
#define ATOMIC_LE_64(x) __builtin_bswap64(x)
#else
#define ATOMIC_LE_8(x) (x)
#define ATOMIC_LE_16(x) (x)
#define ATOMIC_LE_32(x) (x)
#define ATOMIC_LE_64(x) (x)
#endif

/* i386 aligns uint64_t to 4, programs to 8. */
typedef uint8_t atomic_u8;
typedef uint16_t atomic_u16 __attribute__((aligned(2)));
typedef uint32_t atomic_u32 __attribute__((aligned(4)));
typedef uint64_t atomic_u64 __attribute__((aligned(8)));

ATOMIC_INLINE void
op_atomic_fence(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* name is "i32_atomic_rmw8_add_u"; n the bits of memory, t the carrier. */
#define ATOMIC_RMW(name, n, t, new_value)                                      \
    ATOMIC_INLINE t op_##name(uint8_t *p, t operand)                           \
    {                                                                          \
        atomic_u##n *at = (atomic_u##n *)(void *)p;                            \
        uint##n##_t v = (uint##n##_t)operand, put;                             \
        uint##n##_t seen = __atomic_load_n(at, __ATOMIC_SEQ_CST), old;         \
                                                                               \
        do {                                                                   \
            old = ATOMIC_LE_##n(seen);                                         \
            put = (uint##n##_t)(new_value);                                    \
            put = ATOMIC_LE_##n(put);                                          \
        } while (!__atomic_compare_exchange_n(                                 \
            at, &seen, put, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));           \
        return old;                                                            \
    }

/* pre and post: the name around the operation; u: "_u" for narrow loads. */
#define ATOMIC_FAMILY(type, w, u, n, t)                                        \
    ATOMIC_INLINE t op_##type##_atomic_load##w##u(const uint8_t *p)            \
    {                                                                          \
        const atomic_u##n *at = (const atomic_u##n *)(const void *)p;          \
        uint##n##_t v = __atomic_load_n(at, __ATOMIC_SEQ_CST);                 \
                                                                               \
        return ATOMIC_LE_##n(v);                                               \
    }                                                                          \
    ATOMIC_INLINE void op_##type##_atomic_store##w(uint8_t *p, t value)        \
    {                                                                          \
        uint##n##_t v = (uint##n##_t)value;                                    \
                                                                               \
        __atomic_store_n((atomic_u##n *)(void *)p, ATOMIC_LE_##n(v),           \
                         __ATOMIC_SEQ_CST);                                    \
    }                                                                          \
    ATOMIC_INLINE t op_##type##_atomic_rmw##w##_cmpxchg##u(uint8_t *p, t want, \
                                                           t put)              \
    {                                                                          \
        uint##n##_t narrow = (uint##n##_t)want, seen = ATOMIC_LE_##n(narrow);  \
        uint##n##_t v = (uint##n##_t)put;                                      \
        __atomic_compare_exchange_n((atomic_u##n *)(void *)p, &seen,           \
                                    ATOMIC_LE_##n(v), 0, __ATOMIC_SEQ_CST,     \
                                    __ATOMIC_SEQ_CST);                         \
        return ATOMIC_LE_##n(seen);                                            \
    }                                                                          \
    ATOMIC_RMW(type##_atomic_rmw##w##_add##u, n, t, old + v)                   \
    ATOMIC_RMW(type##_atomic_rmw##w##_sub##u, n, t, old - v)                   \
    ATOMIC_RMW(type##_atomic_rmw##w##_and##u, n, t, old &v)                    \
    ATOMIC_RMW(type##_atomic_rmw##w##_or##u, n, t, old | v)                    \
    ATOMIC_RMW(type##_atomic_rmw##w##_xor##u, n, t, old ^ v)                   \
    ATOMIC_RMW(type##_atomic_rmw##w##_xchg##u, n, t, v)
ATOMIC_FAMILY(i32, , , 32, uint32_t)
ATOMIC_FAMILY(i64, , , 64, uint64_t)
ATOMIC_FAMILY(i32, 8, _u, 8, uint32_t)
ATOMIC_FAMILY(i32, 16, _u, 16, uint32_t)
ATOMIC_FAMILY(i64, 8, _u, 8, uint64_t)
ATOMIC_FAMILY(i64, 16, _u, 16, uint64_t)
ATOMIC_FAMILY(i64, 32, _u, 32, uint64_t)
#undef ATOMIC_FAMILY
#undef ATOMIC_RMW

#endif
