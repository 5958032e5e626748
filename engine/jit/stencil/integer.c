/* SPDX-License-Identifier: Apache-2.0 */
/* Stencils: integers, their branches, moves, constants, globals. */
#include "stencil.h"

#include "op/unrow.h"
#include "op/norow.h"
#undef BIN
#undef BINT
#undef CMP
#undef TEST_BRANCH
#undef UN
#undef UNT

#define BIN_BODY(d, y_, T, R, e, pre)                                          \
    {                                                                          \
        T x = (T)r##d, y = (T)(y_);                                            \
        pre r##d = (uint64_t)(R)(e);                                           \
        NEXT;                                                                  \
    }
#define BIN_R(k, d, n, T, S, R, e, pre)                                        \
    STENCIL(n##__##d##_##k) BIN_BODY(d, r##k, T, R, e, pre)
#define BIN_S(d, n, T, R, e, pre)                                              \
    STENCIL(n##__##d##_8) BIN_BODY(d, SLOT(T, b), T, R, e, pre)
#define BIN_FULL_D(d, n, T, S, R, e, pre)                                      \
    R8B(BIN_R, d, n, T, S, R, e, pre)                                          \
    BIN_S(d, n, T, R, e, pre)                                                  \
    STENCIL(n##__##d##_9) BIN_BODY(d, (S)K32, T, R, e, pre)
#define BIN_FULL(...) R8(BIN_FULL_D, __VA_ARGS__)
#define BIN_SHIFT_D(d, n, T, S, R, e, pre)                                     \
    R8B(BIN_R, d, n, T, S, R, e, pre)                                          \
    BIN_S(d, n, T, R, e, pre)                                                  \
    STENCIL(n##__##d##_9) BIN_BODY(d, K8, T, R, e, pre)
#define BIN_SHIFT(...) R8(BIN_SHIFT_D, __VA_ARGS__)
/* By a constant above 0, which is the address of a symbol: no constant that
 * the compiler would divide by in another way, and never 0 or -1. */
#define BY(n, T, R, e, pre)                                                    \
    STENCIL(by_##n) BIN_BODY(0, ABOVE_ZERO, T, R, e, pre)
#define BIN_LARGE(n, T, S, R, e, pre)                                          \
    R8B(BIN_R, 0, n, T, S, R, e, pre)                                          \
    BIN_S(0, n, T, R, e, pre)                                                  \
    BY(n, T, R, e, pre)
#define BIN(n, ...) PASTE(BIN_, SHAPE_##n)(n, __VA_ARGS__)
#define BINT(n, T, S, R, e, pre, t, f) BIN(n, T, S, R, e, pre)

/* Comparisons, to r0 and as branches. */
#define SET_BODY(x_, y_, T, e)                                                 \
    {                                                                          \
        T x = (T)(x_), y = (T)(y_);                                            \
        r0 = (uint64_t)(e);                                                    \
        NEXT;                                                                  \
    }
#define BR_BODY(n, x_, y_, T, e)                                               \
    {                                                                          \
        T x = (T)(x_), y = (T)(y_);                                            \
        if (HOW_##n(x, y, e))                                                  \
            TAKEN;                                                             \
        NEXT;                                                                  \
    }
#define HOW_i64_eq(x, y, e) EQUAL(x, y)
#define HOW_i64_ne(x, y, e) NOT_EQUAL(x, y)
#define HOW_br_if64(x, e) NOT_ZERO(x)
#define HOW_br_z64(x, e) ZERO(x)
#define HOW_br_if(x, e) (e)
#define HOW_br_z(x, e) (e)
#define HOW_i32_eq(x, y, e) (e)
#define HOW_i32_ne(x, y, e) (e)
#define HOW_i32_test(x, y, e) (e)
#define HOW_i32_testz(x, y, e) (e)
#define HOW_i32_lt_s(x, y, e) (e)
#define HOW_i32_lt_u(x, y, e) (e)
#define HOW_i32_gt_s(x, y, e) (e)
#define HOW_i32_gt_u(x, y, e) (e)
#define HOW_i32_le_s(x, y, e) (e)
#define HOW_i32_le_u(x, y, e) (e)
#define HOW_i32_ge_s(x, y, e) (e)
#define HOW_i32_ge_u(x, y, e) (e)
#define HOW_i64_lt_s(x, y, e) (e)
#define HOW_i64_lt_u(x, y, e) (e)
#define HOW_i64_gt_s(x, y, e) (e)
#define HOW_i64_gt_u(x, y, e) (e)
#define HOW_i64_le_s(x, y, e) (e)
#define HOW_i64_le_u(x, y, e) (e)
#define HOW_i64_ge_s(x, y, e) (e)
#define HOW_i64_ge_u(x, y, e) (e)
#define CMP_R(k, d, n, T, e)                                                   \
    STENCIL(set_##n##__##d##_##k) SET_BODY(r##d, r##k, T, e)
#define BR_R(k, d, n, T, e)                                                    \
    STENCIL(br_##n##__##d##_##k) BR_BODY(n, r##d, r##k, T, e)
#define SET_D(d, n, T, S, e)                                                   \
    R8B(CMP_R, d, n, T, e)                                                     \
    STENCIL(set_##n##__##d##_8)                                                \
    SET_BODY(r##d, SLOT(T, b), T, e)                                           \
    STENCIL(set_##n##__##d##_9) SET_BODY(r##d, (S)K32, T, e)
#define BR_D(d, n, T, S, e)                                                    \
    R8B(BR_R, d, n, T, e)                                                      \
    STENCIL(br_##n##__##d##_8)                                                 \
    BR_BODY(n, r##d, SLOT(T, b), T, e)                                         \
    STENCIL(br_##n##__##d##_9) BR_BODY(n, r##d, (S)K32, T, e)
#define CMP(n, T, S, e, inverse) R8(SET_D, n, T, S, e) R8(BR_D, n, T, S, e)
#define TEST_BRANCH(n, T, S, e) R8(BR_D, n, T, S, e)

#define UN_BODY(d, x_, T, R, e)                                                \
    {                                                                          \
        T x = (T)(x_);                                                         \
        r##d = (uint64_t)(R)(e);                                               \
        NEXT;                                                                  \
    }
#define UN_R(k, d, n, T, R, e) STENCIL(n##__##d##_##k) UN_BODY(d, r##k, T, R, e)
#define UN_D(d, n, T, R, e)                                                    \
    R8B(UN_R, d, n, T, R, e)                                                   \
    STENCIL(n##__##d##_8) UN_BODY(d, SLOT(T, b), T, R, e)
#define UN_I_I(n, T, R, e, pre) R8(UN_D, n, T, R, e)
#define UN_I_F(...)
#define UN_I_D(...)
#define UN_F_I(...)
#define UN_F_F(...)
#define UN_F_D(...)
#define UN_D_I(...)
#define UN_D_F(...)
#define UN_D_D(...)
#define UN(n, C, T, D, R, e, pre) UN_##C##_##D(n, T, R, e, pre)
#define UNT(n, T, e, ts, fs, tr, fr) UN(n, I, T, I, uint32_t, e, )

#include "op/all.def"

/* Tests of one value. */
#define TEST(n, T, e)                                                          \
    R8(TEST_R, n, T, e)                                                        \
    STENCIL(n##__8)                                                            \
    {                                                                          \
        T x = SLOT(T, b);                                                      \
        if (e)                                                                 \
            TAKEN;                                                             \
        NEXT;                                                                  \
    }
#define TEST_R(k, n, T, e)                                                     \
    STENCIL(n##__##k)                                                          \
    {                                                                          \
        T x = (T)r##k;                                                         \
        if (HOW_##n(x, e))                                                     \
            TAKEN;                                                             \
        NEXT;                                                                  \
    }
TEST(br_if, uint32_t, x)
TEST(br_z, uint32_t, !x)
TEST(br_if64, uint64_t, x)
TEST(br_z64, uint64_t, !x)

/* Sums of a register and a constant, or two registers, in a third. */
#define LEA_R(k, d)                                                            \
    STENCIL(k_lea32__##d##_##k)                                                \
    {                                                                          \
        r##d = (uint32_t)r##k + (uint32_t)K32;                                 \
        NEXT;                                                                  \
    }                                                                          \
    STENCIL(k_lea64__##d##_##k)                                                \
    {                                                                          \
        r##d = r##k + K32;                                                     \
        NEXT;                                                                  \
    }
#define LEA_D(d, u) R8B(LEA_R, d)
R8(LEA_D, )
#define SUM_Y(y, x, d)                                                         \
    STENCIL(sum32__##d##_##x##_##y)                                            \
    {                                                                          \
        r##d = (uint32_t)r##x + (uint32_t)r##y;                                \
        NEXT;                                                                  \
    }
#define SUM_X(x, d) R8B(SUM_Y, x, d)
#define SUM_D(d, u) R8A(SUM_X, d)
R8(SUM_D, )
/* x + (y << k), k 1 to 3: an element's address */
#define SCALE_Y(y, x, k)                                                       \
    STENCIL(scale##k##__##x##_##y)                                             \
    {                                                                          \
        r0 = (uint32_t)r##x + ((uint32_t)r##y << k);                           \
        NEXT;                                                                  \
    }
#define SCALE_X(x, k) R8B(SCALE_Y, x, k)
R8(SCALE_X, 1)
R8(SCALE_X, 2)
R8(SCALE_X, 3)

/* Moves. */
#define MOV_R(k, d)                                                            \
    STENCIL(mov__##d##_##k)                                                    \
    {                                                                          \
        r##d = r##k;                                                           \
        NEXT;                                                                  \
    }
#define MOV_D(d, u)                                                            \
    R8B(MOV_R, d)                                                              \
    STENCIL(mov__##d##_8)                                                      \
    {                                                                          \
        r##d = SLOT(uint64_t, b);                                              \
        NEXT;                                                                  \
    }                                                                          \
    STENCIL(load32__##d)                                                       \
    {                                                                          \
        r##d = SLOT(uint32_t, b);                                              \
        NEXT;                                                                  \
    }                                                                          \
    STENCIL(store__##d)                                                        \
    {                                                                          \
        SLOT(uint64_t, a) = r##d;                                              \
        NEXT;                                                                  \
    }                                                                          \
    STENCIL(k_const32__##d)                                                    \
    {                                                                          \
        r##d = K32;                                                            \
        NEXT;                                                                  \
    }                                                                          \
    STENCIL(k_const64__##d)                                                    \
    {                                                                          \
        r##d = K64;                                                            \
        NEXT;                                                                  \
    }                                                                          \
    STENCIL(zero__##d)                                                         \
    {                                                                          \
        r##d = 0;                                                              \
        NEXT;                                                                  \
    }                                                                          \
    STENCIL(global_get__##d)                                                   \
    {                                                                          \
        r##d = *(uint64_t *)(void *)((char *)in + HOLE(i));                    \
        NEXT;                                                                  \
    }                                                                          \
    STENCIL(global_set__##d)                                                   \
    {                                                                          \
        *(uint64_t *)(void *)((char *)in + HOLE(i)) = r##d;                    \
        NEXT;                                                                  \
    }
R8(MOV_D, )
STENCIL(k_store)
{
    SLOT(uint64_t, a) = K32; /* 31 bits */
    NEXT;
}

/* select: d = c ? d : y */
#define SELECT_BODY(d, y_, c_)                                                 \
    {                                                                          \
        r##d = (uint32_t)(c_) ? r##d : (y_);                                   \
        NEXT;                                                                  \
    }
#define SELECT_C(c, y, d)                                                      \
    STENCIL(select__##d##_##y##_##c) SELECT_BODY(d, r##y, r##c)
#define SELECT_Y(y, d)                                                         \
    R8B(SELECT_C, y, d)                                                        \
    STENCIL(select__##d##_##y##_8) SELECT_BODY(d, r##y, SLOT(uint32_t, c))
#define SELECT_CS(c, d)                                                        \
    STENCIL(select__##d##_8_##c) SELECT_BODY(d, SLOT(uint64_t, b), r##c)
#define SELECT_D(d, u)                                                         \
    R8A(SELECT_Y, d)                                                           \
    R8A(SELECT_CS, d)                                                          \
    STENCIL(select__##d##_8_8)                                                 \
    SELECT_BODY(d, SLOT(uint64_t, b), SLOT(uint32_t, c))
R8(SELECT_D, )

/* A backward jump's target. */
STENCIL(loop)
{
    if (UNLIKELY(__builtin_usubl_overflow(budget, 1, &budget))) __attribute__
        ((musttail)) return trap(ARGS);
    NEXT;
}
/* The index of a br_table: i - zero, at most n. */
STENCIL(k_table_zero)
{
    r0 = (uint32_t)((uint32_t)r0 + (uint32_t)K32);
    NEXT;
}

/* ---- references ---- */

#define NON_NULL(k, u)                                                         \
    STENCIL(non_null__##k)                                                     \
    {                                                                          \
        if (UNLIKELY(!r##k))                                                   \
            TRAP(ENGINE_NULL_REFERENCE);                                       \
        NEXT;                                                                  \
    }
R8(NON_NULL, )

/*
 * The callee of an indirect call, whose element of table 0 r0 is, or of a
 * reference: r1 its index, r2 its struct func_code. What is not a function of
 * this instance and of exactly that type takes the long way.
 */
#define FOUND(f)                                                               \
    r1 = (f)->index;                                                           \
    r2 = (uintptr_t)(f)->entry;                                                \
    NEXT
#define LONG_WAY __attribute__((musttail)) return trap(ARGS)
STENCIL(k_find_element)
{
    const struct engine_table *t = in->table0;
    const struct engine_func *f;

    if (UNLIKELY(r0 >= t->size))
        LONG_WAY;
    f = t->elems[r0];
    if (UNLIKELY(!f))
        LONG_WAY;
    if (UNLIKELY(f->type != K32))
        LONG_WAY;
    if (UNLIKELY(f->instance != in))
        LONG_WAY;
    FOUND(f);
}
STENCIL(find_ref)
{
    const struct engine_func *f = (const struct engine_func *)r0;

    if (UNLIKELY(!f))
        LONG_WAY;
    if (UNLIKELY(f->instance != in))
        LONG_WAY;
    FOUND(f);
}
