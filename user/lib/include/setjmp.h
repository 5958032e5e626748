/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setjmp must be called by its name, in the function that jumps are to come
 * back to: the compiler (or asyncify, with --fork) rewrites that function. So
 * its variants are macros around it.
 */
#ifndef PITH_SETJMP_H
#define PITH_SETJMP_H
#include_next <setjmp.h>

#ifdef __cplusplus
extern "C" {
#endif
void __pith_sigsave(unsigned long *, unsigned long *, int);
#ifdef __cplusplus
}
#endif

#if defined(_POSIX_SOURCE) || defined(_POSIX_C_SOURCE) || \
    defined(_XOPEN_SOURCE) || defined(_GNU_SOURCE) || defined(_BSD_SOURCE)
#undef sigsetjmp
#define sigsetjmp(env, save) \
    (__pith_sigsave(&(env)[0].__fl, (env)[0].__ss, (save)), setjmp(env))
#endif
#if defined(_XOPEN_SOURCE) || defined(_GNU_SOURCE) || defined(_BSD_SOURCE)
#undef _setjmp
#define _setjmp(env) setjmp(env)
#endif
#endif
