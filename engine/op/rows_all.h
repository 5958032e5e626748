/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of op/all.def to entries Y, one per operation. Included by op/ops.h, and
 * again after op/unrow.h where another Y is to be expanded. Within a family the
 * order is fixed: base + form + FORMS * destination.
 *
 * rows_plain.h is the same for an engine that always compiles.
 */
/* Y(name, its _R form, its _B form, class of the result, class it leaves in an
 * accumulator, branch taken when the result is true, when it is false) */
#define Y1(n) Y(n, none, none, NONE, NONE, none, none)

#define ROW5(n, c)                                                             \
    Y(n##_ss, n##_ss_R, n##_ss_B, c, NONE, none, none)                         \
    Y(n##_si, n##_si_R, n##_si_B, c, NONE, none, none)                         \
    Y(n##_rs, n##_rs_R, n##_rs_B, c, NONE, none, none)                         \
    Y(n##_ri, n##_ri_R, n##_ri_B, c, NONE, none, none)                         \
    Y(n##_sr, n##_sr_R, n##_sr_B, c, NONE, none, none)                         \
    Y(n##_ss_R, none, none, NONE, c, none, none)                               \
    Y(n##_si_R, none, none, NONE, c, none, none)                               \
    Y(n##_rs_R, none, none, NONE, c, none, none)                               \
    Y(n##_ri_R, none, none, NONE, c, none, none)                               \
    Y(n##_sr_R, none, none, NONE, c, none, none)                               \
    Y(n##_ss_B, none, n##_ss_B, c, c, none, none)                              \
    Y(n##_si_B, none, n##_si_B, c, c, none, none)                              \
    Y(n##_rs_B, none, n##_rs_B, c, c, none, none)                              \
    Y(n##_ri_B, none, n##_ri_B, c, c, none, none)                              \
    Y(n##_sr_B, none, n##_sr_B, c, c, none, none)

#define BIN(n, T, S, R, e, pre) ROW5(n, I)

/* The same, whose result as a condition is another comparison: T, F. */
#define BINT(n, T, S, R, e, pre, t, f)                                         \
    Y(n##_ss, n##_ss_R, n##_ss_B, I, NONE, t##_br_ss, f##_br_ss)               \
    Y(n##_si, n##_si_R, n##_si_B, I, NONE, t##_br_si, f##_br_si)               \
    Y(n##_rs, n##_rs_R, n##_rs_B, I, NONE, t##_br_rs, f##_br_rs)               \
    Y(n##_ri, n##_ri_R, n##_ri_B, I, NONE, t##_br_ri, f##_br_ri)               \
    Y(n##_sr, n##_sr_R, n##_sr_B, I, NONE, none, none)                         \
    Y(n##_ss_R, none, none, NONE, I, none, none)                               \
    Y(n##_si_R, none, none, NONE, I, none, none)                               \
    Y(n##_rs_R, none, none, NONE, I, none, none)                               \
    Y(n##_ri_R, none, none, NONE, I, none, none)                               \
    Y(n##_sr_R, none, none, NONE, I, none, none)                               \
    Y(n##_ss_B, none, n##_ss_B, I, I, none, none)                              \
    Y(n##_si_B, none, n##_si_B, I, I, none, none)                              \
    Y(n##_rs_B, none, n##_rs_B, I, I, none, none)                              \
    Y(n##_ri_B, none, n##_ri_B, I, I, none, none)                              \
    Y(n##_sr_B, none, n##_sr_B, I, I, none, none)

#define TEST_BRANCH(n, T, S, e)                                                \
    Y1(n##_br_ss) Y1(n##_br_ss_l) Y1(n##_br_si) Y1(n##_br_si_l)                \
    Y1(n##_br_rs) Y1(n##_br_rs_l) Y1(n##_br_ri) Y1(n##_br_ri_l)

#define STEP_BRANCH(n, e) Y1(n##_s) Y1(n##_i)

#define ROW_D(f, c)                                                            \
    Y(f, f##_R, f##_B, c, NONE, none, none)                                    \
    Y(f##_R, none, none, NONE, c, none, none)                                  \
    Y(f##_B, none, f##_B, c, c, none, none)
#define MEMORY_BIN(n, T, C, e)                                                 \
    ROW_D(n##_sm, C) ROW_D(n##_rm, C) ROW_D(n##_rw, C) Y1(n##_to)
#define CONST_BIN(n, e) ROW_D(n##_sk, D) ROW_D(n##_rk, D)
#define MULTIPLY_ADD(n, e) ROW_D(n##_s, D) ROW_D(n##_r, D)
#define FIELD(n, T) ROW_D(n##_s, I) ROW_D(n##_r, I)

#define CMP(n, T, S, e, inv)                                                   \
    Y(n##_ss, n##_ss_R, n##_ss_B, I, NONE, n##_br_ss, inv##_br_ss)             \
    Y(n##_si, n##_si_R, n##_si_B, I, NONE, n##_br_si, inv##_br_si)             \
    Y(n##_rs, n##_rs_R, n##_rs_B, I, NONE, n##_br_rs, inv##_br_rs)             \
    Y(n##_ri, n##_ri_R, n##_ri_B, I, NONE, n##_br_ri, inv##_br_ri)             \
    Y(n##_ss_R, none, none, NONE, I, none, none)                               \
    Y(n##_si_R, none, none, NONE, I, none, none)                               \
    Y(n##_rs_R, none, none, NONE, I, none, none)                               \
    Y(n##_ri_R, none, none, NONE, I, none, none)                               \
    Y(n##_ss_B, none, n##_ss_B, I, I, none, none)                              \
    Y(n##_si_B, none, n##_si_B, I, I, none, none)                              \
    Y(n##_rs_B, none, n##_rs_B, I, I, none, none)                              \
    Y(n##_ri_B, none, n##_ri_B, I, I, none, none)                              \
    Y1(n##_br_ss) Y1(n##_br_ss_l) Y1(n##_br_si) Y1(n##_br_si_l)                \
    Y1(n##_br_rs) Y1(n##_br_rs_l) Y1(n##_br_ri) Y1(n##_br_ri_l)

#define ROW3(n, c)                                                             \
    Y(n##_ss, n##_ss_R, n##_ss_B, c, NONE, none, none)                         \
    Y(n##_rs, n##_rs_R, n##_rs_B, c, NONE, none, none)                         \
    Y(n##_sr, n##_sr_R, n##_sr_B, c, NONE, none, none)                         \
    Y(n##_ss_R, none, none, NONE, c, none, none)                               \
    Y(n##_rs_R, none, none, NONE, c, none, none)                               \
    Y(n##_sr_R, none, none, NONE, c, none, none)                               \
    Y(n##_ss_B, none, n##_ss_B, c, c, none, none)                              \
    Y(n##_rs_B, none, n##_rs_B, c, c, none, none)                              \
    Y(n##_sr_B, none, n##_sr_B, c, c, none, none)

#define FBIN(n, C, e) ROW3(n, C)

#define FCMP(n, C, e)                                                          \
    Y(n##_ss, n##_ss_R, none, I, NONE, n##_brt_ss, n##_brf_ss)                 \
    Y(n##_rs, n##_rs_R, none, I, NONE, n##_brt_rs, n##_brf_rs)                 \
    Y(n##_sr, n##_sr_R, none, I, NONE, n##_brt_sr, n##_brf_sr)                 \
    Y(n##_ss_R, none, none, NONE, I, none, none)                               \
    Y(n##_rs_R, none, none, NONE, I, none, none)                               \
    Y(n##_sr_R, none, none, NONE, I, none, none)                               \
    Y1(n##_brt_ss) Y1(n##_brt_ss_l) Y1(n##_brt_rs) Y1(n##_brt_rs_l)            \
    Y1(n##_brt_sr) Y1(n##_brt_sr_l) Y1(n##_brf_ss) Y1(n##_brf_ss_l)            \
    Y1(n##_brf_rs) Y1(n##_brf_rs_l) Y1(n##_brf_sr) Y1(n##_brf_sr_l)

#define UN(n, C, T, D, R, e, pre)                                              \
    Y(n##_s, n##_s_R, n##_s_B, D, NONE, none, none)                            \
    Y(n##_r, n##_r_R, n##_r_B, D, NONE, none, none)                            \
    Y(n##_s_R, none, none, NONE, D, none, none)                                \
    Y(n##_r_R, none, none, NONE, D, none, none)                                \
    Y(n##_s_B, none, n##_s_B, D, D, none, none)                                \
    Y(n##_r_B, none, n##_r_B, D, D, none, none)

/* A unary test: the branches to take when true, when false. */
#define UNT(n, T, e, ts, fs, tr, fr)                                           \
    Y(n##_s, n##_s_R, n##_s_B, I, NONE, ts, fs)                                \
    Y(n##_r, n##_r_R, n##_r_B, I, NONE, tr, fr)                                \
    Y(n##_s_R, none, none, NONE, I, none, none)                                \
    Y(n##_r_R, none, none, NONE, I, none, none)                                \
    Y(n##_s_B, none, n##_s_B, I, I, none, none)                                \
    Y(n##_r_B, none, n##_r_B, I, I, none, none)

#define LOAD(n, T, R, D, k)                                                    \
    Y(n##_s, n##_s_R, n##_s_B, D, NONE, none, none)                            \
    Y(n##_r, n##_r_R, n##_r_B, D, NONE, none, none)                            \
    Y(n##_x, n##_x_R, n##_x_B, D, NONE, none, none)                            \
    Y(n##_y, n##_y_R, n##_y_B, D, NONE, none, none)                            \
    Y(n##_w, n##_w_R, n##_w_B, D, NONE, none, none)                            \
    Y(n##_v, n##_v_R, n##_v_B, D, NONE, none, none)                            \
    Y(n##_s_R, none, none, NONE, D, none, none)                                \
    Y(n##_r_R, none, none, NONE, D, none, none)                                \
    Y(n##_x_R, none, none, NONE, D, none, none)                                \
    Y(n##_y_R, none, none, NONE, D, none, none)                                \
    Y(n##_w_R, none, none, NONE, D, none, none)                                \
    Y(n##_v_R, none, none, NONE, D, none, none)                                \
    Y(n##_s_B, none, n##_s_B, D, D, none, none)                                \
    Y(n##_r_B, none, n##_r_B, D, D, none, none)                                \
    Y(n##_x_B, none, n##_x_B, D, D, none, none)                                \
    Y(n##_y_B, none, n##_y_B, D, D, none, none)                                \
    Y(n##_w_B, none, n##_w_B, D, D, none, none)                                \
    Y(n##_v_B, none, n##_v_B, D, D, none, none)                                \
    Y1(n##_p)

#define STORE(n, T, C, k)                                                      \
    Y1(n##_ss) Y1(n##_rs) Y1(n##_sr) Y1(n##_si) Y1(n##_ri) Y1(n##_x)           \
    Y1(n##_xr) Y1(n##_w) Y1(n##_wr) Y1(n##_v) Y1(n##_p)

#define MISC(n) Y1(n)
#define MISCW(n, c)                                                            \
    Y(n, n##_R, n##_B, c, NONE, none, none)                                    \
    Y(n##_R, none, none, NONE, c, none, none)                                  \
    Y(n##_B, none, n##_B, c, c, none, none)

/* Branches whose imm is a distance, those back aside. */
#define EACH_BRANCH(n, X)                                                      \
    X(n##_br_ss) X(n##_br_si) X(n##_br_rs) X(n##_br_ri)
/* Those with an immediate. */
#define EACH_IMMEDIATE(n, X) X(n##_si) X(n##_ri)
#define EACH_FBRANCH(n, X)                                                     \
    X(n##_brt_ss) X(n##_brt_rs) X(n##_brt_sr)                                  \
    X(n##_brf_ss) X(n##_brf_rs) X(n##_brf_sr)
