/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of op/all.def to code. A body reads its operands into x and y, computes,
 * puts the result into field a's slot, an accumulator, or both, and goes on.
 * Slots are always written whole: a 4-byte store read back as 8 bytes would
 * stall.
 */
#define NEXT                                                                   \
    do {                                                                       \
        pc++;                                                                  \
        JUMP;                                                                  \
    } while (0)
#define BRANCH                                                                 \
    do {                                                                       \
        pc += pc->imm;                                                         \
        JUMP;                                                                  \
    } while (0)
#define BRANCH_BACK                                                            \
    do {                                                                       \
        pc += pc->imm;                                                         \
        if (UNLIKELY(--budget < 0))                                            \
            POLL_THEN_JUMP;                                                    \
        JUMP;                                                                  \
    } while (0)

#define SLOT_I(T, i) ((T)fp[i])
#define SLOT_D(T, i) f64_of(fp[i])
#define SLOT_F(T, i) f32_of((uint32_t)fp[i])
#define ACC_I(T) ((T)r0)
#define ACC_D(T) f0
#define ACC_F(T) g0
#define PUT_I_(R, e) fp[pc->a] = (uint64_t)(R)(e)
#define PUT_I_R(R, e) r0 = (uint64_t)(R)(e)
#define PUT_I_B(R, e) fp[pc->a] = r0 = (uint64_t)(R)(e)
#define PUT_D_(R, e) fp[pc->a] = f64_bits((double)(e))
#define PUT_D_R(R, e) f0 = (double)(e)
#define PUT_D_B(R, e) f0 = (double)(e); fp[pc->a] = f64_bits(f0)
#define PUT_F_(R, e) fp[pc->a] = f32_bits((float)(e))
#define PUT_F_R(R, e) g0 = (float)(e)
#define PUT_F_B(R, e) g0 = (float)(e); fp[pc->a] = f32_bits(g0)

/* ---- integers -------------------------------------------------------------- */

