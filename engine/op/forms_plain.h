/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of the families of op/rows_plain.h, from the first. What the
 * translator does for the interpreter alone names others as well
 * (op/rows_all.h); it is not done (t_is_plain), so they only have to be
 * something.
 */
#ifndef ENGINE_OP_FORMS_H
#define ENGINE_OP_FORMS_H

enum { STORE_SS, STORE_SI, STORE_P };
#define LOAD_P 1u

#define FORMS_BIN 0
#define FORMS_CMP 0
#define FORMS_FBIN 0
#define FORMS_UN 0
#define FORMS_LOAD 0
#define LOAD_W 0
#define MEMORY_RM 0u
#define MEMORY_RW 0
#define MEMORY_TO 0u
enum {
    OP_f32_add_sm = 0,
    OP_f32_mul_sm = 0,
    OP_f32_sub_sm = 0,
    OP_f64_add_sk = 0,
    OP_f64_add_sm = 0,
    OP_f64_div_rk_B = 0,
    OP_f64_div_sk = 0,
    OP_f64_madd_r = 0,
    OP_f64_madd_s = 0,
    OP_f64_msub_s = 0,
    OP_f64_mul_sk = 0,
    OP_f64_mul_sm = 0,
    OP_f64_mul_sr = 0,
    OP_f64_sub_sk = 0,
    OP_f64_sub_sm = 0,
    OP_global_get_R = 0,
    OP_i32_add_ri = 0,
    OP_i32_add_rs = 0,
    OP_i32_add_si_B = 0,
    OP_i32_add_si_R = 0,
    OP_i32_add_sm = 0,
    OP_i32_add_ss_R = 0,
    OP_i32_and_ri = 0,
    OP_i32_field_r = 0,
    OP_i32_field_s = 0,
    OP_i32_ge_s_br_ri_l = 0,
    OP_i32_ge_s_br_rs_l = 0,
    OP_i32_gt_s_br_ri_l = 0,
    OP_i32_gt_s_br_rs_l = 0,
    OP_i32_gt_u_br_ri_l = 0,
    OP_i32_gt_u_br_rs_l = 0,
    OP_i32_le_s_br_ri_l = 0,
    OP_i32_le_s_br_rs_l = 0,
    OP_i32_load_s_R = 0,
    OP_i32_lt_s_br_ri_l = 0,
    OP_i32_lt_s_br_rs_l = 0,
    OP_i32_lt_u_br_ri_l = 0,
    OP_i32_lt_u_br_rs_l = 0,
    OP_i32_ne_br_ri_l = 0,
    OP_i32_ne_br_rs_l = 0,
    OP_i32_shl_si_R = 0,
    OP_i32_shr_u_ri = 0,
    OP_i32_step_ge_s_s = 0,
    OP_i32_step_gt_s_s = 0,
    OP_i32_step_gt_u_s = 0,
    OP_i32_step_le_s_s = 0,
    OP_i32_step_lt_s_s = 0,
    OP_i32_step_lt_u_s = 0,
    OP_i32_step_ne_i = 0,
    OP_i32_step_ne_s = 0,
    OP_i32_sub_ri = 0,
    STORE_RS = 0,
    STORE_SR = 0,
    STORE_RI = 0,
    STORE_X = 0,
    STORE_XR = 0,
    STORE_W = 0,
    STORE_WR = 0,
    STORE_V = 0
};

#endif
