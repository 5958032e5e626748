/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stencils on AArch64. Holes are distances from fp and in that nothing else
 * has, so that the compiler puts them into loads and stores as immediates and
 * the extractor knows them by the base register: multiples of 16 that neither a
 * pair's nor an unscaled immediate can be. What does not fit there when the
 * hole is filled is added to the base before the stencil, in x11 to x15, which
 * the compiler is told not to use. So is the offset of loads and stores in
 * memory: here they have none.
 */
#ifndef ENGINE_JIT_STENCIL_AARCH64_H
#define ENGINE_JIT_STENCIL_AARCH64_H

#define HOLE_a 0xe10
#define HOLE_b 0xc30
#define HOLE_c 0xa50
#define HOLE_d 0x870
#define HOLE_i 0xff0
#define HOLE(x) HOLE_##x
#define MEMORY(x) (mem + (x))
/* Constants that the compiler does not know: it would compute with them, or
 * load their halves apart. */
#define CONSTANT(high, low)                                                    \
    ({                                                                         \
        uint64_t n_;                                                           \
        __asm__("movz %w0, " #low "\n\tmovk %w0, " #high ", lsl 16"            \
                : "=r"(n_));                                                   \
        n_;                                                                    \
    })
#define K32 CONSTANT(0x5a3c, 0x6917)
#define NUMBER CONSTANT(0x3b1d, 0x4e6f) /* N32 of the extractor */
#define ABOVE_ZERO                                                             \
    ({                                                                         \
        uint64_t above_ = NUMBER;                                              \
        __builtin_assume(above_ - 1 < 0x7fffffff);                             \
        above_;                                                                \
    })

/* Scalar instructions clear the rest of the register; nobody wants it. */
#define NEW_D(f, e)                                                            \
    do {                                                                       \
        vd v_ = {(e), 0};                                                      \
        f = (vf)__builtin_shufflevector(v_, v_, 0, -1);                        \
    } while (0)
#define NEW_F(f, e)                                                            \
    do {                                                                       \
        vf w_ = {(e), 0, 0, 0};                                                \
        f = __builtin_shufflevector(w_, w_, 0, -1, -1, -1);                    \
    } while (0)
#define PUT_D(f, e) NEW_D(f, e)
#define PUT_F(f, e) NEW_F(f, e)
#define FSELECT(c, f, y) NEW_D(f, (c) ? GET_D(f) : GET_D(y))

/* Where two 64-bit registers turn out equal the compiler would go on with a
 * copy of one in both; so it is not told what is compared. */
#define DIFFERENCE(x, y)                                                       \
    ({                                                                         \
        uint64_t d_;                                                           \
        __asm__("eor %0, %1, %2" : "=r"(d_) : "r"(x), "r"(y));                 \
        d_;                                                                    \
    })
#define COPY(x)                                                                \
    ({                                                                         \
        uint64_t c_;                                                           \
        __asm__("mov %0, %1" : "=r"(c_) : "r"(x));                             \
        c_;                                                                    \
    })
#define EQUAL(x, y) (DIFFERENCE(x, y) == 0)
#define NOT_EQUAL(x, y) (DIFFERENCE(x, y) != 0)
#define ZERO(x) (COPY(x) == 0)
#define NOT_ZERO(x) (COPY(x) != 0)

#endif
