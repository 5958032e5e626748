/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of op/all.def to entries Y (rows_all.h), but only of the forms that
 * translation makes for a compiler: operands in slots or immediates, results in
 * slots. The interpreter is then a third of its size, and what it still has to
 * run (frames too large for a compiler, single steps) it runs without
 * accumulators.
 */
#define Y1(n) Y(n, none, none, NONE, NONE, none, none)
#define Y2(n, c) Y(n, none, none, c, NONE, none, none)

#define BIN(n, T, S, R, e, pre) Y2(n##_ss, I) Y2(n##_si, I)
#define BINT(n, T, S, R, e, pre, t, f)                                         \
    Y(n##_ss, none, none, I, NONE, t##_br_ss, f##_br_ss)                       \
    Y(n##_si, none, none, I, NONE, t##_br_si, f##_br_si)
#define TEST_BRANCH(n, T, S, e)                                                \
    Y1(n##_br_ss) Y1(n##_br_ss_l) Y1(n##_br_si) Y1(n##_br_si_l)
#define CMP(n, T, S, e, inv)                                                   \
    Y(n##_ss, none, none, I, NONE, n##_br_ss, inv##_br_ss)                     \
    Y(n##_si, none, none, I, NONE, n##_br_si, inv##_br_si)                     \
    TEST_BRANCH(n, T, S, e)
#define STEP_BRANCH(n, e)
#define MEMORY_BIN(n, T, C, e)
#define CONST_BIN(n, e)
#define MULTIPLY_ADD(n, e)
#define FIELD(n, T)

#define FBIN(n, C, e) Y2(n##_ss, C)
#define FCMP(n, C, e)                                                          \
    Y(n##_ss, none, none, I, NONE, n##_brt_ss, n##_brf_ss)                     \
    Y1(n##_brt_ss) Y1(n##_brt_ss_l) Y1(n##_brf_ss) Y1(n##_brf_ss_l)
#define UN(n, C, T, D, R, e, pre) Y2(n##_s, D)
#define UNT(n, T, e, ts, fs, tr, fr) Y(n##_s, none, none, I, NONE, ts, fs)
#define LOAD(n, T, R, D, k) Y2(n##_s, D) Y1(n##_p)
#define STORE(n, T, C, k) Y1(n##_ss) Y1(n##_si) Y1(n##_p)
#define MISC(n) Y1(n)
#define MISCW(n, c) Y2(n, c)

#define EACH_BRANCH(n, X) X(n##_br_ss) X(n##_br_si)
#define EACH_IMMEDIATE(n, X) X(n##_si)
#define EACH_FBRANCH(n, X) X(n##_brt_ss) X(n##_brf_ss)
