/* SPDX-License-Identifier: Apache-2.0 */
/* Stencils: floats, conversions. */
#include "stencil.h"

#include "op/unrow.h"
#include "op/norow.h"
#undef FBIN
#undef FCMP
#undef UN

#define TYPE_D double
#define TYPE_F float
#define FBIN_BODY(d, y_, C, e)                                                 \
    {                                                                          \
        TYPE_##C x = GET_##C(f##d), y = (y_);                                  \
        PUT_##C(f##d, e);                                                      \
        NEXT;                                                                  \
    }
#define FBIN_R(k, d, n, C, e)                                                  \
    STENCIL(n##__##d##_##k) FBIN_BODY(d, GET_##C(f##k), C, e)
#define FBIN_D(d, n, C, e)                                                     \
    R8B(FBIN_R, d, n, C, e)                                                    \
    STENCIL(n##__##d##_8) FBIN_BODY(d, SLOT(TYPE_##C, b), C, e)
#define FBIN_FULL(n, C, e) R8(FBIN_D, n, C, e)
#define FBIN_LARGE(n, C, e) FBIN_D(0, n, C, e)
#define FBIN(n, ...) PASTE(FBIN_, SHAPE_##n)(n, __VA_ARGS__)

#define FSET_BODY(x_, y_, C, e)                                                \
    {                                                                          \
        TYPE_##C x = (x_), y = (y_);                                           \
        r0 = (uint64_t)(e);                                                    \
        NEXT;                                                                  \
    }
#define FBR_BODY(x_, y_, C, e)                                                 \
    {                                                                          \
        TYPE_##C x = (x_), y = (y_);                                           \
        if (e)                                                                 \
            TAKEN;                                                             \
        NEXT;                                                                  \
    }
#define FCMP_R(k, d, n, C, e)                                                  \
    STENCIL(set_##n##__##d##_##k)                                              \
    FSET_BODY(GET_##C(f##d), GET_##C(f##k), C, e)                              \
    STENCIL(brt_##n##__##d##_##k)                                              \
    FBR_BODY(GET_##C(f##d), GET_##C(f##k), C, e)                               \
    STENCIL(brf_##n##__##d##_##k)                                              \
    FBR_BODY(GET_##C(f##d), GET_##C(f##k), C, !(e))
#define FCMP_D(d, n, C, e)                                                     \
    R8B(FCMP_R, d, n, C, e)                                                    \
    STENCIL(set_##n##__##d##_8)                                                \
    FSET_BODY(GET_##C(f##d), SLOT(TYPE_##C, b), C, e)                          \
    STENCIL(brt_##n##__##d##_8)                                                \
    FBR_BODY(GET_##C(f##d), SLOT(TYPE_##C, b), C, e)                           \
    STENCIL(brf_##n##__##d##_8)                                                \
    FBR_BODY(GET_##C(f##d), SLOT(TYPE_##C, b), C, !(e))
#define FCMP(n, C, e) R8(FCMP_D, n, C, e)

/* One operand: into f0 or r0. */
#define OUT_I(R, e) r0 = (uint64_t)(R)(e)
#define OUT_D(R, e) NEW_D(f0, (double)(e))
#define OUT_F(R, e) NEW_F(f0, (float)(e))
#define FROM_I(k) r##k
#define FROM_D(k) GET_D(f##k)
#define FROM_F(k) GET_F(f##k)
#define UN_BODY(x_, T, D, R, e, pre)                                           \
    {                                                                          \
        T x = (T)(x_);                                                         \
        pre OUT_##D(R, e);                                                     \
        NEXT;                                                                  \
    }
#define UN_R(k, n, C, T, D, R, e, pre)                                         \
    STENCIL(n##__##k) UN_BODY(FROM_##C(k), T, D, R, e, pre)
#define UN_ALL(n, C, T, D, R, e, pre)                                          \
    R8(UN_R, n, C, T, D, R, e, pre)                                            \
    STENCIL(n##__8) UN_BODY(SLOT(T, b), T, D, R, e, pre)
#define UN_I_I(...)
#define UN_I_F(n, ...) UN_ALL(n, I, __VA_ARGS__)
#define UN_I_D(n, ...) UN_ALL(n, I, __VA_ARGS__)
#define UN_F_I(n, ...) UN_ALL(n, F, __VA_ARGS__)
#define UN_F_F(n, ...) UN_ALL(n, F, __VA_ARGS__)
#define UN_F_D(n, ...) UN_ALL(n, F, __VA_ARGS__)
#define UN_D_I(n, ...) UN_ALL(n, D, __VA_ARGS__)
#define UN_D_F(n, ...) UN_ALL(n, D, __VA_ARGS__)
#define UN_D_D(n, ...) UN_ALL(n, D, __VA_ARGS__)
#define UN(n, C, T, D, R, e, pre) UN_##C##_##D(n, T, D, R, e, pre)

#include "op/all.def"

#define FMOV_R(k, d)                                                           \
    STENCIL(fmov__##d##_##k)                                                   \
    {                                                                          \
        f##d = f##k;                                                           \
        NEXT;                                                                  \
    }                                                                          \
    STENCIL(fromint__##d##_##k)                                                \
    {                                                                          \
        NEW_D(f##d, f64_of(r##k));                                             \
        NEXT;                                                                  \
    }                                                                          \
    STENCIL(toint__##d##_##k)                                                  \
    {                                                                          \
        r##d = f64_bits(GET_D(f##k));                                          \
        NEXT;                                                                  \
    }
#define FMOV_D(d, u)                                                           \
    R8B(FMOV_R, d)                                                             \
    STENCIL(fmov__##d##_8)                                                     \
    {                                                                          \
        NEW_D(f##d, SLOT(double, b));                                          \
        NEXT;                                                                  \
    }                                                                          \
    STENCIL(fstore__##d)                                                       \
    {                                                                          \
        SLOT(double, a) = GET_D(f##d);                                         \
        NEXT;                                                                  \
    }                                                                          \
    STENCIL(fzero__##d)                                                        \
    {                                                                          \
        f##d = (vf){0, 0, 0, 0};                                               \
        NEXT;                                                                  \
    }                                                                          \
    STENCIL(fglobal_get__##d)                                                  \
    {                                                                          \
        NEW_D(f##d, *(double *)(void *)((char *)in + HOLE(i)));                \
        NEXT;                                                                  \
    }                                                                          \
    STENCIL(fglobal_set__##d)                                                  \
    {                                                                          \
        *(double *)(void *)((char *)in + HOLE(i)) = GET_D(f##d);               \
        NEXT;                                                                  \
    }
R8(FMOV_D, )

/* select: f0 = c ? f0 : y */
#define FSELECT_BODY(y_, c_)                                                   \
    {                                                                          \
        FSELECT((uint32_t)(c_), f0, y_);                                       \
        NEXT;                                                                  \
    }
#define FSELECT_C(c, y) STENCIL(fselect__##y##_##c) FSELECT_BODY(f##y, r##c)
#define FSELECT_Y(y, u)                                                        \
    R8B(FSELECT_C, y)                                                          \
    STENCIL(fselect__##y##_8) FSELECT_BODY(f##y, SLOT(uint32_t, c))
R8(FSELECT_Y, )
