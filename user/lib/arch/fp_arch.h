/* SPDX-License-Identifier: Apache-2.0 */
/* WebAssembly has no floating-point flags or rounding modes: nothing needs to
 * be kept from the optimiser. */
#define fp_barrierf(x) (x)
#define fp_barrier(x) (x)
#define fp_barrierl(x) (x)
#define fp_force_evalf(x) ((void)(x))
#define fp_force_eval(x) ((void)(x))
#define fp_force_evall(x) ((void)(x))
