/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stencils on x86-64. Holes are the addresses of symbols, so that the compiler
 * puts them into instructions as displacements.
 */
#ifndef ENGINE_JIT_STENCIL_X86_64_H
#define ENGINE_JIT_STENCIL_X86_64_H

#define K32 0x5a3c6917
extern char hole_a[], hole_b[], hole_c[], hole_d[], hole_i[];
#define HOLE(x) ((uintptr_t)hole_##x)
/* Memory 0 at address x plus the offset; a number that the compiler cannot
 * know. */
#define MEMORY(x) (mem + (x) + HOLE(i))
#define NUMBER HOLE(i)
#define ABOVE_ZERO NUMBER

#define PUT_D(f, e)                                                            \
    do {                                                                       \
        vd v_ = (vd)(f);                                                       \
        v_[0] = (e);                                                           \
        f = (vf)v_;                                                            \
    } while (0)
#define PUT_F(f, e) f[0] = (e)
/* The same where the register's old contents do not matter. */
#define NEW_D(f, e)                                                            \
    do {                                                                       \
        vd v_ = {0, 0};                                                        \
        v_[0] = (e);                                                           \
        f = (vf)v_;                                                            \
    } while (0)
#define NEW_F(f, e)                                                            \
    do {                                                                       \
        vf w_ = {0, 0, 0, 0};                                                  \
        w_[0] = (e);                                                           \
        f = w_;                                                                \
    } while (0)
/* f = c ? f : y */
#define FSELECT(c, f, y)                                                       \
    if (!(c))                                                                  \
    f = (y)

/* Where two 64-bit registers turn out equal the compiler would go on with a
 * copy of one in both; so it is not told what is compared. */
#define OPAQUE_EQUAL(x, y, equal)                                              \
    ({                                                                         \
        bool yes_;                                                             \
        __asm__("cmp %2, %1" : "=@cc" equal(yes_) : "r"(x), "er"(y));          \
        yes_;                                                                  \
    })
#define OPAQUE_ZERO(x, zero)                                                   \
    ({                                                                         \
        bool yes_;                                                             \
        __asm__("test %1, %1" : "=@cc" zero(yes_) : "r"(x));                   \
        yes_;                                                                  \
    })
#define EQUAL(x, y) OPAQUE_EQUAL(x, y, "e")
#define NOT_EQUAL(x, y) OPAQUE_EQUAL(x, y, "ne")
#define ZERO(x) OPAQUE_ZERO(x, "z")
#define NOT_ZERO(x) OPAQUE_ZERO(x, "nz")

#endif