#define XY_ss(T, S) T x = (T)fp[pc->b], y = (T)fp[pc->c];
#define XY_si(T, S) T x = (T)fp[pc->b], y = (T)(S)pc->imm;
#define XY_rs(T, S) T x = (T)r0, y = (T)fp[pc->c];
#define XY_ri(T, S) T x = (T)r0, y = (T)(S)pc->imm;
#define XY_sr(T, S) T x = (T)fp[pc->b], y = (T)r0;
#define BIN_FORM(n, form, dest, T, S, R, e, pre)                               \
    OP(n##_##form##dest)                                                       \
    {                                                                          \
        XY_##form(T, S) pre PUT_I##dest(R, e);                                 \
        NEXT;                                                                  \
    }
#define PUT_I(R, e) PUT_I_(R, e)
#define BIN_DEST(n, dest, T, S, R, e, pre)                                     \
    BIN_FORM(n, ss, dest, T, S, R, e, pre)                                     \
    BIN_FORM(n, si, dest, T, S, R, e, pre)                                     \
    BIN_FORM(n, rs, dest, T, S, R, e, pre)                                     \
    BIN_FORM(n, ri, dest, T, S, R, e, pre)                                     \
    BIN_FORM(n, sr, dest, T, S, R, e, pre)
#define BIN(n, T, S, R, e, pre)                                                \
    BIN_DEST(n, , T, S, R, e, pre)                                             \
    BIN_DEST(n, _R, T, S, R, e, pre)                                           \
    BIN_DEST(n, _B, T, S, R, e, pre)

#define BINT(n, T, S, R, e, pre, t, f) BIN(n, T, S, R, e, pre)

#define BR_XY_ss(T, S) T x = (T)fp[pc->a], y = (T)fp[pc->b];
#define BR_XY_si(T, S) T x = (T)fp[pc->a], y = (T)(S)(int16_t)pc->b;
#define BR_XY_rs(T, S) T x = (T)r0, y = (T)fp[pc->b];
#define BR_XY_ri(T, S) T x = (T)r0, y = (T)(S)(int16_t)pc->b;
#define CMP_BRANCH(n, form, T, S, e)                                           \
    OP(n##_br_##form)                                                          \
    {                                                                          \
        BR_XY_##form(T, S) if (e) BRANCH;                                      \
        NEXT;                                                                  \
    }                                                                          \
    OP(n##_br_##form##_l)                                                      \
    {                                                                          \
        BR_XY_##form(T, S) if (e) BRANCH_BACK;                                 \
        NEXT;                                                                  \
    }
#define TEST_BRANCH(n, T, S, e)                                                \
    CMP_BRANCH(n, ss, T, S, e)                                                 \
    CMP_BRANCH(n, si, T, S, e)                                                 \
    CMP_BRANCH(n, rs, T, S, e)                                                 \
    CMP_BRANCH(n, ri, T, S, e)

/* slot a += d; branch back by c if the comparison with b holds */
#define STEP_FORM(n, form, Y, e)                                               \
    OP(n##_##form)                                                             \
    {                                                                          \
        uint32_t x = (uint32_t)fp[pc->a] + (uint32_t)(int16_t)pc->d, y = Y;    \
        fp[pc->a] = x;                                                         \
        if (e) {                                                               \
            pc += (int16_t)pc->c;                                              \
            if (UNLIKELY(--budget < 0))                                        \
                POLL_THEN_JUMP;                                                \
            JUMP;                                                              \
        }                                                                      \
        NEXT;                                                                  \
    }
#define STEP_BRANCH(n, e)                                                      \
    STEP_FORM(n, s, (uint32_t)fp[pc->b], e)                                    \
    STEP_FORM(n, i, (uint32_t)(int16_t)pc->b, e)

#define FIELD_FORM(n, form, dest, T, source)                                   \
    OP(n##_##form##dest)                                                       \
    {                                                                          \
        T x = (T)source;                                                       \
        PUT_I##dest(T, (x >> (pc->d & 31) & pc->c) << (pc->d >> 8));                                    \
        NEXT;                                                                  \
    }
#define FIELD(n, T)                                                            \
    FIELD_FORM(n, s, , T, fp[pc->b])                                           \
    FIELD_FORM(n, s, _R, T, fp[pc->b])                                         \
    FIELD_FORM(n, s, _B, T, fp[pc->b])                                         \
    FIELD_FORM(n, r, , T, r0)                                                  \
    FIELD_FORM(n, r, _R, T, r0)                                                \
    FIELD_FORM(n, r, _B, T, r0)

#define CMP_DEST(n, dest, T, S, e)                                             \
    BIN_FORM(n, ss, dest, T, S, uint32_t, e, )                                 \
    BIN_FORM(n, si, dest, T, S, uint32_t, e, )                                 \
    BIN_FORM(n, rs, dest, T, S, uint32_t, e, )                                 \
    BIN_FORM(n, ri, dest, T, S, uint32_t, e, )
#define CMP(n, T, S, e, inverse)                                               \
    CMP_DEST(n, , T, S, e)                                                     \
    CMP_DEST(n, _R, T, S, e)                                                   \
    CMP_DEST(n, _B, T, S, e)                                                   \
    CMP_BRANCH(n, ss, T, S, e)                                                 \
    CMP_BRANCH(n, si, T, S, e)                                                 \
    CMP_BRANCH(n, rs, T, S, e)                                                 \
    CMP_BRANCH(n, ri, T, S, e)

/* ---- floats ------------------------------------------------------------------ */

#define TYPE_D double
#define TYPE_F float
#define FXY_ss(C, b_, c_) TYPE_##C x = SLOT_##C(, b_), y = SLOT_##C(, c_);
#define FXY_rs(C, b_, c_) TYPE_##C x = ACC_##C(), y = SLOT_##C(, c_);
#define FXY_sr(C, b_, c_) TYPE_##C x = SLOT_##C(, b_), y = ACC_##C();
#define FBIN_FORM(n, form, dest, C, e)                                         \
    OP(n##_##form##dest)                                                       \
    {                                                                          \
        FXY_##form(C, pc->b, pc->c) PUT_##C##dest(, e);                        \
        NEXT;                                                                  \
    }
#define PUT_D(R, e) PUT_D_(R, e)
#define PUT_F(R, e) PUT_F_(R, e)
#define FBIN_DEST(n, dest, C, e)                                               \
    FBIN_FORM(n, ss, dest, C, e)                                               \
    FBIN_FORM(n, rs, dest, C, e)                                               \
    FBIN_FORM(n, sr, dest, C, e)
#define FBIN(n, C, e)                                                          \
    FBIN_DEST(n, , C, e)                                                       \
    FBIN_DEST(n, _R, C, e)                                                     \
    FBIN_DEST(n, _B, C, e)

#define CONST_FORM(n, form, dest, X, e)                                        \
    OP(n##_##form##dest)                                                       \
    {                                                                          \
        double x = X, y = f64_of(insn_u64(&pc[1]));                            \
        PUT_D##dest(, e);                                                      \
        pc++;                                                                  \
        NEXT;                                                                  \
    }
#define CONST_BIN(n, e)                                                        \
    CONST_FORM(n, sk, , SLOT_D(, pc->b), e)                                    \
    CONST_FORM(n, sk, _R, SLOT_D(, pc->b), e)                                  \
    CONST_FORM(n, sk, _B, SLOT_D(, pc->b), e)                                  \
    CONST_FORM(n, rk, , f0, e)                                                 \
    CONST_FORM(n, rk, _R, f0, e)                                               \
    CONST_FORM(n, rk, _B, f0, e)

#define MADD_FORM(n, form, dest, Y, e)                                         \
    OP(n##_##form##dest)                                                       \
    {                                                                          \
        double x = SLOT_D(, pc->b), y = Y, z = SLOT_D(, pc->d);                \
        PUT_D##dest(, e);                                                      \
        NEXT;                                                                  \
    }
#define MULTIPLY_ADD(n, e)                                                     \
    MADD_FORM(n, s, , SLOT_D(, pc->c), e)                                      \
    MADD_FORM(n, s, _R, SLOT_D(, pc->c), e)                                    \
    MADD_FORM(n, s, _B, SLOT_D(, pc->c), e)                                    \
    MADD_FORM(n, r, , f0, e)                                                   \
    MADD_FORM(n, r, _R, f0, e)                                                 \
    MADD_FORM(n, r, _B, f0, e)

#define FCMP_FORM(n, form, C, e)                                               \
    OP(n##_##form)                                                             \
    {                                                                          \
        FXY_##form(C, pc->b, pc->c) PUT_I(uint32_t, e);                        \
        NEXT;                                                                  \
    }                                                                          \
    OP(n##_##form##_R)                                                         \
    {                                                                          \
        FXY_##form(C, pc->b, pc->c) PUT_I_R(uint32_t, e);                      \
        NEXT;                                                                  \
    }                                                                          \
    OP(n##_brt_##form)                                                         \
    {                                                                          \
        FXY_##form(C, pc->a, pc->b) if (e) BRANCH;                             \
        NEXT;                                                                  \
    }                                                                          \
    OP(n##_brt_##form##_l)                                                     \
    {                                                                          \
        FXY_##form(C, pc->a, pc->b) if (e) BRANCH_BACK;                        \
        NEXT;                                                                  \
    }                                                                          \
    OP(n##_brf_##form)                                                         \
    {                                                                          \
        FXY_##form(C, pc->a, pc->b) if (!(e)) BRANCH;                          \
        NEXT;                                                                  \
    }                                                                          \
    OP(n##_brf_##form##_l)                                                     \
    {                                                                          \
        FXY_##form(C, pc->a, pc->b) if (!(e)) BRANCH_BACK;                     \
        NEXT;                                                                  \
    }
#define FCMP(n, C, e)                                                          \
    FCMP_FORM(n, ss, C, e)                                                     \
    FCMP_FORM(n, rs, C, e)                                                     \
    FCMP_FORM(n, sr, C, e)

#define UN_FORM(n, SOURCE, form, dest, T, D, R, e, pre)                        \
    OP(n##_##form##dest)                                                       \
    {                                                                          \
        T x = SOURCE;                                                          \
        pre PUT_##D##dest(R, e);                                               \
        NEXT;                                                                  \
    }
#define UN(n, C, T, D, R, e, pre)                                              \
    UN_FORM(n, SLOT_##C(T, pc->b), s, , T, D, R, e, pre)                       \
    UN_FORM(n, ACC_##C(T), r, , T, D, R, e, pre)                               \
    UN_FORM(n, SLOT_##C(T, pc->b), s, _R, T, D, R, e, pre)                     \
    UN_FORM(n, ACC_##C(T), r, _R, T, D, R, e, pre)                             \
    UN_FORM(n, SLOT_##C(T, pc->b), s, _B, T, D, R, e, pre)                     \
    UN_FORM(n, ACC_##C(T), r, _B, T, D, R, e, pre)

#define UNT(n, T, e, ts, fs, tr, fr) UN(n, I, T, I, uint32_t, e, )

/* ---- memory 0 ------------------------------------------------------------------ */

#define LOAD_FORM(n, form, dest, T, R, D, address, offset)                     \
    OP(n##_##form##dest)                                                       \
    {                                                                          \
        T v;                                                                   \
        EA(T, p, address, offset);                                             \
        memcpy(&v, p, sizeof v);                                               \
        PUT_##D##dest(R, v);                                                   \
        NEXT;                                                                  \
    }
#define LOAD_DEST(n, dest, T, R, D, k)                                         \
    LOAD_FORM(n, s, dest, T, R, D, fp[pc->b], pc->uimm)                        \
    LOAD_FORM(n, r, dest, T, R, D, r0, pc->uimm)                               \
    LOAD_FORM(n, x, dest, T, R, D,                                             \
              (uint32_t)fp[pc->b] + ((uint32_t)fp[pc->c] << k), pc->d)         \
    LOAD_FORM(n, y, dest, T, R, D, (uint32_t)fp[pc->b] + (uint32_t)fp[pc->c],  \
              pc->d)                                                           \
    LOAD_FORM(n, w, dest, T, R, D, (uint32_t)fp[pc->b] + pc->uimm, 0)          \
    LOAD_FORM(n, v, dest, T, R, D, (uint32_t)r0 + pc->uimm, 0)
#define LOAD(n, T, R, D, k)                                                    \
    LOAD_DEST(n, , T, R, D, k)                                                 \
    LOAD_DEST(n, _R, T, R, D, k)                                               \
    LOAD_DEST(n, _B, T, R, D, k)                                               \
    OP(n##_p) /* r0 is a checked host address */                               \
    {                                                                          \
        T v;                                                                   \
        memcpy(&v, (void *)(uintptr_t)r0, sizeof v);                           \
        PUT_##D(R, v);                                                         \
        NEXT;                                                                  \
    }

#define STORE_FORM(n, form, T, value, address, offset)                         \
    OP(n##_##form)                                                             \
    {                                                                          \
        T v = (T)(value);                                                      \
        EA(T, p, address, offset);                                             \
        memcpy(p, &v, sizeof v);                                               \
        NEXT;                                                                  \
    }
#define STORE(n, T, C, k)                                                      \
    STORE_FORM(n, ss, T, SLOT_##C(T, pc->b), fp[pc->a], pc->uimm)              \
    STORE_FORM(n, rs, T, SLOT_##C(T, pc->b), r0, pc->uimm)                     \
    STORE_FORM(n, sr, T, ACC_##C(T), fp[pc->a], pc->uimm)                      \
    STORE_FORM(n, si, T, (int16_t)pc->b, fp[pc->a], pc->uimm)                  \
    STORE_FORM(n, ri, T, (int16_t)pc->b, r0, pc->uimm)                         \
    STORE_FORM(n, x, T, SLOT_##C(T, pc->c),                                    \
               (uint32_t)fp[pc->a] + ((uint32_t)fp[pc->b] << k), pc->d)        \
    STORE_FORM(n, w, T, SLOT_##C(T, pc->b), (uint32_t)fp[pc->a] + pc->uimm, 0) \
    STORE_FORM(n, wr, T, ACC_##C(T), (uint32_t)fp[pc->a] + pc->uimm, 0)        \
    STORE_FORM(n, v, T, SLOT_##C(T, pc->b), (uint32_t)r0 + pc->uimm, 0)        \
    STORE_FORM(n, xr, T, ACC_##C(T),                                           \
               (uint32_t)fp[pc->a] + ((uint32_t)fp[pc->b] << k), pc->d)        \
    OP(n##_p)                                                                  \
    {                                                                          \
        T v = SLOT_##C(T, pc->b);                                              \
        memcpy((void *)(uintptr_t)r0, &v, sizeof v);                           \
        NEXT;                                                                  \
    }

#define MEMORY_FORM(n, form, dest, T, C, X, address, offset, e)                \
    OP(n##_##form##dest)                                                       \
    {                                                                          \
        T x = X, y;                                                            \
        EA(T, p, address, offset);                                             \
        memcpy(&y, p, sizeof y);                                               \
        PUT_##C##dest(T, e);                                                   \
        NEXT;                                                                  \
    }
#define MEMORY_DEST(n, dest, T, C, e)                                          \
    MEMORY_FORM(n, sm, dest, T, C, SLOT_##C(T, pc->b), fp[pc->c], pc->d, e)    \
    MEMORY_FORM(n, rm, dest, T, C, ACC_##C(T), fp[pc->b], pc->uimm, e)         \
    MEMORY_FORM(n, rw, dest, T, C, ACC_##C(T),                                 \
                (uint32_t)fp[pc->b] + pc->uimm, 0, e)
#define MEMORY_BIN(n, T, C, e)                                                 \
    MEMORY_DEST(n, , T, C, e)                                                  \
    MEMORY_DEST(n, _R, T, C, e)                                                \
    MEMORY_DEST(n, _B, T, C, e)                                                \
    OP(n##_to)                                                                 \
    {                                                                          \
        T x = ACC_##C(T), y, z;                                                \
        EA(T, p, fp[pc->b], pc->uimm);                                         \
        memcpy(&y, p, sizeof y);                                               \
        z = (T)(e);                                                            \
        memcpy(p, &z, sizeof z);                                               \
        NEXT;                                                                  \
    }

/* ---- vectors --------------------------------------------------------------------- */

#define V_GET(i) slot_v128(fp + (i))
#define V_PUT(v) slot_set_v128(fp + pc->a, v)
#define SIMD_LOAD(n, t, s)                                                     \
    OP(n)                                                                      \
    {                                                                          \
        EA(struct simd_access_##s, p, fp[pc->b], pc->uimm);                    \
        V_PUT(op_##n(p));                                                      \
        NEXT;                                                                  \
    }                                                                          \
    OP(n##_p)                                                                  \
    {                                                                          \
        V_PUT(op_##n((uint8_t *)(uintptr_t)r0));                               \
        NEXT;                                                                  \
    }
#define SIMD_STORE(n, t, s)                                                    \
    OP(n)                                                                      \
    {                                                                          \
        EA(struct simd_access_##s, p, fp[pc->a], pc->uimm);                    \
        op_##n(p, V_GET(pc->b));                                               \
        NEXT;                                                                  \
    }                                                                          \
    OP(n##_p)                                                                  \
    {                                                                          \
        op_##n((uint8_t *)(uintptr_t)r0, V_GET(pc->b));                        \
        NEXT;                                                                  \
    }
#define SIMD_LOAD_LANE(n, t, s)                                                \
    OP(n##_p)                                                                  \
    {                                                                          \
        V_PUT(op_##n((uint8_t *)(uintptr_t)r0, V_GET(pc->b), pc->c));          \
        NEXT;                                                                  \
    }
#define SIMD_STORE_LANE(n, t, s)                                               \
    OP(n##_p)                                                                  \
    {                                                                          \
        op_##n((uint8_t *)(uintptr_t)r0, V_GET(pc->b), pc->c);                 \
        NEXT;                                                                  \
    }
#define SIMD_CONST(n, t, s)
#define SIMD_SHUFFLE(n, t, s)                                                  \
    OP(n)                                                                      \
    {                                                                          \
        V_PUT(op_##n(V_GET(pc->b), V_GET(pc->c), (const uint8_t *)&pc[1]));    \
        pc += DATA_INSNS(16);                                                  \
        NEXT;                                                                  \
    }
#define SIMD_SPLAT(n, t, s)                                                    \
    OP(n)                                                                      \
    {                                                                          \
        V_PUT(op_##n((CARRIER_##t)fp[pc->b]));                                 \
        NEXT;                                                                  \
    }
#define SIMD_EXTRACT(n, t, s)                                                  \
    OP(n)                                                                      \
    {                                                                          \
        fp[pc->a] = op_##n(V_GET(pc->b), pc->c);                               \
        NEXT;                                                                  \
    }
#define SIMD_REPLACE(n, t, s)                                                  \
    OP(n)                                                                      \
    {                                                                          \
        V_PUT(op_##n(V_GET(pc->b), (CARRIER_##t)fp[pc->c], pc->d));            \
        NEXT;                                                                  \
    }
#define SIMD_UN(n, t, s)                                                       \
    OP(n)                                                                      \
    {                                                                          \
        V_PUT(op_##n(V_GET(pc->b)));                                           \
        NEXT;                                                                  \
    }
#define SIMD_BIN(n, t, s)                                                      \
    OP(n)                                                                      \
    {                                                                          \
        V_PUT(op_##n(V_GET(pc->b), V_GET(pc->c)));                             \
        NEXT;                                                                  \
    }
#define SIMD_TER(n, t, s)                                                      \
    OP(n)                                                                      \
    {                                                                          \
        V_PUT(op_##n(V_GET(pc->b), V_GET(pc->c), V_GET(pc->d)));               \
        NEXT;                                                                  \
    }
#define SIMD_SHIFT(n, t, s)                                                    \
    OP(n)                                                                      \
    {                                                                          \
        V_PUT(op_##n(V_GET(pc->b), (uint32_t)fp[pc->c]));                      \
        NEXT;                                                                  \
    }
#define SIMD_TEST(n, t, s)                                                     \
    OP(n)                                                                      \
    {                                                                          \
        fp[pc->a] = op_##n(V_GET(pc->b));                                      \
        NEXT;                                                                  \
    }

/* The rest has its bodies written out. */
#define MISC(n)
#define MISCW(n, c)
#include "op/all.def"
#include "op/misc.h"
#include "op/control.h"
#include "op/state.h"
#include "op/memory.h"
#include "op/extra.h"
